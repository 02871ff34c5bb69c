from __future__ import annotations

import ast
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from generator.new import create, create_course
from generator.release import build, write
from gradlab.course import Course
from gradlab.errors import UserMistake

if TYPE_CHECKING:
    from pathlib import Path


CHECK = {"check.py": b"def check(name): ...\n"}


@pytest.fixture
def course(tmp_path: Path) -> Course:
    (tmp_path / "course.toml").write_text("")
    return Course.find(tmp_path)


def test_a_new_assignment_can_be_released(course: Course) -> None:
    paths = create(course, "first_steps")
    assert [path.relative_to(course.root).as_posix() for path in paths] == [
        "assignments/first_steps/assignment.toml",
        "assignments/first_steps/first_steps.ipynb",
        "assignments/first_steps/checks.py",
        "assignments/first_steps/public.py",
        "solutions/first_steps_hw/__init__.py",
        "solutions/first_steps_hw/first_steps.py",
    ]
    release = build(course.assignment("first_steps"), points={"rectify": 2}, extra=CHECK)
    assert b"Rectify (2 points)" in release.files["first_steps.ipynb"]
    assert b"np.maximum" not in b"".join(release.files.values())


def test_its_python_parses_and_names_the_assignment(course: Course) -> None:
    for path in create(course, "first"):
        if path.suffix == ".py":
            ast.parse(path.read_text())
    assert 'Suite("first")' in (course.assignments / "first" / "checks.py").read_text()


@pytest.mark.parametrize(
    ("folder", "wanted"), [("solutions", "[0. 2.]"), ("release/first", "None")]
)
def test_its_notebook_runs_with_the_reference_and_in_the_release(
    course: Course, folder: str, wanted: str
) -> None:
    create(course, "first")
    write(build(course.assignment("first"), points={"rectify": 2}, extra=CHECK), course.release)
    notebook = json.loads((course.assignments / "first" / "first.ipynb").read_text())
    setup = "".join(notebook["cells"][1]["source"]).split("\n\n%")[0]
    code = f"{setup}\nprint(rectify(np.array([-1.0, 2.0])))"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=course.root / folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == wanted


def test_files_are_never_overwritten(course: Course) -> None:
    create(course, "first")
    with pytest.raises(UserMistake, match="exists already; choose another name"):
        create(course, "first")
    (course.solutions / "second_hw").mkdir()
    with pytest.raises(UserMistake, match="second_hw exists already"):
        create(course, "second")


@pytest.mark.parametrize(
    "name", ["", "First", "1st", "a-b", "../x", "class", "json", "numpy", "seed"]
)
def test_bad_names_are_refused(course: Course, name: str) -> None:
    with pytest.raises(UserMistake, match=r"will not do|meaning of its own"):
        create(course, name)
    assert [path.name for path in course.root.iterdir()] == ["course.toml"]


def test_a_new_course_takes_new_assignments(tmp_path: Path) -> None:
    folder = tmp_path / "deep_learning-101"
    assert [path.name for path in create_course(folder)] == [
        "course.toml",
        "README.md",
        ".gitignore",
    ]
    course = Course.find(folder)
    assert course.title == "Deep learning 101"
    create(course, "first")
    assert course.assignment("first").notebooks == ("first.ipynb",)
    assert "release/" in (folder / ".gitignore").read_text().splitlines()


@pytest.mark.parametrize("name", ['a "quoted" one', "back\\slash", "Ünï"])
def test_a_courses_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    create_course(tmp_path / name)
    assert Course.find(tmp_path / name).title


def test_a_course_is_not_written_over_something(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(UserMistake, match="is not empty; choose a new folder"):
        create_course(tmp_path)
    with pytest.raises(UserMistake, match="is not empty"):
        create_course(tmp_path / "thesis.txt")
    create_course(tmp_path / "new")
    (tmp_path / "empty").mkdir()
    create_course(tmp_path / "empty")
