"""A loss of the simplest shape, to try update rules on before there is a network."""

from __future__ import annotations

from typing import Any

import numpy as np


def bowl(
    X: np.ndarray, model: dict[str, np.ndarray], y: np.ndarray | None = None, reg: float = 0.0
) -> Any:
    """Return a bowl over the parameters, and its gradients; it takes what a network takes.

    Its lowest point is where every parameter is 1. Along the last axis of a parameter it becomes
    steeper: with curvatures c = 1, 2, 3, ... the loss is the sum of ``0.5 * c * (p - 1)^2`` over
    all entries p of all parameters.

    Args:
        X: inputs, shape (N, D); only their number counts.
        model: parameters of any names and shapes.
        y: None asks for scores; anything else for the loss.
        reg: not used.

    Returns:
        Without y scores that are all zero, shape (N, 2). With y a pair: the loss as a number, and a
        dictionary with a gradient for each parameter, of its shape.
    """
    del reg  # a bowl has nothing to regularize
    if y is None:
        return np.zeros((len(X), 2))
    loss, grads = 0.0, {}
    for name, value in model.items():
        curvature = 1.0 + np.arange(value.shape[-1])
        loss += 0.5 * np.sum(curvature * (value - 1.0) ** 2)
        grads[name] = curvature * (value - 1.0)
    return loss, grads
