"""Numeric gradients and the pictures' grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from nndl.gradient_check import (
    eval_numerical_gradient,
    eval_numerical_gradient_array,
    grad_check_sparse,
    rel_error,
)
from nndl.vis_utils import visualize_grid

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("x", "y", "wanted"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0.0),
        ([1.0, 3.0], [1.0, 1.0], 0.5),
        ([1.0], [-1.0], 1.0),
        ([1e-10], [0.0], 1e-2),  # measured against the floor of 1e-8
        ([0.0], [0.0], 0.0),
    ],
)
def test_rel_error(x: list[float], y: list[float], wanted: float) -> None:
    assert rel_error(np.array(x), np.array(y)) == pytest.approx(wanted)


def test_gradient_of_a_scalar_function_with_restored_input(
    capsys: pytest.CaptureFixture[str],
) -> None:
    x = np.random.RandomState(0).randn(2, 3)
    kept = x.copy()
    gradient = eval_numerical_gradient(lambda x: float(np.sum(x**3)), x)
    np.testing.assert_allclose(gradient, 3 * kept**2, atol=1e-8)
    np.testing.assert_array_equal(x, kept)
    assert len(capsys.readouterr().out.splitlines()) == x.size


def test_a_function_may_read_the_array_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    x = np.array([1.0, 2.0])
    gradient = eval_numerical_gradient(lambda _: float(x[0] * x[1]), x, verbose=False)
    np.testing.assert_allclose(gradient, [2.0, 1.0])
    assert capsys.readouterr().out == ""


def test_gradient_through_an_array_function() -> None:
    rng = np.random.RandomState(0)
    x, w, df = rng.randn(2, 3), rng.randn(3, 4), rng.randn(2, 4)
    gradient = eval_numerical_gradient_array(lambda x: x @ w, x, df)
    np.testing.assert_allclose(gradient, df @ w.T, atol=1e-8)


def test_gradient_of_a_function_that_returns_its_argument() -> None:
    gradient = eval_numerical_gradient_array(lambda x: x, np.ones(3), np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(gradient, [1.0, 2.0, 3.0])


@pytest.mark.parametrize(("factor", "small"), [(1.0, True), (2.0, False)])
def test_sparse_check_tells_right_from_wrong(
    factor: float, *, small: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    x = np.random.RandomState(0).rand(4, 5) + 1
    grad_check_sparse(lambda x: float(np.sum(x**2)), x, factor * 2 * x, num_checks=5)
    errors = [float(line.split()[-1]) for line in capsys.readouterr().out.splitlines()]
    assert len(errors) == 5
    assert all((error < 1e-6) is small for error in errors)


def test_a_grid_holds_every_picture_stretched_and_apart() -> None:
    pictures = np.random.RandomState(0).randn(5, 2, 3, 1)
    grid = visualize_grid(pictures, ubound=100.0, padding=1)
    assert grid.shape == (3 * 2 + 2, 3 * 3 + 2, 1)
    for place, picture in enumerate(pictures):
        top, left = place // 3 * 3, place % 3 * 4
        wanted = 100 * (picture - picture.min()) / (picture.max() - picture.min())
        np.testing.assert_allclose(grid[top : top + 2, left : left + 3], wanted)
    assert not grid[2].any()
    assert not grid[:, 3].any()
    assert not grid[6:].any()


def test_a_flat_picture_is_black() -> None:
    assert not visualize_grid(np.full((1, 4, 4, 3), 7.0)).any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: eval_numerical_gradient(np.sum, x.astype(int), verbose=False), "not int64"),
        (lambda x: eval_numerical_gradient_array(np.sin, x.astype(int), x), "not int64"),
        (lambda x: eval_numerical_gradient_array(np.sin, x, x[:1]), r"df has shape \(1,\), f\(x\)"),
        (lambda x: grad_check_sparse(np.sum, x.astype(int), x), "not int64"),
        (lambda x: grad_check_sparse(np.sum, x, x[:1]), r"gradient has shape \(1,\), x has \(2,\)"),
    ],
)
def test_what_cannot_be_checked(call: Callable[[np.ndarray], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(np.array([1.0, 2.0]))
