"""Hidden checks of the fully connected nets, on the layers that students bring along.

The first checks look at those layers and are worth nothing here: they were graded where they were
written. They say which layer is to blame, and a net that is right on wrong layers earns half.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from gradlab import Staircase, Suite, Threshold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Remote, Student

suite = Suite("fully_connected")

LAYERS = (
    "layers.affine_forward",
    "layers.affine_backward",
    "layers.relu_forward",
    "layers.relu_backward",
    "losses.softmax_loss",
)
INPUTS, CLASSES = 6, 4
DEPTHS: dict[str, tuple[int, ...]] = {
    "one hidden layer": (5,),
    "three hidden layers": (8, 5, 7),
    "no hidden layer": (),  # last, since many fail there
}
IMAGES, HIDDEN, EPOCHS, STARTS = 50, 200, 20, 10
ALMOST_ALL = Threshold(98)
# The share of normal numbers within one deviation; how far that and the mean may be off.
NORMAL_NEAR, NEAR, MEAN = 0.683, 0.05, 0.1
SHAPES = {"W1": (3072, HIDDEN), "b1": (HIDDEN,), "W2": (HIDDEN, 10), "b2": (10,)}
BOUNDS = {"weight_scale": (1e-8, 10.0), "learning_rate": (1e-8, 10.0)}


def random_params(draw: Draw, hidden: Sequence[int]) -> dict[str, np.ndarray]:
    """Return weights that keep the size of what passes through, and biases that are not zero."""
    params = {}
    for i, (before, after) in enumerate(pairwise((INPUTS, *hidden, CLASSES)), start=1):
        params[f"W{i}"] = draw.normal(before, after, scale=(2 / before) ** 0.5)
        params[f"b{i}"] = draw.normal(after, scale=0.5)
    return params


def deep_net(student: Student, hidden: Sequence[int], reg: float = 0.0, **options: Any) -> Remote:
    """Return a student's net of any depth."""
    net: Remote = student.fc_net.FullyConnectedNet(
        list(hidden), input_dim=INPUTS, num_classes=CLASSES, reg=reg, dtype="float64", **options
    )
    return net


@suite.check(points=0, question="layers")
def affine_layer(student: Student, expect: Expect, draw: Draw) -> None:
    """The affine layer that you bring along is right"""
    layers = student.layers
    expect.gradients(
        layers.affine_forward,
        {"x": draw.normal(4, 2, 3), "w": draw.normal(6, 5), "b": draw.normal(5)},
        backward=layers.affine_backward,
        dout=draw.normal(4, 5),
        forward=1,
        max_error=1e-7,
    )


@suite.check(points=0, question="layers")
def relu_layer(student: Student, expect: Expect, draw: Draw) -> None:
    """The ReLU that you bring along is right"""
    layers = student.layers
    expect.gradients(
        layers.relu_forward,
        {"x": draw.away(4, 7)},
        backward=layers.relu_backward,
        dout=draw.normal(4, 7),
        forward=1,
        max_error=1e-9,
    )


@suite.check(points=0, question="layers")
def softmax_layer(student: Student, expect: Expect, draw: Draw) -> None:
    """softmax_loss is as it was given"""
    x, y = {"x": draw.normal(7, CLASSES)}, draw.labels(7, CLASSES)
    expect.gradients(student.losses.softmax_loss, x, also=(y,), forward=1, max_error=1e-9)


@suite.check(points=0, question="layers")
def update_rule(student: Student, expect: Expect, draw: Draw) -> None:
    """The update rule sgd that you bring along is right"""
    w, dw = draw.normal(3, 4), draw.normal(3, 4)
    next_w, _ = student.optim.sgd(w, dw, {"learning_rate": 0.3})
    expect.close({"w after a step": next_w}, max_error=1e-9)


def expect_start(
    net: Remote, sizes: Sequence[int], scale: float, expect: Expect, name: str = ""
) -> None:
    """Expect parameters of the right shapes, drawn as they should be.

    A right net fails by chance less than once in 10**12 times. With 6000 numbers in a matrix, 8 %
    are 8.8 standard errors of the standard deviation, 0.1 are 7.7 of the mean, and 0.05 are 8.3 of
    the share within one deviation, which is 0.683 of normal numbers and 0.577 of uniform ones.
    """
    for i, (before, after) in enumerate(pairwise(sizes), start=1):
        bias, shape = f"{name}b{i}", f"{name}zeros of W{i}'s shape"
        expect.close({bias: net.params[f"b{i}"]}, wanted={bias: np.zeros(after)}, max_abs=0)
        W = as_numbers(net.params[f"W{i}"]) / scale
        wanted = {shape: np.zeros((before, after))}
        expect.close({shape: np.zeros(W.shape)}, wanted=wanted, max_abs=0)
        spread = f"{name}standard deviation of W{i} by weight_scale"
        expect.close({spread: np.std(W)}, wanted={spread: 1.0}, max_abs=0.08)
        mean, near = np.mean(W), np.mean(np.abs(W) < np.std(W))
        right = int(abs(mean) < MEAN) + int(abs(near - NORMAL_NEAR) < NEAR)
        bell = f"{name}W{i} has its mean near 0, and its numbers as near to it as normal ones"
        expect.earns(bell, right, 2, Threshold(100))


def as_numbers(value: Any) -> np.ndarray:
    """Return an array of numbers; a single nan for what is none."""
    array = np.asarray(value)
    there = array.dtype.kind in "biuf" and array.size > 0
    return array.astype(np.float64) if there else np.full(1, np.nan)


@suite.check(points=2, question="two_layer_net")
def two_layer_start(student: Student, expect: Expect, draw: Draw) -> None:
    """TwoLayerNet starts from normal weights and from biases of zero"""
    student.seed(draw.seed)
    net = student.fc_net.TwoLayerNet(
        input_dim=60, hidden_dims=100, num_classes=60, weight_scale=0.03
    )
    expect_start(net, (60, 100, 60), 0.03, expect)


@suite.check(
    points=2,
    question="two_layer_net",
    follows=[affine_layer, relu_layer],
    layers=LAYERS,
)
def two_layer_scores(student: Student, expect: Expect, draw: Draw) -> None:
    """TwoLayerNet.loss returns the scores, of rows as of pictures"""
    net = two_layer_net(student, random_params(draw, (5,)))
    for shape in ((7, INPUTS), (3, 1, 2, 3)):
        scores = net.loss(draw.normal(*shape))
        expect.close({f"scores, X of shape {shape}": scores}, max_error=1e-7)


def two_layer_net(student: Student, params: Mapping[str, np.ndarray]) -> Remote:
    """Return a student's two-layer net with parameters."""
    net: Remote = student.fc_net.TwoLayerNet(INPUTS, 5, CLASSES)
    net.params.update(dict(params))
    return net


@suite.check(
    points=4,
    question="two_layer_net",
    follows=[affine_layer, relu_layer, softmax_layer],
    layers=LAYERS,
)
def two_layer_gradients(student: Student, expect: Expect, draw: Draw) -> None:
    """TwoLayerNet.loss returns loss and gradients, without and with regularization"""
    params, X, y = random_params(draw, (5,)), draw.normal(7, INPUTS), draw.labels(7, CLASSES)
    net = two_layer_net(student, params)

    def loss(**params: np.ndarray) -> Any:
        net.params.update(params)
        return net.loss(X, y)

    for reg in (0.0, 0.7):
        net.reg = reg
        name = f"reg = {reg:g}:"
        expect.gradients(
            loss, params, name=name, forward=2, consistent=0.5, reg=reg, max_error=1e-7
        )


@suite.check(points=2, question="fully_connected")
def deep_start(student: Student, expect: Expect, draw: Draw) -> None:
    """FullyConnectedNet starts from normal weights and from biases of zero, whatever its depth"""
    student.seed(draw.seed)
    for name, hidden in (("no hidden layer: ", ()), ("two: ", (60, 100))):
        net = student.fc_net.FullyConnectedNet(
            list(hidden), input_dim=100, num_classes=60, weight_scale=0.05, dtype="float64"
        )
        expect_start(net, (100, *hidden, 60), 0.05, expect, name)


@suite.check(
    points=3,
    question="fully_connected",
    follows=[affine_layer, relu_layer],
    layers=LAYERS,
)
def deep_scores(student: Student, expect: Expect, draw: Draw) -> None:
    """FullyConnectedNet.loss returns the scores at every depth, also without a hidden layer"""
    for name, hidden in DEPTHS.items():
        net = deep_net(student, hidden)
        net.params.update(random_params(draw, hidden))
        expect.close({f"scores, {name}": net.loss(draw.normal(5, 2, 3))}, max_error=1e-7)


@suite.check(
    points=5,
    question="fully_connected",
    follows=[affine_layer, relu_layer, softmax_layer],
    layers=LAYERS,
)
def deep_gradients(student: Student, expect: Expect, draw: Draw) -> None:
    """FullyConnectedNet.loss returns loss and gradients at every depth, with regularization"""
    X, y = draw.normal(7, INPUTS), draw.labels(7, CLASSES)
    for name, hidden in DEPTHS.items():
        expect_gradients(
            deep_net(student, hidden, 0.7), random_params(draw, hidden), (X, y), expect, name
        )


def expect_gradients(
    net: Remote,
    params: Mapping[str, np.ndarray],
    batch: tuple[np.ndarray, np.ndarray],
    expect: Expect,
    name: str,
) -> None:
    """Expect the loss of a net whose regularization strength is 0.7, and all gradients."""

    def loss(**params: np.ndarray) -> Any:
        net.params.update(params)
        return net.loss(*batch)

    expect.gradients(
        loss, params, name=f"{name}:", forward=2, consistent=0.5, reg=0.7, max_error=1e-7
    )


@suite.check(points=2, question="batchnorm", bonus=True)
def batchnorm(student: Student, expect: Expect, draw: Draw) -> None:
    """With use_batchnorm every hidden layer is normalized, in training and in testing"""
    hidden, X, y = (5, 7), draw.normal(9, INPUTS), draw.labels(9, CLASSES)
    net, params = deep_net(student, hidden, 0.7, use_batchnorm=True), random_params(draw, hidden)
    start = {"gamma1 at the start": net.params["gamma1"], "beta2 at the start": net.params["beta2"]}
    wanted = dict(zip(start, (np.ones(5), np.zeros(7)), strict=True))
    expect.close(start, wanted=wanted, share=0.5, max_abs=0)
    for i, size in enumerate(hidden, start=1):
        params |= {f"gamma{i}": draw.normal(size), f"beta{i}": draw.normal(size)}
    net.params.update(params)
    student.keep(net.loss, X, y)
    student.keep(net.loss, 2 * X + 1, y)
    expect.close({"scores in testing": net.loss(draw.normal(3, INPUTS))}, share=3, max_error=1e-7)
    # What a bias in front of a normalized layer adds is subtracted again: its gradient is rounding.
    own = {name: value for name, value in params.items() if name not in ("b1", "b2")}
    expect_gradients(net, own, (X, y), expect, "in training")


@suite.check(points=2, question="dropout", bonus=True)
def dropout(student: Student, expect: Expect, draw: Draw) -> None:
    """With dropout hidden units fall silent in training, and none in testing

    Which ones is the student's own business: the mask is read off the gradients of one sample, and
    loss and gradients must be those of a net with that mask. That none of 200 units falls silent
    has a chance of 10**-31.
    """
    p, units = 0.3, 200
    x, W1 = draw.uniform(1, 2, 1, units), np.eye(units)
    W2, b2 = draw.normal(units, 3, scale=0.1), draw.normal(3)
    student.seed(draw.seed)
    net = student.fc_net.FullyConnectedNet(
        [units], input_dim=units, num_classes=3, dropout=p, dtype="float64"
    )
    net.params.update({"W1": W1, "b1": np.zeros(units), "W2": W2, "b2": b2})
    loss, grads = net.loss(x, np.array([1]))
    tested = net.loss(x)
    found = {name: as_numbers(grads[name]) for name in ("W1", "b1", "W2", "b2")}
    silent = ~np.any(found["W2"], axis=1) if found["W2"].shape == W2.shape else np.ones(units, bool)
    hidden = np.where(silent, 0, x / (1 - p))
    scores = hidden @ W2 + b2
    dscores = np.exp(scores) / np.exp(scores).sum()
    wanted_loss = -np.log(dscores[0, 1])
    dscores[0, 1] -= 1
    dhidden = np.where(silent, 0, dscores @ W2.T / (1 - p))
    wanted = {"W1": x.T @ dhidden, "b1": dhidden[0], "W2": hidden.T @ dscores, "b2": dscores[0]}
    fits = [alike(found[name], value) for name, value in wanted.items()]
    fits += [alike(loss, wanted_loss), alike(tested, x @ W2 + b2)]
    some = 0 < int(silent.sum()) < units
    name = "loss, gradients and scores in testing that fit one mask"
    expect.earns(name, sum(fits) if some else 0, len(fits), Threshold(100))


def alike(value: Any, wanted: Any) -> bool:
    """Say whether numbers are the wanted ones, in their shape."""
    found = as_numbers(value)
    return found.shape == np.shape(wanted) and np.allclose(found, wanted, rtol=1e-6, atol=1e-12)


@suite.check(
    points=2,
    question="solver",
    follows=[affine_layer, relu_layer, softmax_layer, update_rule],
    layers=(*LAYERS, "optim.sgd"),
)
def solver_steps(student: Student, expect: Expect, draw: Draw) -> None:
    """A Solver trains your net as it should, step by step

    The Solver is supplied, so all its random numbers are known from the seed. Training and
    validation samples are the same, so the best parameters are those of the best epoch.
    """
    X, y, params = draw.normal(24, INPUTS), draw.labels(24, CLASSES), random_params(draw, (8, 7))
    net = deep_net(student, (8, 7), 0.1)
    net.params.update(params)
    student.seed(draw.seed)
    solver = student.solver.Solver(
        net,
        {"X_train": X, "y_train": y, "X_val": X, "y_val": y},
        optim_config={"learning_rate": 0.1},
        lr_decay=0.9,
        batch_size=6,
        num_epochs=5,
        verbose=False,
    )
    solver.train()
    expect.trajectory("losses", solver.loss_history, max_error=1e-6)
    expect.close({f"{k} after training": net.params[k] for k in ("W1", "b3")}, max_error=1e-6)


@suite.check(points=3, question="overfit", cpu_s=5)
def overfit(student: Student, expect: Expect, draw: Draw, reference: Student) -> None:
    """With your overfit_settings a net with two hidden layers learns 50 images by heart

    The reference trains on other images than the student's, so one of them may be missed. The best
    training accuracy of all epochs counts, not that of the net in the end: that is the one of the
    best validation.
    """
    reported = student.notebook.overfit_settings
    settings = expect.settings("overfit_settings", reported, BOUNDS, share=0.1)
    right = by_heart(reference, draw, **settings) if settings.keys() == BOUNDS.keys() else 0
    expect.earns("images learnt by heart", right, IMAGES, ALMOST_ALL)


def by_heart(reference: Student, draw: Draw, *, weight_scale: float, learning_rate: float) -> int:
    """Return how many of 50 images a net knows at best while the Solver trains it.

    A start that does not succeed is followed by another: with the settings of the handouts, one in
    six leaves an image out, and of 300 draws one took four starts to leave out no more than one.
    """
    split = reference.keep(reference.data_utils.validation_split, "generated")
    rows = draw.integers(0, 1000, IMAGES)
    X, y = np.asarray(split[0])[rows], np.asarray(split[1])[rows]
    best = 0
    for start in range(STARTS):
        reference.seed(draw.seed + start)
        net = reference.fc_net.FullyConnectedNet([100, 100], weight_scale=weight_scale)
        solver = reference.solver.Solver(
            net,
            {"X_train": X, "y_train": y, "X_val": X, "y_val": y},
            optim_config={"learning_rate": learning_rate},
            batch_size=25,
            num_epochs=EPOCHS,
            verbose=False,
        )
        solver.train()
        best = max(best, round(IMAGES * max(solver.train_acc_history)))
        if best == IMAGES:
            break
    return best


@suite.check(points=4, question="tuning", cpu_s=5)
def accuracy(student: Student, expect: Expect, reference: Student) -> None:
    """The net you handed in, solver_net.npz, recognises validation images"""
    params = student.artifact("solver_net.npz", SHAPES)
    real = student.artifact_text("solver_net.npz", "dataset") == "cifar10"
    images = "cifar10" if real else "generated"
    split = reference.keep(reference.data_utils.validation_split, images)
    net = reference.fc_net.TwoLayerNet(hidden_dims=HIDDEN)
    for name, value in params.items():
        net.params[name] = value
    labels = np.argmax(net.loss(split[0]), axis=1)
    right = int(np.sum(labels == np.asarray(split[1])))
    expect.earns("validation accuracy", right, 1000, Staircase(28, 40))


suite.written(
    "q-best",
    points=1,
    title="Why the net after training is not the last one",
    rubric="1 point: the Solver gives the parameters of the best validation accuracy back; with 50 "
    "images these may come from an epoch in which not all of them were known, so that the history "
    "has to be asked.",
)
suite.written(
    "q-overfit",
    points=2,
    title="What learning 50 images by heart proves, and what not",
    rubric="1 point: loss, gradients and update fit together and the net is large enough, since "
    "a mistake in any of them would stop it. 1 point: nothing about new images: validation "
    "accuracy hardly beats chance; or that the rate suits the whole set.",
)
suite.written(
    "q-depth",
    points=2,
    title="Why the start matters more in a deep net",
    rubric="1 point: each layer multiplies what passes by about weight_scale * sqrt(units) (with "
    "a factor for the ReLU), forth and back, so it dies or explodes exponentially with depth. "
    "1 point: the remedy, a scale of sqrt(2 / units), or normalization.",
)
