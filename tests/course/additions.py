"""Variants with something written below a module: the last definition of a name counts.

A few lines so stand in for a function or a method, and may call the right one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.course.blocks import BLOCK, Variant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gradlab.course import Assignment


# An affine layer and a ReLU that are right and keep other things in their caches.
AFFINE_OTHERWISE = """
def affine_forward(x, w, b):
    rows = x.reshape(x.shape[0], -1)
    return np.einsum("nd,dm->nm", rows, w) + b[None], {"rows": rows, "w": w, "shape": x.shape}
def affine_backward(dout, cache):
    dx = np.einsum("nm,dm->nd", dout, cache["w"]).reshape(cache["shape"])
    return [dx, cache["rows"].T.dot(dout), np.ones(len(dout)).dot(dout)]
"""
RELU_OTHERWISE = """
def relu_forward(x):
    return x * (x > 0), x > 0
def relu_backward(dout, cache):
    return dout * cache
"""


def below(
    assignment: Assignment,
    additions: Mapping[str, str],
    lost: Mapping[str, float] | None = None,
    words: str = "",
) -> Variant:
    """Return a variant, given by what is written below which modules of the package."""
    files = {
        assignment.module_path(module): assignment.source_file(module).read_bytes()
        + f"\n\n{code}\n".encode()
        for module, code in additions.items()
    }
    return Variant(lost=lost or {}, words=words, files=files)


def edited(assignment: Assignment, module: str, changes: Mapping[str, str]) -> dict[str, bytes]:
    """Return a module, by its path, in which other text stands for some that is there once."""
    source = assignment.source_file(module).read_text()
    for old, new in changes.items():
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return {assignment.module_path(module): source.encode()}


def in_notebook(assignment: Assignment, cells: Mapping[str, str]) -> dict[str, bytes]:
    """Return the notebook, by its name, with other code in the marked blocks of cells, by id."""
    (name,) = assignment.notebooks
    notebook = json.loads(assignment.read_notebook(name))
    for cell in notebook["cells"]:
        if cell["id"] in cells:
            code = cells[cell["id"]].strip("\n") + "\n"
            whole, block = "".join(cell["source"]), BLOCK.search("".join(cell["source"]))
            assert block is not None
            cell["source"] = whole[: block.start("code")] + code + whole[block.end("code") :]
    return {name: json.dumps(notebook).encode()}


def scores(folder: Path, name: str) -> dict[str, float]:
    """Return the points of a graded variant by check; also those of a bonus."""
    tests = json.loads((folder / name / "results.json").read_text())["tests"]
    return {t["extra_data"]["check"]: t["score"] for t in tests if "score" in t}
