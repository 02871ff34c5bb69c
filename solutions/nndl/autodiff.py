"""Derivatives by machine: a graph of small operations, walked forward, backward, or measured.

A function is written down as a graph. Every node is one operation on earlier nodes, so that its
own slopes are easy; the chain rule joins them:

- *forward mode* starts at one input and carries d(node) / d(input) along the arrows: one walk for
  each input, all outputs at once;
- *reverse mode* starts at one output and carries d(output) / d(node) against the arrows: one walk
  for each output, all inputs at once. A loss is one output and has many inputs: this is
  back-propagation;
- *central differences* need no graph, but two calls for each input, and they are never exact.

The example is :func:`exponential_graph`; :mod:`nndl.graph_picture` draws it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


OPERANDS = {"add": 2, "mul": 2, "power": 2, "exp": 1, "sin": 1, "sigmoid": 1}


@dataclass(frozen=True)
class Node:
    """One operation; its operands are names of nodes or plain numbers."""

    operation: str
    operands: tuple[str | float, ...]

    @property
    def parents(self) -> tuple[str, ...]:
        """The operands that are nodes, in order; one that is used twice is here twice."""
        return tuple(operand for operand in self.operands if isinstance(operand, str))


class Graph:
    """A function as named operations.

    Nodes may be added in any order, also before the nodes that they use: whether the graph makes
    sense shows when it is put in order::

        graph = Graph("x", "y")
        graph.add_node("product", "mul", "x", "y")
        graph.add_node("square", "power", "product", 2)
    """

    def __init__(self, *inputs: str) -> None:
        if len(set(inputs)) < len(inputs):
            raise ValueError(f"Inputs need names of their own, not {[*inputs]}.")
        self.inputs = inputs
        self.nodes: dict[str, Node] = {}

    def add_node(self, name: str, operation: str, *operands: str | float) -> None:
        """Add a node.

        Args:
            name: what others call it.
            operation: a key of ``OPERANDS``.
            operands: names of nodes or inputs, or numbers; the exponent of "power" is a number.

        Raises:
            ValueError: if the name is taken, the operation unknown, or the operands do not fit.
        """
        if name in self.nodes or name in self.inputs:
            raise ValueError(f"The graph already has a node {name!r}.")
        if operation not in OPERANDS:
            raise ValueError(f"{name!r}: no operation {operation!r}; known are {[*OPERANDS]}.")
        if len(operands) != OPERANDS[operation]:
            raise ValueError(
                f"{name!r}: {operation} takes {OPERANDS[operation]} operands, not {len(operands)}."
            )
        if operation == "power" and isinstance(operands[1], str):
            raise ValueError(f"{name!r}: the exponent must be a number, not {operands[1]!r}.")
        self.nodes[name] = Node(operation, operands)

    def parents(self) -> dict[str, tuple[str, ...]]:
        """Return for every input and node the nodes that it uses; an input uses none."""
        return {
            **dict.fromkeys(self.inputs, ()),
            **{name: node.parents for name, node in self.nodes.items()},
        }


def topological_order(parents: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the nodes in an order in which every node comes after all that it uses.

    A graph has such an order exactly if it has no cycle.

    Args:
        parents: for every node the nodes that it uses.

    Returns:
        All nodes. Those that could change places keep the order of ``parents``.

    Raises:
        ValueError: if a node uses one that is not there, or there is a cycle; the message names it.
    """
    for name, uses in parents.items():
        for parent in uses:
            if parent not in parents:
                raise ValueError(f"Node {name!r} uses {parent!r}, which the graph does not have.")

    order: list[str] = []
    # ================================================================ #
    # YOUR CODE HERE:
    #   Put the nodes in order. Again and again, take a node all of
    #   whose parents are already there. If nodes are left but none can
    #   be taken, raise a ValueError whose text names a cycle:
    #   find_cycle(parents, left) returns it.
    # ================================================================ #
    left = dict.fromkeys(parents)  # a set that remembers its order
    while left:
        ready = [name for name in left if not any(parent in left for parent in parents[name])]
        if not ready:
            cycle = find_cycle(parents, list(left))
            raise ValueError(f"No order is possible: the graph has the cycle {cycle}.")
        for name in ready:
            del left[name]
        order += ready
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return order


def find_cycle(parents: Mapping[str, Sequence[str]], left: Sequence[str]) -> str:
    """Return a cycle as text, ``a -> b -> a``, along the arrows from a node to what uses it.

    Args:
        parents: for every node the nodes that it uses.
        left: nodes each of which uses another one of them; walking from user to used among them
            must come back to a node seen before.
    """
    path = [left[0]]
    while path[-1] not in path[:-1]:
        path.append(next(parent for parent in parents[path[-1]] if parent in left))
    start = path.index(path[-1])
    return " -> ".join(reversed(path[start:]))


def evaluate(graph: Graph, point: Mapping[str, float]) -> dict[str, float]:
    """Return the value of every node.

    Args:
        graph: the function.
        point: a number for each input.

    Returns:
        Values by node name, inputs first, in topological order.

    Raises:
        ValueError: if the inputs are not the graph's, the graph has no order, or a value is not
            a finite real number.
    """
    if set(point) != set(graph.inputs):
        raise ValueError(f"The inputs are {[*graph.inputs]}, but the point has {[*point]}.")
    values = {name: float(point[name]) for name in graph.inputs}
    for name in topological_order(graph.parents()):
        if name not in values:
            (values[name],) = _finite(name, graph.nodes[name], values, lambda *of: (apply(*of),))
    return values


def apply(operation: str, operands: Sequence[float]) -> float:
    """Return the value of one operation of ``OPERANDS``; any other raises a ValueError."""
    match operation, operands:
        case "add", (x, y):
            return x + y
        case "mul", (x, y):
            return x * y
        case "power", (x, exponent):
            return math.pow(x, exponent)
        case "exp", (x,):
            return math.exp(x)
        case "sin", (x,):
            return math.sin(x)
        case "sigmoid", (x,):
            return _sigmoid(x)
    raise ValueError(f"There is no operation {operation!r} with {len(operands)} operands.")


def local_slopes(operation: str, operands: Sequence[float]) -> tuple[float, ...]:
    """Return the derivative of one operation with respect to each of its operands.

    Args:
        operation: a key of ``OPERANDS``.
        operands: their values.

    Returns:
        One number for each operand; for the fixed exponent of "power" it is 0.
    """
    slopes: tuple[float, ...] = ()
    # ================================================================ #
    # YOUR CODE HERE:
    #   Give the partial derivatives, as a tuple, for the operations
    #   add, mul, power, exp, sin, sigmoid. apply() shows their values.
    # ================================================================ #
    match operation, operands:
        case "add", (_, _):
            slopes = (1.0, 1.0)
        case "mul", (x, y):
            slopes = (y, x)
        case "power", (x, exponent):
            slopes = (exponent * math.pow(x, exponent - 1) if exponent else 0.0, 0.0)
        case "exp", (x,):
            slopes = (math.exp(x),)
        case "sin", (x,):
            slopes = (math.cos(x),)
        case "sigmoid", (x,):
            slopes = (_sigmoid(x) * _sigmoid(-x),)  # 1 - sigmoid(x) is sigmoid(-x)
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return slopes


def forward_mode(graph: Graph, point: Mapping[str, float], along: str) -> dict[str, float]:
    """Return the derivative of every node with respect to one input.

    The chain rule along the arrows: a node's derivative is the sum, over its operands, of the
    slope in that operand times that operand's derivative.

    Args:
        graph: the function.
        point: where; a number for each input.
        along: the input.

    Returns:
        d(node) / d(along) by node name; 0 where there is no path.

    Raises:
        ValueError: as :func:`evaluate`, or if there is no such input.
    """
    if along not in graph.inputs:
        raise ValueError(f"{along!r} is not an input; they are {[*graph.inputs]}.")
    slopes = edge_slopes(graph, point)

    tangents: dict[str, float] = {}
    # ================================================================ #
    # YOUR CODE HERE:
    #   Walk through slopes, which is in topological order: slopes[name]
    #   lists the pairs (parent, d(name) / d(parent)); inputs have none.
    # ================================================================ #
    for name, edges in slopes.items():
        own = 1.0 if name == along else 0.0
        tangents[name] = own + sum(slope * tangents[parent] for parent, slope in edges)
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return tangents


def reverse_mode(graph: Graph, point: Mapping[str, float], output: str) -> dict[str, float]:
    """Return the derivative of one node with respect to every node.

    The chain rule against the arrows: a node's derivative is the sum, over all nodes that use it,
    of that node's derivative times its slope in this operand.

    Args:
        graph: the function.
        point: where; a number for each input.
        output: the node to differentiate.

    Returns:
        d(output) / d(node) by node name; 0 where there is no path.

    Raises:
        ValueError: as :func:`evaluate`, or if there is no such node.
    """
    slopes = edge_slopes(graph, point)
    if output not in slopes:
        raise ValueError(f"The graph has no node {output!r}.")

    adjoints = dict.fromkeys(slopes, 0.0)
    # ================================================================ #
    # YOUR CODE HERE:
    #   Start with d(output) / d(output). Walk through slopes backwards,
    #   so that a node's own derivative is complete before it is passed
    #   on, and add to each of its parents what comes through this node.
    # ================================================================ #
    adjoints[output] = 1.0
    for name in reversed(slopes):
        for parent, slope in slopes[name]:
            adjoints[parent] += adjoints[name] * slope
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return adjoints


def edge_slopes(graph: Graph, point: Mapping[str, float]) -> dict[str, list[tuple[str, float]]]:
    """Return for every node, in topological order, its parents and its slopes in them.

    Numbers among the operands are left out; a parent that is used twice is there twice.

    Raises:
        ValueError: as :func:`evaluate`, or if a slope is not a finite number.
    """
    values = evaluate(graph, point)
    edges: dict[str, list[tuple[str, float]]] = {name: [] for name in values}
    for name, node in graph.nodes.items():
        slopes = _finite(name, node, values, local_slopes)
        if len(slopes) != len(node.operands):
            raise ValueError(f"local_slopes gives {len(slopes)} numbers for {node.operation}.")
        pairs = zip(node.operands, slopes, strict=True)
        edges[name] = [(parent, slope) for parent, slope in pairs if isinstance(parent, str)]
    return edges


def jacobian(
    graph: Graph, point: Mapping[str, float], outputs: Sequence[str], mode: str = "reverse"
) -> np.ndarray:
    """Return the exact Jacobian.

    Args:
        graph: the function.
        point: where; a number for each input.
        outputs: the nodes to differentiate, one for each row.
        mode: "reverse", one walk for each output, or "forward", one walk for each input.

    Returns:
        d(output) / d(input), shape (outputs, inputs).

    Raises:
        ValueError: as :func:`forward_mode` and :func:`reverse_mode`, or for an unknown mode.
    """
    if mode == "reverse":
        rows = [reverse_mode(graph, point, output) for output in outputs]
        return np.array([[row[name] for name in graph.inputs] for row in rows])
    if mode == "forward":
        columns = [forward_mode(graph, point, name) for name in graph.inputs]
        return np.array([[column[output] for column in columns] for output in outputs])
    raise ValueError(f"The mode is 'reverse' or 'forward', not {mode!r}.")


def numeric_jacobian(
    f: Callable[[np.ndarray], np.ndarray], x: np.ndarray, h: float = 1e-5, scheme: str = "central"
) -> np.ndarray:
    """Return the Jacobian by differences.

    The central one, ``(f(x + h) - f(x - h)) / 2h``, is wrong by about ``h**2 * f''' / 6``, the
    forward one, ``(f(x + h) - f(x)) / h``, by ``h * f'' / 2``. Too small an h is no better: the
    digits that the difference loses are divided by h.

    A step of 0.01 looks small and is not. Relative errors of df1/dw1 and df1/dw2 in the graph of
    :func:`exponential_graph` at w = (1, 2), where f1 is an exponential of an exponential:

    | scheme  | h    | k = 1, w1 | k = 1, w2 | k = 2, w1 | k = 2, w2 |
    |---------|------|-----------|-----------|-----------|-----------|
    | forward | 0.01 | 1.9 %     | 4.3 %     | 1.9 %     | 84 %      |
    | central | 0.01 | 2.8e-4    | 1.3e-3    | 2.8e-4    | 22 %      |
    | central | 1e-5 | 2.8e-10   | 1.3e-9    | 3.1e-10   | 2.1e-7    |

    Args:
        f: function from (inputs,) to (outputs,).
        x: where, shape (inputs,).
        h: the step.
        scheme: "central" or "forward".

    Returns:
        df / dx, shape (outputs, inputs).

    Raises:
        ValueError: for another scheme, or if x is not a vector.
    """
    if scheme not in ("central", "forward"):
        raise ValueError(f"The scheme is 'central' or 'forward', not {scheme!r}.")
    if np.ndim(x) != 1:
        raise ValueError(f"x must be a vector, but its shape is {np.shape(x)}.")

    columns: list[np.ndarray] = []
    # ================================================================ #
    # YOUR CODE HERE:
    #   For each input append a column: the difference of f between two
    #   points that differ in this input only, over their distance.
    # ================================================================ #
    for step in h * np.eye(len(x)):
        before, way = (x - step, 2 * h) if scheme == "central" else (x, h)
        columns.append((np.asarray(f(x + step)) - np.asarray(f(before))) / way)
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return np.array(columns).T


def exponential_graph(k: float = 1) -> Graph:
    """Return the graph of two functions of w1 and w2.

    ::

        u = exp(w1) + exp(k w2)
        f1 = exp(u) + sin(u)
        f2 = w1 w2 + sigmoid(w1)

    The homework that it comes from contradicts itself: it has k = 1 in one place and k = 2 in
    another.
    """
    graph = Graph("w1", "w2")
    # ================================================================ #
    # YOUR CODE HERE:
    #   Add a node for every operation, with graph.add_node. Call the two
    #   results "f1" and "f2"; the other names are up to you. k is a number.
    # ================================================================ #
    graph.add_node("exp_w1", "exp", "w1")
    graph.add_node("kw2", "mul", k, "w2")
    graph.add_node("exp_kw2", "exp", "kw2")
    graph.add_node("u", "add", "exp_w1", "exp_kw2")
    graph.add_node("exp_u", "exp", "u")
    graph.add_node("sin_u", "sin", "u")
    graph.add_node("f1", "add", "exp_u", "sin_u")
    graph.add_node("product", "mul", "w1", "w2")
    graph.add_node("sigmoid_w1", "sigmoid", "w1")
    graph.add_node("f2", "add", "product", "sigmoid_w1")
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return graph


def _finite(
    name: str,
    node: Node,
    values: Mapping[str, float],
    rule: Callable[[str, list[float]], tuple[float, ...]],
) -> tuple[float, ...]:
    """Return what a rule gives for a node's operation and its operands' values, if finite."""
    operands = [values[each] if isinstance(each, str) else float(each) for each in node.operands]
    try:
        found = rule(node.operation, operands)
    except (ArithmeticError, ValueError):  # too large, or a power that is no real number
        found = (math.nan,)
    if not all(map(math.isfinite, found)):
        inner = ", ".join(f"{operand:g}" for operand in operands)
        raise ValueError(f"Node {name!r}: {node.operation}({inner}) or its slope is not finite.")
    return found


def _sigmoid(x: float) -> float:
    """Return ``1 / (1 + exp(-x))`` without an overflow."""
    small = math.exp(-abs(x))
    return 1 / (1 + small) if x >= 0 else small / (1 + small)
