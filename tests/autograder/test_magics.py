"""Notebook cells as plain Python."""

from __future__ import annotations

import ast

import pytest

from autograder.box.magics import parse, plain

CASES = {
    "%matplotlib inline\nx = 1": "pass\nx = 1",
    "x = 1\n%load_ext autoreload\n%autoreload 2": "x = 1\npass\npass",
    "if x:\n    !pip install 'x": "if x:\n    pass",
    "if x:\n    %matplotlib inline\ny = 1": "if x:\n    pass\ny = 1",
    "%time x = f(1)": "x = f(1)",
    "%prun -l 10 x = f(1)": "x = f(1)",
    "%prun -s cumulative x = f(1)": "x = f(1)",
    "for i in y:\n    %time x = f(i)": "for i in y:\n    x = f(i)",
    "%timeit f(1)": "pass",
    "%timeit -n 10 -r 3 f(1)": "pass",
    "%memit f(1)": "pass",
    "%time": "pass",
    "%%time\nx = f(1)": "x = f(1)",
    "%%time\n%matplotlib inline\nx = 1": "pass\nx = 1",
    "# timed\n\n%%time\nx = f(1)": "x = f(1)",
    "%%capture out\nx = 1": "x = 1",
    "%%timeit x = 1\nx += 1": "",
    "%%bash\nx = 1": "",
    "%%writefile a.py\nx = (": "",
    "%%html\n<b>": "",
    "files = !ls": "files = None",
    "out, err = %sql select": "out, err = None",
    "if x:\n    y = !ls *.py": "if x:\n    y = None",
    "f?\nnp.dot??": "pass\npass",
    "?f\n?? Dense\nx = 1": "pass\npass\nx = 1",
    "*int*?": "pass",
    "f?  # what is it": "pass",
    "%cd /content/drive/My Drive": "pass",
    "!git clone https://x.y/z.git && cd z": "pass",
    "!!ls": "pass",
    "!pip install \\\n  a \\\n  b\nx = 1": "pass\n\n\nx = 1",
    "x = !ls \\\n  a\ny = 1": "x = None\n\ny = 1",
    "pip install tqdm": "",
    "\ncd data\n": "",
    ",f a b": "pass",
    "/f 1 2": "pass",
    "  x = 1\n  y = 2": "x = 1\ny = 2",
    ">>> x = 1\n>>> for i in y:\n...     z = i": "x = 1\nfor i in y:\n    z = i",
    "In [1]: import a\nIn [2]: x = 1": "import a\nx = 1",
    "x = (7\n  % 4)\n%time y = 1": "x = (7\n  % 4)\ny = 1",
    "x = 1\r\n%time y = 2\r\n": "x = 1\ny = 2",
    "await f()": "await f()",
    "": "",
}


@pytest.mark.parametrize("cell", CASES)
def test_magics_are_taken_out(cell: str) -> None:
    assert ast.dump(parse(cell)) == ast.dump(ast.parse(CASES[cell]))


@pytest.mark.parametrize(
    "cell",
    [
        "x = (7\n  % 4)\ny = '''\n%time\n!ls\nf?\n'''",
        "x = y \\\n  % 4",
        "s = '!ls'; t = '%%bash'",
        "'''\n%%bash\n'''",
        "x = [a\n/ b\n]",
        "def f():\n\tif x:\n\t    return 1",
        "# %matplotlib inline\n# !ls",
        "x = 1\x0c\ny = '\u2028'",
        "print(f'{x!r}')",
    ],
)
def test_a_cell_that_is_python_stays_as_it_is(cell: str) -> None:
    assert plain(cell) == cell


@pytest.mark.parametrize(
    ("cell", "line"),
    [
        ("x = 1\n%time y = 2\n\ndef f(:\n    pass", 4),
        ("%%time\nx = 1\ny = (", 3),
        ("!pip install \\\n  a\nx = = 1", 3),
        ("x = (", 1),
        ("x = 1 +", 1),
        ("print 'x'", 1),
        ("x = %", 1),
    ],
)
def test_a_mistake_keeps_its_line(cell: str, line: int) -> None:
    with pytest.raises(SyntaxError) as caught:
        parse(cell)
    assert caught.value.lineno == line


@pytest.mark.parametrize(
    "cell",
    [
        "a\0b",
        "(" * 5000,
        "-" * 100_000 + "1",
        "%a\n" * 400,
        "!a\\\n" * 3000,
        "x = '\\ud800' % %",
        "\ufeff%%",
    ],
)
def test_hostile_cells_end(cell: str) -> None:
    try:
        parse(cell)
    except SyntaxError as error:
        assert isinstance(str(error), str)  # noqa: PT017 - both ends are right
