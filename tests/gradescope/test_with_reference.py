"""Checks that ask for the reference: it travels, it is tried at set-up, and it earns the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from autograder.gradescope.__main__ import main
from autograder.gradescope.bundle import Bundle
from gradlab.cli import steps
from gradlab.cli.gradescope import archive, contents
from gradlab.course import Course
from tests.gradescope.conftest import MODULE, RIGHT, Site

if TYPE_CHECKING:
    from pathlib import Path

    from gradlab.course import Assignment

CHECK = '''

@suite.check(points=2, question="same")
def same(student, expect, draw, reference):
    """rectify gives what it should give, entry by entry"""
    x = draw.normal(3, 4)
    equal = np.asarray(student.relu.rectify(x)) == np.asarray(reference.relu.rectify(x))
    expect.earns("equal entries", int(equal.sum()), 12, Threshold(100))
'''


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    root = tmp_path_factory.mktemp("asking")
    (root / "course.toml").write_text('title = "Asking"\n')
    course = Course.find(root)
    steps.new(course, "relu")
    path = course.assignment("relu").folder / "checks.py"
    head = "import numpy as np\nfrom gradlab import Threshold\n"
    path.write_text(path.read_text().replace("from gradlab", f"{head}from gradlab", 1) + CHECK)
    steps.expected(course.assignment("relu"), write=True)
    return course.assignment("relu")


@pytest.fixture
def asking_site(asking: Assignment, tmp_path: Path) -> Site:
    return Site.of(tmp_path / "autograder", archive(contents(asking, "split")))


def test_it_travels_and_grades(asking_site: Site) -> None:
    asking_site.hand_in({MODULE: RIGHT})
    table, said = asking_site.run()
    assert {t["extra_data"]["status"] for t in table["tests"]} == {"earned"}, said
    assert "same: earned, 2 of 2" in said


def test_set_up_tries_it(asking_site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert main("prepare", str(asking_site.root)) == 0
    said = capsys.readouterr().out
    assert "level " in said
    assert "same: earned, 2 of 2" in said


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("np.maximum(", "1.5 * np.maximum(", "other numbers than were recorded"),
        ("def rectify(", "def other(", "in this image the reference misses same"),
    ],
)
def test_an_image_that_computes_something_else_is_not_built(
    asking_site: Site, capsys: pytest.CaptureFixture[str], old: str, new: str, words: str
) -> None:
    path = asking_site.root / "source/bundle/bundle.json"
    bundle = Bundle.read(path.parent)
    assert bundle.reference is not None
    source = bundle.reference.files[MODULE]
    assert old.encode() in source
    bundle.reference.files[MODULE] = source.replace(old.encode(), new.encode())
    path.write_bytes(bundle._pack())
    assert main("prepare", str(asking_site.root)) == 1
    assert words in capsys.readouterr().out


def test_what_travels_is_told_from_what_does_not(asking: Assignment) -> None:
    table = json.loads(contents(asking, "split")["bundle/bundle.json"])
    assert "texts" not in table["dict"]["reference"]["dict"]
