"""The fast layers do what the naive ones do, in little memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nndl import fast_layers, layers

from benchmarks.timing import extra_memory
from tests.solutions.battery import CHECKS, Layer, listed
from tests.solutions.layer_cases import CONVOLUTIONS, POOLINGS, convolution, pooling

if TYPE_CHECKING:
    from collections.abc import Callable

CONV = (fast_layers.conv_forward_fast, fast_layers.conv_backward_fast)
POOL = (fast_layers.max_pool_forward_fast, fast_layers.max_pool_backward_fast)

LAYERS = [
    *(convolution(name, *CONV) for name in CONVOLUTIONS),
    *(pooling(name, *POOL) for name in POOLINGS),
]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_battery(layer: Layer, check: Callable[[Layer], None]) -> None:
    check(layer)


def agree(one: Any, two: Any) -> None:
    """Compare outputs or gradients, relative to the largest number of each array."""
    for a, b in zip(listed(one), listed(two), strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        assert np.abs(a - b).max(initial=0) <= 1e-12 * np.abs(b).max(initial=1)


class Geometry(NamedTuple):
    """Images, filters and windows; the images are as large as they have to be."""

    batch: tuple[int, int, int]  # N, C, F
    window: tuple[int, int]
    steps: tuple[int, int]
    stride: int
    pad: int

    def images(self, rng: np.random.RandomState, pad: int) -> np.ndarray:
        """Draw images of whole numbers, many of them equal."""
        sides = []
        for window, steps in zip(self.window, self.steps, strict=True):
            side = window + steps * self.stride - 2 * pad
            sides.append(side if side > 0 else side % self.stride + self.stride)
        return rng.randint(-2, 3, (*self.batch[:2], *sides)).astype(np.float64)


sizes, steps = st.integers(1, 4), st.integers(0, 5)
geometries = st.builds(
    Geometry,
    batch=st.tuples(st.integers(0, 5), sizes, sizes),
    window=st.tuples(sizes, sizes),
    steps=st.tuples(steps, steps),
    stride=sizes,
    pad=st.integers(0, 4),
)
# The sizes that split the work into groups and pieces: as they are, and so small that they matter.
limits = st.sampled_from([(fast_layers.GROUP_BYTES, fast_layers.PRODUCT), (2000, 500), (200, 40)])
pool_limits = st.sampled_from([fast_layers.POOL_BYTES, 2000, 200])


@settings(deadline=None, derandomize=True, max_examples=200)
@given(geometries, limits, st.integers(0, 99))
def test_convolution_agrees_with_the_naive_one(
    geometry: Geometry, limit: tuple[int, int], seed: int
) -> None:
    rng = np.random.RandomState(seed)
    x = geometry.images(rng, geometry.pad) + rng.rand()
    F = geometry.batch[2]
    w, b = rng.randn(F, x.shape[1], *geometry.window), rng.randn(F)
    conv_param = {"stride": geometry.stride, "pad": geometry.pad}
    out, cache = layers.conv_forward_naive(x, w, b, conv_param)
    dout = rng.randn(*out.shape)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast_layers, "GROUP_BYTES", limit[0])
        patch.setattr(fast_layers, "PRODUCT", limit[1])
        fast_out, fast_cache = CONV[0](x, w, b, conv_param)
        gradients = CONV[1](dout, fast_cache)
    agree(fast_out, out)
    agree(gradients, layers.conv_backward_naive(dout, cache))


@settings(deadline=None, derandomize=True, max_examples=200)
@given(geometries, pool_limits, st.integers(0, 99))
def test_pooling_agrees_with_the_naive_one_also_on_ties(
    geometry: Geometry, limit: int, seed: int
) -> None:
    rng = np.random.RandomState(seed)
    x = geometry.images(rng, 0)
    height, width = geometry.window
    pool_param = {"pool_height": height, "pool_width": width, "stride": geometry.stride}
    out, cache = layers.max_pool_forward_naive(x, pool_param)
    dout = rng.randn(*out.shape)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast_layers, "POOL_BYTES", limit)
        fast_out, fast_cache = POOL[0](x, pool_param)
        dx = POOL[1](dout, fast_cache)
    np.testing.assert_array_equal(fast_out, out)
    agree(dx, layers.max_pool_backward_naive(dout, cache))


@pytest.mark.parametrize("pad", [3, 5])
def test_padding_wider_than_the_filter(pad: int) -> None:
    rng = np.random.RandomState(0)
    x, w, b = rng.randn(2, 2, 3, 4), rng.randn(3, 2, 2, 3), rng.randn(3)
    conv_param = {"stride": 1, "pad": pad}
    out, cache = layers.conv_forward_naive(x, w, b, conv_param)
    agree(CONV[0](x, w, b, conv_param)[0], out)
    agree(CONV[1](out, cache), layers.conv_backward_naive(out, cache))


def test_images_may_lie_in_memory_in_any_order() -> None:
    rng = np.random.RandomState(0)
    x = rng.randn(3, 6, 6, 2).transpose(0, 3, 1, 2)
    w, b = rng.randn(2, 4, 3, 3).swapaxes(0, 1), rng.randn(8)[::2]
    conv_param = {"stride": 1, "pad": 1}
    out, cache = layers.conv_forward_naive(x, w, b, conv_param)
    agree(CONV[0](x, w, b, conv_param)[0], out)
    dout = rng.randn(*out.shape[::-1]).T
    agree(CONV[1](dout, cache), layers.conv_backward_naive(dout, cache))
    pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}
    pooled, cache = layers.max_pool_forward_naive(x, pool_param)
    fast_pooled, fast_cache = POOL[0](x, pool_param)
    agree(fast_pooled, pooled)
    dout = rng.randn(*pooled.shape[::-1]).T
    agree(POOL[1](dout, fast_cache), layers.max_pool_backward_naive(dout, cache))


def test_whole_numbers_as_images() -> None:
    x = np.random.RandomState(0).randint(0, 256, (2, 3, 5, 5)).astype(np.uint8)
    w, b = np.random.RandomState(1).randn(2, 3, 3, 3), np.zeros(2)
    conv_param = {"stride": 1, "pad": 1}
    out, cache = layers.conv_forward_naive(x, w, b, conv_param)
    agree(CONV[0](x, w, b, conv_param)[0], out)
    agree(CONV[1](out, cache), layers.conv_backward_naive(out, cache))


def test_a_window_of_more_pixels_than_a_byte_counts() -> None:
    x = np.zeros((1, 1, 20, 20))
    x[0, 0, 18, 19] = 1
    pool_param = {"pool_height": 20, "pool_width": 20, "stride": 1}
    out, cache = POOL[0](x, pool_param)
    np.testing.assert_array_equal(POOL[1](out, cache), x)


def test_wrong_shapes_are_refused() -> None:
    x, w, b = np.zeros((2, 3, 5, 5)), np.zeros((4, 3, 3, 3)), np.zeros(4)
    with pytest.raises(ValueError, match="leave 2 of 5"):
        CONV[0](x, w, b, {"stride": 3, "pad": 0})
    with pytest.raises(ValueError, match="dout has shape"):
        CONV[1](x, (x, w, b, {"stride": 1, "pad": 1}))
    pool_param = {"pool_height": 3, "pool_width": 3, "stride": 2}
    _, cache = POOL[0](x, pool_param)
    with pytest.raises(ValueError, match="dout has shape"):
        POOL[1](x, cache)
    with pytest.raises(ValueError, match="leave 1 of 4"):
        POOL[0](x[:, :, :4], pool_param)


def test_memory_beyond_results_does_not_grow_with_the_batch() -> None:
    rng = np.random.RandomState(0)
    x = rng.standard_normal((40, 32, 32, 32)).astype(np.float32)
    w, b = rng.standard_normal((64, 32, 3, 3)).astype(np.float32), np.zeros(64, np.float32)
    out, cache = CONV[0](x, w, b, {"stride": 1, "pad": 1})
    pool_param = {"pool_height": 3, "pool_width": 3, "stride": 1}
    pooled, pool_cache = POOL[0](x, pool_param)
    calls: list[tuple[int, Callable[[], Any]]] = [
        (2, lambda: CONV[0](x, w, b, {"stride": 1, "pad": 1})),
        (2, lambda: CONV[1](out, cache)),
        (4, lambda: POOL[0](x, pool_param)),
        (6, lambda: POOL[1](pooled, pool_cache)),  # pixels by number are of eight bytes each
    ]
    for limit, call in calls:
        assert extra_memory(call) < limit
