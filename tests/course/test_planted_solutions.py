"""Every solution of the course, planted in its own notebook: none of them is released."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from textwrap import dedent, indent
from typing import TYPE_CHECKING, Any

import pytest

from generator.dialect import DIALECTS
from generator.survey import survey
from gradlab.cli.packing import release
from gradlab.course import Assignment, Course
from gradlab.errors import Place, Problems

if TYPE_CHECKING:
    from generator.strip import Block

ROOT = Path(__file__).parents[2]
NAMES = Course.find(ROOT).names()


def copied(name: str, folder: Path) -> Assignment:
    """Return an assignment in a course of its own, which may be changed."""
    assignment = Course.find(ROOT).assignment(name)
    shutil.copy(ROOT / "course.toml", folder)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(
        assignment.source, folder / "solutions" / assignment.source.name, ignore=ignored
    )
    shutil.copytree(assignment.folder, folder / "assignments" / name, ignore=ignored)
    return Course.find(folder).assignment(name)


def blocks(assignment: Assignment) -> list[Block]:
    """Return all that students of an assignment write in code."""
    files = [(name, assignment.read_notebook(name)) for name in assignment.notebooks]
    files += [(name, assignment.source_file(name).read_bytes()) for name in assignment.modules]
    found = [survey(content, Place(name), DIALECTS) for name, content in files]
    return [block for part in found for block in part if block.kind == "code"]


def plant(text: str, number: int) -> dict[str, Any]:
    stored: dict[str, Any] = {"execution_count": None, "metadata": {}, "outputs": []}
    return {"cell_type": "code", "id": f"planted-{number}", "source": text, **stored}


@pytest.mark.parametrize("sign", ["", "# "], ids=["code", "comment"])
@pytest.mark.parametrize("name", NAMES)
def test_every_planted_solution_is_found(name: str, sign: str, tmp_path: Path) -> None:
    assignment = copied(name, tmp_path)
    texts = [indent(dedent("\n".join(b.lines)), sign) for b in blocks(assignment)]
    master = assignment.master(assignment.notebooks[0])
    notebook = json.loads(master.read_bytes())
    notebook["cells"] += [plant(text, number) for number, text in enumerate(texts)]
    master.write_text(json.dumps(notebook))
    with pytest.raises(Problems) as caught:
        release(assignment)
    found = "\n".join(map(str, caught.value.mistakes))
    missed = [text for number, text in enumerate(texts) if f":planted-{number}:" not in found]
    assert texts
    assert not missed, missed
