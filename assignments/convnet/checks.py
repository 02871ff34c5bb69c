"""Hidden checks of the convolutional net, on layers that students may bring along.

The first checks look at those layers and are worth nothing here. They say which layer is to blame,
and a net that is right on wrong layers earns half.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradlab import Staircase, Suite, Threshold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Student

suite = Suite("convnet")

LAYERS = (
    "layers.affine_forward",
    "layers.affine_backward",
    "layers.relu_forward",
    "layers.relu_backward",
    "losses.softmax_loss",
)
CLASSES = 4
FILTERS, SIZE = 32, 7
SHAPES = {
    "W1": (FILTERS, 3, SIZE, SIZE),
    "b1": (FILTERS,),
    "W2": (FILTERS * 16 * 16, 10),
    "b2": (10,),
}
BOUNDS = {"learning_rate": (1e-8, 10.0), "momentum": (0.0, 0.999), "reg": (0.0, 100.0)}
IMAGES, EPOCHS, STARTS, SEEN = 50, 20, 4, 500
GOAL = Threshold(90)


class Geometry(NamedTuple):
    """Images that are not square, and filters of another size for each."""

    samples: int
    channels: int
    height: int
    width: int
    filters: int
    size: int


GEOMETRIES = {
    "5 x 5 filters": Geometry(2, 3, 8, 4, 2, 5),  # first: padding of 2 may be all there is
    "3 x 3 filters": Geometry(3, 2, 6, 8, 3, 3),
    "1 x 1 filters": Geometry(5, 1, 4, 6, 5, 1),
}


def random_model(draw: Draw, at: Geometry) -> dict[str, np.ndarray]:
    """Return parameters with biases that are not zero."""
    features = at.filters * (at.height // 2) * (at.width // 2)
    fan_in = at.channels * at.size**2
    return {
        "W1": draw.normal(at.filters, at.channels, at.size, at.size, scale=fan_in**-0.5),
        "b1": draw.normal(at.filters, scale=0.5),
        "W2": draw.normal(features, CLASSES, scale=features**-0.5),
        "b2": draw.normal(CLASSES, scale=0.5),
    }


def batch(draw: Draw, at: Geometry) -> tuple[np.ndarray, np.ndarray]:
    """Return images and labels."""
    images = draw.normal(at.samples, at.channels, at.height, at.width)
    return images, draw.labels(at.samples, CLASSES)


@suite.check(points=0, question="layers")
def affine_layer(student: Student, expect: Expect, draw: Draw) -> None:
    """The affine layer is right, of pictures too"""
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
    """The ReLU is right, of pictures too"""
    layers = student.layers
    expect.gradients(
        layers.relu_forward,
        {"x": draw.away(2, 3, 4, 5)},
        backward=layers.relu_backward,
        dout=draw.normal(2, 3, 4, 5),
        forward=1,
        max_error=1e-9,
    )


@suite.check(points=0, question="layers")
def softmax_layer(student: Student, expect: Expect, draw: Draw) -> None:
    """softmax_loss is as it was given"""
    x, y = {"x": draw.normal(7, CLASSES)}, draw.labels(7, CLASSES)
    expect.gradients(student.losses.softmax_loss, x, also=(y,), forward=1, max_error=1e-9)


@suite.check(points=4, question="scores", follows=[affine_layer, relu_layer], layers=LAYERS)
def scores(student: Student, expect: Expect, draw: Draw) -> None:
    """The scores are right for images that are not square, and for filters of any size"""
    for name, at in GEOMETRIES.items():
        X, _ = batch(draw, at)
        found = student.convnet.two_layer_convnet(X, random_model(draw, at))
        expect.close({f"scores, {name}": found}, max_error=1e-7)


@suite.check(
    points=7,
    question="gradients",
    follows=[affine_layer, relu_layer, softmax_layer],
    layers=LAYERS,
)
def gradients(student: Student, expect: Expect, draw: Draw) -> None:
    """Loss and gradients are right, with biases that are not zero, without and with reg"""
    for (name, at), reg in zip(GEOMETRIES.items(), (0.0, 0.7, 0.3), strict=True):
        X, y = batch(draw, at)

        def loss(
            X: np.ndarray = X, y: np.ndarray = y, reg: float = reg, **model: np.ndarray
        ) -> Any:
            return student.convnet.two_layer_convnet(X, model, y, reg)

        expect.gradients(
            loss,
            random_model(draw, at),
            name=f"{name}, reg = {reg:g}:",
            forward=2,
            consistent=0.5,
            reg=reg,
            max_error=1e-7,
        )


@suite.check(
    points=2,
    question="training",
    follows=[affine_layer, relu_layer, softmax_layer],
    layers=LAYERS,
    cpu_s=5,
)
def training_steps(student: Student, expect: Expect, draw: Draw) -> None:
    """A ClassifierTrainer trains your net as it should, step by step"""
    at = Geometry(24, 2, 6, 4, 3, 3)
    (X, y), model = batch(draw, at), random_model(draw, at)
    student.seed(draw.seed)
    best, losses, *_ = student.classifier_trainer.ClassifierTrainer().train(
        X,
        y,
        X,
        y,
        model,
        student.convnet.two_layer_convnet,
        reg=0.1,
        learning_rate=0.05,
        momentum=0.5,
        batch_size=6,
        num_epochs=4,
    )
    expect.trajectory("losses", losses, max_error=1e-6)
    expect.close({f"{name} after training": best[name] for name in model}, max_error=1e-6)


@suite.check(points=3, question="overfit", cpu_s=5)
def overfit(student: Student, expect: Expect, draw: Draw, reference: Student) -> None:
    """With your overfit_settings a small net learns 50 images nearly by heart

    The reference trains on other images than the student's; the best training accuracy of all
    epochs counts.
    """
    reported = student.notebook.overfit_settings
    settings = expect.settings("overfit_settings", reported, BOUNDS, share=0.1)
    right = by_heart(reference, settings, draw) if settings.keys() == BOUNDS.keys() else 0
    expect.earns("images learnt by heart", right, IMAGES, GOAL)


def by_heart(reference: Student, settings: Mapping[str, float], draw: Draw) -> int:
    """Return how many of 50 images a net knows at best while it is trained.

    A start that does not succeed is followed by another.
    """
    split = reference.keep(reference.data_utils.validation_split, "generated")
    rows = draw.integers(0, 1000, IMAGES)
    X = np.asarray(split[0])[rows].reshape(-1, 32, 32, 3).transpose(0, 3, 1, 2).copy()
    y = np.asarray(split[1])[rows]
    best = 0
    for start in range(STARTS):
        reference.seed(draw.seed + start)
        model = reference.keep(reference.convnet.init_two_layer_convnet, num_filters=8)
        trained = reference.classifier_trainer.ClassifierTrainer().train(
            X,
            y,
            X[:10],
            y[:10],
            model,
            reference.convnet.two_layer_convnet,
            batch_size=10,
            num_epochs=EPOCHS,
            **settings,
        )
        best = max(best, round(IMAGES * max(trained[2])))
        if GOAL.credit(Fraction(best, IMAGES)):
            break
    return best


@suite.check(points=4, question="images", cpu_s=8)
def accuracy(student: Student, expect: Expect, reference: Student) -> None:
    """The net you handed in, convnet.npz, recognises validation images"""
    params = student.artifact("convnet.npz", SHAPES)
    real = student.artifact_text("convnet.npz", "dataset") == "cifar10"
    images = "cifar10" if real else "generated"
    split = reference.keep(reference.data_utils.validation_split, images)
    X = np.asarray(split[0])[:SEEN].reshape(-1, 32, 32, 3).transpose(0, 3, 1, 2)
    right = 0
    for start in range(0, SEEN, 100):
        rows = slice(start, start + 100)
        found = reference.convnet.two_layer_convnet(X[rows].copy(), dict(params))
        right += int(np.sum(np.argmax(found, axis=1) == np.asarray(split[1])[rows]))
    expect.earns("validation accuracy", right, SEEN, Staircase(28, 38))


suite.written(
    "q-sanity",
    points=2,
    title="What the first loss and its difference say",
    rubric="1 point: about log(10), since with tiny weights all classes get the same probability. "
    "1 point: reg adds half of the sum of squares, 0.5e-6 times 84 320 weights, 0.042.",
)
suite.written(
    "q-filters",
    points=2,
    title="What the filters look for",
    rubric="1 point: edges and blobs of a colour, with an example from the picture. 1 point: the "
    "same filter looks everywhere in the image, so it needs few weights and finds small things "
    "wherever they are, unlike the templates of a fully connected net.",
)
