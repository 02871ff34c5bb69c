"""What the commands do, as short lists of steps of generator and autograder."""

from __future__ import annotations

import platform
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from autograder.bulk import find_submissions
from autograder.editions import ByEdition
from autograder.environment import ANOTHER_BLAS
from autograder.explain import explain as explain_check
from autograder.forkserver import ForkServer
from autograder.grade import Grader
from autograder.intake import Source, Submission
from autograder.level import refuse_exposed
from autograder.mutation.audit import Shop
from autograder.mutation.audit import audit as audit_suite
from autograder.mutation.cache import Cache
from autograder.mutation.notes import note
from autograder.mutation.page import as_page
from autograder.record import drift, record, refuse_shaky
from autograder.recording import Recording, write_atomically
from autograder.stage import handed_in
from autograder.suites import load_suites
from autograder.verify import Proof
from generator.modules import marked_lines
from generator.modules import student_modules as released_modules
from generator.new import create, create_course
from gradlab.cli.dataset import cache_folder
from gradlab.cli.grading import Graded, data_folders, grade, grader_of, hidden, servers
from gradlab.cli.packing import release
from gradlab.course import Assignment, Course
from gradlab.errors import AuthorMistake, UserMistake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from autograder.explain import Explanation
    from autograder.mutation.audit import Audit, Extent
    from autograder.record import Drift
    from autograder.suite import Suite

__all__ = ["Graded", "expected", "explain", "grade", "init", "new", "release", "servers"]

MOST_NAMED = 30  # submissions, where one must be chosen


def init(folder: Path) -> list[Path]:
    """Write a course with a working assignment, and record it."""
    created = create_course(folder)
    return [*created, *new(Course.find(folder), "first_steps")]


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
    folder, released = assignment.expected, released_modules(assignment)
    lines, drifted = [], False
    with servers(assignment.course, preload=assignment.preload) as both:
        for name, suite in load_suites(assignment).items():
            old = _recorded(folder, name)
            now = record(assignment, suite, old, both, released, progress)
            if write:
                refuse_shaky(now, *_again(assignment, suite, now, both, released))
            progress("")
            moved = drift(old, now) if old else []
            drifted |= old is None or any(item.beyond for item in moved)
            lines += [f"{assignment.label}/{name}: {line}" for line in _drift_lines(old, moved)]
            if write:
                now.write(folder, name)
                lines.append(f"{assignment.label}/{name}: recorded {len(now.checks)} checks")
    return lines, drifted


def _again(
    assignment: Assignment,
    suite: Suite,
    now: Recording,
    both: tuple[ForkServer, ForkServer],
    released: Mapping[str, bytes],
) -> Iterator[Recording]:
    """Record once more here, and once with another processor's kernels of BLAS."""
    yield record(assignment, suite, now, both, released)
    kernel = {"OPENBLAS_CORETYPE": ANOTHER_BLAS.get(platform.machine(), "")}
    data = data_folders(assignment.course)
    with ForkServer(environment={**data, **kernel}, preload=assignment.preload) as other:
        yield record(assignment, suite, now, (other, other), released)


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


def verify(assignment: Assignment, progress: Callable[[str], Any] = lambda _: None) -> list[str]:
    """Return what is wrong with an assignment as a whole; [] if it is ready."""
    files = release(assignment).files
    with servers(assignment.course, preload=assignment.preload) as both:
        grader = Grader.of(assignment, released_modules(assignment), both)
        return Proof(assignment, grader, both, files).problems(progress)


def audit(
    assignment: Assignment,
    page: Path,
    threshold: float,
    extent: Extent,
) -> Audit:
    """Try an assignment's hidden suite on mutants of its reference; write the page.

    Args:
        assignment: which one.
        page: where the page is written.
        threshold: the share of mutants that must be caught; the page says it.
        extent: how many mutants, and how.
    """
    cache = Cache(cache_folder() / "audit", assignment)
    with servers(assignment.course, preload=assignment.preload) as both:
        grader = Grader.of(assignment, released_modules(assignment), both)
        marked = marked_lines(assignment)
        found = audit_suite(assignment, grader, both, marked, cache, extent)
    try:
        page.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(page, as_page(assignment, found, threshold).encode())
    except OSError as error:
        raise UserMistake(f"{page} cannot be written: {error.strerror}") from error
    return found


def hints(assignment: Assignment, extent: Extent) -> int:
    """Keep what planted mistakes give beside the recording; return how many hints that makes."""
    with servers(assignment.course, preload=assignment.preload) as both:
        grader = Grader.of(assignment, released_modules(assignment), both)
        known = note(Shop(assignment, grader, both, marked_lines(assignment)), extent)
    known.write(assignment.expected)
    return sum(len(items) for found in known.checks.values() for items in found.values())


def explain(
    editions: Assignment | Sequence[Assignment],
    submission: Path,
    check: str,
    *,
    of: str = "",
    require: str = "container",
) -> Explanation:
    """Return one check of one submission, looked at closely.

    Args:
        editions: as in `grade`.
        submission: where it lies, as for `grade`.
        check: its name.
        of: the submission's id, where several lie there.
        require: as in `grade`.

    Raises:
        UserMistake: there is no such submission or check, or it is not said which.
    """
    editions = [editions] if isinstance(editions, Assignment) else editions
    assignment = editions[0]
    names = [name for edition in editions for name in handed_in(edition)]
    source = _chosen(submission, names, of)
    with servers(assignment.course, require, assignment.preload) as both:
        refuse_exposed(both[0].box, hidden(assignment, [submission, source.path]))
        taken = Submission.read(source)
        grader = grader_of(editions, both)
        own = grader.of_edition(taken) if isinstance(grader, ByEdition) else grader
        return explain_check(own, taken, check)


def _chosen(path: Path, names: Sequence[str], of: str) -> Source:
    """Return the submission that `grade` finds at a path, the one called `of` among several."""
    found = find_submissions([path], names)
    if path.is_file():  # perhaps of a class's download, where its name begins with its student's
        with suppress(UserMistake):
            beside = [s for s in find_submissions([path.parent], names) if s.path == path.parent]
            found = [s for s in beside if path.name in dict(s.parts)] or found
    elif not of and found in ([Source(item)] for item in path.iterdir()):
        found = [Source(path)]  # a student's folder with a folder in it, not a class of one
    wanted = [source for source in found if of in ("", source.id)]
    if len(wanted) == 1 or (of and wanted):
        return wanted[0]
    ids = ", ".join(source.id for source in found[:MOST_NAMED])
    ids += ", ..." if len(found) > MOST_NAMED else ""
    if of:
        raise UserMistake(f"{path} holds no submission {of!r} (there are: {ids})")
    above = f"if they are one student's, name the folder above, and --of {Source(path).id}"
    raise UserMistake(
        f"{path} holds {len(found)} submissions ({ids}); choose with --of ID; {above}"
    )
