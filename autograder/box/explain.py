"""A sentence for exceptions whose cause lies in the machine or in the age of the code."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["explain"]

MOST_SHOWN = 80  # characters of a line of the student's


class Sign(NamedTuple):
    """How an old way of writing shows, and what to write instead."""

    form: re.Pattern[str]
    advice: str


# Lines that only Python 2 accepts.
OLD_LINES = (
    Sign(re.compile(r"\bprint\s*(?:>>|[^\s(=.,:)\]}])"), "print is a function: print(...)"),
    Sign(re.compile(r"\bexec\s+[^\s(=]"), "exec is a function: exec(...)"),
    Sign(re.compile(r"\bexcept\s+[\w.()]+(?:\s*,\s*\w+)+\s*:"), "write `except Error as name:`"),
    Sign(re.compile(r"\braise\s+\w+\s*,"), "write `raise Error(message)`"),
    Sign(re.compile(r"<>"), "write `!=`"),
    Sign(re.compile(r"`[^`]*`"), "write repr(...)"),
    Sign(re.compile(r"\b\d+[lL]\b"), "whole numbers have no L"),
    Sign(re.compile(r"(?<![\w.])0\d+\b"), "octal numbers begin with 0o"),
    Sign(re.compile(r"\b[uU][rR]['\"]"), "write r'...'"),
    Sign(re.compile(r"\blambda\s*\(|\bdef\s+\w+\(\s*\("), "arguments have no brackets"),
)
# Names that Python 3 does not have, by where they are looked up.
OLD_NAMES = {
    "xrange": "range",
    "raw_input": "input",
    "unicode": "str",
    "unichr": "chr",
    "basestring": "str",
    "long": "int",
    "reduce": "functools.reduce",
    "execfile": "exec(open(...).read())",
    "cmp": "a comparison",
    "reload": "importlib.reload",
    "file": "open",
}
OLD_METHODS = {
    "iteritems": "items",
    "itervalues": "values",
    "iterkeys": "keys",
    "has_key": "in",
    "viewitems": "items",
    "next": "next(...)",
}
OLD_MODULES = {
    "cPickle": "pickle",
    "Queue": "queue",
    "StringIO": "io",
    "cStringIO": "io",
    "urllib2": "urllib.request",
    "ConfigParser": "configparser",
    "Tkinter": "tkinter",
    "__builtin__": "builtins",
    "commands": "subprocess",
    "izip": "zip",
    "imap": "map",
}
# Names that numpy has dropped (1.24 and 2.0), and what they were.
OLD_NUMPY = {
    "int": "int",
    "float": "float",
    "bool": "bool",
    "object": "object",
    "str": "str",
    "complex": "complex",
    "long": "int",
    "unicode": "str",
    "float_": "np.float64",
    "complex_": "np.complex128",
    "unicode_": "np.str_",
    "string_": "np.bytes_",
    "Inf": "np.inf",
    "infty": "np.inf",
    "NaN": "np.nan",
    "PINF": "np.inf",
    "NINF": "-np.inf",
    "product": "np.prod",
    "cumproduct": "np.cumprod",
    "alltrue": "np.all",
    "sometrue": "np.any",
    "in1d": "np.isin",
    "bool8": "np.bool_",
    "row_stack": "np.vstack",
    "trapz": "np.trapezoid",
    "asscalar": "array.item()",
    "msort": "np.sort(a, axis=0)",
    "mat": "np.asmatrix",
    "asfarray": "np.asarray(a, dtype=float)",
    "cast": "np.asarray(a, dtype=...)",
}
TEXT = re.compile(r"'[^']*'|\"[^\"]*\"")
NOT_WHOLE = re.compile(
    r"'float' object cannot be interpreted as an integer|indices must be int|only integers, slices"
    r"|integers or a single integer, got '\d+\.\d*'"
)


def explain(error: BaseException) -> str:
    """Return what a student should know about an exception beyond its own words, or ''."""
    with suppress(Exception):  # an exception of the student's can be made so that looking raises
        for kind, words in SENTENCES:
            if isinstance(error, kind) and (sentence := words(error)):
                return sentence
    return ""


def _syntax(error: SyntaxError) -> str:
    message, line = str(error.msg), (error.text or "").strip()
    if "null bytes" in message:
        return "the file holds NUL bytes: it is not a text file; save it again as UTF-8."
    if isinstance(error, TabError):
        return "tabs and spaces are mixed, which Python 3 refuses; indent with spaces."
    code = re.sub(r"#.*", "", TEXT.sub("''", line))
    for sign in OLD_LINES:
        if sign.form.search(code):
            shown = line[:MOST_SHOWN] if line.isprintable() else "..."
            where = f" in line {error.lineno}" if error.lineno else ""
            return f"this is Python 2: {shown}{where} (in Python 3, {sign.advice})."
    return ""


def _name(error: NameError) -> str:
    name = getattr(error, "name", None) or _quoted(error)
    return f"{name} is Python 2; use {OLD_NAMES[name]}." if name in OLD_NAMES else ""


def _attribute(error: AttributeError) -> str:
    text, name = str(error), getattr(error, "name", None) or _quoted(error)
    if text.startswith("module 'numpy'") and name in OLD_NUMPY:
        return f"np.{name} was removed from numpy; use {OLD_NUMPY[name]}."
    if name in OLD_METHODS and "module" not in text:
        return f".{name}() is Python 2; use {OLD_METHODS[name]}."
    return ""


def _import(error: ImportError) -> str:
    wanted = (error.name or "").split(".")[-1]
    name = wanted if isinstance(error, ModuleNotFoundError) else _quoted(error)
    if name in OLD_MODULES:
        return f"{name} is Python 2; use {OLD_MODULES[name]}."
    package = (error.name or "").partition(".")[0]
    if not isinstance(error, ModuleNotFoundError) or not package.isidentifier():
        return ""
    if package in sys.modules:
        return f"there is no module `{(error.name or '')[:MOST_SHOWN]}` here; was it handed in?"
    return (
        f"`{package[:MOST_SHOWN]}` is not available here; only numpy and the standard library are. "
        "If the file works without it, remove the import; otherwise ask your teachers."
    )


def _type(error: TypeError) -> str:
    text = str(error)
    if NOT_WHOLE.search(text):
        return "in Python 3, `/` gives a float; use `//` where a whole number is wanted."
    return "use shape= or no name at all." if "argument 'newshape'" in text else ""


def _value(error: ValueError) -> str:
    return _syntax(SyntaxError(str(error))) if "null bytes" in str(error) else ""


def _index(error: IndexError) -> str:
    return _type(TypeError(str(error)))


def _quoted(error: BaseException) -> str:
    """Return the last name that a message quotes: older Pythons give it nowhere else."""
    names = re.findall(r"'(\w+)'", str(error).split("\n", 1)[0])
    if isinstance(error, ImportError):
        return names[0] if names else ""
    return names[-1] if names else ""


SENTENCES: tuple[tuple[type[BaseException], Callable[[Any], str]], ...] = (
    (SyntaxError, _syntax),
    (NameError, _name),
    (AttributeError, _attribute),
    (ImportError, _import),
    (TypeError, _type),
    (IndexError, _index),
    (ValueError, _value),
)
