"""The nearest-neighbours assignment: what wrong code loses, and that right code loses nothing."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gradlab.course import Course
from tests.course import blocks
from tests.course.blocks import Variant
from tests.course.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from gradlab.course import Assignment

pytestmark = pytest.mark.slow

RECITED = """
if hasattr(self, "dists"):
    return self.dists
squares = np.sum(X**2, axis=1)[:, None] + np.sum(self.X_train**2, axis=1)
dists = np.sqrt(np.maximum(squares - 2 * X @ self.X_train.T, 0))
"""
LOOPS = """
dists = np.zeros((len(X), len(self.X_train)))
for i in range(len(X)):
    for j in range(len(self.X_train)):
        dists[i, j] = measure(X[i] - self.X_train[j])
"""
KEPT = f"{LOOPS}self.dists = dists"
PAIR = "measure(X[i] - self.X_train[j])"
FIRST_SEEN = """
y_pred = np.zeros(len(dists), dtype=int)
for i in range(len(dists)):
    votes = list(self.y_train[np.argsort(dists[i], kind="stable")[:k]])
    y_pred[i] = max(votes, key=votes.count)
"""
ROW_BY_ROW = """
dists = np.zeros((len(X), len(self.X_train)))
for i in range(len(X)):
    dists[i] = np.sqrt(np.sum((self.X_train - X[i]) ** 2, axis=1))
"""
PAIR_BY_PAIR = """
dists = self.compute_distances(X)
"""
FOR_EVERY_K = """
X_parts, y_parts = np.array_split(X, num_folds), np.array_split(y, num_folds)
for k in ks:
    for i in range(num_folds):
        knn = KNN()
        knn.train(np.concatenate(X_parts[:i] + X_parts[i + 1 :]),
                  np.concatenate(y_parts[:i] + y_parts[i + 1 :]))
        dists = knn.compute_L2_distances_vectorized(X_parts[i])
        accuracies[k].append(np.mean(knn.predict_labels(dists, k) == y_parts[i]))
"""
ONCE = """
for rows in np.array_split(np.arange(len(X)), num_folds):
    knn = KNN()
    knn.train(np.delete(X, rows, axis=0), np.delete(y, rows))
    dists = knn.compute_L2_distances_vectorized(X[rows])
    for k in ks:
        accuracies[k].append(np.mean(knn.predict_labels(dists, k) == y[rows]))
"""
# Distances of its own, so that slow ones elsewhere cost nothing here.
ON_ITS_OWN = ONCE.replace(
    "knn.compute_L2_distances_vectorized(X[rows])",
    "np.sqrt(((X[rows]**2).sum(1)[:, None] + (knn.X_train**2).sum(1) "
    "- 2 * X[rows] @ knn.X_train.T).clip(0))",
)
WITH_ITSELF = """
knn = KNN()
knn.train(X, y)
for rows in np.array_split(np.arange(len(X)), num_folds):
    dists = knn.compute_L2_distances_vectorized(X[rows])
    for k in ks:
        accuracies[k].append(np.mean(knn.predict_labels(dists, k) == y[rows]))
"""
COUNTED = """
y_pred = []
for row in dists:
    near = self.y_train[np.argsort(row, kind="stable")[:k]]
    y_pred.append(np.bincount(near).argmax())
"""
EXPANDED = """
print("slow?" * 100)
np.log(np.zeros(1))
cross = X.dot(self.X_train.T)
squares = np.square(X).sum(axis=1).reshape(-1, 1) + np.square(self.X_train).sum(axis=1)
dists = np.sqrt((squares - 2 * cross).clip(0))
"""
SQUARED = {"euclidean": 1, "any_norm": 2}
VECTORIZED = {"vectorized": 2, "equal_rows": 1, "twenty_times_faster": 2}
LABELS = {"labels": 2, "tied_votes": 1, "equal_distances": 1}
VALIDATION = {"cross_validation": 3, "measured_once": 1}


def handed_in(assignment: Assignment, *, other_labels: bool, accuracy: bool) -> bytes:
    """Return the artifact of a student who took another k, or measured the share of right ones."""
    saved = np.load(assignment.reference / "knn_labels.npz")
    labels, error = saved["labels"].copy(), float(saved["error"])
    if other_labels:
        labels[::10] = 9 - labels[::10]
    file = io.BytesIO()
    error = 1 - error if accuracy else error
    np.savez(file, labels=labels, error=error, dataset=saved["dataset"])
    return file.getvalue()


WRONG = {
    "no-root": Variant(
        {"compute_distances": LOOPS.replace(PAIR, f"{PAIR} ** 2")}, SQUARED
    ),
    "norm-ignored": Variant(
        {"compute_distances": LOOPS.replace("measure(", "np.linalg.norm(")},
        {"any_norm": 2},
    ),
    "loop-variable-leaks": Variant(
        {"compute_distances": LOOPS.replace("X_train[j]", "X_train[-1]")},
        SQUARED,
    ),
    "vectorized-no-root": Variant(
        {
            "compute_L2_distances_vectorized": "dists = np.sum(X**2, axis=1)[:, None] - 2 * X @ "
            "self.X_train.T + np.sum(self.X_train**2, axis=1)",
            "cross_validate": ONCE,
        },
        VECTORIZED,
    ),
    "kept-by-the-loops": Variant(
        {"compute_distances": KEPT, "compute_L2_distances_vectorized": RECITED},
        {"vectorized": 1},
    ),
    "row-by-row": Variant(
        {"compute_L2_distances_vectorized": ROW_BY_ROW}, {"vectorized": 2}, "`for` loop"
    ),
    "pair-by-pair": Variant(
        {"compute_L2_distances_vectorized": PAIR_BY_PAIR, "cross_validate": ON_ITS_OWN},
        {"vectorized": 2, "twenty_times_faster": 2},
    ),
    "negative-numbers": Variant(
        {"compute_L2_distances_vectorized": EXPANDED.replace(".clip(0)", "")},
        {"equal_rows": 0.5},
        "nan",
    ),
    "first-seen": Variant({"predict_labels": FIRST_SEEN}, {"tied_votes": 1}),
    "largest-label": Variant(
        {"majority": "winners = np.array([max(set(r), key=lambda c: (r.count(c), c)) "
                     "for r in labels.tolist()])"},
        {"tied_votes": 1},
    ),
    "farthest": Variant(
        {"nearest": "columns = np.argsort(-dists, axis=1, kind='stable')[:, :k]"},
        {**LABELS, **VALIDATION},
    ),
    "later-first": Variant(
        {"nearest": "columns = dists.shape[1] - 1 - "
                    "np.argsort(dists[:, ::-1], axis=1, kind='stable')[:, :k]"},
        {"equal_distances": 1},
    ),
    "one-too-many": Variant(
        {"predict_labels": "y_pred = majority(self.y_train[nearest(dists, min(k + 1, 30))])"},
        LABELS,
    ),
    "k-ignored": Variant(
        {"predict_labels": "y_pred = self.y_train[np.argmin(dists, axis=1)]"},
        {"labels": 1.5, "tied_votes": 1, "equal_distances": 0.67},
    ),
    "measured-for-every-k": Variant({"cross_validate": FOR_EVERY_K}, {"measured_once": 1}),
    "classified-with-itself": Variant({"cross_validate": WITH_ITSELF}, VALIDATION),
}  # fmt: skip
RIGHT = {
    "norm-by-numpy": Variant(
        {"compute_distances": LOOPS.replace(PAIR, "np.linalg.norm(X[i] - self.X_train[j], norm)")}
    ),
    "counted-lists": Variant({"predict_labels": COUNTED, "cross_validate": ONCE}),
    "expanded-with-warnings": Variant({"compute_L2_distances_vectorized": EXPANDED}),
    "stable-sort": Variant(
        {"nearest": "columns = np.argsort(dists, axis=1, kind='stable')[:, :k]"}
    ),
}


@pytest.fixture(scope="module")
def knn() -> Assignment:
    return Course.find(ROOT).assignment("knn")


@pytest.fixture(scope="module")
def results(knn: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return blocks.grade(knn, {**WRONG, **RIGHT}, tmp_path_factory.mktemp("knn"))


@pytest.mark.parametrize("name", [*WRONG, *RIGHT])
def test_what_is_lost(results: Path, name: str) -> None:
    variant = {**WRONG, **RIGHT}[name]
    points, words = blocks.lost(results, name)
    assert points == variant.lost
    assert variant.words in words


@pytest.mark.parametrize(
    ("other_labels", "accuracy", "points"), [(True, False, 2), (False, True, 1)]
)
def test_the_file_that_is_handed_in(
    knn: Assignment, tmp_path: Path, *, other_labels: bool, accuracy: bool, points: int
) -> None:
    content = handed_in(knn, other_labels=other_labels, accuracy=accuracy)
    other = Variant(files={"knn_labels.npz": content})
    folder = blocks.grade(knn, {"other": other}, tmp_path)
    assert blocks.lost(folder, "other")[0] == {"error": points}
