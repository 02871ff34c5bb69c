"""How long a check waits for its worker, against starting Python and numpy for each check.

    python benchmarks/worker_start.py [ROUNDS]

Each round forks one worker, loads a module into it and calls a function, then starts one fresh
interpreter that imports numpy and does the same. Rounds are interleaved, so a machine that slows
down slows both; the ratio is what counts.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

import numpy as np

from autograder.session import CheckSession, Staged
from autograder.worker import ForkServer
from gradlab.course import Limits

SOURCE = b"def double(x):\n    return 2 * x\n"
COLD = "import numpy as np; x = np.ones((10, 10)); y = 2 * x"
WARM_UP = 3


def forked(server: ForkServer) -> float:
    """Return the milliseconds of one check through the fork server."""
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


def main(rounds: int) -> None:
    """Print both medians and the ratio's spread."""
    with ForkServer() as server:
        pairs = [(forked(server), cold()) for _ in range(rounds + WARM_UP)][WARM_UP:]
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    low, middle, high = np.percentile([b / a for a, b in pairs], [10, 50, 90])
    print(f"a worker, loaded and asked:  {ours:7.1f} ms")
    print(f"a fresh interpreter:         {theirs:7.1f} ms")
    print(f"ratio: {middle:.1f} times [{low:.1f} to {high:.1f} for 10 to 90 % of {rounds} rounds]")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
