"""`gradlab doctor`: what this machine can do."""

from __future__ import annotations

import json
import os
import platform
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from autograder.level import LEVELS, open_box
from gradlab.cli.dataset import FOLDER, cache_folder
from gradlab.errors import GradlabError

__all__ = ["Finding", "as_json", "as_text", "examine"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: what, in a word.
        value: what was found.
        advice: what it means, for a person.
        bad: whether grading cannot work like this.
    """

    name: str
    value: str
    advice: str
    bad: bool = False


def examine() -> list[Finding]:
    """Return the findings of this machine."""
    return [_level(), _python(), _packages(), _images(), *map(_extra, ("matplotlib", "nbclient"))]


def as_text(findings: list[Finding]) -> str:
    """Return the findings for a person."""
    marks = {True: "PROBLEM", False: "ok"}
    return "\n".join(f"{marks[f.bad]:8}{f.name}: {f.value}. {f.advice}" for f in findings)


def as_json(findings: list[Finding]) -> str:
    """Return the findings for a program: one object, a value by name."""
    return json.dumps(
        {f.name: f.value for f in findings} | {"ok": not any(f.bad for f in findings)}
    )


def _level() -> Finding:
    """Probe by running a worker at each level, the strongest first."""
    try:
        with open_box() as server:
            box = server.box
    except GradlabError as error:
        return Finding("level", "none", f"Student code cannot run here: {error}", bad=True)
    level = LEVELS[box.level]
    ask = f". Grading must ask for it: --require {level.name}" if level.asked else ""
    root = not box.own_user and box.seccomp and os.geteuid() == 0
    why = ". Other users cannot run this Python, so workers stay root, without its rights"
    return Finding("level", level.name, f"{level.means}{why if root else ''}{ask}")


def _python() -> Finding:
    advice = f"At {sys.executable} on {platform.system()} {platform.machine()}"
    return Finding("python", platform.python_version(), advice)


def _packages() -> Finding:
    """Name a foreign owner of the names `generator` and `autograder`."""
    ours = Path(__file__).resolve().parents[2]
    for name in ("generator", "autograder"):
        spec = find_spec(name)
        home = Path(spec.origin or "?").resolve().parent.parent if spec else Path("?")
        if home != ours:
            advice = f"It should come from {ours}; uninstall the other package of that name"
            return Finding("packages", f"{name} comes from {home}", advice, bad=True)
    return Finding("packages", "our own", f"From {ours}")


def _images() -> Finding:
    named = os.environ.get("CIFAR10_DIR")
    for folder in filter(None, [named, str(cache_folder() / FOLDER)]):
        if any((Path(folder) / part / "data_batch_1").is_file() for part in ("", FOLDER)):
            return Finding("images", "cifar10", f"From {folder}")
    if named:
        return Finding("images", "none", f"CIFAR10_DIR is {named}, which has no batches", bad=True)
    return Finding("images", "generated", "`gradlab data cifar10` fetches the real ones")


def _extra(name: str) -> Finding:
    there = find_spec(name) is not None
    advice = "" if there else "Only needed to run notebooks: pip install 'gradlab[notebook]'"
    return Finding(name, "installed" if there else "not installed", advice)
