"""Follow-through for code: what is right given the student's own wrong layers earns a part.

A check that failed after a check which it follows runs again, at two draws, against a composite:
the reference's net on the student's layers. Where the student's net gives what the composite gives,
the net is right, and the mistake is in the layers.

Layers can be made so that any net agrees: return zeros, a constant, or what came in. So a value
counts only if it is finite, not all zero, another one for other inputs, and not a multiple of an
array that the check has sent.
"""

from __future__ import annotations

import math
import time
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.attempt import attempt
from autograder.composite import Composite
from autograder.expect import Expect, Judge
from autograder.finding import Verdict, credit_of
from autograder.measure import compare
from autograder.outcome import followed
from autograder.remote import Outlines
from autograder.trial import as_floats
from autograder.worker import LONGEST
from gradlab.errors import AuthorMistake, StudentFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from autograder.finding import Finding, Wanted
    from autograder.forkserver import ForkServer
    from autograder.hints import Context
    from autograder.outcome import Outcome
    from autograder.recording import Drawn
    from autograder.session import CheckSession, Staged
    from autograder.suite import Check
    from gradlab.course import Limits

__all__ = ["Follower", "defects", "follow_through", "prove", "roots"]

SAME_DIRECTION = 1 - 1e-9  # the cosine of an array and a multiple of it


class Composer(Expect):
    """Writes down what a composite gives, right or wrong.

    Attributes:
        values: what was compared, by finding, float64.
        failed: the findings of another kind that lost something.
    """

    def __init__(self) -> None:
        self.values: dict[str, np.ndarray] = {}
        self.failed: set[str] = set()

    def _compare(self, wanted: Wanted, value: Any, context: Context | None = None) -> Verdict:
        del context
        self.values[wanted.name] = as_floats(value)
        return Verdict()

    def _found(self, finding: Finding) -> None:
        if finding.credit < 1:
            self.failed.add(finding.name)


@dataclass(frozen=True)
class Agreement:
    """How a net and the reference's, both on the student's layers, compare at one draw.

    Attributes:
        agreed: the findings in which they do not differ.
        values: what the composite gave, by finding.
        given: the arrays that the check has sent.
        calls: how many of a borrowed function there were.
    """

    agreed: frozenset[str]
    values: Mapping[str, np.ndarray]
    given: Sequence[np.ndarray]
    calls: int

    def telling(self, name: str) -> bool:
        """Return whether a value cannot be had from layers that compute nothing."""
        value = self.values[name]
        if not np.all(np.isfinite(value)) or not np.any(value):
            return False
        return not any(_multiple(value, array) for array in self.given)


@dataclass(frozen=True)
class Follower:
    """Tries a check against the reference's net on a student's layers.

    Attributes:
        check: the check.
        open_session: opens the student's session with limits and a seed.
        reference: its fork server and its files.
        limits: what each run may use.
        end: when the time for all runs together is over, by `time.monotonic`.
    """

    check: Check
    open_session: Callable[[Limits, int], CheckSession]
    reference: tuple[ForkServer, Staged]
    limits: Limits
    end: float = math.inf

    def earning(self, lost: frozenset[str], draws: Sequence[Drawn]) -> frozenset[str]:
        """Return which lost findings agree at both draws, and tell something.

        Raises:
            StudentFault: a layer failed, or a net did on what it gave.
            AuthorMistake: the check cannot be followed.
        """
        first, second = (self.agreement(drawn) for drawn in draws)
        if not (lost <= first.agreed & second.agreed and first.calls and second.calls):
            raise StudentFault("missed", "it differs from the reference's net on the same layers")
        bounds = {item.name: item.tolerance for item in draws[0].findings}
        compared = lost & first.values.keys() & second.values.keys()
        telling = {name for name in compared if _tells(name, first, second, bounds[name])}
        return lost if telling == compared else frozenset(telling)

    def agreement(self, drawn: Drawn) -> Agreement:
        """Run the check against the composite, then the student's against what that gave.

        Raises:
            StudentFault: a layer failed, a net did on what it gave, or no time was left.
            AuthorMistake: the check cannot be followed.
        """
        composer, limits = Composer(), self._left()
        with closing(self.open_session(limits, drawn.seed)) as own:
            composite = Composite(self.reference, limits, drawn.seed, self.check.layers, own)
            with closing(composite):
                self._attempt(composite, composer, drawn)
        values = composer.values
        judge = Judge([replace(w, value=values.get(w.name, w.value)) for w in drawn.findings])
        with closing(self.open_session(self._left(), drawn.seed)) as own:
            self._attempt(own, judge, drawn)
        right = {finding.name for finding in judge.findings() if finding.credit == 1}
        agreed = frozenset(right | (composer.failed - values.keys()))
        return Agreement(agreed, values, tuple(composite.given), composite.lender.calls)

    def _attempt(self, session: CheckSession, expect: Expect, drawn: Drawn) -> None:
        outlines = Outlines(drawn.outlines)
        try:
            attempt(self.check, session, expect, outlines, drawn.seed, self.reference)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            # A reply of another shape than the recorded one may be more than a check can take.
            raise StudentFault("missed", f"{type(error).__name__}: {error}") from error

    def _left(self) -> Limits:
        """Return the limits of the next run, within what is left of the check's time."""
        left = self.end - time.monotonic()
        if left < self.limits.cpu_s:
            raise StudentFault("timed out", "no time was left")
        wall_s = min(left / LONGEST, self.limits.wall_s)
        return replace(self.limits, wall_s=max(1, int(wall_s)))


def _tells(
    name: str, first: Agreement, second: Agreement, tolerance: tuple[str, float] | None
) -> bool:
    """Return whether layers that compute nothing cannot give a finding's values."""
    if not first.telling(name):  # at the second draw a layer may be dead by chance
        return False
    return not compare(name, first.values[name], second.values[name], tolerance).right


def _multiple(a: np.ndarray, b: np.ndarray) -> bool:
    if a.shape != b.shape or a.size < 2 or b.dtype.kind not in "biuf":  # noqa: PLR2004 - a direction
        return False
    x, y = (item.reshape(-1).astype(np.float64) for item in (a, b))
    with np.errstate(all="ignore"):
        cosine = abs(np.dot(x, y)) / (np.linalg.norm(x) * np.linalg.norm(y))
    return bool(cosine >= SAME_DIRECTION)


def roots(check: Check, before: Mapping[str, Outcome]) -> tuple[str, ...]:
    """Return the failed checks that are to blame where a check fails that follows them."""
    failed = (before[name] for name in check.follows if name in before)
    names = [
        name
        for other in failed
        if other.scored and other.credit < 1 and other.status != "skipped"
        for name in other.hangs_on or (other.check.name,)
    ]
    return tuple(dict.fromkeys(names))


def follow_through(
    follower: Follower,
    outcome: Outcome,
    before: Mapping[str, Outcome],
    draws: Sequence[Drawn],
) -> Outcome:
    """Return an outcome with what its check earns given the student's own layers.

    Args:
        follower: of the check.
        outcome: the check's own, missed or partial.
        before: what came of earlier checks, by name.
        draws: two of them, the outcome's first.
    """
    lost = frozenset(item.name for item in outcome.findings if item.credit < 1)
    try:
        earning = follower.earning(lost, draws)
    except (StudentFault, AuthorMistake) as fault:
        return _noted(outcome, f"{fault.args[0]}")
    part = Fraction(follower.check.follow).limit_denominator(1000)
    findings = [_eased(item, part) if item.name in earning else item for item in outcome.findings]
    if credit_of(findings) <= outcome.credit:
        return _noted(outcome, "layers that compute nothing give the same")
    names = roots(follower.check, before)
    open_to = ("visible", follower.check.visibility)
    told = [name for name in names if before[name].check.visibility in open_to]
    return followed(outcome, findings, names, _blame(told))


def _noted(outcome: Outcome, why: str) -> Outcome:
    return replace(outcome, staff=f"{outcome.staff}\nNo follow-through: {why}".strip())


def _eased(finding: Finding, part: Fraction) -> Finding:
    return replace(finding, credit=max(finding.credit, part), message="", hint="")


def _blame(names: Sequence[str]) -> str:
    if not names:
        return "layers, one of which is wrong; mend that first"
    listed = " and ".join(f"`{name}`" for name in names)
    return f"{listed}, which {'is' if len(names) == 1 else 'are'} wrong; mend that first"


def defects(outcomes: Sequence[Outcome]) -> list[str]:
    """Return for each root defect, in a sentence for staff, how many points hang on it."""
    hanging: dict[tuple[str, ...], list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.hangs_on:
            hanging.setdefault(outcome.hangs_on, []).append(outcome)
    return [_defect(names, found) for names, found in hanging.items()]


def _defect(names: Sequence[str], hanging: Sequence[Outcome]) -> str:
    total = math.fsum(outcome.lost for outcome in hanging)
    each = ", ".join(f"{outcome.check.name} {outcome.lost:g}" for outcome in hanging)
    plural, them = ("s", "them") if len(names) > 1 else ("", "it")
    return f"Root defect{plural}: {', '.join(names)}; {total:g} points hang on {them} ({each})."


def prove(follower: Follower, draws: Sequence[Drawn]) -> None:
    """Refuse a check that could not be followed, by trying it with the reference as the student.

    Raises:
        AuthorMistake: says why.
        StudentFault: the reference failed.
    """
    for item in draws[0].findings:
        if item.value is None and not item.withholds:
            raise AuthorMistake(f"follows needs values to compare; {item.name} has none")
    first, second = (follower.agreement(drawn) for drawn in draws[:2])
    if not first.calls:
        raise AuthorMistake("the reference calls nothing of what `layers` names")
    for item in draws[0].findings:
        if item.value is None:
            continue
        verdict = compare(item.name, first.values[item.name], item.value, item.tolerance)
        if not verdict.right or item.name not in first.agreed:
            raise AuthorMistake(f"the reference on its own layers gives another {item.name}")
    values = [item for item in draws[0].findings if item.value is not None]
    if not any(_tells(item.name, first, second, item.tolerance) for item in values):
        raise AuthorMistake("follows needs a value that changes with the draw and is not zero")
