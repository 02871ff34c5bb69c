"""What a check asks for, as it declares it: one case for each verb."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from autograder.answers import Steps
from autograder.credit import Ramp, Staircase
from autograder.criteria import TERMS, Criterion, Listener
from tests.autograder.trying import record

if TYPE_CHECKING:
    from collections.abc import Callable

WORK = """
import numpy as np

def double(x):
    return 2 * x

def loss(w):
    return float((w ** 2).sum()), {"w": 2 * w}

def forward(x):
    return x ** 2, x

def backward(dout, cache):
    return 2 * cache * dout

answers = {"a": 2.0, "b": 4.0}
"""


def heard(check: Callable[..., None]) -> list[Criterion]:
    listener = Listener()
    record(check, WORK, recorder=listener)
    return listener.heard


def test_close_says_its_tolerance_and_the_mistakes_that_it_knows() -> None:
    def check(student: Any, expect: Any) -> None:
        values = {"y": student.work.double(3.0), "z": student.work.double(1.0)}
        typical = {"Is it doubled twice?": {"y": 12.0}}
        expect.close(values, share=2, typical=typical, max_abs=1e-6)
        expect.close({"exact": student.work.double(2)}, max_abs=0)

    assert heard(check) == [
        Criterion(
            "y", 2, "largest absolute error at most 1e-06", typical=("Is it doubled twice?",)
        ),
        Criterion("z", 2, "largest absolute error at most 1e-06"),
        Criterion("exact", 1, "exactly the reference's"),
    ]


def test_curves_bounds_and_the_leaderboard() -> None:
    def check(expect: Any) -> None:
        expect.earns("accuracy", 60, 100, Staircase(28, 50))
        expect.earns("error", 9, 10, Ramp(10, 50), share=0.5)
        bounds = {"hidden": (50, 50), "rate": (1e-7, 1)}
        settings = {"hidden": 50, "rate": 0.1}
        expect.settings("best", settings, bounds, true_of={"hidden": 50})
        expect.leaderboard("test accuracy", 0.6)

    stairs, ramp, hidden, rate, board = heard(check)
    assert stairs.terms == str(Staircase(28, 50))
    assert (ramp.terms, ramp.share) == (str(Ramp(10, 50)), 0.5)
    assert (hidden.name, hidden.terms) == ("best.hidden", "50, and true of what was handed in")
    assert rate.terms == "from 1e-07 to 1"
    assert (board.name, board.share) == ("test accuracy", None)


def test_histories_say_whether_every_entry_counts() -> None:
    def check(expect: Any) -> None:
        expect.trajectory("losses", [3.0, 2.0, 1.0], max_abs=0.1)
        expect.trajectory("means", [3.0, 2.0, 1.0, 0.5], window=2, band=0.2)

    every, means = heard(check)
    assert every.terms == "largest absolute error at most 0.1; every entry"
    assert means.terms.endswith("at most 0.2; means over 2 entries")


def test_gradients_say_what_is_earned_where_the_loss_is_wrong() -> None:
    def check(student: Any, expect: Any) -> None:
        x = np.array([1.0, 2.0])
        work = student.work
        expect.gradients(work.loss, {"w": x}, consistent=Fraction(1, 4), max_error=1e-7)
        expect.gradients(
            work.forward, {"x": x}, name="both:", backward=work.backward, dout=x, max_error=1e-7
        )

    loss, grad, contract, out, dx, _ = heard(check)
    tolerance = "largest error, relative to the largest entry, at most 1e-07"
    assert (loss.share, loss.terms) == (0, tolerance)
    part = "one that fits a forward pass that is itself wrong earns 0.25 of its share"
    assert (grad.name, grad.terms) == ("grads['w']", f"{tolerance}; {part}")
    assert contract.withholds
    assert contract.terms.startswith("inputs stay as they are")
    assert [out.name, dx.name, dx.terms] == ["both: out", "both: dx", tolerance]


def test_mistakes_of_a_gradient_are_known_by_its_input() -> None:
    def check(student: Any, expect: Any) -> None:
        x = np.array([1.0, 2.0])
        work = student.work
        typical = {"Is it doubled twice?": {"w": 4 * x}, "Of something else.": {"b": x}}
        expect.gradients(work.loss, {"w": x}, name="small", typical=typical, max_error=1e-7)
        typical = {"Where is dout?": {"x": 2 * x}}
        work = {"backward": work.backward, "typical": typical}
        expect.gradients(student.work.forward, {"x": x}, dout=x, max_error=1e-7, **work)

    told = {item.name: item.typical for item in heard(check) if item.typical}
    assert told == {"small grads['w']": ("Is it doubled twice?",), "dx": ("Where is dout?",)}


def test_what_can_only_take_away() -> None:
    def check(student: Any, expect: Any) -> None:
        held = student.hold(np.ones(3))
        expect.close({"y": student.work.double(held)}, max_abs=0.1)
        expect.unchanged({"x": held})
        expect.without(student.work.double, loops=True, calls=["np.dot", "sum"], imports=["torch"])
        expect.faster("double", lambda: None, lambda: np.ones(200_000).sum(), ratio=1, share=3)
        expect.slope(student.work.loss, {"w": np.ones(2)}, {"w": 2 * np.ones(2)})

    _, unchanged, without, faster, slope = heard(check)
    assert all(item.withholds for item in (unchanged, without, faster, slope))
    assert without.terms == "no loops, no call of np.dot, sum, no import of torch"
    assert (faster.terms, faster.share) == ("at least 1 times as fast", 3)
    assert "1e-06 in float64, 0.01 in float32" in slope.terms


def test_answers_say_what_follows_from_ones_own() -> None:
    steps = Steps({"a": lambda: 2.0, "b": lambda a: 2 * a})

    def check(student: Any, expect: Any) -> None:
        expect.answers(student.notebook.answers, steps, shares={"b": 2}, follow=0.5)

    first, second = heard(check)
    assert (first.name, first.share, second.share) == ("a", 1, 2)
    assert second.terms.endswith("from the student's own earlier values earns 0.5 of its share")


@pytest.mark.parametrize("verb", TERMS)
def test_every_word_is_a_verb(verb: str) -> None:
    assert callable(getattr(Listener(), verb))


def test_every_verb_has_words() -> None:
    verbs = {name for name in dir(Listener) if not name.startswith("_")}
    assert verbs - {"attend", "clock", "thorough", "refuse_unearned"} == set(TERMS)
