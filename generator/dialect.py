"""Dialects: how authors mark what students must write; read from `dialects.toml`."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["DIALECTS", "Dialect", "Kind"]

Kind = Literal["code", "markdown"]
PATTERNS = ("start", "end", "like", "rule", "choice")


@dataclass(frozen=True)
class Dialect:
    """One way to mark a block; the keys are explained at the top of `dialects.toml`.

    Every pattern is matched against a whole line without its indentation and its end.
    """

    name: str
    kind: Kind
    start: re.Pattern[str]
    end: re.Pattern[str]
    like: re.Pattern[str]
    stub: str
    keep: bool
    rule: re.Pattern[str] | None = None
    choice: re.Pattern[str] | None = None

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> Dialect:
        """Return the dialect of one TOML table.

        Raises:
            TypeError: a key is missing or unknown.
            re.error: a pattern is not a regular expression.
        """
        patterns = {key: re.compile(table[key]) for key in PATTERNS if key in table}
        return cls(**{**table, **patterns})

    def is_rule(self, line: str) -> bool:
        """Tell whether a line is one of the dialect's ruled lines."""
        return self.rule is not None and self.rule.fullmatch(line.strip()) is not None

    def is_choice(self, line: str) -> bool:
        """Tell whether a line chooses a line of the stub."""
        return self.choice is not None and self.choice.fullmatch(line.strip()) is not None

    def is_marker(self, line: str) -> bool:
        """Tell whether a line opens or closes a block."""
        return any(pattern.fullmatch(line.strip()) for pattern in (self.start, self.end))


def _read_all() -> tuple[Dialect, ...]:
    text = files("generator").joinpath("dialects.toml").read_text(encoding="utf-8")
    return tuple(Dialect.read(table) for table in tomllib.loads(text)["dialect"])


DIALECTS = _read_all()
