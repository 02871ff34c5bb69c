"""The sample class: what each submission earns, and what its results say."""

from __future__ import annotations

import csv
import json
import math
from typing import TYPE_CHECKING, Any

import pytest

from gradlab.cli import sample, steps

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gradlab.course import Assignment

STATUSES = {
    "all-right": {
        "scores": "earned",
        "loss": "earned",
        "stable_loss": "earned",
        "gradients": "earned",
        "train_steps": "earned",
        "train_learns": "earned",
        "predict": "earned",
        "accuracy": "earned",
        "settings": "earned",
    },
    "empty-release": {
        "scores": "not implemented",
        "loss": "not implemented",
        "stable_loss": "not implemented",
        "gradients": "not implemented",
        "train_steps": "not implemented",
        "train_learns": "not implemented",
        "predict": "not implemented",
        "accuracy": "missing file",
        "settings": "missing file",
    },
    "partly-biases-regularised": {
        "loss": "earned",
        "gradients": "partial",
        "train_steps": "missed",
        "train_learns": "earned",
    },
    "partly-no-training-yet": {
        "loss": "earned",
        "stable_loss": "missed",
        "gradients": "earned",
        "train_steps": "missed",
        "train_learns": "missed",
    },
    "raises": {"scores": "earned", "loss": "raised", "gradients": "raised", "predict": "earned"},
    "loops-for-ever": {
        "gradients": "earned",
        "train_steps": "out of CPU",
        "train_learns": "out of CPU",
    },
}
TOTALS = {
    "all-right": 26,
    "empty-release": 0,
    "partly-biases-regularised": 13,
    "partly-no-training-yet": 13,
    "raises": 5,
    "loops-for-ever": 14,
}


def results(folder: Path, name: str) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    return json.loads((folder / name / "results.json").read_text(), parse_constant=refuse)


@pytest.mark.parametrize("name", STATUSES)
def test_every_check_has_its_status(graded: Path, name: str) -> None:
    tests = results(graded, name)["tests"]
    found = {test["extra_data"]["check"]: test["extra_data"]["status"] for test in tests}
    assert {check: found[check] for check in STATUSES[name]} == STATUSES[name]


@pytest.mark.parametrize("name", TOTALS)
def test_totals_add_up(graded: Path, name: str) -> None:
    table = results(graded, name)
    assert table["score"] == TOTALS[name]
    assert math.fsum(test.get("score", 0) for test in table["tests"]) == TOTALS[name]
    assert sum(test.get("max_score", 0) for test in table["tests"]) == 26


def test_written_questions_wait_for_a_person(graded: Path) -> None:
    waiting = [test for test in results(graded, "all-right")["tests"] if "score" not in test]
    assert [test["extra_data"]["status"] for test in waiting] == ["needs a person"] * 3


def test_a_student_reads_what_is_wrong_but_no_wanted_value(graded: Path) -> None:
    tests = {
        t["extra_data"]["check"]: t for t in results(graded, "partly-biases-regularised")["tests"]
    }
    output = tests["gradients"]["output"]
    assert "grads['b1']" in output
    assert "grads['W1']" not in output
    assert "wanted" not in output
    assert "NameError" in json.dumps(results(graded, "raises"))


def test_the_folder_is_private_and_complete(graded: Path) -> None:
    assert graded.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in graded.iterdir()} == {*STATUSES, "gradebook.csv", "report.html"}
    with (graded / "gradebook.csv").open() as file:
        totals = {row["submission"]: float(row["total"]) for row in csv.DictReader(file)}
    assert totals == TOTALS


def test_the_report_names_every_submission(graded: Path) -> None:
    page = (graded / "report.html").read_text()
    assert all(f'<section id="{name}">' in page for name in STATUSES)
    assert "<script" not in page


def test_an_interrupted_class_keeps_what_is_done_and_starts_nothing_more(
    assignment: Assignment, release: Mapping[str, bytes], tmp_path: Path
) -> None:
    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    submissions = sample.write_class(assignment, release, tmp_path / "in")
    with pytest.raises(KeyboardInterrupt):
        steps.grade(assignment, (submissions,), tmp_path / "out", 1, progress=interrupt)
    tables = {name: results(tmp_path / "out", name) for name in STATUSES}
    unfinished = [name for name, table in tables.items() if "did not finish" in table["output"]]
    assert "all-right" not in unfinished
    assert unfinished
    assert results(tmp_path / "out", "all-right")["score"] == TOTALS["all-right"]
