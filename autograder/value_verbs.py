"""Verbs that look at values: close, trajectory, earns, settings, leaderboard."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autograder.credit import Curve

from autograder.finding import Finding, Leader, Wanted
from autograder.hints import Context
from autograder.measure import TOLERANCES, compare
from autograder.outline import Absent
from autograder.remote import value_of
from autograder.verb import Verb
from gradlab.errors import AuthorMistake

__all__ = ["ValueVerbs", "the_tolerance", "typical_words"]


class ValueVerbs(Verb):
    """Verbs that look at values."""

    def close(
        self,
        values: Mapping[str, Any],
        *,
        share: float = 1,
        wanted: Mapping[str, Any] | None = None,
        typical: Mapping[str, Mapping[str, Any]] | None = None,
        **tolerance: float,
    ) -> None:
        """Expect values within a tolerance of the reference's, one finding for each name.

        Args:
            values: arrays or numbers of the student by name.
            share: the weight of each finding.
            wanted: given values instead of the reference's, for instance worked out by hand.
            typical: a hint of your own for each typical mistake, a sentence for the student: the
                values that the mistake gives, by name.
            **tolerance: exactly one of the names of `measure.TOLERANCES`, and its bound.

        Raises:
            AuthorMistake: not exactly one known tolerance.
        """
        bound = the_tolerance("close", tolerance, TOLERANCES)
        for name, value in values.items():
            given = None if wanted is None else wanted[name]
            plain = value_of(value)
            verdict = self._compare(Wanted(name, share, given, bound), plain)
            if not verdict.right and (words := typical_words(name, plain, typical or {}, bound)):
                verdict = replace(verdict, hint=words)
            self._found(verdict.finding(name, share))

    def trajectory(
        self,
        name: str,
        history: Any,
        *,
        share: float = 1,
        window: int = 1,
        **tolerance: float,
    ) -> None:
        """Expect one number after the other, such as the losses of training, as the reference's.

        Where every step is known, because mini-batches are drawn by a supplied line or all rows
        are equal, one of the tolerances of `close` asks for every entry. Where only the course of
        things is, `band=0.2` asks for means over `window` entries, each at most 20 % above or below
        the reference's.

        Args:
            name: what the history is called.
            history: a list or an array of numbers.
            share: the weight of the finding.
            window: how many entries are averaged, with `band`; what is left at the end is not used.
            **tolerance: exactly one of those of `close`, or `band`.

        Raises:
            AuthorMistake: not exactly one known tolerance, a window without `band`, or when
                recording one that is longer than the history.
        """
        bound = the_tolerance("trajectory", tolerance, (*TOLERANCES, "band"))
        if window < 1 or (window > 1 and bound[0] != "band"):
            raise AuthorMistake("trajectory: `window` is at least 1, and belongs to `band`")
        value = value_of(history)
        if bound[0] == "band":
            value = _window_means(value, window)
        verdict = self._compare(Wanted(name, share, None, bound), value, Context("history"))
        self._found(verdict.finding(name, share))

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
    ) -> dict[str, float]:
        """Expect a dict of reported settings, each a number within its bounds.

        Args:
            name: what the dict is called.
            values: the dict.
            bounds: the least and the largest allowed value by key.
            true_of: values that are known from what was handed in, for instance a shape.
            share: the weight of each finding; there is one for each key.

        Returns:
            The settings with which nothing is wrong, to be tried out.
        """
        reported, right = value_of(values), {}
        for key, allowed in bounds.items():
            number = reported.get(key) if isinstance(reported, dict) else None
            known = (true_of or {}).get(key)
            problem = _setting_problem(f"{name}[{key!r}]", number, allowed, known)
            self._found(Finding(f"{name}.{key}", share, Fraction(not problem), problem))
            if number is not None and not problem:
                right[key] = float(number)
        return right

    def leaderboard(self, name: str, value: float, *, order: str = "desc") -> None:
        """Put a value on the leaderboard; it earns nothing.

        Args:
            name: the column.
            value: a finite number; the trusted side must have measured it.
            order: `desc` where more is better, `asc` where less is.

        Raises:
            AuthorMistake: another order.
        """
        if order not in ("asc", "desc"):
            raise AuthorMistake(f"leaderboard: the order is 'asc' or 'desc', not {order!r}")
        if math.isfinite(value):
            self._lead(Leader(name, float(value), order))


def the_tolerance(
    verb: str, given: Mapping[str, float], known: tuple[str, ...]
) -> tuple[str, float]:
    """Return the one tolerance that was given.

    Raises:
        AuthorMistake: none, more than one, or an unknown one.
    """
    if len(given) != 1 or not given.keys() <= set(known):
        raise AuthorMistake(f"{verb} needs exactly one tolerance of {', '.join(known)}")
    return next(iter(given.items()))


def typical_words(
    name: str, value: Any, typical: Mapping[str, Mapping[str, Any]], bound: tuple[str, float]
) -> str:
    """Return the first sentence whose values these are, or ''."""
    known = ((words, values[name]) for words, values in typical.items() if name in values)
    return next((words for words, item in known if compare(name, value, item, bound).right), "")


def _window_means(value: Any, window: int) -> Any:
    if isinstance(value, Absent):
        return value
    history = np.asarray(value)
    if history.ndim != 1 or history.dtype.kind not in "biuf":
        return history
    whole = len(history) - len(history) % window
    with np.errstate(all="ignore"):
        return history[:whole].astype(np.float64).reshape(-1, window).mean(axis=1)


def _setting_problem(
    what: str, number: Any, bounds: tuple[float, float], known: float | None
) -> str:
    if isinstance(number, Absent):
        return number.message
    if number is None:
        return f"{what} is missing"
    plain = isinstance(number, (int, float)) and not isinstance(number, bool)
    if not plain or not math.isfinite(number):
        return f"{what} should be a plain number"
    low, high = bounds
    if not low <= number <= high:
        return f"{what} is {number:.6g}; it should lie between {low:g} and {high:g}"
    if known is not None and number != known:
        return f"{what} is {number:.6g}, which is not what you handed in"
    return ""
