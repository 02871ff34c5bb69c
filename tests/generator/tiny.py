"""Small courses to release, built in a temporary folder."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from generator.release import Release, build
from gradlab.course import Course
from gradlab.errors import Problems

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

RULE = "# ================ #\n"
MODULE = f'''"""Layers."""

import numpy as np


def relu(x):
    """Return x without what is negative."""
    out = None
    {RULE}    # YOUR CODE HERE:
    #   Keep what is positive.
    {RULE}    out = np.maximum(x, 0)
    {RULE}    # END YOUR CODE HERE
    {RULE}    return out
'''


def cell(source: str, kind: str = "code", **more: Any) -> dict[str, Any]:
    stored: dict[str, Any] = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "source": source, "metadata": {}, **stored, **more}


def notebook(cells: Iterable[dict[str, Any]], minor: int = 5) -> str:
    """Return a notebook as text; cells without an id get c1, c2, ... where the format has ids."""
    named = [{"id": f"c{n}", **old} if minor >= 5 else old for n, old in enumerate(cells, 1)]
    return json.dumps(
        {"cells": named, "metadata": {}, "nbformat": 4, "nbformat_minor": minor}, indent=1
    )


@dataclass
class Tiny:
    """A course with the assignment `tiny`: one notebook, one module, one supplied file."""

    root: Path
    texts: dict[str, str] = field(default_factory=dict)
    cells: list[dict[str, Any]] = field(default_factory=list)
    artifacts: list[str] = field(default_factory=list)
    minor: int = 5

    def __post_init__(self) -> None:
        self.texts = {
            "course.toml": "",
            "solutions/net/__init__.py": "",
            "solutions/net/layers.py": MODULE,
            "solutions/net/given.py": '"""Supplied."""\n\nimport math\n\nTAU = math.tau\n',
            "assignments/tiny/checks.py": '"""Hidden."""\n',
            "assignments/tiny/public.py": '"""Public."""\n',
        }
        self.cells = [cell("from net.layers import relu")]

    def code(self, source: str, **more: Any) -> None:
        """Add a code cell."""
        self.cells.append(cell(source, **more))

    def markdown(self, source: str, **more: Any) -> None:
        """Add a markdown cell."""
        self.cells.append(cell(source, "markdown", **more))

    def module(self, body: str) -> None:
        """Replace the students' module by one function with this marked block."""
        lines = "".join(f"    {line}\n" for line in body.splitlines())
        marks = f"    {RULE}    # YOUR CODE HERE:\n    {RULE}"
        ends = f"    {RULE}    # END YOUR CODE HERE\n    {RULE}"
        start = "import numpy as np\n\n\ndef f(x, w, b):\n    out = None\n"
        self.texts["solutions/net/layers.py"] = f"{start}{marks}{lines}{ends}    return out\n"

    def write(self) -> Course:
        lists = {
            "notebooks": ["tiny.ipynb"],
            "modules": ["layers.py"],
            "supplied": ["given.py"],
            "artifacts": self.artifacts,
        }
        toml = "".join(f"{key} = {json.dumps(value)}\n" for key, value in lists.items())
        texts = {
            "assignments/tiny/assignment.toml": f'title = "Tiny"\npackage = "net"\n{toml}',
            "assignments/tiny/tiny.ipynb": notebook(self.cells, self.minor),
            **self.texts,
        }
        for name, text in texts.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        return Course.find(self.root)

    def build(self, **more: Any) -> Release:
        return build(self.write().assignment("tiny"), **more)

    def problems(self, **more: Any) -> list[str]:
        """Return what the build refuses, one text each."""
        with pytest.raises(Problems) as caught:
            self.build(**more)
        return [str(mistake) for mistake in caught.value.mistakes]

    def released_cells(self, **more: Any) -> list[dict[str, Any]]:
        cells: list[dict[str, Any]] = json.loads(self.build(**more).files["tiny.ipynb"])["cells"]
        return [{**item, "source": "".join(item["source"])} for item in cells]
