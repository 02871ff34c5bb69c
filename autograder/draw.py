"""Random inputs of a check, the same for the same seed on every numpy."""

from __future__ import annotations

import numpy as np

__all__ = ["Draw"]


class Draw:
    """A stream of random inputs.

    The streams are numpy's legacy ones, which are frozen: a recording made with one version of
    numpy holds for all.

    Args:
        seed: a whole number from 0 to 2**32 - 1.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._random = np.random.RandomState(seed)

    def normal(self, *shape: int, scale: float = 1.0) -> np.ndarray:
        """Return a float64 array of independent normals with mean 0 and deviation `scale`."""
        return scale * self._random.standard_normal(shape)

    def uniform(self, low: float, high: float, *shape: int) -> np.ndarray:
        """Return a float64 array, uniform in [low, high)."""
        return self._random.uniform(low, high, shape)

    def integers(self, low: int, high: int, *shape: int) -> np.ndarray:
        """Return an int64 array, uniform in low, ..., high - 1."""
        return self._random.randint(low, high, shape, dtype=np.int64)

    def away(self, *shape: int, gap: float = 0.1) -> np.ndarray:
        """Return normals pushed away from 0, to |x| >= `gap`: no ReLU has its kink nearby."""
        x = self._random.standard_normal(shape)
        return np.asarray(x + np.where(x < 0, -gap, gap))

    def distinct(self, *shape: int, gap: float = 0.05) -> np.ndarray:
        """Return shuffled values `gap` apart and `gap / 2` from 0: no maximum has a tie nearby."""
        size = int(np.prod(shape))
        values = gap * (np.arange(size) - size // 2 + 0.5)
        return self._random.permutation(values).reshape(shape)

    def ties(self, *shape: int, levels: int = 3) -> np.ndarray:
        """Return floats that are small whole numbers, 0 in the middle: many are equal."""
        return self._random.randint(0, levels, shape).astype(np.float64) - levels // 2

    def labels(self, count: int, classes: int) -> np.ndarray:
        """Return `count` shuffled class labels in which every class occurs if it can."""
        return self._random.permutation(np.arange(count, dtype=np.int64) % classes)
