"""A picture of a small net: circles for its units, and arrows with its weights and biases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Place = tuple[float, float]

_RADIUS = 0.45  # up to where arrows go, from a unit's middle
_ALONG = 0.35  # where on an arrow its weight stands, so that crossing arrows keep theirs apart
_INPUT, _UNIT = "#fdf3dc", "#e8f0fa"


def draw_net(params: dict[str, np.ndarray], x0: np.ndarray) -> Figure:
    """Draw a net of two layers with its weights and biases, for a few units.

    Args:
        params: W1, shape (H, D), b1 (H,), W2 (C, H) and b2 (C,).
        x0: the input, shape (D,).

    Returns:
        A matplotlib figure; end the cell with ``plt.show()``.

    Raises:
        ValueError: if W1 does not fit x0.
    """
    if params["W1"].shape != (len(params["b1"]), len(x0)):
        raise ValueError(f"W1 has shape {params['W1'].shape}; x0 has {len(x0)} entries.")
    import matplotlib.pyplot as plt  # noqa: PLC0415  (importing this module needs numpy alone)

    layers = [_column(0.0, len(x0)), _column(2.5, len(params["b1"])), _column(5, len(params["b2"]))]
    height = 1.5 * max(map(len, layers)) + 0.8
    figure = plt.figure(figsize=(6.5, height))
    axes = figure.add_axes(
        (0, 0, 1, 1), xlim=(-0.75, 5.75), ylim=(0.4 - height / 2, 0.4 + height / 2)
    )
    axes.axis("off")
    for number in (1, 2):
        weights, before, after = params[f"W{number}"], layers[number - 1], layers[number]
        for unit, neuron in np.ndindex(weights.shape):
            _draw_arrow(axes, before[neuron], after[unit], f"{weights[unit, neuron]:g}")
    _draw_layer(axes, layers[0], [f"$x_{{0}}$\n{value:g}" for value in x0], _INPUT)
    for number in (1, 2):
        units = layers[number]
        _draw_layer(axes, units, [rf"$z_{{{number}}}\,|\,x_{{{number}}}$"] * len(units), _UNIT)
        for (x, y), bias in zip(units, params[f"b{number}"], strict=True):
            _draw_arrow(axes, (x, y + 1), (x, y), f"{bias:g}", along=0)
    return figure


def _column(x: float, count: int) -> list[Place]:
    """Return the places of a layer's units, the first on top."""
    return [(x, 1.5 * ((count - 1) / 2 - number)) for number in range(count)]


def _draw_layer(axes: Axes, places: list[Place], texts: list[str], colour: str) -> None:
    for (x, y), text in zip(places, texts, strict=True):
        axes.text(
            x, y, text, ha="center", va="center", zorder=3,
            bbox={"boxstyle": "circle,pad=0.35", "facecolor": colour, "edgecolor": "0.35"},
        )  # fmt: skip


def _draw_arrow(axes: Axes, tail: Place, head: Place, text: str, along: float = _ALONG) -> None:
    """Draw an arrow that ends at the rim of the unit at its head, with its number on it."""
    start, end = np.array(tail), np.array(head)
    tip = end - _RADIUS * (end - start) / np.linalg.norm(end - start)
    style = {"arrowstyle": "-|>", "color": "0.45", "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=tip, xytext=tail, arrowprops=style, zorder=1)
    x, y = start + along * (tip - start)
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    axes.text(x, y, text, ha="center", va="center", fontsize=9, bbox=box, zorder=2)
