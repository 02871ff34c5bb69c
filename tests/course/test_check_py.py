"""`check.py`: one file that says at home what the grader would say."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from autograder.recording import Recording
from gradlab.cli import sample

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gradlab.course import Assignment

WORDS = {"earned": "right", "partial": "partly right", "missed": "not right"}
QUICK = ("all-right", "empty-release", "partly-biases-regularised", "raises")


def lay_out(files: Mapping[str, bytes], folder: Path) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", *arguments]
    return subprocess.run(
        command, cwd=folder, env={}, capture_output=True, text=True, timeout=60, check=False
    )


def words(said: str) -> list[str]:
    """Return the statuses of a table: the second column of each row."""
    rows = [line for line in said.splitlines() if line[:1].strip() and " of " not in line[:8]]
    return [re.split(r"\s{2,}", row)[1] for row in rows]


@pytest.mark.parametrize("name", QUICK)
def test_it_says_what_the_grader_says(
    assignment: Assignment,
    release: Mapping[str, bytes],
    graded: Path,
    tmp_path: Path,
    name: str,
) -> None:
    submission = sample.sample_class(assignment, release)[name]
    done = run(lay_out({**release, **submission}, tmp_path), "check.py")
    said = words(done.stdout)
    tests = json.loads((graded / name / "results.json").read_text())["tests"]
    public = [test for test in tests if test.get("max_score") == 0]
    statuses = [test["extra_data"]["status"] for test in public]
    assert said == [WORDS.get(status, status) for status in statuses]
    assert done.stderr == ""
    assert done.returncode == (0 if set(said) == {"right"} else 1)


def test_messages_are_the_graders(
    assignment: Assignment, release: Mapping[str, bytes], tmp_path: Path
) -> None:
    files = sample.sample_class(assignment, release)["raises"]
    done = run(lay_out({**release, **files}, tmp_path), "check.py", "loss")
    assert words(done.stdout) == ["raised"]
    assert "NameError: name 'dscore' is not defined" in done.stdout
    assert "neural_net.py" in done.stdout
    assert "scores" not in done.stdout.splitlines()[0]


def test_edits_count_at_once_in_a_running_notebook(
    assignment: Assignment, release: Mapping[str, bytes], tmp_path: Path
) -> None:
    files = sample.sample_class(assignment, release)
    lay_out(release, tmp_path)
    (tmp_path / "written.py").write_bytes(files["all-right"]["nndl/neural_net.py"])
    code = """
import shutil
import nndl.neural_net
from check import check
check("scores")
before = nndl.neural_net
shutil.copy("written.py", "nndl/neural_net.py")
check("scores")
import sys
assert sys.modules["nndl.neural_net"] is before  # the notebook's own objects stay
"""
    done = run(tmp_path, "-B", "-c", code)
    assert done.stderr == ""
    assert words(done.stdout) == ["not implemented", "right"]


def test_an_unknown_question_lists_the_known_ones(
    release: Mapping[str, bytes], tmp_path: Path
) -> None:
    done = run(lay_out(release, tmp_path), "check.py", "backprop")
    assert done.returncode == 1
    assert "there are: scores, loss, gradients, train, predict" in done.stdout


def test_it_holds_nothing_of_the_hidden_suite(
    assignment: Assignment, release: Mapping[str, bytes]
) -> None:
    text = release["check.py"].decode()
    hidden = Recording.read(assignment.folder / "expected", "checks")
    assert hidden.key not in text
    assert not any(str(drawn.seed) in text for draws in hidden.checks.values() for drawn in draws)
    assert not any(name in text for name in ("stable_loss", "train_learns", "random_params"))
    source = (assignment.source / "neural_net.py").read_text()
    assert "dhidden" in source
    assert "dhidden" not in text


def test_it_imports_numpy_and_the_standard_library_alone(release: Mapping[str, bytes]) -> None:
    tree = ast.parse(release["check.py"])
    names = {
        (node.module or "" if isinstance(node, ast.ImportFrom) else alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    assert names - sys.stdlib_module_names == {"numpy"}
