"""The handouts' numbers that need CIFAR-10's own images, to what a copy of them may differ.

`CIFAR10_DIR` names their folder. The bounds leave room for images that were compressed on the way:
those are off by a few grey levels.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import numpy as np
import pytest
from nndl.classifiers.knn import KNN
from nndl.data_utils import dataset_name, get_CIFAR10_data
from nndl.neural_net import TwoLayerNet

from tests.solutions.known_toys import DH, MSE, default_run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not os.environ.get("CIFAR10_DIR"), reason="CIFAR10_DIR names no CIFAR-10"),
]


class Run(NamedTuple):
    """The first training of a notebook: 1000 iterations, batches of 200, 50 hidden units."""

    net: type[Any]
    losses: list[float]  # every hundredth
    accuracy: float  # on the validation set
    rate: float = 1e-4
    reg: float = 0.25
    bound: float = 5e-3  # on the losses


RUNS = {
    "softmax": Run(
        TwoLayerNet,
        [2.302758, 2.302120, 2.295614, 2.251826, 2.188995,
         2.116253, 2.064671, 1.990169, 2.002828, 1.946518],
        0.283,
    ),
    "dh": Run(
        DH,
        [2.302954, 2.30255, 2.297648, 2.259602, 2.20417,
         2.118565, 2.051535, 1.988466, 2.006591, 1.951473],
        0.287,
    ),
    "mse": Run(
        MSE,
        [0.500084, 0.499900, 0.499660, 0.499408, 0.499124,
         0.498678, 0.498307, 0.497478, 0.496707, 0.495248],
        0.186, rate=1e-5, reg=0.1, bound=2e-3,  # its random stream is not known
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_the_first_training_of_a_notebook(name: str) -> None:
    run = RUNS[name]
    assert dataset_name() == "cifar10"
    losses, accuracy = default_run(run.net, run.rate, run.reg)
    assert losses[::100] == pytest.approx(run.losses, rel=0, abs=run.bound)
    assert accuracy == pytest.approx(run.accuracy, abs=0.02)


def test_nearest_neighbours_of_raw_pixels() -> None:
    data = get_CIFAR10_data(5000, 0, 500, subtract_mean=False)
    knn = KNN()
    knn.train(data["X_train"], data["y_train"])
    dists = knn.compute_L2_distances_vectorized(data["X_test"])
    assert np.linalg.norm(dists) == pytest.approx(7906696.077040902, rel=0.006)
    np.testing.assert_array_equal(knn.compute_distances(data["X_test"][:2]), dists[:2])
    for k, error in ((1, 0.726), (3, 0.728), (10, 0.718)):
        wrong = np.mean(knn.predict_labels(dists, k) != data["y_test"])
        assert wrong == pytest.approx(error, abs=0.01), k
