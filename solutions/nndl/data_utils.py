"""Images for the notebook: the CIFAR-10 batches where they are found, else generated ones.

Where images come from, first match wins:

1. the folder named by ``CIFAR10_DIR``, or ``cifar-10-batches-py`` inside it;
2. ``datasets/cifar-10-batches-py`` in the working folder or a folder above it;
3. ``cifar-10-batches-py`` in the cache folder;
4. none of these: the generated set (see generated_images.py), made once in a few seconds.

The cache folder is ``GRADLAB_DATA``, else ``gradlab`` in ``XDG_CACHE_HOME``, else
``~/.cache/gradlab``. See image_cache.py for what is kept there.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from .cifar10 import BATCHES_FOLDER, fingerprint, has_batches, read_cifar10
from .generated_images import TEST_BLOCKS, TRAIN_BLOCKS, VERSION, generated_images
from .image_cache import TRAIN_PART, Images, cache_folder, cached, mean_image

CIFAR10 = "cifar10"
GENERATED = "generated"
LAYOUTS = ("rows", "columns", "channels_first")
PARAMETERS = ("W1", "b1", "W2", "b2")


def load_CIFAR10(root: str | Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Read the five training batches and the test batch of CIFAR-10 (python version).

    Args:
        root: the folder with the files data_batch_1 to data_batch_5 and test_batch.

    Returns:
        Training images (50000, 32, 32, 3), their labels (50000,), test images
        (10000, 32, 32, 3), their labels (10000,). Images are float64, 0 to 255.

    Raises:
        FileNotFoundError: a batch is missing.
        ValueError: a file is not a CIFAR-10 batch.
    """
    train_images, train_labels, test_images, test_labels = read_cifar10(Path(root))
    return (
        train_images.astype(np.float64),
        train_labels,
        test_images.astype(np.float64),
        test_labels,
    )


def get_CIFAR10_data(
    num_training: int = 49000,
    num_validation: int = 1000,
    num_test: int = 1000,
    subtract_mean: bool = True,
    layout: str = "rows",
    dataset: str = "",
) -> dict[str, np.ndarray]:
    """Return training, validation and test part, float64.

    Validation images are the ``num_validation`` rows of the training file that follow the
    ``num_training`` first ones: 49000 to 49999 by default. Test images are the first of theirs.

    Args:
        num_training: size of the training part.
        num_validation: size of the validation part.
        num_test: size of the test part.
        subtract_mean: subtract the mean image of the training part from all three.
        layout: "rows" for X of shape (n, 3072), an image's pixels in the order height, width,
            channel; "columns" for (3073, n), the same pixels one below the other and a last row
            of ones, whose weights are the biases; "channels_first" for (n, 3, 32, 32).
        dataset: "cifar10" or "generated"; by default what is found, see dataset_name.

    Returns:
        A dictionary with X_train, y_train, X_val, y_val, X_test, y_test.

    Raises:
        ValueError: there are not that many images, or the layout or data set is unknown.
        FileNotFoundError: CIFAR-10 is asked for and is not on this machine.
    """
    if layout not in LAYOUTS:
        raise ValueError(f"layout must be one of {', '.join(LAYOUTS)}, not {layout!r}")
    images = _images(dataset or dataset_name())
    available = len(images.train_images)
    _check_count("num_training", num_training, 1, available)
    _check_count("num_validation", num_validation, 0, available - num_training)
    _check_count("num_test", num_test, 0, len(images.test_images))

    mean = mean_image(images.train_images[:num_training]) if subtract_mean else None
    data: dict[str, np.ndarray] = {}
    for part, pixels, labels in (
        ("train", images.train_images[:num_training], images.train_labels[:num_training]),
        ("val", *_validation_rows(images, num_training, num_validation)),
        ("test", images.test_images[:num_test], images.test_labels[:num_test]),
    ):
        data[f"X_{part}"] = _arranged(pixels, mean, layout)
        data[f"y_{part}"] = np.array(labels)
    return data


def load_cifar10_train_val() -> tuple[np.ndarray, ...]:
    """Return the data for linear classifiers: samples in columns, the last row all ones.

    Returns:
        X_train (3073, 49000), y_train (49000,), X_val (3073, 1000), y_val (1000,), X_test
        (3073, 1000) and y_test (1000,): what get_CIFAR10_data gives in the layout "columns".
    """
    data = get_CIFAR10_data(layout="columns")
    return tuple(data[f"{name}_{part}"] for part in ("train", "val", "test") for name in "Xy")


def validation_split(dataset: str) -> tuple[np.ndarray, np.ndarray]:
    """Return X_val (1000, 3072) and y_val (1000,) of a data set, as get_CIFAR10_data does.

    Only the validation rows and the mean image are read.

    Args:
        dataset: "cifar10" or "generated".

    Raises:
        ValueError: no data set has that name.
        FileNotFoundError: CIFAR-10 is asked for and is not on this machine.
    """
    images = _images(dataset)
    pixels, labels = _validation_rows(images, TRAIN_PART, 1000)
    return _arranged(pixels, images.train_mean, "rows"), np.array(labels)


def dataset_name() -> str:
    """Return which images get_CIFAR10_data gives: "cifar10" or "generated".

    Raises:
        FileNotFoundError: ``CIFAR10_DIR`` is set but has no batches.
    """
    return GENERATED if cifar10_folder() is None else CIFAR10


def prepare_data() -> str:
    """Make the images that are found here ready for every later reader; return their name.

    Raises:
        FileNotFoundError: ``CIFAR10_DIR`` is set but has no batches.
        ValueError: a file is not a CIFAR-10 batch.
    """
    name = dataset_name()
    _images(name)
    return name


def cifar10_folder() -> Path | None:
    """Return the folder with the CIFAR-10 batches, or None if there is none.

    Raises:
        FileNotFoundError: ``CIFAR10_DIR`` is set but has no batches.
    """
    named = os.environ.get("CIFAR10_DIR")
    if named:
        for folder in (Path(named), Path(named) / BATCHES_FOLDER):
            if has_batches(folder):
                return folder
        raise FileNotFoundError(f"CIFAR10_DIR is {named}, but there are no CIFAR-10 batches in it")
    here = Path.cwd()
    places = [folder / "datasets" for folder in (here, *here.parents)]
    for place in (*places, cache_folder()):
        if has_batches(place / BATCHES_FOLDER):
            return place / BATCHES_FOLDER
    return None


def save_net(net: object, path: str | Path) -> None:
    """Write the parameters of a net and the name of the data set to an .npz file.

    Args:
        net: an object whose ``params`` holds W1, b1, W2 and b2.
        path: the file, written anew; ".npz" is appended if it is missing.

    Raises:
        ValueError: there is no net, or a parameter is missing.
    """
    if net is None:
        raise ValueError("there is no net to save: it is None")
    params = getattr(net, "params", {})
    missing = [name for name in PARAMETERS if name not in params]
    if missing:
        raise ValueError(f"this net cannot be saved: its params lack {', '.join(missing)}")
    W1, b1, W2, b2 = (np.asarray(params[name]) for name in PARAMETERS)
    np.savez(path, W1=W1, b1=b1, W2=W2, b2=b2, dataset=np.array(dataset_name()))


def load_net_params(path: str | Path) -> tuple[dict[str, np.ndarray], str]:
    """Read what save_net wrote: the parameters W1, b1, W2, b2, and the name of the data set.

    Raises:
        ValueError: the file lacks one of them.
    """
    with np.load(path, allow_pickle=False) as saved:
        missing = [name for name in (*PARAMETERS, "dataset") if name not in saved.files]
        if missing:
            raise ValueError(f"{path} was not written by save_net: it lacks {', '.join(missing)}")
        return {name: saved[name] for name in PARAMETERS}, str(saved["dataset"])


def _images(dataset: str) -> Images:
    """Return all images of a data set, from the cache if they are there."""
    if dataset == GENERATED:
        return cached(f"{GENERATED}-{VERSION}", _generated)
    if dataset != CIFAR10:
        raise ValueError(f'no data set is called {dataset!r}: take "{CIFAR10}" or "{GENERATED}"')
    folder = cifar10_folder()
    if folder is None:
        raise FileNotFoundError(
            "CIFAR-10 is not here: put its batches into datasets/cifar-10-batches-py, "
            "or name their folder in CIFAR10_DIR"
        )
    return cached(f"{CIFAR10}-{fingerprint(folder)}", lambda: read_cifar10(folder))


def _generated() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Make the generated set: 50,000 training and 10,000 test images with their labels."""
    train = generated_images(range(TRAIN_BLOCKS))
    test = generated_images(range(TRAIN_BLOCKS, TRAIN_BLOCKS + TEST_BLOCKS))
    return (*train, *test)


def _validation_rows(images: Images, start: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels and labels of the training file's rows from start on."""
    rows = slice(start, start + count)
    return images.train_images[rows], images.train_labels[rows]


def _arranged(pixels: np.ndarray, mean: np.ndarray | None, layout: str) -> np.ndarray:
    """Return uint8 images (n, 32, 32, 3) as float64 in a layout, less the mean image."""
    order = (0, 3, 1, 2) if layout == "channels_first" else (0, 1, 2, 3)
    X = pixels.transpose(order).astype(np.float64, order="C")
    if mean is not None:
        X -= mean[None].transpose(order)
    if layout == "channels_first":
        return X
    X = X.reshape(len(X), 32 * 32 * 3)
    return X if layout == "rows" else np.vstack([X.T, np.ones(len(X))])


def _check_count(name: str, count: int, least: int, most: int) -> None:
    if not least <= count <= most:
        raise ValueError(f"{name} is {count}: it must be between {least} and {most}")
