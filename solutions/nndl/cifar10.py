"""Read the files of CIFAR-10's python version without running what a pickle may contain.

The format is described at https://www.cs.toronto.edu/~kriz/cifar.html: a batch is a pickled
dictionary with ``data``, uint8 of shape (n, 3072), all red pixels first, then green, then blue,
each row by row, and ``labels``, a list of n numbers from 0 to 9.
"""

from __future__ import annotations

import hashlib
import pickle
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

BATCHES_FOLDER = "cifar-10-batches-py"
TRAIN_BATCHES = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5")
TEST_BATCH = "test_batch"
CLASSES = 10
NO_BATCH = (  # what reading another file may raise
    pickle.UnpicklingError, EOFError, AttributeError, LookupError, TypeError, OverflowError,
    MemoryError,
)  # fmt: skip


def has_batches(folder: Path) -> bool:
    """Tell whether all six batches lie in a folder."""
    return all((folder / name).is_file() for name in (*TRAIN_BATCHES, TEST_BATCH))


def fingerprint(folder: Path) -> str:
    """Return a short text that changes when the folder or a batch in it becomes another one."""
    facts = [str(folder.resolve())]
    for name in (*TRAIN_BATCHES, TEST_BATCH):
        status = (folder / name).stat()
        facts.append(f"{name} {status.st_size} {status.st_mtime_ns}")
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


def read_cifar10(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Read all batches: training images and labels, test images and labels.

    Args:
        folder: where the six files lie.

    Returns:
        Images (n, 32, 32, 3), uint8, and labels (n,), int64, of both parts.

    Raises:
        FileNotFoundError: a batch is missing.
        ValueError: a file is not a CIFAR-10 batch.
    """
    parts = [read_batch(folder / name) for name in TRAIN_BATCHES]
    train_images = np.concatenate([images for images, _ in parts])
    train_labels = np.concatenate([labels for _, labels in parts])
    return (train_images, train_labels, *read_batch(folder / TEST_BATCH))


def read_batch(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read one batch: images (n, 32, 32, 3), uint8, and labels (n,), int64.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not a CIFAR-10 batch.
    """
    with path.open("rb") as file:
        try:
            batch = _BatchUnpickler(file).load()
            batch = {_text(key): value for key, value in batch.items()}
            data, labels = batch["data"].array, np.array(batch["labels"])
            images = data.reshape(len(labels), 3, 32, 32).transpose(0, 2, 3, 1)
        except NO_BATCH as error:
            raise ValueError(f"{path} is not a CIFAR-10 batch: {error}") from error
        except ValueError as error:
            raise ValueError(f"{path} is damaged: {error}") from error
    if labels.dtype.kind != "i" or not np.isin(labels, np.arange(CLASSES)).all():
        raise ValueError(f"{path} is damaged: its labels are not all from 0 to {CLASSES - 1}")
    return images, labels.astype(np.int64)


class _BatchUnpickler(pickle.Unpickler):
    """A pickle reader that knows what a batch is made of and calls nothing else.

    Not even numpy's own functions are called: stand-ins collect an array's shape and bytes.
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, encoding="bytes")  # the original files were written by Python 2

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _STAND_INS:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return _STAND_INS[module, name]


class _Array:
    """Stands in for an array: becomes one when the pickle delivers its state."""

    array: np.ndarray

    def __setstate__(self, state: tuple[int, tuple[int, ...], Any, bool, bytes]) -> None:
        _version, shape, dtype, fortran_order, data = state
        if not isinstance(dtype, _Dtype) or dtype.code != "u1":
            raise pickle.UnpicklingError("its array is not of bytes")
        values = np.frombuffer(data, np.uint8)
        self.array = values.reshape(shape[::-1]).T if fortran_order else values.reshape(shape)


class _Dtype:
    """Stands in for a dtype: remembers its code, such as "u1"."""

    def __init__(self, code: str | bytes, *_ignored: object) -> None:
        self.code = _text(code)

    def __setstate__(self, state: object) -> None:
        """Ignore byte order and alignment: single bytes have none."""


def _new_array(*_ignored: object) -> _Array:
    return _Array()


def _encoded(text: str, encoding: str) -> bytes:
    """Undo how Python 3 writes bytes into an old pickle."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it asks for the encoding {encoding}")
    return text.encode("latin1")


def _text(value: str | bytes) -> str:
    return value.decode("latin1") if isinstance(value, bytes) else value


_STAND_INS: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _new_array,  # numpy 1
    ("numpy._core.multiarray", "_reconstruct"): _new_array,  # numpy 2
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    ("_codecs", "encode"): _encoded,
}
