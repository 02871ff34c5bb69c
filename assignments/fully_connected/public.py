"""Public checks of the fully connected nets: the fixed numbers of the notebook."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from gradlab import Suite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograder.expect import Expect
    from autograder.remote import Remote, Student

suite = Suite("fully_connected")

SCORES = [
    [11.53165108, 12.2917344, 13.05181771, 13.81190102, 14.57198434, 15.33206765, 16.09215096],
    [12.05769098, 12.74614105, 13.43459113, 14.1230412, 14.81149128, 15.49994135, 16.18839143],
    [12.58373087, 13.20054771, 13.81736455, 14.43418138, 15.05099822, 15.66781506, 16.2846319],
]
LOSSES = {0.0: 3.4702243556, 1.0: 26.5948426952}
X = np.linspace(-5.5, 4.5, 15).reshape(5, 3).T
y = np.array([0, 5, 1])
DEPTHS = ((20,), (20, 30), ())


def line(low: float, high: float, *shape: int) -> np.ndarray:
    """Return numbers from low to high, equally far apart, in a shape."""
    return np.linspace(low, high, int(np.prod(shape))).reshape(shape)


def small_net(student: Student) -> Remote:
    """Return a two-layer net with the notebook's parameters."""
    net: Remote = student.fc_net.TwoLayerNet(input_dim=5, hidden_dims=50, num_classes=7)
    net.params["W1"], net.params["b1"] = line(-0.7, 0.3, 5, 50), line(-0.1, 0.9, 50)
    net.params["W2"], net.params["b2"] = line(-0.3, 0.4, 50, 7), line(-0.9, 0.1, 7)
    return net


@suite.check(points=0, question="layers")
def layers_are_there(student: Student, expect: Expect) -> None:
    """The layers and the update rule that you bring along are right on small inputs"""
    layers = student.layers
    x, w, b = line(-0.1, 0.5, 2, 6), line(-0.2, 0.3, 6, 3), line(-0.3, 0.1, 3)
    reply, kept = student.call_and_keep(layers.affine_forward, x, w, b)
    expect.close({"affine layer": reply[0]}, max_error=1e-7)
    dx, dw, db = layers.affine_backward(line(-1, 1, 2, 3), kept[1])
    expect.close({"its dx": dx, "its dw": dw, "its db": db}, max_error=1e-7)
    reply, kept = student.call_and_keep(layers.relu_forward, line(-0.5, 0.5, 3, 4))
    expect.close({"ReLU": reply[0]}, max_error=1e-7)
    expect.close({"its dx ": layers.relu_backward(line(-1, 1, 3, 4), kept[1])}, max_error=1e-7)
    kept = student.keep(student.optim.sgd, np.ones(2), np.ones(2), {"learning_rate": 0.1})
    expect.close({"sgd": kept[0]}, wanted={"sgd": np.full(2, 0.9)}, max_error=1e-7)


@suite.check(points=0, question="two_layer_net")
def first_parameters(student: Student, expect: Expect) -> None:
    """The weights' deviation is near weight_scale, and biases are zero"""
    student.seed(231)
    net = student.fc_net.TwoLayerNet(
        input_dim=100, hidden_dims=100, num_classes=100, weight_scale=0.01
    )
    for name in ("W1", "W2"):
        spread = {f"standard deviation of {name}": deviation(net.params[name])}
        expect.close(spread, wanted=dict.fromkeys(spread, 0.01), max_error=0.1)
    biases = {name: net.params[name] for name in ("b1", "b2")}
    expect.close(biases, wanted=dict.fromkeys(biases, np.zeros(100)), max_abs=0)


def deviation(W: Any) -> Any:
    """Return the standard deviation of an array of numbers; nan of anything else."""
    array = np.asarray(W)
    return np.std(array) if array.dtype.kind == "f" else np.nan


@suite.check(points=0, question="two_layer_net")
def small_scores(student: Student, expect: Expect) -> None:
    """The scores are the notebook's"""
    scores = small_net(student).loss(X)
    expect.close({"scores": scores}, wanted={"scores": SCORES}, sum_abs=1e-6)


@suite.check(points=0, question="two_layer_net")
def small_losses(student: Student, expect: Expect) -> None:
    """The losses for reg = 0 and reg = 1 are the notebook's, and the gradients right"""
    net = small_net(student)
    for reg, wanted in LOSSES.items():
        net.reg = reg
        loss, grads = net.loss(X, y)
        name = f"loss, reg = {reg:g}"
        expect.close({name: loss}, wanted={name: wanted}, max_abs=1e-10)
        expect.close({f"d{k}, reg = {reg:g}": v for k, v in grads.items()}, max_error=1e-7)


def deep_net(student: Student, hidden: Sequence[int]) -> Remote:
    """Return a net of any depth, with parameters that are no random numbers."""
    net: Remote = student.fc_net.FullyConnectedNet(
        list(hidden), input_dim=5, num_classes=7, reg=3.14, dtype="float64"
    )
    for i, (before, after) in enumerate(pairwise((5, *hidden, 7)), start=1):
        net.params[f"W{i}"] = np.cos(np.arange(before * after)).reshape(before, after)
        net.params[f"b{i}"] = line(-0.2, 0.4, after)
    return net


@suite.check(points=0, question="fully_connected")
def small_deep_nets(student: Student, expect: Expect) -> None:
    """Scores, loss and gradients are right without a hidden layer, with one and with two"""
    for hidden in DEPTHS:
        net, name = deep_net(student, hidden), f"hidden_dims = {list(hidden)}"
        expect.close({f"scores, {name}": net.loss(X)}, max_error=1e-7)
        loss, grads = net.loss(X, y)
        expect.close({f"loss, {name}": loss}, max_error=1e-7)
        expect.close({f"d{k}, {name}": v for k, v in grads.items()}, max_error=1e-7)


@suite.check(points=0, question="solver")
def small_training(student: Student, expect: Expect) -> None:
    """Ten steps of training give the right losses"""
    net = deep_net(student, (20,))
    student.seed(231)
    training = student.solver.Solver(
        net,
        {"X_train": X, "y_train": y, "X_val": X, "y_val": y},
        optim_config={"learning_rate": 1e-3},
        batch_size=2,
        num_epochs=10,
        verbose=False,
    )
    training.train()
    expect.trajectory("losses", training.loss_history, max_error=1e-6)


@suite.check(points=0, question="batchnorm")
def small_batchnorm(student: Student, expect: Expect) -> None:
    """Loss and gradients are right with batch normalization"""
    net = student.fc_net.FullyConnectedNet(
        [4], input_dim=5, num_classes=7, use_batchnorm=True, dtype="float64"
    )
    for name, shape in {"W1": (5, 4), "W2": (4, 7)}.items():
        net.params[name] = np.cos(np.arange(np.prod(shape))).reshape(shape)
    net.params["gamma1"], net.params["beta1"] = line(0.5, 1.5, 4), line(-0.25, 0.4, 4)
    loss, grads = net.loss(X, y)
    expect.close({"loss": loss, **{f"d{k}": v for k, v in grads.items()}}, max_abs=1e-7)


@suite.check(points=0, question="dropout")
def idle_dropout(student: Student, expect: Expect) -> None:
    """In testing a net with dropout gives the same scores as one without"""
    net = student.fc_net.FullyConnectedNet(
        [20], input_dim=5, num_classes=7, dropout=0.5, dtype="float64"
    )
    for name, shape in {"W1": (5, 20), "W2": (20, 7)}.items():
        net.params[name] = np.cos(np.arange(np.prod(shape))).reshape(shape)
    expect.close({"scores": net.loss(X)}, max_error=1e-7)
