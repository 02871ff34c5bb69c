"""Numeric gradients by central differences, to check hand-written ones against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable


def rel_error(x: np.ndarray, y: np.ndarray) -> float:
    """Return the largest elementwise ``|x - y| / max(1e-8, |x| + |y|)``; 0 is equal, 1 the worst.

    The floor keeps two tiny numbers from counting as a large error.
    """
    difference = np.abs(np.asarray(x) - np.asarray(y))
    size = np.maximum(1e-8, np.abs(x) + np.abs(y))
    return float(np.max(difference / size))


def eval_numerical_gradient(
    f: Callable[[np.ndarray], float], x: np.ndarray, verbose: bool = True, h: float = 1e-5
) -> np.ndarray:
    """Return the gradient of a scalar function, two calls per element.

    Args:
        f: function of x. It may ignore its argument and read the same array elsewhere, as in
            ``lambda W: net.loss(X, y)[0]``, because x is changed in place and then restored.
        x: where to differentiate; any shape, dtype float64.
        verbose: print each element.
        h: half the distance of the two points; the error is of order h squared.

    Returns:
        The gradient, of x's shape.
    """
    gradient = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        gradient[index] = _slope(f, x, index, h)
        if verbose:
            print(index, gradient[index])
    return gradient


def eval_numerical_gradient_array(
    f: Callable[[np.ndarray], np.ndarray], x: np.ndarray, df: np.ndarray, h: float = 1e-5
) -> np.ndarray:
    """Return the gradient of ``sum(f(x) * df)`` with respect to x.

    Args:
        f: function from x to an array.
        x: where to differentiate; any shape, dtype float64; changed in place and restored.
        df: upstream gradient, of f(x)'s shape.
        h: half the distance of the two points.

    Returns:
        The gradient, of x's shape.
    """
    gradient = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        gradient[index] = np.sum(_slope(f, x, index, h) * df)
    return gradient


def grad_check_sparse(
    f: Callable[[np.ndarray], float],
    x: np.ndarray,
    analytic_grad: np.ndarray,
    num_checks: int = 10,
    h: float = 1e-5,
) -> None:
    """Print analytic and numeric gradient of a scalar function at random elements.

    Args:
        f: function of x, as for :func:`eval_numerical_gradient`.
        x: where to differentiate; any shape, dtype float64; changed in place and restored.
        analytic_grad: the gradient to check, of x's shape.
        num_checks: how many elements to draw.
        h: half the distance of the two points.
    """
    for _ in range(num_checks):
        index = tuple(np.random.randint(size) for size in x.shape)
        numeric, analytic = _slope(f, x, index, h), analytic_grad[index]
        error = rel_error(numeric, analytic)
        print(f"numerical: {numeric:f} analytic: {analytic:f}, relative error: {error:e}")


def _slope(
    f: Callable[[np.ndarray], np.ndarray | float], x: np.ndarray, index: tuple[int, ...], h: float
) -> np.ndarray:
    """Return the central difference ``(f(x + h) - f(x - h)) / 2h`` in one element of x."""
    kept = x[index]
    x[index] = kept + h
    above = np.array(f(x))  # a copy: f may return x itself
    x[index] = kept - h
    below = np.array(f(x))
    x[index] = kept
    slope: np.ndarray = (above - below) / (2 * h)
    return slope
