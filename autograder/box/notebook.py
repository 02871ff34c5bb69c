"""Notebook cells, run without a notebook: as much of them as gives one name its value."""

from __future__ import annotations

import ast
import linecache
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from .loading import Nothing

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["define", "parse"]

# A line that IPython understands and Python does not, and what stands for it.
MAGICS = (
    (re.compile(r"(\s*)%{1,2}(?:time|capture)(?:\s+--\S+)*\s+(?=\S)(?!--)"), r"\1"),
    (re.compile(r"(\s*[\w., ]+=\s*)[%!].*"), r"\1None"),
    (re.compile(r"(\s*)(?:[%!?].*|[\w.]+\?{1,2}\s*$)"), r"\1pass"),
)
OTHER_LANGUAGE = re.compile(r"\s*%%(?!time|timeit|capture|prun)\w")
NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Step(NamedTuple):
    """One statement at the top of a cell."""

    label: str
    source: str
    statement: ast.stmt


def define(names: dict[str, Any], cells: Iterable[tuple[str, str]], wanted: str) -> list[str]:
    """Run what a notebook needs to give `wanted` a value, into the namespace `names`.

    That is the imports, functions and classes of every cell, and the statements that `wanted`
    depends on, wherever they stand, in order. A statement that fails is passed over: it may be an
    import that only a picture needs.

    Returns:
        One line for each thing that failed.

    Raises:
        NameError: it has no value after that; says what failed.
    """
    names.setdefault("display", Nothing("display"))
    names.setdefault("get_ipython", Nothing("get_ipython"))
    failed, steps = _steps(cells)
    for step in _needed(steps, wanted):
        failed += _run(step, names)
    if wanted not in names:
        raise NameError("; ".join([f"the notebook gives {wanted!r} no value", *failed[:5]]))
    return failed


def _steps(cells: Iterable[tuple[str, str]]) -> tuple[list[str], list[Step]]:
    failed: list[str] = []
    steps: list[Step] = []
    for label, source in cells:
        tree = parse(source)
        if tree is None:
            failed.append(f"{label}: not valid Python")
        else:
            steps += [Step(label, source, statement) for statement in tree.body]
    return failed, steps


def parse(source: str) -> ast.Module | None:
    """Return a cell's syntax tree, its magics taken out, or None if it is not Python.

    Only lines that Python's own parser complains about are looked at, so that a cell that is
    plain Python stays as it is.
    """
    if OTHER_LANGUAGE.match(source):
        return None
    lines = source.splitlines() or [""]
    for _ in range(len(lines) + 1):
        try:
            return ast.parse("\n".join(lines))
        except SyntaxError as error:
            number = (error.lineno or 0) - 1
            if not (0 <= number < len(lines)) or (line := _mended(lines[number])) is None:
                return None
            lines[number] = line
        except (ValueError, RecursionError, MemoryError):
            return None
    return None


def _mended(line: str) -> str | None:
    for pattern, instead in MAGICS:
        if pattern.match(line):
            return pattern.sub(instead, line, count=1)
    return None


def _needed(steps: list[Step], wanted: str) -> list[Step]:
    """Return the definitions, and the statements that `wanted` depends on, in their order."""
    inner = {s.statement.name: _reads(s.statement) for s in steps if isinstance(s.statement, NAMED)}
    needed, chosen = _with_inner({wanted}, inner), []
    for step in reversed(steps):
        matters = bool(_gives(step.statement) & needed)
        if matters:
            needed = _with_inner(needed | _reads(step.statement), inner)
        if matters or isinstance(step.statement, (ast.Import, ast.ImportFrom, *NAMED)):
            chosen.append(step)
    return chosen[::-1]


def _with_inner(names: set[str], inner: dict[str, set[str]]) -> set[str]:
    """Add what the functions among `names` read, and the functions that they call, and so on."""
    while more := set().union(*(inner.get(name, ()) for name in names)) - names:
        names = names | more
    return names


def _gives(statement: ast.stmt) -> set[str]:
    """Return the names that a statement may change: by assigning, or by calling their methods."""
    if isinstance(statement, NAMED):
        return {statement.name}
    given = set()
    for node in ast.walk(statement):
        stored = isinstance(getattr(node, "ctx", None), ast.Store)
        if stored or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
            given.add(_root(node))
    return given


def _root(node: ast.AST) -> str:
    """Return `losses` of `losses[0].x`, of `losses.append(1)`, and so on."""
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, (ast.Expr, ast.Attribute, ast.Subscript, ast.Starred)):
            node = node.value
        else:
            return ""
    return node.id


def _reads(statement: ast.stmt) -> set[str]:
    """Return the names that a statement reads; what a function keeps to itself is left out."""
    nodes = list(ast.walk(statement))
    loads = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    if isinstance(statement, NAMED):
        loads -= {n.arg for n in nodes if isinstance(n, ast.arg)}
        loads -= {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return loads


def _run(step: Step, names: dict[str, Any]) -> list[str]:
    label, source = step.label, step.source
    linecache.cache[label] = (len(source), None, source.splitlines(keepends=True), label)
    try:
        exec(compile(ast.Module([step.statement], []), label, "exec"), names)  # noqa: S102 - its task
    except BaseException as error:  # also exit() in a cell
        try:
            text = f": {error}"
        except Exception:
            text = ""
        place = f"{label}: line {step.statement.lineno}"
        return [f"{place}: {type(error).__name__}{text}"[:300]]
    return []
