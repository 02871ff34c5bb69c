"""A two-layer network as a function of its parameters, and where its parameters start."""

from __future__ import annotations

from typing import Any

import numpy as np


def init_two_layer_model(
    input_size: int, hidden_size: int, output_size: int
) -> dict[str, np.ndarray]:
    """Return parameters to start from; weights are drawn from numpy's global random stream.

    Args:
        input_size: D, features of a sample.
        hidden_size: H, units of the hidden layer.
        output_size: C, classes.

    Returns:
        A dictionary: W1 (D, H) and then W2 (H, C), normal with standard deviation 0.00001;
        b1 (H,) and b2 (C,), zero.
    """
    model: dict[str, np.ndarray] = {}
    model["W1"] = 0.00001 * np.random.randn(input_size, hidden_size)
    model["b1"] = np.zeros(hidden_size)
    model["W2"] = 0.00001 * np.random.randn(hidden_size, output_size)
    model["b2"] = np.zeros(output_size)
    return model


def two_layer_net(
    X: np.ndarray, model: dict[str, np.ndarray], y: np.ndarray | None = None, reg: float = 0.0
) -> Any:
    """Return the scores of X, or with labels the loss and its gradients.

    The net is: affine layer, ReLU, affine layer, softmax. A sample x has the scores
    ``s = max(x W1 + b1, 0) W2 + b2``, and costs ``-log(exp(s_y) / sum_c exp(s_c))`` for its label
    y (Deep Learning, section 6.2.2.3). The loss is the mean over the samples plus
    ``0.5 * reg * (sum W1^2 + sum W2^2)``.

    Args:
        X: inputs, shape (N, D).
        model: the parameters W1 (D, H), b1 (H,), W2 (H, C) and b2 (C,).
        y: labels, shape (N,), integers 0 to C - 1; None asks for the scores.
        reg: regularization strength.

    Returns:
        Without y the scores, shape (N, C). With y a pair: the loss as a number, and a dictionary
        with the gradients of W1, b1, W2 and b2, each of its parameter's shape.

    Raises:
        ValueError: the shapes do not fit together, or a label is out of range.
    """
    W1, b1, W2, b2 = model["W1"], model["b1"], model["W2"], model["b2"]
    _check(X, y, D=W1.shape[0], C=W2.shape[1])
    N = X.shape[0]

    scores = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute the class scores, shape (N, C). The output layer has no
    #   ReLU. Keep what the backward pass will need.
    # ================================================================ #
    hidden = np.maximum(X @ W1 + b1, 0.0)  # (N, H)
    scores = hidden @ W2 + b2  # (N, C)
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #

    if y is None:
        return scores

    loss = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute the loss: the softmax cross-entropy averaged over the N
    #   samples, plus 0.5 * reg times the sum of all squared entries of
    #   W1 and W2. Biases are not regularized. Scores may be in the
    #   thousands, where exp() overflows: subtract from each row its
    #   largest score first.
    # ================================================================ #
    shifted = scores - scores.max(axis=1, keepdims=True)  # the largest score becomes 0
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))  # (N, C)
    data_loss = -log_p[np.arange(N), y].mean()
    loss = data_loss + 0.5 * reg * (np.sum(W1**2) + np.sum(W2**2))
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #

    grads = {}
    # ================================================================ #
    # YOUR CODE HERE:
    #   Back-propagate: store the gradient of the loss in grads under
    #   "W1", "b1", "W2" and "b2", each with its parameter's shape.
    # ================================================================ #
    dscores = np.exp(log_p)  # softmax minus one-hot labels, over N: (N, C)
    dscores[np.arange(N), y] -= 1.0
    dscores /= N

    grads["W2"] = hidden.T @ dscores + reg * W2
    grads["b2"] = dscores.sum(axis=0)

    dhidden = dscores @ W2.T  # (N, H)
    dhidden[hidden <= 0] = 0.0  # ReLU passes nothing back where it was closed

    grads["W1"] = X.T @ dhidden + reg * W1
    grads["b1"] = dhidden.sum(axis=0)
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #

    return loss, grads


def _check(X: np.ndarray, y: np.ndarray | None, D: int, C: int) -> None:
    """Raise ValueError unless X is (N, D) and y, if any, (N,) with whole labels 0 to C - 1."""
    if X.ndim != 2 or X.shape[1] != D:
        raise ValueError(f"X must have shape (N, {D}), not {X.shape}")
    if y is None:
        return
    if len(X) == 0 or y.shape != (len(X),):
        raise ValueError(f"y must have one label per row of X, {len(X)}, not shape {y.shape}")
    if y.dtype.kind not in "iu":
        raise ValueError(f"labels must be whole numbers, not {y.dtype}")
    if y.min() < 0 or y.max() >= C:
        raise ValueError(f"labels must be 0 to {C - 1}, not {y.min()} to {y.max()}")
