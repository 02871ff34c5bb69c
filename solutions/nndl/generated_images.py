"""Ten classes of cloudy 32 x 32 colour pictures, for work where CIFAR-10 is not at hand.

How a picture is made. A *cloud* is a sum of random grids of 1 x 1, 2 x 2, 4 x 4 ... cells, each
enlarged smoothly to full size; coarse grids weigh more than fine ones, which gives clouds the
1/f-like spectrum of photographs. Every class owns a *base*, a very soft coloured cloud, and three
sharper *shapes* that occur in either polarity, light on dark or dark on light. A picture shows
base and shape of its class through a window moved by up to 4 pixels, at a contrast between 1/2
and 3/2, and a cloud of its own on top, which is much stronger than both.

What follows. Averaged over a class the shapes cancel and only the base is left: that is all a
linear classifier can use. A hidden layer can also tell the shapes. Validation accuracies, same
split as for CIFAR-10:

| model                                                                      | accuracy       |
|----------------------------------------------------------------------------|----------------|
| linear softmax, tuned                                                      | 0.43           |
| two layers, 50 hidden units, 1000 steps at rate 1e-4, decay 0.95, reg 0.25 | 0.275 to 0.289 |
| the same net, tuned                                                        | 0.53 to 0.58   |

All arithmetic is on integers and all random numbers come from numpy's legacy generator, whose
streams are frozen: the bytes are the same with every numpy version, processor and BLAS.
"""

from __future__ import annotations

from typing import Any

import numpy as np

SIZE = 32
CLASSES = 10
BLOCK = 1000  # pictures per block; each block has a random stream of its own
TRAIN_BLOCKS = 50
TEST_BLOCKS = 10
VERSION = 1  # raised whenever a change below changes a byte

_MAX_SHIFT = 4
_CANVAS = 64  # classes are drawn larger than a picture so that the window can move

# Strength of each octave of a cloud, coarsest grid first, in quarters of a grey level:
# (brightness, shared by the three channels; colour, drawn for each channel).
_BASE = ((65, 45), (120, 55), (40, 20), (0, 0), (0, 0), (0, 0), (0, 0))
_SHAPE = ((0, 0), (110, 25), (155, 35), (145, 25), (65, 0), (0, 0), (0, 0))
_PICTURE = ((150, 50), (250, 75), (255, 75), (210, 50), (150, 25), (75, 12))
_SHAPES_PER_CLASS = 3


def generated_images(
    blocks: range, seed: int | tuple[int, ...] = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Make several blocks of pictures.

    Args:
        blocks: numbers of the blocks; 0 to 49 are the training set, 50 to 59 the test set.
        seed: which pictures are drawn; the ten classes are the same for every seed. Several numbers
            under 2**32 make a seed that nobody finds by trying.

    Returns:
        Pictures, shape (1000 * len(blocks), 32, 32, 3), uint8, and labels, int64.
    """
    patterns, seeds = _class_patterns(), seed if isinstance(seed, tuple) else (seed,)
    images = np.empty((len(blocks) * BLOCK, SIZE, SIZE, 3), np.uint8)
    labels = np.empty(len(blocks) * BLOCK, np.int64)
    for place, number in enumerate(blocks):
        rows = slice(place * BLOCK, (place + 1) * BLOCK)
        images[rows], labels[rows] = _block(patterns, [*seeds, number])
    return images, labels


def _block(patterns: np.ndarray, seeds: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Make one block: 1000 pictures (1000, 32, 32, 3), uint8, 100 of each class, shuffled."""
    rng = np.random.RandomState(seeds)
    labels = rng.permutation(np.arange(BLOCK) % CLASSES)
    shapes = rng.randint(0, patterns.shape[1], size=BLOCK)
    middle = (_CANVAS - SIZE) // 2
    top, left = rng.randint(middle - _MAX_SHIFT, middle + _MAX_SHIFT + 1, size=(2, BLOCK))
    contrast = rng.randint(32, 97, size=(BLOCK, 1, 1, 1))  # in 64ths

    axes: Any = (3, 4)  # numpy's types of 2.2 know one axis only
    windows = np.lib.stride_tricks.sliding_window_view(patterns, (SIZE, SIZE), axis=axes)
    seen = windows[labels, shapes, :, top, left].astype(np.int32)  # (1000, 3, 32, 32)
    picture = _clouds(rng, BLOCK, _PICTURE) + (seen * contrast.astype(np.int32) >> 6)
    grey = np.clip((picture >> 3) + 128, 0, 255).astype(np.uint8)
    return grey.transpose(0, 2, 3, 1), labels


def _class_patterns() -> np.ndarray:
    """Return base plus shape of each class: (10, 6, 3, 64, 64), eighths of a grey level."""
    rng = np.random.RandomState([9, 1])
    base = _clouds(rng, CLASSES, _BASE)
    shape = _clouds(rng, CLASSES * _SHAPES_PER_CLASS, _SHAPE)
    shape = shape.reshape(CLASSES, _SHAPES_PER_CLASS, 3, _CANVAS, _CANVAS)
    patterns: np.ndarray = base[:, None] + np.concatenate([shape, -shape], axis=1)
    return patterns


def _clouds(
    rng: np.random.RandomState, count: int, octaves: tuple[tuple[int, int], ...]
) -> np.ndarray:
    """Draw clouds (count, 3, s, s) with s = 2 ** (octaves - 1), int16, eighths of a grey level."""
    clouds = np.zeros((count, 3, 1, 1), np.int16)
    for octave, (brightness, colour) in enumerate(octaves):
        if octave > 0:
            clouds = _enlarged(_enlarged(clouds, 2), 3)
        size = clouds.shape[-1]
        for strength, channels in ((brightness, 1), (colour, 3)):
            if strength > 0:
                grid = rng.randint(-128, 128, size=(count, channels, size, size), dtype=np.int8)
                clouds += grid.astype(np.int16) * np.int16(strength) >> 6
    return clouds


def _enlarged(grid: np.ndarray, axis: int) -> np.ndarray:
    """Double a grid along one axis; a new cell is 3/4 its old one and 1/4 the nearer neighbour."""
    size = grid.shape[axis]
    before = grid.take(np.maximum(np.arange(size) - 1, 0), axis)
    after = grid.take(np.minimum(np.arange(size) + 1, size - 1), axis)
    pairs = np.stack([3 * grid + before, 3 * grid + after], axis + 1) >> 2
    return pairs.reshape(*grid.shape[:axis], 2 * size, *grid.shape[axis + 1 :])
