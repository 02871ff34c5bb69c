"""Master notebooks in, student notebooks out: read, strip, clean."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from fractions import Fraction
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from generator.mistakes import collecting, refuse
from generator.strip import Block, Stripped, split_lines, strip_text
from gradlab.errors import AuthorMistake, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.dialect import Kind

__all__ = ["RELEASE_ONLY", "STAFF_ONLY", "Sheet", "release_notebook"]

STAFF_ONLY = "staff-only"  # such a cell is dropped from the release
RELEASE_ONLY = "release-only"  # such a cell is shipped, but does not run in the master
KEPT_TAGS = ("raises-exception",)  # what notebook tools act on; all other tags are the author's
POINTS = re.compile(r"\{points:([^{}]*)\}")
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


@dataclass(frozen=True)
class Sheet:
    """A finished student notebook.

    Attributes:
        content: the bytes of the `.ipynb` file.
        removed: what was taken out, staff-only cells included.
        origins: for each cell its place in the master and, for each line, the master's line.
    """

    content: bytes
    removed: tuple[Block, ...]
    origins: tuple[tuple[Place, tuple[int, ...]], ...]


@dataclass(frozen=True)
class Cell:
    """A master's cell, the place that messages name, and its text without blocks."""

    node: Any
    place: Place
    stripped: Stripped


def release_notebook(
    content: bytes, where: Place, name: str, points: Mapping[str, Fraction | float]
) -> Sheet:
    """Return the student's notebook of a master.

    Outputs, execution counts and foreign metadata are gone, marked blocks are stubs, cells in
    which nothing is to be written are locked, and `{points:NAME}` in text is a number.

    Args:
        content: the master's bytes, of any nbformat from 3.0 to 4.5.
        where: the master's file, for messages.
        name: the assignment's name, stored in the metadata.
        points: the points of every check and question.

    Raises:
        AuthorMistake: the notebook is not readable.
        Problems: its cells have mistakes; all of them, each with its place.
    """
    mistakes: list[AuthorMistake] = []
    cells = []
    removed: list[Block] = []
    for node, place in _placed(_read(content, where), where, mistakes):
        with collecting(mistakes):
            if _is_staff_only(node, place):
                removed.append(_whole(node, place))
                continue
            stripped = _stripped(node, place, points)
            cells.append(Cell(node, place, stripped))
            removed.extend(stripped.removed)
    refuse(mistakes)
    origins = tuple((cell.place, cell.stripped.origins) for cell in cells)
    return Sheet(_written(cells, name, where), tuple(removed), origins)


def _nbformat() -> Any:
    """Return the library, which is heavy to import, when it is needed."""
    return import_module("nbformat")


def _read(content: bytes, where: Place) -> Any:
    """Return the notebook in the form of nbformat 4, with ids only where the file had them."""
    nbformat = _nbformat()
    try:
        notebook = nbformat.reader.reads(content.decode("utf-8"))
        had_ids = (notebook.nbformat, notebook.get("nbformat_minor", 0)) >= (4, 5)
        notebook = nbformat.convert(notebook, 4)
        cells = [(cell.cell_type, cell.source, cell.metadata) for cell in notebook.cells]
    except (ValueError, AttributeError, TypeError, nbformat.ValidationError) as error:
        shown = str(error).split("\n", 1)[0]
        raise AuthorMistake(f"not a readable notebook: {shown}", where) from error
    if not had_ids:
        for cell in notebook.cells:
            cell.pop("id", None)
    known = {"code", "markdown", "raw"}
    for number, (kind, _, _) in enumerate(cells, 1):
        if kind not in known:
            place = replace(where, cell=f"cell {number}")
            raise AuthorMistake(f"unknown kind of cell {kind!r}", place)
    return notebook


def _placed(
    notebook: Any, where: Place, mistakes: list[AuthorMistake]
) -> Iterator[tuple[Any, Place]]:
    """Yield every cell with its place, and give an id to those that have none."""
    taken = {cell["id"] for cell in notebook.cells if "id" in cell}
    seen = set()
    for number, cell in enumerate(notebook.cells, 1):
        place = replace(where, cell=cell.get("id", f"cell {number}"))
        if "id" not in cell:
            cell["id"] = _new_id(cell, taken)
            taken.add(cell["id"])
        elif cell["id"] in seen:
            message = f"cell {number} has the id of an earlier cell"
            mistakes.append(AuthorMistake(message, place))
        seen.add(cell["id"])
        yield cell, place


def _new_id(cell: Any, taken: set[str]) -> str:
    """Return an id made from the cell's text: it survives when other cells come and go."""
    for attempt in range(len(taken) + 1):
        text = f"{cell.cell_type}\0{attempt}\0{cell.source}"
        fresh = hashlib.sha256(text.encode()).hexdigest()[:12]
        if fresh not in taken:
            break
    return fresh


def _is_staff_only(node: Any, place: Place) -> bool:
    tags = node.metadata.get("tags") or []
    for tag in tags:
        meant = re.sub(r"[\s_-]+", "-", str(tag).strip().lower())
        if meant in (STAFF_ONLY, RELEASE_ONLY) and tag != meant:
            raise AuthorMistake(f"the tag {tag!r} has no effect; did you mean {meant!r}?", place)
    return STAFF_ONLY in tags


def _whole(node: Any, place: Place) -> Block:
    lines = tuple(line.rstrip("\r\n") for line in split_lines(node.source))
    kind: Kind = "code" if node.cell_type == "code" else "markdown"
    return Block(STAFF_ONLY, kind, replace(place, line=1), lines)


def _stripped(node: Any, place: Place, points: Mapping[str, Fraction | float]) -> Stripped:
    if node.cell_type == "code":
        return strip_text(node.source, place)
    if node.cell_type == "raw":
        return Stripped(node.source)
    stripped = strip_text(node.source, place, "markdown")
    return replace(stripped, text=_with_points(stripped, place, points))


def _with_points(stripped: Stripped, place: Place, points: Mapping[str, Fraction | float]) -> str:
    mistakes = []

    def fill(match: re.Match[str]) -> str:
        asked = match[1].strip()
        if asked in points:
            return _number(points[asked])
        line = stripped.origins[len(split_lines(stripped.text[: match.start()] + "{")) - 1]
        known = ", ".join(sorted(points)) or "none"
        message = f"{match[0]}: no check or question {asked!r} (there are: {known})"
        mistakes.append(AuthorMistake(message, replace(place, line=line)))
        return match[0]

    text = POINTS.sub(fill, stripped.text)
    refuse(mistakes)
    return text


def _number(points: Fraction | float) -> str:
    """Write points as a person would: 2, 1.5, 1/3."""
    if isinstance(points, Fraction) and 100 % points.denominator:
        return str(points)
    return f"{float(points):g}"


def _written(cells: list[Cell], name: str, where: Place) -> bytes:
    nbformat = _nbformat()
    notebook = nbformat.v4.new_notebook(
        cells=[_clean(cell) for cell in cells],
        metadata={
            "gradlab": {"assignment": name},
            "kernelspec": KERNEL,
            "language_info": {"name": "python"},
        },
    )
    notebook.nbformat_minor = 5
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        shown = str(error).split("\n", 1)[0]
        raise AuthorMistake(f"not a valid notebook: {shown}", where) from error
    text: str = nbformat.writes(notebook)
    return f"{text.rstrip()}\n".encode()


def _clean(cell: Cell) -> Any:
    """Return the student's cell: only what it needs, locked where nothing is to be written."""
    text, node = cell.stripped.text, cell.node
    metadata: dict[str, Any] = {"deletable": False}
    if not cell.stripped.removed:
        metadata["editable"] = False
    if tags := [tag for tag in node.metadata.get("tags") or [] if tag in KEPT_TAGS]:
        metadata["tags"] = tags
    fresh = {"cell_type": node.cell_type, "id": node.id, "metadata": metadata, "source": text}
    if node.cell_type == "code":
        fresh |= {"execution_count": None, "outputs": []}
    attachments = node.get("attachments", {})
    if shown := {
        key: attachments[key] for key in attachments if f"attachment:{key}" in unquote(text)
    }:
        fresh["attachments"] = shown
    return _nbformat().from_dict(fresh)
