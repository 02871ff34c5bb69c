"""Numbers as people type them, read without evaluating anything.

`z1 = 0.3775, 0.3925` or `z1: 0,3775; 0,3925`, `W = [[1/2, -3e-4], [.5, 2*10^-3]]`, a line for each
row of a matrix, a Markdown table of names and values. Whatever is handed in, the work is bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Typed", "answer_key", "read_answers", "read_numbers"]

MOST_LETTERS = 20_000
MOST_TYPED = 1000
MOST_DEPTH = 4

# What people write for a minus, for a power of ten and around a formula.
POWER = r" ?10 ?(?:\^|\*\*)"
TIMES = "(?:\\\\cdot|\\\\times|[*x\N{MULTIPLICATION SIGN}\N{MIDDLE DOT}])"
SPELLINGS = (
    (re.compile(r"[^\S\n]+"), " "),
    (re.compile("[\N{MINUS SIGN}\N{EN DASH}\N{FIGURE DASH}]"), "-"),
    (re.compile(f" ?{TIMES}{POWER}"), "e^"),
    (re.compile(rf"(?<![\d.,]){POWER.lstrip(' ?')}"), "1e^"),
    (re.compile(r"e\^ ?[{(]? ?([+-]?\d{1,4}) ?[)}]?"), r"e\1"),
    (re.compile("(?<=\\d) ?[x\N{MULTIPLICATION SIGN}] ?(?=\\d)"), ", "),  # a shape: 4 x 3
    (re.compile(r"\\(?:left|right|,|;|!|quad)|[$`&]|\*\*"), " "),
    (re.compile("\\\\approx|[~\N{ALMOST EQUAL TO}\N{ASYMPTOTICALLY EQUAL TO}]"), "="),
)
MOST_LINE = 2000
NAMED = re.compile(r"[\s|>*+-]{0,12}([^=:|\d\s][^=:|]{0,60})[=:|](.*)")
NUMERIC = re.compile(r"[\d\s.,;eE+\-/\[\](){}|]*")
OPENING, CLOSING = "[({", "])}"
ONE_NUMBER = r"[+-]?(?:\d{1,40}(?:DECIMAL\d{0,40})?|DECIMAL\d{1,40})(?:[eE][+-]?\d{1,4})?"
STYLES = {
    ".": re.compile(rf"({ONE_NUMBER})(?:\s*/\s*({ONE_NUMBER}))?".replace("DECIMAL", r"\.")),
    ",": re.compile(rf"({ONE_NUMBER})(?:\s*/\s*({ONE_NUMBER}))?".replace("DECIMAL", ",")),
}


@dataclass(frozen=True)
class Typed:
    """What was read where numbers are wanted.

    Attributes:
        value: float64, of the wanted shape; None if it could not be read so.
        problem: why not, for the student.
    """

    value: np.ndarray | None
    problem: str = ""


def answer_key(name: str) -> str:
    r"""Return what two spellings of a name share: `dL/dx_2`, `dL_dx2` and `$dL/dx_{2}$` agree."""
    return re.sub(r"[\W_]", "", name)


def read_answers(text: str) -> dict[str, str]:
    """Return what stands behind each name, by `answer_key`; of two lines of a name the last.

    A value may go on in lines of numbers. After several equals signs stands what counts.
    """
    found: dict[str, str] = {}
    name = ""
    for line in _spelled(text[:MOST_LETTERS]).splitlines():
        match = NAMED.match(line[:MOST_LINE])
        if match and (key := answer_key(match[1])):
            name, value = key, match[2].rpartition("=")[2]
            found[name] = value.strip("| ")
        elif name and re.search(r"\d", line) and NUMERIC.fullmatch(line):
            found[name] += "\n" + line.strip()
        else:
            name = ""
    return found


def read_numbers(value: Any, shape: tuple[int, ...]) -> Typed:
    """Return numbers of a shape from a number, an array, a list or a text.

    Axes of length 1 do not count, so that a row may stand for a column. A comma is a decimal mark
    where only that gives as many numbers as are wanted.
    """
    if isinstance(value, (list, tuple)) and len(value) <= MOST_TYPED:
        value = re.sub("['\"]", "", str(value)[:MOST_LETTERS])
    if isinstance(value, str):
        readings = _readings(value)
    elif isinstance(value, (int, float, np.ndarray)) and not isinstance(value, bool):
        array = np.asarray(value)
        readings = [array.astype(np.float64)] if array.dtype.kind in "iuf" else []
    else:
        readings = []
    return _of_shape(readings, shape)


def _of_shape(readings: list[np.ndarray], shape: tuple[int, ...]) -> Typed:
    wanted = tuple(size for size in shape if size != 1)
    for reading in readings:
        if reading.squeeze().shape == wanted:
            if not np.all(np.isfinite(reading)):
                return Typed(None, "is not a finite number")
            return Typed(reading.reshape(shape))
    if not readings:
        return Typed(None, f"cannot be read; give {_count_words(wanted)}")
    got = _count_words(readings[0].squeeze().shape)
    return Typed(None, f"should be {_count_words(wanted)}; yours is {got}")


def _count_words(shape: tuple[int, ...]) -> str:
    if not shape:
        return "one number"
    sizes = " by ".join(map(str, shape))
    return f"{sizes} numbers"


def _spelled(text: str) -> str:
    for pattern, plain in SPELLINGS:
        text = pattern.sub(plain, text)
    return text


def _readings(text: str) -> list[np.ndarray]:
    """Return the numbers of a text, with a point as decimal mark and with a comma."""
    text = _spelled(text[:MOST_LETTERS]).strip().rstrip(".")
    if not text or not NUMERIC.fullmatch(text):
        return []
    styles = [".", *([] if "." in text else [","])]
    found = (_Parser(text, STYLES[style]).read() for style in styles)
    return [reading for reading in found if reading is not None]


class _Parser:
    """Reads numbers in brackets and rows; `;` ends a row, outside brackets a new line does too."""

    def __init__(self, text: str, number: re.Pattern[str]) -> None:
        self.text, self.number, self.at, self.count = text, number, 0, 0

    def read(self) -> np.ndarray | None:
        """Return the numbers, or None if they are none or make no rectangle."""
        try:
            rows = self._rows(0)
            array = np.array(rows, np.float64)
        except (ArithmeticError, TypeError, ValueError):
            return None
        return array if array.size and self.at == len(self.text) else None

    def _rows(self, depth: int) -> list[Any]:
        rows: list[list[Any]] = [[]]
        while self.at < len(self.text):
            sign = self.text[self.at]
            if sign in CLOSING:
                break
            if sign in OPENING:
                rows[-1].append(self._inside(depth + 1))
            elif sign == ";" or (sign == "\n" and not depth):
                rows.append([])
                self.at += 1
            elif sign in ",| \t\n\r":
                self.at += 1
            else:
                rows[-1].append(self._number())
        rows = [row for row in rows if row]
        return rows[0] if len(rows) == 1 else rows

    def _inside(self, depth: int) -> list[Any]:
        if depth > MOST_DEPTH:
            raise ValueError("nested too deep")
        self.at += 1
        rows = self._rows(depth)
        if self.at == len(self.text):
            raise ValueError("a bracket is not closed")
        self.at += 1
        return rows

    def _number(self) -> float:
        match = self.number.match(self.text, self.at)
        self.count += 1
        if not match or self.count > MOST_TYPED:
            raise ValueError("not a number, or too many")
        self.at = match.end()
        if self.text[self.at : self.at + 1] in set("+-/.eE0123456789"):
            raise ValueError("a sum, or two numbers that nothing parts")
        above, below = (float((part or "1").replace(",", ".")) for part in match.groups())
        return above / below
