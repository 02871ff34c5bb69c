"""What a release consists of, beside its notebooks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from generator.modules import marked_lines, student_modules
from generator.release import build
from gradlab.errors import AuthorMistake

if TYPE_CHECKING:
    from tests.generator.tiny import Tiny

SETTINGS = 'title = "Tiny"\npackage = "net"\nnotebooks = ["tiny.ipynb"]\n'
KNN = "def predict(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION\n"


def nested(tiny: Tiny, modules: str = '["layers.py", "classifiers/knn.py"]') -> Tiny:
    tiny.texts["assignments/tiny/assignment.toml"] = f"{SETTINGS}modules = {modules}\n"
    tiny.texts["solutions/net/classifiers/knn.py"] = KNN
    tiny.texts["solutions/net/classifiers/__init__.py"] = '"""Classifiers."""\n'
    return tiny


def test_modules_in_subfolders(tiny: Tiny) -> None:
    files = nested(tiny).build().files
    assert b"raise NotImplementedError" in files["net/classifiers/knn.py"]
    assert files["net/classifiers/__init__.py"] == b'"""Classifiers."""\n'
    assignment = tiny.write().assignment("tiny")
    assert assignment.role("knn") == "net.classifiers.knn"
    assert list(student_modules(assignment)) == ["net/layers.py", "net/classifiers/knn.py"]
    assert marked_lines(assignment)["net/classifiers/knn.py"] == [range(3, 4)]


@pytest.mark.parametrize(
    "name",
    ["../secret.py", "a/../b.py", "/etc/passwd", "a//b.py", "./a.py", ".a/b.py", "a\\b.py", ""],
)
def test_paths_that_leave_the_package(tiny: Tiny, name: str) -> None:
    with pytest.raises(AuthorMistake, match="is not a plain file name"):
        nested(tiny, json.dumps([name])).build()


def test_two_modules_that_checks_could_not_tell_apart(tiny: Tiny) -> None:
    tiny.texts["solutions/net/classifiers/layers.py"] = KNN
    with pytest.raises(AuthorMistake, match="modules: two are called layers"):
        nested(tiny, '["layers.py", "classifiers/layers.py"]').build()


def with_files(tiny: Tiny, *names: str) -> Tiny:
    toml = f'{SETTINGS}modules = ["layers.py"]\nfiles = {json.dumps(names)}\n'
    tiny.texts["assignments/tiny/assignment.toml"] = toml
    return tiny


def test_data_and_a_script_that_fetches_data(tiny: Tiny) -> None:
    tiny.texts["assignments/tiny/data/toy.csv"] = "1,2\n"
    tiny.texts["assignments/tiny/get_data.py"] = "import urllib.request\n"
    files = with_files(tiny, "data/toy.csv", "get_data.py").build().files
    assert files["data/toy.csv"] == b"1,2\n"
    assert b"Run `python get_data.py` once." in files["README.md"]
    assert "get_data.py" in json.loads(files["MANIFEST.json"])["files"]


@pytest.mark.parametrize(
    "name", ["checks.py", "public.py", "expected/checks.json", "assignment.toml", "tiny.ipynb"]
)
def test_files_that_are_for_staff(tiny: Tiny, name: str) -> None:
    tiny.texts["assignments/tiny/expected/checks.json"] = "{}"
    with pytest.raises(AuthorMistake, match=f"files: {name} is not for students"):
        with_files(tiny, name).build()


def test_a_file_that_is_not_there(tiny: Tiny) -> None:
    with pytest.raises(AuthorMistake, match=r"files: there is no .*toy\.csv"):
        with_files(tiny, "toy.csv").build()


def test_requirements_are_lower_bounds_in_both_forms(tiny: Tiny) -> None:
    files = tiny.build().files
    wanted = files["requirements.txt"].decode().split()
    assert wanted
    assert all(line.count(">=") == 1 for line in wanted)
    conda = files["environment.yml"].decode().splitlines()
    assert conda[1] == "name: tiny"
    assert [line.removeprefix("  - ") for line in conda[-len(wanted) :]] == wanted


def test_the_readme_says_what_students_need(tiny: Tiny) -> None:
    tiny.artifacts = ["best.npz"]
    text = tiny.build().files["README.md"].decode()
    for part in ("What to do", "How to check", "What to hand in", "What is your own work"):
        assert f"## {part}" in text
    for name in ("tiny.ipynb", "net/layers.py", "best.npz"):
        assert f"- `{name}`" in text


def test_an_assignment_in_which_nothing_is_to_be_written(tiny: Tiny) -> None:
    tiny.texts["assignments/tiny/assignment.toml"] = f'{SETTINGS}supplied = ["given.py"]\n'
    tiny.cells[0]["source"] = "from net.given import TAU"
    assert tiny.problems() == [
        "assignments/tiny: nothing to write in any notebook: mark what students write"
    ]


def test_a_courses_own_dialect_is_used_everywhere(tiny: Tiny) -> None:
    tiny.texts["course.toml"] = (
        '[[dialect]]\nname = "ours"\nstart = "# >>> yours"\nend = "# <<< yours"\nstub = "pass"\n'
    )
    block = "# >>> yours\n{}y = 12345 * 2\n{}# <<< yours\n"
    tiny.texts["solutions/net/layers.py"] = f"def f():\n    {block.format('    ', '    ')}"
    tiny.cells = []
    tiny.code(block.format("", "").replace("12345", "54321"))
    files = tiny.build().files
    assert files["net/layers.py"] == b"def f():\n    pass\n"
    assert "54321" not in files["tiny.ipynb"].decode()
    tiny.texts["solutions/net/given.py"] = block.format("", "")
    assert "list the file in `modules`" in tiny.problems()[0]


def test_dialects_in_a_file_of_their_own(tiny: Tiny) -> None:
    tiny.texts["course.toml"] = 'dialects = "marks.toml"\n'
    tiny.texts["marks.toml"] = '[[dialect]]\nname = "x"\nstart = "# A"\nend = "# B"\n'
    tiny.texts["solutions/net/layers.py"] = "def f():\n    # A\n    return 1\n    # B\n"
    assert b"NotImplementedError" in tiny.build().files["net/layers.py"]
    tiny.texts["course.toml"] += '[[dialect]]\nname = "y"\nstart = "# C"\nend = "# D"\n'
    with pytest.raises(AuthorMistake, match=r"dialects stand in marks\.toml; move this one there"):
        tiny.build()
    tiny.texts["course.toml"] = 'dialects = "nowhere.toml"\n'
    with pytest.raises(AuthorMistake, match=r"nowhere\.toml: there is no such file with"):
        tiny.build()


PROGRAM = """
import sys
from pathlib import Path
from generator.release import build, write
from gradlab.course import Course
course = Course.find(Path(sys.argv[1]))
print(write(build(course.assignment("tiny"), points={"a": 1.5}), course.release)[1])
"""


def test_bytes_are_the_same_in_another_folder_locale_and_time_zone(
    tiny: Tiny, tmp_path: Path
) -> None:
    archives = []
    for name, language, zone, seed in (
        ("one", "C", "UTC", "1"),
        ("zwei/drei", "tr_TR.UTF-8", "Asia/Kathmandu", "2"),
    ):
        tiny.root, tiny.minor = tmp_path / name, 4
        tiny.cells = tiny.cells[:1]
        tiny.markdown("Größe {points:a} ıİ 中文")
        tiny.write()
        ran = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(tiny.root)],
            env={**os.environ, "LC_ALL": language, "TZ": zone, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        archives.append(Path(os.fsdecode(ran.stdout.strip())).read_bytes())
    assert archives[0] == archives[1]


def test_the_same_assignment_twice_in_one_process(tiny: Tiny) -> None:
    assignment = tiny.write().assignment("tiny")
    assert build(assignment) == build(assignment)
