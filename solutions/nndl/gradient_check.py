"""Numeric gradients by central differences, to check hand-written ones against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

_STEPS = 5  # step sizes to try, each half the last, before giving up on a point on a kink
_DRAWS = 10  # directions to try with each


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

    Raises:
        ValueError: if x holds whole numbers, which a small step cannot change.
    """
    _check_continuous(x)
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

    Raises:
        ValueError: if x holds whole numbers, or df has another shape than f(x).
    """
    _check_continuous(x)
    gradient = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        slope = _slope(f, x, index, h)
        if slope.shape != np.shape(df):
            raise ValueError(f"df has shape {np.shape(df)}, f(x) has {slope.shape}.")
        gradient[index] = np.sum(slope * df)
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

    Raises:
        ValueError: if x holds whole numbers, or the gradient has another shape.
    """
    _check_continuous(x)
    _check_gradient(x, analytic_grad)
    for _ in range(num_checks):
        index = tuple(np.random.randint(size) for size in x.shape)
        numeric, analytic = _slope(f, x, index, h), analytic_grad[index]
        error = rel_error(numeric, analytic)
        print(f"numerical: {numeric:f} analytic: {analytic:f}, relative error: {error:e}")


def grad_check_directions(
    f: Callable[[np.ndarray], float],
    x: np.ndarray,
    analytic_grad: np.ndarray,
    num_checks: int = 5,
    h: float = 1e-5,
    seed: int = 0,
) -> float:
    """Return how wrong a gradient is along random directions; about 1e-9 is right.

    Along a direction d the slope of f is the dot product of gradient and d: a few calls of f
    check all elements of x together. The error is::

        |numeric slope - analytic slope| / (|gradient| * |d|)

    with lengths, not elements, below the line: an element near zero cannot spoil the result.

    Where ReLU or a maximum switches between x - h d and x + h d, the numeric slope is wrong by
    itself. Such a direction is found by comparing the slopes and bends of two step sizes, h and
    h / 2, and another one is drawn, after ten in vain with half the step.

    Args:
        f: function of x, as for :func:`eval_numerical_gradient`.
        x: where to differentiate; any shape, dtype float64; changed in place and restored.
        analytic_grad: the gradient to check, of x's shape.
        num_checks: how many directions to try.
        h: half the distance of the outer two points; directions have length 1.
        seed: starts the directions' own random stream; numpy's global one is left alone.

    Returns:
        The largest of the errors. Lengths under 1e-8 count as 1e-8.

    Raises:
        ValueError: if x is not float64, the shapes differ, or each of many directions in a row
            meets a kink, because x lies on one.
    """
    if x.dtype != np.float64:
        raise ValueError(f"x must be float64 for a step as small as {h:g}, not {x.dtype}.")
    _check_gradient(x, analytic_grad)
    if num_checks < 1:
        raise ValueError(f"num_checks must be at least 1, not {num_checks}.")
    rng = np.random.RandomState(seed)
    length = float(np.linalg.norm(analytic_grad))
    worst = 0.0
    for _ in range(num_checks):
        direction, numeric = _smooth_slope(f, x, length, h, rng)
        error = abs(numeric - float(np.sum(analytic_grad * direction))) / max(length, 1e-8)
        worst = error if np.isnan(error) else max(worst, error)
        if np.isnan(worst):
            break
    return worst


def _check_continuous(x: np.ndarray) -> None:
    if x.dtype.kind != "f":
        raise ValueError(f"x must be of a floating-point type to take small steps, not {x.dtype}.")


def _check_gradient(x: np.ndarray, gradient: np.ndarray) -> None:
    if np.shape(gradient) != x.shape:
        raise ValueError(f"The gradient has shape {np.shape(gradient)}, x has {x.shape}.")


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


def _smooth_slope(
    f: Callable[[np.ndarray], float],
    x: np.ndarray,
    length: float,
    h: float,
    rng: np.random.RandomState,
) -> tuple[np.ndarray, float]:
    """Draw directions of length 1 until one meets no kink; return it and the slope along it."""
    for draw in range(_STEPS * _DRAWS):
        if draw and draw % _DRAWS == 0:
            h /= 2
        direction = rng.standard_normal(x.shape)
        direction /= np.linalg.norm(direction)
        low, half_low, middle, half_high, high = _values_along(f, x, direction, h)
        slope, half_slope = (high - low) / (2 * h), (half_high - half_low) / h
        bend, half_bend = high + low - 2 * middle, half_high + half_low - 2 * middle
        # Both vanish for a parabola; with a kink one is at least half of the error of half_slope.
        doubt = max(abs(slope - half_slope), abs(bend - 4 * half_bend) / (2 * h))
        noise = 64 * np.finfo(np.float64).eps * max(abs(middle), abs(high), abs(low)) / h
        if not doubt > 1e-6 * max(length, abs(half_slope)) + noise:
            return direction, half_slope
    raise ValueError(
        f"Each of {_STEPS * _DRAWS} directions meets a kink within {h:g} of x: move x, or take a "
        "smaller h."
    )


def _values_along(
    f: Callable[[np.ndarray], float], x: np.ndarray, direction: np.ndarray, h: float
) -> list[float]:
    """Return f at -h, -h/2, 0, h/2 and h along a direction from x; x is restored."""
    kept = x.copy()
    values = []
    try:
        for step in (-h, -h / 2, 0.0, h / 2, h):
            x[...] = kept + step * direction
            values.append(float(f(x)))
    finally:
        x[...] = kept
    return values
