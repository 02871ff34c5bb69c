"""Public checks of the layers: the small inputs of the notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradlab import Suite

if TYPE_CHECKING:
    from autograder.expect import Expect
    from autograder.remote import Student

suite = Suite("layers")

AFFINE = [[1.49834967, 1.70660132, 1.91485297], [3.25553199, 3.5141327, 3.77273342]]
RELU = [
    [0, 0, 0, 0],
    [0, 0, 0.04545455, 0.13636364],
    [0.22727273, 0.31818182, 0.40909091, 0.5],
]


def line(low: float, high: float, *shape: int) -> np.ndarray:
    """Return numbers from low to high, equally far apart, in a shape."""
    return np.linspace(low, high, int(np.prod(shape))).reshape(shape)


def shuffled(*shape: int, seed: int = 231) -> np.ndarray:
    """Return numbers between -1 and 1 in random order, all different and none of them 0."""
    size = int(np.prod(shape))
    values = np.linspace(-1, 1, size) + 0.1 / size
    return np.random.RandomState(seed).permutation(values).reshape(shape)


def way_back(student: Student, forward: Any, backward: Any, dout: np.ndarray, *given: Any) -> Any:
    """Return what a backward pass gives after its forward pass."""
    _, kept = student.call_and_keep(forward, *given)
    return backward(dout, kept[1])


@suite.check(points=0, question="affine")
def small_affine(student: Student, expect: Expect) -> None:
    """affine_forward gives the notebook's numbers"""
    x, w, b = line(-0.1, 0.5, 2, 4, 5, 6), line(-0.2, 0.3, 120, 3), line(-0.3, 0.1, 3)
    out, _ = student.layers.affine_forward(x, w, b)
    expect.close({"out": out}, wanted={"out": AFFINE}, max_abs=1e-8)


@suite.check(points=0, question="affine")
def small_affine_gradients(student: Student, expect: Expect) -> None:
    """affine_backward is right on a small input, shapes included"""
    layers, given = student.layers, (shuffled(10, 2, 3), shuffled(6, 5), shuffled(5))
    dx, dw, db = way_back(
        student, layers.affine_forward, layers.affine_backward, shuffled(10, 5, seed=1), *given
    )
    expect.close({"dx": dx, "dw": dw, "db": db}, max_error=1e-7)


@suite.check(points=0, question="relu")
def small_relu(student: Student, expect: Expect) -> None:
    """relu_forward gives the notebook's numbers, and relu_backward is right"""
    layers = student.layers
    out, _ = layers.relu_forward(line(-0.5, 0.5, 3, 4))
    expect.close({"out": out}, wanted={"out": RELU}, max_abs=1e-8)
    dout = shuffled(10, 10, seed=1)
    dx = way_back(student, layers.relu_forward, layers.relu_backward, dout, shuffled(10, 10))
    expect.close({"dx": dx}, max_error=1e-7)


@suite.check(points=0, question="sigmoid")
def small_sigmoid(student: Student, expect: Expect) -> None:
    """sigmoid, and the way back, are right between -10 and 10"""
    layers, x = student.layers, 10 * shuffled(3, 4)
    out, _ = layers.sigmoid_forward(x)
    dout = shuffled(3, 4, seed=1)
    dx = way_back(student, layers.sigmoid_forward, layers.sigmoid_backward, dout, x)
    expect.close({"out": out, "dx": dx}, max_error=1e-7)


@suite.check(points=0, question="losses")
def small_mse(student: Student, expect: Expect) -> None:
    """mse_loss of (0.1, 0.1, 0.8) for the third class is 0.03"""
    loss, dx = student.losses.mse_loss(np.array([[0.1, 0.1, 0.8]]), np.array([2]))
    expect.close({"loss": loss}, wanted={"loss": 0.03}, max_abs=1e-12)
    expect.close({"dx": dx}, max_error=1e-7)


@suite.check(points=0, question="conv")
def small_conv(student: Student, expect: Expect) -> None:
    """conv_forward_naive gives the notebook's numbers"""
    x, w, b = line(-0.1, 0.5, 2, 3, 4, 4), line(-0.2, 0.3, 3, 3, 4, 4), line(-0.1, 0.2, 3)
    out, _ = student.layers.conv_forward_naive(x, w, b, {"stride": 2, "pad": 1})
    expect.close({"out": out}, max_abs=1e-8)


@suite.check(points=0, question="conv")
def small_conv_gradients(student: Student, expect: Expect) -> None:
    """conv_backward_naive is right for stride 1 and padding 1"""
    layers, given = student.layers, (shuffled(4, 3, 5, 5), shuffled(2, 3, 3, 3), shuffled(2))
    dout, conv_param = shuffled(4, 2, 5, 5, seed=1), {"stride": 1, "pad": 1}
    dx, dw, db = way_back(
        student, layers.conv_forward_naive, layers.conv_backward_naive, dout, *given, conv_param
    )
    expect.close({"dx": dx, "dw": dw, "db": db}, max_error=1e-7)


@suite.check(points=0, question="pool")
def small_pool(student: Student, expect: Expect) -> None:
    """Max pooling, and the way back, are right for 2 x 2 windows with stride 2"""
    layers, pool_param = student.layers, {"pool_height": 2, "pool_width": 2, "stride": 2}
    out, _ = layers.max_pool_forward_naive(line(-0.3, 0.4, 2, 3, 4, 4), pool_param)
    expect.close({"out": out}, max_abs=1e-8)
    forward, backward = layers.max_pool_forward_naive, layers.max_pool_backward_naive
    dout = shuffled(3, 2, 4, 4, seed=1)
    dx = way_back(student, forward, backward, dout, shuffled(3, 2, 8, 8), pool_param)
    expect.close({"dx": dx}, max_error=1e-7)


@suite.check(points=0, question="sandwich")
def small_sandwich(student: Student, expect: Expect) -> None:
    """affine_relu is right both ways"""
    nets, given = student.layer_utils, (shuffled(2, 3, 4), shuffled(12, 10), shuffled(10))
    forward, backward = nets.affine_relu_forward, nets.affine_relu_backward
    dx, dw, db = way_back(student, forward, backward, shuffled(2, 10, seed=1), *given)
    expect.close({"dx": dx, "dw": dw, "db": db}, max_error=1e-7)


@suite.check(points=0, question="batchnorm")
def small_batchnorm(student: Student, expect: Expect) -> None:
    """Batch normalization is right both ways, in training"""
    layers, given = student.training_layers, (shuffled(6, 4), shuffled(4), shuffled(4, seed=2))
    out, _ = layers.batchnorm_forward(*given, {"mode": "train"})
    expect.close({"out": out}, max_error=1e-7)
    dout, param = shuffled(6, 4, seed=1), {"mode": "train"}
    for name in ("batchnorm_backward", "batchnorm_backward_alt"):
        backward = getattr(layers, name)
        grads = way_back(student, layers.batchnorm_forward, backward, dout, *given, param)
        named = zip(("dx", "dgamma", "dbeta"), grads, strict=True)
        expect.close({f"{of} of {name}": grad for of, grad in named}, max_error=1e-7)


@suite.check(points=0, question="dropout")
def small_dropout(student: Student, expect: Expect) -> None:
    """Dropout keeps the mean of many ones: near 1 in training, 1 in testing"""
    ones = np.ones((100, 100))
    student.seed(231)
    for mode, allowed in (("train", 0.05), ("test", 0.0)):
        out, _ = student.training_layers.dropout_forward(ones, {"p": 0.4, "mode": mode})
        mean = {f"mean in mode {mode}": student_mean(out)}
        expect.close(mean, wanted=dict.fromkeys(mean, 1.0), max_abs=allowed)


def student_mean(out: Any) -> Any:
    """Return the mean of an array; what is no array stays as it is."""
    return np.mean(out) if isinstance(out, np.ndarray) else out
