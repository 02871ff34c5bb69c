"""Hidden checks of automatic differentiation: order, graph, slopes, both modes, differences.

The example of the source contradicts itself, so `by_hand` takes both readings: the student says
whether u = exp(w1) + exp(k w2) has k = 1 or k = 2.
"""

from __future__ import annotations

import math
import re
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from gradlab import Suite, Threshold
from gradlab.errors import StudentFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Remote, Student

    Parents = dict[str, tuple[str, ...]]
    Rows = Sequence[tuple[str | float, ...]]

suite = Suite("autodiff")

INPUTS = ("x", "y", "z", "idle")
# Nodes in no order. `grow` is used twice by one node, `p` and `root` by two; `idle` by none.
TANGLE: Rows = (
    ("tail", "mul", "root", "side"),
    ("out", "add", "bump", "wave"),
    ("bump", "mul", "grow", "grow"),
    ("side", "add", "out", "last"),
    ("last", "mul", "root", "z"),
    ("grow", "exp", "small"),
    ("small", "mul", 0.3, "p"),
    ("wave", "sin", "cube"),
    ("cube", "power", "s", 3),
    ("root", "power", "z", 0.5),
    ("s", "sigmoid", "p"),
    ("p", "mul", "x", "y"),
)
# Sums and multiples alone: every slope is 1 or a number that stands in the graph.
STRAIGHT: Rows = (
    ("out", "add", "twice", "y"),
    ("twice", "add", "third", "third"),
    ("third", "mul", "sum", -0.7),
    ("sum", "add", "x", "y"),
    ("more", "add", "out", 2.5),
)
ARROWS = re.compile(r"\w+(?:\s*->\s*\w+)+")


def built(student: Student, rows: Rows) -> Remote:
    """Return a graph, made in the student's process."""
    graph = student.keep(student.autodiff.Graph, *INPUTS)
    for row in rows:
        student.keep(graph.add_node, *row)
    return graph


def names(rows: Rows) -> tuple[str, ...]:
    """Return the names of inputs and nodes."""
    return (*INPUTS, *(str(row[0]) for row in rows))


def somewhere(draw: Draw) -> dict[str, float]:
    """Return a point, away from zero and positive, so that roots are real."""
    return {
        name: float(value) for name, value in zip(INPUTS, draw.uniform(0.4, 1.6, 4), strict=True)
    }


def together(table: Mapping[Any, Any], wanted: Sequence[Any]) -> Any:
    """Return some of a reply's numbers as an array, or what stands for a missing one."""
    values = [table[name] for name in wanted]
    strange = [value for value in values if not isinstance(value, (int, float))]
    return strange[0] if strange else np.array(values, float)


@suite.check(points=2, question="order")
def order(student: Student, expect: Expect, draw: Draw) -> None:
    """topological_order puts every node after all that it uses, whatever order they come in"""
    for name, parents in {
        "a chain": chain(draw, 12),
        "many arrows": tangled(draw, 10, 0.5),
        "few arrows": tangled(draw, 15, 0.1),
        "a node used twice": {"square": ("x", "x"), "x": ()},
    }.items():
        found = list(student.autodiff.topological_order(parents))
        right = sum(in_place(node, found, parents) for node in parents)
        expect.earns(f"{name}: nodes in order", right, len(parents), Threshold(100))


def chain(draw: Draw, count: int) -> Parents:
    """Return a chain of nodes, shuffled."""
    line = [f"n{number}" for number in np.argsort(draw.normal(count))]
    uses: Parents = {line[0]: (), **{b: (a,) for a, b in pairwise(line)}}
    return {f"n{number}": uses[f"n{number}"] for number in range(count)}


def tangled(draw: Draw, count: int, chance: float) -> Parents:
    """Return a random graph without a cycle, shuffled."""
    line = [f"n{number}" for number in np.argsort(draw.normal(count))]
    arrows = draw.uniform(0, 1, count, count) < chance
    uses = {
        node: tuple(other for j, other in enumerate(line[:i]) if arrows[i, j])
        for i, node in enumerate(line)
    }
    return {f"n{number}": uses[f"n{number}"] for number in range(count)}


def in_place(node: str, found: Sequence[Any], parents: Parents) -> bool:
    """Say whether a node is there once, and after all that it uses."""
    if found.count(node) != 1:
        return False
    before = found[: found.index(node)]
    return all(parent in before for parent in parents[node])


@suite.check(points=2, question="order")
def cycles(student: Student, expect: Expect, draw: Draw) -> None:
    """topological_order refuses a graph with a cycle, with a ValueError that names it"""
    whole = tangled(draw, 6, 0.6)
    found = list(student.autodiff.topological_order(whole))
    expect.earns(
        "without a cycle: nodes", sum(node in found for node in whole), 6, Threshold(100), share=0.5
    )
    refused = named = 0
    graphs = knotted(draw)
    for parents in graphs:
        text = refusal(student, parents)
        refused += text.startswith("ValueError")
        named += names_a_cycle(text, parents)
    expect.earns("cycles refused with a ValueError", refused, len(graphs), Threshold(100), share=1)
    expect.earns("cycles named in its text", named, len(graphs), Threshold(100), share=0.5)


def knotted(draw: Draw) -> list[Parents]:
    """Return graphs with a cycle: of one node, of two, of many in the midst of others."""
    ring = {f"r{i}": (f"r{(i + 1) % 7}", f"n{i}") for i in range(7)}
    return [
        {"a": ("a",)},
        {"x": (), "b": ("a", "x"), "a": ("b",)},
        {**tangled(draw, 8, 0.4), **ring, "after": ("r3", "n2"), "last": ("after",)},
    ]


def refusal(student: Student, parents: Parents) -> str:
    """Return with what words a graph is refused; '' if it is not."""
    try:
        student.keep(student.autodiff.topological_order, parents)
    except StudentFault as fault:
        if fault.status != "raised":
            raise
        return fault.message
    return ""


def names_a_cycle(text: str, parents: Parents) -> bool:
    """Say whether a text holds a cycle, `a -> b -> a`, read along the arrows or against them."""
    match = ARROWS.search(text)
    nodes = re.split(r"\s*->\s*", match[0]) if match else [""]
    steps = list(pairwise(nodes))
    closed = len(nodes) > 1 and nodes[0] == nodes[-1]
    along = all(a in parents.get(b, ()) for a, b in steps)
    return closed and (along or all(b in parents.get(a, ()) for a, b in steps))


@suite.check(points=2, question="graph", needs=[order])
def graph(student: Student, expect: Expect, draw: Draw) -> None:
    """exponential_graph computes f1 and f2, for any k"""
    between = round(float(draw.uniform(0.2, 0.8, 1)[0]), 3)
    for name, k in (("k = 1", 1.0), ("k = 2", 2.0), ("another k", between)):
        point = {name: float(draw.uniform(-0.5, 0.7, 1)[0]) for name in ("w1", "w2")}
        made = student.keep(student.autodiff.exponential_graph, k)
        values = student.autodiff.evaluate(made, point)
        found = {f"{output}, {name}": values[output] for output in ("f1", "f2")}
        expect.close(found, max_error=1e-9)


@suite.check(points=3, question="slopes")
def slopes(student: Student, expect: Expect, draw: Draw) -> None:
    """local_slopes gives the derivative of every operation in every operand"""
    x, y = (float(value) for value in draw.away(2, gap=0.3))
    table: dict[str, list[tuple[Any, ...]]] = {
        "add and mul": [("add", x, y), ("mul", x, y)],
        "exp": [("exp", x)],
        "sin": [("sin", x)],
        "sigmoid": [("sigmoid", x)],
        "power": [("power", x, 3.0), ("power", x, -1.0), ("power", abs(x), 0.5)],
        "power with the exponents 0, 1 and 2": [
            ("power", x, 0.0), ("power", 0.0, 1.0), ("power", x, 2.0),
        ],
        "sigmoid of large numbers": [("sigmoid", n * x) for n in (1.0, 900.0, -900.0)],
    }  # fmt: skip
    for label, cases in table.items():
        found: list[Any] = []
        for operation, *operands in cases:
            found += student.autodiff.local_slopes(operation, operands)
        numbered = dict(enumerate(found))
        expect.close({f"slopes of {label}": together(numbered, [*numbered])}, max_abs=1e-9)


LAYERS = ("autodiff.local_slopes",)


@suite.check(points=3, question="forward", needs=[order], follows=[slopes], layers=LAYERS)
def forward(student: Student, expect: Expect, draw: Draw) -> None:
    """forward_mode gives the derivative of every node by one input"""
    for kind, rows, share in (("sums", STRAIGHT, 1.0), ("all operations", TANGLE, 2.0)):
        made, point = built(student, rows), somewhere(draw)
        for along in INPUTS:
            tangents = student.autodiff.forward_mode(made, point, along)
            values = together(tangents, names(rows))
            expect.close({f"{kind}, along {along}": values}, share=share, max_error=1e-9)


@suite.check(points=4, question="reverse", needs=[order], follows=[slopes], layers=LAYERS)
def reverse(student: Student, expect: Expect, draw: Draw) -> None:
    """reverse_mode gives the derivative of one node by every node"""
    for kind, rows, outputs, share in (
        ("sums", STRAIGHT, ("more", "third"), 1.0),
        ("all operations", TANGLE, ("tail", "out", "p"), 2.0),
    ):
        made, point = built(student, rows), somewhere(draw)
        for output in outputs:
            adjoints = student.autodiff.reverse_mode(made, point, output)
            values = together(adjoints, names(rows))
            expect.close({f"{kind}, of {output}": values}, share=share, max_error=1e-9)


@suite.check(points=3, question="numeric")
def numeric(student: Student, expect: Expect, draw: Draw) -> None:
    """numeric_jacobian takes differences, central and forward, with any step"""
    bent, jacobian = student.graph_functions.bent, student.autodiff.numeric_jacobian
    x = draw.away(3, gap=0.5)
    for scheme, other, h in (("central", "forward", 0.2), ("forward", "central", 0.1)):
        name = f"{scheme} differences"
        typical = {f"These are {other} differences.": {name: differences(x, h, other)}}
        expect.close({name: jacobian(bent, x, h, scheme)}, typical=typical, max_error=1e-9)
    held = student.hold(x)
    expect.close({"by default": jacobian(bent, held)}, max_error=1e-6)
    expect.unchanged({"x": held}, share=0.5)
    whole = draw.integers(1, 5, 3)
    expect.close({"x of whole numbers": jacobian(bent, whole)}, share=0.5, max_error=1e-6)


def differences(x: np.ndarray, h: float, scheme: str) -> np.ndarray:
    """Return the Jacobian of `graph_functions.bent` by differences."""

    def bent(x: np.ndarray) -> np.ndarray:
        return np.array([x[0] * x[1] ** 2, x[0] ** 3 + np.sin(x[2])])

    back = h if scheme == "central" else 0.0
    steps = np.eye(3)
    columns = [(bent(x + h * step) - bent(x - back * step)) / (h + back) for step in steps]
    return np.stack(columns, axis=1)


W1, W2 = 1.0, 2.0
SLOPE_OF_SIGMOID = math.exp(-W1) / (1 + math.exp(-W1)) ** 2
# What is asked for at w = (1, 2), from the reading k and from earlier steps.
STEPS: dict[str, Callable[[float, Mapping[str, float]], float]] = {
    "u": lambda k, _: math.exp(W1) + math.exp(k * W2),
    "f1": lambda _, own: math.exp(own["u"]) + math.sin(own["u"]),
    "f2": lambda *_: W1 * W2 + 1 / (1 + math.exp(-W1)),
    "df1_du": lambda _, own: math.exp(own["u"]) + math.cos(own["u"]),
    "df1_dw1": lambda _, own: own["df1_du"] * math.exp(W1),
    "df1_dw2": lambda k, own: own["df1_du"] * k * math.exp(k * W2),
    "df2_dw1": lambda *_: W2 + SLOPE_OF_SIGMOID,
    "df2_dw2": lambda *_: W1,
}
READINGS = (1.0, 2.0)


@suite.check(points=4, question="by_hand")
def by_hand(student: Student, expect: Expect) -> None:
    """The derivatives at (1, 2) on paper, for the reading that you chose

    What is off by at most half a percent is right; so is what follows from earlier answers.
    """
    given = np.asarray(student.notebook.by_hand).item()  # a dict, brought here
    own = {name: plain(given[name]) for name in ("k", *STEPS)}
    if all(map(math.isnan, own.values())):
        raise StudentFault("not implemented", "There is no number in by_hand yet.")
    for name in STEPS:
        value = given[name]
        if math.isfinite(own[name]):
            value = own[name] / nearest(own[name], candidates(name, own))
        expect.close({name: value}, wanted={name: 1.0}, max_error=5e-3)


def plain(value: Any) -> float:
    """Return a number as a float; nan for anything else, and for what is beyond all floats."""
    try:
        return float(value) if isinstance(value, (int, float)) else math.nan
    except OverflowError:
        return math.nan


def candidates(name: str, own: Mapping[str, float]) -> list[float]:
    """Return what is right in a step: by the student's reading, also from their earlier answers."""
    found = []
    for k in [own["k"]] if own["k"] in READINGS else READINGS:
        right = worked_out(k)
        follows = {step: own[step] if math.isfinite(own[step]) else right[step] for step in STEPS}
        found.append(right[name])
        with suppress(ArithmeticError, ValueError):
            found.append(STEPS[name](k, follows))
    return [value for value in found if value]


def worked_out(k: float) -> dict[str, float]:
    """Return all steps of one reading."""
    values: dict[str, float] = {}
    for name, step in STEPS.items():
        values[name] = step(k, values)
    return values


def nearest(value: float, wanted: Sequence[float]) -> float:
    """Return the number to which a value comes nearest, relative to that."""
    return min(wanted, key=lambda right: abs(value / right - 1))


suite.written(
    "q-order",
    points=3,
    title="An order exactly if there is no cycle",
    rubric="1 point: on a cycle every node would have to come before itself, so with an order "
    "there is no cycle. 1 point: without a cycle some node uses no other; else one could walk from "
    "user to used for ever, and among finitely many nodes come back to one. 1 point: it goes "
    "first, and what is left has no cycle either: induction over the number of nodes.",
)
suite.written(
    "q-readings",
    points=2,
    title="Which of the sheet's numbers belong to which reading",
    rubric="1 point: the printed values belong to k = 1; with k = 2, f1 would be 7.8e24. 1 point: "
    "the printed formula has the factor 2 exp(2 w2), which is the derivative of exp(2 w2), so"
    " k = 2.",
)
suite.written(
    "q-step",
    points=3,
    title="Why a step of 0.01 is too large, and one of 1e-13 too small",
    rubric="1 point: the forward difference is off by about h f''/2, and f1 is an exponential of "
    "an exponential, so f'' is larger than f' by a factor of u' (7.4 with k = 1, 109 with k = "
    "2). 1 point: with k = 2 the slope along w2 grows by a factor e within 1/109, less than "
    "the step. 1 point: a tiny step loses digits: the rounding of f is divided by h; central "
    "differences do best around 1e-6.",
)
suite.written(
    "q-modes",
    points=2,
    title="How many walks each mode needs",
    rubric="1 point: forward mode one walk for each input, reverse mode one for each output; here "
    "two and two. 1 point: a loss is one output of very many parameters, so reverse mode, at "
    "the price of keeping the values of all nodes.",
)
