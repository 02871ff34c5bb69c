"""The reference's battery: tells a mutant from the reference wherever their values differ.

`gradlab audit` runs it on the mutants that the hidden checks let pass. Nobody is graded by it, so
its inputs may be as odd as they like, and its bounds are those of rounding alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlab import Suite

if TYPE_CHECKING:
    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Student

suite = Suite("convnet battery")

ROUNDING = 1e-10
# Samples, channels, height, width, filters, their size, classes.
GEOMETRIES = ((1, 1, 2, 2, 1, 1, 2), (3, 2, 6, 4, 3, 3, 5), (2, 3, 4, 8, 2, 5, 3))


@suite.check(points=0, question="gradients", cpu_s=10)
def nets(student: Student, expect: Expect, draw: Draw) -> None:
    """Scores, losses and gradients of all geometries; inputs stay as they are"""
    for N, K, H, W, F, S, C in GEOMETRIES:
        shapes = {"W1": (F, K, S, S), "b1": (F,), "W2": (F * H * W // 4, C), "b2": (C,)}
        model = {name: student.hold(draw.normal(*shape)) for name, shape in shapes.items()}
        X, y = student.hold(draw.normal(N, K, H, W)), draw.integers(0, C, N)
        net, name = student.convnet.two_layer_convnet, f"{N, K, H, W, F, S, C}"
        for reg in (0.0, 0.3, 40.0):
            loss, grads = net(X, model, y, reg)
            found = {"loss": loss, **{key: grads[key] for key in shapes}}
            expect.close({f"{name} {reg}: {k}": v for k, v in found.items()}, max_error=ROUNDING)
        expect.close({f"{name}: scores": net(X, model)}, max_error=ROUNDING)
        expect.close({f"{name}: default": net(X, model, y)[0]}, max_error=ROUNDING)
        expect.unchanged({f"{name}: {k}": v for k, v in {"X": X, **model}.items()})
