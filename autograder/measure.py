"""How far a value lies from the wanted one, and what is said where that is too far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

from autograder.finding import Verdict
from autograder.hints import Context, hint
from autograder.outline import Absent

__all__ = ["FLOAT32_BOUND", "MEASURES", "TOLERANCES", "Measure", "compare", "is_float32"]

# Right code that computes in float32 stays about 100 times below this, relative to the largest
# entry: its rounding unit is 6e-8. Values of that type are judged by it where a bound is tighter.
FLOAT32_BOUND = 1e-5


@dataclass(frozen=True)
class Measure:
    """A distance between a student's array x and the wanted y.

    Attributes:
        words: what the number is.
        entries: the distance of each entry.
        summed: whether the sum of the entries counts, rather than the largest.
    """

    words: str
    entries: Callable[[np.ndarray, np.ndarray], np.ndarray]
    summed: bool = False

    def error(self, x: np.ndarray, y: np.ndarray) -> float:
        """Return the distance of two float64 arrays of one shape."""
        with np.errstate(all="ignore"):
            entries = self.entries(x, y)
            return float(np.sum(entries) if self.summed else np.max(entries, initial=0.0))

    def off(self, x: np.ndarray, y: np.ndarray, bound: float) -> np.ndarray:
        """Return which entries are too far by themselves."""
        with np.errstate(all="ignore"):
            return ~(self.entries(x, y) <= (bound / max(x.size, 1) if self.summed else bound))


def _absolute(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    entries: np.ndarray = np.abs(x - y)
    return entries


def _by_largest(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return _absolute(x, y) / (float(np.max(np.abs(y), initial=0.0)) or 1.0)


def _by_both(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    entries: np.ndarray = _absolute(x, y) / np.maximum(1e-8, np.abs(x) + np.abs(y))
    return entries


def _by_first_digit(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    scale = np.where(y == 0, float(np.max(np.abs(y), initial=0.0)) or 1.0, np.abs(y))
    entries: np.ndarray = _absolute(x, y) / 10.0 ** np.floor(np.log10(scale))
    return entries


def _ratio(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    ratio = np.where((x > 0) & (y > 0), np.maximum(x / y, y / x) - 1, np.inf)
    return np.where(x == y, 0.0, ratio)


# The names are those of tolerances. `rel_error` is the one of the source homeworks:
# max |x - y| / max(1e-8, |x| + |y|). The last two belong to verbs of their own.
MEASURES: dict[str, Measure] = {
    "max_error": Measure("largest error, relative to the largest entry,", _by_largest),
    "max_abs": Measure("largest absolute error", _absolute),
    "sum_abs": Measure("sum of absolute errors", _absolute, summed=True),
    "rel_error": Measure("largest relative error", _by_both),
    "first_digit": Measure("largest error, in units of the first digit,", _by_first_digit),
    "band": Measure("largest excess of the larger over the smaller value", _ratio),
}
TOLERANCES = ("max_error", "max_abs", "sum_abs", "rel_error")


def compare(
    name: str, value: Any, wanted: Any, tolerance: Any, context: Context | None = None
) -> Verdict:
    """Return what is wrong with a value; the message never shows the wanted one.

    Args:
        name: what the value is called.
        value: the student's: a number, an array, or `Absent`.
        wanted: a number or an array.
        tolerance: a name of `MEASURES` and its bound.
        context: what hints may look at beside the two.
    """
    if isinstance(value, Absent):
        return Verdict(f"{name}: {value.message}")
    x, y = (np.asarray(item) for item in (value, wanted))
    if x.dtype.kind not in "biuf":
        return Verdict(f"{name}: should hold real numbers; yours holds {x.dtype}"[:300])
    if x.shape != y.shape:
        message = f"{name}: the shape should be {y.shape}; yours is {x.shape}"
        return Verdict(message, "", hint(x, y, context) or "")
    x, y = x.astype(np.float64), y.astype(np.float64)
    if strange := _not_finite(name, x, y):
        return Verdict(strange, "", hint(x, y, context) or "")
    infinite = np.isinf(y)
    x, y = np.where(infinite, 0.0, x), np.where(infinite, 0.0, y)
    return _judge_finite(name, x, y, tolerance, context)


def _judge_finite(
    name: str, x: np.ndarray, y: np.ndarray, tolerance: Any, context: Context | None
) -> Verdict:
    measure, bound = MEASURES[tolerance[0]], tolerance[1]
    error = measure.error(x, y)
    rough = is_float32(x) and not is_float32(y)
    with np.errstate(all="ignore"):
        products = (float(np.vdot(x, y)), float(np.vdot(x, x)), float(np.vdot(y, y)))
    if error <= bound or (rough and MEASURES["max_error"].error(x, y) <= FLOAT32_BOUND):
        return Verdict(products=products)
    text = f"{name}: {measure.words} is {error:.3g}, allowed is {bound:.3g}"
    off = measure.off(x, y, bound)
    if x.ndim and off.any():
        text += _places(off)
    kind = "float32" if rough else "float64"
    text += f"; yours is {kind}" + (f" of shape {x.shape}" if x.ndim else "")
    return Verdict(text, _worst(name, x, y), hint(x, y, context) or "", products)


def is_float32(x: np.ndarray) -> bool:
    """Return whether a float64 array holds what float32 can hold, so was probably made of it."""
    with np.errstate(all="ignore"):
        return bool(np.array_equal(x, x.astype(np.float32), equal_nan=True))


def _places(off: np.ndarray) -> str:
    count = int(np.count_nonzero(off))
    first = tuple(int(i) for i in np.argwhere(off)[0])
    where = str(first[0]) if len(first) == 1 else str(first)
    share = f"{100 * count / off.size:.3g} %"
    return f"; {count} of {off.size} entries are off ({share}), the first at {where}"


def _not_finite(name: str, x: np.ndarray, y: np.ndarray) -> str:
    finite = np.isfinite(x) & np.isfinite(y)
    wrong = ~(finite | (x == y) | (np.isnan(x) & np.isnan(y)))
    if not wrong.any():
        return ""
    first = tuple(int(i) for i in np.argwhere(wrong)[0])
    entry = "it" if not x.ndim else f"the entry at {first}"
    kind = "nan" if np.isnan(x[first]) else "infinite" if np.isinf(x[first]) else "finite"
    return f"{name}: {entry} is {kind}; {int(wrong.sum())} of {x.size} entries are like this"


def _worst(name: str, x: np.ndarray, y: np.ndarray) -> str:
    with np.errstate(all="ignore"):
        worst = np.unravel_index(int(np.argmax(np.abs(x - y))), x.shape)
    place = f" at {tuple(map(int, worst))}" if x.ndim else ""
    return f"{name}{place}: got {float(x[worst])!r}, wanted {float(y[worst])!r}"
