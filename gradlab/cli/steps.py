"""What the commands do, as short lists of steps of generator and autograder."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.client import bundle
from autograder.grade import Grader, grade_class
from autograder.intake import find_submissions
from autograder.record import drift, record
from autograder.recording import Recording
from autograder.report import table, write_report
from autograder.stage import handed_in
from autograder.suites import load_suites, points
from autograder.verify import verify as verify_results
from autograder.worker import ForkServer
from generator.new import create
from generator.release import build, write
from generator.strip import strip_text
from gradlab.cli.dataset import cache_folder
from gradlab.errors import AuthorMistake, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from autograder.outcome import Results
    from autograder.record import Drift
    from generator.release import Release
    from gradlab.course import Assignment, Course

__all__ = ["Graded", "assign", "expected", "grade", "new", "release", "servers", "verify"]


@dataclass(frozen=True)
class Graded:
    """What came of grading a class, ready to be printed.

    Attributes:
        table: submissions by questions.
        places: what was written, and where.
        broken: whether the grader failed somewhere.
    """

    table: str
    places: tuple[tuple[str, Path], ...]
    broken: bool


@contextmanager
def servers(course: Course) -> Iterator[tuple[ForkServer, ForkServer]]:
    """Give a fork server for students' workers and one for the reference's, which may read data."""
    environment = {"GRADLAB_DATA": str(cache_folder())}
    here = course.root / "datasets" / "cifar-10-batches-py"
    if folder := os.environ.get("CIFAR10_DIR") or (str(here) if here.is_dir() else ""):
        environment["CIFAR10_DIR"] = str(Path(folder).absolute())
    with ForkServer() as students, ForkServer(environment) as trusted:
        yield students, trusted


def released_modules(assignment: Assignment) -> dict[str, bytes]:
    """Return the students' own modules as they are handed out, by path."""
    paths = {assignment.module_path(name): assignment.source / name for name in assignment.modules}
    texts = {name: path.read_bytes().decode() for name, path in paths.items()}
    return {n: strip_text(t, Place(str(paths[n]))).text.encode() for n, t in texts.items()}


@cache
def release(assignment: Assignment) -> Release:
    """Return the guarded release of an assignment, `check.py` included."""
    recording = Recording.read(assignment.folder / "expected", "public")
    check = bundle(assignment, recording, released_modules(assignment))
    return build(assignment, points=points(assignment), extra={"check.py": check.encode()})


def assign(assignment: Assignment) -> tuple[Path, ...]:
    """Write the release of an assignment; return what was written."""
    return write(release(assignment), assignment.course.release)


def new(course: Course, name: str) -> list[Path]:
    """Write a working assignment of one question, and record it."""
    paths = create(course, name)
    assignment = course.assignment(name)
    expected(assignment, write=True)
    return [*paths, assignment.folder / "expected"]


def expected(
    assignment: Assignment, *, write: bool, progress: Callable[[str], Any] = lambda _: None
) -> tuple[list[str], bool]:
    """Record an assignment's suites; return lines to print and whether something drifted."""
    folder, released = assignment.folder / "expected", released_modules(assignment)
    lines, drifted = [], False
    with servers(assignment.course) as both:
        for name, suite in load_suites(assignment).items():
            old = _recorded(folder, name)
            now = record(assignment, suite, old, both, released, progress)
            progress("")
            moved = drift(old, now) if old else []
            drifted |= old is None or any(item.beyond for item in moved)
            lines += [f"{assignment.name}/{name}: {line}" for line in _drift_lines(old, moved)]
            if write:
                now.write(folder, name)
                lines.append(f"{assignment.name}/{name}: recorded {len(now.checks)} checks")
    return lines, drifted


def _recorded(folder: Path, name: str) -> Recording | None:
    try:
        return Recording.read(folder, name)
    except AuthorMistake:
        if (folder / f"{name}.json").exists():
            raise
        return None


def _drift_lines(old: Recording | None, moved: list[Drift]) -> Iterator[str]:
    if old is None:
        yield "not recorded before; --write keeps what the reference gives now"
        return
    for item in moved:
        what = f"{item.check} {item.finding}".rstrip()
        if item.words:
            yield f"{what}: {item.words}"
        elif item.absolute:
            size = f"changed by {item.absolute:.3g} ({item.relative:.3g} of the largest entry)"
            yield f"{what}: {size}{', beyond its tolerance' if item.beyond else ''}"
    if not any(item.words or item.absolute for item in moved):
        yield f"nothing changed ({len(moved)} findings)"


def verify(assignment: Assignment) -> list[str]:
    """Return what is wrong with an assignment as a whole; [] if it is ready."""
    files = release(assignment).files
    with servers(assignment.course) as both, tempfile.TemporaryDirectory() as folder:
        grader = Grader.of(assignment, released_modules(assignment), both)
        return verify_results(grader, assignment, files, Path(folder))


def grade(
    assignment: Assignment,
    paths: Sequence[Path],
    out: Path,
    jobs: int,
    progress: Callable[[str], Any] = lambda _: None,
) -> Graded:
    """Grade submissions into `out`; return what to print."""
    found = find_submissions(paths, handed_in(assignment))
    done = 0

    def tell(result: Results) -> None:
        nonlocal done
        done += 1
        progress(f"{done} of {len(found)} graded, {result.submission} just now")

    with servers(assignment.course) as both:
        grader = Grader.of(assignment, released_modules(assignment), both)
        results = grade_class(grader, found, out, jobs, tell)
        progress("")
    written = list(write_report(assignment, results, out))
    written.insert(0, out / "<submission>" / "results.json")
    places = zip(("results", "gradebook", "report"), written, strict=True)
    return Graded(table(results), tuple(places), any(result.broken for result in results))
