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


def ratio(ours: Sequence[Sample], theirs: Sequence[Sample], clock: str = "cpu") -> str:
    """Return the median of the rounds' ratios, with the tenth and ninetieth percentile."""
    values = [getattr(a, clock) / getattr(b, clock) for a, b in zip(ours, theirs, strict=True)]
    low, middle, high = np.percentile(values, [10, 50, 90])
    digits = 2 if middle < MANY else 0
    return f"{middle:.{digits}f} [{low:.{digits}f}-{high:.{digits}f}]"


def milliseconds(samples: Sequence[Sample], clock: str = "cpu") -> float:
    """Return the median, in milliseconds."""
    return 1e3 * float(np.median([getattr(s, clock) for s in samples]))


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
