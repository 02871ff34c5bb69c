"""Which edition of an assignment was handed in: seen from what the files are called and hold.

A course's own submissions say it by their package (`cs231n`, `nndl`, `hw3code`) and by what their
modules define. Where files came flat, without a package, lines tell that the release of one edition
has and those of others lack, such as the one that draws W1 of shape (H, D).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from autograder.encoding import python_source
from autograder.finder import DEFINED
from autograder.grade import Grader
from autograder.ipynb import UnreadableNotebookError, read_notebook
from autograder.layout import imported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from autograder.intake import Submission
    from autograder.outcome import Results
    from autograder.stage import Plan

__all__ = ["ByEdition", "recognised"]

SPACE = re.compile(rb"[\s'\"]+")  # also quotes: people change them
LEAST_LINE = 16  # characters of a line that says something
MOST_NAMED = 3


@dataclass(frozen=True)
class ByEdition(Grader):
    """A grader that grades each submission in its own edition.

    Attributes:
        graders: those of the editions by name, the default's first; else it is like that one.
    """

    graders: Mapping[str, Grader] = field(default_factory=dict)

    @classmethod
    def among(cls, graders: Mapping[str, Grader]) -> ByEdition:
        """Return a grader that has these to choose from."""
        first = next(iter(graders.values()))
        return cls(**vars(first), graders=graders)

    def grade(
        self,
        submission: Submission,
        folder: Path,
        tell: Callable[[Results], object] = lambda _: None,
    ) -> Results:
        """Grade one submission in its edition, as `Grader.grade` does."""
        return self.of_edition(submission).grade(submission, folder, tell)

    def of_edition(self, submission: Submission) -> Grader:
        """Return the grader of a submission's edition, which says why it is that one."""
        plans = {name: grader.plan for name, grader in self.graders.items()}
        name, why = recognised(submission, plans)
        grader = self.graders[name]
        return replace(grader, plan=replace(grader.plan, notes=(f"Graded as {name}: {why}.",)))


@dataclass(frozen=True)
class Traits:
    """What tells files of one edition from those of others.

    Attributes:
        releases: what notebooks say that they were released as.
        packages: what the package is called.
        names: the functions and classes that modules define.
        lines: lines of code, without spaces and quotes.
    """

    releases: frozenset[str]
    packages: frozenset[str]
    names: frozenset[str]
    lines: frozenset[bytes]

    @classmethod
    def of_plan(cls, plan: Plan) -> Traits:
        """Return those of an edition's release."""
        sources = plan.released.values()
        packages = frozenset(PurePosixPath(path).parts[0] for path in plan.modules)
        return cls(frozenset({plan.release}), packages, _names(sources), _lines(sources))

    @classmethod
    def of_submission(cls, submission: Submission) -> Traits:
        """Return those of what a student handed in."""
        files = submission.files
        sources = [python_source(text)[0] for name, text in files.items() if name.endswith(".py")]
        books = [text for name, text in files.items() if name.endswith(".ipynb")]
        folders = {part for name in files for part in PurePosixPath(name).parts[:-1]}
        packages = frozenset(folders | imported([*sources, *books]))
        return cls(frozenset(map(_release, books)), packages, _names(sources), _lines(sources))

    def shared_with(self, other: Traits) -> Traits:
        """Return what both have."""
        return Traits(*(getattr(self, f.name) & getattr(other, f.name) for f in fields(self)))

    def without(self, other: Traits) -> Traits:
        """Return what the other has not."""
        return Traits(*(getattr(self, f.name) - getattr(other, f.name) for f in fields(self)))


def recognised(submission: Submission, plans: Mapping[str, Plan]) -> tuple[str, str]:
    """Return the edition that a submission is of, and why, for its student.

    Args:
        submission: what was handed in.
        plans: those of the editions by name, the default's first, which is taken in doubt.
    """
    traits = {name: Traits.of_plan(plan) for name, plan in plans.items()}
    common = next(iter(traits.values()))
    for other in traits.values():
        common = common.shared_with(other)
    known = frozenset().union(*(own.names for own in traits.values()))
    handed_in = Traits.of_submission(submission)
    found = {name: own.shared_with(handed_in) for name, own in traits.items()}

    def score(name: str) -> tuple[bool, float, int]:
        own, seen = traits[name], found[name]
        either = own.names | (handed_in.names & known)
        share = len(seen.names) / len(either) if either else 0.0
        return bool(seen.releases), bool(seen.packages) + share, len(seen.without(common).lines)

    best = max(plans, key=score)
    return best, _why(found[best].without(common))


def _why(seen: Traits) -> str:
    reasons = []
    if seen.releases:
        reasons.append("its notebook was handed out for it")
    if seen.packages:
        reasons.append(f"its package is {min(seen.packages)}")
    if seen.names:
        reasons.append(f"it defines {', '.join(sorted(seen.names)[:MOST_NAMED])}")
    if not reasons and seen.lines:
        reasons.append("its code has lines that no other edition has")
    return " and ".join(reasons) or "nothing in it says which edition it is, and this is the first"


def _names(sources: Iterable[bytes]) -> frozenset[str]:
    found = {name.decode() for text in sources for name in DEFINED.findall(text)}
    return frozenset(name for name in found if not name.startswith("_"))


def _lines(sources: Iterable[bytes]) -> frozenset[bytes]:
    lines = {SPACE.sub(b"", line.partition(b"#")[0]) for s in sources for line in s.splitlines()}
    return frozenset(line for line in lines if len(line) >= LEAST_LINE)


def _release(book: bytes) -> str:
    try:
        return read_notebook(book).release
    except UnreadableNotebookError:
        return ""
