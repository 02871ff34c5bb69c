"""The suites of an assignment, loaded from `checks.py` (hidden) and `public.py`."""

from __future__ import annotations

import runpy
import traceback
from dataclasses import fields
from typing import TYPE_CHECKING

from autograder.recording import Recording
from autograder.suite import NO_CONVENTIONS, Suite
from gradlab.course import Limits
from gradlab.errors import AuthorMistake, Place
from gradlab.settings import MOST_COUNT

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path
    from typing import Any

    from autograder.suite import Check
    from gradlab.course import Assignment

__all__ = ["SUITES", "checks_of", "load_battery", "load_suites", "points", "read_suites", "said_of"]

# What students may see comes first, in reports as in their own work.
SUITES = ("public", "checks")


def load_suites(assignment: Assignment) -> dict[str, Suite]:
    """Return the assignment's suites by file: `public`, then `checks`.

    Raises:
        AuthorMistake: a suite is missing, fails to load or has no check.
    """
    return {name: _within(assignment, assignment.folder / f"{name}.py") for name in SUITES}


def read_suites(
    folder: Path,
    preload: Collection[str] = (),
    conventions: Mapping[str, Any] = NO_CONVENTIONS,
    expected: Path | None = None,
) -> tuple[tuple[Suite, Recording], ...]:
    """Return the suites of a folder in their order, each with what the reference gave.

    Args:
        folder: an assignment's, or a bundle's.
        preload: packages that workers have; checks that ask for others are left out.
        conventions: of the edition.
        expected: the folder of the recordings, if it is not `folder/expected`.

    Raises:
        AuthorMistake: as for `load_suites`, or one is not recorded.
    """
    expected = expected or folder / "expected"
    suites = {name: _load(folder / f"{name}.py").within(preload, conventions) for name in SUITES}
    return tuple((suite, Recording.read(expected, name)) for name, suite in suites.items())


def load_battery(assignment: Assignment) -> Suite | None:
    """Return the suite of `battery.py`, which tells mutants apart; None if there is none.

    Raises:
        AuthorMistake: it fails to load or has no check.
    """
    path = assignment.folder / "battery.py"
    return _within(assignment, path) if path.is_file() else None


def points(assignment: Assignment) -> dict[str, float]:
    """Return the points of every check and every question of an assignment."""
    found: dict[str, float] = {}
    for check in checks_of(assignment):
        worth = {check.question: check.maximum} | {check.name: check.points}
        for name, value in worth.items():
            found[name] = found.get(name, 0.0) + value
    return found


def checks_of(assignment: Assignment) -> list[Check]:
    """Return the checks of all suites of an assignment."""
    return [check for suite in load_suites(assignment).values() for check in suite.checks]


def said_of(error: Exception, file: str) -> tuple[str, int | None]:
    """Return what an author reads of an exception, and the line of their file that it came from."""
    text = str(error) if isinstance(error, AuthorMistake) else f"{type(error).__name__}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == file]
    if isinstance(error, SyntaxError) and error.filename == file:
        lines.append(error.lineno)
    return text, lines[-1] if lines else None


def _within(assignment: Assignment, path: Path) -> Suite:
    return _load(path).within(assignment.preload, assignment.edition.conventions)


def _load(path: Path) -> Suite:
    if not path.is_file():
        raise AuthorMistake("a suite is missing; every assignment has one", Place(str(path)))
    try:
        suite = runpy.run_path(str(path)).get("suite")
    except Exception as error:
        message, line = said_of(error, str(path))
        raise AuthorMistake(message, Place(str(path), line=line)) from error
    if not isinstance(suite, Suite) or not suite.checks:
        raise AuthorMistake("there is no `suite` with checks in it", Place(str(path)))
    for check in suite.checks:
        _refuse_limits(check)
    return suite


def _refuse_limits(check: Check) -> None:
    known = [field.name for field in fields(Limits)]
    for name, value in check.limits:
        if name not in known:
            message = f"check {check.name}: no limit {name!r} (there are: {', '.join(known)})"
            raise AuthorMistake(message, check.place)
        if type(value) is not int or not 0 < value <= MOST_COUNT:
            message = f"check {check.name}: {name} is a whole number from 1 to {MOST_COUNT}"
            raise AuthorMistake(message, check.place)
