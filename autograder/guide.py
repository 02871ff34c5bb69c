"""The staff guide: one page that says how an assignment is graded, made from its suites.

What is not in the suites comes from files beside them: typical mistakes from `expected/mistakes.*`,
and the author's notes.
"""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from gradlab.course import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from autograder.criteria import Criterion
    from autograder.known import Known
    from autograder.recording import Recording
    from autograder.suite import Check, Suite
    from gradlab.course import Assignment

__all__ = ["Entry", "Guide", "Question", "Sample"]

# What a limit is called on the page; the names end in their units.
LIMIT_WORDS = {
    "cpu_s": "seconds of CPU",
    "wall_s": "seconds by the clock",
    "memory_mb": "MiB of memory",
    "output_kb": "KiB of printed text",
    "reply_mb": "MiB in one reply",
    "file_mb": "MiB in one file",
    "scratch_mb": "MiB of files together",
    "cell_s": "seconds of CPU for a cell",
}
VISIBLE = {
    "visible": "as soon as it is graded",
    "hidden": "never",
    "after_due_date": "after the due date",
    "after_published": "when grades are published",
}


@dataclass(frozen=True)
class Entry:
    """One check, as staff read of it.

    Attributes:
        check: as its author declared it.
        criteria: what it asks for, in order; none where a person grades.
        mistakes: sentences that a student may read of a typical mistake, each with the findings
            that show it.
        draws: how many secret inputs it is recorded for.
        visible: when students see what came of it.
    """

    check: Check
    criteria: tuple[Criterion, ...]
    mistakes: Mapping[str, tuple[str, ...]]
    draws: int
    visible: str

    @property
    def why(self) -> list[str]:
        """The paragraphs of its docstring below the title: why it looks at what it looks at."""
        text = inspect.getdoc(self.check.function) if self.check.function else ""
        rest = (text or "").partition("\n")[2].strip()
        return [" ".join(part.split()) for part in rest.split("\n\n") if part.strip()]

    @property
    def limits(self) -> list[str]:
        """Its limits that differ from the assignment's, in words."""
        return [f"{value} {LIMIT_WORDS[name]}" for name, value in self.check.limits]

    @property
    def terms(self) -> Iterator[tuple[str, str]]:
        """What else holds for it: a word and what it is."""
        check = self.check
        yield "students see it", self.visible
        if check.needs:
            yield "needs", f"{', '.join(check.needs)}; where one earned nothing, this is skipped"
        if check.follows:
            share = f"what is right given the student's own {', '.join(check.layers)}"
            yield "follows", f"{', '.join(check.follows)}; {share} earns {check.follow:g}"
        if check.tags:
            yield "tags", ", ".join(check.tags)
        if self.limits:
            yield "limits", ", ".join(self.limits)
        if self.draws > 1:
            yield "inputs", f"one of {self.draws} secret draws, picked by the submission"
        if not check.hints:
            yield "hints", "for staff alone"


@dataclass(frozen=True)
class Question:
    """A question and its checks.

    Attributes:
        name: as in the release.
        entries: in the order of the suite.
    """

    name: str
    entries: tuple[Entry, ...]

    @property
    def points(self) -> float:
        """What it adds to the points that can be reached."""
        return math.fsum(entry.check.maximum for entry in self.entries)

    @property
    def bonus(self) -> float:
        """What it may earn on top."""
        return math.fsum(entry.check.points for entry in self.entries) - self.points

    @property
    def graded_by(self) -> str:
        """Who grades it."""
        by_hand = [entry.check.function is None for entry in self.entries]
        return "a person" if all(by_hand) else "both" if any(by_hand) else "the grader"


@dataclass(frozen=True)
class Sample:
    """A made-up submission with a typical mistake.

    Attributes:
        name: says what is wrong.
        start: what it is made from.
        left_out: files that it lacks.
        edits: for each change the file, the text and what stands there instead.
    """

    name: str
    start: str
    left_out: tuple[str, ...] = ()
    edits: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Guide:
    """All that the page says.

    Attributes:
        assignment: which one.
        suites: hidden and public checks, each with its recording, by name.
        criteria: for each suite what each check asks for.
        known: the typical mistakes that a failed check can name.
        samples: the sample class.
        notes: further parts, as a title and safe HTML each.
    """

    assignment: Assignment
    suites: Mapping[str, tuple[Suite, Recording]]
    criteria: Mapping[str, Mapping[str, tuple[Criterion, ...]]]
    known: Known
    samples: Sequence[Sample] = ()
    notes: Sequence[tuple[str, str]] = ()

    @property
    def questions(self) -> list[Question]:
        """The questions that hidden checks or a person grade, in order."""
        entries = list(self._entries("checks"))
        names = dict.fromkeys(entry.check.question for entry in entries)
        return [
            Question(name, tuple(entry for entry in entries if entry.check.question == name))
            for name in names
        ]

    @property
    def public(self) -> list[Entry]:
        """The checks that students have."""
        return list(self._entries("public"))

    @property
    def limits(self) -> list[tuple[str, str]]:
        """What a check may use unless it says otherwise: a number and its unit."""
        given = self.assignment.limits
        return [(str(getattr(given, f.name)), LIMIT_WORDS[f.name]) for f in fields(Limits)]

    def page(self) -> str:
        """Return the page: self-contained, without scripts, all text escaped but the notes."""
        from autograder.report import template  # noqa: PLC0415 - it brings jinja2
        from gradlab import __version__  # noqa: PLC0415 - gradlab offers suites, from here

        return template("guide.html.j2").render(guide=self, version=__version__)

    def _entries(self, name: str) -> Iterator[Entry]:
        suite, recording = self.suites[name]
        for check in suite.checks:
            criteria = self.criteria[name].get(check.name, ())
            draws = len(recording.checks.get(check.name, ()))
            by_default = self.assignment.gradescope.visibility
            word = by_default if check.visibility == "visible" else check.visibility
            mistakes = self._mistakes(check.name, criteria) if name == "checks" else {}
            yield Entry(check, criteria, mistakes, draws, VISIBLE[word])

    def _mistakes(self, check: str, criteria: Sequence[Criterion]) -> dict[str, tuple[str, ...]]:
        """Return the sentences of a check, each with the findings that show the mistake."""
        found: dict[str, dict[str, None]] = {}
        for item in criteria:
            for sentence in item.typical:
                found.setdefault(sentence, {})[item.name] = None
        for finding, mistakes in self.known.checks.get(check, {}).items():
            for mistake in mistakes:
                found.setdefault(mistake.sentence, {})[finding] = None
        return {sentence: tuple(names) for sentence, names in found.items()}
