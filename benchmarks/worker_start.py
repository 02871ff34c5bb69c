"""How long a check waits for its worker, against starting Python and numpy for each check.

    python benchmarks/worker_start.py [ROUNDS]

Each round forks one worker at the strongest level that this machine has and waits for its first
reply; forks another, loads a module into it and ends it; then starts a fresh interpreter that
imports numpy. Rounds are interleaved, so a machine that slows down slows all; the ratio is what
counts. Last comes the CPU time of grader, fork server and worker for a worker that loads a module
and is asked nothing more: a check with a process of its own cannot cost less.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from autograder.level import open_box
from autograder.session import CheckSession, Staged
from autograder.worker import Worker
from gradlab.course import Limits

if TYPE_CHECKING:
    from autograder.forkserver import ForkServer

SOURCE = b"def double(x):\n    return 2 * x\n"
COLD = "import numpy as np; x = np.ones((10, 10)); y = 2 * x"
WARM_UP = 3
FIRST_REPLY_MS = 6
LEAST_MANY = 50  # workers: the kernel counts CPU time in hundredths of a second


def first_reply(server: ForkServer) -> float:
    """Return the milliseconds from the order of a worker to its first reply."""
    start = time.perf_counter()
    worker = Worker(server, Limits())
    with closing(worker):
        worker.ask("seed", seed=0)
        return 1e3 * (time.perf_counter() - start)


def forked(server: ForkServer) -> float:
    """Return the milliseconds of one check through the fork server, its worker's end included."""
    start = time.perf_counter()
    session = CheckSession(server, Staged({"m.py": SOURCE}, {"m": "m"}), Limits(), 0)
    session.module("m")
    session.close()
    return 1e3 * (time.perf_counter() - start)


def cold() -> float:
    """Return the milliseconds of one fresh interpreter."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", COLD], check=True)
    return 1e3 * (time.perf_counter() - start)


def cpu_s(server: ForkServer) -> float:
    """Return the CPU seconds of this process, of a fork server and of its ended workers."""
    fields = Path(f"/proc/{server.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return time.process_time() + sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def cpu_of_one(server: ForkServer, count: int) -> float:
    """Return the CPU milliseconds of a worker that is loaded and asked nothing more."""
    start = cpu_s(server)
    for _ in range(count):
        forked(server)
    return 1e3 * (cpu_s(server) - start) / count


def main(rounds: int) -> None:
    """Print the medians and the ratio's spread."""
    with open_box() as server:
        level = server.box.level
        timed = [(first_reply(server), forked(server), cold()) for _ in range(rounds + WARM_UP)]
        cpu = cpu_of_one(server, max(rounds, LEAST_MANY))
    kept = timed[WARM_UP:]
    first, ours, theirs = (statistics.median(column) for column in zip(*kept, strict=True))
    low, middle, high = np.percentile([slow / fast for _, fast, slow in kept], [10, 50, 90])
    print(f"a worker's first reply:      {first:7.1f} ms (goal: {FIRST_REPLY_MS}), level {level}")
    print(f"a worker, loaded and asked:  {ours:7.1f} ms")
    print(f"a fresh interpreter:         {theirs:7.1f} ms")
    print(
        f"CPU of a worker, loaded:     {cpu:7.1f} ms, the grader's and the fork server's included"
    )
    print(f"ratio: {middle:.1f} times [{low:.1f} to {high:.1f} for 10 to 90 % of {rounds} rounds]")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
