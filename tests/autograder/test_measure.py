"""Comparisons: what is said, what keeps its marks, what is never said."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.measure import FLOAT32_BOUND, compare, is_float32

Y = np.random.RandomState(0).standard_normal((3, 4))
TIGHT = ("max_error", 1e-9)


def test_a_message_says_what_came_and_what_was_allowed() -> None:
    x = Y.copy()
    x[1, 2:] += 0.5
    verdict = compare("dw", x, Y, TIGHT)
    for words in ("dw: ", "allowed is 1e-09", "2 of 12 entries are off (16.7 %)", "(1, 2)"):
        assert words in verdict.message
    assert "float64 of shape (3, 4)" in verdict.message
    assert "wanted" in verdict.staff


@pytest.mark.parametrize(
    "value",
    [
        Y.astype(np.float32),
        Y.astype(np.float32).astype(np.float64),
        (Y.astype(np.float32) * np.float32(1 + 2e-6)).astype(np.float32),
    ],
)
def test_float32_keeps_its_marks(value: np.ndarray) -> None:
    assert compare("x", value, Y, TIGHT).right
    assert compare("x", value, Y, ("max_abs", 1e-12)).right


def test_float32_is_no_excuse() -> None:
    wrong = (Y * (1 + 10 * FLOAT32_BOUND)).astype(np.float32)
    verdict = compare("x", wrong, Y, TIGHT)
    assert not verdict.right
    assert "yours is float32" in verdict.message
    assert not compare("x", np.zeros_like(Y), Y, TIGHT).right
    assert not compare("x", np.round(Y, 1), Y, TIGHT).right


def test_what_float32_can_hold_is_told_apart() -> None:
    assert is_float32(np.array([0.5, 1.0]))
    assert not is_float32(np.array([0.1]))
    exact = np.array([1.0, 2.0])  # then the bound is the author's alone
    assert not compare("labels", exact + 1e-7, exact, ("max_abs", 0.0)).right


@pytest.mark.parametrize("value", [2.5, np.float64(2.5), np.array(2.5), np.float32(2.5)])
def test_numbers_of_any_kind(value: object) -> None:
    assert compare("loss", value, 2.5, ("max_abs", 0.0)).right


def test_infinities_do_not_hide_other_entries() -> None:
    wanted = np.array([np.inf, 1.0, 2.0])
    assert compare("x", wanted, wanted, TIGHT).right
    assert not compare("x", np.array([np.inf, 1.0, 3.0]), wanted, TIGHT).right
    assert "infinite" in compare("x", np.array([-np.inf, 1.0, 2.0]), wanted, TIGHT).message


@pytest.mark.parametrize(
    ("x", "y", "bound", "right"),
    [
        (0.2748, 0.27481, 1e-3, True),
        (0.2748, 0.27591, 1e-3, False),
        (0.27, 0.2748, 1e-1, True),
        (-0.2748, 0.2748, 1e-3, False),
        (9.99e8, 1e9, 1e-2, True),
        (0.0, 0.0, 1e-3, True),
    ],
)
def test_significant_digits(x: float, y: float, bound: float, *, right: bool) -> None:
    assert compare("z", x, y, ("first_digit", bound * 1.001)).right is right


def test_a_zero_entry_is_measured_by_the_largest() -> None:
    wanted = np.array([0.0, 5.0])
    assert compare("z", np.array([0.004, 5.0]), wanted, ("first_digit", 1e-2)).right
    assert not compare("z", np.array([0.4, 5.0]), wanted, ("first_digit", 1e-2)).right


@pytest.mark.parametrize(("x", "right"), [(1.1, True), (0.9, True), (1.3, False), (-1.0, False)])
def test_a_band_is_a_ratio(x: float, *, right: bool) -> None:
    assert compare("h", np.array([x]), np.array([1.0]), ("band", 0.2)).right is right
