"""Checks that ask for the reference: it travels, it is tried at set-up, and it earns the same."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from autograder.gradescope.__main__ import main
from autograder.gradescope.bundle import Bundle
from gradlab.cli import steps
from gradlab.cli.gradescope import archive, contents
from gradlab.errors import AuthorMistake
from tests.gradescope.conftest import MODULE, RIGHT, Site, new_assignment

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
    assignment = new_assignment(tmp_path_factory.mktemp("asking"))
    path = assignment.folder / "checks.py"
    head = "import numpy as np\nfrom gradlab import Threshold\n"
    path.write_text(path.read_text().replace("from gradlab", f"{head}from gradlab", 1) + CHECK)
    steps.expected(assignment, write=True)
    return assignment


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
    folder = asking_site.root / "source/bundle"
    bundle = Bundle.read(folder)
    assert bundle.reference is not None
    source = bundle.reference.files[MODULE]
    assert old.encode() in source
    bundle.reference.files[MODULE] = source.replace(old.encode(), new.encode())
    for name, content in bundle._pack().items():
        (folder / name).write_bytes(content)
    assert main("prepare", str(asking_site.root)) == 1
    assert words in capsys.readouterr().out


def test_what_travels_is_told_from_what_does_not(asking: Assignment) -> None:
    table = json.loads(contents(asking, "split")["bundle/bundle.json"])
    assert "texts" not in table["dict"]["reference"]["dict"]


# A supplied module that keeps what it has read, and so reads it once.
NUMBERS = """
import os
from pathlib import Path

PLACE = Path(os.environ.get("GRADLAB_DATA", "."))


def prepare_data():
    (PLACE / "kept.txt").write_text((PLACE / "given/numbers.txt").read_text())


def count():
    return len((PLACE / "kept.txt").read_text().split()) if (PLACE / "kept.txt").exists() else 3
"""
COUNTS = """

@suite.check(points=2, question="count")
def counts(student, expect, draw, reference):
    \"""The numbers are counted\"""
    student.relu.rectify(draw.normal(3))
    expect.earns("numbers", reference.numbers.count(), 3, Threshold(100))
"""


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    """An assignment whose reference needs a data set that only its author has."""
    course = new_assignment(tmp_path_factory.mktemp("counting")).course
    root = course.root
    (root / "solutions/relu_hw/numbers.py").write_text(NUMBERS)
    (root / "sets/given").mkdir(parents=True)
    (root / "sets/given/numbers.txt").write_text("1 2 3")
    folder = course.assignment("relu").folder
    settings = (folder / "assignment.toml").read_text()
    settings = f'supplied = ["numbers.py"]\n{settings}\n[gradescope]\ndata = "sets"\n'
    (folder / "assignment.toml").write_text(settings)
    text = (folder / "checks.py").read_text().replace("import Suite", "import Suite, Threshold", 1)
    (folder / "checks.py").write_text(text + COUNTS)
    steps.expected(course.assignment("relu"), write=True)
    return course.assignment("relu")


def test_a_data_set_of_the_author_s_travels_and_is_made_ready_once(
    counting: Assignment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = contents(counting, "split")
    assert files["data/given/numbers.txt"] == b"1 2 3"
    site = Site.of(tmp_path / "autograder", archive(files))
    assert main("prepare", str(site.root)) == 0, capsys.readouterr().out
    assert (site.root / "source/data/kept.txt").read_text() == "1 2 3"
    site.hand_in({MODULE: RIGHT})
    table, said = site.run()
    assert {t["extra_data"]["status"] for t in table["tests"]} == {"earned"}, said


def with_data(assignment: Assignment, folder: str) -> Assignment:
    return replace(assignment, gradescope=replace(assignment.gradescope, data=folder))


def test_a_data_set_that_is_not_there(counting: Assignment) -> None:
    with pytest.raises(AuthorMistake, match=r"there are no files in .*nowhere"):
        contents(with_data(counting, "nowhere"), "split")


def test_a_data_set_that_no_check_needs(small: Assignment) -> None:
    with pytest.raises(AuthorMistake, match="data is for checks that ask for the reference"):
        contents(with_data(small, "assignments"), "split")
