"""The net for back-propagation by hand: two inputs, two hidden units, one output, two sigmoids."""

from __future__ import annotations

import numpy as np


def hand_net() -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Return the parameters, the input and the target of the net for back-propagation by hand."""
    params = {
        "W1": np.array([[0.15, 0.2], [0.25, 0.3]]),
        "b1": np.array([0.35, 0.35]),
        "W2": np.array([[0.4, 0.45]]),
        "b2": np.array([0.6]),
    }
    return params, np.array([0.05, 0.1]), np.array([0.01])


def sigmoid(z: np.ndarray) -> np.ndarray:
    """Return ``1 / (1 + exp(-z))`` for any shape, without an overflow; float dtypes are kept."""
    small = np.exp(-np.abs(z))
    result: np.ndarray = np.where(z >= 0, 1, small) / (1 + small)
    return result


def hand_forward(
    params: dict[str, np.ndarray], x0: np.ndarray, y: np.ndarray
) -> dict[str, np.ndarray]:
    """Return all that a net of two sigmoid layers computes on the way to its loss.

    ::

        z1 = W1 x0 + b1    x1 = sigmoid(z1)
        z2 = W2 x1 + b2    x2 = sigmoid(z2)    loss = 1/2 |y - x2|^2

    Args:
        params: W1, shape (H, D), b1 (H,), W2 (C, H) and b2 (C,).
        x0: the input, shape (D,).
        y: the target, shape (C,).

    Returns:
        z1 and x1, shape (H,), z2 and x2, shape (C,), and loss, shape (). The dtype is kept.

    Raises:
        ValueError: if the shapes do not fit.
    """
    _check_hand_net(params, x0, y)
    values: dict[str, np.ndarray] = {}
    # ================================================================ #
    # YOUR CODE HERE:
    #   Store z1, x1, z2, x2 and loss in values.
    # ================================================================ #
    values["z1"] = params["W1"] @ x0 + params["b1"]
    values["x1"] = sigmoid(values["z1"])
    values["z2"] = params["W2"] @ values["x1"] + params["b2"]
    values["x2"] = sigmoid(values["z2"])
    values["loss"] = 0.5 * np.sum((y - values["x2"]) ** 2)
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return values


def hand_backward(
    params: dict[str, np.ndarray],
    x0: np.ndarray,
    y: np.ndarray,
    dloss_dx2: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Return the derivatives of the loss of :func:`hand_forward`.

    Every gradient has the shape of its parameter: W1's is a matrix, not one number for each
    input.

    Args:
        params: W1, shape (H, D), b1 (H,), W2 (C, H) and b2 (C,).
        x0: the input, shape (D,).
        y: the target, shape (C,).
        dloss_dx2: a first factor to use instead of the right one, shape (C,): follows a solution
            through that went wrong there.

    Returns:
        The derivatives by x2, z2 and z1 under ``dloss_dx2``, ``delta2`` and ``delta1``, and the
        gradients under W1, b1, W2 and b2.

    Raises:
        ValueError: if the shapes do not fit.
    """
    values = hand_forward(params, x0, y)
    grads: dict[str, np.ndarray] = {}
    # ================================================================ #
    # YOUR CODE HERE:
    #   Store the derivatives in grads. If dloss_dx2 is not None, start
    #   from it instead of from your own first factor.
    # ================================================================ #
    # The slope of a sigmoid, at its own output x, is x (1 - x).
    x1, x2 = values["x1"], values["x2"]
    grads["dloss_dx2"] = x2 - y if dloss_dx2 is None else dloss_dx2
    grads["delta2"] = grads["dloss_dx2"] * x2 * (1 - x2)  # dloss / dz2, (C,)
    grads["W2"] = np.outer(grads["delta2"], x1)
    grads["b2"] = grads["delta2"]
    grads["delta1"] = (params["W2"].T @ grads["delta2"]) * x1 * (1 - x1)  # dloss / dz1, (H,)
    grads["W1"] = np.outer(grads["delta1"], x0)
    grads["b1"] = grads["delta1"]
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return grads


def _check_hand_net(params: dict[str, np.ndarray], x0: np.ndarray, y: np.ndarray) -> None:
    hidden, outputs = len(params["b1"]), len(params["b2"])
    wanted = {"W1": (hidden, *x0.shape), "b1": (hidden,), "W2": (outputs, hidden), "b2": y.shape}
    for name, shape in wanted.items():
        if params[name].shape != shape:
            raise ValueError(f"{name} has shape {params[name].shape}; the others want {shape}.")
