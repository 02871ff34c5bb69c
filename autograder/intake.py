"""A submission, read into memory: a folder, a zip, or a single notebook or module.

Nothing is extracted to disk, links are not followed, and names, counts and sizes are bounded.
"""

from __future__ import annotations

import hashlib
import re
import stat
import zipfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from gradlab.errors import UserMistake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["Submission", "find_submissions"]

MOST_FILES = 500
MOST_BYTES = 64 << 20
SUFFIXES = frozenset({".py", ".ipynb", ".npz", ".npy", ".txt", ".md", ".csv", ".json"})
LONGEST_NAME = 200
PART = re.compile(r"[\w][\w .()+\-]*")
SYSTEM = frozenset({"__MACOSX", "__pycache__", "node_modules", "cifar-10-batches-py"})


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    Attributes:
        id: the name of its folder or file, made safe for paths and pages.
        files: contents by relative path.
        notes: what was passed over, and why.
        problem: why it could not be read at all, or "".
    """

    id: str
    files: dict[str, bytes]
    notes: tuple[str, ...] = ()
    problem: str = ""

    @property
    def digest(self) -> str:
        """The SHA-256 of all names and contents."""
        total = hashlib.sha256()
        for name, content in sorted(self.files.items()):
            total.update(f"{name}\0{len(content)}\0".encode())
            total.update(content)
        return total.hexdigest()

    @staticmethod
    def id_of(path: Path) -> str:
        """Return the id of the submission at `path`, without reading it."""
        return safe_name(path.stem if path.is_file() else path.name)

    @classmethod
    def read(cls, path: Path) -> Submission:
        """Return the submission at `path`; one that cannot be read has a `problem`."""
        name = cls.id_of(path)
        reader = _Reader()
        try:
            if path.is_dir():
                reader.folder(path)
            elif path.suffix.lower() == ".zip":
                reader.zip(path)
            elif path.is_file():
                reader.take(path.name, path.stat().st_size, path.read_bytes)
            else:
                raise ValueError("it is neither a file nor a folder")  # noqa: TRY301
        except Exception as error:  # noqa: BLE001 - what zipfile raises is up to the student's file
            return cls(name, {}, tuple(reader.notes), f"The submission cannot be read: {error}")
        return cls(name, reader.files, tuple(reader.notes))


class _Reader:
    """Collects files within the bounds."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.notes: list[str] = []
        self._taken: set[str] = set()
        self._bytes = 0

    def folder(self, root: Path) -> None:
        for path in _regular_files(root):
            self.take(path.relative_to(root).as_posix(), path.stat().st_size, path.read_bytes)

    def zip(self, path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.is_dir():
                    continue
                if not _is_plain(info):
                    self._pass_over(info.filename, "not a plain file, or packed in a rare way")
                else:
                    self.take(info.filename, 0, partial(self._unzip, archive, info))

    def _unzip(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
        with archive.open(info) as file:  # the size in the header is not believed
            return file.read(MOST_BYTES - self._bytes + 1)

    def take(self, name: str, size: int, read: Callable[[], bytes]) -> None:
        """Keep a file unless it is refused; `size` is what its reader can promise."""
        path = PurePosixPath(name)
        folders = set(path.parts[:-1])
        if folders & SYSTEM or any(part[0] == "." and part != ".." for part in folders):
            return
        if reason := self._refusal(path, name):
            self._pass_over(name, reason)
            return
        if len(self.files) >= MOST_FILES:
            raise ValueError(f"it has more than {MOST_FILES} files")
        content = read() if self._bytes + size <= MOST_BYTES else None
        if content is None or self._bytes + len(content) > MOST_BYTES:
            raise ValueError(f"it is larger than {MOST_BYTES >> 20} MB")
        self._bytes += len(content)
        self.files[str(path)] = content
        self._taken.add(str(path).lower())

    def _refusal(self, path: PurePosixPath, name: str) -> str:
        plain = all(PART.fullmatch(part) for part in path.parts)
        if not plain or path.is_absolute() or len(name.encode()) > LONGEST_NAME:
            return "its name is not a plain, short, relative path"
        if path.suffix.lower() not in SUFFIXES:
            return "files of this kind are not graded"
        if str(path).lower() in self._taken:
            return "a second file of this name"
        if any(parent.suffix.lower() in SUFFIXES for parent in path.parents):
            return "its folder has a name like a file"
        return ""

    def _pass_over(self, name: str, reason: str) -> None:
        if len(self.notes) < 20:  # noqa: PLR2004 - enough to see what is going on
            self.notes.append(f"passed over {name[:80]!r}: {reason}")


def _is_plain(info: zipfile.ZipInfo) -> bool:
    kind = stat.S_IFMT(info.external_attr >> 16)
    packed = info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    return kind in (0, stat.S_IFREG) and packed and not info.flag_bits & 1


def _regular_files(root: Path) -> Iterator[Path]:
    for path in sorted(root.iterdir()):
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode) and not path.name.startswith(".") and path.name not in SYSTEM:
            yield from _regular_files(path)
        elif stat.S_ISREG(mode) and not path.name.startswith("."):
            yield path


def safe_name(name: str) -> str:
    """Return a name of letters, digits, `_`, `-` and `.`, at most 80 of them, not empty."""
    return re.sub(r"[^\w\-.]+", "_", name, flags=re.ASCII).strip(".-")[:80] or "submission"


def find_submissions(paths: Iterable[Path], handed_in: Iterable[str]) -> list[Path]:
    """Return the submissions that the arguments of a command name.

    A folder that holds a file of the assignment (at any depth of two) is one submission; any other
    folder is a folder of submissions.

    Args:
        paths: as the user gave them.
        handed_in: file names that a submission may have.

    Raises:
        UserMistake: a path does not exist, or there is no submission in it.
    """
    names = set(handed_in)
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise UserMistake(f"{path}: there is no such file or folder")
        found += [path] if path.is_file() or _is_submission(path, names) else _children(path)
    if not found:
        raise UserMistake("no submissions: folders, zips and notebooks are looked for")
    return found


def _is_submission(folder: Path, names: set[str]) -> bool:
    own = any((folder / name).is_file() for name in names)
    basenames = {PurePosixPath(name).name for name in names}
    return own or any(path.name in basenames for path in folder.iterdir() if path.is_file())


def _children(folder: Path) -> list[Path]:
    kinds = {".zip", ".ipynb", ".py"}
    children = (path for path in sorted(folder.iterdir()) if not path.name.startswith("."))
    return [path for path in children if path.is_dir() or path.suffix.lower() in kinds]
