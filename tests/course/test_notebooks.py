"""The master runs from top to bottom, and so does what students get."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from gradlab.cli import steps
from gradlab.course import Course
from tests.conftest import PROVING
from tests.course.blocks import lay_out
from tests.course.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gradlab.course import Assignment

NAME = "two_layer_net.ipynb"
# Masters with a quick size: what a run prints, the points that grading it gives, and how many
# parts of the fresh release are not implemented.
QUICK = {
    "knn": ("saved: knn_labels.npz, of the set generated", 18, 6),
    "backprop_by_hand": ("db1: the same\n      dW1: the same", 21, 4),
    "softmax": ("recognised: 71 of 90", 15, 7),
    "svm": ("loss 9.0", 10, 5),
    "layers": ("svm_loss: 8.995967", 34, 11),
    "autodiff": ("k = 2, forward, h = 0.01: df1/dw1 off by 0.019, df1/dw2 by 0.84", 23, 6),
    "matrix_calculus": ("length of W in the end: 1.0", 12, 3),
    "gradient_descent": ("after a step with eta = 0.1: 2.2725", 16, 7),
    "optimisers": ("rates: 1e-05, 9.5e-06, 9.025e-06, 8.57375e-06", 15, 5),
    "fully_connected": ("best training accuracy of all epochs: 1.0", 31, 8),
    "convnet": ("saved: convnet.npz, trained on the set generated", 20, 4),
}
EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
drop = lambda cell: "release-only" in cell.metadata.get("tags", [])
notebook.cells = [cell for cell in notebook.cells if not (sys.argv[2] == "master" and drop(cell))]
NotebookClient(notebook, timeout=900, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[1])
"""


def execute(path: Path, kind: str, **environment: str) -> str:
    """Run a notebook in its folder and return everything that it printed."""
    command = [sys.executable, "-c", EXECUTE, path.name, kind]
    done = subprocess.run(
        command,
        cwd=path.parent,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", **environment},  # others use the cores too
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    notebook: Any = json.loads(path.read_text())
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    shown = [output.get("data", {}).get("text/plain", []) for output in outputs]
    return "".join("".join(text) for text in (*(o.get("text", []) for o in outputs), *shown))


def hand_in(assignment: Assignment, folder: Path) -> Path:
    """Lay out the reference as a student's folder, and return its notebook."""
    path = folder / "handed-in" / assignment.notebooks[0]
    shutil.copytree(assignment.source, path.parent / assignment.package)
    path.write_bytes(assignment.read_notebook(path.name))
    return path


@pytest.mark.slow
def test_the_release_runs_unfilled_and_alone(release: Mapping[str, bytes], tmp_path: Path) -> None:
    printed = execute(lay_out(release, tmp_path) / NAME, "release", PYTHONPATH="")
    assert printed.count("  not implemented  ") == 6
    assert "There is nothing to save yet." in printed


@pytest.mark.slow
@pytest.mark.parametrize("images", ["generated", "cifar10"])
def test_the_master_runs_and_earns_everything(
    assignment: Assignment, tmp_path: Path, images: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if images == "cifar10" and "CIFAR10_DIR" not in os.environ:
        pytest.skip("CIFAR10_DIR is not set: no real images to train on")
    if images == "generated":
        if "CIFAR10_DIR" in os.environ and not PROVING:
            pytest.skip("four minutes: real images are there and tried; make prove tries both")
        monkeypatch.delenv("CIFAR10_DIR", raising=False)
    path = hand_in(assignment, tmp_path)
    printed = execute(path, "master", PYTHONPATH=str(path.parent))
    assert f"saved: best_net.npz, trained on the set {images}" in printed
    accuracies = [
        float(line.split(": ")[1])
        for line in printed.splitlines()
        if line.startswith("validation accuracy: ")
    ]
    assert 0.27 <= accuracies[0] <= 0.30
    assert accuracies[1] >= 0.50
    steps.grade(assignment, (path.parent,), tmp_path / "out", 1)
    table = json.loads((tmp_path / "out/handed-in/results.json").read_text())
    assert table["score"] == 26


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_a_master_in_quick_size_earns_everything(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CIFAR10_DIR", raising=False)
    assignment, (words, points, _) = Course.find(ROOT).assignment(name), QUICK[name]
    path = hand_in(assignment, tmp_path)
    printed = execute(path, "master", PYTHONPATH=str(path.parent), GRADLAB_QUICK="1")
    assert words in printed
    steps.grade(assignment, (path.parent,), tmp_path / "out", 1)
    assert json.loads((tmp_path / "out/handed-in/results.json").read_text())["score"] == points


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_a_release_in_quick_size_runs_unfilled_and_alone(name: str, tmp_path: Path) -> None:
    assignment = Course.find(ROOT).assignment(name)
    path = lay_out(steps.release(assignment).files, tmp_path) / assignment.notebooks[0]
    printed = execute(path, "release", PYTHONPATH="", GRADLAB_QUICK="1")
    assert printed.count("not implemented") == QUICK[name][2]
