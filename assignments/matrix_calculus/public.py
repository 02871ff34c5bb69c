"""Public checks of the two derivations: values at the notebook's points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradlab import Suite

if TYPE_CHECKING:
    from autograder.expect import Expect
    from autograder.remote import Student

suite = Suite("matrix_calculus")


@suite.check(points=0, question="example")
def toy_example(student: Student, expect: Expect) -> None:
    """W_zero and x_zero are arrays of numbers"""
    for name in ("W_zero", "x_zero"):
        value = np.asarray(getattr(student.notebook, name))
        expect.close({f"{name} is finite": np.isfinite(value).all()}, max_abs=0)


@suite.check(points=0, question="autoencoder")
def toy_autoencoder(student: Student, expect: Expect) -> None:
    """autoencoder_steps: code, error and gradient; the errors should be below 1e-7"""
    random = np.random.RandomState(0)
    steps = student.calculus.autoencoder_steps(random.randn(3, 5), random.randn(5, 1))
    expect.close({name: steps[name] for name in ("code", "error", "gradient")}, rel_error=1e-7)


@suite.check(points=0, question="latent")
def toy_latent(student: Student, expect: Expect) -> None:
    """gplvm_steps: both gradients by X and their sum; the errors should be below 1e-7"""
    random = np.random.RandomState(1)
    steps = student.calculus.gplvm_steps(random.randn(6, 2), random.randn(6, 4), 0.7, 1.9)
    expect.close({name: steps[name] for name in ("dL1_dX", "dL2_dX", "dL_dX")}, rel_error=1e-7)
