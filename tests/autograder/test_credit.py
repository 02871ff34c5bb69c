"""Credit curves, at the corners where floats go wrong."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.credit import Curve, Ramp, Staircase, Threshold


@pytest.mark.parametrize(
    ("right", "credit"),
    [
        (227, Fraction(0)),
        (279, Fraction(0)),
        (283, Fraction(0)),
        (290, Fraction(1, 22)),  # 0.29 * 100 is 28.999999999999996 in floats
        (390, Fraction(1, 2)),
        (469, Fraction(18, 22)),
        (499, Fraction(21, 22)),
        (500, Fraction(1)),
        (513, Fraction(1)),
    ],
)
def test_staircase_of_whole_percents(right: int, credit: Fraction) -> None:
    assert Staircase(28, 50).credit(Fraction(right, 1000)) == credit


def test_ramp_is_linear_between_its_ends() -> None:
    ramp = Ramp(28, 50)
    wanted = {227: Fraction(0), 390: Fraction(1, 2), 499: Fraction(219, 220), 500: Fraction(1)}
    assert {n: ramp.credit(Fraction(n, 1000)) for n in wanted} == wanted


def test_threshold_counts_from_its_percent_on() -> None:
    assert [Threshold(40).credit(Fraction(n, 1000)) for n in (399, 400)] == [0, 1]


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_every_curve_stays_in_bounds_and_never_falls(a: int, b: int) -> None:
    low, high = sorted((Fraction(a, 1000), Fraction(b, 1000)))
    curves: list[Curve] = [Staircase(28, 50), Ramp(28, 50), Threshold(40)]
    for curve in curves:
        assert 0 <= curve.credit(low) <= curve.credit(high) <= 1
