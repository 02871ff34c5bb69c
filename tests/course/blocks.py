"""Submissions that differ from the reference in marked blocks, and what they lose."""

from __future__ import annotations

import json
import re
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from autograder.verify import reference_submission
from gradlab.cli import steps

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gradlab.course import Assignment

RULE = r"[ \t]*# =+ #\n"
BLOCK = re.compile(
    rf"(?P<head>{RULE}(?P<indent>[ \t]*)# YOUR CODE HERE:\n(?:[ \t]*#[^\n]*\n)*?{RULE})"
    rf"(?P<code>.*?)(?P<tail>{RULE}[ \t]*# END YOUR CODE HERE\n)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Variant:
    """One submission.

    Attributes:
        blocks: code for marked blocks, by function; `train/1` is the second block of `train`.
        lost: the points that each check takes away.
        words: what the student reads in the first of these checks.
        files: contents in place of those of the reference, or beside them.
        without: names of files that are not handed in.
    """

    blocks: Mapping[str, str] = field(default_factory=dict)
    lost: Mapping[str, float] = field(default_factory=dict)
    words: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    without: tuple[str, ...] = ()


def with_block(source: str, place: str, code: str) -> str:
    """Return a module with other code in one of its marked blocks."""
    function, _, number = place.partition("/")
    start = source.index(f"def {function}(")
    block = list(BLOCK.finditer(source, start))[int(number or 0)]
    text = textwrap.indent(textwrap.dedent(code).strip("\n"), block["indent"]) + "\n"
    return source[: block.start("code")] + text + source[block.end("code") :]


def written(assignment: Assignment, variant: Variant) -> dict[str, bytes]:
    """Return the files of a variant."""
    files = dict(reference_submission(assignment).files)
    for place, code in variant.blocks.items():
        marker = f"def {place.split('/')[0]}(".encode()
        (name,) = (n for n in files if n.endswith(".py") and marker in files[n])
        files[name] = with_block(files[name].decode(), place, code).encode()
    kept = {name: text for name, text in files.items() if name not in variant.without}
    return {**kept, **variant.files}


def lay_out(files: Mapping[str, bytes], folder: Path) -> Path:
    """Write files into a folder, and return that."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def grade(assignment: Assignment, variants: Mapping[str, Variant], folder: Path) -> Path:
    """Grade variants as one class; return the folder of their results."""
    for name, variant in variants.items():
        lay_out(written(assignment, variant), folder / "in" / name)
    steps.grade(assignment, (folder / "in",), folder / "out", 2)
    return folder / "out"


def lost(folder: Path, name: str) -> tuple[dict[str, float], str]:
    """Return what a graded variant lost by check, and what it says of the first of them."""
    tests: list[Any] = json.loads((folder / name / "results.json").read_text())["tests"]
    short = [t for t in tests if "score" in t and t["score"] < t["max_score"]]
    points = {t["extra_data"]["check"]: round(t["max_score"] - t["score"], 2) for t in short}
    return points, short[0]["output"] if short else ""


def references(assignment: Assignment, count: int) -> dict[str, Variant]:
    """Return copies of the reference that differ in a comment, so that each meets other draws."""
    path = assignment.module_path(assignment.modules[0])
    source = assignment.source_file(assignment.modules[0]).read_bytes()
    return {
        f"reference-{n}": Variant(files={path: source + f"\n# copy {n}\n".encode()})
        for n in range(count)
    }
