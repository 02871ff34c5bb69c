"""What `check.py` knows of its assignment, and what came of one check."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autograder.suite import Check, Suite

__all__ = ["Homework", "Row", "Seen"]

HASTE = 2  # times what a check may compute: so long may one take where another has hung


@dataclass(frozen=True)
class Homework:
    """One assignment with its public checks.

    Attributes:
        suite: the public checks.
        title: the assignment's name, for people.
        recorded: for each check its findings and outlines, as plain data.
        roles: the dotted module name for each role.
        holes: names of the functions that students write.
        released: the students' modules as they were handed out, by path.
        supplied: the modules that students do not hand in, by path.
        unchanged: what to say of some files where they are as they were handed out, by path.
        notebooks: names of the notebooks.
        artifacts: names of the files that the notebooks save.
        seconds: of wall-clock time that one check may take here.
        cpu_s: seconds of CPU time that the grader gives to one check.
        wall_s: seconds by the clock that the grader gives to one check.
    """

    suite: Suite
    title: str
    recorded: Mapping[str, Any]
    roles: Mapping[str, str]
    holes: Sequence[str] = ()
    released: Mapping[str, str] = field(default_factory=dict)
    supplied: Mapping[str, str] = field(default_factory=dict)
    unchanged: Mapping[str, str] = field(default_factory=dict)
    notebooks: Sequence[str] = ()
    artifacts: Sequence[str] = ()
    seconds: float = 60
    cpu_s: float = 10
    wall_s: float = 30

    @property
    def hand_in(self) -> tuple[str, ...]:
        """The paths that a complete submission has."""
        return (*self.notebooks, *self.released, *self.artifacts)

    @property
    def hurried(self) -> Homework:
        """The same with less patience, for what comes after a check that had no end."""
        return replace(self, seconds=min(self.seconds, HASTE * self.cpu_s))

    def slowness(self, check: Check, cpu_s: float, wall_s: float) -> str:
        """Return what to say of the time that a check took: nothing if the grader gives as much."""
        allowed = {"cpu_s": self.cpu_s, "wall_s": self.wall_s, **dict(check.limits)}
        for took, limit in ((cpu_s, allowed["cpu_s"]), (wall_s, allowed["wall_s"])):
            if took > limit:
                here = f"It took {took:.0f} s here; grading stops it after {limit:g} s"
                return f"{here}. A slow computer may be why; if yours is not, make it faster."
        return ""

    def chosen(self, question: str) -> list[Check]:
        """Return the checks of a question, the check of that name, or all for ''."""
        return [c for c in self.suite.checks if question in ("", c.question, c.name)]


@dataclass(frozen=True)
class Row:
    """What came of one check.

    Attributes:
        question: the check's.
        title: the check's.
        status: a word; `right` if all is.
        text: what the student reads besides.
        printed: what the student's code has printed.
        note: what the student reads even if it is right.
    """

    question: str
    title: str
    status: str
    text: str = ""
    printed: str = ""
    note: str = ""

    @property
    def right(self) -> bool:
        """Whether nothing is wrong."""
        return self.status == "right"


@dataclass(frozen=True)
class Seen:
    """One line of what was seen of the files.

    Attributes:
        word: `ok` or `warning`.
        text: a sentence that begins with the file.
    """

    word: str
    text: str
