"""The attacks, what may hold them, and what docs/security.md says stays open.

The attacks are the functions below `samples/`, written as a student could hand them in; the first
line of a docstring is the attack's name in docs/security.md. That page's table says which attacks
stay open at which level; everything else must be held.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder import level
from autograder.box.ref import Ref
from autograder.session import CheckSession, Staged
from gradlab.course import Limits

if TYPE_CHECKING:
    from autograder.box.confine import Box
    from autograder.forkserver import ForkServer

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs/security.md"
HEADING = "## What stays open"
LIMITS = Limits(cpu_s=10, wall_s=60, memory_mb=256, reply_mb=8, file_mb=4, scratch_mb=16)
OLD_VERSIONS = (1, 3)  # of Landlock: Linux 5.13 and 6.2
TAKES = {"reach": ["scene"], "marks": ["x"], "harm": []}


@dataclass(frozen=True)
class Attack:
    """One function below `samples/`.

    Attributes:
        module: its file.
        name: its name.
        title: the first line of its docstring, its name in docs/security.md.
    """

    module: Path
    name: str
    title: str

    @property
    def files(self) -> dict[str, bytes]:
        """What a student who attacks hands in."""
        tools = HERE / "samples/tools.py"
        return {"work.py": self.module.read_bytes(), "tools.py": tools.read_bytes()}


@cache
def attacks(family: str) -> tuple[Attack, ...]:
    """Return the attacks of a family, by what they take; other functions are their helpers."""
    return tuple(
        Attack(path, node.name, (ast.get_docstring(node) or "").partition("\n")[0])
        for path in sorted((HERE / "samples" / family).glob("*.py"))
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and _names(node) == TAKES[family]
    )


def _names(function: ast.FunctionDef) -> list[str]:
    return [argument.arg for argument in function.args.args]


@cache
def boxes() -> dict[str, Box]:
    """Return what could hold here, by a name that tells two boxes of one level apart."""
    found: dict[str, Box] = {}
    for box in level._boxes():
        shared = "" if box.own_user or not box.landlock else " without users"
        found[f"{box.level}{shared}"] = box
        if shared:
            old = {
                f"{box.level} with Landlock {n}": replace(box, landlock_most=n)
                for n in OLD_VERSIONS
            }
            found |= old
    return found


@cache
def stays_open() -> dict[str, dict[str, bool]]:
    """Return the table of docs/security.md: for each attack whether it is open, by level."""
    section = PAGE.read_text(encoding="utf-8").partition(HEADING)[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    levels = rows[0][1:]
    return {
        title: dict(zip(levels, [word == "open" for word in words], strict=True))
        for title, *words in rows[2:]
    }


def session_of(
    server: ForkServer, files: dict[str, bytes], limits: Limits = LIMITS
) -> CheckSession:
    return CheckSession(server, Staged(files, {"work": "work"}), limits, seed=0)


def call(session: CheckSession, name: str, *args: Any) -> Any:
    target = Ref(session.module("work"), (("attr", name),))
    return session.ask("call", target=target, args=list(args), kwargs={})
