"""Hidden checks of the six questions; `rivals.md` has the same for other graders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlab import Suite

if TYPE_CHECKING:
    import numpy as np

    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Student

suite = Suite("six")


def random_params(draw: Draw) -> dict[str, np.ndarray]:
    """Return parameters for 6 inputs, 9 hidden units and 4 classes."""
    return {
        "W1": draw.normal(6, 9, scale=0.5),
        "b1": draw.normal(9, scale=0.5),
        "W2": draw.normal(9, 4, scale=0.5),
        "b2": draw.normal(4, scale=0.5),
    }


@suite.check(points=3, question="affine_forward")
def affine_forward(student: Student, expect: Expect, draw: Draw) -> None:
    """Values of affine_forward are right on random inputs."""
    x, w, b = draw.normal(10, 6), draw.normal(6, 5), draw.normal(5)
    out, _ = student.functions.affine_forward(x, w, b)
    expect.close({"out": out}, max_error=1e-9)


@suite.check(points=4, question="affine_backward")
def affine_backward(student: Student, expect: Expect, draw: Draw) -> None:
    """Gradients of affine_backward are right on random inputs."""
    x, w, b, dout = draw.normal(10, 6), draw.normal(6, 5), draw.normal(5), draw.normal(10, 5)
    dx, dw, db = student.functions.affine_backward(dout, (x, w, b))
    expect.close({"dx": dx, "dw": dw, "db": db}, max_error=1e-9)


@suite.check(points=2, question="relu")
def relu(student: Student, expect: Expect, draw: Draw) -> None:
    """Values of relu are right on random inputs, which stay as they are."""
    x = student.hold(draw.normal(8, 7))
    expect.close({"out": student.functions.relu(x)}, max_error=1e-12)
    expect.unchanged({"x": x})


@suite.check(points=4, question="softmax_loss")
def softmax_loss(student: Student, expect: Expect, draw: Draw) -> None:
    """Loss and gradient of softmax_loss are right on scores small and large."""
    for size, scale in (("small", 1.0), ("large", 1e3)):
        scores, y = draw.normal(7, 5, scale=scale), draw.labels(7, 5)
        loss, dscores = student.functions.softmax_loss(scores, y)
        found = {f"loss of {size} scores": loss, f"gradient of {size} scores": dscores}
        expect.close(found, max_error=1e-9)


@suite.check(points=4, question="two_layer_loss")
def two_layer_loss(student: Student, expect: Expect, draw: Draw) -> None:
    """Loss and gradients of two_layer_loss are right on a random network."""
    params, x, y = random_params(draw), draw.normal(7, 6), draw.labels(7, 4)
    loss, grads = student.functions.two_layer_loss(params, x, y, 0.7)
    expect.close({"loss": loss, **{name: grads[name] for name in params}}, max_error=1e-8)


@suite.check(points=1, question="two_layer_loss")
def two_layer_slopes(student: Student, expect: Expect, draw: Draw) -> None:
    """The gradients of two_layer_loss fit its loss along random directions."""
    params, x, y = random_params(draw), draw.away(7, 6), draw.labels(7, 4)

    def loss(**moved: np.ndarray) -> object:
        return student.functions.two_layer_loss(moved, x, y, 0.7)

    _, grads = student.functions.two_layer_loss(params, x, y, 0.7)
    expect.close({"W2": grads["W2"]}, max_error=1e-8)
    expect.slope(loss, params, {name: grads[name] for name in params})


@suite.check(points=3, question="train")
def train(student: Student, expect: Expect, draw: Draw) -> None:
    """A hundred steps of train are right on toy data."""
    params, x, y = random_params(draw), draw.normal(20, 6), draw.labels(20, 4)
    trained, history = student.functions.train(params, x, y, 0.1, 1e-3, 100)
    expect.trajectory("loss history", history, max_error=1e-6)
    expect.close({f"{name} after training": trained[name] for name in params}, max_error=1e-6)
