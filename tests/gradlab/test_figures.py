"""A notebook that runs from top to bottom: staff see what it drew."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from gradlab.cli import steps
from gradlab.course import Course

if TYPE_CHECKING:
    from pathlib import Path

DRAWING = "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.show()\nanswer = 42"
CHECK = '''

@suite.check(points=1, question="plot", cpu_s=30, wall_s=60)
def plotted(student, expect):
    """answer is right"""
    expect.close({"answer": student.notebook.answer}, max_abs=0)
'''


def test_figures_stand_beside_the_results_and_in_the_report(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="no figures without matplotlib")
    (tmp_path / "course.toml").write_text('title = "Figures"\n')
    course = Course.find(tmp_path)
    steps.new(course, "relu")
    folder = tmp_path / "assignments" / "relu"
    settings = folder / "assignment.toml"
    settings.write_text('run = "all"\n' + settings.read_text())
    (folder / "checks.py").write_text((folder / "checks.py").read_text() + CHECK)
    notebook = json.loads((folder / "relu.ipynb").read_text())
    cell = {"cell_type": "code", "id": "drawing", "metadata": {}, "source": DRAWING}
    notebook["cells"].append({**cell, "execution_count": None, "outputs": []})
    (folder / "relu.ipynb").write_text(json.dumps(notebook))
    steps.expected(course.assignment("relu"), write=True)
    hand_in = tmp_path / "in" / "<i>ada"
    shutil.copytree(tmp_path / "solutions" / "relu_hw", hand_in / "relu_hw")
    shutil.copy(folder / "relu.ipynb", hand_in)

    out = tmp_path / "out"
    steps.grade(course.assignment("relu"), (tmp_path / "in",), out, 1, require="split")
    (figure,) = out.glob("*/figure-1.png")
    assert figure.read_bytes().startswith(b"\x89PNG")
    page = (out / "report.html").read_text()
    assert f'<img src="{figure.parent.name}/figure-1.png" alt="drawn by ' in page
    assert "<i>" not in page
    assert json.loads((figure.parent / "results.json").read_text())["score"] == 3
