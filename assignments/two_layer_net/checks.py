"""Hidden checks of the two-layer network, for all of its editions.

What an edition fixes (form, layout, loss, credit) comes as `conventions`; how much a factor or a
transpose counts is up to the reference that was recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradlab import Staircase, Suite, Threshold
from gradlab.errors import StudentFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Remote, Student

    Conventions = Mapping[str, Any]

suite = Suite("two_layer_net")

CLASS, FUNCTION = {"form": "class"}, {"form": "function"}
HIDDEN = 50
# With these rates the reference learned 400 random sets of clouds apart, each to 98 % or more.
RATES = {"softmax": 0.2, "mse": 0.05}
GAP_CLOSERS = (1, 3)  # of the options in the notebook
BOUNDS = {
    "hidden_size": (HIDDEN, HIDDEN),
    "learning_rate": (1e-7, 1.0),
    "learning_rate_decay": (0.01, 1.0),
    "reg": (0.0, 100.0),
    "batch_size": (1, 49_000),
}
OF_FORM: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "class": {"num_iters": (1, 100_000)},
    "function": {"num_epochs": (1, 1000), "momentum": (0.0, 1.0)},
}


def shapes(
    conventions: Conventions, inputs: int, hidden: int, classes: int
) -> dict[str, tuple[int, ...]]:
    """Return the shape of each parameter."""
    sides = [(hidden, inputs), (classes, hidden)]
    if conventions["layout"] == "DH":
        sides = [(columns, rows) for rows, columns in sides]
    return {"W1": sides[0], "b1": (hidden,), "W2": sides[1], "b2": (classes,)}


def random_params(
    draw: Draw, conventions: Conventions, inputs: int = 6, hidden: int = 9
) -> dict[str, np.ndarray]:
    """Return random weights and biases for 4 classes.

    Biases that are not zero are what shows a regulariser on them.
    """
    sizes = shapes(conventions, inputs, hidden, 4)
    return {name: draw.normal(*shape, scale=0.5) for name, shape in sizes.items()}


def random_net(
    student: Student, draw: Draw, conventions: Conventions, inputs: int = 6, hidden: int = 9
) -> Remote:
    """Return a student's net with random parameters."""
    net: Remote = student.neural_net.TwoLayerNet(inputs, hidden, 4)
    net.params.update(random_params(draw, conventions, inputs, hidden))
    return net


def loss_with(
    student: Student, conventions: Conventions, params: Mapping[str, np.ndarray]
) -> Callable[..., Any]:
    """Return a net with these parameters as a function of X, y and reg, whatever form it has."""
    if conventions["form"] == "function":
        function = student.neural_net.two_layer_net
        return lambda X, *y, **reg: function(X, params, *y, **reg)
    H, C = len(params["b1"]), len(params["b2"])
    net = student.neural_net.TwoLayerNet(params["W1"].size // H, H, C)
    net.params.update(params)
    loss: Remote = net.loss
    return loss


@suite.check(points=3, question="scores")
def scores(student: Student, expect: Expect, draw: Draw, conventions: Conventions) -> None:
    """The scores of a random net are right"""
    loss = loss_with(student, conventions, random_params(draw, conventions))
    expect.close({"scores": loss(draw.normal(7, 6))}, max_error=1e-7)


@suite.check(points=4, question="mse", where={"loss": "mse"})
def mse_loss(student: Student, expect: Expect, draw: Draw) -> None:
    """mse_loss returns the squared error and its gradient, and leaves the scores as they are"""
    given, y = draw.normal(7, 4, scale=2.0), draw.labels(7, 4)
    held = student.hold(given)
    loss, dscores = student.neural_net.mse_loss(held, y)
    expect.close({"loss": loss, "dscores": dscores}, max_error=1e-9)
    expect.unchanged({"scores": held})


@suite.check(points=2, question="loss")
def loss(student: Student, expect: Expect, draw: Draw, conventions: Conventions) -> None:
    """The loss is right, without and with regularisation"""
    net = loss_with(student, conventions, random_params(draw, conventions))
    X, y = draw.normal(7, 6), draw.labels(7, 4)
    plain, _ = net(X, y)
    regularised, _ = net(X, y, reg=0.7)
    expect.close({"loss": plain, "loss with reg = 0.7": regularised}, max_error=1e-9)


@suite.check(points=1, question="loss", where={"loss": "softmax"})
def stable_loss(student: Student, expect: Expect, draw: Draw, conventions: Conventions) -> None:
    """The loss stays finite for scores in the tens of thousands

    exp overflows above 709, and at no draw all scores are smaller.
    """
    net = loss_with(student, conventions, random_params(draw, conventions))
    X, y = draw.normal(7, 6, scale=1e4), draw.labels(7, 4)
    value, _ = net(X, y)
    expect.close({"loss": value}, max_error=1e-9)


def expect_gradients(
    student: Student, expect: Expect, draw: Draw, conventions: Conventions
) -> None:
    """Expect the gradients of all four parameters, with regularisation."""
    params, X, y = random_params(draw, conventions), draw.normal(7, 6), draw.labels(7, 4)
    if conventions["form"] == "class":
        net = student.neural_net.TwoLayerNet(6, 9, 4)

    def loss(**params: np.ndarray) -> Any:
        if conventions["form"] == "function":
            return student.neural_net.two_layer_net(X, params, y, reg=0.7)
        net.params.update(params)
        return net.loss(X, y, reg=0.7)

    reg = 0.7 * conventions["reg_factor"] / 0.5  # as hints count it: with half of the squares
    expect.gradients(loss, params, consistent=0.5, reg=reg, max_error=1e-7)


@suite.check(points=6, question="gradients", where={"backward": "written"})
def gradients(student: Student, expect: Expect, draw: Draw, conventions: Conventions) -> None:
    """The gradients of all four parameters are right, with biases that are not zero

    Gradients that belong to a wrong loss earn half: the mistake costs its points where the loss is
    asked for.
    """
    expect_gradients(student, expect, draw, conventions)


@suite.check(points=3, question="gradients", where={"backward": "supplied"})
def backward(student: Student, expect: Expect, draw: Draw, conventions: Conventions) -> None:
    """The backward pass that is given finds in hidden and dscores what it needs"""
    expect_gradients(student, expect, draw, conventions)


@suite.check(points=2, question="train", cpu_s=5, where=CLASS)
def train_steps(student: Student, expect: Expect, draw: Draw, conventions: Conventions) -> None:
    """Every step of training moves the parameters as it should

    All rows are the same, so every way of drawing a mini-batch gives the same batch and the whole
    history is known. The learning rate decays four times on the way.
    """
    net = random_net(student, draw, conventions)
    X, y = np.repeat(draw.normal(1, 6), 20, axis=0), np.full(20, 2)
    history = net.train(
        X, y, X, y, learning_rate=0.05, learning_rate_decay=0.7, reg=0.1, num_iters=40, batch_size=5
    )
    expect.trajectory("loss history", history["loss_history"], max_error=1e-6)
    expect.close({"W1 after training": net.params["W1"]}, max_error=1e-6)


@suite.check(points=1, question="train", where=CLASS)
def train_draws(student: Student, expect: Expect, draw: Draw, conventions: Conventions) -> None:
    """Mini-batches are drawn from all of the training data

    Sample d alone feeds input d, and no hidden unit is closed, so the weights of input d move as
    soon as its sample is drawn. In 200 draws of one sample all 20 are expected; 15 are missed by no
    way of sampling that is random, or that goes through the data epoch by epoch.
    """
    student.seed(draw.seed)
    net = random_net(student, draw, conventions, inputs=20)
    net.params["b1"] = np.full(9, 5.0)
    before, y = np.asarray(net.params["W1"]), draw.labels(20, 4)
    net.train(np.eye(20), y, np.eye(20), y, learning_rate=1e-3, reg=0, num_iters=200, batch_size=1)
    units = 0 if conventions["layout"] == "HD" else 1
    moved = np.any(np.asarray(net.params["W1"]) != before, axis=units)
    expect.earns("samples that were drawn", int(np.sum(moved)), 20, Threshold(75))


@suite.check(points=1, question="train", cpu_s=5, where=CLASS)
def train_learns(student: Student, expect: Expect, draw: Draw, conventions: Conventions) -> None:
    """Training on mini-batches learns four clouds of points apart

    The trained parameters are tried on new points, and here: code that only remembers the labels
    it was given does not pass.
    """
    student.seed(draw.seed)
    centres, y = draw.normal(4, 6, scale=3.0), draw.labels(80, 4)
    X, X_new = (centres[y] + draw.normal(80, 6, scale=0.3) for _ in range(2))
    net = student.neural_net.TwoLayerNet(6, 9, 4, std=0.1)
    settings = {"learning_rate": RATES[conventions["loss"]], "learning_rate_decay": 1.0}
    net.train(X, y, X, y, reg=1e-3, num_iters=200, batch_size=20, **settings)
    W1, b1, W2, b2 = (np.asarray(net.params[name]) for name in ("W1", "b1", "W2", "b2"))
    if conventions["layout"] == "HD":
        W1, W2 = W1.T, W2.T
    scores = np.maximum(X_new @ W1 + b1, 0) @ W2 + b2
    right = int(np.sum(np.argmax(scores, axis=1) == y))
    expect.earns("accuracy on new points", right, len(y), Threshold(90))


@suite.check(points=2, question="predict", where=CLASS)
def predict(student: Student, expect: Expect, draw: Draw, conventions: Conventions) -> None:
    """predict returns the class of the largest score"""
    net = random_net(student, draw, conventions)
    expect.close({"labels": net.predict(draw.normal(40, 6))}, max_abs=0)


def expect_rule(student: Student, expect: Expect, draw: Draw, **rule: Any) -> None:
    """Expect the losses of twelve steps by an update rule.

    The loss is the bowl that students are given: a mistake in the net costs nothing here. Training
    starts near its lowest point, where gradients are so small that the small number counts which
    RMSProp adds.
    """
    X, y = draw.normal(7, 6), np.zeros(7, int)
    model = {name: 1 + draw.normal(4, 3, scale=0.05) for name in ("W1", "W2")}
    settings = {"learning_rate_decay": 1.0, "sample_batches": False, "num_epochs": 12}
    trainer = student.classifier_trainer.ClassifierTrainer()
    _, history, _, _ = trainer.train(X, y, X, y, model, student.bowl.bowl, **settings, **rule)
    expect.trajectory("loss history", history, max_error=1e-7)


@suite.check(points=3, question="updates", where=FUNCTION)
def momentum(student: Student, expect: Expect, draw: Draw) -> None:
    """The momentum rule moves the parameters as it should, over many steps"""
    expect_rule(student, expect, draw, update="momentum", momentum=0.8, learning_rate=0.05)


@suite.check(points=3, question="updates", where=FUNCTION)
def rmsprop(student: Student, expect: Expect, draw: Draw) -> None:
    """The RMSProp rule moves the parameters as it should, over many steps"""
    expect_rule(student, expect, draw, update="rmsprop", momentum=0.8, learning_rate=1e-3)


@suite.check(points=6, question="tuning", cpu_s=5)
def accuracy(
    student: Student, expect: Expect, reference: Student, conventions: Conventions
) -> None:
    """The net you handed in, best_net.npz, recognises validation images"""
    params = student.artifact("best_net.npz", shapes(conventions, 3072, HIDDEN, 10))
    real = student.artifact_text("best_net.npz", "dataset") == "cifar10"
    images = "cifar10" if real else "generated"
    split = reference.keep(reference.data_utils.validation_split, images)
    labels = np.argmax(loss_with(reference, conventions, params)(split[0]), axis=1)
    right = int(np.sum(labels == np.asarray(split[1])))
    expect.earns("validation accuracy", right, 1000, Staircase(*conventions["accuracy"]))


@suite.check(points=2, question="tuning")
def settings(student: Student, expect: Expect, conventions: Conventions) -> None:
    """The settings you report, best_settings, are complete and true of the net you handed in"""
    student.artifact("best_net.npz", shapes(conventions, 3072, HIDDEN, 10))
    bounds = {**BOUNDS, **OF_FORM[conventions["form"]]}
    expect.settings("best_settings", student.notebook.best_settings, bounds)


def chosen_options(student: Student) -> np.ndarray:
    """Return the chosen numbers; what is said of anything else must not tell how many are right."""
    try:
        return np.asarray(student.notebook.gap_options)
    except StudentFault as fault:
        if fault.status in ("missed", "not implemented"):
            text = "gap_options should be a list of the numbers you chose"
            fault = StudentFault(fault.status, text)
        raise fault from None


@suite.check(points=1, question="gap", where={"form": "class", "layout": "DH"})
def gap_options(student: Student, expect: Expect) -> None:
    """gap_options names what can close a gap between training and test accuracy"""
    chosen = chosen_options(student)
    right = sum((option in chosen) == (option in GAP_CLOSERS) for option in (1, 2, 3, 4))
    expect.earns("options judged rightly", right, 4, Threshold(100))


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
suite.written(
    "q-gap",
    points=1,
    title="Why these options close the gap",
    rubric="1 point for an explanation that fits the options that were chosen: more data and "
    "stronger regularisation both make it harder to fit what only the training images have; more "
    "hidden units make it easier.",
    where={"form": "class", "layout": "DH"},
)
