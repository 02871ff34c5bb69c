"""The results file: as the site reads it, whatever students made of their submission."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from autograder.finding import Leader
from autograder.gradescope.metadata import Metadata, Submitter
from autograder.gradescope.sheet import Sheet, for_staff, unfinished
from autograder.outcome import Outcome, Results
from autograder.suite import VISIBILITIES as OF_CHECKS
from autograder.suite import Check
from gradlab.cli.schema import problems, read_strictly
from gradlab.course import VISIBILITIES, Gradescope

if TYPE_CHECKING:
    from pathlib import Path

CHECK = Check("loss", "The loss is right", 2, "q1", function=lambda: None)
ODD = "\x00\x1b[31m\ud800\u202e<b>&amp;\U0001f600\x85\r\n\ufdd0"


def sheet(*checks: Check, metadata: Metadata | None = None, **settings: Any) -> Sheet:
    return Sheet(Gradescope(**settings), metadata or Metadata(), checks or (CHECK,))


def written(folder: Path, outcomes: list[Outcome], one: Sheet | None = None, **known: Any) -> Any:
    """Write results and return them; they must be as the schema says."""
    results = Results("7", outcomes, **{"finished": True, "level": "full", **known})
    (one or sheet()).write(folder, results)
    table = read_strictly((folder / "results.json").read_bytes())
    assert problems(table) == []
    return table


@pytest.mark.parametrize(
    "status", ["earned", "partial", "missed", "needs a person", "broken", "timed out"]
)
def test_every_status_is_as_it_must_be(tmp_path: Path, status: str) -> None:
    table = written(tmp_path, [Outcome(CHECK, status, Fraction(1, 3))])
    (test,) = table["tests"]
    assert ("score" in test) == (status not in ("needs a person", "broken"))
    assert test["extra_data"] == {"check": "loss", "status": status}


def test_odd_characters(tmp_path: Path) -> None:
    check = replace(CHECK, tags=("plot",))
    table = written(tmp_path, [Outcome(check, "missed", message=ODD)], notes=[])
    assert "\x1b" not in table["tests"][0]["output"]
    assert table["tests"][0]["tags"] == ["q1", "plot"]


def test_huge_outputs_are_cut(tmp_path: Path) -> None:
    table = written(tmp_path, [Outcome(CHECK, "missed", message="x" * 10_000_000)])
    assert (tmp_path / "results.json").stat().st_size < 20_000
    assert "characters left out" in table["tests"][0]["output"]


def test_two_hundred_tests(tmp_path: Path) -> None:
    table = written(tmp_path, [Outcome(CHECK, "earned", Fraction(1))] * 200)
    assert (len(table["tests"]), table["score"]) == (200, 400)
    assert "leaderboard" not in table


def test_leaders_that_are_no_numbers_are_left_out(tmp_path: Path) -> None:
    leaders = (Leader("a", math.nan), Leader("b", math.inf), Leader("c", 0.5, "asc"))
    table = written(tmp_path, [Outcome(CHECK, "earned", Fraction(1), leaders=leaders)])
    assert table["leaderboard"] == [{"name": "c", "value": 0.5, "order": "asc"}]


@pytest.mark.parametrize("visibility", VISIBILITIES)
def test_visibility_is_the_assignments_where_a_check_has_none(
    tmp_path: Path, visibility: str
) -> None:
    outcomes = [Outcome(CHECK, "earned"), Outcome(replace(CHECK, visibility="hidden"), "earned")]
    table = written(tmp_path, outcomes, sheet(visibility=visibility))
    assert table["visibility"] == visibility
    assert [test.get("visibility") for test in table["tests"]] == [None, "hidden"]


def test_settings_and_checks_know_the_same_visibilities() -> None:
    assert VISIBILITIES == OF_CHECKS


def test_staff_text_is_only_on_standard_output(tmp_path: Path) -> None:
    outcome = Outcome(CHECK, "missed", message="off by 2", staff="wanted 3.5")
    text = json.dumps(written(tmp_path, [outcome]))
    assert "wanted 3.5" not in text
    assert "wanted 3.5" in for_staff(outcome)
    assert json.loads(text)["stdout_visibility"] == "hidden"


def test_what_is_not_finished_says_how_far_it_is(tmp_path: Path) -> None:
    table = written(
        tmp_path, [Outcome(CHECK, "earned", Fraction(1))], sheet(CHECK, CHECK), finished=False
    )
    assert "This is not your fault" in table["output"]
    assert "1 of 2 parts were graded: 2 of 2 points." in table["output"]


def test_the_first_results_file_of_all() -> None:
    table = read_strictly(unfinished(Gradescope(visibility="hidden")))
    assert problems(table) == []
    assert table["output"].startswith("Grading did not finish.")
    assert table["visibility"] == "hidden"


def test_lateness_is_said_and_takes_nothing(tmp_path: Path) -> None:
    late = Metadata("9", (Submitter("1", 3600.0),))
    table = written(tmp_path, [Outcome(CHECK, "earned", Fraction(1))], sheet(metadata=late))
    assert "Handed in 1 hour after the due date" in table["output"]
    assert table["score"] == 2
    assert table["extra_data"]["users"] == [{"id": "1", "late_s": 3600.0}]


@pytest.mark.parametrize(("points", "warned"), [(2.0, False), (3.0, True), (None, False)])
def test_staff_are_warned_of_another_total(points: float | None, warned: bool) -> None:  # noqa: FBT001
    found = list(sheet(metadata=Metadata(total_points=points)).warnings())
    assert any("the site says 3 points" in text for text in found) == warned


# Each of these is wrong in one place.
WRONG: tuple[dict[str, Any], ...] = (
    {"score": None},
    {"score": True},
    {"score": -1},
    {"execution_time": "3"},
    {"output": "\x1b"},
    {"output": "x" * 20_000},
    {"visibility": "never"},
    {"stdout_visibility": "visible"},
    {"tests": {}},
    {"tests": [7]},
    {"tests": [{"number": "1"}]},
    {"unknown": 1},
    {"leaderboard": [{"name": "a", "value": "b", "order": "up"}]},
)


@pytest.mark.parametrize("change", WRONG, ids=str)
def test_the_schema_refuses_what_the_site_would_not_take(change: dict[str, Any]) -> None:
    table = {**json.loads(unfinished(Gradescope())), **change}
    found = problems(table)
    assert found
    assert all(line.startswith("$") and line.isprintable() and len(line) <= 200 for line in found)


@pytest.mark.parametrize("missing", ["score", "max_score", "status"])
def test_score_maximum_and_status_come_together(tmp_path: Path, missing: str) -> None:
    table = written(tmp_path, [Outcome(CHECK, "earned", Fraction(1))])
    del table["tests"][0][missing]
    assert problems(table)


@pytest.mark.parametrize("text", ['{"score": NaN}', '{"a": 1, "a": 2}', "{", '{"s": -Infinity}'])
def test_what_is_not_strict_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_strictly(text.encode())
