"""Hidden checks of the nearest-neighbours classifier."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradlab import Suite, Threshold

if TYPE_CHECKING:
    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Remote, Student

suite = Suite("knn")

TRAINING, TEST = 5000, 500  # images, as in the notebook
NEIGHBOURS = 10
MANY = tuple(range(1, 24, 2))


def trained(student: Student, X: np.ndarray, y: np.ndarray | None = None) -> Remote:
    """Return a fresh classifier that has seen the samples X, labelled 0 where no labels matter."""
    knn: Remote = student.knn.KNN()
    knn.train(X, np.zeros(len(X), dtype=np.int64) if y is None else y)
    return knn


def distinct_rows(draw: Draw, rows: int, columns: int) -> np.ndarray:
    """Return distances, all above 0, of which no two in a row are equal."""
    return np.stack([columns + draw.distinct(columns) for _ in range(rows)])


@suite.check(points=1, question="distances")
def euclidean(student: Student, expect: Expect, draw: Draw) -> None:
    """compute_distances measures straight lines if no norm is given"""
    X_train, X = draw.normal(9, 6), draw.normal(4, 6)
    dists = trained(student, X_train).compute_distances(X)
    expect.close({"distances": dists}, max_error=1e-7)


@suite.check(points=2, question="distances")
def any_norm(student: Student, expect: Expect, draw: Draw) -> None:
    """compute_distances measures in the norm that is asked for"""
    knn, X = trained(student, draw.normal(5, 7)), draw.normal(8, 7)
    values = {f"norm = {p}": knn.compute_distances(X, norm=p) for p in (1, 3, np.inf)}
    expect.close(values, max_error=1e-7)


@suite.check(points=2, question="vectorized")
def vectorized(student: Student, expect: Expect, draw: Draw) -> None:
    """compute_L2_distances_vectorized gives the same distances, without a loop

    Several objects and calls: distances kept from an earlier call are not what is asked for.
    """
    X_train, X = draw.normal(9, 6), draw.normal(4, 6)
    knn, held = trained(student, X_train), student.hold(X)
    dists = knn.compute_L2_distances_vectorized(held)
    knn.compute_distances(draw.normal(4, 6))
    again = knn.compute_L2_distances_vectorized(2 * X)
    expect.close({"distances": dists, "of other samples": again}, max_error=1e-7)
    expect.unchanged({"X": held})
    expect.without(student.knn.KNN.compute_L2_distances_vectorized, loops=True, share=2)


@suite.check(points=1, question="vectorized")
def equal_rows(student: Student, expect: Expect, draw: Draw) -> None:
    """Both ways differ by 0 on pixels; equal samples are 0 apart, and no distance is nan

    Without the step that lifts negative numbers to 0, rounding makes some of 40 equal pairs nan.
    """
    pixels = draw.integers(0, 256, 8, 30).astype(np.float64)
    X = np.concatenate([draw.integers(0, 256, 3, 30).astype(np.float64), pixels[:2]])
    dists = trained(student, pixels).compute_L2_distances_vectorized(X)
    expect.close({"distances of pixels": dists}, max_abs=1e-6)
    X = draw.normal(40, 30, scale=1e3)
    dists = trained(student, X).compute_L2_distances_vectorized(X)
    expect.close({"distances of equal samples": dists}, max_error=1e-7)


@suite.check(points=2, question="vectorized", tags=["slow"], cpu_s=9)
def twenty_times_faster(student: Student, expect: Expect, draw: Draw, reference: Student) -> None:
    """compute_L2_distances_vectorized is at least 20 times as fast as two loops

    Distances stay where they are, so that no time goes by on their way. Right code is some hundred
    times as fast; the loops take long enough for a busy machine not to change that.
    """
    X_train, X = draw.normal(800, 16), draw.normal(100, 16)
    fast, slow = trained(student, X_train), trained(reference, X_train)
    mine, theirs = student.hold(X), reference.hold(X)
    dists = fast.compute_L2_distances_vectorized(mine)
    expect.close({"some of the distances": dists[:, ::40]}, max_error=1e-7)
    expect.faster(
        "compute_L2_distances_vectorized",
        lambda: student.keep(fast.compute_L2_distances_vectorized, mine),
        lambda: reference.keep(slow.compute_distances, theirs),
        ratio=20,
    )


@suite.check(points=2, question="labels")
def labels(student: Student, expect: Expect, draw: Draw) -> None:
    """predict_labels lets the k nearest vote

    As many samples of each label as there are neighbours, so the nearest decide and not the number
    of samples; an odd k and two labels leave no tie. In so many rows a neighbour too many shows.
    """
    knn = trained(student, draw.normal(30, 2), draw.labels(30, 2))
    dists = student.hold(distinct_rows(draw, 100, 30))
    values = {f"k = {k}": knn.predict_labels(dists, k) for k in (1, 3, 5, 11)}
    expect.close(values, max_abs=0)
    expect.unchanged({"dists": dists})


@suite.check(points=1, question="labels")
def tied_votes(student: Student, expect: Expect, draw: Draw) -> None:
    """Where several labels have the most votes, predict_labels gives the smallest"""
    knn = trained(student, draw.normal(30, 2), draw.labels(30, 4))
    dists = distinct_rows(draw, 40, 30)
    values = {f"k = {k}": knn.predict_labels(dists, k) for k in (2, 4, 10)}
    expect.close(values, max_abs=0)


@suite.check(points=1, question="labels")
def equal_distances(student: Student, expect: Expect, draw: Draw) -> None:
    """Of training samples at the same distance, predict_labels counts the earlier as nearer"""
    knn = trained(student, draw.normal(60, 2), draw.labels(60, 2))
    dists = draw.ties(40, 60, levels=5) + 2
    values = {f"k = {k}": knn.predict_labels(dists, k) for k in (1, 5, 11)}
    expect.close(values, max_abs=0)


@suite.check(points=3, question="validation")
def cross_validation(student: Student, expect: Expect, draw: Draw) -> None:
    """cross_validate returns the accuracy of every k on every part

    53 samples cannot be cut into equal parts. Two labels and odd values of k leave no tie; together
    these values are more than the samples that are left. Labels that have nothing to do with the
    samples make every accuracy depend on which samples vote.
    """
    X, y = student.hold(draw.normal(53, 4)), draw.integers(0, 2, 53)
    five = student.knn.cross_validate(X, y, [1, 5, 9, 29], 5)
    three = student.knn.cross_validate(X, y, [7], num_folds=3)
    values = {f"k = {k}": five[k] for k in (1, 5, 9, 29)} | {"k = 7, three parts": three[7]}
    expect.close(values, max_abs=1e-9)
    expect.unchanged({"X": X})


@suite.check(points=1, question="validation", needs=[cross_validation], cpu_s=5)
def measured_once(student: Student, expect: Expect, draw: Draw, reference: Student) -> None:
    """cross_validate measures distances once, and not anew for every k

    So many features make the votes a trifle, and distances all that counts. Twelve calls of the
    reference take about three times as long as one call that measures once and counts slowly, and
    half as long as one call that measures for every k.
    """
    X, y = draw.normal(120, 20_000), draw.labels(120, 2)
    mine, theirs = student.hold(X), reference.hold(X)
    found = student.knn.cross_validate(mine, y, list(MANY), 4)
    expect.close({"accuracies": [found[k] for k in MANY]}, max_abs=1e-9)
    expect.faster(
        f"cross_validate for {len(MANY)} values of k at once",
        lambda: student.knn.cross_validate(mine, y, list(MANY), 4),
        lambda: [reference.knn.cross_validate(theirs, y, [k], 4) for k in MANY],
        ratio=1,
    )


@suite.check(points=2, question="error", tags=["slow"], cpu_s=6)
def error(student: Student, expect: Expect, reference: Student) -> None:
    """The labels and the error you handed in, knn_labels.npz, are those of the test images, k = 10

    The reference classifies the same images; one label in twenty may differ, because equal
    distances may be counted in another order and copies of the images may differ in a few pixels.
    """
    shapes: dict[str, tuple[int, ...]] = {"labels": (TEST,), "error": ()}
    handed_in = student.artifact("knn_labels.npz", shapes)
    real = student.artifact_text("knn_labels.npz", "dataset") == "cifar10"
    images = "cifar10" if real else "generated"
    load = reference.data_utils.get_CIFAR10_data
    data = reference.keep(load, TRAINING, 0, TEST, subtract_mean=False, dataset=images)
    knn = reference.knn.KNN()
    knn.train(data["X_train"], data["y_train"])
    dists = reference.keep(knn.compute_L2_distances_vectorized, data["X_test"])
    same = np.asarray(knn.predict_labels(dists, NEIGHBOURS)) == handed_in["labels"]
    expect.earns("labels as they should be", int(np.sum(same)), TEST, Threshold(95))
    true_error = np.mean(handed_in["labels"] != np.asarray(data["y_test"]))
    honest = abs(float(handed_in["error"]) - float(true_error)) < 1e-9
    expect.earns("error that is the share of wrong labels", int(honest), 1, Threshold(100))


suite.written(
    "q-train",
    points=2,
    title="What train does",
    rubric="1 point: it keeps the training samples and labels, nothing else. 1 point: nothing is "
    "fitted; all work is left to the prediction.",
)
suite.written(
    "q-pros-cons",
    points=2,
    title="What is good and bad about such a training",
    rubric="1 point for an advantage (takes no time, nothing to tune or that may fail to converge, "
    "new samples are added at once). 1 point for a drawback (all samples must be kept; prediction "
    "is slow and grows with the training set).",
)
