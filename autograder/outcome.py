"""What came of a check, and the results of a submission in Gradescope's form."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from autograder.recording import write_atomically
from autograder.status import STATUSES

if TYPE_CHECKING:
    from pathlib import Path

    from autograder.expect import Finding
    from autograder.suite import Check

__all__ = ["Outcome", "Results", "plain"]


UNPRINTABLE = re.compile(r"[^\n\t\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]")


def plain(text: str) -> str:
    """Return a text without what would steer a terminal or break a file."""
    return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


@dataclass(frozen=True)
class Outcome:
    """What came of one check.

    Attributes:
        check: as its author declared it.
        status: a word of `autograder.status.STATUSES`.
        credit: the share of the points, in [0, 1].
        message: what the student reads, below the status's own sentence.
        staff: what only staff read.
        findings: what was looked at.
        seconds: wall-clock time.
    """

    check: Check
    status: str
    credit: Fraction = Fraction(0)
    message: str = ""
    staff: str = ""
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0

    def __post_init__(self) -> None:
        for name in ("message", "staff"):
            object.__setattr__(self, name, plain(getattr(self, name)))

    @property
    def scored(self) -> bool:
        """Whether the outcome has a number; otherwise it waits for a person."""
        return STATUSES[self.status].scored

    @property
    def score(self) -> float:
        """The points earned, rounded to a thousandth; 0 while it waits for a person."""
        if not self.scored:
            return 0.0
        return round(float(self.credit * Fraction(self.check.points).limit_denominator(1000)), 3)

    @property
    def text(self) -> str:
        """What the student reads, in whole sentences."""
        return "\n".join(filter(None, [STATUSES[self.status].student, self.message]))

    @property
    def for_staff(self) -> str:
        """What staff read, the status's own sentence first."""
        return f"{STATUSES[self.status].staff}\n{self.staff}".strip()


@dataclass
class Results:
    """The results of one submission; written after every check.

    Attributes:
        submission: its id.
        outcomes: so far.
        notes: what the student should know about the files.
        staff: what only staff should know.
        finished: whether every check had its turn.
        seconds: wall-clock time.
    """

    submission: str
    outcomes: list[Outcome] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    staff: list[str] = field(default_factory=list)
    finished: bool = False
    seconds: float = 0.0

    @property
    def score(self) -> float:
        """The points earned so far."""
        return round(math.fsum(outcome.score for outcome in self.outcomes), 3)

    @property
    def possible(self) -> float:
        """The points that could have been earned by what was graded so far."""
        return math.fsum(outcome.check.points for outcome in self.outcomes if outcome.scored)

    @property
    def waiting(self) -> float:
        """The points that wait for a person."""
        return math.fsum(outcome.check.points for outcome in self.outcomes if not outcome.scored)

    @property
    def broken(self) -> bool:
        """Whether the grader failed somewhere."""
        return not self.finished or any(outcome.status == "broken" for outcome in self.outcomes)

    @property
    def summary(self) -> str:
        """The first line that a student reads."""
        if not self.finished:
            return "Grading did not finish. This is not your fault; your teachers can run it again."
        line = f"Graded so far: {self.score:g} of {self.possible:g} points"
        return line + (f"; {self.waiting:g} points wait for staff." if self.waiting else ".")

    def table(self) -> dict[str, Any]:
        """Return the content of `results.json`: finite numbers, plain text, nothing for staff."""
        return {
            "score": self.score,
            "execution_time": round(self.seconds, 3),
            "output": "\n".join([self.summary, *self.notes]),
            "output_format": "text",
            "visibility": "visible",
            "tests": [_test(number, item) for number, item in enumerate(self.outcomes, 1)],
        }

    def write(self, folder: Path) -> None:
        """Write `results.json`, and `staff.json` beside it, each at once."""
        staff = {outcome.check.name: outcome.staff for outcome in self.outcomes if outcome.staff}
        for name, table in (
            ("results.json", self.table()),
            ("staff.json", {"notes": self.staff, "checks": staff}),
        ):
            text = json.dumps(table, indent=1, allow_nan=False, ensure_ascii=True)
            write_atomically(folder / name, (text + "\n").encode())


def _test(number: int, outcome: Outcome) -> dict[str, Any]:
    test: dict[str, Any] = {
        "number": str(number),
        "name": outcome.check.title,
        "output": outcome.text,
        "output_format": "text",
        "tags": [outcome.check.question],
        "extra_data": {"check": outcome.check.name, "status": outcome.status},
    }
    if outcome.scored:
        right = outcome.status == "earned"
        test |= {"score": outcome.score, "max_score": float(outcome.check.points)}
        test |= {"status": "passed" if right else "failed"}
    return test
