"""The reference's battery: tells a mutant from the reference wherever their values differ.

`gradlab audit` runs it on the mutants that the hidden checks let pass. Nobody is graded by it, so
its inputs may be as odd as they like, and its bounds are those of rounding alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradlab import Suite

if TYPE_CHECKING:
    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Student

suite = Suite("svm battery")

ROUNDING = 1e-10
# Classes, inputs and samples: one of everything, more classes than samples.
SIZES = ((4, 6, 7), (2, 1, 5), (1, 3, 2), (13, 2, 1), (3, 40, 11))


def both(student: Student, expect: Expect, what: str, *given: Any) -> None:
    """Expect loss and gradient of both functions."""
    for form in ("naive", "vectorized"):
        loss, dW = getattr(student.svm, f"svm_loss_{form}")(*given)
        expect.close({f"{what}, {form}: loss": loss, f"{what}, {form}: dW": dW}, max_error=ROUNDING)


@suite.check(points=0, question="naive")
def all_shapes(student: Student, expect: Expect, draw: Draw) -> None:
    """Losses and gradients of all shapes, with and without regularisation"""
    for C, D, N in SIZES:
        W, X, y = draw.normal(C, D), draw.normal(D, N), draw.integers(0, C, N)
        for reg in (0.0, 3.0):
            both(student, expect, f"{C, D, N}, reg = {reg}", W, X, y, reg)


@suite.check(points=0, question="naive")
def odd_inputs(student: Student, expect: Expect, draw: Draw) -> None:
    """Zeros, ties, large and tiny scores, margins exactly met, one class for all, a second call"""
    W, y = draw.normal(4, 6), draw.integers(0, 4, 7)
    for what, X in {
        "zeros": np.zeros((6, 7)),
        "ties": np.ones((6, 7)),
        "large": draw.normal(6, 7, scale=1e4),
        "tiny": draw.normal(6, 7, scale=1e-6),
    }.items():
        both(student, expect, what, W, X, y, 0.3)
        both(student, expect, f"{what}, one class", W, X, np.full(7, 3), 0.0)
    both(student, expect, "at the margin", draw.ties(4, 6), draw.ties(6, 40), draw.labels(40, 4), 0)
    held = student.hold(W, draw.normal(6, 7), y)
    for time in ("first", "second"):
        both(student, expect, time, *held, 0.3)
    expect.unchanged(dict(zip("WXy", held, strict=True)))
