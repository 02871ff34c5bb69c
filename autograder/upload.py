"""Which files of an upload are taken into memory, and why the others are not."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from autograder.archives import ARCHIVES, UnreadableError
from autograder.names import cut, digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from autograder.archives import Entry

__all__ = ["BOUNDS", "Bounds", "Refused", "Upload", "objection", "respelled", "system_folder"]


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
# Hidden folders of programs: never a student's, also where all that was handed in is hidden.
HIDDEN_FOLDERS = frozenset(
    {".git", ".hg", ".svn", ".github", ".ipynb_checkpoints", ".virtual_documents", ".history"}
    | {".venv", ".env", ".conda", ".eggs", ".tox", ".nox", ".npm", ".vscode", ".idea", ".vs"}
    | {".mypy_cache", ".pytest_cache", ".ruff_cache", ".cache", ".config", ".local", ".jupyter"}
    | {".ipython", ".AppleDouble", ".Trash", ".Trashes", ".TemporaryItems", ".fseventsd"}
)
SYSTEM_FILES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", ".gitignore", ".gitkeep"})
FORBIDDEN = frozenset('\\:*?"<>|')  # they mean something to some system or shell
MOST_FOLDER = 60  # bytes of one folder's name
DRIVE = re.compile(r"[A-Za-z]:")
# What no part of a path may be, and how the sentence goes on that names it.
ODD_PARTS: Mapping[str, Callable[[str], bool]] = {
    "is empty": lambda part: not part,
    "leads elsewhere": lambda part: part in (".", ".."),
    "has characters that cannot be printed": lambda part: not part.isprintable(),
    "begins like a drive": lambda part: DRIVE.match(part) is not None,
    "stands for a home folder": lambda part: part.startswith("~"),
    "has a backslash": lambda part: "\\" in part,
}
# The same of the file itself; its folders are spelled otherwise instead.
ODD_FILES: Mapping[str, Callable[[str], bool]] = {
    'has one of : * ? " < > |': lambda part: bool(FORBIDDEN & set(part)),
    "begins with a dot, a dash or a space": lambda part: part[0] in ".- ",
    "ends in a dot or a space": lambda part: part[-1] in ". ",
}


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
        hidden: whether files below hidden folders are taken.
        saw_hidden: whether a hidden folder was passed over that is no known program's.
    """

    def __init__(self, bounds: Bounds = BOUNDS, *, hidden: bool = False) -> None:
        self.bounds, self.hidden = bounds, hidden
        self.saw_hidden = False
        self.files: dict[str, bytes] = {}
        self.refused: list[Refused] = []
        self.archives: list[tuple[str, bytes]] = []
        self._taken: set[str] = set()
        self._entries = self._bytes = self._damaged = 0

    def take(self, entries: Iterable[Entry], parts: Sequence[tuple[str, str]] = ()) -> None:
        """Take files.

        Args:
            entries: of an archive or a folder.
            parts: which of them, and what they are to be called, as in `Source`; () for all.

        Raises:
            UnreadableError: there are too many, or they are too large together.
            PermissionError: this machine does not let the grader read them.
        """
        names = dict(parts)
        folders = [stored for stored in names if stored.endswith("/")]
        for entry in entries:
            stored = entry.name.removeprefix("./")
            name = _inside(stored, names, folders) if parts else stored
            if name is None:
                continue
            self._entries += 1
            if self._entries > self.bounds.entries:
                raise UnreadableError(f"it has more than {self.bounds.entries} entries")
            self._consider(entry, name)

    def passes_over(self, name: str) -> bool:
        """Return whether nothing below a folder of this name is looked at."""
        self.saw_hidden |= system_folder(name) and not _is_programs(name)
        return _is_programs(name) if self.hidden else system_folder(name)

    def unwrap(self) -> bytes | None:
        """Return the archive that is all that was handed in, or None; then it may be opened."""
        names = [name for name, _ in self.archives]
        if self.files or len(names) != 1:
            reason = "an archive inside; hand in the files themselves"
            self.refused += [Refused(name, reason) for name in names]
            return None
        self._bytes = 0
        return self.archives.pop()[1]

    def _consider(self, entry: Entry, stored: str) -> None:
        *folders, last = stored.split("/")
        if _is_systems(last) or any(self.passes_over(part) for part in folders):
            return
        name = stored if entry.oddity else respelled(stored, self.bounds)
        path = PurePosixPath(name)
        reason = entry.oddity or objection(name, self.bounds) or self._conflict(path)
        if reason:
            self.refused.append(Refused(stored, reason))
        elif name.lower().endswith(ARCHIVES):
            self.archives.append((name, b"" if self.archives else self._content(entry) or b""))
        elif path.suffix.lower() not in SUFFIXES:
            self.refused.append(Refused(name, "files of this kind are not graded"))
        elif (content := self._content(entry)) is not None:
            self.files[name] = content
            self._taken.add(_folded(name))

    def _conflict(self, path: PurePosixPath) -> str:
        if _folded(str(path)) in self._taken:
            return "a second file of this name"
        if any(parent.suffix.lower() in SUFFIXES for parent in path.parents):
            return "its folder has a name like a file; rename the folder"
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


def respelled(name: str, bounds: Bounds = BOUNDS) -> str:
    """Return a path whose folders have names that no system and no shell understands otherwise.

    Only the end of a path says what a file is, so that odd names of folders cost nothing. What
    would lead elsewhere stays as it is, for `objection` to refuse.
    """
    *folders, last = name.split("/")
    if not folders or len(folders) >= bounds.depth or any(_why(p, ODD_PARTS) for p in folders):
        return name
    plain = [_shortened(_plain(part)) for part in folders]
    spellings = [
        "/".join([*([digest("/".join(folders[:count]))] if count else []), *plain[count:], last])
        for count in range(len(plain) + 1)  # the beginning gives way, for all files below it alike
    ]
    short = (path for path in spellings if len(path.encode()) <= bounds.name_bytes)
    return next(short, spellings[0])


def objection(name: str, bounds: Bounds = BOUNDS) -> str:
    """Return why a path is not plain, short and relative, and what to do, or "".

    Refused are control characters, what cannot be printed or is not UTF-8, backslashes, drives,
    `..`, and files that are hidden or could be read as an option.
    """
    *folders, last = name.split("/")
    odd = ((part, _why(part, ODD_PARTS)) for part in (*folders, last))
    part, why = next((found for found in odd if found[1]), (last, ""))
    if why := why or _why(last, ODD_FILES):
        return f"in its name, the part {part[:40]!a} {why}; rename that and pack it again"
    if len(folders) >= bounds.depth:
        return f"its name has more than {bounds.depth - 1} folders; hand it in with fewer"
    if len(name.encode()) > bounds.name_bytes:
        return f"its name is longer than {bounds.name_bytes} bytes; shorten it"
    return ""


def _why(part: str, policy: Mapping[str, Callable[[str], bool]]) -> str:
    return next((why for why, is_odd in policy.items() if is_odd(part)), "")


def _plain(part: str) -> str:
    """Return a folder's name without what means something to a system or a shell."""
    plain = "".join("_" if character in FORBIDDEN else character for character in part)
    plain = f"_{plain[1:]}" if plain[0] in ".- " else plain
    return f"{plain[:-1]}_" if plain[-1] in ". " else plain


def _shortened(part: str) -> str:
    if len(part.encode()) <= MOST_FOLDER:
        return part
    ending = f"-{digest(part)}"
    return cut(part, MOST_FOLDER - len(ending)).rstrip(". ") + ending


def _inside(stored: str, names: Mapping[str, str], folders: Sequence[str]) -> str | None:
    """Return what a file of a download is called within a submission; None if it is another's."""
    if stored in names:
        return names[stored]
    above = next((folder for folder in folders if stored.startswith(folder)), None)
    return None if above is None else names[above] + stored.removeprefix(above)


def _is_systems(name: str) -> bool:
    return name in SYSTEM_FILES or name.startswith("._")


def _is_programs(name: str) -> bool:
    return name in SYSTEM_FOLDERS or name in HIDDEN_FOLDERS or name.startswith(".Trash-")


def system_folder(name: str) -> bool:
    """Return whether a folder of this name is no student's work: caches, environments, `.git`."""
    return name in SYSTEM_FOLDERS or (name.startswith(".") and name not in (".", ".."))


def _folded(name: str) -> str:
    """Return what two names have in common that some system takes for the same."""
    return unicodedata.normalize("NFC", name).casefold()
