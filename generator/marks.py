"""Which marker lines belong together: one walk over lines, or over the first lines of cells."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from generator.mistakes import refuse
from gradlab.errors import AuthorMistake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from generator.dialect import Dialect
    from gradlab.errors import Place

__all__ = ["Pair", "is_harmless", "pairs"]

# What may stand in a box beside the blocks in it: nothing, comments, `model = None`.
HARMLESS = re.compile(r"(#.*)?|[\w, ]+=\s*None\s*(#.*)?")
GROUP = re.compile(r"\\[1-9]|\(\?P")  # what a pattern cannot keep when it is joined with others

Role = Literal["start", "end", "line", "like"]


@dataclass(frozen=True)
class Pair:
    """Two marker lines that belong together, or one that stands alone (then `start == end`).

    Attributes:
        dialect: whose markers they are.
        start: the index of the first.
        end: the index of the second.
        holds: whether blocks of other dialects stand between them.
    """

    dialect: Dialect
    start: int
    end: int
    holds: bool = False


@dataclass
class Open:
    """A block whose end has not come yet; `inner` is where the first one inside it starts."""

    dialect: Dialect
    index: int
    inner: int | None = None


@dataclass
class Walk:
    """The state of one walk over lines.

    Attributes:
        lines: what is walked over.
        place: gives the place of a line's index.
        open: the open blocks, outermost first.
        mistakes: what does not match.
    """

    lines: Sequence[str]
    place: Callable[[int], Place]
    open: list[Open] = field(default_factory=list)
    mistakes: list[AuthorMistake] = field(default_factory=list)

    def blame(self, index: int, message: str) -> None:
        """Keep a mistake for later."""
        shown = self.lines[index].strip()
        self.mistakes.append(AuthorMistake(f"`{shown}` {message}", self.place(index)))

    def step(self, index: int, marks: Sequence[tuple[Dialect, Role]]) -> Iterator[Pair]:
        """Take one line with its possible meanings; yield the pair that it completes."""
        ends = [dialect for dialect, role in marks if role == "end"]
        starts = [dialect for dialect, role in marks if role == "start"]
        if any(opened.dialect in ends for opened in self.open):
            yield from self.close(index, ends)
        elif starts:
            self.start(index, starts[0])
        elif ends:
            self.blame(index, "closes a block that was not opened")
        elif all(opened.dialect.frame or opened.dialect.soft for opened in self.open):
            yield from self.alone(index, marks)

    def alone(self, index: int, marks: Sequence[tuple[Dialect, Role]]) -> Iterator[Pair]:
        """Yield the pair of a line that stands for itself; blame what only looks like a marker."""
        dialect, role = marks[0]
        if role == "like":
            self.blame(index, "looks like a marker, but is not spelt like one")
            return
        self.contain(index)
        yield Pair(dialect, index, index)

    def contain(self, index: int) -> None:
        """Note that something stands inside what is open."""
        for opened in self.open:
            opened.inner = index if opened.inner is None else opened.inner

    def close(self, index: int, ends: Sequence[Dialect]) -> Iterator[Pair]:
        """Yield the innermost open block that a line closes; what is open in it is unclosed."""
        while self.open[-1].dialect not in ends:
            self.drop(self.open.pop())
        opened = self.open.pop()
        holds = opened.inner is not None
        if opened.dialect.soft and (holds or any(outer.dialect.soft for outer in self.open)):
            self.blame(index, "may close several blocks; put a ruled line above its own start")
        else:
            yield Pair(opened.dialect, opened.index, index, holds)

    def start(self, index: int, dialect: Dialect) -> None:
        """Open a block, if it may be opened here."""
        while self.open and dialect.boxed and self.is_needless(self.open[-1]):
            self.open.pop()
        top = self.open[-1] if self.open else None
        if top and dialect.soft and not top.dialect.soft and not top.dialect.frame:
            return
        if top and not dialect.soft and (not top.dialect.holds or top.dialect is dialect):
            line = self.place(top.index).line
            where = f"in line {line}" if line else f"by {self.place(top.index)}"
            self.blame(index, f"opens a block inside the one opened {where}")
            self.open.pop()
        if not dialect.soft:
            self.contain(index)
        self.open.append(Open(dialect, index))

    def drop(self, opened: Open) -> None:
        """Blame a block that is never closed, unless it need not be."""
        if not self.is_needless(opened):
            self.blame(opened.index, "opens a block that is never closed")

    def is_needless(self, opened: Open) -> bool:
        """Tell whether an unclosed block is none: a comment, or the box right above a block."""
        if opened.dialect.soft or not opened.dialect.boxed or opened.inner is None:
            return opened.dialect.soft
        return all(map(is_harmless, self.lines[opened.index : opened.inner]))


def is_harmless(line: str) -> bool:
    """Tell whether a line beside the blocks in a box can be no part of a solution."""
    return HARMLESS.fullmatch(line.strip()) is not None


def pairs(
    lines: Sequence[str], dialects: Sequence[Dialect], place: Callable[[int], Place]
) -> list[Pair]:
    """Return the pairs of marker lines, sorted by their ends.

    Args:
        lines: lines of a text, or the first lines of a notebook's cells.
        dialects: those that apply; where several match a line, the first counts.
        place: gives the place of a line's index, for messages.

    Raises:
        Problems: markers are half-open, nested or misspelt.
    """
    walk = Walk(lines, place)
    found: list[Pair] = []
    likely = _any(tuple(dialects))
    for index, line in enumerate(lines):
        if not likely.fullmatch(line.strip()):
            continue
        if marks := list(_marks(lines, index, dialects)):
            found += walk.step(index, marks)
    for opened in walk.open:
        walk.drop(opened)
    refuse(walk.mistakes)
    return found


@lru_cache(maxsize=16)
def _any(dialects: tuple[Dialect, ...]) -> re.Pattern[str]:
    """Return one pattern for all of them: asking each for every line takes ten times as long."""
    found = (p for d in dialects for p in (d.start, d.end, d.line, d.like) if p)
    texts = [pattern.pattern for pattern in found]
    alone = any(GROUP.search(text) for text in texts)
    return re.compile(".*" if alone or not texts else "|".join(f"(?:{text})" for text in texts))


def _marks(
    lines: Sequence[str], index: int, dialects: Sequence[Dialect]
) -> Iterator[tuple[Dialect, Role]]:
    """Yield what a line may be; what only looks like a marker is the last choice."""
    line = lines[index].strip()
    near: list[tuple[Dialect, Role]] = []
    sure = False
    for dialect in dialects:
        role = _role(dialect, lines, index, line)
        if role == "like":
            near.append((dialect, role))
        elif role:
            sure = True
            yield dialect, role
    if not sure:
        yield from near[:1]


def _role(dialect: Dialect, lines: Sequence[str], index: int, line: str) -> Role | None:
    if dialect.start and dialect.start.fullmatch(line):
        boxed = index > 0 and dialect.is_rule(lines[index - 1])
        if boxed or not dialect.boxed:
            return "start"
    for role, pattern in (("end", dialect.end), ("line", dialect.line), ("like", dialect.like)):
        if pattern and pattern.fullmatch(line):
            return role  # type: ignore[return-value]
    return None
