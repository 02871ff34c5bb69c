"""A place in the student's process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Ref"]


@dataclass(frozen=True)
class Ref:
    """A place in the student's process.

    Attributes:
        root: `#3` for a kept object, `@notebook`, or a module's dotted name.
        steps: the way from there, `("attr", name)` or `("item", key)` each.
        kind: the type's name, for messages.
    """

    root: str
    steps: tuple[tuple[str, Any], ...] = ()
    kind: str = ""
