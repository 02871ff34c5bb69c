"""What lies in a folder, a zip or a tar, entry by entry: looked at, never extracted.

Sizes and counts in an archive's own tables are not believed: the libraries that read them get a
file that gives them little at a time.
"""

from __future__ import annotations

import gzip
import stat
import tarfile
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

__all__ = ["ARCHIVES", "Entry", "UnreadableError", "archive", "folder", "single"]

# What archives are called; the last ones only so that one can say that they are not read.
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".rar", ".7z", ".tar.bz2", ".tar.xz", ".gz")
TOO_LARGE = "its table of contents is too large"
CHUNK = 1 << 20
MOST_TABLE = 8 << 20  # bytes of a zip's directory: some 80,000 entries
MOST_HEADER = 1 << 16  # bytes of one of a tar's headers: names and attributes of a file
MOST_HEADERS = 64 << 20  # bytes of all of them: some 130,000 entries
MOST_UNPACKED = 512 << 20  # bytes that a tar.gz may unpack to; reading over them takes seconds

KINDS: Mapping[int, str] = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}
TAR_KINDS: Mapping[bytes, str] = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a hard link",
    tarfile.FIFOTYPE: "a pipe",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
}
# How archives begin that people send and that are not read, with what to do.
OTHERS: Mapping[bytes, str] = {
    b"Rar!": "it is a RAR archive; hand in a .zip",
    b"7z\xbc\xaf": "it is a 7z archive; hand in a .zip",
    b"\xfd7zXZ": "it is packed with xz; hand in a .zip",
    b"BZh": "it is packed with bzip2; hand in a .zip",
    b"%PDF": "it is a PDF; hand in the notebook and the modules themselves",
}


class UnreadableError(Exception):
    """An archive, or what is in it, cannot be taken; the message says why, to a student."""


@dataclass(frozen=True)
class Entry:
    """One file of a submission before it is taken.

    Attributes:
        name: as it is stored; anything.
        size: in bytes, as far as it can be trusted; 0 where only a header says so.
        read: gives the first bytes of the content, at most so many.
        oddity: what it is instead of a plain file, or "".
    """

    name: str
    size: int
    read: Callable[[int], bytes]
    oddity: str = ""


class _File(Protocol):
    """The least that the libraries need of a file."""

    def read(self, size: int = -1, /) -> bytes: ...
    def seek(self, offset: int, whence: int = 0, /) -> int: ...
    def tell(self) -> int: ...


class _Sparing:
    """A file that gives at most so many bytes at once, whatever a header asks for."""

    def __init__(self, file: _File, most: int) -> None:
        self._file, self._most = file, most
        self.tell = file.tell

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(self._most + 1 if size < 0 else min(size, self._most + 1))
        if len(content) > self._most:
            raise UnreadableError(TOO_LARGE)
        return content

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def seekable(self) -> bool:
        return True


class _Forward(_Sparing):
    """The headers of a tar, from beginning to end: going back in a packed file begins it anew."""

    def __init__(self, file: _File) -> None:
        super().__init__(file, MOST_HEADER)
        self._left = MOST_HEADERS

    def read(self, size: int = -1) -> bytes:
        content = super().read(size)
        self._left -= len(content)
        if self._left < 0:
            raise UnreadableError(TOO_LARGE)
        return content

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence or offset < self.tell():
            raise UnreadableError("its headers are damaged")
        if offset > MOST_UNPACKED:
            raise UnreadableError(f"it unpacks to more than {MOST_UNPACKED >> 20} MB")
        return super().seek(offset)


def folder(root: Path, skip: Callable[[str], bool], above: str = "") -> Iterator[Entry]:
    """Yield the files below a folder in the order of their names; links are not followed.

    Args:
        root: the folder.
        skip: says of a folder's name that nothing below it matters.
        above: what goes in front of the names.
    """
    for path in sorted(root.iterdir()):
        if not stat.S_ISDIR(path.lstat().st_mode):
            yield single(path, above)
        elif not skip(path.name):
            yield from folder(path, skip, f"{above}{path.name}/")


def single(path: Path, above: str = "") -> Entry:
    """Return a file, or what else lies at a path."""
    found = path.lstat()
    odd = "" if stat.S_ISREG(found.st_mode) else _kind(found.st_mode)
    return Entry(above + path.name, found.st_size, partial(_read_file, path), odd)


def _read_file(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        return file.read(most)


def _kind(mode: int) -> str:
    return KINDS.get(stat.S_IFMT(mode), "not a plain file")


@contextmanager
def archive(file: BinaryIO) -> Iterator[Iterator[Entry]]:
    """Give the entries of a zip, tar or tar.gz; which of them it is, its content says.

    Raises:
        UnreadableError: it is none of them; also while the entries are read. Other exceptions of
            `zipfile`, `tarfile` and `gzip` mean that it is damaged.
    """
    start = file.read(8)
    file.seek(0)
    try:
        if start.startswith(b"\x1f\x8b"):
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield _tar(cast("_File", unpacked))
        elif start.startswith(b"PK"):
            with zipfile.ZipFile(cast("BinaryIO", _Sparing(file, MOST_TABLE))) as opened:
                yield _zip(opened)
        else:
            yield _tar(file)
    except tarfile.TarError:
        raise UnreadableError(_other(start)) from None


def _other(start: bytes) -> str:
    known = (words for sign, words in OTHERS.items() if start.startswith(sign))
    return next(known, "it is not a zip or tar archive, or it is damaged")


def _zip(opened: zipfile.ZipFile) -> Iterator[Entry]:
    """Yield the files; a backslash separates where no name has a slash: some programs write so."""
    separator = "/" if any("/" in info.filename for info in opened.infolist()) else "\\"
    for info in opened.infolist():
        name = info.filename.replace(separator, "/")
        if not name.endswith("/"):
            yield Entry(name, 0, partial(_unzip, opened, info), _zip_oddity(info))


def _zip_oddity(info: zipfile.ZipInfo) -> str:
    kind = info.external_attr >> 16
    if stat.S_IFMT(kind) not in (0, stat.S_IFREG):
        return _kind(kind)
    if info.flag_bits & 1:
        return "encrypted"
    packed = info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    return "" if packed else "packed in a rare way"


def _unzip(opened: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    with opened.open(info) as file:
        return _chunks(file.read, most)


def _tar(file: _File) -> Iterator[Entry]:
    sparing: Any = _Forward(file)
    with tarfile.open(fileobj=sparing, mode="r:") as opened:
        table: Any = opened
        for member in opened:
            table.members, table.pax_headers = [], {}  # or it keeps them all
            if not member.isdir():
                read = partial(_untar, file, member)
                yield Entry(member.name, member.size, read, _tar_oddity(member))


def _tar_oddity(member: tarfile.TarInfo) -> str:
    if member.isreg() and not member.issparse():
        return ""
    return TAR_KINDS.get(member.type, "not a plain file")


def _untar(file: _File, member: tarfile.TarInfo, most: int) -> bytes:
    file.seek(member.offset_data)
    content = _chunks(file.read, min(member.size, most))
    if len(content) < min(member.size, most):
        raise EOFError("it ends early")
    return content


def _chunks(read: Callable[[int], bytes], most: int) -> bytes:
    parts, left = [], most
    while left > 0 and (part := read(min(left, CHUNK))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
