"""A small convolutional net as a function of its parameters, and where its parameters start."""

from __future__ import annotations

from typing import Any

import numpy as np

from nndl.layer_utils import conv_relu_pool_backward, conv_relu_pool_forward
from nndl.layers import affine_backward, affine_forward, softmax_loss
from nndl.shapes import check_labels

POOL_PARAM = {"pool_height": 2, "pool_width": 2, "stride": 2}


def init_two_layer_convnet(
    weight_scale: float = 1e-3,
    bias_scale: float = 0,
    input_shape: tuple[int, int, int] = (3, 32, 32),
    num_classes: int = 10,
    num_filters: int = 32,
    filter_size: int = 5,
) -> dict[str, np.ndarray]:
    """Return parameters to start from, all drawn from numpy's global random stream.

    Args:
        weight_scale: standard deviation of the weights.
        bias_scale: standard deviation of the biases; they are drawn even if it is 0.
        input_shape: channels K, height H and width W of an image; H and W even.
        num_classes: C, number of classes.
        num_filters: F, filters of the convolution.
        filter_size: S, their height and width; odd, so that padding can keep an image's size.

    Returns:
        A dictionary, drawn in this order: W1 (F, K, S, S), b1 (F,), W2 (F * H/2 * W/2, C), b2 (C,).

    Raises:
        ValueError: filter_size is even, or an image's side is odd.
    """
    K, H, W = input_shape
    if filter_size % 2 == 0:
        raise ValueError(f"filter_size must be odd, not {filter_size}")
    if H % 2 or W % 2:
        raise ValueError(f"height and width must be even for 2x2 pooling, not {H} and {W}")
    model: dict[str, np.ndarray] = {}
    model["W1"] = weight_scale * np.random.randn(num_filters, K, filter_size, filter_size)
    model["b1"] = bias_scale * np.random.randn(num_filters)
    model["W2"] = weight_scale * np.random.randn(num_filters * H // 2 * W // 2, num_classes)
    model["b2"] = bias_scale * np.random.randn(num_classes)
    return model


def two_layer_convnet(
    X: np.ndarray, model: dict[str, np.ndarray], y: np.ndarray | None = None, reg: float = 0.0
) -> Any:
    """Return the scores of X, or with labels the loss and its gradients.

    The net is: convolution with stride 1 and padding (S - 1) / 2, ReLU, 2x2 max pooling with
    stride 2, affine layer, softmax.

    Args:
        X: images, shape (N, K, H, W).
        model: the parameters, see init_two_layer_convnet.
        y: labels, shape (N,), integers 0 to C - 1; None asks for the scores.
        reg: regularization strength.

    Returns:
        Without y the scores, shape (N, C). With y a pair: the loss as a number, and a dictionary
        with the gradients of W1, b1, W2 and b2, each of its parameter's shape.

    Raises:
        ValueError: the shapes do not fit together, or a label is out of range.
    """
    W1, b1, W2, b2 = model["W1"], model["b1"], model["W2"], model["b2"]
    _check(X, y, model)
    conv_param = {"stride": 1, "pad": (W1.shape[2] - 1) // 2}

    scores = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute the class scores, shape (N, C), with conv_relu_pool_forward
    #   and affine_forward.
    # ================================================================ #
    features, features_cache = conv_relu_pool_forward(X, W1, b1, conv_param, POOL_PARAM)
    scores, scores_cache = affine_forward(features, W2, b2)
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #

    if y is None:
        return scores

    loss, grads = None, {}
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute the loss: softmax_loss plus 0.5 * reg times the sum of all
    #   squared entries of W1 and W2. Store its gradient in grads, under
    #   "W1", "b1", "W2" and "b2". Biases are not regularized.
    # ================================================================ #
    data_loss, dscores = softmax_loss(scores, y)
    loss = data_loss + 0.5 * reg * (np.sum(W1**2) + np.sum(W2**2))

    dfeatures, dW2, grads["b2"] = affine_backward(dscores, scores_cache)
    _, dW1, grads["b1"] = conv_relu_pool_backward(dfeatures, features_cache)
    grads["W1"] = dW1 + reg * W1
    grads["W2"] = dW2 + reg * W2
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #

    return loss, grads


def _check(X: np.ndarray, y: np.ndarray | None, model: dict[str, np.ndarray]) -> None:
    """Raise ValueError unless images and labels fit the model."""
    (F, K, _, _), (features, C) = model["W1"].shape, model["W2"].shape
    if X.ndim != 4 or X.shape[1] != K or F * (X.shape[2] // 2) * (X.shape[3] // 2) != features:
        raise ValueError(f"X of shape {X.shape} does not fit {F} filters and {features} features")
    if y is not None:
        check_labels(y, len(X), C)
