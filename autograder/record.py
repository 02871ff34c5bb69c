"""`gradlab expected`: run the suites against the reference, compare with what was recorded."""

from __future__ import annotations

import secrets
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.attempt import attempt
from autograder.box.untouched import untouched
from autograder.follow import Follower, prove
from autograder.measure import MEASURES
from autograder.recorder import Recorder
from autograder.recording import DRAWS, Drawn, Recording, commit_of, provenance
from autograder.remote import Outlines
from autograder.session import CheckSession
from autograder.stage import stage_reference
from autograder.suites import said_of
from gradlab.errors import AuthorMistake, GraderFault, StudentFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from autograder.finding import Wanted
    from autograder.forkserver import ForkServer
    from autograder.session import Staged
    from autograder.suite import Check, Suite
    from gradlab.course import Assignment, Limits
    from gradlab.errors import GradlabError

__all__ = ["Drift", "drawn", "drift", "drift_of_check", "holes", "record", "refuse_shaky"]

# A tolerance has to stay this far above what merely another machine changes.
MARGIN = 10


@dataclass(frozen=True)
class Drift:
    """How far one finding moved between two recordings.

    Attributes:
        check: the check's name.
        finding: the finding's name.
        absolute: the largest absolute change over all draws; nan where nothing can be compared.
        relative: the same, relative to the largest old entry.
        beyond: whether it passes the check's own tolerance.
        words: what happened where numbers do not say it.
        error: the largest change in the check's own measure.
        tolerance: that measure and what is allowed.
    """

    check: str
    finding: str
    absolute: float
    relative: float
    beyond: bool
    words: str = ""
    error: float = 0.0
    tolerance: tuple[str, float] | None = None


def record(
    assignment: Assignment,
    suite: Suite,
    old: Recording | None,
    servers: tuple[ForkServer, ForkServer],
    released: Mapping[str, bytes],
    progress: Callable[[str], Any] = lambda _: None,
) -> Recording:
    """Return what the reference gives now; draws and key stay those of `old`.

    Raises:
        AuthorMistake: the reference fails a check; says which and how.
    """
    before = old or Recording({}, secrets.token_hex(32))
    staged = stage_reference(assignment)
    checks = {}
    for check in suite.checks:
        if check.function is not None:
            progress(check.name)
            count = DRAWS if "draw" in check.takes else 1
            seeds = before.seeds(check.name, count)
            limits = check.bounded(assignment.limits)
            checks[check.name] = tuple(drawn(check, s, limits, staged, servers) for s in seeds)
            if check.follows:
                _prove(check, checks[check.name], limits, staged, servers)
    kept = [c.name for c in suite.left_out if c.name in before.checks]  # their packages are absent
    checks |= {name: before.checks[name] for name in kept}
    sources = _sources(assignment)
    made_by = provenance({path.name: path.read_bytes() for path in sources}) | commit_of(sources)
    return Recording(checks, before.key, holes(staged.files, released), made_by)


def drawn(
    check: Check,
    seed: int,
    limits: Limits,
    staged: Staged,
    servers: tuple[ForkServer, ForkServer],
    recorder: Recorder | None = None,
) -> Drawn:
    """Return what the reference gives in one check, for one seed; `recorder` may listen as well.

    Raises:
        AuthorMistake: the reference fails the check; says how.
    """
    recorder, outlines = recorder or Recorder(), Outlines()
    with closing(CheckSession(servers[0], staged, limits, seed)) as session:
        try:
            attempt(check, session, recorder, outlines, seed, (servers[1], staged))
            recorder.refuse_unearned()
        except Exception as error:
            raise _mistake(check, error) from error
    return Drawn(seed, tuple(recorder.findings), tuple(outlines.seen))


def _prove(
    check: Check,
    draws: tuple[Drawn, ...],
    limits: Limits,
    staged: Staged,
    servers: tuple[ForkServer, ForkServer],
) -> None:
    reference, open_session = (servers[1], staged), partial(CheckSession, servers[0], staged)
    try:
        prove(Follower(check, open_session, reference, limits), draws)
    except Exception as error:
        raise _mistake(check, error) from error


def _mistake(check: Check, error: Exception) -> GradlabError:
    """Return what an author reads when a check does not get through with the reference."""
    if isinstance(error, GraderFault):
        return error
    text, line = said_of(error, check.place.file if check.place else "")
    if isinstance(error, StudentFault):
        text = f"the reference {error.status}: {error} {' '.join(error.staff.split())}".rstrip()
    place = replace(check.place, line=line) if check.place and line else check.place
    return AuthorMistake(f"check {check.name}: {text}", place)


def holes(reference: Mapping[str, bytes], released: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return the functions that differ between reference and release: what students write."""
    files = {name: reference[name] for name in released if name in reference}
    whole = untouched(files, files)
    return tuple(sorted(set(whole) - set(untouched(files, released))))


def _sources(assignment: Assignment) -> list[Path]:
    modules = [assignment.source_file(name) for name in assignment.package_files]
    return modules + [assignment.folder / f"{name}.py" for name in ("checks", "public")]


def drift(old: Recording, new: Recording) -> list[Drift]:
    """Return how far every finding moved, in the new recording's order."""
    moved = [
        Drift(n, "", np.nan, np.nan, beyond=True, words="gone")
        for n in old.checks
        if n not in new.checks
    ]
    for name, draws in new.checks.items():
        if name not in old.checks:
            moved.append(Drift(name, "", np.nan, np.nan, beyond=True, words="new"))
            continue
        moved += drift_of_check(name, old.checks[name], draws)
    return moved


def refuse_shaky(first: Recording, *others: Recording) -> None:
    """Refuse tolerances that other runs or machines come near.

    Args:
        first: a recording.
        others: of the same draws, made anew and with other kernels of BLAS.

    Raises:
        AuthorMistake: a value moves by more than a tenth of its tolerance.
    """
    moved = [item for other in others for item in drift(first, other)]
    for item in moved:
        if item.words:
            what = f"{item.check} {item.finding}".rstrip()
            raise AuthorMistake(f"{what}: two recordings differ ({item.words}); seed it")
        measure, bound = item.tolerance or ("", np.inf)
        if MARGIN * item.error > bound:
            raise AuthorMistake(
                f"{item.check} {item.finding}: another run or machine changes it by "
                f"{item.error:.2g}; {measure}={bound:g} must be at least {MARGIN} times that"
            )


def drift_of_check(name: str, old: tuple[Drawn, ...], new: tuple[Drawn, ...]) -> list[Drift]:
    """Return how far the findings of one check moved."""
    if len(old) != len(new):
        return [Drift(name, "", np.nan, np.nan, beyond=True, words="another number of draws")]
    if [d.outlines for d in old] != [d.outlines for d in new]:
        return [Drift(name, "", np.nan, np.nan, beyond=True, words="replies of another structure")]
    before = [{item.name: item for item in drawn.findings} for drawn in old]
    moved = []
    for number, item in enumerate(new[0].findings):
        if any(item.name not in table for table in before):
            moved.append(Drift(name, item.name, np.nan, np.nan, beyond=True, words="new"))
            continue
        pairs = [(t[item.name], d.findings[number]) for t, d in zip(before, new, strict=True)]
        moved.append(_largest(name, item.name, pairs))
    return moved


def _largest(check: str, finding: str, pairs: list[tuple[Wanted, Wanted]]) -> Drift:
    if any(replace(a, value=None) != replace(b, value=None) for a, b in pairs):
        return Drift(
            check, finding, np.nan, np.nan, beyond=True, words="another share or tolerance"
        )
    if any(np.shape(a.value) != np.shape(b.value) for a, b in pairs):
        return Drift(check, finding, np.nan, np.nan, beyond=True, words="another shape")
    absolute = relative = error = 0.0
    tolerance = pairs[0][0].tolerance
    for before, now in pairs:
        if before.value is None or not before.tolerance:
            continue
        x, y = np.asarray(now.value, np.float64), np.asarray(before.value, np.float64)
        absolute = max(absolute, MEASURES["max_abs"].error(x, y))
        relative = max(relative, MEASURES["max_error"].error(x, y))
        error = max(error, MEASURES[before.tolerance[0]].error(x, y))
    beyond = tolerance is not None and error > tolerance[1]
    return Drift(check, finding, absolute, relative, beyond, "", error, tolerance)
