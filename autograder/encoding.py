"""Files that should be UTF-8 and are not: read as what they are, and said so."""

from __future__ import annotations

import codecs
import re

__all__ = ["decoded", "python_source"]

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", ""),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
# Which of the first two bytes of a text that begins with an ASCII character is NUL.
UNMARKED = {(False, True): ("utf-16-le", "UTF-16"), (True, False): ("utf-16-be", "UTF-16")}
DECLARED = re.compile(rb"(?:[^\n]*\n)?[ \t\f]*#[^\n]*?coding[:=][ \t]*([-\w.]+)")  # PEP 263


def decoded(content: bytes) -> tuple[str, str]:
    """Return a text and the name of its encoding, "" for UTF-8 as it should be.

    Raises:
        UnicodeDecodeError: it begins as UTF-16 or UTF-32 and goes on otherwise.
    """
    for mark, codec, name in MARKS:
        if content.startswith(mark):
            return content.decode(codec), name
    if len(content) > 1 and (first := (content[0] == 0, content[1] == 0)) in UNMARKED:
        codec, name = UNMARKED[first]
        return content.decode(codec), name
    try:
        return content.decode("utf-8"), ""
    except UnicodeDecodeError:
        pass
    try:  # Windows' Latin-1; what is not ASCII is hardly ever more than a comment
        return content.decode("cp1252"), "Latin-1"
    except UnicodeDecodeError:
        return content.decode("latin-1"), "Latin-1"


def python_source(content: bytes) -> tuple[bytes, str]:
    """Return a module as Python can read it, and what its author should know, or "".

    A module that says its encoding, as PEP 263 wants, is left alone.
    """
    declared = DECLARED.match(content)
    if declared and _is_codec(declared.group(1)) and b"\0" not in content:
        return content, ""
    try:
        text, name = decoded(content)
    except UnicodeDecodeError:
        text, name = "\0", ""
    if "\0" in text:
        return content, "holds NUL bytes: it is not a text file; save it again as UTF-8."
    if not name:
        return content, ""
    text = re.sub(r"\A((?:[^\n]*\n)?[^\n]*?#[^\n]*?)coding[:=][ \t]*[-\w.]+", r"\1", text)
    return text.encode(), f"is not UTF-8 and was read as {name}; save it as UTF-8."


def _is_codec(name: bytes) -> bool:
    try:
        return bool(codecs.lookup(name.decode("ascii")))
    except (LookupError, ValueError):
        return False
