"""Fully connected nets: what wrong code loses and reads, what right code written differently keeps.

And what comes of the modules that students bring along: wrong ones, missing ones, empty ones.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from gradlab.course import Course
from tests.course import blocks
from tests.course.additions import below, scores
from tests.course.conftest import ROOT
from tests.course.fully_connected_code import AROUND, LAYERS, NET, ON_WRONG_LAYERS, RIGHT, WRONG

if TYPE_CHECKING:
    from pathlib import Path

    from gradlab.course import Assignment

pytestmark = pytest.mark.slow

TOTAL = 27 + 4  # without what a person grades; 4 are a bonus
NUMBERS = {name: f"{n:02}" for n, name in enumerate((*WRONG, *ON_WRONG_LAYERS, *RIGHT))}


@pytest.fixture(scope="module")
def fully_connected() -> Assignment:
    return Course.find(ROOT).assignment("fully_connected")


@pytest.fixture(scope="module")
def results(fully_connected: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all results; submissions have numbers for names."""
    path = fully_connected.module_path
    wrong = [below(fully_connected, {NET: AROUND + code}) for code, _, _ in WRONG.values()]
    layers = [below(fully_connected, {m: code}) for m, code, _, _ in ON_WRONG_LAYERS.values()]
    right = [below(fully_connected, additions) for additions in RIGHT.values()]
    variants = dict(zip(NUMBERS.values(), [*wrong, *layers, *right], strict=True))
    variants["no-layers"] = blocks.Variant(without=(path(LAYERS),))
    variants["no-training-layers"] = blocks.Variant(without=(path("training_layers.py"),))
    variants["empty-relu"] = below(fully_connected, {LAYERS: EMPTY_RELU})
    variants["too-slow"] = blocks.Variant(files={BOOK: too_slow(fully_connected)})
    return blocks.grade(fully_connected, variants, tmp_path_factory.mktemp("fully_connected"))


BOOK = "fully_connected.ipynb"
EMPTY_RELU = """
def relu_forward(x):
    out, cache = None, None
    return out, cache
"""


def too_slow(assignment: Assignment) -> bytes:
    """Return the master with the settings that learn nothing."""
    content = assignment.read_notebook(BOOK)
    right, slow = b'\\"learning_rate\\": 1e-2}', b'\\"learning_rate\\": 1e-4}'
    assert content.count(right) == 1
    return content.replace(right, slow)


def judged(results: Path, name: str) -> dict[str, Any]:
    table = json.loads((results / name / "results.json").read_text())
    return {test["extra_data"]["check"]: test for test in table["tests"]}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_costs_its_points_and_is_named(results: Path, name: str) -> None:
    _, points, words = WRONG[name]
    lost, said = blocks.lost(results, NUMBERS[name])
    assert lost == points
    assert words in said


@pytest.mark.parametrize("name", ON_WRONG_LAYERS)
def test_a_right_net_on_a_wrong_layer_names_it_and_earns_a_part(results: Path, name: str) -> None:
    _, _, points, layer = ON_WRONG_LAYERS[name]
    lost, said = blocks.lost(results, NUMBERS[name])
    assert lost == points
    assert f"right given your own `{layer}`, which is wrong; mend that first" in said
    staff = json.loads((results / NUMBERS[name] / "staff.json").read_text())
    assert any(note.startswith(f"Root defect: {layer};") for note in staff["notes"])


@pytest.mark.parametrize("name", RIGHT)
def test_right_code_loses_nothing(results: Path, name: str) -> None:
    assert blocks.lost(results, NUMBERS[name]) == ({}, "")
    assert sum(scores(results, NUMBERS[name]).values()) == TOTAL


def test_a_missing_layer_is_named_wherever_it_is_needed(results: Path) -> None:
    tests = judged(results, "no-layers")
    needed = [name for name, test in tests.items() if "missing file" in str(test)]
    assert {"affine_layer", "two_layer_scores", "deep_gradients", "solver_steps"} <= set(needed)
    said = "nndl/layers.py, yours from an earlier assignment, was not handed in."
    assert said in tests["deep_scores"]["output"]
    assert tests["two_layer_start"]["score"] == 2


def test_a_missing_file_of_which_nothing_is_needed_costs_nothing(results: Path) -> None:
    assert blocks.lost(results, "no-training-layers") == ({}, "")
    assert "nndl/training_layers.py" in judged(results, "no-training-layers")["dropout"]["output"]


def test_an_empty_layer_earns_nothing_and_is_said_to_be_empty(results: Path) -> None:
    tests = judged(results, "empty-relu")
    assert tests["two_layer_scores"]["score"] == tests["deep_gradients"]["score"] == 0


def test_settings_that_learn_nothing_are_tried_out(results: Path) -> None:
    lost, said = blocks.lost(results, "too-slow")
    assert list(lost) == ["overfit"]
    assert "images learnt by heart" in said
