"""Hidden checks of the theory of gradient descent: what of it are numbers; proofs go to a person.

The path starts at w_1 = 0. Without that the lemma is wrong, and one usually uses it silently.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradlab import Steps, Suite, Threshold

if TYPE_CHECKING:
    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Student

suite = Suite("gradient_descent")


RATE = Steps(
    {
        "eta": lambda B, rho, T: B / (rho * np.sqrt(T)),
        "bound": lambda B, rho, T: B * rho / np.sqrt(T),
        "steps": lambda B, rho, wanted: (B * rho / wanted) ** 2,
        "eta_then": lambda B, rho, steps: B / (rho * np.sqrt(steps)),
    },
    given={"B": 3, "rho": 2, "T": 144, "wanted": 0.1},
    digits=3,
)
# Worked out with the sum in one square, as the reference's comment has it.
EXAMPLE = Steps(
    {
        "w_min": lambda: 0.5,
        "S_min": lambda w_min: (w_min - 0.5) ** 2 + 2.25,
        "slope_1": lambda w_min: w_min - 2,
        "slope_2": lambda w_min: w_min + 1,
        "w_next": lambda w_min, slope_1: w_min - 0.1 * slope_1,
        "S_next": lambda w_next: (w_next - 0.5) ** 2 + 2.25,
        "S_half": lambda w_min, slope_1: (w_min - 0.5 * slope_1 - 0.5) ** 2 + 2.25,
        "S_one": lambda w_min, slope_1: (w_min - slope_1 - 0.5) ** 2 + 2.25,
    },
    digits=4,
)
POSITIVE, ANY = (1e-9, 1e9), (-1e9, 1e9)
OWN = {"a1": POSITIVE, "c1": ANY, "a2": POSITIVE, "c2": ANY, "w": ANY, "eta": POSITIVE}


@suite.check(points=1, question="step")
def proximal_step(student: Student, expect: Expect, draw: Draw) -> None:
    """proximal_step returns the minimiser"""
    w, gradient = student.hold(draw.normal(5), draw.normal(5))
    nearest = student.descent.proximal_step(w, gradient, float(draw.uniform(0.5, 4)))
    expect.close({"minimiser": nearest}, max_error=1e-9)
    expect.unchanged({"w": w, "gradient": gradient}, share=0.5)


@suite.check(points=3, question="lemma")
def descent_lemma(student: Student, expect: Expect, draw: Draw) -> None:
    """descent_lemma returns both sides, and by how much they differ"""
    gradients, w_star, eta = draw.normal(7, 4), draw.normal(4), float(draw.uniform(0.1, 2))
    sides = student.descent.descent_lemma(gradients, w_star, eta)
    expect.close({name: sides[name] for name in ("left", "right", "slack")}, max_error=1e-9)


@suite.check(points=2, question="rate")
def rate_by_hand(student: Student, expect: Expect) -> None:
    """The best rate, its bound, and the steps for a smaller bound, in numbers"""
    expect.answers(student.notebook.rate, RATE)


@suite.check(points=2, question="rate")
def descent_rate(student: Student, expect: Expect, draw: Draw) -> None:
    """descent_rate returns the best rate and its bound"""
    B, rho, T = *map(float, draw.uniform(0.5, 5, 2)), int(draw.integers(2, 1000))
    eta, bound = student.descent.descent_rate(B, rho, T)
    expect.close({"eta": eta, "bound": bound}, max_error=1e-9)


@suite.check(points=4, question="example")
def example_by_hand(student: Student, expect: Expect) -> None:
    """The counter-example in numbers, step by step"""
    expect.answers(student.notebook.example, EXAMPLE)


@suite.check(points=2, question="example")
def counter_example(student: Student, expect: Expect, draw: Draw) -> None:
    """counter_example and sum_after_one_step, at random points"""
    w, eta = float(draw.normal()), float(draw.uniform(0.05, 1.5))
    values, slopes = student.descent.counter_example(w)
    expect.close({"values": values, "slopes": slopes}, max_error=1e-9)
    for term in (0, 1):
        raised = student.descent.sum_after_one_step(eta, term)
        expect.close({f"the sum after a step on term {term}": raised}, max_error=1e-9)


@suite.check(points=2, question="own")
def own_example(student: Student, expect: Expect) -> None:
    """Your own example: a stochastic step raises the sum where a full step lowers it"""
    own = expect.settings("own", student.notebook.own, OWN, share=0)
    falls, rises = judged(**own) if own.keys() == OWN.keys() else (False, False)
    # Nearly every pair falls by a full step: that alone is worth nothing.
    expect.earns("falls with the full step", int(falls), 1, Threshold(100), share=0)
    both = int(falls and rises)
    expect.earns("and rises with the step on the first term", both, 1, Threshold(100))


def judged(a1: float, c1: float, a2: float, c2: float, w: float, eta: float) -> tuple[bool, bool]:
    """Return whether a full step lowers the sum, and whether one on the first term raises it.

    The terms are a/2 (w - c)^2.
    """
    slope_1, slope_2 = a1 * (w - c1), a2 * (w - c2)
    start, full, one = (
        a1 / 2 * (at - c1) ** 2 + a2 / 2 * (at - c2) ** 2
        for at in (w, w - eta * (slope_1 + slope_2), w - eta * slope_1)
    )
    margin = 1e-6 * start  # more than rounding
    return full < start - margin, start + margin < one


suite.written(
    "q-step",
    points=2,
    title="Proof: a step of gradient descent is a minimiser",
    rubric="1 point: the derivative by u is g + lambda (u - w), zero at u = w - g / lambda, and "
    "eta is 1 / lambda. 1 point: it is a minimum and the only one: the function is strictly convex "
    "(second derivative lambda > 0).",
)
suite.written(
    "q-lemma",
    points=4,
    title="Proof: the lemma",
    rubric="1 point: expands |w_{t+1} - w*|^2 with the update. 1 point: solves for "
    "<w_t - w*, v_t> and sums over t. 1 point: the sum telescopes. 1 point: says where w_1 = 0 is "
    "used, and that the last term, -|w_{T+1} - w*|^2 / (2 eta), is dropped because it is not "
    "positive.",
)
suite.written(
    "q-rate",
    points=5,
    title="Proof: the rate",
    rubric="1 point: bounds the lemma's right side by B^2 / (2 eta) + eta T rho^2 / 2. 1 point: "
    "the best eta by the derivative (or by inserting the given one), and B rho sqrt(T). 1 point: "
    "Jensen, f(mean of w_t) <= mean of f(w_t). 1 point: convexity at every single w_t, "
    "f(w_t) - f(w*) <= <w_t - w*, grad f(w_t)>. 1 point: divides by T, and the steps are in this "
    "order. No point for Jensen or convexity where <w_mean - w*, grad f(w_mean)> is put in place "
    "of the mean of <w_t - w*, grad f(w_t)>: a well-known gap.",
)
suite.written(
    "q-example",
    points=3,
    title="Proof: a stochastic step can raise the function",
    rubric="1 point: at the minimum of the sum the terms' slopes are -3/2 and 3/2, not zero. "
    "1 point: the step leads 3/2 eta away, and the sum is (w - 1/2)^2 + 9/4, so it rises by "
    "(3/2 eta)^2. 1 point: that is positive for every eta > 0: no rate however small helps.",
)
