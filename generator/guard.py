"""Look at a finished release before anyone can see it; every rule finds mistakes with places.

A rule is a function from a draft to mistakes, and `RULES` is the list of them. What could be code
of the solution is looked for by `leak`, `orphan`, `unclosed` and `recorded`; such a finding an
author may accept with a reason, as long as nothing hidden is part of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.contents import (
    EXTRA,
    FIXED,
    broken_code,
    duplicates,
    leftover_markers,
    nothing_to_write,
    staff_files,
    stored_results,
    unexpected_files,
    unknown_keys,
)
from generator.finding import from_leaks, sift
from generator.imports import foreign_imports, secret_imports
from generator.leak import leaks
from generator.mistakes import collecting, refuse
from generator.orphan import orphans
from generator.page import pages
from generator.recorded import recorded_values
from generator.unclosed import unclosed
from gradlab.errors import AuthorMistake, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from generator.draft import Draft
    from generator.finding import Finding

__all__ = ["EXTRA", "FIXED", "guard"]

RULES: tuple[Callable[[Draft], Iterator[AuthorMistake]], ...] = (
    unexpected_files,
    staff_files,
    nothing_to_write,
    leftover_markers,
    broken_code,
    stored_results,
    unknown_keys,
    duplicates,
    foreign_imports,
    secret_imports,
)


def guard(draft: Draft) -> tuple[str, ...]:
    """Refuse a release that leaks, does not parse, or could not run at a student's.

    Returns:
        What to tell the author all the same, a line each: what was accepted and why, and
        warnings.

    Raises:
        Problems: all that was found, each with its place, and the warnings behind it.
    """
    mistakes = [mistake for rule in RULES for mistake in rule(draft)]
    findings: list[Finding] = []
    with collecting(mistakes):
        findings += _findings(draft)
    left, told = sift(findings, draft.assignment.accept, _settings(draft))
    mistakes += [finding.mistake() for finding in left]
    if mistakes:
        warnings = [AuthorMistake(line) for line in told]
        unique = {str(mistake): mistake for mistake in [*mistakes, *warnings]}
        refuse(list(unique.values()))
    return tuple(told)


def _findings(draft: Draft) -> Iterator[Finding]:
    read = pages(draft)
    yield from from_leaks(leaks(draft, read), draft.assignment.accept)
    yield from orphans(draft, read)
    yield from unclosed(draft, read)
    yield from recorded_values(draft, read)


def _settings(draft: Draft) -> Place:
    folder = draft.assignment.folder
    return Place(f"{folder.parent.name}/{folder.name}/assignment.toml")
