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

suite = Suite("backprop_by_hand battery")

ROUNDING = 1e-10
SIZES = ((1, 1, 1), (2, 2, 1), (5, 1, 3), (1, 6, 1), (3, 3, 3))  # inputs, hidden units, outputs
VALUES = ("z1", "x1", "z2", "x2", "loss")
GRADS = ("dloss_dx2", "delta2", "delta1", "W1", "b1", "W2", "b2")


@suite.check(points=0, question="code")
def all_shapes(student: Student, expect: Expect, draw: Draw) -> None:
    """Values and derivatives of all shapes and sizes, from zeros, and from a given first factor"""
    module = student.hand_net
    for D, H, C in SIZES:
        shapes = {"W1": (H, D), "b1": (H,), "W2": (C, H), "b2": (C,)}
        for scale in (0.0, 1.0, 30.0):
            params = {name: scale * draw.normal(*shape) for name, shape in shapes.items()}
            x0, y = draw.normal(D), draw.normal(C)
            values = module.hand_forward(params, x0, y)
            given = np.zeros(C) if scale else draw.normal(C)
            both = {
                "": module.hand_backward(params, x0, y),
                "given": module.hand_backward(params, x0, y, given),
            }
            what = f"{D, H, C}, scale {scale:g}"
            expect.close({f"{what}: {n}": values[n] for n in VALUES}, max_error=ROUNDING)
            for which, grads in both.items():
                found = {f"{what}: {which} {n}": grads[n] for n in GRADS}
                expect.close(found, max_error=ROUNDING)


@suite.check(points=0, question="code")
def untouched(student: Student, expect: Expect, draw: Draw) -> None:
    """A second call gives the same, and inputs stay as they are"""
    shapes = {"W1": (4, 3), "b1": (4,), "W2": (2, 4), "b2": (2,)}
    held = student.hold(*(draw.normal(*shape) for shape in shapes.values()))
    params = dict(zip(shapes, held, strict=True))
    x0, y, given = student.hold(draw.normal(3), draw.normal(2), draw.normal(2))
    for time in ("first", "second"):
        grads = student.hand_net.hand_backward(params, x0, y, given)
        expect.close({f"{time}: {name}": grads[name] for name in GRADS}, max_error=ROUNDING)
    expect.unchanged({**params, "x0": x0, "y": y, "given": given})
