"""Linear classifiers: a score per class, trained by stochastic gradient descent.

Samples stand in the columns of X. The last row of X may be all ones: the last column of the
weights then is the bias, and it is regularized like every other weight.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nndl.classifiers.softmax import softmax_loss_vectorized
from nndl.shapes import check_linear


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
            ValueError: the shapes do not fit together, a label is out of range, batch_size is
                below 1 or num_iters below 0.
        """
        if X.ndim != 2:
            raise ValueError(f"X must have shape (D, N), not {X.shape}")
        if batch_size < 1 or num_iters < 0:
            raise ValueError(
                f"batch_size must be at least 1 and num_iters at least 0, "
                f"not {batch_size} and {num_iters}"
            )
        D, N = X.shape
        if self.W is None:
            self.W = 0.001 * np.random.randn(int(np.max(y, initial=0)) + 1, D)
        check_linear(self.W, X, y)
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
