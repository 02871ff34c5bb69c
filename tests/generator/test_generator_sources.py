"""Masters of every form: notebooks of all ages, and jupytext's scripts and documents."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from generator.notebook import release_notebook
from gradlab.errors import AuthorMistake, Place
from gradlab.masters import as_notebook, is_script

if TYPE_CHECKING:
    from tests.generator.tiny import Tiny

SOLUTION = "### BEGIN SOLUTION\ny = 2\n### END SOLUTION"
SCRIPT = '''\
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---
import os

# %% [markdown] id="title"
# # Title
#
# ## A ({points:a} points)

# %%
# %matplotlib inline
# !ls
x = 1  # a comment
### BEGIN SOLUTION
y = 2

### END SOLUTION


# %% a title tags=["staff-only"]
secret = 41

# %% [md] {"tags": ["mine"]}
"""
Text in *quotes*.
"""

# %% [raw]
# as it is

# %%
# %%bash
# ls | wc
'''
DOCUMENT = """\
---
jupytext: {}
---

# Title

Text, and code that is only shown:

```bash
ls
```


A cell of its own.

```python tags=["raises-exception"] id="try"
print(x)


### BEGIN SOLUTION
y = 2
### END SOLUTION
```

```python .noeval
shown
```

<!-- #region -->
one


cell
<!-- #endregion -->

<!-- #raw -->
as it is
<!-- #endraw -->

```{code-cell} ipython3
:tags: [staff-only]
secret = 41
```
"""


def cells(name: str, text: str) -> list[tuple[str, str]]:
    notebook = json.loads(as_notebook(text.encode(), Place(name)))
    return [(cell["cell_type"], cell["source"]) for cell in notebook["cells"]]


def test_a_percent_script() -> None:
    assert cells("hw.py", SCRIPT) == [
        ("code", "import os"),
        ("markdown", "# Title\n\n## A ({points:a} points)"),
        (
            "code",
            f"%matplotlib inline\n!ls\nx = 1  # a comment\n{SOLUTION[:-17]}\n\n### END SOLUTION",
        ),
        ("code", "secret = 41"),
        ("markdown", "Text in *quotes*."),
        ("raw", "as it is"),
        ("code", "%%bash\nls | wc"),
    ]


@pytest.mark.parametrize(("text", "wanted"), [("", []), ("x = 1\n", [("code", "x = 1")])])
def test_a_script_without_markers(text: str, wanted: list[tuple[str, str]]) -> None:
    assert cells("hw.py", text) == wanted


def test_a_markdown_document() -> None:
    assert cells("hw.md", DOCUMENT) == [
        ("markdown", "# Title\n\nText, and code that is only shown:\n\n```bash\nls\n```"),
        ("markdown", "A cell of its own."),
        ("code", f"print(x)\n\n\n{SOLUTION}"),
        ("markdown", "```python .noeval\nshown\n```"),
        ("markdown", "one\n\n\ncell"),
        ("raw", "as it is"),
        ("code", "secret = 41"),
    ]


@pytest.mark.parametrize(("name", "text"), [("hw.py", SCRIPT), ("hw.md", DOCUMENT)])
def test_text_masters_become_student_notebooks(name: str, text: str) -> None:
    master = as_notebook(text.encode(), Place(name))
    sheet = release_notebook(master, Place(name), "hw", {"a": 3})
    notebook = json.loads(sheet.content)
    nbformat.validate(notebook)
    shown = "\n".join("".join(cell["source"]) for cell in notebook["cells"])
    assert "raise NotImplementedError" in shown
    assert "secret" not in shown
    assert "y = 2" not in shown
    again = release_notebook(as_notebook(text.encode(), Place(name)), Place(name), "hw", {"a": 3})
    assert sheet == again


def test_settings_of_a_text_master_reach_the_cell() -> None:
    notebook = json.loads(as_notebook(DOCUMENT.encode(), Place("hw.md")))
    assert notebook["cells"][2]["id"] == "try"
    assert notebook["cells"][2]["metadata"] == {"tags": ["raises-exception"]}
    assert notebook["cells"][-1]["metadata"] == {"tags": ["staff-only"]}


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_of_a_text_master_do_not_matter(end: str) -> None:
    assert cells("hw.py", SCRIPT.replace("\n", end)) == cells("hw.py", SCRIPT)


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("hw.md", "text\n```python\nx = 1\n", "hw.md:2: ````python` is never closed"),
        ("hw.md", "<!-- #raw -->\nx\n", "hw.md:1: `<!-- #raw -->` is never closed"),
        ("hw.py", "# %%\nx\n# %% {tags}\ny\n", "hw.py:3: the cell's settings cannot be read"),
        ("hw.py", '# %% tags=["a]\nx\n', "hw.py:1: the cell's settings cannot be read"),
        ("hw.py", '# %% tags=["a"\nx\n', "hw.py:1: the cell's settings cannot be read"),
        ("hw.py", '# %% tags = ["a"]\nx\n', "hw.py:1: the cell's settings cannot be read"),
        ("hw.py", '# %% {"tags": ["a"]\nx\n', "hw.py:1: the cell's settings cannot be read"),
        ("hw.py", f"# %% {{{'[' * 10**5}}}\nx\n", "hw.py:1: the cell's settings cannot be read"),
        ("hw.py", '# %% tag=["staff-only"]\nx\n', "hw.py:1: unknown setting 'tag' of a cell"),
        ("hw.md", "```python tags=[a]\nx\n```\n", "hw.md:1: the cell's settings cannot be read"),
    ],
)
def test_text_masters_that_cannot_be_read(name: str, text: str, wanted: str) -> None:
    with pytest.raises(AuthorMistake) as caught:
        cells(name, text)
    assert str(caught.value).startswith(wanted)


def test_a_text_master_that_is_not_utf8() -> None:
    with pytest.raises(AuthorMistake, match=r"^hw\.py: not UTF-8"):
        as_notebook(b"# %%\n# \xff", Place("hw.py"))


def test_which_python_files_have_cells() -> None:
    assert is_script(SCRIPT.encode())
    assert not is_script(b"x = 5 # %% of it\n")


@pytest.mark.parametrize("suffix", [".py", ".md"])
def test_an_assignment_with_a_text_master(tiny: Tiny, suffix: str) -> None:
    code = f"x = 1\n{SOLUTION}\n"
    text = f"# %%\n{code}" if suffix == ".py" else f"```python\n{code}```\n"
    name = f"assignments/tiny/tiny{suffix}"
    tiny.texts[name] = text
    tiny.texts["assignments/tiny/assignment.toml"] = (
        f'title = "Tiny"\npackage = "net"\nmodules = ["layers.py"]\nnotebooks = ["tiny{suffix}"]\n'
    )
    assert "tiny.ipynb" in tiny.build().files
    tiny.texts[name] = text.replace("### END SOLUTION", "### end solution")
    assert tiny.problems()[0].startswith(f"{name}:cell 1:")
    tiny.texts[name] = text.replace("# %%", "# %% tag=1").replace("```python", "```python tag=1")
    with pytest.raises(AuthorMistake, match=rf"^{name}:1: unknown setting 'tag'"):
        tiny.build()


def old(version: tuple[int, int]) -> dict[str, Any]:
    """Return a notebook of one code cell with a solution, as that format has it."""
    major, minor = version
    code: dict[str, Any] = {"cell_type": "code", "metadata": {}, "outputs": []}
    text = ["x = 1\n", *f"{SOLUTION}\n".splitlines(keepends=True), "print(x)"]
    if major == 3:
        output = {"output_type": "pyout", "prompt_number": 1, "text": ["1"], "metadata": {}}
        code |= {"input": text, "language": "python", "collapsed": False, "prompt_number": 1}
        sheets = [{"cells": [code | {"outputs": [output]}]}]
        return {"nbformat": 3, "nbformat_minor": minor, "metadata": {}, "worksheets": sheets}
    code |= {"source": text, "execution_count": 1} | ({"id": "one"} if minor == 5 else {})
    return {"nbformat": 4, "nbformat_minor": minor, "metadata": {}, "cells": [code]}


@pytest.mark.parametrize("version", [(3, 0), (4, 0), (4, 1), (4, 2), (4, 3), (4, 4), (4, 5)])
def test_notebooks_of_every_age(version: tuple[int, int]) -> None:
    content = json.dumps(old(version)).encode()
    notebook = json.loads(release_notebook(content, Place("old.ipynb"), "hw", {}).content)
    nbformat.validate(notebook)
    [cell] = notebook["cells"]
    assert "".join(cell["source"]) == "x = 1\nraise NotImplementedError\nprint(x)"
    assert (cell["outputs"], cell["execution_count"]) == ([], None)
    assert (cell["id"] == "one") == (version == (4, 5))


def test_ids_that_the_format_does_not_allow(tiny: Tiny) -> None:
    tiny.code("x = 1", id="my cell")
    assert tiny.problems() == [
        "assignments/tiny/tiny.ipynb:my cell: cell 2: an id has 1 to 64 letters, digits, - and _"
    ]
