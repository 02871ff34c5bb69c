"""The finished release as the guard sees it: bytes, and where each line of them comes from."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from generator.dialect import DIALECTS
from gradlab.errors import Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from generator.dialect import Dialect
    from generator.strip import Block
    from gradlab.course import Assignment

__all__ = ["Draft", "Origin", "Passage"]


TextKind = Literal["module", "cell", "markdown", "stored", "text"]


@dataclass(frozen=True)
class Origin:
    """Where a shipped text comes from: its master, and the master's line of each of its lines."""

    place: Place
    lines: tuple[int, ...] = ()


@dataclass(frozen=True)
class Passage:
    """One text that students can read: a file, a cell, or a value stored beside a cell.

    Attributes:
        file: the path in the release.
        kind: what may be done with it; `stored` is an output, metadata or an attachment.
        text: the text.
        origin: its place in the master.
    """

    file: str
    kind: TextKind
    text: str
    origin: Origin

    @property
    def is_code(self) -> bool:
        """Whether the text is Python."""
        return self.kind in ("module", "cell")

    def place(self, line: int) -> Place:
        """Return the place, in the master if it is known, of a line counted from 1."""
        lines = self.origin.lines
        known = lines[line - 1] if 0 < line <= len(lines) else line
        return replace(self.origin.place, line=None if self.kind == "stored" else known)


@dataclass(frozen=True)
class Draft:
    """A release that nobody has seen yet.

    Attributes:
        assignment: what it was made from.
        files: the release's files by path.
        removed: what was taken out of the masters.
        origins: the origin of a file, or of cell number n (from 0) of a notebook.
        hidden: texts of which nothing may be shipped, with their places.
        public: the place and the text of `public.py`, which everyone may read.
        recorded: names of files with hidden expected values.
        dialects: the course's.
    """

    assignment: Assignment
    files: Mapping[str, bytes]
    removed: Sequence[Block]
    origins: Mapping[tuple[str, int | None], Origin] = field(default_factory=dict)
    hidden: Sequence[tuple[Place, str]] = ()
    public: tuple[Place, str] = (Place("public.py"), "")
    recorded: Sequence[str] = ()
    dialects: Sequence[Dialect] = DIALECTS

    @cached_property
    def masters(self) -> frozenset[str]:
        """Paths in the release that were made by taking blocks out."""
        modules = map(self.assignment.module_path, self.assignment.holed)
        return frozenset([*self.assignment.notebooks, *modules])

    @cached_property
    def supplied(self) -> frozenset[str]:
        """Paths in the release of the files that are shipped whole."""
        whole = ("__init__.py", *self.assignment.shared, *self.assignment.earlier)
        paths = map(self.assignment.module_path, whole)
        return frozenset([*paths, *self.assignment.files]) - self.masters

    @cached_property
    def notebooks(self) -> dict[str, Any]:
        """The release's notebooks, read from their bytes."""
        names = [name for name in self.files if name.endswith(".ipynb")]
        return {name: json.loads(self.files[name]) for name in names}

    @cached_property
    def passages(self) -> tuple[Passage, ...]:
        """Everything in the release that can be read."""
        return tuple(self._passages())

    def origin(self, file: str, cell: int | None = None) -> Origin:
        """Return where a file or a notebook's cell comes from."""
        return self.origins.get((file, cell), Origin(Place(file)))

    def _passages(self) -> Iterator[Passage]:
        for name, content in self.files.items():
            if name in self.notebooks:
                yield from self._notebook_passages(name, self.notebooks[name])
                continue
            try:
                text = content.decode("utf-8-sig")
            except UnicodeDecodeError:
                continue
            kind: TextKind = "module" if name.endswith(".py") else "text"
            if kind == "module" or "\0" not in text:  # UTF-16 of plain letters is UTF-8 as well
                yield Passage(name, kind, text, self.origin(name))

    def _notebook_passages(self, name: str, notebook: Any) -> Iterator[Passage]:
        for text in _texts(notebook.get("metadata", {})):
            yield Passage(name, "stored", text, self.origin(name))
        for number, cell in enumerate(notebook["cells"]):
            origin = self.origin(name, number)
            kind: TextKind = "cell" if cell["cell_type"] == "code" else "markdown"
            yield Passage(name, kind, "".join(cell["source"]), origin)
            stored = {key: cell[key] for key in cell if key not in ("source", "cell_type", "id")}
            for text in _texts(stored):
                yield Passage(name, "stored", text, origin)


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts in a JSON value; a list of texts is one text in lines."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and all(isinstance(item, str) for item in value):
        yield "".join(value)
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
