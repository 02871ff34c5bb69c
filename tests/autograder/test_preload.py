"""Packages that every worker has from the start, and checks that exist only where they do."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from autograder import level
from autograder.box.ref import Ref
from autograder.forkserver import ForkServer
from autograder.suites import points
from autograder.verify import reference_submission
from autograder.worker import Worker
from gradlab.cli import steps
from gradlab.course import Course, Limits
from gradlab.errors import AuthorMistake, UserMistake

if TYPE_CHECKING:
    from pathlib import Path

    from gradlab.course import Assignment

LIMITS = Limits(cpu_s=5, wall_s=30, memory_mb=256)
RARE = "xmlrpc.client"  # nothing else imports it; it stands for a package such as torch
SOURCE = f"""
import sys
seen = [name for name in ("{RARE}", "statistics") if name in sys.modules]
def f(): return seen
"""
CHECK = f'''

@suite.check(points=5, question="rare", preloaded=["{RARE}"])
def rare(student, expect, draw):
    """The forward pass is right where a rare package is at hand"""
    x = draw.normal(4, 5)
    expect.close({{{{"out": student.{{module}}.{{function}}(x)}}}}, max_error=1e-7)
'''


def seen(server: ForkServer) -> object:
    """Return which packages are loaded in a worker before its own code imports any."""
    with closing(Worker(server, LIMITS)) as worker:
        files = {"w.py": SOURCE.encode()}
        assert worker.ask("load", files=files, stand_ins=[], pictures=False)["ok"]
        assert worker.ask("import", module="w")["ok"]
        asked = {"target": Ref("w", (("attr", "f"),)), "args": [], "kwargs": {}}
        return worker.ask("call", **asked)["value"]


@pytest.mark.parametrize(("preload", "there"), [((RARE,), [RARE]), ((), [])])
def test_packages_are_there_in_every_worker_and_only_if_asked_for(
    preload: tuple[str, ...], there: list[str]
) -> None:
    with level.open_box(preload=preload) as server:
        assert seen(server) == there
        assert seen(server) == there


@pytest.mark.parametrize("name", ["no_such_package", "json.no_such_module"])
def test_a_package_that_is_not_there_is_named_before_anything_runs(name: str) -> None:
    words = rf"preload in assignment\.toml: {name} cannot be imported \(ModuleNotFoundError"
    with pytest.raises(UserMistake, match=words):
        ForkServer(preload=("json", name))
    with pytest.raises(UserMistake, match="install it, or take it out there"):
        level.open_box(preload=(name,))


@pytest.fixture(scope="module")
def new_course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new")
    steps.init(folder)
    return folder


@pytest.fixture
def assignment(new_course: Path, tmp_path: Path) -> Assignment:
    """The assignment of a new course, with a check that needs a rare package."""
    shutil.copytree(new_course, tmp_path / "course")
    found = Course.find(tmp_path / "course").assignment("first_steps")
    (module,), checks = found.modules, found.folder / "checks.py"
    role = module.removesuffix(".py")
    text = checks.read_text()
    function = text.split(f"student.{role}.")[1].split("(")[0]
    checks.write_text(text + CHECK.format(module=role, function=function))
    return found


def preloading(assignment: Assignment, line: str) -> Assignment:
    """Return the assignment with another line in place of `preload = ...`."""
    path = assignment.folder / "assignment.toml"
    top, *tables = path.read_text().split("\n[")
    lines = [text for text in top.splitlines() if not text.startswith("preload")]
    path.write_text("\n[".join(["\n".join([*lines, line]) + "\n", *tables]))
    return assignment.course.assignment(assignment.name)


def graded(assignment: Assignment, folder: Path) -> dict[str, float]:
    """Grade the reference; return its points by check."""
    handed_in = folder / "in" / "all-right"
    for name, content in reference_submission(assignment).files.items():
        (handed_in / name).parent.mkdir(parents=True, exist_ok=True)
        (handed_in / name).write_bytes(content)
    steps.grade(assignment, (handed_in,), folder / "out", 1)
    table = json.loads((folder / "out/all-right/results.json").read_text())
    return {t["extra_data"]["check"]: t["score"] for t in table["tests"] if "score" in t}


@pytest.mark.slow
def test_a_check_exists_only_where_the_course_preloads_its_packages(
    assignment: Assignment, tmp_path: Path
) -> None:
    usual = points(assignment)
    steps.expected(assignment, write=True)
    assert "rare" not in graded(assignment, tmp_path / "without")
    asked = preloading(assignment, f'preload = ["{RARE}"]')
    steps.expected(asked, write=True)
    assert points(asked) == usual | {"rare": 5.0}
    assert graded(asked, tmp_path / "with")["rare"] == 5
    again = preloading(assignment, "")
    lines, drifted = steps.expected(again, write=True)
    assert not drifted
    assert "rare" not in graded(again, tmp_path / "again")
    asked = preloading(assignment, f'preload = ["{RARE}"]')  # its recording was kept
    assert graded(asked, tmp_path / "back")["rare"] == 5
    assert steps.verify(asked) == [], lines


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('preload = "torch"', "preload must be a list of module names"),
        ('preload = ["a b"]', "preload: 'a b' is not a plain module name"),
        ('preload = ["../x"]', "not a plain module name"),
    ],
)
def test_what_is_no_list_of_packages_is_named(
    assignment: Assignment, line: str, words: str
) -> None:
    with pytest.raises(AuthorMistake, match=words):
        preloading(assignment, line)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('requirements = ["torch>=2.0", "a-b.c"]', ""),
        ('requirements = "torch"', "requirements must be a list of package names"),
        ('requirements = ["torch; rm"]', "is not a plain package name"),
        ('requirements = ["-r x"]', "is not a plain package name"),
        ('requirements = ["git+https://x"]', "is not a plain package name"),
    ],
)
def test_students_are_told_what_to_install_beside_the_usual(
    assignment: Assignment, line: str, words: str
) -> None:
    if words:
        with pytest.raises(AuthorMistake, match=words):
            preloading(assignment, line)
        return
    files = steps.release(preloading(assignment, line)).files
    assert files["requirements.txt"].decode().endswith("\ntorch>=2.0\na-b.c\n")
    assert "torch>=2.0" in files["environment.yml"].decode()
