"""One text of a release, prepared for being searched."""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Literal

from generator.contents import EXTRA
from generator.fingerprint import COMPUTES, LEAD, Statement, squeezed, statements, stream
from generator.pycode import dead, live, parse
from generator.unpack import texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from generator.draft import Draft
    from generator.fingerprint import Needle
    from generator.unpack import Text
    from gradlab.errors import Place

__all__ = ["SHINGLE", "Page", "Role", "pages", "shingles", "words"]

Role = Literal["supplied", "given", "text"]
SHINGLE = 8  # words in a row that nobody writes twice by chance
SHORTEST = 5  # characters in which nothing can be hidden
LETTERS = re.compile(r"[^\W\d_]{2}")
LONGEST = 300  # characters of a line of code; longer ones are prose
CODE = re.compile(r"@|\w\[|\bnp\.|\.\w+\(|\.T\b")
QUOTE = re.compile(r"\"|'")
SPAN = re.compile(r"`+([^`\n]+)`+")
NO_STEP = re.compile(r"(?:def|class|import|from|assert|raise)\b|@|-\s")
WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """Return the words of a text in small letters."""
    return WORD.findall(text.lower())


def shingles(found: list[str]) -> Iterator[tuple[str, ...]]:
    """Yield all runs of `SHINGLE` words."""
    return zip(*(found[start:] for start in range(SHINGLE)), strict=False)


@dataclass(frozen=True, eq=False)
class Page:
    """A text of the release, or the living or the dead half of a piece of code.

    Attributes:
        source: where it was found.
        text: what is searched; it has the same lines as the source.
        role: `supplied` and `given` is code that runs, in a supplied file of the package or
            elsewhere; everything else is `text`.
        steps: the lines that can be steps of a solution; None if all can.
    """

    source: Text
    text: str
    role: Role
    steps: frozenset[str] | None = None

    @cached_property
    def stream(self) -> str:
        """The tokens; see `fingerprint.stream`."""
        return stream(self.text)

    @cached_property
    def squeezed(self) -> bytes:
        """The text squeezed; see `fingerprint.squeezed`."""
        return squeezed(self.text)

    @cached_property
    def statements(self) -> list[Statement]:
        """What looks like statements, in order."""
        lines = self.text if self.role != "text" else LEAD.sub("", self.text)
        if self.steps is not None:
            kept = (line if line.strip() in self.steps else "" for line in lines.split("\n"))
            lines = "\n".join(kept)
        return statements(lines)

    @cached_property
    def fragments(self) -> list[Statement]:
        """In a text that is no code: what is quoted, and lines whose brackets stay open."""
        if self.role != "text" or self.steps is not None:
            return []
        found = []
        for number, line in enumerate(self.text.split("\n"), 1):
            found += [Statement(span, number) for span in SPAN.findall(line)]
        for statement in self.statements:
            if "\n" in statement.text:
                lines = enumerate(statement.text.split("\n"), statement.line)
                found += [Statement(line.strip(), number) for number, line in lines]
        return found

    def _may_compute(self, statement: Statement) -> bool:
        """Tell whether it is worth a closer look; a formula in prose says nothing of numpy."""
        text = statement.text
        if len(text) > LONGEST or NO_STEP.match(text) or not COMPUTES.search(text):
            return False
        return self.role != "text" or CODE.search(text) is not None

    @cached_property
    def by_shape(self) -> dict[tuple[str, ...], list[int]]:
        """The positions in `statements` of every shape that computes."""
        positions = defaultdict(list)
        for position, statement in enumerate(self.statements):
            if self._may_compute(statement):
                positions[statement.shape.key].append(position)
        return positions

    @cached_property
    def fragments_by_shape(self) -> dict[tuple[str, ...], list[Statement]]:
        """The fragments of every shape."""
        found = defaultdict(list)
        for fragment in self.fragments:
            if self._may_compute(fragment):
                found[fragment.shape.key].append(fragment)
        return found

    @cached_property
    def words(self) -> list[str]:
        """The words, in small letters; of code those of lines with texts in quotes."""
        return words(self._prose)

    @cached_property
    def shingles(self) -> frozenset[tuple[str, ...]]:
        """All runs of `SHINGLE` words."""
        return frozenset(shingles(self.words))

    def has(self, needle: Needle) -> bool:
        """Tell whether a text's tokens stand in it in a row."""
        return needle.squeezed in self.squeezed and needle.stream in self.stream

    def lines_with(self, needle: Needle) -> Iterator[int]:
        """Yield the lines in which a text's tokens start."""
        tokens = needle.stream
        at = self.stream.find(tokens)
        while at >= 0:
            yield bisect_right(self._ends, self.stream.count(" ", 0, at)) + 1
            at = self.stream.find(tokens, at + 1)

    def lines_saying(self, phrase: Sequence[str], *, alone: bool = False) -> Iterator[int]:
        """Yield the lines in which some words start; `alone`: lines that say nothing else."""
        wanted = f" {' '.join(phrase)} "
        at = self._said.find(wanted)
        while at >= 0:
            before = self._said.count(" ", 0, at)
            line = bisect_right(self._word_ends, before) + 1
            if not alone or words(self._prose.split("\n")[line - 1]) == list(phrase):
                yield line
            at = self._said.find(wanted, at + 1)

    @cached_property
    def _prose(self) -> str:
        if self.role == "text":
            return self.text
        return "\n".join(line if QUOTE.search(line) else "" for line in self.text.split("\n"))

    @cached_property
    def _said(self) -> str:
        return f" {' '.join(self.words)} "

    @cached_property
    def _ends(self) -> list[int]:
        """For each line, how many tokens stand in it and above."""
        return list(accumulate(len(stream(line).split()) for line in self.text.split("\n")))

    @cached_property
    def _word_ends(self) -> list[int]:
        return list(accumulate(len(words(line)) for line in self._prose.split("\n")))

    def place(self, line: int) -> Place:
        """Return the place of a line, in the master if it is known."""
        return self.source.passage.place(line)

    def scopes(self, line: int) -> frozenset[str]:
        """Return the functions and classes around a line, and the cell."""
        cell = self.source.passage.origin.place.cell
        return frozenset({*([cell] if cell else []), *self._definitions(line)})

    def _definitions(self, line: int) -> Iterator[str]:
        if not self.source.is_code:
            return
        try:
            tree = parse(self.source.text)
        except (SyntaxError, ValueError):
            return
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                first = min([node.lineno, *(item.lineno for item in node.decorator_list)])
                if first <= line <= (node.end_lineno or line):
                    yield node.name


def _without_numbers(text: str) -> str:
    """Return a text with nothing in the lines of numbers: tables can be large."""
    return "\n".join(line if LETTERS.search(line) else "" for line in text.split("\n"))


def pages(draft: Draft) -> list[Page]:
    """Return everything in a release that can be read, each text once.

    Raises:
        AuthorMistake: a file unpacks to more than can be looked into.
    """
    found = []
    shipped = draft.supplied - set(draft.assignment.files)
    public = frozenset(line.strip() for line in draft.public[1].split("\n"))
    for text in texts(draft):
        if text.is_code:
            role: Role = "supplied" if text.passage.file in shipped else "given"
            # In `check.py` only the public checks are the author's; the rest is gradlab itself.
            steps = public if text.passage.file in EXTRA else None
            found.append(Page(text, live(text.text), role, steps))
            found.append(Page(text, dead(text.text), "text", steps))
        else:
            shown = _without_numbers(text.text) if text.is_data else text.text
            found.append(Page(text, shown, "text"))
    return [page for page in found if page.source.is_data or len(page.text.strip()) >= SHORTEST]
