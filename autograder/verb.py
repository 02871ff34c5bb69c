"""What all verbs stand on: compare with the reference, report a finding, try a call again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.finding import Finding, Leader, Verdict, Wanted
    from autograder.hints import Context
    from autograder.remote import Outlines, Student

__all__ = ["Verb"]


class Verb:
    """The ground of the verbs; what they find is for a subclass to record or to judge."""

    _student: Student
    _outlines: Outlines

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
        """Take a value for the leaderboard, on which students alone stand."""
