"""Helpers that only the solution uses: with the solution gone, they say how it is written."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from generator.contents import EXTRA
from generator.finding import ACCEPT, Finding
from generator.pycode import live, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from generator.draft import Draft, Passage
    from generator.page import Page

__all__ = ["orphans"]

NAME = re.compile(r"[^\W\d]\w*")
REMEDY = f"move it into the block, or name it in the instructions, {ACCEPT}"
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def orphans(draft: Draft, pages: Sequence[Page]) -> Iterator[Finding]:
    """Yield functions and classes of the students' files that only removed code mentions."""
    used = _names("\n".join(live("\n".join(block.lines)) for block in draft.removed))
    known = _names(draft.public[1])
    for _, text in draft.hidden:
        known |= _names(text)
    for passage in draft.passages:
        if passage.is_code and passage.file in draft.masters:
            for node in _helpers(passage, draft):
                if node.name in used - known and not _is_mentioned(node, passage, pages):
                    what = f"only the solution uses `{node.name}`"
                    names = frozenset({node.name})
                    place = passage.place(node.lineno)
                    yield Finding(place, what, REMEDY, names, passage.file)


def _names(text: str) -> set[str]:
    return set(NAME.findall(text))


def _helpers(
    passage: Passage, draft: Draft
) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Yield the definitions in which students write nothing."""
    try:
        tree = parse(passage.text)
    except (SyntaxError, ValueError):
        return
    where = passage.origin.place
    holes = [
        block.where.line or 0
        for block in draft.removed
        if (block.where.file, block.where.cell) == (where.file, where.cell)
    ]
    for node in ast.walk(tree):
        if isinstance(node, DEFINITIONS) and not node.name.startswith("__"):
            first, last = passage.place(node.lineno).line or 0, passage.place(node.end_lineno or 0)
            if not any(first <= hole <= (last.line or 0) for hole in holes):
                yield node


def _is_mentioned(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef,
    passage: Passage,
    pages: Sequence[Page],
) -> bool:
    """Tell whether anything in the release besides the definition itself says its name."""
    for page in pages:  # in `check.py` stand the modules as they are released, helpers included
        if node.name in page.text and page.source.passage.file not in EXTRA:
            here = page.source.passage is passage
            for number, line in enumerate(page.text.split("\n"), 1):
                inside = here and node.lineno <= number <= (node.end_lineno or number)
                if not inside and node.name in NAME.findall(line):
                    return True
    return False
