"""A two-layer network made of functions: input, affine, ReLU, affine, softmax."""

from __future__ import annotations

import numpy as np

Params = dict[str, np.ndarray]


def affine_forward(
    x: np.ndarray, w: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return x @ w + b, and what the backward pass needs.

    x: (N, D); w: (D, M); b: (M,). Returns out, of shape (N, M), and cache = (x, w, b).
    """
    # BEGIN SOLUTION
    cache = (x, w, b)
    return x @ w + b, cache
    # END SOLUTION


def affine_backward(
    dout: np.ndarray, cache: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the gradients dx, dw, db from the upstream gradient dout, of shape (N, M)."""
    # BEGIN SOLUTION
    x, w, _ = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)
    # END SOLUTION


def relu(x: np.ndarray) -> np.ndarray:
    """Return x with its negative entries set to zero; x itself stays as it is."""
    # BEGIN SOLUTION
    out: np.ndarray = np.maximum(x, 0)
    return out
    # END SOLUTION


def softmax_loss(scores: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the mean cross-entropy loss and its gradient with respect to the scores.

    scores: (N, C), of any size; y: (N,) labels in 0, ..., C - 1.
    """
    # BEGIN SOLUTION
    rows = np.arange(len(y))
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_total = np.log(np.exp(shifted).sum(axis=1))
    loss = float(np.mean(log_total - shifted[rows, y]))
    dscores = np.exp(shifted - log_total[:, None])
    dscores[rows, y] -= 1
    return loss, dscores / len(y)
    # END SOLUTION


def two_layer_loss(
    params: Params, x: np.ndarray, y: np.ndarray, reg: float
) -> tuple[float, Params]:
    """Return the loss of the network and a dict of its gradients, by the names of the parameters.

    params: W1 (D, H), b1 (H,), W2 (H, C), b2 (C,); x: (N, D); y: (N,) labels. The loss is the
    softmax loss plus 0.5 * reg times the sum of the squares of both weight matrices.
    """
    # BEGIN SOLUTION
    w1, w2 = params["W1"], params["W2"]
    before, cache1 = affine_forward(x, w1, params["b1"])
    scores, cache2 = affine_forward(relu(before), w2, params["b2"])
    loss, dscores = softmax_loss(scores, y)
    loss += 0.5 * reg * float(np.sum(w1 * w1) + np.sum(w2 * w2))
    dhidden, dw2, db2 = affine_backward(dscores, cache2)
    _, dw1, db1 = affine_backward(dhidden * (before > 0), cache1)
    return loss, {"W1": dw1 + reg * w1, "b1": db1, "W2": dw2 + reg * w2, "b2": db2}
    # END SOLUTION


def train(
    params: Params, x: np.ndarray, y: np.ndarray, learning_rate: float, reg: float, num_iters: int
) -> tuple[Params, list[float]]:
    """Train by gradient descent on all of x; return new parameters and the loss before each step.

    The parameters that were given stay as they are.
    """
    # BEGIN SOLUTION
    params = {name: value.copy() for name, value in params.items()}
    history = []
    for _ in range(num_iters):
        loss, grads = two_layer_loss(params, x, y, reg)
        history.append(loss)
        for name, grad in grads.items():
            params[name] -= learning_rate * grad
    return params, history
    # END SOLUTION
