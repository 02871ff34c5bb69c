"""Public checks of the six questions, on the notebook's small inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradlab import Suite

if TYPE_CHECKING:
    from autograder.expect import Expect
    from autograder.remote import Student

suite = Suite("six")


def ramp(*shape: int) -> np.ndarray:
    """Return evenly spaced numbers from -1 to 1."""
    return np.linspace(-1, 1, int(np.prod(shape))).reshape(shape)


PARAMS = {"W1": ramp(3, 4), "b1": ramp(4), "W2": ramp(4, 3), "b2": ramp(3)}
LABELS = np.array([0, 1, 2, 2, 1])


@suite.check(points=0, question="affine_forward")
def affine_forward_example(student: Student, expect: Expect) -> None:
    """Values of affine_forward are right on the notebook's numbers."""
    out, _ = student.functions.affine_forward(ramp(4, 3), ramp(3, 2), ramp(2))
    expect.close({"out": out}, max_error=1e-9)


@suite.check(points=0, question="affine_backward")
def affine_backward_example(student: Student, expect: Expect) -> None:
    """Gradients of affine_backward are right on the notebook's numbers."""
    cache = (ramp(4, 3), ramp(3, 2), ramp(2))
    dx, dw, db = student.functions.affine_backward(ramp(4, 2), cache)
    expect.close({"dx": dx, "dw": dw, "db": db}, max_error=1e-9)


@suite.check(points=0, question="relu")
def relu_example(student: Student, expect: Expect) -> None:
    """Values of relu are right on the notebook's numbers."""
    expect.close({"out": student.functions.relu(ramp(3, 4))}, max_error=1e-12)


@suite.check(points=0, question="softmax_loss")
def softmax_loss_example(student: Student, expect: Expect) -> None:
    """Loss and gradient of softmax_loss are right on the notebook's numbers."""
    loss, dscores = student.functions.softmax_loss(ramp(5, 3), LABELS)
    expect.close({"loss": loss, "dscores": dscores}, max_error=1e-9)


@suite.check(points=0, question="two_layer_loss")
def two_layer_loss_example(student: Student, expect: Expect) -> None:
    """Loss and gradients of two_layer_loss are right on the notebook's numbers."""
    loss, grads = student.functions.two_layer_loss(PARAMS, ramp(5, 3), LABELS, 0.1)
    expect.close({"loss": loss, **{name: grads[name] for name in PARAMS}}, max_error=1e-8)


@suite.check(points=0, question="train")
def train_example(student: Student, expect: Expect) -> None:
    """Twenty steps of train are right on the notebook's numbers."""
    _, history = student.functions.train(PARAMS, ramp(5, 3), LABELS, 0.1, 1e-3, 20)
    expect.trajectory("loss history", history, max_error=1e-6)
