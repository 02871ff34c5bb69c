"""Credit curves: from a measured share such as an accuracy to the share of the points.

Computed exactly from whole counts: with floats, `floor((X - 28%) / 22%)` is 0 at exactly 50 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

__all__ = ["Curve", "Ramp", "Staircase", "Threshold"]


@dataclass(frozen=True)
class Curve:
    """The interface of all curves."""

    def credit(self, measure: Fraction) -> Fraction:
        """Return the share of the points, in [0, 1], that a measure in [0, 1] earns."""
        raise NotImplementedError


def _clamp(share: Fraction) -> Fraction:
    return min(max(share, Fraction(0)), Fraction(1))


@dataclass(frozen=True)
class Threshold(Curve):
    """All points from `percent` on, none below."""

    percent: int

    def credit(self, measure: Fraction) -> Fraction:
        """Return 1 or 0."""
        return Fraction(measure * 100 >= self.percent)

    def __str__(self) -> str:
        return f"all points from {self.percent} % on"


@dataclass(frozen=True)
class Ramp(Curve):
    """No points up to `start` percent, all from `end` percent on, linear between."""

    start: int
    end: int

    def credit(self, measure: Fraction) -> Fraction:
        """Return the height of the ramp."""
        return _clamp((measure * 100 - self.start) / (self.end - self.start))

    def __str__(self) -> str:
        return f"points grow evenly from {self.start} % to {self.end} %"


@dataclass(frozen=True)
class Staircase(Curve):
    """Like `Ramp`, one step for each whole percent reached."""

    start: int
    end: int

    def credit(self, measure: Fraction) -> Fraction:
        """Return the height of the stair."""
        whole = measure * 100 // 1
        return _clamp(Fraction(whole - self.start, self.end - self.start))

    def __str__(self) -> str:
        steps = self.end - self.start
        return (
            f"one of {steps} equal steps for each whole percent from {self.start} to {self.end} %"
        )
