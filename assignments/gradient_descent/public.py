"""Public checks of the theory of gradient descent: small numbers that are easy to follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradlab import Steps, Suite

if TYPE_CHECKING:
    from autograder.expect import Expect
    from autograder.remote import Student

suite = Suite("gradient_descent")


@suite.check(points=0, question="step")
def toy_step(student: Student, expect: Expect) -> None:
    """proximal_step: from (1, 2) with the gradient (4, -2) and lam = 2"""
    nearest = student.descent.proximal_step(np.array([1.0, 2.0]), np.array([4.0, -2.0]), 2.0)
    expect.close({"minimiser": nearest}, max_abs=1e-12)


@suite.check(points=0, question="lemma")
def toy_lemma(student: Student, expect: Expect) -> None:
    """descent_lemma: left, right and slack for two steps in the plane, to 1e-12"""
    gradients, w_star = np.array([[2.0, 0.0], [1.0, -1.0]]), np.array([1.0, 3.0])
    sides = student.descent.descent_lemma(gradients, w_star, 0.5)
    expect.close({name: sides[name] for name in ("left", "right", "slack")}, max_abs=1e-12)


@suite.check(points=0, question="rate")
def toy_rate(student: Student, expect: Expect) -> None:
    """Your numbers can be read, and the bound for 144 steps is 1/2"""
    expect.answers(student.notebook.rate, Steps({"bound": lambda: 0.5}))


@suite.check(points=0, question="rate")
def toy_descent_rate(student: Student, expect: Expect) -> None:
    """descent_rate: rate and bound for B = 1, rho = 1 and T = 4, to 1e-12"""
    eta, bound = student.descent.descent_rate(1.0, 1.0, 4)
    expect.close({"eta": eta, "bound": bound}, max_abs=1e-12)


@suite.check(points=0, question="example")
def toy_example(student: Student, expect: Expect) -> None:
    """Your numbers can be read, and the sum's smallest value is 9/4"""
    expect.answers(student.notebook.example, Steps({"S_min": lambda: 2.25}))


@suite.check(points=0, question="example")
def toy_counter_example(student: Student, expect: Expect) -> None:
    """counter_example at w = 3, and the sum after a step with eta = 0.1: 2.2725"""
    values, slopes = student.descent.counter_example(3.0)
    expect.close({"values": values, "slopes": slopes}, max_abs=1e-12)
    wanted = {"the sum after a step": 2.2725}
    after = {"the sum after a step": student.descent.sum_after_one_step(0.1, 0)}
    expect.close(after, wanted=wanted, max_abs=1e-12)


@suite.check(points=0, question="own")
def toy_own(student: Student, expect: Expect) -> None:
    """Your own example holds six numbers"""
    bounds = dict.fromkeys(("a1", "c1", "a2", "c2", "w", "eta"), (-1e6, 1e6))
    expect.settings("own", student.notebook.own, bounds)
