"""What came of a check, and the results of a submission in Gradescope's form."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from autograder.finding import credit_of
from autograder.recording import write_atomically
from autograder.status import STATUSES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from autograder.expect import Judge
    from autograder.finding import Finding, Leader
    from autograder.suite import Check
    from gradlab.errors import StudentFault

__all__ = [
    "UNFINISHED",
    "Outcome",
    "Results",
    "followed",
    "judged",
    "laid_out",
    "noted",
    "plain",
    "skipped",
]


UNFINISHED = "Grading did not finish. This is not your fault; your teachers can run it again."
UNPRINTABLE = re.compile(r"[^\n\t\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]")


def plain(text: str) -> str:
    """Return a text without what would steer a terminal or break a file."""
    return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


@dataclass(frozen=True)
class Outcome:
    """What came of one check.

    Attributes:
        check: as its author declared it.
        status: a word of `autograder.status.STATUSES`.
        credit: the share of the points, in [0, 1].
        message: what the student reads, below the status's own sentence.
        staff: what only staff read.
        findings: what was looked at.
        seconds: wall-clock time.
        leaders: values for the leaderboard.
        hangs_on: the earlier checks whose failure made this one fail.
    """

    check: Check
    status: str
    credit: Fraction = Fraction(0)
    message: str = ""
    staff: str = ""
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0
    leaders: tuple[Leader, ...] = ()
    hangs_on: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("message", "staff"):
            object.__setattr__(self, name, plain(getattr(self, name)))

    @property
    def scored(self) -> bool:
        """Whether the outcome has a number; otherwise it waits for a person."""
        return STATUSES[self.status].scored

    @cached_property
    def score(self) -> float:
        """The points earned, rounded to a thousandth; 0 while it waits for a person."""
        if not self.scored:
            return 0.0
        return round(float(self.credit * Fraction(self.check.points).limit_denominator(1000)), 3)

    @property
    def lost(self) -> float:
        """The points that were not earned."""
        return round(self.check.points - self.score, 3)

    @property
    def text(self) -> str:
        """What the student reads, in whole sentences."""
        return "\n".join(filter(None, [STATUSES[self.status].student, self.message]))

    @property
    def for_staff(self) -> str:
        """What staff read, the status's own sentence first."""
        return f"{STATUSES[self.status].staff}\n{self.staff}".strip()


def judged(check: Check, judge: Judge, fault: StudentFault | None, staff: str) -> Outcome:
    """Return what came of a check that was tried.

    Args:
        check: as declared.
        judge: who has its findings.
        fault: what ended it early, if anything.
        staff: what staff should know beside the findings.
    """
    findings, credit = judge.findings(), judge.credit
    status = "earned" if credit == 1 else "partial" if credit else "missed"
    told = _told(check, findings)
    details: list[str] = []
    for item in findings:
        details += [item.staff, "" if check.hints else item.hint]
    if fault:
        status = fault.status
        told.append(fault.message)
        details.append(fault.staff)
    message, private = ("\n".join(filter(None, lines)) for lines in (told, [*details, staff]))
    leaders = tuple(judge.leaders)
    return Outcome(check, status, credit, message, private, tuple(findings), leaders=leaders)


def _told(check: Check, findings: Sequence[Finding]) -> list[str]:
    return [t for f in findings for t in (f.message, f.hint if check.hints else "") if t]


def followed(
    outcome: Outcome, findings: Sequence[Finding], hangs_on: tuple[str, ...], blame: str
) -> Outcome:
    """Return an outcome of which a part is right given the student's own wrong layers.

    Args:
        outcome: what the check earns as it is.
        findings: the same with what they earn given those layers.
        hangs_on: the checks of the layers.
        blame: the layers, and what to do about them, for the student.
    """
    check, credit = outcome.check, credit_of(findings)
    status = "earned" if credit == 1 else "partial"
    new = replace(outcome, credit=credit, status=status, findings=tuple(findings))
    hanging = f": {new.lost:g} of {check.points:g} points hang on it" if new.lost else ""
    lines = [f"Your code here is right given your own {blame}{hanging}.", *_told(check, findings)]
    head = f"{outcome.staff}\nFollow-through, given {', '.join(hangs_on)}; before:"
    staff = f"{head}\n{outcome.message}".strip()
    return replace(new, message="\n".join(lines), staff=staff, hangs_on=hangs_on)


def advised(outcome: Outcome, hints: Mapping[str, str]) -> Outcome:
    """Return an outcome with hints that name known mistakes.

    Args:
        outcome: of a check that was tried.
        hints: by finding.
    """
    lost = [item.name for item in outcome.findings if item.credit < 1]
    found: dict[str, list[str]] = {}
    for name in lost:
        if name in hints:
            found.setdefault(hints[name], []).append(name)
    lines = [
        f"A known mistake gives just these numbers ({', '.join(names)}): {sentence}"
        for sentence, names in found.items()
    ]
    if outcome.check.hints:
        return replace(outcome, message="\n".join(filter(None, [outcome.message, *lines])))
    return replace(outcome, staff="\n".join(filter(None, [outcome.staff, *lines])))


def noted(outcome: Outcome, notes: Sequence[str]) -> Outcome:
    """Return an outcome that says first what its student should know, where points are lost."""
    lines = dict.fromkeys(notes) if outcome.credit < 1 else ()
    return replace(outcome, message="\n".join(filter(None, [*lines, outcome.message])))


def skipped(check: Check, before: Mapping[str, Outcome]) -> Outcome | None:
    """Return the outcome of a check that one of `before` rules out, or None.

    What waits for a person, or failed by the grader's fault, rules nothing out.
    """
    for name in check.needs:
        other = before.get(name)
        if other and other.scored and not other.credit:
            message = f"It builds on a question that failed: {other.check.title}"
            return Outcome(check, "skipped", message=message, staff=f"needs {name}")
    return None


@dataclass
class Results:
    """The results of one submission, so far.

    Attributes:
        submission: its id.
        outcomes: so far.
        notes: what the student should know about the files.
        staff: what only staff should know.
        finished: whether every check had its turn.
        seconds: wall-clock time.
        level: how well the grader was protected: a name of `autograder.level.LEVELS`.
        figures: what the notebook drew, for staff: the cell and the file, below the class's folder.
        name: under which it was handed in.
        email: whose it is, if known.
        assignment: the assignment's name; "" where the results do not lie beside others.
        condition: in a word or two, why nothing of it can be graded; or "".
    """

    submission: str
    outcomes: list[Outcome] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    staff: list[str] = field(default_factory=list)
    finished: bool = False
    seconds: float = 0.0
    level: str = ""
    figures: tuple[tuple[str, str], ...] = ()
    name: str = ""
    email: str = ""
    assignment: str = ""
    condition: str = ""

    @property
    def score(self) -> float:
        """The points earned so far."""
        return round(math.fsum(outcome.score for outcome in self.outcomes), 3)

    @property
    def possible(self) -> float:
        """The points that could have been earned by what was graded so far."""
        return math.fsum(outcome.check.maximum for outcome in self.outcomes if outcome.scored)

    @property
    def waiting(self) -> float:
        """The points that wait for a person."""
        return math.fsum(outcome.check.maximum for outcome in self.outcomes if not outcome.scored)

    @property
    def broken(self) -> bool:
        """Whether the grader failed somewhere."""
        return not self.finished or any(outcome.status == "broken" for outcome in self.outcomes)

    @property
    def summary(self) -> str:
        """The first line that a student reads."""
        if not self.finished:
            return UNFINISHED
        line = f"Graded so far: {self.score:g} of {self.possible:g} points"
        return line + (f"; {self.waiting:g} points wait for staff." if self.waiting else ".")

    def table(self) -> dict[str, Any]:
        """Return the content of `results.json`: finite numbers, plain text, nothing for staff."""
        leaders = [leader for outcome in self.outcomes for leader in outcome.leaders]
        board = {"leaderboard": [asdict(leader) for leader in leaders]} if leaders else {}
        whose = {"assignment": self.assignment, "handed_in_as": self.name}
        return {
            "score": self.score,
            "execution_time": round(self.seconds, 3),
            "output": "\n".join([self.summary, *self.notes]),
            "output_format": "text",
            "visibility": "visible",
            "extra_data": {"level": self.level} | (whose if self.assignment else {}),
            "tests": [_test(number, item) for number, item in enumerate(self.outcomes, 1)],
            **board,
        }

    def slim(self, known: dict[tuple[int, str, Fraction], Outcome]) -> Results:
        """Return the same without texts: what tables of a whole class need.

        Args:
            known: outcomes of other submissions, which equal ones share; grows.
        """
        keys = [(id(item.check), item.status, item.credit) for item in self.outcomes]
        outcomes = [
            known.setdefault(key, Outcome(item.check, item.status, item.credit))
            for key, item in zip(keys, self.outcomes, strict=True)
        ]
        return replace(self, outcomes=outcomes, notes=[], staff=[], figures=())

    def write(self, folder: Path) -> None:
        """Write `results.json` at once, and `staff.json` beside it when all is done."""
        write_atomically(folder / "results.json", laid_out(self.table()))
        if self.finished:
            staff = {item.check.name: item.staff for item in self.outcomes if item.staff}
            whose = {"handed_in_as": self.name, "email": self.email, "figures": self.figures}
            table = {**whose, "notes": self.staff, "checks": staff}
            write_atomically(folder / "staff.json", laid_out(table))


def laid_out(table: Mapping[str, Any]) -> bytes:
    """Return a table as JSON with a line for each item of the two upper levels.

    It is written while checks run, and `indent` takes twenty times as long.
    """
    return (_lines(table, 2) + "\n").encode()


def _lines(value: Any, levels: int) -> str:
    if not (levels and value and isinstance(value, (dict, list))):
        return json.dumps(value, allow_nan=False)
    if isinstance(value, list):
        return "[\n" + ",\n".join(_lines(item, levels - 1) for item in value) + "\n]"
    items = (f"{json.dumps(key)}: {_lines(item, levels - 1)}" for key, item in value.items())
    return "{\n" + ",\n".join(items) + "\n}"


def _test(number: int, outcome: Outcome) -> dict[str, Any]:
    test: dict[str, Any] = {
        "number": str(number),
        "name": outcome.check.title,
        "output": outcome.text,
        "output_format": "text",
        "tags": [outcome.check.question, *outcome.check.tags],
        "extra_data": {"check": outcome.check.name, "status": outcome.status},
    }
    if outcome.check.visibility != "visible":
        test["visibility"] = outcome.check.visibility
    if outcome.scored:
        right = outcome.status == "earned"
        test |= {"score": outcome.score, "max_score": float(outcome.check.maximum)}
        test |= {"status": "passed" if right else "failed"}
    return test
