"""The theory of gradient descent: its numbers, its code, and examples of the students' own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gradlab.course import Course
from tests.course import blocks
from tests.course.additions import edited, in_notebook, scores
from tests.course.blocks import Variant
from tests.course.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from gradlab.course import Assignment

TOTAL = 16  # without what a person grades
FIRST = "is not right; this is the first step that goes wrong"
RATE = {"eta": 0.125, "bound": 0.5, "steps": 3600, "eta_then": 0.025}
EXAMPLE = {
    "w_min": 0.5, "S_min": 2.25, "slope_1": -1.5, "slope_2": 1.5, "w_next": 0.65, "S_next": 2.2725,
    "S_half": 2.8125, "S_one": 4.5,
}  # fmt: skip
# Numbers in the notebook: the variable, what differs, the points lost, words that are read.
NUMBERS_WRONG: dict[str, tuple[str, dict[str, Any], float, str]] = {
    "rate: no root": ("rate", {"eta": 3 / 288, "bound": 6 / 144}, 1, f"eta: {FIRST}"),
    "rate: ten times as many steps": (
        "rate",
        {"steps": 720, "eta_then": 0.0559},
        0.5,
        f"steps: {FIRST}",
    ),
    "example: another minimum": (
        "example",
        {
            "w_min": 1, "S_min": 2.5, "slope_1": -1, "slope_2": 2, "w_next": 1.1, "S_next": 2.61,
            "S_half": 3.25, "S_one": 4.5,
        },
        0.5,
        f"w_min: {FIRST}",
    ),
    "example: slopes of the squares": (
        "example",
        {
            "slope_1": -3, "slope_2": 3, "w_next": 0.8, "S_next": 2.34, "S_half": 4.5,
            "S_one": 11.25,
        },
        1,
        f"slope_1: {FIRST}",
    ),
    "example: uphill": ("example", {"w_next": 0.35}, 0.5, f"w_next: {FIRST}"),
    "example: three digits": ("example", {"S_next": 2.27}, 0.5, f"S_next: {FIRST}"),
    "example: nothing": ("example", dict.fromkeys(EXAMPLE), 4, "Not filled in yet: w_min"),
}  # fmt: skip
NUMBERS_RIGHT: dict[str, tuple[str, dict[str, Any]]] = {
    "fractions": (
        "example",
        {"w_min": "1/2", "S_min": "9/4", "slope_1": "-3/2", "S_half": "45/16"},
    ),
    "commas, and powers": ("rate", {"eta": "0,125", "steps": "3.6e3", "eta_then": "25*10^-3"}),
    "the other root": ("rate", {"steps": 3600.0, "bound": "6/12"}),
}
# The students' own example: a1, c1, a2, c2, w and eta, and the points lost.
OWN: dict[str, tuple[tuple[Any, ...], float]] = {
    "own: at the minimum": ((1, 2, 1, -1, 0.5, 0.1), 2),
    "own: not convex": ((-1, 2, 3, -1, 1.0, 0.1), 2),
    "own: uphill both ways": ((1, 2, 1, -1, 1, 5), 2),
    "own: downhill both ways": ((1, 2, 1, -1, -3, 0.1), 2),
    "own: a rate of zero": ((1, 2, 1, -1, 1, 0), 2),
    "own: beyond all numbers": ((1e300, 1e300, 1, -1, 1, 1e300), 2),
    "own: not a number": ((1, 2, 1, -1, float("inf"), 1), 2),
    "own: a key is missing": ((1, 2, 1, -1, 1), 2),
    "own: text": (("1", 2, 1, -1, 1, "big"), 2),
    "own: huge whole numbers": ((10**30, 2, 1, -1, 1, 10**30), 2),
    "own: another right one": ((0.5, -3, 2, 1, 0.25, 0.3), 0),
    "own: small, and an array": ((1e-3, 2, 1e-3, -1, [1], 10), 0),
}
# What stands in place of what, the points lost by check, words in the first of them.
CODE: dict[str, tuple[dict[str, str], dict[str, float], str]] = {
    "step: uphill": ({"w - gradient /": "w + gradient /"}, {"proximal_step": 1}, "minimiser"),
    "step: times lam": ({"gradient / lam\n": "gradient * lam\n"}, {"proximal_step": 1}, "minim"),
    "step: in place": (
        {"nearest = w - gradient / lam": "w -= gradient / lam\n    nearest = w"},
        {"proximal_step": 0.5},
        "w: your code changes it; work on a copy",
    ),
    "lemma: the slack as a difference, of a wrong side": (
        {"eta / 2 * np.sum": "eta * np.sum"},
        {"descent_lemma": 1},
        "right",
    ),
    "lemma: one point too many": ({"path[:-1] - w": "path[1:] - w"}, {"descent_lemma": 1}, "left"),
    "lemma: the last point forgotten": (
        {"path[-1] - w_star": "path[-2] - w_star"},
        {"descent_lemma": 1},
        "slack",
    ),
    "rate: no root": (
        {"B / (rho * math.sqrt(T))": "B / (rho * T)", "B * rho / math.sqrt(T)": "B * rho / T"},
        {"descent_rate": 2},
        "eta",
    ),
    "example: no half": (
        {"(0.5 * (w - 2) ** 2, 0.5 * (w + 1) ** 2)": "((w - 2) ** 2, (w + 1) ** 2)"},
        {"counter_example": 1.5},
        "values",
    ),
    "example: from the origin": ({"minimum = 0.5": "minimum = 0.0"}, {"counter_example": 1}, "sum"),
}
RIGHT = {
    "by steps": {
        "descent_lemma": """
w, sides = np.zeros(len(w_star)), {"left": 0, "right": w_star @ w_star / eta / 2}
for v in gradients:
    sides["left"] += float(v @ (w - w_star))
    sides["right"] += eta * float(v @ v) / 2
    w = w - eta * v
sides["slack"] = np.linalg.norm(w - w_star) ** 2 / (2 * eta)
""",
        "proximal_step": "nearest = np.add(w, -np.asarray(gradient) * (1 / lam)).tolist()",
    },
    "lists, and what is known": {
        "descent_rate": "eta, bound = np.array(B / rho / T**0.5), np.array([B * rho * T**-0.5])",
        "counter_example": "values = [(w - 2) * (w - 2) / 2, (w + 1) * (w + 1) / 2]\n"
        "slopes = np.array([w - 2, w + 1])",
        "sum_after_one_step": "raised = (1.5 * eta) ** 2 + 2.25",
    },
}
NUMBERED = [*NUMBERS_WRONG, *NUMBERS_RIGHT, *OWN, *(f"code {name}" for name in CODE), *RIGHT]
NAMES = {name: f"{n:02}" for n, name in enumerate(NUMBERED)}


@pytest.fixture(scope="module")
def descent() -> Assignment:
    return Course.find(ROOT).assignment("gradient_descent")


@pytest.fixture(scope="module")
def results(descent: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all results; submissions have numbers for names."""
    whole: dict[str, dict[str, Any]] = {"rate": RATE, "example": EXAMPLE}
    numbers = [(name, {**whole[name], **other}) for name, other, *_ in NUMBERS_WRONG.values()]
    numbers += [(name, {**whole[name], **other}) for name, other in NUMBERS_RIGHT.values()]
    cells = [{name: f"{name} = {values}"} for name, values in numbers]
    keys = ("a1", "c1", "a2", "c2", "w", "eta")
    for values, _ in OWN.values():
        text = f"dict(zip({keys}, {values}))".replace("inf", "np.inf").replace("[1]", "np.ones(1)")
        cells.append({"own": f"own = {text}"})
    variants = [Variant(files=in_notebook(descent, cell)) for cell in cells]
    variants += [
        Variant(files=edited(descent, "descent.py", changes)) for changes, _, _ in CODE.values()
    ]
    variants += [Variant(code) for code in RIGHT.values()]
    named = dict(zip(NAMES.values(), variants, strict=True))
    return blocks.grade(descent, named, tmp_path_factory.mktemp("descent"))


@pytest.mark.parametrize("name", NUMBERS_WRONG)
def test_a_wrong_number_costs_once_and_is_named(results: Path, name: str) -> None:
    variable, _, points, words = NUMBERS_WRONG[name]
    lost, said = blocks.lost(results, NAMES[name])
    assert lost == {f"{variable}_by_hand": points}
    assert words in said


@pytest.mark.parametrize("name", OWN)
def test_an_example_of_ones_own_is_tried(results: Path, name: str) -> None:
    points = OWN[name][1]
    assert blocks.lost(results, NAMES[name])[0] == ({"own_example": points} if points else {})


@pytest.mark.parametrize("name", CODE)
def test_a_mistake_in_code_costs_its_points_and_is_named(results: Path, name: str) -> None:
    _, points, words = CODE[name]
    lost, said = blocks.lost(results, NAMES[f"code {name}"])
    assert lost == points
    assert words in said


@pytest.mark.parametrize("name", [*NUMBERS_RIGHT, *RIGHT])
def test_right_work_loses_nothing(results: Path, name: str) -> None:
    assert blocks.lost(results, NAMES[name]) == ({}, "")
    assert sum(scores(results, NAMES[name]).values()) == TOTAL
