"""Hidden checks of the multiclass hinge loss.

Samples are columns, weights are (C, D), the last row of X is all ones, and the loss is a mean plus
reg * sum(W^2), without a factor 0.5 and with the bias column regularised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradlab import Suite

if TYPE_CHECKING:
    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Student

suite = Suite("svm")

CLASSES, FEATURES, SAMPLES = 4, 6, 9
CLEAR = 1e-3  # no margin is nearer to its kink than this


def weights_and_samples(draw: Draw) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return weights, samples as columns with a last row of ones, and labels; no kink is nearby."""
    while True:
        W = draw.normal(CLASSES, FEATURES, scale=0.5)
        X = np.vstack([draw.normal(FEATURES - 1, SAMPLES), np.ones(SAMPLES)])
        y = draw.labels(SAMPLES, CLASSES)
        scores = W @ X
        if np.abs(scores - scores[y, np.arange(SAMPLES)] + 1).min() > CLEAR:
            return W, X, y


def losses(expect: Expect, function: Any, draw: Draw) -> None:
    """Expect the right loss without and with regularisation, and where nothing costs anything."""
    W, X, y = weights_and_samples(draw)
    clear = 50 * np.eye(CLASSES)
    values = {
        "loss": function(W, X, y, 0.0)[0],
        "loss with reg = 0.7": function(W, X, y, 0.7)[0],
        "loss where every class leads by 50": function(clear, np.eye(CLASSES), np.arange(4), 0.1)[
            0
        ],
    }
    expect.close(values, max_error=1e-9)


def gradient(expect: Expect, function: Any, draw: Draw) -> None:
    """Expect the right gradient with regularisation; half of it if it belongs to a wrong loss."""
    W, X, y = weights_and_samples(draw)

    def loss(W: np.ndarray) -> Any:
        value, dW = function(W, X, y, 0.7)
        return value, {"W": dW}

    inputs = {"W": W}
    expect.gradients(loss, inputs, consistent=0.5, reg=2 * 0.7, max_error=1e-7)


@suite.check(points=2, question="naive")
def naive_loss(student: Student, expect: Expect, draw: Draw) -> None:
    """svm_loss_naive returns the loss, without and with regularisation"""
    losses(expect, student.svm.svm_loss_naive, draw)


@suite.check(points=3, question="naive")
def naive_gradient(student: Student, expect: Expect, draw: Draw) -> None:
    """svm_loss_naive returns the gradient, the column of the bias included"""
    gradient(expect, student.svm.svm_loss_naive, draw)


@suite.check(points=2, question="vectorized")
def vectorized_loss(student: Student, expect: Expect, draw: Draw) -> None:
    """svm_loss_vectorized returns the loss, without a loop"""
    losses(expect, student.svm.svm_loss_vectorized, draw)
    expect.without(student.svm.svm_loss_vectorized, loops=True, share=3)


@suite.check(points=3, question="vectorized")
def vectorized_gradient(student: Student, expect: Expect, draw: Draw) -> None:
    """svm_loss_vectorized returns the gradient, without a loop"""
    gradient(expect, student.svm.svm_loss_vectorized, draw)
    expect.without(student.svm.svm_loss_vectorized, loops=True)


suite.written(
    "q-kink",
    points=2,
    title="Why a gradient check may fail for the hinge loss although the gradient is right",
    rubric="1 point: max(0, x) has a kink where a margin is exactly met, and no derivative there. "
    "1 point: a numeric slope across the kink is a mean of the slopes on both sides; an example in "
    "one dimension, or that a smaller step or another point makes it rarer.",
)
suite.written(
    "q-hinge-softmax",
    points=2,
    title="How the two losses differ",
    rubric="1 point: once every margin is met, the hinge loss is 0 and has no gradient. "
    "1 point: softmax always asks for more (probability 1), and its scores are log-probabilities.",
)
