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
from typing import TYPE_CHECKING

from generator.dialect import DIALECTS, Dialect, Kind
from generator.marks import Pair, is_harmless, pairs
from generator.mistakes import collecting, refuse
from generator.stub import is_whole_statement, stub_line, stub_texts
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
        aside: whether it was no solution: hidden tests, a seed, a mark scheme.
    """

    mark: str
    kind: Kind
    where: Place
    lines: tuple[str, ...]
    aside: bool = False


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

    @property
    def is_written_in(self) -> bool:
        """Whether a solution was taken out, so that students write in its place."""
        return not all(block.aside for block in self.removed)


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


@dataclass(frozen=True)
class Edit:
    """Lines `start` to `end` of the master become these; each comes with its master's index."""

    start: int
    end: int
    lines: tuple[tuple[int, str], ...] = ()
    removed: Block | None = None


@dataclass(frozen=True)
class Source:
    """A master's text in lines, and where it stands."""

    lines: tuple[str, ...]
    where: Place

    def place(self, index: int) -> Place:
        """Return the place of a line."""
        return replace(self.where, line=index + 1)

    def numbered(self, first: int, last: int) -> tuple[tuple[int, str], ...]:
        """Return lines with their indices."""
        return tuple((index, self.lines[index]) for index in range(first, last))

    def block(self, dialect: Dialect, kind: Kind, first: int, last: int) -> Block:
        """Return what is taken out with some lines."""
        body = tuple(line.rstrip("\r\n") for line in self.lines[first:last])
        return Block(dialect.name, kind, self.place(first), body, dialect.aside)


def strip_text(
    text: str,
    where: Place,
    kind: Kind = "code",
    dialects: Sequence[Dialect] = DIALECTS,
    beside: str = "",
) -> Stripped:
    """Return the text with every marked block replaced by its stub.

    Line ends, tabs and everything outside the blocks stay as they are.

    Args:
        text: a module or the source of a notebook cell.
        where: the file, and the cell if there is one, for messages.
        kind: which dialects apply.
        dialects: the course's.
        beside: further text in which names that a block assigns may be used.

    Raises:
        Problems: markers are half-open, nested, misspelt, or enclose nothing.
    """
    source = Source(tuple(split_lines(text)), where)
    usable = [dialect for dialect in dialects if dialect.scope == kind]
    found = pairs(source.lines, usable, source.place)
    if not found:
        return Stripped(text, (), tuple(range(1, len(source.lines) + 1)))
    mistakes = list(_doubtful(source, found))
    edits: list[Edit] = []
    elsewhere = _elsewhere(source, found, beside)
    for pair in found:
        with collecting(mistakes):
            edits += _edits(source, pair, kind, elsewhere)
    refuse(mistakes)
    return _edited(source, sorted(edits, key=lambda edit: edit.start))


def split_lines(text: str) -> list[str]:
    """Return the lines with their ends, cut where Python's own tokenizer cuts them."""
    return LINE.findall(text)


def _edited(source: Source, edits: Sequence[Edit]) -> Stripped:
    kept: list[tuple[int, str]] = []
    at = 0
    for edit in edits:
        kept += [*source.numbered(at, edit.start), *edit.lines]
        at = edit.end + 1
    kept += source.numbered(at, len(source.lines))
    removed = tuple(edit.removed for edit in edits if edit.removed)
    origins = tuple(index + 1 for index, _ in kept)
    return Stripped("".join(line for _, line in kept), removed, origins)


def _elsewhere(source: Source, found: Sequence[Pair], beside: str) -> str:
    """Return the text outside the blocks, and what stands beside it."""
    taken = _taken(found)
    given = [line for index, line in enumerate(source.lines) if index not in taken]
    return "".join([*given, beside])


def _taken(found: Sequence[Pair]) -> set[int]:
    """Return the indices of the lines of all blocks, markers included."""
    return {i for pair in found if not pair.holds for i in range(pair.start, pair.end + 1)}


def _doubtful(source: Source, found: Sequence[Pair]) -> Iterator[AuthorMistake]:
    """Yield code in a box, but outside the blocks in it: it may be given, or be the solution."""
    taken = _taken(found)
    for pair in found:
        for index in range(pair.start + 1, pair.end) if pair.holds else ():
            line = source.lines[index].strip()
            if index not in taken and not is_harmless(line):
                message = (
                    f"`{line}` is in a box, but not in the block in it; move it out of the box"
                )
                yield AuthorMistake(message, source.place(index))


def _edits(source: Source, pair: Pair, kind: Kind, elsewhere: str) -> Iterator[Edit]:
    """Yield what becomes of a pair's lines."""
    if pair.dialect.line:
        yield _marked_line(source, pair, kind)
    elif pair.dialect.frame or pair.holds:
        if not pair.dialect.keep:
            yield Edit(pair.start, pair.start)
            yield Edit(pair.end, pair.end)
    else:
        region = _region(source, pair)
        removed = source.block(pair.dialect, kind, region.first, region.last)
        yield Edit(pair.start, pair.end, _filled(source, region, elsewhere), removed)


def _marked_line(source: Source, pair: Pair, kind: Kind) -> Edit:
    line, place = source.lines[pair.start], source.place(pair.start)
    match = pair.dialect.line and pair.dialect.line.fullmatch(line.strip())
    code = match[1] if match and match.re.groups else line.strip()
    stub = pair.dialect.stub
    if kind == "code":
        try:
            if not is_whole_statement("".join(source.lines), pair.start + 1):
                raise ValueError("marks a part of a statement; use BEGIN and END lines around it")  # noqa: TRY301
            stub = stub_line(code, stub)
        except ValueError as error:
            raise AuthorMistake(f"`{line.strip()}` {error}", place) from None
    removed = source.block(pair.dialect, kind, pair.start, pair.start + 1)
    removed = replace(removed, lines=(code,))
    return Edit(pair.start, pair.start, tuple(_indented(line, [stub], pair.start)), removed)


def _indented(
    leader: str, texts: Sequence[str], index: int, end: str = ""
) -> Iterator[tuple[int, str]]:
    """Yield lines of a stub with the indentation of one line and the line end of it or another."""
    indent = leader[: len(leader) - len(leader.lstrip())]
    end = end or leader[len(leader.rstrip("\r\n")) :]
    for text in texts:
        if text:
            yield index, f"{indent}{text}{end}"


def _filled(source: Source, region: Region, elsewhere: str) -> tuple[tuple[int, str], ...]:
    """Return what a region becomes: its marker lines if they are kept, and the stub."""
    lines = source.lines
    body = [line for line in lines[region.first : region.last] if line.strip()]
    code = [line for line in body if not line.lstrip().startswith("#")]
    start = lines[region.start]
    end = start[len(start.rstrip("\r\n")) :]
    texts = _stub_texts(source, region, elsewhere)
    stub = tuple(_indented((code or body)[0], texts, region.first, end))
    if not region.dialect.keep:
        return stub
    head = source.numbered(region.start, region.first)
    head = tuple(pair for pair in head if pair[0] not in region.choices)
    tail = source.numbered(region.last, region.end + 1)
    return (*head, *stub, *(_comment(*pair) for pair in tail))


def _comment(index: int, line: str) -> tuple[int, str]:
    """Return a marker line as a comment, which some courses' are not."""
    bare = line.lstrip()
    is_one = not bare or bare.startswith(("#", "<!--"))
    return index, line if is_one else f"{line[: len(line) - len(bare)]}# {bare}"


def _stub_texts(source: Source, region: Region, elsewhere: str) -> list[str]:
    choice, lines = region.dialect.choice, source.lines
    found = [choice.fullmatch(lines[i].strip()) for i in region.choices] if choice else []
    chosen = [match[1] for match in found if match] or region.dialect.stub.split("\n")
    body = "".join(lines[i] for i in range(region.first, region.last) if i not in region.choices)
    try:
        return stub_texts(chosen, body, elsewhere)
    except ValueError as error:
        raise AuthorMistake(f"stub: {error}", source.place(region.start)) from None


def _region(source: Source, pair: Pair) -> Region:
    dialect, lines = pair.dialect, source.lines
    first, last = pair.start + 1, pair.end
    if pair.start > 0 and dialect.is_rule(lines[pair.start - 1]):
        first = _after_rule(source, pair)
    elif dialect.prose:
        while lines[first].lstrip().startswith("#") and first < last:
            first += 1
    if last > first and dialect.is_rule(lines[last - 1]):
        last -= 1
    choices = tuple(i for i in range(pair.start + 1, last) if dialect.is_choice(lines[i]))
    if not any(lines[i].strip() for i in range(first, last) if i not in choices):
        message = "nothing to take out between these markers (is a rule missing?)"
        raise AuthorMistake(message, source.place(pair.start))
    return Region(dialect, pair.start, pair.end, first, last, choices)


def _after_rule(source: Source, pair: Pair) -> int:
    """Return the index after the rule that closes the explanation."""
    for index in range(pair.start + 1, pair.end):
        line = source.lines[index].strip()
        if pair.dialect.is_rule(line):
            return index + 1
        if line and not line.startswith("#"):
            break
    message = "the explanation is not closed by a ruled line, so the solution's start is unclear"
    raise AuthorMistake(message, source.place(pair.start))
