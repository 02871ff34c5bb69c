"""Which functions still read as they did in the release, and which of them an exception met."""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import FrameType

__all__ = ["function_of", "is_among", "untouched"]


def untouched(files: Mapping[str, bytes], released: Mapping[str, bytes]) -> list[str]:
    """Return the functions that read as they did in the release, as `Class.function`."""
    same: set[str] = set()
    for name in files.keys() & released.keys():
        before, now = _functions(released[name]), _functions(files[name])
        same |= {key for key, text in now.items() if before.get(key) == text}
    return sorted(same)


def _functions(content: bytes) -> dict[str, str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\d" in a text
            tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found: dict[str, str] = {}
    for node in tree.body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        kinds = (item for item in inner if isinstance(item, ast.FunctionDef))
        found |= {prefix + item.name: ast.unparse(item) for item in kinds}
    return found


def function_of(frame: FrameType) -> str:
    """Return the name of the function that a frame runs, `Class.function` for a class's own."""
    code = frame.f_code
    for owner in list(frame.f_globals.values()):
        if isinstance(owner, type):
            held = vars(owner).get(code.co_name)
            if getattr(held, "__code__", None) is code:
                return f"{owner.__name__}.{code.co_name}"
    return code.co_name


def is_among(function: str, called: Iterable[str]) -> bool:
    """Tell whether a function was called; where no class is named, it may be of any class."""
    return any(
        function == name or ("." not in name and function.endswith(f".{name}")) for name in called
    )
