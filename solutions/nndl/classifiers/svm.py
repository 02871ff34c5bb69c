"""The multiclass hinge loss of a linear classifier, and its gradient.

Samples stand in the columns of X. The last row of X may be all ones: the last column of the
weights then is the bias, and it is regularized like every other weight.

The loss is a mean over the N samples plus ``reg * sum(W^2)``, without a factor 0.5, so that the
regularization adds ``2 * reg * W`` to the gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nndl.shapes import check_linear


def svm_loss_naive(W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float) -> tuple[Any, Any]:
    """Return the multiclass hinge loss and its gradient, one sample after the other.

    With the scores ``s = W x`` of one sample, every wrong class c costs
    ``max(0, s_c - s_y + 1)``: nothing as soon as the right class leads by the margin 1 (J. Weston
    and C. Watkins, "Support vector machines for multi-class pattern recognition", 1999).

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
    #   Compute loss and dW with loops over the samples and the classes.
    #   The right class costs nothing, although its own margin is 1.
    # ================================================================ #
    N = X.shape[1]
    loss, dW = 0.0, np.zeros_like(W)
    for i in range(N):
        s = W @ X[:, i]
        for c in range(len(s)):
            margin = s[c] - s[y[i]] + 1.0
            if c != y[i] and margin > 0:
                loss += margin / N
                dW[c] += X[:, i] / N
                dW[y[i]] -= X[:, i] / N
    loss += reg * np.sum(W**2)
    dW += 2 * reg * W
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return loss, dW


def svm_loss_vectorized(W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float) -> tuple[Any, Any]:
    """Return the same as :func:`svm_loss_naive`, from all samples together.

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
    margins = np.maximum(scores - scores[y, samples] + 1.0, 0.0)
    margins[y, samples] = 0.0
    loss = margins.sum() / len(y) + reg * np.sum(W**2)

    dscores = (margins > 0).astype(scores.dtype)  # 1 for every class that costs something
    dscores[y, samples] = -dscores.sum(axis=0)
    dW = dscores @ X.T / len(y) + 2 * reg * W
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return loss, dW
