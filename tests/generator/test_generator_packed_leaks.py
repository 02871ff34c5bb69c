"""Leaks that are stored, packed or encoded, and those of what only staff may see."""

from __future__ import annotations

import gzip
import zlib
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.generator.leaky import (
    CHECKS,
    LOG_P,
    MASK,
    NOTEBOOK,
    RECORDED,
    SHORT,
    Leak,
    arrays,
    encoded,
    handed_in,
    in_cell,
    in_file,
    kept,
    packed,
    picture,
    tarred,
    together,
    with_block,
    with_password,
)

if TYPE_CHECKING:
    from tests.generator.tiny import Tiny


HTML = "<pre>log_p = shifted - np.<b>log</b>(np.exp(shifted).sum(axis=1, keepdims=True))</pre>"


def with_staff_cell(course: Tiny) -> None:
    course.markdown("Accept 41 and 43 as well.", metadata={"tags": ["staff-only"]})
    course.code("# Accept 41 and 43 as well.")


LEAKS = [
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
    Leak("signs of HTML", f"{NOTEBOOK}:c4:1", in_cell(MASK.replace("*", "&ast;"), "markdown")),
    Leak(
        "tags over several lines",
        f"{NOTEBOOK}:c4:3",
        in_cell(f"<details\nopen><summary>Why</summary\n><pre>{MASK}</pre></details>", "markdown"),
    ),
    Leak(
        "line breaks of HTML",
        f"{NOTEBOOK}:c4:1",
        together(with_block(*SHORT), in_cell("<br>".join(SHORT), "markdown")),
    ),
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
    Leak(
        "a text of two bytes a sign, without a mark",
        "assignments/tiny/d.dat",
        file=("d.dat", LOG_P.encode("utf-16-be")),
    ),
    Leak(
        "an archive behind a program",
        "assignments/tiny/d.pyz/a.txt:1",
        file=("d.pyz", b"#!/usr/bin/env python3\n" + packed("a.txt", LOG_P.encode())),
    ),
    *(
        Leak(
            f"an archive that nobody can look into: {name}",
            "assignments/tiny/d.dat: ",
            file=("d.dat", content),
            says="cannot be looked into; pack it as a zip file without a password",
        )
        for name, content in (
            ("a password", with_password(packed("a.txt", b"x"))),
            ("7z", b"7z\xbc\xaf\x27\x1c\0\4"),
            ("RAR", b"Rar!\x1a\x07\x01\0"),
            ("Zstandard", b"\x28\xb5\x2f\xfd\x24\0"),
        )
    ),
    Leak(
        "archives in archives in archives",
        "assignments/tiny/d.zip: ",
        file=("d.zip", reduce(lambda inner, _: packed("a.zip", inner), range(5), b"")),
        says="an archive in too many archives",
    ),
    # files that are never for students
    *(
        Leak(name, "assignments/tiny/d.dat: ", file=("d.dat", content), says="is a file for staff")
        for name, content in (
            ("hidden checks in an archive in an archive", packed("a", packed("checks.py", b""))),
            ("hidden checks in a tar file", tarred("tiny/checks.py", b"")),
            ("a folder of solutions in an archive", packed("solutions/layers.py", b"")),
        )
    ),
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
    *(
        Leak(
            f"an array of expected values, {name}",
            "assignments/tiny/d.dat:out",
            file=("d.dat", content),
            says="expected values of a hidden check",
        )
        for name, content in (
            ("in a file of another name", arrays(out=RECORDED)),
            ("in an archive", packed("d.npz", arrays(out=RECORDED))),
            ("of 32 bits", arrays(out=RECORDED.astype(np.float32))),
            ("the other way round", arrays(out=RECORDED.astype(">f8"))),
            ("complex", arrays(out=RECORDED.astype(np.complex128))),
        )
    ),
    Leak(
        "what the reference hands in",
        "assignments/tiny/start.npz: ",
        handed_in("best.npz", arrays(w=np.arange(6), b=np.ones(2))),
        ("start.npz", arrays(b=np.ones(2), w=np.arange(6), why=np.zeros(1))),
        says="the file has what the reference hands in as best.npz; take it out",
    ),
    Leak(
        "a comment of the reference's battery",
        f"{NOTEBOOK}:c4:1",
        together(
            in_file("assignments/tiny/battery.py", "# one row shows who squeezes\n"),
            in_cell("One row shows who squeezes.", "markdown"),
        ),
        says="a hidden file's line",
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
    leak.is_refused(course)
