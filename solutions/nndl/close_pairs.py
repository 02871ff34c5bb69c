"""Distances between nearly equal rows, measured again where expanding the square loses digits."""

from __future__ import annotations

from typing import Any

import numpy as np

CLOSE = 1e-3  # pairs closer than this share of their length have lost half their digits
NUMBERS_AT_ONCE = 2**16  # scratch space for differences: half a mebibyte


def measure_close_pairs_again(dists: Any, X: np.ndarray, X_train: np.ndarray) -> None:
    """Replace distances that are small for the length of their vectors by direct ones, in place.

    Args:
        dists: distances, shape (N, M), float64; anything else is left as it is.
        X: samples, shape (N, D).
        X_train: samples, shape (M, D).
    """
    if np.shape(dists) != (len(X), len(X_train)) or getattr(dists, "dtype", None) != np.float64:
        return  # not written yet, or wrong: the checks say how
    bounds = CLOSE * np.sqrt(np.einsum("nd,nd->n", X, X))
    at_once = max(1, NUMBERS_AT_ONCE // X.shape[1])
    for i in np.flatnonzero(dists.min(axis=1) <= bounds):
        close = np.flatnonzero(dists[i] <= bounds[i])
        for start in range(0, len(close), at_once):
            pairs = close[start : start + at_once]
            dists[i, pairs] = np.sqrt(np.sum((X_train[pairs] - X[i]) ** 2, axis=1))
