"""The reference's battery: tells a mutant from the reference wherever their values differ.

`gradlab audit` runs it on the mutants that the hidden checks let pass. Nobody is graded by it, so
its inputs may be as odd as they like, and its bounds are those of rounding alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradlab import Suite

if TYPE_CHECKING:
    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Student

suite = Suite("gradient_descent battery")

ROUNDING = 1e-10


@suite.check(points=0, question="step")
def steps(student: Student, expect: Expect, draw: Draw) -> None:
    """Minimisers of all sizes; inputs stay as they are"""
    for size, lam in ((1, 0.01), (2, 1.0), (30, 1000.0)):
        w, gradient = student.hold(draw.normal(size), draw.normal(size))
        for time in ("first", "second"):
            nearest = student.descent.proximal_step(w, gradient, lam)
            expect.close({f"{size}, {lam}, {time}": nearest}, max_error=ROUNDING)
        expect.unchanged({f"w, {size}": w, f"gradient, {size}": gradient})


@suite.check(points=0, question="lemma")
def lemmas(student: Student, expect: Expect, draw: Draw) -> None:
    """Both sides for one step and many, and for gradients of zero"""
    for T, d in ((1, 1), (1, 3), (20, 1), (50, 6)):
        for scale, eta in ((0.0, 1.0), (1.0, 0.01), (100.0, 5.0)):
            gradients, w_star = student.hold(draw.normal(T, d, scale=scale), draw.normal(d))
            sides = student.descent.descent_lemma(gradients, w_star, eta)
            what = f"{T, d}, scale {scale}"
            found = {f"{what}: {name}": sides[name] for name in ("left", "right", "slack")}
            expect.close(found, max_error=ROUNDING)
            expect.unchanged({f"{what}: gradients": gradients, f"{what}: w*": w_star})


@suite.check(points=0, question="rate")
def rates(student: Student, expect: Expect, draw: Draw) -> None:
    """Rates and bounds from one step to a million"""
    for T in (1, 2, 10, 10**6):
        B, rho = map(float, draw.uniform(0.01, 100, 2))
        eta, bound = student.descent.descent_rate(B, rho, T)
        expect.close({f"{T}: eta": eta, f"{T}: bound": bound}, max_error=ROUNDING)


@suite.check(points=0, question="example")
def examples(student: Student, expect: Expect) -> None:
    """Values and slopes at many points, and sums after steps of many sizes"""
    for w in np.linspace(-4, 4, 17).tolist():
        values, slopes = student.descent.counter_example(w)
        expect.close({f"{w}: values": values, f"{w}: slopes": slopes}, max_error=ROUNDING)
    for eta in (0.0, 0.1, 0.5, 1.0, 4.0):
        for term in (0, 1):
            raised = student.descent.sum_after_one_step(eta, term)
            expect.close({f"{eta}, term {term}": raised}, max_error=ROUNDING)
