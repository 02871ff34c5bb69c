"""Slopes along random directions: a gradient held against the function it should belong to.

Along a direction d the slope of f is the dot product of gradient and d, so a few calls of f try all
entries of the gradient together. Where ReLU or a maximum switches between x - h d and x + h d the
numeric slope is wrong by itself; such a direction is recognised by comparing two step sizes, and
another one is drawn.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Values = Callable[[Sequence[np.ndarray]], Sequence[np.ndarray]]

from autograder.measure import is_float32

__all__ = ["DIRECTIONS", "GRAINS", "Grain", "Line", "Slope", "slope_of"]

DIRECTIONS = 3
DRAWS = 10  # directions to try with one step
HALVINGS = 5  # steps to try, each half the last, before giving up on a point at a kink
PARTS = (-1.0, -0.5, 0.5, 1.0)  # of a step, where the function is tried
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
    values: Values,
    x: np.ndarray,
    gradient: np.ndarray,
    dout: np.ndarray | float = 1.0,
    seed: int = 0,
    middle: np.ndarray | None = None,
) -> Slope:
    """Return how well a gradient belongs to `sum(values([x])[0] * dout)`.

    Args:
        values: a function: from arrays of x's shape to the number or array of each.
        x: where to differentiate; float64.
        gradient: of x's shape.
        dout: the upstream gradient, of the shape of the function's values.
        seed: where the directions' own stream starts.
        middle: the value at x, if it is known.
    """
    middle = np.asarray(values([x])[0] if middle is None else middle, np.float64)
    return Line(values, x, middle, np.asarray(dout, np.float64), seed).slope(gradient)


@dataclass
class Line:
    """A function around one point, along random directions.

    Attributes:
        values: the function, as for `slope_of`.
        x: the point.
        middle: the value there.
        dout: the upstream gradient.
        seed: where the directions' own stream starts.
    """

    values: Values
    x: np.ndarray
    middle: np.ndarray
    dout: np.ndarray
    seed: int

    def __post_init__(self) -> None:
        self._grain = GRAINS["float32" if is_float32(self.middle) else "float64"]
        self._random = np.random.RandomState(self.seed)
        self._ahead: deque[tuple[np.ndarray, Sequence[np.ndarray]]] = deque()
        spread = float(np.sqrt(np.mean(self.x**2))) if self.x.size else 1.0
        self._step = self._grain.step * max(1.0, spread)

    def look_ahead(self) -> None:
        """Ask for the values along the first directions, which `slope` will look at."""
        self._draw(self._step, DIRECTIONS)

    def slope(self, gradient: np.ndarray) -> Slope:
        """Return how well a gradient belongs to the function."""
        bound, worst, steepest = self._grain.bound, 0.0, 0.0
        with np.errstate(all="ignore"):
            for done in range(DIRECTIONS):
                found = self._along(gradient, DIRECTIONS - done)
                if found is None:
                    return Slope(np.nan, bound, steepest, kinked=True)
                error, slope = found
                steepest = max(steepest, abs(slope))
                worst = max(worst, error) if np.isfinite(error) else np.nan
                if not worst <= bound:
                    break
        return Slope(worst, bound, steepest)

    def _along(self, gradient: np.ndarray, wanted: int) -> tuple[float, float] | None:
        """Return error and slope along a direction without kinks; None if there seems to be none.

        Both step sizes agree for a parabola; the smaller one's slope, corrected by the difference
        (Richardson), is of fourth order.

        Args:
            gradient: of x's shape.
            wanted: how many directions will be asked for, this one included.
        """
        length = float(np.linalg.norm(gradient))
        for draw in range(DRAWS * HALVINGS):
            step = self._step / 2 ** (draw // DRAWS)
            if not self._ahead:  # later directions begin with the first step again
                self._draw(step, wanted if draw <= DRAWS - DIRECTIONS else 1)
            direction, values = self._ahead.popleft()
            slope, half, bend = self._differences(list(map(self._shaped, values)), step)
            noise = 64 * self._grain.unit * self._size() / step
            scale = max(length, abs(half))
            if not max(abs(slope - half), bend) > self._smooth() * scale + noise:
                numeric = (4 * half - slope) / 3
                error = abs(numeric - float(np.sum(gradient * direction)))
                # Written so that nan stays nan.
                return (error - min(error, noise)) / max(length, abs(numeric), 1e-300), numeric
        return None

    def _draw(self, step: float, count: int) -> None:
        """Draw some directions, and get the values along all of them together."""
        moves = [self._random.standard_normal(self.x.shape) for _ in range(count)]
        directions = [move / (np.linalg.norm(move) or 1.0) for move in moves]
        ends = [self.x + step * line * part for line in directions for part in PARTS]
        values, size = self.values(ends), len(PARTS)
        several = (values[place : place + size] for place in range(0, len(values), size))
        self._ahead.extend(zip(directions, several, strict=True))

    def _differences(self, ends: list[np.ndarray], step: float) -> tuple[float, float, float]:
        low, half_low, half_high, high = (end - self.middle for end in ends)
        slope = float(np.sum((high - low) * self.dout)) / (2 * step)
        half = float(np.sum((half_high - half_low) * self.dout)) / step
        bend = float(np.sum((high + low - 4 * (half_high + half_low)) * self.dout)) / (2 * step)
        return slope, half, abs(bend)

    def _shaped(self, value: np.ndarray) -> np.ndarray:
        value = np.asarray(value, np.float64)
        return value if value.shape == self.middle.shape else np.full_like(self.middle, np.nan)

    def _size(self) -> float:
        return float(np.sqrt(np.sum((self.middle * self.dout) ** 2)))

    def _smooth(self) -> float:
        return SMOOTH * self._grain.bound / GRAINS["float64"].bound
