"""Class labels that a student hands in for given images, as a `.npy` file or as text."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from gradlab.errors import StudentFault

__all__ = ["labels_of_array", "labels_of_text"]

WHOLE = re.compile(r"\"?(\d{1,9})(?:\.0{0,20})?\"?", re.ASCII)
BETWEEN = re.compile(r"[,;\t ]+")
LABEL_ONLY, WITH_NUMBER = 1, 2  # fields of a line


def labels_of_array(name: str, array: Any, count: int, classes: int) -> np.ndarray:
    """Return the labels in an array, int64 of shape (count,).

    Axes of length 1 do not count, and whole numbers may be of a floating-point type.

    Args:
        name: the file's, for messages.
        array: what the file holds.
        count: how many images there are.
        classes: labels are 0, ..., classes - 1.

    Raises:
        StudentFault: they are not that.
    """
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "iuf":
        raise _wrong(name, f"should hold {count} whole numbers, an array of one axis")
    if array.shape == (count, classes):
        raise _wrong(name, "holds scores; hand in the class of the largest of each image, argmax")
    if array.size != count or max(array.shape, default=1) != count:
        raise _wrong(name, f"has the shape {array.shape}; {count} labels are wanted")
    flat = array.reshape(count)
    if not np.all((flat >= 0) & (flat < classes) & (flat == np.floor(flat))):
        raise _wrong(name, f"should hold whole numbers from 0 to {classes - 1} alone")
    return flat.astype(np.int64)


def labels_of_text(name: str, text: str, count: int, classes: int) -> np.ndarray:
    """Return the labels in a text, int64 of shape (count,).

    A line holds a label, or the image's number and its label; a head line may come first.

    Args:
        name: the file's, for messages.
        text: what the file holds.
        count: how many images there are; they are numbered from 0.
        classes: labels are 0, ..., classes - 1.

    Raises:
        StudentFault: it cannot be read so; names the line.
    """
    lines = [(n, line.strip("\ufeff \t,;")) for n, line in enumerate(text.splitlines(), 1)]
    rows = [(number, BETWEEN.split(line)) for number, line in lines if line]
    if rows and not all(map(WHOLE.fullmatch, rows[0][1])):
        del rows[0]
    if len(rows) != count:
        raise _wrong(name, f"holds {len(rows)} labels; {count} are wanted, one for each image")
    found = [_numbers(name, *row, classes) for row in rows]
    if other := next((n for n, row in enumerate(found) if len(row) != len(found[0])), 0):
        raise _wrong(name, f"line {rows[other][0]} should hold as many numbers as the first one")
    table = np.array(found)
    if table.shape[1] == LABEL_ONLY:
        return table[:, 0]
    order = np.argsort(table[:, 0], kind="stable")
    if not np.array_equal(table[order, 0], np.arange(count)):
        raise _wrong(name, f"should number the images 0 to {count - 1}, each once")
    labels: np.ndarray = table[order, 1]
    return labels


def _numbers(name: str, line: int, fields: list[str], classes: int) -> list[int]:
    found = [WHOLE.fullmatch(field) for field in fields]
    numbers = [int(match[1]) for match in found if match]
    if len(numbers) != len(fields) or len(numbers) not in (LABEL_ONLY, WITH_NUMBER):
        raise _wrong(name, f"line {line} should hold a label, or an image's number and its label")
    if numbers[-1] >= classes:
        raise _wrong(name, f"line {line}: labels are whole numbers from 0 to {classes - 1}")
    return numbers


def _wrong(name: str, problem: str) -> StudentFault:
    return StudentFault("missed", f"{name} {problem}.")
