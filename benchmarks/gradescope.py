"""The zip for Gradescope: its size, its set-up, and a submission on half a CPU and 768 MB.

    python benchmarks/gradescope.py [CACHE]

Everything runs in the container of a rehearsal, see docs/gradescope.md; set-up is timed without the
download. With CACHE, the folder of the rivals' environment (see rivals.py), `otter run` is measured
beside it, on its own release of the six questions and within the same limits.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from benchmarks.processes import spent
from benchmarks.rivals import Otter, environment
from benchmarks.six.masters import POINTS
from benchmarks.six.own import copy_course, write_class
from gradlab.cli.gradescope import archive, contents
from gradlab.cli.rehearsal import image, metadata_like, submit
from gradlab.course import Course

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradlab.cli.container import Container
    from gradlab.course import Assignment

ROOT = Path(__file__).resolve().parents[1]
SET_UPS, SUBMISSIONS = 3, 10
MB = 1e6
QUOTED = {"packages": 88.0, "MB": 546.0}  # otter-grader with what it needs; not measured here
THIRD = {name: value / 3 for name, value in QUOTED.items()}


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        what: was measured.
        values: one for each run.
        goal: what their median should stay below; 0 where there is no goal.
    """

    what: str
    values: Sequence[float]
    goal: float = 0

    def __str__(self) -> str:
        low, middle, high = np.percentile(self.values, [10, 50, 90])
        missed = ", missed" if self.goal and middle > self.goal else ""
        spread = f" [{low:.3g}-{high:.3g}]" if len(self.values) > 1 else ""
        goal = f"{self.goal:.3g}{missed}" if self.goal else ""
        return f"| {self.what} | {middle:.3g}{spread} | {goal} |"


def packages(folder: Path) -> tuple[int, float]:
    """Return how many packages are installed in a folder, and their size in MB."""
    sizes = [path.lstat().st_size for path in folder.rglob("*") if path.is_file()]
    return len(list(folder.glob("*.dist-info"))), sum(sizes) / MB


def measured(content: bytes, submission: Path, points: float) -> list[Row]:
    """Set a zip up several times, grade a submission several times."""
    set_ups, walls = [], []
    for number in range(SET_UPS):
        with image(content) as (container, ran):
            set_ups.append(ran.wall_s)
            if number:
                continue
            print("\n".join(container.described), file=sys.stderr)
            count, size = packages(container.folder / "packages")
            for _ in range(SUBMISSIONS):
                done = submit(container, submission, metadata_like(points))
                if done.problems or done.table["score"] != points:
                    raise ArithmeticError(f"{done.table.get('score')} of {points}: {done.problems}")
                walls.append(done.ran.wall_s)
    return [
        Row("set-up of the image after download, s", set_ups, 30),
        Row("installed packages", [count], THIRD["packages"]),
        Row("their size, MB", [size], THIRD["MB"]),
        Row("one submission of six questions, wall s", walls, 3),
    ]


def otter(cache: Path, folder: Path, container: Container) -> Row:
    """Return how long otter-grader takes for the same questions within a container's limits."""
    programs = environment(cache)
    rival = Otter(programs, folder / "otter", 1)
    rival.prepare()
    (bundle,) = (rival.folder / "dist" / "autograder").glob("*.zip")
    command = [str(programs / "otter"), "run", "-a", str(bundle), "s0.ipynb"]
    walls = [spent(container.limited(command), rival.folder).wall for _ in range(SET_UPS)]
    return Row("`otter run` within the same limits, wall s", walls)


def zip_of(assignment: Assignment) -> bytes:
    """Return the zip of an assignment."""
    return archive(contents(assignment, "container"))


def main(cache: str | None) -> None:
    """Measure and print the table."""
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="gradlab-benchmark-") as scratch:
        folder = Path(scratch)
        six = Course.find(copy_course(folder / "course")).assignment("six")
        (right,) = write_class(folder / "class", ["right"])
        content = zip_of(six)
        net = zip_of(Course.find(ROOT).assignment("two_layer_net"))
        rows = [
            Row("zip of six questions, MB", [len(content) / MB], 5),
            Row("zip of the two-layer network, MB", [len(net) / MB], 5),
            *measured(content, right, sum(map(sum, POINTS.values()))),
        ]
        rows += [Row(f"otter-grader's {name}, quoted", [QUOTED[name]]) for name in QUOTED]
        if cache:
            with image(content) as (container, _):
                rows.append(otter(Path(cache).absolute(), folder, container))
    print("| what | median [10-90 %] | at most |\n|---|---|---|")
    print(*rows, sep="\n")
    print(f"Load before and after: {before:.1f}, {os.getloadavg()[0]:.1f}.")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
