"""Every command: help with an example, one-line errors, exit codes."""

from __future__ import annotations

import importlib
import json
import pkgutil
from typing import TYPE_CHECKING

import pytest

import gradlab
from autograder.level import LEVELS
from gradlab.cli.commands import commands, main

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    return int(caught.value.code or 0)


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


@pytest.mark.parametrize("arguments", [["grade"], ["grade", "x"], ["nothing"], ["data", "mnist"]])
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    assert run(*arguments) == 2


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


def test_doctor_speaks_to_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("doctor", "--json") in (0, 1)
    assert json.loads(capsys.readouterr().out)["level"] in LEVELS
