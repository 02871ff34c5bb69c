"""Update rules of first-order optimization.

Every rule has the form ``next_w, config = rule(w, dw, config)``:

| name     | shape   | meaning                                                     |
|----------|---------|-------------------------------------------------------------|
| w        | any     | a parameter; it is not changed                              |
| dw       | as w    | the gradient of the loss by w; it is not changed            |
| config   | dict    | the rule's options and its memory from one step to the next |
| next_w   | as w    | the parameter after the step                                |

Options that config lacks, or all if it is None, are set to their defaults. The dictionary itself
is updated and returned: hand it back at the next step of the same parameter. A shape that differs
or an option that the rule does not know raises ValueError.
"""

from __future__ import annotations

from typing import Any

import numpy as np

SGD = {"learning_rate": 1e-2}
MOMENTUM = {"learning_rate": 1e-2, "momentum": 0.9, "velocity": None}
RMSPROP = {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8, "cache": None}
ADAM = {
    "learning_rate": 1e-3,
    "beta1": 0.9,
    "beta2": 0.999,
    "epsilon": 1e-8,
    "m": None,
    "v": None,
    "t": 0,
}


def sgd(
    w: np.ndarray, dw: np.ndarray, config: dict[str, Any] | None = None
) -> tuple[Any, dict[str, Any]]:
    """Step against the gradient: ``w - learning_rate * dw``.

    Args:
        w: a parameter, any shape.
        dw: its gradient, the same shape.
        config: learning_rate (0.01).

    Returns:
        The next parameter, of w's shape, and config.

    Raises:
        ValueError: the shapes differ or an option is unknown.
    """
    config = _complete(config, SGD, w, dw)
    next_w = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Store the next parameter in next_w. Leave w as it is.
    # ================================================================ #
    next_w = w - config["learning_rate"] * dw
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return next_w, config


def sgd_momentum(
    w: np.ndarray, dw: np.ndarray, config: dict[str, Any] | None = None
) -> tuple[Any, dict[str, Any]]:
    """Keep a part of the last step: a ball that rolls downhill through friction.

    ``v = momentum * v - learning_rate * dw``, then ``w + v``: the new velocity, not the old one
    (B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", 1964).

    Args:
        w: a parameter, any shape.
        dw: its gradient, the same shape.
        config: learning_rate (0.01), momentum (0.9); memory: velocity, of w's shape, zero at
            first.

    Returns:
        The next parameter, of w's shape, and config.

    Raises:
        ValueError: the shapes differ or an option is unknown.
    """
    config = _complete(config, MOMENTUM, w, dw)
    next_w = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Store the next parameter in next_w and the new velocity in
    #   config["velocity"].
    # ================================================================ #
    velocity = config["momentum"] * config["velocity"] - config["learning_rate"] * dw
    next_w = w + velocity
    config["velocity"] = velocity
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return next_w, config


def rmsprop(
    w: np.ndarray, dw: np.ndarray, config: dict[str, Any] | None = None
) -> tuple[Any, dict[str, Any]]:
    """Divide every coordinate's gradient by the size that it usually has.

    ``cache = decay_rate * cache + (1 - decay_rate) * dw^2``, then
    ``w - learning_rate * dw / (sqrt(cache) + epsilon)`` (T. Tieleman and G. Hinton, "Lecture 6.5:
    RMSProp", Coursera 2012). ClassifierTrainer has epsilon inside the root, as its homework says.

    Args:
        w: a parameter, any shape.
        dw: its gradient, the same shape.
        config: learning_rate (0.01), decay_rate (0.99), epsilon (1e-8); memory: cache, of w's
            shape, zero at first.

    Returns:
        The next parameter, of w's shape, and config.

    Raises:
        ValueError: the shapes differ or an option is unknown.
    """
    config = _complete(config, RMSPROP, w, dw)
    next_w = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Store the next parameter in next_w and the new mean square in
    #   config["cache"].
    # ================================================================ #
    keep = config["decay_rate"]
    cache = keep * config["cache"] + (1 - keep) * dw**2
    next_w = w - config["learning_rate"] * dw / (np.sqrt(cache) + config["epsilon"])
    config["cache"] = cache
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return next_w, config


def adam(
    w: np.ndarray, dw: np.ndarray, config: dict[str, Any] | None = None
) -> tuple[Any, dict[str, Any]]:
    """Combine momentum and RMSProp, both corrected for having started from zero.

    With step number t = 1, 2, ...: ``m = beta1 * m + (1 - beta1) * dw`` and
    ``v = beta2 * v + (1 - beta2) * dw^2``, then ``w - learning_rate * m' / (sqrt(v') + epsilon)``
    where ``m' = m / (1 - beta1^t)`` and ``v' = v / (1 - beta2^t)`` (D. P. Kingma and J. Ba, "Adam:
    a method for stochastic optimization", 2015, algorithm 1).

    Args:
        w: a parameter, any shape.
        dw: its gradient, the same shape.
        config: learning_rate (0.001), beta1 (0.9), beta2 (0.999), epsilon (1e-8); memory: m and v,
            of w's shape, zero at first, and t, the number of steps done.

    Returns:
        The next parameter, of w's shape, and config.

    Raises:
        ValueError: the shapes differ or an option is unknown.
    """
    config = _complete(config, ADAM, w, dw)
    next_w = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Store the next parameter in next_w and the new memory in
    #   config["m"], config["v"] and config["t"]. Count t up first: the
    #   first step has t = 1.
    # ================================================================ #
    t = config["t"] + 1
    beta1, beta2 = config["beta1"], config["beta2"]
    m = beta1 * config["m"] + (1 - beta1) * dw
    v = beta2 * config["v"] + (1 - beta2) * dw**2
    size = np.sqrt(v / (1 - beta2**t)) + config["epsilon"]
    next_w = w - config["learning_rate"] * m / (1 - beta1**t) / size
    config.update(m=m, v=v, t=t)
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return next_w, config


def _complete(
    config: dict[str, Any] | None, defaults: dict[str, Any], w: np.ndarray, dw: np.ndarray
) -> dict[str, Any]:
    """Return config with all options of the rule; what is None by default starts as zeros like w.

    Raises:
        ValueError: the shapes differ or an option is unknown.
    """
    config = {} if config is None else config
    unknown = sorted(set(config) - set(defaults))
    if unknown:
        raise ValueError(f"unknown option {unknown[0]!r}; the rule knows {', '.join(defaults)}")
    if np.shape(w) != np.shape(dw):
        raise ValueError(f"w has shape {np.shape(w)} but its gradient {np.shape(dw)}")
    for name, default in defaults.items():
        if config.get(name) is None:
            config[name] = np.zeros_like(w) if default is None else default
    return config
