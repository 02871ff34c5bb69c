"""The verbs of a check together, and the judge who holds what they find against the recording."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.hints import Context

from autograder.answers import AnswerVerbs
from autograder.finding import Finding, Leader, Verdict, Wanted, credit_of
from autograder.gradient_verbs import GradientVerbs
from autograder.measure import compare
from autograder.value_verbs import ValueVerbs
from autograder.withholding_verbs import WithholdingVerbs
from gradlab.errors import AuthorMistake

__all__ = ["Expect", "Judge"]


class Expect(ValueVerbs, GradientVerbs, AnswerVerbs, WithholdingVerbs):
    """What a check gets as `expect`."""


class Judge(Expect):
    """Compares with what the reference gave.

    Args:
        wanted: the recorded findings of the check, in order.

    Attributes:
        leaders: values for the leaderboard.
    """

    def __init__(self, wanted: list[Wanted]) -> None:
        self.leaders: list[Leader] = []
        self._wanted = {item.name: item for item in wanted}
        self._findings: dict[str, Finding] = {}

    def findings(self) -> list[Finding]:
        """Return one finding for each recorded one; what the check never reached is lost."""
        items = self._wanted.values()
        lost = (Finding(w.name, w.share, Fraction(0), withholds=w.withholds) for w in items)
        return [self._findings.get(finding.name, finding) for finding in lost]

    @property
    def credit(self) -> Fraction:
        """The share of the points, in [0, 1]."""
        return credit_of(self.findings())

    def _compare(self, wanted: Wanted, value: Any, context: Context | None = None) -> Verdict:
        recorded = self._recorded(wanted.name)
        return compare(wanted.name, value, recorded.value, wanted.tolerance, context)

    def _found(self, finding: Finding) -> None:
        recorded = self._recorded(finding.name)
        self._findings[finding.name] = replace(
            finding, share=recorded.share, withholds=recorded.withholds
        )

    def _lead(self, leader: Leader) -> None:
        self.leaders.append(leader)

    def _recorded(self, name: str) -> Wanted:
        if name not in self._wanted:
            raise AuthorMistake(f"{name} is not in the recording; record again")
        return self._wanted[name]
