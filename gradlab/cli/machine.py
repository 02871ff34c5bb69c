"""Before any student is graded: does this machine compute what the recording computed?"""

from __future__ import annotations

import hashlib
import platform
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from autograder.environment import environment_problems
from gradlab.cli.dataset import cache_folder
from gradlab.errors import AuthorMistake

if TYPE_CHECKING:
    from autograder.forkserver import ForkServer
    from autograder.grade import Grader
    from gradlab.course import Assignment

__all__ = ["refuse_other_numbers"]


def refuse_other_numbers(
    assignment: Assignment, grader: Grader, servers: tuple[ForkServer, ForkServer]
) -> None:
    """Stop where the reference gives something else here; once it agrees, that is remembered.

    Raises:
        AuthorMistake: names the checks that differ.
    """
    known = cache_folder() / "same-numbers" / _name(assignment)
    if known.exists():
        return
    found = environment_problems(grader.suites, grader.limits, grader.trusted[1], servers)
    if found:
        text = f"the reference gives other numbers here than were recorded ({'; '.join(found)})"
        raise AuthorMistake(f"{text}; run `gradlab expected {assignment.name}`")
    with suppress(OSError):  # then it is tried again the next time
        known.parent.mkdir(parents=True, exist_ok=True)
        known.touch()


def _name(assignment: Assignment) -> str:
    """Return a name for these checks, recording and reference on this machine."""
    files = [*assignment.folder.glob("*.py")]
    files += [path for kind in ("json", "npz") for path in assignment.expected.glob(f"*.{kind}")]
    files += [assignment.source_file(name) for name in assignment.package_files]
    parts = [part for path in sorted(files) for part in (path.name.encode(), path.read_bytes())]
    machine = (platform.node(), platform.machine(), sys.version, np.__version__)
    parts += [repr(machine).encode(), _processor()]
    return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def _processor() -> bytes:
    """Return the line that names the processor: numpy picks its kernels by it."""
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_bytes().splitlines()
        return next((line for line in lines if line.startswith(b"flags")), b"")
    return b""
