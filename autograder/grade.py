"""Grading: stage, check, report; one submission or a class."""

from __future__ import annotations

import time
import traceback
from concurrent.futures import as_completed
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.budget import Budget
from autograder.examiner import Examiner
from autograder.follow import defects
from autograder.intake import Source, Submission
from autograder.known import NOTHING_KNOWN, Known
from autograder.names import digest, shown
from autograder.outcome import Outcome, Results, plain, skipped
from autograder.pool import Pool
from autograder.recording import write_atomically
from autograder.session import Workers
from autograder.stage import Plan, stage, stage_reference
from autograder.suites import read_suites
from gradlab.errors import AuthorMistake, UserMistake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from fractions import Fraction

    from autograder.cells import Figure
    from autograder.forkserver import ForkServer
    from autograder.recording import Recording
    from autograder.session import Staged
    from autograder.suite import Check, Suite
    from gradlab.course import Assignment, Limits

__all__ = ["Grader", "grade_class", "in_turn"]

LOST_S = 1  # the seconds of work that are lost at most where the grader is killed


@dataclass(frozen=True)
class Grader:
    """Everything that grading an assignment takes.

    Attributes:
        suites: each with its recording.
        plan: which files are the students'.
        limits: per check.
        budget_s: wall-clock seconds for all checks of a submission together.
        server: forks the students' workers.
        trusted: forks the reference's, and the reference itself.
        known: what typical mistakes give.
        assignment: its name.
    """

    suites: tuple[tuple[Suite, Recording], ...]
    plan: Plan
    limits: Limits
    budget_s: int
    server: ForkServer
    trusted: tuple[ForkServer, Staged]
    known: Known = NOTHING_KNOWN
    assignment: str = ""

    @classmethod
    def of(
        cls,
        assignment: Assignment,
        released: Mapping[str, bytes],
        servers: tuple[ForkServer, ForkServer],
    ) -> Grader:
        """Return the grader of an assignment.

        Raises:
            AuthorMistake: a suite or its recording is not what it should be, or a check may use
                more time than a whole submission.
        """
        folder, conventions = assignment.folder, assignment.edition.conventions
        suites = read_suites(folder, assignment.preload, conventions, assignment.expected)
        plan = Plan.of(assignment, released, suites[-1][1].holes)
        trusted = (servers[1], stage_reference(assignment))
        limits, budget_s = assignment.limits, assignment.budget_s
        for check in (check for suite, _ in suites for check in suite.checks):
            if (cpu_s := check.bounded(limits).cpu_s) > budget_s:
                message = f"{check.name}: cpu_s = {cpu_s} does not fit into budget_s = {budget_s}"
                raise AuthorMistake(message, check.place)
        known = Known.read(assignment.expected)
        name = assignment.name
        return cls(suites, plan, limits, budget_s, servers[0], trusted, known, name)

    def grade(
        self,
        submission: Submission,
        folder: Path,
        tell: Callable[[Results], object] = lambda _: None,
    ) -> Results:
        """Grade one submission; `folder/results.json` exists from the first moment on.

        Args:
            submission: whose.
            folder: where everything is written.
            tell: gets the results at the start, after every check and at the end.
        """
        start = written = time.monotonic()
        results = replace(_empty(submission, self.assignment), level=self.server.box.level)
        results.write(folder)
        tell(results)
        staged, notes = stage(submission, self.plan)
        results.notes = [plain(note) for note in (submission.problem, *notes) if note]
        how = submission.source.notes if submission.source else ()
        results.staff = [plain(note) for note in (*how, *submission.notes)]
        with closing(Workers(self.server, staged)) as workers:
            for outcome in self._outcomes(self.examiner(submission, staged, workers)):
                results.outcomes.append(outcome)
                results.seconds = time.monotonic() - start
                if start + results.seconds > written + LOST_S:
                    results.write(folder)
                    written = start + results.seconds
                tell(results)
        results.staff += defects(results.outcomes)
        results.figures = tuple(_kept_figures(workers.figures, folder))
        results.finished = True
        results.write(folder)
        tell(results)
        return results

    def examiner(self, submission: Submission, staged: Staged, workers: Workers) -> Examiner:
        """Return who runs the checks on a staged submission."""
        digest, known = submission.digest, self.known
        return Examiner(self.server, self.trusted, staged, digest, workers, known=known)

    def _outcomes(self, examiner: Examiner) -> Iterator[Outcome]:
        turns = in_turn(self.suites)
        budget = Budget(self.budget_s, [self._limits(check) for check, _ in turns])
        done: dict[str, dict[str, Outcome]] = {recording.key: {} for _, recording in self.suites}
        for check, recording in turns:
            begin, before = time.monotonic(), done[recording.key]
            limits = budget.next()
            late = skipped(check, before) or self._too_late(check, limits)
            outcome = late or examiner.examine(check, recording, limits or self.limits, before)
            before[check.name] = outcome
            yield replace(outcome, seconds=time.monotonic() - begin)

    def _limits(self, check: Check) -> Limits | None:
        return check.bounded(self.limits) if check.function else None

    def _too_late(self, check: Check, limits: Limits | None) -> Outcome | None:
        """Return the outcome of a check whose own time is more than what is left."""
        if limits or check.function is None:
            return None
        text = f"Earlier questions used up the {self.budget_s} s that a whole submission may take."
        return Outcome(check, "skipped", message=text)


def in_turn(suites: Sequence[tuple[Suite, Recording]]) -> list[tuple[Check, Recording]]:
    """Return checks in the order in which they run: question by question, each after its needs.

    Checks of one question can share a worker, those of the public suite too.
    """
    rows = [(check, recording) for suite, recording in suites for check in suite.checks]
    order = list(dict.fromkeys(check.question for check, _ in rows))
    waiting = sorted(rows, key=lambda row: order.index(row[0].question))
    turns: list[tuple[Check, Recording]] = []
    while waiting:
        done = {(recording.key, check.name) for check, recording in turns}
        ready = (row for row in waiting if {(row[1].key, n) for n in row[0].needs} <= done)
        turns.append(next(ready, waiting[0]))
        waiting.remove(turns[-1])
    return turns


def _kept_figures(figures: Sequence[Figure], folder: Path) -> Iterator[tuple[str, str]]:
    for number, figure in enumerate(figures, 1):
        path = folder / f"figure-{number}.png"
        write_atomically(path, figure.png)
        yield plain(figure.label), f"{folder.name}/{path.name}"


def grade_class(
    grader: Grader,
    paths: Sequence[Source],
    out: Path,
    jobs: int,
    progress: Callable[[Results], Any],
) -> list[Results]:
    """Grade submissions into `out/<id>/`, `jobs` at a time.

    Args:
        grader: of the assignment.
        paths: the submissions.
        out: the class's folder.
        jobs: how many at a time.
        progress: gets the results of each as it is done.

    Returns:
        The results without their texts, in the order of `paths`.

    Raises:
        UserMistake: `out` cannot be written.
    """
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UserMistake(f"results cannot be written to {out}: {error.strerror}") from error
    folders = _folders(paths, out)
    for source, folder in folders.items():
        _announce(source, folder, grader.assignment)
    results: dict[Source, Results] = {}
    known: dict[tuple[int, str, Fraction], Outcome] = {}
    with closing(Pool(jobs)) as pool:
        running = {pool.submit(_grade_path, grader, path, folders[path]): path for path in paths}
        for done in as_completed(running):
            progress(done.result())
            results[running.pop(done)] = done.result().slim(known)
    return [results[path] for path in paths]


def _folders(sources: Sequence[Source], out: Path) -> dict[Source, Path]:
    """Return a folder of its own for each submission, whose name depends on that one alone.

    Where several would have the same, one may have it that came under just this name; the others
    get a hash of where they lie.
    """
    sharing: dict[str, list[Source]] = {}
    for source in sources:
        sharing.setdefault(source.id, []).append(source)
    folders = {}
    for source in sources:
        rivals = sharing[source.id]
        named = [other for other in rivals if other.handed_in_as == source.id]
        alone = rivals == [source] or named == [source]
        where = f"{source.path.absolute()}\0{source.parts}"
        folders[source] = out / (source.id if alone else f"{source.id}-{digest(where)}")
    return folders


def _empty(submission: Submission, assignment: str) -> Results:
    """Return the results of a submission before anything is graded."""
    source = submission.source or Source(Path(submission.id))
    return Results(
        submission.id,
        name=shown(source.handed_in_as),
        email=shown(source.email),
        assignment=assignment,
        condition=_condition(submission) if submission.problem else "",
    )


def _condition(submission: Submission) -> str:
    """Return in a word or two why there is nothing to grade."""
    if not submission.readable:
        return "unreadable"
    return "no file to grade" if submission.refused else "empty"


def _announce(source: Source, folder: Path, assignment: str) -> None:
    """Write that grading did not finish, until it has; results of an earlier run stay till then."""
    with suppress(OSError):  # it comes up again when the submission has its turn
        folder.mkdir(mode=0o700, exist_ok=True)
        if not (folder / "results.json").exists():
            _empty(Submission(folder.name, {}, source=source), assignment).write(folder)


def _grade_path(grader: Grader, path: Source, folder: Path) -> Results:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        return grader.grade(replace(Submission.read(path), id=folder.name), folder)
    except Exception:  # noqa: BLE001 - a full disk, say: the other submissions go on
        unread = Submission(folder.name, {}, source=path)
        return replace(_empty(unread, grader.assignment), staff=[traceback.format_exc()])
