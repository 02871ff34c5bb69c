"""otter-grader and nbgrader at work on the six questions, in an environment of their own.

    python benchmarks/rivals.py CACHE

makes that environment in the folder CACHE, which then serves every later benchmark. Both graders
get the masters of `six/masters.py`, make a release of them themselves, and grade copies of it in
which the reference fills the holes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.processes import spent
from benchmarks.six.masters import Notebook, nbgrader_master, otter_master, solved

if TYPE_CHECKING:
    from benchmarks.timing import Sample

__all__ = ["Nbgrader", "Otter", "environment"]

PYTHON = "python3.11"  # nbgrader 0.9.6 has no version for 3.10
WANTED = ("otter-grader==7.0.0", "nbgrader==0.9.6")
# Otter's fastest way to grade many without Docker: its own function, in one process.
OTTER_LOOP = """
import sys
from otter.api import grade_submission
for path in sys.argv[2:]:
    print(grade_submission(path, sys.argv[1], quiet=True).total)
"""
NBGRADER_CONFIG = 'c = get_config()\nc.CourseDirectory.course_id = "six"\n'


def environment(cache: Path) -> Path:
    """Return the programs of an environment with both graders; make it where it is missing."""
    programs, ready = cache / "bin", cache / "ready"
    if not ready.is_file() or ready.read_text() != " ".join(WANTED):
        subprocess.run([PYTHON, "-m", "venv", cache], check=True)
        install = [str(programs / "python"), "-m", "pip", "install", "--quiet", *WANTED]
        subprocess.run(install, check=True)
        ready.write_text(" ".join(WANTED))
    return programs


@dataclass(frozen=True)
class _Rival:
    """A grader with its release in `folder`, and `count` submissions there.

    Attributes:
        programs: of its environment.
        folder: its own.
        count: how many submissions lie there.
    """

    programs: Path
    folder: Path
    count: int


class Otter(_Rival):
    """otter-grader, with one zip that grades."""

    def prepare(self) -> None:
        """Write the master, the release and the submissions."""
        self.folder.mkdir()
        _write(self.folder / "six.ipynb", otter_master())
        self.assign()
        release = _read(self.folder / "dist" / "student" / "six.ipynb")
        for number in range(self.count):
            _write(self.folder / f"s{number}.ipynb", _told_apart(solved(release), number))

    def assign(self) -> Sample:
        """Make the release without running the tests."""
        command = (self.programs / "otter", "assign", "six.ipynb", "dist", "--no-run-tests")
        return spent(command, self.folder)

    def run(self) -> Sample:
        """Grade one submission."""
        return spent((self.programs / "otter", "run", "-a", self._bundle, "s0.ipynb"), self.folder)

    def loop(self, count: int) -> Sample:
        """Grade some submissions in one process."""
        names = [f"s{number}.ipynb" for number in range(count)]
        command = (str(self.programs / "python"), "-c", OTTER_LOOP, self._bundle, *names)
        return spent(command, self.folder)

    def score(self) -> float:
        """Return what the submission of the last `run` earned."""
        tests = _read(self.folder / "results.json")["tests"]
        return float(sum(test.get("score") or 0 for test in tests))

    @property
    def _bundle(self) -> str:
        return str(max((self.folder / "dist" / "autograder").glob("*.zip")))


class Nbgrader(_Rival):
    """nbgrader, with a course and its database."""

    def prepare(self) -> None:
        """Write the master, the release and the submissions."""
        _write(self.folder / "source" / "six" / "six.ipynb", nbgrader_master())
        (self.folder / "nbgrader_config.py").write_text(NBGRADER_CONFIG)
        self.assign()
        release = _read(self.folder / "release" / "six" / "six.ipynb")
        for number in range(self.count):
            path = self.folder / "submitted" / f"s{number}" / "six" / "six.ipynb"
            _write(path, _told_apart(solved(release), number))

    def assign(self) -> Sample:
        """Make the release."""
        command = (self.programs / "nbgrader", "generate_assignment", "six", "--create", "--force")
        return spent(command, self.folder)

    def autograde(self, count: int) -> Sample:
        """Grade some submissions with one command."""
        several = "s[" + "".join(map(str, range(count))) + "]"
        only = f"--student={several}"
        return spent((self.programs / "nbgrader", "autograde", "six", only, "--force"), self.folder)

    def score(self) -> float:
        """Return what the first submission earned."""
        read = "print(Gradebook('sqlite:///gradebook.db').find_submission('six', 's0').score)"
        code = f"from nbgrader.api import Gradebook; {read}"
        command = [str(self.programs / "python"), "-c", code]
        said = subprocess.run(command, cwd=self.folder, check=True, stdout=subprocess.PIPE)
        return float(said.stdout)


def _told_apart(notebook: Notebook, number: int) -> Notebook:
    """Return a notebook like no other, so that no grader can remember it."""
    cells = list(notebook["cells"])
    first = next(n for n, cell in enumerate(cells) if cell["cell_type"] == "markdown")
    cells[first] = {**cells[first], "source": f"{''.join(cells[first]['source'])}\n\n({number})"}
    return {**notebook, "cells": cells}


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _write(path: Path, notebook: Notebook) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")


if __name__ == "__main__":
    print(environment(Path(sys.argv[1]).absolute()))
