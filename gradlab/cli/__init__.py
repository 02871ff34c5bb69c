"""The command `gradlab`: the one place where generator and autograder meet."""

from __future__ import annotations

from gradlab.cli.commands import main

__all__ = ["main"]
