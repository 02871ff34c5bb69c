"""A course of one assignment with two questions, small enough to be audited in a test."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from gradlab.cli import steps
from gradlab.course import Course

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from gradlab.course import Assignment

RULE = "# " + "=" * 64 + " #"
MODULE = f'''"""What students write."""

import numpy as np


def affine(x, w, b):
    {RULE}
    # YOUR CODE HERE:
    #   Multiply and add.
    {RULE}
    out = x @ w + b
    {RULE}
    # END YOUR CODE HERE
    {RULE}
    return out


def mean_square(x):
    {RULE}
    # YOUR CODE HERE:
    #   Square, and average over all entries.
    {RULE}
    total = np.sum(x**2)
    result = total / x.size
    {RULE}
    # END YOUR CODE HERE
    {RULE}
    return result
'''
SUITE = '''from gradlab import Suite

suite = Suite("toy")


@suite.check(points=1, question="affine")
def affine(student, expect, draw):
    """affine multiplies and adds"""
    x, w, b = draw.normal(3, 4), draw.normal(4, 5), draw.normal(5)
    expect.close({"out": student.toy.affine(x, w, b)}, max_error=1e-9)


@suite.check(points=1, question="mean square")
def mean_square(student, expect, draw):
    """mean_square squares and averages"""
    expect.close({"mean": student.toy.mean_square(draw.normal(3, 4))}, max_error=1e-9)
'''
PUBLIC = '''import numpy as np

from gradlab import Suite

suite = Suite("toy")


@suite.check(points=0, question="affine")
def affine_example(student, expect):
    """affine of ones is what it is by hand"""
    expect.close({"y": student.toy.affine(np.ones((1, 2)), np.ones((2, 1)), 0.5)}, max_abs=1e-9)
'''
BATTERY = '''from gradlab import Suite

suite = Suite("battery")


@suite.check(points=0, question="all")
def all_of_it(student, expect, draw):
    """Both functions on odd shapes"""
    for shape in ((1, 3), (5, 2)):
        x, w, b = draw.normal(*shape), draw.normal(shape[1], 7), draw.normal(7)
        expect.close({f"out {shape}": student.toy.affine(x, w, b)}, max_error=1e-10)
        expect.close({f"mean {shape}": student.toy.mean_square(x)}, max_error=1e-10)
'''
SETTINGS = 'title = "Toy"\npackage = "hw"\nmodules = ["toy.py"]\n'
FILES = {
    "course.toml": 'title = "Small"\n',
    "solutions/hw/__init__.py": "",
    "solutions/hw/toy.py": MODULE,
    "assignments/toy/assignment.toml": SETTINGS,
    "assignments/toy/checks.py": SUITE,
    "assignments/toy/public.py": PUBLIC,
    "assignments/toy/battery.py": BATTERY,
}


# What a test may put another text in place of.
PARTS = {
    "head": "from gradlab import Suite\n",
    "mean": "student.toy.mean_square(draw.normal(3, 4))",
    "limits": 'question="mean square"',
}


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course, recorded once."""
    folder = tmp_path_factory.mktemp("recorded")
    _write(folder, {})
    steps.expected(Course.find(folder).assignment("toy"), write=True)
    return folder


@pytest.fixture
def make(
    recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Assignment]:
    """Return a maker of recorded assignments, with other texts in `checks.py` if wanted."""
    monkeypatch.setenv("GRADLAB_DATA", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def course(**replaced: str) -> Assignment:
        shutil.copytree(recorded, tmp_path, dirs_exist_ok=True)
        assignment = Course.find(tmp_path).assignment("toy")
        if replaced:
            _write(tmp_path, {PARTS[name]: text for name, text in replaced.items()})
            steps.expected(assignment, write=True)
        return assignment

    return course


def _write(folder: Path, replaced: Mapping[str, str]) -> None:
    for name, content in FILES.items():
        path, text = folder / name, content
        for old, new in replaced.items() if name.endswith("/checks.py") else ():
            assert old in text
            text = text.replace(old, new)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
