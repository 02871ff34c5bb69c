"""What commands print."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

__all__ = ["progress", "say", "shown"]


def shown(path: Path) -> str:
    """Return a path as seen from the current folder where it lies in it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def say(*lines: Any) -> None:
    """Print lines; where nobody reads on, as after `| head -1`, the command still does its work."""
    for line in lines:
        try:
            click.echo(line)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def progress(text: str) -> None:
    """Show what is being done, or clear it: on one line of a terminal, else not at all."""
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{text}", nl=False, err=True)
