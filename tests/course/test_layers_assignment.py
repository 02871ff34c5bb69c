"""The layers: what wrong code loses and reads, what right code written differently keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gradlab.course import Course
from tests.course import blocks
from tests.course.additions import AFFINE_OTHERWISE, RELU_OTHERWISE, below, scores
from tests.course.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from gradlab.course import Assignment

TOTAL = 27 + 7  # without what a person grades; 7 are a bonus
LAYERS, LOSSES, TRAINING = "layers.py", "losses.py", "training_layers.py"
# What is wrong: the module, the code, the points lost by check, words that the student reads.
WRONG: dict[str, tuple[str, str, dict[str, float], str]] = {
    "conv: the height for the width": (
        LAYERS,
        """
_conv = conv_forward_naive
def conv_forward_naive(x, w, b, conv_param):
    out, cache = _conv(x, w, b, conv_param)
    rows = out.shape[2]
    return np.resize(out, (*out.shape[:2], rows, rows)), cache
""",
        {"conv_forward": 2.25},
        "the shape should be (2, 4, 5, 4); yours is (2, 4, 5, 5)",
    ),
    "conv: filters are taken to be 3 x 3": (
        LAYERS,
        """
_conv = conv_forward_naive
def conv_forward_naive(x, w, b, conv_param):
    cut = np.zeros_like(w)
    cut[:, :, :3, :3] = w[:, :, :3, :3]
    return _conv(x, cut, b, conv_param)[0], (x, w, b, conv_param)
""",
        {"conv_forward": 0.75},
        "Filters have a size of their own",
    ),
    "conv: the way back ignores the stride": (
        LAYERS,
        """
def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    pad, (HH, WW) = conv_param["pad"], w.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dx, dw = np.zeros_like(padded), np.zeros_like(w)
    for n, f, i, j in np.ndindex(*dout.shape):
        window = np.s_[n, :, i : i + HH, j : j + WW]
        dx[window] += dout[n, f, i, j] * w[f]
        dw[f] += dout[n, f, i, j] * padded[window]
    return dx[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]], dw, dout.sum(axis=(0, 2, 3))
""",
        {"conv_backward": 1.67},
        "On the way back, windows move by the stride as well",
    ),
    "conv: the way back fails without padding": (
        LAYERS,
        """
_back = conv_backward_naive
def conv_backward_naive(dout, cache):
    dx, dw, db = _back(dout, cache)
    pad = cache[3]["pad"]
    wide = np.pad(dx, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    return wide[:, :, pad:-pad, pad:-pad], dw, db
""",
        {"conv_backward": 0.83},
        "stride 1, pad 0: dx: the shape should be (2, 3, 7, 5); yours is (2, 3, 0, 0)",
    ),
    "conv: the way back adds the filter": (
        LAYERS,
        """
_back = conv_backward_naive
def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    return _back(np.ones_like(dout), cache)[0] + dout.sum(), *_back(dout, cache)[1:]
""",
        {"conv_backward": 1.67},
        "the mistake is in the backward pass",
    ),
    "pool: the window from the output's size": (
        LAYERS,
        """
_pool = max_pool_forward_naive
def max_pool_forward_naive(x, pool_param):
    out, cache = _pool(x, pool_param)
    HH, WW, stride = x.shape[2] // out.shape[2], x.shape[3] // out.shape[3], pool_param["stride"]
    for n, c, i, j in np.ndindex(*out.shape):
        top, left = i * stride, j * stride
        out[n, c, i, j] = x[n, c, top : top + HH, left : left + WW].max()
    return out, cache
""",
        {"pool_forward": 1.33},
        "The window's size stands in pool_param",
    ),
    "pool: windows are always 2 x 2": (
        LAYERS,
        """
_pool = max_pool_forward_naive
def max_pool_forward_naive(x, pool_param):
    out, cache = _pool(x, pool_param)
    stride = pool_param["stride"]
    for n, c, i, j in np.ndindex(*out.shape):
        top, left = i * stride, j * stride
        out[n, c, i, j] = x[n, c, top : top + 2, left : left + 2].max()
    return out, cache
""",
        {"pool_forward": 1.33},
        "Windows have a size of their own",
    ),
    "pool: overlapping windows overwrite": (
        LAYERS,
        """
def max_pool_backward_naive(dout, cache):
    x, p = cache
    HH, WW, stride, dx = p["pool_height"], p["pool_width"], p["stride"], np.zeros_like(x)
    for n, c, i, j in np.ndindex(*dout.shape):
        top, left = i * stride, j * stride
        row, column = divmod(np.argmax(x[n, c, top : top + HH, left : left + WW]), WW)
        dx[n, c, top + row, left + column] = dout[n, c, i, j]
    return dx
""",
        {"pool_backward": 2.0, "pool_ties": 0.67},
        "Is something overwritten that should be added up?",
    ),
    "pool: all equal pixels get the gradient": (
        LAYERS,
        """
def max_pool_backward_naive(dout, cache):
    x, p = cache
    HH, WW, stride, dx = p["pool_height"], p["pool_width"], p["stride"], np.zeros_like(x)
    for n, c, i, j in np.ndindex(*dout.shape):
        at = np.s_[n, c, i * stride : i * stride + HH, j * stride : j * stride + WW]
        dx[at] += (x[at] == x[at].max()) * dout[n, c, i, j]
    return dx
""",
        {"pool_ties": 1.0},
        "is a mask missing?",
    ),
    "pool: the way back overwrites x": (
        LAYERS,
        """
_unpool = max_pool_backward_naive
def max_pool_backward_naive(dout, cache):
    dx = _unpool(dout, cache)
    cache[0][...] = dx
    return dx
""",
        {"pool_backward": 3.0},
        "x is changed by your code; work on a copy",
    ),
    "affine: db is a row": (
        LAYERS,
        """
_affine = affine_backward
def affine_backward(dout, cache):
    return *_affine(dout, cache)[:2], dout.sum(axis=0, keepdims=True)
""",
        {"affine_backward": 1.0, "affine_relu": 0.25},
        "keepdims, or reshape?",
    ),
    "affine: dx is flat": (
        LAYERS,
        """
_affine = affine_backward
def affine_backward(dout, cache):
    dx, dw, db = _affine(dout, cache)
    return dx.reshape(len(dx), -1), dw, db
""",
        {"affine_backward": 0.5, "affine_relu": 0.25},
        "The numbers are right; give them the shape",
    ),
    "relu: dout is masked in place": (
        LAYERS,
        """
def relu_backward(dout, cache):
    dout[cache <= 0] = 0
    return dout
""",
        {"relu_backward": 0.5, "affine_relu": 0.25},
        "dout is changed by your code; work on a copy",
    ),
    "relu: x is cut in place": (
        LAYERS,
        """
def relu_forward(x):
    x[x < 0] = 0
    return x, x
""",
        {"relu_forward": 0.5, "relu_backward": 0.5},
        "x: your code changes it; work on a copy",
    ),
    "relu: the slope at zero is one": (
        LAYERS,
        "def relu_backward(dout, cache):\n    return dout * (cache >= 0)",
        {"relu_backward": 0.5},
        "dx, where some inputs are zero",
    ),
    "relu: the upstream gradient is left out": (
        LAYERS,
        "def relu_backward(dout, cache):\n    return (cache > 0) * 1.0",
        {"relu_backward": 1.0, "affine_relu": 0.75, "conv_relu_pool": 0.75},
        "the mistake is in the backward pass",
    ),
    "sigmoid: infinity by infinity": (
        LAYERS,
        "def sigmoid(x):\n    return np.exp(x) / (1 + np.exp(x))",
        {"sigmoid_forward": 0.5},
        "nan comes from 0/0",
    ),
    "mse: no half": (
        LOSSES,
        """
_mse = mse_loss
def mse_loss(x, y):
    loss, dx = _mse(x, y)
    return 2 * loss, 2 * dx
""",
        {"mse_loss": 1.5},
        "It is 2 times too large",
    ),
    "mse: the gradient is not averaged": (
        LOSSES,
        """
_mse = mse_loss
def mse_loss(x, y):
    loss, dx = _mse(x, y)
    return loss, dx * len(x)
""",
        {"mse_loss": 1.0},
        "A sum for a mean, or the reverse?",
    ),
}
# The same of a bonus: the code, the check, and what it still earns there of its two points.
WRONG_BONUS: dict[str, tuple[str, str, float]] = {
    "batchnorm: the averages stay": (
        """
_norm = batchnorm_forward
def batchnorm_forward(x, gamma, beta, bn_param):
    return _norm(x, gamma, beta, dict(bn_param))
""",
        "batchnorm_forward",
        0.5,
    ),
    "dropout: not inverted": (
        """
def dropout_forward(x, dropout_param):
    mask = np.random.rand(*x.shape) >= dropout_param["p"]
    return (x * mask if dropout_param["mode"] == "train" else x), (mask, dropout_param)
""",
        "dropout",
        0.0,
    ),
    "dropout: normals for uniform numbers": (
        """
def dropout_forward(x, dropout_param):
    p, mask = dropout_param["p"], None
    if dropout_param["mode"] == "train":
        mask = (np.random.randn(*x.shape) >= p) / (1 - p)
        x = x * mask
    return x, (mask, dropout_param)
""",
        "dropout",
        0.0,
    ),
}
# Right code, written in another way.
RIGHT: dict[str, dict[str, str]] = {
    "the reference": {},
    "warns and prints": {
        LAYERS: """
import sys, warnings
_affine, _relu = affine_forward, relu_forward
def affine_forward(x, w, b):
    warnings.warn("slow", RuntimeWarning)
    print("affine", x.shape, file=sys.stderr)
    return _affine(x, w, b)
def sigmoid(x):
    return 1 / (1 + np.exp(-x))
"""
    },
    "other caches, and einsum": {
        LAYERS: AFFINE_OTHERWISE
        + RELU_OTHERWISE
        + """
def sigmoid(x):
    return 0.5 * (1 + np.tanh(x / 2))
def sigmoid_forward(x):
    return sigmoid(x), x
def sigmoid_backward(dout, cache):
    return dout * sigmoid(cache) * sigmoid(-cache)
"""
    },
    "fast layers for naive ones": {
        LAYERS: """
from .fast_layers import conv_backward_fast, conv_forward_fast
from .fast_layers import max_pool_backward_fast, max_pool_forward_fast
conv_forward_naive, conv_backward_naive = conv_forward_fast, conv_backward_fast
max_pool_forward_naive, max_pool_backward_naive = max_pool_forward_fast, max_pool_backward_fast
"""
    },
    "float32, and numbers without dimensions": {
        LAYERS: """
_affine, _conv = affine_forward, conv_forward_naive
def affine_forward(x, w, b):
    out, cache = _affine(x, w, b)
    return out.astype(np.float32), cache
def conv_forward_naive(x, w, b, conv_param):
    out, cache = _conv(x, w, b, conv_param)
    return out.astype(np.float32), cache
""",
        LOSSES: """
_mse = mse_loss
def mse_loss(x, y):
    loss, dx = _mse(x, y)
    return np.array(loss), dx
""",
    },
    "another mask": {
        TRAINING: """
def dropout_forward(x, dropout_param):
    p, mask = dropout_param["p"], np.ones_like(x)
    if dropout_param["mode"] == "train":
        mask = np.random.binomial(1, 1 - p, size=x.shape) / (1.0 - p)
    return x * mask, (mask, dropout_param)
"""
    },
}


NUMBERS = {name: f"{n:02}" for n, name in enumerate((*WRONG, *WRONG_BONUS, *RIGHT))}


@pytest.fixture(scope="module")
def layers() -> Assignment:
    return Course.find(ROOT).assignment("layers")


@pytest.fixture(scope="module")
def results(layers: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all results; submissions have numbers for names."""
    bonus = [below(layers, {TRAINING: code}) for code, _, _ in WRONG_BONUS.values()]
    wrong = [below(layers, {module: code}) for module, code, _, _ in WRONG.values()]
    right = [below(layers, additions) for additions in RIGHT.values()]
    variants = dict(zip(NUMBERS.values(), [*wrong, *bonus, *right], strict=True))
    return blocks.grade(layers, variants, tmp_path_factory.mktemp("layers"))


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_costs_its_points_and_is_named(results: Path, name: str) -> None:
    _, _, points, words = WRONG[name]
    lost, said = blocks.lost(results, NUMBERS[name])
    assert lost == points
    assert words in said


@pytest.mark.parametrize("name", WRONG_BONUS)
def test_a_mistake_costs_the_bonus_and_nothing_else(results: Path, name: str) -> None:
    _, check, left = WRONG_BONUS[name]
    assert scores(results, NUMBERS[name])[check] == left
    assert blocks.lost(results, NUMBERS[name])[0] == {}


@pytest.mark.parametrize("name", RIGHT)
def test_right_code_loses_nothing(results: Path, name: str) -> None:
    assert blocks.lost(results, NUMBERS[name]) == ({}, "")
    assert sum(scores(results, NUMBERS[name]).values()) == TOTAL
