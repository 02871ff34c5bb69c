"""Keep a data set on disk in a form that opens at once.

A data set is one folder of plain .npy files. It is written under another name and then renamed,
so that it is either there as a whole or not at all, also when two programs do so at the same
time. If the cache folder cannot be written, a private folder under the system's temporary one
is used, and if that fails too the images stay in memory.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

TRAIN_PART = 49000  # training images that the kept mean image is of; validation follows them

_in_memory: dict[str, Images] = {}


class Images(NamedTuple):
    """A data set; images are (n, 32, 32, 3), uint8, labels (n,), int64."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    train_mean: np.ndarray  # of the first 49000 training images: (32, 32, 3), float64


def cache_folder() -> Path:
    """Return the folder for kept data: $GRADLAB_DATA, else gradlab in the user's cache."""
    named = os.environ.get("GRADLAB_DATA")
    if named:
        return Path(named).absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    if base:
        return Path(base) / "gradlab"
    try:
        return Path.home() / ".cache" / "gradlab"
    except RuntimeError:  # a user without a home, as in some containers
        return _temporary_folder()


def cached(
    key: str, make: Callable[[], tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]
) -> Images:
    """Open the data set kept under a key, or make and keep it.

    Args:
        key: name of the data set's folder; other contents need another key.
        make: returns training images, training labels, test images, test labels.

    Returns:
        The data set; its arrays are read from disk as they are used, and read-only.
    """
    places = [folder / key for folder in (cache_folder(), _temporary_folder())]
    for place in places:
        if _is_there(place):
            return _open(place)
    if key in _in_memory:
        return _in_memory[key]
    train_images, train_labels, test_images, test_labels = make()
    mean = mean_image(train_images[:TRAIN_PART])
    images = Images(train_images, train_labels, test_images, test_labels, mean)
    for place in places:
        if _keep(images, place):
            return _open(place)
    _in_memory[key] = images
    return images


def mean_image(images: np.ndarray) -> np.ndarray:
    """Return the mean of uint8 images (n, 32, 32, 3), float64; the sum is exact."""
    total: np.ndarray = images.sum(axis=0, dtype=np.int64)
    return total / len(images)


def _temporary_folder() -> Path:
    return Path(tempfile.gettempdir()) / f"gradlab-{_user()}"


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


def _is_there(place: Path) -> bool:
    """Tell whether a data set is kept here; in the temporary folder it has to be our own."""
    if not place.is_dir():
        return False
    return place.parent != _temporary_folder() or place.stat().st_uid == _user()


def _open(place: Path) -> Images:
    return Images(
        *(np.asarray(np.load(place / f"{name}.npy", mmap_mode="r")) for name in Images._fields)
    )


def _keep(images: Images, place: Path) -> bool:
    """Write a data set to a folder, all or nothing; tell whether it is there now."""
    draft = None
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f"{place.name}.", dir=place.parent))
        for name, array in images._asdict().items():
            np.save(draft / f"{name}.npy", array)
        draft.chmod(0o755)  # mkdtemp hides it; images are no secret
        draft.replace(place)
    except OSError:  # no room, no permission, or another program was first
        if draft is not None:
            shutil.rmtree(draft, ignore_errors=True)
    return _is_there(place)
