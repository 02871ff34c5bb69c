"""Whatever is handed in: a results file, no points, and a sentence that a student understands."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from autograder.verify import reference_submission
from gradlab.cli import steps

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gradlab.course import Assignment

MODULE = "nndl/neural_net.py"
BODY = """
import numpy as np
class TwoLayerNet:
    def __init__(self, D, H, C, std=1e-4):
        self.params = {{"W1": np.zeros((H, D)), "b1": np.zeros(H),
                        "W2": np.zeros((C, H)), "b2": np.zeros(C)}}
    def loss(self, X, y=None, reg=0.0):
        {body}
    def train(self, *args, **kwargs):
        {body}
    def predict(self, X):
        {body}
"""
BAD = {
    "returns-none": ("return None", "missed", "yours is None"),
    "returns-nan": ("return np.full((len(X), 3), np.nan)", "missed", "nan"),
    "returns-wrong-shape": ("return np.zeros((1, 2))", "missed", "(1, 2)"),
    "returns-text": ("return 'right'", "missed", "yours is a text"),
    "returns-objects": ("return np.array([object()])", "missed", "should be"),
    "returns-huge": ("return np.zeros((1 << 14, 1 << 10))", "unsupported value", "may travel"),
    "prints": ("print('x' * 10_000_000); return None", "missed", "yours is None"),
    "exits": ("import os; os._exit(0)", "exited", "ended the program"),
    "exits-politely": ("raise SystemExit('done')", "exited", "ended the program"),
    "raises": ("raise ValueError('<b>no</b>')", "raised", "ValueError: <b>no</b>"),
    "is-empty": ("raise NotImplementedError", "not implemented", "handed out"),
    "eats-memory": ("return [bytearray(1 << 30) for _ in range(9)]", "out of memory", "memory"),
    "aborts": ("import os; os.abort()", "crashed", "crashed"),
    "recurses": ("return self.loss(X, y, reg)", "raised", "RecursionError"),
}


@pytest.fixture(scope="module")
def outcomes(assignment: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    for name, (body, _, _) in BAD.items():
        path = folder / "in" / name / MODULE
        path.parent.mkdir(parents=True)
        path.write_text(BODY.format(body=body))
    steps.grade(assignment, (folder / "in",), folder / "out", 2)
    return folder / "out"


def public(folder: Path, name: str, check: str = "toy_scores") -> Any:
    table = json.loads((folder / name / "results.json").read_text())
    return next(test for test in table["tests"] if test["extra_data"]["check"] == check)


@pytest.mark.parametrize("name", BAD)
def test_the_status_and_the_sentence(outcomes: Path, name: str) -> None:
    _, status, words = BAD[name]
    test = public(outcomes, name)
    assert test["extra_data"]["status"] == status
    assert words in test["output"]


@pytest.mark.parametrize("name", BAD)
def test_no_points(outcomes: Path, name: str) -> None:
    table = json.loads((outcomes / name / "results.json").read_text())
    assert table["score"] == 0
    assert not any(t["extra_data"]["status"] == "broken" for t in table["tests"])


def grade_one(assignment: Assignment, path: Path, out: Path) -> Any:
    steps.grade(assignment, (path,), out, 1)
    (written,) = out.glob("*/results.json")
    return json.loads(written.read_text())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("import pasta\n", "No module named 'pasta'"),
        ("def loss(:\n", "SyntaxError"),
        ("print 'hello'\n", "SyntaxError"),
        ("raise KeyboardInterrupt\n", "KeyboardInterrupt"),
        ("import sys; sys.exit(1)\n", "ended the program"),
    ],
)
def test_a_module_that_does_not_load_is_judged_once(
    assignment: Assignment, tmp_path: Path, content: str, words: str
) -> None:
    path = tmp_path / "one" / MODULE
    path.parent.mkdir(parents=True)
    path.write_text(content)
    table = grade_one(assignment, tmp_path / "one", tmp_path / "out")
    assert table["score"] == 0
    tests = [t for t in table["tests"] if t["tags"][0] in ("scores", "loss", "gradients")]
    assert len({test["output"] for test in tests}) == 1
    assert words in tests[0]["output"]


def test_remembering_the_labels_is_not_training(assignment: Assignment, tmp_path: Path) -> None:
    source = (assignment.source / "neural_net.py").read_text()
    step = "self.params[name] -= learning_rate * grads[name]"
    forward = "        if y is None:\n            return scores\n"
    assert step in source
    assert forward in source
    recite = "        if y is None:\n            seen = getattr(self, 'seen', None)\n"
    recite += "            return scores if seen is None else np.eye(4)[seen[: len(X)]]\n"
    path = tmp_path / "one" / MODULE
    path.parent.mkdir(parents=True)
    path.write_text(source.replace(step, "self.seen = y").replace(forward, recite))
    table = grade_one(assignment, tmp_path / "one", tmp_path / "out")
    outcomes = {test["extra_data"]["check"]: test.get("score") for test in table["tests"]}
    assert (outcomes["gradients"], outcomes["train_steps"], outcomes["train_learns"]) == (6, 0, 0)


def test_a_class_without_the_method(assignment: Assignment, tmp_path: Path) -> None:
    path = tmp_path / "one" / MODULE
    path.parent.mkdir(parents=True)
    path.write_text("class TwoLayerNet:\n    def __init__(self, *a, **k): self.params = {}\n")
    table = grade_one(assignment, tmp_path / "one", tmp_path / "out")
    assert "has no attribute 'loss'" in table["tests"][0]["output"]


def test_a_zip_and_a_folder_earn_the_same(assignment: Assignment, tmp_path: Path) -> None:
    files = reference_submission(assignment).files
    with zipfile.ZipFile(tmp_path / "ada.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(f"homework/{name}", content)
    table = grade_one(assignment, tmp_path / "ada.zip", tmp_path / "out")
    assert table["score"] == 26


def test_a_single_notebook_is_graded_for_what_it_holds(
    assignment: Assignment, tmp_path: Path
) -> None:
    path = tmp_path / "two_layer_net.ipynb"
    path.write_bytes((assignment.folder / "two_layer_net.ipynb").read_bytes())
    table = grade_one(assignment, path, tmp_path / "out")
    statuses = {t["extra_data"]["check"]: t["extra_data"]["status"] for t in table["tests"]}
    assert statuses["scores"] == "missing file"
    assert statuses["settings"] == "missing file"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a zip", b"\x00" * 100])
def test_a_broken_zip_still_gets_results(
    assignment: Assignment, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "ada.zip").write_bytes(content)
    table = grade_one(assignment, tmp_path / "ada.zip", tmp_path / "out")
    assert table["score"] == 0
    assert "cannot be read" in table["output"]


def with_settings(assignment: Assignment, source: str) -> Mapping[str, bytes]:
    files = dict(reference_submission(assignment).files)
    notebook = json.loads(files["two_layer_net.ipynb"])
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "code" and '"learning_rate_decay":' in text:
            cell["source"] = source
    files["two_layer_net.ipynb"] = json.dumps(notebook).encode()
    return files


@pytest.mark.parametrize(
    ("source", "status", "words"),
    [
        ("best_settings = None", "missed", "yours is None"),
        ("best_settings = {'hidden_size': 50}", "partial", "['learning_rate'] is missing"),
        ("best_settings = {'hidden_size': 60}", "missed", "between 50 and 50"),
        ("while True: best_settings = 1", "out of CPU", "computing time"),
        ("pass", "raised", "best_settings"),
    ],
)
def test_reported_settings(
    assignment: Assignment, tmp_path: Path, source: str, status: str, words: str
) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, content in with_settings(assignment, source).items():
            file.writestr(name, content)
    (tmp_path / "ada.zip").write_bytes(archive.getvalue())
    table = grade_one(assignment, tmp_path / "ada.zip", tmp_path / "out")
    test = next(t for t in table["tests"] if t["extra_data"]["check"] == "settings")
    assert test["extra_data"]["status"] == status
    assert words in test["output"]
