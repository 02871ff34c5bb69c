"""A class in its tables: names as they came, rows of earlier runs, what fits a terminal."""

from __future__ import annotations

import csv
import json
import shutil
from typing import TYPE_CHECKING

import pytest

from gradlab.cli import steps
from tests.gradlab.conftest import relu_course

if TYPE_CHECKING:
    from pathlib import Path

    from gradlab.cli.grading import Graded
    from gradlab.course import Assignment

RIGHT = "import numpy as np\n\ndef rectify(x):\n    return np.maximum(x, 0)\n"
WRONG = "def rectify(x):\n    return x\n"
EVIL = "=cmd|' <C calc'!A0"
CLASS = {
    "Jörg": RIGHT,
    "Jürg": WRONG,
    "李明": RIGHT,
    "王芳": WRONG,
    "a b": RIGHT,
    "a_b": WRONG,
    EVIL: RIGHT,
}


@pytest.fixture
def small(tmp_path: Path) -> Assignment:
    return relu_course(tmp_path, CLASS)


def grade(assignment: Assignment, *names: str) -> Graded:
    root = assignment.course.root
    paths = [root / "in" / name for name in names] or [root / "in"]
    return steps.grade(assignment, paths, root / "out", 2, require="split")


def rows(assignment: Assignment) -> dict[str, dict[str, str]]:
    with (assignment.course.root / "out/gradebook.csv").open(newline="", encoding="utf-8") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def totals(assignment: Assignment) -> dict[str, float]:
    return {name: float(row["total"]) for name, row in rows(assignment).items()}


def test_every_name_keeps_its_marks_and_its_letters(small: Assignment) -> None:
    grade(small)
    marks = totals(small)
    assert {name: mark > 0 for name, mark in marks.items()} == {
        (f"'{name}" if name == EVIL else name): text == RIGHT for name, text in CLASS.items()
    }
    folders = {name: row["submission"] for name, row in rows(small).items()}
    assert all(folders[name] == name for name in ("Jörg", "Jürg", "李明", "王芳", "a_b"))
    assert folders["a b"].startswith("a_b-")
    out = small.course.root / "out"
    staff = json.loads((out / folders["a b"] / "staff.json").read_text())
    assert staff["handed_in_as"] == "a b"
    page = (out / "report.html").read_text()
    assert "handed in as <bdi>a b</bdi>" in page
    assert "handed in as <bdi>Jörg</bdi>" not in page, "its folder says so"
    assert "&lt;C calc" in page
    assert "<C calc" not in page


def test_names_do_not_move_when_somebody_joins_or_leaves(small: Assignment) -> None:
    grade(small)
    before = {name: row["submission"] for name, row in rows(small).items()}
    for name in ("Jörg", "a_b", "李明"):
        shutil.rmtree(small.course.root / "in" / name)
    shutil.copytree(small.course.root / "in/王芳", small.course.root / "in/a  b")
    grade(small)
    after = {name: row["submission"] for name, row in rows(small).items()}
    assert {name: after[name] for name in before} == before
    assert after["a  b"] not in before.values()


def test_one_late_submission_leaves_the_others_rows(small: Assignment) -> None:
    grade(small)
    before, page = rows(small), (small.course.root / "out/report.html").read_text()
    shutil.copytree(small.course.root / "in/Jörg", small.course.root / "in/late")
    graded = grade(small, "late")
    after = rows(small)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"late"}
    assert "7 more of earlier runs" in graded.table
    assert "Jörg" not in graded.table
    new = (small.course.root / "out/report.html").read_text()
    assert new.count("<section") == page.count("<section") + 1
    assert new.count("All of this is right.") > page.count("All of this is right.")
    assert new.count("Graded in an earlier run.") == 7


def test_grading_one_again_replaces_its_row(small: Assignment) -> None:
    grade(small)
    before = totals(small)
    (module,) = (small.course.root / "in/Jürg").rglob("relu.py")
    module.write_text(RIGHT)
    grade(small, "Jürg")
    assert totals(small) == before | {"Jürg": before["Jörg"]}


STRANGE = {
    "no JSON": "{",
    "no table": "[]",
    "nothing in it": "{}",
    "of before": '{"score": 1, "output": "x", "extra_data": {"level": "full"}, "tests": []}',
    "another's": '{"output": "x", "extra_data": {"assignment": "knn", "level": ""}, "tests": []}',
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("case", STRANGE)
def test_results_that_do_not_belong_are_left_out_and_named(small: Assignment, case: str) -> None:
    grade(small, "Jörg", "Jürg")
    (small.course.root / "out/Jürg/results.json").write_text(STRANGE[case])
    graded = grade(small, "Jörg")
    assert set(totals(small)) == {"Jörg"}
    assert "Jürg is not in gradebook and report: " in graded.table
    assert "grade it again, or remove its folder" in graded.table
    assert "Jürg is not in gradebook" in (small.course.root / "out/report.html").read_text()


def test_results_of_other_checks_or_points_are_left_out(small: Assignment) -> None:
    grade(small, "Jörg", "Jürg", "李明")
    for name, old, new in (
        ("Jürg", '"max_score": 2', '"max_score": 9'),
        ("李明", '"check": "', '"check": "x'),
    ):
        path = small.course.root / "out" / name / "results.json"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
    graded = grade(small, "Jörg")
    assert set(totals(small)) == {"Jörg"}
    assert "is worth other points now" in graded.table
    assert "was graded with other checks" in graded.table


def test_results_of_before_names_were_kept_stay(small: Assignment) -> None:
    grade(small, "Jörg", "Jürg")
    before = totals(small)
    folder = small.course.root / "out/Jürg"
    table = json.loads((folder / "results.json").read_text())
    del table["extra_data"]["assignment"], table["extra_data"]["handed_in_as"]
    (folder / "results.json").write_text(json.dumps(table))
    (folder / "staff.json").write_text('{"notes": [], "checks": {}}')
    grade(small, "Jörg")
    assert totals(small) == before


def test_an_unfinished_row_stays_unfinished(small: Assignment) -> None:
    grade(small, "Jörg", "Jürg")
    path = small.course.root / "out/Jürg/results.json"
    table = json.loads(path.read_text())
    unfinished = "Grading did not finish. This is not your fault; your teachers can run it again."
    path.write_text(json.dumps(table | {"output": unfinished, "tests": table["tests"][:1]}))
    grade(small, "Jörg")
    assert rows(small)["Jürg"]["finished"] == "no"
    assert rows(small)["Jörg"]["finished"] == "yes"


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_the_table_fits_the_terminal(
    small: Assignment, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    long = small.course.root / "in" / ("x" * 70 + "-the-end")
    shutil.copytree(small.course.root / "in/Jörg", long)
    lines = grade(small).table.splitlines()
    assert max(map(len, lines)) <= columns
    assert any("x" in line and "he-end" in line for line in lines)


def test_submissions_of_one_name_stay_apart_whatever_their_order(small: Assignment) -> None:
    root = small.course.root
    shutil.make_archive(str(root / "in/Jürg"), "zip", root / "in/Jörg")
    shutil.copytree(root / "in/Jörg", root / "monday/eve")
    shutil.copytree(root / "in/Jürg", root / "tuesday/eve")
    found = []
    for paths in (["in", "monday", "tuesday"], ["tuesday", "in", "monday"]):
        steps.grade(small, [root / path for path in paths], root / "out", 2, require="split")
        with (root / "out/gradebook.csv").open(newline="", encoding="utf-8") as file:
            found.append({r["submission"]: (r["name"], r["total"]) for r in csv.DictReader(file)})
    assert found[0] == found[1]
    assert found[0]["Jürg"] == ("Jürg", "0")
    (other,) = (key for key, row in found[0].items() if row[0] == "Jürg.zip")
    assert other.startswith("Jürg-")
    eves = [key for key, row in found[0].items() if row[0] == "eve"]
    assert len(eves) == 2
    assert all(key.startswith("eve-") for key in eves)


def test_unreadable_is_not_empty_in_the_tables(small: Assignment) -> None:
    folder = small.course.root / "in"
    (folder / "broken.zip").write_bytes(b"PK\x03\x04")
    (folder / "nothing").mkdir()
    (folder / "report").mkdir()
    (folder / "report/hw.pdf").write_bytes(b"%PDF")
    lines = grade(small).table.splitlines()
    for name, words in (
        ("broken", "unreadable"),
        ("nothing", "empty"),
        ("report", "no file to grade"),
    ):
        assert any(line.startswith(name) and words in line for line in lines)
    page = (small.course.root / "out/report.html").read_text()
    assert "<small>unreadable</small>" in page
