"""Looking at Python text: does it parse, what does it import, what in it is alive."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["Line", "dead", "live", "parse"]

MAGIC_SIGN = re.compile(r"[%!?]")
CELL_MAGIC = re.compile(r"\s*%%(?!(?:time|timeit|capture|prun)\b)")
LINE_MAGIC = re.compile(r"^(\s*)(?:[%!?].*|\S.*\?\s*)$", re.MULTILINE)
ASSIGNED_MAGIC = re.compile(r"^(\s*[\w, ]+=\s*)[%!].*$", re.MULTILINE)
PIECE = re.compile(
    r"#[^\n]*|[rRbBuUfF]{0,2}(?P<quote>\"\"\"|'''|\"|')"
    r"(?:(?<=\"\"\")(?:\\[\s\S]|(?!\"\"\")[^\\])*(?:\"\"\")?"
    r"|(?<=''')(?:\\[\s\S]|(?!''')[^\\])*(?:''')?"
    r"|(?<=\")(?:\\.|[^\"\\\n])*\"?|(?<=')(?:\\.|[^'\\\n])*'?)"
)
ENDS = re.compile(r"[ \t\r]*(?:#[^\n]*)?(?:\n|\Z)")
CONTINUED = frozenset("([{,=+-*/%\\\"'")  # what cannot stand above a statement
PLAIN_CALLS = {"enumerate", "len", "range", "reversed", "sorted", "zip"}
VIEWS = {"items", "keys", "values"}
ARRAY_METHODS = {"argmax", "argmin", "argsort", "cumsum", "dot", "max", "mean", "min", "std", "sum"}


@lru_cache(maxsize=1024)
def parse(text: str) -> ast.Module:
    """Return the syntax tree of a module or a notebook cell; IPython magics count as `pass`.

    Raises:
        SyntaxError: it is not Python.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\\d" in a student's text is not our business
        try:
            return ast.parse(text)
        except SyntaxError:
            if not MAGIC_SIGN.search(text):
                raise
            return ast.parse(_without_magics(text))


def _without_magics(text: str) -> str:
    if CELL_MAGIC.match(text):
        return ""
    return LINE_MAGIC.sub(r"\1pass", ASSIGNED_MAGIC.sub(r"\1None", text))


@lru_cache(maxsize=1024)
def live(text: str) -> str:
    """Return the text without comments and docstrings, with all its lines."""
    kept: list[str] = []
    at, above = 0, ""  # `above` is the last character that says something
    for match in PIECE.finditer(text):
        between = text[at : match.start()]
        kept.append(between)
        above = between.rstrip()[-1:] or above
        starts_line = not text[text.rfind("\n", 0, match.start()) + 1 : match.start()].strip()
        if match["quote"] and not (starts_line and _ends_line(text, match, above)):
            kept.append(match[0])
            above = match["quote"]
        else:
            kept.append("\n" * match[0].count("\n"))
        at = match.end()
    return "".join([*kept, text[at:]])


def _ends_line(text: str, match: re.Match[str], above: str) -> bool:
    """Tell whether a string at the start of a line is a statement: complete, in no expression."""
    is_closed = len(match[0]) > len(match["quote"]) and match[0].endswith(match["quote"])
    ends = is_closed and ENDS.match(text, match.end()) is not None
    return ends and (not above or above not in CONTINUED)


def dead(text: str) -> str:
    """Return what `live` leaves out: the comments and docstrings alone, each in its line."""
    kept = live(text).split("\n")
    return "\n".join(
        line if not alive.strip() else line[len(alive) :] if line.startswith(alive) else ""
        for line, alive in zip(text.split("\n"), kept, strict=True)
    )


@dataclass(frozen=True)
class Line:
    """One line of code, looked at on its own.

    Attributes:
        bare: it says nothing of its own: an import, `return loss, grads`, `x, w = cache`,
            `for i in range(n):`.
        computes: it does arithmetic, compares, or calls numpy: more than the use of a function.
    """

    bare: bool
    computes: bool

    @classmethod
    @lru_cache(maxsize=65536)
    def read(cls, text: str) -> Line:
        """Return what can be said of a line; a part of a statement is neither."""
        for candidate in (text, f"{text} pass", f"if 0: pass\n{text} pass"):
            try:
                statements = parse(candidate).body
            except (SyntaxError, ValueError):
                continue
            match statements:
                case [ast.If(test=ast.Constant(), orelse=[*rest])]:
                    statements = rest
            return cls(
                bare=all(map(_is_bare, statements)), computes=any(map(_computes, statements))
            )
        return cls(bare=False, computes=False)


def _is_bare(statement: ast.stmt) -> bool:
    value: ast.expr | None
    match statement:
        case ast.Import() | ast.ImportFrom() | ast.Pass() | ast.Break() | ast.Continue():
            return True
        case ast.Global() | ast.Nonlocal():
            return True
        case ast.Assign(targets=targets, value=value):
            return _is_plain(value) and all(map(_is_plain, targets))
        case ast.Return(value=value) | ast.AnnAssign(value=value):
            return value is None or _is_plain(value)
        case ast.If(test=value) | ast.While(test=value) | ast.For(iter=value):
            return _is_plain(value)
    return False


def _is_plain(value: ast.expr) -> bool:
    """Tell whether an expression only names things that exist already, or nothing at all."""
    plain = True
    parts: list[ast.expr] = []
    match value:
        case ast.Name():
            pass
        case ast.Constant(value=constant):
            plain = constant in (None, True, False, 0, 1, "")
        case ast.Attribute(value=inner) | ast.Starred(value=inner):
            parts = [inner]
        case ast.Subscript(value=inner, slice=ast.Constant() | ast.Name()):
            parts = [inner]
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            pass
        case ast.Dict(keys=keys):
            plain = not keys
        case ast.Call(func=ast.Name(id=name), args=parts, keywords=[]):
            plain = name in PLAIN_CALLS
        case ast.Call(func=ast.Attribute(value=inner, attr=name), args=[], keywords=[]):
            plain, parts = name in VIEWS, [inner]
        case _:
            plain = False
    return plain and all(map(_is_plain, parts))


def _computes(statement: ast.stmt) -> bool:
    return any(map(_is_computation, ast.walk(statement)))


def _is_computation(node: ast.AST) -> bool:
    match node:
        case ast.BinOp() | ast.AugAssign() | ast.Compare():
            return True
        case ast.Call(func=ast.Attribute(value=owner, attr=name)):
            while isinstance(owner, ast.Attribute):
                owner = owner.value
            of_numpy = isinstance(owner, ast.Name) and owner.id in ("np", "numpy")
            return of_numpy or name in ARRAY_METHODS
    return False
