"""The outline of a value: what kind of thing it is, without what it says.

The outlines of the reference's replies are recorded, so that a reply of another structure can be
named to the student ("should be a tuple of 2, yours is None") with no defensive code in a check.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from autograder.box.ref import Ref, as_numbers
from gradlab.errors import StudentFault

__all__ = [
    "Absent",
    "conform",
    "describe",
    "is_blank",
    "is_hollow",
    "misfit",
    "not_finite",
    "outline",
    "tidy",
]

Outline = dict[str, Any]
NUMBERS = "biuf"
REAL_KINDS = "iuf"  # handed in where numbers are wanted: a net's weights, or labels
_dtype_name = cache(str)  # numpy puts it together anew each time


class Absent:
    """Stands where a part of a reply is missing or of another kind; says so when it is judged."""

    def __init__(self, message: str) -> None:
        self.message = message

    def __getitem__(self, _key: object) -> Absent:
        return self


def tidy(value: Any) -> Any:
    """Return a value with every array read-only, numbers plain, and lists of numbers as arrays."""
    if isinstance(value, np.ndarray):
        return _frozen(value) if value.ndim else value.item()
    if isinstance(value, list) and value:
        numbers = as_numbers(value)
        if numbers is not None and numbers.dtype.kind != "b":
            return _frozen(numbers)
    if isinstance(value, (list, tuple)):
        return type(value)(tidy(item) for item in value)
    if isinstance(value, dict):
        return {key: tidy(item) for key, item in value.items()}
    return value.item() if isinstance(value, np.generic) else value


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def outline(value: Any) -> Outline:
    """Return the outline of a tidy value, as plain JSON data."""
    if isinstance(value, np.ndarray):
        return {"is": "array", "shape": list(value.shape), "dtype": _dtype_name(value.dtype)}
    if isinstance(value, (list, tuple)):
        return {"is": type(value).__name__, "of": [outline(item) for item in value]}
    if isinstance(value, dict):
        return {
            "is": "dict",
            "of": [[_json_key(key), outline(item)] for key, item in value.items()],
        }
    if isinstance(value, Ref):
        return {"is": "object", "kind": value.kind.rpartition(".")[2]}
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return {"is": type(value).__name__}
    return {"is": "number"}


def _json_key(key: Any) -> Any:
    return list(key) if isinstance(key, tuple) else key


def _dict_key(key: Any) -> Any:
    return tuple(key) if isinstance(key, list) else key


def describe(shape: Outline) -> str:
    """Return an outline in words: `a tuple of 2 (a number, an array of shape (5, 3))`."""
    kind, inside = shape["is"], shape.get("of", [])
    if kind == "array":
        return f"an array of shape {tuple(shape['shape'])}"
    if kind in ("tuple", "list"):
        few = ", ".join(describe(item) for item in inside[:4]) + (", ..." if inside[4:] else "")
        return f"a {kind} of {len(inside)}" + (f" ({few})" if inside else "")
    if kind == "dict":
        keys = ", ".join(str(key)[:20] for key, _ in inside[:8])
        return f"a dict with the keys {keys}" if inside else "an empty dict"
    words = {"NoneType": "None", "number": "a number", "str": "a text", "bool": "True or False"}
    return words.get(kind) or (f"a {shape['kind']}"[:60] if kind == "object" else f"a {kind}")


def misfit(value: Any, wanted: tuple[int | str, ...]) -> str:
    """Return what keeps a handed-in value from being numbers of a shape, or ''.

    Args:
        value: what was found; None if nothing was.
        wanted: the shape; a word stands for any size above 0.
    """
    if isinstance(value, np.ndarray) and _has_sizes(value, wanted):
        return ""
    words = f"({', '.join(map(str, wanted))}{',' * (len(wanted) == 1)})"
    found = "missing" if value is None else describe(outline(value))
    odd = isinstance(value, np.ndarray) and value.dtype.kind not in REAL_KINDS
    kind = f" of type {_dtype_name(value.dtype)[:20]}" if odd else ""
    return f"should be numbers of shape {words}; it is {found}{kind}"


def not_finite(numbers: np.ndarray) -> str:
    """Return what numbers hold that nothing can be computed with: nan, infinity or ''."""
    return "nan" if np.isnan(numbers).any() else "infinity" if np.isinf(numbers).any() else ""


def _has_sizes(array: np.ndarray, wanted: tuple[int | str, ...]) -> bool:
    if array.dtype.kind not in REAL_KINDS or array.ndim != len(wanted):
        return False
    pairs = zip(array.shape, wanted, strict=True)
    return all(size == want or (isinstance(want, str) and size > 0) for size, want in pairs)


def is_blank(value: Any) -> bool:
    """Say whether a value holds nothing: what a variable is before the student fills it in."""
    return value is None or (isinstance(value, (str, list, tuple, dict)) and not value)


def is_hollow(reply: Any) -> bool:
    """Say whether a reply is several times nothing: what an empty function's last line returns."""
    parts = reply if isinstance(reply, (tuple, list)) else ()
    return bool(parts) and all(map(is_blank, parts))


def conform(value: Any, wanted: Outline, what: str) -> Any:
    """Return a tidy value brought to the recorded kinds.

    Shapes may differ: that is for the check to judge. Float32 becomes float64, whole floats become
    integers where integers are wanted, a one-element array becomes a number, numbers or arrays of
    one shape in a row become one array. A part that is missing or of another kind becomes `Absent`,
    so that the other parts can still be judged.

    Raises:
        StudentFault: the whole is of another kind; the message says of which.
    """
    kind = wanted["is"]
    if kind == "array" and isinstance(value, (list, tuple)):
        value = _stacked(value, len(wanted["shape"]))
    if kind == "array" and isinstance(value, np.ndarray):
        return _cast(value, np.dtype(wanted["dtype"]), what)
    if kind == "number" and isinstance(value, np.ndarray) and value.size == 1:
        value = value.item()
    if kind in ("tuple", "list") and isinstance(value, (list, tuple, np.ndarray)):
        if len(value) == len(wanted["of"]):
            parts = zip(value, wanted["of"], range(len(value)), strict=True)
            return tuple(_part(tidy(v), w, f"{what}[{n}]") for v, w, n in parts)
    elif kind == "dict" and isinstance(value, dict):
        entries = ((_dict_key(key), part) for key, part in wanted["of"])
        named = [(key, part, f"{what}[{key!r}]") for key, part in entries]
        return {k: _part(value.get(k, Absent(f"{n} is missing")), w, n) for k, w, n in named}
    elif outline(value)["is"] == kind:
        return value
    return _fail(f"{what} should be {describe(wanted)}; yours is {describe(outline(value))}")


def _stacked(items: Any, axes: int) -> Any:
    """Return numbers or arrays of one shape as one array of `axes` axes; else what was given."""
    plain = all(isinstance(item, (int, float, np.ndarray)) for item in items)
    if not items or not plain or len({np.shape(item) for item in items}) > 1:
        return items
    stacked = np.array([np.asarray(item) for item in items])
    if stacked.dtype.kind not in NUMBERS:
        return items
    return _frozen(stacked.reshape(-1) if axes == 1 and stacked.size == len(items) else stacked)


def _part(value: Any, wanted: Outline, what: str) -> Any:
    try:
        return value if isinstance(value, Absent) else conform(value, wanted, what)
    except StudentFault as fault:
        return Absent(fault.message)


def _cast(value: np.ndarray, dtype: np.dtype, what: str) -> np.ndarray:
    if value.dtype == dtype:
        return value
    if value.dtype.kind not in NUMBERS:
        _fail(f"{what} should hold numbers of type {dtype}; yours holds {value.dtype}")
    with np.errstate(all="ignore"):
        cast = value.astype(dtype)
    if dtype.kind in "biu" and not np.array_equal(cast, value):
        kind = "True or False" if dtype.kind == "b" else "whole numbers"
        _fail(f"{what} should hold {kind}; yours holds {value.dtype} with other values")
    return _frozen(cast)


def _fail(message: str) -> Any:
    raise StudentFault("missed", message)
