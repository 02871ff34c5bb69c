"""Reading settings written in TOML: every mistake is named with its file and line."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from gradlab.errors import AuthorMistake, Place

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = [
    "FILE_NAME",
    "FILE_PATH",
    "count_of",
    "files_of",
    "place_of",
    "read_toml",
    "refuse_unknown",
    "text_of",
]

MOST_COUNT = 1_000_000  # of seconds, kilobytes or megabytes: more is a slip of the pen
FILE_NAME = r"\w[\w.\-]*"
FILE_PATH = rf"{FILE_NAME}(/{FILE_NAME})*"  # also in subfolders


def read_toml(path: Path) -> dict[str, Any]:
    """Return the table in a file.

    Raises:
        AuthorMistake: it is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # editors on Windows mark it
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AuthorMistake(f"not valid TOML: {error}", Place(str(path))) from error


def place_of(path: Path, key: str, below: str = "") -> Place:
    """Return the place of a key: its first line below a line that begins with `below`, or at all.

    Args:
        path: the file.
        key: the key, or the beginning of a table's head.
        below: the beginning of the head of a table, for instance `[editions.mse`.
    """
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    heads = (n for n, line in enumerate(lines) if below and line.strip().startswith(below))
    form = re.compile(rf"\s*\[*{re.escape(key)}(?!\w)")
    found = [n for n, line in enumerate(lines) if form.match(line)]
    start = next(heads, 0)
    later = [n for n in found if n >= start]
    line = next(iter([*later, *found]), None)
    return Place(str(path), line=None if line is None else line + 1)


def refuse_unknown(table: Mapping[str, Any], known: Collection[str], path: Path) -> None:
    """Refuse a table with keys that are not known.

    Raises:
        AuthorMistake: there is one; lists the known ones.
    """
    for key in table:
        if key not in known:
            message = f"unknown key {key!r} (known: {', '.join(sorted(known))})"
            raise AuthorMistake(message, place_of(path, key))


def text_of(table: Mapping[str, Any], key: str, path: Path) -> str:
    """Return the text under a key.

    Raises:
        AuthorMistake: there is none, or it is empty.
    """
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise AuthorMistake(f"{key} must be given, as a text", place_of(path, key))
    return value


def files_of(
    value: object, key: str, path: Path, *, form: str = FILE_NAME, what: str = "file"
) -> tuple[str, ...]:
    """Return a list of names, of files as a rule.

    Args:
        value: what stands under the key.
        key: the key.
        path: the file with the settings.
        form: a pattern for each name.
        what: what messages call one of them.

    Raises:
        AuthorMistake: it is no list of such names, or one stands there twice.
    """
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise AuthorMistake(f"{key} must be a list of {what} names", place_of(path, key))
    for item in value:
        if not re.fullmatch(form, item):
            raise AuthorMistake(f"{key}: {item!r} is not a plain {what} name", place_of(path, key))
    if len(set(value)) != len(value):
        raise AuthorMistake(f"{key} names a {what} twice", place_of(path, key))
    return tuple(value)


def count_of(value: object, key: str, path: Path, most: int = MOST_COUNT) -> int:
    """Return a whole number above 0.

    Raises:
        AuthorMistake: it is none, or larger than `most`.
    """
    if type(value) is not int or not 0 < value <= most:
        message = f"{key} must be a whole number above 0 and at most {most}"
        raise AuthorMistake(message, place_of(path, key))
    return value
