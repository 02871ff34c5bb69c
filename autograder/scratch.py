"""Where workers may write: folders that nobody else enters, gone when grading ends."""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from autograder.box.remove import remove_tree
from autograder.jail import fill
from gradlab.errors import GraderFault

__all__ = ["Scratch"]

PREFIX = "gradlab-box-"
WORKERS = "workers"  # where their folders lie in a jail


class Scratch:
    """One folder for all workers of a fork server, with one folder in it for each.

    It is locked while the grader or its fork server lives; one that nobody has locked was left by a
    grader and a server that were both killed, and is removed here.

    Args:
        jail: whether workers' folders lie in a root folder of their own, with Python in it.

    Raises:
        GraderFault: no folder can be made.
    """

    def __init__(self, *, jail: bool = False) -> None:
        home = _home()
        _sweep(home)
        try:
            self.root, self.lock = _claim(home)
            self.root.chmod(0o711)  # workers of other users pass through, and see no names
            self.jail = self._jail() if jail else None
        except OSError as error:
            raise GraderFault(f"no folder for workers in {home}: {error.strerror}") from error
        self.secret = self.root / "secret"  # what a probe must not be able to read
        self.secret.touch(0o600)

    def folder(self, uid: int) -> Path:
        """Return a new folder, owned by a user if the number is not 0.

        Raises:
            OSError: it cannot be made.
        """
        folder = Path(tempfile.mkdtemp(dir=self.jail / WORKERS if self.jail else self.root))
        if uid:
            os.chown(folder, uid, uid)
        return folder

    def inside(self, folder: Path) -> Path:
        """Return a worker's folder as the worker itself calls it."""
        return Path("/") / folder.relative_to(self.jail) if self.jail else folder

    def _jail(self) -> Path:
        jail = self.root / "jail"
        jail.mkdir()
        fill(jail)
        (jail / WORKERS).mkdir()
        for folder in (jail, jail / WORKERS):
            folder.chmod(0o711)
        return jail

    def close(self) -> None:
        """Remove everything."""
        with suppress(OSError):
            remove_tree(self.root)
        if self.lock >= 0:
            os.close(self.lock)
            self.lock = -1


def _home() -> Path:
    """Return the folder for temporary files that every user can pass through."""
    homes = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]  # noqa: S108
    return next((home for home in homes if home.is_dir() and _is_open(home)), homes[0])


def _is_open(folder: Path) -> bool:
    return all(place.stat().st_mode & 0o001 for place in (folder, *folder.parents))


def _claim(home: Path) -> tuple[Path, int]:
    """Return a new folder and a lock on it; another grader's sweep may come in between."""
    while True:
        root = Path(tempfile.mkdtemp(prefix=PREFIX, dir=home))
        with suppress(BlockingIOError, FileNotFoundError):
            lock = _lock(root)
            if root.exists():
                return root, lock
            os.close(lock)


def _lock(path: Path) -> int:
    lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails while it is in use
    except OSError:
        os.close(lock)
        raise
    return lock


def _sweep(home: Path) -> None:
    for path in home.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if path.lstat().st_uid == os.geteuid():
                _remove_unlocked(path)


def _remove_unlocked(path: Path) -> None:
    lock = _lock(path)
    try:
        remove_tree(path)
    finally:
        os.close(lock)
