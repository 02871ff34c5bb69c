"""Many mixed submissions through one grader: what is left behind, and does memory grow?

    python benchmarks/soak.py [COUNT]

Of 100 submissions one loops until its limit; the others are right, wrong, raise, exit, crash, do
not load, loop briefly, write, print or ask for too much memory, in turn. Open files, processes and
folders are counted while the fork server still runs, before the first submission and after the
last.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from autograder.grade import Grader, grade_class
from autograder.intake import Source
from benchmarks.processes import tree
from benchmarks.six.own import KINDS, copy_course, write_class
from generator.modules import student_modules
from gradlab.cli import steps
from gradlab.course import Course

if TYPE_CHECKING:
    from autograder.forkserver import ForkServer
    from autograder.outcome import Results

__all__ = ["Left", "soak"]

WARM = 100  # submissions until memory should grow no more
RARE, RARELY = "loops", 100
JOBS = 2


@dataclass
class Left:
    """What a class left behind, beyond what was there before.

    Attributes:
        descriptors: open files of the grader and of the students' fork server.
        processes: below the grader.
        folders: of workers.
        grader_mb: the grader's memory, beyond that after the first submissions.
        server_mb: the fork server's memory, likewise.
        statuses: how many checks had which status.
        unfinished: submissions whose results are not complete.
    """

    descriptors: int = 0
    processes: int = 0
    folders: int = 0
    grader_mb: float = 0.0
    server_mb: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    unfinished: int = 0


def mixed(count: int) -> list[str]:
    """Return the kinds of so many submissions."""
    kinds = list(islice(cycle(kind for kind in KINDS if kind != RARE), count))
    kinds[RARELY // 2 :: RARELY] = [RARE] * len(kinds[RARELY // 2 :: RARELY])
    return kinds


def soak(count: int, folder: Path) -> Left:
    """Grade a mixed class in `folder`; return what is left of it."""
    course = copy_course(folder / "course")
    sources = [Source(path) for path in write_class(folder / "submissions", mixed(count))]
    assignment = Course.find(course).assignment("six")
    left, done = Left(), 0
    with steps.servers(assignment.course) as both:
        grader = Grader.of(assignment, student_modules(assignment), both)
        at_rest = _counted(both[0])
        warm = _memory(both[0])

        def watch(result: Results) -> None:
            nonlocal done, warm
            done += 1
            warm = _memory(both[0]) if done == min(WARM, count // 2) else warm
            left.statuses.update(outcome.status for outcome in result.outcomes)
            left.unfinished += not result.finished

        grade_class(grader, sources, folder / "results", JOBS, watch)
        left.grader_mb, left.server_mb = (
            after - before for after, before in zip(_memory(both[0]), warm, strict=True)
        )
        left.descriptors, left.processes, left.folders = (
            after - before for after, before in zip(_counted(both[0]), at_rest, strict=True)
        )
    return left


def _counted(server: ForkServer) -> tuple[int, int, int]:
    """Return open files, processes and workers' folders."""
    files = [len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in ("self", server.pid)]
    return sum(files), len(tree(server.pid)), len(list(server.scratch.root.iterdir()))


def _memory(server: ForkServer) -> tuple[float, float]:
    """Return the resident megabytes of grader and fork server."""
    texts = [Path(f"/proc/{pid}/status").read_text() for pid in ("self", server.pid)]
    grader, forks = (int(text.partition("VmRSS:")[2].split()[0]) / 1024 for text in texts)
    return grader, forks


def main(count: int) -> None:
    """Print what is left."""
    with tempfile.TemporaryDirectory(prefix="gradlab-soak-") as folder:
        left = soak(count, Path(folder))
    print(f"{count} submissions left {left.descriptors} open files, {left.processes} processes,")
    print(f"{left.folders} folders; {left.unfinished} results are not complete.")
    print(f"Since submission {min(WARM, count // 2)} the grader's memory grew by")
    print(f"{left.grader_mb:.1f} MB (at most 20), the fork server's by {left.server_mb:.1f} MB.")
    print(", ".join(f"{status} {number}" for status, number in left.statuses.most_common()))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
