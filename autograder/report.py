"""What staff read of a class: a table in the terminal, a gradebook, a page."""

from __future__ import annotations

import csv
import io
import math
import tempfile
import unicodedata
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from autograder.recording import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from jinja2 import Template
    from markupsafe import Markup

    from autograder.outcome import Outcome, Results
    from gradlab.course import Assignment

__all__ = ["Cell", "Report", "gradebook", "page", "table", "template"]


NOT_ASKED = "-"  # a question that other editions have
BETWEEN = "  "  # columns
LEAST_NAME = 16  # columns of a terminal that a name may take in any case
TAIL = 6  # letters at a name's end, which may tell it from others


@dataclass(frozen=True)
class Cell:
    """One question of one submission, in a table.

    Attributes:
        status: a word of `autograder.status.STATUSES`, or `NOT_ASKED`.
        score: the points earned.
        points: the points that the question is worth.
        scored: whether all of it has a number.
    """

    status: str
    score: float
    points: float
    scored: bool

    def __str__(self) -> str:
        return f"{self.score:g} {self.status}" if self.scored and self.asked else self.status

    @property
    def asked(self) -> bool:
        """Whether the submission's edition has the question."""
        return self.status != NOT_ASKED


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
        points=math.fsum(outcome.check.maximum for outcome in outcomes),
        scored=all(outcome.scored for outcome in outcomes),
    )


def _status(outcomes: Sequence[Outcome]) -> str:
    words = list(dict.fromkeys(outcome.status for outcome in outcomes)) or [NOT_ASKED]
    if len(words) == 1:
        return words[0]
    if "broken" in words:
        return "broken"
    if any(outcome.credit for outcome in outcomes):
        return "partial"
    return next((word for word in words if word != "missed"), "missed")


def table(results: Sequence[Results], width: int = 0) -> str:
    """Return the class as text: a line for each submission, a column for each question.

    A total of `18/22 +6?` means 18 of 22 points, and 6 more that wait for a person.

    Args:
        results: of the class.
        width: columns of the terminal: what does not fit stands below, again with the names; 0 for
            any width.
    """
    names = questions(results)
    worth = {name: max(cell(result, name).points for result in results) for name in names}
    rows = [["submission", "total", *(f"{name}/{worth[name]:g}" for name in names)]]
    for result in results:
        who = _fitted(result.submission, max(width // 3, LEAST_NAME) if width else 0)
        rows.append([who, _total(result), *(str(cell(result, name)) for name in names)])
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    blocks = [_block(rows, columns, widths) for columns in _broken(widths, width)]
    late = f"{results[0].waiting:g}"
    legend = [f"(+{late}? are {late} points that wait for a person)"] if results[0].waiting else []
    return "\n".join(["\n\n".join(blocks), *legend])


def _total(result: Results) -> str:
    waiting = f"+{result.waiting:g}?" if result.waiting else ""
    points = f"{result.score:g}/{result.possible:g}"
    return " ".join(filter(None, [points, waiting, result.condition]))


def _broken(widths: Sequence[int], most: int) -> list[list[int]]:
    """Return the columns of each block; each has the first, which holds the names."""
    blocks = [[0]]
    for column in range(1, len(widths)):
        used = sum(widths[c] + len(BETWEEN) for c in blocks[-1])
        if most and len(blocks[-1]) > 1 and used + widths[column] > most:
            blocks.append([0])
        blocks[-1].append(column)
    return blocks


def _block(rows: Sequence[Sequence[str]], columns: Sequence[int], widths: Sequence[int]) -> str:
    lines = [BETWEEN.join(_padded(row[c], widths[c]) for c in columns).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * max(map(_width, lines)), *lines[1:]])


def _width(text: str) -> int:
    """Return the columns of a terminal that a text takes; Chinese letters take two."""
    marks = sum(unicodedata.category(c) in ("Mn", "Me") for c in text)
    return len(text) + sum(unicodedata.east_asian_width(c) in "WF" for c in text) - marks


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _fitted(text: str, width: int) -> str:
    """Return a text, its middle left out where it is wider than it may be."""
    if not width or _width(text) <= width:
        return text
    head, tail = text, text[-TAIL:]
    while _width(head) + len("...") + _width(tail) > width:
        head = head[:-1]
    return f"{head}...{tail}"


def gradebook(results: Sequence[Results]) -> str:
    """Return the class as CSV; a check that waits for a person has an empty cell.

    There are addresses where a site's download has them.
    """
    checks = {o.check.name: o.check for r in results for o in r.outcomes if o.check.points}
    emails = ["email"] if any(result.email for result in results) else []
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    who = ["submission", "name", *emails]
    writer.writerow([*who, *map(defused, checks), "total", "possible", "waiting", "finished"])
    for result in results:
        scores = {o.check.name: o.score for o in result.outcomes if o.scored}
        row = [f"{scores[name]:g}" if name in scores else "" for name in checks]
        ends = [f"{number:g}" for number in (result.score, result.possible, result.waiting)]
        whose = [result.submission, result.name, *([result.email] if emails else [])]
        finished = "yes" if result.finished else "no"
        writer.writerow([*map(defused, whose), *row, *ends, finished])
    return text.getvalue()


def defused(text: str) -> str:
    """Return a text that a spreadsheet does not take for a formula.

    Source: OWASP, "CSV Injection".
    """
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@")) else text


class Report:
    """The class's page as it grows: sections wait on disk, so that memory does not.

    Args:
        assignment: what was graded.

    Attributes:
        notes: what staff should know of the class as a whole.
    """

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self.notes: list[str] = []
        self._sections = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._places: dict[str, tuple[int, int]] = {}

    def add(self, result: Results) -> None:
        """Keep the section of one submission."""
        text = template("section.html.j2").render(result=result).encode()
        self._places[result.submission] = (self._sections.seek(0, io.SEEK_END), len(text))
        self._sections.write(text)

    def write(self, results: Sequence[Results], out: Path) -> Iterator[Path]:
        """Write `gradebook.csv` and `report.html` into `out`; yield their paths."""
        write_atomically(out / "gradebook.csv", gradebook(results).encode())
        yield out / "gradebook.csv"
        write_atomically(out / "report.html", (part.encode() for part in self.parts(results)))
        yield out / "report.html"

    def parts(self, results: Sequence[Results]) -> Iterator[str]:
        """Yield the page: self-contained, without scripts, all text escaped."""
        from gradlab import __version__  # noqa: PLC0415 - gradlab offers suites, from here

        names = questions(results)
        rows = [(result, [cell(result, name) for name in names]) for result in results]
        page = template("report.html.j2")
        sections = map(self._section, results)
        given = {"assignment": self._assignment, "questions": names, "version": __version__}
        yield from page.generate(**given, notes=self.notes, rows=rows, sections=sections)

    def close(self) -> None:
        """Forget the sections."""
        self._sections.close()

    def _section(self, result: Results) -> Markup:
        from markupsafe import Markup  # noqa: PLC0415 - comes with jinja2

        start, length = self._places.get(result.submission, (0, 0))
        self._sections.seek(start)
        return Markup(self._sections.read(length).decode())  # noqa: S704 - rendered by us


@cache
def template(name: str) -> Template:
    """Return one of our templates; it escapes all text."""
    import jinja2  # noqa: PLC0415 - only a report needs it

    loader = jinja2.PackageLoader("autograder")
    settings = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    return settings.get_template(name)


def page(assignment: Assignment, results: Sequence[Results]) -> str:
    """Return the report of a few submissions as text."""
    with closing(Report(assignment)) as report:
        for result in results:
            report.add(result)
        return "".join(report.parts(results))
