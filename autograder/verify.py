"""`gradlab verify`: the reference earns everything, with room to spare; what is empty, nothing."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.intake import Submission
from autograder.record import record
from autograder.stubs import STUBS, stub
from autograder.suite import Suite
from gradlab.errors import AuthorMistake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from autograder.forkserver import ForkServer
    from autograder.grade import Grader
    from autograder.outcome import Outcome
    from autograder.suite import Check
    from gradlab.course import Assignment, Limits

__all__ = ["Proof", "more_than_nothing", "reference_submission", "short_of_all"]

MARGIN = 3  # a machine may be this much slower, and its arrays this much larger
OTHER_SEEDS = 2
# What an empty submission must not cause: it hides that there is nothing to grade.
UNFIT = frozenset(
    ("broken", "crashed", "out of CPU", "out of memory", "protocol broken", "timed out")
)


def reference_submission(assignment: Assignment) -> Submission:
    """Return what a student would hand in who had written the reference."""
    files = {name: assignment.read_notebook(name) for name in assignment.notebooks}
    for name in assignment.own:
        files[assignment.module_path(name)] = assignment.source_file(name).read_bytes()
    for name in assignment.artifacts:
        if (assignment.reference / name).is_file():
            files[name] = (assignment.reference / name).read_bytes()
    return Submission("reference", files)


@dataclass(frozen=True)
class Proof:
    """That an assignment is ready for students.

    Attributes:
        assignment: which one.
        grader: of the assignment.
        servers: for students' workers, and for the reference's.
        release: the files that students get, by path.
    """

    assignment: Assignment
    grader: Grader
    servers: tuple[ForkServer, ForkServer]
    release: Mapping[str, bytes]

    def problems(self, progress: Callable[[str], Any] = lambda _: None) -> list[str]:
        """Return what is not as it should be, one sentence each; [] if nothing is."""
        found = []
        for what, part in (
            ("the reference", self._reference),
            ("the release", self._release),
            ("stubs", self._stubs),
            ("limits", self._limits),
            ("other secret seeds", self._seeds),
        ):
            progress(f"proving: {what}")
            found += list(part())
        progress("")
        return found

    def _reference(self) -> Iterator[str]:
        yield from short_of_all("the reference", self._graded)

    def _release(self) -> Iterator[str]:
        fresh = Submission("release", dict(self.release))
        yield from more_than_nothing("the empty release", self._grade(self.grader, fresh))

    def _stubs(self) -> Iterator[str]:
        for name in STUBS:
            outcomes = self._grade(self.grader, self._stub(name))
            yield from more_than_nothing(f"code that {name}", outcomes)

    def _stub(self, name: str) -> Submission:
        holes = self.grader.suites[-1][1].holes
        modules = self._files(self.assignment.modules)
        stubs = {path: stub(name, c.decode(), holes).encode() for path, c in modules.items()}
        earlier = self._files(self.assignment.earlier)
        return Submission("stub", {**self.release, **earlier, **stubs})

    def _limits(self) -> Iterator[str]:
        """Yield the checks that the reference passes, but not within a third of their limits."""
        tight = self._grade(_tight(self.grader), self._written)
        for outcome, other in zip(self._graded, tight, strict=True):
            if outcome.status == "earned" != other.status:
                yield (
                    f"{outcome.check.name} is {other.status} with a third of its limits; "
                    "raise cpu_s or memory_mb, or make it smaller"
                )

    def _seeds(self) -> Iterator[str]:
        """Yield what fails where the secret seeds are others than those recorded."""
        suite = self.grader.suites[-1][0]
        for _ in range(OTHER_SEEDS):
            try:
                other = record(self.assignment, suite, None, self.servers, {})
            except AuthorMistake as error:
                yield f"with other secret seeds: {error}"
                continue
            grader = replace(self.grader, suites=((suite, other),))
            outcomes = self._grade(grader, self._written)
            yield from short_of_all("with other secret seeds the reference", outcomes)

    @cached_property
    def _written(self) -> Submission:
        return reference_submission(self.assignment)

    @cached_property
    def _graded(self) -> list[Outcome]:
        return self._grade(self.grader, self._written)

    def _files(self, names: Iterable[str]) -> dict[str, bytes]:
        paths = map(self.assignment.module_path, names)
        return {path: self._written.files[path] for path in paths}

    def _grade(self, grader: Grader, submission: Submission) -> list[Outcome]:
        with tempfile.TemporaryDirectory(prefix="gradlab-verify-") as folder:
            return grader.grade(submission, Path(folder)).outcomes


def short_of_all(who: str, outcomes: list[Outcome]) -> Iterator[str]:
    """Yield a sentence for each check that does not give all its points."""
    for outcome in outcomes:
        if outcome.status not in ("earned", "needs a person"):
            text = (outcome.message or outcome.staff).replace("\n", "; ")
            yield f"{who} gets {outcome.status} in {outcome.check.name}: {text}"


def more_than_nothing(who: str, outcomes: list[Outcome]) -> Iterator[str]:
    """Yield a sentence for each check that gives points, or that says something unfit."""
    for outcome in outcomes:
        if outcome.credit and outcome.check.points:
            yield f"{who} earns points in {outcome.check.name}"
        elif outcome.status in UNFIT:
            yield f"{who} gets {outcome.status} in {outcome.check.name}"


def _tight(grader: Grader) -> Grader:
    suites = []
    for suite, recording in grader.suites:
        tight = Suite(suite.name)
        tight.checks = [_tight_check(check, grader.limits) for check in suite.checks]
        suites.append((tight, recording))
    return replace(grader, suites=tuple(suites))


def _tight_check(check: Check, usual: Limits) -> Check:
    limits = check.bounded(usual)
    third = {name: -(-getattr(limits, name) // MARGIN) for name in ("cpu_s", "memory_mb")}
    return replace(check, limits=tuple({**dict(check.limits), **third}.items()))
