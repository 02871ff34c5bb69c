"""What must not be in a release: the removed blocks, the hidden checks, texts for staff."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from textwrap import dedent
from typing import TYPE_CHECKING, Literal

from generator.fingerprint import COMPUTES, Needle, Statement, statements, weight
from generator.notebook import STAFF_ONLY
from generator.page import shingles, words
from generator.pycode import Line, dead, live

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from generator.draft import Draft
    from generator.strip import Block
    from gradlab.errors import Place

__all__ = ["LONG", "NOTES", "SAYS", "Kind", "Piece", "Secret", "secrets"]

NOTES = "staff.md"  # of an assignment's folder: what its author tells staff
Kind = Literal["module", "cell", "answer", "staff", "hidden", "notes"]
SHORT, LONG = 9, 12  # characters without blanks: of a line that computes, of any other
SAYS = 4  # names, numbers and operators of a short line
FOR_STAFF = re.compile(rf"{STAFF_ONLY}|hidden|scheme|tests")  # in the name of a dialect
FORMULA = re.compile(r"[=^\\_{}]")
PLACEHOLDER = re.compile(r"[%{\\]")
QUOTED = re.compile(r"'([^'\n]{20,})'|\"([^\"\n]{20,})\"")
SUITE_WORDS = re.compile(r"\b(?:student|expect|draw|suite)\b")
VALUE = re.compile(r"^(?:return\s+|[\w.,\s\[\]'\"]+(?::[^=]+)?(?:\*\*|//|[-+*/@%])?=(?!=)\s*)")


@dataclass(frozen=True)
class Piece:
    """A line, a statement or a sentence that must not be shipped, and where it stands."""

    text: str
    where: Place

    @cached_property
    def length(self) -> int:
        """The number of characters without blanks."""
        return len("".join(self.text.split()))

    @cached_property
    def line(self) -> Line:
        """What can be said of it as code."""
        return Line.read(self.text)

    @cached_property
    def value(self) -> Needle:
        """What it assigns or returns, where that says enough alone; else all of it."""
        value = VALUE.sub("", self.text, count=1)
        is_enough = COMPUTES.search(value) is not None and weight(value) > SAYS
        is_enough = is_enough and len("".join(value.split())) >= LONG
        return Needle.of(value if is_enough else self.text)

    @cached_property
    def words(self) -> list[str]:
        """Its words, in small letters."""
        return words(self.text)

    @cached_property
    def statement(self) -> Statement:
        """Itself as a statement."""
        return Statement(self.text, 0)

    @property
    def is_distinctive(self) -> bool:
        """Whether nobody writes it by chance: it says something, and enough of it."""
        if self.line.bare:
            return False
        is_short = self.length >= SHORT and self.line.computes and weight(self.text) >= SAYS
        return is_short or self.length >= LONG

    @property
    def of_suite(self) -> bool:
        """Whether it speaks as only a check does."""
        return SUITE_WORDS.search(self.text) is not None


@dataclass(frozen=True, eq=False)
class Secret:
    """One block or file that must not be shipped.

    Attributes:
        kind: a block of a module, of a code cell or of a text, something for staff, a hidden file,
            or `staff.md`, in which only whole lines are secret: it may quote what is public.
        name: what messages call it.
        lines: its lines of code, or all its lines if it is no code.
        steps: its statements.
        prose: its comments and longer texts in quotes, or all its lines if it is no code.
    """

    kind: Kind
    name: str
    lines: tuple[Piece, ...]
    steps: tuple[Piece, ...]
    prose: tuple[Piece, ...]

    @property
    def is_solution(self) -> bool:
        """Whether it is what students shall write; only that may be accepted."""
        return self.kind in ("module", "cell", "answer")

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """Its lines of code, and statements that are longer than a line, each once."""
        longer = [step for step in self.steps if "\n" in step.text]
        if self.kind == "answer":
            return tuple(piece for piece in self.lines if FORMULA.search(piece.text))
        return (*self.lines, *longer)

    @cached_property
    def phrases(self) -> dict[tuple[str, ...], Piece]:
        """Runs of words that nobody writes twice by chance, each with the line of its start."""
        prose = self.prose if self.kind != "notes" else ()
        numbered = [(word, piece) for piece in prose for word in piece.words]
        runs = shingles([word for word, _ in numbered])
        return {run: piece for run, (_, piece) in zip(runs, numbered, strict=False)}


def secrets(draft: Draft) -> list[Secret]:
    """Return all that a release must not have."""
    hidden = [_file(place, text) for place, text in draft.hidden]
    return [*map(_block, draft.removed), *hidden]


def _block(block: Block) -> Secret:
    text = dedent("\n".join(block.lines))
    first = block.where.line or 1
    kind: Kind = "module" if block.where.cell is None else "cell"
    if FOR_STAFF.search(block.mark):
        kind = "staff"
    elif block.kind == "markdown":
        kind = "answer"
    name = "the solution's"
    if kind == "staff":
        name = "a staff-only cell's" if block.mark == STAFF_ONLY else "the staff's"
    if block.kind == "markdown":
        lines = tuple(_lines(text, block.where, first))
        return Secret(kind, name, lines, (), lines)
    return _code(kind, name, text, replace(block.where, line=first))


def _file(place: Place, text: str) -> Secret:
    """Return a hidden file; the docstrings of checks are their titles, which students may read."""
    if place.file.rpartition("/")[2] == NOTES:
        return Secret("notes", "the staff's", (), (), tuple(_lines(text, place, 1)))
    return _code("hidden", "a hidden file's", text, replace(place, line=1))


def _code(kind: Kind, name: str, text: str, where: Place) -> Secret:
    alive, first = live(text), where.line or 1
    steps = [
        Piece(step.text, replace(where, line=first + step.line - 1)) for step in statements(alive)
    ]
    comments = [
        replace(piece, text=piece.text.lstrip("# "))
        for piece in _lines(dead(text), where, first)
        if piece.text.startswith("#")
    ]
    lines = tuple(_lines(alive, where, first))
    texts = list(_strings(lines)) if kind != "staff" else []
    if kind != "hidden":  # what a solution prints, with placeholders, given code often prints too
        texts = [piece for piece in texts if not PLACEHOLDER.search(piece.text)]
    return Secret(kind, name, lines, tuple(steps), (*comments, *texts))


def _strings(lines: Iterable[Piece]) -> Iterator[Piece]:
    """Yield the longer texts in quotes."""
    for line in lines:
        for groups in QUOTED.findall(line.text):
            yield from (replace(line, text=found) for found in groups if found)


def _lines(text: str, where: Place, first: int) -> Iterator[Piece]:
    for number, line in enumerate(text.split("\n"), first):
        if line.strip():
            yield Piece(line.strip(), replace(where, line=number))
