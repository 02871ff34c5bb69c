"""Public checks of the nearest-neighbours classifier: four clouds of whole numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradlab import Suite

if TYPE_CHECKING:
    from autograder.expect import Expect
    from autograder.remote import Remote, Student

suite = Suite("knn")

LENGTH = 16473.62540547769


def clouds() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the notebook's toy data: 60 training samples, 20 to classify, and all labels."""
    random = np.random.RandomState(5)
    centres = random.randint(0, 256, (4, 30))
    y_train, y_test = np.repeat(np.arange(4), 15), np.repeat(np.arange(4), 5)
    X_train = centres[y_train] + random.randint(-20, 21, (60, 30))
    X_test = centres[y_test] + random.randint(-20, 21, (20, 30))
    return X_train.astype(float), y_train, X_test.astype(float), y_test


def toy_classifier(student: Student) -> Remote:
    """Return a classifier that has seen the training samples."""
    X_train, y_train, _, _ = clouds()
    knn: Remote = student.knn.KNN()
    knn.train(X_train, y_train)
    return knn


@suite.check(points=0, question="distances")
def toy_distances(student: Student, expect: Expect) -> None:
    """The distances of the toy data have the notebook's length"""
    dists = toy_classifier(student).compute_distances(clouds()[2])
    length = np.sqrt(np.sum(np.asarray(dists) ** 2))
    expect.close(
        {"length of all distances": length},
        wanted={"length of all distances": LENGTH},
        max_abs=1e-6,
    )


@suite.check(points=0, question="distances")
def toy_norms(student: Student, expect: Expect) -> None:
    """From (0, 0) to (3, 4) it is 7 in the norm 1, 5 in the norm 2 and 4 in the norm inf"""
    knn = student.knn.KNN()
    knn.train(np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([0, 1]))
    origin, wanted = np.array([[0.0, 0.0]]), {1: 7.0, 2: 5.0, np.inf: 4.0}
    expect.close(
        {f"norm {p}": knn.compute_distances(origin, norm=p) for p in wanted},
        wanted={f"norm {p}": [[0.0, length]] for p, length in wanted.items()},
        max_abs=1e-9,
    )


@suite.check(points=0, question="vectorized")
def toy_vectorized(student: Student, expect: Expect) -> None:
    """The vectorized distances should differ from those of the loops by 0"""
    dists = toy_classifier(student).compute_L2_distances_vectorized(clouds()[2])
    expect.close({"distances": dists}, max_abs=1e-9)


@suite.check(points=0, question="labels")
def toy_labels(student: Student, expect: Expect) -> None:
    """All 20 toy samples get the label of their cloud, with k = 10"""
    X_train, _, X_test, y_test = clouds()
    dists = np.sqrt(np.sum((X_test[:, None] - X_train) ** 2, axis=2))
    labels = toy_classifier(student).predict_labels(dists, 10)
    expect.close({"labels": labels}, wanted={"labels": y_test}, max_abs=0)


@suite.check(points=0, question="labels")
def toy_ties(student: Student, expect: Expect) -> None:
    """Two votes for 2 and two for 7 make it 2; of two at the same distance the earlier is nearer"""
    knn = student.knn.KNN()
    knn.train(np.zeros((4, 1)), np.array([7, 2, 2, 7]))
    dists = np.array([[1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0], [5.0, 5.0, 5.0, 5.0]])
    values = {f"k = {k}": knn.predict_labels(dists, k) for k in (1, 2, 4)}
    wanted = {"k = 1": [7, 7, 7], "k = 2": [2, 2, 2], "k = 4": [2, 2, 2]}
    expect.close(values, wanted=wanted, max_abs=0)


@suite.check(points=0, question="validation")
def toy_validation(student: Student, expect: Expect) -> None:
    """Cross-validation of 20 toy samples in four parts gives the notebook's accuracies"""
    X = np.arange(20.0).reshape(20, 1) ** 2
    y = np.array([0, 0, 1, 0, 0, 1, 1, 0, 1, 1, 1, 2, 1, 1, 2, 2, 2, 1, 2, 2])
    found = student.knn.cross_validate(X, y, [1, 3], 4)
    expect.close({"k = 1": found[1], "k = 3": found[3]}, max_abs=1e-9)
