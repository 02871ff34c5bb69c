"""Public checks of the convolutional net: small inputs that can be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradlab import Suite

if TYPE_CHECKING:
    from autograder.expect import Expect
    from autograder.remote import Student

suite = Suite("convnet")


def waves(*shape: int, start: int = 0) -> np.ndarray:
    """Return the cosines of whole numbers in a shape: no two alike, none near zero by rounding."""
    values: np.ndarray = np.cos(np.arange(start, start + int(np.prod(shape)))).reshape(shape)
    return values


IMAGES, LABELS = waves(2, 3, 8, 6), np.array([1, 3])
MODEL = {
    "W1": waves(3, 3, 3, 3, start=7) / 5,
    "b1": waves(3, start=1) / 5,
    "W2": waves(36, 5, start=3) / 6,
    "b2": waves(5, start=2) / 5,
}


@suite.check(points=0, question="layers")
def layers_work(student: Student, expect: Expect) -> None:
    """The sandwich of convolution, ReLU and pooling and the affine layer give the right numbers"""
    conv, pool = {"stride": 1, "pad": 1}, {"pool_height": 2, "pool_width": 2, "stride": 2}
    forward = student.layer_utils.conv_relu_pool_forward
    out, _ = forward(IMAGES, MODEL["W1"], MODEL["b1"], conv, pool)
    expect.close({"sandwich": out}, max_error=1e-7)
    out, _ = student.layers.affine_forward(waves(2, 3, 4, 3), MODEL["W2"], MODEL["b2"])
    expect.close({"affine layer": out}, max_error=1e-7)


@suite.check(points=0, question="scores")
def small_scores(student: Student, expect: Expect) -> None:
    """The scores of two small images are right"""
    found = student.convnet.two_layer_convnet(IMAGES, MODEL)
    expect.close({"scores": found}, max_error=1e-7)


@suite.check(points=0, question="scores")
def first_loss(student: Student, expect: Expect) -> None:
    """With weights of zero the loss is log(5)"""
    model = {name: 0 * value for name, value in MODEL.items()}
    loss, _ = student.convnet.two_layer_convnet(IMAGES, model, LABELS, 0.5)
    expect.close({"loss": loss}, wanted={"loss": np.log(5)}, max_abs=1e-9)


@suite.check(points=0, question="gradients")
def small_gradients(student: Student, expect: Expect) -> None:
    """Loss and gradients of two small images are right, with reg = 0.5"""
    loss, grads = student.convnet.two_layer_convnet(IMAGES, MODEL, LABELS, 0.5)
    expect.close({"loss": loss, **{f"d{k}": v for k, v in grads.items()}}, max_error=1e-7)


@suite.check(points=0, question="training")
def one_step(student: Student, expect: Expect) -> None:
    """A step of training changes the loss as it should"""
    student.seed(231)
    _, losses, *_ = student.classifier_trainer.ClassifierTrainer().train(
        IMAGES,
        LABELS,
        IMAGES,
        LABELS,
        MODEL,
        student.convnet.two_layer_convnet,
        learning_rate=0.1,
        batch_size=2,
        num_epochs=3,
    )
    expect.trajectory("losses", losses, max_error=1e-6)
