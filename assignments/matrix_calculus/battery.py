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

suite = Suite("matrix_calculus battery")

ROUNDING = 1e-9
PATHS = ("code", "error", "dL_dcode", "outer_path", "inner_path", "gradient")
LATENT = ("dL1_dK", "dL1_dX", "dL2_dK", "dL2_dX", "dL_dX")


@suite.check(points=0, question="autoencoder")
def autoencoders(student: Student, expect: Expect, draw: Draw) -> None:
    """All steps for all shapes; a second call; inputs stay as they are"""
    for m, n in ((1, 1), (1, 4), (3, 5), (5, 5), (6, 2)):
        W, x = student.hold(draw.normal(m, n), draw.normal(n, 1))
        for time in ("first", "second"):
            steps = student.calculus.autoencoder_steps(W, x)
            what = f"{m, n}, {time}"
            expect.close({f"{what}: {name}": steps[name] for name in PATHS}, max_error=ROUNDING)
        expect.unchanged({f"W, {m, n}": W, f"x, {m, n}": x})


@suite.check(points=0, question="latent")
def latents(student: Student, expect: Expect, draw: Draw) -> None:
    """All steps for all shapes and scales; a second call; inputs stay as they are"""
    for N, Q, D, alpha, beta in ((1, 1, 1, 1.0, 1.0), (5, 2, 3, 0.1, 9.0), (4, 6, 2, 3.0, 0.2)):
        X, Y = student.hold(draw.normal(N, Q), draw.normal(N, D))
        for time in ("first", "second"):
            steps = student.calculus.gplvm_steps(X, Y, alpha, beta)
            what = f"{N, Q, D}, {time}"
            expect.close({f"{what}: {name}": steps[name] for name in LATENT}, max_error=ROUNDING)
        expect.unchanged({f"X, {N, Q, D}": X, f"Y, {N, Q, D}": Y})
