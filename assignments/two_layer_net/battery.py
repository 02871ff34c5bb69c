"""The reference's battery: tells a mutant from the reference wherever their values differ.

`gradlab audit` runs it on the mutants that the hidden checks let pass. Nobody is graded by it, so
its inputs may be as odd as they like, and its bounds are those of rounding alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradlab import Suite

if TYPE_CHECKING:
    from typing import Any

    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Remote, Student

suite = Suite("two_layer_net battery")

ROUNDING = 1e-10
# Samples, inputs, hidden units and classes: never square, one of everything, more hidden than seen.
SIZES = ((7, 6, 9, 4), (1, 3, 5, 2), (5, 1, 1, 3), (2, 11, 3, 13))


def net_of(student: Student, draw: Draw, inputs: int, hidden: int, classes: int) -> Remote:
    """Return a net with random weights and biases."""
    net: Remote = student.neural_net.TwoLayerNet(inputs, hidden, classes)
    shapes = {"W1": (hidden, inputs), "b1": (hidden,), "W2": (classes, hidden), "b2": (classes,)}
    for name, shape in shapes.items():
        net.params[name] = draw.normal(*shape, scale=0.7)
    return net


def everything(expect: Expect, what: str, reply: Any) -> None:
    """Expect a loss and all its gradients."""
    loss, grads = reply
    values = {f"{what}: loss": loss}
    values |= {f"{what}: {name}": grads[name] for name in ("W1", "b1", "W2", "b2")}
    expect.close(values, max_error=ROUNDING)


@suite.check(points=0, question="loss")
def all_shapes(student: Student, expect: Expect, draw: Draw) -> None:
    """Scores, losses and gradients for all shapes, with and without regularisation"""
    for N, D, H, C in SIZES:
        net, X, y = net_of(student, draw, D, H, C), draw.normal(N, D), draw.integers(0, C, N)
        expect.close({f"{N, D, H, C}: scores": net.loss(X)}, max_error=ROUNDING)
        everything(expect, f"{N, D, H, C}", net.loss(X, y))
        everything(expect, f"{N, D, H, C} regularised", net.loss(X, y, reg=3.0))


@suite.check(points=0, question="loss")
def odd_inputs(student: Student, expect: Expect, draw: Draw) -> None:
    """Zeros, ties, large scores, closed units, one class for all"""
    y = draw.integers(0, 4, 7)
    for what, X in {
        "zeros": np.zeros((7, 6)),
        "ties": np.ones((7, 6)),
        "large": draw.normal(7, 6, scale=1e3),
        "tiny": draw.normal(7, 6, scale=1e-6),
    }.items():
        everything(expect, what, net_of(student, draw, 6, 9, 4).loss(X, y, reg=0.3))
    net, X = net_of(student, draw, 6, 9, 4), draw.normal(7, 6)
    everything(expect, "one class", net.loss(X, np.full(7, 3)))
    net.params["b1"] = np.full(9, -1e3)
    everything(expect, "closed units", net.loss(X, y))
    net.params["b1"], net.params["W1"] = np.zeros(9), np.zeros((9, 6))
    everything(expect, "units at zero", net.loss(X, y))


@suite.check(points=0, question="loss")
def same_twice(student: Student, expect: Expect, draw: Draw) -> None:
    """A second call gives the same as the first, and changes neither data nor parameters"""
    net = net_of(student, draw, 6, 9, 4)
    X, y = student.hold(draw.normal(7, 6), draw.integers(0, 4, 7))
    net.loss(X, y, reg=0.3)
    everything(expect, "again", net.loss(X, y, reg=0.3))
    params = {f"{name} afterwards": net.params[name] for name in ("W1", "b1", "W2", "b2")}
    expect.close(params, max_error=ROUNDING)
    expect.unchanged({"X": X, "y": y})


@suite.check(points=0, question="train", cpu_s=10)
def histories(student: Student, expect: Expect, draw: Draw) -> None:
    """Training from fixed seeds: histories and parameters"""
    X, y, X_val, y_val = (
        *(draw.normal(30, 6), draw.integers(0, 4, 30)),
        *(draw.normal(10, 6), draw.integers(0, 4, 10)),
    )
    for batch_size, reg in ((1, 0.0), (7, 0.5), (30, 0.0), (50, 0.1)):
        net = net_of(student, draw, 6, 9, 4)
        student.seed(batch_size)
        settings = {"learning_rate": 0.05, "learning_rate_decay": 0.8, "num_iters": 35}
        history = net.train(X, y, X_val, y_val, reg=reg, batch_size=batch_size, **settings)
        names = ("loss_history", "train_acc_history", "val_acc_history")
        expect.close({f"{batch_size}: {n}": history[n] for n in names}, max_error=ROUNDING)
        params = {f"{batch_size}: {n}": net.params[n] for n in ("W1", "b1", "W2", "b2")}
        expect.close(params, max_error=ROUNDING)


@suite.check(points=0, question="predict")
def labels(student: Student, expect: Expect, draw: Draw) -> None:
    """Predicted labels, also of one row and where all scores are the same"""
    net = net_of(student, draw, 6, 9, 4)
    for rows in (1, 2, 40):
        expect.close({f"{rows} rows": net.predict(draw.normal(rows, 6))}, max_abs=0)
    net.params["W2"], net.params["b2"] = np.zeros((4, 9)), np.zeros(4)
    expect.close({"ties": net.predict(draw.normal(5, 6))}, max_abs=0)
