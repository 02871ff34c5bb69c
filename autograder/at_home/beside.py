"""Files beside `check.py` that Python would load in place of its own modules."""

from __future__ import annotations

import os
import sys

__all__ = ["hiding", "stop_if_hidden"]

MISUSED = 2
HARMLESS = frozenset({"test", "this", "antigravity"})  # nobody imports these


def hiding(names: list[str]) -> list[str]:
    """Return those of a folder's files that hide a module of Python or numpy, sorted."""
    modules = (sys.stdlib_module_names | {"numpy"}) - HARMLESS
    return sorted(n for n in names if n.endswith(".py") and n[:-3] in modules)


def stop_if_hidden(script: str) -> None:
    """End Python with one line if a file beside a script hides a module that it may need.

    It comes before every import that could meet such a file, and needs none itself.
    """
    hidden = hiding(os.listdir(os.path.dirname(os.path.abspath(script))))  # noqa: PTH100, PTH120, PTH208 - pathlib imports much
    if hidden:
        own = "numpy" if hidden[0] == "numpy.py" else f"Python's own {hidden[0][:-3]}"
        print(f"{', '.join(hidden)}: this name hides {own}; rename the file.")  # noqa: T201
        sys.exit(MISUSED)
