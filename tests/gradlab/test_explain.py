"""`gradlab explain`: one check again, with the same inputs and the same score."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from typing import TYPE_CHECKING

import pytest

from gradlab.cli import steps
from gradlab.errors import UserMistake
from tests.gradlab.conftest import relu_course

if TYPE_CHECKING:
    from pathlib import Path

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


def seeds(text: str) -> list[str]:
    return re.findall(r"seed (\d+)", text)


def graded_seed(folder: Path) -> list[str]:
    return seeds(json.loads((folder / "staff.json").read_text())["checks"]["rectify_values"])


def packed(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, text in files.items():
            file.writestr(name, text)
    return path


def test_of_several_submissions_one_is_chosen(small: Assignment) -> None:
    folder = small.course.root / "in"
    with pytest.raises(UserMistake, match=r"holds 3 submissions \(half, odd, raises\); .*--of ID"):
        steps.explain(small, folder, "rectify_values", require="split")
    with pytest.raises(UserMistake, match=r"no submission 'hal' \(there are: half, odd, raises\)"):
        steps.explain(small, folder, "rectify_values", of="hal", require="split")
    found = steps.explain(small, folder, "rectify_values", of="half", require="split")
    assert found.for_staff() == said(small, "half")
    assert seeds(found.for_staff()) == graded_seed(small.course.root / "out" / "half")


@pytest.mark.parametrize(
    "name",
    [
        "doeada_12_345_relu.py",  # Canvas
        "assignment_9_export/submission_345/relu_hw/relu.py",  # Gradescope
        "Ada Doe_345_assignsubmission_file_/relu.py",  # Moodle
    ],
)
def test_a_download_of_a_class_is_taken_apart_as_for_grading(
    small: Assignment, tmp_path: Path, name: str
) -> None:
    files = {name: HALF, name.replace("345", "678").replace("ada", "bob"): ODD}
    if "export" in name:
        files["assignment_9_export/submission_metadata.yml"] = ""
    path = packed(tmp_path / "class.zip", files)
    out = tmp_path / "out"
    steps.grade(small, (path,), out, 1, require="split")
    with pytest.raises(UserMistake, match="holds 2 submissions"):
        steps.explain(small, path, "rectify_values", require="split")
    for folder in (item for item in out.iterdir() if item.is_dir()):
        found = steps.explain(small, path, "rectify_values", of=folder.name, require="split")
        assert "was not handed in" not in found.for_staff()
        assert seeds(found.for_staff()) == graded_seed(folder)


def test_one_file_of_a_folder_of_canvas_is_its_students_submission(
    small: Assignment, tmp_path: Path
) -> None:
    folder = tmp_path / "class"
    folder.mkdir()
    for name, text in (("doeada_12_345", HALF), ("roebob_LATE_13_678", ODD)):
        (folder / f"{name}_relu.py").write_text(text)
    steps.grade(small, (folder,), tmp_path / "out", 1, require="split")
    (graded,) = (tmp_path / "out").glob("doeada*")
    file = folder / "doeada_12_345_relu.py"
    found = steps.explain(small, file, "rectify_values", require="split")
    assert seeds(found.for_staff()) == graded_seed(graded)
    alone = tmp_path / "relu.py"
    shutil.copy(file, alone)
    assert steps.explain(small, alone, "rectify_values", require="split").outcome.score == 0


def test_a_folder_within_a_students_folder_changes_no_inputs(
    small: Assignment, tmp_path: Path
) -> None:
    for name, text in (("ada", HALF), ("bob", ODD)):
        shutil.copytree(small.course.root / "in" / "half", tmp_path / "in" / name / "my homework")
        (tmp_path / "in" / name / "my homework/relu_hw/relu.py").write_text(text)
    steps.grade(small, (tmp_path / "in",), tmp_path / "out", 1, require="split")
    found = steps.explain(small, tmp_path / "in" / "ada", "rectify_values", require="split")
    assert "2 times too small" in found.for_staff()
    assert seeds(found.for_staff()) == graded_seed(tmp_path / "out" / "ada")
