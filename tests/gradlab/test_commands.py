"""Every command: help with an example, one-line errors, exit codes."""

from __future__ import annotations

import errno
import importlib
import json
import os
import pkgutil
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import gradlab
from autograder.level import LEVELS
from gradlab.cli.commands import commands
from tests.gradlab.conftest import run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", sorted(commands.commands))
def test_help_has_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(name, "--help") == 0
    assert f"  gradlab {name}" in capsys.readouterr().out


def test_a_folder_without_a_course(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("assign") == 2
    assert capsys.readouterr().err == (
        f"gradlab: no course.toml in {tmp_path} or above; run this inside a course folder\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["grade"],
        ["grade", "x"],
        ["nothing"],
        ["data", "mnist"],
        ["explain", "first_steps", "nowhere", "rectify_values"],
        ["gradescope", "first_steps", "--rehearse", "nowhere"],
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    assert run(*arguments) == 2


@pytest.mark.parametrize("command", ["assign", "verify", "expected", "hints", "staff"])
def test_a_course_without_assignments(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    (tmp_path / "course.toml").write_text('assignments = "homeworks"\n')
    monkeypatch.chdir(tmp_path)
    assert run(command) == 2
    assert capsys.readouterr().err == (
        f"gradlab: no assignments in {tmp_path / 'homeworks'}; make one with `gradlab new NAME`\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["init", "file/course"],
        ["staff", "first_steps", "--no-run", "--out", "file/x"],
        ["audit", "first_steps", "--max", "1", "--page", "file/x/page.html"],
        ["gradescope", "first_steps", "--out", "file/x.zip"],
        ["grade", "first_steps", "solutions", "--out", "file/x", "--require", "split"],
        ["data", "cifar10", "--to", "file/x"],
    ],
    ids=" ".join,
)
def test_where_nothing_can_be_written(
    course: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    (course / "file").touch()
    assert run(*arguments) == 2
    error = capsys.readouterr().err
    assert "file" in error
    assert error.count("\n") == 1


def test_a_full_disk_is_no_fault_of_ours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(importlib.import_module("gradlab.cli.choosing"), "course", fail)
    monkeypatch.delenv("GRADLAB_DEBUG", raising=False)
    assert run("assign") == 2
    assert "this machine refuses: " in capsys.readouterr().err


@pytest.mark.parametrize("out", ["in", "in/results", "../course/in/results"])
def test_results_do_not_lie_among_submissions(
    course: Path, capsys: pytest.CaptureFixture[str], out: str
) -> None:
    shutil.copytree(course / "solutions/first_steps_hw", course / "in/ada/first_steps_hw")
    assert run("grade", "first_steps", "in", "--out", out, "--require", "split") == 2
    assert "choose another --out" in capsys.readouterr().err
    assert [path.name for path in (course / "in").iterdir()] == ["ada"]


def test_the_sample_class_takes_the_place_of_no_real_one(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = '[[submission]]\nname = "all-right"\nstart = "reference"\n'
    (course / "assignments/first_steps/samples.toml").write_text(table)
    real = course / "submissions/ada/work.py"
    real.parent.mkdir(parents=True)
    real.touch()
    assert run("demo", "first_steps", "--out", ".") == 2
    assert "submissions is there, and no sample class" in capsys.readouterr().err
    assert real.is_file()
    assert [run("demo", "first_steps", "--out", "shown") for _ in range(2)] == [0, 0]


def test_our_own_fault_is_one_line_and_3(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise ZeroDivisionError("a bug\nof ours")

    monkeypatch.setattr(importlib.import_module("gradlab.cli.choosing"), "course", fail)
    monkeypatch.delenv("GRADLAB_DEBUG", raising=False)
    assert run("assign") == 3
    error = capsys.readouterr().err
    assert error.startswith("gradlab: our own fault, not yours: ZeroDivisionError: a bug (")
    assert error.count("\n") == 1


def test_everything_that_is_exported_exists() -> None:
    packages = [
        gradlab,
        importlib.import_module("generator"),
        importlib.import_module("autograder"),
    ]
    checked = 0
    for package in packages:
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(info.name)
            for name in getattr(module, "__all__", ()):
                assert hasattr(module, name), f"{info.name} has no {name}"
                checked += 1
    assert checked > 50
    assert all(hasattr(gradlab, name) for name in gradlab.__all__)


def test_where_nobody_reads_on_the_work_is_done_all_the_same(course: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "gradlab", "new", "relu"]
    with os.fdopen(write, "wb") as nobody:
        done = subprocess.run(
            command, cwd=course, stdout=nobody, stderr=subprocess.PIPE, timeout=300, check=False
        )
    assert (done.returncode, done.stderr) == (0, b"")
    assert (course / "assignments/relu/expected/checks.json").exists()


def test_doctor_speaks_to_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("doctor", "--json") in (0, 1)
    assert json.loads(capsys.readouterr().out)["level"] in LEVELS


def test_a_check_that_may_take_longer_than_a_submission(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checks = course / "assignments/first_steps/checks.py"
    checks.write_text(checks.read_text().replace("@suite.check(", "@suite.check(cpu_s=901, ", 1))
    assert run("verify", "first_steps") == 2
    said = capsys.readouterr().err
    assert "checks.py:" in said
    assert "cpu_s = 901 does not fit into budget_s = 900" in said
