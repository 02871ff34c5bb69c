"""Does this machine compute what the recording computed? Asked before any student is graded."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from autograder.record import drawn, drift_of_check
from gradlab.errors import AuthorMistake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from autograder.forkserver import ForkServer
    from autograder.recording import Recording
    from autograder.session import Staged
    from autograder.suite import Suite
    from gradlab.course import Limits

__all__ = ["ANOTHER_BLAS", "environment_problems"]

# OpenBLAS then takes the kernels of another processor: what a recording meets elsewhere. Its
# builds for x86-64 all have the first, those for ARM the second; others ignore the name.
ANOTHER_BLAS = {"x86_64": "Nehalem", "AMD64": "Nehalem", "aarch64": "ARMV8", "arm64": "ARMV8"}


def environment_problems(
    suites: Iterable[tuple[Suite, Recording]],
    limits: Limits,
    staged: Staged,
    servers: tuple[ForkServer, ForkServer],
    budget_s: float = 2.0,
    clock: Callable[[], float] = time.monotonic,
) -> list[str]:
    """Run the first draw of cheap checks against the reference; say what differs.

    Checks that ask for the reference's data are left out. The rest runs in the suites' order until
    the time is up.

    Args:
        suites: each with its recording.
        limits: of the assignment.
        staged: the reference.
        servers: for its workers.
        budget_s: how long this may take; a check that has begun is finished.
        clock: in seconds.

    Returns:
        One sentence for each check that does not give what was recorded; [] if all do.
    """
    end = clock() + budget_s
    problems = []
    for suite, recording in suites:
        for check in suite.checks:
            known = recording.checks.get(check.name, ())[:1]
            if check.function is None or "reference" in check.takes or not known or clock() > end:
                continue
            allowed = check.bounded(limits)
            try:
                now = drawn(check, known[0].seed, allowed, staged, servers)
            except AuthorMistake as error:
                problems.append(str(error))
                continue
            moved = [item for item in drift_of_check(check.name, known, (now,)) if item.beyond]
            problems += [
                f"{item.check} {item.finding}: {item.words or f'differs by {item.error:.2g}'}"
                for item in moved[:1]
            ]
    return problems
