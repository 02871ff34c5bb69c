"""Marker lines that may also be comments: where the end line was forgotten, the solution ships."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from generator.finding import ACCEPT, Finding
from generator.marks import is_harmless, pairs
from gradlab.errors import Problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from generator.draft import Draft, Passage
    from generator.page import Page

__all__ = ["unclosed"]

REMEDY = f"close it with its end line, word the comment otherwise, {ACCEPT}"
# What stands below an instruction to students, and no solution.
GIVEN = re.compile(r"(pass|\.\.\.|raise\b.*|return( None)?|(@|(async )?def|class|import|from)\b.*)")


def unclosed(draft: Draft, pages: Sequence[Page]) -> Iterator[Finding]:
    """Yield lines like `# TODO` that no end line closes, with code below that would be released."""
    for page in pages:
        is_comments = page.role == "text" and page.source.is_code
        if is_comments and page.source.passage.file in draft.masters:
            for dialect in draft.dialects:
                if dialect.soft and dialect.start:
                    yield from _on_page(page, dialect.start, draft)


def _on_page(page: Page, start: re.Pattern[str], draft: Draft) -> Iterator[Finding]:
    lines = page.source.text.split("\n")
    found = [index for index, line in enumerate(lines) if start.fullmatch(line.strip())]
    closed = _closed(page.source.passage, lines, draft) if found else set()
    for index in found:
        below = _below(lines, index)
        if index not in closed and below:
            shown = lines[index].strip()
            what = f"`{shown}` is not closed, so `{below}` below it would be released"
            names = frozenset({below, *page.scopes(index + 1)})
            yield Finding(page.place(index + 1), what, REMEDY, names, page.source.passage.file)


def _closed(passage: Passage, lines: Sequence[str], draft: Draft) -> set[int]:
    """Return where the blocks start that have an end; all markers are kept in such dialects."""
    usable = [dialect for dialect in draft.dialects if dialect.scope == "code"]
    try:
        found = pairs(lines, usable, lambda index: passage.place(index + 1))
    except Problems:  # then none counts as closed
        return set()
    return {index for pair in found for index in range(pair.start, pair.end)}


def _below(lines: Sequence[str], start: int) -> str:
    """Return the first line of code below an unclosed line that is no stub, or ''."""
    for line in lines[start + 1 :]:
        code = line.strip()
        if code and not code.startswith("#"):
            inside = _depth(line) >= _depth(lines[start])
            return code if inside and not (is_harmless(code) or GIVEN.fullmatch(code)) else ""
    return ""


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
