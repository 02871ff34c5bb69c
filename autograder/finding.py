"""What a check found, what the reference gave there, and how findings add up to credit."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Finding", "Leader", "Verdict", "Wanted", "credit_of"]


@dataclass(frozen=True)
class Finding:
    """One thing that a check looked at.

    Attributes:
        name: as the check calls it.
        share: its weight among the check's findings.
        credit: how much of the share was earned, in [0, 1].
        message: what the student reads; empty where there is nothing to say.
        staff: what only staff read.
        hint: what the student may try next; a suite can keep it from students.
        withholds: whether it earns nothing and, where it fails, takes its share away.
    """

    name: str
    share: float
    credit: Fraction
    message: str = ""
    staff: str = ""
    hint: str = ""
    withholds: bool = False


@dataclass(frozen=True)
class Wanted:
    """What the reference gave for one finding.

    Attributes:
        name: the finding's name.
        share: its weight.
        value: an array or number; None where no value is compared.
        tolerance: the measure's name and its bound; None where no value is compared.
        withholds: whether the finding only withholds.
    """

    name: str
    share: float
    value: Any = None
    tolerance: tuple[str, float] | None = None
    withholds: bool = False


@dataclass(frozen=True)
class Verdict:
    """What came of one comparison; all empty where nothing is wrong.

    Attributes:
        message: what the student reads.
        staff: what only staff read.
        hint: the mistake that the difference looks like.
        products: the dot products of value and wanted, of the value and of the wanted with itself.
    """

    message: str = ""
    staff: str = ""
    hint: str = ""
    products: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def right(self) -> bool:
        """Whether nothing is wrong."""
        return not self.message

    def finding(self, name: str, share: float, credit: Fraction | None = None) -> Finding:
        """Return the finding that says this; by default all or nothing is earned."""
        earned = Fraction(self.right) if credit is None else credit
        return Finding(name, share, earned, self.message, self.staff, self.hint)


@dataclass(frozen=True)
class Leader:
    """One value for the leaderboard.

    Attributes:
        name: the column.
        value: finite.
        order: `desc` where more is better, `asc` where less is.
    """

    name: str
    value: float
    order: str = "desc"


def credit_of(findings: Iterable[Finding]) -> Fraction:
    """Return the share of a check's points, in [0, 1], that its findings earn together.

    Shares are weights among the findings that earn. One that withholds takes away, where it fails,
    what an earning one of the same share would have brought.
    """
    items = list(findings)
    total = sum(Fraction(item.share) for item in items if not item.withholds)
    earned = sum(Fraction(item.share) * item.credit for item in items if not item.withholds)
    lost = sum(Fraction(item.share) * (1 - item.credit) for item in items if item.withholds)
    return max(Fraction(0), Fraction(earned - lost)) / total if total else Fraction(0)
