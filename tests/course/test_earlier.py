"""Modules of an earlier assignment: handed out, brought along, missing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from autograder.at_home.given import given_files
from autograder.at_home.handing_in import look
from autograder.at_home.homework import Homework
from autograder.intake import Submission
from autograder.stage import Plan, stage
from autograder.suite import Suite
from generator.modules import marked_lines, student_modules
from gradlab.cli import steps
from gradlab.course import Course
from tests.course.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from gradlab.course import Assignment

NET, LAYERS, OPTIM = "nndl/fc_net.py", "nndl/layers.py", "nndl/optim.py"
HOLES = ("TwoLayerNet.loss", "affine_forward", "sgd")
ABSENT = "nndl/optim.py, yours from an earlier assignment, was not handed in"


@pytest.fixture(scope="module", params=["submission", "release"])
def assignment(request: pytest.FixtureRequest) -> Assignment:
    """Fully connected nets, with either setting."""
    chosen = Course.find(ROOT).assignment("fully_connected")
    return replace(chosen, earlier_from=request.param)


def holed(assignment: Assignment) -> bool:
    return assignment.earlier_from == "submission"


def test_they_are_released_with_holes_or_whole(assignment: Assignment) -> None:
    files = steps.release(assignment).files
    reference = (assignment.source / "layers.py").read_bytes()
    assert (files[LAYERS] != reference) == holed(assignment)
    assert b"scores, scores_cache = affine_forward(" not in files[NET]
    readme = " ".join(files["README.md"].decode().split())
    words = "still empty" if holed(assignment) else "What is here works"
    assert "come from an earlier assignment" in readme
    assert words in readme
    assert f"- `{LAYERS}`" in files["README.md"].decode()


def test_they_are_no_part_of_what_is_audited(assignment: Assignment) -> None:
    assert list(marked_lines(assignment)) == [NET]
    assert {LAYERS, OPTIM} < set(student_modules(assignment))


def staged(assignment: Assignment, *names: str) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Return what runs of a submission with some files, and what is missing."""
    plan = Plan.of(assignment, student_modules(assignment), HOLES)
    files = {name: f"# mine: {name}\n".encode() for name in names}
    found, _ = stage(Submission("s", files), plan)
    return found.files, found.missing


def test_what_is_handed_in_runs(assignment: Assignment) -> None:
    files, missing = staged(assignment, NET, LAYERS)
    assert files[LAYERS] == b"# mine: nndl/layers.py\n"
    assert missing == ()


def test_what_is_not_handed_in_says_so_or_is_the_released_one(assignment: Assignment) -> None:
    files, missing = staged(assignment, NET, LAYERS)
    reference = (assignment.source / "optim.py").read_bytes()
    if holed(assignment):
        assert f"raise NotImplementedError({ABSENT!r})" in files[OPTIM].decode()
        assert b"def adam(" in files[OPTIM]
    else:
        assert files[OPTIM] == reference
    assert missing == ()


def test_a_module_of_this_assignment_is_still_missing(assignment: Assignment) -> None:
    assert staged(assignment, LAYERS, OPTIM)[1] == (NET,)


@pytest.mark.parametrize("words", ["is still empty; put yours in its place", ""])
def test_at_home_an_unchanged_one_is_named_where_it_has_holes(tmp_path: Path, words: str) -> None:
    homework = Homework(
        suite=Suite("s"),
        title="S",
        recorded={},
        roles={},
        released={"layers.py": "x = 1\n"},
        unchanged={"layers.py": words},
    )
    (tmp_path / "layers.py").write_text("x = 1\n")
    digest = hashlib.sha256((tmp_path / "layers.py").read_bytes()).hexdigest()
    (tmp_path / "MANIFEST.json").write_text(json.dumps({"files": {"layers.py": digest}}))
    said = look(homework, tmp_path, given_files(homework, tmp_path), {})[0]
    assert (said.word, words in said.text) == ("warning" if words else "ok", True)
