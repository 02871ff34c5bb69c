"""Reading notebooks of any age as plain dictionaries, and writing them, without heavy imports."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from generator.strip import split_lines
from gradlab.errors import AuthorMistake

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gradlab.errors import Place

__all__ = ["dump", "load", "placed", "refuse_unreadable"]

ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")  # of nbformat 4.5
KINDS = ("code", "markdown", "raw")
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def load(content: bytes, where: Place) -> list[dict[str, Any]]:
    """Return the cells of a notebook in the form of nbformat 4, their texts whole.

    Cells have ids only where the file had them.

    Args:
        content: the bytes of the file, of any nbformat from 3.0 to 4.5.
        where: the file, for messages.

    Raises:
        AuthorMistake: it is not a notebook.
    """
    try:
        notebook = json.loads(content.decode("utf-8-sig"))
        with_ids = (notebook["nbformat"], notebook.get("nbformat_minor", 0)) >= (4, 5)
        if notebook["nbformat"] < 4:  # noqa: PLR2004
            notebook = _upgraded(notebook)
        elif notebook["nbformat"] > 4:  # noqa: PLR2004
            raise ValueError(f"nbformat {notebook['nbformat']} is not known")  # noqa: TRY301
        cells = [dict(cell) for cell in notebook["cells"]]
        places = [replace(where, cell=f"cell {number}") for number in range(1, len(cells) + 1)]
        whole = list(map(_whole, cells, places))
    except AuthorMistake:
        raise
    except KeyError as error:
        raise AuthorMistake(f"not a readable notebook: no {error}", where) from error
    except Exception as error:
        # nbformat raises what it likes for what is not a notebook of an old format.
        shown = str(error).split("\n", 1)[0]
        raise AuthorMistake(f"not a readable notebook: {shown}", where) from error
    if not with_ids:
        for cell in whole:
            cell.pop("id", None)
    return whole


def refuse_unreadable(content: bytes, where: Place) -> None:
    """Refuse a notebook that is shipped as it is and that students' tools, or ours, cannot read.

    Raises:
        AuthorMistake: it is none, or of a format older than nbformat 4.
    """
    load(content, where)
    if json.loads(content)["nbformat"] < 4:  # noqa: PLR2004
        raise AuthorMistake("a notebook of an old format; open it and save it anew", where)


def _upgraded(notebook: dict[str, Any]) -> Any:
    """Return a notebook of nbformat 1 to 3 in the form of nbformat 4."""
    nbformat = import_module("nbformat")  # heavy
    major = notebook["nbformat"]
    reader = {1: nbformat.v1, 2: nbformat.v2, 3: nbformat.v3}[major]
    return nbformat.convert(reader.to_notebook_json(notebook), 4)


def _whole(cell: dict[str, Any], place: Place) -> dict[str, Any]:
    """Return a cell with its text in one piece; refuse what is not a cell."""
    if cell["cell_type"] not in KINDS:
        raise AuthorMistake(f"unknown kind of cell {cell['cell_type']!r}", place)
    source = cell["source"]
    text = source if isinstance(source, str) else "".join(source)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        shown = f"half a character, {text[error.start]!a}; write it anew"
        raise AuthorMistake(shown, place) from error
    name = {"id": str(cell["id"])} if "id" in cell else {}
    return {**cell, **name, "source": text, "metadata": dict(cell.get("metadata", {}))}


def placed(
    cells: Sequence[dict[str, Any]], where: Place, mistakes: list[AuthorMistake]
) -> Iterator[tuple[dict[str, Any], Place]]:
    """Yield every cell with its place, and give an id to those that have none.

    nbgrader's name for a cell is taken; any other is made from the cell's text, so that it
    survives when other cells come and go.
    """
    taken = {cell["id"] for cell in cells if "id" in cell}
    seen = set()
    for number, cell in enumerate(cells, 1):
        place = replace(where, cell=cell.get("id", f"cell {number}"))
        if "id" not in cell:
            cell["id"] = _new_id(cell, taken)
            taken.add(cell["id"])
        elif cell["id"] in seen:
            message = f"cell {number} has the id of an earlier cell"
            mistakes.append(AuthorMistake(message, place))
        elif not ID.fullmatch(cell["id"]):
            message = f"cell {number}: an id has 1 to 64 letters, digits, - and _"
            mistakes.append(AuthorMistake(message, place))
        seen.add(cell["id"])
        yield cell, place


def _new_id(cell: dict[str, Any], taken: set[str]) -> str:
    named = _name_in_nbgrader(cell)
    if ID.fullmatch(named) and named not in taken:
        return named
    for attempt in range(len(taken) + 1):
        text = f"{cell['cell_type']}\0{attempt}\0{cell['source']}"
        fresh = hashlib.sha256(text.encode()).hexdigest()[:12]
        if fresh not in taken:
            break
    return fresh


def _name_in_nbgrader(cell: Mapping[str, Any]) -> str:
    settings = cell["metadata"].get("nbgrader")
    return str(settings.get("grade_id")) if isinstance(settings, dict) else ""


def dump(cells: Sequence[dict[str, Any]], assignment: str, metadata: Mapping[str, Any]) -> bytes:
    """Return the bytes of a student's notebook: nbformat 4.5, the same on every machine."""
    notebook = {
        "cells": [{**cell, "source": split_lines(cell["source"])} for cell in cells],
        "metadata": {
            "gradlab": {"assignment": assignment},
            "kernelspec": KERNEL,
            "language_info": {"name": "python"},
            **metadata,
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return f"{json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False)}\n".encode()
