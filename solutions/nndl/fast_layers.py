"""Convolution and max pooling as in layers.py, without a Python loop over pixels.

Convolution is a matrix product. Written as columns, one below each output pixel, the windows of an
image form a matrix with C * HH * WW rows, and

    out = filters @ columns        dfilters = dout @ columns^T        dcolumns = filters^T @ dout

(im2col: Chellapilla, Puri, Simard 2006). All columns together would be HH * WW times as large as
the images, so a few images, or a few rows of a large one, are done at a time, in one buffer that
stays in the processor's cache. Max pooling compares all windows at once, one window pixel after
the other. Stride, padding and window are free, as long as the windows end at the image's edge.

Letters as in layers.py. What is raised is the same, too: see shapes.py.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .shapes import Windows, check_shape, conv_windows, pool_windows

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUP_BYTES = 5 * 2**18  # worked on at a time: about a core's level-2 cache
POOL_BYTES = GROUP_BYTES // 2  # of images pooled at a time: what comes of them needs as much again
PRODUCT = 10**6  # multiplications: with AVX-512 OpenBLAS does up to so many at once, on one core


def conv_forward_fast(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict[str, int]
) -> tuple[np.ndarray, Any]:
    """Do the same as layers.conv_forward_naive.

    Args:
        x: images, shape (N, C, H, W).
        w: filters, shape (F, C, HH, WW).
        b: biases, shape (F,).
        conv_param: "stride" and "pad".

    Returns:
        out, shape (N, F, 1 + (H + 2 * pad - HH) / stride, 1 + (W + 2 * pad - WW) / stride), and
        the cache (x, w, b, conv_param).
    """
    windows = conv_windows(x, w, b, conv_param)
    out = np.empty((len(x), len(w), windows.rows, windows.columns), np.result_type(x, w, b))
    filters = w.reshape(len(w), -1)
    for images, rows, columns in _columns(x, windows, out.dtype):
        part = out[images, :, rows]
        np.matmul(filters, _pieces(columns, len(w)), out=_pieces(part, len(filters.T)))
        part += b[:, None, None]
    return out, (x, w, b, conv_param)


def conv_backward_fast(dout: np.ndarray, cache: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Do the same as layers.conv_backward_naive.

    Args:
        dout: upstream gradient, of out's shape.
        cache: (x, w, b, conv_param) of the forward pass.

    Returns:
        dx, shape (N, C, H, W); dw, shape (F, C, HH, WW); db, shape (F,).
    """
    x, w, b, conv_param = cache
    windows = conv_windows(x, w, b, conv_param)
    check_shape("dout", dout, (len(x), len(w), windows.rows, windows.columns))
    filters = w.reshape(len(w), -1)
    dtype = np.result_type(dout, x, w)
    dx, dfilters, db = (np.zeros(a.shape, dtype) for a in (x, filters, b))
    for images, rows, columns in _columns(x, windows, dtype):
        part = dout[images, :, rows]
        db += part.sum(axis=(0, 2, 3))
        dfilters += _summed_products(part, columns)
        dcolumns = columns  # the buffer has served and takes up what it caused
        np.matmul(filters.T, _pieces(part, len(filters.T)), out=_pieces(dcolumns, len(w)))
        _add_columns(dx[images], rows, dcolumns, windows)
    return dx, dfilters.reshape(w.shape), db


def _columns(
    x: np.ndarray, windows: Windows, dtype: np.dtype[Any]
) -> Iterator[tuple[slice, slice, np.ndarray]]:
    """Yield the windows of a group of images, or of some rows of a large one, as columns.

    Yields:
        Which n images, which r rows of the output, and the columns of the windows there, shape
        (n, C * HH * WW, r, columns of the output). They lie in one buffer, which the next group
        overwrites.
    """
    N, C, H, W = x.shape
    height, width, stride, pad, rows, columns = windows
    row_bytes = C * height * width * columns * dtype.itemsize
    n = max(1, min(N, GROUP_BYTES // (row_bytes * rows)))
    r = math.ceil(rows / math.ceil(rows * row_bytes / GROUP_BYTES))  # a large image in equal parts

    padded = np.zeros((n, C, H + 2 * pad, W + 2 * pad), dtype)  # the border stays zero
    inside = padded[:, :, pad : pad + H, pad : pad + W]
    axes: Any = (2, 3)  # numpy's types of 2.2 know one axis only
    views = np.lib.stride_tricks.sliding_window_view(padded, (height, width), axis=axes)
    views = views[:, :, ::stride, ::stride].transpose(0, 1, 4, 5, 2, 3)  # no copy so far
    buffer = np.empty((n, C, height, width, r, columns), dtype)
    for images in _groups(N, n):
        m = images.stop - images.start
        inside[:m] = x[images]
        for band in _groups(rows, r):
            taken = buffer[:m, :, :, :, : band.stop - band.start]
            taken[...] = views[:m, :, :, :, band]
            yield images, band, taken.reshape(m, C * height * width, -1, columns)


def _pieces(maps: np.ndarray, partners: int) -> np.ndarray:
    """View maps, (n, K, r, c), as matrices of some rows each: (n, r / some, K, some * c).

    Multiplied by a matrix of ``partners`` rows each of them makes a product small enough for one
    core, and small enough to lie in its cache.
    """
    n, K, r, c = maps.shape
    some = _share(r, PRODUCT // (partners * K * c))
    return maps.reshape(n, K, r // some, some * c).swapaxes(1, 2)


def _summed_products(dout: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the sum over n images of ``dout @ columns^T``, shape (F, K).

    Args:
        dout: upstream gradient, shape (n, F, r, c).
        columns: shape (n, K, r, c).
    """
    n, K, r, c = columns.shape
    F = dout.shape[1]
    some = _share(K, PRODUCT // 2 // (F * r * c))
    strips = columns.reshape(n, K // some, some, r * c)
    products = strips @ dout.reshape(n, 1, F, r * c).swapaxes(2, 3)  # (n, K / some, some, F)
    total: np.ndarray = products.sum(axis=0).reshape(K, F).T
    return total


def _add_columns(dx: np.ndarray, rows: slice, dcolumns: np.ndarray, windows: Windows) -> None:
    """Add the gradient of columns, shape (n, K, r, c), to the pixels that they were read from."""
    n, C, H, W = dx.shape
    height, width, stride, pad, _, columns = windows
    taps = dcolumns.reshape(n, C, height, width, -1, columns)
    for i in range(height):
        used_rows, pixel_rows = _inside(i - pad, rows, stride, H)
        for j in range(width):
            used_columns, pixel_columns = _inside(j - pad, slice(0, columns), stride, W)
            dx[:, :, pixel_rows, pixel_columns] += taps[:, :, i, j, used_rows, used_columns]


def _inside(offset: int, places: slice, stride: int, size: int) -> tuple[slice, slice]:
    """Tell which windows have the pixel ``place * stride + offset`` inside the image, not beside.

    Returns:
        These windows, counted from the first of ``places``, and their pixels.
    """
    first = max(places.start, -(offset // stride))
    count = max(0, min(places.stop, (size - 1 - offset) // stride + 1) - first)
    pixel = first * stride + offset
    skipped = first - places.start
    return slice(skipped, skipped + count), slice(pixel, pixel + count * stride, stride)


def max_pool_forward_fast(x: np.ndarray, pool_param: dict[str, int]) -> tuple[np.ndarray, Any]:
    """Do the same as layers.max_pool_forward_naive.

    Args:
        x: images, shape (N, C, H, W).
        pool_param: "pool_height", "pool_width" and "stride".

    Returns:
        out, shape (N, C, 1 + (H - HH) / stride, 1 + (W - WW) / stride), and the cache
        (x, pool_param, winners): which pixel of a window is the first of its largest, counted row
        by row.
    """
    windows = pool_windows(x, pool_param)
    N, C, H, W = x.shape
    out = np.empty((N * C, windows.rows, windows.columns), x.dtype)
    winners = np.zeros(out.shape, np.min_scalar_type(windows.height * windows.width - 1))
    planes = x.reshape(N * C, H, W)
    for group in _groups(N * C, POOL_BYTES // (H * W * x.itemsize)):
        _pool(planes[group], windows, out[group], winners[group])
    shape = (N, C, windows.rows, windows.columns)
    return out.reshape(shape), (x, pool_param, winners.reshape(shape))


def _pool(planes: np.ndarray, windows: Windows, best: np.ndarray, winners: np.ndarray) -> None:
    """Write the largest pixel of every window to ``best``, and which one it is to ``winners``.

    Args:
        planes: images of one channel, shape (n, H, W).
        windows: how the windows lie on them.
        best: shape (n, rows, columns).
        winners: of the same shape, zero.
    """
    height, width, stride, _, rows, columns = windows
    pixel, larger, mark = np.empty_like(best), np.empty(best.shape, bool), np.empty_like(winners)
    for number in range(height * width):
        i, j = divmod(number, width)
        window_pixel = planes[:, i : i + rows * stride : stride, j : j + columns * stride : stride]
        if number == 0:
            best[...] = window_pixel
            continue
        pixel[...] = window_pixel
        np.greater(pixel, best, out=larger)
        # Numbers grow: their maximum is the last one that beat all before it, the first largest.
        np.multiply(larger.view(np.uint8), winners.dtype.type(number), out=mark)
        np.maximum(winners, mark, out=winners)
        np.maximum(best, pixel, out=best)


def max_pool_backward_fast(dout: np.ndarray, cache: Any) -> np.ndarray:
    """Do the same as layers.max_pool_backward_naive.

    Args:
        dout: upstream gradient, of out's shape.
        cache: (x, pool_param, winners) of the forward pass.

    Returns:
        dx, shape (N, C, H, W).
    """
    x, pool_param, winners = cache
    windows = pool_windows(x, pool_param)
    check_shape("dout", dout, winners.shape)
    N, C, H, W = x.shape
    height, width, stride, _, rows, columns = windows
    upstream = dout.reshape(N * C, rows, columns)
    chosen = winners.reshape(N * C, rows, columns)
    dx = np.zeros((N * C, H * W), dout.dtype)
    # Pixels by number, row by row: in its window, of a window's corner, of a plane's first pixel.
    in_window = (np.arange(height)[:, None] * W + np.arange(width)).ravel()
    corner = (np.arange(rows)[:, None] * W + np.arange(columns)) * stride
    overlap = stride < max(height, width)
    for group in _groups(N * C, POOL_BYTES // (H * W * in_window.itemsize)):
        part = dx[group]
        start = np.arange(len(part))[:, None, None] * (H * W)
        target = in_window.take(chosen[group])
        target += corner
        target += start
        if overlap:  # a pixel may have won several windows
            total = np.bincount(target.ravel(), upstream[group].ravel(), minlength=part.size)
            part[...] = total.reshape(part.shape)
        else:
            part.reshape(-1)[target] = upstream[group]
    return dx.reshape(x.shape)


def _groups(total: int, size: int) -> Iterator[slice]:
    """Yield slices of ``size`` (at least 1), the last one maybe smaller, that make up ``total``."""
    size = max(1, size)
    for start in range(0, total, size):
        yield slice(start, min(start + size, total))


def _share(total: int, most: int) -> int:
    """Return the largest divisor of ``total`` up to ``most``, or ``total`` where that is 0."""
    return next((d for d in range(min(total, most), 0, -1) if total % d == 0), total)
