"""What `grade` does: light to import, since one submission takes well under a second."""

from __future__ import annotations

import os
import shutil
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.bulk import find_submissions
from autograder.editions import ByEdition
from autograder.forkserver import ForkServer
from autograder.grade import Grader, grade_class, in_turn
from autograder.level import LEVELS, open_box, refuse_exposed
from autograder.report import Report, table
from autograder.reread import Earlier
from autograder.stage import handed_in
from generator.modules import student_modules
from gradlab.cli.dataset import cache_folder
from gradlab.cli.machine import refuse_other_numbers
from gradlab.course import Assignment
from gradlab.errors import UserMistake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from fractions import Fraction

    from autograder.level import Level
    from autograder.outcome import Outcome, Results
    from gradlab.course import Course

__all__ = ["Graded", "data_folders", "grade", "grader_of", "hidden", "servers"]


@dataclass(frozen=True)
class Graded:
    """What came of grading a class, ready to be printed.

    Attributes:
        table: submissions by questions, and notes.
        places: what was written, and where.
        level: how well the grader was protected.
        broken: whether the grader failed somewhere.
    """

    table: str
    places: tuple[tuple[str, Path], ...]
    level: Level
    broken: bool


@contextmanager
def servers(
    course: Course, require: str = "split", preload: tuple[str, ...] = ()
) -> Iterator[tuple[ForkServer, ForkServer]]:
    """Give a fork server for students' workers and one for the reference's, which may read data."""
    trust = ForkServer(environment=data_folders(course), lazy=True)
    with open_box(require, preload=preload) as students, trust as trusted:
        yield students, trusted


def data_folders(course: Course) -> dict[str, str]:
    """Return where the reference finds its data, as environment variables."""
    environment = {"GRADLAB_DATA": str(cache_folder())}
    here = course.root / "datasets" / "cifar-10-batches-py"
    if folder := os.environ.get("CIFAR10_DIR") or (str(here) if here.is_dir() else ""):
        environment["CIFAR10_DIR"] = str(Path(folder).absolute())
    return environment


def hidden(assignment: Assignment, paths: Iterable[Path]) -> list[Path]:
    """Return the places that student code must not see."""
    return [assignment.folder, assignment.course.solutions, *paths]


def grader_of(
    editions: Sequence[Assignment], both: tuple[ForkServer, ForkServer]
) -> Grader | ByEdition:
    """Return a grader of one edition of an assignment, or of several.

    Raises:
        AuthorMistake: a suite or its recording is not what it should be, or not of this machine.
    """
    graders = {each.edition.name: Grader.of(each, student_modules(each), both) for each in editions}
    for each in editions:
        refuse_other_numbers(each, graders[each.edition.name], both)
    return ByEdition.among(graders) if len(graders) > 1 else next(iter(graders.values()))


def grade(
    editions: Assignment | Sequence[Assignment],
    paths: Sequence[Path],
    out: Path,
    jobs: int,
    *,
    require: str = "container",
    progress: Callable[[str], Any] = lambda _: None,
) -> Graded:
    """Grade submissions into `out`; say what to print.

    Args:
        editions: an assignment, or several editions of one: then each submission is graded as the
            one that it is recognised as.
        paths: where they lie.
        out: the folder of the results.
        jobs: how many at a time.
        require: the weakest level of protection at which student code runs.
        progress: told how far it is.

    Raises:
        UserMistake: there are no submissions, or `out` lies among them.
    """
    editions = [editions] if isinstance(editions, Assignment) else editions
    assignment = editions[0]
    names = [name for edition in editions for name in handed_in(edition)]
    notes: list[str] = []
    found = find_submissions(paths, names, notes.append)
    for path in paths:
        if out.resolve().is_relative_to(path.resolve()):
            text = f"{out} lies in {path}, and would be graded the next time; choose another --out"
            raise UserMistake(text)
    done = 0

    def tell(result: Results) -> None:
        nonlocal done
        done += 1
        report.add(result)
        progress(f"{done} of {len(found)} graded, {result.submission} just now")

    running = servers(assignment.course, require, assignment.preload)
    with closing(Report(assignment)) as report, running as both:
        refuse_exposed(both[0].box, hidden(assignment, [out, *paths]))
        grader = grader_of(editions, both)
        results = grade_class(grader, found, out, jobs, tell)
        level = LEVELS[both[0].box.level]
        progress("")
        report.notes += notes
        others = _add_earlier(report, grader, results, out)
        rows = sorted([*results, *others], key=lambda result: result.submission)
        written = list(report.write(rows, out))
    written.insert(0, out / "<submission>" / "results.json")
    places = zip(("results", "gradebook", "report"), written, strict=True)
    broken = any(result.broken for result in results)
    kept = [f"{len(others)} more of earlier runs are in gradebook and report"] if others else []
    text = table(results, shutil.get_terminal_size().columns)
    lines = [text, *(f"note: {note}" for note in report.notes), *kept]
    return Graded("\n".join(lines), tuple(places), level, broken)


def _add_earlier(
    report: Report, grader: Grader, results: Sequence[Results], out: Path
) -> list[Results]:
    """Add the submissions that earlier runs graded to the report; return them without texts."""
    graders = grader.graders.values() if isinstance(grader, ByEdition) else [grader]
    editions = [[check for check, _ in in_turn(each.suites)] for each in graders]
    earlier = Earlier(out, grader.assignment, editions)
    kept: list[Results] = []
    known: dict[tuple[int, str, Fraction], Outcome] = {}
    for result in earlier.results({each.submission for each in results}):
        if isinstance(result, str):
            report.notes.append(result)
        else:
            report.add(result)
            kept.append(result.slim(known))
    return kept
