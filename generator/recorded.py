"""Does the release contain what staff keep: recordings' names, numbers, seeds; artifacts?"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from generator.finding import REMEDY, Finding
from generator.unpack import opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from generator.draft import Draft
    from generator.page import Page

__all__ = ["recorded_values"]

FRACTION = re.compile(r"\.\d{5,}(?:[eE][-+]?\d+)?(?!\w)")
BEFORE = re.compile(r"(?<![\w.])\d*\Z")
SEED_LIKE = re.compile(r"(?<![\w.])\d{9,}(?![\w.])")
DIGITS_ALONE, DIGITS, TOGETHER = 9, 6, 3  # digits of one number that counts; of three that do
NPY = b"\x93NUMPY"
WIDTHS = (4, 8)  # bytes of a number that has six digits or more
REAL = re.compile(rb"'descr': ?'([<>])([fc])(4|8|16)'")  # in the header of an array's file
# What anybody may write down: logarithms (the loss of equal scores), roots, fractions, pi and e.
FRACTIONS = [above / below for below in range(2, 33) for above in range(1, below)]
COMMON: np.ndarray = np.unique(
    [*np.log(range(2, 1001)), *np.sqrt(range(2, 101)), *FRACTIONS, np.pi / 2, np.pi, np.e]
)
EQUAL = 1e-12  # relative
ROUNDING = 1e-6  # what is left of a number of six digits, read as floating point
SEED = re.compile(r"\"seed\": ?(\d{9,})")


def recorded_values(draft: Draft, pages: Sequence[Page]) -> Iterator[Finding]:
    """Yield every place in the release that names or repeats hidden expected values."""
    yield from _names(draft, pages)
    yield from _artifacts(draft)
    folder = draft.assignment.expected
    hidden = Values.read(folder, "checks", without=Values.read(folder, "public"))
    if hidden:
        for page in pages:
            yield from _numbers(page, hidden)
        yield from _arrays(draft, hidden)


def _names(draft: Draft, pages: Sequence[Page]) -> Iterator[Finding]:
    for name in draft.recorded:
        pattern = re.compile(rf"(?<![\w.]){re.escape(name)}\b")
        for page in pages:
            match = pattern.search(page.text) if name in page.text else None
            if match:
                place = page.place(page.text.count("\n", 0, match.start()) + 1)
                what = f"{name} holds hidden expected values; students must not read of it"
                yield Finding(place, what, REMEDY["hidden"])


@dataclass(frozen=True)
class Values:
    """The numbers of a recording that nobody meets by chance, sorted."""

    numbers: np.ndarray

    @classmethod
    def read(cls, folder: Path, name: str, without: Values | None = None) -> Values | None:
        """Return the numbers and seeds of a recording; None if there are none."""
        found: list[Any] = []
        path = folder / f"{name}.npz"
        if path.is_file() and path.stat().st_size:
            found += dict(_loaded(path.read_bytes())).values()
        settings = folder / f"{name}.json"
        text = settings.read_text(encoding="utf-8") if settings.is_file() else ""
        found.append(np.array([float(seed) for seed in SEED.findall(text)]))
        numbers = set(_uncommon(np.abs(_telling(np.concatenate(found)))).tolist())
        numbers -= set(without.numbers.tolist()) if without else set()
        return cls(np.array(sorted(numbers))) if numbers else None

    def has(self, text: str) -> bool:
        """Tell whether a number, as somebody rounded it, is one of these."""
        value = abs(float(text))
        digits = len(text.lower().partition("e")[0].lstrip("0.").replace(".", ""))
        slack = 0.51 * 10.0 ** (np.floor(np.log10(value)) - digits + 1) if value else 0.0
        at = np.searchsorted(self.numbers, value - slack)
        return bool(at < self.numbers.size and self.numbers[at] <= value + slack)


def _telling(numbers: np.ndarray) -> np.ndarray:
    """Return the numbers with more than six digits."""
    numbers = numbers[np.isfinite(numbers) & (numbers != 0)].astype(float)
    with np.errstate(over="ignore", invalid="ignore"):  # next to nothing says nothing
        scaled = numbers * 10.0 ** (5 - np.floor(np.log10(np.abs(numbers))))
        telling: np.ndarray = numbers[np.abs(scaled - np.round(scaled)) > ROUNDING]
    return telling


def _uncommon(numbers: np.ndarray) -> np.ndarray:
    """Return the numbers that are none of `COMMON`."""
    above = np.searchsorted(COMMON, numbers).clip(1, COMMON.size - 1)
    distance = np.minimum(abs(COMMON[above] - numbers), abs(COMMON[above - 1] - numbers))
    uncommon: np.ndarray = numbers[distance > EQUAL * numbers]
    return uncommon


def _digits(text: str) -> int:
    return len(text.lower().partition("e")[0].lstrip("0.").replace(".", "").rstrip("0"))


def _numbers(page: Page, hidden: Values) -> Iterator[Finding]:
    """Yield a page in which one long number, or several shorter ones, are recorded."""
    text = page.text if page.source.is_code else page.source.text  # tables of numbers as well
    found = [(number, at) for number, at in _written(text) if hidden.has(number)]
    alone = [(number, at) for number, at in found if _digits(number) >= DIGITS_ALONE]
    if alone or len({number for number, _ in found}) >= TOGETHER:
        number, at = (alone or found)[0]
        place = page.place(text.count("\n", 0, at) + 1)
        what = f"`{number}` is an expected value of a hidden check{page.source.how}"
        yield Finding(place, what, REMEDY["hidden"])


def _written(text: str) -> Iterator[tuple[str, int]]:
    """Yield the longer numbers of a text, without their signs, and where they stand."""
    for match in FRACTION.finditer(text):
        before = BEFORE.search(text[max(0, match.start() - 20) : match.start()])
        number = f"{before[0] if before else ''}{match[0]}"
        if _digits(number) >= DIGITS:
            yield number, match.start()
    for match in SEED_LIKE.finditer(text):
        yield match[0], match.start()


def _artifacts(draft: Draft) -> Iterator[Finding]:
    """Yield the files that are what the reference hands in, packed alike or not."""
    paths = [path for path in sorted(draft.assignment.reference.glob("*")) if path.is_file()]
    kept = {path.name: _parts(path.read_bytes()) for path in paths if path.stat().st_size}
    for name, content in draft.files.items() if kept else ():
        shipped = _parts(content)
        for artifact in (artifact for artifact, parts in kept.items() if parts <= shipped):
            what = f"the file has what the reference hands in as {artifact}"
            yield Finding(draft.origin(name).place, what, REMEDY["hidden"])


def _parts(content: bytes) -> set[bytes]:
    """Return the files in an archive; of anything else, the file itself."""
    return {part for _, part in opened(content)} or {content}


def _arrays(draft: Draft, hidden: Values) -> Iterator[Finding]:
    """Yield the files of arrays that contain recorded numbers.

    Of a narrower array half must be recorded: with so few digits some are met by chance.
    """
    for name, content in draft.files.items():
        for key, array in _loaded(content):
            if _repeats(array, hidden):
                place = replace(draft.origin(name).place, cell=key or None)
                what = "the array has expected values of a hidden check"
                yield Finding(place, what, REMEDY["hidden"])


def _repeats(array: np.ndarray, hidden: Values) -> bool:
    values = np.abs(array)
    with np.errstate(over="ignore"):
        numbers = hidden.numbers.astype(values.dtype)
    wanted = numbers[np.isfinite(numbers) & (numbers > 0)]
    found = int(np.isin(values, wanted).sum())
    is_wide = values.dtype == hidden.numbers.dtype
    return found >= TOGETHER and (is_wide or 2 * found >= values.size)


def _loaded(content: bytes, name: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """Yield the arrays of real numbers in a file, also in archives in it, each with its name."""
    if content.startswith(NPY):
        yield from _array(name.removesuffix(".npy"), content)
    else:
        for inner, part in opened(content):
            yield from _loaded(part, inner or name)


def _array(name: str, content: bytes) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the numbers of one array, flat, if they are real; faster than `np.load`."""
    wide = content[6:7] > b"\1"  # version 2 has a longer header
    size = int.from_bytes(content[8 : 12 if wide else 10], "little")
    start = (12 if wide else 10) + size
    if real := REAL.search(content, 0, start):
        order, kind, bytes_each = real[1].decode(), real[2], int(real[3])
        width = bytes_each // 2 if kind == b"c" else bytes_each
        whole = (len(content) - start) // width * width
        if width in WIDTHS:
            yield name, np.frombuffer(content[start : start + whole], f"{order}f{width}")
