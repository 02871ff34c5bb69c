"""The theory of gradient descent in numbers: the step, the lemma, the rate, a counter-example."""

from __future__ import annotations

import math

import numpy as np


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
    nearest: np.ndarray | None = None
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
    eta: float | None = None
    bound: float | None = None
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
    values: tuple[float, float] | None = None
    slopes: tuple[float, float] | None = None
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
    raised: float | None = None
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
