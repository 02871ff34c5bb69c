"""The commands: each reads its arguments, calls one step and prints what came of it."""

from __future__ import annotations

import errno
import gc
import json
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from gradlab import __version__
from gradlab.cli.choosing import (
    EDITION,
    EDITIONS,
    NAMES,
    RECOGNISED,
    REQUIRE,
    assignments,
    candidates,
    course,
)
from gradlab.cli.staff import staff
from gradlab.cli.telling import progress, say, shown
from gradlab.errors import GradlabError, UserMistake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlab.cli.grading import Graded

__all__ = ["commands", "main"]

FINDINGS, OURS = 1, 3
JOBS = os.cpu_count() or 1
HERE = click.Path(path_type=Path)
THERE = click.Path(path_type=Path, exists=True)
THREADS = "OPENBLAS_NUM_THREADS"


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
        if isinstance(error, OSError) and (error.filename or error.errno == errno.ENOSPC):
            click.echo(f"gradlab: this machine refuses: {error}", err=True)
            sys.exit(UserMistake.exit_code)
        text = f"{type(error).__name__}: {error}".splitlines()[0]
        hint = "set GRADLAB_DEBUG=1 to see where"
        click.echo(f"gradlab: our own fault, not yours: {text} ({hint})", err=True)
        sys.exit(OURS)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gradlab")
def commands() -> None:
    """Package and grade deep-learning homework.

    \b
    gradlab init my-course           start a course
    gradlab new relu                 start an assignment
    gradlab expected relu --write    record what its reference gives
    gradlab verify relu              prove it: reference all points, release none
    gradlab audit relu               plant mistakes: does the hidden suite catch them?
    gradlab assign relu              write the student release
    gradlab staff relu               write what staff read: solutions, rubrics, a guide
    gradlab grade relu submissions   grade a folder of submissions
    gradlab gradescope relu          make the zip that Gradescope grades with
    """


commands.add_command(staff)


@commands.command()
@NAMES
@EDITIONS
@click.option("--check", is_flag=True, help="Write nothing; show what would change.")
def assign(names: tuple[str, ...], edition: str, *, check: bool) -> None:
    """Write the student release of each NAME (default: all assignments), in each of its editions.

    With --check nothing is written: the differences to the last release are printed, and the exit
    code is 1 if there are any.

    \b
    gradlab assign two_layer_net
    gradlab assign two_layer_net --check
    """
    with _brief():
        from gradlab.cli import packing  # noqa: PLC0415 - starts fast where it is not needed

        changed = False
        for assignment in assignments(names, edition):
            notes = packing.tried_release(assignment).notes
            say(*(f"{assignment.label}: {note}" for note in notes))
            if check:
                lines = packing.differences(assignment)
                changed |= bool(lines)
                say(*lines or [f"{assignment.label}: as released"])
                continue
            for path in packing.assign(assignment):
                say(f"{assignment.label}: wrote {shown(path)}")
    sys.exit(FINDINGS if changed else 0)


@commands.command()
@click.argument("file", required=False, type=HERE)
def dialects(file: Path | None) -> None:
    """List the ways to mark what students write, or show the marked blocks of FILE.

    FILE is a module or a notebook, as `.ipynb` or as text. Nothing is written.

    \b
    gradlab dialects
    gradlab dialects assignments/relu/relu.ipynb
    """
    from gradlab.cli import packing  # noqa: PLC0415

    if file is None:
        say(*packing.list_dialects(Path.cwd()))
    else:
        say(*packing.list_marks(file) or [f"{shown(file)}: nothing is marked"])


@commands.command()
@click.argument("folder", type=HERE)
def init(folder: Path) -> None:
    """Write a new course to FOLDER, with one working assignment.

    \b
    gradlab init my-course
    """
    from gradlab.cli import steps  # noqa: PLC0415

    say(*(f"wrote {shown(path)}" for path in steps.init(folder)))
    say(f"next: cd {shown(folder)}, then gradlab verify")


@commands.command()
@NAMES
@EDITIONS
def verify(names: tuple[str, ...], edition: str) -> None:
    """Prove each NAME in each edition: the reference earns all points, the fresh release none.

    Nor does code that returns None, zeros, ones, NaN or its input, has a constant loss with
    gradients of zero, or fails when it is imported. The reference needs at most a third of every
    check's limits, and earns all points with other secret seeds too. Exits 1 if anything is amiss.

    \b
    gradlab verify two_layer_net
    """
    from gradlab.cli import steps  # noqa: PLC0415

    found = 0
    for assignment in assignments(names, edition):
        problems = steps.verify(assignment, progress)
        found += len(problems)
        say(*(f"{assignment.label}: {problem}" for problem in problems))
        if not problems:
            say(f"{assignment.label}: the reference earns everything, what is empty nothing")
    sys.exit(FINDINGS if found else 0)


@commands.command()
@NAMES
@EDITIONS
@click.option("--write", is_flag=True, help="Keep what the reference gives now.")
def expected(names: tuple[str, ...], edition: str, *, write: bool) -> None:
    """Run the suites of each NAME, in each edition, and compare with the recording.

    Without --write nothing is kept: the largest changes are printed, and the exit code is 1 if
    one of them is beyond its check's own tolerance.

    \b
    gradlab expected two_layer_net
    gradlab expected two_layer_net --write
    """
    from gradlab.cli import steps  # noqa: PLC0415

    beyond = False
    for assignment in assignments(names, edition):
        lines, drifted = steps.expected(assignment, write=write, progress=progress)
        beyond |= drifted
        say(*lines)
    sys.exit(FINDINGS if beyond and not write else 0)


@commands.command()
@click.argument("name")
@EDITION
@click.option("--threshold", type=click.FloatRange(0, 100), default=95, show_default=True)
@click.option("--max", "most", type=click.IntRange(1), help="At most so many mutants, by chance.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of that choice.")
@click.option("--jobs", type=click.IntRange(1, 64), default=JOBS, help="How many at once.")
@click.option("--page", type=HERE, help="Where the diffs go (default: in the folder audit).")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def audit(  # noqa: PLR0913 - a parameter for each option
    name: str,
    *,
    edition: str,
    threshold: float,
    most: int | None,
    seed: int,
    jobs: int,
    page: Path | None,
    as_json: bool,
) -> None:
    """Plant mistakes in the reference of NAME and see which the hidden suite catches.

    Exits 1 if fewer than --threshold percent are caught, or more than 10 percent cannot be told
    from the reference by its own battery.

    \b
    gradlab audit two_layer_net
    gradlab audit two_layer_net --max 100 --seed 1 --json
    """
    from autograder.mutation import page as pages  # noqa: PLC0415
    from autograder.mutation.audit import Extent  # noqa: PLC0415
    from gradlab.cli import steps  # noqa: PLC0415

    assignment, least = course().assignment(name, edition), threshold / 100
    place = page or Path("audit") / f"{assignment.label}.html"
    found = steps.audit(assignment, place, least, Extent(most, seed, jobs, progress))
    if as_json:
        say(json.dumps(pages.as_table(assignment, found, least), indent=1))
    else:
        say(pages.as_text(found, least), "", f"page: {shown(place)}")
    sys.exit(0 if found.passes(least) else FINDINGS)


@commands.command()
@NAMES
@EDITIONS
@click.option("--jobs", type=click.IntRange(1, 64), default=JOBS, help="How many at once.")
def hints(names: tuple[str, ...], edition: str, jobs: int) -> None:
    """Record what planted mistakes give in each NAME, so that a failed check can name them.

    Writes mistakes.npz beside the recording; run it again after `gradlab expected --write`.

    \b
    gradlab hints two_layer_net
    """
    from autograder.mutation.audit import Extent  # noqa: PLC0415
    from gradlab.cli import steps  # noqa: PLC0415

    for assignment in assignments(names, edition):
        count = steps.hints(assignment, Extent(None, 0, jobs, progress))
        say(f"{assignment.label}: {count} hints recorded")


@commands.command()
@click.argument("name")
@click.argument("submissions", nargs=-1, required=True, type=HERE, metavar="SUBMISSION...")
@RECOGNISED
@click.option("--out", type=HERE, default=Path("results"), show_default=True, help="Where to.")
@click.option("--jobs", type=click.IntRange(1, 64), default=JOBS, help="How many at once.")
@REQUIRE
def grade(
    name: str, submissions: tuple[Path, ...], *, edition: str, out: Path, jobs: int, require: str
) -> None:
    """Grade submissions of NAME: folders, zips or notebooks, or folders of such.

    Writes OUT/<submission>/results.json in Gradescope's form, OUT/gradebook.csv and
    OUT/report.html. Exits 3 if the grader itself failed anywhere; those outcomes have no number.

    \b
    gradlab grade two_layer_net submissions --out results --jobs 2
    """
    from gradlab.cli import grading  # noqa: PLC0415

    asked = candidates(name, edition)
    _show(grading.grade(asked, submissions, out, jobs, require=require, progress=progress))


@commands.command()
@click.argument("name")
@EDITION
@click.option("--out", type=HERE, help="The zip (default: NAME-autograder.zip).")
@click.option("--rehearse", type=THERE, multiple=True, metavar="SUBMISSION", help="Run it here.")
@click.option("--python", type=HERE, help="Stands for the site's (default: the system's).")
@REQUIRE
def gradescope(
    name: str,
    *,
    edition: str,
    out: Path | None,
    rehearse: tuple[Path, ...],
    python: Path | None,
    require: str,
) -> None:
    """Write NAME-autograder.zip, which makes Gradescope grade NAME.

    With --rehearse nothing is kept: the zip is set up and run on this machine as on the site, in a
    container of its own where this machine allows it. Exits 1 if the results are not as they should
    be.

    \b
    gradlab gradescope two_layer_net
    gradlab gradescope two_layer_net --rehearse submissions/ada
    """
    from gradlab.cli import gradescope as zipping  # noqa: PLC0415

    assignment = course().assignment(name, edition)
    if not rehearse:
        path = out or Path(f"{assignment.label}-autograder.zip")
        written = zipping.write_zip(assignment, path, require)
        say(f"{assignment.label}: wrote {shown(written)}, {written.stat().st_size / 1e6:.1f} MB")
        return
    from gradlab.cli import rehearsal  # noqa: PLC0415

    sound = True
    for line, good in rehearsal.rehearse(assignment, require, rehearse, python):
        sound &= good
        say(line)
    sys.exit(0 if sound else FINDINGS)


@commands.command()
@click.argument("name")
@click.argument("submission", type=THERE)
@click.argument("check")
@RECOGNISED
@click.option("--of", default="", metavar="ID", help="Which one, where SUBMISSION holds several.")
@click.option("--student", is_flag=True, help="Only what may be pasted into an answer.")
@REQUIRE
def explain(  # noqa: PLR0913 - a parameter for each option
    name: str, submission: Path, check: str, *, edition: str, of: str, student: bool, require: str
) -> None:
    """Run one CHECK of NAME on a SUBMISSION again, and show why it earned what it earned.

    Staff see the inputs, the wanted and the received values, and the student's code; the inputs are
    those that the submission always gets.

    \b
    gradlab explain two_layer_net submissions/ada loss
    gradlab explain two_layer_net canvas.zip loss --of ada_123_456 --student
    """
    from gradlab.cli import steps  # noqa: PLC0415

    found = steps.explain(candidates(name, edition), submission, check, of=of, require=require)
    say(found.for_student() if student else found.for_staff())


@commands.command()
@click.argument("name")
def new(name: str) -> None:
    """Write a working assignment of one question, to be changed into yours.

    \b
    gradlab new relu
    """
    from gradlab.cli import steps  # noqa: PLC0415

    say(*(f"wrote {shown(path)}" for path in steps.new(course(), name)))
    say(f"next: gradlab verify {name}, then gradlab assign {name}")


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
    say(f"CIFAR-10 is in {dataset.fetch_cifar10(to or dataset.cache_folder(), progress)}")


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(*, as_json: bool) -> None:
    """Say what this machine can do, and what is missing.

    \b
    gradlab doctor
    """
    from gradlab.cli import health  # noqa: PLC0415

    findings = health.examine()
    say(health.as_json(findings) if as_json else health.as_text(findings))
    sys.exit(FINDINGS if any(finding.bad for finding in findings) else 0)


@commands.command()
@click.argument("name", default="two_layer_net")
@click.option("--out", type=HERE, default=Path("demo"), show_default=True, help="Where to.")
def demo(name: str, out: Path) -> None:
    """Package NAME, grade its small sample class and show the results.

    \b
    gradlab demo
    """
    from gradlab.cli import packing, sample, steps  # noqa: PLC0415

    assignment = course().assignment(name)
    for path in packing.assign(assignment):
        say(f"wrote {shown(path)}")
    folder = sample.write_class(assignment, steps.release(assignment).files, out / "submissions")
    # The class is made here, so any level will do.
    _show(steps.grade(assignment, (folder,), out / "results", JOBS, require="split"))


@contextmanager
def _brief() -> Iterator[None]:
    """Spare a short command what takes a third of its time: cycles of garbage, threads of BLAS."""
    was_on, was_set = gc.isenabled(), THREADS in os.environ
    gc.disable()
    os.environ.setdefault(THREADS, "1")  # is read when numpy is imported
    try:
        yield
    finally:
        gc.freeze()  # nor look through all of it at the end
        if was_on:
            gc.enable()
        if not was_set:
            del os.environ[THREADS]


def _show(graded: Graded) -> NoReturn:
    say(graded.table, "", *(f"{what}: {shown(path)}" for what, path in graded.places))
    say(f"level: {graded.level.name}")
    sys.exit(OURS if graded.broken else 0)
