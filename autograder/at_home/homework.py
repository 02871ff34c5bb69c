"""What `check.py` knows of its assignment, and what came of one check."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autograder.suite import Check, Suite

__all__ = ["Homework", "Row"]


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
        unchanged: what to say of some files where they are as they were handed out, by path.
        notebooks: names of the notebooks.
        artifacts: names of the files that the notebooks save.
        seconds: of wall-clock time that one check may take.
    """

    suite: Suite
    title: str
    recorded: Mapping[str, Any]
    roles: Mapping[str, str]
    holes: Sequence[str] = ()
    released: Mapping[str, str] = field(default_factory=dict)
    unchanged: Mapping[str, str] = field(default_factory=dict)
    notebooks: Sequence[str] = ()
    artifacts: Sequence[str] = ()
    seconds: float = 60

    @property
    def hand_in(self) -> tuple[str, ...]:
        """The paths that a complete submission has."""
        return (*self.notebooks, *self.released, *self.artifacts)

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
    """

    question: str
    title: str
    status: str
    text: str = ""
    printed: str = ""

    @property
    def right(self) -> bool:
        """Whether nothing is wrong."""
        return self.status == "right"
