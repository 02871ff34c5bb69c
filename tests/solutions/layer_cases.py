"""Layers as the battery takes them: small, with images, filters and windows that are not square."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from nndl import layers

from tests.solutions.battery import Layer, of_loss

if TYPE_CHECKING:
    from collections.abc import Callable

POOLINGS = {
    "2x2 side by side": ({"pool_height": 2, "pool_width": 2, "stride": 2}, (6, 8)),
    "3x3 overlapping": ({"pool_height": 3, "pool_width": 3, "stride": 2}, (7, 5)),
    "2x3 overlapping": ({"pool_height": 2, "pool_width": 3, "stride": 1}, (4, 5)),
    "2x2 with gaps": ({"pool_height": 2, "pool_width": 2, "stride": 3}, (5, 8)),
}
CONVOLUTIONS = {
    "3x3": ({"stride": 1, "pad": 1}, (2, 3, 3), (5, 4)),
    "2x3 at stride 2": ({"stride": 2, "pad": 0}, (3, 2, 3), (6, 7)),
    "3x2 at stride 3": ({"stride": 3, "pad": 2}, (3, 3, 2), (5, 7)),
    "1x1": ({"stride": 1, "pad": 0}, (2, 1, 1), (3, 4)),
}


def linspace(low: float, high: float, *shape: int) -> np.ndarray:
    return np.linspace(low, high, int(np.prod(shape))).reshape(shape)


def convolution(name: str, forward: Any, backward: Any) -> Layer:
    """Make a layer of one of CONVOLUTIONS; the images have two channels."""
    conv_param, (F, HH, WW), size = CONVOLUTIONS[name]
    return Layer(
        f"conv {name}",
        lambda rng, n: (rng.randn(n, 2, *size), rng.randn(F, 2, HH, WW), rng.randn(F)),
        lambda x, w, b: forward(x, w, b, conv_param),
        backward,
    )


def pooling(name: str, forward: Any, backward: Any) -> Layer:
    """Make a layer of one of POOLINGS."""
    pool_param, size = POOLINGS[name]
    return Layer(
        f"pool {name}",
        lambda rng, n: (rng.randn(n, 3, *size),),
        lambda x: forward(x, pool_param),
        backward,
    )


def affine(backward: Any = layers.affine_backward) -> Layer:
    return Layer(
        "affine",
        lambda rng, n: (rng.randn(n, 2, 3), rng.randn(6, 5), rng.randn(5)),
        layers.affine_forward,
        backward,
    )


def relu(backward: Any = layers.relu_backward) -> Layer:
    return Layer("relu", lambda rng, n: (rng.randn(n, 7),), layers.relu_forward, backward)


def loss(function: Callable[[np.ndarray, np.ndarray], tuple[Any, Any]]) -> Layer:
    return of_loss(
        function.__name__,
        lambda rng, n: (rng.randn(n, 3),),
        lambda x: function(x, np.arange(len(x)) % 3),
    )
