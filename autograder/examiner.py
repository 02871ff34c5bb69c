"""One submission, one check after another: whatever happens, an outcome comes of it."""

from __future__ import annotations

import time
import traceback
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from autograder.attempt import attempt
from autograder.expect import Judge
from autograder.follow import Follower, follow_through, roots
from autograder.forkserver import Lost
from autograder.known import NOTHING_KNOWN, Known, Noting
from autograder.outcome import Outcome, advised, judged, noted
from autograder.remote import Outlines
from autograder.session import CheckSession
from autograder.worker import LONGEST
from gradlab.errors import AuthorMistake, GradlabError, StudentFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np

    from autograder.forkserver import ForkServer
    from autograder.recording import Drawn, Recording
    from autograder.session import Staged, Workers
    from autograder.suite import Check
    from gradlab.course import Limits

__all__ = ["Examiner"]

UNSURE = ("missed", "partial")  # nothing failed but values
NOTHING_BEFORE: Mapping[str, Outcome] = MappingProxyType({})
TRIES = 3  # of a check whose worker or fork server was killed


@dataclass(frozen=True)
class Examiner:
    """Runs checks on one submission.

    Attributes:
        server: forks the student's workers.
        trusted: forks the reference's, and the reference itself.
        staged: the submission.
        digest: its hash, which picks the draws.
        workers: where its workers come from.
        judge: what compares; another one may look on.
        session: what asks the worker; another one may listen.
        known: what typical mistakes give.
    """

    server: ForkServer
    trusted: tuple[ForkServer, Staged]
    staged: Staged
    digest: str
    workers: Workers
    judge: type[Judge] = Judge
    session: type[CheckSession] = CheckSession
    known: Known = NOTHING_KNOWN

    def examine(
        self,
        check: Check,
        recording: Recording,
        limits: Limits,
        before: Mapping[str, Outcome] = NOTHING_BEFORE,
    ) -> Outcome:
        """Run one check.

        Args:
            check: the check.
            recording: of its suite.
            limits: what it may use.
            before: what came of earlier checks, by name, for one that follows them.
        """
        if check.function is None:
            return Outcome(check, "needs a person", staff=check.rubric)
        try:
            end = time.monotonic() + LONGEST * limits.wall_s
            drawn = recording.pick(check.name, self.digest)
            outcome = self._persist(check, drawn, limits)
            if outcome.status in UNSURE and roots(check, before):
                draws = (drawn, recording.other(check.name, drawn))
                follower = Follower(check, self._open(check), self.trusted, limits, end)
                outcome = follow_through(follower, outcome, before, draws)
            return advised(outcome, self._hints(outcome, recording, limits))
        except GradlabError as error:
            return Outcome(check, "broken", staff=str(error))
        except Exception:  # noqa: BLE001 - a grader's own fault is never a student's zero
            return Outcome(check, "broken", staff=traceback.format_exc())

    def _persist(self, check: Check, drawn: Drawn, limits: Limits) -> Outcome:
        """Try a check again if its process was killed: that may not be the student's doing."""
        for _ in range(TRIES - 1):
            with suppress(Lost):
                return self._attempt(check, drawn, limits)
        return self._attempt(check, drawn, limits, last=True)

    def _hints(self, outcome: Outcome, recording: Recording, limits: Limits) -> dict[str, str]:
        """Ask once more, at the draw of which it is known what mistakes give."""
        check = outcome.check
        known = check.name in self.known.checks and not outcome.hangs_on
        if not known or outcome.status not in UNSURE:
            return {}
        drawn = recording.checks[check.name][0]
        wrong = self.wrong_numbers(check, drawn, limits)
        return self.known.hints(check.name, drawn.seed, wrong)

    def wrong_numbers(self, check: Check, drawn: Drawn, limits: Limits) -> dict[str, np.ndarray]:
        """Return what a check finds wrong at a draw: float64 arrays by finding."""
        judge, outlines = Noting(list(drawn.findings)), Outlines(drawn.outlines)
        stops = suppress(StudentFault, AuthorMistake)
        with closing(self._session(check, drawn, limits)) as session, stops:
            attempt(check, session, judge, outlines, drawn.seed, self.trusted)
        return judge.wrong

    def _session(self, check: Check, drawn: Drawn, limits: Limits) -> CheckSession:
        make = partial(self.session, question=check.question, workers=self.workers)
        return make(self.server, self.staged, limits, drawn.seed)

    def _open(self, check: Check) -> Callable[[Limits, int], CheckSession]:
        """Return what opens sessions that nobody listens to."""
        make = partial(CheckSession, question=check.question, workers=self.workers)
        return partial(make, self.server, self.staged)

    def _attempt(
        self, check: Check, drawn: Drawn, limits: Limits, *, last: bool = False
    ) -> Outcome:
        judge, outlines = self.judge(list(drawn.findings)), Outlines(drawn.outlines)
        with closing(self._session(check, drawn, limits)) as session:
            fault = self._run(check, session, judge, outlines, drawn.seed)
            if session.killed and not last:
                raise Lost("the worker was killed")
            if fault is None and outlines.strange and not judge.credit:
                fault = StudentFault("missed", "", frames=tuple(outlines.strange))
            fault = _named(fault, session) if fault else None
        outcome = judged(check, judge, fault, f"seed {drawn.seed}\n{session.report()}")
        return noted(outcome, outlines.notes)

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
