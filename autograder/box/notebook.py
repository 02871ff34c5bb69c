"""Notebook cells, run without a notebook: each in its turn, or what gives one name its value."""

from __future__ import annotations

import ast
import inspect
import linecache
import signal
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from .explain import explain
from .magics import parse
from .stand_ins import Nothing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["define", "run_cell"]

MOST_FAILURE = 300
NAME_OF = type.__dict__["__name__"].__get__  # a class can hide its name behind code
GIVEN_NAME = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Step(NamedTuple):
    """One statement at the top of a cell."""

    label: str
    source: str
    statement: ast.stmt


def run_cell(names: dict[str, Any], label: str, source: str, seconds: float) -> list[str]:
    """Run one cell in the namespace `names`, as Jupyter would.

    Args:
        names: of the notebook.
        label: what the cell is called in messages.
        source: its text; magics are taken out.
        seconds: of CPU time, after which it is interrupted. Code that wants to can escape this;
            the check's own limit holds it.

    Returns:
        What failed, as a list of at most one line.
    """
    _furnish(names)
    try:
        tree = parse(source)
    except SyntaxError as error:
        return [_failure(label, error.lineno, error)]
    with _interrupted_after(seconds):
        return _execute(label, source, tree, names)


def define(
    names: dict[str, Any], cells: Iterable[tuple[str, str]], wanted: str, failed: Iterable[str] = ()
) -> list[str]:
    """Run what a notebook needs to give `wanted` a value, into the namespace `names`.

    That is the imports, functions and classes of every cell, and the statements that `wanted`
    depends on, wherever they stand, in order. A statement that fails is passed over: it may be an
    import that only a picture needs.

    Args:
        names: of the notebook.
        cells: label and source of each; none if they have been run already.
        wanted: a name.
        failed: what is known to have failed.

    Returns:
        One line for each thing that failed here.

    Raises:
        NameError: it has no value after that; says what failed.
    """
    _furnish(names)
    fresh, steps = _steps(cells)
    for step in _needed(steps, wanted):
        fresh += _execute(step.label, step.source, ast.Module([step.statement], []), names)
    if wanted not in names:
        why = [*failed, *fresh][:5]
        raise NameError("; ".join([f"the notebook gives {wanted!r} no value", *why]))
    return fresh


def _furnish(names: dict[str, Any]) -> None:
    for name in ("display", "get_ipython"):
        names.setdefault(name, Nothing(name))


def _steps(cells: Iterable[tuple[str, str]]) -> tuple[list[str], list[Step]]:
    failed: list[str] = []
    steps: list[Step] = []
    for label, source in cells:
        try:
            steps += [Step(label, source, statement) for statement in parse(source).body]
        except SyntaxError as error:
            failed.append(_failure(label, error.lineno, error))
    return failed, steps


def _needed(steps: list[Step], wanted: str) -> list[Step]:
    """Return the definitions, and the statements that `wanted` depends on, in their order."""
    inner = {
        s.statement.name: _reads(s.statement) for s in steps if isinstance(s.statement, GIVEN_NAME)
    }
    needed, chosen = _with_inner({wanted}, inner), []
    for step in reversed(steps):
        matters = bool(_gives(step.statement) & needed)
        if matters:
            needed = _with_inner(needed | _reads(step.statement), inner)
        if matters or isinstance(step.statement, (ast.Import, ast.ImportFrom, *GIVEN_NAME)):
            chosen.append(step)
    return chosen[::-1]


def _with_inner(names: set[str], inner: dict[str, set[str]]) -> set[str]:
    """Add what the functions among `names` read, and the functions that they call, and so on."""
    while more := set().union(*(inner.get(name, ()) for name in names)) - names:
        names = names | more
    return names


def _gives(statement: ast.stmt) -> set[str]:
    """Return the names that a statement may change: by assigning, or by calling their methods."""
    if isinstance(statement, GIVEN_NAME):
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
    if isinstance(statement, GIVEN_NAME):
        loads -= {n.arg for n in nodes if isinstance(n, ast.arg)}
        loads -= {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return loads


@contextmanager
def _interrupted_after(seconds: float) -> Iterator[None]:
    """Raise KeyboardInterrupt, as Jupyter's stop button does, after that much CPU time."""

    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt(f"stopped: a cell may compute for {seconds:g} s")

    before = signal.signal(signal.SIGPROF, interrupt)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _execute(label: str, source: str, tree: ast.Module, names: dict[str, Any]) -> list[str]:
    """Run statements of a cell; return what failed, as a list of at most one line."""
    linecache.cache[label] = (len(source), None, source.splitlines(keepends=True), label)
    line: int | None = tree.body[0].lineno if tree.body else 1
    awaiting = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        code = compile(tree, label, "exec", flags=awaiting, dont_inherit=True)
        result = eval(code, names)  # noqa: S307 - its task
        if code.co_flags & inspect.CO_COROUTINE:
            _finish(result)
    except BaseException as error:  # also exit() in a cell
        if isinstance(error, SyntaxError):  # `return` outside a function
            line = error.lineno
        frames = traceback.extract_tb(error.__traceback__)
        inside = (frame.lineno for frame in frames if frame.filename == label)
        return [_failure(label, next(inside, line), error)]
    return []


def _finish(coroutine: Any) -> None:
    """Wait for a cell that awaits something at its top."""
    import asyncio  # noqa: PLC0415 - hardly a notebook needs it

    asyncio.run(coroutine)


def _failure(label: str, line: int | None, error: BaseException) -> str:
    try:
        text = str(error.msg if isinstance(error, SyntaxError) else error)
    except Exception:
        text = ""
    why = explain(error)
    words = f"{NAME_OF(type(error))}{': ' if text else ''}{text}"[:MOST_FAILURE]
    return f"{label}: line {line}: {words}{f' - {why}' if why else ''}"
