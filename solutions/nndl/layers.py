"""The layers of a network, written to be read: each as a pair, forward and backward.

A forward function takes inputs and parameters and returns its output and a *cache*. The backward
function takes ``dout``, the gradient of the loss with respect to that output, and the cache, and
returns the gradients with respect to inputs and parameters, each of their shape. That is the chain
rule, one layer at a time (Goodfellow, Bengio, Courville: Deep Learning, section 6.5). Letters:

| letter    | number of                 | letter  | number of                                   |
|-----------|---------------------------|---------|---------------------------------------------|
| N         | samples in the batch      | F       | filters                                     |
| D, M      | features in, features out | H, W    | height and width of an image, in pixels     |
| C         | classes, or channels      | HH, WW  | height and width of a filter or of a window |

No function changes an array that it is given. A shape that does not fit raises a ValueError.
The losses are in losses.py; batch normalization and dropout, which act otherwise in training than
in testing, in training_layers.py; the same convolution without slow loops in fast_layers.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .losses import mse_loss, softmax_loss, svm_loss
from .shapes import check_affine, check_shape, conv_windows, pool_windows
from .training_layers import (
    batchnorm_backward,
    batchnorm_backward_alt,
    batchnorm_forward,
    dropout_backward,
    dropout_forward,
)

__all__ = [
    "affine_backward",
    "affine_forward",
    "batchnorm_backward",
    "batchnorm_backward_alt",
    "batchnorm_forward",
    "conv_backward_naive",
    "conv_forward_naive",
    "dropout_backward",
    "dropout_forward",
    "max_pool_backward_naive",
    "max_pool_forward_naive",
    "mse_loss",
    "relu_backward",
    "relu_forward",
    "sigmoid",
    "sigmoid_backward",
    "sigmoid_forward",
    "softmax_loss",
    "svm_loss",
]


def affine_forward(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[Any, Any]:
    """Map every sample, laid out as one row: ``out = x w + b``.

    Args:
        x: samples of any shape, (N, d_1, ..., d_k), with d_1 * ... * d_k = D.
        w: weights, shape (D, M).
        b: biases, shape (M,).

    Returns:
        out, shape (N, M), and the cache (x, w, b).
    """
    check_affine(x, w, b)
    out = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute the output. Give each sample one row first; x itself keeps
    #   its shape.
    # ================================================================ #
    out = x.reshape(len(x), w.shape[0]) @ w + b
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return out, (x, w, b)


def affine_backward(dout: np.ndarray, cache: Any) -> tuple[Any, Any, Any]:
    """Go back through an affine layer: ``dx = dout w^T``, ``dw = x^T dout``, ``db = sum dout``.

    Args:
        dout: upstream gradient, shape (N, M).
        cache: (x, w, b) of the forward pass.

    Returns:
        dx, of x's shape; dw, shape (D, M); db, shape (M,).
    """
    x, w, b = cache
    check_shape("dout", dout, (len(x), len(b)))
    dx = dw = db = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute the three gradients. A bias is added to every sample, so its
    #   gradient is a sum over all of them.
    # ================================================================ #
    dx = (dout @ w.T).reshape(x.shape)
    dw = x.reshape(len(x), w.shape[0]).T @ dout
    db = dout.sum(axis=0)
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return dx, dw, db


def relu_forward(x: np.ndarray) -> tuple[Any, Any]:
    """Cut off what is negative: ``out = max(x, 0)``, for x of any shape. The cache is x."""
    out = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute the output in a new array.
    # ================================================================ #
    out = np.maximum(x, 0)
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return out, x


def relu_backward(dout: np.ndarray, cache: Any) -> Any:
    """Go back through a ReLU: ``dx = dout`` where x was positive, elsewhere 0, also at x = 0.

    Args:
        dout: upstream gradient, of x's shape.
        cache: x of the forward pass.

    Returns:
        dx, of x's shape.
    """
    x = cache
    check_shape("dout", dout, x.shape)
    dx = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute the gradient in a new array: dout stays as it is.
    # ================================================================ #
    dx = np.where(x > 0, dout, 0)
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return dx


def sigmoid(x: np.ndarray) -> Any:
    """Return ``1 / (1 + exp(-x))``, elementwise, without overflow however large x is.

    For negative x the fraction is expanded to ``exp(x) / (exp(x) + 1)``, so that the exponent is
    never positive.
    """
    y = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute the sigmoid. exp(1000) overflows, exp(-1000) is just 0.
    # ================================================================ #
    small = np.exp(-np.abs(x))  # between 0 and 1
    y = np.where(x >= 0, 1, small) / (1 + small)
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return y


def sigmoid_forward(x: np.ndarray) -> tuple[Any, Any]:
    """Squash x, of any shape, to between 0 and 1: ``out = sigmoid(x)``. The cache is out."""
    out = sigmoid(x)
    return out, out


def sigmoid_backward(dout: np.ndarray, cache: Any) -> Any:
    """Go back through a sigmoid, whose slope where it has the value s is s times one minus s.

    Args:
        dout: upstream gradient, of out's shape.
        cache: out of the forward pass.

    Returns:
        dx, of out's shape.
    """
    out = cache
    check_shape("dout", dout, out.shape)
    dx = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute the gradient. The output alone is enough.
    # ================================================================ #
    dx = dout * out * (1 - out)
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return dx


def conv_forward_naive(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict[str, int]
) -> tuple[Any, Any]:
    """Slide every filter over every image: out is the inner product of filter and window, plus b.

    ``out[n, f, i, j] = b[f] + sum over c, k, l of w[f, c, k, l] * x[n, c, i*stride + k - pad,
    j*stride + l - pad]``, where pixels outside the image count as 0. This is a cross-correlation:
    the filter is not flipped (Deep Learning, equation 9.6).

    Args:
        x: images, shape (N, C, H, W).
        w: filters, shape (F, C, HH, WW).
        b: biases, shape (F,).
        conv_param: "stride", from one window to the next, and "pad", zeros on each side.

    Returns:
        out, shape (N, F, 1 + (H + 2 * pad - HH) / stride, 1 + (W + 2 * pad - WW) / stride), and
        the cache (x, w, b, conv_param).

    Raises:
        ValueError: a shape does not fit, or the windows do not end at the image's edge.
    """
    windows = conv_windows(x, w, b, conv_param)
    HH, WW, stride, pad = windows.height, windows.width, windows.stride, windows.pad
    out = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute the output, one number at a time; windows.rows and
    #   windows.columns are its height and width. np.pad surrounds images
    #   with zeros, np.ndindex counts through all indices of an array.
    # ================================================================ #
    out = np.zeros((len(x), len(w), windows.rows, windows.columns), np.result_type(x, w, b))
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    for n, f, i, j in np.ndindex(*out.shape):
        top, left = i * stride, j * stride
        window = padded[n, :, top : top + HH, left : left + WW]  # (C, HH, WW)
        out[n, f, i, j] = np.sum(window * w[f]) + b[f]
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return out, (x, w, b, conv_param)


def conv_backward_naive(dout: np.ndarray, cache: Any) -> tuple[Any, Any, Any]:
    """Go back through a convolution: each output hands its gradient to its window and its filter.

    Args:
        dout: upstream gradient, of out's shape.
        cache: (x, w, b, conv_param) of the forward pass.

    Returns:
        dx, shape (N, C, H, W); dw, shape (F, C, HH, WW); db, shape (F,).
    """
    x, w, b, conv_param = cache
    windows = conv_windows(x, w, b, conv_param)
    check_shape("dout", dout, (len(x), len(w), windows.rows, windows.columns))
    _, _, H, W = x.shape
    HH, WW, stride, pad = windows.height, windows.width, windows.stride, windows.pad
    dx = dw = db = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute the three gradients: visit the outputs as in the forward
    #   pass. What falls on the padding is dropped in the end.
    # ================================================================ #
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dtype = np.result_type(dout, x, w)
    dpadded, dw, db = (np.zeros(a.shape, dtype) for a in (padded, w, b))
    for n, f, i, j in np.ndindex(*dout.shape):
        top, left = i * stride, j * stride
        window = np.s_[n, :, top : top + HH, left : left + WW]
        dpadded[window] += dout[n, f, i, j] * w[f]
        dw[f] += dout[n, f, i, j] * padded[window]
        db[f] += dout[n, f, i, j]
    dx = dpadded[:, :, pad : pad + H, pad : pad + W]
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return dx, dw, db


def max_pool_forward_naive(x: np.ndarray, pool_param: dict[str, int]) -> tuple[Any, Any]:
    """Keep the largest pixel of every window, channel by channel.

    Args:
        x: images, shape (N, C, H, W).
        pool_param: "pool_height" and "pool_width" of a window, HH and WW, and "stride". Windows
            overlap where the stride is smaller than the window.

    Returns:
        out, shape (N, C, 1 + (H - HH) / stride, 1 + (W - WW) / stride), and the cache
        (x, pool_param).

    Raises:
        ValueError: x is no batch of images, or the windows do not end at the image's edge.
    """
    windows = pool_windows(x, pool_param)
    HH, WW, stride = windows.height, windows.width, windows.stride
    out = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute the output, one number at a time; windows.rows and
    #   windows.columns are its height and width.
    # ================================================================ #
    out = np.zeros((*x.shape[:2], windows.rows, windows.columns), x.dtype)
    for n, c, i, j in np.ndindex(*out.shape):
        top, left = i * stride, j * stride
        out[n, c, i, j] = x[n, c, top : top + HH, left : left + WW].max()
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return out, (x, pool_param)


def max_pool_backward_naive(dout: np.ndarray, cache: Any) -> Any:
    """Go back through max pooling: a window's gradient goes to its largest pixel alone.

    Of equal pixels the first gets it, reading row by row. A pixel that is the largest of several
    overlapping windows gets the sum.

    Args:
        dout: upstream gradient, of out's shape.
        cache: (x, pool_param) of the forward pass.

    Returns:
        dx, shape (N, C, H, W).
    """
    x, pool_param = cache
    windows = pool_windows(x, pool_param)
    check_shape("dout", dout, (*x.shape[:2], windows.rows, windows.columns))
    HH, WW, stride = windows.height, windows.width, windows.stride
    dx = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Add every number of dout to the right pixel of dx. np.argmax numbers
    #   a window's pixels row by row; divmod makes row and column of it.
    # ================================================================ #
    dx = np.zeros(x.shape, dout.dtype)
    for n, c, i, j in np.ndindex(*dout.shape):
        top, left = i * stride, j * stride
        row, column = divmod(np.argmax(x[n, c, top : top + HH, left : left + WW]), WW)
        dx[n, c, top + row, left + column] += dout[n, c, i, j]
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return dx
