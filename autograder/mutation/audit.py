"""`gradlab audit`: which planted mistakes does a hidden suite catch, and which survive it?"""

from __future__ import annotations

from concurrent.futures import as_completed
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from autograder.mutation.battery import Battery
from autograder.mutation.bench import Bench, run_check, timed
from autograder.mutation.mutants import blocks, emptied, mutants
from autograder.pool import Pool
from autograder.suites import load_battery
from autograder.verify import reference_submission
from gradlab.errors import AuthorMistake, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from autograder.forkserver import ForkServer
    from autograder.grade import Grader
    from autograder.intake import Submission
    from autograder.mutation.bench import Timed
    from autograder.mutation.cache import Cache
    from autograder.mutation.mutants import Block, Mutant
    from gradlab.course import Assignment

__all__ = ["MOST_SET_APART", "Audit", "Extent", "Score", "Shop", "Tried", "audit"]

MOST_SET_APART = 0.1


@dataclass(frozen=True)
class Extent:
    """How much of an audit is done, and how.

    Attributes:
        most: at most so many mutants, by chance; None for all.
        seed: of the choice among them.
        jobs: how many at a time.
        progress: told how far it is.
    """

    most: int | None = None
    seed: int = 0
    jobs: int = 1
    progress: Callable[[str], Any] = lambda _: None


@dataclass(frozen=True)
class Tried:
    """What came of one mutant.

    Attributes:
        mutant: which one.
        question: whose code it is in.
        caught_by: the check that it failed; '' if it survived.
        status: what that check said, a word of `autograder.status.STATUSES`.
        broke: a check that broke on it, which is a mistake of the check; '' if none did.
        equivalent: whether the reference's own battery cannot tell it from the reference either.
    """

    mutant: Mutant
    question: str
    caught_by: str = ""
    status: str = ""
    broke: str = ""
    equivalent: bool = False


@dataclass(frozen=True)
class Score:
    """How many mutants were caught.

    Attributes:
        name: the question's, or '' for all.
        caught: how many failed a check.
        survived: how many did not, though they are wrong.
        equivalent: how many are set apart.
    """

    name: str
    caught: int
    survived: int
    equivalent: int

    @property
    def share(self) -> float:
        """The share of wrong mutants that was caught; 1 where there are none."""
        wrong = self.caught + self.survived
        return self.caught / wrong if wrong else 1.0


@dataclass(frozen=True)
class Audit:
    """How good a suite is.

    Attributes:
        tried: every mutant, in the order of the source.
        battery: whether there is a battery; without one nothing is set apart.
        unseen: blocks that no check needs.
        remembered: how many mutants were known from an earlier run.
    """

    tried: tuple[Tried, ...]
    battery: bool
    unseen: tuple[Block, ...] = ()
    remembered: int = 0

    @property
    def survivors(self) -> list[Tried]:
        """Wrong mutants that no check caught."""
        return [item for item in self.tried if not item.caught_by and not item.equivalent]

    @property
    def equivalent(self) -> list[Tried]:
        """Mutants that were set apart."""
        return [item for item in self.tried if item.equivalent]

    @property
    def total(self) -> Score:
        """The score of all questions together."""
        return _score("", self.tried)

    @property
    def scores(self) -> list[Score]:
        """The score of each question, in the order in which their code stands."""
        names = dict.fromkeys(item.question for item in self.tried)
        return [_score(name, [i for i in self.tried if i.question == name]) for name in names]

    @property
    def set_apart(self) -> float:
        """The share of mutants that were set apart."""
        return len(self.equivalent) / len(self.tried) if self.tried else 0.0

    def passes(self, threshold: float) -> bool:
        """Return whether enough mutants were caught and few enough set apart."""
        return self.total.share >= threshold and self.set_apart <= MOST_SET_APART


def _score(name: str, tried: Iterable[Tried]) -> Score:
    items = list(tried)
    equivalent = sum(item.equivalent for item in items)
    caught = sum(bool(item.caught_by) for item in items)
    return Score(name, caught, len(items) - caught - equivalent, equivalent)


def audit(
    assignment: Assignment,
    grader: Grader,
    servers: tuple[ForkServer, ForkServer],
    marked: Mapping[str, Sequence[range]],
    cache: Cache,
    extent: Extent,
) -> Audit:
    """Try the hidden suite on mutants of the reference.

    Args:
        assignment: whose suite is meant.
        grader: of the assignment.
        servers: for students' workers, and for the reference's.
        marked: the lines of each marked block, by the module's path as it is handed in.
        cache: what earlier runs found out.
        extent: how many mutants, and how.

    Raises:
        AuthorMistake: there is nothing to mutate, or the reference fails the suite.
    """
    shop = Shop(assignment, grader, servers, marked)
    made = mutants(shop.modules, shop.blocks, most=extent.most, seed=extent.seed)
    if not made:
        raise AuthorMistake("no marked block to mutate", Place(str(assignment.folder)))
    fresh = [mutant for mutant in made if cache.get(mutant) is None]
    if fresh:
        shop.prepare(extent.progress)
        _try_all(shop, fresh, cache, extent)
    tried = [item for mutant in made if (item := cache.get(mutant))]
    unseen = {item.mutant.block for item in tried if not item.question}
    has_battery = load_battery(assignment) is not None
    known = len(made) - len(fresh)
    return Audit(tuple(tried), has_battery, tuple(b for b in shop.blocks if b in unseen), known)


def _try_all(shop: Shop, fresh: Sequence[Mutant], cache: Cache, extent: Extent) -> None:
    """Try mutants and remember what came of them, also of those before a Ctrl-C."""
    try:
        with closing(Pool(extent.jobs)) as pool:
            running = {pool.submit(shop.attempt, mutant): mutant for mutant in fresh}
            for number, done in enumerate(as_completed(running), 1):
                cache.put(running[done], done.result())
                extent.progress(f"{number} of {len(fresh)} mutants tried")
    finally:
        extent.progress("")
        cache.write()


@dataclass
class Shop:
    """Where mutants are tried; what is dear is prepared once, and only if there is a mutant."""

    assignment: Assignment
    grader: Grader
    servers: tuple[ForkServer, ForkServer]
    marked: Mapping[str, Sequence[range]]
    bench: Bench = field(init=False)

    @cached_property
    def modules(self) -> dict[str, str]:
        """The reference's sources by path."""
        files = self.reference.files
        return {path: files[path].decode() for path in self.marked}

    @cached_property
    def blocks(self) -> list[Block]:
        """The marked blocks."""
        return blocks(self.modules, self.marked)

    @cached_property
    def reference(self) -> Submission:
        """What a student hands in who has written the reference."""
        return reference_submission(self.assignment)

    @cached_property
    def battery(self) -> Battery | None:
        """The reference's battery, recorded; None if the assignment has none."""
        suite = load_battery(self.assignment)
        if suite is None:
            return None
        return Battery.of(suite, self.assignment, self.grader, self.servers, self.reference)

    def prepare(self, progress: Callable[[str], Any]) -> None:
        """Find out what the checks cost and which block each of them needs."""
        progress("measuring the checks")
        suite, recording = self.grader.suites[-1]
        checks = [check for check in suite.checks if check.function is not None]
        slow_last = timed(self.grader, checks, recording, self.reference)
        without = self._without(self.blocks)
        needed = tuple(item for item in slow_last if not self._passes(item, without))
        needing = {block: self._needing(block, needed) for block in self.blocks}
        order = {check.name: check.question for check in suite.checks}
        questions = {
            block: next((order[name] for name in order if name in names), "")
            for block, names in needing.items()
        }
        self.bench = Bench(needed, needing, questions)
        progress("recording the battery")
        _ = self.battery  # here, not in the first thread that meets a survivor

    def attempt(self, mutant: Mutant) -> Tried:
        """Return what comes of a mutant: the first check that it fails, else the battery's word."""
        submission = self.with_mutant(mutant)
        question, broke = self.bench.questions[mutant.block], ""
        for item in self.bench.order(mutant.block):
            outcome = run_check(self.grader, item.check, item.recording, submission)
            if not outcome.scored:
                broke = item.check.name
            elif outcome.status != "earned":
                return Tried(mutant, question, item.check.name, outcome.status, broke)
        equivalent = not broke and self._equivalent(submission)
        return Tried(mutant, question, broke=broke, equivalent=equivalent)

    def with_mutant(self, mutant: Mutant) -> Submission:
        """Return the reference with one mistake in it."""
        return self._changed({mutant.block.path: mutant.source})

    def _equivalent(self, submission: Submission) -> bool:
        battery = self.battery
        return battery is not None and all(self._passes(i, submission) for i in battery.checks)

    def _needing(self, block: Block, checks: Iterable[Timed]) -> frozenset[str]:
        submission = self._without([block])
        return frozenset(i.check.name for i in checks if not self._passes(i, submission))

    def _passes(self, item: Timed, submission: Submission) -> bool:
        outcome = run_check(self.grader, item.check, item.recording, submission)
        return outcome.status == "earned"

    def _without(self, gone: Iterable[Block]) -> Submission:
        texts = dict(self.modules)
        for block in sorted(gone, key=lambda block: -block.lines.start):  # from the end upwards
            texts[block.path] = emptied(texts[block.path], block)
        return self._changed(texts)

    def _changed(self, texts: Mapping[str, str]) -> Submission:
        files = {**self.reference.files, **{path: text.encode() for path, text in texts.items()}}
        return replace(self.reference, id="mutant", files=files)
