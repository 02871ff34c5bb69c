"""Every attack through the zip, in the site's layout: nothing is reached, and nothing is earned."""

from __future__ import annotations

import ast
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from autograder.gradescope.bundle import total
from autograder.status import STATUSES
from gradlab.cli.gradescope import archive, contents
from gradlab.cli.rehearsal import metadata_like, submit
from tests.conftest import PROVING
from tests.gradescope.conftest import Image, new_assignment, no_landlock, record_once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlab.course import Assignment

SAMPLES = Path(__file__).parents[1] / "attacks/samples"
# Harm takes minutes: most of it only ends when the limits do.
FAMILIES = ("marks", "reach", "harm") if PROVING else ("marks", "reach")
TAKES = {"marks": ["x"], "reach": ["scene"], "harm": []}
# Attacks may take as long as they do.
LONG = "budget_s = 2300\n", "\n[gradescope]\ntimeout_min = 40\n"
# The attackers are told what they need, so that none fails for want of knowledge; they look for a
# token.
CHECKS = """
import os
from pathlib import Path

from autograder.box.seccomp import ARCHITECTURES, NUMBERS
from gradlab import Suite

TOKEN = "hidden-token-77"
ROOT = Path(__file__).resolve().parents[2]
suite = Suite("attacked")


def facts():
    own = os.getpid()
    servers = Path(f"/proc/{own}/task/{own}/children").read_text().split()
    places = {
        "course": "source/bundle", "checks": "source/bundle/checks.py",
        "results": "results/results.json", "other": "submission/attacked_hw/attacked.py",
        "neighbour": "source/staff/mine", "socket": "none", "datagrams": "none",
    }
    column = ARCHITECTURES[os.uname().machine][1]
    return {
        **{name: str(ROOT / path) for name, path in places.items()},
        "neighbour_pid": int(servers[-1]), "server": int(servers[0]),
        "grader": own, "bystander": os.getppid(), "tag": "gradlab-attack",
        "tcp": 9, "udp": 9, "terminal": "/dev/tty",
        "calls": {name: row[column] or 0 for name, row in NUMBERS.items()},
    }


def marks(name):
    def check(student, expect, draw):
        expect.close({"answer": getattr(student.attacked, name)(draw.normal(4))}, max_error=1e-9)
    return check


def reach(name):
    def check(student, expect):
        expect.close({"reached": len(getattr(student.attacked, name)(facts()))}, max_abs=0)
    return check


def harm(name):
    def check(student, expect):
        expect.close({"answer": getattr(student.attacked, name)()}, max_abs=0)
    return check


def add(make, name, called, **limits):
    check = make(called)
    check.__name__, check.__doc__ = name, name
    suite.check(points=1, question=name, memory_mb=256, **limits)(check)


"""
ADDED = """
add({family}, "{name}", "{name}", cpu_s={cpu_s}, wall_s={wall_s})
add(marks, "right_after_{name}", "right", cpu_s=5, wall_s=30)
"""
RIGHT = "\n\ndef right(x):\n    return 3 * x + 1\n"
ANSWERS = {"marks": "right(x)", "reach": "[]", "harm": "77.25"}


def attacks(family: str) -> Iterator[str]:
    """Yield the names of the attacks of a family, by what they take; others are their helpers."""
    for path in sorted((SAMPLES / family).glob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef):
                takes = [argument.arg for argument in node.args.args]
                if takes == TAKES[family] and not node.name.startswith("_"):
                    yield node.name


def write_assignment(assignment: Assignment) -> None:
    """Make the hidden checks ask for every attack, and after each for something right."""
    checks, reference = CHECKS, (assignment.source / "attacked.py").read_text() + RIGHT
    for family in FAMILIES:
        cpu_s, wall_s = (2, 6) if family == "harm" else (10, 60)
        for name in attacks(family):
            checks += ADDED.format(family=family, name=name, cpu_s=cpu_s, wall_s=wall_s)
            takes = ", ".join(TAKES[family])
            reference += f"\n\ndef {name}({takes}):\n    return {ANSWERS[family]}\n"
    (assignment.folder / "checks.py").write_text(checks)
    settings = assignment.folder / "assignment.toml"
    settings.write_text(f"{LONG[0]}{settings.read_text()}{LONG[1]}")
    (assignment.source / "attacked.py").write_text(reference)


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    assignment = new_assignment(tmp_path_factory.mktemp("course"), "attacked")
    write_assignment(assignment)
    read = assignment.course.assignment("attacked")  # its settings have changed
    record_once(read)
    return read


@pytest.fixture(scope="module")
def mallory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A submission with all attacks."""
    folder = tmp_path_factory.mktemp("mallory") / "in"
    (folder / "attacked_hw").mkdir(parents=True)
    paths = [path for family in FAMILIES for path in sorted((SAMPLES / family).glob("*.py"))]
    for path in [SAMPLES / "tools.py", *paths]:
        (folder / path.name).write_bytes(path.read_bytes())
    imports = "".join(f"from {path.stem} import *\n" for path in paths)
    (folder / "attacked_hw/attacked.py").write_text(imports + RIGHT)
    return folder


def everything(folder: Path) -> dict[str, str]:
    """Return what must stay as it is: the zip's files, by path."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    digests = {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    return {path: digest for path, digest in digests.items() if "/staff/" not in path}


@pytest.mark.slow
@pytest.mark.parametrize("level", ["full", "container"])
def test_attacks_through_the_zip(
    level: str, attacked: Assignment, mallory: Path, installed: Image, proof: Any
) -> None:
    files = contents(attacked, "split")
    said = installed.load(archive(files if level == "full" else files | no_landlock(files)))
    if f"level {level}" not in said:
        pytest.skip(f"this machine does not reach {level} in a rehearsal")
    before = everything(installed.container.root / "source")
    done = submit(installed.container, mallory, metadata_like(total(attacked)))
    assert done.problems == (), done.ran.said
    assert everything(installed.container.root / "source") == before
    assert "hidden-token" not in json.dumps(done.table)
    outcomes = {test["extra_data"]["check"]: test for test in done.table["tests"]}
    gained, reached, lost = [], [], []
    for family in FAMILIES:
        for name in attacks(family):
            status = outcomes[name]["extra_data"]["status"]
            if family == "reach":
                reached += [name] if status != "earned" else []
            elif outcomes[name].get("score") != 0 or STATUSES[status].blame != "student":
                gained.append((name, status))
            after = outcomes[f"right_after_{name}"]["extra_data"]["status"]
            lost += [(name, after)] if after != "earned" else []
    assert (gained, reached, lost) == ([], [], [])
    proof.text = f"{len(outcomes)} attacks and right answers through the zip at {level}: 0 points"
