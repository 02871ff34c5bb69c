"""Whatever is handed in: a results file, no points, and a sentence that a student understands."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from autograder.verify import reference_submission
from gradlab.cli import steps

if TYPE_CHECKING:
    from pathlib import Path

    from gradlab.course import Assignment

MODULE = "nndl/neural_net.py"
Files = Mapping[str, bytes]
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
        ("import pasta\n", "`pasta` is not available here"),
        ("def loss(:\n", "SyntaxError"),
        ("print 'hello'\n", "this is Python 2: print 'hello'"),
        ("import numpy as np\nx = np.float(3)\n", "np.float was removed from numpy"),
        ("x = input('seed? ')\n", "input() is refused"),
        ("x = 1\0\n", "NUL bytes"),
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


def moved(files: Files, folder: str, imported: str) -> dict[str, bytes]:
    """Return a submission whose package has another name, or none."""
    texts = {
        name.replace("nndl/", folder): content.replace(b"nndl.", imported.encode())
        for name, content in files.items()
    }
    return {
        name: text.replace(b"from .", f"from {imported}".encode()) for name, text in texts.items()
    }


def without_comments(content: bytes) -> bytes:
    lines = content.decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.lstrip().startswith("#")).encode()


def renamed(files: Files, old: str, new: str) -> dict[str, bytes]:
    return {new if name == old else name: content for name, content in files.items()}


BROKEN = b"from past.builtins import xrange\nimport torch, my_cython\nprint 'x'\n"
NOTEBOOK = "two_layer_net.ipynb"
# What people do to a right submission without making it wrong.
FORMS: dict[str, Callable[[Files], Files]] = {
    "as-it-is": lambda files: files,
    "below-folders": lambda files: {f"hw 3/final/{name}": files[name] for name in files},
    "another-package": lambda files: moved(files, "cs231n/", "cs231n."),
    "flat": lambda files: moved(files, "", ""),
    "deeper": lambda files: moved(files, "hw/hw3code/classifiers/", "hw3code.classifiers."),
    "no-markers": lambda files: {**files, MODULE: without_comments(files[MODULE])},
    "latin-1": lambda files: {**files, MODULE: b"# caf\xe9\n" + files[MODULE]},
    "utf-16": lambda files: {**files, MODULE: files[MODULE].decode().encode("utf-16")},
    "notebook-utf-16": lambda files: {**files, NOTEBOOK: files[NOTEBOOK].decode().encode("utf-16")},
    "crlf": lambda files: {**files, MODULE: files[MODULE].replace(b"\n", b"\r\n")},
    "notebook-renamed": lambda files: renamed(files, NOTEBOOK, "ada_final(1).ipynb"),
    "module-renamed": lambda files: renamed(files, MODULE, "nndl/neural_net_final.py"),
    "broken-file-beside": lambda files: {**files, "nndl/old.py": BROKEN, "notes.ipynb": b"{"},
    "own-supplied-copy": lambda files: {**files, "nndl/data_utils.py": b"1 / 0\n"},
    "left-lying": lambda files: {
        **files,
        "__MACOSX/nndl/._neural_net.py": b"\0",
        ".ipynb_checkpoints/two_layer_net-checkpoint.ipynb": b"{",
        "nndl/.ipynb_checkpoints/neural_net.py": b"1 / 0",
        "venv/lib/python3.11/site-packages/neural_net.py": b"1 / 0",
    },
}


def zip_of(files: Files) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def tgz_of(files: Files) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


@pytest.fixture(scope="module")
def right_ones(assignment: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("right")
    files = reference_submission(assignment).files
    (folder / "in").mkdir()
    for name, change in FORMS.items():
        (folder / "in" / f"{name}.zip").write_bytes(zip_of(change(files)))
    (folder / "in" / "packed-as-tar.tar.gz").write_bytes(tgz_of(files))
    (folder / "in" / "zip-in-zip.zip").write_bytes(zip_of({"ada.zip": zip_of(files)}))
    steps.grade(assignment, (folder / "in",), folder / "out", 2)
    return folder / "out"


@pytest.mark.parametrize("name", [*FORMS, "packed-as-tar", "zip-in-zip"])
def test_what_does_not_make_it_wrong_costs_nothing(right_ones: Path, name: str) -> None:
    table = json.loads((right_ones / name / "results.json").read_text())
    missed = {t["name"]: t["output"] for t in table["tests"] if t.get("status") == "failed"}
    assert (missed, table["score"]) == ({}, 26)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("latin-1", "nndl/neural_net.py is not UTF-8 and was read as Latin-1"),
        ("utf-16", "nndl/neural_net.py is not UTF-8 and was read as UTF-16"),
        ("notebook-renamed", "taken instead: ada_final(1).ipynb, which has its cells"),
        ("module-renamed", "taken instead: nndl/neural_net_final.py, which defines the same"),
        ("own-supplied-copy", "nndl/data_utils.py comes with the assignment"),
    ],
)
def test_what_was_done_about_it_is_said(right_ones: Path, name: str, words: str) -> None:
    assert words in json.loads((right_ones / name / "results.json").read_text())["output"]


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
        ("best_settings = None", "not implemented", "yours is None"),
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
