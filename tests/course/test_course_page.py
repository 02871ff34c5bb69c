"""docs/course.md: every assignment has its picture and its rows, every question its source."""

from __future__ import annotations

import re
import runpy
import struct
from typing import TYPE_CHECKING, Any

import pytest

from autograder.suites import load_suites
from gradlab.course import Course
from tests.course.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

COURSE = Course.find(ROOT)
NAMES = COURSE.names()
PAGE = (ROOT / "docs/course.md").read_text()


@pytest.fixture(scope="module")
def pictures() -> dict[str, Any]:
    """Return what `docs/pictures.py` defines."""
    pytest.importorskip("matplotlib")
    return runpy.run_path(str(ROOT / "docs/pictures.py"))


def section(name: str) -> str:
    found = re.search(rf"(?ms)^## {name}: (.*?)(?=^## |\Z)", PAGE)
    assert found, f"docs/course.md has no section for {name}"
    return found[1]


def questions(name: str) -> list[str]:
    """Return the questions of all editions of an assignment, in order."""
    editions = COURSE.assignment(name).editions()
    checks = [check for each in editions for check in load_suites(each)["checks"].checks]
    return list(dict.fromkeys(check.question for check in checks))


def test_the_page_has_the_assignments_that_there_are() -> None:
    assert sorted(re.findall(r"(?m)^## (\w+):", PAGE)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_question_has_a_row_and_every_row_a_question(name: str) -> None:
    rows = re.findall(r"(?m)^\| ([^|]+) \| (`[^|]+`) \|$", section(name))
    named = [question for _, cell in rows for question in re.findall(r"`([^`]+)`", cell)]
    assert sorted(named) == sorted(questions(name))
    assert all(re.match(r"(New|[A-E]\b)", exercise) for exercise, _ in rows)


@pytest.mark.parametrize("name", NAMES)
def test_every_assignment_has_a_picture_with_words(name: str, pictures: dict[str, Any]) -> None:
    assert name in pictures["PICTURES"]
    (words,) = re.findall(rf"!\[(.+)\]\(course/{name}\.png\)", section(name))
    assert len(words) > 20
    content = (ROOT / f"docs/course/{name}.png").read_bytes()
    assert struct.unpack(">II", content[16:24]) == pictures["SIZE"]
    assert len(content) < 100_000


def test_there_is_no_picture_without_an_assignment(pictures: dict[str, Any]) -> None:
    drawn = sorted(path.stem for path in (ROOT / "docs/course").glob("*"))
    assert drawn == sorted(pictures["PICTURES"])


@pytest.mark.slow
def test_pictures_are_drawn_the_same_twice(pictures: dict[str, Any], tmp_path: Path) -> None:
    for name in pictures["PICTURES"]:
        first = pictures["write"](name, tmp_path).read_bytes()
        assert pictures["write"](name, tmp_path).read_bytes() == first, name
        assert struct.unpack(">II", first[16:24]) == pictures["SIZE"], name
