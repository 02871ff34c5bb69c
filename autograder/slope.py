"""Slopes along random directions: a gradient held against the function it should belong to.

Along a direction d the slope of f is the dot product of gradient and d, so a few calls of f try all
entries of the gradient together. Where ReLU or a maximum switches between x - h d and x + h d the
numeric slope is wrong by itself; such a direction is recognised by comparing two step sizes, and
another one is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

from autograder.measure import is_float32

__all__ = ["DIRECTIONS", "GRAINS", "Grain", "Slope", "slope_of"]

DIRECTIONS = 3
DRAWS = 10  # directions to try with one step
HALVINGS = 5  # steps to try, each half the last, before giving up on a point at a kink
SMOOTH = 1e-6  # the two step sizes may differ by this, relative to the gradient's length


@dataclass(frozen=True)
class Grain:
    """How finely a type can be differentiated.

    Attributes:
        step: half the distance of the outer two points; directions have length 1.
        bound: the largest error, relative to the length of the gradient.
        unit: the spacing of numbers near 1.
    """

    step: float
    bound: float
    unit: float


# Right gradients stay about 100 times below the bound; what is caught is larger than it.
GRAINS = {
    "float64": Grain(1e-5, 1e-6, 2.3e-16),
    "float32": Grain(1e-2, 1e-2, 1.2e-7),
}


@dataclass(frozen=True)
class Slope:
    """What came of holding one gradient against a function.

    Attributes:
        error: |numeric - analytic| over the gradient's length, less the rounding; the largest of
            the directions. nan where a value is not finite or no direction was free of kinks.
        bound: what is allowed.
        steepest: the largest numeric slope.
        kinked: whether no direction was free of kinks.
    """

    error: float
    bound: float
    steepest: float = 0.0
    kinked: bool = False

    @property
    def right(self) -> bool:
        """Whether the gradient belongs to the function."""
        return self.error <= self.bound


def slope_of(
    function: Callable[[np.ndarray], np.ndarray],
    x: np.ndarray,
    gradient: np.ndarray,
    dout: np.ndarray | float = 1.0,
    seed: int = 0,
) -> Slope:
    """Return how well a gradient belongs to `sum(function(x) * dout)`.

    Args:
        function: from an array of x's shape to a number or an array; not changed by calls.
        x: where to differentiate; float64.
        gradient: of x's shape.
        dout: the upstream gradient, of the shape of the function's values.
        seed: where the directions' own stream starts.
    """
    middle = np.asarray(function(x), np.float64)
    grain = GRAINS["float32" if is_float32(middle) else "float64"]
    line = _Line(function, x, middle, np.asarray(dout, np.float64), grain)
    random = np.random.RandomState(seed)
    with np.errstate(all="ignore"):
        worst, steepest = 0.0, 0.0
        for _ in range(DIRECTIONS):
            found = line.along(gradient, random)
            if found is None:
                return Slope(np.nan, grain.bound, steepest, kinked=True)
            error, slope = found
            steepest = max(steepest, abs(slope))
            worst = max(worst, error) if np.isfinite(error) else np.nan
            if not worst <= grain.bound:
                break
    return Slope(worst, grain.bound, steepest)


@dataclass(frozen=True)
class _Line:
    """A function around one point."""

    function: Callable[[np.ndarray], np.ndarray]
    x: np.ndarray
    middle: np.ndarray
    dout: np.ndarray
    grain: Grain

    def along(
        self, gradient: np.ndarray, random: np.random.RandomState
    ) -> tuple[float, float] | None:
        """Return error and slope along a direction without kinks; None if there seems to be none.

        Both step sizes agree for a parabola; the smaller one's slope, corrected by the difference
        (Richardson), is of fourth order.
        """
        length = float(np.linalg.norm(gradient))
        spread = max(1.0, float(np.sqrt(np.mean(self.x**2)))) if self.x.size else 1.0
        for draw in range(DRAWS * HALVINGS):
            step = self.grain.step * spread / 2 ** (draw // DRAWS)
            direction = random.standard_normal(self.x.shape)
            direction = direction / (np.linalg.norm(direction) or 1.0)
            slope, half, bend = self._differences(step * direction, step)
            noise = 64 * self.grain.unit * self._size() / step
            scale = max(length, abs(half))
            if not max(abs(slope - half), bend) > self._smooth() * scale + noise:
                numeric = (4 * half - slope) / 3
                error = abs(numeric - float(np.sum(gradient * direction)))
                # Written so that nan stays nan.
                return (error - min(error, noise)) / max(length, abs(numeric), 1e-300), numeric
        return None

    def _differences(self, move: np.ndarray, step: float) -> tuple[float, float, float]:
        ends = [self._at(move * part) for part in (-1.0, -0.5, 0.5, 1.0)]
        low, half_low, half_high, high = (end - self.middle for end in ends)
        slope = float(np.sum((high - low) * self.dout)) / (2 * step)
        half = float(np.sum((half_high - half_low) * self.dout)) / step
        bend = float(np.sum((high + low - 4 * (half_high + half_low)) * self.dout)) / (2 * step)
        return slope, half, abs(bend)

    def _at(self, move: np.ndarray) -> np.ndarray:
        value = np.asarray(self.function(self.x + move), np.float64)
        return value if value.shape == self.middle.shape else np.full_like(self.middle, np.nan)

    def _size(self) -> float:
        return float(np.sqrt(np.sum((self.middle * self.dout) ** 2)))

    def _smooth(self) -> float:
        return SMOOTH * self.grain.bound / GRAINS["float64"].bound
