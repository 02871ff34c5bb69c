"""Masters that leak, each refused with the place of the leak."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.generator.leaky import (
    AFFINE,
    ANSWER,
    END,
    GIVEN,
    LAYERS,
    LOG_P,
    MASK,
    MODULE,
    NOTEBOOK,
    SHORT,
    VOTE,
    Leak,
    function,
    in_cell,
    in_file,
    in_solution_cell,
    packed,
    together,
    with_block,
)
from tests.generator.tiny import cell, notebook

if TYPE_CHECKING:
    from tests.generator.tiny import Tiny


RENAMED = (
    "z = t - t.max(1, keepdims=True)",
    "lp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))",
)
LINES = [f"{line}\n" for line in SHORT]
ROW = ("sum1 = x @ w", "sum2 = a + b", "sum3 = c * c")
OTHER_VOTE = (
    "k = np.unique(t)",
    "c = np.sum(t[:, j] == k, axis=1)",
    "won = k[np.argmax(c, axis=1)]",
)
CALLS = "y = majority(self.labels[nearest(distances, k)])"
SETTINGS = "best_settings = {'reg': 0.25, 'rate': 1e-2}"
RATE = "best_rate = 10 ** np.random.uniform(-5, -3)"
TEST = "assert abs(affine_forward(x, w, b)[0] - 3.25).max() < 1e-6"
NOVEL = "y = np.where(x > 0, x, 0.01 * x)"  # which no block has
TABLE = "0.25,0.75\n" * 30_000

LEAKS = [
    Leak(
        "an expected value in a large table",
        "assignments/tiny/d.csv:30001",
        file=("d.csv", f"{TABLE}1,0.12345678912\n".encode()),
        says="is an expected value of a hidden check",
    ),
    Leak(
        "a line in a large table",
        "assignments/tiny/d.csv:30001",
        file=("d.csv", f"{TABLE}{LOG_P}\n".encode()),
    ),
    # the same code, elsewhere
    Leak(
        "a second copy in the module",
        f"{LAYERS}:{END + 4}",
        in_file(LAYERS, function("old", LOG_P)),
    ),
    Leak(
        "a block without its end in the module",
        f"{LAYERS}:{END + 4}",
        in_file(LAYERS, function("leaky", "# TODO: let a little through.", "", NOVEL)),
        says=f"`# TODO: let a little through.` is not closed, so `{NOVEL}` below it",
    ),
    Leak(
        "a block without its end in a cell",
        f"{NOTEBOOK}:c4:2",
        in_cell(f"import numpy as np\n# TODO: let a little through.\n# Use no loop.\n{NOVEL}"),
        says="close it with its end line",
    ),
    Leak("a copy in a cell", f"{NOTEBOOK}:c4:2", in_cell(f"x = 1\n{LOG_P}")),
    Leak("inside another expression", f"{NOTEBOOK}:c4:1", in_cell(f"print({LOG_P[8:]})")),
    Leak(
        "two telling lines of a given loss, with other names",
        f"{GIVEN}:9",
        in_file(GIVEN, function("loss", *RENAMED)),
        says="supply another file",
    ),
    Leak(
        "three lines in a supplied file",
        f"{GIVEN}:",
        in_file(GIVEN, function("f", *MODULE.split("\n")[46:50])),
        says="supply another file",
    ),
    Leak(
        "a copy in a script",
        "assignments/tiny/demo.py:2",
        file=("demo.py", f"x = 1\n{AFFINE}\n".encode()),
    ),
    Leak(
        "a copy in a text file",
        "assignments/tiny/notes.txt:2",
        file=("notes.txt", f"So:\n{AFFINE}\n".encode()),
    ),
    Leak(
        "a copy in a CSV file",
        "assignments/tiny/d.csv:1",
        file=("d.csv", f"1,2,{AFFINE}\n".encode()),
    ),
    Leak(
        "a copy in another notebook",
        "assignments/tiny/old.json",
        file=("old.json", json.dumps({"cells": [{"source": [LOG_P + "\n"]}]}).encode()),
    ),
    Leak(
        "a copy in a notebook in an archive",
        "assignments/tiny/data.zip/old.ipynb:1",
        with_block(*SHORT),
        ("data.zip", packed("old.ipynb", notebook([{**cell(""), "source": LINES}]).encode())),
    ),
    # whole blocks
    Leak(
        "two short lines that are all of a block",
        f"{NOTEBOOK}:c4:3",
        together(with_block(*SHORT), in_cell("Hint:\n\n" + "\n".join(SHORT), "markdown")),
    ),
    Leak(
        "a short line that is all of a block",
        f"{NOTEBOOK}:c4:1",
        together(with_block("out = x @ w"), in_cell("# out = x @ w")),
    ),
    Leak(
        "a short value that is all of a block",
        f"{NOTEBOOK}:c4:1",
        together(with_block("return x @ w"), in_cell("Write `return x @ w`.", "markdown")),
    ),
    Leak("all that is written in a cell, in another", f"{NOTEBOOK}:c4:1", in_cell(RATE)),
    Leak(
        "settings that are written in a cell, in another",
        f"{NOTEBOOK}:c5:1",
        together(in_solution_cell(SETTINGS), in_cell(SETTINGS)),
    ),
    Leak(
        "all that is written in a cell, in another with other names",
        f"{NOTEBOOK}:c5:1",
        together(
            in_solution_cell("p = np.exp(s - s.max(1)) / np.exp(s - s.max(1)).sum(1)[:, None]"),
            in_cell("q = np.exp(z - z.max(1)) / np.exp(z - z.max(1)).sum(1)[:, None]"),
        ),
        says="with other names",
    ),
    Leak(
        "all lines of a block, with other names",
        f"{NOTEBOOK}:c4:1",
        together(with_block(*VOTE), in_cell("\n".join(OTHER_VOTE))),
        says="with other names",
    ),
    Leak(
        "a block that is one call of several functions",
        f"{NOTEBOOK}:c4:1",
        together(with_block(CALLS), in_cell(CALLS)),
    ),
    Leak(
        "a hidden test in a cell that runs",
        f"{NOTEBOOK}:c5:1",
        together(in_solution_cell(TEST, "HIDDEN TESTS"), in_cell(TEST)),
    ),
    Leak(
        "a staff-only cell that is there twice",
        f"{NOTEBOOK}:c5:1",
        together(in_cell(TEST, metadata={"tags": ["staff-only"]}), in_cell(TEST)),
    ),
    # comments, docstrings, text
    Leak("a comment", f"{LAYERS}:{END + 1}", in_file(LAYERS, f"# {AFFINE}\n")),
    Leak("a trailing comment", f"{LAYERS}:{END + 1}", in_file(LAYERS, f"x = 1  # {AFFINE}\n")),
    Leak("code that is commented out", f"{NOTEBOOK}:c4:1", in_cell(f"# {LOG_P}\nx = 1")),
    Leak("a docstring", f"{LAYERS}:{END + 2}", in_file(LAYERS, f'"""Hint:\n{LOG_P}\n"""\n')),
    Leak(
        "a short line in a docstring",
        f"{LAYERS}:{END + 1}",
        in_file(LAYERS, f'"""Use {MASK}."""\n'),
    ),
    Leak("a short line in text", f"{NOTEBOOK}:c4:3", in_cell(f"Hint:\n\nuse `{MASK}`", "markdown")),
    Leak("a short line without blanks", f"{NOTEBOOK}:c4:1", in_cell("dx=dout*mask", "markdown")),
    Leak("a block of code in text", f"{NOTEBOOK}:c4:2", in_cell(f"```\n{LOG_P}\n```", "markdown")),
    Leak("a raw cell", f"{NOTEBOOK}:c4:1", in_cell(LOG_P, "raw")),
    Leak(
        "the solution's comment",
        f"{NOTEBOOK}:c4:1",
        in_cell("Note: the largest score of every row becomes zero before exp.", "markdown"),
    ),
    Leak("a text literal", f"{NOTEBOOK}:c4:1", in_cell(f"print('x\\n{AFFINE}\\n')")),
    Leak(
        "the written answer, in other lines",
        f"{NOTEBOOK}:c4:1",
        in_cell(
            "# Note that the loss stays at\n# log(10) until the weights of\n# the first layer",
            "code",
        ),
    ),
    Leak(
        "an answer that is a text in code",
        f"{NOTEBOOK}:c5:1",
        together(in_solution_cell(f"answer = '{ANSWER}'"), in_cell(ANSWER, "markdown")),
    ),
    Leak(
        "lines that public checks use too",
        f"{NOTEBOOK}:c4:1",
        together(
            with_block("a = x @ w", *ROW, "out = a"),
            in_file("assignments/tiny/public.py", function("wanted", *ROW)),
            in_cell("# " + "\n# ".join(ROW)),
        ),
    ),
    Leak(
        "a list with plus signs",
        f"{NOTEBOOK}:c4:2",
        together(with_block(*SHORT), in_cell("```diff\n+ " + "\n+ ".join(SHORT), "markdown")),
    ),
    Leak(
        "lines with numbers",
        f"{NOTEBOOK}:c4:1",
        together(with_block(*SHORT), in_cell(" 9 " + "\n10 ".join(SHORT), "markdown")),
    ),
    Leak(
        "lines with prompts",
        f"{NOTEBOOK}:c4:1",
        together(with_block(*SHORT), in_cell("In [2]: " + "\n   ...: ".join(SHORT), "markdown")),
    ),
    Leak("the written answer in a supplied file", f"{GIVEN}:6", in_file(GIVEN, f"# {ANSWER}\n")),
    # other names, another layout
    Leak("other names in a comment", f"{NOTEBOOK}:c4:1", in_cell(f"# {RENAMED[1]}")),
    Leak(
        "other names in text",
        f"{NOTEBOOK}:c4:1",
        in_cell(f"Try `{RENAMED[1]}`.", "markdown"),
        says="with other names",
    ),
    Leak(
        "other names in code",
        f"{LAYERS}:{END + 4}",
        in_file(LAYERS, function("old", *RENAMED, "return lp")),
        says="with other names",
    ),
    Leak(
        "other names and operands in another order",
        f"{NOTEBOOK}:c4:1",
        in_cell("lp = d - np.log(np.sum(np.exp(d), keepdims=True, axis=1))"),
        says="with other names",
    ),
    Leak(
        "several short lines with other names",
        f"{LAYERS}:{END + 4}",
        in_file(
            LAYERS,
            function(
                "old",
                "k = a.shape[0]",
                "e = -lp[np.arange(k), t].mean()",
                "g = np.exp(lp)",
                "g[np.arange(k), t] -= 1",
                "g /= k",
            ),
        ),
        says="with other names",
    ),
    Leak(
        "over several lines",
        f"{NOTEBOOK}:c4:1",
        in_cell(
            "log_p = shifted - np.log(\n    np.exp(shifted)\n    .sum(axis=1, keepdims=True)\n)"
        ),
    ),
    Leak(
        "behind a backslash",
        f"{NOTEBOOK}:c4:1",
        in_cell(LOG_P.replace("shifted - ", "shifted - \\\n    ")),
    ),
    Leak(
        "other quotes and numbers",
        f"{NOTEBOOK}:c4:1",
        in_cell("best_rate=10.**np.random.uniform(-5.0,-3.)", "markdown"),
    ),
    # helpers
    Leak(
        "a helper of the solution",
        f"{LAYERS}:5",
        lambda course: course.texts.update(
            {
                LAYERS: MODULE.replace(
                    "\n\ndef affine",
                    "\ndef _rows(x):\n    return x.reshape(len(x), -1)\n\n\ndef affine",
                    1,
                ).replace("rows = x.reshape(x.shape[0], -1)", "rows = _rows(x)")
            }
        ),
        says="only the solution uses `_rows`",
    ),
]


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.name)
def test_a_leaking_master(course: Tiny, leak: Leak) -> None:
    leak.is_refused(course)
