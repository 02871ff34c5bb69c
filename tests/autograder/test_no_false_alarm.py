"""No false alarm: the reference's layers and nets, tried as a student's, whatever is drawn.

Every run records the reference, which holds each of its gradients against its own forward pass
along random directions, and judges it by the recording. ReLU and max-pool kinks are included: only
the inputs of single layers are kept away from them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.autograder.trying import judge, record

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Student
    from tests.conftest import Proof

SOLUTIONS = Path(__file__).resolve().parents[2] / "solutions"
SOURCE = """
from nndl import fast_layers, layer_utils, layers, losses, training_layers
from nndl.classifiers.convnet import two_layer_convnet
from nndl.classifiers.linear_classifier import Softmax
from nndl.classifiers.linear_svm import LinearSVM
from nndl.classifiers.softmax import softmax_loss_naive, softmax_loss_vectorized
from nndl.classifiers.svm import svm_loss_naive, svm_loss_vectorized
from nndl.classifiers.two_layer_net_dh import TwoLayerNet as DHNet
from nndl.classifiers.two_layer_net_function import two_layer_net
from nndl.classifiers.two_layer_net_mse import TwoLayerNet as MSENet
from nndl.fc_net import FullyConnectedNet
from nndl.fc_net import TwoLayerNet as ModularNet
from nndl.neural_net import TwoLayerNet as HDNet
import numpy as np

def modular_net(inputs, hidden, classes):
    return ModularNet(inputs, hidden, classes, reg=0.7)

def deep_net(hidden, **settings):
    return FullyConnectedNet(hidden, 6, 4, dtype=np.float64, **settings)
"""
CONV = {"stride": 2, "pad": 1}
POOL = {"pool_height": 2, "pool_width": 3, "stride": 1}
HALVED = {"pool_height": 2, "pool_width": 2, "stride": 2}


def images(draw: Draw) -> dict[str, np.ndarray]:
    return {"x": draw.normal(2, 2, 7, 8), "w": draw.normal(3, 2, 3, 2), "b": draw.normal(3)}


def even(draw: Draw) -> dict[str, np.ndarray]:
    return {"x": draw.normal(2, 2, 6, 6), "w": draw.normal(3, 2, 3, 3), "b": draw.normal(3)}


def rows(draw: Draw) -> dict[str, np.ndarray]:
    return {"x": draw.normal(7, 2, 3), "w": draw.normal(6, 5), "b": draw.normal(5)}


def normed(draw: Draw) -> dict[str, np.ndarray]:
    return {"x": draw.normal(9, 4), "gamma": draw.normal(4), "beta": draw.normal(4)}


# A layer: its two passes, its inputs, and what else the forward pass takes.
LAYERS: dict[str, tuple[str, str, Callable[[Draw], dict[str, np.ndarray]], tuple[Any, ...]]] = {
    "affine": ("layers.affine_forward", "layers.affine_backward", rows, ()),
    "relu": (
        "layers.relu_forward", "layers.relu_backward", lambda draw: {"x": draw.away(7, 5)}, (),
    ),
    "sigmoid": (
        "layers.sigmoid_forward", "layers.sigmoid_backward",
        lambda draw: {"x": draw.normal(7, 5, scale=3.0)}, (),
    ),
    "conv": ("layers.conv_forward_naive", "layers.conv_backward_naive", images, (CONV,)),
    "fast conv": (
        "fast_layers.conv_forward_fast", "fast_layers.conv_backward_fast", images, (CONV,),
    ),
    "pool": (
        "layers.max_pool_forward_naive", "layers.max_pool_backward_naive",
        lambda draw: {"x": draw.distinct(2, 2, 4, 5)}, (POOL,),
    ),
    "fast pool": (
        "fast_layers.max_pool_forward_fast", "fast_layers.max_pool_backward_fast",
        lambda draw: {"x": draw.distinct(2, 2, 4, 5)}, (POOL,),
    ),
    "affine, relu": (
        "layer_utils.affine_relu_forward", "layer_utils.affine_relu_backward", rows, (),
    ),
    "conv, relu": (
        "layer_utils.conv_relu_forward", "layer_utils.conv_relu_backward", images, (CONV,),
    ),
    "conv, relu, pool": (
        "layer_utils.conv_relu_pool_forward", "layer_utils.conv_relu_pool_backward", even,
        ({"stride": 1, "pad": 1}, HALVED),
    ),
    "batchnorm": (
        "training_layers.batchnorm_forward", "training_layers.batchnorm_backward", normed,
        ({"mode": "train"},),
    ),
    "batchnorm, by the formula": (
        "training_layers.batchnorm_forward", "training_layers.batchnorm_backward_alt", normed,
        ({"mode": "train"},),
    ),
    "dropout": (
        "training_layers.dropout_forward", "training_layers.dropout_backward",
        lambda draw: {"x": draw.normal(7, 5)}, ({"mode": "train", "p": 0.3, "seed": 1},),
    ),
}  # fmt: skip


def at(student: Student, path: str) -> Any:
    module, _, name = path.partition(".")
    return getattr(getattr(student.work, module), name)


def layer(name: str) -> Callable[..., None]:
    forward, backward, inputs, also = LAYERS[name]

    def check(student: Student, expect: Expect, draw: Draw) -> None:
        drawn = inputs(draw)
        out = np.asarray(at(student, forward)(*drawn.values(), *also)[0])
        expect.gradients(
            at(student, forward),
            drawn,
            backward=at(student, backward),
            dout=draw.normal(*out.shape),
            also=also,
            max_error=1e-7,
        )

    return check


def of_scores(name: str) -> Callable[..., None]:
    def check(student: Student, expect: Expect, draw: Draw) -> None:
        function, y = getattr(student.work.losses, name), draw.labels(9, 4)
        expect.gradients(function, {"x": draw.normal(9, 4)}, also=(y,), max_error=1e-7)

    return check


def linear(name: str) -> Callable[..., None]:
    def check(student: Student, expect: Expect, draw: Draw) -> None:
        X, y = draw.normal(6, 9), draw.labels(9, 4)
        W = {"W": draw.normal(4, 6)}
        expect.gradients(getattr(student.work, name), W, also=(X, y, 0.3), max_error=1e-7)

    return check


def classifier(name: str) -> Callable[..., None]:
    def check(student: Student, expect: Expect, draw: Draw) -> None:
        X, y = draw.normal(6, 9), draw.labels(9, 4)
        model = getattr(student.work, name)()

        def loss(W: np.ndarray) -> Any:
            model.W = W
            return model.loss(X, y, 0.3)

        expect.gradients(loss, {"W": draw.normal(4, 6)}, max_error=1e-7)

    return check


def two_layers(name: str, *, first: str = "D", **settings: float) -> Callable[..., None]:
    """Return the check of an edition whose weights are (D, H) or (H, D)."""

    def check(student: Student, expect: Expect, draw: Draw) -> None:
        X, y = draw.normal(7, 6), draw.labels(7, 4)
        turn = 1 if first == "D" else -1
        sizes = {"W1": (6, 9)[::turn], "b1": (9,), "W2": (9, 4)[::turn], "b2": (4,)}
        params = {key: draw.normal(*size) for key, size in sizes.items()}
        net = getattr(student.work, name)(6, 9, 4)

        def loss(**params: Any) -> Any:
            net.params.update(params)
            return net.loss(X, y, **settings)

        expect.gradients(loss, params, max_error=1e-7)

    return check


def two_layer_function(name: str) -> Callable[..., None]:
    sizes = {"W1": (6, 9), "b1": (9,), "W2": (9, 4), "b2": (4,)}
    conv = {"W1": (3, 2, 3, 3), "b1": (3,), "W2": (27, 4), "b2": (4,)}

    def check(student: Student, expect: Expect, draw: Draw) -> None:
        is_conv = name == "two_layer_convnet"
        X = draw.normal(5, 2, 6, 6) if is_conv else draw.normal(7, 6)
        y = draw.labels(len(X), 4)
        params = {k: draw.normal(*size) for k, size in (conv if is_conv else sizes).items()}
        net = getattr(student.work, name)
        expect.gradients(lambda **model: net(X, model, y, reg=0.7), params, max_error=1e-7)

    return check


def deep(hidden: list[int], **settings: Any) -> Callable[..., None]:
    def check(student: Student, expect: Expect, draw: Draw) -> None:
        X, y = draw.normal(7, 6), draw.labels(7, 4)
        net = student.work.deep_net(hidden, reg=0.7, **settings)
        ends = list(zip([6, *hidden], [*hidden, 4], strict=True))
        params = {f"W{n}": draw.normal(*size, scale=0.7) for n, size in enumerate(ends, 1)}
        params |= {f"b{n}": draw.normal(size[1], scale=0.7) for n, size in enumerate(ends, 1)}
        for n, size in enumerate(hidden if "use_batchnorm" in settings else (), 1):
            params |= {f"gamma{n}": draw.normal(size), f"beta{n}": draw.normal(size)}

        def loss(**params: Any) -> Any:
            net.params.update(params)
            return net.loss(X, y)

        expect.gradients(loss, params, max_error=1e-7)

    return check


LINEAR = [(name, how) for name in ("softmax", "svm") for how in ("naive", "vectorized")]
PROBLEMS: dict[str, Callable[..., None]] = {
    **{name: layer(name) for name in LAYERS},
    **{name: of_scores(name) for name in ("softmax_loss", "svm_loss", "mse_loss")},
    **{f"{name}_loss_{how}": linear(f"{name}_loss_{how}") for name, how in LINEAR},
    **{name: classifier(name) for name in ("Softmax", "LinearSVM")},
    "two-layer net": two_layers("HDNet", first="H", reg=0.7),
    "two-layer net, mean squared error": two_layers("MSENet", first="H", reg=0.7),
    "two-layer net, weights (D, H)": two_layers("DHNet", reg=0.7),
    "two-layer net of layers": two_layers("modular_net"),
    **{name: two_layer_function(name) for name in ("two_layer_net", "two_layer_convnet")},
    "no hidden layer": deep([]),
    "three hidden layers": deep([8, 7, 5]),
    "batchnorm and dropout": deep([8, 5], use_batchnorm=True, dropout=0.2, seed=3),
}


def alarms(check: Callable[..., None], runs: int) -> list[str]:
    """Return what was said of the reference in so many runs."""
    said = []
    for seed in range(runs):
        done = judge(check, record(check, SOURCE, seed), SOURCE, seed)
        if done.credit != 1 or done.text:
            said.append(f"seed {seed}: {done.text}")
    return said


@pytest.fixture(autouse=True)
def solutions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SOLUTIONS))


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_reference_raises_no_alarm(problem: str, proof: Proof) -> None:
    proof.text = f"{problem}: {proof.runs(4, 1000)} runs"
    assert alarms(PROBLEMS[problem], proof.runs(4, 1000)) == []
