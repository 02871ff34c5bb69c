"""`gradlab expected`: run the suites against the reference, compare with what was recorded."""

from __future__ import annotations

import secrets
import traceback
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.attempt import attempt
from autograder.box.untouched import untouched
from autograder.expect import MEASURES
from autograder.recording import DRAWS, Drawn, Recorder, Recording, provenance
from autograder.remote import Outlines
from autograder.session import CheckSession
from autograder.stage import stage_reference
from gradlab.errors import AuthorMistake, GraderFault, Place, StudentFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from autograder.expect import Wanted
    from autograder.session import Staged
    from autograder.suite import Check, Suite
    from autograder.worker import ForkServer
    from gradlab.course import Assignment
    from gradlab.errors import GradlabError

__all__ = ["Drift", "drift", "holes", "record"]


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
    """

    check: str
    finding: str
    absolute: float
    relative: float
    beyond: bool
    words: str = ""


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
            count = DRAWS if "draw" in check.needs else 1
            seeds = before.seeds(check.name, count)
            checks[check.name] = tuple(_drawn(check, s, assignment, staged, servers) for s in seeds)
    source = provenance(_sources(assignment))
    return Recording(checks, before.key, holes(staged.files, released), source)


def _drawn(
    check: Check,
    seed: int,
    assignment: Assignment,
    staged: Staged,
    servers: tuple[ForkServer, ForkServer],
) -> Drawn:
    recorder, outlines = Recorder(), Outlines()
    with closing(CheckSession(servers[0], staged, assignment.limits, seed)) as session:
        try:
            attempt(check, session, recorder, outlines, seed, (servers[1], staged))
        except Exception as error:
            raise _mistake(check, error) from error
    if not recorder.findings:
        raise AuthorMistake(f"check {check.name} expects nothing", check.place)
    return Drawn(seed, tuple(recorder.findings), tuple(outlines.seen))


def _mistake(check: Check, error: Exception) -> GradlabError:
    """Return what an author reads when a check does not get through with the reference."""
    if isinstance(error, GraderFault):
        return error
    if isinstance(error, StudentFault):
        text = f"the reference {error.status}: {error} {error.staff}".rstrip()
    else:
        text = (
            str(error) if isinstance(error, AuthorMistake) else f"{type(error).__name__}: {error}"
        )
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if check.place and frame.filename == check.place.file]
    place = Place(check.place.file, line=lines[-1]) if check.place and lines else check.place
    return AuthorMistake(f"check {check.name}: {text}", place)


def holes(reference: Mapping[str, bytes], released: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return the functions that differ between reference and release: what students write."""
    files = {name: reference[name] for name in released if name in reference}
    whole = untouched(files, files)
    return tuple(sorted(set(whole) - set(untouched(files, released))))


def _sources(assignment: Assignment) -> dict[str, bytes]:
    paths = [assignment.source / name for name in (*assignment.modules, *assignment.supplied)]
    paths += [assignment.folder / f"{name}.py" for name in ("checks", "public")]
    return {path.name: path.read_bytes() for path in paths}


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
        moved += _drift_of_check(name, old.checks[name], draws)
    return moved


def _drift_of_check(name: str, old: tuple[Drawn, ...], new: tuple[Drawn, ...]) -> list[Drift]:
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
    if any((a.share, a.tolerance) != (b.share, b.tolerance) for a, b in pairs):
        return Drift(
            check, finding, np.nan, np.nan, beyond=True, words="another share or tolerance"
        )
    if any(np.shape(a.value) != np.shape(b.value) for a, b in pairs):
        return Drift(check, finding, np.nan, np.nan, beyond=True, words="another shape")
    absolute = relative = 0.0
    beyond = False
    for before, now in pairs:
        if before.value is None or not before.tolerance:
            continue
        x, y = np.asarray(now.value, np.float64), np.asarray(before.value, np.float64)
        absolute = max(absolute, MEASURES["max_abs"][0](x, y))
        relative = max(relative, MEASURES["max_error"][0](x, y))
        measure, bound = before.tolerance
        beyond |= MEASURES[measure][0](x, y) > bound
    return Drift(check, finding, absolute, relative, beyond)
