"""The convolutional net: what wrong code loses and reads, what right code keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gradlab.cli import steps
from gradlab.course import Course
from tests.course import blocks
from tests.course.additions import AFFINE_OTHERWISE, below, scores
from tests.course.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from gradlab.course import Assignment

pytestmark = pytest.mark.slow

TOTAL = 20  # without what a person grades
NET, LAYERS = "classifiers/convnet.py", "layers.py"
AROUND = """
_inner = two_layer_convnet
def around(change):
    def two_layer_convnet(X, model, y=None, reg=0.0):
        if y is None:
            return _inner(X, model)
        return change(model, reg, *_inner(X, model, y, reg))
    return two_layer_convnet
"""
# What is wrong: the code below convnet.py, the points lost by check, words that the student reads.
WRONG: dict[str, tuple[str, dict[str, float], str]] = {
    "padding for 5 x 5 filters alone": (
        """
def two_layer_convnet(X, model, y=None, reg=0.0):
    W1, b1, W2, b2 = (model[name] for name in ("W1", "b1", "W2", "b2"))
    conv_param = {"stride": 1, "pad": 2}
    features, cache = conv_relu_pool_forward(X, W1, b1, conv_param, POOL_PARAM)
    scores, scores_cache = affine_forward(features, W2, b2)
    return scores if y is None else _inner(X, model, y, reg)
""",
        {"scores": 2.67, "gradients": 5.44, "training_steps": 2.0},
        "(in check_affine)",
    ),
    "biases regularised": (
        """
def change(model, reg, loss, grads):
    for name in ("b1", "b2"):
        loss += 0.5 * reg * np.sum(model[name] ** 2)
        grads[name] = grads[name] + reg * model[name]
    return loss, grads
two_layer_convnet = around(change)
""",
        {"gradients": 2.33, "training_steps": 2.0},
        "Biases are not regularised, only weights are.",
    ),
    "filters not regularised": (
        """
def change(model, reg, loss, grads):
    W1 = model["W1"]
    return loss - 0.5 * reg * np.sum(W1 ** 2), {**grads, "W1": grads["W1"] - reg * W1}
two_layer_convnet = around(change)
""",
        {"gradients": 1.94, "training_steps": 2.0},
        "The regulariser of W1 is missing.",
    ),
    "no half in the loss": (
        """
def change(model, reg, loss, grads):
    return loss + 0.5 * reg * sum(np.sum(model[n] ** 2) for n in ("W1", "W2")), grads
two_layer_convnet = around(change)
""",
        {"gradients": 1.56, "training_steps": 0.4},
        "The regulariser weighs twice what is asked for",
    ),
    "a constant loss without a slope": (
        """
def change(model, reg, loss, grads):
    return 2.3, {name: np.zeros_like(grad) for name, grad in grads.items()}
two_layer_convnet = around(change)
""",
        {"gradients": 7.0, "training_steps": 2.0},
        "loss",
    ),
    "no bias in the convolution": (
        """
def two_layer_convnet(X, model, y=None, reg=0.0):
    found = _inner(X, {**model, "b1": 0 * model["b1"]}, y, reg)
    return found if y is None else (found[0], {**found[1], "b1": 0 * model["b1"]})
""",
        {"scores": 4.0, "gradients": 4.67, "training_steps": 2.0},
        "scores, 5 x 5 filters",
    ),
    "the gradient changes the model": (
        """
def change(model, reg, loss, grads):
    model["W1"] *= 0.5
    return loss, grads
two_layer_convnet = around(change)
""",
        {"gradients": 1.17, "training_steps": 2.0},
        "work on a copy",
    ),
}
# A right net on a wrong layer of one's own: the code, the points lost, the layer to blame.
ON_WRONG_LAYERS: dict[str, tuple[str, dict[str, float], str]] = {
    "relu: the upstream gradient is left out": (
        "def relu_backward(dout, cache):\n    return (cache > 0) * 1.0",
        {"gradients": 1.17, "training_steps": 1.0},
        "relu_layer",
    ),
}
# Right code, written in another way.
RIGHT: dict[str, dict[str, str]] = {
    "layers one by one": {
        NET: """
from nndl.fast_layers import conv_backward_fast, conv_forward_fast
from nndl.fast_layers import max_pool_backward_fast, max_pool_forward_fast
from nndl.layers import relu_backward, relu_forward
def two_layer_convnet(X, model, y=None, reg=0.0):
    size = model["W1"].shape[-1]
    maps, conv = conv_forward_fast(X, model["W1"], model["b1"], {"stride": 1, "pad": size // 2})
    live, relu = relu_forward(maps)
    small, pool = max_pool_forward_fast(live, POOL_PARAM)
    scores, affine = affine_forward(small, model["W2"], model["b2"])
    if y is None:
        return scores
    loss, dout = softmax_loss(scores, y)
    dout, dW2, db2 = affine_backward(dout, affine)
    dout = relu_backward(max_pool_backward_fast(dout, pool), relu)
    _, dW1, db1 = conv_backward_fast(dout, conv)
    grads = dict(W1=dW1, b1=db1, W2=dW2, b2=db2)
    for name in ("W1", "W2"):
        loss = loss + reg / 2 * (model[name] ** 2).sum()
        grads[name] = grads[name] + reg * model[name]
    return np.array(loss), grads
"""
    },
    "warns and prints": {
        NET: """
import sys, warnings
_quiet = two_layer_convnet
def two_layer_convnet(X, model, y=None, reg=0.0):
    warnings.warn("slow", RuntimeWarning)
    print(X.shape, file=sys.stderr)
    return _quiet(X, model, y, reg)
"""
    },
    "own layers with other caches": {LAYERS: AFFINE_OTHERWISE},
}
NUMBERS = {name: f"{n:02}" for n, name in enumerate((*WRONG, *ON_WRONG_LAYERS, *RIGHT))}


@pytest.fixture(scope="module")
def convnet() -> Assignment:
    return Course.find(ROOT).assignment("convnet")


@pytest.fixture(scope="module")
def results(convnet: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all results; submissions have numbers for names."""
    wrong = [below(convnet, {NET: AROUND + code}) for code, _, _ in WRONG.values()]
    layers = [below(convnet, {LAYERS: code}) for code, _, _ in ON_WRONG_LAYERS.values()]
    right = [below(convnet, additions) for additions in RIGHT.values()]
    variants = dict(zip(NUMBERS.values(), [*wrong, *layers, *right], strict=True))
    earlier = tuple(convnet.module_path(name) for name in convnet.earlier)
    variants["net-alone"] = blocks.Variant(without=earlier)
    return blocks.grade(convnet, variants, tmp_path_factory.mktemp("convnet"))


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_costs_its_points_and_is_named(results: Path, name: str) -> None:
    _, points, words = WRONG[name]
    lost, said = blocks.lost(results, NUMBERS[name])
    assert lost == points
    assert words in said


@pytest.mark.parametrize("name", ON_WRONG_LAYERS)
def test_a_right_net_on_a_wrong_layer_names_it_and_earns_a_part(results: Path, name: str) -> None:
    _, points, layer = ON_WRONG_LAYERS[name]
    lost, said = blocks.lost(results, NUMBERS[name])
    assert lost == points
    assert f"right given your own `{layer}`, which is wrong; mend that first" in said


@pytest.mark.parametrize("name", RIGHT)
def test_right_code_loses_nothing(results: Path, name: str) -> None:
    assert blocks.lost(results, NUMBERS[name]) == ({}, "")
    assert sum(scores(results, NUMBERS[name]).values()) == TOTAL


def test_the_released_layers_run_where_none_were_handed_in(results: Path) -> None:
    assert sum(scores(results, "net-alone").values()) == TOTAL


def test_layers_are_released_whole_and_the_net_is_not(convnet: Assignment) -> None:
    files = steps.release(convnet).files
    for name in convnet.earlier:
        assert files[convnet.module_path(name)] == (convnet.source / name).read_bytes()
    assert b"conv_relu_pool_forward(X, W1" not in files[convnet.module_path(NET)]
    assert "staff.md" not in files
