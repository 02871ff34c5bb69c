"""Does the release contain what was taken out of the masters, or what is hidden?

A line counts when it is distinctive: long enough, and not one that says nothing of its own. Three
lines in a row, and a whole block, count when they are long enough together. What supplied files
contain is public. So is what the code outside the blocks contains, where it merely uses something:
the same call in a given cell and in a solution is no leak. But the same *computation*, outside the
blocks of the module that it was taken from, is a second copy of the solution.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from textwrap import dedent
from typing import TYPE_CHECKING

from generator.pycode import Line, live
from generator.strip import split_lines
from gradlab.errors import AuthorMistake, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from generator.draft import Draft, Passage
    from generator.strip import Block

__all__ = ["hidden_texts", "recorded_names", "removed_code"]

CODE_LENGTH, PROSE_LENGTH, RUN_LENGTH = 12, 16, 24  # characters, without blanks
RUN = 3
TOKEN = re.compile(r"\w+|[^\w\s]")
GAP = re.compile(r"[\s#>]+")


@dataclass(frozen=True)
class Probe:
    """One line, or several in a row, to look for; blanks do not matter.

    Attributes:
        lines: the lines, without comments behind code.
        where: the place of the first.
    """

    lines: tuple[str, ...]
    where: Place

    @cached_property
    def compact(self) -> str:
        """The text without blanks and comment signs."""
        return _compact("".join(self.lines))

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What finds it: the same tokens, whole words, with any blanks between them."""
        parts = (r"\s*".join(map(re.escape, TOKEN.findall(line))) for line in self.lines)
        body = r"[\s#>]*".join(parts)
        return re.compile(rf"(?<!\w){body}(?!\w)")

    def find(self, text: str) -> int | None:
        """Return the offset of the first match."""
        if self.compact not in _compact(text):
            return None
        match = self.pattern.search(text)
        return match.start() if match else None

    def within(self, texts: Sequence[str]) -> bool:
        """Tell whether one of the texts has it."""
        return any(self.find(text) is not None for text in texts)


@lru_cache(maxsize=4096)
def _compact(text: str) -> str:
    return GAP.sub("", text)


def removed_code(draft: Draft) -> Iterator[AuthorMistake]:
    """Yield every place in the release that has code or text of a removed block."""
    supplied = _texts(draft, draft.supplied)
    given = _texts(draft, draft.masters)
    for block in draft.removed:
        for probe in _leaking(block, supplied, given):
            shown = probe.lines[0].strip()
            count = len(probe.lines)
            what = "line" if count == 1 else f"{count} lines from"
            message = f"the solution's {what} `{shown}` ({probe.where}) would be released"
            yield from _found(draft, probe, message)


def hidden_texts(draft: Draft) -> Iterator[AuthorMistake]:
    """Yield every place in the release that has a distinctive line of a hidden file.

    The docstrings of hidden checks are their titles, which students may read.
    """
    public = [draft.public[1], *_texts(draft, draft.supplied | draft.masters)]
    for place, text in draft.hidden:
        for probe in _hidden_lines(place, text):
            if not probe.within(public):
                message = f"a line of {probe.where} would be released: `{probe.lines[0]}`"
                yield from _found(draft, probe, message)


def recorded_names(draft: Draft) -> Iterator[AuthorMistake]:
    """Yield every place in the release that names a file of hidden expected values."""
    for name in draft.recorded:
        probe = Probe((name,), Place(name))
        message = f"{name} holds hidden expected values; students must not read of it"
        yield from _found(draft, probe, message)


def _hidden_lines(place: Place, text: str) -> Iterator[Probe]:
    pairs = zip(text.split("\n"), live(text).split("\n"), strict=True)
    for number, (line, alive) in enumerate(pairs, 1):
        where = replace(place, line=number)
        comment = Probe((line.strip(" \t\r#"),), where)
        code = Probe((alive.strip(),), where)
        if line.lstrip().startswith("#") and len(comment.compact) >= PROSE_LENGTH:
            yield comment
        elif _is_distinctive(code):
            yield code


def _found(draft: Draft, probe: Probe, message: str) -> Iterator[AuthorMistake]:
    for passage in draft.passages:
        for text in [passage.text, live(passage.text)][: 1 + passage.is_code]:
            offset = probe.find(text)
            if offset is not None:
                line = len(split_lines(f"{text[:offset]}|"))
                yield AuthorMistake(message, passage.place(line))
                break


def _texts(draft: Draft, files: frozenset[str]) -> list[str]:
    passages: list[Passage] = [p for p in draft.passages if p.file in files and p.is_code]
    return [live(passage.text) for passage in passages]


def _leaking(block: Block, supplied: list[str], given: list[str]) -> Iterator[Probe]:
    """Yield what of a block must not be in the release: single lines, runs of lines, all of it."""
    lines = [probe for probe in _lines(block) if not probe.within(supplied)]
    alone = {probe for probe in lines if _counts_alone(probe, block, given)}
    yield from (probe for probe in lines if probe in alone)
    for run in _runs(_lines(block)):
        if alone.isdisjoint(run) and _counts_together(run, supplied, given):
            yield _joined(run)
    if not alone and _counts_as_whole(lines):
        yield _joined(lines)


def _lines(block: Block) -> list[Probe]:
    text = dedent("\n".join(block.lines))
    shown = live(text) if block.kind == "code" else text
    first = block.where.line or 1
    return [
        Probe((line.strip(),), Place(block.where.file, block.where.cell, number))
        for number, line in enumerate(shown.split("\n"), first)
        if line.strip()
    ]


def _counts_alone(probe: Probe, block: Block, given: list[str]) -> bool:
    if block.kind == "markdown":
        return len(probe.compact) >= PROSE_LENGTH
    if not _is_distinctive(probe):
        return False
    of_module = block.where.cell is None
    is_copy = of_module and Line.read(probe.lines[0]).computes
    return is_copy or not probe.within(given)


def _is_distinctive(probe: Probe) -> bool:
    return len(probe.compact) >= CODE_LENGTH and not Line.read(probe.lines[0]).bare


def _runs(lines: Sequence[Probe]) -> Iterator[tuple[Probe, ...]]:
    for start in range(len(lines) - RUN + 1):
        yield tuple(lines[start : start + RUN])


def _joined(run: Sequence[Probe]) -> Probe:
    return Probe(tuple(line for probe in run for line in probe.lines), run[0].where)


def _counts_together(run: Sequence[Probe], supplied: list[str], given: list[str]) -> bool:
    joined = _joined(run)
    kinds = [Line.read(line) for line in joined.lines]
    if len(joined.compact) < RUN_LENGTH or all(kind.bare for kind in kinds):
        return False
    return any(kind.computes for kind in kinds) or not joined.within([*supplied, *given])


def _counts_as_whole(lines: Sequence[Probe]) -> bool:
    needed = RUN_LENGTH if len(lines) > 1 else CODE_LENGTH
    is_bare = all(Line.read(probe.lines[0]).bare for probe in lines)
    return not is_bare and sum(len(probe.compact) for probe in lines) >= needed
