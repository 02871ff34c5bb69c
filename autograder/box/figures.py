"""The figures that a cell left open, as PNG; nothing happens where matplotlib was not imported."""

from __future__ import annotations

import io
import sys

__all__ = ["MOST_BYTES", "MOST_FIGURES", "take_figures"]

MOST_FIGURES = 20  # of one notebook
MOST_BYTES = 1 << 19  # of one figure
DPI = 72


def take_figures(room: int) -> list[bytes]:
    """Return the open figures as PNG files, at most `room` of them, and close all.

    A figure that cannot be drawn, or is too large, is left out.
    """
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None or getattr(pyplot, "__file__", None) is None:  # not there, or a stand-in
        return []
    taken: list[bytes] = []
    for number in pyplot.get_fignums():
        if len(taken) < room:
            taken += _drawn(pyplot.figure(number))
    pyplot.close("all")
    return taken


def _drawn(figure: object) -> list[bytes]:
    file = io.BytesIO()
    try:
        figure.savefig(file, format="png", dpi=DPI)  # type: ignore[attr-defined]
    except Exception:
        return []
    return [file.getvalue()] if file.tell() <= MOST_BYTES else []
