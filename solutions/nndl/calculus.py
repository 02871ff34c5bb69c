"""The gradients of two written problems, each next to the function that it belongs to.

The problems of the homeworks are an autoencoder with tied weights and the Gaussian process latent
variable model. Every gradient has the shape of what it is a gradient by.

A formula from paper is easily wrong by a factor or a transpose: compare it with central differences
(:mod:`nndl.gradient_check`), about 1e-9 is right.
"""

from __future__ import annotations

import numpy as np


def autoencoder_loss(W: np.ndarray, x: np.ndarray) -> float:
    """Return ``L = 1/2 |W^T W x - x|^2``, what is lost when x goes through m < n numbers.

    Args:
        W: shape (m, n).
        x: shape (n,) or (n, 1).

    Raises:
        ValueError: if x has not as many entries as W has columns.
    """
    _check_autoencoder(W, x)
    return float(0.5 * np.sum((W.T @ (W @ x) - x) ** 2))


def autoencoder_steps(W: np.ndarray, x: np.ndarray) -> dict[str, np.ndarray]:
    """Return dL/dW of :func:`autoencoder_loss`, and what leads to it.

    Args:
        W: shape (m, n).
        x: a column, shape (n, 1).

    Returns:
        ``code`` and ``dL_dcode``, shape (m, 1), ``error``, (n, 1), ``outer_path``,
        ``inner_path`` and ``gradient``, (m, n).

    Raises:
        ValueError: if x has not as many entries as W has columns.
    """
    _check_autoencoder(W, x)
    steps: dict[str, np.ndarray] = {}
    # ================================================================ #
    # YOUR CODE HERE:
    #   Store the six steps, each as a formula of W, x and earlier steps:
    #   the code W x; the error W^T code - x; the derivative of the loss
    #   by the code; what reaches W through its outer occurrence, W^T,
    #   and through its inner one, W x; and the gradient.
    # ================================================================ #
    # W occurs twice, and the chain rule adds what comes through each occurrence. Multiplied out:
    # W x x^T W^T W + W W^T W x x^T - 2 W x x^T.
    steps["code"] = W @ x
    steps["error"] = W.T @ steps["code"] - x
    steps["dL_dcode"] = W @ steps["error"]
    steps["outer_path"] = steps["code"] @ steps["error"].T  # as if the code were constant
    steps["inner_path"] = steps["dL_dcode"] @ x.T
    steps["gradient"] = steps["outer_path"] + steps["inner_path"]
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return steps


def autoencoder_gradient(W: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return dL/dW of :func:`autoencoder_loss`.

    Args:
        W: shape (m, n).
        x: shape (n,) or (n, 1).

    Returns:
        The gradient, shape (m, n).

    Raises:
        ValueError: if x has not as many entries as W has columns.
    """
    _check_autoencoder(W, x)
    return autoencoder_steps(W, x.reshape(-1, 1))["gradient"]


def _check_autoencoder(W: np.ndarray, x: np.ndarray) -> None:
    if W.ndim != 2 or x.shape not in ((W.shape[1],), (W.shape[1], 1)):
        raise ValueError(f"W has shape {W.shape}, so x needs its columns, not shape {x.shape}.")


def gplvm_terms(X: np.ndarray, Y: np.ndarray, alpha: float, beta: float) -> tuple[float, float]:
    """Return the two terms of a Gaussian process's log-likelihood that depend on X.

    ::

        L  = -c + L1 + L2          K = alpha X X^T + I / beta
        L1 = -D/2 log |K|
        L2 = -1/2 trace(K^-1 Y Y^T)

    Args:
        X: latent points, shape (N, Q).
        Y: what is seen, shape (N, D).
        alpha: weight of the linear kernel, not negative.
        beta: inverse of the noise variance, positive.

    Returns:
        L1 and L2.

    Raises:
        ValueError: if X and Y differ in N, or a scale has the wrong sign.
    """
    K = kernel(X, Y, alpha, beta)
    _, log_determinant = np.linalg.slogdet(K)
    fit = np.sum(Y * np.linalg.solve(K, Y))  # trace(K^-1 Y Y^T) without the N x N product
    return float(-0.5 * Y.shape[1] * log_determinant), float(-0.5 * fit)


def gplvm_steps(X: np.ndarray, Y: np.ndarray, alpha: float, beta: float) -> dict[str, np.ndarray]:
    """Return dL/dX of :func:`gplvm_terms`, and what leads to it.

    In the derivatives by K all of its N^2 entries count as variables of their own.

    Args:
        X: latent points, shape (N, Q).
        Y: what is seen, shape (N, D).
        alpha: weight of the linear kernel, not negative.
        beta: inverse of the noise variance, positive.

    Returns:
        ``dL1_dK`` and ``dL2_dK``, shape (N, N), ``dL1_dX``, ``dL2_dX`` and their sum ``dL_dX``,
        (N, Q).

    Raises:
        ValueError: if X and Y differ in N, or a scale has the wrong sign.
    """
    K = kernel(X, Y, alpha, beta)
    steps: dict[str, np.ndarray] = {}
    # ================================================================ #
    # YOUR CODE HERE:
    #   Store the five steps, each as a formula of K, X, Y, alpha and
    #   earlier steps. beta is in K alone.
    # ================================================================ #
    # From K to X: a change dX moves K by alpha (dX X^T + X dX^T), whose halves count the same
    # against a symmetric dL/dK = G, so that dL/dX = 2 alpha G X. The order matters: X G would be
    # (N, Q) times (N, N).
    inverse, solved = np.linalg.inv(K), np.linalg.solve(K, Y)  # (N, N), (N, D)
    steps["dL1_dK"] = -0.5 * Y.shape[1] * inverse
    steps["dL1_dX"] = 2 * alpha * steps["dL1_dK"] @ X
    steps["dL2_dK"] = 0.5 * solved @ solved.T
    steps["dL2_dX"] = 2 * alpha * steps["dL2_dK"] @ X
    steps["dL_dX"] = steps["dL1_dX"] + steps["dL2_dX"]
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return steps


def gplvm_gradients(
    X: np.ndarray, Y: np.ndarray, alpha: float, beta: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return dL1/dX and dL2/dX of :func:`gplvm_terms`, each of shape (N, Q).

    Args:
        X: latent points, shape (N, Q).
        Y: what is seen, shape (N, D).
        alpha: weight of the linear kernel, not negative.
        beta: inverse of the noise variance, positive.

    Raises:
        ValueError: if X and Y differ in N, or a scale has the wrong sign.
    """
    steps = gplvm_steps(X, Y, alpha, beta)
    return steps["dL1_dX"], steps["dL2_dX"]


def kernel(X: np.ndarray, Y: np.ndarray, alpha: float, beta: float) -> np.ndarray:
    """Return ``K = alpha X X^T + I / beta``, shape (N, N), positive definite.

    Args:
        X: latent points, shape (N, Q).
        Y: what is seen, shape (N, D).
        alpha: weight of the linear kernel, not negative.
        beta: inverse of the noise variance, positive.

    Raises:
        ValueError: if X and Y differ in N, or a scale has the wrong sign.
    """
    if X.ndim != 2 or Y.ndim != 2 or len(X) != len(Y):
        raise ValueError(f"X and Y need one row per point, not shapes {X.shape} and {Y.shape}.")
    if alpha < 0 or beta <= 0:
        raise ValueError(f"alpha = {alpha} must not be negative and beta = {beta} positive.")
    K: np.ndarray = alpha * X @ X.T + np.eye(len(X)) / beta
    return K
