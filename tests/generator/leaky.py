"""A course in which everything is that could leak, and ways to change it."""

from __future__ import annotations

import base64
import io
import json
import struct
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from generator.release import build
from gradlab.errors import Problems
from tests.generator.tiny import Tiny, cell

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generator.release import Release

RULE = "    # ================ #\n"
MODULE = f'''"""Layers."""

import numpy as np


def affine_forward(x, w, b):
    """Return the rows of x times w, plus b."""
    out = None
{RULE}    # YOUR CODE HERE:
    #   Give each sample one row, then apply the weights.
{RULE}    rows = x.reshape(x.shape[0], -1)
    out = rows @ w + b
{RULE}    # END YOUR CODE HERE
{RULE}    cache = (x, w, b)
    return out, cache


def dropout_backward(dout, mask):
    """Return the gradient."""
    dx = None
{RULE}    # YOUR CODE HERE:
    #   Back-propagate.
{RULE}    dx = dout * mask
{RULE}    # END YOUR CODE HERE
{RULE}    return dx


def softmax_loss(x, y):
    """Return the loss and its gradient."""
    loss, dx = None, None
{RULE}    # YOUR CODE HERE:
    #   Compute the loss: log p of the right classes, averaged, with a minus sign.
{RULE}    # the largest score of every row becomes zero before exp
    shifted = x - x.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    n = x.shape[0]
    loss = -log_p[np.arange(n), y].mean()
    dx = np.exp(log_p)
    dx[np.arange(n), y] -= 1
    dx /= n
{RULE}    # END YOUR CODE HERE
{RULE}    return loss, dx
'''
CHECKS = '''"""Hidden."""

# a batch of one shows who squeezes


def corners(student, expect, draw):
    """affine_forward keeps its corners"""
    x = draw.normal(1, 7, scale=0.125)
    expect.close({"out": student.layers.affine_forward(x, x.T, 0)}, max_error=1e-7)
    expect.note("staff: whoever gets this far has surely copied from last year")
'''
ANSWER = "The loss stays at log(10) until the weights of the first layer have grown."
LAYERS = "solutions/net/layers.py"
GIVEN = "solutions/net/given.py"
NOTEBOOK = "assignments/tiny/tiny.ipynb"
LOG_P = "log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))"
AFFINE = "out = rows @ w + b"
MASK = "dx = dout * mask"
SHORT = ("out = x @ w", "out += b")  # all of a block, and hardly anything
VOTE = (
    "kinds = np.unique(x)",
    "n = np.sum(x[:, w] == kinds, axis=1)",
    "y = kinds[np.argmax(n, axis=1)]",
)
END = MODULE.count("\n")  # the lines of the module
RECORDED = np.array([[0.12345678912, -3.4412345991], [7.7123456123, 1.0000200300411]])


def course_with_secrets(root: Path) -> Tiny:
    """Return a course with blocks in a module and a cell, an answer, checks and a recording."""
    tiny = Tiny(root)
    tiny.texts[LAYERS] = MODULE
    tiny.texts["assignments/tiny/checks.py"] = CHECKS
    tiny.cells[0] = cell("from net.layers import affine_forward, dropout_backward, softmax_loss")
    tiny.code("### BEGIN SOLUTION\nbest_rate = 10 ** np.random.uniform(-5, -3)\n### END SOLUTION")
    tiny.markdown(f"Why?\n\n<!-- BEGIN SOLUTION -->\n{ANSWER}\n<!-- END SOLUTION -->")
    folder = root / "assignments/tiny/expected"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "checks.npz").write_bytes(arrays(**{"corners/0/out": RECORDED}))
    tiny.texts["assignments/tiny/expected/checks.json"] = '{"seed": 3302207561}'
    return tiny


def built(course: Tiny, files: dict[str, bytes], accept: str = "") -> Release:
    """Build the course with further files, which ship whole, and `[[accept]]` tables."""
    lists = {
        "notebooks": ["tiny.ipynb"],
        "modules": ["layers.py"],
        "supplied": ["given.py"],
        "files": sorted(files),
    }
    toml = "".join(f"{key} = {json.dumps(value)}\n" for key, value in lists.items())
    course.texts.setdefault(
        "assignments/tiny/assignment.toml",
        f'title = "Tiny"\npackage = "net"\n{toml}{accept}',
    )
    written = course.write()
    for name, content in files.items():
        path = course.root / "assignments/tiny" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return build(written.assignment("tiny"))


@dataclass(frozen=True)
class Leak:
    """One way to leak: what is done to the course, further files, and the place to be named."""

    name: str
    place: str
    change: Callable[[Tiny], None] = lambda _: None
    file: tuple[str, bytes] | None = None
    says: str = "would be released"

    def is_refused(self, course: Tiny) -> None:
        """Assert that a course with it is not released, and that its place is named."""
        self.change(course)
        with pytest.raises(Problems) as caught:
            built(course, dict([self.file] if self.file else []))
        found = [str(mistake) for mistake in caught.value.mistakes]
        assert any(line.startswith(self.place) and self.says in line for line in found), found


def together(*changes: Callable[[Tiny], None]) -> Callable[[Tiny], None]:
    def change(course: Tiny) -> None:
        for one in changes:
            one(course)

    return change


def with_block(*lines: str) -> Callable[[Tiny], None]:
    """Add a function in which these lines are to be written."""
    marks = (f"{RULE}    # YOUR CODE HERE:\n{RULE}", f"{RULE}    # END YOUR CODE HERE\n{RULE}")
    body = "".join(f"    {line}\n" for line in lines)
    return in_file(LAYERS, f"\n\ndef extra(x, w, b):\n{marks[0]}{body}{marks[1]}")


def in_solution_cell(text: str, mark: str = "SOLUTION") -> Callable[[Tiny], None]:
    return in_cell(f"### BEGIN {mark}\n{text}\n### END {mark}")


def recording(*values: float) -> Callable[[Tiny], None]:
    """Let these be what the hidden checks expect."""

    def change(course: Tiny) -> None:
        path = course.root / "assignments/tiny/expected/checks.npz"
        path.write_bytes(arrays(**{"loss/0/loss": np.array(values)}))

    return change


def handed_in(name: str, content: bytes) -> Callable[[Tiny], None]:
    """Let the reference hand in an artifact."""

    def change(course: Tiny) -> None:
        folder = course.root / "assignments/tiny/reference"
        folder.mkdir(parents=True)
        (folder / name).write_bytes(content)

    return change


def in_cell(text: str, kind: str = "code", **more: Any) -> Callable[[Tiny], None]:
    return lambda course: course.cells.append(cell(text, kind, **more))


def in_file(name: str, text: str) -> Callable[[Tiny], None]:
    def change(course: Tiny) -> None:
        course.texts[name] = course.texts.get(name, "") + text

    return change


def kept(**data: Any) -> Callable[[Tiny], None]:
    """Add a cell whose output an author keeps."""
    shown = {"output_type": "display_data", "data": data, "metadata": {}}
    return in_cell("1", metadata={"tags": ["keep-output"]}, outputs=[shown])


def packed(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "data")
        archive.writestr(name, content)
    return file.getvalue()


def with_password(content: bytes) -> bytes:
    """Return a zip file whose members say that they are encrypted."""
    changed = bytearray(content)
    for head, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = changed.find(head)
        while at >= 0:
            changed[at + flags] |= 1
            at = changed.find(head, at + 1)
    return bytes(changed)


def tarred(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def arrays(**content: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **content)
    return file.getvalue()


def picture(kind: bytes, body: bytes) -> bytes:
    """Return a PNG file with one text in it."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)), (kind, body)]
    parts += [(b"IDAT", zlib.compress(b"\0\0")), (b"IEND", b"")]
    chunks = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def encoded(content: str | bytes) -> str:
    return base64.b64encode(content.encode() if isinstance(content, str) else content).decode()


def function(name: str, *lines: str) -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return f"\n\ndef {name}(a, t):\n{body}"
