"""Master notebooks in, student notebooks out: read, strip, clean."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from generator.cells import Fate, fates
from generator.dialect import DIALECTS
from generator.mistakes import collecting, refuse
from generator.outputs import KEEP_OUTPUT, kept_outputs
from generator.sheet import dump, load, placed
from generator.strip import Block, Stripped, split_lines, strip_text
from gradlab.course import GRADED
from gradlab.errors import AuthorMistake, Place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from generator.dialect import Dialect, Kind

__all__ = ["RELEASE_ONLY", "SOLUTION", "STAFF_ONLY", "Sheet", "release_notebook", "with_points"]

STAFF_ONLY = "staff-only"  # such a cell is dropped from the release
RELEASE_ONLY = "release-only"  # such a cell is shipped, but does not run in the master
SOLUTION = "solution"  # such a cell is written by students from its first line to its last
OURS = (STAFF_ONLY, RELEASE_ONLY, SOLUTION, KEEP_OUTPUT)
# What notebook tools and the grader act on; all other tags are the author's.
KEPT_TAGS = ("raises-exception", GRADED, KEEP_OUTPUT)
POINTS = re.compile(r"\{points:([^{}]*)\}")
# A cell without markers of its own is put between these.
AROUND = {
    "code": ("### BEGIN SOLUTION\n", "\n### END SOLUTION"),
    "markdown": ("<!-- BEGIN SOLUTION -->\n", "\n<!-- END SOLUTION -->"),
}


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

    node: Mapping[str, Any]
    place: Place
    stripped: Stripped

    @property
    def is_gone(self) -> bool:
        """Whether nothing is left of it."""
        return bool(self.stripped.removed) and not self.stripped.text.strip()


@dataclass(frozen=True)
class Master:
    """What is known of a master while its cells are read.

    Attributes:
        points: the points of every check and question.
        dialects: the course's.
        code: the code of all cells by their ids; names that a block assigns may be used there.
    """

    points: Mapping[str, Fraction | float]
    dialects: Sequence[Dialect]
    code: Mapping[str, str]

    def beside(self, node: Mapping[str, Any]) -> str:
        """Return the code of all other cells."""
        return "\n".join(text for name, text in self.code.items() if name != node["id"])


def release_notebook(
    content: bytes,
    where: Place,
    name: str,
    points: Mapping[str, Fraction | float],
    dialects: Sequence[Dialect] = DIALECTS,
    metadata: Mapping[str, Any] = MappingProxyType({}),
) -> Sheet:
    """Return the student's notebook of a master.

    Outputs, execution counts and foreign metadata are gone, marked blocks are stubs, cells in
    which nothing is to be written are locked, and `{points:NAME}` in text is a number.

    Args:
        content: the master's bytes, of any nbformat from 3.0 to 4.5.
        where: the master's file, for messages.
        name: the assignment's name, stored in the metadata.
        points: the points of every check and question.
        dialects: the course's.
        metadata: what the notebook's metadata hold besides.

    Raises:
        AuthorMistake: the notebook is not readable.
        Problems: its cells have mistakes; all of them, each with its place.
    """
    mistakes: list[AuthorMistake] = []
    pairs = list(placed(load(content, where), where, mistakes))
    nodes = [node for node, _ in pairs]
    code = {node["id"]: node["source"] for node in nodes if node["cell_type"] == "code"}
    master = Master(points, dialects, code)
    read: list[Cell] = []
    with collecting(mistakes):
        for (node, place), fate in zip(
            pairs, fates(nodes, [place for _, place in pairs], dialects), strict=True
        ):
            with collecting(mistakes):
                read += _read(node, place, fate, master)
    cells = [cell for cell in read if not cell.is_gone]
    finished = []
    for cell in cells:
        with collecting(mistakes):
            finished.append(_clean(cell))
    refuse(mistakes)
    removed = tuple(block for cell in read for block in cell.stripped.removed)
    origins = tuple((cell.place, cell.stripped.origins) for cell in cells)
    return Sheet(dump(finished, name, metadata), removed, origins)


def _read(node: Mapping[str, Any], place: Place, fate: Fate, master: Master) -> list[Cell]:
    """Return the cell without its blocks; [] where it is only a marker of others."""
    if fate.what == "skip":
        return []
    tags = _tags(node, place)
    if STAFF_ONLY in tags or fate.what == "drop":
        gone = _gone(node, place, fate.mark or STAFF_ONLY, aside=True)
        return [Cell(node, place, gone)]
    if fate.what == "solution" and node["cell_type"] == "markdown":
        return [Cell(node, place, _gone(node, place, fate.mark, fate.text))]
    stripped = _stripped(node, place, master)
    if not stripped.is_written_in and (SOLUTION in tags or _is_nbgrader_solution(node)):
        whole = _stripped_whole({**node, "source": stripped.text}, place, master)
        stripped = replace(whole, removed=stripped.removed + whole.removed)
    if fate.what == "solution" and node["cell_type"] == "code" and not stripped.is_written_in:
        message = "a solution cell in which nothing is marked, so that all of it would be released"
        raise AuthorMistake(f"{message}; mark what students write", place)
    return [Cell(node, place, stripped)]


def _tags(node: Mapping[str, Any], place: Place) -> list[Any]:
    tags = node["metadata"].get("tags") or []
    if not isinstance(tags, list):
        raise AuthorMistake(f"tags must be a list, not {tags!r}", place)
    for tag in tags:
        meant = next((name for name in OURS if _letters(name) == _letters(tag)), tag)
        if tag != meant:
            raise AuthorMistake(f"the tag {tag!r} has no effect; did you mean {meant!r}?", place)
    return tags


def _letters(tag: object) -> str:
    """Return what a tag says, whatever stands between its words, in the singular."""
    return re.sub(r"[\s_-]+", "", str(tag).lower()).removesuffix("s")


def _is_nbgrader_solution(node: Mapping[str, Any]) -> bool:
    settings = node["metadata"].get("nbgrader")
    return isinstance(settings, dict) and settings.get("solution") is True


def _kind(node: Mapping[str, Any]) -> Kind:
    return "code" if node["cell_type"] == "code" else "markdown"


def _gone(
    node: Mapping[str, Any], place: Place, mark: str, text: str = "", *, aside: bool = False
) -> Stripped:
    """Return what is left of a cell that is taken out whole: nothing, or a text instead."""
    lines = tuple(line.rstrip("\r\n") for line in split_lines(node["source"]))
    block = Block(mark, _kind(node), replace(place, line=1), lines, aside)
    return Stripped(text, (block,), (1,) * len(split_lines(text)))


def _stripped_whole(node: Mapping[str, Any], place: Place, master: Master) -> Stripped:
    """Return a cell of which everything is one block."""
    if not node["source"].strip():
        return Stripped(node["source"])
    start, end = AROUND[_kind(node)]
    whole = {**node, "source": f"{start}{node['source']}{end}"}
    stripped = _stripped(whole, place, master)
    removed = tuple(replace(b, where=replace(b.where, line=1)) for b in stripped.removed)
    return Stripped(stripped.text.rstrip("\n"), removed, (1,) * len(stripped.origins))


def _stripped(node: Mapping[str, Any], place: Place, master: Master) -> Stripped:
    source = node["source"]
    if node["cell_type"] == "code":
        return strip_text(source, place, "code", master.dialects, master.beside(node))
    if node["cell_type"] == "raw":
        return Stripped(source, (), tuple(range(1, len(split_lines(source)) + 1)))
    stripped = strip_text(source, place, "markdown", master.dialects)
    return replace(stripped, text=with_points(stripped, place, master.points))


def with_points(stripped: Stripped, place: Place, points: Mapping[str, Fraction | float]) -> str:
    """Return a text in which `{points:NAME}` is a number.

    Raises:
        Problems: there is no check or question of such a name.
    """
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


def _clean(cell: Cell) -> dict[str, Any]:
    """Return the student's cell: only what it needs, locked where nothing is to be written."""
    text, node = cell.stripped.text, cell.node
    tags = list(node["metadata"].get("tags") or [])
    metadata: dict[str, Any] = {"deletable": False}
    if not cell.stripped.is_written_in:
        metadata["editable"] = False
    if kept := [tag for tag in KEPT_TAGS if tag in tags]:
        metadata["tags"] = kept
    fresh = {"cell_type": node["cell_type"], "id": node["id"], "metadata": metadata, "source": text}
    if node["cell_type"] == "code":
        writes = bool(cell.stripped.removed)
        keep = KEEP_OUTPUT in tags
        outputs = kept_outputs(dict(node), cell.place, writes=writes) if keep else []
        fresh |= {"execution_count": None, "outputs": outputs}
    attachments = node.get("attachments") or {}
    if shown := {
        key: attachments[key] for key in attachments if f"attachment:{key}" in unquote(text)
    }:
        fresh["attachments"] = shown
    return fresh
