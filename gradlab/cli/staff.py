"""The command `staff`: what staff read of an assignment."""

from __future__ import annotations

from pathlib import Path

import click

from gradlab.cli.choosing import EDITIONS, NAMES, assignments
from gradlab.cli.telling import progress, say, shown

__all__ = ["staff"]


@click.command()
@NAMES
@EDITIONS
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("dist"),
    show_default=True,
    help="Where to.",
)
@click.option("--no-run", is_flag=True, help="Do not execute the notebooks.")
@click.option("--full", is_flag=True, help="Execute them in full, not in quick size.")
@click.option(
    "--minutes",
    type=click.FloatRange(0, min_open=True),
    default=15,
    show_default=True,
    help="The longest that the notebooks of a NAME may take.",
)
def staff(
    names: tuple[str, ...], *, edition: str, out: Path, no_run: bool, full: bool, minutes: float
) -> None:
    """Write what staff read of each NAME: the solutions with their outputs, rubrics, a guide.

    OUT/NAME-staff gets the notebooks, executed, and the modules, each also as HTML and PDF, and
    guide.html, which says what is graded how. Never give it to students; their release is written
    by `gradlab assign`.

    \b
    gradlab staff two_layer_net
    gradlab staff two_layer_net --no-run
    """
    from gradlab.cli.staffing import Running, build  # noqa: PLC0415 - starts fast

    how = None if no_run else Running(quick=not full, minutes=minutes)
    for assignment in assignments(names, edition):
        built = build(assignment, out, how, progress)
        progress("")
        say(*(f"{assignment.label}: {note}" for note in built.notes))
        say(*(f"{assignment.label}: wrote {shown(path)}" for path in built.paths))
