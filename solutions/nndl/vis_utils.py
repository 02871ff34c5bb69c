"""Pictures of a homework: samples, weights, filters, and curves of a training run.

:func:`visualize_grid` makes an array. The ``draw_`` functions make a matplotlib figure and return
it; end the cell with ``plt.show()``.
"""

from __future__ import annotations

from math import ceil, sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def visualize_grid(Xs: np.ndarray, ubound: float = 255.0, padding: int = 1) -> np.ndarray:
    """Lay pictures out row by row in the smallest square that holds them.

    Every picture is stretched on its own from its smallest to its largest value; one whose values
    are all equal becomes black.

    Args:
        Xs: pictures, shape (N, height, width, channels).
        ubound: the largest value in the result; the smallest is 0.
        padding: black pixels between neighbours.

    Returns:
        One picture, shape (n * height + (n - 1) * padding, n * width + (n - 1) * padding,
        channels) with n the square root of N, rounded up.

    Raises:
        ValueError: if there are no pictures, or Xs has another number of axes.
    """
    if Xs.ndim != 4 or Xs.size == 0:
        raise ValueError(f"Xs must be pictures (N, height, width, channels), not {Xs.shape}.")
    count, height, width, channels = Xs.shape
    side = ceil(sqrt(count))
    step_y, step_x = height + padding, width + padding
    grid = np.zeros((side * step_y - padding, side * step_x - padding, channels))
    for place, picture in enumerate(Xs):
        top, left = place // side * step_y, place % side * step_x
        grid[top : top + height, left : left + width] = ubound * _stretched(picture)
    return grid


def _stretched(picture: np.ndarray) -> np.ndarray:
    """Return a picture scaled to the range 0 to 1."""
    low, high = np.min(picture), np.max(picture)
    if low == high:
        return np.zeros(picture.shape)
    stretched: np.ndarray = (picture - low) / (high - low)
    return stretched


def draw_samples(
    X: np.ndarray, y: np.ndarray, class_names: Sequence[str], per_class: int = 7, seed: int = 0
) -> Figure:
    """Draw a few random pictures of each class, one column for each.

    Args:
        X: pictures, shape (N, height, width, 3), values 0 to 255.
        y: labels, shape (N,), integers from 0.
        class_names: one for each label.
        per_class: rows; a class with fewer pictures leaves white cells.
        seed: starts the choice's own random stream.

    Raises:
        ValueError: if the shapes do not fit or a label has no name.
    """
    if X.ndim != 4 or X.shape[3] != 3 or y.shape != X.shape[:1]:
        raise ValueError(f"Shapes {X.shape} and {y.shape} are not (N, height, width, 3) and (N,).")
    if len(y) and not 0 <= y.min() <= y.max() < len(class_names):
        raise ValueError(f"Labels {y.min()} to {y.max()} need names; there are {len(class_names)}.")
    rng = np.random.RandomState(seed)
    height, width = X.shape[1] + 2, X.shape[2] + 2
    page = np.full((per_class * height, len(class_names) * width, 3), 255, np.uint8)
    for label in range(len(class_names)):
        for row, chosen in enumerate(rng.permutation(np.flatnonzero(y == label))[:per_class]):
            top, left = row * height + 1, label * width + 1
            page[top : top + height - 2, left : left + width - 2] = X[chosen]

    figure, axes = _new_figure(1.0 * len(class_names), 1.0 * per_class + 0.2)
    _show(axes, page)
    axes.set_axis_on()
    axes.set_xticks((np.arange(len(class_names)) + 0.5) * width - 0.5, class_names)
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    return figure


def draw_weights(
    W: np.ndarray, picture_shape: tuple[int, ...] = (32, 32, 3), title: str = "First-layer weights"
) -> Figure:
    """Draw the weights of each hidden unit as a picture, in a square grid.

    Args:
        W: first-layer weights, shape (H, D), one row for each unit.
        picture_shape: height, width and channels; their product is D.
        title: what stands above.

    Raises:
        ValueError: if W's rows are no such pictures.
    """
    figure, axes = _new_figure(6, 6.4, title)
    _show(axes, visualize_grid(_as_pictures(W, picture_shape), padding=3))
    return figure


def draw_templates(
    W: np.ndarray, class_names: Sequence[str], picture_shape: tuple[int, ...] = (32, 32, 3)
) -> Figure:
    """Draw what a linear classifier looks for, one picture for each class with its name.

    Args:
        W: weights, shape (C, D), one row for each class, without a column for the bias.
        class_names: C names.
        picture_shape: height, width and channels; their product is D.

    Raises:
        ValueError: if W's rows are no such pictures, or not one for each name.
    """
    if len(W) != len(class_names):
        raise ValueError(f"W has {len(W)} rows, but there are {len(class_names)} classes.")
    pictures = _as_pictures(W, picture_shape)
    columns = ceil(len(W) / 2) if len(W) > 5 else len(W)
    figure, all_axes = _new_figures(ceil(len(W) / columns), columns, 1.8)
    for axes in all_axes[len(W) :]:
        axes.axis("off")
    for axes, name, picture in zip(all_axes[: len(W)], class_names, pictures, strict=True):
        _show(axes, 255 * _stretched(picture), name)
    return figure


def draw_filters(W: np.ndarray, title: str = "Filters") -> Figure:
    """Draw the filters of a first convolution in a square grid.

    Args:
        W: filters, shape (F, channels, height, width), with 1 or 3 channels.
        title: what stands above.

    Raises:
        ValueError: for another shape.
    """
    if W.ndim != 4 or W.shape[1] not in (1, 3):
        raise ValueError(f"W must be (F, 1 or 3 channels, height, width), not {W.shape}.")
    figure, axes = _new_figure(5, 5.4, title)
    _show(axes, visualize_grid(W.transpose(0, 2, 3, 1)))
    return figure


def draw_loss(loss_history: Sequence[float], *, dots: bool = False) -> Figure:
    """Draw the loss of every iteration, joined by a line or, where it jumps about, as dots."""
    figure, axes = _new_figure(7, 4)
    _plot_loss(axes, loss_history, dots=dots)
    return figure


def draw_accuracies(
    train_acc_history: Sequence[float],
    val_acc_history: Sequence[float],
    goal: float | None = None,
) -> Figure:
    """Draw training and validation accuracy by epoch, fractions, and a line at a goal."""
    figure, axes = _new_figure(7, 4)
    _plot_accuracies(axes, train_acc_history, val_acc_history, goal)
    return figure


def draw_training(
    loss_history: Sequence[float],
    train_acc_history: Sequence[float],
    val_acc_history: Sequence[float],
    goal: float | None = None,
    *,
    dots: bool = False,
) -> Figure:
    """Draw the loss above the accuracies; with what ``train`` returns, ``draw_training(**stats)``.

    Args:
        loss_history: one number for each iteration.
        train_acc_history: fractions, one for each epoch.
        val_acc_history: the same.
        goal: draws a line at this accuracy.
        dots: draws the losses as dots instead of a line.
    """
    figure, (top, bottom) = _new_figures(2, 1, 4)
    figure.set_size_inches(7, 7)
    _plot_loss(top, loss_history, dots=dots)
    _plot_accuracies(bottom, train_acc_history, val_acc_history, goal)
    return figure


def image_filters() -> tuple[np.ndarray, np.ndarray]:
    """Return two filters whose effect can be seen, for a convolution of stride 1 and padding 1.

    The first weighs red, green and blue by 0.3, 0.6 and 0.1: a grey picture. The second finds
    horizontal edges in blue, bright above dark; its bias of 128 makes no edge a middle grey.

    Returns:
        Filters, shape (2, 3, 3, 3), and biases, shape (2,).
    """
    w = np.zeros((2, 3, 3, 3))
    w[0, :, 1, 1] = [0.3, 0.6, 0.1]
    w[1, 2] = [[1, 2, 1], [0, 0, 0], [-1, -2, -1]]
    return w, np.array([0.0, 128.0])


def square_picture(picture: np.ndarray, size: int = 200) -> np.ndarray:
    """Return the middle square of a picture at another size, by bilinear interpolation.

    Args:
        picture: shape (height, width, channels), at least one pixel.
        size: new height and width.

    Returns:
        The picture, shape (size, size, channels), float64, within the old range of values.

    Raises:
        ValueError: for another shape, or a size under 1.
    """
    if picture.ndim != 3 or picture.size == 0 or size < 1:
        raise ValueError(f"No picture of size {size} can be made of shape {picture.shape}.")
    height, width, _ = picture.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = picture[top : top + side, left : left + side].astype(np.float64)
    at = np.clip((np.arange(size) + 0.5) * side / size - 0.5, 0, side - 1)  # pixels' middles
    low = np.floor(at).astype(int)
    high, share = np.minimum(low + 1, side - 1), (at - low)[:, None, None]
    square = (1 - share) * square[low] + share * square[high]
    share = share.transpose(1, 0, 2)
    result: np.ndarray = (1 - share) * square[:, low] + share * square[:, high]
    return result


def draw_image_filters(images: np.ndarray, filtered: np.ndarray) -> Figure:
    """Draw two pictures and what :func:`image_filters` make of them, one row for each.

    Both results are stretched to the full range, and shown without their outermost pixels: these
    have seen the padding, and its false edges would be stronger than all real ones.

    Args:
        images: shape (2, 3, height, width), values 0 to 255, at least 3 x 3 pixels.
        filtered: a convolution's result, shape (2, 2, height, width).

    Raises:
        ValueError: for other shapes.
    """
    if images.ndim != 4 or images.shape[:2] != (2, 3) or min(images.shape[2:]) < 3:
        raise ValueError(f"images must be (2, 3, at least 3, at least 3), not {images.shape}.")
    if filtered.shape != (2, 2, *images.shape[2:]):
        raise ValueError(f"filtered must be {(2, 2, *images.shape[2:])}, not {filtered.shape}.")
    figure, all_axes = _new_figures(2, 3, 2.6)
    titles = ["Original", "Grey", "Horizontal edges", "", "", ""]
    shown = [
        picture
        for image, (grey, edges) in zip(images, filtered[:, :, 1:-1, 1:-1], strict=True)
        for picture in (image.transpose(1, 2, 0), grey, edges)
    ]
    for axes, title, picture in zip(all_axes, titles, shown, strict=True):
        _show(axes, picture if picture.ndim == 3 else 255 * _stretched(picture), title)
    return figure


def _as_pictures(W: np.ndarray, picture_shape: tuple[int, ...]) -> np.ndarray:
    """Return rows of weights as pictures, or say what is wrong with their shape."""
    pixels = int(np.prod(picture_shape))
    if W.ndim == 2 and W.shape[1] == pixels:
        return W.reshape(-1, *picture_shape)
    if W.ndim == 2 and W.shape[1] == pixels + 1:
        hint = "cut off the column of the bias"
    elif W.ndim == 2 and W.shape[0] == pixels:
        hint = "pass W.T"
    else:
        hint = "look at picture_shape"
    raise ValueError(f"Pictures {picture_shape} need rows of {pixels}, not {W.shape}: {hint}.")


def _plot_loss(axes: Axes, loss_history: Sequence[float], *, dots: bool) -> None:
    axes.plot(loss_history, ".") if dots else axes.plot(loss_history)
    axes.set(title="Loss", xlabel="iteration", ylabel="loss")


def _plot_accuracies(
    axes: Axes, train: Sequence[float], val: Sequence[float], goal: float | None
) -> None:
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415  (as below)

    axes.plot(train, "-o", markersize=4, label="training")
    axes.plot(val, "--s", markersize=4, label="validation")
    if goal is not None:
        axes.axhline(goal, color="0.4", linestyle=":", label=f"goal {goal:g}")
    axes.set(title="Accuracy", xlabel="epoch", ylabel="fraction correct")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend()


def _show(axes: Axes, picture: np.ndarray, title: str = "") -> None:
    """Show an array of values 0 to 255, (height, width) grey or (height, width, channels)."""
    if picture.ndim == 3 and picture.shape[2] == 1:
        picture = picture[:, :, 0]
    axes.imshow(np.clip(picture, 0, 255).astype(np.uint8), cmap="gray", vmin=0, vmax=255)
    axes.set_title(title)
    axes.axis("off")


def _new_figure(width: float, height: float, title: str = "") -> tuple[Figure, Axes]:
    import matplotlib.pyplot as plt  # noqa: PLC0415  (importing this module needs numpy alone)

    figure, axes = plt.subplots(figsize=(width, height), layout="constrained")
    figure.suptitle(title)
    return figure, axes


def _new_figures(rows: int, columns: int, size: float) -> tuple[Figure, list[Axes]]:
    """Return a figure with equal cells and its axes row by row, all switched on."""
    import matplotlib.pyplot as plt  # noqa: PLC0415  (importing this module needs numpy alone)

    figure, axes = plt.subplots(
        rows, columns, figsize=(columns * size, rows * size), layout="constrained", squeeze=False
    )
    return figure, list(axes.ravel())
