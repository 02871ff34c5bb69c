"""Every net and linear loss passes the battery, as a function of its parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from nndl import fc_net, neural_net
from nndl.classifiers import softmax, svm, two_layer_net_dh, two_layer_net_mse
from nndl.classifiers.convnet import two_layer_convnet
from nndl.classifiers.two_layer_net_function import two_layer_net

from tests.solutions.battery import CHECKS, Layer, of_loss

if TYPE_CHECKING:
    from collections.abc import Callable

REG = 0.3


def labels(n: int) -> np.ndarray:
    return np.arange(n) % 3


def net(
    name: str,
    sample: tuple[int, ...],
    shapes: dict[str, tuple[int, ...]],
    loss: Callable[[np.ndarray, dict[str, np.ndarray]], tuple[float, dict[str, np.ndarray]]],
) -> Layer:
    """Make a layer of a net whose parameters have these names and shapes."""

    def draw(rng: np.random.RandomState, n: int) -> list[np.ndarray]:
        return [rng.randn(n, *sample), *(rng.randn(*shape) for shape in shapes.values())]

    def value(X: np.ndarray, *arrays: np.ndarray) -> tuple[float, list[Any]]:
        number, grads = loss(X, dict(zip(shapes, arrays, strict=True)))
        return number, [None, *(grads[key] for key in shapes)]

    return of_loss(name, draw, value)


def two_layer_class(name: str, kind: type[Any], shapes: dict[str, tuple[int, ...]]) -> Layer:
    def loss(X: np.ndarray, params: dict[str, np.ndarray]) -> Any:
        model = kind(6, 5, 3)
        model.params = params
        return model.loss(X, labels(len(X)), reg=REG)

    return net(name, (6,), shapes, loss)


def deep(name: str, *hidden: int, **options: Any) -> Layer:
    """Make a layer of a fully connected net; its arithmetic is that of the inputs."""

    def build(dtype: Any) -> Any:
        return fc_net.FullyConnectedNet(hidden, 6, 3, reg=REG, dtype=dtype, seed=2, **options)

    def loss(X: np.ndarray, params: dict[str, np.ndarray]) -> Any:
        model = build(X.dtype.type)
        model.params = params
        return model.loss(X, labels(len(X)))

    shapes = {key: value.shape for key, value in build(np.float64).params.items()}
    return net(name, (2, 3), shapes, loss)


def layered(X: np.ndarray, params: dict[str, np.ndarray]) -> Any:
    model = fc_net.TwoLayerNet(6, 5, 3, reg=REG)
    model.params = params
    return model.loss(X, labels(len(X)))


def linear(name: str, loss_of: Any) -> Layer:
    """Make a layer of a linear loss; the battery has samples in rows."""

    def loss(X: np.ndarray, params: dict[str, np.ndarray]) -> Any:
        value, dW = loss_of(params["W"], X.T, labels(len(X)), REG)
        return value, {"W": dW}

    return net(name, (4,), {"W": (3, 4)}, loss)


HD = {"W1": (5, 6), "b1": (5,), "W2": (3, 5), "b2": (3,)}
DH = {"W1": (6, 5), "b1": (5,), "W2": (5, 3), "b2": (3,)}
CONV = {"W1": (2, 2, 3, 3), "b1": (2,), "W2": (12, 3), "b2": (3,)}
NETS = [
    two_layer_class("(H, D) softmax", neural_net.TwoLayerNet, HD),
    two_layer_class("(H, D) squared error", two_layer_net_mse.TwoLayerNet, HD),
    two_layer_class("(D, H) softmax", two_layer_net_dh.TwoLayerNet, DH),
    net("function", (6,), DH, lambda X, p: two_layer_net(X, p, labels(len(X)), REG)),
    net("convnet", (2, 4, 6), CONV, lambda X, p: two_layer_convnet(X, p, labels(len(X)), REG)),
    net("two layers", (2, 3), DH, layered),
    deep("no hidden layer"),
    deep("three hidden layers", 5, 4, 6),
    deep("dropout", 9, 8, dropout=0.4),
    deep("batch normalization", 5, 4, use_batchnorm=True),
    linear("softmax, naive", softmax.softmax_loss_naive),
    linear("softmax", softmax.softmax_loss_vectorized),
    linear("svm, naive", svm.svm_loss_naive),
    linear("svm", svm.svm_loss_vectorized),
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("layer", NETS, ids=str)
def test_nets(layer: Layer, check: Callable[[Layer], None]) -> None:
    check(layer)
