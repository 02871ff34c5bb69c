"""Data that a release carries is there too when the student's code is graded."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from autograder.stage import Plan
from autograder.verify import reference_submission
from generator.new import create
from gradlab.cli import steps
from gradlab.cli.gradescope import contents
from gradlab.course import Assignment, Course, Limits
from gradlab.errors import AuthorMistake
from tests.course.blocks import lay_out

if TYPE_CHECKING:
    from pathlib import Path

READS = "out = np.maximum(x, 0) * np.load('data/scale.npy') + tables.OFFSET"


@pytest.fixture(scope="module")
def assignment(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    """Return a recorded assignment whose reference reads a data file and imports a script."""
    root = tmp_path_factory.mktemp("course")
    (root / "course.toml").write_text('title = "New"\n')
    for name in ("assignments", "solutions"):
        (root / name).mkdir()
    create(Course.find(root), "relu")
    folder, module = root / "assignments/relu", root / "solutions/relu_hw/relu.py"
    (folder / "data").mkdir()
    np.save(folder / "data/scale.npy", np.float64(2.5))
    (folder / "tables.py").write_text("OFFSET = 0.25\n")
    with (folder / "assignment.toml").open("a") as file:
        file.write('files = ["data/scale.npy", "tables.py"]\n')
    text = module.read_text().replace("out = np.maximum(x, 0)", READS)
    module.write_text(text.replace("import numpy as np\n", "import numpy as np\nimport tables\n"))
    made = Course.find(root).assignment("relu")
    steps.expected(made, write=True)
    return made


def graded(assignment: Assignment, folder: Path, **changed: bytes) -> Any:
    lay_out({**reference_submission(assignment).files, **changed}, folder / "in/ada")
    steps.grade(assignment, (folder / "in/ada",), folder / "out", 1)
    return json.loads((folder / "out/ada/results.json").read_text())


def test_data_and_scripts_are_there_for_reference_and_students(
    assignment: Assignment, tmp_path: Path
) -> None:
    assert steps.verify(assignment) == []
    assert graded(assignment, tmp_path)["score"] == 2


def test_a_changed_copy_of_the_data_does_not_count(assignment: Assignment, tmp_path: Path) -> None:
    table = graded(assignment, tmp_path, **{"data/scale.npy": b"?", "tables.py": b"OFFSET = 1\n"})
    assert table["score"] == 2
    assert "tables.py comes with the assignment; your changes are not used." in table["output"]


def test_data_goes_to_gradescope_too(assignment: Assignment) -> None:
    plan = json.loads(contents(assignment, "split")["bundle/bundle.json"])["dict"]["plan"]["dict"]
    assert {"data/scale.npy", "tables.py"} <= set(plan["supplied"]["dict"])


def test_data_that_no_worker_may_hold_is_refused(assignment: Assignment) -> None:
    tight = replace(assignment, files=("large.bin",))
    (assignment.folder / "large.bin").write_bytes(bytes(17 << 20))
    with pytest.raises(AuthorMistake, match=r"files: large.bin has 17 MB; .*raise file_mb"):
        Plan.of(tight, {}, ())
    Plan.of(replace(tight, limits=Limits(file_mb=17)), {}, ())
