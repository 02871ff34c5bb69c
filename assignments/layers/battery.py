"""The reference's battery: tells a mutant from the reference wherever their values differ.

`gradlab audit` runs it on the mutants that the hidden checks let pass. Nobody is graded by it, so
its inputs may be as odd as they like, and its bounds are those of rounding alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradlab import Suite

if TYPE_CHECKING:
    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Student

suite = Suite("layers battery")

ROUNDING = 1e-10
ODD = np.array([[0.0, -0.0, 1e-300, -1e-300], [1e6, -1e6, 1.0, -1.0], [1e-9, -1e-9, 700, -700]])
# Images, filters, stride and padding: one of everything, filters as large as the image, gaps.
CONVOLUTIONS = (
    ((1, 1, 1, 1), (1, 1, 1, 1), 1, 0),
    ((2, 3, 4, 5), (2, 3, 4, 5), 3, 0),
    ((1, 2, 5, 4), (3, 2, 2, 1), 3, 0),
    ((2, 1, 2, 3), (1, 1, 3, 4), 1, 2),
    ((3, 2, 8, 6), (2, 2, 2, 4), 2, 2),
)
POOLS = (((1, 1, 1, 1), (1, 1), 1), ((2, 3, 5, 4), (5, 4), 2), ((2, 2, 7, 9), (1, 3), 3))


def both_ways(student: Student, expect: Expect, draw: Draw, what: str, *given: Any) -> None:
    """Expect a layer's output and gradients, of inputs that stay as they are, twice over."""
    module, layer, *arguments = given
    forward, backward = (getattr(module, name) for name in layer)
    held = [student.hold(a) if isinstance(a, np.ndarray) else a for a in arguments]
    for again in ("", " again"):
        reply, kept = student.call_and_keep(forward, *held)
        dout = student.hold(draw.normal(*np.shape(reply[0])))
        grads = backward(dout, kept[1])
        grads = grads if isinstance(grads, tuple) else (grads,)
        values = {f"gradient {n}": grad for n, grad in enumerate(grads)} | {"out": reply[0]}
        expect.close({f"{what}{again}: {k}": v for k, v in values.items()}, max_error=ROUNDING)
        arrays = {f"{n}": item for n, item in enumerate([dout, *held]) if item is not None}
        there = {k: v for k, v in arrays.items() if not isinstance(v, dict)}
        expect.unchanged({f"{what}{again}: {k}": v for k, v in there.items()})


@suite.check(points=0, question="affine")
def affine(student: Student, expect: Expect, draw: Draw) -> None:
    """Affine layers of all shapes"""
    names = ("affine_forward", "affine_backward")
    for shape, M in (((1, 1), 1), ((5, 2, 1, 3), 2), ((3, 4), 7)):
        w, b = draw.normal(int(np.prod(shape[1:])), M), draw.normal(M)
        both_ways(
            student, expect, draw, f"{shape}", student.layers, names, draw.normal(*shape), w, b
        )


@suite.check(points=0, question="relu")
def elementwise(student: Student, expect: Expect, draw: Draw) -> None:
    """ReLU and sigmoid of odd numbers"""
    for name in ("relu", "sigmoid"):
        names = (f"{name}_forward", f"{name}_backward")
        for what, x in {"odd": ODD, "ties": draw.ties(5, 6), "one": draw.normal(1)}.items():
            both_ways(student, expect, draw, f"{name} {what}", student.layers, names, x)


@suite.check(points=0, question="losses")
def losses(student: Student, expect: Expect, draw: Draw) -> None:
    """The loss of targets and labels, also of one sample and one class"""
    for N, C in ((1, 1), (1, 4), (6, 3)):
        x, targets = draw.normal(N, C), draw.normal(N, C)
        for what, y in (("targets", targets), ("labels", draw.integers(0, C, N))):
            loss, dx = student.losses.mse_loss(x, y)
            expect.close({f"{N, C} {what}": loss, f"{N, C} {what} dx": dx}, max_error=ROUNDING)


@suite.check(points=0, question="conv", cpu_s=10)
def convolutions(student: Student, expect: Expect, draw: Draw) -> None:
    """Convolutions of all geometries"""
    names = ("conv_forward_naive", "conv_backward_naive")
    for images, filters, stride, pad in CONVOLUTIONS:
        given = (draw.normal(*images), draw.normal(*filters), draw.normal(filters[0]))
        param = {"stride": stride, "pad": pad}
        what = f"{images, filters, stride, pad}"
        both_ways(student, expect, draw, what, student.layers, names, *given, param)


@suite.check(points=0, question="pool", cpu_s=10)
def pools(student: Student, expect: Expect, draw: Draw) -> None:
    """Pooling of all geometries, with and without ties"""
    names = ("max_pool_forward_naive", "max_pool_backward_naive")
    for images, (height, width), stride in POOLS:
        param = {"pool_height": height, "pool_width": width, "stride": stride}
        for what, x in {"normal": draw.normal(*images), "ties": draw.ties(*images)}.items():
            title = f"{what} {images, height, width, stride}"
            both_ways(student, expect, draw, title, student.layers, names, x, param)


@suite.check(points=0, question="batchnorm")
def batchnorm(student: Student, expect: Expect, draw: Draw) -> None:
    """Batch normalization of odd batches, and its running averages"""
    layers = student.training_layers
    for N, D, scale in ((2, 1, 1.0), (5, 3, 1e-3), (7, 2, 1e3)):
        x, gamma, beta = draw.normal(N, D, scale=scale) + scale, draw.normal(D), draw.normal(D)
        for name in ("batchnorm_backward", "batchnorm_backward_alt"):
            names, what = ("batchnorm_forward", name), f"{N, D, scale} {name}"
            both_ways(student, expect, draw, what, layers, names, x, gamma, beta, {"mode": "train"})
        layers.given_param = {"mode": "train", "momentum": 0.3, "eps": 1e-2}
        for step in range(3):
            layers.batchnorm_forward(x + step, gamma, beta, layers.given_param)
            layers.given_param["mode"] = "test" if step == 1 else "train"
        averages = {name: layers.given_param[name] for name in ("running_mean", "running_var")}
        expect.close({f"{N, D, scale} {k}": v for k, v in averages.items()}, max_error=ROUNDING)


@suite.check(points=0, question="dropout")
def dropout(student: Student, expect: Expect, draw: Draw) -> None:
    """Dropout from fixed seeds"""
    names = ("dropout_forward", "dropout_backward")
    for p in (0.0, 0.25, 0.9):
        for mode in ("train", "test"):
            param, x = {"p": p, "mode": mode, "seed": 5}, draw.normal(9, 8)
            what = f"p = {p}, {mode}"
            both_ways(student, expect, draw, what, student.training_layers, names, x, param)
