"""What a wrong value looks like: recognisers of the mistakes that students make.

`hint(got, wanted)` is the only door. A recogniser compares two arrays and knows nothing of the
exercise.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RECOGNISERS", "Context", "Recogniser", "hint"]

NEAR = 1e-6  # relative to the largest entry: as good as equal, also after float32's rounding
EXACT = 1e-9
MOST_AXES = 5
MOST_FACTOR = 1e300  # or one over it: then it comes of an overflow
MOST_NAMED = 1e6  # a larger factor is no sum for a mean, but what a power or an exp made
MOST_SIZE = 1 << 18  # entries; beyond, a hint would cost more than it is worth


@dataclass(frozen=True)
class Context:
    """What a hint may look at beside the two values.

    Attributes:
        kind: `values`, or `history` for one loss after the other.
        added: what known mistakes add to the wanted value, each with its sentence.
    """

    kind: str = "values"
    added: tuple[tuple[np.ndarray, str], ...] = ()


@dataclass(frozen=True)
class Recogniser:
    """One kind of mistake.

    Attributes:
        name: for staff and tests.
        see: from got and wanted, float64, to the sentence for the student, or ''.
        same_shape: whether it wants arrays of one shape, finite; else of two shapes.
    """

    name: str
    see: Callable[[np.ndarray, np.ndarray], str]
    same_shape: bool = True


def hint(got: np.ndarray, wanted: np.ndarray, context: Context | None = None) -> str | None:
    """Return one sentence on what the difference of two arrays looks like, or None.

    Args:
        got: the student's numbers; any real dtype and shape.
        wanted: the reference's.
        context: what else is known.
    """
    context = context or Context()
    if max(got.size, wanted.size) > MOST_SIZE or not wanted.size or got.dtype.kind not in "biuf":
        return None
    x, y = got.astype(np.float64), wanted.astype(np.float64)
    with np.errstate(all="ignore"):
        if x.shape == y.shape and not np.all(np.isfinite(x)):
            return _overflow(x, y) or None
        if context.kind == "history" and x.ndim == y.ndim == 1:
            return _departure(x, y) or None
        if known := _added(x, y, context):
            return known
        seen = (r.see(x, y) for r in RECOGNISERS if r.same_shape == (x.shape == y.shape))
        return next(filter(None, seen), None)


def _added(x: np.ndarray, y: np.ndarray, context: Context) -> str:
    if x.shape != y.shape:
        return ""
    near = (words for term, words in context.added if term.any() and _near(x - y, term))
    return next(near, "")


def _near(x: np.ndarray, y: np.ndarray, bound: float = NEAR) -> bool:
    scale = float(np.max(np.abs(y), initial=0.0))
    return x.shape == y.shape and bool(np.max(np.abs(x - y), initial=0.0) <= bound * scale)


def _overflow(x: np.ndarray, _y: np.ndarray) -> str:
    if np.isnan(x).any():
        return (
            "nan comes from 0/0, inf - inf or log of a negative number; in a softmax, subtract "
            "each row's largest score before exp."
        )
    if np.isinf(x).any():
        return "Infinity comes from exp of a large number, from log(0) or from a division by 0."
    return ""


def _departure(x: np.ndarray, y: np.ndarray) -> str:
    if len(x) != len(y):
        return "One loss is kept for each iteration." if abs(len(x) - len(y)) == 1 else ""
    off = np.abs(x - y) > NEAR * float(np.max(np.abs(y), initial=0.0))
    first = int(np.argmax(off)) if off.any() else 0
    if not off.any():
        return ""
    if first == 0:
        return "The first entry is off already, so it is not the update: look at what comes before."
    if first == 1:
        return "The first entry is right and the second is not: look at the update."
    return f"The first {first} entries are right: look at what happens after that many steps."


def _transposed(x: np.ndarray, y: np.ndarray) -> str:
    if x.ndim >= 2 and not _near(x, y) and _near(x.T, y):  # noqa: PLR2004 - a matrix
        return "It is the transpose of what is wanted."
    return ""


def _axes(x: np.ndarray, y: np.ndarray) -> str:
    if not 3 <= x.ndim <= MOST_AXES or x.ndim != y.ndim:  # noqa: PLR2004 - matrices are above
        return ""
    for order in permutations(range(x.ndim)):
        moved = x.transpose(order)
        if order != tuple(range(x.ndim)) and _near(moved, y):
            return "The numbers are right and the axes are in another order."
    return ""


def _kept_axis(x: np.ndarray, y: np.ndarray) -> str:
    if x.size == y.size and x.squeeze().shape == y.squeeze().shape:
        right = " and the numbers are right" if _near(x.reshape(y.shape), y) else ""
        return f"There is an axis of length 1 too many or too few{right}: keepdims, or reshape?"
    return ""


def _reshaped(x: np.ndarray, y: np.ndarray) -> str:
    if x.size == y.size and _near(x.reshape(y.shape), y):
        return "The numbers are right; give them the shape that is asked for."
    return ""


def _summed_away(x: np.ndarray, y: np.ndarray) -> str:
    shorter = (y.shape[:axis] + y.shape[axis + 1 :] for axis in range(y.ndim))
    if x.shape and x.shape in shorter:
        return "An axis was summed or averaged away."
    if x.ndim > y.ndim and any(_near(x.sum(axis), y) for axis in range(x.ndim)):
        return "A sum over one axis is missing."
    return ""


def _zeros(x: np.ndarray, y: np.ndarray) -> str:
    return "All entries are 0." if not x.any() and y.any() else ""


def _factor(x: np.ndarray, y: np.ndarray) -> str:
    if not y.any() or not x.any():
        return ""
    factor = float(np.vdot(x, y) / np.vdot(y, y))
    near = NEAR if x.size > 1 else EXACT
    if not 1 / MOST_FACTOR < abs(factor) < MOST_FACTOR or abs(factor - 1) <= near:
        return ""
    if not _near(x, factor * y, near):
        return ""
    return _factor_words(factor, near, alone=x.size == 1)


def _factor_words(factor: float, near: float, *, alone: bool) -> str:
    if abs(factor + 1) <= near:
        return "The sign is the other way round."
    sign = " and of the other sign" if factor < 0 else ""
    size = abs(factor)
    for number, what in ((size, "times too large"), (1 / size, "times too small")):
        whole = round(number)
        if 1 < whole < MOST_NAMED and abs(number - whole) <= near * whole:
            why = " A factor of 2 or 1/2?" if whole == 2 else " A sum for a mean, or the reverse?"  # noqa: PLR2004
            return f"It is {whole} {what}{sign}.{why}"
    return "" if alone else "It is off by the same factor everywhere."


def _offset(x: np.ndarray, y: np.ndarray) -> str:
    offset = x - y
    scale = EXACT * max(1.0, float(np.max(np.abs(y))))
    if x.size == 1:
        return "It is off by 1." if abs(abs(float(offset.ravel()[0])) - 1) <= scale else ""
    same = np.max(np.abs(offset - offset.ravel()[0])) <= NEAR * float(np.max(np.abs(offset)))
    return "It is off by the same amount everywhere." if same else ""


def _signs(x: np.ndarray, y: np.ndarray) -> str:
    return "Only some signs are wrong." if _near(np.abs(x), np.abs(y)) else ""


def _mask(x: np.ndarray, y: np.ndarray) -> str:
    if x.size == 1:
        return ""
    zero, nothing = y == 0, x == 0
    if zero.any() and not zero.all() and _near(x[~zero], y[~zero]):
        return "It is right wherever it should not be 0: is a mask missing?"
    if nothing.any() and not nothing.all() and _near(x[~nothing], y[~nothing]):
        return "What is not 0 is right: some entries were never filled in, or masked too much."
    return ""


def _float32(x: np.ndarray, y: np.ndarray) -> str:
    single = np.array_equal(x, x.astype(np.float32))
    if single and _near(x, y, 1e-3) and not np.array_equal(y, y.astype(np.float32)):
        return "It is nearly right and in float32: compute in float64."
    return ""


def _whole(x: np.ndarray, y: np.ndarray) -> str:
    whole = np.array_equal(x, np.trunc(x)) and not np.array_equal(y, np.trunc(y))
    if whole and (np.array_equal(x, np.trunc(y)) or np.array_equal(x, np.floor(y))):
        return "The fractions are cut off: // for /, or an array of whole numbers?"
    return ""


def _moved(x: np.ndarray, y: np.ndarray) -> str:
    if x.size > 2 and _near(np.sort(x, axis=None), np.sort(y, axis=None)):  # noqa: PLR2004
        return "The numbers are right and stand in other places: wrong axis, order or index?"
    return ""


def _nearly(x: np.ndarray, y: np.ndarray) -> str:
    return "It is nearly right: rounding, or a small constant such as an epsilon?" * _near(x, y)


# The first that sees something speaks, so what explains more stands above what explains less.
RECOGNISERS = (
    Recogniser("transposed shape", _transposed, same_shape=False),
    Recogniser("permuted axes", _axes, same_shape=False),
    Recogniser("axis of length 1", _kept_axis, same_shape=False),
    Recogniser("reshaped", _reshaped, same_shape=False),
    Recogniser("summed away", _summed_away, same_shape=False),
    Recogniser("zeros", _zeros),
    Recogniser("float32", _float32),
    Recogniser("nearly", _nearly),
    Recogniser("factor", _factor),
    Recogniser("transposed", _transposed),
    Recogniser("permuted axes", _axes),
    Recogniser("off by a constant", _offset),
    Recogniser("signs", _signs),
    Recogniser("mask", _mask),
    Recogniser("whole numbers", _whole),
    Recogniser("moved", _moved),
)
