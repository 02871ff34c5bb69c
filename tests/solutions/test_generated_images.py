"""The generated set is the same everywhere and as hard as the handouts' thresholds ask."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from nndl.data_utils import dataset_name, validation_split
from nndl.generated_images import generated_images
from nndl.neural_net import TwoLayerNet

from tests.solutions.known_toys import default_run

DIGEST = "21ccb0c00c41223a1915c6878919ee89c6964db2992be06c12a76951f0cba7d5"


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


@pytest.mark.slow
@pytest.mark.usefixtures("generated_only")
def test_the_default_net_reaches_the_handouts_accuracy_on_the_generated_set() -> None:
    assert dataset_name() == "generated"
    losses, accuracy = default_run(TwoLayerNet)
    assert losses[0] == pytest.approx(np.log(10), abs=1e-3)
    assert 0.27 <= accuracy <= 0.30


def test_a_seed_may_be_several_numbers() -> None:
    images, labels = generated_images(range(1), seed=(2**32 - 1, 0, 7))
    others, other_labels = generated_images(range(1), seed=(2**32 - 1, 0, 8))
    assert not np.array_equal(images, others)
    assert not np.array_equal(labels, other_labels)
    np.testing.assert_array_equal(
        generated_images(range(1), seed=(3,))[1], generated_images(range(1), 3)[1]
    )
