"""The reference's battery: tells a mutant from the reference wherever their values differ.

`gradlab audit` runs it on the mutants that the hidden checks let pass. Nobody is graded by it, so
its inputs may be as odd as they like, and its bounds are those of rounding alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradlab import Suite

if TYPE_CHECKING:
    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Remote, Student

suite = Suite("knn battery")

ROUNDING = 1e-10
# Training samples, samples to classify, features: one of everything, more rows than columns.
SIZES = ((9, 4, 6), (1, 5, 3), (5, 1, 1), (2, 11, 40), (40, 40, 2))


def trained(student: Student, X: np.ndarray, y: np.ndarray | None = None) -> Remote:
    """Return a fresh classifier that has seen the samples X."""
    knn: Remote = student.knn.KNN()
    knn.train(X, np.zeros(len(X), dtype=np.int64) if y is None else y)
    return knn


@suite.check(points=0, question="distances")
def all_shapes(student: Student, expect: Expect, draw: Draw) -> None:
    """Distances of all shapes and norms, also of pixels kept in 8 bits and of equal rows"""
    for M, N, D in SIZES:
        knn, X = trained(student, draw.normal(M, D)), draw.normal(N, D)
        values = {f"{M, N, D}, norm {p}": knn.compute_distances(X, p) for p in (1, 1.5, 2, np.inf)}
        values[f"{M, N, D} vectorized"] = knn.compute_L2_distances_vectorized(X)
        expect.close(values, max_error=ROUNDING)
    pixels = draw.integers(0, 256, 12, 9).astype(np.uint8)
    knn = trained(student, pixels)
    both = (knn.compute_distances(pixels), knn.compute_L2_distances_vectorized(pixels))
    expect.close({"8 bits": both[0], "8 bits vectorized": both[1]}, max_error=ROUNDING)


@suite.check(points=0, question="distances")
def odd_rows(student: Student, expect: Expect, draw: Draw) -> None:
    """Distances of zeros, of huge and tiny numbers, of nearly equal rows"""
    X = draw.normal(15, 7)
    for what, (train, rows) in {
        "zeros": (np.zeros((3, 7)), X),
        "huge": (1e150 * X[:5], 1e150 * X),
        "tiny": (1e-150 * X[:5], 1e-150 * X),
        "close": (X + 1e-9 * draw.normal(15, 7), X),
        "far away": (X + 1e6, X[::-1] + 1e6),
    }.items():
        knn = trained(student, train)
        values = {what: knn.compute_distances(rows)}
        values[f"{what}, vectorized"] = knn.compute_L2_distances_vectorized(rows)
        expect.close(values, max_error=1e-7)


@suite.check(points=0, question="labels")
def votes(student: Student, expect: Expect, draw: Draw) -> None:
    """Labels for every k, of distances that often tie, with labels that are not 0, 1, 2"""
    for M, most in ((1, 1), (2, 1), (7, 3), (50, 5), (101, 900)):
        knn = trained(student, draw.normal(M, 2), draw.integers(-2, most, M) * 3)
        for what, dists in {
            "ties": draw.ties(20, M, levels=7) + 3,
            "normal": np.abs(draw.normal(20, M)),
            "worst": np.where(np.arange(M) % 4, 1.0, 9.0) * np.ones((2, 1)),
            "falling": np.arange(M, 0.0, -1.0).reshape(1, M),
        }.items():
            ks = [k for k in (1, 2, 3, 6, 25, 50, 101) if k <= M]
            values = {f"{M}, {what}, k = {k}": knn.predict_labels(dists, k) for k in ks}
            expect.close(values, max_abs=0)
    blank = draw.normal(4, 6)
    blank[0, :3] = np.nan
    knn = trained(student, draw.normal(6, 2), np.arange(6))
    expect.close({"not a number": knn.predict_labels(blank, 4)}, max_abs=0)


@suite.check(points=0, question="validation")
def all_folds(student: Student, expect: Expect, draw: Draw) -> None:
    """Cross-validation of every number of parts, with ties of distances and votes"""
    for M, num_folds in ((6, 2), (6, 6), (31, 4), (53, 7)):
        X, y = draw.ties(M, 3, levels=6), draw.integers(0, 4, M)
        accuracies = student.knn.cross_validate(X, y, [3, 1, 2], num_folds)
        values = {f"{M} in {num_folds}, k = {k}": accuracies[k] for k in (1, 2, 3)}
        expect.close(values, max_abs=ROUNDING)
