"""A two-layer fully connected network with squared error, trained by gradient descent."""

from __future__ import annotations

from typing import Any

import numpy as np


def mse_loss(scores: np.ndarray, y: np.ndarray) -> Any:
    """Return the squared error of the scores against one-hot labels, and its gradient.

    The target of a sample is 1 for its class and 0 for the others. The loss is
    ``1 / (2N) * sum (scores - targets)^2`` over samples and classes, so that its derivative by
    one score is ``(score - target) / N``. Scores (0.1, 0.1, 0.8) of one sample of class 2 give
    (0.01 + 0.01 + 0.04) / 2 = 0.03.

    Args:
        scores: class scores, shape (N, C).
        y: labels, shape (N,), integers 0 to C - 1.

    Returns:
        A pair: the loss as a number, and its gradient by the scores, shape (N, C).

    Raises:
        ValueError: there is not one label per row of scores, or a label is out of range.
    """
    if scores.ndim != 2:
        raise ValueError(f"scores must have shape (N, C), not {scores.shape}")
    _check(scores, y, D=scores.shape[1], C=scores.shape[1])
    loss, dscores = None, None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute loss and dscores without a loop.
    # ================================================================ #
    N = len(scores)
    errors = scores.copy()
    errors[np.arange(N), y] -= 1.0  # the target is 1 there and 0 elsewhere
    loss = np.sum(errors**2) / (2 * N)
    dscores = errors / N
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return loss, dscores


class TwoLayerNet:
    """A classifier: affine layer, ReLU, affine layer, squared error.

    With N samples of D features, H hidden units and C classes the parameters are

    | name | shape  | start value                                |
    |------|--------|--------------------------------------------|
    | W1   | (H, D) | normal, standard deviation ``std``         |
    | b1   | (H,)   | zero                                       |
    | W2   | (C, H) | normal, standard deviation ``std``         |
    | b2   | (C,)   | zero                                       |

    One row of ``W1`` looks at a whole input, one row of ``W2`` at all hidden units.
    """

    def __init__(
        self, input_size: int, hidden_size: int, output_size: int, std: float = 1e-4
    ) -> None:
        """Draw the weights, W1 before W2, from numpy's global random stream."""
        self.params: dict[str, np.ndarray] = {}
        self.params["W1"] = std * np.random.randn(hidden_size, input_size)
        self.params["b1"] = np.zeros(hidden_size)
        self.params["W2"] = std * np.random.randn(output_size, hidden_size)
        self.params["b2"] = np.zeros(output_size)

    def loss(self, X: np.ndarray, y: np.ndarray | None = None, reg: float = 0.0) -> Any:
        """Return the scores of X, or with labels the loss and its gradients.

        A sample x has the scores ``W2 max(W1 x + b1, 0) + b2``. The loss is :func:`mse_loss` of
        them plus ``0.5 * reg * (sum W1^2 + sum W2^2)``.

        Args:
            X: inputs, shape (N, D).
            y: labels, shape (N,), integers 0 to C - 1; None asks for the scores.
            reg: regularization strength.

        Returns:
            Without y the scores, shape (N, C). With y a pair: the loss as a number, and a
            dictionary with the gradients of W1, b1, W2 and b2, each of its parameter's shape.

        Raises:
            ValueError: the shapes do not fit together, or a label is out of range.
        """
        W1, b1 = self.params["W1"], self.params["b1"]
        W2, b2 = self.params["W2"], self.params["b2"]
        _check(X, y, D=W1.shape[1], C=W2.shape[0])

        scores = hidden = None
        # ================================================================ #
        # YOUR CODE HERE:
        #   Compute the class scores, shape (N, C). The output layer has no
        #   ReLU. Use array operations on all samples together, not a loop,
        #   and keep what the ReLU gives, shape (N, H), in hidden: the
        #   backward pass below needs it.
        # ================================================================ #
        hidden = np.maximum(X @ W1.T + b1, 0.0)  # (N, H)
        scores = hidden @ W2.T + b2  # (N, C)
        # ================================================================ #
        # END YOUR CODE HERE
        # ================================================================ #

        if y is None:
            return scores

        loss = dscores = None
        # ================================================================ #
        # YOUR CODE HERE:
        #   Compute the loss: the squared error of the scores, see mse_loss,
        #   plus 0.5 * reg times the sum of all squared entries of W1 and W2.
        #   Biases are not regularized. Keep the gradient by the scores,
        #   shape (N, C), in dscores: the backward pass below needs it.
        # ================================================================ #
        data_loss, dscores = mse_loss(scores, y)
        loss = data_loss + 0.5 * reg * (np.sum(W1**2) + np.sum(W2**2))
        # ================================================================ #
        # END YOUR CODE HERE
        # ================================================================ #

        if loss is None or dscores is None or hidden is None:
            return loss, {}  # the parts above are not written yet

        # The backward pass, the chain rule from the scores down. Every gradient has the shape of
        # its parameter.
        dhidden = (dscores @ W2) * (hidden > 0)  # ReLU passes nothing back where it was closed
        grads = {
            "W1": dhidden.T @ X + reg * W1,
            "b1": dhidden.sum(axis=0),
            "W2": dscores.T @ hidden + reg * W2,
            "b2": dscores.sum(axis=0),
        }
        return loss, grads

    def train(
        self,
        X: np.ndarray,
        y: np.ndarray,
        X_val: np.ndarray,
        y_val: np.ndarray,
        learning_rate: float = 1e-3,
        learning_rate_decay: float = 0.95,
        reg: float = 1e-5,
        num_iters: int = 100,
        batch_size: int = 200,
        verbose: bool = False,
    ) -> dict[str, list[float]]:
        """Train by stochastic gradient descent, one mini-batch per iteration.

        An epoch has ``max(num_train // batch_size, 1)`` iterations, a whole number. (The original
        homework divided exactly: with 49,000 samples in batches of 300 an epoch was 163.33
        iterations long, no later iteration is a multiple of that, and the rate never fell.)

        Args:
            X: training inputs, shape (num_train, D).
            y: their labels, shape (num_train,).
            X_val: validation inputs, shape (num_val, D).
            y_val: their labels, shape (num_val,).
            learning_rate: step size.
            learning_rate_decay: factor on the step size after every epoch.
            reg: regularization strength.
            num_iters: number of steps.
            batch_size: samples per step.
            verbose: print the loss at every hundredth step.

        Returns:
            A dictionary of lists: ``loss_history``, one number per iteration, measured before
            that iteration's update; ``train_acc_history`` and ``val_acc_history``, fractions,
            one per epoch.

        Raises:
            ValueError: the shapes do not fit together, a label is out of range, batch_size is
                below 1 or num_iters below 0.
        """
        for inputs, labels in ((X, y), (X_val, y_val)):
            _check(inputs, labels, D=self.params["W1"].shape[1], C=len(self.params["b2"]))
        if batch_size < 1 or num_iters < 0:
            raise ValueError(
                f"batch_size must be at least 1 and num_iters at least 0, "
                f"not {batch_size} and {num_iters}"
            )
        num_train = X.shape[0]
        iterations_per_epoch = max(num_train // batch_size, 1)
        loss_history: list[float] = []
        train_acc_history: list[float] = []
        val_acc_history: list[float] = []

        for it in range(num_iters):
            X_batch = y_batch = None
            # ================================================================ #
            # YOUR CODE HERE:
            #   Draw a random mini-batch: X_batch, shape (batch_size, D), and
            #   its labels y_batch. Let np.random.choice pick batch_size row
            #   numbers with replacement, in one call per iteration.
            # ================================================================ #
            rows = np.random.choice(num_train, batch_size)
            X_batch, y_batch = X[rows], y[rows]
            # ================================================================ #
            # END YOUR CODE HERE
            # ================================================================ #

            if X_batch is None or y_batch is None:
                return {}  # the part above is not written yet

            loss, grads = self.loss(X_batch, y=y_batch, reg=reg)
            loss_history.append(loss)

            # ================================================================ #
            # YOUR CODE HERE:
            #   Move every parameter in self.params one step of gradient
            #   descent.
            # ================================================================ #
            for name in self.params:
                self.params[name] -= learning_rate * grads[name]
            # ================================================================ #
            # END YOUR CODE HERE
            # ================================================================ #

            if verbose and it % 100 == 0:
                print(f"iteration {it} / {num_iters}: loss {loss}")

            # Iteration 0 counts as the end of an epoch. The training accuracy is that of the
            # current mini-batch after the update: cheap, but a noisy estimate.
            if it % iterations_per_epoch == 0:
                train_acc_history.append(np.mean(self.predict(X_batch) == y_batch))
                val_acc_history.append(np.mean(self.predict(X_val) == y_val))
                learning_rate *= learning_rate_decay

        return {
            "loss_history": loss_history,
            "train_acc_history": train_acc_history,
            "val_acc_history": val_acc_history,
        }

    def predict(self, X: np.ndarray) -> Any:
        """Return for each row of X, shape (N, D), the class of the highest score, shape (N,).

        Raises:
            ValueError: X has another shape.
        """
        y_pred = None
        # ================================================================ #
        # YOUR CODE HERE:
        #   Predict the class of each sample. Call self.loss for the scores.
        # ================================================================ #
        y_pred = np.argmax(self.loss(X), axis=1)
        # ================================================================ #
        # END YOUR CODE HERE
        # ================================================================ #
        return y_pred


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
