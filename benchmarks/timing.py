"""Time functions side by side: interleaved rounds, CPU time beside wall time, ratios with spread.

A machine that slows down slows all functions of a round alike, so a round's ratios hold where its
times do not. Libraries that use several threads disturb one another within a process: each gets a
process of its own, and the processes take turns.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
import tracemalloc
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Calls = Mapping[str, Callable[[], Any]]

RETRIES = 4
TURNS = 3
MANY = 10  # ratios from here on are printed without decimals
THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


class Sample(NamedTuple):
    """How long one call took, in seconds."""

    wall: float
    cpu: float


def sample(call: Callable[[], Any]) -> Sample:
    """Time one call; again, up to RETRIES times, where it waited for the processor."""
    best = Sample(0, 0)
    for _ in range(RETRIES + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        taken = Sample(time.perf_counter() - wall, time.process_time() - cpu)
        if taken.cpu > 0.95 * taken.wall:
            return taken
        if best.wall == 0 or taken.wall < best.wall:
            best = taken
    return best


def interleaved(calls: Calls, rounds: int) -> dict[str, list[Sample]]:
    """Time every call once per round, after two rounds to warm up."""
    for _ in range(2):
        for call in calls.values():
            call()
    samples: dict[str, list[Sample]] = {name: [] for name in calls}
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, call in calls.items():
                samples[name].append(sample(call))
    finally:
        gc.enable()
    return samples


class Row(NamedTuple):
    """One comparison, a line of a table: ratios of our time to the rival's.

    Attributes:
        workload: what was done.
        rival: against whom.
        threads: how many each of them had.
        ms: our CPU time, the median in milliseconds.
        low: the ratio of CPU times, tenth percentile of the rounds.
        middle: its median.
        high: its ninetieth percentile.
        wall: the median of the ratio of wall times.
        goal: what the ratio should stay below; 0 where there is no goal.
        at_least: the ratio is the rival's time to ours, and should stay above the goal.
    """

    workload: str
    rival: str
    threads: int
    ms: float
    low: float
    middle: float
    high: float
    wall: float
    goal: float
    at_least: bool

    @property
    def reached(self) -> bool:
        """Whether the median reaches the goal."""
        return not self.goal or (self.middle >= self.goal) == self.at_least


def compare(
    workload: str,
    rival: str,
    threads: int,
    samples: Mapping[str, Sequence[Sample]],
    goal: float = 0,
    *,
    at_least: bool = False,
) -> Row:
    """Return the comparison of the first of the samples, ours, with the rival's."""
    ours = next(iter(samples))
    above, below = (rival, ours) if at_least else (ours, rival)
    cpu, wall = (
        [
            getattr(x, clock) / getattr(y, clock)
            for x, y in zip(samples[above], samples[below], strict=True)
        ]
        for clock in ("cpu", "wall")
    )
    low, middle, high = map(float, np.percentile(cpu, [10, 50, 90]))
    ms = milliseconds(samples[ours])
    return Row(
        workload, rival, threads, ms, low, middle, high, float(np.median(wall)), goal, at_least
    )


def show(rows: Sequence[Row], *, as_json: bool = False) -> None:
    """Print comparisons as a table, or as JSON."""
    if as_json:
        print(json.dumps(rows))
        return
    print("| workload | against | threads | ours, ms | ratio, CPU [10-90 %] | wall | goal |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        digits = 2 if row.middle < MANY else 0
        low, middle, high, wall = (f"{n:.{digits}f}" for n in row[4:8])
        goal = f"{'at least' if row.at_least else 'at most'} {row.goal:.3g}" if row.goal else ""
        goal += "" if row.reached else ", missed"
        name = f"| {row.workload} | {row.rival} | {row.threads} | {row.ms:.2f} "
        print(f"{name}| {middle} [{low}-{high}] | {wall} | {goal} |")


def milliseconds(samples: Sequence[Sample]) -> float:
    """Return the median of the CPU times, in milliseconds."""
    return 1e3 * float(np.median([sample.cpu for sample in samples]))


def extra_memory(call: Callable[[], Any]) -> float:
    """Return by how many MiB a call's peak exceeds what it returns."""
    call()
    tracemalloc.start()
    result = call()
    size, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del result
    return (peak - size) / 2**20


def in_process(script: str, arguments: Sequence[str], threads: int) -> Any:
    """Run a script with so many threads; return what it prints, which is JSON."""
    environment = os.environ | dict.fromkeys(THREAD_VARIABLES, str(threads))
    command = [sys.executable, script, *arguments]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def in_turns(
    script: str, arguments: Sequence[str], ways: Sequence[str], threads: int
) -> dict[str, list[Sample]]:
    """Time each way in a process of its own, with so many threads; the processes take turns.

    With ``--alone WAY`` the script prints the samples of that way.
    """
    samples: dict[str, list[Sample]] = {way: [] for way in ways}
    for _ in range(TURNS):
        for way in ways:
            answer = in_process(script, [*arguments, "--alone", way], threads)
            samples[way] += [Sample(*pair) for pair in answer]
    return samples
