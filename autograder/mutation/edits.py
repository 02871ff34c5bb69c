"""One change of one node of a module."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from autograder.mutation.source import Source

__all__ = ["SYMBOLS", "Edit", "Operator", "call_name", "names_in", "number"]

SYMBOLS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.MatMult: "@",
    ast.Pow: "**",
    ast.FloorDiv: "//",
    ast.Mod: "%",
}


@dataclass(frozen=True)
class Edit:
    """A node and the text that takes its place.

    Attributes:
        node: what is replaced.
        text: what stands there afterwards.
        what: the change in words, for staff.
        about: the part of the source that it is about; hints look at it.
    """

    node: ast.expr | ast.stmt | ast.keyword
    text: str
    what: str
    about: str = ""


Operator = Callable[[ast.AST, Source], Iterator[Edit]]


def call_name(node: ast.AST) -> str:
    """Return the last part of a called function's name, `sum` for `np.sum(x)` and `x.sum()`."""
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def names_in(node: ast.AST) -> set[str]:
    """Return the names and parameters in a function or module."""
    names = {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
    return names | {item.arg for item in ast.walk(node) if isinstance(item, ast.arg)}


def number(node: ast.AST) -> float | None:
    """Return the number that stands in the source at a node, or None."""
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
