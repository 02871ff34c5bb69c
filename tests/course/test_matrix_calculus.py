"""Matrix calculus: a wrong step costs once and is named; right formulas of any form keep all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gradlab.course import Course
from tests.course import blocks
from tests.course.additions import edited, in_notebook, scores
from tests.course.blocks import Variant
from tests.course.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from gradlab.course import Assignment

TOTAL = 12  # without what a person grades
FIRST = "is not right; this is the first step that goes wrong"
# What stands in place of what, the points lost by check, words that the student reads.
WRONG: dict[str, tuple[dict[str, str], dict[str, float], str]] = {
    "the inner path is left out": (
        {'steps["outer_path"] + steps["inner_path"]': 'steps["outer_path"]'},
        {"autoencoder": 1},
        f"gradient: {FIRST}",
    ),
    "the error without W": (
        {'W.T @ steps["code"] - x': 'W.T @ steps["code"]'},
        {"autoencoder": 1},
        f"error: {FIRST}",
    ),
    "a squared length has no half": (
        {'W @ steps["error"]': '2 * W @ steps["error"]'},
        {"autoencoder": 1},
        f"dL_dcode: {FIRST}",
    ),
    "the outer path transposed": (
        {'steps["code"] @ steps["error"].T': '(steps["code"] @ steps["error"].T).T'},
        {"autoencoder": 6},
        "autoencoder_steps",
    ),
    "a wrong end, and right steps kept": (
        {'steps["outer_path"] + steps["inner_path"]': "W @ x @ x.T @ W.T @ W - 2 * W @ x @ x.T"},
        {"autoencoder": 1},
        f"gradient: {FIRST}",
    ),
    "half of the product rule": (
        {'2 * alpha * steps["dL1_dK"]': 'alpha * steps["dL1_dK"]'},
        {"latent": 1},
        f"dL1_dX: {FIRST}",
    ),
    "D forgotten": ({"Y.shape[1] * inverse": "inverse"}, {"latent": 1}, f"dL1_dK: {FIRST}"),
    "plus for minus": ({"0.5 * solved @": "-0.5 * solved @"}, {"latent": 1}, f"dL2_dK: {FIRST}"),
    "the inverse only once": (
        {"0.5 * solved @ solved.T": "0.5 * solved @ Y.T"},
        {"latent": 1},
        f"dL2_dK: {FIRST}",
    ),
    "one divided by K": (
        {"np.linalg.inv(K), np": "1 / K, np"},
        {"latent": 1},
        f"dL1_dK: {FIRST}",
    ),
    "matrices that do not fit": (
        {'steps["dL1_dK"] @ X': 'X @ steps["dL1_dK"]'},
        {"latent": 5},
        "ValueError",
    ),
    "two mistakes": (
        {'2 * alpha * steps["dL1_dK"]': 'alpha * steps["dL1_dK"]', "0.5 * solved @": "solved @"},
        {"latent": 2},
        "follows from your own earlier values",
    ),
    "differences": (
        {
            "    return steps\n\n\ndef autoencoder_gradient": """
    from .gradient_check import eval_numerical_gradient
    steps["gradient"] = eval_numerical_gradient(lambda W: autoencoder_loss(W, x), W, False)
    return steps


def autoencoder_gradient"""
        },
        {"autoencoder": 6},
        "eval_numerical_gradient",
    ),
    "zeros after the first step": (
        {
            "    return steps\n\n\ndef autoencoder_gradient": """
    return {n: v if n == "code" else 0 * v for n, v in steps.items()}


def autoencoder_gradient"""
        },
        {"autoencoder": 5},
        f"error: {FIRST}",
    ),
}  # fmt: skip
# The notebook's example without loss.
EXAMPLES = {
    "a square W": ("W_zero, x_zero = np.eye(3), np.ones((3, 1))", 1.0),
    "nothing goes through": ("W_zero, x_zero = np.eye(2, 3), np.zeros((3, 1))", 1.0),
    "almost": ("W_zero, x_zero = np.eye(2, 3), np.array([[1.0], [1.0], [1e-3]])", 1.0),
    "one row": ("W_zero, x_zero = np.eye(1, 3), np.array([[1.0], [0], [0]])", 1.0),
    "not a number": ("W_zero, x_zero = np.eye(2, 3), np.full((3, 1), np.nan)", 1.0),
    "another shape": ("W_zero, x_zero = np.eye(2, 3), np.ones((2, 1))", 1.0),
    "text": ("W_zero, x_zero = 'W', 'x'", 1.0),
    "axes": ("W_zero, x_zero = np.eye(2, 3), np.array([[3.0], [-4.0], [0]])", 0.0),
    "whole numbers, a vector": ("W_zero, x_zero = [[0, 1, 0], [0, 0, 1]], [0, 2, 5]", 0.0),
}
RIGHT = {
    "multiplied out, and sums over entries": {
        "autoencoder_steps": """
vector = x.reshape(-1)
h = np.einsum("mn,n->m", W, vector)
e = np.einsum("mn,m->n", W, h) - vector
steps = {"code": h, "error": e, "dL_dcode": W.dot(e)}
steps["outer_path"], steps["inner_path"] = np.outer(h, e), np.outer(W.dot(e), vector)
steps["gradient"] = W @ x @ x.T @ W.T @ W + W @ W.T @ W @ x @ x.T - 2 * W @ x @ x.T
""",
        "gplvm_steps": """
N, D = Y.shape
inverse = np.linalg.solve(K, np.eye(N))
steps["dL_dX"] = alpha * inverse @ (Y @ Y.T) @ inverse @ X - alpha * D * inverse @ X
steps["dL1_dX"], steps["dL1_dK"] = -alpha * D * inverse @ X, -D / 2 * inverse.T
steps["dL2_dK"] = inverse @ Y @ Y.T @ inverse / 2
steps["dL2_dX"] = alpha * (steps["dL2_dK"] + steps["dL2_dK"].T) @ X
""",
    },
    "lists, and loops": {
        "autoencoder_steps": """
(m, n), v = W.shape, [float(item) for item in x.ravel()]
h = [sum(W[i, j] * v[j] for j in range(n)) for i in range(m)]
e = [sum(W[i, j] * h[i] for i in range(m)) - v[j] for j in range(n)]
d = [sum(W[i, j] * e[j] for j in range(n)) for i in range(m)]
outer = [[h[i] * e[j] for j in range(n)] for i in range(m)]
inner = [[d[i] * v[j] for j in range(n)] for i in range(m)]
both = np.add(outer, inner)
steps = {"code": h, "error": e, "dL_dcode": d, "outer_path": outer, "inner_path": inner}
steps["gradient"] = both.tolist()
""",
    },
    "by eigenvectors": {
        "gplvm_steps": """
values, vectors = np.linalg.eigh(K)
inverse = (vectors / values) @ vectors.T
A, D = inverse @ Y, Y.shape[1]
steps.update(dL1_dK=-D / 2 * inverse, dL2_dK=A @ A.T / 2)
steps["dL1_dX"] = alpha * (steps["dL1_dK"] @ X + steps["dL1_dK"].T @ X)
steps["dL2_dX"] = alpha * A @ (A.T @ X)
steps["dL_dX"] = np.sum([steps["dL1_dX"], steps["dL2_dX"]], axis=0)
print("warm")
""",
    },
}
NUMBERS = {name: f"{n:02}" for n, name in enumerate([*WRONG, *EXAMPLES, *RIGHT])}


@pytest.fixture(scope="module")
def calculus() -> Assignment:
    return Course.find(ROOT).assignment("matrix_calculus")


@pytest.fixture(scope="module")
def results(calculus: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all results; submissions have numbers for names."""
    variants = []
    variants += [
        Variant(files=edited(calculus, "calculus.py", changes)) for changes, _, _ in WRONG.values()
    ]
    for code, _ in EXAMPLES.values():
        variants.append(Variant(files=in_notebook(calculus, {"example": code})))
    variants += [Variant(code) for code in RIGHT.values()]
    named = dict(zip(NUMBERS.values(), variants, strict=True))
    return blocks.grade(calculus, named, tmp_path_factory.mktemp("calculus"))


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_step_costs_once_and_is_named(results: Path, name: str) -> None:
    _, points, words = WRONG[name]
    lost, said = blocks.lost(results, NUMBERS[name])
    assert lost == points
    assert words in said


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_tried_and_not_compared(results: Path, name: str) -> None:
    points = EXAMPLES[name][1]
    assert blocks.lost(results, NUMBERS[name])[0] == ({"zero_loss": points} if points else {})


@pytest.mark.parametrize("name", RIGHT)
def test_right_formulas_lose_nothing(results: Path, name: str) -> None:
    assert blocks.lost(results, NUMBERS[name]) == ({}, "")
    assert sum(scores(results, NUMBERS[name]).values()) == TOTAL
