"""Public checks of automatic differentiation: the example's own numbers, and a small graph."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from gradlab import Suite, Threshold

if TYPE_CHECKING:
    from autograder.expect import Expect
    from autograder.remote import Remote, Student

suite = Suite("autodiff")

# The sheet's own numbers, which have k = 1: f1 and f2 at (1, 2), and with either input 0.01 larger.
PRINTED = {
    (1.0, 2.0): (24521.662861313, 2.73105857863),
    (1.01, 2.0): (25200.8058793246, 2.75302014923886),
    (1.0, 2.01): (26411.9854338567, 2.74105857863),
}
# Nodes of a small graph at x = 0.5, y = 2, where `square` uses `p` twice.
SMALL = (
    ("out", "add", "square", "s"),
    ("s", "sin", "x"),
    ("square", "mul", "p", "p"),
    ("p", "mul", "x", "y"),
)
P = 0.5 * 2


def small(student: Student) -> Remote:
    """Return the graph out = (x y)^2 + sin(x), made of nodes in no order."""
    graph = student.keep(student.autodiff.Graph, "x", "y")
    for row in SMALL:
        student.keep(graph.add_node, *row)
    return graph


def ask_order(student: Student) -> None:
    """Ask for an order, without which no graph has values: so an empty function is named."""
    student.autodiff.topological_order({"b": ("a",), "a": ()})


@suite.check(points=0, question="order")
def small_order(student: Student, expect: Expect) -> None:
    """topological_order puts four nodes in order"""
    parents = {"c": ("b", "a"), "b": ("a", "x"), "a": ("x",), "x": ()}
    found = list(student.autodiff.topological_order(parents))
    right = sum(found[place : place + 1] == [name] for place, name in enumerate("xabc"))
    expect.earns("nodes in their place", right, 4, Threshold(100))


@suite.check(points=0, question="graph")
def printed_values(student: Student, expect: Expect) -> None:
    """exponential_graph(1): f1 and f2 should agree with the sheet's printed digits, to 1e-11"""
    ask_order(student)
    graph = student.keep(student.autodiff.exponential_graph, 1)
    parents = graph.parents()
    there = sum(isinstance(parents[name], tuple) for name in ("f1", "f2"))
    expect.earns("nodes that are called f1 and f2", there, 2, Threshold(100))
    for (w1, w2), (f1, f2) in PRINTED.items():
        values = student.autodiff.evaluate(graph, {"w1": w1, "w2": w2})
        names = {f"f1({w1}, {w2})": f1, f"f2({w1}, {w2})": f2}
        found = dict(zip(names, (values["f1"], values["f2"]), strict=True))
        expect.close(found, wanted=names, max_error=1e-11)


@suite.check(points=0, question="slopes")
def some_slopes(student: Student, expect: Expect) -> None:
    """local_slopes: those of x y at (3, 5), of exp and sin at 0, of x^2 at 3"""
    slopes = student.autodiff.local_slopes
    for name, operation, operands, wanted in (
        ("x y", "mul", [3.0, 5.0], [5.0, 3.0]),
        ("exp", "exp", [0.0], [1.0]),
        ("sin", "sin", [0.0], [1.0]),
        ("x^2", "power", [3.0, 2.0], [6.0, 0.0]),
    ):
        found = slopes(operation, operands)
        values = {f"{name}: operand {n}": slope for n, slope in enumerate(found, start=1)}
        expect.close(values, wanted=dict(zip(values, wanted, strict=True)), max_abs=1e-12)


@suite.check(points=0, question="forward")
def small_forward(student: Student, expect: Expect) -> None:
    """forward_mode along x, of (x y)^2 + sin(x) at (0.5, 2)"""
    ask_order(student)
    tangents = student.autodiff.forward_mode(small(student), {"x": 0.5, "y": 2.0}, "x")
    wanted = {"x": 1.0, "y": 0.0, "p": 2.0, "square": 4 * P, "out": 4 * P + math.cos(0.5)}
    expect.close({name: tangents[name] for name in wanted}, wanted=wanted, max_abs=1e-12)


@suite.check(points=0, question="reverse")
def small_reverse(student: Student, expect: Expect) -> None:
    """reverse_mode from the result of (x y)^2 + sin(x) at (0.5, 2)"""
    ask_order(student)
    adjoints = student.autodiff.reverse_mode(small(student), {"x": 0.5, "y": 2.0}, "out")
    wanted = {"out": 1.0, "square": 1.0, "p": 2 * P, "y": P, "x": 4 * P + math.cos(0.5)}
    expect.close({name: adjoints[name] for name in wanted}, wanted=wanted, max_abs=1e-12)


@suite.check(points=0, question="by_hand")
def numbers_on_paper(student: Student, expect: Expect) -> None:
    """by_hand can be read: k is 1 or 2, and every other entry is a number"""
    names = ("u", "f1", "f2", "df1_du", "df1_dw1", "df1_dw2", "df2_dw1", "df2_dw2")
    bounds = {"k": (1.0, 2.0), **dict.fromkeys(names, (-1e40, 1e40))}
    expect.settings("by_hand", student.notebook.by_hand, bounds)


@suite.check(points=0, question="numeric")
def forward_differences(student: Student, expect: Expect) -> None:
    """numeric_jacobian of (x0 x1^2, x0^3 + sin x2) at (1, 2, 0), with a step of 0.1"""
    x, bent = np.array([1.0, 2.0, 0.0]), student.graph_functions.bent
    slope = math.sin(0.1) / 0.1
    forward = np.array([[4.0, 4.1, 0.0], [3.31, 0.0, slope]])
    central = np.array([[4.0, 4.0, 0.0], [3.01, 0.0, slope]])
    for scheme, wanted in (("forward", forward), ("central", central)):
        found = student.autodiff.numeric_jacobian(bent, x, 0.1, scheme)
        expect.close({scheme: found}, wanted={scheme: wanted}, max_abs=1e-11)
