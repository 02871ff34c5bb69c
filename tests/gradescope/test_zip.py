"""The zip: what travels to the site, what never does, and that two runs give the same bytes."""

from __future__ import annotations

import ast
import io
import json
import re
import subprocess
import sys
import tokenize
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from autograder.box.confine import Box
from autograder.gradescope.bare import bare
from autograder.gradescope.bundle import Bundle
from autograder.level import refuse_exposed
from generator.modules import student_modules
from generator.new import create
from gradlab.cli import gradescope as zipping
from gradlab.course import Assignment, Course
from gradlab.errors import AuthorMistake, UserMistake

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
Files = dict[str, bytes]
# Prints the packages that grading loads and that are no part of Python.
LOADS = """
import sys
before = set(sys.modules)
sys.path.insert(0, sys.argv[1])
import autograder.gradescope.__main__
tops = {name.split(".")[0] for name in sys.modules}
print(*(tops - sys.stdlib_module_names - before))
"""


@pytest.fixture(scope="module")
def two_layer_net() -> Assignment:
    return Course.find(ROOT).assignment("two_layer_net")


@pytest.fixture(scope="module")
def files(two_layer_net: Assignment) -> Files:
    return zipping.contents(two_layer_net, "container")


def read_bundle(files: Mapping[str, bytes], folder: Path) -> Bundle:
    for name, content in files.items():
        if name.startswith("bundle/"):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return Bundle.read(folder / "bundle")


def test_two_runs_give_the_same_bytes(two_layer_net: Assignment, tmp_path: Path) -> None:
    written = [
        zipping.write_zip(two_layer_net, tmp_path / name / "a.zip", "full") for name in ("1", "2")
    ]
    assert written[0].read_bytes() == written[1].read_bytes()
    assert written[0].stat().st_size < 5 << 20


def test_root_alone_can_read_it_and_the_programs_run(files: Files) -> None:
    with zipfile.ZipFile(io.BytesIO(zipping.archive(files))) as packed:
        modes = {entry.filename: entry.external_attr >> 16 for entry in packed.infolist()}
    programs = {"run_autograder", "setup.sh"}
    assert {name for name, mode in modes.items() if mode == 0o100700} == programs
    assert {mode for name, mode in modes.items() if name not in programs} == {0o100600}
    assert all(files[name].startswith(b"#!") for name in programs)


@pytest.mark.parametrize("name", ["run_autograder", "setup.sh"])
def test_the_programs_are_shell(files: Files, name: str) -> None:
    subprocess.run(["/bin/sh", "-n"], input=files[name], check=True)
    assert b"{" not in re.sub(rb"\$\{|\|\| \{", b"", files[name])


def test_grading_needs_numpy_alone(files: Files, tmp_path: Path) -> None:
    lines = files["requirements.txt"].decode().splitlines()
    assert [re.split(r"[^\w]", line)[0] for line in lines] == ["numpy", "tomli"]
    for name, content in files.items():
        if name.startswith("lib/"):
            path = tmp_path / name.removeprefix("lib/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    command = [sys.executable, "-c", LOADS, str(tmp_path)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    assert set(ran.stdout.split()) <= {"autograder", "gradlab", "numpy", "tomli"}


def test_preloaded_packages_are_installed(small: Assignment) -> None:
    preloading = replace(small, preload=("torch", "torch._dynamo"))
    lines = zipping.contents(preloading, "split")["requirements.txt"].decode().splitlines()
    assert [line for line in lines if "torch" in line] == ["torch"]


def test_the_recording_lies_in_the_bundle_alone(files: Files, two_layer_net: Assignment) -> None:
    key = json.loads((two_layer_net.folder / "expected/checks.json").read_text())["key"]
    assert {name for name, text in files.items() if key.encode() in text} == {
        "bundle/expected/checks.json"
    }
    outside = {name.split("/")[0] for name in files} - {"bundle", "lib"}
    assert outside == {"requirements.txt", "run_autograder", "setup.sh", "unfinished.json"}


def test_workers_could_not_be_given_the_site_s_source(tmp_path: Path) -> None:
    below = Path(np.__file__).parent.parent / "autograder" / "source"
    refuse_exposed(Box(landlock=True), [tmp_path / "autograder" / "source"])
    with pytest.raises(UserMistake, match="which workers can read"):
        refuse_exposed(Box(landlock=True), [below])


def test_no_reference_where_no_check_asks_for_it(
    small_files: Files, small: Assignment, tmp_path: Path
) -> None:
    assert read_bundle(small_files, tmp_path).reference is None
    source = (small.source / "relu.py").read_text()
    (line,) = [line.strip() for line in source.splitlines() if "np.maximum" in line]
    assert not [name for name, text in small_files.items() if line.encode() in text]


def test_the_reference_travels_without_a_word(
    files: Files, two_layer_net: Assignment, tmp_path: Path
) -> None:
    bundle = read_bundle(files, tmp_path)
    assert bundle.reference is not None
    source = bundle.reference.files["nndl/neural_net.py"]
    assert _words(source) == []
    assert _words((two_layer_net.source / "neural_net.py").read_bytes())
    supplied = (two_layer_net.source / "data_utils.py").read_bytes()
    assert bundle.plan.supplied["nndl/data_utils.py"] == supplied
    assert all(_words(cell.encode()) == [] for _, cell in bundle.reference.cells or ())


def _words(source: bytes) -> list[str]:
    tokens = list(tokenize.tokenize(io.BytesIO(source).readline))
    comments = [token.string for token in tokens if token.type == tokenize.COMMENT]
    nodes = [n for n in ast.walk(ast.parse(source)) if isinstance(n, (ast.Module, ast.ClassDef))]
    nodes += [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef)]  # type: ignore[misc]
    return [*comments, *filter(None, map(ast.get_docstring, nodes))]


@pytest.mark.parametrize(
    ("source", "rest"),
    [
        ('"""Doc."""\nx = 1  # one\n', '""\nx = 1\n'),
        ('x = """a\n# no"""  # é one\n# two\ny = "é"  # three', 'x = """a\n# no"""\n\ny = "é"'),
        ("f\"{', '.join(x)} {y!r}\"\r\n", "f\"{', '.join(x)} {y!r}\"\n"),
        ('class A:\n    """One\n    two."""\n    é = 1\n', 'class A:\n    ""\n\n    é = 1\n'),
        ('def f():\n    """Doc."""\n', 'def f():\n    ""\n'),
        ('def f():\n    """Doc."""\n    return "#"\n', 'def f():\n    ""\n    return "#"\n'),
        ("def f(:\n", "def f(:\n"),
        ("", ""),
        ("# coding: latin-1\nx = 1\n", "\nx = 1\n"),
    ],
)
def test_bare_source(source: str, rest: str) -> None:
    assert bare(source.encode()).decode() == rest


def test_what_student_and_reference_both_have_travels_once(files: Files) -> None:
    kept = [content for name, content in files.items() if name.startswith("bundle/files/")]
    assert len(kept) == len(set(kept)) > 0


def test_a_bundle_is_read_as_it_was_written(
    files: Files, two_layer_net: Assignment, tmp_path: Path
) -> None:
    bundle = Bundle.of(two_layer_net, student_modules(two_layer_net), "container")
    assert read_bundle(files, tmp_path) == bundle


def settings(folder: Path, text: str) -> Any:
    (folder / "course.toml").write_text("")
    course = Course.find(folder)
    create(course, "relu")
    path = folder / "assignments/relu/assignment.toml"
    path.write_text(path.read_text() + text)
    return course.assignment("relu").gradescope


def test_settings(tmp_path: Path) -> None:
    text = '\n[gradescope]\ntimeout_min = 20\nvisibility = "after_published"\ndata = "sets"\n'
    found = settings(tmp_path, text)
    assert (found.timeout_min, found.visibility, found.data) == (20, "after_published", "sets")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gradescope = 3\n", "must be a table"),
        ("[gradescope]\nminutes = 3\n", "unknown key 'minutes'"),
        ("[gradescope]\ntimeout_min = 41\n", "at most 40"),
        ("[gradescope]\ntimeout_min = 0\n", "above 0"),
        ("[gradescope]\ntimeout_min = true\n", "above 0"),
        ('[gradescope]\nvisibility = "never"\n', "visibility is one of visible"),
        ("[gradescope]\nvisibility = []\n", "visibility is one of visible"),
        ("[gradescope]\ndata = 3\n", "data must be given, as a text"),
    ],
)
def test_settings_that_are_wrong(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(AuthorMistake, match=re.escape(words)):
        settings(tmp_path, text)
