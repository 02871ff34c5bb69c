"""Masters that leak, each refused with the place of the leak."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gradlab.errors import Problems
from tests.generator.leaky import (
    AFFINE,
    ANSWER,
    CHECKS,
    END,
    GIVEN,
    LAYERS,
    LOG_P,
    MASK,
    MODULE,
    NOTEBOOK,
    RECORDED,
    arrays,
    built,
    course_with_secrets,
    encoded,
    function,
    in_cell,
    in_file,
    kept,
    packed,
    picture,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.generator.conftest import Tiny


@pytest.fixture
def course(tmp_path: Path) -> Tiny:
    return course_with_secrets(tmp_path)


@dataclass(frozen=True)
class Leak:
    """One way to leak: what is done to the course, further files, and the place to be named."""

    name: str
    place: str
    change: Callable[[Tiny], None] = lambda _: None
    file: tuple[str, bytes] | None = None
    says: str = "would be released"


RENAMED = (
    "z = t - t.max(1, keepdims=True)",
    "lp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))",
)
HTML = "<pre>log_p = shifted - np.<b>log</b>(np.exp(shifted).sum(axis=1, keepdims=True))</pre>"


def with_staff_cell(course: Tiny) -> None:
    course.markdown("Accept 41 and 43 as well.", metadata={"tags": ["staff-only"]})
    course.code("# Accept 41 and 43 as well.")


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
        "other quotes and numbers",
        f"{NOTEBOOK}:c4:1",
        in_cell("best_rate=10.**np.random.uniform(-5.0,-3.)", "markdown"),
    ),
    # outputs, attachments, metadata
    Leak("a kept output", f"{NOTEBOOK}:c4", kept(**{"text/plain": [LOG_P]})),
    Leak(
        "the text of a kept picture",
        f"{NOTEBOOK}:c4",
        kept(**{"image/png": encoded(picture(b"tEXt", b"Comment\0" + LOG_P.encode()))}),
    ),
    Leak(
        "an attachment",
        f"{NOTEBOOK}:c4",
        in_cell(
            "![](attachment:a.txt)",
            "markdown",
            attachments={"a.txt": {"text/plain": encoded(LOG_P)}},
        ),
    ),
    Leak(
        "a picture's compressed text",
        f"{NOTEBOOK}:c4",
        in_cell(
            "![](attachment:a.png)",
            "markdown",
            attachments={
                "a.png": {
                    "image/png": encoded(
                        picture(b"zTXt", b"Comment\0\0" + zlib.compress(LOG_P.encode()))
                    )
                }
            },
        ),
    ),
    Leak(
        "what follows a picture",
        f"{NOTEBOOK}:c4",
        in_cell(
            "![](attachment:a.png)",
            "markdown",
            attachments={
                "a.png": {
                    "image/png": encoded(picture(b"tEXt", b"a\0b") + packed("a.py", LOG_P.encode()))
                }
            },
        ),
    ),
    # encoded and packed
    Leak("HTML", f"{NOTEBOOK}:c4:1", in_cell(HTML, "markdown")),
    Leak("base64", f"{NOTEBOOK}:c4:1", in_cell(f"s = '{encoded(LOG_P)}'")),
    Leak("base64 of base64", f"{NOTEBOOK}:c4:1", in_cell(f"s = '{encoded(encoded(LOG_P))}'")),
    Leak(
        "base64 of compressed text",
        f"{NOTEBOOK}:c4:1",
        in_cell(f"s = '{encoded(zlib.compress(LOG_P.encode()))}'"),
    ),
    Leak("hexadecimal digits", f"{NOTEBOOK}:c4:1", in_cell(f"s = '{LOG_P.encode().hex()}'")),
    Leak(
        "an address",
        f"{NOTEBOOK}:c4:1",
        in_cell(f"[run](http://x.org/?c={LOG_P.replace(' ', '%20')})", "markdown"),
    ),
    Leak(
        "an archive",
        "assignments/tiny/data.zip/old/layers.txt:1",
        file=("data.zip", packed("old/layers.txt", LOG_P.encode())),
    ),
    Leak(
        "an archive in an archive",
        "assignments/tiny/data.zip/in.zip/a.txt:1",
        file=("data.zip", packed("in.zip", packed("a.txt", LOG_P.encode()))),
    ),
    Leak(
        "an array of texts",
        "assignments/tiny/d.npz/lines.npy",
        file=("d.npz", arrays(lines=np.array([LOG_P]))),
    ),
    Leak(
        "an array of bytes",
        "assignments/tiny/d.npz/lines.npy",
        file=("d.npz", arrays(lines=np.array([LOG_P.encode()]))),
    ),
    Leak(
        "a compressed file", "assignments/tiny/d.gz", file=("d.gz", gzip.compress(LOG_P.encode()))
    ),
    Leak(
        "a text of two bytes a sign",
        "assignments/tiny/d.dat",
        file=("d.dat", LOG_P.encode("utf-16")),
    ),
    # files that are never for students
    Leak(
        "a checkpoint in an archive",
        "assignments/tiny/data.zip",
        file=("data.zip", packed(".ipynb_checkpoints/a-checkpoint.ipynb", b"{}")),
        says="checkpoint",
    ),
    Leak(
        "compiled code in an archive",
        "assignments/tiny/data.zip",
        file=("data.zip", packed("__pycache__/layers.cpython-311.pyc", b"\0")),
        says="compiled code",
    ),
    Leak(
        "a file of compiled code",
        "assignments/tiny/layers.pyc",
        file=("layers.pyc", b"\0"),
        says="compiled code",
    ),
    Leak(
        "an editor's backup",
        "assignments/tiny/layers.py.bak",
        file=("layers.py.bak", b""),
        says="editor's backup",
    ),
    Leak(
        "a file of solutions",
        "assignments/tiny/layers_solution.py",
        file=("layers_solution.py", b""),
        says="for staff",
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
    # hidden checks, recordings, staff
    Leak(
        "a comment of the hidden checks",
        f"{NOTEBOOK}:c4:1",
        in_cell("# a batch of one shows who squeezes"),
    ),
    Leak(
        "a line of the hidden checks",
        f"{NOTEBOOK}:c4:1",
        in_cell("x = draw.normal(1, 7, scale=0.125)"),
    ),
    Leak(
        "a staff sentence of the hidden checks",
        f"{NOTEBOOK}:c4:1",
        in_cell("Whoever gets this far has surely copied from last year!", "markdown"),
    ),
    Leak("base64 of the hidden checks", f"{NOTEBOOK}:c4:1", in_cell(f"s = '{encoded(CHECKS)}'")),
    Leak(
        "a staff-only cell's text",
        f"{NOTEBOOK}:c5:1",
        with_staff_cell,
    ),
    Leak(
        "an expected value",
        f"{NOTEBOOK}:c4:2",
        in_cell("x = 0\nout = 0.12345678912"),
        says="`0.12345678912` is an expected value of a hidden check",
    ),
    Leak(
        "several rounded expected values",
        f"{NOTEBOOK}:c4:1",
        in_cell("[0.123457, -3.441235, 7.712346]", "markdown"),
        says="expected value",
    ),
    Leak(
        "the seed of a draw",
        f"{NOTEBOOK}:c4:1",
        in_cell("seed = 3302207561"),
        says="expected value",
    ),
    Leak(
        "an array of expected values",
        "assignments/tiny/d.npz:out",
        file=("d.npz", arrays(out=RECORDED)),
        says="expected values of a hidden check",
    ),
    Leak(
        "a recording's name",
        f"{NOTEBOOK}:c4:1",
        in_cell("See checks.npz.", "markdown"),
        says="holds hidden expected values",
    ),
]


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.name)
def test_a_leaking_master(course: Tiny, leak: Leak) -> None:
    leak.change(course)
    with pytest.raises(Problems) as caught:
        built(course, dict([leak.file] if leak.file else []))
    found = [str(mistake) for mistake in caught.value.mistakes]
    assert any(line.startswith(leak.place) and leak.says in line for line in found), found
