"""Mistakes of authors with which other tools ship the solution, or break: here nothing is written.

Each was tried with otter-grader 6 and 7: it released the solution, or left half a release behind.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from generator.release import build, write
from gradlab.errors import AuthorMistake, Problems
from tests.generator.tiny import cell

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.generator.tiny import Tiny

QUESTION = "# BEGIN QUESTION\nname: q1\npoints: 1"


def question(tiny: Tiny, solution: str, settings: str = QUESTION) -> None:
    """Add a question in otter's form."""
    tiny.cells.append(cell(settings, "raw"))
    tiny.cells.append(cell("# BEGIN SOLUTION", "raw"))
    tiny.code(solution)
    tiny.cells += [cell("# END SOLUTION", "raw"), cell("# END QUESTION", "raw")]


def no_mark(tiny: Tiny) -> None:
    question(tiny, "square = relu(12) ** 2")


def lower_case_mark(tiny: Tiny) -> None:
    question(tiny, "square = relu(12) ** 2  # solution\ncube = 1  # SOLUTION")


def expression_of_several_lines(tiny: Tiny) -> None:
    question(tiny, "square = relu(\n    12) ** 2  # SOLUTION")


def unknown_key(tiny: Tiny) -> None:
    question(tiny, "square = relu(12) ** 2  # SOLUTION", f"{QUESTION}\nall_or_none: true")


def duplicate_question(tiny: Tiny) -> None:
    question(tiny, "square = relu(12) ** 2  # SOLUTION")
    question(tiny, "cube = relu(12) ** 3  # SOLUTION")


def missing_end(tiny: Tiny) -> None:
    tiny.code("# BEGIN SOLUTION\nsquare = relu(12) ** 2")


def broken_student_cell(tiny: Tiny) -> None:
    question(tiny, "if relu(12):\n    square = 1  # SOLUTION NO PROMPT\nprint(1)")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (no_mark, "c4: a solution cell in which nothing is marked"),
        (lower_case_mark, "c4:1: `square = relu(12) ** 2  # solution` looks like a marker"),
        (expression_of_several_lines, "c4:2: `12) ** 2  # SOLUTION` marks a part of a statement"),
        (unknown_key, "c2: unknown key 'all_or_none' of a question"),
        (duplicate_question, "c7: there are two questions 'q1'"),
        (missing_end, "c2:1: `# BEGIN SOLUTION` opens a block that is never closed"),
        (broken_student_cell, "c4:3: does not parse once the blocks are stubs"),
    ],
)
def test_a_mistake_stops_the_build(tiny: Tiny, spoil: Callable[[Tiny], None], message: str) -> None:
    spoil(tiny)
    course = tiny.write()
    with pytest.raises(Problems) as caught:
        write(build(course.assignment("tiny")), course.release)
    assert str(caught.value.mistakes[0]).startswith(f"assignments/tiny/tiny.ipynb:{message}")
    assert not course.release.exists()


def test_an_unknown_key_in_the_settings(tiny: Tiny) -> None:
    tiny.texts["assignments/tiny/assignment.toml"] = 'title = "T"\npackage = "net"\nmodule = []\n'
    with pytest.raises(AuthorMistake, match=r"assignment\.toml:3: unknown key 'module'"):
        tiny.build()


def test_the_same_questions_without_a_mistake(tiny: Tiny) -> None:
    question(tiny, "square = relu(12) ** 2  # SOLUTION")
    question(tiny, "cube = (\n    relu(12))  # given", QUESTION.replace("q1", "q2"))
    tiny.cells[-3]["source"] += "\n# BEGIN SOLUTION\nroot = 3\n# END SOLUTION"
    notebook = json.loads(tiny.build().files["tiny.ipynb"])
    sources = ["".join(item["source"]) for item in notebook["cells"]]
    assert sources[1:] == ["square = ...", "cube = (\n    relu(12))  # given\n...\n"]
