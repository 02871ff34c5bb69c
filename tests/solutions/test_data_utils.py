"""Where images come from, how they are split, and what a hostile batch file may do."""

from __future__ import annotations

import os
import pickle
import shutil
import tempfile
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
from nndl import data_utils, image_cache
from nndl.cifar10 import TEST_BATCH, TRAIN_BATCHES, fingerprint, read_batch
from nndl.data_utils import (
    cifar10_folder,
    dataset_name,
    get_CIFAR10_data,
    load_CIFAR10,
    load_net_params,
    prepare_data,
    save_net,
    validation_split,
)
from nndl.neural_net import TwoLayerNet

if TYPE_CHECKING:
    from pathlib import Path

PER_BATCH = 20


def batch(number: int) -> dict[bytes, object]:
    rng = np.random.RandomState(number)
    return {
        b"data": rng.randint(0, 256, size=(PER_BATCH, 3072), dtype=np.uint8),
        b"labels": [int(label) for label in rng.randint(0, 10, size=PER_BATCH)],
    }


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six small batches, named by CIFAR10_DIR, and a cache of their own."""
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for number, name in enumerate((*TRAIN_BATCHES, TEST_BATCH)):
        (folder / name).write_bytes(pickle.dumps(batch(number), protocol=2))
    monkeypatch.setenv("CIFAR10_DIR", str(folder))
    monkeypatch.setenv("GRADLAB_DATA", str(tmp_path / "cache"))
    return folder


def test_batches_are_read_in_order_with_colour_last(tiny: Path) -> None:
    Xtr, ytr, Xte, yte = load_CIFAR10(tiny)
    assert Xtr.shape == (5 * PER_BATCH, 32, 32, 3)
    assert Xte.shape == (PER_BATCH, 32, 32, 3)
    assert Xtr.dtype == Xte.dtype == np.float64
    second = batch(1)
    pixels = np.array(second[b"data"]).reshape(PER_BATCH, 3, 32, 32)
    assert Xtr[PER_BATCH, 4, 7, 2] == pixels[0, 2, 4, 7]
    np.testing.assert_array_equal(ytr[PER_BATCH : 2 * PER_BATCH], second[b"labels"])
    np.testing.assert_array_equal(yte, batch(5)[b"labels"])


def test_a_batch_as_python_2_wrote_it(tmp_path: Path) -> None:
    data = np.arange(2 * 3072, dtype=np.uint32).astype(np.uint8)
    written = (
        b"\x80\x02}(U\x04datacnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85"
        b"U\x01b\x87R(K\x01K\x02M\x00\x0c\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|"
        b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T"
        + data.size.to_bytes(4, "little") + data.tobytes() + b"tbU\x06labels](K\x03K\x09eu."
    )  # fmt: skip
    path = tmp_path / "batch"
    path.write_bytes(written)
    images, labels = read_batch(path)
    np.testing.assert_array_equal(labels, [3, 9])
    np.testing.assert_array_equal(images, data.reshape(2, 3, 32, 32).transpose(0, 2, 3, 1))


class Command:
    """Runs a command when it is unpickled carelessly."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self.command,)


def test_a_batch_that_wants_a_command_run_is_refused(tmp_path: Path) -> None:
    path, trace = tmp_path / "batch", tmp_path / "trace"
    path.write_bytes(pickle.dumps({b"data": Command(f"echo > '{trace}'"), b"labels": []}))
    with pytest.raises(ValueError, match=r"is not a CIFAR-10 batch: it asks for \w+\.system"):
        read_batch(path)
    assert not trace.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps([1, 2]), "is not a CIFAR-10 batch"),
        (pickle.dumps({b"labels": [1]}), "is not a CIFAR-10 batch"),
        (pickle.dumps({b"data": np.zeros((1, 3072)), b"labels": [1]}), "array is not of bytes"),
        (pickle.dumps({b"data": np.zeros((1, 99), np.uint8), b"labels": [1]}), "is damaged"),
        (pickle.dumps({b"data": np.zeros((1, 3072), np.uint8), b"labels": [10]}), "its labels"),
        (b"\x80\x02}", "is not a CIFAR-10 batch"),
        (b"\x80\x04\x95" + b"\xff" * 8, "is not a CIFAR-10 batch"),  # longer than any file
        (b"\x80\x04\x8e" + b"\x00" * 7 + b"\x40", "is not a CIFAR-10 batch"),  # than any memory
        (b"]K\x00K\x01s.", "is not a CIFAR-10 batch"),  # the first item of an empty list
        (b"", "is not a CIFAR-10 batch"),
        (b"no pickle at all", "is not a CIFAR-10 batch"),
    ],
)
def test_other_files_are_refused(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "batch").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_batch(tmp_path / "batch")


def test_parts_follow_one_another_and_lose_the_training_mean(tiny: Path) -> None:
    Xtr, ytr, Xte, yte = load_CIFAR10(tiny)
    data = get_CIFAR10_data(num_training=70, num_validation=20, num_test=10)
    mean = Xtr[:70].mean(axis=0)
    for part, images, labels in (
        ("train", Xtr[:70], ytr[:70]), ("val", Xtr[70:90], ytr[70:90]), ("test", Xte[:10], yte[:10])
    ):  # fmt: skip
        rows = (images - mean).reshape(len(images), -1)
        np.testing.assert_allclose(data[f"X_{part}"], rows, rtol=0, atol=1e-12)
        np.testing.assert_array_equal(data[f"y_{part}"], labels)


@pytest.mark.usefixtures("tiny")
def test_layouts_hold_the_same_pixels() -> None:
    rows = get_CIFAR10_data(70, 20, 10)
    first = get_CIFAR10_data(70, 20, 10, layout="channels_first")
    assert first["X_train"].shape == (70, 3, 32, 32)
    for name in ("X_train", "X_val", "X_test"):
        assert first[name].flags.c_contiguous
        images = rows[name].reshape(-1, 32, 32, 3)
        np.testing.assert_array_equal(first[name].transpose(0, 2, 3, 1), images)


@pytest.mark.usefixtures("tiny")
def test_linear_classifiers_get_columns_and_a_row_of_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = get_CIFAR10_data(70, 20, 10)
    small = partial(get_CIFAR10_data, 70, 20, 10)
    monkeypatch.setattr(data_utils, "get_CIFAR10_data", small)
    found = iter(data_utils.load_cifar10_train_val())
    for part in ("train", "val", "test"):
        X, y = next(found), next(found)
        np.testing.assert_array_equal(X[:-1].T, rows[f"X_{part}"])
        np.testing.assert_array_equal(X[-1], np.ones(len(y)))
        np.testing.assert_array_equal(y, rows[f"y_{part}"])


def test_pixels_as_they_are(tiny: Path) -> None:
    data = get_CIFAR10_data(70, 0, 10, subtract_mean=False)
    np.testing.assert_array_equal(data["X_train"], load_CIFAR10(tiny)[0][:70].reshape(70, -1))
    assert data["X_val"].shape == (0, 3072)


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((0, 20, 10), "num_training is 0: it must be between 1 and 100"),
        ((101, 0, 10), "num_training is 101"),
        ((90, 11, 10), "num_validation is 11: it must be between 0 and 10"),
        ((90, 10, 21), "num_test is 21: it must be between 0 and 20"),
        ((90, -1, 10), "num_validation is -1"),
    ],
)
def test_impossible_sizes_are_refused(sizes: tuple[int, int, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        get_CIFAR10_data(*sizes)


def test_an_unknown_layout_is_refused() -> None:
    with pytest.raises(
        ValueError, match="must be one of rows, columns, channels_first, not 'diagonals'"
    ):
        get_CIFAR10_data(layout="diagonals")


def test_the_folder_above_the_batches_may_be_named(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIFAR10_DIR", str(tiny.parent))
    assert cifar10_folder() == tiny
    assert dataset_name() == "cifar10"


def test_a_named_folder_without_batches_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIFAR10_DIR", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=tmp_path.name):
        dataset_name()


@pytest.mark.parametrize("place", ["datasets", "cache"])
def test_batches_are_found_above_the_working_folder_or_in_the_cache(
    place: str, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tiny.parent / place).mkdir()
    found = tiny.rename(tiny.parent / place / tiny.name)
    below = tiny.parent / "work" / "week 1"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    monkeypatch.delenv("CIFAR10_DIR")
    assert cifar10_folder() == found


def test_other_batches_of_the_same_size_are_noticed(tiny: Path) -> None:
    before = get_CIFAR10_data(70, 20, 10, subtract_mean=False)
    first = tiny / TRAIN_BATCHES[0]
    size = first.stat().st_size
    turned = batch(0) | {b"data": np.array(batch(0)[b"data"])[::-1].copy()}
    first.write_bytes(pickle.dumps(turned, protocol=2))
    os.utime(first, ns=(1, 1))
    assert first.stat().st_size == size
    after = get_CIFAR10_data(70, 20, 10, subtract_mean=False)
    np.testing.assert_array_equal(after["X_train"][:PER_BATCH], before["X_train"][:PER_BATCH][::-1])
    np.testing.assert_array_equal(after["X_train"][PER_BATCH:], before["X_train"][PER_BATCH:])


def test_a_copy_of_the_folder_is_another_data_set(tiny: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(tiny, tmp_path / "copy")
    assert fingerprint(copied) != fingerprint(tiny) == fingerprint(tiny)


@pytest.mark.usefixtures("tiny")
def test_images_are_read_once_and_then_mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    first = get_CIFAR10_data(70, 20, 10)
    monkeypatch.setattr("nndl.data_utils.read_cifar10", None)
    np.testing.assert_array_equal(get_CIFAR10_data(70, 20, 10)["X_val"], first["X_val"])
    kept = list(image_cache.cache_folder().glob("cifar10-*"))
    assert len(kept) == 1
    pixels = np.load(kept[0] / "train_images.npy", mmap_mode="r")
    assert (pixels.shape, pixels.dtype) == ((100, 32, 32, 3), np.uint8)


@pytest.mark.usefixtures("tiny")
def test_images_can_be_made_ready_before_anybody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert prepare_data() == "cifar10"
    monkeypatch.setattr("nndl.data_utils.read_cifar10", None)
    assert len(get_CIFAR10_data(70, 20, 10)["y_val"]) == 20


@pytest.mark.parametrize("temporary", ["works", "is no folder"])
def test_a_cache_that_cannot_be_written_does_no_harm(
    temporary: str, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("in the way")
    other = tmp_path / "temporary" if temporary == "works" else blocked
    if temporary == "works":
        other.mkdir()
    monkeypatch.setenv("GRADLAB_DATA", str(blocked / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(other))
    monkeypatch.setattr(image_cache, "_in_memory", {})
    for _ in range(2):
        data = get_CIFAR10_data(70, 20, 10, subtract_mean=False)
        np.testing.assert_array_equal(data["X_train"], load_CIFAR10(tiny)[0][:70].reshape(70, -1))
    assert bool(image_cache._in_memory) == (temporary != "works")


def test_the_second_of_two_writers_takes_what_the_first_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADLAB_DATA", str(tmp_path))
    mine = (np.zeros((2, 32, 32, 3), np.uint8), np.zeros(2, np.int64)) * 2
    theirs = (np.ones((2, 32, 32, 3), np.uint8), np.ones(2, np.int64)) * 2

    def slowly() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        image_cache.cached("set", lambda: theirs)
        return mine

    assert image_cache.cached("set", slowly).train_labels.tolist() == [1, 1]
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_the_split_of_an_unknown_set_is_refused() -> None:
    with pytest.raises(ValueError, match="'mnist'"):
        validation_split("mnist")


@pytest.mark.usefixtures("generated_only")
def test_the_split_of_a_set_that_is_not_here_is_refused() -> None:
    with pytest.raises(FileNotFoundError, match="CIFAR10_DIR"):
        validation_split("cifar10")


@pytest.mark.usefixtures("tiny")
def test_a_saved_net_comes_back(tmp_path: Path) -> None:
    net = TwoLayerNet(6, 4, 3)
    save_net(net, tmp_path / "best_net.npz")
    params, dataset = load_net_params(tmp_path / "best_net.npz")
    assert dataset == "cifar10"
    assert set(params) == {"W1", "b1", "W2", "b2"}
    for name, value in params.items():
        np.testing.assert_array_equal(value, net.params[name])
        assert value.dtype == np.float64


class NoNet:
    params = {"W1": np.zeros(1)}  # noqa: RUF012  (a stand-in)


@pytest.mark.parametrize(
    ("net", "message"),
    [(None, "no net"), (object(), "W1, b1, W2, b2"), (NoNet(), "lack b1, W2, b2")],
)
def test_what_is_no_net_is_not_saved(net: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        save_net(net, tmp_path / "best_net.npz")
    assert not list(tmp_path.iterdir())


def test_a_file_that_holds_no_net_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", W1=np.zeros(3))
    with pytest.raises(ValueError, match="lacks b1, W2, b2, dataset"):
        load_net_params(tmp_path / "other.npz")
