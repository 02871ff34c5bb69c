"""Which surviving mutants are no mistakes at all: those that the reference's battery cannot tell.

A battery is a suite of its own, `assignments/NAME/battery.py`. Its checks have no points and no
students: they drive a submission on inputs of their own (ties, zeros, huge numbers, shapes that are
not square, biases that are not zero, training from fixed seeds) as closely as they can. Reference
and mutant run the same checks, each in a worker of its own; the bounds are those of rounding.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from autograder.mutation.bench import timed
from autograder.record import record
from autograder.recording import DRAWS, Drawn, Recording
from gradlab.errors import AuthorMistake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from autograder.forkserver import ForkServer
    from autograder.grade import Grader
    from autograder.intake import Submission
    from autograder.mutation.bench import Timed
    from autograder.suite import Suite
    from gradlab.course import Assignment

__all__ = ["Battery"]

FIXED = Recording({}, "00" * 32)  # no secret: nobody is graded by a battery


@dataclass(frozen=True)
class Battery:
    """The reference's battery, ready to be run on mutants.

    Attributes:
        checks: once for each draw, cheapest first.
    """

    checks: tuple[Timed, ...]

    @classmethod
    def of(
        cls,
        suite: Suite,
        assignment: Assignment,
        grader: Grader,
        servers: tuple[ForkServer, ForkServer],
        reference: Submission,
    ) -> Battery:
        """Run a battery on the reference.

        Raises:
            AuthorMistake: the reference does not pass it twice with the same values.
        """
        if any(check.points for check in suite.checks):
            raise AuthorMistake("a battery grades nobody; give its checks points=0")
        seeds = {
            check.name: tuple(Drawn(s, (), ()) for s in range(DRAWS)) for check in suite.checks
        }
        fixed = replace(FIXED, checks=seeds)
        whole = record(assignment, suite, fixed, servers, {})
        parts = [
            item
            for draw in _draws(whole)
            for item in timed(
                grader, [c for c in suite.checks if c.name in draw.checks], draw, reference
            )
        ]
        return cls(tuple(sorted(parts, key=lambda item: item.seconds)))


def _draws(recording: Recording) -> Iterator[Recording]:
    """Yield a recording for each draw, with that draw alone."""
    for number in range(DRAWS):
        checks = {n: (d[number],) for n, d in recording.checks.items() if number < len(d)}
        yield replace(recording, checks=checks)
