"""Notebooks as students hand them in: nbformat 3.0 to 4.5, read without trusting them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from autograder.encoding import decoded

__all__ = ["Cell", "Notebook", "UnreadableNotebookError", "read_notebook"]

MOST_VALUES = 1_000_000  # a thousand times what notebooks have; each takes some 70 bytes
LEAST_TEXT = 12  # characters; shorter cells are alike in all notebooks


class UnreadableNotebookError(Exception):
    """It is no notebook; the message says why, to a student."""


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        number: from 1, over cells of all kinds.
        source: its text.
        is_code: whether it runs.
        ids: its own, and Colab's.
        tags: as its author set them.
    """

    number: int
    source: str
    is_code: bool
    ids: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Notebook:
    """A notebook.

    Attributes:
        cells: in order.
        release: the assignment that it was released for, or "".
    """

    cells: tuple[Cell, ...]
    release: str = ""

    @property
    def texts(self) -> frozenset[str]:
        """Its cells' texts, white space aside, as hashes: by them one knows the notebook again."""
        texts = (" ".join(cell.source.split()) for cell in self.cells)
        long = (text.encode(errors="replace") for text in texts if len(text) >= LEAST_TEXT)
        return frozenset(hashlib.sha256(text).hexdigest()[:16] for text in long)


def read_notebook(content: bytes) -> Notebook:
    """Return the notebook in a file.

    Raises:
        UnreadableNotebookError: there is none.
    """
    if not content.strip():
        raise UnreadableNotebookError("it is empty")
    if sum(map(content.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise UnreadableNotebookError("it is too large; clear its outputs")
    try:
        table: Any = json.loads(decoded(content)[0])
    except json.JSONDecodeError as error:
        raise UnreadableNotebookError(f"it is not valid JSON at line {error.lineno}") from None
    except (ValueError, RecursionError):
        raise UnreadableNotebookError("it is not valid JSON") from None
    try:
        sheets = table.get("worksheets") or [table]  # nbformat 3 has them
        cells = [cell for sheet in sheets for cell in sheet["cells"]]
        return Notebook(tuple(_cell(n, cell) for n, cell in enumerate(cells, 1)), _release(table))
    except (LookupError, TypeError, AttributeError):
        raise UnreadableNotebookError("it is JSON, but no notebook") from None


def _cell(number: int, cell: Any) -> Cell:
    source = cell.get("source", cell.get("input", ""))
    text = source if isinstance(source, str) else "".join(source)
    metadata = cell.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    ids = _texts([cell.get("id"), metadata.get("id")])
    return Cell(number, text, cell["cell_type"] == "code", ids, _texts(metadata.get("tags")))


def _texts(value: object) -> frozenset[str]:
    items = value if isinstance(value, list) else []
    return frozenset(item for item in items if isinstance(item, str))


def _release(table: dict[str, Any]) -> str:
    metadata = table.get("metadata")
    ours = metadata.get("gradlab") if isinstance(metadata, dict) else None
    name = ours.get("assignment") if isinstance(ours, dict) else ""
    return name if isinstance(name, str) else ""
