"""The nearest-neighbours classifier: distances to the last bit, votes, ties, cross-validation."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from nndl.classifiers.knn import KNN, cross_validate, majority, nearest

from benchmarks.timing import extra_memory
from tests.solutions.known_cases import clouds


def trained(X: np.ndarray, y: np.ndarray | None = None) -> KNN:
    knn = KNN()
    knn.train(X, np.zeros(len(X), int) if y is None else y)
    return knn


def voted(dists: np.ndarray, y: np.ndarray, k: int) -> list[int]:
    """Return the labels by the rules as they are worded, with sorted lists and a counter."""
    labels = []
    for row in dists.tolist():
        order = sorted(range(len(row)), key=lambda j: (row[j], j))[:k]
        votes = Counter(int(y[j]) for j in order)
        labels.append(min(votes, key=lambda label: (-votes[label], label)))
    return labels


def test_clouds_are_told_apart_by_any_number_of_neighbours() -> None:
    X_train, y_train, X_test, y_test = clouds()
    knn = trained(X_train, y_train)
    dists = knn.compute_L2_distances_vectorized(X_test)
    for k in range(1, 16):
        np.testing.assert_array_equal(knn.predict_labels(dists, k), y_test)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8, np.int64])
def test_both_ways_agree_to_the_last_bit_on_pixels(dtype: type) -> None:
    rng = np.random.RandomState(0)
    X_train, X = rng.randint(0, 256, (40, 90)), rng.randint(0, 256, (15, 90))
    by_loop = trained(X_train.astype(dtype)).compute_distances(X.astype(dtype))
    at_once = trained(X_train.astype(dtype)).compute_L2_distances_vectorized(X.astype(dtype))
    assert np.linalg.norm(by_loop - at_once, "fro") == 0.0
    direct = np.sqrt(((X[:, None] - X_train[None]) ** 2).sum(axis=2))
    np.testing.assert_array_equal(by_loop, direct)
    assert trained(X_train.astype(dtype)).X_train.dtype == np.float64


@pytest.mark.parametrize(
    ("norm", "wanted"),
    [(1, 7.0), (2, 5.0), (3, 4.497941445275415), (1.5, 5.584250376480029), (np.inf, 4.0)],
)
def test_p_norms_of_three_and_four(norm: float, wanted: float) -> None:
    dists = trained(np.array([[1.0, 1.0], [4.0, -3.0]])).compute_distances(
        np.array([[1.0, 1.0]]), norm
    )
    assert dists[0] == pytest.approx([0.0, wanted], rel=1e-14)


def test_the_norm_may_be_a_function() -> None:
    knn = trained(np.array([[0.0, 0.0], [3.0, -4.0]]))
    dists = knn.compute_distances(np.array([[0.0, 0.0]]), norm=lambda v: float(np.abs(v).sum()))
    np.testing.assert_array_equal(dists, [[0.0, 7.0]])


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e6])
def test_close_pairs_keep_their_digits(offset: float) -> None:
    rng = np.random.RandomState(1)
    X_train = offset + rng.randn(60, 50)
    X = X_train[:20] + np.logspace(-12, 0, 20)[:, None] * rng.randn(20, 50)
    X[5] = X_train[5]
    dists = trained(X_train).compute_L2_distances_vectorized(X)
    direct = np.sqrt(((X[:, None] - X_train[None]) ** 2).sum(axis=2))
    assert dists[5, 5] == 0.0
    np.testing.assert_allclose(dists, direct, rtol=1e-9, atol=0)


def test_distances_of_a_set_to_itself_have_a_zero_diagonal() -> None:
    X = np.random.RandomState(2).randn(200, 33) * 1e3
    dists = trained(X).compute_L2_distances_vectorized(X)
    np.testing.assert_array_equal(np.diag(dists), np.zeros(200))
    assert np.isfinite(dists).all()
    assert np.sort(dists, axis=1)[:, 1].min() > 0


@pytest.mark.parametrize("k", [1, 2, 3, 5, 10, 29, 30])
def test_ties_go_to_the_smallest_label_and_the_earlier_sample(k: int) -> None:
    rng = np.random.RandomState(3)
    dists = rng.randint(0, 4, (50, 30)).astype(float)  # most distances occur several times
    y = rng.randint(0, 5, 30)
    labels = trained(rng.randn(30, 2), y).predict_labels(dists, k)
    np.testing.assert_array_equal(labels, voted(dists, y, k))


def test_an_even_vote_by_hand() -> None:
    knn = trained(np.zeros((4, 1)), np.array([7, 2, 2, 7]))
    dists = np.array([[1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0], [1.0, 9.0, 9.0, 1.0]])
    np.testing.assert_array_equal(knn.predict_labels(dists, 1), [7, 7, 7])
    np.testing.assert_array_equal(knn.predict_labels(dists, 2), [2, 2, 7])
    np.testing.assert_array_equal(knn.predict_labels(dists, 3), [2, 2, 7])
    np.testing.assert_array_equal(knn.predict_labels(dists, 4), [2, 2, 2])


@pytest.mark.parametrize(("columns", "k"), [(1, 1), (7, 7), (100, 1), (100, 30), (101, 100)])
def test_nearest_is_a_stable_sort(columns: int, k: int) -> None:
    dists = np.random.RandomState(4).randint(0, 50, (20, columns)).astype(float)
    wanted = np.argsort(dists, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(nearest(dists, k), wanted)


def test_nearest_when_the_order_of_the_data_is_the_worst_for_it() -> None:
    dists = np.ones((3, 40))
    dists[:, ::4] = 9.0  # every fourth column, which it looks at first, is far away
    np.testing.assert_array_equal(nearest(dists, 4), [[1, 2, 3, 5]] * 3)


def test_not_a_number_is_never_near() -> None:
    dists = np.array([[np.nan, 3.0, 1.0, 2.0]])
    np.testing.assert_array_equal(nearest(dists, 2), [[2, 3]])
    np.testing.assert_array_equal(nearest(dists, 4), [[2, 3, 1, 0]])


def test_labels_may_be_any_integers() -> None:
    labels = np.array([[5, -3, 5], [-3, 5, 900], [900, 900, -3]])
    np.testing.assert_array_equal(majority(labels), [5, -3, 900])


@pytest.mark.parametrize("num_folds", [2, 5, 7])
def test_cross_validation_is_the_plain_loop(num_folds: int) -> None:
    rng = np.random.RandomState(6)
    X, y = rng.randint(0, 6, (53, 3)).astype(float), rng.randint(0, 4, 53)
    ks = [1, 3, 8, 20]
    X_parts, y_parts = np.array_split(X, num_folds), np.array_split(y, num_folds)
    accuracies = cross_validate(X, y, ks, num_folds)
    assert list(accuracies) == ks
    for k in ks:
        for i in range(num_folds):
            rest = [j for j in range(num_folds) if j != i]
            knn = trained(
                np.concatenate([X_parts[j] for j in rest]),
                np.concatenate([y_parts[j] for j in rest]),
            )
            labels = voted(knn.compute_distances(X_parts[i]), knn.y_train, k)
            assert accuracies[k][i] == np.mean(labels == y_parts[i])


def test_nothing_given_is_changed() -> None:
    X_train, y_train, X_test, _ = clouds()
    knn = trained(X_train, y_train)
    dists = knn.compute_L2_distances_vectorized(X_test)
    kept = dists.copy()
    knn.predict_labels(dists, 5)
    knn.compute_distances(X_test[:2])
    cross_validate(X_train, y_train, [1, 5])
    np.testing.assert_array_equal(dists, kept)
    for now, before in zip((X_train, y_train, X_test), clouds()[:3], strict=True):
        np.testing.assert_array_equal(now, before)


def test_scratch_stays_below_twice_the_distance_matrix() -> None:
    rng = np.random.RandomState(7)
    knn, X = trained(rng.randn(2000, 64)), rng.randn(200, 64)
    size = 200 * 2000 * 8 / 2**20
    assert 0 < extra_memory(lambda: knn.compute_L2_distances_vectorized(X)) < 2 * size


@pytest.mark.parametrize(
    ("X", "y"),
    [(np.zeros(3), np.zeros(3, int)), (np.zeros((0, 2)), np.zeros(0, int)),
     (np.zeros((3, 0)), np.zeros(3, int)), (np.zeros((3, 2)), np.zeros(2, int)),
     (np.zeros((3, 2)), np.zeros((3, 1), int))],
)  # fmt: skip
def test_training_refuses_what_does_not_fit(X: np.ndarray, y: np.ndarray) -> None:
    with pytest.raises(ValueError, match="must have"):
        KNN().train(X, y)


def test_everything_else_refuses_what_does_not_fit() -> None:
    knn = trained(np.zeros((4, 3)))
    for compute in (knn.compute_distances, knn.compute_L2_distances_vectorized):
        for X in (np.zeros((2, 2)), np.zeros(3)):
            with pytest.raises(ValueError, match=r"must have shape \(N, 3\)"):
                compute(X)
    for p in (0.5, 0, -1, np.nan):
        with pytest.raises(ValueError, match="norm must be a number from 1 to infinity"):
            knn.compute_distances(np.zeros((1, 3)), p)
    with pytest.raises(ValueError, match=r"must have shape \(N, 4\)"):
        knn.predict_labels(np.zeros((2, 3)), 1)
    for ask in (
        KNN().compute_distances,
        KNN().compute_L2_distances_vectorized,
        KNN().predict_labels,
    ):
        with pytest.raises(ValueError, match="call train first"):
            ask(np.zeros((1, 3)))
    with pytest.raises(ValueError, match=r"one label per row of X, 4, not shape \(3,\)"):
        cross_validate(np.zeros((4, 3)), np.zeros(3, int), [1], 2)
    for k in (0, 5):
        with pytest.raises(ValueError, match="k must be 1 to 4"):
            knn.predict_labels(np.zeros((2, 4)), k)


@pytest.mark.parametrize(
    ("ks", "num_folds", "message"),
    [([1], 1, "num_folds must be 2 to 6"), ([1], 7, "num_folds must be 2 to 6"),
     ([], 2, "at least one k"), ([4], 2, "k must be 1 to 3"), ([0, 1], 2, "none below 1")],
)  # fmt: skip
def test_cross_validation_refuses_what_cannot_be(
    ks: list[int], num_folds: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        cross_validate(np.zeros((6, 2)), np.zeros(6, int), ks, num_folds)
