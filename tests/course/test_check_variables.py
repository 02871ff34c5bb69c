"""`check.py` for questions that are answered in the notebook, in its variables and files."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import pytest

from autograder.client import bundle
from autograder.finding import Wanted
from autograder.outline import outline
from autograder.recording import Drawn, Recording

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gradlab.course import Assignment

PUBLIC = '''"""Public checks."""

from gradlab import Suite

suite = Suite("settings")


@suite.check(points=0, question="rate")
def rate(student, expect):
    """The learning rate is a half"""
    expect.close({"rate": student.notebook.rate}, max_abs=0)


@suite.check(points=0, question="double")
def double(student, expect):
    """double doubles"""
    expect.close({"double": student.notebook.double(2.0)}, max_abs=0)


@suite.check(points=0, question="saved")
def saved(student, expect):
    """The saved weights are there"""
    expect.close({"w": student.artifact("best_net.npz", {"w": (2,)})["w"]}, max_abs=0)


@suite.check(points=0, question="words")
def words(student, expect):
    """Something is written"""
    expect.close({"letters": float(len(student.text("essay")))}, max_abs=0)
'''


def drawn(name: str, value: object, *replies: object) -> Drawn:
    return Drawn(0, (Wanted(name, 1.0, value, ("max_abs", 0.0)),), tuple(map(outline, replies)))


RECORDED = Recording(
    {
        "rate": (drawn("rate", 0.5, 0.5),),
        "double": (drawn("double", 4.0, 4.0),),
        "saved": (drawn("w", np.ones(2)),),
        "words": (drawn("letters", 4.0),),
    },
    "",
)


def cell(source: str, name: str = "a", kind: str = "code") -> dict[str, object]:
    extra: dict[str, object] = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "id": name, "source": source, "metadata": {}, **extra}


@pytest.fixture
def folder(assignment: Assignment, tmp_path: Path) -> Path:
    """A folder with `check.py`; its notebook gives `rate` and `double`."""
    master = tmp_path / "master"
    master.mkdir()
    (master / "public.py").write_text(PUBLIC)
    text = bundle(replace(assignment, folder=master), RECORDED, {})
    (tmp_path / "check.py").write_text(text.replace("seconds=48", "seconds=2"))
    cells = [
        cell("%matplotlib inline\nimport numpy as np\nraise_nothing = exit"),
        cell("half = 1 / 2"),
        cell("while True:\n    pass", "b"),
        cell("rate = half", "c"),
        cell("def double(x):\n    return 2 * x", "d"),
        cell("Four", "essay", "markdown"),
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "two_layer_net.ipynb").write_text(json.dumps(notebook))
    np.savez(tmp_path / "best_net.npz", w=np.ones(2))
    return tmp_path


def run(folder: Path, *arguments: str, before: Sequence[str] = ()) -> str:
    env = {"IPYTHONDIR": str(folder), "HOME": str(folder)}
    done = subprocess.run(
        [*before, sys.executable, *arguments], cwd=folder, env=env, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_a_terminal_runs_what_the_notebooks_file_needs(folder: Path) -> None:
    said = run(folder, "check.py")
    assert said.endswith("4 of 4 right\n"), said


def test_what_the_file_lacks_is_told(folder: Path) -> None:
    path = folder / "two_layer_net.ipynb"
    path.write_text(path.read_text().replace("rate = half", "rate = hafl"))
    said = run(folder, "check.py", "rate")
    assert "rate  raised" in said
    assert "the notebook gives 'rate' no value" in said
    assert "name 'hafl' is not defined" in said
    path.unlink()
    assert "two_layer_net.ipynb is not in this folder." in run(folder, "check.py", "rate")


def test_a_failed_import_is_blamed_for_what_it_would_have_given(folder: Path) -> None:
    path = folder / "two_layer_net.ipynb"
    (folder / "broken.py").write_text("def two(:\n")
    text = path.read_text().replace("half = 1 / 2", "from broken import two")
    path.write_text(text.replace("2 * x", "two * x"))
    said = run(folder, "check.py", "double")
    assert "double  import error" in said
    assert "name 'two' is not defined; cell 2: line 1: SyntaxError: " in said
    assert "(broken.py, line 1)" in said


def test_missing_files_are_told(folder: Path) -> None:
    (folder / "best_net.npz").unlink()
    said = run(folder, "check.py", "saved")
    assert "missing file" in said
    assert "run the cell that saves it" in said


def test_an_open_notebook_gives_its_own_variables(folder: Path) -> None:
    code = "from check import check; rate = 0.25; double = lambda x: x + x; check('rate')"
    said = run(folder, "-c", f"{code}; check('double'); rate = 0.5; check('rate')")
    assert [line.split()[1] for line in said.splitlines() if line[0] in "rd"] == [
        "not",
        "right",
        "right",
    ]


def test_a_variable_that_is_not_there_yet_is_told(folder: Path) -> None:
    said = run(folder, "-c", "from check import check; check('rate')")
    assert "rate has no value yet: run the cell that gives it one" in said


# A shell that is told to ignore Ctrl-C hands that on, as it does to what it starts with `&`.
IN_THE_BACKGROUND = ("/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh")


@pytest.mark.parametrize("before", [(), IN_THE_BACKGROUND])
def test_a_function_of_an_open_notebook_that_hangs_is_stopped(
    folder: Path, before: Sequence[str]
) -> None:
    code = """
from check import check
def double(x):
    while True:
        pass
check("double")
rate = 0.5
check("rate")
"""
    said = run(folder, "-c", code, before=before)
    assert "double  timed out" in said
    assert "in double" in said
    assert "rate  right" in said


@pytest.mark.skipif(find_spec("IPython") is None, reason="IPython is not installed")
def test_ipython_gives_the_variables_of_its_cells(folder: Path) -> None:
    code = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(history_length=0)
for source in ("rate = 0.5", "from check import check", "check('rate')"):
    shell.run_cell(source)
"""
    assert "1 of 1 right" in run(folder, "-c", code)
