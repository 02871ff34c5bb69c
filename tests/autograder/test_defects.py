"""What real homeworks get wrong although their own cells accept it: what it costs, what is said.

Each defect stands in for the reference's function or method; everything else is the reference's.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.autograder.trying import Tried, judge, record

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Student

SOLUTIONS = Path(__file__).resolve().parents[2] / "solutions"
REFERENCE = """
import numpy as np
from nndl import layers, losses, optim, training_layers
from nndl.layers import *
from nndl.losses import softmax_loss, svm_loss
from nndl.neural_net import TwoLayerNet
from nndl.optim import sgd_momentum, rmsprop, adam
from nndl.training_layers import dropout_forward
Right = TwoLayerNet
"""
STRIDE = {"stride": 2, "pad": 1}
WINDOW = {"pool_height": 2, "pool_width": 3, "stride": 1}


def affine(student: Student, expect: Expect, draw: Draw) -> None:
    inputs = {"x": draw.normal(7, 2, 3), "w": draw.normal(6, 5), "b": draw.normal(5)}
    work, dout = student.work, draw.normal(7, 5)
    forward, backward = work.affine_forward, work.affine_backward
    expect.gradients(forward, inputs, backward=backward, dout=dout, max_error=1e-7)


def relu(student: Student, expect: Expect, draw: Draw) -> None:
    work, dout = student.work, draw.normal(7, 5)
    expect.gradients(
        work.relu_forward, {"x": draw.away(7, 5)}, backward=work.relu_backward, dout=dout,
        max_error=1e-7,
    )  # fmt: skip


def conv(student: Student, expect: Expect, draw: Draw) -> None:
    inputs = {"x": draw.normal(2, 2, 7, 10), "w": draw.normal(3, 2, 3, 2), "b": draw.normal(3)}
    work, dout = student.work, draw.normal(2, 3, 4, 6)
    expect.gradients(
        work.conv_forward_naive, inputs, backward=work.conv_backward_naive, dout=dout,
        also=(STRIDE,), forward=1, max_error=1e-7,
    )  # fmt: skip


def pool(student: Student, expect: Expect, draw: Draw) -> None:
    work, dout = student.work, draw.normal(2, 3, 4, 3)
    expect.gradients(
        work.max_pool_forward_naive, {"x": draw.distinct(2, 3, 5, 5)},
        backward=work.max_pool_backward_naive, dout=dout, also=(WINDOW,), forward=1, max_error=1e-7,
    )  # fmt: skip


def ties(student: Student, expect: Expect, draw: Draw) -> None:
    work, x, dout = student.work, draw.ties(2, 3, 5, 5), draw.normal(2, 3, 4, 3)
    _, cache = work.max_pool_forward_naive(x, WINDOW)
    every = np.zeros_like(x)
    for n, c, i, j in np.ndindex(*dout.shape):
        at = np.s_[n, c, i : i + 2, j : j + 3]
        every[at] += dout[n, c, i, j] * (x[at] == x[at].max())
    expect.close(
        {"dx": work.max_pool_backward_naive(dout, cache)},
        typical={"Of equal largest values, only the first gets the gradient.": {"dx": every}},
        max_abs=1e-9,
    )


def scores(name: str, scale: float = 1.0) -> Callable[..., None]:
    def check(student: Student, expect: Expect, draw: Draw) -> None:
        x, y = draw.normal(9, 4, scale=scale), draw.labels(9, 4)
        expect.gradients(
            getattr(student.work, name), {"x": x}, also=(y,), forward=1, max_error=1e-7
        )

    return check


def net(student: Student, expect: Expect, draw: Draw) -> None:
    X, y = draw.normal(7, 6), draw.labels(7, 4)
    sizes = {"W1": (9, 6), "b1": (9,), "W2": (4, 9), "b2": (4,)}
    params = {name: draw.normal(*size) for name, size in sizes.items()}
    it = student.work.TwoLayerNet(6, 9, 4)

    def loss(**params: Any) -> Any:
        it.params.update(params)
        return it.loss(X, y, reg=0.7)

    expect.gradients(loss, params, forward=1, reg=0.7, max_error=1e-7)


def steps(rule: str) -> Callable[..., None]:
    """Three steps: one alone does not show what is carried on."""

    def check(student: Student, expect: Expect, draw: Draw) -> None:
        w, config = draw.normal(4, 3), {"learning_rate": 0.1}
        dws = [draw.normal(4, 3) for _ in range(3)]
        typical = usual_slips(rule, w, dws)
        for number, dw in enumerate(dws, 1):
            w, config = getattr(student.work, rule)(w, dw, config)
            expect.close({f"w after step {number}": w}, typical=typical, max_error=1e-7)

    return check


def usual_slips(rule: str, w: np.ndarray, dws: list[np.ndarray]) -> dict[str, dict[str, Any]]:
    """Return what slips of a rule give at a rate of 0.1, by the sentence that names them."""
    first, second = dws[0], dws[1]
    return {
        "adam": {
            "Adam divides both averages by 1 - beta**t before it uses them.": {
                "w after step 1": w - 0.1 * 0.1 * first / (np.sqrt(0.001 * first**2) + 1e-8)
            }
        },
        "sgd_momentum": {
            "The velocity goes on from step to step: it belongs into config.": {
                "w after step 2": w - 0.1 * first - 0.1 * second
            }
        },
        "rmsprop": {
            "RMSProp divides by the root of the average of squares.": {
                "w after step 1": w - 0.1 * first / (0.01 * first**2 + 1e-8)
            }
        },
    }[rule]


def dropout(student: Student, expect: Expect) -> None:
    out, _ = student.work.dropout_forward(np.ones((50, 40)), {"mode": "train", "p": 0.3, "seed": 1})
    not_inverted = {"While training, divide what is kept by the chance to keep it.": {"mean": 0.7}}
    expect.close({"mean": float(np.mean(out))}, typical=not_inverted, max_error=0.05)


NET = """
class TwoLayerNet(Right):
    def loss(self, X, y=None, reg=0.0):
        loss, grads = super().loss(X, y, reg)
        W1, b1, W2, b2 = (self.params[name] for name in ("W1", "b1", "W2", "b2"))
        {}
        return loss, grads
"""
# The check, what is wrong, the share that is left, and words that a student reads.
DEFECTS: dict[str, tuple[Callable[..., None], str, float, str]] = {
    "conv: height for width": (
        conv,
        ("def conv_forward_naive(x, w, b, p):\n"
        "    out, cache = layers.conv_forward_naive(x, w, b, p)\n"
        "    return out.transpose(0, 1, 3, 2), cache"),
        3 / 4, "axes are in another order",
    ),
    "conv: stride ignored in dx": (
        conv,
        ("def conv_backward_naive(dout, cache):\n"
        "    dx, dw, db = layers.conv_backward_naive(dout, cache)\n"
        "    dx[:, :, ::2] = 0\n    return dx, dw, db"),
        3 / 4, "never filled in",
    ),
    "conv: w added where it multiplies": (
        conv,
        ("def conv_backward_naive(dout, cache):\n"
        "    dx, dw, db = layers.conv_backward_naive(dout, cache)\n"
        "    return dx + 1, dw, db"),
        3 / 4, "mistake is in the backward pass",
    ),
    "conv: one sample alone": (
        conv,
        ("def conv_backward_naive(dout, cache):\n"
        "    dx, dw, db = layers.conv_backward_naive(dout, cache)\n"
        "    _, dw, db = layers.conv_backward_naive(dout[:1], (cache[0][:1], *cache[1:]))\n"
        "    return dx, dw, db"),
        2 / 4, "from the first sample of the batch alone",
    ),
    "pool: fixed 2x2": (
        pool,
        ("def max_pool_forward_naive(x, p):\n"
        "    return layers.max_pool_forward_naive(x, {**p, 'pool_width': 2})"),
        0, "shape should be (2, 3, 4, 3)",
    ),
    "pool: overlapping windows overwrite": (
        pool,
        ("def max_pool_backward_naive(dout, cache):\n"
        "    hits = layers.max_pool_backward_naive(np.ones_like(dout), cache)\n"
        "    return layers.max_pool_backward_naive(dout, cache) / np.maximum(hits, 1)"),
        1 / 2, "mistake is in the backward pass",
    ),
    "pool: every tie gets the gradient": (
        ties,
        ("def max_pool_forward_naive(x, p):\n"
        "    out, cache = layers.max_pool_forward_naive(x, p)\n    return out, (x, out, p)\n"
        "def max_pool_backward_naive(dout, cache):\n"
        "    (x, out, p), dx = cache, np.zeros_like(cache[0])\n"
        "    for n, c, i, j in np.ndindex(*out.shape):\n"
        "        window = np.s_[n, c, i : i + 2, j : j + 3]\n"
        "        dx[window] += dout[n, c, i, j] * (x[window] == out[n, c, i, j])\n"
        "    return dx"),
        0, "Of equal largest values, only the first",
    ),
    "pool: the cached x is overwritten": (
        pool,
        ("def max_pool_backward_naive(dout, cache):\n"
        "    dx = layers.max_pool_backward_naive(dout, cache)\n"
        "    cache[0][dx == 0] = 0\n    return dx"),
        1 / 2, "x is changed by your code",
    ),
    "affine: db of shape (1, M)": (
        affine,
        ("def affine_backward(dout, cache):\n"
        "    dx, dw, db = layers.affine_backward(dout, cache)\n    return dx, dw, db[None]"),
        2 / 3, "axis of length 1 too many or too few and the numbers are right",
    ),
    "affine: dx left flat": (
        affine,
        ("def affine_backward(dout, cache):\n"
        "    dx, dw, db = layers.affine_backward(dout, cache)\n"
        "    return dx.reshape(len(dx), -1), dw, db"),
        2 / 3, "The numbers are right; give them the shape",
    ),
    "relu: dout masked in place": (
        relu,
        "def relu_backward(dout, x):\n    dout[x <= 0] = 0\n    return dout",
        0, "dout is changed by your code",
    ),
    "relu: the upstream gradient ignored": (
        relu, "def relu_backward(dout, x):\n    return (x > 0) * 1.0",
        0, "does not change with the upstream gradient",
    ),
    "softmax: x overwritten": (
        scores("softmax_loss"),
        ("def softmax_loss(x, y):\n"
        "    out = losses.softmax_loss(x, y)\n"
        "    x -= x.max(axis=1, keepdims=True)\n    return out"),
        1 / 2, "x is changed by your code",
    ),
    "softmax: large scores overflow": (
        scores("softmax_loss", 1e3),
        ("def softmax_loss(x, y):\n"
        "    with np.errstate(all='ignore'):\n"
        "        p = np.exp(x) / np.exp(x).sum(1, keepdims=True)\n"
        "        loss = float(-np.log(p[np.arange(len(x)), y]).mean())\n"
        "    return loss, losses.softmax_loss(x, y)[1]"),
        1 / 2, "subtract each row's largest score before exp",
    ),
    "softmax: a sum for the mean": (
        scores("softmax_loss"),
        ("def softmax_loss(x, y):\n"
        "    loss, dx = losses.softmax_loss(x, y)\n    return loss * len(x), dx"),
        1 / 2, "9 times too large",
    ),
    "svm: off by the constant 1": (
        scores("svm_loss"),
        "def svm_loss(x, y):\n    loss, dx = losses.svm_loss(x, y)\n    return loss + 1, dx",
        1 / 2, "off by 1",
    ),
    "svm: mask of the wrong quantity": (
        scores("svm_loss"),
        ("def svm_loss(x, y):\n"
        "    loss, dx = losses.svm_loss(x, y)\n    return loss, dx * (x > 0)"),
        1 / 2, "mistake is in the backward pass",
    ),
    "net: biases regularised in the loss": (
        net, NET.format("loss += 0.5 * reg * (np.sum(b1**2) + np.sum(b2**2))"),
        4 / 5, "Biases are not regularised",
    ),
    "net: biases regularised in the gradient": (
        net, NET.format("grads['b1'] += reg * b1; grads['b2'] += reg * b2"),
        3 / 5, "Biases are not regularised",
    ),
    "net: biases regularised in both": (
        net,
        NET.format(
            "loss += 0.5 * reg * (b1 @ b1 + b2 @ b2); "
            "grads['b1'] += reg * b1; grads['b2'] += reg * b2"
        ),
        2 / 5, "It fits your own forward pass, which is not right: mend that first. Biases are not",
    ),
    "net: the half missing in the loss": (
        net, NET.format("loss += 0.5 * reg * (np.sum(W1**2) + np.sum(W2**2))"),
        4 / 5, "weighs twice what is asked for",
    ),
    "net: the half missing in the gradient": (
        net, NET.format("grads['W1'] -= 0.5 * reg * W1; grads['W2'] -= 0.5 * reg * W2"),
        3 / 5, "weighs half of what is asked for",
    ),
    "net: last layer not regularised in the gradient": (
        net, NET.format("grads['W2'] -= reg * W2"), 4 / 5, "The regulariser is missing",
    ),
    "net: last layer not regularised at all": (
        net, NET.format("loss -= 0.5 * reg * np.sum(W2**2); grads['W2'] -= reg * W2"),
        3 / 5, "The regulariser of W2 is missing",
    ),
    "net: the square of the sum": (
        net, NET.format("loss += 0.5 * reg * (np.sum(W1)**2 - np.sum(W1**2))"),
        4 / 5, "not the square of the sum",
    ),
    "net: the cube": (
        net, NET.format("loss += 0.5 * reg * np.sum(W1**3 - W1**2)"),
        4 / 5, "look at the power of the weights",
    ),
    "net: a constant loss with zero gradient": (
        net,
        NET.format("loss = 1.0; grads = {name: 0 * p for name, p in self.params.items()}"),
        0, "All entries are 0",
    ),
    "net: the sign of a gradient": (
        net, NET.format("grads['W1'] = -grads['W1']"), 4 / 5, "sign is the other way round",
    ),
    "adam without bias correction": (
        steps("adam"),
        ("def adam(w, dw, config):\n    config = {**config, 't': 10**6}\n"
        "    return optim.adam(w, dw, config)"),
        0, "divides both averages by 1 - beta**t",
    ),
    "momentum: forgotten between steps": (
        steps("sgd_momentum"),
        ("def sgd_momentum(w, dw, config):\n"
        "    return optim.sgd_momentum(w, dw, {'learning_rate': config['learning_rate']})"),
        1 / 3, "velocity goes on from step to step",
    ),
    "rmsprop without the root": (
        steps("rmsprop"),
        ("def rmsprop(w, dw, config):\n"
        "    cache = 0.99 * config.get('cache', 0) + 0.01 * dw**2\n"
        "    return w - config['learning_rate'] * dw / (cache + 1e-8), {**config, 'cache': cache}"),
        0, "divides by the root",
    ),
    "dropout: not inverted": (
        dropout,
        ("def dropout_forward(x, p):\n"
        "    out, cache = training_layers.dropout_forward(x, p)\n"
        "    return out * (1 - p['p']), cache"),
        0, "divide what is kept by the chance to keep it",
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def solutions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SOLUTIONS))


def tried(check: Callable[..., None], defect: str) -> Tried:
    return judge(check, record(check, REFERENCE), REFERENCE + defect)


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_costs_its_share_and_is_named(defect: str) -> None:
    check, source, left, words = DEFECTS[defect]
    done = tried(check, source)
    assert words in done.text
    assert done.credit == pytest.approx(left)


@pytest.mark.parametrize("check", dict.fromkeys(check for check, *_ in DEFECTS.values()))
def test_the_reference_loses_nothing(check: Callable[..., None]) -> None:
    done = tried(check, "")
    assert (done.credit, done.text) == (1, "")
