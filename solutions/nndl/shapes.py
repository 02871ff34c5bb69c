"""What shapes the layers ask for, checked in one place: a wrong one gives one clear sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping


class Windows(NamedTuple):
    """How the windows of a convolution or a pooling layer lie on an image."""

    height: int  # of one window
    width: int
    stride: int  # between neighbouring windows
    pad: int  # zeros around the image, on each side
    rows: int  # windows below one another: the height of the output
    columns: int  # windows side by side: the width of the output


def conv_windows(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: Mapping[str, int]
) -> Windows:
    """Return how filters w, shape (F, C, HH, WW), lie on images x, shape (N, C, H, W).

    Args:
        x: images.
        w: filters.
        b: biases, shape (F,).
        conv_param: "stride", at least 1, and "pad", at least 0.

    Raises:
        ValueError: a shape does not fit, or the strides do not end at the image's edge.
    """
    _check_dimensions("x", x, "(N, C, H, W)")
    _check_dimensions("w", w, "(F, C, HH, WW)")
    if 0 in w.shape:
        raise ValueError(f"w has shape {w.shape}: there is nothing in it")
    if x.shape[1] != w.shape[1]:
        raise ValueError(f"x has {x.shape[1]} channels, but the filters have {w.shape[1]}")
    check_shape("b", b, (w.shape[0],))
    _, _, height, width = w.shape
    return _windows(x, height, width, conv_param["stride"], conv_param["pad"])


def pool_windows(x: np.ndarray, pool_param: Mapping[str, int]) -> Windows:
    """Return how pooling windows lie on images x, shape (N, C, H, W).

    Args:
        x: images.
        pool_param: "pool_height", "pool_width" and "stride", each at least 1.

    Raises:
        ValueError: x is no batch of images, or the strides do not end at the image's edge.
    """
    _check_dimensions("x", x, "(N, C, H, W)")
    height, width = pool_param["pool_height"], pool_param["pool_width"]
    return _windows(x, height, width, pool_param["stride"], 0)


def check_affine(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> None:
    """Raise a ValueError unless samples x, weights w (D, M) and biases b (M,) fit together."""
    _check_dimensions("w", w, "(D, M)")
    features = int(np.prod(x.shape[1:]))
    if x.ndim == 0 or features != w.shape[0]:
        raise ValueError(f"a sample of x has {features} features, but w is for {w.shape[0]}")
    check_shape("b", b, (w.shape[1],))


def check_scores(x: np.ndarray, y: np.ndarray) -> None:
    """Raise a ValueError unless x holds scores (N, C), N > 0, and y labels (N,), 0 to C - 1."""
    _check_dimensions("x", x, "(N, C)")
    check_labels(y, *x.shape)


def check_labels(y: np.ndarray, N: int, C: int) -> None:
    """Raise a ValueError unless y holds N labels, shape (N,), N > 0, whole numbers 0 to C - 1."""
    _check_some(N)
    check_shape("y", y, (N,))
    if y.dtype.kind not in "iu":
        raise ValueError(f"labels are whole numbers, but y is of {y.dtype}")
    if y.min() < 0 or y.max() >= C:
        raise ValueError(f"labels go from 0 to {C - 1}, but y has {y.min()} to {y.max()}")


def check_linear(W: np.ndarray, X: np.ndarray, y: np.ndarray) -> None:
    """Raise a ValueError unless W is (C, D), X (D, N), N > 0, and y (N,), labels 0 to C - 1."""
    if W.ndim != 2 or X.ndim != 2 or W.shape[1] != X.shape[0] or X.shape[1] == 0:
        raise ValueError(f"W must be (C, D) and X (D, N), N above 0, not {W.shape} and {X.shape}")
    check_labels(y, X.shape[1], len(W))


def check_targets(x: np.ndarray, y: np.ndarray) -> None:
    """Raise a ValueError unless y holds targets of x's shape, or labels of scores x."""
    if y.ndim == 1:
        check_scores(x, y)
        return
    check_shape("y", y, x.shape)
    _check_some(len(x))


def check_features(x: np.ndarray, **parameters: np.ndarray) -> None:
    """Raise a ValueError unless x is of shape (N, D) and each named parameter of shape (D,)."""
    _check_dimensions("x", x, "(N, D)")
    for name, parameter in parameters.items():
        check_shape(name, parameter, (x.shape[1],))


def check_mode(mode: str) -> None:
    """Raise a ValueError unless a mode is one of the two that there are."""
    if mode not in {"train", "test"}:
        raise ValueError(f'the mode must be "train" or "test", not {mode!r}')


def check_shape(name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    """Raise a ValueError unless an array has this shape."""
    if np.shape(array) != shape:
        raise ValueError(f"{name} has shape {np.shape(array)}, but should have {shape}")


def _check_some(N: int) -> None:
    if N == 0:
        raise ValueError("the average over no samples is undefined: there are none")


def _check_dimensions(name: str, array: np.ndarray | None, shape: str) -> None:
    if array is None:
        raise NotImplementedError(f"{name} is None: what computes it is not written yet")
    if array.ndim != shape.count(",") + 1:
        raise ValueError(f"{name} has shape {array.shape}, but should have {shape}")


def _windows(x: np.ndarray, height: int, width: int, stride: int, pad: int) -> Windows:
    if stride < 1 or pad < 0:
        raise ValueError(f"stride {stride} and pad {pad}: they must be at least 1 and 0")
    _, _, H, W = x.shape
    rows = _count("height", H + 2 * pad, height, stride)
    columns = _count("width", W + 2 * pad, width, stride)
    return Windows(height, width, stride, pad, rows, columns)


def _count(side: str, size: int, window: int, stride: int) -> int:
    """Return how many windows lie along one side of a padded image."""
    if not 1 <= window <= size:
        raise ValueError(f"a window of {side} {window} does not fit into a padded image of {size}")
    steps, rest = divmod(size - window, stride)
    if rest:
        raise ValueError(
            f"windows of {side} {window} at stride {stride} leave {rest} of {size} pixels over"
        )
    return steps + 1
