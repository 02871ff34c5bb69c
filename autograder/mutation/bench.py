"""One check on one submission: all that an audit needs of the grader."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.suite import Suite
from gradlab.errors import AuthorMistake

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autograder.grade import Grader
    from autograder.intake import Submission
    from autograder.mutation.mutants import Block
    from autograder.outcome import Outcome
    from autograder.recording import Recording
    from autograder.suite import Check

__all__ = ["Bench", "Timed", "run_check", "timed"]

# A mutant gets this many times the reference's time, and this much on top, before it is ended.
PATIENCE, GRACE_S = 5, 0.5
SLOW = "slow"  # the tag of a check that only mutants which all others let pass are worth


@dataclass(frozen=True)
class Timed:
    """A check, and how long the reference takes for it.

    Attributes:
        check: with a limit of its own, by that time.
        recording: of its suite.
        seconds: wall-clock time of the reference.
    """

    check: Check
    recording: Recording
    seconds: float

    @property
    def slow(self) -> bool:
        """Whether only mutants that every other check lets pass are worth its time."""
        return SLOW in self.check.tags


@dataclass(frozen=True)
class Bench:
    """What is known before the first mutant is tried.

    Attributes:
        checks: those that need the marked blocks, cheapest first, slow ones last.
        needing: for each block the names of the checks that fail where it is empty.
        questions: for each block the question of the first such check; '' if there is none.
    """

    checks: tuple[Timed, ...]
    needing: Mapping[Block, frozenset[str]]
    questions: Mapping[Block, str]

    def order(self, block: Block) -> list[Timed]:
        """Return the checks for a mutant of a block: first those that need the block."""
        needing = self.needing[block]
        return sorted(self.checks, key=lambda item: (item.slow, item.check.name not in needing))


def run_check(
    grader: Grader, check: Check, recording: Recording, submission: Submission
) -> Outcome:
    """Return what comes of one check on one submission, whatever came of those that it needs."""
    suite = Suite("one check")
    suite.checks.append(replace(check, needs=()))
    narrow = replace(grader, suites=((suite, recording),))
    with tempfile.TemporaryDirectory(prefix="gradlab-audit-") as folder:
        return narrow.grade(submission, Path(folder)).outcomes[0]


def timed(
    grader: Grader, checks: Sequence[Check], recording: Recording, reference: Submission
) -> list[Timed]:
    """Return checks with the time that the reference takes for them.

    Raises:
        AuthorMistake: the reference does not earn all of a check.
    """
    found = []
    for check in checks:
        outcome = run_check(grader, check, recording, reference)
        if outcome.status != "earned":
            text = f"the reference gets {outcome.status} in {check.name}; run `gradlab verify`"
            raise AuthorMistake(text, check.place)
        cpu_s = math.ceil(PATIENCE * outcome.seconds + GRACE_S)
        allowed = dict(check.limits).get("cpu_s", grader.limits.cpu_s)
        limits = {**dict(check.limits), "cpu_s": min(cpu_s, allowed)}
        own = replace(check, limits=tuple(limits.items()))
        found.append(Timed(own, recording, outcome.seconds))
    return sorted(found, key=lambda item: item.seconds)
