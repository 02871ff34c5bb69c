"""The losses at the end of a network: each returns its value and the gradient of the scores.

All are averages over the N samples, so that the size of the gradient does not depend on the size
of the batch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .shapes import check_scores, check_targets


def svm_loss(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Ask that the right class scores higher than every other one by at least 1.

    ``loss = 1/N * sum over n and j != y[n] of max(0, x[n, j] - x[n, y[n]] + 1)`` (Weston and
    Watkins 1999: multi-class support vector machines).

    Args:
        x: scores, shape (N, C).
        y: labels, shape (N,), whole numbers 0 to C - 1.

    Returns:
        The loss, and its gradient with respect to x, shape (N, C).

    Raises:
        ValueError: the shapes do not fit, or a label is out of range.
    """
    check_scores(x, y)
    samples = np.arange(len(x))
    margins = np.maximum(x - x[samples, y][:, None] + 1, 0)
    margins[samples, y] = 0
    dx = (margins > 0).astype(x.dtype)
    dx[samples, y] = -dx.sum(axis=1)  # each violated margin pulls the right score up by one
    return float(margins.sum() / len(x)), dx / len(x)


def softmax_loss(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Take scores for logarithms of probabilities: the cross-entropy of the right classes.

    ``loss = 1/N * sum over n of (log(sum over j of exp(x[n, j])) - x[n, y[n]])``. The largest score
    is subtracted from its row first, which leaves the value and spares exp and log an overflow
    (Deep Learning, section 6.2.2.3).

    Args:
        x: scores, shape (N, C).
        y: labels, shape (N,), whole numbers 0 to C - 1.

    Returns:
        The loss, and its gradient with respect to x, shape (N, C): softmax minus one-hot, over N.

    Raises:
        ValueError: the shapes do not fit, or a label is out of range.
    """
    check_scores(x, y)
    samples = np.arange(len(x))
    shifted = x - x.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    dx = np.exp(log_p)
    dx[samples, y] -= 1
    return float(-log_p[samples, y].mean()), dx / len(x)


def mse_loss(x: np.ndarray, y: np.ndarray) -> tuple[Any, Any]:
    """Compare with targets: half the squared distance, averaged over the samples.

    ``loss = 1/(2N) * sum over n and j of (x[n, j] - target[n, j])**2``.

    Args:
        x: predictions, shape (N, C).
        y: targets, shape (N, C), or labels, shape (N,), whole numbers 0 to C - 1, which stand for
            targets that are 1 at the label and 0 elsewhere.

    Returns:
        The loss, and its gradient with respect to x, shape (N, C).

    Raises:
        ValueError: the shapes do not fit, or a label is out of range.
    """
    check_targets(x, y)
    target = np.eye(x.shape[1])[y] if y.ndim == 1 else y
    loss = dx = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute the loss, a number, and its gradient.
    # ================================================================ #
    difference = x - target.astype(x.dtype)
    loss = float(np.sum(difference**2) / (2 * len(x)))
    dx = difference / len(x)
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return loss, dx
