"""What the guard found, in the words of its report, and what an author accepts of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from generator.fingerprint import stream
from gradlab.errors import AuthorMistake, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from generator.leak import Leak
    from gradlab.course import Acceptance

__all__ = ["ACCEPT", "REMEDY", "Finding", "from_leaks", "sift"]

ACCEPT = "or accept it with a reason ([[accept]] in assignment.toml)"
REMEDY = {
    "supplied": f"supply another file, ask for something else, {ACCEPT}",
    "given": f"mark it as well, take it out, {ACCEPT}",
    "text": f"take it out, {ACCEPT}",
    "hidden": "take it out",
}


@dataclass(frozen=True)
class Finding:
    """One thing that should not be in a release.

    Attributes:
        place: where it stands.
        what: what is wrong.
        remedy: what to do.
        names: by which names an author can accept it: the line that the message quotes, the
            functions and classes around the place, the cell; none if it cannot be accepted.
        file: its file's path in the release.
    """

    place: Place
    what: str
    remedy: str
    names: frozenset[str] = frozenset()
    file: str = ""

    def mistake(self) -> AuthorMistake:
        """Return it as an error."""
        return AuthorMistake(f"{self.what}; {self.remedy}", self.place)

    def is_accepted(self, by: Acceptance) -> bool:
        """Tell whether an acceptance means it."""
        paths = (PurePosixPath(self.place.file), PurePosixPath(self.file))
        return any(path.match(by.file) for path in paths) and stream(by.finding) in map(
            stream, self.names
        )


def from_leaks(leaks: Iterable[Leak], accepted: Sequence[Acceptance]) -> Iterator[Finding]:
    """Yield a finding for all that one text has of one secret, except for what is accepted.

    What is accepted is yielded as it is, line by line.
    """
    together: dict[object, list[Leak]] = {}
    for leak in leaks:
        single = _finding([leak])
        if any(single.is_accepted(by) for by in accepted):
            yield single
        else:
            passage = leak.page.source.passage
            where = (str(passage.origin.place), passage.file, leak.secret.name, id(leak.secret))
            together.setdefault(where, []).append(leak)
    yield from map(_finding, together.values())


def _finding(leaks: Sequence[Leak]) -> Finding:
    """Return what some leaks of one secret in one text are together."""
    first = min(leaks, key=lambda leak: (leak.line, leak.renamed))
    pieces = {piece for leak in leaks for piece in leak.pieces}
    quote = " ".join(first.pieces[0].text.split())
    count = "line" if len(pieces) == 1 else f"{len(pieces)} lines from"
    names = ", with other names" if all(leak.renamed for leak in leaks) else ""
    secret, page = first.secret, first.page
    what = f"{secret.name} {count} `{quote}` ({first.pieces[0].where}) would be released"
    remedy = REMEDY[page.role if secret.is_solution else "hidden"]
    can = frozenset({quote, *page.scopes(first.line)}) if secret.is_solution else frozenset()
    shown = f"{what}{names}{page.source.how}"
    return Finding(first.place, shown, remedy, can, page.source.passage.file)


def sift(
    findings: Iterable[Finding], accepted: Sequence[Acceptance], settings: Place
) -> tuple[list[Finding], list[str]]:
    """Return what is left to refuse, and what to tell the author: one line each.

    Every acceptance is told, with its reason; one that matches nothing is a warning.
    """
    left: list[Finding] = []
    used: dict[Acceptance, list[Finding]] = {by: [] for by in accepted}
    for finding in findings:
        matching = [by for by in accepted if finding.is_accepted(by)]
        for by in matching:
            used[by].append(finding)
        if not matching:
            left.append(finding)
    return left, [_told(by, found, settings) for by, found in used.items()]


def _told(by: Acceptance, found: Sequence[Finding], settings: Place) -> str:
    if not found:
        what = f"warning: [[accept]] {by.finding!r} matches nothing in {by.file}"
        return f"{settings}: {what}; take it out"
    places = sorted({str(finding.place) for finding in found})
    more = f" and {len(places) - 1} more" if len(places) > 1 else ""
    return f"{places[0]}{more}: accepted `{by.finding}`: {by.reason}"
