"""Sandwiches: layers that often follow one another, as one layer with one cache.

Backward passes take their layers' caches in reverse order. Convolution and pooling are those of
fast_layers.py. Letters, shapes and what is raised are those of layers.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .fast_layers import (
    conv_backward_fast,
    conv_forward_fast,
    max_pool_backward_fast,
    max_pool_forward_fast,
)
from .layers import affine_backward, affine_forward, relu_backward, relu_forward

if TYPE_CHECKING:
    import numpy as np


def affine_relu_forward(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[Any, Any]:
    """Apply an affine layer, then a ReLU: ``out = max(x w + b, 0)``.

    Args:
        x: samples, shape (N, d_1, ..., d_k), with d_1 * ... * d_k = D.
        w: weights, shape (D, M).
        b: biases, shape (M,).

    Returns:
        out, shape (N, M), and the two layers' caches.
    """
    scores, affine_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(scores)
    return out, (affine_cache, relu_cache)


def affine_relu_backward(dout: np.ndarray, cache: Any) -> tuple[Any, Any, Any]:
    """Go back through affine_relu_forward.

    Args:
        dout: upstream gradient, shape (N, M).
        cache: of the forward pass.

    Returns:
        dx, of x's shape; dw, shape (D, M); db, shape (M,).
    """
    affine_cache, relu_cache = cache
    dx, dw, db = affine_backward(relu_backward(dout, relu_cache), affine_cache)
    return dx, dw, db


def conv_relu_forward(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict[str, int]
) -> tuple[Any, Any]:
    """Apply a convolution, then a ReLU.

    Args:
        x: images, shape (N, C, H, W).
        w: filters, shape (F, C, HH, WW).
        b: biases, shape (F,).
        conv_param: "stride" and "pad".

    Returns:
        out, of the convolution's output shape, and the two layers' caches.
    """
    maps, conv_cache = conv_forward_fast(x, w, b, conv_param)
    out, relu_cache = relu_forward(maps)
    return out, (conv_cache, relu_cache)


def conv_relu_backward(dout: np.ndarray, cache: Any) -> tuple[Any, Any, Any]:
    """Go back through conv_relu_forward.

    Args:
        dout: upstream gradient, of out's shape.
        cache: of the forward pass.

    Returns:
        dx, shape (N, C, H, W); dw, shape (F, C, HH, WW); db, shape (F,).
    """
    conv_cache, relu_cache = cache
    dx, dw, db = conv_backward_fast(relu_backward(dout, relu_cache), conv_cache)
    return dx, dw, db


def conv_relu_pool_forward(
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray,
    conv_param: dict[str, int],
    pool_param: dict[str, int],
) -> tuple[Any, Any]:
    """Apply a convolution, a ReLU, then max pooling.

    Args:
        x: images, shape (N, C, H, W).
        w: filters, shape (F, C, HH, WW).
        b: biases, shape (F,).
        conv_param: "stride" and "pad".
        pool_param: "pool_height", "pool_width" and "stride".

    Returns:
        out, of the pooling layer's output shape, and the three layers' caches.
    """
    maps, conv_relu_cache = conv_relu_forward(x, w, b, conv_param)
    out, pool_cache = max_pool_forward_fast(maps, pool_param)
    return out, (conv_relu_cache, pool_cache)


def conv_relu_pool_backward(dout: np.ndarray, cache: Any) -> tuple[Any, Any, Any]:
    """Go back through conv_relu_pool_forward.

    Args:
        dout: upstream gradient, of out's shape.
        cache: of the forward pass.

    Returns:
        dx, shape (N, C, H, W); dw, shape (F, C, HH, WW); db, shape (F,).
    """
    conv_relu_cache, pool_cache = cache
    return conv_relu_backward(max_pool_backward_fast(dout, pool_cache), conv_relu_cache)
