"""A module's text and syntax tree together, so that a change of one node leaves the rest as it is.

`ast` counts columns in bytes of UTF-8, so positions are kept in bytes too.
"""

from __future__ import annotations

import ast
import re
import warnings
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Source", "parse", "precedence", "split_lines"]

LINE_END = re.compile(rb"\r\n|\r|\n")
LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
Located = ast.expr | ast.stmt | ast.keyword
# How tightly an operator binds, as in the table at the end of the Python reference's chapter 6.
ATOM = 20
BINDING: dict[type[ast.AST], int] = {
    ast.Or: 1,
    ast.And: 2,
    ast.Not: 3,
    ast.Compare: 4,
    ast.BitOr: 5,
    ast.BitXor: 6,
    ast.BitAnd: 7,
    ast.LShift: 8,
    ast.RShift: 8,
    ast.Add: 9,
    ast.Sub: 9,
    ast.Mult: 10,
    ast.MatMult: 10,
    ast.Div: 10,
    ast.FloorDiv: 10,
    ast.Mod: 10,
    ast.USub: 11,
    ast.UAdd: 11,
    ast.Invert: 11,
    ast.Pow: 12,
    ast.IfExp: 0,
    ast.Lambda: 0,
    ast.NamedExpr: 0,
    ast.Yield: 0,
    ast.Starred: 0,
}


def parse(text: str) -> ast.Module | None:
    """Return the syntax tree, or None if the text is not Python; warnings are nobody's concern."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def split_lines(text: str) -> list[str]:
    """Return the lines with their ends, cut where Python's tokenizer cuts them."""
    return LINE.findall(text)


def precedence(node: ast.AST) -> int:
    """Return how tightly an expression binds; `ATOM` where it needs no parentheses anywhere."""
    if isinstance(node, (ast.BinOp, ast.UnaryOp, ast.BoolOp)):
        return BINDING[type(node.op)]
    return BINDING.get(type(node), ATOM)


class Source:
    """A module that is valid Python.

    Args:
        text: its source.

    Raises:
        SyntaxError: it is not valid.
    """

    def __init__(self, text: str) -> None:
        tree = parse(text)
        if tree is None:
            raise SyntaxError("not valid Python")
        self.text, self.tree = text, tree
        self._bytes = text.encode()
        self._starts = [0, *(match.end() for match in LINE_END.finditer(self._bytes))]

    def segment(self, node: Located) -> str:
        """Return the text of a node, without parentheses around it."""
        start, end = self._span(node)
        return self._bytes[start:end].decode()

    def fitting(self, node: ast.expr, place: ast.expr, *, behind: bool = False) -> str:
        """Return the text of a node, in parentheses if it needs them where `place` stands.

        Args:
            node: what shall stand there.
            place: what stands there now, or has the operator next to which it shall stand.
            behind: whether it shall stand behind that operator: `a - (b - c)`.
        """
        text = self.segment(node)
        loosest = precedence(place) + behind
        return f"({text})" if precedence(node) < loosest or "\n" in text else text

    def replaced(self, node: Located, text: str) -> str:
        """Return the module with another text for one node."""
        start, end = self._span(node)
        return (self._bytes[:start] + text.encode() + self._bytes[end:]).decode()

    def within(self, node: Located, child: Located, text: str) -> str:
        """Return the text of a node with another text for a part of it."""
        start, end = self._span(node)
        first, last = self._span(child)
        return (self._bytes[start:first] + text.encode() + self._bytes[last:end]).decode()

    def nodes(self, lines: range) -> Iterator[ast.AST]:
        """Yield the nodes that lie in a range of lines as a whole, in the order of the text."""
        found = [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, (ast.expr, ast.stmt))
            and node.lineno in lines
            and (node.end_lineno or node.lineno) in lines
        ]
        return iter(sorted(found, key=self._order))

    def function(self, line: int) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        """Return the innermost function around a line."""
        return self._functions.get(line)

    def name(self, line: int) -> str:
        """Return the name of what is around a line, `Class.function`; '' at the top of the file."""
        return self._names.get(line, "")

    def _order(self, node: ast.AST) -> tuple[int, int, int, str]:
        start, end = self._span(node)  # type: ignore[arg-type]
        return (start, -end, 0 if isinstance(node, ast.stmt) else 1, type(node).__name__)

    def _span(self, node: Located) -> tuple[int, int]:
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
        start = self._starts[node.lineno - 1] + node.col_offset
        return start, self._starts[end_line - 1] + end_column

    @cached_property
    def _functions(self) -> dict[int, ast.FunctionDef | ast.AsyncFunctionDef]:
        found = {}
        for node in ast.walk(self.tree):  # outer ones come first
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                found.update(dict.fromkeys(range(node.lineno, (node.end_lineno or 0) + 1), node))
        return found

    @cached_property
    def _names(self) -> dict[int, str]:
        names: dict[int, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                lines = range(node.lineno, (node.end_lineno or 0) + 1)
                outer = names.get(node.lineno, "")
                names.update(dict.fromkeys(lines, f"{outer}.{node.name}".lstrip(".")))
        return names
