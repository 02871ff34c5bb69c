"""Back-propagation by hand: what a mistake costs on paper and in code, and what follows from it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gradlab.course import Course
from tests.course import blocks
from tests.course.additions import edited, in_notebook, scores
from tests.course.blocks import Variant
from tests.course.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from gradlab.course import Assignment

TOTAL = 21  # without what a person grades
STEPS = ("z1", "x1", "z2", "x2", "loss", "dloss_dx2", "db2", "dW2", "db1", "dW1")


def on_paper(b1: float = 0.35, factor: float | None = None) -> dict[str, Any]:
    """Return all numbers, for another bias of the first layer or another first factor."""
    W1, W2, x0 = np.array([[0.15, 0.2], [0.25, 0.3]]), np.array([0.4, 0.45]), np.array([0.05, 0.1])
    z1 = W1 @ x0 + b1
    x1 = 1 / (1 + np.exp(-z1))
    z2 = W2 @ x1 + 0.6
    x2 = 1 / (1 + np.exp(-z2))
    first = x2 - 0.01 if factor is None else factor
    db2 = first * x2 * (1 - x2)
    db1 = db2 * W2 * x1 * (1 - x1)
    found = (z1, x1, z2, x2, (0.01 - x2) ** 2 / 2, first, db2, db2 * x1, db1, np.outer(db1, x0))
    return {name: np.asarray(value).tolist() for name, value in zip(STEPS, found, strict=True)}


def paper(numbers: dict[str, Any]) -> dict[str, str]:
    """Return the notebook's two cells with these numbers."""
    forward, backward = (
        {n: numbers[n] for n in part if n in numbers} for part in (STEPS[:5], STEPS[5:])
    )
    return {"by-hand-forward": f"forward = {forward}", "by-hand-backward": f"backward = {backward}"}


RIGHT = on_paper()
MINUS_ONE = on_paper(factor=-1.0)
# What one student handed in: the derivative replaced by -1, what follows from it, and at the first
# layer both hidden units in one.
HANDED_IN = {
    **RIGHT, "z2": "0,5052 + 0,6", "dloss_dx2": -1, "dW2": [-0.1108, -0.1115], "db2": -0.1868,
    "dW1": [-0.0019, -0.0038], "db1": -0.0385,
}  # fmt: skip
SLOPE_FORGOTTEN = on_paper(factor=RIGHT["dloss_dx2"] / (RIGHT["x2"] * (1 - RIGHT["x2"])))
FIRST = "is not right; this is the first step that goes wrong"
# On paper: the numbers, the points lost, words that the student reads.
PAPER: dict[str, tuple[dict[str, Any], float, str]] = {
    "handed in": (HANDED_IN, 4, "z2: cannot be read; give one number"),
    "handed in, with the sum": ({**HANDED_IN, "z2": 0.5052 + 0.6}, 3, f"dloss_dx2: {FIRST}"),
    "minus one, to the end": (MINUS_ONE, 1, f"dloss_dx2: {FIRST}"),
    "minus one, then right": ({**RIGHT, "dloss_dx2": -1}, 1, f"dloss_dx2: {FIRST}"),
    "no bias in the first layer": (on_paper(b1=0.0), 1, f"z1: {FIRST}"),
    "no slope of the output": (
        {**SLOPE_FORGOTTEN, "dloss_dx2": RIGHT["dloss_dx2"]},
        1,
        f"db2: {FIRST}",
    ),
    "dW1 transposed": ({**RIGHT, "dW1": np.transpose(RIGHT["dW1"]).tolist()}, 1, f"dW1: {FIRST}"),
    "both units in one": ({**RIGHT, "dW1": [0.0014, 0.0028]}, 1, "yours is 2 numbers"),
    "two digits": ({**RIGHT, "db2": 0.14}, 1, f"db2: {FIRST}"),
    "nothing": (dict.fromkeys(STEPS), 10, "Not filled in yet: z1, x1"),
    "zeros": ({name: (0 * np.array(RIGHT[name])).tolist() for name in STEPS}, 10, f"z1: {FIRST}"),
}  # fmt: skip
PAPER_RIGHT = {
    "digits": {**RIGHT, "dW1": [[0.000668, 0.00134], [0.00075, 0.0015]], "loss": 0.275},
    "texts": {
        **RIGHT,
        "z1": "0,3775; 0,3925",
        "loss": "2.748 * 10^-1",
        "dW2": "(0.0822, 0.0827)",
        "dW1": "6.684e-4 1.337e-3\n7.498e-4 1.5e-3",
    },
    "rows for vectors": {**RIGHT, "dW2": [RIGHT["dW2"]], "x2": [RIGHT["x2"]]},
}
UNREADABLE = {
    "a set": ({**RIGHT, "z1": {0.3775, 0.3925}}, "z1:"),
    "words between": ({**RIGHT, "z1": "0.3775 und 0.39"}, "z1: cannot be read; give 2 numbers"),
    "a part alone": ({"loss": RIGHT["loss"]}, "z1, x1, z2, x2, "),
}
DIMENSIONS = {
    "dimensions as texts": ("'4 x 3', '4', '(4,)', '2\N{MULTIPLICATION SIGN}4', 2, [4, 3]", 0.0),
    "dimensions of columns": ("(4, 3), (4, 1), 4, (2, 4), 2, (4, 3)", 0.5),
    "dimensions, inputs first": ("(3, 4), 4, 4, (4, 2), 2, (3, 4)", 1.5),
}
# In code: what stands in place of what, the points lost by check, words in the first of them.
CODE: dict[str, tuple[dict[str, str], dict[str, float], str]] = {
    "the target less the output": (
        {"x2 - y if": "y - x2 if"},
        {"backward": 4, "derivatives": 1},
        "Is a sign wrong?",
    ),
    "no slope of the output units": (
        {'grads["dloss_dx2"] * x2 * (1 - x2)': 'grads["dloss_dx2"]'},
        {"backward": 4, "derivatives": 1.67},
        "the mistake is in the backward pass",
    ),
    "no slope of the hidden units": (
        {'grads["delta2"]) * x1 * (1 - x1)': 'grads["delta2"])'},
        {"backward": 2, "derivatives": 1},
        "the mistake is in the backward pass",
    ),
    "W1 transposed": (
        {'np.outer(grads["delta1"], x0)': 'np.outer(x0, grads["delta1"])'},
        {"backward": 1},
        "transpose",
    ),
    "the given factor is ignored": (
        {"x2 - y if dloss_dx2 is None else dloss_dx2": "x2 - y"},
        {"derivatives": 1},
        "from a given factor",
    ),
    "a mean, in loss and gradient": (
        {"np.sum((y": "np.mean((y", "x2 - y if": "(x2 - y) / 2 if"},
        {"forward": 0.4, "backward": 2, "derivatives": 1},
        "loss",
    ),
    "no half": ({"0.5 * np.sum((y": "np.sum((y"}, {"forward": 0.4}, "A factor of 2"),
    "a vector for the sum": (
        {"0.5 * np.sum((y - values": "0.5 * ((y - values"},
        {"forward": 0.4},
        "loss",
    ),
}
BLOCKS: dict[str, dict[str, str]] = {
    "columns, lists and floats": {
        "hand_forward": """
z1 = [float(row @ x0 + b) for row, b in zip(params["W1"], params["b1"], strict=True)]
x1 = [1 / (1 + float(np.exp(-z))) for z in z1]
z2 = params["W2"].dot(x1) + params["b2"]
x2 = np.tanh(z2 / 2) / 2 + 0.5
values = {"z1": z1, "x1": x1, "z2": list(z2), "x2": x2, "loss": float((y - x2) @ (y - x2)) / 2}
""",
        "hand_backward": """
x1, x2 = (np.asarray(values[name])[:, None] for name in ("x1", "x2"))
first = x2 - y[:, None] if dloss_dx2 is None else np.reshape(dloss_dx2, (-1, 1))
delta2 = np.diagflat(x2 * (1 - x2)) @ first
delta1 = np.diagflat(x1 * (1 - x1)) @ params["W2"].T @ delta2
grads = {
    "dloss_dx2": first.ravel(), "delta2": delta2.ravel(), "delta1": delta1.ravel(),
    "W2": delta2 @ x1.T, "b2": delta2.ravel(), "W1": delta1 @ x0[None], "b1": delta1.ravel(),
}
""",
    },
    "a loss in single precision, and a word on stderr": {
        "hand_forward": """
import sys
print("forward", file=sys.stderr)
values["z1"] = params["W1"].dot(x0.T) + params["b1"]
values["x1"] = 1.0 / (1.0 + np.exp(-values["z1"]))
values["z2"] = np.einsum("ch,h->c", params["W2"], values["x1"]) + params["b2"]
values["x2"] = 1.0 / (1.0 + np.exp(-values["z2"]))
values["loss"] = np.array(np.linalg.norm(y - values["x2"]) ** 2 / 2, np.float32)
""",
    },
    "one unit after the other": {
        "hand_backward": """
x1, x2 = values["x1"], values["x2"]
first = np.copy(x2 - y if dloss_dx2 is None else dloss_dx2)
grads = {"dloss_dx2": first, "delta2": first * sigmoid(values["z2"]) * sigmoid(-values["z2"])}
grads["W2"], grads["W1"] = np.zeros(params["W2"].shape), np.zeros(params["W1"].shape)
grads["delta1"] = np.zeros(len(x1))
for k, d in enumerate(grads["delta2"]):
    for i in range(len(x1)):
        grads["W2"][k, i] = d * x1[i]
        grads["delta1"][i] += d * params["W2"][k, i] * x1[i] * (1 - x1[i])
for i, d in enumerate(grads["delta1"]):
    grads["W1"][i] = [d * x for x in x0]
grads["b1"], grads["b2"] = grads["delta1"], grads["delta2"]
""",
    },
}
NUMBERS = {
    name: f"{n:02}"
    for n, name in enumerate([*PAPER, *PAPER_RIGHT, *UNREADABLE, *DIMENSIONS, *CODE, *BLOCKS])
}  # fmt: skip


@pytest.fixture(scope="module")
def by_hand() -> Assignment:
    return Course.find(ROOT).assignment("backprop_by_hand")


@pytest.fixture(scope="module")
def results(by_hand: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all results; submissions have numbers for names."""
    cells = [paper(numbers) for numbers, _, _ in PAPER.values()]
    cells += [paper(numbers) for numbers in PAPER_RIGHT.values()]
    cells += [paper(numbers) for numbers, _ in UNREADABLE.values()]
    names = ("W1", "b1", "x1", "W2", "dloss_dx2", "dW1")
    for values, _ in DIMENSIONS.values():
        cells.append({"dimensions": f"dimensions = dict(zip({names}, ({values}), strict=True))"})
    variants = [Variant(files=in_notebook(by_hand, cell)) for cell in cells]
    variants += [
        Variant(files=edited(by_hand, "hand_net.py", changes)) for changes, _, _ in CODE.values()
    ]
    variants += [Variant(code) for code in BLOCKS.values()]
    named = dict(zip(NUMBERS.values(), variants, strict=True))
    return blocks.grade(by_hand, named, tmp_path_factory.mktemp("by_hand"))


@pytest.mark.parametrize("name", PAPER)
def test_a_mistake_on_paper_costs_once_and_is_named(results: Path, name: str) -> None:
    _, points, words = PAPER[name]
    lost, said = blocks.lost(results, NUMBERS[name])
    assert lost == {"by_hand": points}
    assert words in said


@pytest.mark.parametrize("name", [*UNREADABLE, "digits"])
def test_the_public_check_says_what_cannot_be_read(results: Path, name: str) -> None:
    tests = json.loads((results / NUMBERS[name] / "results.json").read_text())["tests"]
    (test,) = (t for t in tests if t["extra_data"]["check"] == "toy_by_hand")
    assert (test["status"] == "passed") == (name == "digits")
    assert name == "digits" or UNREADABLE[name][1] in test["output"]


def test_what_follows_from_the_replaced_derivative_is_said(results: Path) -> None:
    _, said = blocks.lost(results, NUMBERS["handed in, with the sum"])
    for name in ("db2", "dW2"):
        assert f"{name}: not right, and it follows from your own earlier values" in said
    assert "db1: should be 2 numbers; yours is one number" in said
    assert "dW1: should be 2 by 2 numbers; yours is 2 numbers" in said
    assert not any(number in said for number in ("0.74", "0.082", "0.138", "0.013"))


@pytest.mark.parametrize("name", DIMENSIONS)
def test_dimensions_as_people_write_them(results: Path, name: str) -> None:
    points = DIMENSIONS[name][1]
    assert blocks.lost(results, NUMBERS[name])[0] == ({"dimensions": points} if points else {})


@pytest.mark.parametrize("name", CODE)
def test_a_mistake_in_code_costs_its_points_and_is_named(results: Path, name: str) -> None:
    _, points, words = CODE[name]
    lost, said = blocks.lost(results, NUMBERS[name])
    assert lost == points
    assert words in said


@pytest.mark.parametrize("name", [*PAPER_RIGHT, *BLOCKS])
def test_right_work_loses_nothing(results: Path, name: str) -> None:
    assert blocks.lost(results, NUMBERS[name]) == ({}, "")
    assert sum(scores(results, NUMBERS[name]).values()) == TOTAL
