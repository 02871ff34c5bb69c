"""The results file in the site's form: what `Results` says, and what is known of the submission."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autograder.gradescope.metadata import Metadata
from autograder.outcome import Results, laid_out
from autograder.recording import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from autograder.outcome import Outcome
    from autograder.suite import Check
    from gradlab.course import Gradescope

__all__ = ["Sheet", "cut", "unfinished"]

RESULTS = "results.json"
MOST_OUTPUT, MOST_NAME = 10_000, 200  # characters of a text for students; of a name
MOST_STAFF = 20_000  # characters of what staff read of one check


@dataclass(frozen=True)
class Sheet:
    """What the site shows of a submission besides its results.

    Attributes:
        settings: the `[gradescope]` table.
        metadata: what the site said of the submission.
        checks: all that will be looked at, in order.
    """

    settings: Gradescope
    metadata: Metadata
    checks: tuple[Check, ...]

    def table(self, results: Results) -> dict[str, Any]:
        """Return the content of the results file."""
        table = results.table()
        table["output"] = cut("\n".join([*self._head(results), *results.notes]), MOST_OUTPUT)
        table["visibility"] = self.settings.visibility
        table["stdout_visibility"] = "hidden"
        table["extra_data"] |= self.metadata.table()
        table["tests"] = [_bounded(test) for test in table["tests"]]
        leaders = [row for row in table.pop("leaderboard", ()) if math.isfinite(row["value"])]
        return table | ({"leaderboard": leaders} if leaders else {})

    def write(self, folder: Path, results: Results) -> None:
        """Write the results file, at once."""
        write_atomically(folder / RESULTS, laid_out(self.table(results)))

    def warnings(self) -> Iterator[str]:
        """Yield what staff should know before the first check."""
        yield from self.metadata.problems
        worth = math.fsum(check.maximum for check in self.checks)
        stated = self.metadata.total_points
        if stated is not None and not math.isclose(stated, worth, abs_tol=1e-6):
            yield (
                f"the site says {stated:g} points, the checks and written questions are worth "
                f"{worth:g}; set one of them right"
            )

    def _head(self, results: Results) -> Iterator[str]:
        yield results.summary
        if not results.finished and results.outcomes:
            parts = f"{len(results.outcomes)} of {len(self.checks)} parts were graded"
            yield f"{parts}: {results.score:g} of {results.possible:g} points."
        if self.metadata.lateness:
            yield self.metadata.lateness


def unfinished(settings: Gradescope) -> bytes:
    """Return the results file of a submission that nobody has looked at yet."""
    return laid_out(Sheet(settings, Metadata(), ()).table(Results("")))


def for_staff(outcome: Outcome) -> str:
    """Return what staff read of a check: on standard output, which only they see."""
    points = f"{outcome.score:g} of {outcome.check.maximum:g}" if outcome.scored else "no points"
    head = f"{outcome.check.name}: {outcome.status}, {points}, {outcome.seconds:.2f} s"
    lines = cut("\n".join(filter(None, [outcome.message, outcome.staff])), MOST_STAFF).splitlines()
    return "\n".join([head, *(f"    {line}" for line in lines)])


def cut(text: str, most: int) -> str:
    """Return a text, its end left out where it is longer than `most` characters."""
    return text if len(text) <= most else f"{text[:most]}\n[{len(text) - most} characters left out]"


def _bounded(test: dict[str, Any]) -> dict[str, Any]:
    return {**test, "name": test["name"][:MOST_NAME], "output": cut(test["output"], MOST_OUTPUT)}
