"""What a command is asked to work on: assignments, their editions; and the options that say so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gradlab.course import Course
from gradlab.errors import UserMistake

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradlab.course import Assignment

__all__ = ["EDITION", "EDITIONS", "NAMES", "RECOGNISED", "REQUIRE", "assignments", "course"]

REQUIRE = click.option(
    "--require",
    type=click.Choice(["full", "container", "user", "split"]),
    default="container",
    show_default=True,
    help="Run no student code below this level of protection; `gradlab doctor` explains them.",
)
NAMES = click.argument("names", nargs=-1, metavar="[NAME]...")
# For commands that work on every edition, and for those that work on one.
EDITIONS = click.option("--edition", default="", metavar="EDITION", help="Only that edition.")
EDITION = click.option("--edition", default="", metavar="EDITION", help="By default the first.")
RECOGNISED = click.option(
    "--edition", default="", metavar="EDITION", help="By default recognised by the files."
)


def course() -> Course:
    """Return the course that the current folder lies in."""
    return Course.find(Path.cwd())


def candidates(name: str, edition: str) -> list[Assignment]:
    """Return the editions of an assignment that a submission may be of: that one, or all.

    Raises:
        UserMistake: there is no such assignment or edition.
    """
    assignment = course().assignment(name, edition)
    return [assignment] if edition else assignment.editions()


def assignments(names: Sequence[str], edition: str) -> list[Assignment]:
    """Return the assignments that a command works on, in all editions or in one.

    Args:
        names: their names; none for all of the course, or for all that have the edition.
        edition: its name, or "" for all.

    Raises:
        UserMistake: there is no such assignment or edition, or none at all.
    """
    here = course()
    if not here.names():
        raise UserMistake(f"no assignments in {here.assignments}; make one with `gradlab new NAME`")
    if edition and not names:
        names = [n for n in here.names() if edition in here.assignment(n).edition.names]
        if not names:
            raise UserMistake(f"no assignment has an edition {edition!r}")
    if edition:
        return [here.assignment(name, edition) for name in names]
    found = [here.assignment(name) for name in (names or here.names())]
    return [each for assignment in found for each in assignment.editions()]
