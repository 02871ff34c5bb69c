"""The battery and comparisons of values find what real homeworks got wrong unnoticed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from nndl import layers
from nndl.gradient_check import rel_error

from tests.solutions import battery
from tests.solutions.layer_cases import (
    CONVOLUTIONS,
    POOLINGS,
    affine,
    convolution,
    loss,
    pooling,
    relu,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.solutions.battery import Layer


# Mistakes that homeworks contain although the handout's own cells accept them.


def broken_relu_backward(dout: np.ndarray, x: np.ndarray) -> np.ndarray:
    dout[x <= 0] = 0
    return dout


def pool_that_marks_the_cached_images(dout: np.ndarray, cache: Any) -> np.ndarray:
    dx: np.ndarray = layers.max_pool_backward_naive(dout, cache)
    cache[0][dx == 0] = 0
    return dx


def pool_that_forgets_overlaps(dout: np.ndarray, cache: Any) -> Any:
    winners = layers.max_pool_backward_naive(np.ones_like(dout), cache)
    return layers.max_pool_backward_naive(dout, cache) / np.maximum(winners, 1)


def affine_with(change: Callable[..., tuple[Any, Any, Any]]) -> Layer:
    return affine(lambda dout, cache: change(*layers.affine_backward(dout, cache)))


def conv_with(change: Callable[[Any, Any, np.ndarray, Any], Any]) -> Layer:
    """Make a convolution at stride 2; ``change`` gets its dx, dw, dout and cache."""

    def backward(dout: np.ndarray, cache: Any) -> Any:
        dx, dw, db = layers.conv_backward_naive(dout, cache)
        dx, dw = change(dx, dw, dout, cache)
        return dx, dw, db

    return convolution("2x3 at stride 2", layers.conv_forward_naive, backward)


def dx_without_stride(dout: np.ndarray, cache: Any) -> Any:
    """Give every gradient to the window at its own index."""
    x, w, b, _ = cache
    padded = np.pad(dout, ((0, 0), (0, 0), (0, 2), (0, 2)))
    return layers.conv_backward_naive(padded, (x, w, b, {"stride": 1, "pad": 0}))[0]


def softmax_loss_in_place(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    value, dx = layers.softmax_loss(x, y)
    x -= x.max(axis=1, keepdims=True)
    return value, dx


def plain_softmax_loss(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    return float(-np.log(p[np.arange(len(x)), y]).mean()), layers.softmax_loss(x, y)[1]


def svm_loss_with_a_wrong_mask(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    dx = (x > 0).astype(x.dtype)
    dx[np.arange(len(x)), y] = 0
    dx[np.arange(len(x)), y] = -dx.sum(axis=1)
    return layers.svm_loss(x, y)[0], dx / len(x)


MISTAKES: dict[str, tuple[Callable[[Layer], None], Layer]] = {
    "db of shape (1, M)": (
        battery.keeps_shapes,
        affine_with(lambda dx, dw, db: (dx, dw, db[None])),
    ),
    "dx left flat": (
        battery.keeps_shapes,
        affine_with(lambda dx, dw, db: (dx.reshape(len(dx), -1), dw, db)),
    ),
    "averaged instead of summed": (
        battery.treats_samples_alone,
        affine_with(lambda dx, dw, db: (dx, dw / len(dx), db / len(dx))),
    ),
    "relu masks dout in place": (battery.leaves_inputs_unchanged, relu(broken_relu_backward)),
    "relu without its mask": (battery.has_the_right_gradient, relu(lambda dout, _: dout)),
    "relu forgets dout": (
        battery.is_linear_in_the_upstream_gradient,
        relu(lambda _, x: (x > 0) * 1.0),
    ),
    "pool writes into the cache": (
        battery.leaves_inputs_unchanged,
        pooling(
            "2x2 side by side", layers.max_pool_forward_naive, pool_that_marks_the_cached_images
        ),
    ),
    "pool forgets overlaps": (
        battery.has_the_right_gradient,
        pooling("3x3 overlapping", layers.max_pool_forward_naive, pool_that_forgets_overlaps),
    ),
    "conv adds w where it should multiply": (
        battery.is_linear_in_the_upstream_gradient,
        conv_with(lambda dx, dw, _, cache: (dx + cache[1].sum(), dw)),
    ),
    "conv ignores the stride going back": (
        battery.has_the_right_gradient,
        conv_with(lambda _, dw, dout, cache: (dx_without_stride(dout, cache), dw)),
    ),
    "conv works for one sample only": (
        battery.treats_samples_alone,
        conv_with(lambda dx, dw, _, cache: (dx, dw * (cache[0].shape[0] == 1))),
    ),
    "softmax_loss shifts x in place": (
        battery.leaves_inputs_unchanged,
        loss(softmax_loss_in_place),
    ),
    "softmax_loss overflows": (battery.survives_large_inputs, loss(plain_softmax_loss)),
    "svm_loss masks another quantity": (
        battery.has_the_right_gradient,
        loss(svm_loss_with_a_wrong_mask),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_battery_finds_it(mistake: str) -> None:
    check, layer = MISTAKES[mistake]
    with pytest.raises((AssertionError, FloatingPointError)):
        check(layer)


# A mistake in both directions hides from every gradient check: values must be compared.


def plain_conv(x: np.ndarray, w: np.ndarray, b: np.ndarray, stride: int, pad: int) -> np.ndarray:
    """Convolve by shifting whole images: no window, no index that could be mixed up."""
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    HH, WW = w.shape[2:]
    rows, columns = padded.shape[2] - HH + 1, padded.shape[3] - WW + 1
    out: Any = b[:, None, None]
    for k, m in np.ndindex(HH, WW):
        shifted = padded[:, :, k : k + rows : stride, m : m + columns : stride]
        out = out + np.einsum("nchw,fc->nfhw", shifted, w[:, :, k, m])
    return np.asarray(out)


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_conv_forward_agrees_with_shifted_images(name: str) -> None:
    layer = convolution(name, layers.conv_forward_naive, layers.conv_backward_naive)
    (x, w, b), _, _ = battery.drawn(layer)
    out, _ = layer.forward(x, w, b)
    assert rel_error(out, plain_conv(x, w, b, **CONVOLUTIONS[name][0])) < 1e-9


@pytest.mark.parametrize("name", POOLINGS)
def test_max_pool_forward_agrees_with_sorted_windows(name: str) -> None:
    layer = pooling(name, layers.max_pool_forward_naive, layers.max_pool_backward_naive)
    (x,), _, _ = battery.drawn(layer)
    out, _ = layer.forward(x)
    size, s = POOLINGS[name][0], POOLINGS[name][0]["stride"]
    for i, j in np.ndindex(*out.shape[2:]):
        window = x[:, :, s * i :, s * j :][:, :, : size["pool_height"], : size["pool_width"]]
        np.testing.assert_array_equal(out[:, :, i, j], np.sort(window.reshape(4, 3, -1))[..., -1])


@pytest.mark.parametrize(
    "broken",
    [
        lambda x, w, b: plain_conv(x, w[:, :, ::-1, ::-1], b, 2, 0),  # a flipped filter
        lambda x, w, b: plain_conv(x, w, 0 * b, 2, 0),  # no bias
        lambda x, w, b: plain_conv(x, w[:, ::-1], b, 2, 0),  # channels in another order
        lambda x, w, b: plain_conv(x, w[:, :, :, :2], b, 2, 0)[:, :, :, :3],  # another filter size
        lambda x, w, b: plain_conv(x.swapaxes(2, 3), w.swapaxes(2, 3), b, 2, 0),  # H for W
    ],
)
def test_a_consistent_mistake_shows_in_the_values(broken: Callable[..., np.ndarray]) -> None:
    layer = convolution("2x3 at stride 2", layers.conv_forward_naive, layers.conv_backward_naive)
    inputs, _, _ = battery.drawn(layer)
    out, _ = layer.forward(*inputs)
    wrong = broken(*inputs)
    assert wrong.shape != out.shape or not np.allclose(wrong, out)
