"""Linear classifiers: a score per class, trained by stochastic gradient descent.

Samples stand in the columns of X. The last row of X may be all ones: the last column of the
weights then is the bias, and it is regularized like every other weight.

Both losses are means over the N samples plus ``reg * sum(W^2)``, without a factor 0.5, so that
the regularization adds ``2 * reg * W`` to the gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def softmax_loss_naive(
    W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float
) -> tuple[float, np.ndarray]:
    """Return the softmax cross-entropy and its gradient, one sample after the other.

    With the scores ``s = W x`` of one sample and its class probabilities
    ``p_c = exp(s_c) / sum_j exp(s_j)`` the sample costs ``-log p_y``, and the derivative of that
    by ``s_c`` is ``p_c``, less 1 for the right class.

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
    _check(W, X, y)
    loss = 0.0
    dW = np.zeros_like(W)
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute loss and dW with a loop over the samples. Scores may be in
    #   the thousands, where exp() overflows: subtract the largest first.
    # ================================================================ #
    N = X.shape[1]
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
) -> tuple[float, np.ndarray]:
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
    _check(W, X, y)
    loss = 0.0
    dW = np.zeros_like(W)
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


def svm_loss_naive(
    W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float
) -> tuple[float, np.ndarray]:
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
    _check(W, X, y)
    loss = 0.0
    dW = np.zeros_like(W)
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute loss and dW with loops over the samples and the classes.
    #   The right class costs nothing, although its own margin is 1.
    # ================================================================ #
    N = X.shape[1]
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


def svm_loss_vectorized(
    W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float
) -> tuple[float, np.ndarray]:
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
    _check(W, X, y)
    loss = 0.0
    dW = np.zeros_like(W)
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


class LinearClassifier:
    """What linear classifiers share: training and prediction. Subclasses say what is a loss.

    ``W``, shape (C, D), is None until the first training; further training goes on from there.
    """

    def __init__(self) -> None:
        self.W: np.ndarray | None = None

    def train(
        self,
        X: np.ndarray,
        y: np.ndarray,
        learning_rate: float = 1e-3,
        reg: float = 1e-5,
        num_iters: int = 100,
        batch_size: int = 200,
        verbose: bool = False,
    ) -> list[float]:
        """Train by stochastic gradient descent, one mini-batch per iteration.

        Weights that are not there yet are drawn from numpy's global random stream: normal,
        standard deviation 0.001, for as many classes as the largest label says.

        Args:
            X: training samples, shape (D, N).
            y: their labels, shape (N,), integers from 0.
            learning_rate: step size.
            reg: regularization strength.
            num_iters: number of steps.
            batch_size: samples per step.
            verbose: print the loss at every hundredth step.

        Returns:
            The losses, one per iteration, measured before that iteration's update.

        Raises:
            ValueError: the shapes do not fit together, or a label is out of range.
        """
        if X.ndim != 2:
            raise ValueError(f"X must have shape (D, N), not {X.shape}")
        D, N = X.shape
        if self.W is None:
            self.W = 0.001 * np.random.randn(int(np.max(y)) + 1, D)
        _check(self.W, X, y)
        loss_history: list[float] = []

        for it in range(num_iters):
            X_batch = y_batch = None
            # ================================================================ #
            # YOUR CODE HERE:
            #   Draw a random mini-batch: X_batch, shape (D, batch_size), and
            #   its labels y_batch. Let np.random.choice pick batch_size sample
            #   numbers with replacement, in one call per iteration.
            # ================================================================ #
            samples = np.random.choice(N, batch_size)
            X_batch, y_batch = X[:, samples], y[samples]
            # ================================================================ #
            # END YOUR CODE HERE
            # ================================================================ #

            if X_batch is None or y_batch is None:
                return []  # the part above is not written yet

            loss, grad = self.loss(X_batch, y_batch, reg)
            loss_history.append(loss)

            # ================================================================ #
            # YOUR CODE HERE:
            #   Move self.W one step of gradient descent.
            # ================================================================ #
            self.W -= learning_rate * grad
            # ================================================================ #
            # END YOUR CODE HERE
            # ================================================================ #

            if verbose and it % 100 == 0:
                print(f"iteration {it} / {num_iters}: loss {loss}")

        return loss_history

    def predict(self, X: np.ndarray) -> Any:
        """Return for each column of X, shape (D, N), the class of the highest score, shape (N,).

        Raises:
            ValueError: there are no weights yet, or X has not D rows.
        """
        W = self._weights()
        if X.ndim != 2 or X.shape[0] != W.shape[1]:
            raise ValueError(f"X must have shape ({W.shape[1]}, N), not {X.shape}")
        y_pred = None
        # ================================================================ #
        # YOUR CODE HERE:
        #   Predict the class of each sample.
        # ================================================================ #
        y_pred = np.argmax(W @ X, axis=0)
        # ================================================================ #
        # END YOUR CODE HERE
        # ================================================================ #
        return y_pred

    def loss(self, X: np.ndarray, y: np.ndarray, reg: float) -> tuple[float, np.ndarray]:
        """Return the loss of X, shape (D, N), with labels y, shape (N,), and its gradient by W."""
        raise NotImplementedError

    def _weights(self) -> np.ndarray:
        """Return W, or raise ValueError if there is none yet."""
        if self.W is None:
            raise ValueError("there are no weights yet: call train first, or set W")
        return self.W


class Softmax(LinearClassifier):
    """A linear classifier with the softmax cross-entropy."""

    def loss(self, X: np.ndarray, y: np.ndarray, reg: float) -> tuple[float, np.ndarray]:
        """Return what :func:`softmax_loss_vectorized` says of the present weights."""
        return softmax_loss_vectorized(self._weights(), X, y, reg)


class LinearSVM(LinearClassifier):
    """A linear classifier with the multiclass hinge loss."""

    def loss(self, X: np.ndarray, y: np.ndarray, reg: float) -> tuple[float, np.ndarray]:
        """Return what :func:`svm_loss_vectorized` says of the present weights."""
        return svm_loss_vectorized(self._weights(), X, y, reg)


def _check(W: np.ndarray, X: np.ndarray, y: np.ndarray) -> None:
    """Raise ValueError unless W is (C, D), X (D, N) and y (N,) with labels 0 to C - 1."""
    if W.ndim != 2 or X.ndim != 2 or W.shape[1] != X.shape[0] or X.shape[1] == 0:
        raise ValueError(f"W must be (C, D) and X (D, N), N above 0, not {W.shape} and {X.shape}")
    N = X.shape[1]
    if y.shape != (N,):
        raise ValueError(f"y must have one label per column of X, {N}, not shape {y.shape}")
    if y.min() < 0 or y.max() >= len(W):
        raise ValueError(f"labels must be 0 to {len(W) - 1}, not {y.min()} to {y.max()}")
