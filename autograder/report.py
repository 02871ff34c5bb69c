"""What staff read of a class: a table in the terminal, a gradebook, a page."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autograder.recording import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from autograder.outcome import Outcome, Results
    from gradlab.course import Assignment

__all__ = ["Cell", "gradebook", "table", "write_report"]


@dataclass(frozen=True)
class Cell:
    """One question of one submission, in a table.

    Attributes:
        status: a word of `autograder.status.STATUSES`.
        score: the points earned.
        points: the points that the question is worth.
        scored: whether all of it has a number.
    """

    status: str
    score: float
    points: float
    scored: bool

    def __str__(self) -> str:
        return f"{self.score:g} {self.status}" if self.scored else self.status


def questions(results: Sequence[Results]) -> list[str]:
    """Return the questions that are worth points, in the order of the suites."""
    names = (o.check.question for r in results for o in r.outcomes if o.check.points)
    return list(dict.fromkeys(names))


def cell(results: Results, question: str) -> Cell:
    """Return what came of a question's checks together; checks without points do not count."""
    outcomes = [o for o in results.outcomes if o.check.question == question and o.check.points]
    return Cell(
        status=_status(outcomes),
        score=round(math.fsum(outcome.score for outcome in outcomes), 3),
        points=math.fsum(outcome.check.points for outcome in outcomes),
        scored=all(outcome.scored for outcome in outcomes),
    )


def _status(outcomes: Sequence[Outcome]) -> str:
    words = list(dict.fromkeys(outcome.status for outcome in outcomes))
    if len(words) == 1:
        return words[0]
    if "broken" in words:
        return "broken"
    if any(outcome.credit for outcome in outcomes):
        return "partial"
    return next((word for word in words if word != "missed"), "missed")


def table(results: Sequence[Results]) -> str:
    """Return the class as text: a line for each submission, a column for each question.

    A total of `18/22 +6?` means 18 of 22 points, and 6 more that wait for a person.
    """
    names = questions(results)
    worth = {name: cell(results[0], name).points for name in names}
    rows = [["submission", "total", *(f"{name}/{worth[name]:g}" for name in names)]]
    for result in results:
        total = f"{result.score:g}/{result.possible:g}"
        total += f" +{result.waiting:g}?" if result.waiting else ""
        rows.append([result.submission, total, *(str(cell(result, name)) for name in names)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    legend = ["(+6? are 6 points that wait for a person)"] if rows[1][1].endswith("?") else []
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:], *legend])


def gradebook(results: Sequence[Results]) -> str:
    """Return the class as CSV; a check that waits for a person has an empty cell."""
    checks = {o.check.name: o.check for r in results for o in r.outcomes if o.check.points}
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["submission", *checks, "total", "possible", "waiting", "finished"])
    for result in results:
        scores = {o.check.name: o.score for o in result.outcomes if o.scored}
        row = [f"{scores[name]:g}" if name in scores else "" for name in checks]
        ends = [f"{number:g}" for number in (result.score, result.possible, result.waiting)]
        writer.writerow([result.submission, *row, *ends, "yes" if result.finished else "no"])
    return text.getvalue()


def write_report(assignment: Assignment, results: Sequence[Results], out: Path) -> Iterator[Path]:
    """Write `gradebook.csv` and `report.html` into `out`; yield their paths."""
    for name, text in (
        ("gradebook.csv", gradebook(results)),
        ("report.html", page(assignment, results)),
    ):
        write_atomically(out / name, text.encode())
        yield out / name


def page(assignment: Assignment, results: Sequence[Results]) -> str:
    """Return the report: one self-contained page, without scripts, all text escaped."""
    import jinja2  # noqa: PLC0415 - only a report needs it

    from gradlab import __version__  # noqa: PLC0415 - gradlab offers suites, which come from here

    loader = jinja2.PackageLoader("autograder")
    settings = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    names = questions(results)
    rows = [(result, [cell(result, name) for name in names]) for result in results]
    template = settings.get_template("report.html.j2")
    return template.render(assignment=assignment, questions=names, rows=rows, version=__version__)
