"""Notebook cells without a notebook, stand-ins, handed-in arrays."""

from __future__ import annotations

import ast
import io
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from autograder.box.loading import Nothing, read_arrays
from autograder.box.notebook import define, parse


def run(*cells: str, wanted: str = "x") -> tuple[dict[str, Any], list[str]]:
    names: dict[str, Any] = {"__name__": "__main__"}
    failed = define(names, [(f"cell {n}", cell) for n, cell in enumerate(cells, 1)], wanted)
    return names, failed


@pytest.mark.parametrize(
    "cell",
    [
        "x = 3",
        "x: int = 3",
        "y, (x, *z) = 1, (3, 4, 5)",
        "for x in range(4): pass",
        "with open('/dev/null') as f:\n    x = 3",
        "x = 1\nx += 2",
        "if (x := 3): pass",
        "try:\n    x = 3\nfinally: pass",
        "x = [1]\nx.append(2)\nx = sum(x)",
        "import math as x\nx = 3",
        "def helper():\n    return late\nlate = 3\nx = helper()",
        "a = 1\nb = a + 1\nx = a + b",
        "x = {}\nx['a'] = 3\nx = x['a']",
        "class Box: pass\nbox = Box()\nbox.x = 3\nx = box.x",
        "x = 1\nx = 3",
    ],
)
def test_every_way_to_give_a_name_its_value(cell: str) -> None:
    names, failed = run(cell)
    assert names["x"] == 3
    assert failed == []


def test_only_what_the_name_depends_on_runs() -> None:
    names, failed = run(
        "import math\nlog = []",
        "def train(rate):\n    log.append(rate)\n    return rate",
        "net = train(0.1)\nbad = 1 / 0\nx = {'rate': 0.5}",
        "accuracy = train(0.2)",
    )
    assert names["x"] == {"rate": 0.5}
    assert names["math"]
    assert callable(names["train"])
    assert not {"net", "bad", "accuracy"} & names.keys()
    assert failed == []


def test_what_it_depends_on_may_stand_in_other_cells() -> None:
    names, _ = run("rate = 2", "rate *= 2", "np = None", "x = {'rate': rate}", "rate = 9")
    assert names["x"] == {"rate": 4}
    assert "np" not in names


def test_a_failing_import_or_cell_does_not_stop_the_others() -> None:
    names, failed = run("import no_such_module\nimport math", "x = (", "x = math.floor(3.5)")
    assert names["x"] == 3
    assert failed == [
        "cell 2: not valid Python",
        "cell 1: line 1: ModuleNotFoundError: No module named 'no_such_module'",
    ]


def test_settings_assigned_twice_are_the_last_ones_that_worked() -> None:
    names, failed = run("x = 1", "x = 2", "x = undefined")
    assert names["x"] == 2
    assert failed == ["cell 3: line 1: NameError: name 'undefined' is not defined"]


@pytest.mark.parametrize("text", ["exit(1)", "raise KeyboardInterrupt", "1 / 0", "return 3"])
def test_a_failing_statement_is_passed_over(text: str) -> None:
    names, failed = run(f"x = 3\nif x: {text}; x = 4\nx += 1")
    assert names["x"] == 4
    assert failed[0].startswith("cell 1: line 2: ")


@pytest.mark.parametrize(
    ("cell", "words"),
    [("y = 3", "gives 'x' no value$"), ("x = 1 / 0", "cell 1: line 1: ZeroDivisionError")],
)
def test_a_name_without_a_value_says_why(cell: str, words: str) -> None:
    with pytest.raises(NameError, match=words):
        run(cell)


def test_an_exception_that_cannot_be_shown_is_named() -> None:
    cell = "class E(Exception):\n    def __str__(self): return 1 / 0"
    _, failed = run(cell, "x = 3", "def f(): raise E", "x = f()")
    assert failed == ["cell 4: line 1: E"]


@pytest.mark.parametrize(
    ("cell", "python"),
    [
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("x = 1\n%load_ext autoreload\n%autoreload 2", "x = 1\npass\npass"),
        ("if x:\n    !pip install 'x", "if x:\n    pass"),
        ("%time x = f(1)", "x = f(1)"),
        ("%%time\nx = f(1)", "pass\nx = f(1)"),
        ("%%capture\nx = 1", "pass\nx = 1"),
        ("%timeit f(1)", "pass"),
        ("files = !ls", "files = None"),
        ("out = %sql select", "out = None"),
        ("f?\nnp.dot??", "pass\npass"),
        ("?f", "pass"),
        ("%cd /content/drive/My Drive", "pass"),
        ("x = (7\n  % 4)\ny = '''\n%time\n'''", "x = (7\n  % 4)\ny = '''\n%time\n'''"),
        ("x = (7\n  % 4)\n%time y = 1", "x = (7\n  % 4)\ny = 1"),
        ("%%bash\nx = 1", None),
        ("%%writefile a.py\nx = 1", None),
        ("%%html\n<b>", None),
        ("x = (", None),
        ("x = 1 +", None),
        ("a\0b", None),
        ("(" * 5000, None),
        ("", ""),
    ],
)
def test_magics_are_taken_out_and_python_is_left_alone(cell: str, python: str | None) -> None:
    tree = parse(cell)
    wanted = None if python is None else ast.dump(ast.parse(python))
    assert (tree and ast.dump(tree)) == wanted


def test_display_and_get_ipython_are_there() -> None:
    names, failed = run("get_ipython().run_line_magic('matplotlib', 'inline')\nx = display(3) or 3")
    assert failed == []
    assert isinstance(names["x"], Nothing)


STAND_INS = """
from autograder.box.loading import stand_in
stand_in()
import google.colab, matplotlib.pyplot as plt, matplotlib.gridspec
from google.colab import drive
from mpl_toolkits.mplot3d import Axes3D
from check import check
drive.mount("/content"); check("affine")
plt.rcParams["image.cmap"] = "gray"
with plt.style.context("ggplot"):
    figure, axes = plt.subplots(2, 2)
    axes[0, 1].plot([1, 2])
for axis in axes.flat: axis.set_title("t")
try:
    with plt.ion(): 1 / 0
except ZeroDivisionError: print("ok")
"""


def test_pictures_and_the_students_own_checks_do_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", STAND_INS], check=True, capture_output=True)
    assert done.stdout == b"ok\n"


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def test_handed_in_arrays_and_texts_are_read() -> None:
    arrays = read_arrays(npz(W1=np.ones((2, 3)), note=np.array("text"), words=np.array(["a"])))
    np.testing.assert_array_equal(arrays["W1"], np.ones((2, 3)))
    assert arrays["note"] == "text"
    assert arrays["words"].dtype.kind == "U"


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04", npz(a=np.ones(3))[:-40], npz(a=np.array([None])), b"\x93NUMPY\x01\x00"],
    ids=["empty", "start", "truncated", "objects", "npy"],
)
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"not an \.npz file"):
        read_arrays(content)
