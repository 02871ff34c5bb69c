"""The generated set is the same everywhere and as hard as the handouts' thresholds ask."""

from __future__ import annotations

import hashlib
import os

import numpy as np
import pytest
from nndl.data_utils import dataset_name, get_CIFAR10_data, validation_split
from nndl.generated_images import generated_images
from nndl.neural_net import TwoLayerNet

DIGEST = "21ccb0c00c41223a1915c6878919ee89c6964db2992be06c12a76951f0cba7d5"

# The documents' losses of the default run on CIFAR-10, every hundredth iteration.
CIFAR10_LOSSES = [
    2.302758, 2.302120, 2.295614, 2.251826, 2.188995,
    2.116253, 2.064671, 1.990169, 2.002828, 1.946518,
]  # fmt: skip


def test_the_first_block_has_the_same_bytes_everywhere() -> None:
    images, labels = generated_images(range(1))
    assert images.shape == (1000, 32, 32, 3)
    assert images.dtype == np.uint8
    digest = hashlib.sha256(images.tobytes() + labels.astype("<i8").tobytes()).hexdigest()
    assert digest == DIGEST


def test_blocks_do_not_depend_on_one_another() -> None:
    together, labels = generated_images(range(49, 51))
    alone, own_labels = generated_images(range(50, 51))
    np.testing.assert_array_equal(together[1000:], alone)
    np.testing.assert_array_equal(labels[1000:], own_labels)
    assert not np.array_equal(together[:1000], alone)


def test_classes_are_balanced_and_shuffled() -> None:
    _, labels = generated_images(range(1))
    np.testing.assert_array_equal(np.bincount(labels), np.full(10, 100))
    assert len(set(labels[:20].tolist())) > 5
    assert not np.array_equal(labels, np.sort(labels))


def test_another_seed_draws_other_pictures_of_the_same_classes() -> None:
    images, labels = generated_images(range(2))
    others, other_labels = generated_images(range(2), seed=1)
    assert not np.array_equal(images, others)
    means = class_means(images, labels)
    other_means = class_means(others, other_labels)
    far = np.linalg.norm(means[:, None] - other_means[None], axis=2)
    np.testing.assert_array_equal(far.argmin(axis=1), np.arange(10))


def class_means(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.array([images[labels == c].reshape(-1, 3072).mean(axis=0) for c in range(10)])


@pytest.mark.usefixtures("generated_only")
def test_the_split_is_that_of_the_whole_set() -> None:
    X_val, y_val = validation_split("generated")
    images, labels = generated_images(range(49, 50))
    np.testing.assert_array_equal(y_val, labels)
    difference = images.reshape(1000, -1) - X_val  # the mean image, from every row
    np.testing.assert_allclose(difference, np.broadcast_to(difference[0], (1000, 3072)), atol=1e-9)
    train = generated_images(range(49))[0]
    np.testing.assert_allclose(difference[0], train.reshape(49000, -1).mean(axis=0), atol=1e-9)


def default_run() -> tuple[list[float], float]:
    """Train the handout's first net as its notebook does; return losses and accuracy."""
    legacy = np.random
    legacy.seed(0)
    toy = TwoLayerNet(4, 10, 3, std=1e-1)
    X, y = 10 * np.random.RandomState(1).randn(5, 4), np.array([0, 1, 2, 2, 1])
    toy.train(X, y, X, y, learning_rate=1e-1, reg=5e-6, num_iters=100)
    net = TwoLayerNet(3072, 50, 10)
    data = get_CIFAR10_data()
    stats = net.train(
        data["X_train"], data["y_train"], data["X_val"], data["y_val"],
        num_iters=1000, batch_size=200, learning_rate=1e-4, learning_rate_decay=0.95, reg=0.25,
    )  # fmt: skip
    return stats["loss_history"], float(np.mean(net.predict(data["X_val"]) == data["y_val"]))


@pytest.mark.slow
@pytest.mark.usefixtures("generated_only")
def test_the_default_net_reaches_the_handouts_accuracy_on_the_generated_set() -> None:
    assert dataset_name() == "generated"
    losses, accuracy = default_run()
    assert losses[0] == pytest.approx(np.log(10), abs=1e-3)
    assert 0.27 <= accuracy <= 0.30


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("CIFAR10_DIR"), reason="CIFAR10_DIR names no CIFAR-10")
def test_the_default_net_follows_the_documents_losses_on_cifar10() -> None:
    assert dataset_name() == "cifar10"
    losses, accuracy = default_run()
    assert losses[::100] == pytest.approx(CIFAR10_LOSSES, rel=0, abs=0.005)
    assert 0.27 <= accuracy <= 0.30
