"""The commands on real courses: this one, and one that `gradlab new` has just made."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from autograder.recording import Recording
from gradlab.cli import commands, sample
from gradlab.course import Course
from gradlab.errors import AuthorMistake
from tests.course.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gradlab.course import Assignment


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        commands.main(list(arguments))
    return int(caught.value.code or 0)


# Every assignment, of which the short ones are enough for `make test`.
SHORT = {"softmax", "svm"}
EVERY = [
    pytest.param(name, marks=() if name in SHORT else pytest.mark.slow)
    for name in Course.find(ROOT).names()
]


@pytest.mark.parametrize("name", EVERY)
def test_the_recording_is_of_this_reference(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("expected", name) == 0
    assert "beyond" not in capsys.readouterr().out


@pytest.mark.parametrize("name", EVERY)
def test_verify_proves_an_assignment(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("verify", name) == 0
    assert "the reference earns everything" in capsys.readouterr().out


def test_recordings_carry_provenance(assignment: Assignment) -> None:
    recording = Recording.read(assignment.folder / "expected", "checks")
    assert {"numpy", "python", "blas", "platform", "gradlab"} <= recording.provenance.keys()
    assert len(recording.provenance["sha256 of checks.py"]) == 64
    assert "TwoLayerNet.loss" in recording.holes


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    (tmp_path / "course.toml").write_text('title = "New"\n')
    for name in ("assignments", "solutions"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    assert run("new", "relu") == 0
    return Course.find(tmp_path)


class TestNewCourse:
    def test_a_new_assignment_works(
        self, course: Course, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run("verify", "relu") == 0
        assert run("assign", "relu") == 0
        assert run("expected") == 0
        assert run("grade", "relu", str(course.release / "relu"), "--out", "marks") == 0
        table = json.loads((course.root / "marks/relu/results.json").read_text())
        assert table["score"] == 0
        assert "not implemented" in capsys.readouterr().out

    def test_an_existing_name_is_refused(
        self, course: Course, capsys: pytest.CaptureFixture[str]
    ) -> None:
        before = sorted(course.root.rglob("*"))
        assert run("new", "relu") == 2
        assert capsys.readouterr().err.startswith("gradlab: ")
        assert sorted(course.root.rglob("*")) == before

    def test_a_changed_reference_is_drift(
        self, course: Course, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (path,) = course.solutions.glob("*/relu.py")
        text = path.read_text()
        assert "0" in text
        path.write_text(text.replace("0", "0.25"))
        assert run("expected", "relu") == 1
        assert "beyond its tolerance" in capsys.readouterr().out
        assert run("verify", "relu") == 1
        assert run("expected", "relu", "--write") == 0
        assert run("expected", "relu") == 0

    def test_a_reference_that_raises_is_the_authors_mistake(
        self, course: Course, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (path,) = course.solutions.glob("*/relu.py")
        path.write_text(path.read_text() + "\n\nraise ValueError('unfinished')\n")
        assert run("expected", "relu") == 2
        assert "unfinished" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            ("max_error=", "max_eror=", "exactly one tolerance"),
            ("student.relu", "student.relus", "no module relus"),
            ("draw.normal(4, 5)", "numpy.ones(3)", "NameError: name 'numpy'"),
            ("expect.close(", "expect.closed(", "AttributeError"),
        ],
    )
    def test_a_mistake_in_a_check_names_file_line_and_check(
        self, course: Course, capsys: pytest.CaptureFixture[str], old: str, new: str, words: str
    ) -> None:
        path = course.assignments / "relu/checks.py"
        text = path.read_text()
        path.write_text(text.replace(old, new))
        line = 1 + next(n for n, line in enumerate(text.splitlines()) if old in line)
        assert run("expected", "relu") == 2
        error = capsys.readouterr().err
        assert f"checks.py:{line}: check rectify_values: " in error
        assert words in error

    def test_a_missing_recording_says_what_to_do(
        self, course: Course, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (course.assignments / "relu/expected/checks.json").unlink()
        assert run("grade", "relu", str(course.solutions), "--out", "marks") == 2
        assert "gradlab expected" in capsys.readouterr().err


def test_grade_wants_submissions_that_exist(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("grade", "two_layer_net", str(tmp_path / "gone")) == 2
    assert run("grade", "two_layer_net", str(tmp_path)) == 2
    assert "no submissions" in capsys.readouterr().err


def test_results_need_a_folder_that_can_be_made(
    assignment: Assignment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    submission = assignment.folder / "two_layer_net.ipynb"
    assert run("grade", "two_layer_net", str(submission), "--out", str(tmp_path / "file")) == 2
    assert "results cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("find    = ", 'find    = "no such line" # ', "has no 'no such line'"),
        ('start = "release"', 'start = "nothing"', "'nothing'"),
        ("[[submission]]", "[[submission]", "not valid TOML"),
        ('name  = "', 'name  = "../', "is not a plain name"),
        ('start = "release"', 'start = "release"\nleave_out = 3', "leave_out must be a list"),
    ],
)
def test_a_sample_class_that_names_what_is_not_there_is_refused(
    assignment: Assignment,
    release: Mapping[str, bytes],
    tmp_path: Path,
    old: str,
    new: str,
    words: str,
) -> None:
    folder = tmp_path / assignment.name
    shutil.copytree(assignment.folder, folder)
    path = folder / "samples.toml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(AuthorMistake, match=r"samples\.toml") as caught:
        sample.sample_class(replace(assignment, folder=folder), release)
    assert words in str(caught.value)
