"""What a wrong value looks like, and what is never said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from autograder.expect import Judge
from autograder.finding import Wanted
from autograder.hints import RECOGNISERS, Context, hint

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Y = np.random.RandomState(3).standard_normal((4, 5))
SQUARE = np.random.RandomState(4).standard_normal((4, 4))
CUBE = np.random.RandomState(5).standard_normal((2, 3, 4))
ROW = np.random.RandomState(6).standard_normal(5)
MASKED = np.where(Y > 0, Y, 0)
STACKED = np.random.RandomState(7).standard_normal((6, 5))

CASES: dict[str, tuple[ArrayLike, ArrayLike, str]] = {
    "twice": (2 * Y, Y, "2 times too large"),
    "half": (Y / 2, Y, "2 times too small"),
    "a sum for a mean": (7 * Y, Y, "7 times too large. A sum for a mean"),
    "a mean for a sum": (Y / 7, Y, "7 times too small"),
    "a factor that no mean has": (3e6 * Y, Y, "same factor everywhere"),
    "sign": (-Y, Y, "sign is the other way round"),
    "sign and twice": (-2 * Y, Y, "2 times too large and of the other sign"),
    "another factor": (0.3 * Y, Y, "same factor everywhere"),
    "transposed, square": (SQUARE.T, SQUARE, "transpose"),
    "transposed, another shape": (Y.T, Y, "transpose"),
    "permuted axes": (CUBE.transpose(1, 2, 0), CUBE, "axes are in another order"),
    "permuted axes, one shape": (
        np.swapaxes(np.arange(8.0).reshape(2, 2, 2), 0, 1), np.arange(8.0).reshape(2, 2, 2),
        "axes are in another order",
    ),
    "(1, M) for (M,)": (ROW[None], ROW, "axis of length 1 too many or too few and the numbers"),
    "(M,) for (1, M), and wrong": (2 * ROW, ROW[None], "axis of length 1 too many"),
    "flat": (Y.ravel(), Y, "give them the shape"),
    "not summed": (STACKED, STACKED.sum(axis=0), "A sum over one axis is missing"),
    "summed too far": (Y.sum(axis=0), Y, "summed or averaged away"),
    "float32": (Y.astype(np.float32) * np.float32(1.00001), Y, "in float32"),
    "an epsilon": (Y + 1e-8, Y, "nearly right"),
    "off by the same amount": (Y + 0.25, Y, "same amount everywhere"),
    "off by 1": (3.5, 2.5, "off by 1"),
    "nan": (np.where(Y > 1, np.nan, Y), Y, "largest score before exp"),
    "overflow": (np.where(Y > 1, np.inf, Y), Y, "exp of a large number"),
    "zeros": (0 * Y, Y, "All entries are 0"),
    "some signs": (np.abs(Y), Y, "Only some signs"),
    "no mask": (Y, MASKED, "is a mask missing"),
    "masked too much": (np.where(Y > 1, Y, 0), MASKED, "never filled in"),
    "whole numbers": (np.trunc(3 * Y), 3 * Y, "fractions are cut off"),
    "in another order": (Y[::-1], Y, "stand in other places"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_students_do_is_recognised(case: str) -> None:
    got, wanted, words = CASES[case]
    assert words in (hint(np.asarray(got), np.asarray(wanted)) or "")


NOT = {
    "another array": (SQUARE, SQUARE[::-1] * 1.7 + SQUARE),
    "a scalar's ratio means nothing": (np.asarray(0.7), np.asarray(1.3)),
    "a scalar's difference means nothing": (np.asarray(0.7), np.asarray(0.2)),
    "another size": (Y, CUBE),
    "a factor that is no number": (np.where(Y > 0, 1.7e308, -1.6e308), Y),
    "a factor below all numbers": (1e-309 * Y, Y),
    "nothing wanted": (np.zeros(0), np.zeros(0)),
    "truth values as text": (np.array(["a"]), np.zeros(1)),
}


@pytest.mark.parametrize("case", NOT)
def test_what_looks_like_nothing_gets_no_hint(case: str) -> None:
    assert hint(*NOT[case]) is None


def test_random_arrays_get_no_hint() -> None:
    random = np.random.RandomState(0)
    shapes = [(3,), (4, 4), (2, 3, 4)]
    pairs = [(random.randn(*s), random.randn(*s)) for s in shapes for _ in range(200)]
    assert [hint(x, y) for x, y in pairs if hint(x, y)] == []


def test_no_hint_shows_a_wanted_number() -> None:
    for got, wanted, _ in CASES.values():
        said = hint(np.asarray(got), np.asarray(wanted)) or ""
        numbers = {f"{number:.3g}" for number in np.ravel(wanted) if not float(number).is_integer()}
        assert not any(number in said for number in numbers)


@pytest.mark.parametrize(
    ("history", "words"),
    [
        ([1.0, 0.5, 0.25], "first entry is off already"),
        ([2.0, 0.5, 0.25], "first entry is right and the second is not"),
        ([2.0, 1.0, 0.6], "first 2 entries are right"),
        ([2.0, 1.0, 0.5, 0.3], "one loss"),
    ],
)
def test_a_history_says_where_it_departs(history: list[float], words: str) -> None:
    said = hint(np.array(history), np.array([2.0, 1.0, 0.5]), Context("history")) or ""
    assert words.lower() in said.lower()


def test_a_history_where_a_number_is_wanted_gets_no_hint() -> None:
    assert hint(np.ones(3), np.array(2.0), Context("history")) is None


def test_every_recogniser_has_a_case() -> None:
    seen = set()
    for got, wanted, _ in CASES.values():
        x, y = np.asarray(got, np.float64), np.asarray(wanted, np.float64)
        fits = [r for r in RECOGNISERS if r.same_shape == (x.shape == y.shape)]
        with np.errstate(all="ignore"):
            seen |= {next((r for r in fits if r.see(x, y)), None)}
    assert set(RECOGNISERS) <= seen


def test_large_arrays_cost_nothing() -> None:
    large = np.ones((1 << 18) + 1)
    assert hint(2 * large, large) is None


def test_a_finding_carries_the_hint_beside_the_message() -> None:
    judge = Judge([Wanted("dw", 1, Y, ("max_error", 1e-7))])
    judge.close({"dw": 2 * Y}, max_error=1e-7)
    (finding,) = judge.findings()
    assert "2 times" in finding.hint
    assert "2 times" not in finding.message
