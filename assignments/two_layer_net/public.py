"""Public checks of the two-layer network, for all of its editions: the toy nets of the notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradlab import Suite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from autograder.expect import Expect
    from autograder.remote import Student

    Conventions = Mapping[str, Any]

suite = Suite("two_layer_net")

# By form and layout: the scores that the handouts print.
SCORES = {
    ("class", "HD"): [
        [-1.07260209, 0.05083871, -0.87253915],
        [-2.02778743, -0.10832494, -1.52641362],
        [-0.74225908, 0.15259725, -0.39578548],
        [-0.38172726, 0.10835902, -0.17328274],
        [-0.64417314, -0.18886813, -0.41106892],
    ],
    ("class", "DH"): [
        [-0.81233741, -1.27654624, -0.70335995],
        [-0.17129677, -1.18803311, -0.47310444],
        [-0.51590475, -1.01354314, -0.8504215],
        [-0.15419291, -0.48629638, -0.52901952],
        [-0.00618733, -0.12435261, -0.15226949],
    ],
    ("function", "DH"): [
        [-0.5328368, 0.20031504, 0.93346689],
        [-0.59412164, 0.15498488, 0.9040914],
        [-0.67658362, 0.08978957, 0.85616275],
        [-0.77092643, 0.01339997, 0.79772637],
        [-0.89110401, -0.08754544, 0.71601312],
    ],
}
# By form, layout and loss: reg, the loss that the handouts print, and how near it must be.
LOSSES = {
    ("class", "HD", "softmax"): (0.05, 1.071696123862817, 1e-12),
    ("class", "HD", "mse"): (0.05, 1.8973332763705641, 1e-12),
    ("class", "DH", "softmax"): (0.05, 1.30378789133, 1e-12),
    ("function", "DH", "softmax"): (0.1, 1.38191946092, 1e-11),
}
# The last loss of a hundred steps; other ways of drawing a batch end nearby.
LAST = {
    ("HD", "softmax"): (0.014497864587765886, 5e-3),
    ("HD", "mse"): (0.02950555626206818, 1e-2),
    ("DH", "softmax"): (0.017149607938732048, 5e-3),
}
# The last loss of a hundred steps on all samples, as the trainer is asked for it.
TRAINED = {
    "sgd": ({"momentum": 0.0}, 0.940686),
    "momentum": ({"momentum": 0.9}, 0.494394),
    "rmsprop": ({"momentum": 0.9}, 0.439368),
}
LABELS = [0, 1, 2, 2, 1]
NAMES = ("W1", "b1", "W2", "b2")


def toy_data(conventions: Conventions) -> tuple[np.ndarray, np.ndarray]:
    """Return the notebook's five points of four numbers, and their labels."""
    if conventions["form"] == "function":
        return np.linspace(-0.2, 0.5, 20).reshape(5, 4), np.array(LABELS)
    return 10 * np.random.RandomState(1).randn(5, 4), np.array(LABELS)


def toy_model() -> dict[str, np.ndarray]:
    """Return the parameters of the notebook's toy net where the net is a function."""
    return {
        "W1": np.linspace(-0.2, 0.6, 40).reshape(4, 10),
        "b1": np.linspace(-0.3, 0.7, 10),
        "W2": np.linspace(-0.4, 0.1, 30).reshape(10, 3),
        "b2": np.linspace(-0.5, 0.9, 3),
    }


def toy_net(student: Student) -> Any:
    """Return the notebook's toy net where it is an object: 4 inputs, 10 hidden units, 3 classes."""
    student.seed(0)
    return student.neural_net.TwoLayerNet(4, 10, 3, std=1e-1)


def toy_function(student: Student, conventions: Conventions) -> Callable[..., Any]:
    """Return the toy net as a function of X, y and reg."""
    if conventions["form"] == "class":
        function: Callable[..., Any] = toy_net(student).loss
        return function
    net, model = student.neural_net.two_layer_net, toy_model()
    return lambda X, *y, **reg: net(X, model, *y, **reg)


def known_loss(conventions: Conventions) -> tuple[float, float, float]:
    """Return reg, the loss that is known for it, and the tolerance."""
    return LOSSES[conventions["form"], conventions["layout"], conventions["loss"]]


@suite.check(points=0, question="scores")
def toy_scores(student: Student, expect: Expect, conventions: Conventions) -> None:
    """The scores of the toy net are the notebook's"""
    X, _ = toy_data(conventions)
    wanted = SCORES[conventions["form"], conventions["layout"]]
    scores = toy_function(student, conventions)(X)
    expect.close({"scores": scores}, wanted={"scores": wanted}, sum_abs=1e-7)


@suite.check(points=0, question="mse", where={"loss": "mse"})
def toy_mse(student: Student, expect: Expect) -> None:
    """mse_loss gives 0.03 for the scores (0.1, 0.1, 0.8) of a sample of class 2"""
    loss, dscores = student.neural_net.mse_loss(np.array([[0.1, 0.1, 0.8]]), np.array([2]))
    wanted = {"loss": 0.03, "dscores": [[0.1, 0.1, -0.2]]}
    expect.close({"loss": loss, "dscores": dscores}, wanted=wanted, max_abs=1e-12)


@suite.check(points=0, question="loss")
def toy_loss(student: Student, expect: Expect, conventions: Conventions) -> None:
    """The loss of the toy net is the notebook's, with regularisation"""
    X, y = toy_data(conventions)
    reg, wanted, tolerance = known_loss(conventions)
    loss, _ = toy_function(student, conventions)(X, y, reg=reg)
    expect.close({"loss": loss}, wanted={"loss": wanted}, max_abs=tolerance)


@suite.check(points=0, question="gradients")
def toy_gradients(student: Student, expect: Expect, conventions: Conventions) -> None:
    """The gradients of the toy net are right, with regularisation"""
    X, y = toy_data(conventions)
    reg, _, _ = known_loss(conventions)
    _, grads = toy_function(student, conventions)(X, y, reg=reg)
    expect.close({name: grads[name] for name in NAMES}, rel_error=1e-7)


@suite.check(points=0, question="gradients", where={"form": "class", "backward": "written"})
def toy_biases(student: Student, expect: Expect, conventions: Conventions) -> None:
    """The gradients of the toy net's biases are right where the biases are not zero"""
    X, y = toy_data(conventions)
    net = toy_net(student)
    net.params["b1"] = np.linspace(-0.5, 0.4, 10)
    net.params["b2"] = np.array([0.3, -0.2, 0.1])
    _, grads = net.loss(X, y, reg=0.5)
    expect.close({name: grads[name] for name in ("b1", "b2")}, rel_error=1e-7)


@suite.check(points=0, question="train", where={"form": "class"})
def toy_train(student: Student, expect: Expect, conventions: Conventions) -> None:
    """A hundred steps of training bring the toy net's loss down to the notebook's"""
    X, y = toy_data(conventions)
    net = toy_net(student)
    history = net.train(X, y, X, y, learning_rate=1e-1, reg=5e-6, num_iters=100)
    wanted, tolerance = LAST[conventions["layout"], conventions["loss"]]
    final = history["loss_history"][-1]
    expect.close({"final loss": final}, wanted={"final loss": wanted}, max_abs=tolerance)


@suite.check(points=0, question="predict", where={"form": "class"})
def toy_predict(student: Student, expect: Expect, conventions: Conventions) -> None:
    """predict names the class of the toy net's largest score"""
    X, _ = toy_data(conventions)
    expect.close({"labels": toy_net(student).predict(X)}, max_abs=0)


def toy_rule(student: Student, expect: Expect, conventions: Conventions, rule: str) -> None:
    """Expect the last loss of training by an update rule to be the notebook's."""
    X, y = toy_data(conventions)
    given, wanted = TRAINED[rule]
    settings: dict[str, Any] = {"learning_rate": 0.1, "learning_rate_decay": 1.0, "reg": 0.001}
    settings |= {"update": rule, "sample_batches": False, "num_epochs": 100, **given}
    trainer = student.classifier_trainer.ClassifierTrainer()
    net = student.neural_net.two_layer_net
    _, history, _, _ = trainer.train(X, y, X, y, toy_model(), net, **settings)
    expect.close({"last loss": history[-1]}, wanted={"last loss": wanted}, max_abs=1e-6)


@suite.check(points=0, question="updates", where={"form": "function"})
def toy_sgd(student: Student, expect: Expect, conventions: Conventions) -> None:
    """The toy net's loss falls to the notebook's by plain gradient descent, which is given"""
    toy_rule(student, expect, conventions, "sgd")


@suite.check(points=0, question="updates", where={"form": "function"})
def toy_momentum(student: Student, expect: Expect, conventions: Conventions) -> None:
    """The toy net's loss falls to the notebook's by momentum"""
    toy_rule(student, expect, conventions, "momentum")


@suite.check(points=0, question="updates", where={"form": "function"})
def toy_rmsprop(student: Student, expect: Expect, conventions: Conventions) -> None:
    """The toy net's loss falls to the notebook's by RMSProp"""
    toy_rule(student, expect, conventions, "rmsprop")
