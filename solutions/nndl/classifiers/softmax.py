"""The softmax cross-entropy of a linear classifier, and its gradient.

Samples stand in the columns of X. The last row of X may be all ones: the last column of the
weights then is the bias, and it is regularized like every other weight.

The loss is a mean over the N samples plus ``reg * sum(W^2)``, without a factor 0.5, so that the
regularization adds ``2 * reg * W`` to the gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nndl.shapes import check_linear


def softmax_loss_naive(W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float) -> tuple[Any, Any]:
    """Return the softmax cross-entropy and its gradient, one sample after the other.

    With the scores ``s = W x`` of one sample and its class probabilities
    ``p_c = exp(s_c) / sum_j exp(s_j)`` the sample costs ``-log p_y``, and the derivative of that
    by ``s_c`` is ``p_c``, less 1 for the right class (Deep Learning, section 6.2.2.3).

    Args:
        W: weights, shape (C, D).
        X: samples, shape (D, N).
        y: labels, shape (N,), integers 0 to C - 1.
        reg: regularization strength.

    Returns:
        The loss, and its gradient by W, shape (C, D).

    Raises:
        ValueError: the shapes do not fit together, or a label is out of range.
    """
    check_linear(W, X, y)
    loss = dW = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute loss and dW with a loop over the samples. Scores may be in
    #   the thousands, where exp() overflows: subtract the largest first.
    # ================================================================ #
    N = X.shape[1]
    loss, dW = 0.0, np.zeros_like(W)
    for i in range(N):
        s = W @ X[:, i]  # (C,)
        s -= s.max()
        log_p = s - np.log(np.sum(np.exp(s)))
        loss -= log_p[y[i]] / N
        ds = np.exp(log_p)
        ds[y[i]] -= 1.0
        dW += np.outer(ds, X[:, i]) / N
    loss += reg * np.sum(W**2)
    dW += 2 * reg * W
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return loss, dW


def softmax_loss_vectorized(
    W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float
) -> tuple[Any, Any]:
    """Return the same as :func:`softmax_loss_naive`, from all samples together.

    Args:
        W: weights, shape (C, D).
        X: samples, shape (D, N).
        y: labels, shape (N,), integers 0 to C - 1.
        reg: regularization strength.

    Returns:
        The loss, and its gradient by W, shape (C, D).

    Raises:
        ValueError: the shapes do not fit together, or a label is out of range.
    """
    check_linear(W, X, y)
    loss = dW = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute loss and dW without a loop.
    # ================================================================ #
    samples = np.arange(len(y))
    scores = W @ X  # (C, N)
    shifted = scores - scores.max(axis=0)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=0))
    loss = -log_p[y, samples].mean() + reg * np.sum(W**2)

    dscores = np.exp(log_p)
    dscores[y, samples] -= 1.0
    dW = dscores @ X.T / len(y) + 2 * reg * W
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return loss, dW
