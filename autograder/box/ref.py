"""What both sides share: a place in the student's process, and what can leave it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

__all__ = ["Ref", "UnsupportedError", "as_key", "as_numbers"]

MOST_NUMBERS = 1 << 24
FLAT_KINDS = {"b": np.bool_, "i": np.int64, "u": np.int64, "f": np.float64}


class UnsupportedError(TypeError):
    """A value of this type does not travel."""


@dataclass(frozen=True)
class Ref:
    """A place in the student's process.

    Attributes:
        root: `#3` for a kept object, `@notebook`, or a module's dotted name.
        steps: the way from there, `("attr", name)` or `("item", key)` each.
        kind: the type's name, for messages.
    """

    root: str
    steps: tuple[tuple[str, Any], ...] = ()
    kind: str = ""


def as_key(key: Any) -> Any:
    """Return a dict key or set item as it travels: None, a truth value, number, text, short tuple.

    Raises:
        UnsupportedError: it is none of these.
    """
    key = key.item() if isinstance(key, np.generic) else key
    if key is None or type(key) in (bool, int, str) or (type(key) is float and key - key == 0):
        return key
    if type(key) is tuple and len(key) <= 4:  # noqa: PLR2004 - `results[rate, reg]`
        parts = tuple(part.item() if isinstance(part, np.generic) else part for part in key)
        if not any(type(part) is tuple for part in parts):
            return tuple(map(as_key, parts))
    raise UnsupportedError(f"a dict key or set item of type {type(key).__name__}")


def as_numbers(value: list[Any]) -> np.ndarray | None:
    """Return a rectangular list of numbers as an array of bool, int64 or float64.

    Anything else gives None: lists of other things, ragged ones, or numbers that would change.
    """
    shape = _shape(value)
    if not shape:
        return None
    level = value
    for size in shape[1:]:
        if set(map(type, level)) != {list} or set(map(len, level)) != {size}:
            return None
        level = list(chain.from_iterable(level))
    kinds = set(map(type, level))
    single = all(issubclass(kind, (int, float, np.number, np.bool_)) for kind in kinds)
    if not single or (len(kinds) > 1 and kinds & {bool, np.bool_}):
        return None
    try:
        array = np.array(level)
    except (ValueError, OverflowError):
        return None
    dtype = FLAT_KINDS.get(array.dtype.kind, np.void)
    if not np.can_cast(array.dtype, dtype) or (len(kinds) > 1 and array.tolist() != level):
        return None
    return array.astype(dtype).reshape(shape)


def _shape(value: Any) -> list[int]:
    """Return the sizes of a list, its first item, and so on inwards; [] if that is too much."""
    shape, total = [], 1
    while type(value) is list:
        shape.append(len(value))
        total *= len(value)
        if not 0 < total < MOST_NUMBERS or len(shape) > 32:  # noqa: PLR2004 - numpy's own bound
            return []
        value = value[0]
    return shape
