"""Nearest neighbours: distances, votes and cross-validation against bare products and rivals.

    python benchmarks/knn.py [ROUNDS]

500 samples are measured to 5000, of 3072 features (pixels, float64), on one thread and the
distances also on two, there with a process for each way. Each round does the same work in every
way; the ways alternate, so a machine that slows down slows all, and the ratio of CPU times within
a round is what counts. scikit-learn is a rival where it is there.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy starts its threads
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "solutions")]

import numpy as np  # noqa: E402  (threads and path come first)
from nndl.classifiers.knn import KNN, cross_validate  # noqa: E402  (the same)

from benchmarks.timing import (  # noqa: E402  (the same)
    Row,
    compare,
    extra_memory,
    in_turns,
    interleaved,
    sample,
    show,
)

if TYPE_CHECKING:
    from collections.abc import Callable

KS = [1, 3, 5, 8, 10, 12, 15, 20, 50, 100]
FOLDS = 5
# The ratio that our time should stay below, by rival.
GOALS = {"gemm": 1.1, "scikit-learn": 1.05, "argsort loop": 0.3, "handout's loops": 1 / 15}


def textbook_distances(x: np.ndarray, x_train: np.ndarray) -> Any:
    """Return the distances by the usual one-liner, which repairs nothing."""
    squared = np.sum(x**2, axis=1)[:, None] - 2 * x @ x_train.T + np.sum(x_train**2, axis=1)
    return np.sqrt(np.maximum(squared, 0))


def argsort_labels(dists: np.ndarray, y: np.ndarray, k: int) -> np.ndarray:
    """Return the labels as the handout suggests: sort every row, count the first k."""
    return np.array([np.argmax(np.bincount(y[np.argsort(row)[:k]])) for row in dists])


def handout_cross_validation(x: np.ndarray, y: np.ndarray) -> None:
    """Do every k and every fold from the start, as the handout's two loops do."""
    x_parts, y_parts = np.array_split(x, FOLDS), np.array_split(y, FOLDS)
    for k in KS:
        for i in range(FOLDS):
            x_rest = np.concatenate(x_parts[:i] + x_parts[i + 1 :])
            y_rest = np.concatenate(y_parts[:i] + y_parts[i + 1 :])
            argsort_labels(textbook_distances(x_parts[i], x_rest), y_rest, k)


def sklearn_distances(x: np.ndarray, x_train: np.ndarray) -> dict[str, Callable[[], object]]:
    """Return scikit-learn's way, or nothing where it is not installed."""
    try:
        pairwise = importlib.import_module("sklearn.metrics.pairwise")
    except ModuleNotFoundError:
        return {}
    return {"scikit-learn": lambda: pairwise.euclidean_distances(x, x_train)}


def problem() -> tuple[KNN, np.ndarray, np.ndarray, np.ndarray]:
    """Return a trained classifier, its training data and samples to classify."""
    rng = np.random.RandomState(0)
    x_train, x = (rng.randint(0, 256, (n, 3072)).astype(float) for n in (5000, 500))
    y = rng.randint(0, 10, 5000)
    knn = KNN()
    knn.train(x_train, y)
    return knn, x_train, y, x


def scratch() -> float:
    """Return the peak memory of the distances beyond the result, as a share of the result."""
    knn, x_train, _, x = problem()
    extra = extra_memory(lambda: knn.compute_L2_distances_vectorized(x)) * 2**20
    return extra / (8 * len(x) * len(x_train))


def distance_ways(knn: KNN, x_train: np.ndarray, x: np.ndarray) -> dict[str, Callable[[], object]]:
    """Return every way to measure the distances."""
    return {
        "ours": lambda: knn.compute_L2_distances_vectorized(x),
        "gemm": lambda: x @ x_train.T,
        "textbook": lambda: textbook_distances(x, x_train),
        **sklearn_distances(x, x_train),
    }


def rows(rounds: int) -> list[Row]:
    """Return all comparisons."""
    knn, x_train, y, x = problem()
    dists = knn.compute_L2_distances_vectorized(x)
    distances = distance_ways(knn, x_train, x)
    labels = {
        "ours": lambda: knn.predict_labels(dists, 10),
        "argsort loop": lambda: argsort_labels(dists, y, 10),
    }
    validation = {
        "ours": lambda: cross_validate(x_train, y, KS, FOLDS),
        "handout's loops": lambda: handout_cross_validation(x_train, y),
    }
    once = {name: [sample(call)] for name, call in validation.items()}  # half a minute is enough
    turns = in_turns(__file__, [str(max(1, rounds // 3))], list(distances), threads=2)
    measured = [
        ("kNN distances", 1, interleaved(distances, rounds)),
        ("kNN distances", 2, turns),
        ("kNN labels, k = 10", 1, interleaved(labels, rounds)),
        ("kNN cross-validation", 1, once),
    ]
    return [
        compare(workload, rival, threads, samples, GOALS.get(rival, 0))
        for workload, threads, samples in measured
        for rival in list(samples)[1:]
    ]


def main() -> None:
    """Print the comparisons; or, for a single way to measure distances, its samples as JSON."""
    parser = argparse.ArgumentParser(description="Time nearest neighbours.")
    parser.add_argument("rounds", nargs="?", type=int, default=10)
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    parser.add_argument("--alone", metavar="WAY", help="time one way to measure the distances")
    options = parser.parse_args()
    if options.alone:
        knn, x_train, _, x = problem()
        way = {options.alone: distance_ways(knn, x_train, x)[options.alone]}
        json.dump(interleaved(way, options.rounds)[options.alone], sys.stdout)
        return
    show(rows(options.rounds), as_json=options.json)
    if not options.json:
        print(f"memory beyond the distances: {scratch():.2f} times their own (goal 2)")


if __name__ == "__main__":
    main()
