"""What earlier audits found out, kept as long as nothing that matters has changed."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import autograder
from autograder.mutation.audit import Tried
from autograder.recording import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable

    from autograder.mutation.mutants import Mutant
    from gradlab.course import Assignment

__all__ = ["Cache"]

KINDS = {"question": str, "caught_by": str, "status": str, "broke": str, "equivalent": bool}


class Cache:
    """Verdicts by mutant, in one file for each assignment.

    A verdict holds for these suites, recordings, references, limits and graders: with another hash
    of them all, the file is as good as empty.

    Args:
        folder: where the file lies; None keeps nothing.
        assignment: whose mutants they are.
    """

    def __init__(self, folder: Path | None, assignment: Assignment) -> None:
        self._path = folder / f"{assignment.label}.json" if folder else None
        self._context = _context(assignment)
        self._known = self._read()

    def get(self, mutant: Mutant) -> Tried | None:
        """Return what came of a mutant, if that is known."""
        known = self._known.get(_key(mutant))
        return Tried(mutant, **known) if known else None

    def put(self, mutant: Mutant, tried: Tried) -> None:
        """Remember what came of a mutant."""
        self._known[_key(mutant)] = {name: getattr(tried, name) for name in KINDS}

    def write(self) -> None:
        """Keep what is known for the next run; a cache that cannot be written is no trouble."""
        if self._path is None:
            return
        table = {"context": self._context, "verdicts": self._known}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_atomically(self._path, json.dumps(table, sort_keys=True).encode())
        except OSError:
            return

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            table = json.loads(self._path.read_bytes()) if self._path else {}
            verdicts = table["verdicts"] if table.get("context") == self._context else {}
            return {key: item for key, item in verdicts.items() if _is_verdict(item)}
        except (OSError, ValueError, AttributeError, KeyError):
            return {}


def _is_verdict(item: Any) -> bool:
    if not isinstance(item, dict) or item.keys() != KINDS.keys():
        return False
    return all(type(item[name]) is kind for name, kind in KINDS.items())


def _key(mutant: Mutant) -> str:
    return hashlib.sha256(f"{mutant.block}\0{mutant.source}".encode()).hexdigest()


def _context(assignment: Assignment) -> str:
    """Return a hash of everything but the mutant that a verdict rests on."""
    ours = Path(autograder.__file__).parent.rglob("*.py")
    own = (path for path in assignment.folder.rglob("*") if path.is_file())
    used = (assignment.source_file(name) for name in assignment.package_files)
    total = hashlib.sha256(f"{sys.version} {np.__version__} {assignment.label}".encode())
    for paths in (ours, own, used):
        _add(total, paths)
    return total.hexdigest()


def _add(total: hashlib._Hash, paths: Iterable[Path]) -> None:
    for path in sorted(paths):
        content = path.read_bytes()
        total.update(f"{path.name}\0{len(content)}\0".encode())
        total.update(content)
