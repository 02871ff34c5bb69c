"""The best net: what hostile and wrong files lose and read, and that hidden labels stay hidden."""

from __future__ import annotations

import io
import json
import pickle
import runpy
import shutil
import subprocess
import sys
import zipfile
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from autograder.session import CheckSession
from gradlab.cli import steps
from gradlab.course import Course
from tests.course import blocks
from tests.course.additions import scores
from tests.course.blocks import Variant
from tests.course.conftest import ROOT
from tests.course.test_notebooks import execute

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from gradlab.course import Assignment

pytestmark = pytest.mark.slow

FOLDER = ROOT / "assignments/open_ended"
SUITE = runpy.run_path(str(FOLDER / "checks.py"))
LABELS: np.ndarray = SUITE["LABELS"]
DIGITS = "".join(map(str, LABELS))
NOTHING, ALL = {"accuracy": 6.0, "settings": 2.0}, 12.0
with np.load(FOLDER / "reference/best_net.npz") as saved:
    BEST = {name: saved[name] for name in saved.files}


def npz(arrays: Mapping[str, Any]) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def zipped(**entries: bytes) -> bytes:
    """Return an archive of these entries, each under its name and .npy."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(f"{name}.npy", content)
    return file.getvalue()


def npy_of(shape: str, content: bytes = b"") -> bytes:
    """Return a .npy file whose head may lie about what follows."""
    head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + content


class Evil:
    def __reduce__(self) -> Any:
        return exec, ("raise SystemExit('unpickled')",)


def csv(labels: np.ndarray) -> bytes:
    lines = (f"{number},{label}\n" for number, label in enumerate(labels))
    return "".join(["image,label\n", *lines]).encode()


def with_right(count: int) -> np.ndarray:
    """Return labels of which this many are right."""
    return np.where(np.arange(len(LABELS)) < count, LABELS, (LABELS + 1) % 10)


def with_units(count: int) -> dict[str, np.ndarray]:
    """Return the reference's net with its first hidden units alone."""
    parts = {"W1": BEST["W1"][:count], "b1": BEST["b1"][:count], "W2": BEST["W2"][:, :count]}
    return {**BEST, **parts}


NETS: dict[str, tuple[bytes, dict[str, float], str]] = {
    "objects to be unpickled": (
        npz({**BEST, "W1": np.array([Evil()], object)}),
        NOTHING,
        "not an .npz or .npy file of plain arrays",
    ),
    "a pickle": (pickle.dumps(Evil()), NOTHING, "not an .npz or .npy file of plain arrays"),
    "no archive": (b"weights", NOTHING, "not an .npz or .npy file of plain arrays"),
    "an empty file": (b"", NOTHING, "not an .npz or .npy file of plain arrays"),
    "a head that promises 8 TB": (
        zipped(W1=npy_of("(1000000000, 1000)")),
        NOTHING,
        "not an .npz or .npy file of plain arrays",
    ),
    "a head of code": (
        zipped(W1=npy_of("(__import__('os').getpid(),)")),
        NOTHING,
        "not an .npz or .npy file of plain arrays",
    ),
    "a bomb of zeros": (
        zipped(W1=npy_of("(12500000,)", bytes(100_000_000))),
        NOTHING,
        "100000000 bytes of numbers; at most 67108864 may travel",
    ),
    "one array for all": (zipped(W1=npy_of("()", bytes(8))), NOTHING, "W1 should be numbers"),
    "layers that do not fit": (
        npz({**BEST, "W2": BEST["W2"][:, :-1]}),
        NOTHING,
        "W2 should be numbers of shape (10, 100); it is an array of shape (10, 99)",
    ),
    "turned over": (
        npz({**BEST, "W1": BEST["W1"].T}),
        NOTHING,
        "W1 should be numbers of shape (hidden_size, 3072)",
    ),
    "a layer is missing": (npz({"W1": BEST["W1"]}), NOTHING, "b1 should be numbers"),
    "no units": (npz(with_units(0)), NOTHING, "W1 should be numbers of shape (hidden_size, 3072)"),
    "complex numbers": (
        npz({**BEST, "b1": BEST["b1"].astype(complex)}),
        NOTHING,
        "it is an array of shape (100,) of type complex128",
    ),
    "nan": (
        npz({**BEST, "W1": BEST["W1"] * np.nan}),
        {"accuracy": 6.0, "settings": 0.33},
        (
            "best_net.npz: W1 holds nan; did the training diverge?\n"
            "validation accuracy: 10.0% (100 of 1000)"
        ),
    ),
    "infinity": (
        npz({**BEST, "b2": np.full(10, np.inf)}),
        {"accuracy": 6.0, "settings": 0.33},
        (
            "best_net.npz: b2 holds infinity; did the training diverge?\n"
            "validation accuracy: 10.0% (100 of 1000)"
        ),
    ),
    "a data set that there is not": (
        npz({**BEST, "dataset": np.array("../../etc")}),
        {},
        "",
    ),
}
PREDICTIONS: dict[str, tuple[bytes, float, str]] = {
    "one class for all": (csv(np.zeros(1000, int)), 0.0, "10.0% (100 of 1000)"),
    "too few": (csv(LABELS[:999]), 0.0, "predictions.csv holds 999 labels; 1000 are wanted"),
    "scores": (b"0.1,0.9\n" * 1000, 0.0, "predictions.csv holds 999 labels"),
    "formulas": (b"=HYPERLINK(1)\n" * 1000, 0.0, "predictions.csv holds 999 labels"),
    "no text": (bytes(range(256)) * 40, 0.0, "predictions.csv holds"),
    "28 %": (csv(with_right(280)), 0.0, "28.0% (280 of 1000)"),
    "39 %": (csv(with_right(390)), 2.0, "39.0% (390 of 1000)"),
    "49.9 %": (csv(with_right(499)), 3.982, "49.9% (499 of 1000)"),
    "50 %": (csv(with_right(500)), 4.0, ""),
    "labels alone": ("\n".join(map(str, with_right(500))).encode(), 4.0, ""),
}
BONUS = {559: 0, 560: 0, 569: 0, 570: 1, 589: 2, 590: 3, 600: 4, 1000: 4}
SETTINGS: dict[str, tuple[str, str, float, str]] = {
    "another number of units": (
        '"hidden_size": 100',
        '"hidden_size": 50',
        0.33,
        "best_settings['hidden_size'] is 50, which is not what you handed in",
    ),
    "a better accuracy": (
        '"validation_accuracy": 0.592',
        '"validation_accuracy": 0.692',
        0.33,
        "best_settings['validation_accuracy'] is 0.692; it should lie between 0.587 and 0.597",
    ),
    "percent": ('_accuracy": 0.592', '_accuracy": 59.2', 0.33, "is 59.2; it should lie between"),
    "one is missing": ('    "reg": 1e-3,\n', "", 0.33, "best_settings['reg'] is missing"),
    "a text": ('"reg": 1e-3,', '"reg": "1e-3",', 0.33, "best_settings['reg']"),
    "no dictionary": ('"num_epochs": 15,\n', '"num_epochs": 15,\n}\nbest_settings = {\n', 1.67, ""),
    "rounded": ('"validation_accuracy": 0.592', '"validation_accuracy": 0.59', 0.0, ""),
}


def notebook_with(old: str, new: str) -> bytes:
    """Return the master with a change in its cell of settings."""
    book = json.loads((FOLDER / "open_ended.ipynb").read_text())
    (cell,) = (cell for cell in book["cells"] if cell["id"] == "settings")
    source = "".join(cell["source"])
    assert source.count(old) == 1
    cell["source"] = source.replace(old, new)
    return json.dumps(book).encode()


def numbered(prefix: str, table: Mapping[Any, Any]) -> dict[Any, str]:
    return {name: f"{prefix}-{number:02}" for number, name in enumerate(table)}


IDS = {
    kind: numbered(kind, table)
    for kind, table in (("net", NETS), ("labels", PREDICTIONS), ("settings", SETTINGS))
}


@pytest.fixture(scope="module")
def open_ended() -> Assignment:
    return Course.find(ROOT).assignment("open_ended")


@pytest.fixture(scope="module")
def results(open_ended: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all results."""
    variants = {"right": Variant(), "nothing": Variant(without=tuple(open_ended.artifacts))}
    for name, (content, _, _) in NETS.items():
        variants[IDS["net"][name]] = Variant(files={"best_net.npz": content})
    for name, (content, _, _) in PREDICTIONS.items():
        variants[IDS["labels"][name]] = Variant(files={"predictions.csv": content})
    for name, (old, new, _, _) in SETTINGS.items():
        book = notebook_with(old, new)
        variants[IDS["settings"][name]] = Variant(files={"open_ended.ipynb": book})
    for right in BONUS:
        variants[f"bonus-{right}"] = Variant(files={"predictions.csv": csv(with_right(right))})
    for units in UNITS:
        variants[f"units-{units}"] = Variant(files={"best_net.npz": npz(with_units(units))})
    return blocks.grade(open_ended, variants, tmp_path_factory.mktemp("open_ended"))


UNITS = (20, 45, 60, 80)  # of the 100: from few points to nearly all


def test_the_reference_earns_everything_and_leads(results: Path) -> None:
    assert blocks.lost(results, "right") == ({}, "")
    assert sum(scores(results, "right").values()) == ALL + 4
    table = json.loads((results / "right/results.json").read_text())
    assert [(row["name"], row["value"]) for row in table["leaderboard"]] == [("accuracy", 0.614)]


def test_files_that_are_missing_are_named(results: Path) -> None:
    lost, said = blocks.lost(results, "nothing")
    assert lost == {"accuracy": 6.0, "settings": 2.0, "predictions": 4.0}
    assert "best_net.npz was not handed in" in said


@pytest.mark.parametrize("name", NETS)
def test_a_hostile_or_wrong_net_loses_its_points_and_nothing_else(results: Path, name: str) -> None:
    _, points, words = NETS[name]
    lost, said = blocks.lost(results, IDS["net"][name])
    assert lost == points
    assert words in said
    assert "unpickled" not in said


@pytest.mark.parametrize("name", PREDICTIONS)
def test_predictions_earn_along_the_ramp(results: Path, name: str) -> None:
    _, earned, words = PREDICTIONS[name]
    graded = IDS["labels"][name]
    assert scores(results, graded)["predictions"] == earned
    assert words in blocks.lost(results, graded)[1]


@pytest.mark.parametrize(("right", "points"), BONUS.items())
def test_the_bonus_has_one_point_for_each_whole_percent(
    results: Path, right: int, points: int
) -> None:
    assert scores(results, f"bonus-{right}")["beyond"] == points


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_are_complete_and_true_of_the_net(results: Path, name: str) -> None:
    _, _, points, words = SETTINGS[name]
    lost, said = blocks.lost(results, IDS["settings"][name])
    assert lost == ({"settings": points} if points else {})
    assert words in said


@pytest.mark.parametrize("units", UNITS)
def test_a_net_earns_a_step_for_each_whole_percent(
    results: Path, units: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "solutions"))
    X, y = import_module("nndl.data_utils").validation_split("generated")
    net = with_units(units)
    hidden = np.maximum(X @ net["W1"].T.astype(float) + net["b1"], 0)
    right = int(np.sum(np.argmax(hidden @ net["W2"].T.astype(float) + net["b2"], axis=1) == y))
    steps_reached = min(max(right // 10 - 28, 0), 22)
    assert scores(results, f"units-{units}")["accuracy"] == round(6 * steps_reached / 22, 3)


def test_hidden_labels_are_in_no_release(open_ended: Assignment) -> None:
    """Neither as they stand in the suite nor as numbers, text or any part of a file."""
    for name, content in steps.release(open_ended).files.items():
        assert DIGITS[:40].encode() not in content, name
        assert LABELS.astype(np.uint8).tobytes()[:40] not in content, name
        assert LABELS.astype(np.int64).tobytes()[:40] not in content, name
    with np.load(io.BytesIO(steps.release(open_ended).files["hidden_images.npz"])) as file:
        assert sorted(file.files) == ["images", "mean_image"]
        assert file["images"].shape == (1000, 32, 32, 3)


def told(value: Any) -> list[Any]:
    """Return what a request carries, opened up."""
    if isinstance(value, dict):
        return [part for pair in value.items() for item in pair for part in told(item)]
    if isinstance(value, (list, tuple)):
        return [part for item in value for part in told(item)]
    return [value]


def test_hidden_labels_are_in_nothing_that_a_worker_gets(
    open_ended: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    ask: Callable[..., Any] = CheckSession.ask

    def listening(self: CheckSession, op: str, **request: Any) -> Any:
        seen.extend([*told(request), *self._staged.files.values()])
        return ask(self, op, **request)

    monkeypatch.setattr(CheckSession, "ask", listening)
    blocks.grade(open_ended, {"right": Variant()}, tmp_path)
    assert seen
    for value in seen:
        assert not (isinstance(value, np.ndarray) and value.shape == LABELS.shape)
        assert DIGITS[:40] not in repr(value)[:10_000_000]


@pytest.mark.slow
def test_new_hidden_images_are_drawn_for_another_term(tmp_path: Path) -> None:
    """Then old predictions are as good as none, and the classes are still the same."""
    folder = tmp_path / "open_ended"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("reference", "expected"))
    script = [sys.executable, str(FOLDER / "make_hidden.py"), str(folder)]
    subprocess.run(script, check=True)
    labels = runpy.run_path(str(folder / "checks.py"))["LABELS"]
    assert np.bincount(labels).tolist() == [100] * 10
    assert np.mean(labels == LABELS) < 0.2
    with np.load(folder / "hidden_images.npz") as new, np.load(FOLDER / "hidden_images.npz") as old:
        images = (new["images"] - new["mean_image"]).reshape(1000, -1)
        np.testing.assert_array_equal(new["mean_image"], old["mean_image"])
        assert not np.array_equal(new["images"], old["images"])
    hidden = np.maximum(images @ BEST["W1"].T + BEST["b1"], 0)
    assert np.mean(np.argmax(hidden @ BEST["W2"].T + BEST["b2"], axis=1) == labels) > 0.5


@pytest.mark.slow
def test_the_master_runs_in_quick_size(
    open_ended: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the accuracy that it reports is that of the long run."""
    monkeypatch.delenv("CIFAR10_DIR", raising=False)
    path = tmp_path / "handed-in/open_ended.ipynb"
    shutil.copytree(open_ended.source, path.parent / "nndl")
    for name in ("open_ended.ipynb", "hidden_images.npz"):
        shutil.copy(FOLDER / name, path.parent)
    environment = {"GRADLAB_QUICK": "1", "OPENBLAS_NUM_THREADS": "1"}
    printed = execute(path, "master", PYTHONPATH=str(path.parent), **environment)
    assert "saved: best_net.npz, trained on the set generated" in printed
    steps.grade(open_ended, (path.parent,), tmp_path / "out", 1)
    found = scores(tmp_path / "out", "handed-in")
    assert found["accuracy"] > 2
    assert found["predictions"] > 1
    assert found["settings"] == pytest.approx(5 / 3, abs=0.01)


@pytest.mark.slow
def test_the_release_runs_unfilled_and_alone(open_ended: Assignment, tmp_path: Path) -> None:
    path = blocks.lay_out(steps.release(open_ended).files, tmp_path) / "open_ended.ipynb"
    printed = execute(path, "release", PYTHONPATH="", GRADLAB_QUICK="1")
    assert "There is nothing to save yet." in printed
    assert "best_net.npz is not there yet: run the cell that saves it." in printed
    assert "predictions.csv is not there yet" in printed
