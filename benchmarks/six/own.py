"""The six questions for gradlab: a copy of the course, and a class of any kinds of submissions."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["KINDS", "copy_course", "write_class"]

HERE = Path(__file__).resolve().parent
# What stands in a kind of submission instead of the first line of the reference's softmax_loss.
FIRST = "    rows = np.arange(len(y))\n"
KINDS = {
    "right": FIRST,
    "wrong": "    rows = np.arange(len(y))\n    scores = scores + np.eye(*scores.shape)\n",
    "raises": "    raise ValueError(y)\n",
    "exits": "    import os\n    os._exit(0)\n",
    "crashes": "    import ctypes\n    ctypes.string_at(0)\n",
    "loops": "    while True:\n        y = y + 0\n",
    "loops-briefly": f"{FIRST}    for _ in range(1_000):\n        y = y + 0\n",
    "writes": f"{FIRST}    with open('notes.txt', 'a') as file:\n        file.write(str(y))\n",
    "prints": f"{FIRST}    print(scores, y)\n",
    "hoards": f"{FIRST}    hoard = np.ones((1 << 30))\n",
    "does-not-load": "    return (\n",
}


def copy_course(folder: Path) -> Path:
    """Copy the course, as it is in the repository, to where a benchmark may write."""
    names = ("course.toml", "assignments", "solutions")
    folder.mkdir()
    for name in names:
        place = HERE / name
        copy = shutil.copytree if place.is_dir() else shutil.copy
        copy(place, folder / name)
    return folder


def write_class(folder: Path, kinds: Sequence[str]) -> list[Path]:
    """Write a submission of each kind, all of them different; return their folders."""
    text = (HERE / "solutions" / "small_net" / "functions.py").read_text(encoding="utf-8")
    notebook = (HERE / "assignments" / "six" / "six.ipynb").read_bytes()
    folders = [folder / f"s{number}" for number in range(len(kinds))]
    for path, kind in zip(folders, kinds, strict=True):
        (path / "small_net").mkdir(parents=True)
        own = f"{text.replace(FIRST, KINDS[kind])}# {path.name}\n"
        (path / "small_net" / "functions.py").write_text(own, encoding="utf-8")
        (path / "six.ipynb").write_bytes(notebook)
    return folders
