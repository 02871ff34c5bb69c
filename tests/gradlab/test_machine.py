"""Grading stops before any student where the reference gives other numbers than were recorded."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from gradlab.cli import steps
from gradlab.course import Assignment, Course
from gradlab.errors import AuthorMistake

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Assignment:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "course.toml").write_text('title = "Small"\n')
    course = Course.find(tmp_path)
    steps.new(course, "relu")
    shutil.copytree(tmp_path / "solutions" / "relu_hw", tmp_path / "in" / "ada" / "relu_hw")
    return course.assignment("relu")


def grade(assignment: Assignment) -> None:
    root = assignment.course.root
    steps.grade(assignment, (root / "in",), root / "out", 1, require="split")


def test_a_reference_that_gives_other_numbers_stops_grading(small: Assignment) -> None:
    grade(small)
    module = small.source / "relu.py"
    module.write_text(module.read_text().replace("np.maximum(x, 0)", "np.maximum(x, 1e-3)"))
    with pytest.raises(AuthorMistake, match=r"rectify_values .*run `gradlab expected relu`"):
        grade(small)


def test_checks_that_were_changed_and_not_recorded_stop_grading(small: Assignment) -> None:
    grade(small)
    checks = small.folder / "checks.py"
    text = checks.read_text()
    checks.write_text(text.replace("draw.normal(", "1 + draw.normal("))
    assert checks.read_text() != text
    with pytest.raises(AuthorMistake, match=r"run `gradlab expected relu`"):
        grade(small)


def test_agreement_is_remembered(small: Assignment, monkeypatch: pytest.MonkeyPatch) -> None:
    grade(small)

    def never(*_: object) -> list[str]:
        raise AssertionError

    monkeypatch.setattr("gradlab.cli.machine.environment_problems", never)
    grade(small)
