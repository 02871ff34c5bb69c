"""`check.py`: one file that says at home what the grader would say."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from autograder.recording import Recording
from gradlab.cli import sample
from tests.course.blocks import lay_out

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gradlab.course import Assignment

WORDS = {"earned": "right", "partial": "partly right", "missed": "not right"}
QUICK = ("all-right", "empty-release", "partly-biases-regularised", "raises")


def run(folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", *arguments]
    return subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False
    )


def words(said: str) -> list[str]:
    """Return the status of each row of the table."""
    rows = (re.match(r"\w+ +(\w+(?: \w+)*)  ", line) for line in said.splitlines())
    return [row[1] for row in rows if row]


@pytest.fixture
def solved(assignment: Assignment, release: Mapping[str, bytes], tmp_path: Path) -> Path:
    """A student's folder in which all is right; a check may take two seconds."""
    files = {**release, **sample.sample_class(assignment, release)["all-right"]}
    patient = files["check.py"].decode()
    files["check.py"] = re.sub(r"(?m)^    seconds=\d+,$", "    seconds=2,", patient).encode()
    assert files["check.py"] != release["check.py"]
    return lay_out(files, tmp_path)


def spoil(folder: Path, function: str, code: str) -> None:
    """Let a function of the student's module begin with some code."""
    path = folder / "nndl/neural_net.py"
    lines = path.read_text().splitlines(keepends=True)
    found = (n for n in ast.walk(ast.parse("".join(lines))) if isinstance(n, ast.FunctionDef))
    first = next(node.body[1].lineno for node in found if node.name == function)
    path.write_text("".join([*lines[: first - 1], f"        {code}\n", *lines[first - 1 :]]))


@pytest.mark.parametrize("name", QUICK)
def test_it_says_what_the_grader_says(
    assignment: Assignment,
    release: Mapping[str, bytes],
    graded: Path,
    tmp_path: Path,
    name: str,
) -> None:
    submission = sample.sample_class(assignment, release)[name]
    done = run(lay_out({**release, **submission}, tmp_path), "check.py")
    said = words(done.stdout)
    tests = json.loads((graded / name / "results.json").read_text())["tests"]
    found = [t["extra_data"] for t in tests if t["extra_data"].get("check", "").startswith("toy_")]
    assert len(said) == 6
    assert said == [WORDS.get(test["status"], test["status"]) for test in found]
    assert done.stderr == ""
    assert done.returncode == (0 if set(said) == {"right"} else 1)


def test_an_exception_shows_the_students_own_frames(
    assignment: Assignment, release: Mapping[str, bytes], tmp_path: Path
) -> None:
    files = sample.sample_class(assignment, release)["raises"]
    done = run(lay_out({**release, **files}, tmp_path), "check.py", "loss")
    assert words(done.stdout) == ["raised"]
    assert "NameError: name 'dscore' is not defined" in done.stdout
    assert re.findall(r'File "(.+)", line', done.stdout) == ["nndl/neural_net.py"]
    assert "scores" not in done.stdout.splitlines()[0]


def test_edits_count_at_once_in_a_running_notebook(
    assignment: Assignment, release: Mapping[str, bytes], tmp_path: Path
) -> None:
    files = sample.sample_class(assignment, release)
    lay_out(release, tmp_path)
    (tmp_path / "written.py").write_bytes(files["all-right"]["nndl/neural_net.py"])
    code = """
import shutil
import numpy as np
import nndl.neural_net
from check import check
np.random.seed(3)
first = np.random.rand(2)[1]
np.random.seed(3)
np.random.rand()
check("scores")
before = nndl.neural_net
shutil.copy("written.py", "nndl/neural_net.py")
check("scores")
import sys
assert sys.modules["nndl.neural_net"] is before  # the notebook's own objects stay
assert np.random.rand() == first  # and its random stream
"""
    done = run(tmp_path, "-B", "-c", code)
    assert done.stderr == ""
    assert words(done.stdout) == ["not implemented", "right"]


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("while True: pass", "in predict"),  # interrupted
        ("import time; time.sleep(600)", "a loop in your code that never ends?"),  # killed
    ],
)
def test_a_check_that_hangs_is_stopped_and_costs_no_other_its_turn(
    solved: Path, code: str, shown: str
) -> None:
    spoil(solved, "predict", code)
    done = run(solved, "check.py", "predict", "scores")
    assert words(done.stdout) == ["timed out", "right"]
    assert "It was stopped after 2 s" in done.stdout
    assert shown in done.stdout


def test_after_one_that_hangs_the_others_get_less_time(solved: Path) -> None:
    path = solved / "check.py"
    quick = path.read_text().replace("    cpu_s=3,\n", "    cpu_s=0.5,\n")
    path.write_text(quick.replace("    seconds=2,\n", "    seconds=4,\n"))
    spoil(solved, "predict", "while True: pass")
    spoil(solved, "train", "import time; time.sleep(600)")
    done = run(solved, "check.py")
    assert words(done.stdout) == ["right"] * 4 + ["timed out"] * 2
    stopped = re.findall(r"It was stopped after (\d+) s", done.stdout)
    assert stopped == ["4", "1"]


@pytest.mark.parametrize(
    ("limit", "code", "took"),
    [("cpu_s", "sum(range(10**6))", "0"), ("wall_s", "import time; time.sleep(1)", "1")],
)
def test_what_takes_longer_than_grading_allows_is_right_and_told(
    solved: Path, limit: str, code: str, took: str
) -> None:
    path = solved / "check.py"
    path.write_text(re.sub(rf"(?m)^    {limit}=\d+,$", f"    {limit}=1e-3,", path.read_text()))
    spoil(solved, "predict", code)
    done = run(solved, "check.py", "predict")
    assert done.returncode == 0
    assert words(done.stdout) == ["right"]
    assert f"It took {took} s here; grading stops it after 0.001 s" in done.stdout


def test_what_takes_no_longer_has_no_note(solved: Path) -> None:
    assert "grading stops it" not in run(solved, "check.py").stdout


@pytest.mark.parametrize("given", ["scores", "1", "None", "['scores']"])
def test_a_name_without_quotes_is_told(solved: Path, given: str) -> None:
    done = run(solved, "-c", f"from check import check; scores = 0.5; check({given})")
    assert (done.stdout, done.stderr) == (
        'Write the name of a question in quotes: check("scores").\n',
        "",
    )


@pytest.mark.parametrize(
    ("name", "owner"), [("random.py", "Python's own random"), ("numpy.py", "numpy")]
)
@pytest.mark.parametrize("how", [("check.py",), ("-c", "import check")])
def test_a_file_that_hides_a_module_is_refused(
    solved: Path, name: str, owner: str, how: tuple[str, ...]
) -> None:
    (solved / name).write_text("raise ValueError('mine')\n")
    done = run(solved, *how)
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout == f"{name}: this name hides {owner}; rename the file.\n"


def test_a_file_named_test_hides_nothing(solved: Path) -> None:
    (solved / "test.py").write_text("raise ValueError('mine')\n")
    assert run(solved, "check.py", "scores").returncode == 0


def test_the_stop_button_ends_a_check_with_one_word(solved: Path) -> None:
    spoil(solved, "predict", "while True: pass")
    code = """
import _thread, threading
from check import check
threading.Timer(0.2, _thread.interrupt_main).start()
check("predict")
"""
    done = run(solved, "-c", code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "stopped\n", "")


def test_code_that_ends_python_costs_no_other_check_its_turn(solved: Path) -> None:
    spoil(solved, "train", "import os; os._exit(7)")
    done = run(solved, "check.py")
    assert words(done.stdout) == ["right"] * 4 + ["crashed", "right"]
    assert "Python ended with the code 7." in done.stdout


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("import sys; sys.exit()", "exited"),
        ("raise NotImplementedError", "not implemented"),
        ("raise MemoryError", "out of memory"),
        ("return lambda: 0", "not right"),
    ],
)
def test_the_words_are_the_graders(solved: Path, code: str, status: str) -> None:
    spoil(solved, "predict", code)
    assert words(run(solved, "check.py", "predict").stdout) == [status]


def test_a_module_that_does_not_load_is_an_import_error(solved: Path) -> None:
    (solved / "nndl/neural_net.py").write_text("import numpy\n\ndef f(:\n")
    done = run(solved, "check.py", "predict")
    assert words(done.stdout) == ["import error"]
    assert "line 3" in done.stdout


def test_what_the_code_prints_is_shown_where_it_is_wrong(solved: Path) -> None:
    spoil(solved, "predict", "print('shape', X.shape, chr(27)); return X")
    done = run(solved, "check.py", "predict")
    assert "Your code printed:\n    shape (5, 4) ?" in done.stdout
    assert "\x1b" not in done.stdout


def test_an_unknown_question_lists_the_known_ones(
    release: Mapping[str, bytes], tmp_path: Path
) -> None:
    done = run(lay_out(release, tmp_path), "check.py", "score")
    assert done.returncode == 1
    assert "there are: scores, loss, gradients, train, predict" in done.stdout
    assert "Did you mean 'scores'?" in done.stdout


@pytest.mark.parametrize(("option", "code"), [("--help", 0), ("--sumbit", 2)])
def test_an_unknown_option_tells_the_known_ones(
    release: Mapping[str, bytes], tmp_path: Path, option: str, code: int
) -> None:
    done = run(lay_out(release, tmp_path), "check.py", option)
    assert done.returncode == code
    assert "--submit" in done.stdout


@pytest.mark.skipif(find_spec("IPython") is None, reason="IPython is not installed")
def test_a_notebook_gets_a_table_in_which_everything_is_escaped(solved: Path) -> None:
    spoil(solved, "predict", "raise ValueError('<script>')")
    code = """
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
shell = InteractiveShell.instance(history_length=0)
with capture_output() as seen:
    shell.run_cell("from check import check; check('predict')")
(output,) = seen.outputs
print(output.data["text/html"])
"""
    done = run(solved, "-W", "ignore", "-c", code, IPYTHONDIR=str(solved), HOME=str(solved))
    assert "<table>" in done.stdout, done.stderr
    assert ">raised</b>" in done.stdout
    assert "ValueError: &lt;script&gt;" in done.stdout
    assert "<script>" not in done.stdout


def test_it_holds_nothing_of_the_hidden_suite(
    assignment: Assignment, release: Mapping[str, bytes]
) -> None:
    text = release["check.py"].decode()
    hidden = Recording.read(assignment.folder / "expected", "checks")
    assert hidden.key not in text
    assert not any(str(drawn.seed) in text for draws in hidden.checks.values() for drawn in draws)
    assert not any(name in text for name in ("stable_loss", "train_learns", "random_params"))
    source = (assignment.source / "neural_net.py").read_text()
    assert "dhidden" in source
    assert "dhidden" not in text


def test_it_imports_numpy_and_the_standard_library_alone(release: Mapping[str, bytes]) -> None:
    tree = ast.parse(release["check.py"])
    known = [node for node in ast.walk(tree) if isinstance(node, ast.If)]
    typed = {
        inner
        for node in known
        if ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    names = {
        (node.module or "" if isinstance(node, ast.ImportFrom) else alias.name).split(".")[0]
        for node in set(ast.walk(tree)) - typed
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    assert names - sys.stdlib_module_names == {"numpy"}
