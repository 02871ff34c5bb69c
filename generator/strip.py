"""Replace marked blocks by their stubs: one engine on lines, for modules and notebook cells.

# ============ #                      # ============ #
# YOUR CODE HERE:                     # YOUR CODE HERE:
#   Compute the scores.               #   Compute the scores.
# stub: scores = None                 # ============ #
# ============ #               ->     scores = None
hidden = np.maximum(0, X @ W1)        # ============ #
scores = hidden @ W2                  # END YOUR CODE HERE
# ============ #                      # ============ #
# END YOUR CODE HERE
# ============ #
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from generator.dialect import DIALECTS, Dialect, Kind
from generator.mistakes import collecting, refuse
from gradlab.errors import AuthorMistake, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Block", "Stripped", "split_lines", "strip_text"]

LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


@dataclass(frozen=True)
class Block:
    """What was taken out of one marked block.

    Attributes:
        mark: the dialect that marked it, or the tag of a cell that is dropped whole.
        kind: whether it is code or markdown.
        where: its first line in the master.
        lines: its lines, without line ends.
    """

    mark: str
    kind: Kind
    where: Place
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Stripped:
    """A text without its blocks.

    Attributes:
        text: the text with stubs.
        removed: the blocks, in order.
        origins: for each line of `text` the line of the master that it comes from (a stub comes
            from its block's first line), counted from 1.
    """

    text: str
    removed: tuple[Block, ...] = ()
    origins: tuple[int, ...] = ()


@dataclass(frozen=True)
class Mark:
    """A marker line: which dialect's, which end of a block, at which index."""

    dialect: Dialect
    role: Literal["start", "end", "like"]
    index: int


@dataclass(frozen=True)
class Region:
    """A found block: marker lines at `start` and `end`, solution in `first` to `last` - 1.

    `choices` are the indices of the lines that choose the stub.
    """

    dialect: Dialect
    start: int
    end: int
    first: int
    last: int
    choices: tuple[int, ...] = ()


def strip_text(text: str, where: Place, kind: Kind = "code") -> Stripped:
    """Return the text with every marked block replaced by its stub.

    Line ends, tabs and everything outside the blocks stay as they are.

    Args:
        text: a module or the source of a notebook cell.
        where: the file, and the cell if there is one, for messages.
        kind: which dialects apply.

    Raises:
        Problems: markers are half-open, nested, misspelt, or enclose nothing.
    """
    lines = split_lines(text)
    kept: list[tuple[int, str]] = []
    removed = []
    at = 0
    for region in _regions(lines, where, kind):
        kept += [*_numbered(lines, at, region.start), *_filled(lines, region)]
        removed.append(_block(lines, region, where))
        at = region.end + 1
    kept += _numbered(lines, at, len(lines))
    origins = tuple(index + 1 for index, _ in kept)
    return Stripped("".join(line for _, line in kept), tuple(removed), origins)


def split_lines(text: str) -> list[str]:
    """Return the lines with their ends, cut where Python's own tokenizer cuts them."""
    return LINE.findall(text)


def _numbered(lines: Sequence[str], first: int, last: int) -> list[tuple[int, str]]:
    return [(index, lines[index]) for index in range(first, last)]


def _filled(lines: Sequence[str], region: Region) -> list[tuple[int, str]]:
    """Return what a region becomes: its marker lines if they are kept, and the stub."""
    stub = [(region.first, line) for line in _stub(lines, region)]
    if not region.dialect.keep:
        return stub
    head = _numbered(lines, region.start, region.first)
    head = [pair for pair in head if pair[0] not in region.choices]
    return [*head, *stub, *_numbered(lines, region.last, region.end + 1)]


def _stub(lines: Sequence[str], region: Region) -> list[str]:
    body = [line for line in lines[region.first : region.last] if line.strip()]
    code = [line for line in body if not line.lstrip().startswith("#")]
    leader = (code or body)[0]
    indent = leader[: len(leader) - len(leader.lstrip())]
    start = lines[region.start]
    end = start[len(start.rstrip("\r\n")) :]
    return [f"{indent}{text}{end}" for text in _stub_texts(lines, region)]


def _stub_texts(lines: Sequence[str], region: Region) -> list[str]:
    choice = region.dialect.choice
    found = [choice.fullmatch(lines[i].strip()) for i in region.choices] if choice else []
    return [match[1] for match in found if match] or [region.dialect.stub]


def _block(lines: Sequence[str], region: Region, where: Place) -> Block:
    body = tuple(line.rstrip("\r\n") for line in lines[region.first : region.last])
    place = replace(where, line=region.first + 1)
    return Block(region.dialect.name, region.dialect.kind, place, body)


def _regions(lines: Sequence[str], where: Place, kind: Kind) -> list[Region]:
    mistakes: list[AuthorMistake] = []
    regions = []
    for start, end in _pairs(lines, where, kind, mistakes):
        with collecting(mistakes):
            regions.append(_region(lines, start, end, where))
    refuse(mistakes)
    return regions


def _marks(lines: Sequence[str], kind: Kind) -> Iterator[Mark]:
    dialects = [dialect for dialect in DIALECTS if dialect.kind == kind]
    for index, line in enumerate(lines):
        found = [mark for dialect in dialects if (mark := _mark(line.strip(), dialect, index))]
        sure = [mark for mark in found if mark.role != "like"]
        yield from (sure or found)[:1]


def _mark(line: str, dialect: Dialect, index: int) -> Mark | None:
    if dialect.start.fullmatch(line):
        return Mark(dialect, "start", index)
    if dialect.end.fullmatch(line):
        return Mark(dialect, "end", index)
    return Mark(dialect, "like", index) if dialect.like.fullmatch(line) else None


def _pairs(
    lines: Sequence[str], where: Place, kind: Kind, mistakes: list[AuthorMistake]
) -> Iterator[tuple[Mark, Mark]]:
    """Yield the matching pairs of markers; what does not match goes to `mistakes`."""
    opened: Mark | None = None

    def blame(mark: Mark, message: str) -> None:
        shown = lines[mark.index].strip()
        mistakes.append(AuthorMistake(f"`{shown}` {message}", replace(where, line=mark.index + 1)))

    for mark in _marks(lines, kind):
        if mark.role == "start":
            if opened:
                blame(mark, f"opens a block inside the one opened in line {opened.index + 1}")
            opened = mark
        elif mark.role == "end" and opened and opened.dialect is mark.dialect:
            yield opened, mark
            opened = None
        elif mark.role == "end":
            blame(mark, "closes a block that was not opened")
        elif not opened:
            blame(mark, "looks like a marker, but is not spelt like one")
    if opened:
        blame(opened, "opens a block that is never closed")


def _region(lines: Sequence[str], start: Mark, end: Mark, where: Place) -> Region:
    dialect = start.dialect
    above = start.index > 0 and dialect.is_rule(lines[start.index - 1])
    first = _body_start(lines, start, end, where) if above else start.index + 1
    last = end.index
    if last > first and dialect.is_rule(lines[last - 1]):
        last -= 1
    choices = tuple(i for i in range(start.index + 1, last) if dialect.is_choice(lines[i]))
    if not any(lines[i].strip() for i in range(first, last) if i not in choices):
        message = "nothing to take out between these markers (is a rule missing?)"
        raise AuthorMistake(message, replace(where, line=start.index + 1))
    return Region(dialect, start.index, end.index, first, last, choices)


def _body_start(lines: Sequence[str], start: Mark, end: Mark, where: Place) -> int:
    """Return the index after the rule that closes the explanation."""
    for index in range(start.index + 1, end.index):
        line = lines[index].strip()
        if start.dialect.is_rule(line):
            return index + 1
        if line and not line.startswith("#"):
            break
    message = "the explanation is not closed by a ruled line, so the solution's start is unclear"
    raise AuthorMistake(message, replace(where, line=start.index + 1))
