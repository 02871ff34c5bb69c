"""Hidden checks of the softmax classifier.

Samples are columns, weights are (C, D), the last row of X is all ones, and the loss is a mean plus
reg * sum(W^2), without a factor 0.5 and with the bias column regularised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradlab import Suite, Threshold

if TYPE_CHECKING:
    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Remote, Student

suite = Suite("softmax")

CLASSES, FEATURES = 4, 6


def samples(draw: Draw, count: int, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return samples as columns, the last row all ones, and labels that hold every class."""
    X = np.vstack([draw.normal(FEATURES - 1, count, scale=scale), np.ones(count)])
    return X, draw.labels(count, CLASSES)


def weights(draw: Draw, inputs: int = FEATURES) -> np.ndarray:
    """Return random weights; those of the bias, in the last column, are not zero."""
    return draw.normal(CLASSES, inputs, scale=0.5)


def losses(expect: Expect, function: Any, draw: Draw) -> None:
    """Expect the right loss without and with regularisation."""
    W, (X, y) = weights(draw), samples(draw, 7)
    values = {"loss": function(W, X, y, 0.0)[0], "loss with reg = 0.7": function(W, X, y, 0.7)[0]}
    expect.close(values, max_error=1e-9)


def gradient(expect: Expect, function: Any, draw: Draw) -> None:
    """Expect the right gradient with regularisation; half of it if it belongs to a wrong loss."""
    X, y = samples(draw, 7)

    def loss(W: np.ndarray) -> Any:
        value, dW = function(W, X, y, 0.7)
        return value, {"W": dW}

    inputs = {"W": weights(draw)}
    expect.gradients(loss, inputs, consistent=0.5, reg=2 * 0.7, max_error=1e-7)


@suite.check(points=1, question="naive")
def naive_loss(student: Student, expect: Expect, draw: Draw) -> None:
    """softmax_loss_naive returns the loss, without and with regularisation"""
    losses(expect, student.softmax.softmax_loss_naive, draw)


@suite.check(points=3, question="naive")
def naive_gradient(student: Student, expect: Expect, draw: Draw) -> None:
    """softmax_loss_naive returns the gradient, the column of the bias included"""
    gradient(expect, student.softmax.softmax_loss_naive, draw)


@suite.check(points=1, question="vectorized")
def vectorized_loss(student: Student, expect: Expect, draw: Draw) -> None:
    """softmax_loss_vectorized returns the loss, without a loop"""
    losses(expect, student.softmax.softmax_loss_vectorized, draw)
    expect.without(student.softmax.softmax_loss_vectorized, loops=True, share=2)


@suite.check(points=3, question="vectorized")
def vectorized_gradient(student: Student, expect: Expect, draw: Draw) -> None:
    """softmax_loss_vectorized returns the gradient, without a loop"""
    gradient(expect, student.softmax.softmax_loss_vectorized, draw)
    expect.without(student.softmax.softmax_loss_vectorized, loops=True)


@suite.check(points=2, question="vectorized")
def stable(student: Student, expect: Expect, draw: Draw) -> None:
    """Both losses and gradients stay finite for scores in the thousands"""
    W, (X, y) = weights(draw), samples(draw, 7, scale=1e4)
    for form in ("naive", "vectorized"):
        loss, dW = getattr(student.softmax, f"softmax_loss_{form}")(W, X, y, 0.1)
        expect.close({f"{form}: loss": loss, f"{form}: gradient": dW}, max_error=1e-9)


@suite.check(points=2, question="train", cpu_s=5)
def train_steps(student: Student, expect: Expect, draw: Draw) -> None:
    """Every step of training moves the weights as it should

    All samples are the same, so every way of drawing a mini-batch gives the same batch and the
    whole history is known.
    """
    model = student.linear_classifier.Softmax()
    model.W = weights(draw)
    X, y = np.repeat(draw.normal(FEATURES, 1), 20, axis=1), np.full(20, 2)
    history = model.train(X, y, learning_rate=0.05, reg=0.1, num_iters=30, batch_size=7)
    expect.trajectory("loss history", history, max_error=1e-6)
    expect.close({"W after training": model.W}, max_error=1e-6)


@suite.check(points=1, question="train")
def train_draws(student: Student, expect: Expect, draw: Draw) -> None:
    """Mini-batches are drawn from all of the training data

    Sample d alone feeds input d, so a column of W moves as soon as its sample is drawn. In 200
    draws of one sample all 20 are expected; 15 are missed by no way of sampling that is random, or
    that goes through the data epoch by epoch.
    """
    student.seed(draw.seed)
    model = student.linear_classifier.Softmax()
    before = weights(draw, 20)
    model.W = before
    model.train(np.eye(20), draw.labels(20, CLASSES), 1e-2, 0.0, num_iters=200, batch_size=1)
    moved = np.any(np.asarray(model.W) != before, axis=0)
    expect.earns("samples that were drawn", int(np.sum(moved)), 20, Threshold(75))


@suite.check(points=1, question="train", cpu_s=5)
def train_learns(student: Student, expect: Expect, draw: Draw) -> None:
    """Training on mini-batches learns four clouds of points apart

    The trained weights are tried on new points, and here: code that only remembers the labels it
    was given does not pass.
    """
    student.seed(draw.seed)
    centres, y = draw.normal(FEATURES - 1, CLASSES, scale=3.0), draw.labels(80, CLASSES)
    X, X_new = (
        np.vstack([centres[:, y] + draw.normal(FEATURES - 1, 80, scale=0.3), np.ones(80)])
        for _ in range(2)
    )
    model = student.linear_classifier.Softmax()
    model.train(X, y, learning_rate=0.1, reg=1e-3, num_iters=200, batch_size=20)
    right = int(np.sum(np.argmax(np.asarray(model.W) @ X_new, axis=0) == y))
    expect.earns("accuracy on new points", right, len(y), Threshold(90))


@suite.check(points=1, question="predict")
def predict(student: Student, expect: Expect, draw: Draw) -> None:
    """predict returns the class of the largest score"""
    model: Remote = student.linear_classifier.Softmax()
    model.W = weights(draw)
    expect.close({"labels": model.predict(samples(draw, 40)[0])}, max_abs=0)


suite.written(
    "q-first-loss",
    points=2,
    title="Why the first loss is about log(10)",
    rubric="1 point: with small weights all scores are nearly the same, so each of the ten classes "
    "gets a probability near 1/10. 1 point: the loss of one sample is -log of that of its class, "
    "-log(0.1) = 2.303; scores are not exactly 0, hence a little above.",
)
suite.written(
    "q-templates",
    points=2,
    title="What the templates show",
    rubric="1 point: a template is the picture that gives its class the largest score (a weighted "
    "average of training images, the class's minus the others'). 1 point for a limit: one template "
    "a class, so poses, colours and backgrounds are mixed (a horse with two heads).",
)
