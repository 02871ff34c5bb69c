"""`python check.py --submit`: it looks, says what it sees, and packs all the same."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from autograder.at_home.packing import LARGEST_MB
from autograder.intake import Submission
from autograder.upload import BOUNDS
from gradlab.cli import sample, steps
from tests.course.blocks import lay_out

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from gradlab.course import Assignment

HANDED_IN = ["two_layer_net.ipynb", "nndl/neural_net.py", "best_net.npz"]
LONG_AGO = 1_700_000_000


def submit(folder: Path, code: int = 1) -> str:
    """Return what `--submit` says; by default there is something that it warns of."""
    command = [sys.executable, "-W", "error", "check.py", "--submit"]
    done = subprocess.run(
        command, cwd=folder, env={}, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (code, "")
    return done.stdout


def packed(folder: Path) -> list[str]:
    with zipfile.ZipFile(folder / "submission.zip") as archive:
        assert archive.testzip() is None
        return archive.namelist()


def edit_notebook(folder: Path, change: Callable[[list[dict[str, object]]], None]) -> None:
    path = folder / "two_layer_net.ipynb"
    notebook = json.loads(path.read_text())
    change([cell for cell in notebook["cells"] if cell["cell_type"] == "code"])
    path.write_text(json.dumps(notebook))


def run_all(cells: list[dict[str, object]]) -> None:
    for number, cell in enumerate(cells, 1):
        cell["execution_count"] = number


@pytest.fixture
def finished(assignment: Assignment, release: Mapping[str, bytes], tmp_path: Path) -> Path:
    """The folder of a student who has done everything, the notebook last."""
    files = {**release, **sample.sample_class(assignment, release)["all-right"]}
    lay_out(files, tmp_path)
    for name in files:
        os.utime(tmp_path / name, (LONG_AGO, LONG_AGO))
    edit_notebook(tmp_path, run_all)
    return tmp_path


def test_a_finished_homework_has_no_warnings(finished: Path) -> None:
    said = submit(finished, 0)
    assert "warning" not in said
    assert "two_layer_net.ipynb: run in order, last saved" in said
    assert "6 of 6 right" in said
    assert said.endswith("Hand in this file.\n")
    assert packed(finished) == HANDED_IN
    assert all(re.search(rf"(?m)^    {name}  [\d.]+ [kM]B$", said) for name in HANDED_IN)


def test_the_grader_takes_it_and_gives_all_points(
    assignment: Assignment, finished: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    submit(finished, 0)
    archive = finished / "submission.zip"
    taken = Submission.read(archive)
    assert (taken.problem, taken.notes, list(taken.files)) == ("", (), HANDED_IN)
    results = tmp_path_factory.mktemp("results")
    steps.grade(assignment, (archive,), results, 1)
    (found,) = results.glob("*/results.json")
    tests = json.loads(found.read_text())["tests"]
    assert tests
    statuses = {test["extra_data"]["status"] for test in tests}
    assert statuses == {"earned", "needs a person"}


def test_what_it_packs_is_made_anew(finished: Path) -> None:
    submit(finished, 0)
    (finished / "best_net.npz").write_bytes(b"other")
    submit(finished)
    with zipfile.ZipFile(finished / "submission.zip") as archive:
        assert archive.read("best_net.npz") == b"other"
    assert not (finished / "submission.zip.part").exists()


def test_nothing_but_ones_own_work_goes_in(finished: Path) -> None:
    (finished / "cifar-10-batches-py").mkdir()
    (finished / "cifar-10-batches-py/data_batch_1").write_bytes(b"0" * 100)
    (finished / "nndl/__pycache__").mkdir()
    (finished / "nndl/__pycache__/neural_net.cpython-311.pyc").write_bytes(b"0")
    (finished / "nndl/my_helpers.py").write_text("HALF = 0.5\n")
    said = submit(finished, 0)
    assert "4 files" in said
    assert "no data set" in said
    assert packed(finished) == [*HANDED_IN, "nndl/my_helpers.py"]


def late(cells: list[dict[str, object]]) -> None:
    cells[2]["execution_count"] = 999


def not_run(cells: list[dict[str, object]]) -> None:
    cells[-1]["execution_count"] = None


def failed(cells: list[dict[str, object]]) -> None:
    output = {"output_type": "error", "ename": "E", "evalue": "", "traceback": []}
    cells[-1]["outputs"] = [output]


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        (late, r"two_layer_net\.ipynb: cell \d+ was run before the one above it"),
        (not_run, r"two_layer_net\.ipynb: cell \d+ not run, or not saved since"),
        (failed, r"two_layer_net\.ipynb: cell \d+ ended in an error"),
    ],
)
def test_what_it_says_of_the_notebook(
    finished: Path, change: Callable[[list[dict[str, object]]], None], warning: str
) -> None:
    edit_notebook(finished, change)
    said = submit(finished)
    assert re.search(rf"(?m)^warning  {warning}", said)
    assert "1 warning above. It is packed all the same" in said
    assert packed(finished) == HANDED_IN


def remove(path: Path) -> None:
    path.unlink()


def damage(path: Path) -> None:
    path.write_bytes(b"{ this is no Python and no notebook")
    os.utime(path, (LONG_AGO, LONG_AGO))


def pickled(path: Path) -> None:
    np.savez(path, params=np.array({"W1": 1}, dtype=object))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def touch(path: Path) -> None:
    os.utime(path, (LONG_AGO + 10**9, LONG_AGO + 10**9))


@pytest.mark.parametrize(
    ("name", "change", "warnings"),
    [
        ("best_net.npz", remove, ["best_net.npz: is not there; run the cell"]),
        ("best_net.npz", damage, ["best_net.npz: not an .npz or .npy file of plain arrays"]),
        ("best_net.npz", pickled, ["best_net.npz: not an .npz or .npy file of plain arrays"]),
        ("best_net.npz", empty, ["best_net.npz: is empty"]),
        ("two_layer_net.ipynb", remove, ["two_layer_net.ipynb: is not there; on Colab"]),
        ("two_layer_net.ipynb", damage, ["two_layer_net.ipynb: cannot be read"]),
        ("nndl/neural_net.py", damage, ["nndl/neural_net.py: line 1: "]),
        (
            "nndl/neural_net.py",
            touch,
            [
                "two_layer_net.ipynb: was saved before neural_net.py was changed",
                "best_net.npz: is older than neural_net.py",
            ],
        ),
    ],
)
def test_it_warns_and_packs_all_the_same(
    finished: Path, name: str, change: Callable[[Path], None], warnings: list[str]
) -> None:
    change(finished / name)
    said = submit(finished)
    assert said.count("warning  ") == len(warnings)
    assert all(f"warning  {warning}" in said for warning in warnings)
    assert "packed all the same" in said
    assert f"{len(warnings)} warning" in said
    assert packed(finished) == [n for n in HANDED_IN if change is not remove or n != name]


def test_files_as_they_were_handed_out_are_told(
    release: Mapping[str, bytes], finished: Path
) -> None:
    for name in HANDED_IN[:2]:
        (finished / name).write_bytes(release[name])
    said = submit(finished)
    assert all(f"{name}: is as it was handed out; is it saved?" in said for name in HANDED_IN[:2])


def test_what_is_too_large_is_what_the_grader_refuses(finished: Path) -> None:
    assert BOUNDS.content_mb == LARGEST_MB
    with (finished / "best_net.npz").open("r+b") as file:
        file.truncate((LARGEST_MB << 20) + 1)
    said = submit(finished)
    assert "64 MB are read; the largest file is best_net.npz; as it is, it earns nothing" in said
    assert "hand it in" not in said.lower()
    assert said.endswith("more than 64 MB: make submission.zip smaller.\n")


def test_outputs_that_make_it_too_large_are_left_out(finished: Path) -> None:
    flood = {"output_type": "stream", "name": "stdout", "text": "x" * ((LARGEST_MB << 20) + 1)}
    edit_notebook(finished, lambda cells: cells[3].update(outputs=[flood]))
    before = (finished / "two_layer_net.ipynb").read_bytes()
    said = submit(finished)
    left_out = r"two_layer_net\.ipynb: is packed without its outputs: 3 files, 6\d\.\d MB together"
    assert re.search(left_out, said)
    assert "\n1 warning above." in said
    assert "6 of 6 right" in said
    assert (finished / "two_layer_net.ipynb").read_bytes() == before
    with zipfile.ZipFile(finished / "submission.zip") as archive:
        sent = json.loads(archive.read("two_layer_net.ipynb"))
    kept = json.loads(before)
    assert not any(cell.get("outputs") for cell in sent["cells"])
    assert [c["source"] for c in sent["cells"]] == [c["source"] for c in kept["cells"]]
    assert [c.get("execution_count") for c in sent["cells"]] == [
        c.get("execution_count") for c in kept["cells"]
    ]


def begin_with(folder: Path, function: str, code: str) -> None:
    path = folder / "nndl/neural_net.py"
    head = rf"(?m)^(    def {function}\(.*:\n)"
    path.write_text(re.sub(head, rf"\1        {code}\n", path.read_text()))
    os.utime(path, (LONG_AGO, LONG_AGO))


def use_helper(folder: Path, statement: str) -> None:
    path = folder / "nndl/neural_net.py"
    path.write_text(path.read_text().replace("import numpy as np\n", f"{RULED}{statement}\n", 1))
    os.utime(path, (LONG_AGO, LONG_AGO))


RULED = "import numpy as np\n"
READS = "import json, pathlib; json.loads((pathlib.Path(__file__).parent / 'h.json').read_text())"


@pytest.mark.parametrize(
    ("path", "text", "statement"),
    [
        ("nndl/data_utils.py", "REG = 1\n", "from .data_utils import REG"),
        ("nndl/__init__.py", "REG = 1\n", "from . import REG"),
        ("myhelper.py", "REG = 1\n", "from myhelper import REG"),
        ("mine/h.py", "REG = 1\n", "from mine.h import REG"),
        ("nndl/h.json", "{}\n", READS),
        ("datasets/h.txt", "1\n", "open('datasets/h.txt').close()"),
    ],
)
def test_what_is_not_handed_in_does_not_help(
    assignment: Assignment,
    finished: Path,
    tmp_path_factory: pytest.TempPathFactory,
    path: str,
    text: str,
    statement: str,
) -> None:
    (finished / path).parent.mkdir(exist_ok=True)
    with (finished / path).open("a") as file:
        file.write(text)
    use_helper(finished, statement)
    said = submit(finished)
    supplied = path.startswith("nndl/") and path.endswith(".py")
    changed = f"warning  {path}: was changed; grading uses the original, so put your code into"
    assert (f"{changed} nndl/neural_net.py" in said) is supplied
    assert "0 of 6 right" in said
    assert "6 of 6 public checks are not right" in said
    assert "Hand in this file." not in said
    results = tmp_path_factory.mktemp("results")
    steps.grade(assignment, (finished / "submission.zip",), results, 1)
    (found,) = results.glob("*/results.json")
    tests = json.loads(found.read_text())["tests"]
    graded = [test["extra_data"] for test in tests]
    toys = [item for item in graded if item.get("check", "").startswith("toy_")]
    assert {item["status"] for item in toys} == {"import error"}  # as the rows have said


def test_a_changed_helper_of_ours_that_nobody_needs_is_told(finished: Path) -> None:
    with (finished / "nndl/vis_utils.py").open("a") as file:
        file.write("# mine\n")
    said = submit(finished)
    assert "nndl/vis_utils.py: was changed; grading uses the original" in said
    assert "6 of 6 right" in said
    assert "\n1 warning above." in said


def test_other_line_ends_and_notes_are_no_changes(finished: Path) -> None:
    path = finished / "nndl/data_utils.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    (finished / "README.md").write_text("done\n")
    assert submit(finished, 0).endswith("Hand in this file.\n")


def test_without_a_manifest_it_still_knows_the_modules(finished: Path) -> None:
    (finished / "MANIFEST.json").unlink()
    submit(finished, 0)
    assert packed(finished) == HANDED_IN


def test_an_edited_check_py_is_told(finished: Path) -> None:
    with (finished / "check.py").open("a") as file:
        file.write("# mine\n")
    assert "warning  check.py: was changed; grading has checks of its own" in submit(finished)


def test_check_py_may_have_another_name(finished: Path) -> None:
    (finished / "check.py").rename(finished / "check (1).py")
    done = subprocess.run(
        [sys.executable, "check (1).py", "--submit"],
        cwd=finished, env={}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "6 of 6 right" in done.stdout


def test_a_check_that_is_not_right_counts(finished: Path) -> None:
    begin_with(finished, "predict", "return X")
    said = submit(finished)
    assert "warning" not in said
    assert said.splitlines()[-1].startswith("2 of 6 public checks are not right. It is packed")


def test_ctrl_c_ends_the_checks_with_one_word_and_leaves_the_archive(finished: Path) -> None:
    begin_with(finished, "predict", "while True: pass")
    process = subprocess.Popen(
        [sys.executable, "-u", "check.py", "--submit"],
        cwd=finished, env={}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout
    before: list[str] = []
    while "  right  " not in "".join(before):
        before.append(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "")
    assert rest.endswith("stopped\n")
    assert "submission.zip holds 3 files" in "".join(before)
    assert packed(finished) == HANDED_IN


@pytest.mark.parametrize("name", ["nndl/neural_net.py", "nndl/added.py", "two_layer_net.ipynb"])
def test_a_file_that_cannot_be_read_is_told_and_left_out(finished: Path, name: str) -> None:
    (finished / name).unlink(missing_ok=True)
    (finished / name).symlink_to("/proc/self/mem")  # it can be opened, and not read
    said = submit(finished)
    assert f"warning  {name}: cannot be read (Input/output error) and is not packed" in said
    assert packed(finished) == [other for other in HANDED_IN if other != name]


def test_with_nothing_to_hand_in_nothing_is_written(finished: Path) -> None:
    for name in HANDED_IN:
        (finished / name).unlink()
    assert submit(finished, 2).endswith(
        "There is nothing to hand in here; no submission.zip is written.\n"
    )
    assert not (finished / "submission.zip").exists()


def test_an_archive_that_cannot_be_written_is_told(finished: Path) -> None:
    (finished / "submission.zip").mkdir()
    assert "submission.zip could not be written: Is a directory" in submit(finished, 2)
    assert not (finished / "submission.zip.part").exists()


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("two_layer_net.ipynb", "Müller final.ipynb"),
        ("best_net.npz", "Best_Net.npz"),
        ("best_net.npz", "best_net (1).npz"),
        ("nndl/neural_net.py", "nndl/Neural_net.py"),
    ],
)
def test_a_file_under_another_name_is_recognised(finished: Path, name: str, other: str) -> None:
    (finished / name).rename(finished / other)
    base, found = (path.rpartition("/")[2] for path in (name, other))
    assert f"{name}: is not there; is it {found!r}? Rename that to {base}" in submit(finished)


def test_of_two_other_notebooks_none_is_guessed(finished: Path) -> None:
    for other in ("first.ipynb", "second.ipynb"):
        (finished / other).write_bytes((finished / "two_layer_net.ipynb").read_bytes())
    (finished / "two_layer_net.ipynb").unlink()
    assert "two_layer_net.ipynb: is not there; on Colab" in submit(finished)
