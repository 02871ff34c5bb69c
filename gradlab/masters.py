"""Master notebooks written as text: jupytext's percent scripts (`.py`) and Markdown (`.md`).

Only the two forms that people write by hand are read, so that nothing need be installed for them.
Source: the descriptions of both formats in jupytext's documentation.
"""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from gradlab.errors import AuthorMistake, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["TEXT_SUFFIXES", "as_notebook", "is_script"]

TEXT_SUFFIXES = (".py", ".md")
MARKER = re.compile(r"# ?%%+(?:\s+(.*))?")
KIND = re.compile(r"\[(markdown|md|raw)\]")
PAIR = re.compile(r"([\w.-]+)=(\[[^\]]*\]|\"[^\"]*\"|[\w.+-]+)")
# What of a cell may be set; a misspelt `tags` must not ship a cell for staff.
SETTINGS = ("tags", "id", "nbgrader", "deletable", "editable", "slideshow", "lines_to_next_cell")
# What is neither a setting nor a title; left over, it would ship a cell for staff just the same.
BROKEN = re.compile(rf"\{{|\b({'|'.join(SETTINGS)})\"?\s*[=:]")
CELL_MAGIC = re.compile(r"# ?%%\w")
LINE_MAGIC = re.compile(r"(\s*)# ?([%!?]\w.*)")
QUOTES = ('"""', "'''")
FENCE = re.compile(r"(`{3,})\s*\{?(python3?|ipython3?|code-cell)\b\}?(.*)")
COMMENTED = {"<!-- #raw": ("raw", "<!-- #endraw"), "<!-- #region": ("markdown", "<!-- #endregion")}


def as_notebook(content: bytes, where: Place) -> bytes:
    """Return a text master as a notebook of nbformat 4.5; its cells have ids where it names them.

    Args:
        content: the file's bytes.
        where: the file, for messages; its suffix says which of the two forms it has.

    Raises:
        AuthorMistake: it is not UTF-8, or a cell's settings cannot be read or are unknown.
    """
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise AuthorMistake(f"not UTF-8: {error}", where) from error
    read = _script if where.file.endswith(".py") else _document
    cells = list(read(lines, where))
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, ensure_ascii=False).encode()


def is_script(content: bytes) -> bool:
    """Tell whether a Python file has cells."""
    lines = content.decode("utf-8", "replace").splitlines()
    return any(MARKER.fullmatch(line.rstrip()) for line in lines)


def _cell(kind: str, lines: Sequence[str], metadata: dict[str, Any]) -> dict[str, Any]:
    name = metadata.pop("id", None)
    cell: dict[str, Any] = {"cell_type": kind, "metadata": metadata}
    cell |= {"source": "\n".join(_trimmed(lines))} | ({"id": name} if name else {})
    return cell | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def _trimmed(lines: Sequence[str]) -> Sequence[str]:
    """Return the lines without blank ones at both ends."""
    full = [number for number, line in enumerate(lines) if line.strip()]
    return lines[full[0] : full[-1] + 1] if full else []


def _script(lines: Sequence[str], where: Place) -> Iterator[dict[str, Any]]:
    """Yield the cells of a percent script."""
    start = _after_header(lines, "# ---")
    marked = [n for n in range(start, len(lines)) if MARKER.fullmatch(lines[n].rstrip())]
    if any(line.strip() for line in lines[start : marked[0] if marked else len(lines)]):
        yield _cell("code", _unmagic(lines[start : marked[0] if marked else len(lines)]), {})
    for number, after in pairwise([*marked, len(lines)]):
        match = MARKER.fullmatch(lines[number].rstrip())
        settings = (match[1] if match else "") or ""
        place = Place(where.file, line=number + 1)
        kind = KIND.search(settings)
        metadata = _metadata(settings[kind.end() :] if kind else settings, place)
        body = _trimmed(lines[number + 1 : after])
        if kind:
            name = "raw" if kind[1] == "raw" else "markdown"
            yield _cell(name, _uncommented(body), metadata)
        else:
            yield _cell("code", _unmagic(body), metadata)


def _after_header(lines: Sequence[str], rule: str) -> int:
    """Return the index after a YAML header, which is not needed here."""
    if lines and lines[0].rstrip() == rule:
        for number in range(1, len(lines)):
            if lines[number].rstrip() == rule:
                return number + 1
    return 0


def _metadata(text: str, place: Place) -> dict[str, Any]:
    """Return the settings behind a cell's marker: `tags=["a"] id="b"`, or a JSON object."""
    try:
        table = _settings(text)
    except (ValueError, RecursionError) as error:
        raise AuthorMistake(f"the cell's settings cannot be read: {error}", place) from error
    for key in table:
        if key not in SETTINGS:
            known = ", ".join(SETTINGS)
            raise AuthorMistake(f"unknown setting {key!r} of a cell (known: {known})", place)
    return table


def _settings(text: str) -> dict[str, Any]:
    found = text.find("{")
    if found >= 0 and text.rstrip().endswith("}"):
        return dict(json.loads(text[found:]))
    if BROKEN.search(PAIR.sub("", text)):
        raise ValueError('write tags=["a"], or one JSON object')
    return {key: json.loads(value) for key, value in PAIR.findall(text)}


def _uncommented(lines: Sequence[str]) -> list[str]:
    """Return the text of a Markdown or raw cell: comments, or one string."""
    joined = "\n".join(lines).strip()
    for quotes in QUOTES:
        if joined.startswith(quotes) and joined.endswith(quotes) and len(joined) > len(quotes):
            return joined[len(quotes) : -len(quotes)].strip("\n").split("\n")
    return [line.removeprefix("#").removeprefix(" ") for line in lines]


def _unmagic(lines: Sequence[str]) -> list[str]:
    """Return code with its IPython magics, which stand in comments, as magics."""
    if lines and CELL_MAGIC.match(lines[0]):
        return [line.removeprefix("#").removeprefix(" ") for line in lines]
    return [LINE_MAGIC.sub(r"\1\2", line) if LINE_MAGIC.fullmatch(line) else line for line in lines]


def _document(lines: Sequence[str], where: Place) -> Iterator[dict[str, Any]]:
    """Yield the cells of a Markdown document."""
    number = _after_header(lines, "---")
    text: list[str] = []
    while number < len(lines):
        special = _special(lines, number, where)
        blank = not any(line.strip() for line in lines[number : number + 2])
        if (special or blank) and any(line.strip() for line in text):
            yield _cell("markdown", text, {})
        if special or blank:
            text = []
        if special:
            cell, number = special
            yield cell
        else:
            end = _end_of_fence(lines, number)
            text += lines[number : end + 1]
            number = end + 1
    if any(line.strip() for line in text):
        yield _cell("markdown", text, {})


def _special(lines: Sequence[str], number: int, where: Place) -> tuple[dict[str, Any], int] | None:
    """Return the cell that starts in a line with a fence or a comment, and the index behind it."""
    place = Place(where.file, line=number + 1)
    if match := FENCE.fullmatch(lines[number].rstrip()):
        if ".noeval" in match[3] or 'active=""' in match[3]:
            return None
        end = _end(lines, number, match[1], place)
        body, metadata = lines[number + 1 : end], _metadata(match[3], place)
        options = [line for line in body if line.startswith(":tags:")] * (match[2] == "code-cell")
        if options:
            tags = re.findall(r"[\w-]+", options[0].removeprefix(":tags:"))
            body, metadata = [line for line in body if line not in options], {"tags": tags}
        return _cell("code", body, metadata), end + 1
    for start, (kind, stop) in COMMENTED.items():
        if lines[number].startswith(start):
            end = _end(lines, number, stop, place)
            settings = lines[number].removeprefix(start).removesuffix("-->")
            return _cell(kind, lines[number + 1 : end], _metadata(settings, place)), end + 1
    return None


def _end(lines: Sequence[str], start: int, stop: str, place: Place) -> int:
    """Return the index of the next line that starts with `stop`."""
    for number in range(start + 1, len(lines)):
        if lines[number].startswith(stop):
            return number
    raise AuthorMistake(f"`{lines[start].strip()}` is never closed", place)


def _end_of_fence(lines: Sequence[str], number: int) -> int:
    """Return where a fence of Markdown's own ends, or the line itself if it is none."""
    match = re.match(r"\s*(`{3,}|~{3,})", lines[number])
    if not match:
        return number
    ends = (n for n in range(number + 1, len(lines)) if lines[n].strip() == match[1])
    return next(ends, number)
