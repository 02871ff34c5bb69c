"""`gradlab init`, `assign`, `assign --check` and `dialects`, as an instructor meets them."""

from __future__ import annotations

import gc
import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.gradlab.conftest import run

if TYPE_CHECKING:
    from pathlib import Path

SOLUTION = "out = np.maximum(x, 0)"


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.usefixtures("course")
def test_a_new_course_passes_verify_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("verify") == 0
    assert "first_steps: the reference earns everything" in capsys.readouterr().out


def test_a_course_is_not_written_twice(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("init", str(course)) == 2
    assert "is not empty; choose a new folder" in capsys.readouterr().err


def test_check_shows_what_would_change(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("assign", "--check") == 1
    assert "+++ now/first_steps/first_steps.ipynb" in capsys.readouterr().out
    assert not (course / "release").exists()
    assert run("assign") == 0
    capsys.readouterr()
    assert run("assign", "--check") == 0
    assert capsys.readouterr().out == "first_steps: as released\n"


WRITTEN = """

suite.written("why", points=1, title="Why", rubric="1 point for the reason.")
"""


def ask_why(course: Path, answer: str, name: str = "why") -> None:
    """Add a question that a person grades, and its cell."""
    checks = course / "assignments/first_steps/checks.py"
    checks.write_text(checks.read_text() + WRITTEN)
    path = course / "assignments/first_steps/first_steps.ipynb"
    book = json.loads(path.read_text())
    book["cells"].append({"cell_type": "markdown", "id": name, "metadata": {}, "source": answer})
    path.write_text(json.dumps(book))


def test_an_answer_that_is_not_marked_is_not_released(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask_why(course, "Why?\n\nSince the gradient vanishes.")
    assert run("assign") == 2
    assert capsys.readouterr().err == (
        "gradlab: assignments/first_steps/first_steps.ipynb:why: students cannot write here, and "
        "read what stands here; mark the answer\n"
    )
    assert not (course / "release").exists()


def test_an_answer_that_is_marked_is_asked_for(course: Path) -> None:
    ask_why(course, "Why?\n\n<!-- BEGIN SOLUTION -->\nIt vanishes.\n<!-- END SOLUTION -->")
    assert run("assign") == 0
    text = (course / "release/first_steps/first_steps.ipynb").read_text()
    assert "Write your answer here" in text
    assert "vanishes" not in text


def test_a_rubric_without_an_answers_cell_is_named(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask_why(course, "Why?", name="reason")
    assert run("staff", "--no-run") == 0
    note = "first_steps: rubrics in guide.html alone: why (no cell has this id)"
    assert note in capsys.readouterr().out.splitlines()


def test_check_is_a_unified_diff(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("assign")
    edit(course / "assignments/first_steps/first_steps.ipynb", "## Rectify", "## Rectify it")
    (course / "release/first_steps/README.md").unlink()
    capsys.readouterr()
    assert run("assign", "--check") == 1
    lines = capsys.readouterr().out.splitlines()
    assert "--- released/first_steps/first_steps.ipynb" in lines
    assert '-    "## Rectify (2 points)\\n",' in lines
    assert '+    "## Rectify it (2 points)\\n",' in lines
    assert "+## What to do" in lines
    assert [line for line in lines if line.startswith("+++")] == [
        "+++ now/first_steps/README.md",
        "+++ now/first_steps/first_steps.ipynb",
    ]


def test_data_that_changed_is_named(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = course / "assignments/first_steps"
    (folder / "toy.bin").write_bytes(b"\xff\x00")
    with (folder / "assignment.toml").open("a") as file:
        file.write('files = ["toy.bin"]\n')
    run("assign")
    (folder / "toy.bin").write_bytes(b"\xff\x00\x01")
    capsys.readouterr()
    assert run("assign", "--check") == 1
    assert capsys.readouterr().out == "first_steps/toy.bin differs (2 bytes before, 3 now)\n"


def test_a_manifest_that_is_none(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("assign")
    (course / "release/first_steps/MANIFEST.json").write_text("[]")
    assert run("assign", "--check") == 2
    assert "MANIFEST.json cannot be read" in capsys.readouterr().err


def test_a_reference_that_fails_its_checks_is_not_released(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module = course / "solutions/first_steps_hw/first_steps.py"
    edit(module, SOLUTION, "out = np.maximum(x, 1)")
    assert run("assign") == 2
    assert capsys.readouterr().err == (
        f"gradlab: {module}: has changed, and the reference misses what was recorded; "
        "see `gradlab expected first_steps`\n"
    )
    edit(module, "out = np.maximum(x, 1)", "raise ValueError(x)")
    assert run("assign") == 2
    assert "the reference raised" in capsys.readouterr().err
    assert not (course / "release").exists()


def test_a_reference_that_only_reads_better_is_released(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module = course / "solutions/first_steps_hw/first_steps.py"
    edit(module, SOLUTION, "out = np.where(x > 0, x, 0)  # the same")
    assert run("assign") == 0
    note = capsys.readouterr().out.splitlines()[0]
    assert note.startswith(
        "first_steps: first_steps.py has changed and still gives what was recorded"
    )


def test_dialects_are_listed_with_the_courses_own_first(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (course / "course.toml").open("a") as file:
        file.write('[[dialect]]\nname = "ours"\nstart = "# A"\nend = "# B"\n')
    assert run("dialects") == 0
    head, first, *rest = capsys.readouterr().out.splitlines()
    assert head.split() == ["dialect", "scope", "stub", "markers"]
    assert first.split() == [
        "ours",
        "code",
        "raise",
        "NotImplementedError",
        "#",
        "A",
        "...",
        "#",
        "B",
    ]
    assert {"rule", "stars", "todo-box", "solution", "otter-line"} < {r.split()[0] for r in rest}


def test_what_the_dialects_find_in_a_file(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("dialects", "solutions/first_steps_hw/first_steps.py") == 0
    assert capsys.readouterr().out == "solutions/first_steps_hw/first_steps.py:22: rule, 1 line\n"
    assert run("dialects", "assignments/first_steps/first_steps.ipynb") == 0
    assert (
        capsys.readouterr().out == "assignments/first_steps/first_steps.ipynb: nothing is marked\n"
    )
    (course / "hw.py").write_text("# %%\nx = 1  # SOLUTION\n# %% [markdown]\n# {points:x}\n")
    assert run("dialects", "hw.py") == 0
    assert capsys.readouterr().out == "hw.py:cell 1:1: otter-line, 1 line\n"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"### BEGIN SOLUTION\nx\n", "hw.py:1: `### BEGIN SOLUTION` opens a block that is never"),
        (b"\xff", "hw.py: not UTF-8"),
        (None, "there is no file hw.py"),
    ],
)
def test_a_file_whose_marks_are_wrong(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: bytes | None,
    error: str,
) -> None:
    monkeypatch.chdir(tmp_path)  # no course: the built-in dialects
    if content is not None:
        (tmp_path / "hw.py").write_bytes(content)
    assert run("dialects", "hw.py") == 2
    assert capsys.readouterr().err.startswith(f"gradlab: {error}")


@pytest.mark.usefixtures("course")
def test_what_makes_it_quick_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    before = dict(os.environ)
    assert run("assign") == 0
    assert gc.isenabled()
    assert dict(os.environ) == before


def test_the_manifest_names_what_is_in_the_release(course: Path) -> None:
    run("assign")
    folder = course / "release/first_steps"
    files = json.loads((folder / "MANIFEST.json").read_text())["files"]
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert set(files) | {"MANIFEST.json"} == found
