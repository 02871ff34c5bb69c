"""Automatic differentiation: what wrong code loses and reads, what right code keeps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from autograder.verify import reference_submission
from gradlab.course import Course
from tests.course import blocks
from tests.course.additions import scores
from tests.course.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gradlab.course import Assignment

pytestmark = pytest.mark.slow

TOTAL = 23  # without what a person grades
NOTEBOOK = "autodiff.ipynb"


def ordered(where_stuck: str, end: str = "") -> dict[str, str]:
    """Return a topological_order that does something of its own on a cycle, or at the end."""
    code = f"""
left = dict.fromkeys(parents)
while left:
    ready = [name for name in left if not any(parent in left for parent in parents[name])]
    if not ready:
        {where_stuck}
    for name in ready:
        del left[name]
    order += ready
{end}
"""
    return {"topological_order": code}


NAMED = "raise ValueError(find_cycle(parents, list(left)))"
SLOPES = {
    "mul": "(y, x)",
    "power": "exponent * x ** (exponent - 1) if exponent else 0.0",
    "exp": "math.exp(x)",
    "sin": "math.cos(x)",
    "sigmoid": "_sigmoid(x) * (1 - _sigmoid(x))",
}


def slopes(**wrong: str) -> dict[str, str]:
    """Return local_slopes with some formulas of its own."""
    of = {**SLOPES, **wrong}
    code = f"""
x, *rest = operands
if operation == "add":
    slopes = [1, 1]
elif operation == "mul":
    y = rest[0]
    slopes = {of["mul"]}
elif operation == "power":
    exponent = rest[0]
    slopes = [{of["power"]}, 0]
else:
    slopes = [{{"exp": lambda: {of["exp"]}, "sin": lambda: {of["sin"]},
               "sigmoid": lambda: {of["sigmoid"]}}}[operation]()]
"""
    return {"local_slopes": code}


def walked(start: str, names: str, step: str) -> dict[str, str]:
    """Return a reverse_mode."""
    code = f"""
{start}
for name in {names}:
    for parent, slope in slopes[name]:
        adjoints[parent] {step}
"""
    return {"reverse_mode": code}


START, ADDED = "adjoints[output] = 1.0", "+= adjoints[name] * slope"


def measured(way: str, *, end: str = "") -> dict[str, str]:
    """Return a numeric_jacobian."""
    code = f"""
for step in h * np.eye(len(x)):
    before = x - step if scheme == "central" else x
    columns.append((f(x + step) - f(before)) / ({way}))
{end}
"""
    return {"numeric_jacobian": code}


GRAPH = """
graph.add_node("f1", "add", "e", "s")
graph.add_node("e", "exp", "u")
graph.add_node("s", "sin", "u")
graph.add_node("u", "add", "b", "a")
graph.add_node("a", "exp", "w1")
graph.add_node("b", "exp", {k})
graph.add_node("bent", "mul", "w2", k)
graph.add_node("f2", "add", "p", "g")
graph.add_node("p", "mul", "w2", "w1")
graph.add_node("g", "sigmoid", "w1")
"""
OVERWRITTEN = "Is something overwritten that should be added up?"
# What is wrong: the blocks, the points lost by check, words that the student reads.
WRONG: dict[str, tuple[dict[str, str], dict[str, float], str]] = {
    "order: nothing is said of a cycle": (
        ordered("break"), {"cycles": 1.5}, "cycles refused with a ValueError: 0.0% (0 of 3)",
    ),
    "order: a cycle for ever": (ordered("continue"), {"cycles": 1.5}, "Does a loop never end?"),
    "order: another exception": (
        ordered(NAMED.replace("ValueError", "RuntimeError")), {"cycles": 1.0},
        "cycles refused with a ValueError: 0.0% (0 of 3)",
    ),
    "order: the cycle is not named": (
        ordered("raise ValueError('a cycle')"), {"cycles": 0.5},
        "cycles named in its text: 0.0% (0 of 3)",
    ),
    "order: a node used twice is taken for a cycle": (
        {"topological_order": "if any(len(set(p)) < len(p) for p in parents.values()):\n"
         "    raise ValueError('twice')\n" + ordered(NAMED)["topological_order"]},
        {"order": 0.5, "forward": 3.0, "reverse": 4.0}, "ValueError: twice",
    ),
    "order: by name": (
        ordered(NAMED, "order.sort()"),
        {"order": 2.0, "graph": 2.0, "forward": 3.0, "reverse": 4.0}, "a chain: nodes in order",
    ),
    "order: backwards": (
        ordered(NAMED, "order.reverse()"),
        {"order": 2.0, "graph": 2.0, "forward": 3.0, "reverse": 4.0}, "a chain: nodes in order",
    ),
    "graph: k is forgotten": (
        {"exponential_graph": GRAPH.format(k='"w2"')}, {"graph": 0.67}, "f1, k = 2: largest error",
    ),
    "slopes: the factors exchanged": (
        slopes(mul="(x, y)"), {"slopes": 0.43, "forward": 1.0, "reverse": 2.0},
        "slopes of add and mul",
    ),
    "slopes: the exponent is forgotten": (
        slopes(power="x ** (exponent - 1) if exponent else 0.0"),
        {"slopes": 0.86, "forward": 0.75, "reverse": 1.0}, "slopes of power: ",
    ),
    "slopes: minus the cosine": (
        slopes(sin="-math.cos(x)"), {"slopes": 0.43, "forward": 0.5, "reverse": 1.0},
        "The sign is the other way round",
    ),
    "slopes: the sigmoid itself": (
        slopes(sigmoid="_sigmoid(x)"), {"slopes": 0.86, "forward": 0.5, "reverse": 1.0},
        "slopes of sigmoid: ",
    ),
    "slopes: the sigmoid overflows": (
        slopes(sigmoid="math.exp(-x) / (1 + math.exp(-x)) ** 2"), {"slopes": 0.43},
        "OverflowError",
    ),
    "forward: no start": (
        {"forward_mode": "for name, edges in slopes.items():\n"
         "    tangents[name] = sum(slope * tangents[parent] for parent, slope in edges)"},
        {"forward": 3.0}, "All entries are 0.",
    ),
    "forward: the last parent alone": (
        {"forward_mode": "for name, edges in slopes.items():\n"
         "    tangents[name] = 1.0 if name == along else 0.0\n"
         "    for parent, slope in edges:\n        tangents[name] = slope * tangents[parent]"},
        {"forward": 2.0}, "sums, along x: largest error",
    ),
    "forward: a parent that is used twice counts once": (
        {"forward_mode": "for name, edges in slopes.items():\n"
         "    own = 1.0 if name == along else 0.0\n"
         "    parts = dict(edges).items()\n"
         "    tangents[name] = own + sum(slope * tangents[parent] for parent, slope in parts)"},
        {"forward": 1.5}, "sums, along x: largest error",
    ),
    "reverse: overwritten": (
        walked(START, "reversed(slopes)", "= adjoints[name] * slope"), {"reverse": 4.0},
        OVERWRITTEN,
    ),
    "reverse: along the arrows": (
        walked(START, "slopes", ADDED), {"reverse": 3.0}, "some entries were never filled in",
    ),
    "reverse: no start": (
        walked("", "reversed(slopes)", ADDED), {"reverse": 4.0}, "All entries are 0.",
    ),
    "reverse: from the last node": (
        walked("adjoints[list(slopes)[-1]] = 1.0", "reversed(slopes)", ADDED), {"reverse": 2.5},
        "sums, of third: largest error",
    ),
    "numeric: forward for central": (
        {"numeric_jacobian": "for step in h * np.eye(len(x)):\n"
         "    columns.append((f(x + step) - f(x)) / h)"},
        {"numeric": 2.14}, "These are forward differences.",
    ),
    "numeric: h for 2h": (measured("h"), {"numeric": 2.14}, "2 times too large"),
    "numeric: rows for columns": (
        measured("2 * h if scheme == 'central' else h", end="columns = np.array(columns).T"),
        {"numeric": 3.0}, "It is the transpose of what is wanted",
    ),
    "numeric: x is left changed": (
        {"numeric_jacobian": "for j in range(len(x)):\n"
         "    x[j] += h\n    after = f(x)\n    x[j] -= 2 * h if scheme == 'central' else h\n"
         "    way = 2 * h if scheme == 'central' else h\n"
         "    columns.append((after - f(x)) / way)"},
        {"numeric": 2.57}, "x: your code changes it; work on a copy",
    ),
    "numeric: whole numbers stay whole": (
        {"numeric_jacobian": "for j in range(len(x)):\n"
         "    after, before = x.copy(), x.copy()\n    after[j] += h\n"
         "    before[j] -= h if scheme == 'central' else 0\n"
         "    way = 2 * h if scheme == 'central' else h\n"
         "    columns.append((f(after) - f(before)) / way)"},
        {"numeric": 0.43}, "x of whole numbers",
    ),
}  # fmt: skip
# Right code, written in another way.
RIGHT: dict[str, dict[str, str]] = {
    "the reference": {},
    "depth first, by recursion": {
        "topological_order": """
state = {}
def visit(name):
    if state.get(name) == "open":
        path = [*open_ones[open_ones.index(name):], name]
        raise ValueError("cycle: " + " -> ".join(reversed(path)))
    if name not in state:
        state[name] = "open"
        open_ones.append(name)
        for parent in parents[name]:
            visit(parent)
        state[name] = "done"
        open_ones.pop()
        order.append(name)
open_ones = []
for name in parents:
    visit(name)
order = tuple(order)
"""
    },
    "a counter of parents": {
        "topological_order": """
from collections import deque
count = {name: len(uses) for name, uses in parents.items()}
ready = deque(sorted(name for name in parents if not count[name]))
while ready:
    name = ready.popleft()
    order.append(name)
    for user, uses in parents.items():
        count[user] -= list(uses).count(name)
        if not count[user] and user not in order and user not in ready and name in uses:
            ready.append(user)
left = [name for name in parents if name not in order]
if left:
    raise ValueError(f"The cycle is {find_cycle(parents, left)}!")
"""
    },
    "lists and whole numbers for slopes": slopes(),
    "another graph of the example": {"exponential_graph": GRAPH.format(k='"bent"')},
    "arrays of no dimension": {
        "forward_mode": """
for name in slopes:
    total = np.float64(name == along)
    for parent, slope in slopes[name]:
        total = total + np.array(slope) * tangents[parent]
    tangents[name] = total
"""
    },
    "users are asked, not told": {
        "reverse_mode": """
users = {name: [] for name in slopes}
for user, edges in slopes.items():
    for parent, slope in edges:
        users[parent].append((user, slope))
adjoints = {}
for name in list(slopes)[::-1]:
    own = 1 if name == output else 0
    adjoints[name] = own + sum(slope * adjoints[user] for user, slope in users[name])
"""
    },
    "column by column": {
        "numeric_jacobian": """
x = x.astype(float)
for j in range(x.size):
    values = []
    for sign in ((1, -1) if scheme == "central" else (1, 0)):
        moved = x.copy()
        moved[j] = moved[j] + sign * h
        values.append(f(moved))
    columns.append((values[0] - values[1]) / h / (2 if scheme == "central" else 1))
columns = np.asarray(columns)
"""
    },
}
RIGHT_2 = """by_hand = {
    "k": 2.0, "u": 57.3164, "f1": 7.802e24, "f2": 2.7311, "df1_du": 7.802e24,
    "df1_dw1": 2.1208e25, "df1_dw2": 8.5196e26, "df2_dw1": 2.1966, "df2_dw2": 1.0,
}"""
ROUNDED_2 = """by_hand = {
    "k": 2, "u": 57.3, "f1": 7.675e24, "f2": 2.731, "df1_du": 7.675e24,
    "df1_dw1": 2.0863e25, "df1_dw2": 8.381e26, "df2_dw1": 2.1966, "df2_dw2": 1,
}"""
MIXED = """by_hand = {
    "k": 1, "u": 10.1073, "f1": 24521.66, "f2": 2.73106, "df1_du": 24521.52,
    "df1_dw1": 66656.4, "df1_dw2": 181190.9 * 2, "df2_dw1": 2.196612, "df2_dw2": 1,
}"""
UNREAD = """by_hand = {
    "k": "one", "u": 10.1073, "f1": 24521.66, "f2": float("nan"), "df1_du": 24521.52,
    "df1_dw1": 66656.4, "df1_dw2": 181190.9, "df2_dw1": [2.196612], "df2_dw2": None,
}"""
EMPTY = """by_hand = dict.fromkeys(
    ("k", "u", "f1", "f2", "df1_du", "df1_dw1", "df1_dw2", "df2_dw1", "df2_dw2")
)"""
# Numbers from paper: the cell, the points lost, words that the student reads.
PAPER: dict[str, tuple[str, float, str]] = {
    "the other reading": (RIGHT_2, 0, ""),
    "what follows from a rounded sum": (ROUNDED_2, 0, ""),
    "the sheet's formula at the sheet's numbers": (MIXED, 0.5, "df1_dw2: largest error"),
    "one wrong number, and what follows": (
        MIXED.replace("10.1073", "9.1073").replace("181190.9 * 2", "181190.9"), 0.5, "u: largest",
    ),
    "what cannot be read": (UNREAD, 1.0, "df2_dw2"),
    "a number beyond all bounds": (MIXED.replace("24521.66", "10**400"), 4, "more than 64 bits"),
    "nothing": ("by_hand = {}", 4, "There is no number in by_hand yet."),
    "nothing but names": (EMPTY, 4, "There is no number in by_hand yet."),
    "no dictionary": ("by_hand = 24521.66", 4, "should be a dict"),
}  # fmt: skip


def with_paper(assignment: Assignment, source: str) -> blocks.Variant:
    """Return the reference with other numbers from paper."""
    notebook: Any = json.loads(reference_submission(assignment).files[NOTEBOOK])
    for cell in notebook["cells"]:
        if cell["id"] == "by-hand":
            cell["source"] = source
    return blocks.Variant(files={NOTEBOOK: json.dumps(notebook).encode()})


NUMBERS = {name: f"{n:02}" for n, name in enumerate((*WRONG, *RIGHT, *PAPER))}


@pytest.fixture(scope="module")
def autodiff() -> Assignment:
    return Course.find(ROOT).assignment("autodiff")


@pytest.fixture(scope="module")
def results(autodiff: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all results; submissions have numbers for names."""
    variants: Mapping[str, blocks.Variant] = {
        **{NUMBERS[name]: blocks.Variant(blocks=WRONG[name][0]) for name in WRONG},
        **{NUMBERS[name]: blocks.Variant(blocks=RIGHT[name]) for name in RIGHT},
        **{NUMBERS[name]: with_paper(autodiff, PAPER[name][0]) for name in PAPER},
    }
    return blocks.grade(autodiff, variants, tmp_path_factory.mktemp("autodiff"))


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_costs_its_points_and_is_named(results: Path, name: str) -> None:
    _, points, words = WRONG[name]
    lost, said = blocks.lost(results, NUMBERS[name])
    assert lost == points
    assert words in said


@pytest.mark.parametrize("name", RIGHT)
def test_right_code_loses_nothing(results: Path, name: str) -> None:
    assert blocks.lost(results, NUMBERS[name]) == ({}, "")
    assert sum(scores(results, NUMBERS[name]).values()) == TOTAL


@pytest.mark.parametrize("name", PAPER)
def test_numbers_from_paper_count_for_either_reading(results: Path, name: str) -> None:
    _, points, words = PAPER[name]
    lost, said = blocks.lost(results, NUMBERS[name])
    assert lost == ({"by_hand": points} if points else {})
    assert words in said
