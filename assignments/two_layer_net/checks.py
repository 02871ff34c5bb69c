"""Hidden checks of the two-layer network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradlab import Staircase, Suite, Threshold

if TYPE_CHECKING:
    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Remote, Student

suite = Suite("two_layer_net")

HIDDEN = 50
SHAPES = {"W1": (HIDDEN, 3072), "b1": (HIDDEN,), "W2": (10, HIDDEN), "b2": (10,)}
BOUNDS = {
    "hidden_size": (HIDDEN, HIDDEN),
    "learning_rate": (1e-7, 1.0),
    "learning_rate_decay": (0.01, 1.0),
    "reg": (0.0, 100.0),
    "num_iters": (1, 100_000),
    "batch_size": (1, 49_000),
}


def random_params(draw: Draw, inputs: int = 6, hidden: int = 9) -> dict[str, np.ndarray]:
    """Return random weights and biases for 4 classes.

    Biases that are not zero are what shows a regulariser on them.
    """
    shapes = {"W1": (hidden, inputs), "b1": (hidden,), "W2": (4, hidden), "b2": (4,)}
    return {name: draw.normal(*shape, scale=0.5) for name, shape in shapes.items()}


def random_net(student: Student, draw: Draw, inputs: int = 6, hidden: int = 9) -> Remote:
    """Return a student's net with random parameters."""
    net: Remote = student.neural_net.TwoLayerNet(inputs, hidden, 4)
    net.params.update(random_params(draw, inputs, hidden))
    return net


@suite.check(points=3, question="scores")
def scores(student: Student, expect: Expect, draw: Draw) -> None:
    """The scores of a random net are right"""
    net = random_net(student, draw)
    expect.close({"scores": net.loss(draw.normal(7, 6))}, max_error=1e-7)


@suite.check(points=2, question="loss")
def loss(student: Student, expect: Expect, draw: Draw) -> None:
    """The loss is right, without and with regularisation"""
    net, X, y = random_net(student, draw), draw.normal(7, 6), draw.labels(7, 4)
    plain, _ = net.loss(X, y)
    regularised, _ = net.loss(X, y, reg=0.7)
    expect.close({"loss": plain, "loss with reg = 0.7": regularised}, max_error=1e-9)


@suite.check(points=1, question="loss")
def stable_loss(student: Student, expect: Expect, draw: Draw) -> None:
    """The loss stays finite for scores in the thousands"""
    net, X, y = random_net(student, draw), draw.normal(7, 6, scale=1e3), draw.labels(7, 4)
    value, _ = net.loss(X, y)
    expect.close({"loss": value}, max_error=1e-9)


@suite.check(points=6, question="gradients")
def gradients(student: Student, expect: Expect, draw: Draw) -> None:
    """The gradients of all four parameters are right, with biases that are not zero

    Gradients that belong to a wrong loss earn half: the mistake costs its points where the loss is
    asked for.
    """
    params, X, y = random_params(draw), draw.normal(7, 6), draw.labels(7, 4)
    net = student.neural_net.TwoLayerNet(6, 9, 4)

    def loss(**params: np.ndarray) -> Any:
        net.params.update(params)
        return net.loss(X, y, reg=0.7)

    expect.gradients(loss, params, consistent=0.5, max_error=1e-7)


@suite.check(points=2, question="train", cpu_s=5)
def train_steps(student: Student, expect: Expect, draw: Draw) -> None:
    """Every step of training moves the parameters as it should

    All rows are the same, so every way of drawing a mini-batch gives the same batch and the whole
    history is known. The learning rate decays four times on the way.
    """
    net = random_net(student, draw)
    X, y = np.repeat(draw.normal(1, 6), 20, axis=0), np.full(20, 2)
    history = net.train(
        X, y, X, y, learning_rate=0.05, learning_rate_decay=0.7, reg=0.1, num_iters=40, batch_size=5
    )
    expect.trajectory("loss history", history["loss_history"], max_error=1e-6)
    expect.close({"W1 after training": net.params["W1"]}, max_error=1e-6)


@suite.check(points=1, question="train")
def train_draws(student: Student, expect: Expect, draw: Draw) -> None:
    """Mini-batches are drawn from all of the training data

    Sample d alone feeds input d, and no hidden unit is closed, so a column of W1 moves as soon as
    its sample is drawn. In 200 draws of one sample all 20 are expected; 15 are missed by no way of
    sampling that is random, or that goes through the data epoch by epoch.
    """
    student.seed(draw.seed)
    net = random_net(student, draw, inputs=20)
    net.params["b1"] = np.full(9, 5.0)
    before, y = np.asarray(net.params["W1"]), draw.labels(20, 4)
    net.train(np.eye(20), y, np.eye(20), y, learning_rate=1e-2, reg=0, num_iters=200, batch_size=1)
    moved = np.any(np.asarray(net.params["W1"]) != before, axis=0)
    expect.earns("samples that were drawn", int(np.sum(moved)), 20, Threshold(75))


@suite.check(points=1, question="train", cpu_s=5)
def train_learns(student: Student, expect: Expect, draw: Draw) -> None:
    """Training on mini-batches learns four clouds of points apart

    The trained parameters are tried on new points, and here: code that only remembers the labels
    it was given does not pass.
    """
    student.seed(draw.seed)
    centres, y = draw.normal(4, 6, scale=3.0), draw.labels(80, 4)
    X, X_new = (centres[y] + draw.normal(80, 6, scale=0.3) for _ in range(2))
    net = student.neural_net.TwoLayerNet(6, 9, 4, std=0.1)
    net.train(X, y, X, y, learning_rate=0.1, reg=1e-3, num_iters=200, batch_size=20)
    W1, b1, W2, b2 = (np.asarray(net.params[name]) for name in SHAPES)
    scores = np.maximum(X_new @ W1.T + b1, 0) @ W2.T + b2
    right = int(np.sum(np.argmax(scores, axis=1) == y))
    expect.earns("accuracy on new points", right, len(y), Threshold(90))


@suite.check(points=2, question="predict")
def predict(student: Student, expect: Expect, draw: Draw) -> None:
    """predict returns the class of the largest score"""
    net = random_net(student, draw)
    expect.close({"labels": net.predict(draw.normal(40, 6))}, max_abs=0)


@suite.check(points=6, question="tuning", cpu_s=5)
def accuracy(student: Student, expect: Expect, reference: Student) -> None:
    """The net you handed in, best_net.npz, recognises validation images"""
    params = student.artifact("best_net.npz", SHAPES)
    images = student.artifact_text("best_net.npz", "dataset")
    split = reference.keep(reference.data_utils.validation_split, images or "generated")
    net = reference.neural_net.TwoLayerNet(3072, HIDDEN, 10)
    for name, value in params.items():
        net.params[name] = value
    right = int(np.sum(net.predict(split[0]) == np.asarray(split[1])))
    expect.earns("validation accuracy", right, 1000, Staircase(28, 50))


@suite.check(points=2, question="tuning")
def settings(student: Student, expect: Expect) -> None:
    """The settings you report, best_settings, are complete and true of the net you handed in"""
    student.artifact("best_net.npz", SHAPES)
    expect.settings("best_settings", student.notebook.best_settings, BOUNDS)


suite.written(
    "q-poor-training",
    points=2,
    title="Why the default training is poor",
    rubric="1 point each: the loss falls almost in a straight line, so the rate is too low; "
    "training and validation accuracy are close, so the model has room to fit better.",
)
suite.written(
    "q-fixes",
    points=2,
    title="What to change, and why",
    rubric="1 point each for a change (a higher rate, slower decay, more steps, less "
    "regularisation) with a reason taken from the curves.",
)
suite.written(
    "q-weights",
    points=2,
    title="How the weights changed by tuning",
    rubric="1 point: the tuned weights are sharper and more varied. 1 point: what a template of "
    "one class looks like and why.",
)
