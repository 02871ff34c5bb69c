"""`python check.py --submit`: it looks, says what it sees, and packs all the same."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from autograder.at_home.handing_in import LARGEST_MB
from autograder.intake import Submission
from autograder.upload import BOUNDS
from gradlab.cli import sample, steps
from tests.course.blocks import lay_out

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from gradlab.course import Assignment

HANDED_IN = ["two_layer_net.ipynb", "nndl/neural_net.py", "best_net.npz"]
LONG_AGO = 1_700_000_000


def submit(folder: Path) -> str:
    command = [sys.executable, "-W", "error", "check.py", "--submit"]
    done = subprocess.run(
        command, cwd=folder, env={}, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def packed(folder: Path) -> list[str]:
    with zipfile.ZipFile(folder / "submission.zip") as archive:
        assert archive.testzip() is None
        return archive.namelist()


def edit_notebook(folder: Path, change: Callable[[list[dict[str, object]]], None]) -> None:
    path = folder / "two_layer_net.ipynb"
    notebook = json.loads(path.read_text())
    change([cell for cell in notebook["cells"] if cell["cell_type"] == "code"])
    path.write_text(json.dumps(notebook))


def run_all(cells: list[dict[str, object]]) -> None:
    for number, cell in enumerate(cells, 1):
        cell["execution_count"] = number


@pytest.fixture
def finished(assignment: Assignment, release: Mapping[str, bytes], tmp_path: Path) -> Path:
    """The folder of a student who has done everything, the notebook last."""
    files = {**release, **sample.sample_class(assignment, release)["all-right"]}
    lay_out(files, tmp_path)
    for name in files:
        os.utime(tmp_path / name, (LONG_AGO, LONG_AGO))
    edit_notebook(tmp_path, run_all)
    return tmp_path


def test_a_finished_homework_has_no_warnings(finished: Path) -> None:
    said = submit(finished)
    assert "warning" not in said
    assert "two_layer_net.ipynb: run in order, last saved" in said
    assert "6 of 6 right" in said
    assert said.endswith("Hand in this file.\n")
    assert packed(finished) == HANDED_IN
    assert all(re.search(rf"(?m)^    {name}  [\d.]+ [kM]B$", said) for name in HANDED_IN)


def test_the_grader_takes_it_and_gives_all_points(
    assignment: Assignment, finished: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    submit(finished)
    archive = finished / "submission.zip"
    taken = Submission.read(archive)
    assert (taken.problem, taken.notes, list(taken.files)) == ("", (), HANDED_IN)
    results = tmp_path_factory.mktemp("results")
    steps.grade(assignment, (archive,), results, 1)
    (found,) = results.glob("*/results.json")
    tests = json.loads(found.read_text())["tests"]
    assert tests
    statuses = {test["extra_data"]["status"] for test in tests}
    assert statuses == {"earned", "needs a person"}


def test_what_it_packs_is_made_anew(finished: Path) -> None:
    submit(finished)
    (finished / "best_net.npz").write_bytes(b"other")
    submit(finished)
    with zipfile.ZipFile(finished / "submission.zip") as archive:
        assert archive.read("best_net.npz") == b"other"
    assert not (finished / "submission.zip.part").exists()


def test_nothing_but_ones_own_work_goes_in(finished: Path) -> None:
    (finished / "cifar-10-batches-py").mkdir()
    (finished / "cifar-10-batches-py/data_batch_1").write_bytes(b"0" * 100)
    (finished / "nndl/__pycache__").mkdir()
    (finished / "nndl/__pycache__/neural_net.cpython-311.pyc").write_bytes(b"0")
    (finished / "nndl/my_helpers.py").write_text("HALF = 0.5\n")
    said = submit(finished)
    assert "4 files" in said
    assert "no data set" in said
    assert packed(finished) == [*HANDED_IN, "nndl/my_helpers.py"]


def late(cells: list[dict[str, object]]) -> None:
    cells[2]["execution_count"] = 999


def not_run(cells: list[dict[str, object]]) -> None:
    cells[-1]["execution_count"] = None


def failed(cells: list[dict[str, object]]) -> None:
    output = {"output_type": "error", "ename": "E", "evalue": "", "traceback": []}
    cells[-1]["outputs"] = [output]


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        (late, r"two_layer_net\.ipynb: cell \d+ was run before the one above it"),
        (not_run, r"two_layer_net\.ipynb: cell \d+ not run, or not saved since"),
        (failed, r"two_layer_net\.ipynb: cell \d+ ended in an error"),
    ],
)
def test_what_it_says_of_the_notebook(
    finished: Path, change: Callable[[list[dict[str, object]]], None], warning: str
) -> None:
    edit_notebook(finished, change)
    said = submit(finished)
    assert re.search(rf"(?m)^warning  {warning}", said)
    assert "1 warning above. It is packed all the same" in said
    assert packed(finished) == HANDED_IN


def remove(path: Path) -> None:
    path.unlink()


def damage(path: Path) -> None:
    path.write_bytes(b"{ this is no Python and no notebook")
    os.utime(path, (LONG_AGO, LONG_AGO))


def touch(path: Path) -> None:
    os.utime(path, (LONG_AGO + 10**9, LONG_AGO + 10**9))


@pytest.mark.parametrize(
    ("name", "change", "warnings"),
    [
        ("best_net.npz", remove, ["best_net.npz: is not there; run the cell"]),
        ("two_layer_net.ipynb", remove, ["two_layer_net.ipynb: is not there; on Colab"]),
        ("two_layer_net.ipynb", damage, ["two_layer_net.ipynb: cannot be read"]),
        ("nndl/neural_net.py", damage, ["nndl/neural_net.py: line 1: "]),
        (
            "nndl/neural_net.py",
            touch,
            [
                "two_layer_net.ipynb: was saved before neural_net.py was changed",
                "best_net.npz: is older than neural_net.py",
            ],
        ),
    ],
)
def test_it_warns_and_packs_all_the_same(
    finished: Path, name: str, change: Callable[[Path], None], warnings: list[str]
) -> None:
    change(finished / name)
    said = submit(finished)
    assert said.count("warning  ") == len(warnings)
    assert all(f"warning  {warning}" in said for warning in warnings)
    assert "packed all the same" in said
    assert packed(finished) == [n for n in HANDED_IN if change is not remove or n != name]


def test_files_as_they_were_handed_out_are_told(
    release: Mapping[str, bytes], finished: Path
) -> None:
    for name in HANDED_IN[:2]:
        (finished / name).write_bytes(release[name])
    said = submit(finished)
    assert all(f"{name}: is as it was handed out; is it saved?" in said for name in HANDED_IN[:2])


def test_what_is_too_large_is_what_the_grader_refuses(finished: Path) -> None:
    assert BOUNDS.content_mb == LARGEST_MB
    with (finished / "best_net.npz").open("r+b") as file:
        file.truncate((LARGEST_MB << 20) + 1)
    assert "64 MB are read; the largest file is best_net.npz" in submit(finished)
