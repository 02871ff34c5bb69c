"""The closed list of what can come of a check, and whose fault it is."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["STATUSES", "Status"]


@dataclass(frozen=True)
class Status:
    """One word of the list.

    Attributes:
        word: as it stands in every report.
        blame: `nobody`, `student` or `grader`.
        student: the sentence that the student reads.
        staff: the sentence that staff read.
        scored: whether the outcome has a number; without one it waits for a person.
    """

    word: str
    blame: str
    student: str
    staff: str
    scored: bool = True


_STUDENT = "student"
_TABLE = (
    Status("earned", "nobody", "All of this is right.", "Every finding was right."),
    Status("partial", _STUDENT, "A part of this is right.", "Some findings were right."),
    Status("missed", _STUDENT, "This is not right yet.", "No finding was right."),
    Status(
        "not implemented",
        _STUDENT,
        "This part is still as it was handed out.",
        "The function reads as in the release.",
    ),
    Status(
        "missing file",
        _STUDENT,
        "A file that this question needs was not handed in, or cannot be used.",
        "The submission lacks the file, or holds it so that it cannot be taken.",
    ),
    Status(
        "import error",
        _STUDENT,
        "Your file could not be loaded, so nothing in it could be tried.",
        "Loading the student's file raised.",
    ),
    Status("raised", _STUDENT, "Your code raised an exception.", "The student's code raised."),
    Status(
        "timed out",
        _STUDENT,
        "Your code did not answer in time. Does a loop never end, or does it wait for input?",
        "The wall-clock limit passed; the worker was ended.",
    ),
    Status(
        "out of CPU",
        _STUDENT,
        "Your code used more computing time than this question allows. Does a loop never end?",
        "The CPU limit passed; the worker was ended.",
    ),
    Status(
        "out of memory",
        _STUDENT,
        "Your code asked for more memory than this question allows.",
        "The memory limit passed.",
    ),
    Status(
        "crashed",
        _STUDENT,
        "Python itself crashed while your code ran.",
        "The worker died by a signal.",
    ),
    Status(
        "exited",
        _STUDENT,
        "Your code ended the program (exit, quit or sys.exit); it should return instead.",
        "The worker exited or raised SystemExit.",
    ),
    Status(
        "disk",
        _STUDENT,
        "Your code wrote more to disk than this question allows.",
        "The worker's folder grew beyond its limit; the worker was ended.",
    ),
    Status(
        "unsupported value",
        _STUDENT,
        "Your code returned something that cannot be compared.",
        "The reply has a type or size that does not travel.",
    ),
    Status(
        "protocol broken",
        _STUDENT,
        "Your code wrote into the channel that the grader listens on.",
        "The worker sent bytes that are not a reply; the submission may try to cheat.",
    ),
    Status(
        "skipped",
        _STUDENT,
        "This was not tried.",
        "A check that this one needs failed, or the time for the submission was used up.",
    ),
    Status(
        "needs a person",
        "nobody",
        "A person grades this one.",
        "Grade by the rubric.",
        scored=False,
    ),
    Status(
        "broken",
        "grader",
        "The grader failed here, not you. Your teachers were told and will grade this part.",
        "gradlab or this machine failed; grade again after mending it.",
        scored=False,
    ),
)
STATUSES = {status.word: status for status in _TABLE}
