"""The verbs of a check, and what is found with them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from autograder.credit import Curve

from autograder.outline import Absent
from autograder.remote import value_of
from gradlab.errors import AuthorMistake

__all__ = ["MEASURES", "Expect", "Finding", "Judge", "Wanted"]


@dataclass(frozen=True)
class Finding:
    """One thing that a check looked at.

    Attributes:
        name: as the check calls it.
        share: its weight among the check's findings.
        credit: how much of the share was earned, in [0, 1].
        message: what the student reads; empty when all is right.
        staff: what only staff read.
    """

    name: str
    share: float
    credit: Fraction
    message: str = ""
    staff: str = ""


@dataclass(frozen=True)
class Wanted:
    """What the reference gave for one finding.

    Attributes:
        name: the finding's name.
        share: its weight.
        value: an array or number; None where no value is compared.
        tolerance: the measure's name and its bound; empty where no value is compared.
    """

    name: str
    share: float
    value: Any = None
    tolerance: tuple[str, float] | tuple[()] = ()


def _rel_error(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.max(np.abs(x - y) / np.maximum(1e-8, np.abs(x) + np.abs(y)), initial=0.0))


def _max_error(x: np.ndarray, y: np.ndarray) -> float:
    scale = float(np.max(np.abs(y), initial=0.0))
    return _max_abs(x, y) / (scale or 1.0)


def _max_abs(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.max(np.abs(x - y), initial=0.0))


def _sum_abs(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.sum(np.abs(x - y)))


# Measures of the distance between a student's array x and the wanted y, and their names in words.
# `rel_error` is the one of the source homeworks: max |x - y| / max(1e-8, |x| + |y|).
MEASURES: dict[str, tuple[Callable[[np.ndarray, np.ndarray], float], str]] = {
    "max_error": (_max_error, "largest error, relative to the largest entry"),
    "max_abs": (_max_abs, "largest absolute error"),
    "sum_abs": (_sum_abs, "sum of absolute errors"),
    "rel_error": (_rel_error, "largest relative error"),
}


class Expect:
    """The verbs; what they find is for a subclass to record or to judge."""

    def close(
        self,
        values: Mapping[str, Any],
        *,
        share: float = 1,
        wanted: Mapping[str, Any] | None = None,
        **tolerance: float,
    ) -> None:
        """Expect values within a tolerance of the reference's, one finding for each name.

        Args:
            values: arrays or numbers of the student by name.
            share: the weight of each finding.
            wanted: given values instead of the reference's, for instance worked out by hand.
            **tolerance: exactly one of the names of `MEASURES`, and its bound.

        Raises:
            AuthorMistake: not exactly one known tolerance.
        """
        if len(tolerance) != 1 or not tolerance.keys() <= MEASURES.keys():
            raise AuthorMistake(f"close needs exactly one tolerance of {', '.join(MEASURES)}")
        bound = next(iter(tolerance.items()))
        for name, value in values.items():
            given = None if wanted is None else wanted[name]
            self._close(Wanted(name, share, given, bound), value_of(value))

    def earns(self, name: str, right: int, of: int, curve: Curve, *, share: float = 1) -> None:
        """Expect a measure, such as an accuracy, that earns credit along a curve.

        Args:
            name: what is measured.
            right: how many were right; the trusted side must have counted them.
            of: of how many.
            curve: from the measured share to the share of the points.
            share: the weight of the finding.
        """
        measure = Fraction(right, of)
        credit = curve.credit(measure)
        text = f"{name}: {float(measure):.1%} ({right} of {of}); {curve}"
        self._found(Finding(name, share, credit, text))

    def settings(
        self,
        name: str,
        values: Any,
        bounds: Mapping[str, tuple[float, float]],
        *,
        true_of: Mapping[str, float] | None = None,
        share: float = 1,
    ) -> None:
        """Expect a dict of reported settings, each a number within its bounds.

        Args:
            name: what the dict is called.
            values: the dict.
            bounds: the least and the largest allowed value by key.
            true_of: values that are known from what was handed in, for instance a shape.
            share: the weight of each finding; there is one for each key.
        """
        reported = value_of(values)
        for key, (low, high) in bounds.items():
            number = reported.get(key) if isinstance(reported, dict) else None
            known = (true_of or {}).get(key)
            problem = _setting_problem(number, low, high, known)
            text = f"{name}[{key!r}] {problem}" if problem else ""
            self._found(Finding(f"{name}.{key}", share, Fraction(not problem), text))

    def _close(self, wanted: Wanted, value: Any) -> None:
        raise NotImplementedError

    def _found(self, finding: Finding) -> None:
        raise NotImplementedError


def _setting_problem(number: Any, low: float, high: float, known: float | None) -> str:
    if number is None or isinstance(number, Absent):
        return "is missing"
    if (
        not isinstance(number, (int, float))
        or isinstance(number, bool)
        or not math.isfinite(number)
    ):
        return "should be a plain number"
    if not low <= number <= high:
        return f"is {number:.6g}; it should lie between {low:g} and {high:g}"
    if known is not None and number != known:
        return f"is {number:.6g}, which is not what you handed in"
    return ""


class Judge(Expect):
    """Compares with what the reference gave.

    Args:
        wanted: the recorded findings of the check, in order.
    """

    def __init__(self, wanted: list[Wanted]) -> None:
        self._wanted = {item.name: item for item in wanted}
        self._findings: dict[str, Finding] = {}

    def findings(self) -> list[Finding]:
        """Return one finding for each recorded one; what the check never reached earned nothing."""
        lost = (Finding(name, item.share, Fraction(0)) for name, item in self._wanted.items())
        return [self._findings.get(finding.name, finding) for finding in lost]

    def _close(self, wanted: Wanted, value: Any) -> None:
        recorded = self._wanted.get(wanted.name)
        if recorded is None:
            raise AuthorMistake(f"{wanted.name} is not in the recording; record again")
        message, staff = compare(wanted.name, value, recorded.value, wanted.tolerance)
        self._found(Finding(wanted.name, recorded.share, Fraction(not message), message, staff))

    def _found(self, finding: Finding) -> None:
        self._findings[finding.name] = finding


def compare(name: str, value: Any, wanted: Any, tolerance: Any) -> tuple[str, str]:
    """Return what is wrong with a value, for the student and for staff; both '' if nothing is."""
    if isinstance(value, Absent):
        return f"{name}: {value.message}", ""
    x, y = (np.asarray(item) for item in (value, wanted))
    if x.dtype.kind not in "biuf":
        return f"{name}: should hold real numbers; yours holds {x.dtype}", ""
    if x.shape != y.shape:
        return f"{name}: the shape should be {y.shape}; yours is {x.shape}", ""
    x, y = x.astype(np.float64), y.astype(np.float64)
    if not np.array_equal(np.isfinite(x), np.isfinite(y)):
        return _not_finite(name, x, y), ""
    measure, bound = tolerance
    function, words = MEASURES[measure]
    with np.errstate(all="ignore"):
        error = function(np.nan_to_num(x), np.nan_to_num(y))
    if error <= bound:
        return "", ""
    return _too_far(name, x, y, f"{words} is {error:.3g}, allowed is {bound:.3g}")


def _not_finite(name: str, x: np.ndarray, y: np.ndarray) -> str:
    wrong = np.isfinite(x) != np.isfinite(y)
    first = tuple(int(i) for i in np.argwhere(wrong)[0])
    entry = "it" if not x.ndim else f"the entry at {first}"
    kind = "nan" if np.isnan(x[first]) else "infinite" if np.isinf(x[first]) else "finite"
    return f"{name}: {entry} is {kind}; {int(wrong.sum())} of {x.size} entries are like this"


def _too_far(name: str, x: np.ndarray, y: np.ndarray, text: str) -> tuple[str, str]:
    with np.errstate(all="ignore"):
        off = np.abs(x - y)
    worst = np.unravel_index(int(np.argmax(off)), x.shape)
    place = f" at {tuple(map(int, worst))}" if x.ndim else ""
    staff = f"{name}{place}: got {float(x[worst])!r}, wanted {float(y[worst])!r}"
    if x.ndim:
        count = int(np.count_nonzero(off > 1e-6 * max(1.0, float(np.max(np.abs(y))))))
        text += f"; {count} of {x.size} entries are off"
    return f"{name}: {text}", staff
