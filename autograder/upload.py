"""Which files of an upload are taken into memory, and why the others are not."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from autograder.archives import ARCHIVES, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from autograder.archives import Entry

__all__ = ["BOUNDS", "Bounds", "Refused", "Upload", "safe_path", "system_folder"]


@dataclass(frozen=True)
class Bounds:
    """How much of a submission is read.

    Attributes:
        files: that are taken.
        entries: that are looked at; a forgotten environment has tens of thousands.
        content_mb: of all taken files together, in 2**20 bytes.
        name_bytes: of one path, as UTF-8.
        depth: folders above a file.
        damaged: files that cannot be unpacked; how much work each was is not known.
    """

    files: int = 500
    entries: int = 100_000
    content_mb: int = 64
    name_bytes: int = 200
    depth: int = 20
    damaged: int = 20


BOUNDS = Bounds()
SUFFIXES = frozenset({".py", ".ipynb", ".npz", ".npy", ".txt", ".md", ".csv", ".json"})
# What systems, editors and package tools leave lying about; nobody means to hand it in.
SYSTEM_FOLDERS = frozenset(
    {"__MACOSX", "__pycache__", "node_modules", "site-packages", "dist-packages", "venv"}
    | {"virtualenv", "cifar-10-batches-py", "$RECYCLE.BIN", "System Volume Information"}
)
SYSTEM_FILES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", ".gitignore", ".gitkeep"})
FORBIDDEN = frozenset('\\:*?"<>|')  # they mean something to some system or shell


@dataclass(frozen=True)
class Refused:
    """A file that was not taken.

    Attributes:
        name: as it is stored; anything.
        reason: a sentence without its beginning, for instance "a symbolic link".
    """

    name: str
    reason: str


class Upload:
    """Takes files into memory, within the bounds.

    Attributes:
        files: contents by path.
        refused: the others, in the order in which they came.
        archives: archives among the files, which are not opened here; the first with its content.
    """

    def __init__(self, bounds: Bounds = BOUNDS) -> None:
        self.bounds = bounds
        self.files: dict[str, bytes] = {}
        self.refused: list[Refused] = []
        self.archives: list[tuple[str, bytes]] = []
        self._taken: set[str] = set()
        self._entries = self._bytes = self._damaged = 0

    def take(self, entries: Iterable[Entry], prefix: str = "") -> None:
        """Take the files whose names begin with `prefix`, by what follows it.

        Raises:
            UnreadableError: there are too many, or they are too large together.
            PermissionError: this machine does not let the grader read them.
        """
        for entry in entries:
            if not entry.name.startswith(prefix):
                continue
            self._entries += 1
            if self._entries > self.bounds.entries:
                raise UnreadableError(f"it has more than {self.bounds.entries} entries")
            self._consider(entry, entry.name.removeprefix(prefix).removeprefix("./"))

    def unwrap(self) -> bytes | None:
        """Return the archive that is all that was handed in, or None; then it may be opened."""
        names = [name for name, _ in self.archives]
        if self.files or len(names) != 1:
            reason = "an archive inside; hand in the files themselves"
            self.refused += [Refused(name, reason) for name in names]
            return None
        self._bytes = 0
        return self.archives.pop()[1]

    def _consider(self, entry: Entry, name: str) -> None:
        path = PurePosixPath(name)
        if _is_systems(path):
            return
        reason = entry.oddity or self._objection(path, name)
        if reason:
            self.refused.append(Refused(name, reason))
        elif name.lower().endswith(ARCHIVES):
            self.archives.append((name, b"" if self.archives else self._content(entry) or b""))
        elif path.suffix.lower() not in SUFFIXES:
            self.refused.append(Refused(name, "files of this kind are not graded"))
        elif (content := self._content(entry)) is not None:
            self.files[name] = content
            self._taken.add(_folded(name))

    def _objection(self, path: PurePosixPath, name: str) -> str:
        if not safe_path(name, self.bounds):
            return "its name is not a plain, short, relative path"
        if _folded(name) in self._taken:
            return "a second file of this name"
        if any(parent.suffix.lower() in SUFFIXES for parent in path.parents):
            return "its folder has a name like a file"
        return ""

    def _content(self, entry: Entry) -> bytes | None:
        if len(self.files) >= self.bounds.files:
            raise UnreadableError(f"it has more than {self.bounds.files} files to grade")
        left = (self.bounds.content_mb << 20) - self._bytes
        try:
            content = entry.read(left + 1) if entry.size <= left else None
        except (UnreadableError, PermissionError):
            raise
        except Exception:  # noqa: BLE001 - what zipfile and zlib raise is up to the student's file
            self._damaged += 1
            if self._damaged > self.bounds.damaged:
                raise UnreadableError("it is damaged") from None
            self.refused.append(Refused(entry.name, "its content is damaged"))
            return None
        if content is None or len(content) > left:
            raise UnreadableError(f"it is larger than {self.bounds.content_mb} MB")
        self._bytes += len(content)
        return content


def safe_path(name: str, bounds: Bounds = BOUNDS) -> bool:
    """Return whether a name is a relative path that no system and no shell understands otherwise.

    Refused are control characters, what cannot be printed or is not UTF-8, backslashes, drives,
    `..`, and parts that are hidden or could be read as an option.
    """
    parts = name.split("/")
    if not name.isprintable() or FORBIDDEN & set(name) or len(parts) > bounds.depth:
        return False
    if any(not part or part[0] in ".-~ " or part[-1] in ". " for part in parts):
        return False
    return len(name.encode()) <= bounds.name_bytes


def _is_systems(path: PurePosixPath) -> bool:
    *folders, last = path.parts or ("",)
    if last in SYSTEM_FILES or last.startswith("._"):
        return True
    return any(system_folder(part) for part in folders)


def system_folder(name: str) -> bool:
    """Return whether a folder of this name is no student's work: caches, environments, `.git`."""
    return name in SYSTEM_FOLDERS or (name.startswith(".") and name not in (".", ".."))


def _folded(name: str) -> str:
    """Return what two names have in common that some system takes for the same."""
    return unicodedata.normalize("NFC", name).casefold()
