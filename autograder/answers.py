"""Answers worked out by hand: a graph of steps, and credit for what follows from one's own."""

from __future__ import annotations

import inspect
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

from autograder.finding import Finding, Wanted
from autograder.hints import hint
from autograder.measure import compare
from autograder.outline import Absent
from autograder.remote import value_of
from autograder.typed import Typed, answer_key, read_answers, read_numbers
from autograder.verb import Verb
from gradlab.errors import AuthorMistake, StudentFault

__all__ = ["AnswerVerbs", "Steps"]

MISSING = "is missing"


class Steps:
    """The steps of a computation by hand, each a function of earlier ones.

    Args:
        steps: in order; the names of a function's parameters are earlier steps or given values.
        given: the values that the exercise gives.
        digits: how many significant digits count; an answer may be off by one unit of the last.
        max_error: in place of digits, the largest error relative to an answer's largest entry: for
            answers that code works out.
        asked: the steps whose values are asked for; by default all. Others are worked out from the
            student's own values on the way.

    Raises:
        AuthorMistake: a step uses what does not come before it, or fails.
    """

    def __init__(
        self,
        steps: Mapping[str, Callable[..., Any]],
        *,
        given: Mapping[str, Any] | None = None,
        digits: int = 3,
        max_error: float | None = None,
        asked: Sequence[str] | None = None,
    ) -> None:
        self.given = {name: np.asarray(v, np.float64) for name, v in (given or {}).items()}
        self.asked = tuple(steps if asked is None else asked)
        by_digits = ("first_digit", 1.001 * 10.0 ** (1 - digits))
        self.tolerance = by_digits if max_error is None else ("max_error", max_error)
        self._steps = dict(steps)
        self._uses = {name: tuple(inspect.signature(f).parameters) for name, f in steps.items()}
        self._refuse_unknown()
        self.right = self._all()

    def _refuse_unknown(self) -> None:
        known = set(self.given)
        for name, uses in self._uses.items():
            for other in uses:
                if other not in known:
                    raise AuthorMistake(f"step {name} uses {other}, which does not come before it")
            known.add(name)
        for name in self.asked:
            if name not in self._steps:
                raise AuthorMistake(f"{name} is asked for and is no step")

    def _all(self) -> dict[str, np.ndarray]:
        values: dict[str, np.ndarray] = {}
        for name in self._steps:
            value = self.follow(name, values)
            if value is None or not np.all(np.isfinite(value)):
                raise AuthorMistake(f"step {name} gives no finite numbers")
            values[name] = value
        return values

    def names(self) -> tuple[str, ...]:
        """Return the steps in order."""
        return tuple(self._steps)

    def follow(self, name: str, values: Mapping[str, np.ndarray]) -> np.ndarray | None:
        """Return what a step gives on some earlier values, or None if it cannot be worked out."""
        found = {**self.given, **values}
        try:
            with np.errstate(all="ignore"):
                value = self._steps[name](*(found[other] for other in self._uses[name]))
            return np.asarray(value, np.float64)
        except (ArithmeticError, LookupError, TypeError, ValueError, np.linalg.LinAlgError):
            return None


class AnswerVerbs(Verb):
    """The verb for what was worked out by hand."""

    def answers(
        self,
        given: Any,
        steps: Steps,
        *,
        shares: Mapping[str, float] | None = None,
        follow: float | Fraction = 1,
    ) -> None:
        """Expect the values of a computation by hand, one finding for each step asked for.

        A step that is not right and follows from the student's own earlier values earns its share,
        so that one mistake costs once. The student reads at which step it first went wrong.

        Args:
            given: a notebook variable that holds a dict, a dict of such, or a text with a line
                `name = value` for each step: `student.text("hand.txt")`.
            steps: the graph.
            shares: the weight of each step; 1 where it is not named.
            follow: the part of its share that a step earns by following.

        Raises:
            StudentFault: none of the steps is there.
        """
        own: dict[str, np.ndarray] = {}
        typed = self._typed(given, steps)
        filled = _all_one_number(typed)
        wrong = ""
        for name in steps.names():
            followed = steps.follow(name, {**steps.right, **own})
            if name not in steps.asked:
                own |= {} if followed is None else {name: followed}
                continue
            share = (shares or {}).get(name, 1)
            finding = self._step(name, share, typed[name], followed, steps)
            follows = followed is not None and _agrees(typed[name], followed, steps)
            if finding.credit != 1 and follows and not filled:
                text = f"{name}: not right, and it follows from your own earlier values"
                finding = Finding(name, share, Fraction(follow), text, finding.staff)
            elif finding.credit != 1 and typed[name].problem != MISSING:
                wrong = wrong or name
                finding = _first(finding) if wrong == name else finding
            self._found(finding)
            mine = followed if typed[name].value is None else typed[name].value
            own |= {} if mine is None else {name: mine}

    def _step(
        self, name: str, share: float, typed: Typed, followed: np.ndarray | None, steps: Steps
    ) -> Finding:
        value = Absent(typed.problem) if typed.value is None else typed.value
        wanted = Wanted(name, share, steps.right[name], steps.tolerance)
        verdict = self._compare(wanted, value)
        if verdict.right:
            return Finding(name, share, Fraction(1))
        mine = typed.value
        text = f"{name}: {typed.problem or 'is not right'}"
        said = hint(mine, steps.right[name]) or "" if mine is not None and mine.ndim else ""
        staff = f"{verdict.staff or text}; from the student's own values it would be {followed}"
        return Finding(name, share, Fraction(0), text, staff, said)

    def _typed(self, given: Any, steps: Steps) -> dict[str, Typed]:
        found = _by_key(value_of(given), {answer_key(name) for name in steps.asked})
        typed = {}
        for name in steps.asked:
            value = found.get(answer_key(name), found.get(answer_key(name).casefold()))
            if isinstance(value, Absent):
                value = self._outlines.original(value)
            missing = value is None or isinstance(value, Absent)
            shape = steps.right[name].shape
            typed[name] = Typed(None, MISSING) if missing else read_numbers(value, shape)
        if all(item.problem == MISSING for item in typed.values()):
            raise StudentFault("not implemented", f"Not filled in yet: {', '.join(typed)}.")
        return typed


def _by_key(given: Any, asked: set[str]) -> dict[str, Any]:
    """Return what was given, by name; a name in small letters also stands for one in capitals."""
    if isinstance(given, str):
        found: dict[str, Any] = dict(read_answers(given))
    else:
        table = given if isinstance(given, dict) else {}
        found = {answer_key(str(name)): value for name, value in table.items()}
    return {**{n.casefold(): v for n, v in found.items() if n not in asked}, **found}


def _all_one_number(typed: Mapping[str, Typed]) -> bool:
    numbers = [item.value.ravel() for item in typed.values() if item.value is not None]
    return bool(numbers) and np.unique(np.concatenate(numbers)).size == 1


def _agrees(typed: Typed, followed: np.ndarray, steps: Steps) -> bool:
    if typed.value is None or not typed.value.any():
        return False
    return compare("", typed.value, followed, steps.tolerance).right


def _first(finding: Finding) -> Finding:
    text = f"{finding.message}; this is the first step that goes wrong"
    return Finding(finding.name, finding.share, finding.credit, text, finding.staff, finding.hint)
