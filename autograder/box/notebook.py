"""Notebook cells, run without a notebook: each in its turn, or what gives one name its value."""

from __future__ import annotations

import ast
import inspect
import linecache
import re
import signal
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from .explain import explain
from .magics import parse
from .stand_ins import Nothing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["LostNameError", "blamed", "define", "run_cell"]

MOST_FAILURE = 300
NAME_OF = type.__dict__["__name__"].__get__  # a class can hide its name behind code
GIVEN_NAME = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
IMPORT_STATEMENTS = (ast.Import, ast.ImportFrom)
LOST_NAMES = "__lost_names__"  # where a notebook's namespace keeps what failing took away
EVERY_NAME = "*"  # what `from module import *` would have given
# What gives names in a cell that is not Python: imports, definitions, assignments.
GIVES_NAMES = re.compile(
    r"\bimport\b[^\S\n]*(\([^)]*\)|[^\n#]*)|^[^\S\n]*(?:async\s+)?(?:def|class)\s+(\w+)"
    r"|^([^\n=#(]+)(?<![!<>])=(?!=)",
    re.MULTILINE,
)


class Step(NamedTuple):
    """One statement at the top of a cell."""

    label: str
    source: str
    statement: ast.stmt


class FailedStep(NamedTuple):
    """What failed, the names that it would have given, and what to raise for lack of them."""

    line: str
    names: frozenset[str]
    kind: type[Exception]


class LostNameError(NameError):
    """A name has no value because an import failed, or a cell is not Python: shown as NameError."""

    __module__, __qualname__ = "builtins", "NameError"


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
        return [_lost_cell(names, label, source, error)]
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
        LostNameError: the same, where what failed is an import or no Python.
    """
    _furnish(names)
    fresh, steps = _steps(cells, names)
    for step in _needed(steps, wanted):
        fresh += _execute(step.label, step.source, ast.Module([step.statement], []), names)
    if wanted not in names:
        why = [*failed, *fresh][:5]
        text = "; ".join([f"the notebook gives {wanted!r} no value", *why])
        loss = _loss(names, wanted)
        raise (loss.kind if loss else NameError)(text)
    return fresh


def blamed(error: BaseException, names: dict[str, Any]) -> BaseException:
    """Return what to tell of an exception: of an undefined name, what kept it from its value.

    Args:
        error: as the student's code raised it.
        names: of the notebook.
    """
    last = [frame for frame, _ in traceback.walk_tb(error.__traceback__)][-1:]
    if type(error) is not NameError or not last or last[0].f_globals is not names:
        return error
    loss = _loss(names, error.name or "")
    return loss.kind(f"{error}; {loss.line}").with_traceback(error.__traceback__) if loss else error


def _loss(names: dict[str, Any], wanted: str) -> FailedStep | None:
    """Return the last failure that kept a name from its value, or of a `from module import *`."""
    losses = names.get(LOST_NAMES, [])[::-1]
    own = next((loss for loss in losses if wanted in loss.names), None)
    return own or next((loss for loss in losses if EVERY_NAME in loss.names), None)


def _lost(names: dict[str, Any], loss: FailedStep) -> str:
    """Note what is lost; return the line that says what failed."""
    names.setdefault(LOST_NAMES, []).append(loss)
    return loss.line


def _lost_cell(names: dict[str, Any], label: str, source: str, error: Exception) -> str:
    """Note what is lost with a cell that is not Python; return the line that says so."""
    given = {word for match in GIVES_NAMES.finditer(source) for word in _given_in(match)}
    line = _failure(label, getattr(error, "lineno", None) or 1, error)
    return _lost(names, FailedStep(line, frozenset(given), LostNameError))


def _given_in(match: re.Match[str]) -> set[str]:
    others = re.findall(r"\w+", f"{match[2] or ''} {match[3] or ''}")
    return {*re.findall(r"\w+|\*", match[1] or ""), *others}


def _furnish(names: dict[str, Any]) -> None:
    for name in ("display", "get_ipython"):
        names.setdefault(name, Nothing(name))


def _steps(cells: Iterable[tuple[str, str]], names: dict[str, Any]) -> tuple[list[str], list[Step]]:
    failed: list[str] = []
    steps: list[Step] = []
    for label, source in cells:
        try:
            steps += [Step(label, source, statement) for statement in parse(source).body]
        except SyntaxError as error:
            failed.append(_lost_cell(names, label, source, error))
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
        if matters or isinstance(step.statement, (*IMPORT_STATEMENTS, *GIVEN_NAME)):
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
        if isinstance(node, IMPORT_STATEMENTS):
            given |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
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
    awaiting = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        code = compile(tree, label, "exec", flags=awaiting, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return [_lost_cell(names, label, source, error)]  # `return` outside a function, for one
    try:
        result = eval(code, names)  # noqa: S307 - its task
        if code.co_flags & inspect.CO_COROUTINE:
            _finish(result)
    except BaseException as error:  # also exit() in a cell
        frames = traceback.extract_tb(error.__traceback__)
        inside = (frame.lineno for frame in frames if frame.filename == label)
        line = next(inside, None) or (tree.body[0].lineno if tree.body else 1)
        return [_lost(names, _loss_from(tree, line, error, _failure(label, line, error)))]
    return []


def _loss_from(tree: ast.Module, line: int, error: BaseException, words: str) -> FailedStep:
    """Return what is lost where the statements of a cell fail at a line."""
    left = [item for item in tree.body if (item.end_lineno or item.lineno) >= line]
    given: frozenset[str] = frozenset().union(*map(_gives, left))
    if left and isinstance(left[0], IMPORT_STATEMENTS):
        return FailedStep(words, given, LostNameError)
    unwritten = isinstance(error, NotImplementedError)
    return FailedStep(words, given, NotImplementedError if unwritten else NameError)


def _finish(coroutine: Any) -> None:
    """Wait for a cell that awaits something at its top."""
    import asyncio  # noqa: PLC0415 - hardly a notebook needs it

    asyncio.run(coroutine)


def _failure(label: str, line: int | None, error: BaseException) -> str:
    try:
        of_cell = isinstance(error, SyntaxError) and error.filename in (None, label, "<unknown>")
        text = str(getattr(error, "msg", "") if of_cell else error)
    except Exception:
        text = ""
    why = explain(error)
    words = f"{NAME_OF(type(error))}{': ' if text else ''}{text}"[:MOST_FAILURE]
    return f"{label}: line {line}: {words}{f' - {why}' if why else ''}"
