"""A picture of a graph of :mod:`nndl.autodiff`."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from .autodiff import Graph, evaluate, forward_mode, reverse_mode, topological_order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Slot = tuple[str, str, int]  # a node: (name, "", column); an arrow passing: (from, to, column)
    Place = tuple[float, float]

_SIGNS = {"add": "{} + {}", "mul": "{} * {}", "power": "{} ^ {}"}
_SWEEPS = 4


def draw_graph(
    graph: Graph,
    point: Mapping[str, float],
    output: str | None = None,
    along: str | None = None,
) -> Figure:
    """Draw a graph from left to right, with the value of every node and one derivative.

    Args:
        graph: the function.
        point: where; a number for each input.
        output: adds d(output) / d(node) to every node, by reverse mode;
        along: adds d(node) / d(along), by forward mode. With neither there are values only.

    Returns:
        A matplotlib figure; end the cell with ``plt.show()``.

    Raises:
        ValueError: if both an output and an input are given, or as the two modes.
    """
    import matplotlib.pyplot as plt  # noqa: PLC0415  (importing this module needs numpy alone)

    texts = _texts(graph, point, output, along)
    paths = _paths(graph)
    places = _places(paths)
    right, top = (max(place[axis] for place in places.values()) for axis in (0, 1))
    longest = max(len(line) for text in texts.values() for line in text.splitlines())
    size = ((0.08 * longest + 0.6) * (right + 1), 1.1 * (2 * top + 1) + 0.5)
    figure, axes = plt.subplots(figsize=size, layout="constrained")
    axes.set(xlim=(-0.5, right + 0.5), ylim=(-top - 0.5, top + 0.5), title=_title(output, along))
    axes.axis("off")
    for path in paths:
        _draw_arrow(axes, [places[slot] for slot in path])
    for name, _, column in {path[end] for path in paths for end in (0, -1)}:
        place = places[name, "", column]
        _draw_node(axes, texts[name], place, is_input=name in graph.inputs)
    return figure


def _title(output: str | None, along: str | None) -> str:
    if output is not None:
        return f"Reverse mode: values, and derivatives of {output}"
    if along is not None:
        return f"Forward mode: values, and derivatives along {along}"
    return "Values"


def _texts(
    graph: Graph, point: Mapping[str, float], output: str | None, along: str | None
) -> dict[str, str]:
    """Return what stands in each node: formula, value, and the wanted derivative."""
    if output is not None and along is not None:
        raise ValueError("Choose one of output and along: a picture shows one derivative.")
    texts = {}
    for name, value in evaluate(graph, point).items():
        formula = f"{name} = {_formula(graph, name)}" if name in graph.nodes else name
        texts[name] = f"{formula}\n{value:.6g}"
    if output is not None:
        for name, slope in reverse_mode(graph, point, output).items():
            texts[name] += f"\nd {output} / d {name} = {slope:.6g}"
    if along is not None:
        for name, slope in forward_mode(graph, point, along).items():
            texts[name] += f"\nd {name} / d {along} = {slope:.6g}"
    return texts


def _formula(graph: Graph, name: str) -> str:
    node = graph.nodes[name]
    return _SIGNS.get(node.operation, node.operation + "({})").format(*node.operands)


def _paths(graph: Graph) -> list[list[Slot]]:
    """Return each arrow as slots in neighbouring columns; a node without arrows is a path alone.

    A node stands one column right of its last parent, so that all arrows point to the right.
    """
    parents = graph.parents()
    column: dict[str, int] = {}
    for name in topological_order(parents):
        column[name] = max((column[parent] + 1 for parent in parents[name]), default=0)
    paths: list[list[Slot]] = [[(name, "", column[name])] for name in column]
    for name, end in column.items():
        for parent in dict.fromkeys(parents[name]):
            start = column[parent]
            passing: list[Slot] = [(parent, name, between) for between in range(start + 1, end)]
            paths.append([(parent, "", start), *passing, (name, "", end)])
    return paths


def _places(paths: Sequence[Sequence[Slot]]) -> dict[Slot, Place]:
    """Place all slots, x their column and y around 0, so that few arrows cross.

    A column is sorted by where its neighbours in the column before are, then by those in the
    column after, a few times to and fro.
    """
    slots = dict.fromkeys(slot for path in paths for slot in path)
    beside: dict[Slot, dict[int, list[Slot]]] = {slot: {-1: [], 1: []} for slot in slots}
    for path in paths:
        for left, right in pairwise(path):
            beside[left][1].append(right)
            beside[right][-1].append(left)

    last = max(slot[2] for slot in slots)
    columns = [[slot for slot in slots if slot[2] == number] for number in range(last + 1)]
    height = {slot: y for column in columns for slot, y in _stacked(column)}
    for sweep in range(2 * _SWEEPS):
        side = -1 if sweep % 2 == 0 else 1
        for column in columns if side < 0 else reversed(columns):
            wanted = {slot: _mean_height(beside[slot][side] or [slot], height) for slot in column}
            column.sort(key=wanted.__getitem__)
            height.update(_stacked(column))
    return {slot: (slot[2], height[slot]) for slot in slots}


def _stacked(column: Sequence[Slot]) -> list[tuple[Slot, float]]:
    """Return the heights of a column's slots: one apart, their middle at 0."""
    return [(slot, rank - (len(column) - 1) / 2) for rank, slot in enumerate(column)]


def _mean_height(slots: Sequence[Slot], height: Mapping[Slot, float]) -> float:
    return float(np.mean([height[slot] for slot in slots]))


def _draw_arrow(axes: Axes, places: Sequence[Place]) -> None:
    """Draw an arrow through places, its head halfway along the last stretch."""
    if len(places) > 1:
        axes.plot(*zip(*places, strict=True), color="0.45", linewidth=1, zorder=1)
        (x0, y0), (x1, y1) = places[-2:]
        tip, tail = (x0 + 0.5 * (x1 - x0), y0 + 0.5 * (y1 - y0)), (x0, y0)
        head = {"arrowstyle": "-|>", "color": "0.45", "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", xy=tip, xytext=tail, arrowprops=head, zorder=1)


def _draw_node(axes: Axes, text: str, place: Place, *, is_input: bool) -> None:
    shape, colour = ("square", "#fdf3dc") if is_input else ("round", "#e8f0fa")
    box = {"boxstyle": f"{shape},pad=0.4", "facecolor": colour, "edgecolor": "0.35"}
    axes.text(*place, text, ha="center", va="center", fontsize=9, bbox=box, zorder=2)
