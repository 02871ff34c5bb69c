"""Results of earlier runs, read back from their folders, so that a class's tables stay whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from typing import TYPE_CHECKING, Any

from autograder.outcome import UNFINISHED, Outcome, Results
from autograder.status import STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from autograder.suite import Check

__all__ = ["Earlier"]

MOST_BYTES = 64 << 20  # of one file
AGAIN = "grade it again, or remove its folder"


class _StrangeError(Exception):
    """Results that cannot stand beside new ones; the message says why."""


@dataclass(frozen=True)
class Earlier:
    """What earlier runs left in the folder of a class.

    Attributes:
        out: the class's folder.
        assignment: the assignment's name.
        editions: the checks of each edition, in turn: results must have one's, with their points.
    """

    out: Path
    assignment: str
    editions: Sequence[Sequence[Check]]

    def results(self, without: set[str]) -> Iterator[Results | str]:
        """Yield the results of submissions that were not graded now, or why they are left out.

        Args:
            without: names of the folders of those that were.
        """
        for path in sorted(self.out.glob("*/results.json")):
            if path.parent.name not in without:
                try:
                    yield self._read(path.parent)
                except _StrangeError as error:
                    yield f"{path.parent} is not in gradebook and report: {error}; {AGAIN}"

    def _read(self, folder: Path) -> Results:
        table = _table(folder / "results.json")
        try:
            return self._results(folder, table)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            raise _StrangeError("its results.json does not read as gradlab writes it") from None

    def _results(self, folder: Path, table: Mapping[str, Any]) -> Results:
        extra = table["extra_data"]
        if (whose := extra.get("assignment", self.assignment)) != self.assignment:
            raise _StrangeError(f"it was graded as {ascii(whose)[1:-1][:80]}")
        summary, *notes = str(table["output"]).split("\n")
        finished = summary != UNFINISHED
        staff = _table(folder / "staff.json") if finished else {}
        # Without a name in it, only its checks say that it belongs here.
        whole = finished or "assignment" not in extra
        outcomes = self._outcomes(table["tests"], staff.get("checks", {}), whole=whole)
        return Results(
            submission=folder.name,
            outcomes=outcomes,
            notes=notes,
            staff=["Graded in an earlier run.", *map(str, staff.get("notes", ()))],
            finished=finished,
            seconds=float(table["execution_time"]),
            level=str(extra["level"]),
            figures=tuple((str(cell), str(file)) for cell, file in staff.get("figures", ())),
            name=str(extra.get("handed_in_as", folder.name)),
            email=str(staff.get("email", "")),
            assignment=self.assignment,
        )

    def _outcomes(
        self, tests: Sequence[Mapping[str, Any]], staff: Mapping[str, str], *, whole: bool
    ) -> list[Outcome]:
        """Return what came of the checks.

        Args:
            tests: as they stand in `results.json`.
            staff: what staff read, by check.
            whole: whether all checks of an edition must be there.
        """
        found = [test["extra_data"]["check"] for test in tests]
        for checks in self.editions:
            graded = checks if whole else checks[: len(found)]
            if found and found == [check.name for check in graded]:
                rows = zip(graded, tests, strict=True)
                return [
                    _outcome(check, test, str(staff.get(check.name, ""))) for check, test in rows
                ]
        if found or whole:
            raise _StrangeError("it was graded with other checks")
        return []


def _outcome(check: Check, test: Mapping[str, Any], staff: str) -> Outcome:
    status = STATUSES[test["extra_data"]["status"]]
    text = str(test["output"]).removeprefix(status.student).removeprefix("\n")
    credit = _credit(check, test) if status.scored else Fraction(0)
    return Outcome(check, status.word, credit, text, staff)


def _credit(check: Check, test: Mapping[str, Any]) -> Fraction:
    score, points = float(test["score"]), Fraction(check.points).limit_denominator(1000)
    if float(test["max_score"]) != check.maximum or not isfinite(score):
        raise _StrangeError(f"{check.name} is worth other points now")
    if not points:
        return Fraction(test["status"] == "passed")
    credit = Fraction(score).limit_denominator(1000) / points
    if not 0 <= credit <= 1:
        raise _StrangeError(f"{check.name} is worth other points now")
    return credit


def _table(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            table = json.loads(file.read(MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        raise _StrangeError(f"its {path.name} cannot be read") from None
    if not isinstance(table, dict):
        raise _StrangeError(f"its {path.name} is not what gradlab writes")
    return table
