"""The verbs: what they accept, what they refuse and what they say."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from autograder.credit import Staircase
from autograder.expect import Judge
from autograder.finding import Wanted
from autograder.measure import MEASURES, TOLERANCES
from autograder.outline import Absent
from autograder.recorder import Recorder
from gradlab.errors import AuthorMistake

X = np.arange(6.0).reshape(2, 3)


def judged(value: Any, wanted: Any = X, **tolerance: float) -> tuple[Fraction, str]:
    ((measure, bound),) = (tolerance or {"max_error": 1e-7}).items()
    judge = Judge([Wanted("x", 1, wanted, (measure, bound))])
    judge.close({"x": value}, share=1, wanted=None, typical=None, **{measure: bound})
    finding = judge.findings()[0]
    return finding.credit, finding.message


def test_equal_values_earn_without_a_word() -> None:
    assert judged(X.copy()) == (Fraction(1), "")


@pytest.mark.parametrize("measure", TOLERANCES)
def test_every_measure_holds_its_bound(measure: str) -> None:
    near, far = X + 1e-9, X + 1e-3
    assert judged(near, **{measure: 1e-6})[0] == 1 or measure == "rel_error"
    assert judged(far, **{measure: 1e-6})[0] == 0


def test_measures_agree_with_their_formulas() -> None:
    x, y = np.array([1.0, 2.0, 4.5]), np.array([1.0, 2.5, 4.0])
    values = {name: measure.error(x, y) for name, measure in MEASURES.items()}
    assert values == {
        "max_error": 0.5 / 4,
        "max_abs": 0.5,
        "sum_abs": 1.0,
        "rel_error": pytest.approx(0.5 / 4.5),
        "first_digit": 0.5,
        "band": pytest.approx(0.25),
    }


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (X.T, "shape should be (2, 3); yours is (3, 2)"),
        (X * np.nan, "nan; 6 of 6 entries"),
        (np.where(X == 4, np.inf, X), "entry at (1, 1) is infinite; 1 of 6"),
        (X + 1, "6 of 6 entries are off"),
        (X + 1j, "real numbers"),
        (np.array([["a"] * 3] * 2), "real numbers"),
        (Absent("grads['W1'] is missing"), "grads['W1'] is missing"),
    ],
)
def test_messages_name_what_is_wrong_and_never_the_wanted_value(value: Any, words: str) -> None:
    credit, message = judged(value)
    assert credit == 0
    assert words in message
    assert "wanted" not in message


def test_infinities_in_the_wanted_value_are_compared() -> None:
    wanted = np.array([np.inf, 1.0])
    assert judged(wanted.copy(), wanted)[0] == 1
    assert judged(np.array([1.0, 1.0]), wanted)[0] == 0


def test_staff_see_both_values() -> None:
    judge = Judge([Wanted("x", 1, X, ("max_error", 1e-7))])
    judge.close({"x": X + 0.5}, max_error=1e-7)
    assert "got 0.5, wanted 0.0" in judge.findings()[0].staff


def test_tolerance_has_no_default_and_only_one() -> None:
    bad: list[dict[str, float]] = [{}, {"max_error": 1.0, "max_abs": 1.0}, {"about": 1.0}]
    for tolerance in bad:
        with pytest.raises(AuthorMistake, match="exactly one tolerance"):
            Recorder().close({"x": X}, share=1, wanted=None, typical=None, **tolerance)


def test_shares_come_from_the_recording() -> None:
    judge = Judge([Wanted("x", 3, X, ("max_abs", 0.0)), Wanted("never reached", 1)])
    judge.close({"x": X}, share=99, max_abs=0.0)
    assert [(f.share, int(f.credit)) for f in judge.findings()] == [(3, 1), (1, 0)]


def test_a_finding_that_was_not_recorded_is_the_authors_mistake() -> None:
    with pytest.raises(AuthorMistake, match="record again"):
        Judge([]).close({"x": X}, max_abs=0.0)


def test_earns_says_what_was_measured_and_how_it_counts() -> None:
    judge = Judge([Wanted("accuracy", 1)])
    judge.earns("accuracy", 390, 1000, Staircase(28, 50))
    finding = judge.findings()[0]
    assert finding.credit == Fraction(1, 2)
    assert "39.0% (390 of 1000)" in finding.message


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.5, ""),
        (None, "is missing"),
        ("0.5", "plain number"),
        (True, "plain number"),
        (float("nan"), "plain number"),
        (2.0, "between 0 and 1"),
        (0.25, "not what you handed in"),
    ],
)
def test_settings_must_be_numbers_in_bounds_and_true(value: Any, words: str) -> None:
    judge = Judge([Wanted("best.rate", 1)])
    right = judge.settings("best", {"rate": value}, {"rate": (0, 1)}, true_of={"rate": 0.5})
    finding = judge.findings()[0]
    assert right == ({} if words else {"rate": 0.5})
    assert (finding.credit == 1) == (not words)
    assert words in finding.message


class TestRecorder:
    def test_refuses_a_reference_that_gives_nan(self) -> None:
        with pytest.raises(AuthorMistake, match="nan or infinity"):
            Recorder().close({"x": X * np.nan}, max_abs=1.0)

    def test_refuses_a_reference_that_misses_a_given_value(self) -> None:
        with pytest.raises(AuthorMistake, match="misses a given value"):
            Recorder().close({"x": 1.0}, wanted={"x": 2.0}, max_abs=0.5)

    def test_keeps_the_given_value(self) -> None:
        recorder = Recorder()
        recorder.close({"x": 1.9}, wanted={"x": 2.0}, max_abs=0.5)
        assert recorder.findings[0].value == 2.0

    def test_refuses_a_reference_that_does_not_earn_everything(self) -> None:
        with pytest.raises(AuthorMistake, match="does not earn all"):
            Recorder().earns("accuracy", 1, 2, Staircase(28, 90))

    def test_refuses_two_findings_of_one_name(self) -> None:
        recorder = Recorder()
        recorder.close({"x": X}, max_abs=1.0)
        with pytest.raises(AuthorMistake, match="two findings"):
            recorder.close({"x": X}, max_abs=1.0)
