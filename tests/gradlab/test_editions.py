"""Editions of an assignment: read from its settings, chosen by commands, told in notebooks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from gradlab.cli import commands
from gradlab.course import Course
from gradlab.errors import AuthorMistake, UserMistake

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
title = "ReLU"
package = "relu_hw"
notebooks = ["relu.ipynb"]
supplied = ["tools.py"]

[editions.plain]
modules = ["relu.py"]
[editions.plain.conventions]
slope = 0.0
bounds = [1, 2]

[editions.leaky-one]
title = "Leaky ReLU"
package = "other_hw"
modules = { "units/relu.py" = "leaky.py" }
[editions.leaky-one.conventions]
slope = 0.1
bounds = [3, 4]
"""
CELLS = {
    "for-all": [],
    "for-plain": ["edition-plain"],
    "for-leaky": ["edition-leaky-one"],
    "for-both": ["edition-leaky-one", "grade", "edition-plain"],
}


def notebook(cells: dict[str, list[str]]) -> str:
    made: list[dict[str, object]] = [
        {"cell_type": "code", "id": name, "metadata": {"tags": tags}, "source": f"x = {n}"}
        | {"outputs": [], "execution_count": None}
        for n, (name, tags) in enumerate(cells.items())
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    for name in ("assignments/relu", "assignments/tanh", "solutions/relu_hw"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("relu.py", "leaky.py", "tools.py"):
        (tmp_path / "solutions/relu_hw" / name).write_text(f"# {name}\n")
    (tmp_path / "course.toml").write_text('title = "A course"\n')
    (tmp_path / "assignments/relu/assignment.toml").write_text(GOOD)
    (tmp_path / "assignments/relu/relu.ipynb").write_text(notebook(CELLS))
    plain = 'title = "tanh"\npackage = "relu_hw"\nmodules = ["relu.py"]\n'
    (tmp_path / "assignments/tanh/assignment.toml").write_text(plain)
    monkeypatch.chdir(tmp_path)
    return Course.find(tmp_path)


def test_the_first_edition_is_the_default_and_keeps_the_plain_places(course: Course) -> None:
    assignment = course.assignment("relu")
    assert (assignment.edition.name, assignment.label) == ("plain", "relu")
    assert assignment.edition.names == ("plain", "leaky-one")
    assert assignment.module_path("relu.py") == "relu_hw/relu.py"
    assert assignment.expected == assignment.folder / "expected"
    assert assignment.reference == assignment.folder / "reference"
    assert assignment == course.assignment("relu", "plain")


def test_another_edition_has_its_own_package_files_and_places(course: Course) -> None:
    assignment = course.assignment("relu", "leaky-one")
    assert (assignment.title, assignment.label) == ("Leaky ReLU", "relu-leaky-one")
    assert assignment.module_path("units/relu.py") == "other_hw/units/relu.py"
    assert assignment.role("relu") == "other_hw.units.relu"
    assert assignment.source_file("units/relu.py").read_text() == "# leaky.py\n"
    assert assignment.source_file("tools.py").read_text() == "# tools.py\n"
    assert assignment.expected == assignment.folder / "expected/leaky-one"
    assert assignment.reference == assignment.folder / "reference/leaky-one"
    assert assignment.edition.conventions == {"slope": 0.1, "bounds": (3, 4)}


def test_an_assignment_without_editions_is_its_only_one(course: Course) -> None:
    assignment = course.assignment("tanh")
    assert assignment.editions() == [assignment]
    assert (assignment.label, assignment.edition.conventions) == ("tanh", {})
    assert [each.label for each in course.assignment("relu").editions()] == [
        "relu",
        "relu-leaky-one",
    ]


@pytest.mark.parametrize(
    ("edition", "ids"),
    [
        ("plain", ["for-all", "for-plain", "for-both"]),
        ("leaky-one", ["for-all", "for-leaky", "for-both"]),
    ],
)
def test_a_notebook_has_the_cells_of_its_edition(
    course: Course, edition: str, ids: list[str]
) -> None:
    content = course.assignment("relu", edition).read_notebook("relu.ipynb")
    assert [cell["id"] for cell in json.loads(content)["cells"]] == ids


@pytest.mark.parametrize("tag", ["edition-plane", "Edition-plain", "edition plain"])
def test_a_tag_that_names_no_edition_is_a_mistake(course: Course, tag: str) -> None:
    path = course.assignments / "relu/relu.ipynb"
    path.write_text(notebook({"first": [], "wrong": [tag]}))
    with pytest.raises(AuthorMistake) as caught:
        course.assignment("relu").read_notebook("relu.ipynb")
    assert str(caught.value).startswith("assignments/relu/relu.ipynb:wrong: the tag")
    assert "there are: edition-plain, edition-leaky-one" in str(caught.value)


def test_without_editions_a_notebook_is_taken_as_it_is(course: Course) -> None:
    settings = 'title = "tanh"\npackage = "relu_hw"\nnotebooks = ["tanh.ipynb"]\n'
    (course.assignments / "tanh/assignment.toml").write_text(settings)
    content = notebook({"first": ["edition-plain"]})
    (course.assignments / "tanh/tanh.ipynb").write_text(content)
    assert course.assignment("tanh").read_notebook("tanh.ipynb") == content.encode()


@pytest.mark.parametrize(
    ("name", "edition", "words"),
    [
        ("relu", "leaky", "relu has no edition 'leaky' (there are: plain, leaky-one)"),
        ("tanh", "plain", "tanh has no edition 'plain'; leave --edition out"),
    ],
)
def test_an_unknown_edition_lists_the_known_ones(
    course: Course, name: str, edition: str, words: str
) -> None:
    with pytest.raises(UserMistake) as caught:
        course.assignment(name, edition)
    assert str(caught.value) == words


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('title = "Leaky ReLU"', 'titel = "x"', ":14: unknown key 'titel'"),
        ('"leaky.py"', '"lost.py"', ":16: modules: there is no"),
        ('"leaky.py"', '"../leaky.py"', "'../leaky.py' is not a plain file name"),
        ('"leaky.py"', "3", "modules must be a list of file names"),
        ('"units/relu.py"', '"/relu.py"', "'/relu.py' is not a plain file name"),
        ("slope = 0.1\n", "", ":13: edition leaky-one lacks the convention 'slope'"),
        ("slope = 0.1", "slope = 1979-05-27", "conventions must be a table of numbers"),
        ("slope = 0.1", "slope = {a = 1}", "conventions must be a table of numbers"),
        ("bounds = [3, 4]", "bounds = [[3], 4]", "conventions must be a table of numbers"),
    ],
)
def test_mistakes_name_file_and_line(course: Course, old: str, new: str, words: str) -> None:
    path = course.assignments / "relu/assignment.toml"
    assert old in GOOD
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(AuthorMistake) as caught:
        course.assignment("relu", "leaky-one")
    assert words in str(caught.value)


def test_the_name_of_an_edition_is_small_letters_and_hyphens(course: Course) -> None:
    path = course.assignments / "relu/assignment.toml"
    path.write_text(GOOD.replace("editions.leaky-one", "editions.Leaky_one"))
    with pytest.raises(AuthorMistake, match=r":13: edition 'Leaky_one': a name has small letters"):
        course.assignment("relu")


def test_editions_that_are_no_tables_are_a_mistake(course: Course) -> None:
    path = course.assignments / "relu/assignment.toml"
    path.write_text('title = "x"\npackage = "relu_hw"\neditions = ["plain"]\n')
    with pytest.raises(AuthorMistake, match=r":3: editions must be tables: \[editions.NAME\]"):
        course.assignment("relu")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as caught:
        commands.main(list(arguments))
    return int(caught.value.code or 0), capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["assign", "relu", "--edition", "no"], "relu has no edition 'no' (there are: plain,"),
        (["verify", "--edition", "no"], "no assignment has an edition 'no'"),
        (["expected", "relu", "tanh", "--edition", "plain"], "tanh has no edition 'plain'"),
        (["hints", "relu", "--edition", "no"], "there are: plain, leaky-one"),
        (["audit", "relu", "--edition", "no"], "there are: plain, leaky-one"),
        (["grade", "relu", ".", "--edition", "no"], "there are: plain, leaky-one"),
        (["gradescope", "relu", "--edition", "no"], "there are: plain, leaky-one"),
        (["explain", "relu", ".", "loss", "--edition", "no"], "there are: plain, leaky-one"),
    ],
)
def test_commands_refuse_an_unknown_edition_in_one_line(
    course: Course, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    code, said = run(capsys, *arguments)
    assert code == 2
    assert said.startswith("gradlab: ")
    assert words in said
    assert said.count("\n") == 1
    assert course.names() == ["relu", "tanh"]
