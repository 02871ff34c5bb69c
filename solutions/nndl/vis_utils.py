"""Arrange small pictures in a grid."""

from __future__ import annotations

from math import ceil, sqrt

import numpy as np


def visualize_grid(Xs: np.ndarray, ubound: float = 255.0, padding: int = 1) -> np.ndarray:
    """Lay pictures out row by row in the smallest square that holds them.

    Every picture is stretched on its own from its smallest to its largest value; one whose values
    are all equal becomes black.

    Args:
        Xs: pictures, shape (N, height, width, channels).
        ubound: the largest value in the result; the smallest is 0.
        padding: black pixels between neighbours.

    Returns:
        One picture, shape (n * height + (n - 1) * padding, n * width + (n - 1) * padding,
        channels) with n the square root of N, rounded up.
    """
    count, height, width, channels = Xs.shape
    side = ceil(sqrt(count))
    step_y, step_x = height + padding, width + padding
    grid = np.zeros((side * step_y - padding, side * step_x - padding, channels))
    for place, picture in enumerate(Xs):
        top, left = place // side * step_y, place % side * step_x
        grid[top : top + height, left : left + width] = ubound * _stretched(picture)
    return grid


def _stretched(picture: np.ndarray) -> np.ndarray:
    """Return a picture scaled to the range 0 to 1."""
    low, high = np.min(picture), np.max(picture)
    if low == high:
        return np.zeros(picture.shape)
    stretched: np.ndarray = (picture - low) / (high - low)
    return stretched
