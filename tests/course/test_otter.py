"""`grader.check("NAME")`: the public checks as tests of the real otter-grader."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from autograder.otter_tests import otter_files
from autograder.suite import Suite
from gradlab.cli import sample
from gradlab.cli.packing import release as make
from gradlab.course import Assignment
from gradlab.errors import AuthorMistake
from tests.course.blocks import lay_out

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


CLIENTS = ("otter", "otter-exceptions")
QUESTIONS = ("scores", "loss", "gradients", "train", "predict")
needs_otter = pytest.mark.skipif(
    find_spec("otter") is None, reason="otter-grader is not installed: pip install 'gradlab[otter]'"
)
ASK = """
import otter
grader = otter.Notebook("two_layer_net.ipynb")
for question in ("scores", "gradients"):
    found = grader.check(question)
    print("FOUND", question, found.passed_all)
    print(found)
"""


def ask_otter(folder: Path) -> tuple[list[str], str]:
    """Return what otter finds of two questions, and all that it prints."""
    command = [sys.executable, "-c", ASK]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = (line.split() for line in done.stdout.splitlines() if line.startswith("FOUND"))
    return [words[2] for words in lines], done.stdout


@pytest.mark.parametrize("client", CLIENTS)
def test_a_release_carries_a_test_for_each_question(assignment: Assignment, client: str) -> None:
    files = make(replace(assignment, client=client)).files
    assert [name for name in files if name.startswith("tests/")] == [
        f"tests/{question}.py" for question in sorted(QUESTIONS)
    ]
    metadata = json.loads(files["two_layer_net.ipynb"])["metadata"]["otter"]
    assert metadata["OK_FORMAT"] is (client == "otter")
    assert set(metadata["tests"]) == set(QUESTIONS)
    assert b"otter-grader" in files["requirements.txt"]


@pytest.mark.parametrize("client", CLIENTS)
def test_the_tests_hold_names_and_no_values(assignment: Assignment, client: str) -> None:
    files = make(replace(assignment, client=client)).files
    texts = [files[name].decode() for name in files if name.startswith("tests/")]
    numbers = [
        node.value
        for text in texts
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and type(node.value) in (int, float)
    ]
    assert numbers == []
    assert not any("stable_loss" in text or "train_learns" in text for text in texts)


def test_without_otter_there_are_no_tests(release: Mapping[str, bytes]) -> None:
    assert not any(name.startswith("tests/") for name in release)
    assert "otter" not in json.loads(release["two_layer_net.ipynb"])["metadata"]
    assert b"otter" not in release["requirements.txt"]


def test_a_question_that_cannot_be_a_file_is_refused() -> None:
    suite = Suite("tiny")

    @suite.check(points=0, question="../q 1")
    def one() -> None:
        """One"""

    with pytest.raises(AuthorMistake, match=r"question '\.\./q 1'"):
        otter_files("otter", suite.checks)


@needs_otter
@pytest.mark.parametrize("place", ["folder", "metadata"])
@pytest.mark.parametrize("client", CLIENTS)
def test_otter_finds_what_check_py_finds(
    assignment: Assignment, tmp_path: Path, client: str, place: str
) -> None:
    files = make(replace(assignment, client=client)).files
    lay_out(files, tmp_path)
    if place == "metadata":
        shutil.rmtree(tmp_path / "tests")
    verdicts, said = ask_otter(tmp_path)
    assert verdicts == ["False", "False"]
    assert "loss is still empty." in said
    lay_out(
        {
            k: v
            for k, v in sample.sample_class(assignment, files)["all-right"].items()
            if k.endswith(".py")
        },
        tmp_path,
    )
    verdicts, said = ask_otter(tmp_path)
    assert verdicts == ["True", "True"], said


def test_another_client_is_refused(assignment: Assignment, tmp_path: Path) -> None:
    folder = tmp_path / assignment.name
    folder.mkdir()
    settings = (assignment.folder / "assignment.toml").read_text()
    (folder / "assignment.toml").write_text(f'client = "oter"\n{settings}')
    with pytest.raises(AuthorMistake, match=r"toml:1: client must be one of check\.py, otter"):
        Assignment.read(assignment.course, folder)
