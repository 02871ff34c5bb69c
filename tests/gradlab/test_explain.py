"""`gradlab explain`: one check again, with the same inputs and the same score."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from gradlab.cli import steps
from gradlab.errors import UserMistake
from tests.gradlab.conftest import relu_course

if TYPE_CHECKING:
    from gradlab.course import Assignment

HALF = "import numpy as np\n\n\ndef rectify(x):\n    return np.maximum(x, 0) / 2\n"
# A form feed and a line separator end no line; an unknown escape is a warning from Python 3.12 on.
ODD = """x = "\f\u2028\\d"
def rectify(x):
    return ["row"] * 100_000, "t" * 1_000_000
"""
RAISES = "def rectify(x):\n    raise ValueError('\\x1b[31mno')\n"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    root = tmp_path_factory.mktemp("course")
    relu = relu_course(root, {"half": HALF, "odd": ODD, "raises": RAISES})
    steps.grade(relu, (root / "in",), root / "out", 1, require="split")
    return relu


def said(assignment: Assignment, name: str, *, student: bool = False) -> str:
    path = assignment.course.root / "in" / name
    found = steps.explain(assignment, path, "rectify_values", require="split")
    return found.for_student() if student else found.for_staff()


def test_staff_see_inputs_values_hint_and_code(small: Assignment) -> None:
    text = said(small, "half")
    assert "relu_hw.relu.rectify" in text
    for words in ("What was asked", "received", "wanted", "2 times too small", "seed "):
        assert words in text
    assert "relu_hw/relu.py:4\ndef rectify(x):" in text


def test_large_replies_are_cut_and_the_code_is_the_functions(small: Assignment) -> None:
    text = said(small, "odd")
    assert text.count("row") < 100
    assert len(text) < 100_000
    assert text.endswith("relu_hw/relu.py:2\n" + ODD.split("\n", 1)[1].rstrip())


def test_a_student_sees_no_wanted_value(small: Assignment) -> None:
    text = said(small, "half", student=True)
    assert "0 of 2 points" in text
    assert "2 times too small" in text
    assert "wanted" not in text
    assert "seed" not in text


def test_it_is_what_the_results_say(small: Assignment) -> None:
    results = json.loads((small.course.root / "out" / "half" / "results.json").read_text())
    (test,) = [t for t in results["tests"] if t["extra_data"]["check"] == "rectify_values"]
    assert said(small, "half", student=True).endswith(test["output"])


def test_an_exception_is_shown_and_steers_no_terminal(small: Assignment) -> None:
    text = said(small, "raises")
    assert "raised: ValueError" in text
    assert "\x1b" not in text


def test_unknown_and_written_checks_are_the_users_mistake(small: Assignment) -> None:
    path = small.course.root / "in" / "half"
    with pytest.raises(UserMistake, match=r"no check 'nothing' .*rectify_values"):
        steps.explain(small, path, "nothing", require="split")
