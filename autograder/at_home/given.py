"""The files that were handed out with `check.py`, and whether they still are as they were."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from autograder.at_home.homework import Homework

__all__ = ["Given", "given_files", "is_there"]


@dataclass(frozen=True)
class Given:
    """Paths of what was handed out.

    Attributes:
        names: of all of it.
        same: what is there as it was.
        changed: what is there and reads otherwise.
    """

    names: frozenset[str]
    same: frozenset[str]
    changed: frozenset[str]


def given_files(homework: Homework, folder: Path) -> Given:
    """Return what became of the files that were handed out; a lost manifest tells of fewer."""
    supplied = {name: _digest(text.encode()) for name, text in homework.supplied.items()}
    known = {**_listed_digests(folder), **supplied}
    states = {name: _is_same(folder / name, digest) for name, digest in known.items()}
    return Given(
        frozenset(known),
        frozenset(name for name, same in states.items() if same),
        frozenset(name for name, same in states.items() if same is False),
    )


def is_there(path: Path) -> bool:
    """Return whether there is such a file, as far as this user may know."""
    try:
        return path.is_file()
    except OSError:
        return False


def _listed_digests(folder: Path) -> Mapping[str, str]:
    try:
        files = json.loads((folder / "MANIFEST.json").read_text(encoding="utf-8"))["files"]
        return dict(files)
    except (OSError, ValueError, LookupError, TypeError):
        return {}


def _is_same(path: Path, digest: str) -> bool | None:
    """Compare a file; None if it is not there. Line ends do not count: some tools turn them."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    return digest in (_digest(content), _digest(content.replace(b"\r\n", b"\n")))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
