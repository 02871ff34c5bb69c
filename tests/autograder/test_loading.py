"""Stand-ins, sentences for what cannot work here, handed-in arrays."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from autograder.box.explain import explain
from autograder.box.loading import read_arrays

STAND_IN = """
from autograder.box.stand_ins import stand_in
stand_in({names!r}, pictures={pictures})
"""


def run(source: str, names: tuple[str, ...] = (), *, pictures: bool = False) -> str:
    """Return what a program prints in a process of its own that has the stand-ins."""
    program = STAND_IN.format(names=names, pictures=pictures) + source
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True)
    return (done.stdout or done.stderr.splitlines()[-1]).decode().strip()


PICTURES = """
import google.colab, matplotlib.pyplot as plt, matplotlib.gridspec
from google.colab import drive
from mpl_toolkits.mplot3d import Axes3D
from IPython.display import display, clear_output
from check import check
drive.mount("/content"); check("affine"); display(3)
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
    assert run(PICTURES) == "ok"


@pytest.mark.parametrize(
    ("names", "source", "printed"),
    [
        (["tqdm"], "from tqdm import tqdm, trange\nprint(*tqdm([1, 2]), *trange(2))", "1 2 0 1"),
        (["tqdm"], "from tqdm.auto import tqdm\nprint(*tqdm(range(3), desc='x'))", "0 1 2"),
        (["tqdm"], "import tqdm\nbar = tqdm.tqdm([5])\nbar.set_description('x')\nprint(*bar)", "5"),
        (["past.builtins"], "from past.builtins import xrange\nprint(*xrange(2))", "0 1"),
        (["past"], "from past.builtins import basestring\nprint(basestring is str)", "True"),
        (["six"], "from six.moves import cPickle as p, range\nprint(p.loads(p.dumps(3)))", "3"),
        (["torch"], "import torch.nn as nn\nclass N(nn.Module):\n  x = 1\nprint(N().x)", "1"),
        (["numba"], "from numba import jit\n@jit\ndef f(): return 1\nprint(f())", "1"),
        (
            ["numba"],
            "from numba import jit\n@jit(nopython=True)\ndef f(): return 1\nprint(f())",
            "1",
        ),
        (["a.b"], "import a.b.c\nfrom a.b import d\nprint('ok')", "ok"),
        (["a.b"], "import a.other", "ModuleNotFoundError: No module named 'a.other'"),
        ([], "import tqdn", "ModuleNotFoundError: No module named 'tqdn'"),
    ],
)
def test_stand_ins_that_the_assignment_lists(names: list[str], source: str, printed: str) -> None:
    assert run(source, tuple(names)) == printed


def test_a_stand_in_that_is_not_listed_is_missing() -> None:
    assert "No module named 'past'" in run("import past.builtins", ("tqdm",))


def test_input_is_refused_with_a_sentence() -> None:
    said = run("try: input('name? ')\nexcept RuntimeError as e: print(e)")
    assert said == "input() is refused here, nobody can answer; write the value into the code"


def test_pictures_are_real_where_they_are_wanted() -> None:
    assert run("import matplotlib; print(hasattr(matplotlib, '__file__'))", pictures=True) == "True"
    assert run("import matplotlib; print(hasattr(matplotlib, '__file__'))") == "False"


def raised(source: str) -> BaseException:
    try:
        exec(compile(source, "work.py", "exec"), {"np": np})  # noqa: S102 - what a student writes
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is looked at
        return error
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("print 'hello'", "this is Python 2: print 'hello' in line 1 (in Python 3, print is a"),
        ("x = 1\nprint x", "this is Python 2: print x"),
        ("import sys\nprint >>sys.stderr, 1 if 1 else", "this is Python 2"),
        ("try: pass\nexcept ValueError, e: pass", "this is Python 2: except ValueError, e: pass"),
        ("raise ValueError, 'no'", "this is Python 2: raise ValueError, 'no'"),
        ("exec 'x = 1'", "exec is a function"),
        ("x = 10L", "whole numbers have no L"),
        ("x = 0777", "octal numbers begin with 0o"),
        ("if 1 <> 2: pass", "write `!=`"),
        ("f = lambda (a, b): a", "arguments have no brackets"),
        ("x = `3`", "write repr(...)"),
        ("if 1:\n\tx = 1\n        y = 2", "tabs and spaces are mixed"),
        ("for i in xrange(3): pass", "xrange is Python 2; use range."),
        ("raw_input()", "raw_input is Python 2; use input."),
        ("{}.iteritems()", ".iteritems() is Python 2; use items."),
        ("{}.has_key(1)", ".has_key() is Python 2; use in."),
        ("import cPickle", "cPickle is Python 2; use pickle."),
        ("from itertools import izip", "izip is Python 2; use zip."),
        ("range(3 / 1)", "in Python 3, `/` gives a float; use `//`"),
        ("a = [1]\na[4 / 2]", "in Python 3, `/` gives a float; use `//`"),
        ("np.zeros(4 / 2)", "in Python 3, `/` gives a float; use `//`"),
        ("np.zeros(3)[4 / 2]", "in Python 3, `/` gives a float; use `//`"),
        ("np.int(3)", "np.int was removed from numpy; use int."),
        ("np.zeros(3, dtype=np.float)", "np.float was removed from numpy; use float."),
        ("np.no_such", ""),
        ("import past.builtins", "`past` is not available here; only numpy and the standard lib"),
        ("import numpy.no_such", "there is no module `numpy.no_such` here"),
        ("x = (1", ""),
        ("print('<b>' % x", ""),
        ("def f(x):\nreturn x", ""),
        ("undefined", ""),
        ("{}.nothing", ""),
        ("1 / 0", ""),
        ("int('x')", ""),
    ],
)
def test_what_cannot_work_here_is_said_in_a_sentence(source: str, words: str) -> None:
    said = explain(raised(source))
    assert words in said
    assert bool(said) == bool(words)
    assert "\n" not in said


def test_nul_bytes_in_a_module_are_named() -> None:
    assert "NUL bytes" in explain(raised("x = 1\0"))


def test_an_exception_that_lies_about_itself_gets_no_sentence() -> None:
    class Liar(ImportError):
        name = property(lambda _: 1 / 0)

        def __str__(self) -> str:
            raise ValueError

    assert explain(Liar()) == ""
    assert explain(ModuleNotFoundError(name="x" * 10_000, path="")) != ""
    assert len(explain(ModuleNotFoundError(name="x" * 10_000))) < 300
    assert explain(ModuleNotFoundError(name="\x1b[2J")) == ""
    assert explain(SyntaxError("invalid", ("f", 1, 1, "print \x1b[2J"))).isprintable()


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
    with pytest.raises(ValueError, match=r"not an \.npz or \.npy file"):
        read_arrays(content)
