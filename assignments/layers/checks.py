"""Hidden checks of the layers: forward and backward passes on shapes that are never square."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from gradlab import Suite, Threshold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Remote, Student

suite = Suite("layers")


class Geometry(NamedTuple):
    """How filters or windows lie on images; none of them square, so height is never width."""

    images: tuple[int, int, int, int]  # N, C, H, W
    filters: tuple[int, int, int, int]  # F, C, HH, WW; for pooling HH and WW alone count
    stride: int
    pad: int
    out: tuple[int, int]

    @property
    def convolution(self) -> dict[str, int]:
        """The conv_param of layers.py."""
        return {"stride": self.stride, "pad": self.pad}

    @property
    def pooling(self) -> dict[str, int]:
        """The pool_param of layers.py."""
        _, _, height, width = self.filters
        return {"pool_height": height, "pool_width": width, "stride": self.stride}


CONVOLUTIONS = {
    "stride 1, pad 0": Geometry((2, 3, 7, 5), (4, 3, 3, 2), 1, 0, (5, 4)),
    "stride 2, pad 1": Geometry((2, 2, 6, 9), (3, 2, 2, 3), 2, 1, (4, 5)),
    "stride 3, pad 0": Geometry((2, 2, 7, 10), (2, 2, 4, 1), 3, 0, (2, 4)),
    "stride 1, pad 2": Geometry((1, 2, 3, 4), (3, 2, 2, 3), 1, 2, (6, 6)),
}
POOLS = {
    "2x2, stride 2": Geometry((2, 3, 4, 6), (0, 0, 2, 2), 2, 0, (2, 3)),
    "3x3, stride 2": Geometry((2, 2, 7, 5), (0, 0, 3, 3), 2, 0, (3, 2)),
    "2x3, stride 1": Geometry((1, 2, 4, 6), (0, 0, 2, 3), 1, 0, (3, 4)),
}


def conv_inputs(draw: Draw, at: Geometry) -> dict[str, np.ndarray]:
    """Return images, filters and biases."""
    return {
        "x": draw.normal(*at.images),
        "w": draw.normal(*at.filters),
        "b": draw.normal(at.filters[0]),
    }


def convolved(x: np.ndarray, w: np.ndarray, b: np.ndarray, at: Geometry) -> np.ndarray:
    """Return what a convolution gives."""
    padded = np.pad(x, ((0, 0), (0, 0), (at.pad, at.pad), (at.pad, at.pad)))
    step = slice(None, None, at.stride)
    windows = sliding_window_view(padded, (1, 1, *w.shape[2:]))[:, :, step, step, 0, 0]
    return np.asarray(np.einsum("nchwij,fcij->nfhw", windows, w) + b[:, None, None])


def small_filters(inputs: Mapping[str, np.ndarray], at: Geometry) -> np.ndarray:
    """Return what a convolution gives that takes every filter to be 3 x 3."""
    cut = np.zeros_like(inputs["w"])
    cut[:, :, :3, :3] = inputs["w"][:, :, :3, :3]
    return convolved(inputs["x"], cut, inputs["b"], at)


def without_stride(
    inputs: Mapping[str, np.ndarray], dout: np.ndarray, at: Geometry
) -> dict[str, np.ndarray]:
    """Return the gradients of a convolution's x and w where the windows lie side by side."""
    x, w, pad = inputs["x"], inputs["w"], at.pad
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dx, dw = np.zeros_like(padded), np.zeros_like(w)
    for i, j in np.ndindex(*dout.shape[2:]):
        window = np.s_[:, :, i : i + w.shape[2], j : j + w.shape[3]]
        dx[window] += np.einsum("nf,fcij->ncij", dout[:, :, i, j], w)
        dw += np.einsum("nf,ncij->fcij", dout[:, :, i, j], padded[window])
    return {"x": dx[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]], "w": dw}


def pooled(x: np.ndarray, height: int, width: int, at: Geometry) -> np.ndarray:
    """Return what max pooling gives with windows of another size at the right places."""
    step = slice(None, None, at.stride)
    windows = sliding_window_view(x, (1, 1, height, width))[:, :, step, step, 0, 0]
    return np.asarray(windows[:, :, : at.out[0], : at.out[1]].max(axis=(4, 5)))


@suite.check(points=2, question="affine")
def affine_forward(student: Student, expect: Expect, draw: Draw) -> None:
    """affine_forward multiplies and adds the biases, whatever the shape of a sample"""
    for shape in ((7, 6), (4, 2, 3), (1, 3, 1, 2)):
        x, w, b = draw.normal(*shape), draw.normal(6, 5), draw.normal(5)
        out, _ = student.layers.affine_forward(x, w, b)
        expect.close({f"out, x of shape {shape}": out}, max_error=1e-7)


@suite.check(points=3, question="affine")
def affine_backward(student: Student, expect: Expect, draw: Draw) -> None:
    """affine_backward returns the gradients of affine_forward, each of its input's shape"""
    layers = student.layers
    for shape in ((7, 6), (4, 2, 3)):
        inputs = {"x": draw.normal(*shape), "w": draw.normal(6, 5), "b": draw.normal(5)}
        expect.gradients(
            layers.affine_forward,
            inputs,
            name=f"x of shape {shape}:",
            backward=layers.affine_backward,
            dout=draw.normal(shape[0], 5),
            consistent=0.5,
            max_error=1e-7,
        )


@suite.check(points=1, question="relu")
def relu_forward(student: Student, expect: Expect, draw: Draw) -> None:
    """relu_forward cuts off what is negative and leaves its input alone"""
    x, zeros = student.hold(draw.normal(4, 3, 5), draw.ties(6, 7))
    expect.close({"out": student.layers.relu_forward(x)[0]}, max_error=1e-9)
    expect.close({"out, with zeros": student.layers.relu_forward(zeros)[0]}, max_error=1e-9)
    expect.unchanged({"x": x})


@suite.check(points=1, question="relu")
def relu_backward(student: Student, expect: Expect, draw: Draw) -> None:
    """relu_backward lets through what belongs to positive inputs, and leaves dout alone"""
    layers, x = student.layers, draw.away(4, 3, 5)
    expect.gradients(
        layers.relu_forward,
        {"x": x},
        backward=layers.relu_backward,
        dout=draw.normal(4, 3, 5),
        max_error=1e-9,
    )
    _, kept = student.call_and_keep(layers.relu_forward, draw.ties(6, 7))
    dx = layers.relu_backward(draw.normal(6, 7), kept[1])
    expect.close({"dx, where some inputs are zero": dx}, max_error=1e-9)


@suite.check(points=1, question="sigmoid")
def sigmoid_forward(student: Student, expect: Expect, draw: Draw) -> None:
    """The sigmoid is right, also for inputs in the thousands"""
    x = draw.normal(4, 3, 5, scale=3.0)
    expect.close({"out": student.layers.sigmoid_forward(x)[0]}, max_error=1e-9)
    large = np.array([[-5000.0, -40.0, 0.0, 40.0, 5000.0]])
    expect.close({"large": student.layers.sigmoid(large)}, rel_error=1e-9)


@suite.check(points=1, question="sigmoid")
def sigmoid_backward(student: Student, expect: Expect, draw: Draw) -> None:
    """sigmoid_backward returns the gradient of sigmoid_forward"""
    layers = student.layers
    expect.gradients(
        layers.sigmoid_forward,
        {"x": draw.normal(4, 3, 5, scale=2.0)},
        backward=layers.sigmoid_backward,
        dout=draw.normal(4, 3, 5),
        max_error=1e-7,
    )


@suite.check(points=2, question="losses")
def mse_loss(student: Student, expect: Expect, draw: Draw) -> None:
    """mse_loss and its gradient are right, for targets and for labels"""
    for name, y in (("targets:", draw.normal(7, 4)), ("labels:", draw.labels(7, 4))):
        x = {"x": draw.normal(7, 4)}
        loss = student.losses.mse_loss
        expect.gradients(loss, x, name=name, also=(y,), forward=1, consistent=0.5, max_error=1e-9)


@suite.check(points=3, question="conv")
def conv_forward(student: Student, expect: Expect, draw: Draw) -> None:
    """conv_forward_naive is right for any image, filter, stride and padding"""
    for name, at in CONVOLUTIONS.items():
        inputs = conv_inputs(draw, at)
        out, _ = student.layers.conv_forward_naive(*inputs.values(), at.convolution)
        slip = small_filters(inputs, at)
        typical = {"Filters have a size of their own: not all are 3 x 3.": {f"out, {name}": slip}}
        expect.close({f"out, {name}": out}, typical=typical, max_error=1e-7)


@suite.check(points=5, question="conv")
def conv_backward(student: Student, expect: Expect, draw: Draw) -> None:
    """conv_backward_naive returns the three gradients for any stride and padding

    Gradients that belong to a wrong forward pass earn half: the mistake costs its points there.
    """
    layers = student.layers
    for name, at in CONVOLUTIONS.items():
        inputs, dout = conv_inputs(draw, at), draw.normal(at.images[0], at.filters[0], *at.out)
        slip = without_stride(inputs, dout, at)
        expect.gradients(
            layers.conv_forward_naive,
            inputs,
            name=f"{name}:",
            backward=layers.conv_backward_naive,
            dout=dout,
            also=(at.convolution,),
            typical={"On the way back, windows move by the stride as well.": slip},
            consistent=0.5,
            max_error=1e-7,
        )


@suite.check(points=2, question="pool")
def pool_forward(student: Student, expect: Expect, draw: Draw) -> None:
    """max_pool_forward_naive is right for any window and stride, below zero too"""
    for name, at in POOLS.items():
        x = draw.distinct(*at.images)
        out, _ = student.layers.max_pool_forward_naive(x, at.pooling)
        below, _ = student.layers.max_pool_forward_naive(x - 100, at.pooling)
        names = (f"out, {name}", f"out, {name}, all negative")
        rows, columns = (size // count for size, count in zip(at.images[2:], at.out, strict=True))
        typical = {
            words: dict(zip(names, (slip, slip - 100), strict=True))
            for words, slip in (
                ("Windows have a size of their own: not all are 2 x 2.", pooled(x, 2, 2, at)),
                (
                    "The window's size stands in pool_param; the output's does not tell it.",
                    pooled(x, rows, columns, at),
                ),
            )
        }
        values = dict(zip(names, (out, below), strict=True))
        expect.close(values, typical=typical, max_error=1e-9)


@suite.check(points=3, question="pool")
def pool_backward(student: Student, expect: Expect, draw: Draw) -> None:
    """max_pool_backward_naive is right for any window and stride, also where windows overlap"""
    layers = student.layers
    for name, at in POOLS.items():
        expect.gradients(
            layers.max_pool_forward_naive,
            {"x": draw.distinct(*at.images)},
            name=f"{name}:",
            backward=layers.max_pool_backward_naive,
            dout=draw.normal(*at.images[:2], *at.out),
            also=(at.pooling,),
            max_error=1e-9,
        )


@suite.check(points=1, question="pool")
def pool_ties(student: Student, expect: Expect, draw: Draw) -> None:
    """Of equal pixels in a window the first gets the gradient"""
    for name, at in POOLS.items():
        x, dout = draw.ties(*at.images), draw.normal(*at.images[:2], *at.out)
        _, kept = student.call_and_keep(student.layers.max_pool_forward_naive, x, at.pooling)
        dx = student.layers.max_pool_backward_naive(dout, kept[1])
        expect.close({f"dx, {name}": dx}, max_error=1e-9)


@suite.check(points=1, question="sandwich")
def affine_relu(student: Student, expect: Expect, draw: Draw) -> None:
    """Your affine layer and your ReLU work one after the other"""
    sandwiches = student.layer_utils
    expect.gradients(
        sandwiches.affine_relu_forward,
        {"x": draw.normal(4, 2, 3), "w": draw.normal(6, 5), "b": draw.normal(5)},
        backward=sandwiches.affine_relu_backward,
        dout=draw.normal(4, 5),
        forward=1,
        max_error=1e-7,
    )


@suite.check(points=1, question="sandwich")
def conv_relu_pool(student: Student, expect: Expect, draw: Draw) -> None:
    """Your ReLU works between a convolution and a pooling layer"""
    sandwiches, pooling = student.layer_utils, POOLS["2x2, stride 2"].pooling
    expect.gradients(
        sandwiches.conv_relu_pool_forward,
        {"x": draw.normal(2, 3, 6, 8), "w": draw.normal(2, 3, 3, 3), "b": draw.normal(2)},
        backward=sandwiches.conv_relu_pool_backward,
        dout=draw.normal(2, 2, 3, 4),
        also=({"stride": 1, "pad": 1}, pooling),
        forward=1,
        max_error=1e-7,
    )


def batch(draw: Draw) -> dict[str, np.ndarray]:
    """Return inputs whose features differ in mean and spread; the last one's is about eps."""
    x = draw.normal(9, 4) * np.array([1.0, 3.0, 0.1, 3e-3]) + np.array([0.0, 2.0, -5.0, 1.0])
    return {"x": x, "gamma": draw.normal(4), "beta": draw.normal(4)}


@suite.check(points=2, question="batchnorm", bonus=True)
def batchnorm_forward(student: Student, expect: Expect, draw: Draw) -> None:
    """batchnorm_forward normalizes the batch, keeps running averages, and uses them in testing"""
    layers, (x, gamma, beta) = student.training_layers, batch(draw).values()
    layers.given_param = {"mode": "train", "momentum": 0.8}
    out, _ = layers.batchnorm_forward(x, gamma, beta, layers.given_param)
    layers.batchnorm_forward(2 * x + 1, gamma, beta, layers.given_param)
    expect.close({"out in training": out}, max_error=1e-7)
    averages = {name: layers.given_param[name] for name in ("running_mean", "running_var")}
    expect.close(averages, max_error=1e-7)
    param = {"mode": "test", "eps": 1e-3, "running_mean": x[0], "running_var": x[1] ** 2}
    expect.close(
        {"out in testing": layers.batchnorm_forward(x, gamma, beta, param)[0]}, max_error=1e-7
    )


def expect_batchnorm(layers: Remote, backward: Remote, expect: Expect, draw: Draw) -> None:
    """Expect the gradients of batch normalization in training."""
    expect.gradients(
        layers.batchnorm_forward,
        batch(draw),
        backward=backward,
        dout=draw.normal(9, 4),
        also=({"mode": "train"},),
        max_error=1e-7,
    )


@suite.check(points=2, question="batchnorm", bonus=True)
def batchnorm_backward(student: Student, expect: Expect, draw: Draw) -> None:
    """batchnorm_backward returns the three gradients"""
    layers = student.training_layers
    expect_batchnorm(layers, layers.batchnorm_backward, expect, draw)


@suite.check(points=1, question="batchnorm", bonus=True)
def batchnorm_backward_alt(student: Student, expect: Expect, draw: Draw) -> None:
    """batchnorm_backward_alt returns the same by the formula"""
    layers = student.training_layers
    expect_batchnorm(layers, layers.batchnorm_backward_alt, expect, draw)


@suite.check(points=2, question="dropout", bonus=True)
def dropout(student: Student, expect: Expect, draw: Draw) -> None:
    """Dropout drops the right share, scales the rest, both ways, and does nothing in testing

    Which numbers are dropped is the student's own business: a number must be 0 both ways or scaled
    both ways, and of 2000 between 25 and 35 % are dropped, which 2000 fair throws miss once in a
    million times.
    """
    layers, p = student.training_layers, 0.3
    x, dout = draw.uniform(1, 2, 40, 50), draw.uniform(1, 2, 40, 50)
    student.seed(draw.seed)
    held = student.hold(x)
    reply, kept = student.call_and_keep(layers.dropout_forward, held, {"p": p, "mode": "train"})
    out, dx = reply[0], layers.dropout_backward(dout, kept[1])
    tested, idle = student.call_and_keep(layers.dropout_forward, x, {"p": p, "mode": "test"})
    as_it_was = alike(tested[0], x) & alike(layers.dropout_backward(dout, idle[1]), dout)
    mask = np.where(alike(out, 0 * x), 0, 1 / (1 - p))
    right = alike(out, x * mask) & alike(dx, dout * mask) & as_it_was
    fair = abs(float(np.mean(mask == 0)) - p) < 0.05
    right_numbers = int(right.sum()) if fair else 0
    expect.earns("numbers dropped or scaled as they should be", right_numbers, x.size, ALL)
    expect.unchanged({"x": held}, share=0.5)


ALL = Threshold(100)


def alike(value: Any, wanted: np.ndarray) -> np.ndarray:
    """Say of every number whether it is the wanted one; of none where the shape is another."""
    if np.shape(value) != wanted.shape or np.asarray(value).dtype.kind not in "biuf":
        return np.zeros(wanted.shape, bool)
    same: np.ndarray = np.isclose(value, wanted, rtol=1e-6, atol=0)
    return same


suite.written(
    "q-filters",
    points=2,
    title="What the edge filter does, and how to turn it",
    rubric="1 point: the filter subtracts the row below from the row above, so that a flat area "
    "gives the bias alone and an edge bright above dark a large number. 1 point: its transpose "
    "finds vertical edges.",
)
suite.written(
    "q-speed",
    points=2,
    title="Why the fast layers are faster",
    rubric="1 point: as many multiplications, but in a few calls of numpy, or in a matrix product, "
    "instead of one turn of a Python loop per output. 1 point: a cost of that (memory for the "
    "columns), or why pooling or small inputs gain less.",
)
