"""Removing a folder in which somebody hostile could make what they liked."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import count
from pathlib import Path

__all__ = ["BOUNDLESS", "remove_tree", "size_of_tree"]

BLOCK = 512  # of `st_blocks`, on every file system
MOST_ENTRIES = 10_000
ENTRY_BYTES = 4096  # what an empty file costs
BOUNDLESS = 1 << 60  # the size of what cannot be counted: more than any limit


def remove_tree(folder: Path) -> None:
    """Remove a folder and all that is in it, however deep, whatever its modes.

    Folders inside are first moved up to the top: so no path becomes too long, and nothing here
    recurses.
    """
    numbers = count()
    with suppress(FileNotFoundError):
        folder.chmod(0o700)
        while _flatten(folder, numbers):
            pass
        folder.rmdir()


def _flatten(top: Path, numbers: count[int]) -> bool:
    """Remove files and empty folders of `top`, move deeper ones up; tell if there were any."""
    left = False
    for entry in list(os.scandir(top)):
        if not entry.is_dir(follow_symlinks=False):
            Path(entry.path).unlink()
            continue
        Path(entry.path).chmod(0o700)
        for inner in list(os.scandir(entry.path)):
            if inner.is_dir(follow_symlinks=False):
                Path(inner.path).chmod(0o700)  # moving it changes its `..`
                Path(inner.path).rename(_free(top, numbers))
                left = True
            else:
                Path(inner.path).unlink()
        Path(entry.path).rmdir()
    return left


def _free(top: Path, numbers: count[int]) -> Path:
    return next(path for n in numbers if not (path := top / f"{n}.moved").exists())


def size_of_tree(folder: Path) -> int:
    """Return the bytes on disk of what a folder holds.

    It is `BOUNDLESS` where there are more than `MOST_ENTRIES`, or where something cannot be looked
    into, for instance since its path is too long: anything could be hidden there.
    """
    total, seen, todo = 0, 0, [folder]
    while todo:
        try:
            with os.scandir(todo.pop()) as entries:
                for entry in entries:
                    seen += 1
                    total += entry.stat(follow_symlinks=False).st_blocks * BLOCK + ENTRY_BYTES
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(Path(entry.path))
                    if seen > MOST_ENTRIES:
                        return BOUNDLESS
        except (FileNotFoundError, NotADirectoryError):  # it was there a moment ago
            continue
        except OSError:
            return BOUNDLESS
    return total
