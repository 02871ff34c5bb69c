"""Public checks of the optimisers: steps that can be worked out by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradlab import Suite

if TYPE_CHECKING:
    from autograder.expect import Expect
    from autograder.remote import Student

suite = Suite("optimisers")

# From w = 1 with the gradient 2 and the rate 0.1: w after one, two and three steps.
BY_HAND = {
    "sgd": [0.8, 0.6, 0.4],
    "sgd_momentum": [0.8, 0.42, -0.122],
    "rmsprop": [0.0, -0.7088811, -1.2891302],
    "adam": [0.9, 0.8, 0.7],
}
RATES = [1e-5, 9.5e-6, 9.025e-6, 8.57375e-6, 8.145063e-6, 7.737809e-6]


def three_steps(student: Student, rule: str) -> list[Any]:
    """Return w after one, two and three steps."""
    given: tuple[Any, Any] = np.ones(1), {"learning_rate": 0.1}
    ways = []
    for _ in range(3):
        function = getattr(student.optim, rule)
        reply, kept = student.call_and_keep(function, given[0], np.full(1, 2.0), given[1])
        ways.append(reply[0])
        given = kept[0], kept[1]
    return ways


def expect_by_hand(student: Student, expect: Expect, rule: str) -> None:
    """Expect three steps as worked out by hand, to seven digits."""
    for number, (w, wanted) in enumerate(
        zip(three_steps(student, rule), BY_HAND[rule], strict=True), start=1
    ):
        name = f"w after step {number}"
        expect.close({name: w}, wanted={name: np.array([wanted])}, max_abs=1e-6)


@suite.check(points=0, question="sgd")
def sgd_by_hand(student: Student, expect: Expect) -> None:
    """Three steps of sgd"""
    expect_by_hand(student, expect, "sgd")


@suite.check(points=0, question="momentum")
def momentum_by_hand(student: Student, expect: Expect) -> None:
    """Three steps of sgd_momentum"""
    expect_by_hand(student, expect, "sgd_momentum")


@suite.check(points=0, question="rmsprop")
def rmsprop_by_hand(student: Student, expect: Expect) -> None:
    """Three steps of rmsprop"""
    expect_by_hand(student, expect, "rmsprop")


@suite.check(points=0, question="adam")
def adam_by_hand(student: Student, expect: Expect) -> None:
    """Three steps of adam"""
    expect_by_hand(student, expect, "adam")


@suite.check(points=0, question="schedules")
def first_rates(student: Student, expect: Expect) -> None:
    """exponential_decay gives the notebook's rates, and the other two are right"""
    schedules, epochs = student.schedules, np.arange(6)
    rates = schedules.exponential_decay(1e-5, 0.95, epochs)
    expect.close({"exponential": rates}, wanted={"exponential": RATES}, max_error=1e-6)
    expect.close({"step": schedules.step_decay(1.0, 0.5, 2, epochs)}, max_error=1e-9)
    expect.close({"cosine": schedules.cosine_decay(1.0, 5, epochs)}, max_error=1e-9)
