"""What holds of every assignment: right code earns everything, whatever is drawn or lies about."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gradlab.cli import steps
from gradlab.course import Course
from tests.course import blocks
from tests.course.additions import scores
from tests.course.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Proof

# All points, bonuses among them, without what a person grades; by assignment and edition.
TOTALS = {
    ("autodiff", ""): 23,
    ("backprop_by_hand", ""): 21,
    ("convnet", ""): 20,
    ("fully_connected", ""): 31,
    ("gradient_descent", ""): 16,
    ("knn", ""): 18,
    ("layers", ""): 34,
    ("matrix_calculus", ""): 12,
    ("optimisers", ""): 15,
    ("softmax", ""): 15,
    ("svm", ""): 10,
    ("two_layer_net", "hd-softmax"): 26,
    ("two_layer_net", "hd-mse"): 26,
    ("two_layer_net", "dh-softmax"): 27,
    ("two_layer_net", "function"): 26,
}
SLOW = ("autodiff", "convnet", "fully_connected", "two_layer_net")
# What is empty is a branch of a function that is there and runs, in one edition.
PARTLY_THERE = ("momentum", "rmsprop")
CASES = [
    pytest.param(*case, marks=[pytest.mark.slow] * (case[0] in SLOW), id=" ".join(case).strip())
    for case in TOTALS
]


@pytest.mark.parametrize(("name", "edition"), CASES)
def test_no_false_alarm(name: str, edition: str, proof: Proof, tmp_path: Path) -> None:
    assignment = Course.find(ROOT).assignment(name, edition)
    copies = blocks.references(assignment, proof.runs(3, 50))
    broken = {f"{assignment.package}/old.py": b"import pasta\nprint 'x'\n"}
    folder = blocks.grade(assignment, {**copies, "beside": blocks.Variant(files=broken)}, tmp_path)
    proof.text = f"{len(copies)} copies of the reference of {name} {edition}, none loses a point"
    assert {sum(scores(folder, n).values()) for n in (*copies, "beside")} == {TOTALS[name, edition]}


@pytest.mark.parametrize(("name", "edition"), CASES)
def test_what_is_empty_is_called_so(name: str, edition: str, tmp_path: Path) -> None:
    assignment = Course.find(ROOT).assignment(name, edition)
    blocks.lay_out(steps.release(assignment).files, tmp_path / "in/empty")
    steps.grade(assignment, (tmp_path / "in",), tmp_path / "out", 2)
    tests = json.loads((tmp_path / "out/empty/results.json").read_text())["tests"]
    said = {t["extra_data"]["check"]: t["extra_data"]["status"] for t in tests if t.get("score")}
    assert said == {}
    judged = [t["extra_data"] for t in tests if t.get("max_score")]
    words = {kept["status"] for kept in judged if kept["check"] not in PARTLY_THERE}
    assert words <= {"not implemented", "skipped", "missing file", "needs a person"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "file", "check"),
    [
        ("convnet", "convnet.npz", "accuracy"),
        ("fully_connected", "solver_net.npz", "accuracy"),
        ("knn", "knn_labels.npz", "error"),
        ("open_ended", "best_net.npz", "accuracy"),
        ("two_layer_net", "best_net.npz", "accuracy"),
    ],
)
def test_a_data_set_that_nobody_knows_is_the_generated_one(
    name: str, file: str, check: str, tmp_path: Path
) -> None:
    """A name that a student made up must not make the grader's own reference fail."""
    assignment, content = Course.find(ROOT).assignment(name), io.BytesIO()
    with np.load(assignment.reference / file) as saved:
        np.savez(content, **{**saved, "dataset": np.array("../mnist\x1b[31m")})
    folder = blocks.grade(
        assignment, {"made-up": blocks.Variant(files={file: content.getvalue()})}, tmp_path
    )
    assert blocks.lost(folder, "made-up") == ({}, "")
    assert scores(folder, "made-up")[check] > 0
