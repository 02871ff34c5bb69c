"""The student's notebook files, read with nothing but the standard library."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Page", "cell_of", "pages_of"]


@dataclass(frozen=True)
class Page:
    """One cell of a notebook.

    Attributes:
        label: what messages call it.
        source: its text.
        is_code: whether it runs.
        id: its own, or "".
        count: when it ran last, as Jupyter counts; None if it has not since it was opened.
        failed: whether it ended in an exception.
    """

    label: str
    source: str
    is_code: bool
    id: str = ""
    count: int | None = None
    failed: bool = False


def pages_of(path: Path) -> list[Page]:
    """Return the cells of a notebook.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no notebook.
    """
    try:
        cells = json.loads(path.read_text(encoding="utf-8-sig"))["cells"]
        return [_page(f"cell {number}", cell) for number, cell in enumerate(cells, 1)]
    except (AttributeError, LookupError, TypeError, RecursionError) as error:
        raise ValueError("it is no notebook") from error


def cell_of(name: str, paths: Iterable[Path]) -> str | None:
    """Return the text of the cell with an id, of whichever notebook has it."""
    for path in paths:
        try:
            found = [page.source for page in pages_of(path) if page.id == name]
        except (OSError, ValueError):
            continue
        if found:
            return found[0]
    return None


def _page(label: str, cell: Any) -> Page:
    source, count = cell.get("source", ""), cell.get("execution_count")
    return Page(
        label=label,
        source=source if isinstance(source, str) else "".join(source),
        is_code=cell["cell_type"] == "code",
        id=str(cell.get("id", "")),
        count=count if isinstance(count, int) else None,
        failed=any(output.get("output_type") == "error" for output in cell.get("outputs", ())),
    )
