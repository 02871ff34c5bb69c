"""Which functions still read as they did in the release."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["untouched"]


def untouched(files: Mapping[str, bytes], released: Mapping[str, bytes]) -> list[str]:
    """Return the functions that read as they did in the release, as `Class.function`."""
    same: set[str] = set()
    for name in files.keys() & released.keys():
        before, now = _functions(released[name]), _functions(files[name])
        same |= {key for key, text in now.items() if before.get(key) == text}
    return sorted(same)


def _functions(content: bytes) -> dict[str, str]:
    try:
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
