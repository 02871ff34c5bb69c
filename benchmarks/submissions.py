"""Grading and releasing the six questions: gradlab against otter-grader and nbgrader.

    python benchmarks/submissions.py CACHE [ROUNDS]

CACHE is the folder of the rivals' environment, see rivals.py. Every round runs each command once,
each in processes of its own and with one thread for linear algebra; ratios are taken within a
round. Wall time is the command's, CPU time that of its whole tree of processes, see processes.py.
Right code earns all points from each of them, before anything is timed. Our byte code is
compiled first, as pip does for whatever it installs, the rivals included.
"""

from __future__ import annotations

import compileall
import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from benchmarks.processes import peak_memory, spent
from benchmarks.rivals import Nbgrader, Otter, environment
from benchmarks.six.masters import POINTS, own_cpu_s
from benchmarks.six.own import copy_course, write_class
from benchmarks.timing import Sample, compare, show

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Samples = dict[str, list[Sample]]

MORE, MORE_OF_RIVALS = 20, 2  # submissions after the first of a batch
MEMORY_RUNS = 3
ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("gradlab", "generator", "autograder")
# How many times more CPU time a rival should take, by workload and rival.
RATIOS = (
    ("one submission", "otter run", 7),
    ("one submission", "nbgrader autograde", 0),
    ("a further submission", "nbgrader autograde", 12),
    ("a further submission", "otter, in one process", 30),
    ("a further submission", "otter run", 30),
    ("a release", "otter assign", 3),
    ("a release", "nbgrader generate_assignment", 3),
)


@dataclass(frozen=True)
class Gradlab:
    """gradlab with a copy of the course in `folder`, and `count` submissions there."""

    folder: Path
    count: int

    def prepare(self) -> None:
        """Copy the course, write the submissions and compile our packages."""
        for package in PACKAGES:
            compileall.compile_dir(ROOT / package, quiet=1)
        copy_course(self.folder)
        write_class(self.folder / "submissions", ["right"] * self.count)

    def assign(self) -> Sample:
        """Make the release."""
        return spent(self._command("assign", "six"), self.folder)

    def grade(self, count: int) -> Sample:
        """Grade some submissions with one command, one at a time, at full protection."""
        return spent(self.grading(count), self.folder)

    def grading(self, count: int) -> list[str]:
        """Return the command that grades some submissions."""
        paths = [f"submissions/s{number}" for number in range(count)]
        return self._command("grade", "six", *paths, "--jobs", "1", "--require", "full")

    def score(self) -> float:
        """Return what the first submission earned."""
        results = self.folder / "results" / "s0" / "results.json"
        return float(json.loads(results.read_text(encoding="utf-8"))["score"])

    def _command(self, *words: str) -> list[str]:
        return [str(Path(sys.executable).with_name("gradlab")), *words]


@dataclass(frozen=True)
class Contest:
    """All three, ready to run."""

    gradlab: Gradlab
    otter: Otter
    nbgrader: Nbgrader

    @classmethod
    def of(cls, programs: Path, folder: Path) -> Contest:
        """Return the contest, prepared in `folder`.

        Raises:
            ArithmeticError: right code does not earn the same points everywhere.
        """
        contest = cls(
            Gradlab(folder / "gradlab", 1 + MORE),
            Otter(programs, folder / "otter", 1 + MORE_OF_RIVALS),
            Nbgrader(programs, folder / "nbgrader", 1 + MORE_OF_RIVALS),
        )
        for one in (contest.gradlab, contest.otter, contest.nbgrader):
            one.prepare()
        contest.gradlab.grade(1)  # files and byte code lie in caches from here on
        contest.otter.run()
        contest.nbgrader.autograde(1)
        full = sum(sum(points) for points in POINTS.values())
        for one in (contest.gradlab, contest.otter, contest.nbgrader):
            if one.score() != full:
                raise ArithmeticError(f"{type(one).__name__} gives {one.score():g} of {full}")
        return contest

    def calls(self) -> Mapping[str, Callable[[], Sample]]:
        """Return what a round consists of."""
        ours, otter, nbgrader = self.gradlab, self.otter, self.nbgrader
        return {
            "gradlab, 1": lambda: ours.grade(1),
            "otter run, 1": otter.run,
            "nbgrader, 1": lambda: nbgrader.autograde(1),
            "gradlab, many": lambda: ours.grade(1 + MORE),
            "nbgrader, many": lambda: nbgrader.autograde(1 + MORE_OF_RIVALS),
            "otter, 1": lambda: otter.loop(1),
            "otter, many": lambda: otter.loop(1 + MORE_OF_RIVALS),
            "gradlab assign": ours.assign,
            "otter assign": otter.assign,
            "nbgrader assign": nbgrader.assign,
        }


def rounds_of(calls: Mapping[str, Callable[[], Sample]], rounds: int) -> Samples:
    """Run every call once per round."""
    samples: Samples = {name: [] for name in calls}
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
        for name, call in calls.items():
            samples[name].append(call())
    return samples


def further(one: Sequence[Sample], many: Sequence[Sample], more: int) -> list[Sample]:
    """Return what each further submission of a batch took."""
    pairs = zip(one, many, strict=True)
    return [Sample((b.wall - a.wall) / more, (b.cpu - a.cpu) / more) for a, b in pairs]


def by_workload(samples: Samples) -> dict[str, dict[str, list[Sample]]]:
    """Return who took how long for what, gradlab first."""
    more = {"nbgrader": MORE_OF_RIVALS, "otter": MORE_OF_RIVALS, "gradlab": MORE}
    extra = {n: further(samples[f"{n}, 1"], samples[f"{n}, many"], m) for n, m in more.items()}
    return {
        "one submission": {
            "gradlab": samples["gradlab, 1"],
            "otter run": samples["otter run, 1"],
            "nbgrader autograde": samples["nbgrader, 1"],
        },
        "a further submission": {
            "gradlab": extra["gradlab"],
            "nbgrader autograde": extra["nbgrader"],
            "otter, in one process": extra["otter"],
            "otter run": samples["otter run, 1"],
        },
        "a release": {
            "gradlab": samples["gradlab assign"],
            "otter assign": samples["otter assign"],
            "nbgrader generate_assignment": samples["nbgrader assign"],
        },
    }


def show_goals(work: Mapping[str, Mapping[str, Sequence[Sample]]], memory: Sequence[float]) -> None:
    """Print what has a goal of its own, in seconds, milliseconds or megabytes."""
    one, more, release = (work[name]["gradlab"] for name in work)
    own = own_cpu_s()
    lines = (
        ("one submission, wall s", [s.wall for s in one], 0.6),
        ("one submission, CPU s", [s.cpu for s in one], None),
        ("a further one beyond its own code, CPU ms", [1e3 * (s.cpu - own) for s in more], 60),
        ("a release, CPU s", [s.cpu for s in release], 0.5),
        ("peak memory of all processes, MB", memory, 150),
    )
    print("\n| what | median [10-90 %] | at most |\n|---|---|---|")
    for what, values, goal in lines:
        low, middle, high = np.percentile(values, [10, 50, 90])
        missed = ", missed" if goal and middle > goal else ""
        print(f"| {what} | {middle:.3g} [{low:.3g}-{high:.3g}] | {goal or ''}{missed} |")
    print(f"\nThe student's own code takes {1e3 * own:.1f} ms of CPU time.")


def main(cache: str, rounds: int) -> None:
    """Measure and print both tables."""
    programs = environment(Path(cache).absolute())
    with tempfile.TemporaryDirectory(prefix="gradlab-benchmark-") as folder:
        contest = Contest.of(programs, Path(folder))
        before = os.getloadavg()[0]
        work = by_workload(rounds_of(contest.calls(), rounds))
        ours = contest.gradlab
        memory = [peak_memory(ours.grading(1), ours.folder) for _ in range(MEMORY_RUNS)]
    rows = []
    for what, rival, goal in RATIOS:
        pair = {who: work[what][who] for who in ("gradlab", rival)}
        rows.append(compare(what, rival, 1, pair, goal, at_least=True))
    show(rows)
    show_goals(work, memory)
    print(f"Load before and after: {before:.1f}, {os.getloadavg()[0]:.1f}; {rounds} rounds.")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5)  # noqa: PLR2004
