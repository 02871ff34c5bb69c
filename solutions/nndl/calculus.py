"""The gradients of the written problems, each next to the function that it belongs to.

Three problems of the homeworks: an autoencoder with tied weights, the Gaussian process latent
variable model, and the theory of gradient descent.

A formula from paper is easily wrong by a factor or a transpose. Every gradient here is therefore
compared with central differences in :func:`gradient_errors`: about 1e-9 is right. The net for
back-propagation by hand is in :mod:`nndl.hand_net`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .gradient_check import eval_numerical_gradient, rel_error
from .hand_net import hand_backward, hand_forward, hand_net

if TYPE_CHECKING:
    from collections.abc import Callable


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
    gradient = np.zeros_like(W)
    # ================================================================ #
    # YOUR CODE HERE:
    #   Add up the two paths from W to the loss.
    # ================================================================ #
    # W occurs twice, and the chain rule adds what comes through each occurrence. Multiplied out:
    # W x x^T W^T W + W W^T W x x^T - 2 W x x^T.
    x = x.reshape(-1)
    code = W @ x  # (m,)
    error = W.T @ code - x  # (n,)
    through_outer = np.outer(code, error)  # as if the code were constant
    through_inner = np.outer(W @ error, x)  # W @ error is the upstream gradient of the code
    gradient = through_outer + through_inner
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return gradient


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
    K = _kernel(X, Y, alpha, beta)
    _, log_determinant = np.linalg.slogdet(K)
    fit = np.sum(Y * np.linalg.solve(K, Y))  # trace(K^-1 Y Y^T) without the N x N product
    return float(-0.5 * Y.shape[1] * log_determinant), float(-0.5 * fit)


def gplvm_gradients(
    X: np.ndarray, Y: np.ndarray, alpha: float, beta: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return dL1/dX and dL2/dX of :func:`gplvm_terms`.

    Args:
        X: latent points, shape (N, Q).
        Y: what is seen, shape (N, D).
        alpha: weight of the linear kernel, not negative.
        beta: inverse of the noise variance, positive.

    Returns:
        The two gradients, each of shape (N, Q); dL/dX is their sum.

    Raises:
        ValueError: if X and Y differ in N, or a scale has the wrong sign.
    """
    K = _kernel(X, Y, alpha, beta)
    dL1, dL2 = np.zeros_like(X), np.zeros_like(X)
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute the two gradients. Solve linear systems with K instead of
    #   forming its inverse.
    # ================================================================ #
    # dL1/dK = -D/2 K^-1 and dL2/dK = 1/2 K^-1 Y Y^T K^-1. From K to X: a change dX moves K by
    # alpha (dX X^T + X dX^T), whose halves count the same against a symmetric dL/dK = G, so that
    # dL/dX = 2 alpha G X. The order matters: X G would be (N, Q) times (N, N).
    solved_X, solved_Y = np.linalg.solve(K, X), np.linalg.solve(K, Y)  # (N, Q), (N, D)
    dL1 = -alpha * Y.shape[1] * solved_X
    dL2 = alpha * solved_Y @ (Y.T @ solved_X)
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return dL1, dL2


def _kernel(X: np.ndarray, Y: np.ndarray, alpha: float, beta: float) -> np.ndarray:
    """Return K, shape (N, N), positive definite."""
    if X.ndim != 2 or Y.ndim != 2 or len(X) != len(Y):
        raise ValueError(f"X and Y need one row per point, not shapes {X.shape} and {Y.shape}.")
    if alpha < 0 or beta <= 0:
        raise ValueError(f"alpha = {alpha} must not be negative and beta = {beta} positive.")
    K: np.ndarray = alpha * X @ X.T + np.eye(len(X)) / beta
    return K


def proximal_step(w: np.ndarray, gradient: np.ndarray, lam: float) -> np.ndarray:
    """Return the minimiser of the linearised function plus a penalty for going far.

    The function of u is ``f(w) + <u - w, gradient> + lam/2 |u - w|^2``.

    Args:
        w: shape (d,).
        gradient: of f at w, shape (d,).
        lam: weight of the penalty, positive.

    Raises:
        ValueError: if lam is not positive; the parabola would have no minimum.
    """
    if lam <= 0:
        raise ValueError(f"lam must be positive, not {lam}: else there is no minimum.")
    nearest = w
    # ================================================================ #
    # YOUR CODE HERE:
    #   Find the minimum by setting the derivative by u to zero.
    # ================================================================ #
    # gradient + lam (u - w) = 0: a step of gradient descent at the rate 1 / lam.
    nearest = w - gradient / lam
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return nearest


def descent_path(gradients: np.ndarray, eta: float) -> np.ndarray:
    """Return the points of ``w_{t+1} = w_t - eta v_t`` from w_1 = 0.

    Args:
        gradients: v_1 to v_T, shape (T, d); any vectors.
        eta: the rate.

    Returns:
        w_1 to w_{T+1}, shape (T + 1, d).
    """
    start = np.zeros((1, gradients.shape[1]))
    return np.concatenate([start, -eta * np.cumsum(gradients, axis=0)])


def descent_lemma(gradients: np.ndarray, w_star: np.ndarray, eta: float) -> dict[str, float]:
    """Return the two sides of the lemma behind gradient descent, and what they differ by.

    ::

        sum <w_t - w*, v_t>  <=  |w*|^2 / (2 eta) + eta/2 sum |v_t|^2

    It needs a path that starts at 0, as :func:`descent_path` does, and does not say so.

    Args:
        gradients: v_1 to v_T, shape (T, d); any vectors, not only gradients.
        w_star: any point, shape (d,).
        eta: the rate, positive.

    Returns:
        ``left``, ``right`` and ``slack``, with left = right - slack and slack not negative.

    Raises:
        ValueError: if the shapes do not fit or eta is not positive.
    """
    if gradients.ndim != 2 or w_star.shape != gradients.shape[1:]:
        raise ValueError(f"Shapes {gradients.shape} and {w_star.shape} are not (T, d) and (d,).")
    if eta <= 0:
        raise ValueError(f"The rate eta must be positive, not {eta}.")
    path = descent_path(gradients, eta)
    sides: dict[str, float] = {}
    # ================================================================ #
    # YOUR CODE HERE:
    #   Store the left and the right side, and the slack, as a formula of
    #   its own: what the proof drops at its end.
    # ================================================================ #
    # |w_{t+1} - w*|^2, multiplied out, gives <w_t - w*, v_t> as a difference of neighbours over
    # 2 eta plus eta/2 |v_t|^2. The differences telescope to |w_1 - w*|^2 - |w_{T+1} - w*|^2.
    sides["left"] = float(np.sum((path[:-1] - w_star) * gradients))
    sides["right"] = float(np.sum(w_star**2) / (2 * eta) + eta / 2 * np.sum(gradients**2))
    sides["slack"] = float(np.sum((path[-1] - w_star) ** 2) / (2 * eta))
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return sides


def descent_rate(B: float, rho: float, T: int) -> tuple[float, float]:
    """Return the best rate for T steps and what it guarantees for the mean of the path.

    Let f be convex with gradients of length at most rho, and |w*| at most B.

    Args:
        B: bound of |w*|, positive.
        rho: bound of the gradients' lengths, positive.
        T: the number of steps.

    Returns:
        The rate and the bound on f(mean w_t) - f(w*).

    Raises:
        ValueError: if one of the three is not positive.
    """
    if min(B, rho, T) <= 0:
        raise ValueError(f"B, rho and T must be positive, not {B}, {rho} and {T}.")
    eta = bound = math.nan
    # ================================================================ #
    # YOUR CODE HERE:
    #   Minimise the right side of the lemma over eta, and divide by T.
    # ================================================================ #
    # The right side is at most B^2 / (2 eta) + eta T rho^2 / 2. Over T it bounds more than
    #   f(mean w_t) - f(w*)  <=  mean f(w_t) - f(w*)  <=  mean <w_t - w*, grad f(w_t)>,
    # first by Jensen's inequality, then by convexity at every single w_t. The gradient at the
    # mean would be something else.
    eta = B / (rho * math.sqrt(T))
    bound = B * rho / math.sqrt(T)
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return eta, bound


def counter_example(w: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return two functions and their slopes whose sum a step on one of them can raise.

    The functions are ``(w - 2)^2 / 2`` and ``(w + 1)^2 / 2``.

    Returns:
        The two values and the two slopes at w.
    """
    values = slopes = (math.nan, math.nan)
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute values and slopes.
    # ================================================================ #
    # The sum is (w - 1/2)^2 + 9/4. At its minimum the slopes are -3/2 and 3/2: only together
    # do they vanish.
    values = (0.5 * (w - 2) ** 2, 0.5 * (w + 1) ** 2)
    slopes = (w - 2, w + 1)
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return values, slopes


def sum_after_one_step(eta: float, term: int) -> float:
    """Return the sum of the counter-example's terms one stochastic step from its minimum.

    Args:
        eta: the rate.
        term: 0 or 1, the term whose slope is used.

    Raises:
        ValueError: for another term.
    """
    if term not in (0, 1):
        raise ValueError(f"The terms are 0 and 1; there is no {term}.")
    raised = math.nan
    # ================================================================ #
    # YOUR CODE HERE:
    #   Take the step from the minimum and evaluate the sum there.
    # ================================================================ #
    # It leads 3/2 eta away and raises the sum from 9/4 by (3/2 eta)^2.
    minimum = 0.5
    _, slopes = counter_example(minimum)
    values, _ = counter_example(minimum - eta * slopes[term])
    raised = sum(values)
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return raised


def gradient_errors(seed: int = 0) -> dict[str, float]:
    """Return how far each gradient, those of the hand net too, is from central differences.

    Args:
        seed: starts the stream of the random points.

    Returns:
        The largest relative error for each; about 1e-9, and up to 1e-6 where an element happens to
        be small.
    """
    rng = np.random.RandomState(seed)
    W, x = rng.standard_normal((3, 5)), rng.standard_normal((5, 1))
    X, Y, scales = rng.standard_normal((6, 2)), rng.standard_normal((6, 4)), (0.7, 1.9)
    dL1, dL2 = gplvm_gradients(X, Y, *scales)
    w = rng.standard_normal(1)
    params, x0, y = hand_net()
    grads = hand_backward(params, x0, y)

    def error(f: Callable[[np.ndarray], float], at: np.ndarray, analytic: np.ndarray) -> float:
        return rel_error(eval_numerical_gradient(f, at, verbose=False), analytic)

    def term(index: int) -> Callable[[np.ndarray], float]:
        return lambda w: counter_example(w.item())[0][index]

    errors = {
        "autoencoder": error(lambda W: autoencoder_loss(W, x), W, autoencoder_gradient(W, x)),
        "gplvm L1": error(lambda X: gplvm_terms(X, Y, *scales)[0], X, dL1),
        "gplvm L2": error(lambda X: gplvm_terms(X, Y, *scales)[1], X, dL2),
    }
    _, slopes = counter_example(w.item())
    for index, slope in enumerate(slopes):
        errors[f"counter-example {index}"] = error(term(index), w, np.array([slope]))
    for name, parameter in params.items():
        errors[f"hand net {name}"] = error(
            lambda _: float(hand_forward(params, x0, y)["loss"]), parameter, grads[name]
        )
    return errors
