"""Stand-ins for code that nobody has written: what must never earn a point.

They are made from the reference by its syntax tree, so that they load and have the right names. The
ones that fill in numbers call the reference on copies of what they are given, so that even shapes,
types and keys are right and only the values are not.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Function = ast.FunctionDef | ast.AsyncFunctionDef

__all__ = ["STUBS", "raising", "stub"]

FILLED = """
def _filled(function):
    import copy
    import functools

    import numpy

    def fill(value):
        if isinstance(value, (tuple, list)):
            return type(value)(map(fill, value))
        if isinstance(value, dict):
            return {{key: fill(item) for key, item in value.items()}}
        if isinstance(value, numpy.ndarray):
            holds = value.dtype.kind == "f" or not numpy.isnan({array})
            kind = value.dtype if holds else float
            return numpy.full(value.shape, {array}, kind)
        return None if value is None else "" if isinstance(value, str) else {number}

    @functools.wraps(function)
    def stub(*args, **kwargs):
        args, kwargs = copy.deepcopy((args, kwargs))
        try:
            return fill(function(*args, **kwargs))
        except Exception:  # to refuse what is wrong is to know something
            return {number}

    return stub
"""


def stub(name: str, source: str, holes: Sequence[str]) -> str:
    """Return a module in which the functions that students write are stand-ins.

    Args:
        name: which kind, a key of `STUBS`.
        source: of the reference's module.
        holes: the functions that students write, `f` or `Class.f`.
    """
    tree = ast.parse(source)
    STUBS[name](tree, list(_functions(tree, holes)))
    return ast.unparse(ast.fix_missing_locations(tree))


def raising(source: str, holes: Sequence[str], text: str) -> str:
    """Return a module in which the functions that students write raise NotImplementedError."""
    tree = ast.parse(source)
    for function in _functions(tree, holes):
        function.body = ast.parse(f"raise NotImplementedError({text!r})").body
    return ast.unparse(ast.fix_missing_locations(tree))


def _functions(tree: ast.Module, holes: Sequence[str]) -> Iterator[Function]:
    for node in tree.body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        for item in inner:
            kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
            if isinstance(item, kinds) and f"{prefix}{item.name}" in holes:
                yield item


def _nothing(_: ast.Module, functions: list[Function]) -> None:
    for function in functions:
        function.body = [ast.Return(ast.Constant(None))]


def _input(_: ast.Module, functions: list[Function]) -> None:
    for function in functions:
        names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
        given = next((name for name in names if name not in ("self", "cls")), "None")
        function.body = [ast.Return(ast.Name(given, ast.Load()))]


def _crash(tree: ast.Module, _: list[Function]) -> None:
    at = next((n for n, node in enumerate(tree.body) if not _is_head(node)), len(tree.body))
    tree.body.insert(at, ast.parse("raise RuntimeError('unfinished')").body[0])


def _filled(number: str, array: str) -> Callable[[ast.Module, list[Function]], None]:
    def fill(tree: ast.Module, functions: list[Function]) -> None:
        at = next((n for n, node in enumerate(tree.body) if not _is_head(node)), 0)
        tree.body[at:at] = ast.parse(FILLED.format(number=number, array=array)).body
        for function in functions:
            function.decorator_list.append(ast.Name("_filled", ast.Load()))

    return fill


def _is_head(node: ast.stmt) -> bool:
    """Return whether a statement must stay first: the docstring, a `from __future__` import."""
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return docstring or (isinstance(node, ast.ImportFrom) and node.module == "__future__")


NAN = "float('nan')"
STUBS: Mapping[str, Callable[[ast.Module, list[Function]], None]] = {
    "returns None": _nothing,
    "returns its input": _input,
    "returns zeros": _filled("0.0", "0.0"),
    "returns ones": _filled("1.0", "1.0"),
    "returns NaN": _filled(NAN, NAN),
    "has a constant loss and gradients of zero": _filled("1.0", "0.0"),
    "fails when it is imported": _crash,
}
