"""How the time for a submission is split among its checks, so that the last one has its turn."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from autograder.worker import LONGEST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradlab.course import Limits

__all__ = ["Budget"]

# What a check needs at most where nothing goes wrong: its CPU time on half a CPU, and its worker.
SLOW, START_S = 2, 1


class Budget:
    """The wall-clock seconds of one submission.

    A check may use what the later ones do not need, and never less than its share by CPU time.
    Where that is less than its own limit of wall time, the limit is lowered.

    Args:
        seconds: for all checks together.
        limits: of every check, in the order in which they run; None for one that does not run.
        clock: in seconds.
    """

    def __init__(
        self,
        seconds: float,
        limits: Sequence[Limits | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._end = clock() + seconds
        self._clock = clock
        self._waiting = list(limits)

    def next(self) -> Limits | None:
        """Return what the next check may use; None if not even its CPU time is left."""
        limits = self._waiting.pop(0)
        if limits is None:
            return None
        left, later = self._end - self._clock(), [item for item in self._waiting if item]
        if limits.cpu_s > left:
            return None
        needed = sum(SLOW * item.cpu_s + START_S for item in later)
        share = left * limits.cpu_s / (limits.cpu_s + sum(item.cpu_s for item in later))
        # A worker that computes may go on for LONGEST times its wall time.
        most = max(left - needed, share) / LONGEST
        return replace(limits, wall_s=max(1, min(limits.wall_s, int(most))))
