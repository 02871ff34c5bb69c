"""Marked rows of cells: which cells of a master go, and what stands there instead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from generator.marks import pairs
from generator.mistakes import refuse
from gradlab.errors import AuthorMistake, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from generator.dialect import Dialect
    from generator.marks import Pair

__all__ = ["Fate", "fates"]

FENCE = "```otter"
QUESTION = "otter-question"
# What otter-grader 6 and 7 read of a question (otter/assign/question_config.py).
KEYS = ("name", "manual", "points", "check_cell", "export", "all_or_nothing")
KEY = re.compile(r"([^\s:#-][^:]*?)\s*:(?:\s+(.*?))?\s*")


@dataclass(frozen=True)
class Fate:
    """What becomes of a cell.

    Attributes:
        what: `keep` it; `skip` it, for it is only a marker; `drop` it whole; or it is part of a
            `solution`: code must have marks in it, Markdown becomes `text`, or goes.
        mark: the dialect's name.
        text: instead of Markdown.
    """

    what: Literal["keep", "skip", "drop", "solution"]
    mark: str = ""
    text: str = ""


def fates(cells: Sequence[Any], places: Sequence[Place], dialects: Sequence[Dialect]) -> list[Fate]:
    """Return what becomes of each cell of a notebook.

    Raises:
        Problems: markers are half-open, nested or misspelt, or a question's settings are wrong.
    """
    usable = [dialect for dialect in dialects if dialect.scope == "cells"]
    heads = [_head(cell, usable) for cell in cells]
    found = pairs(heads, usable, places.__getitem__)
    refuse(list(_bad_questions(cells, places, found)))
    fate = [Fate("keep")] * len(cells)
    prompts = {pair.end for pair in found if pair.dialect.frame and not pair.dialect.holds}
    for pair in found:
        for index in range(pair.start, pair.end + 1):
            new = _fate(pair, index)
            fate[index] = new if new.what != "keep" else fate[index]
        if not (pair.dialect.frame or pair.dialect.drop):
            _fill(pair, cells, fate, prompted=pair.start - 1 in prompts)
    return fate


def _fate(pair: Pair, index: int) -> Fate:
    inside = pair.start < index < pair.end
    if pair.dialect.drop and (inside or pair.dialect.line):
        return Fate("drop", pair.dialect.name)
    if not inside:
        return Fate("skip")
    return Fate("keep" if pair.dialect.frame else "solution", pair.dialect.name)


def _fill(pair: Pair, cells: Sequence[Any], fate: list[Fate], *, prompted: bool) -> None:
    """Put the dialect's stub in the place of the first Markdown cell, if no prompt is there."""
    for index in range(pair.start + 1, pair.end):
        if cells[index]["cell_type"] == "markdown" and not prompted:
            fate[index] = Fate("solution", pair.dialect.name, pair.dialect.stub)
            break


def _head(cell: Any, dialects: Sequence[Dialect]) -> str:
    """Return the line of a cell that may be a marker, or ''."""
    first, _, rest = cell["source"].lstrip().partition("\n")
    if cell["cell_type"] == "raw":
        return str(first)
    if cell["cell_type"] == "markdown":
        return str(rest.partition("\n")[0]) if first.strip() == FENCE else ""
    alone = [dialect for dialect in dialects if dialect.line]
    patterns = [p for dialect in alone for p in (dialect.line, dialect.like) if p]
    return str(first) if any(p.fullmatch(first.strip()) for p in patterns) else ""


def _bad_questions(
    cells: Sequence[Any], places: Sequence[Place], found: Sequence[Pair]
) -> Iterator[AuthorMistake]:
    """Yield what is wrong with the settings of questions."""
    names: set[str] = set()
    for pair in sorted(found, key=lambda pair: pair.start):
        if pair.dialect.name != QUESTION:
            continue
        place = places[pair.start]
        lines = [line for line in cells[pair.start]["source"].split("\n") if "```" not in line]
        settings = {match[1]: match[2] for line in lines if (match := KEY.fullmatch(line))}
        for key in settings:
            if key not in KEYS:
                message = f"unknown key {key!r} of a question (known: {', '.join(KEYS)})"
                yield AuthorMistake(message, place)
        name = (settings.get("name") or "").strip("\"'")
        if not name:
            yield AuthorMistake("the question has no name", place)
        elif name in names:
            yield AuthorMistake(f"there are two questions {name!r}", place)
        names.add(name)
