"""The commands: each reads its arguments, calls one step and prints what came of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from gradlab import __version__
from gradlab.course import Course
from gradlab.errors import GradlabError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gradlab.course import Assignment

__all__ = ["commands", "main"]

FINDINGS, OURS = 1, 3
HERE = click.Path(path_type=Path)
NAMES = click.argument("names", nargs=-1, metavar="[NAME]...")


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line; exit 0 done, 1 findings, 2 your mistake, 3 our fault."""
    try:
        sys.exit(commands.main(arguments, prog_name="gradlab", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        sys.exit(130)
    except GradlabError as error:
        click.echo(f"gradlab: {error}", err=True)
        sys.exit(error.exit_code)
    except Exception as error:
        if "GRADLAB_DEBUG" in os.environ:
            raise
        text = f"{type(error).__name__}: {error}".splitlines()[0]
        hint = "set GRADLAB_DEBUG=1 to see where"
        click.echo(f"gradlab: our own fault, not yours: {text} ({hint})", err=True)
        sys.exit(OURS)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gradlab")
def commands() -> None:
    """Package and grade deep-learning homework.

    \b
    gradlab new relu                 start an assignment
    gradlab expected relu --write    record what its reference gives
    gradlab verify relu              prove it: reference all points, release none
    gradlab assign relu              write the student release
    gradlab grade relu submissions   grade a folder of submissions
    """


@commands.command()
@NAMES
def assign(names: tuple[str, ...]) -> None:
    """Write the student release of each NAME (default: all assignments).

    \b
    gradlab assign two_layer_net
    """
    from gradlab.cli import steps  # noqa: PLC0415 - starts fast where it is not needed

    for assignment in _assignments(names):
        for path in steps.assign(assignment):
            _say(f"{assignment.name}: wrote {_shown(path)}")


@commands.command()
@NAMES
def verify(names: tuple[str, ...]) -> None:
    """Prove each NAME: the reference earns all points, the fresh release none.

    Exits 1 if one of them does not.

    \b
    gradlab verify two_layer_net
    """
    from gradlab.cli import steps  # noqa: PLC0415

    found = 0
    for assignment in _assignments(names):
        problems = steps.verify(assignment)
        found += len(problems)
        _say(*(f"{assignment.name}: {problem}" for problem in problems))
        if not problems:
            _say(f"{assignment.name}: the reference earns everything, the fresh release nothing")
    sys.exit(FINDINGS if found else 0)


@commands.command()
@NAMES
@click.option("--write", is_flag=True, help="Keep what the reference gives now.")
def expected(names: tuple[str, ...], *, write: bool) -> None:
    """Run the suites of each NAME against the reference and compare with the recording.

    Without --write nothing is kept: the largest changes are printed, and the exit code is 1 if
    one of them is beyond its check's own tolerance.

    \b
    gradlab expected two_layer_net
    gradlab expected two_layer_net --write
    """
    from gradlab.cli import steps  # noqa: PLC0415

    beyond = False
    for assignment in _assignments(names):
        lines, drifted = steps.expected(assignment, write=write, progress=_progress)
        beyond |= drifted
        _say(*lines)
    sys.exit(FINDINGS if beyond and not write else 0)


@commands.command()
@click.argument("name")
@click.argument("submissions", nargs=-1, required=True, type=HERE, metavar="SUBMISSION...")
@click.option("--out", type=HERE, default=Path("results"), show_default=True, help="Where to.")
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=os.cpu_count() or 1, help="How many at once."
)
def grade(name: str, submissions: tuple[Path, ...], out: Path, jobs: int) -> None:
    """Grade submissions of NAME: folders, zips or notebooks, or folders of such.

    Writes OUT/<submission>/results.json in Gradescope's form, OUT/gradebook.csv and
    OUT/report.html. Exits 3 if the grader itself failed anywhere; those outcomes have no number.

    \b
    gradlab grade two_layer_net submissions --out results --jobs 2
    """
    from gradlab.cli import steps  # noqa: PLC0415

    graded = steps.grade(_course().assignment(name), submissions, out, jobs, progress=_progress)
    _say(graded.table, "", *(f"{what}: {_shown(path)}" for what, path in graded.places))
    sys.exit(OURS if graded.broken else 0)


@commands.command()
@click.argument("name")
def new(name: str) -> None:
    """Write a working assignment of one question, to be changed into yours.

    \b
    gradlab new relu
    """
    from gradlab.cli import steps  # noqa: PLC0415

    course = _course()
    _say(*(f"wrote {_shown(path)}" for path in steps.new(course, name)))
    _say(f"next: gradlab verify {name}, then gradlab assign {name}")


@commands.command()
@click.argument("name", type=click.Choice(["cifar10"]))
@click.option("--to", type=HERE, help="The folder to unpack into (default: the user's cache).")
def data(name: str, to: Path | None) -> None:
    """Download a data set, check it and unpack it.

    \b
    gradlab data cifar10
    """
    from gradlab.cli import dataset  # noqa: PLC0415

    del name  # the only one so far
    _say(f"CIFAR-10 is in {dataset.fetch_cifar10(to or dataset.cache_folder(), _progress)}")


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(*, as_json: bool) -> None:
    """Say what this machine can do, and what is missing.

    \b
    gradlab doctor
    """
    from gradlab.cli import health  # noqa: PLC0415

    findings = health.examine()
    _say(health.as_json(findings) if as_json else health.as_text(findings))
    sys.exit(FINDINGS if any(finding.bad for finding in findings) else 0)


@commands.command()
@click.argument("name", default="two_layer_net")
@click.option("--out", type=HERE, default=Path("demo"), show_default=True, help="Where to.")
def demo(name: str, out: Path) -> None:
    """Package NAME, grade its small sample class and show the results.

    \b
    gradlab demo
    """
    from gradlab.cli import sample, steps  # noqa: PLC0415

    assignment = _course().assignment(name)
    for path in steps.assign(assignment):
        _say(f"wrote {_shown(path)}")
    folder = sample.write_class(assignment, steps.release(assignment).files, out / "submissions")
    jobs = os.cpu_count() or 1
    graded = steps.grade(assignment, (folder,), out / "results", jobs, progress=_progress)
    _say(graded.table, "", *(f"{what}: {_shown(path)}" for what, path in graded.places))
    sys.exit(OURS if graded.broken else 0)


def _course() -> Course:
    return Course.find(Path.cwd())


def _assignments(names: Iterable[str]) -> list[Assignment]:
    course = _course()
    return [course.assignment(name) for name in (tuple(names) or course.names())]


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _say(*lines: Any) -> None:
    for line in lines:
        click.echo(line)


def _progress(text: str) -> None:
    """Show what is being done, or clear it: on one line of a terminal, else not at all."""
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{text}", nl=False, err=True)
