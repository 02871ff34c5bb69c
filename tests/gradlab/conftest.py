"""Commands as an instructor runs them, and small courses to run them on."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gradlab.cli import packing, steps
from gradlab.cli.commands import main
from gradlab.course import Course

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gradlab.course import Assignment


def run(*arguments: str) -> int:
    """Run a command as if for the first time; return its exit code."""
    packing.release.cache_clear()
    packing.tried_release.cache_clear()
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    return int(caught.value.code or 0)


def relu_course(root: Path, handed_in: Mapping[str, str]) -> Assignment:
    """Return the assignment of a new course, with submissions in `in`, by name."""
    (root / "course.toml").write_text('title = "Small"\n')
    course = Course.find(root)
    steps.new(course, "relu")
    for name, source in handed_in.items():
        path = root / "in" / name / "relu_hw" / "relu.py"
        path.parent.mkdir(parents=True)
        path.write_text(source)
    return course.assignment("relu")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("courses") / "my-course"
    assert run("init", str(folder)) == 0
    return folder


@pytest.fixture
def course(fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of a new course, which is the current folder."""
    folder = Path(shutil.copytree(fresh, tmp_path / "course"))
    monkeypatch.chdir(folder)
    return folder
