"""Slopes along random directions: right, wrong, at kinks, in other types, and of nonsense."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from autograder.slope import DIRECTIONS, GRAINS, Slope
from autograder.slope import slope_of as slope_of_many

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

X = np.random.RandomState(0).standard_normal((5, 4))
DOUT = np.random.RandomState(1).standard_normal((5, 4))


def slope_of(
    function: Callable[[np.ndarray], np.ndarray], x: np.ndarray, *args: Any, **kwargs: Any
) -> Slope:
    return slope_of_many(lambda points: [function(x) for x in points], x, *args, **kwargs)


def curve(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.sin(x) + x**3 / 3)


def gradient(x: np.ndarray) -> np.ndarray:
    return np.asarray((np.cos(x) + x**2) * DOUT)


def test_a_right_gradient_stays_far_below_the_bound() -> None:
    slope = slope_of(curve, X, gradient(X), DOUT)
    assert slope.right
    assert slope.error < GRAINS["float64"].bound / 100
    assert slope.steepest > 0


@pytest.mark.parametrize("factor", [0.0, 0.5, 0.999, 1.0001, -1.0, 2.0, 1e9])
def test_a_wrong_factor(factor: float) -> None:
    assert not slope_of(curve, X, factor * gradient(X), DOUT).right


def test_one_wrong_entry_of_many() -> None:
    wrong = gradient(X)
    wrong[2, 3] *= 1.01
    assert not slope_of(curve, X, wrong, DOUT).right


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1e3, 1e6])
def test_inputs_of_any_scale(scale: float) -> None:
    x = scale * X
    assert slope_of(lambda x: x**2 / scale, x, 2 * x * DOUT / scale, DOUT).right
    assert not slope_of(lambda x: x**2 / scale, x, 3 * x * DOUT / scale, DOUT).right


@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_values_of_any_scale(scale: float) -> None:
    assert slope_of(lambda x: scale * curve(x), X, scale * gradient(X), DOUT).right
    assert not slope_of(lambda x: scale * curve(x), X, 1.1 * scale * gradient(X), DOUT).right


def single(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.tanh(x.astype(np.float32)) * np.float32(2))


def test_float32_has_a_grain_of_its_own() -> None:
    right = 2 * (1 - np.tanh(X) ** 2) * DOUT
    slope = slope_of(single, X, right, DOUT)
    assert slope.bound == GRAINS["float32"].bound
    assert slope.right
    assert not slope_of(single, X, right / 2, DOUT).right


def relu(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(x, 0))


def test_directions_over_a_kink_are_drawn_again() -> None:
    x = X.copy()
    x[0] = [2e-7, -3e-7, 1e-6, -1e-6]  # far within the step
    calls = 0

    def counted(x: np.ndarray) -> np.ndarray:
        nonlocal calls
        calls += 1
        return relu(x)

    assert slope_of(counted, x, (x > 0) * DOUT, DOUT).right
    assert calls > 1 + 4 * DIRECTIONS


def test_directions_are_tried_together_as_long_as_none_meets_a_kink() -> None:
    sizes: list[int] = []

    def counted(points: Sequence[np.ndarray]) -> list[np.ndarray]:
        sizes.append(len(points))
        return [curve(x) for x in points]

    assert slope_of_many(counted, X, gradient(X), DOUT, middle=curve(X)).right
    assert sizes == [4 * DIRECTIONS]


def test_a_point_on_a_kink_is_said_to_be_one() -> None:
    slope = slope_of(relu, np.zeros((5, 4)), 0.5 * DOUT, DOUT)
    assert slope.kinked
    assert not slope.right


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.full_like(x, np.nan),
        lambda x: np.where(x > X, np.inf, x),
        lambda x: x[:2] if (x != X).any() else x,
        lambda x: np.random.RandomState(int(abs(x[0, 0]) * 1e9) % 2**32).standard_normal(x.shape),
    ],
    ids=["nan", "inf", "another shape later", "noise"],
)
def test_nonsense_is_never_right(function: Callable[[np.ndarray], np.ndarray]) -> None:
    assert not slope_of(function, X, DOUT, DOUT).right


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_is_never_right(bad: float) -> None:
    wrong = gradient(X)
    wrong[0, 0] = bad
    assert not slope_of(curve, X, wrong, DOUT).right


def test_a_constant_fits_zeros_and_is_flat() -> None:
    slope = slope_of(np.zeros_like, X, np.zeros_like(X), DOUT)
    assert slope.right
    assert slope.steepest == 0


def test_a_number_is_a_value_too() -> None:
    assert slope_of(lambda x: np.asarray(np.sum(x**2)), X, 2 * X).right
    assert slope_of(lambda x: np.asarray(x**2), np.asarray(3.0), np.asarray(6.0)).right


def test_the_same_seed_tries_the_same_directions() -> None:
    met: list[list[np.ndarray]] = [[], []]
    for seen in met:
        slope_of(lambda x, seen=seen: seen.append(x) or curve(x), X, gradient(X), DOUT, 7)  # type: ignore[misc]
    assert [x.tolist() for x in met[0]] == [x.tolist() for x in met[1]]
