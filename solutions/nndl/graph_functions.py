"""Functions from vectors to vectors, for derivatives by differences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .autodiff import Graph, evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def as_function(graph: Graph, outputs: Sequence[str]) -> Callable[[np.ndarray], np.ndarray]:
    """Return what a graph computes as a function of one vector.

    Args:
        graph: its inputs, in their order, are the vector's entries.
        outputs: the nodes whose values are returned.

    Returns:
        A function from shape (inputs,) to shape (outputs,).
    """

    def function(x: np.ndarray) -> np.ndarray:
        values = evaluate(graph, dict(zip(graph.inputs, map(float, x), strict=True)))
        return np.array([values[name] for name in outputs])

    return function


def bent(x: np.ndarray) -> np.ndarray:
    """Return two numbers that are bent in all three inputs, ``(x0 x1**2, x0**3 + sin(x2))``."""
    return np.array([x[0] * x[1] ** 2, x[0] ** 3 + np.sin(x[2])])
