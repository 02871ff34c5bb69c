"""Does the release contain what was taken out of the masters, or what is hidden?

A line counts when it is distinctive: long enough, and not one that says nothing of its own. Three
lines in a row count when they are long enough together, and a whole block does so too, or when it
computes something, however short it is. A line with other names counts when it does enough
(`fingerprint.Shape`), or as one of several in a row. What supplied files contain is public, as long
as it is not three lines of the solution in a row. So is what the code outside the blocks contains,
where it merely uses something: the same call in a given cell and in a solution is no leak. But the
same *computation*, outside the blocks of the module that it was taken from, is a second copy of the
solution.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from generator.fingerprint import Needle, stream, weight
from generator.page import SHINGLE, shingles, words
from generator.secret import SAYS, secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from generator.draft import Draft
    from generator.fingerprint import Statement
    from generator.page import Page, Role
    from generator.secret import Kind, Piece, Secret
    from gradlab.errors import Place

__all__ = ["Leak", "leaks"]

ROW, ROW_LENGTH = 3, 24  # lines one after the other, and their characters without blanks
PAIR, PAIR_SAYS = 2, 12  # two lines count when they say as much as three others do
WHOLE_SAYS = 12  # of a whole block, its variables included
PHRASE = 6  # words of a sentence that is found wherever it stands
SENTENCE, SENTENCE_LENGTH = 3, 16  # words and characters of one that has a line of its own
NEVER = 10_000


class Enough(NamedTuple):
    """From how much information on a find with other names counts: one line, a row of lines."""

    line: int
    row: int


ENOUGH: dict[tuple[Kind, Role], Enough] = {
    ("module", "supplied"): Enough(NEVER, 10),
    ("module", "given"): Enough(6, 8),
    ("module", "text"): Enough(5, 8),
    ("cell", "supplied"): Enough(NEVER, 10),
    ("cell", "given"): Enough(NEVER, 8),
    ("cell", "text"): Enough(5, 8),
    ("hidden", "supplied"): Enough(NEVER, 12),
    ("hidden", "given"): Enough(NEVER, 10),
    ("hidden", "text"): Enough(6, 10),
}


@dataclass(frozen=True)
class Leak:
    """A place in the release that has something of a secret.

    Attributes:
        secret: of what.
        page: where.
        line: the page's line.
        pieces: the secret's lines that were found there.
        renamed: whether they stand there with other names.
    """

    secret: Secret
    page: Page
    line: int
    pieces: tuple[Piece, ...]
    renamed: bool = False

    @property
    def place(self) -> Place:
        """The place in the master, if it is known."""
        return self.page.place(self.line)


def leaks(draft: Draft, pages: Sequence[Page]) -> Iterator[Leak]:
    """Yield every place in the release that has something of a removed block or a hidden file."""
    public = Public.of(draft, pages)
    for secret in secrets(draft):
        search = Search(secret, public)
        for page in pages:
            yield from search.of(page)


@dataclass(frozen=True)
class Everything:
    """All texts of a release, squeezed: most of what is looked for is nowhere in them."""

    squeezed: bytes
    answers: dict[bytes, bool] = field(default_factory=dict)

    def may_have(self, needle: Needle) -> bool:
        """Tell whether it is worth while to look for something page by page."""
        if needle.squeezed not in self.answers:
            self.answers[needle.squeezed] = needle.squeezed in self.squeezed
        return self.answers[needle.squeezed]


@dataclass(frozen=True)
class Public:
    """What students may read anyway.

    Attributes:
        everything: all texts of the release.
        supplied: the code of supplied files.
        given: the code around the removed blocks.
        checks: the tokens of the public checks.
        phrases: what the public checks say, in words.
        shipped: all of the supplied files.
    """

    everything: Everything
    supplied: list[Page]
    given: list[Page]
    checks: str
    phrases: frozenset[tuple[str, ...]]
    shipped: list[Page]

    @classmethod
    def of(cls, draft: Draft, pages: Sequence[Page]) -> Public:
        """Return what is public of a release."""
        supplied = {page.source.passage.file for page in pages if page.role == "supplied"}
        shipped = [page for page in pages if page.source.passage.file in supplied]
        given = [page for page in pages if page.source.passage.file in draft.masters]
        checks = draft.public[1]
        return cls(
            Everything(b"\0".join(page.squeezed for page in pages)),
            [page for page in shipped if page.role == "supplied"],
            [page for page in given if page.role == "given"],
            stream(checks),
            frozenset(shingles(words(checks))),
            shipped,
        )

    def supplies(self, piece: Piece) -> bool:
        """Tell whether a line stands in a supplied file."""
        return self.everything.may_have(piece.value) and any(
            page.has(piece.value) for page in self.supplied
        )

    def has(self, secret: Secret, piece: Piece) -> bool:
        """Tell whether one line of a secret is public."""
        if self.supplies(piece):
            return True
        if secret.kind == "hidden":
            return piece.value.stream in self.checks
        if secret.kind == "module" and piece.line.computes:
            return False
        return any(page.has(piece.value) for page in self.given)

    def has_row(self, row: Row, *, even_given: bool) -> bool:
        """Tell whether a row is public; with `even_given` it is no excuse that students have it."""
        if even_given:
            return False
        known = any(page.has(row.needle) for page in (*self.supplied, *self.given))
        return known or row.needle.stream in self.checks

    def says(self, secret: Secret, phrase: tuple[str, ...]) -> bool:
        """Tell whether some words in a row are public; answers and texts for staff never are."""
        known = [page.shingles for page in self.shipped if secret.kind in ("module", "cell")]
        known += [self.phrases] if secret.kind not in ("answer", "staff") else []
        return any(phrase in said for said in known)

    def has_shape(self, secret: Secret, piece: Piece) -> bool:
        """Tell whether one line of a secret is public but for its names."""
        key = piece.statement.shape.key
        pages = self.supplied if secret.kind == "module" else [*self.supplied, *self.given]
        return any(key in page.by_shape for page in pages)


@dataclass(frozen=True)
class Row:
    """Several lines of a secret, one after the other.

    Attributes:
        pieces: the lines.
        needle: all of them, to look for.
    """

    pieces: tuple[Piece, ...]
    needle: Needle

    @classmethod
    def of(cls, pieces: Sequence[Piece]) -> Row:
        """Return some lines as a row."""
        return cls(tuple(pieces), Needle.of("\n".join(piece.text for piece in pieces)))

    @property
    def says_enough(self) -> bool:
        """Whether it is long enough, and more than lines that say nothing of their own."""
        length = sum(piece.length for piece in self.pieces)
        return length >= ROW_LENGTH and not all(piece.line.bare for piece in self.pieces)

    @property
    def computes_something(self) -> bool:
        """Whether there is a computation of some substance in it."""
        # A return says as much as a name that is assigned.
        said = sum(weight(piece.text.replace("return ", "_ ")) for piece in self.pieces)
        return said >= SAYS and any(piece.line.computes for piece in self.pieces)


class Search:
    """The search for one secret; what is the same for all pages is worked out once."""

    def __init__(self, secret: Secret, public: Public) -> None:
        self.secret, self.public = secret, public
        self.single = [piece for piece in secret.pieces if self._counts_alone(piece)]
        self.rows = [*self._rows(), *self._whole()]
        shapes = ((piece, piece.statement.shape) for piece in secret.steps)
        least = min(enough.line for enough in ENOUGH.values())
        self.telling = [pair for pair in shapes if pair[1].information >= least]
        self.phrases = frozenset(secret.phrases)
        self.sentences = [piece for piece in secret.prose if self._is_sentence(piece)]

    def _counts_alone(self, piece: Piece) -> bool:
        """Tell whether one line is somewhere in the release and should not be."""
        there = self.public.everything.may_have(piece.value)
        return there and piece.is_distinctive and not self.public.has(self.secret, piece)

    def _rows(self) -> Iterator[Row]:
        """Yield lines in a row that say enough together."""
        lines = self.secret.lines if self.secret.kind != "answer" else ()
        for pieces in zip(*(lines[start:] for start in range(ROW)), strict=False):
            if not all(self.public.everything.may_have(piece.value) for piece in pieces):
                continue
            row = Row.of(pieces)
            if not (self.public.everything.may_have(row.needle) and row.says_enough):
                continue
            computes = any(piece.line.computes for piece in pieces)
            if not self.public.has_row(row, even_given=computes and self.secret.is_solution):
                yield row

    def _whole(self) -> Iterator[Row]:
        """Yield all lines together, where none of them counts alone."""
        lines = [piece for piece in self.secret.lines if not self.public.supplies(piece)]
        if self.secret.kind in ("module", "cell", "staff") and lines and not self.single:
            row = Row.of(lines)
            if self.public.everything.may_have(row.needle) and self._is_enough(row):
                yield row

    def _is_enough(self, row: Row) -> bool:
        """Tell whether a whole block says enough, and more than that something is used."""
        if row.computes_something:
            return row.says_enough or self.secret.is_solution
        is_call = len(row.pieces) == 1 and "(" in row.pieces[0].text
        is_mere_use = self.secret.kind == "staff" or (self.secret.kind == "cell" and is_call)
        return row.says_enough and not is_mere_use

    def of(self, page: Page) -> Iterator[Leak]:
        """Yield what a page has of the secret."""
        yield from self._lines(page)
        for row in self.rows:
            if page.has(row.needle):
                yield from self._leaks(page, page.lines_with(row.needle), row.pieces)
        if self.secret.kind != "answer":
            kind = self.secret.kind if self.secret.is_solution else "hidden"
            enough = ENOUGH[kind, page.role]
            yield from self._renamed(page, enough.line)
            yield from self._rows_renamed(page, enough.row)
        yield from self._phrases(page)
        yield from self._sentences(page)

    def _leaks(
        self, page: Page, lines: Iterable[int], pieces: Sequence[Piece], *, renamed: bool = False
    ) -> Iterator[Leak]:
        for line in lines:
            yield Leak(self.secret, page, line, tuple(pieces), renamed)

    def _lines(self, page: Page) -> Iterator[Leak]:
        """Yield single lines; in code that runs a line of a hidden check must sound like one."""
        if page.role == "supplied":
            return
        for piece in self.single:
            means_it = self.secret.is_solution or page.role == "text" or piece.of_suite
            if means_it and page.has(piece.value):
                yield from self._leaks(page, page.lines_with(piece.value), [piece])

    def _renamed(self, page: Page, enough: int) -> Iterator[Leak]:
        """Yield single lines with other names."""
        for piece, shape in self.telling:
            if shape.information >= enough:
                found = [page.statements[at] for at in page.by_shape.get(shape.key, ())]
                found += page.fragments_by_shape.get(shape.key, ())
                lines = [statement.line for statement in found]
                if lines and piece.line.computes and not self.public.has_shape(self.secret, piece):
                    yield from self._leaks(page, lines, [piece], renamed=True)

    def _rows_renamed(self, page: Page, enough: int) -> Iterator[Leak]:
        """Yield lines in a row with other names, each name for one of the solution's."""
        reached: dict[int, int] = {}  # up to where a pair of texts side by side has been read
        shortest = min(PAIR, len(self.secret.steps)) if self.secret.is_solution else PAIR
        for first, step in enumerate(self.secret.steps):
            for at in page.by_shape.get(step.statement.shape.key, ()):
                if at >= reached.get(at - first, 0):
                    row = self._row_at(page, first, at)
                    reached[at - first] = at + len(row)
                    if _says_enough(row, enough, shortest) or self._is_whole(row, page):
                        pieces = [piece for piece, _ in row]
                        yield from self._leaks(page, [row[0][1].line], pieces, renamed=True)

    def _is_whole(self, row: Sequence[tuple[Piece, Statement]], page: Page) -> bool:
        """Tell whether a row is all of a solution: then the pattern of its names says enough."""
        if len(row) < max(PAIR, len(self.secret.steps)) or not self.secret.is_solution:
            return False
        steps = [piece.statement for piece, _ in row]
        said = sum(step.shape.information + step.names.total() for step in steps)
        return page.role != "supplied" and said >= WHOLE_SAYS and _same_pattern(row)

    def _row_at(self, page: Page, first: int, at: int) -> list[tuple[Piece, Statement]]:
        """Return the statements in a row, around the given ones, that are alike."""
        below = zip(self.secret.steps[first:], page.statements[at:], strict=False)
        above = zip(self.secret.steps[:first][::-1], page.statements[:at][::-1], strict=False)
        return [*[*takewhile(_alike, above)][::-1], *takewhile(_alike, below)]

    def _phrases(self, page: Page) -> Iterator[Leak]:
        """Yield runs of words."""
        for phrase in sorted(page.shingles & self.phrases):
            if not self.public.says(self.secret, phrase):
                lines = page.lines_saying(phrase)
                yield from self._leaks(page, lines, [self.secret.phrases[phrase]])

    def _sentences(self, page: Page) -> Iterator[Leak]:
        """Yield sentences that are shorter than such a run."""
        for piece in self.sentences:
            lines = page.lines_saying(piece.words, alone=len(piece.words) < PHRASE)
            yield from self._leaks(page, lines, [piece])

    def _is_sentence(self, piece: Piece) -> bool:
        """Tell whether a line is looked for as a whole: too short for a run of words, or a note."""
        if self.secret.kind == "notes":
            return len(piece.words) >= SHINGLE
        is_short = SENTENCE <= len(piece.words) < SHINGLE and piece.length >= SENTENCE_LENGTH
        return is_short and self.secret.kind not in ("module", "cell")


def _alike(pair: tuple[Piece, Statement]) -> bool:
    return pair[0].statement.shape.key == pair[1].shape.key


def _says_enough(row: Sequence[tuple[Piece, Statement]], enough: int, shortest: int) -> bool:
    """Tell whether a row is long, says enough, and uses its names in the same pattern."""
    said = [piece.statement.shape.information for piece, _ in row if piece.line.computes]
    if len(said) < shortest or sum(said) < (enough if len(row) >= ROW else max(enough, PAIR_SAYS)):
        return False
    return _same_pattern(row)


def _same_pattern(row: Sequence[tuple[Piece, Statement]]) -> bool:
    return _pattern([piece.statement for piece, _ in row]) == _pattern([there for _, there in row])


def _pattern(row: Sequence[Statement]) -> list[tuple[int, ...]]:
    """Return, for each name in any order, how often every statement mentions it."""
    counts = [statement.names for statement in row]
    return sorted(tuple(count[name] for count in counts) for name in set().union(*counts))
