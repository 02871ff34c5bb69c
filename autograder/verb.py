"""What all verbs stand on: compare with the reference, report a finding, try a call again."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from autograder.finding import Finding, Leader, Verdict, Wanted
    from autograder.hints import Context
    from autograder.remote import Outlines, Student

from autograder.later import Waiting
from gradlab.errors import AuthorMistake

__all__ = ["Verb"]


class Verb:
    """The ground of the verbs; what they find is for a subclass to record or to judge."""

    _student: Student | None = None
    _outlines: Outlines | None = None

    def attend(self, student: Student, outlines: Outlines) -> None:
        """Say whose code the check is about to try."""
        self._student, self._outlines = student, outlines

    def _compare(self, wanted: Wanted, value: Any, context: Context | None = None) -> Verdict:
        """Hold a value against the reference's; when recording, this is the reference's."""
        raise NotImplementedError

    def _found(self, finding: Finding) -> None:
        """Take one finding; its name is the check's own, its share the recording's."""
        raise NotImplementedError

    def _lead(self, leader: Leader) -> None:
        """Take a value for the leaderboard."""
        raise NotImplementedError

    def _section(self) -> AbstractContextManager[None]:
        """Return a part of the check that may run any number of times."""
        return self._outlines.section() if self._outlines else nullcontext()

    def _waiting(self) -> Waiting:
        """Return what waits for the replies of calls that go out together."""
        return self._outlines.waiting if self._outlines else Waiting()

    def _attended(self) -> Student:
        if self._student is None:
            raise AuthorMistake("this verb needs a check that is run by gradlab")
        return self._student
