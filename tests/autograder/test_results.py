"""Results in Gradescope's form, the gradebook and the page."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from autograder.expect import Judge
from autograder.finding import Leader, Wanted
from autograder.outcome import Outcome, Results, judged, skipped
from autograder.report import cell, gradebook, page, table
from autograder.suite import VISIBILITIES, Check
from gradlab.course import Course
from gradlab.errors import StudentFault

if TYPE_CHECKING:
    from pathlib import Path

    from gradlab.course import Assignment

EVIL = '<script>alert(1)</script>"\x1b[31m\n=cmd()'


def check(name: str = "forward", points: float = 4, question: str = "affine") -> Check:
    return Check(name, f"{name} is right", points, question, None)


def results(*outcomes: Outcome) -> Results:
    return Results("ada", list(outcomes), finished=True)


EARNED = Outcome(check(), "earned", Fraction(1))
THIRD = Outcome(check("backward", 2), "partial", Fraction(1, 3), "dw: too far", "seed 7")
WRITTEN = Outcome(check("why", 3, "why"), "needs a person", staff="1 point each")
BROKEN = Outcome(check("train", 5, "train"), "broken", staff="Traceback ...")


class TestResults:
    def test_fields_are_the_contracts(self) -> None:
        written = results(EARNED, THIRD).table()
        assert written["score"] == 4.667
        assert written["tests"][0] == {
            "number": "1",
            "name": "forward is right",
            "output": "All of this is right.",
            "output_format": "text",
            "tags": ["affine"],
            "extra_data": {"check": "forward", "status": "earned"},
            "score": 4.0,
            "max_score": 4.0,
            "status": "passed",
        }
        assert written["tests"][1]["status"] == "failed"
        assert "dw: too far" in written["tests"][1]["output"]

    def test_what_waits_for_a_person_has_no_number(self) -> None:
        graded = results(EARNED, WRITTEN, BROKEN)
        for test in graded.table()["tests"][1:]:
            assert not {"score", "max_score", "status"} & test.keys()
        assert graded.summary == "Graded so far: 4 of 4 points; 8 points wait for staff."
        assert graded.broken

    def test_staff_text_is_not_in_the_students_file(self, tmp_path: Path) -> None:
        results(THIRD, BROKEN).write(tmp_path)
        student = (tmp_path / "results.json").read_text()
        assert "seed 7" not in student
        assert "Traceback" not in student
        staff = json.loads((tmp_path / "staff.json").read_text())
        assert staff["checks"] == {"backward": "seed 7", "train": "Traceback ..."}

    def test_unfinished_results_say_so_and_are_valid(self, tmp_path: Path) -> None:
        Results("ada").write(tmp_path)
        written = json.loads((tmp_path / "results.json").read_text())
        assert written["score"] == 0
        assert "did not finish" in written["output"]

    def test_hostile_text_stays_json(self, tmp_path: Path) -> None:
        results(Outcome(check(), "raised", message=EVIL + "\ud800")).write(tmp_path)
        test = json.loads((tmp_path / "results.json").read_text())["tests"][0]
        assert "\x1b" not in test["output"]
        assert "<script>" in test["output"]  # the format is text: nothing interprets it


class TestDeclared:
    @staticmethod
    def declared(name: str, **said: Any) -> Check:
        return replace(check(name), **said)

    def test_bonus_points_come_on_top(self) -> None:
        bonus = self.declared("bonus", bonus=True, points=2)
        graded = results(EARNED, Outcome(bonus, "earned", Fraction(1)))
        assert (graded.score, graded.possible) == (6, 4)
        test = graded.table()["tests"][1]
        assert (test["score"], test["max_score"]) == (2, 0)
        assert cell(graded, "affine").points == 4

    @pytest.mark.parametrize("visibility", VISIBILITIES)
    def test_visibility_and_tags_are_gradescopes(self, visibility: str) -> None:
        hidden = self.declared("hidden", visibility=visibility, tags=("layer", "hard"))
        test = results(Outcome(hidden, "missed")).table()["tests"][0]
        assert test.get("visibility", "visible") == visibility
        assert test["tags"] == ["affine", "layer", "hard"]

    def test_the_leaderboard(self) -> None:
        leaders = (Leader("accuracy", 0.5), Leader("seconds", 2.0, "asc"))
        graded = results(replace(EARNED, leaders=leaders), THIRD)
        assert graded.table()["leaderboard"] == [
            {"name": "accuracy", "value": 0.5, "order": "desc"},
            {"name": "seconds", "value": 2.0, "order": "asc"},
        ]
        assert "leaderboard" not in results(EARNED).table()

    def test_what_builds_on_a_failed_check_is_skipped(self) -> None:
        needy = self.declared("needy", needs=("forward", "backward"))
        failed = Outcome(check("backward"), "missed")
        outcome = skipped(needy, {"forward": EARNED, "backward": failed})
        assert outcome is not None
        assert (outcome.status, outcome.score) == ("skipped", 0)
        assert "a question that failed: backward is right" in outcome.text

    @pytest.mark.parametrize("other", [EARNED, THIRD, BROKEN, WRITTEN])
    def test_nothing_else_rules_a_check_out(self, other: Outcome) -> None:
        needy = self.declared("needy", needs=(other.check.name,))
        assert skipped(needy, {other.check.name: other}) is None
        assert skipped(needy, {}) is None

    @pytest.mark.parametrize("hints", [True, False])
    def test_hints_reach_students_or_staff_alone(self, *, hints: bool) -> None:
        judge = Judge([Wanted("x", 1, [2.0, 4.0], ("max_abs", 0.1)), Wanted("y", 3)])
        judge.close({"x": np.array([4.0, 8.0])}, max_abs=0.1)
        outcome = judged(self.declared("c", hints=hints), judge, None, "seed 7")
        assert ("2 times too large" in outcome.message) is hints
        assert ("2 times too large" in outcome.staff) is not hints
        assert "x: largest absolute error" in outcome.message
        assert "wanted" not in outcome.message
        assert "wanted 4.0" in outcome.staff
        assert outcome.status == "missed"

    def test_a_fault_keeps_what_was_earned_before(self) -> None:
        judge = Judge([Wanted("x", 1, 2.0, ("max_abs", 0.1)), Wanted("y", 3, 1.0)])
        judge.close({"x": 2.0}, max_abs=0.1)
        outcome = judged(check(), judge, StudentFault("raised", "KeyError: 'W1'"), "")
        assert (outcome.status, outcome.credit) == ("raised", Fraction(1, 4))
        assert "KeyError" in outcome.message


class TestCell:
    @pytest.mark.parametrize(
        ("outcomes", "status"),
        [
            ([EARNED], "earned"),
            ([EARNED, THIRD], "partial"),
            ([Outcome(check(), "missed"), Outcome(check("b"), "raised")], "raised"),
            ([EARNED, Outcome(check("b"), "broken")], "broken"),
        ],
    )
    def test_one_word_for_the_checks_of_a_question(
        self, outcomes: list[Outcome], status: str
    ) -> None:
        assert cell(results(*outcomes), "affine").status == status

    def test_checks_without_points_do_not_count(self) -> None:
        public = Outcome(check("public", 0), "missed")
        assert cell(results(public, EARNED), "affine").status == "earned"


def test_the_table_has_words_and_totals() -> None:
    lines = table([results(EARNED, THIRD, WRITTEN)]).splitlines()
    assert lines[0].split() == ["submission", "total", "affine/6", "why/3"]
    assert "4.667/6 +3?" in lines[2]
    assert "4.667 partial" in lines[2]
    assert "needs a person" in lines[2]


def test_the_gradebook_leaves_out_what_waits() -> None:
    rows = list(csv.DictReader(io.StringIO(gradebook([results(EARNED, BROKEN)]))))
    assert rows[0]["forward"] == "4"
    assert rows[0]["train"] == ""
    assert rows[0]["waiting"] == "5"


@pytest.fixture
def assignment(tmp_path: Path) -> Assignment:
    for name in ("assignments/demo", "solutions/demo_hw"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "course.toml").write_text("")
    text = f"title = {json.dumps(EVIL)}\npackage = 'demo_hw'\n"
    (tmp_path / "assignments/demo/assignment.toml").write_text(text)
    return Course.find(tmp_path).assignment("demo")


def test_the_page_escapes_everything(assignment: Assignment) -> None:
    graded = results(Outcome(check(), "raised", message=EVIL, staff=EVIL), WRITTEN)
    graded.notes = graded.staff = [EVIL]
    graded.name = graded.email = EVIL
    text = page(assignment, [graded])
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 8
    assert "default-src 'none'" in text


HOSTILE_NAMES = ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "a,b\nc", '"q"']


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_names_in_the_gradebook_are_no_formulas(name: str) -> None:
    graded = results(EARNED)
    graded.name = graded.email = name
    (row,) = csv.DictReader(io.StringIO(gradebook([graded]), newline=""))
    for field in ("name", "email"):
        assert row[field].removeprefix("'") == name
        assert row[field].lstrip()[0] not in "=+-@"


def test_the_gradebook_has_addresses_where_there_are_some() -> None:
    assert "email" not in gradebook([results(EARNED)]).splitlines()[0].split(",")


def test_wide_letters_take_two_columns_of_a_terminal() -> None:
    both = [results(EARNED), results(EARNED)]
    both[0].submission, both[1].submission = "李明李明", "abcdefgh"
    lines = table(both).splitlines()
    assert lines[2].index("4/4") == lines[3].index("4/4") - 4
