"""Courses and assignments: every mistake is named with its file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gradlab.course import Course, Limits
from gradlab.errors import AuthorMistake, UserMistake

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
title = "ReLU"
package = "relu_hw"
modules = ["relu.py"]
supplied = ["tools.py"]

[limits]
cpu_s = 2
"""


@pytest.fixture
def course(tmp_path: Path) -> Course:
    for name in ("assignments/relu", "solutions/relu_hw"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("relu.py", "tools.py"):
        (tmp_path / "solutions/relu_hw" / name).touch()
    (tmp_path / "course.toml").write_text('title = "A course"\n')
    (tmp_path / "assignments/relu/assignment.toml").write_text(GOOD)
    return Course.find(tmp_path)


def rewritten(course: Course, old: str, new: str) -> None:
    path = course.assignments / "relu/assignment.toml"
    path.write_text(path.read_text().replace(old, new))


def test_files_with_a_byte_order_mark_are_read(course: Course) -> None:
    for path in (course.root / "course.toml", course.assignments / "relu/assignment.toml"):
        path.write_text(path.read_text(), encoding="utf-8-sig")
    assert Course.find(course.root).assignment("relu").limits == Limits(cpu_s=2)


def test_a_course_is_found_from_below(course: Course) -> None:
    assert Course.find(course.assignments / "relu") == course
    assert course.names() == ["relu"]


def test_an_assignment_knows_its_files(course: Course) -> None:
    assignment = course.assignment("relu")
    assert assignment.name == "relu"
    assert assignment.limits == Limits(cpu_s=2)
    assert assignment.module_path("relu.py") == "relu_hw/relu.py"
    assert assignment.role("tools") == "relu_hw.tools"
    assert assignment.role("nothing") is None
    assert (assignment.run, assignment.stand_ins) == ("definitions", ())


def test_an_assignment_says_which_cells_run_and_what_is_stood_in_for(course: Course) -> None:
    rewritten(course, "[limits]", 'run = "tagged"\nstand_ins = ["past.builtins"]\n[limits]')
    assignment = course.assignment("relu")
    assert (assignment.run, assignment.stand_ins) == ("tagged", ("past.builtins",))


def test_no_course_here(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match=r"no course\.toml"):
        Course.find(tmp_path)


def test_an_unknown_name_lists_the_known_ones(course: Course) -> None:
    with pytest.raises(UserMistake, match="there are: relu"):
        course.assignment("tanh")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("title =", "titel =", "assignment.toml:2: unknown key 'titel'"),
        ('"ReLU"', "3", "assignment.toml:2: title must be given, as a text"),
        ('"relu_hw"', '"../solutions/relu_hw"', "assignment.toml:3: package: '../sol"),
        ('["relu.py"]', '"relu.py"', "assignment.toml:4: modules must be a list"),
        ('["relu.py"]', '["../relu.py"]', "is not a plain file name"),
        ('["relu.py"]', '["relu.py", "relu.py"]', "names a file twice"),
        ('["relu.py"]', '["other.py"]', "assignment.toml:4: modules: there is no"),
        ('["tools.py"]', '["relu.py"]', "assignment.toml:5: relu.py is also in modules"),
        ("[limits]", 'earlier = ["relu.py"]\n[limits]', "relu.py is also in modules"),
        ("[limits]", 'earlier = ["gone.py"]\n[limits]', "earlier: there is no"),
        ("[limits]", 'earlier_from = "home"\n[limits]', "must be one of submission, release"),
        ("cpu_s = 2", "cpu = 2", "assignment.toml:8: unknown key 'cpu'"),
        ("cpu_s = 2", "cpu_s = 0", "assignment.toml:8: cpu_s must be a whole number"),
        ("cpu_s = 2", "cpu_s = true", "must be a whole number"),
        ("cpu_s = 2", "memory_mb = 1000001", "memory_mb must be a whole number above 0 and"),
        ("cpu_s = 2", "cpu_s = 901", "assignment.toml:8: cpu_s = 901 does not fit into budget_s"),
        ("[limits]", 'run = "some"\n[limits]', "run must be one of definitions, all, tagged"),
        ("[limits]", 'stand_ins = "tqdm"\n[limits]', "stand_ins must be a list of module names"),
        ("[limits]", 'stand_ins = ["a b"]\n[limits]', "'a b' is not a plain module name"),
        ("[limits]", "[limits", "not valid TOML"),
    ],
)
def test_mistakes_name_file_and_line(course: Course, old: str, new: str, words: str) -> None:
    rewritten(course, old, new)
    with pytest.raises(AuthorMistake) as caught:
        course.assignment("relu")
    assert words in str(caught.value)


def test_an_unknown_key_of_the_course_is_a_mistake(course: Course) -> None:
    (course.root / "course.toml").write_text('\nsolution = "solutions"\n')
    with pytest.raises(AuthorMistake, match=r"course\.toml:2: unknown key 'solution'"):
        Course.find(course.root)
