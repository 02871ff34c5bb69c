"""The student's files, put where Python's ordinary import finds them; notebook cells; arrays."""

from __future__ import annotations

import ast
import io
import linecache
import re
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = ["define", "read_arrays", "stand_in", "write_files"]

# What a notebook imports for its pictures and its own checks; here they do nothing.
STAND_INS = ("check", "gradlab", "otter", "google.colab", "matplotlib", "matplotlib.pyplot")
MAGIC = re.compile(r"^(\s*)[%!?].*$", re.MULTILINE)


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files below `folder` and make them importable, before anything else."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    sys.path.insert(0, str(folder))


class _Nothing(ModuleType):
    """A module, function and value in one, that does nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Nothing(name)

    def __call__(self, *_args: object, **_kwargs: object) -> _Nothing:
        return self

    def __iter__(self) -> Iterator[_Nothing]:
        return iter((self, self))  # `figure, axes = plt.subplots()`


def stand_in(names: Iterable[str] = STAND_INS) -> None:
    """Put modules that do nothing in the place of `names`."""
    for name in names:
        module = _Nothing(name)
        module.__path__ = []
        sys.modules[name] = module


def read_arrays(content: bytes) -> dict[str, Any]:
    """Return the arrays of a `.npz` file by name; an array of one text as that text.

    Raises:
        ValueError: it is not one, or an entry is not a plain array.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {name: _plain(archive[name]) for name in archive.files}
    except Exception as error:
        raise ValueError(f"not an .npz file of plain arrays ({error})") from None


def _plain(array: np.ndarray) -> Any:
    return array.item() if array.dtype.kind in "US" and array.ndim == 0 else array


def define(names: dict[str, Any], cells: Iterable[tuple[str, str]], wanted: str) -> list[str]:
    """Run what a notebook needs to give `wanted` a value, into the namespace `names`.

    That is the imports, functions and classes of every cell, and the whole of each cell that
    assigns `wanted`, in order. A statement that fails is passed over: it may be an import that
    only a picture needs.

    Returns:
        One line for each thing that failed.
    """
    failed = []
    for label, source in cells:
        tree = _parse(source)
        if tree is None:
            failed.append(f"{label}: not valid Python")
            continue
        for statement in tree.body if _assigns(tree, wanted) else filter(_defines, tree.body):
            failed += _run(statement, label, source, names)
    return failed


def _parse(source: str) -> ast.Module | None:
    for text in (source, MAGIC.sub(r"\1pass", source)):
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def _defines(statement: ast.stmt) -> bool:
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return isinstance(statement, kinds)


def _assigns(tree: ast.Module, wanted: str) -> bool:
    stores = (node for node in ast.walk(tree) if isinstance(node, ast.Name))
    return any(node.id == wanted and isinstance(node.ctx, ast.Store) for node in stores)


def _run(statement: ast.stmt, label: str, source: str, names: dict[str, Any]) -> list[str]:
    linecache.cache[label] = (len(source), None, source.splitlines(keepends=True), label)
    try:
        code = compile(ast.Module([statement], []), label, "exec")
        exec(code, names)  # noqa: S102 - running the student's cell is what a worker is for
    except Exception as error:
        return [f"{label}: line {statement.lineno}: {type(error).__name__}: {error}"[:300]]
    return []
