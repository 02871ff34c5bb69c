"""`gradlab doctor`: what this machine can do."""

from __future__ import annotations

import json
import os
import platform
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from gradlab.cli.dataset import FOLDER, cache_folder

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
    linux = sys.platform == "linux"
    means = (
        "Student code runs in a process of its own, with limits on time and memory, and never sees "
        "hidden checks or results there. It is not yet kept from the files of the user who grades, "
        "so grade as a user who has nothing to hide, or in a container"
    )
    return Finding("level", "split", means if linux else "Grading needs Linux", bad=not linux)


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
