"""Dialects: how authors mark what students must write; read from `dialects.toml`."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from gradlab.errors import AuthorMistake, Place

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["DIALECTS", "Dialect", "Kind", "Scope", "read_dialects"]

Kind = Literal["code", "markdown"]
Scope = Literal["code", "markdown", "cells"]
SCOPES = ("code", "markdown", "cells")
MARKERS = ("start", "end", "line")
PATTERNS = (*MARKERS, "like", "rule", "choice")
WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Dialect:
    """One way to mark a block; the keys are explained at the top of `dialects.toml`.

    Every pattern is matched against a whole line without its indentation and its end.
    """

    name: str
    scope: Scope = "code"
    start: re.Pattern[str] | None = None
    end: re.Pattern[str] | None = None
    line: re.Pattern[str] | None = None
    like: re.Pattern[str] | None = None
    rule: re.Pattern[str] | None = None
    choice: re.Pattern[str] | None = None
    stub: str = ""
    keep: bool = False
    boxed: bool = False
    prose: bool = False
    soft: bool = False
    holds: bool = False
    frame: bool = False
    drop: bool = False
    aside: bool = False
    example: str = ""

    @property
    def examples(self) -> list[str]:
        """The marker lines as one may write them."""
        written = [pattern.pattern for pattern in (self.start, self.end, self.line) if pattern]
        return self.example.split("\n") if self.example else written

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> Dialect:
        """Return the dialect of one TOML table.

        Raises:
            ValueError: a key is missing, unknown or of a wrong type, or a pattern will not do;
                the message says which.
        """
        _check(table, {field.name: field.type for field in fields(cls)})
        patterns = {key: _pattern(table[key]) for key in PATTERNS if key in table}
        markers = [table[key] for key in MARKERS if key in table]
        if "like" not in table and not any(map(_is_regex, markers)):
            patterns["like"] = _near(markers)
            table = {"example": "\n".join(markers), **table}
        return cls(**{**table, **patterns})

    def is_rule(self, line: str) -> bool:
        """Tell whether a line is one of the dialect's ruled lines."""
        return _matches(self.rule, line)

    def is_choice(self, line: str) -> bool:
        """Tell whether a line chooses a line of the stub."""
        return _matches(self.choice, line)

    def is_marker(self, line: str) -> bool:
        """Tell whether a line opens or closes a block, or is one."""
        return any(_matches(pattern, line) for pattern in (self.start, self.end, self.line))


def read_dialects(path: Path) -> tuple[Dialect, ...]:
    """Return the built-in dialects and those of the `[[dialect]]` tables in a course's file.

    A table with the name of a built-in one changes the keys that it gives.

    Raises:
        AuthorMistake: there is no such file, or a table is not a dialect.
    """
    tables = {table["name"]: dict(table) for table in _built_in()["dialect"]}
    try:
        for table in tomllib.loads(path.read_text(encoding="utf-8")).get("dialect", []):
            name = table.get("name") if isinstance(table, dict) else None
            if not isinstance(name, str) or not name:
                raise ValueError("a dialect needs a name")  # noqa: TRY301
            old = {k: v for k, v in tables.get(name, {}).items() if k not in _replaced(table)}
            tables[name] = {**old, **table}
            Dialect.read(_with_defaults(tables[name]))
    except FileNotFoundError as error:
        raise AuthorMistake("there is no such file with dialects", Place(str(path))) from error
    except (ValueError, TypeError) as error:
        raise AuthorMistake(f"dialect: {error}", Place(str(path))) from error
    return _ordered(tables)


def _replaced(table: Mapping[str, Any]) -> set[str]:
    """Return the old keys that a change of the markers makes meaningless."""
    return {*MARKERS, "like"} if any(key in table for key in MARKERS) else set()


def _ordered(tables: Mapping[str, Mapping[str, Any]]) -> tuple[Dialect, ...]:
    """Return a course's own dialects first: where two match a line, the course's is meant."""
    names = {table["name"] for table in _built_in()["dialect"]}
    own = sorted(tables, key=names.__contains__)
    return tuple(Dialect.read(_with_defaults(tables[name])) for name in own)


def _with_defaults(table: Mapping[str, Any]) -> dict[str, Any]:
    return {**_built_in().get(str(table.get("scope", "code")), {}), **table}


@cache
def _built_in() -> dict[str, Any]:
    text = files("generator").joinpath("dialects.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _check(table: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    name = table["name"]
    for key, value in table.items():
        if key not in known:
            raise ValueError(f"{name}: unknown key {key!r} (known: {', '.join(sorted(known))})")
        kind, shown = (bool, "true or false") if known[key] == "bool" else (str, "a text")
        if not isinstance(value, kind):
            raise ValueError(f"{name}: {key} must be {shown}")  # noqa: TRY004 (one kind of mistake)
    if table.get("scope", "code") not in SCOPES:
        raise ValueError(f"{name}: scope must be one of {', '.join(SCOPES)}")
    given = {key for key in MARKERS if key in table}
    if given not in ({"start", "end"}, {"line"}):
        raise ValueError(f"{name}: give start and end, or line alone")


def _is_regex(text: str) -> bool:
    return len(text) > 2 and text[0] == text[-1] == "/"  # noqa: PLR2004


def _pattern(text: str) -> re.Pattern[str]:
    if not text.strip():
        raise ValueError("a marker needs a text")
    if not _is_regex(text):
        return re.compile(r"\s+".join(map(re.escape, text.split())))
    body = text[1:-1]
    if body.startswith("(?i)"):
        body = f"(?i:{body[4:]})"  # so that patterns can be joined
    try:
        return re.compile(body)
    except re.error as error:
        raise ValueError(f"{text} is not a regular expression: {error}") from error


def _near(markers: list[str]) -> re.Pattern[str]:
    """Return what finds a marker in other letters, with other blanks and signs."""
    words = [r"\W*".join(map(re.escape, WORD.findall(text))) for text in markers]
    known = "|".join(word for word in words if word) or r"(?!)"
    return re.compile(rf"(?i:\W*(?:{known})\W*)")


def _matches(pattern: re.Pattern[str] | None, line: str) -> bool:
    return pattern is not None and pattern.fullmatch(line.strip()) is not None


DIALECTS = _ordered({table["name"]: table for table in _built_in()["dialect"]})
