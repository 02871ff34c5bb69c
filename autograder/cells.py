"""A notebook's cells run in order in one worker, one request each; what they drew is kept."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autograder.box.figures import MOST_BYTES, MOST_FIGURES
from gradlab.errors import StudentFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Figure", "run_cells"]

MOST_TEXT = 600
WIDEST = 4096  # pixels; a small file can unpack to any size
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


@dataclass(frozen=True)
class Figure:
    """A picture that a cell drew.

    Attributes:
        label: the cell's.
        png: the file: at most `autograder.box.figures.MOST_BYTES`, `WIDEST` by `WIDEST` pixels.
    """

    label: str
    png: bytes


def run_cells(
    ask: Callable[..., Any], cells: Iterable[tuple[str, str]], seconds: float
) -> tuple[list[str], list[Figure]]:
    """Run cells one after the other; a failing one does not stop the next.

    Args:
        ask: sends a request to the worker and returns the reply's value.
        cells: label and source of each.
        seconds: CPU time of one cell.

    Returns:
        One line for each cell that failed, and the figures.

    Raises:
        StudentFault: a cell ended the worker, or used up what the check allows.
    """
    failed: list[str] = []
    figures: list[Figure] = []
    for label, source in cells:
        room = MOST_FIGURES - len(figures)
        reply = ask("cell", label=label, source=source, seconds=seconds, room=room)
        lines, drawn = _checked(reply)
        failed += [line[:MOST_TEXT] for line in lines[:1]]
        figures += [Figure(label, png) for png in drawn[:room] if _is_picture(png)]
    return failed, figures


def _checked(reply: Any) -> tuple[list[str], list[bytes]]:
    """Return the two parts of a reply; a worker can send anything."""
    parts = reply if type(reply) is dict else {}
    lines, drawn = parts.get("failed"), parts.get("figures")
    if not _is_list_of(lines, str) or not _is_list_of(drawn, bytes):
        raise StudentFault("protocol broken", "", "the reply is not what was asked for")
    return lines, drawn  # type: ignore[return-value]


def _is_list_of(value: object, kind: type) -> bool:
    return type(value) is list and all(type(item) is kind for item in value)


def _is_picture(content: bytes) -> bool:
    head = content[: len(PNG) + 8]
    if len(content) > MOST_BYTES or not head.startswith(PNG) or len(head) < len(PNG) + 8:
        return False
    width, height = struct.unpack_from(">II", head, len(PNG))
    return bool(0 < width <= WIDEST and 0 < height <= WIDEST)
