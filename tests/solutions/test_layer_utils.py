"""The sandwiches are their layers, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from nndl import layer_utils as sandwiches
from nndl import layers

from tests.solutions import battery
from tests.solutions.battery import CHECKS, Layer

if TYPE_CHECKING:
    from collections.abc import Callable

CONV_PARAM = {"stride": 1, "pad": 1}
POOL_PARAM = {"pool_height": 2, "pool_width": 3, "stride": 2}


def images(rng: np.random.RandomState, n: int) -> tuple[np.ndarray, ...]:
    return rng.randn(n, 3, 6, 7), rng.randn(4, 3, 3, 3), rng.randn(4)


AFFINE_RELU = Layer(
    "affine_relu",
    lambda rng, n: (rng.randn(n, 2, 4), rng.randn(8, 5), rng.randn(5)),
    sandwiches.affine_relu_forward,
    sandwiches.affine_relu_backward,
)
CONV_RELU = Layer(
    "conv_relu",
    images,
    lambda x, w, b: sandwiches.conv_relu_forward(x, w, b, CONV_PARAM),
    sandwiches.conv_relu_backward,
)
CONV_RELU_POOL = Layer(
    "conv_relu_pool",
    images,
    lambda x, w, b: sandwiches.conv_relu_pool_forward(x, w, b, CONV_PARAM, POOL_PARAM),
    sandwiches.conv_relu_pool_backward,
)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("layer", [AFFINE_RELU, CONV_RELU, CONV_RELU_POOL], ids=repr)
def test_battery(layer: Layer, check: Callable[[Layer], None]) -> None:
    check(layer)


def test_affine_relu_is_affine_then_relu() -> None:
    (x, w, b), _, _ = battery.drawn(AFFINE_RELU)
    out, _ = AFFINE_RELU.forward(x, w, b)
    np.testing.assert_allclose(out, np.maximum(layers.affine_forward(x, w, b)[0], 0))


def test_conv_relu_pool_is_convolution_then_relu_then_pooling() -> None:
    (x, w, b), _, _ = battery.drawn(CONV_RELU_POOL)
    maps = np.maximum(layers.conv_forward_naive(x, w, b, CONV_PARAM)[0], 0)
    np.testing.assert_allclose(CONV_RELU.forward(x, w, b)[0], maps, atol=1e-12)
    pooled, _ = layers.max_pool_forward_naive(maps, POOL_PARAM)
    np.testing.assert_allclose(CONV_RELU_POOL.forward(x, w, b)[0], pooled, atol=1e-12)


def test_a_sandwich_on_a_layer_that_returns_nothing_is_called_unwritten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sandwiches, "relu_forward", lambda _: (None, None))
    x, w, b = images(np.random.RandomState(0), 2)
    with pytest.raises(NotImplementedError, match="x is None: what computes it is not written yet"):
        sandwiches.conv_relu_pool_forward(x, w, b, CONV_PARAM, POOL_PARAM)
