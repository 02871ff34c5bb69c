"""Modules of the fork server whose hooks for forked children a worker can do without.

In every child `random` takes a new seed and `threading` new locks, which doubles what a fork costs:
170 pages of memory are copied. A worker gets its seed with its first request, and no lock is held
in the server, which has one thread.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__: list[str] = []


@contextmanager
def _without_hooks() -> Iterator[None]:
    register = os.register_at_fork
    os.register_at_fork = lambda **_: None
    try:
        yield
    finally:
        os.register_at_fork = register


with _without_hooks():
    import random  # noqa: F401
    import threading  # noqa: F401
