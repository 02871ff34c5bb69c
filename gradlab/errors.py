"""Everything that gradlab raises on purpose; the type says who is to blame.

GradlabError                 exit code
├── UserMistake        2     a command was asked for something that cannot be done
├── AuthorMistake      2     a master, a suite or a setting is wrong; carries the place
│   └── Problems       2     several of them, reported together
├── StudentFault       -     the student's code did it: becomes an outcome, never ends a run
└── GraderFault        3     gradlab itself failed: shown to staff, never a student's zero
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "AuthorMistake",
    "GraderFault",
    "GradlabError",
    "Place",
    "Problems",
    "StudentFault",
    "UserMistake",
]


@dataclass(frozen=True)
class Place:
    """Where something stands: a file, and if known the notebook cell and the line in it."""

    file: str
    cell: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        """Return `file:cell:line`, leaving out what is not known."""
        parts = [self.file, self.cell, None if self.line is None else str(self.line)]
        return ":".join(part for part in parts if part)


class GradlabError(Exception):
    """The root; its message is one line that says what to do."""

    exit_code = 3


class UserMistake(GradlabError):
    """The command cannot do what was asked, for instance a name that does not exist."""

    exit_code = 2


class AuthorMistake(GradlabError):
    """A master, a suite or a setting is wrong.

    Args:
        message: one line that says what is wrong and what to do.
        place: where; printed in front of the message.
    """

    exit_code = 2

    def __init__(self, message: str, place: Place | None = None) -> None:
        super().__init__(f"{place}: {message}" if place else message)


class Problems(AuthorMistake):
    """Several mistakes of an author, so that one run shows them all."""

    def __init__(self, mistakes: Sequence[AuthorMistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = tuple(mistakes)


class StudentFault(GradlabError):
    """The student's code did something that ends a check.

    Args:
        status: the word of `autograder.status.Status` that the outcome gets.
        message: what the student reads.
        staff: what only staff read, for instance the traceback.
        frames: names of the student's functions that were running, outermost first.
    """

    def __init__(
        self, status: str, message: str, staff: str = "", frames: Sequence[str] = ()
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.staff, self.frames = status, message, staff, tuple(frames)


class GraderFault(GradlabError):
    """Gradlab or the machine failed: the outcome is `broken` and staff decide."""
