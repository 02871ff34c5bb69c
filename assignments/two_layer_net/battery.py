"""The reference's battery: tells a mutant from the reference wherever their values differ.

`gradlab audit` runs it on the mutants that the hidden checks let pass. Nobody is graded by it, so
its inputs may be as odd as they like, and its bounds are those of rounding alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradlab import Suite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Student

    Conventions = Mapping[str, Any]

suite = Suite("two_layer_net battery")

ROUNDING = 1e-10
NAMES = ("W1", "b1", "W2", "b2")
# Samples, inputs, hidden units and classes: never square, one of everything, more hidden than seen.
SIZES = ((7, 6, 9, 4), (1, 3, 5, 2), (5, 1, 1, 3), (2, 11, 3, 13))


def params_of(
    draw: Draw, conventions: Conventions, inputs: int, hidden: int, classes: int
) -> dict[str, np.ndarray]:
    """Return random weights and biases."""
    sides = [(hidden, inputs), (classes, hidden)]
    if conventions["layout"] == "DH":
        sides = [(columns, rows) for rows, columns in sides]
    sizes = zip(NAMES, [sides[0], (hidden,), sides[1], (classes,)], strict=True)
    return {name: draw.normal(*shape, scale=0.7) for name, shape in sizes}


def net_with(student: Student, params: Mapping[str, np.ndarray]) -> Any:
    """Return a net, where it is an object, with these parameters."""
    hidden, classes = len(params["b1"]), len(params["b2"])
    net = student.neural_net.TwoLayerNet(params["W1"].size // hidden, hidden, classes)
    net.params.update(params)
    return net


def loss_with(
    student: Student, conventions: Conventions, params: Mapping[str, np.ndarray]
) -> Callable[..., Any]:
    """Return a net with these parameters as a function of X, y and reg."""
    if conventions["form"] == "function":
        function = student.neural_net.two_layer_net
        return lambda X, *y, **reg: function(X, params, *y, **reg)
    loss: Callable[..., Any] = net_with(student, params).loss
    return loss


def everything(expect: Expect, what: str, reply: Any) -> None:
    """Expect a loss and all its gradients."""
    loss, grads = reply
    values = {f"{what}: loss": loss}
    values |= {f"{what}: {name}": grads[name] for name in NAMES}
    expect.close(values, max_error=ROUNDING)


@suite.check(points=0, question="loss")
def all_shapes(student: Student, expect: Expect, draw: Draw, conventions: Conventions) -> None:
    """Scores, losses and gradients for all shapes, with and without regularisation"""
    for N, D, H, C in SIZES:
        loss = loss_with(student, conventions, params_of(draw, conventions, D, H, C))
        X, y = draw.normal(N, D), draw.integers(0, C, N)
        expect.close({f"{N, D, H, C}: scores": loss(X)}, max_error=ROUNDING)
        everything(expect, f"{N, D, H, C}", loss(X, y))
        everything(expect, f"{N, D, H, C} regularised", loss(X, y, reg=3.0))


@suite.check(points=0, question="loss")
def odd_inputs(student: Student, expect: Expect, draw: Draw, conventions: Conventions) -> None:
    """Zeros, ties, large scores, closed units, one class for all"""
    y = draw.integers(0, 4, 7)
    for what, X in {
        "zeros": np.zeros((7, 6)),
        "ties": np.ones((7, 6)),
        "large": draw.normal(7, 6, scale=1e3),
        "tiny": draw.normal(7, 6, scale=1e-6),
    }.items():
        loss = loss_with(student, conventions, params_of(draw, conventions, 6, 9, 4))
        everything(expect, what, loss(X, y, reg=0.3))
    params, X = params_of(draw, conventions, 6, 9, 4), draw.normal(7, 6)
    loss = loss_with(student, conventions, params)
    everything(expect, "one class", loss(X, np.full(7, 3)))
    closed = {**params, "b1": np.full(9, -1e3)}
    everything(expect, "closed units", loss_with(student, conventions, closed)(X, y))
    at_zero = {**params, "b1": np.zeros(9), "W1": np.zeros(params["W1"].shape)}
    everything(expect, "units at zero", loss_with(student, conventions, at_zero)(X, y))


@suite.check(points=0, question="loss", where={"form": "class"})
def same_twice(student: Student, expect: Expect, draw: Draw, conventions: Conventions) -> None:
    """A second call gives the same as the first, and changes neither data nor parameters"""
    net = net_with(student, params_of(draw, conventions, 6, 9, 4))
    X, y = student.hold(draw.normal(7, 6), draw.integers(0, 4, 7))
    net.loss(X, y, reg=0.3)
    everything(expect, "again", net.loss(X, y, reg=0.3))
    params = {f"{name} afterwards": net.params[name] for name in NAMES}
    expect.close(params, max_error=ROUNDING)
    expect.unchanged({"X": X, "y": y})


@suite.check(points=0, question="loss", where={"form": "function"})
def inputs_kept(student: Student, expect: Expect, draw: Draw, conventions: Conventions) -> None:
    """A second call gives the same as the first, and changes neither data nor the model"""
    held = student.hold(draw.normal(7, 6), draw.integers(0, 4, 7))
    model = {k: student.hold(v) for k, v in params_of(draw, conventions, 6, 9, 4).items()}
    function = student.neural_net.two_layer_net
    function(held[0], model, held[1], 0.3)
    everything(expect, "again", function(held[0], model, held[1], 0.3))
    expect.unchanged({"X": held[0], "y": held[1], **model})


@suite.check(points=0, question="mse", where={"loss": "mse"})
def errors(student: Student, expect: Expect, draw: Draw) -> None:
    """mse_loss for one sample, one class, zeros and large scores; it changes nothing"""
    for N, C, scale in ((7, 4, 1.0), (1, 3, 1.0), (5, 1, 1.0), (3, 2, 0.0), (4, 6, 1e6)):
        given, y = student.hold(draw.normal(N, C) * scale, draw.integers(0, C, N))
        loss, dscores = student.neural_net.mse_loss(given, y)
        values = {f"{N, C, scale}: loss": loss, f"{N, C, scale}: dscores": dscores}
        expect.close(values, max_error=ROUNDING)
        expect.unchanged({f"{N, C, scale}: scores": given, f"{N, C, scale}: y": y})


@suite.check(points=0, question="train", cpu_s=10, where={"form": "class"})
def histories(student: Student, expect: Expect, draw: Draw, conventions: Conventions) -> None:
    """Training from fixed seeds: histories and parameters"""
    X, y, X_val, y_val = (
        *(draw.normal(30, 6), draw.integers(0, 4, 30)),
        *(draw.normal(10, 6), draw.integers(0, 4, 10)),
    )
    for batch_size, reg in ((1, 0.0), (7, 0.5), (30, 0.0), (50, 0.1)):
        net = net_with(student, params_of(draw, conventions, 6, 9, 4))
        student.seed(batch_size)
        settings = {"learning_rate": 0.05, "learning_rate_decay": 0.8, "num_iters": 35}
        history = net.train(X, y, X_val, y_val, reg=reg, batch_size=batch_size, **settings)
        names = ("loss_history", "train_acc_history", "val_acc_history")
        expect.close({f"{batch_size}: {n}": history[n] for n in names}, max_error=ROUNDING)
        params = {f"{batch_size}: {n}": net.params[n] for n in NAMES}
        expect.close(params, max_error=ROUNDING)


@suite.check(points=0, question="predict", where={"form": "class"})
def labels(student: Student, expect: Expect, draw: Draw, conventions: Conventions) -> None:
    """Predicted labels, also of one row and where all scores are the same"""
    params = params_of(draw, conventions, 6, 9, 4)
    net = net_with(student, params)
    for rows in (1, 2, 40):
        expect.close({f"{rows} rows": net.predict(draw.normal(rows, 6))}, max_abs=0)
    net.params["W2"], net.params["b2"] = np.zeros(params["W2"].shape), np.zeros(4)
    expect.close({"ties": net.predict(draw.normal(5, 6))}, max_abs=0)


@suite.check(points=0, question="updates", cpu_s=10, where={"form": "function"})
def rules(student: Student, expect: Expect, draw: Draw, conventions: Conventions) -> None:
    """Every update rule from fixed seeds: histories and the best model; zero gradients too"""
    X, y = draw.normal(30, 6), draw.integers(0, 4, 30)
    for update in ("sgd", "momentum", "rmsprop"):
        for share, batch_size, reg in ((0.0, 7, 0.0), (0.9, 30, 0.5), (0.5, 1, 0.1)):
            student.seed(batch_size)
            model = params_of(draw, conventions, 6, 9, 4)
            model["b1"][:3] = -1e3  # closed units: their gradients are zero
            trainer = student.classifier_trainer.ClassifierTrainer()
            net = student.neural_net.two_layer_net
            settings = {"update": update, "momentum": share, "batch_size": batch_size, "reg": reg}
            settings |= {"learning_rate": 0.02, "num_epochs": 4}
            best, *histories = trainer.train(X, y, X, y, model, net, **settings)
            what = f"{update} {share}"
            expect.close({f"{what}: {n}": best[n] for n in NAMES}, max_error=ROUNDING)
            for name, history in zip(("losses", "train", "val"), histories, strict=True):
                expect.close({f"{what}: {name}": history}, max_error=ROUNDING)
