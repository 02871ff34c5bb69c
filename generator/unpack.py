"""Every text that can be got out of a release: also what is packed, encoded or stored in it.

A solution can hide where nobody looks: in the second file of an archive, in the comment of an
image, in a page of HTML beside an output, in a line of base64. Each way out is one row of `OPENED`
(bytes) or `REWRITTEN` (text).
"""

from __future__ import annotations

import binascii
import bz2
import gzip
import html
import io
import json
import lzma
import re
import tarfile
import zipfile
import zlib
from base64 import b64decode
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from generator.draft import Origin, Passage
from gradlab.errors import AuthorMistake, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from generator.draft import Draft

__all__ = ["Text", "members", "opened", "texts"]

DEEPEST = 4  # an archive in an archive in ...
LARGEST = 2**30  # bytes of one file with all that is packed in it
ASCII = re.compile(rb"[\t\n\r\x20-\x7e]{8,}")
# UTF-16 of either order, and the UTF-32 of numpy.
WIDE = re.compile(rb"(?:[\t\n\r\x20-\x7e]\0{1,3}){7,}[\t\n\r\x20-\x7e]\0{0,3}")
TABLE = 2**18  # characters
NUMBERS = re.compile(rb"'descr': ?'[<>|=][biufc]\d+'")
BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}(?:\n[A-Za-z0-9+/_-]+)*={0,2}")
HEX = re.compile(r"(?:[0-9a-fA-F]{2}){12,}")
ESCAPE = re.compile(r"\\(?:(n)|(t)|x([0-9a-f]{2})|u([0-9a-f]{4})|([\"'\\]))")
TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
INLINE = re.compile(r"</?(?:a|b|code|em|font|i|kbd|mark|s|small|span|strong|su[bp]|tt|u)\b")
TRACE = re.compile(
    r"\x1b\[[\d;]*m|^ *(?:(?:-+> ?)?\d+ (?=\s*\S)|(?:In ?\[\d*\]|\.{3}): ?)", re.MULTILINE
)
ENCRYPTED = 1  # the flag of a member of a zip file
# How files of other packers begin (7z, RAR, Zstandard, LZ4). Nothing here can open them.
CLOSED = (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18")
PRINTABLE = re.compile(r"[\t\n\r\x20-\x7e\xa0-\uffff]+")


@dataclass(frozen=True)
class Text:
    """A text of the release.

    Attributes:
        passage: the text and its place.
        how: in which disguise it was found, for messages; empty where it stands as it is.
    """

    passage: Passage
    how: str = ""

    @property
    def text(self) -> str:
        """The text itself."""
        return self.passage.text

    @property
    def is_code(self) -> bool:
        """Whether it is Python that runs."""
        return self.passage.is_code and not self.how

    @property
    def is_data(self) -> bool:
        """Whether it is so long that it is rather a table than a text."""
        return not self.passage.is_code and len(self.text) >= TABLE


def texts(draft: Draft) -> Iterator[Text]:
    """Yield all texts of a release.

    Raises:
        AuthorMistake: a file unpacks to more than can be looked into.
    """
    for passage in draft.passages:
        yield from _disguised(Text(passage))
    for name, notebook in draft.notebooks.items():
        yield from _keys(name, notebook, draft)
    read = {passage.file for passage in draft.passages} | set(draft.notebooks)
    for name, content in draft.files.items():
        if name not in read:
            yield from _inside(name, content, draft.origin(name).place)


def members(draft: Draft) -> Iterator[tuple[str, str]]:
    """Yield the files inside archives of a release: the outermost one's path and the member's."""
    for name, content in draft.files.items():
        yield from ((name, inner) for inner in _members(content))


def _members(content: bytes, depth: int = 0) -> Iterator[str]:
    for inner, part in opened(content) if depth < DEEPEST else ():
        yield from [inner] if inner else ()
        yield from _members(part, depth + 1)


def _keys(name: str, notebook: Any, draft: Draft) -> Iterator[Text]:
    """Yield the longer keys of cells' metadata, outputs and attachments: they can be texts."""
    for number, cell in enumerate(notebook["cells"]):
        for key in _all_keys(cell):
            if len(key) >= 12 and key != "execution_count":  # noqa: PLR2004
                passage = Passage(name, "stored", key, draft.origin(name, number))
                yield from _disguised(Text(passage))


def _all_keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from map(str, value)
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, dict | list):
            yield from _all_keys(item)


def _disguised(found: Text, depth: int = 0) -> Iterator[Text]:
    """Yield a text, and what it becomes when it is decoded."""
    yield found
    if depth < DEEPEST:
        for how, rewrite in REWRITTEN:
            for line, text in rewrite(found.passage):
                yield from _disguised(Text(_moved(found.passage, line, text), how), depth + 1)


def _moved(passage: Passage, line: int | None, text: str) -> Passage:
    """Return a passage with another text, every line of which stands in one line of the old."""
    if line is None:
        return replace(passage, text=text)
    at = passage.place(line)
    where = Origin(replace(at, line=None), (at.line or line,) * (text.count("\n") + 1))
    return Passage(passage.file, "stored" if passage.kind == "stored" else "text", text, where)


def _unescaped(passage: Passage) -> Iterator[tuple[int | None, str]]:
    if "\\n" not in passage.text and '\\"' not in passage.text:
        return
    for number, line in enumerate(passage.text.split("\n"), 1):
        if "\\n" in line or '\\"' in line:
            yield number, ESCAPE.sub(_character, line)


def _character(match: re.Match[str]) -> str:
    newline, tab, byte, code, plain = match.groups()
    if byte or code:
        return chr(int(byte or code, 16))
    return "\n" if newline else "\t" if tab else str(plain)


def _untagged(passage: Passage) -> Iterator[tuple[int | None, str]]:
    text = passage.text
    plain = text if passage.is_code else html.unescape(TAG.sub(_tag, text))
    if plain != text:
        yield None, plain


def _tag(match: re.Match[str]) -> str:
    """Return what parts the texts before and behind a tag; lines stay as many as they are."""
    return "\n" * match[0].count("\n") or ("" if INLINE.match(match[0]) else " ")


def _celled(passage: Passage) -> Iterator[tuple[int | None, str]]:
    if passage.kind == "text" and '"cell_type"' in passage.text:
        try:
            cells = json.loads(passage.text)["cells"]
            yield 1, "\n".join("".join(cell["source"]) for cell in cells)
        except (ValueError, LookupError, TypeError):
            return


def _unquoted(passage: Passage) -> Iterator[tuple[int | None, str]]:
    if "%20" in passage.text or "%3D" in passage.text:
        yield None, unquote(passage.text)


def _untraced(passage: Passage) -> Iterator[tuple[int | None, str]]:
    if passage.kind in ("stored", "markdown") and TRACE.search(passage.text):
        yield None, TRACE.sub("", passage.text)


def _encoded(passage: Passage) -> Iterator[tuple[int | None, str]]:
    for match in BASE64.finditer(passage.text):
        for decode in (binascii.unhexlify, _base64) if HEX.fullmatch(match[0]) else (_base64,):
            try:
                content = decode(match[0])
            except ValueError:
                continue
            line = passage.text.count("\n", 0, match.start()) + 1
            yield from ((line, text) for _, text in _readable(content, passage.place(line)))


def _base64(text: str) -> bytes:
    """Return what a text in either alphabet encodes, however many signs it lacks at its end."""
    signs = re.sub(r"\s|=", "", text).replace("-", "+").replace("_", "/")
    return b64decode(signs[: len(signs) - (len(signs) % 4 == 1)] + "=" * (-len(signs) % 4))


def _inside(name: str, content: bytes, place: Place) -> Iterator[Text]:
    for inner, text in _readable(content, place):
        shown = replace(place, file=f"{place.file}/{inner}") if inner else place
        passage = Passage(name, "text", text, Origin(shown))
        yield from _disguised(Text(passage, f" (packed in {name})" if inner else " (in its bytes)"))


def _readable(content: bytes, place: Place, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield the texts in some bytes, each with the path inside an archive."""
    total = 0
    is_packed = False
    if content.startswith(CLOSED):
        shown = "cannot be looked into; pack it as a zip file without a password"
        raise AuthorMistake(shown, place)
    for inner, part in opened(content):
        if depth == DEEPEST:
            raise AuthorMistake("an archive in too many archives; pack it flat", place)
        is_packed = True
        total += len(part)
        if total > LARGEST:
            shown = f"unpacks to more than {LARGEST >> 20} MB; ship less"
            raise AuthorMistake(shown, place)
        for deeper, text in _readable(part, place, depth + 1):
            yield "/".join(filter(None, (inner, deeper))), text
    if not is_packed:
        yield from (("", text) for text in _strings(content))


def _strings(content: bytes) -> Iterator[str]:
    """Yield the text that bytes are, or the texts that stand among them."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = ""
    if PRINTABLE.fullmatch(text):
        yield text
        return
    if content.startswith(b"\x93NUMPY") and NUMBERS.search(content, 0, 128):
        return
    if len(content) < 64 and text == "":  # noqa: PLR2004 - a word that happens to be base64
        return
    found = [part.decode() for part in ASCII.findall(content)]
    found += [part.replace(b"\0", b"").decode() for part in WIDE.findall(content)]
    if found:
        yield "\n".join(found)


def opened(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what is packed in some bytes; nothing if they are no archive that can be read."""
    for start, at, unpack in OPENED:
        if content[at : at + len(start)] == start:
            try:
                yield from unpack(content)
            except (OSError, EOFError, ValueError, RuntimeError, NotImplementedError):
                continue
            except (zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError):
                continue
            else:
                return


def _zip(content: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if archive.comment:
            yield "", archive.comment
        for entry in archive.infolist():
            closed = entry.flag_bits & ENCRYPTED or entry.file_size > LARGEST
            yield entry.filename, CLOSED[0] if closed else archive.read(entry)


def _tar(content: bytes) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for entry in archive:
            file = archive.extractfile(entry) if entry.isfile() else None
            yield entry.name, file.read() if file else b""


def _png(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the texts of an image, and what follows its end; its pixels are passed over."""
    at = 8
    while at + 8 <= len(content):
        size, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        body = content[at + 8 : at + 8 + size]
        if kind in (b"zTXt", b"iTXt"):
            packed = body.find(b"\x78")  # where compressed data starts
            yield "", body
            if packed > 0:
                yield "", zlib.decompressobj().decompress(body[packed:])
        elif kind not in (b"IHDR", b"IDAT", b"PLTE"):
            yield "", body
        at += size + 12


OPENED: tuple[tuple[bytes, int, Callable[[bytes], Iterator[tuple[str, bytes]]]], ...] = (
    (b"PK", 0, _zip),
    (b"PK\5\6", -22, _zip),  # behind something else, such as the first line of a zipapp
    (b"ustar", 257, _tar),
    (b"\x89PNG\r\n\x1a\n", 0, _png),
    (b"\x1f\x8b", 0, lambda content: iter([("", gzip.decompress(content))])),
    (b"BZh", 0, lambda content: iter([("", bz2.decompress(content))])),
    (b"\xfd7zXZ", 0, lambda content: iter([("", lzma.decompress(content))])),
    (b"\x78", 0, lambda content: iter([("", zlib.decompress(content))])),
)

REWRITTEN: tuple[tuple[str, Callable[[Passage], Iterator[tuple[int | None, str]]]], ...] = (
    (" (in a text literal)", _unescaped),
    (" (in HTML)", _untagged),
    (" (in a notebook)", _celled),
    (" (URL-encoded)", _unquoted),
    (" (in a traceback)", _untraced),
    (" (encoded)", _encoded),
)
