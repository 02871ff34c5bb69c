"""Public checks of the softmax classifier: the notebook's toy problem."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradlab import Suite

if TYPE_CHECKING:
    from autograder.expect import Expect
    from autograder.remote import Student

suite = Suite("softmax")

LOSS_WITHOUT = 1.148065759010314
LOSS_WITH = 1.7615203044648595


def toy() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the notebook's weights, samples (as columns) and labels."""
    W = np.linspace(-0.3, 0.5, 12).reshape(3, 4)
    return W, np.random.RandomState(10).randn(4, 6), np.array([0, 2, 1, 1, 0, 2])


def clouds() -> tuple[np.ndarray, np.ndarray]:
    """Return the notebook's three clouds, 90 samples as columns with a row of ones, and labels."""
    random = np.random.RandomState(11)
    centres, y = random.randn(3, 5) * 1.5, random.randint(0, 3, 90)
    return np.vstack([centres[y].T + random.randn(5, 90), np.ones(90)]), y


def both_losses(student: Student, expect: Expect, form: str) -> None:
    """Expect the notebook's losses of one of the two functions."""
    W, X, y = toy()
    function = getattr(student.softmax, f"softmax_loss_{form}")
    plain, _ = function(W, X, y, 0.0)
    regularized, _ = function(W, X, y, 0.7)
    wanted = {"loss": LOSS_WITHOUT, "loss with reg = 0.7": LOSS_WITH}
    values = {"loss": plain, "loss with reg = 0.7": regularized}
    expect.close(values, wanted=wanted, max_abs=1e-12)


@suite.check(points=0, question="naive")
def toy_naive(student: Student, expect: Expect) -> None:
    """softmax_loss_naive: the losses should differ from ours by less than 1e-12"""
    both_losses(student, expect, "naive")


@suite.check(points=0, question="naive")
def toy_naive_gradient(student: Student, expect: Expect) -> None:
    """softmax_loss_naive: the gradient of the toy problem; its error should be below 1e-7"""
    _, dW = student.softmax.softmax_loss_naive(*toy(), 0.7)
    expect.close({"gradient": dW}, rel_error=1e-7)


@suite.check(points=0, question="vectorized")
def toy_vectorized(student: Student, expect: Expect) -> None:
    """softmax_loss_vectorized: the losses should differ from ours by less than 1e-12"""
    both_losses(student, expect, "vectorized")


@suite.check(points=0, question="vectorized")
def toy_vectorized_gradient(student: Student, expect: Expect) -> None:
    """softmax_loss_vectorized: the gradient of the toy problem; its error should be below 1e-7"""
    _, dW = student.softmax.softmax_loss_vectorized(*toy(), 0.7)
    expect.close({"gradient": dW}, rel_error=1e-7)


@suite.check(points=0, question="vectorized")
def toy_large(student: Student, expect: Expect) -> None:
    """Scores of 10000 and 0 give a loss of 5000 and no overflow"""
    W, X, y = np.array([[1e4], [0.0]]), np.ones((1, 2)), np.array([0, 1])
    for form in ("naive", "vectorized"):
        loss, _ = getattr(student.softmax, f"softmax_loss_{form}")(W, X, y, 0.0)
        expect.close({f"{form}: loss": loss}, wanted={f"{form}: loss": 5000.0}, max_abs=1e-9)


@suite.check(points=0, question="train")
def toy_train(student: Student, expect: Expect) -> None:
    """Sixty steps of training bring the loss of the three clouds to about 0.43"""
    X, y = clouds()
    student.seed(12)
    model = student.linear_classifier.Softmax()
    history = model.train(X, y, learning_rate=0.3, reg=0.01, num_iters=60, batch_size=20)
    expect.trajectory("losses", history, band=0.25, window=20)


@suite.check(points=0, question="predict")
def toy_predict(student: Student, expect: Expect) -> None:
    """predict names the class of the largest score"""
    W, X, _ = toy()
    model = student.linear_classifier.Softmax()
    model.W = W
    expect.close({"labels": model.predict(X)}, max_abs=0)
