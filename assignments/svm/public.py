"""Public checks of the multiclass hinge loss: the notebook's toy problem."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradlab import Suite

if TYPE_CHECKING:
    from autograder.expect import Expect
    from autograder.remote import Student

suite = Suite("svm")

LOSS_WITHOUT = 1.9100001218074991
LOSS_WITH = 2.523454667262045


def toy() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the notebook's weights, samples (as columns) and labels."""
    W = np.linspace(-0.3, 0.5, 12).reshape(3, 4)
    return W, np.random.RandomState(10).randn(4, 6), np.array([0, 2, 1, 1, 0, 2])


def both_losses(student: Student, expect: Expect, form: str) -> None:
    """Expect the notebook's losses of one of the two functions."""
    W, X, y = toy()
    function = getattr(student.svm, f"svm_loss_{form}")
    plain, _ = function(W, X, y, 0.0)
    regularized, _ = function(W, X, y, 0.7)
    wanted = {"loss": LOSS_WITHOUT, "loss with reg = 0.7": LOSS_WITH}
    values = {"loss": plain, "loss with reg = 0.7": regularized}
    expect.close(values, wanted=wanted, max_abs=1e-12)


@suite.check(points=0, question="naive")
def toy_naive(student: Student, expect: Expect) -> None:
    """svm_loss_naive: the losses should differ from ours by less than 1e-12"""
    both_losses(student, expect, "naive")


@suite.check(points=0, question="naive")
def toy_by_hand(student: Student, expect: Expect) -> None:
    """svm_loss_naive: scores 2, 1 and 0.5 cost nothing for the first class, 2.5 for the second"""
    W, X = np.array([[2.0], [1.0], [0.5]]), np.ones((1, 1))
    values = {f"class {y}": student.svm.svm_loss_naive(W, X, np.array([y]), 0.0)[0] for y in (0, 1)}
    expect.close(values, wanted={"class 0": 0.0, "class 1": 2.5}, max_abs=1e-12)


@suite.check(points=0, question="naive")
def toy_naive_gradient(student: Student, expect: Expect) -> None:
    """svm_loss_naive: the gradient of the toy problem; its error should be below 1e-7"""
    _, dW = student.svm.svm_loss_naive(*toy(), 0.7)
    expect.close({"gradient": dW}, rel_error=1e-7)


@suite.check(points=0, question="vectorized")
def toy_vectorized(student: Student, expect: Expect) -> None:
    """svm_loss_vectorized: the losses should differ from ours by less than 1e-12"""
    both_losses(student, expect, "vectorized")


@suite.check(points=0, question="vectorized")
def toy_vectorized_gradient(student: Student, expect: Expect) -> None:
    """svm_loss_vectorized: the gradient of the toy problem; its error should be below 1e-7"""
    _, dW = student.svm.svm_loss_vectorized(*toy(), 0.7)
    expect.close({"gradient": dW}, rel_error=1e-7)
