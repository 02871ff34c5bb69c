"""The reference's battery: tells a mutant from the reference wherever their values differ.

`gradlab audit` runs it on the mutants that the hidden checks let pass. Nobody is graded by it, so
its inputs may be as odd as they like, and its bounds are those of rounding alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradlab import Suite
from gradlab.errors import StudentFault

if TYPE_CHECKING:
    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Student

suite = Suite("autodiff battery")

ROUNDING = 1e-12
OPERATIONS = ("add", "mul", "power", "exp", "sin", "sigmoid")
ODD = (-40.0, -1.5, -1e-9, 0.5, 2.0, 40.0)
Parents = dict[str, tuple[str, ...]]
ORDERED: dict[str, Parents] = {
    "nothing": {},
    "one": {"a": ()},
    "islands": {"b": (), "a": ()},
    "twice": {"b": ("a", "a"), "a": ()},
    "diamond": {"d": ("b", "c"), "c": ("a",), "b": ("a",), "a": ()},
}
KNOTTED: dict[str, Parents] = {
    "loop": {"a": ("a",)},
    "pair": {"b": ("a",), "a": ("b",)},
    "tail": {"x": (), "c": ("b",), "b": ("a",), "a": ("b", "x")},
    "two cycles": {"a": ("b",), "b": ("a",), "c": ("d",), "d": ("c",)},
}


def refusal(student: Student, parents: Parents) -> str:
    """Return with what words a graph is refused; '' if it is not."""
    try:
        student.keep(student.autodiff.topological_order, parents)
    except StudentFault as fault:
        return fault.message
    return ""


def number_of(text: str) -> float:
    """Return a number that hangs on every letter."""
    return float(sum((place + 1) * ord(letter) for place, letter in enumerate(text)))


@suite.check(points=0, question="order")
def all_orders(student: Student, expect: Expect) -> None:
    """The order of every graph, and what is said of those that have none"""
    for name, parents in ORDERED.items():
        found = student.autodiff.topological_order(parents)
        expect.close({name: number_of(str(list(found)))}, max_abs=0)
    for name, parents in KNOTTED.items():
        expect.close({name: number_of(refusal(student, parents))}, max_abs=0)


@suite.check(points=0, question="slopes")
def all_slopes(student: Student, expect: Expect, draw: Draw) -> None:
    """Every operation at odd values, with every exponent"""
    for operation in OPERATIONS:
        for place, x in enumerate((*ODD, *draw.normal(3).tolist())):
            for number, operands in enumerate(operands_of(operation, x)):
                found = np.array([*student.autodiff.local_slopes(operation, operands)], float)
                expect.close({f"{operation} {place} {number}": found}, max_error=ROUNDING)


def operands_of(operation: str, x: float) -> list[list[float]]:
    """Return what an operation is tried on, around one number."""
    if operation == "power":
        powers = [[abs(x), exponent] for exponent in (-2.0, -0.5, 0.0, 1.0, 2.5)]
        return [*powers, [x, 2.0], [x, 0.0], [0.0, 0.0], [0.0, 1.0]]
    return [[x, 0.0], [0.0, x], [x, 3.0]] if operation in ("add", "mul") else [[x]]


@suite.check(points=0, question="reverse")
def both_modes(student: Student, expect: Expect, draw: Draw) -> None:
    """All derivatives of the example, for several k and points"""
    for k in (-1.0, 0.0, 1.0, 2.0, 0.3):
        graph = student.keep(student.autodiff.exponential_graph, k)
        point = {name: float(draw.normal(1)[0]) for name in ("w1", "w2")}
        values = student.autodiff.evaluate(graph, point)
        names = ("f1", "f2", "w1", "w2")
        expect.close({f"{k} {name}": values[name] for name in names}, max_error=ROUNDING)
        for output in ("f1", "f2", "w1"):
            adjoints = student.autodiff.reverse_mode(graph, point, output)
            expect.close(
                {f"{k} reverse d{output}/d{n}": adjoints[n] for n in names}, max_error=ROUNDING
            )
        for along in ("w1", "w2"):
            tangents = student.autodiff.forward_mode(graph, point, along)
            expect.close(
                {f"{k} forward d{n}/d{along}": tangents[n] for n in names}, max_error=ROUNDING
            )


@suite.check(points=0, question="numeric")
def all_steps(student: Student, expect: Expect, draw: Draw) -> None:
    """Both schemes with steps of both signs and many sizes; the point stays as it is"""
    function, bent = student.autodiff.numeric_jacobian, student.graph_functions.bent
    for scheme in ("central", "forward"):
        for h in (1.0, 0.3, -0.2, 0.01):
            x = student.hold(draw.normal(3))
            expect.close({f"{scheme} {h}": function(bent, x, h, scheme)}, max_error=1e-9)
            expect.unchanged({f"{scheme} {h}: x": x})
