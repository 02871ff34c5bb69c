"""The reference package against its rivals: one table of all goals, and a picture.

    python benchmarks/reference.py [--quick] [PICTURE]

Runs layers.py, knn.py and training.py in processes of their own. Rivals that are not installed
(torch, scikit-learn) are left out. Quiet machines only: see the load that is printed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.timing import Row, in_process, show

HERE = Path(__file__).resolve().parent


def measure(*, quick: bool) -> list[Row]:
    """Return the rows of all benchmarks."""
    rounds = "3" if quick else "9"
    runs = [
        ("layers.py", ["--quick"] if quick else [], 1),
        ("knn.py", [rounds], 1),
        ("training.py", [rounds, "float64"], 1),
        ("training.py", [rounds, "float32"], 1),
    ]
    answers = (in_process(str(HERE / name), [*given, "--json"], n) for name, given, n in runs)
    return [Row(*row) for answer in answers for row in answer]


def draw(rows: list[Row], path: Path) -> None:
    """Draw every ratio that has a goal, divided by it: left of the line the goal is reached."""
    import matplotlib as mpl  # noqa: PLC0415 - a picture is asked for

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    rows = [row for row in rows if row.goal][::-1]
    sign = [-1 if row.at_least else 1 for row in rows]
    middle = [(row.middle / row.goal) ** s for row, s in zip(rows, sign, strict=True)]
    ends = [
        sorted(((row.low / row.goal) ** s, (row.high / row.goal) ** s))
        for row, s in zip(rows, sign, strict=True)
    ]
    figure, axes = plt.subplots(figsize=(8, 0.32 * len(rows) + 1), layout="constrained")
    axes.hlines(
        range(len(rows)), *zip(*ends, strict=True), color="tab:blue", alpha=0.4, linewidth=4
    )
    axes.plot(middle, range(len(rows)), "o", color="tab:blue")
    axes.axvline(1, color="tab:red")
    names = [f"{row.workload} / {row.rival}, {row.threads}" for row in rows]
    axes.set_yticks(range(len(rows)), names)
    axes.set(xscale="log", xlabel="CPU time relative to the goal (left of the line: reached)")
    axes.set_title("workload / rival, threads", loc="left", fontsize="medium")
    figure.savefig(path, dpi=110)


def main(arguments: list[str]) -> None:
    """Measure, print, draw."""
    before = os.getloadavg()[0]
    rows = measure(quick="--quick" in arguments)
    show(rows)
    print(f"load before and after: {before:.1f}, {os.getloadavg()[0]:.1f}")
    for path in (Path(text) for text in arguments if not text.startswith("--")):
        draw(rows, path)
        print(f"wrote {path}")


if __name__ == "__main__":
    main(sys.argv[1:])
