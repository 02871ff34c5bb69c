"""The k-nearest-neighbours classifier, and how to choose k by cross-validation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nndl.close_pairs import measure_close_pairs_again

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class KNN:
    """A classifier that learns by heart: a sample gets the label of most of its k nearest.

    There are M training samples and N samples to classify, each of D features. All arithmetic is
    in float64: in the type of 8-bit pixels, ``3 - 5`` would be 254.
    """

    def train(self, X: np.ndarray, y: np.ndarray) -> None:
        """Keep the training samples.

        Args:
            X: training samples, shape (M, D).
            y: their labels, shape (M,), integers.

        Raises:
            ValueError: X is not a table of rows, or y has not one label for each of them.
        """
        X, y = np.asarray(X, dtype=np.float64), np.asarray(y)
        if X.ndim != 2 or X.size == 0:
            raise ValueError(f"X must have shape (M, D), both at least 1, not {X.shape}")
        if y.shape != (len(X),):
            raise ValueError(f"y must have one label per row of X, {len(X)}, not shape {y.shape}")
        self.X_train = X
        self.y_train = y

    def compute_distances(
        self, X: np.ndarray, norm: float | Callable[[np.ndarray], float] = 2
    ) -> Any:
        """Measure from every row of X to every training sample, one pair at a time.

        The p-norm of a difference is ``sum(|x_d - y_d|^p)^(1/p)``; p = 1 adds up the steps along
        the axes, p = 2 is the straight line, and the limit p = inf is the largest step.

        Args:
            X: samples, shape (N, D).
            norm: p, a number from 1 to infinity; or a function from a vector to its length.

        Returns:
            Distances, shape (N, M): row i, column j from ``X[i]`` to training sample j.

        Raises:
            ValueError: X has not the training samples' D features, there are none yet, or p is
                below 1.
        """
        X = self._checked(X)
        measure = norm if callable(norm) else _p_norm(norm)
        dists = None
        # ================================================================ #
        # YOUR CODE HERE:
        #   Store in dists, shape (N, M), the distances between the rows of X
        #   and of self.X_train, with two loops. measure(v) is the length of a
        #   vector v.
        # ================================================================ #
        dists = np.empty((len(X), len(self.X_train)))
        for i in range(len(X)):
            for j in range(len(self.X_train)):
                dists[i, j] = measure(X[i] - self.X_train[j])
        # ================================================================ #
        # END YOUR CODE HERE
        # ================================================================ #
        return dists

    def compute_L2_distances_vectorized(self, X: np.ndarray) -> Any:
        """Measure straight lines from every row of X to every training sample, all pairs at once.

        It rests on ``|x - y|^2 = |x|^2 - 2 x.y + |y|^2``: all inner products together are one
        matrix product. Where two rows are nearly equal, large numbers cancel and few digits
        remain; pairs closer than a thousandth of their length are therefore measured again, by
        their difference. So equal rows are exactly 0 apart, and no distance has a relative error
        above 1e-9. (Data far from the origin and close to each other make all pairs such pairs,
        which is slow: subtract the mean first.)

        Args:
            X: samples, shape (N, D).

        Returns:
            Distances, shape (N, M).

        Raises:
            ValueError: X has not the training samples' D features, or there are none yet.
        """
        X = self._checked(X)
        dists = None
        # ================================================================ #
        # YOUR CODE HERE:
        #   Store in dists, shape (N, M), the 2-norm distances between the
        #   rows of X and of self.X_train, without a loop over rows or pairs:
        #   expand the square. Rounding may leave a tiny negative number
        #   where two rows are equal: lift it to 0 before you draw the root.
        # ================================================================ #
        dists = (-2.0 * X) @ self.X_train.T
        dists += np.einsum("nd,nd->n", X, X)[:, np.newaxis]  # |x|^2 as a column
        dists += np.einsum("md,md->m", self.X_train, self.X_train)
        np.maximum(dists, 0.0, out=dists)
        np.sqrt(dists, out=dists)
        # ================================================================ #
        # END YOUR CODE HERE
        # ================================================================ #
        measure_close_pairs_again(dists, X, self.X_train)
        return dists

    def predict_labels(self, dists: np.ndarray, k: int = 1) -> Any:
        """Let the k nearest training samples vote.

        Among equally distant training samples the earlier ones count as nearer. Of labels with
        equally many votes the smallest wins.

        Args:
            dists: distances to all training samples, shape (N, M).
            k: number of votes, 1 to M.

        Returns:
            Predicted labels, shape (N,).

        Raises:
            ValueError: dists has not one column per training sample, there are none yet, or k is
                not 1 to M.
        """
        M = len(self._training_samples())
        if dists.ndim != 2 or dists.shape[1] != M:
            raise ValueError(f"dists must have shape (N, {M}), not {dists.shape}")
        y_pred = None
        # ================================================================ #
        # YOUR CODE HERE:
        #   Store in y_pred, shape (N,), the predicted labels. Use the
        #   functions nearest and majority below.
        # ================================================================ #
        y_pred = majority(self.y_train[nearest(dists, k)])
        # ================================================================ #
        # END YOUR CODE HERE
        # ================================================================ #
        return y_pred

    def _training_samples(self) -> np.ndarray:
        """Return the training samples, or raise ValueError if there are none yet."""
        if not hasattr(self, "X_train"):
            raise ValueError("there are no training samples yet: call train first")
        return self.X_train

    def _checked(self, X: np.ndarray) -> np.ndarray:
        """Return X as float64, or raise ValueError if it has not D features."""
        X = np.asarray(X, dtype=np.float64)
        D = self._training_samples().shape[1]
        if X.ndim != 2 or X.shape[1] != D:
            raise ValueError(f"X must have shape (N, {D}) like the training rows, not {X.shape}")
        return X


def nearest(dists: np.ndarray, k: int) -> Any:
    """Find the k smallest numbers of every row; of equal ones the earlier counts as smaller.

    NaN counts as larger than every number.

    Args:
        dists: distances, shape (N, M).
        k: how many to find, 1 to M.

    Returns:
        Column numbers, shape (N, k), nearest first.

    Raises:
        ValueError: k is not 1 to M.
    """
    N, M = dists.shape
    if not 1 <= k <= M:
        raise ValueError(f"k must be 1 to {M}, the number of training samples, not {k}")
    columns = np.zeros((N, k), dtype=int)
    # ================================================================ #
    # YOUR CODE HERE:
    #   Store the column numbers in columns. A stable sort of every row
    #   will do; it is faster to sort only what candidates below leaves.
    # ================================================================ #
    for i, row in enumerate(dists):
        near = candidates(row, k)
        columns[i] = near[np.argsort(row[near], kind="stable")[:k]]
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return columns


def candidates(row: np.ndarray, k: int) -> np.ndarray:
    """Return the columns of a row among which its k smallest numbers are; mostly few more.

    The k-th smallest of every fourth number is not below the k-th smallest of all, so what lies
    above it need not be looked at.

    Args:
        row: distances, shape (M,).
        k: 1 to M.
    """
    bound = np.partition(row[:: min(4, len(row) // k)], k - 1)[k - 1]
    return np.flatnonzero(~(row > bound))  # NaN is not above; it sorts last


def majority(labels: np.ndarray) -> Any:
    """Return the most frequent label of every row, the smallest of them where several tie.

    Args:
        labels: the votes, shape (N, k), integers.

    Returns:
        The winners, shape (N,).
    """
    winners = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Store the winners, shape (N,), in winners. np.argmax returns the
    #   first of several largest numbers.
    # ================================================================ #
    classes = np.unique(labels)
    votes = np.sum(labels[:, :, np.newaxis] == classes, axis=1)  # (N, number of classes)
    winners = classes[np.argmax(votes, axis=1)]
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return winners


def cross_validate(
    X: np.ndarray, y: np.ndarray, ks: Iterable[int], num_folds: int = 5
) -> dict[int, list[float]]:
    """Measure how well each k does on parts of the data that it has not seen.

    The data are cut, in their order, into ``num_folds`` parts of equal size (the first ones are
    longer by one where that does not come out even). Each part is classified by all others
    together. Distances do not depend on k, and from part i to part j they are those from j to i,
    so every pair of parts is measured once.

    Args:
        X: samples, shape (M, D).
        y: their labels, shape (M,), integers.
        ks: the numbers of neighbours to try.
        num_folds: number of parts, 2 to M.

    Returns:
        For every k the fractions of right answers, one per part.

    Raises:
        ValueError: there is not one label per sample, num_folds is not 2 to M, there is no k, or
            a k is below 1 or above the size of the other parts together.
    """
    ks, X, y = list(ks), np.asarray(X), np.asarray(y)
    if y.shape != (len(X),):
        raise ValueError(f"y must have one label per row of X, {len(X)}, not shape {y.shape}")
    if not 2 <= num_folds <= len(X):
        raise ValueError(f"num_folds must be 2 to {len(X)}, the number of samples, not {num_folds}")
    if not ks or min(ks) < 1:
        raise ValueError(f"ks must name at least one k, and none below 1: {ks}")
    accuracies: dict[int, list[float]] = {k: [] for k in ks}
    # ================================================================ #
    # YOUR CODE HERE:
    #   Append to accuracies[k], for every k in ks and every part, the
    #   fraction of the part's samples that the other parts classify right.
    #   Distances do not depend on k: measure them once, not for every k.
    #   distances_between below measures between all pairs of parts.
    # ================================================================ #
    X_parts, y_parts = np.array_split(X, num_folds), np.array_split(y, num_folds)
    between = distances_between(X_parts)
    for i, y_part in enumerate(y_parts):
        others = [j for j in range(num_folds) if j != i]
        columns = nearest(np.hstack([between[i, j] for j in others]), max(ks))
        votes = np.concatenate([y_parts[j] for j in others])[columns]
        for k in ks:
            correct = majority(votes[:, :k]) == y_part  # nearest first: the first k vote
            accuracies[k].append(float(np.mean(correct)))
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return accuracies


def distances_between(parts: list[np.ndarray]) -> dict[tuple[int, int], np.ndarray]:
    """Return the distances from part i to part j under (i, j), for all pairs of parts."""
    between = {}
    for j, part in enumerate(parts):
        knn = KNN()
        knn.train(part, np.zeros(len(part), dtype=int))
        for i in range(j):
            between[i, j] = knn.compute_L2_distances_vectorized(parts[i])
            between[j, i] = between[i, j].T
    return between


def _p_norm(p: float) -> Callable[[np.ndarray], float]:
    """Return the function from a vector to its p-norm, or raise ValueError for p below 1."""
    if not p >= 1:
        raise ValueError(f"norm must be a number from 1 to infinity, or a function, not {p!r}")

    def measure(vector: np.ndarray) -> float:
        return float(np.linalg.norm(vector, ord=p))

    return measure
