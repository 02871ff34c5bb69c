"""Grading: stage, check, report; one submission or a class."""

from __future__ import annotations

import time
import traceback
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from autograder.attempt import attempt
from autograder.expect import Judge
from autograder.intake import Submission
from autograder.outcome import Outcome, Results, plain
from autograder.recording import Recording
from autograder.remote import Outlines
from autograder.session import CheckSession
from autograder.stage import Plan, stage, stage_reference
from autograder.suites import load_suites
from gradlab.errors import GradlabError, StudentFault, UserMistake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from autograder.recording import Drawn
    from autograder.session import Staged
    from autograder.suite import Check, Suite
    from autograder.worker import ForkServer
    from gradlab.course import Assignment, Limits

__all__ = ["Grader", "grade_class"]


@dataclass(frozen=True)
class Grader:
    """Everything that grading an assignment takes.

    Attributes:
        suites: each with its recording.
        plan: which files are the students'.
        limits: per check.
        server: forks the students' workers.
        trusted: forks the reference's, and the reference itself.
    """

    suites: tuple[tuple[Suite, Recording], ...]
    plan: Plan
    limits: Limits
    server: ForkServer
    trusted: tuple[ForkServer, Staged]

    @classmethod
    def of(
        cls,
        assignment: Assignment,
        released: Mapping[str, bytes],
        servers: tuple[ForkServer, ForkServer],
    ) -> Grader:
        """Return the grader of an assignment.

        Raises:
            AuthorMistake: a suite or its recording is not what it should be.
        """
        folder = assignment.folder / "expected"
        loaded = load_suites(assignment).items()
        suites = tuple((suite, Recording.read(folder, name)) for name, suite in loaded)
        plan = Plan.of(assignment, released, suites[-1][1].holes)
        trusted = (servers[1], stage_reference(assignment))
        return cls(suites, plan, assignment.limits, servers[0], trusted)

    def grade(self, submission: Submission, folder: Path) -> Results:
        """Grade one submission; `folder/results.json` exists from the first moment on."""
        start = time.monotonic()
        results = Results(submission.id)
        results.write(folder)
        staged, notes = stage(submission, self.plan)
        results.notes = [plain(note) for note in (submission.problem, *notes) if note]
        results.staff = [plain(note) for note in submission.notes]
        for outcome in self._outcomes(staged, submission.digest):
            results.outcomes.append(outcome)
            results.seconds = time.monotonic() - start
            results.write(folder)
        results.finished = True
        results.write(folder)
        return results

    def _outcomes(self, staged: Staged, digest: str) -> Iterator[Outcome]:
        for suite, recording in self.suites:
            for check in suite.checks:
                begin = time.monotonic()
                outcome = self._judge(check, recording, staged, digest)
                yield replace(outcome, seconds=time.monotonic() - begin)

    def _judge(self, check: Check, recording: Recording, staged: Staged, digest: str) -> Outcome:
        if check.function is None:
            return Outcome(check, "needs a person", staff=check.rubric)
        try:
            drawn = recording.pick(check.name, digest)
            return self._attempt(check, drawn, staged)
        except GradlabError as error:
            return Outcome(check, "broken", staff=str(error))
        except Exception:  # noqa: BLE001 - a grader's own fault is never a student's zero
            return Outcome(check, "broken", staff=traceback.format_exc())

    def _attempt(self, check: Check, drawn: Drawn, staged: Staged) -> Outcome:
        judge, outlines = Judge(list(drawn.findings)), Outlines(drawn.outlines)
        limits = replace(self.limits, **dict(check.limits))
        with closing(CheckSession(self.server, staged, limits, drawn.seed)) as session:
            fault = self._run(check, session, judge, outlines, drawn.seed)
            credit = any(item.credit for item in judge.findings())
            if fault is None and outlines.strange and not credit:
                fault = StudentFault("missed", "", frames=tuple(outlines.strange))
            fault = _named(fault, session) if fault else None
        return _outcome(check, judge, fault, f"seed {drawn.seed}\n{session.report()}")

    def _run(
        self, check: Check, session: CheckSession, judge: Judge, outlines: Outlines, seed: int
    ) -> StudentFault | None:
        try:
            attempt(check, session, judge, outlines, seed, self.trusted)
        except StudentFault as fault:
            return fault
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            if not outlines.strange:  # then nothing of the student's can have caused it
                raise
            text = "\n".join(outlines.strange.values())
            return StudentFault("missed", text, traceback.format_exc(), tuple(outlines.strange))
        return None


def _named(fault: StudentFault, session: CheckSession) -> StudentFault:
    """Say "not implemented" where the function that failed is still the release's."""
    if fault.status in ("raised", "missed") and (name := session.untouched(fault.frames)):
        return StudentFault("not implemented", f"`{name}` is still empty.", fault.staff)
    return fault


def _outcome(check: Check, judge: Judge, fault: StudentFault | None, staff: str) -> Outcome:
    findings = judge.findings()
    total = sum(Fraction(item.share) for item in findings)
    earned = sum(Fraction(item.share) * item.credit for item in findings)
    credit = earned / total if total else Fraction(0)
    status = "earned" if credit == 1 else "partial" if credit else "missed"
    messages = [item.message for item in findings if item.message]
    details = [item.staff for item in findings if item.staff]
    if fault:
        status = fault.status
        messages.append(fault.message)
        details.append(fault.staff)
    text = "\n".join(filter(None, messages))
    return Outcome(check, status, credit, text, "\n".join([*details, staff]), tuple(findings))


def grade_class(
    grader: Grader,
    paths: Sequence[Path],
    out: Path,
    jobs: int,
    progress: Callable[[Results], Any],
) -> list[Results]:
    """Grade submissions into `out/<id>/`, `jobs` at a time; return them in the order of `paths`.

    Raises:
        UserMistake: `out` cannot be written.
    """
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UserMistake(f"results cannot be written to {out}: {error.strerror}") from error
    folders = _folders(paths, out)
    results: dict[Path, Results] = {}
    with closing(_Pool(jobs)) as pool:
        running = {pool.submit(_grade_path, grader, path, folders[path]): path for path in paths}
        for done in as_completed(running):
            results[running[done]] = done.result()
            progress(done.result())
    return [results[path] for path in paths]


class _Pool(ThreadPoolExecutor):
    def close(self) -> None:
        """Wait for what is running, and start nothing more: Ctrl-C does not grade the rest."""
        self.shutdown(cancel_futures=True)


def _folders(paths: Sequence[Path], out: Path) -> dict[Path, Path]:
    """Return a folder of its own for each submission, also where two have the same name."""
    folders: dict[Path, Path] = {}
    for path in paths:
        name = stem = Submission.id_of(path)
        number = 2
        while out / name in folders.values():
            name, number = f"{stem}-{number}", number + 1
        folders[path] = out / name
    return folders


def _grade_path(grader: Grader, path: Path, folder: Path) -> Results:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        return grader.grade(replace(Submission.read(path), id=folder.name), folder)
    except Exception:  # noqa: BLE001 - a full disk, say: the other submissions go on
        return Results(folder.name, staff=[traceback.format_exc()])
