"""Names that people, sites and systems gave, made safe for files, pages and tables."""

from __future__ import annotations

import hashlib
import re
import unicodedata

__all__ = ["cut", "digest", "identifier", "shown"]

MOST_BYTES = 80  # of an identifier, as UTF-8: file names may have 255
MOST_SHOWN = 200  # characters of a name in a table or on a page
# Letters and marks that nobody sees: fillers, joiners, variation selectors.
UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
ODD = re.compile("\0+")
OURS = frozenset({"gradebook.csv", "report.html"})  # lie beside the folders of the submissions


def identifier(name: str, *, unique: bool = False) -> str:
    """Return a name for a folder and a page: letters and digits of any script, `_`, `-` and `.`.

    It depends on the name alone. Where something was lost on the way, a hash of the whole name
    follows, so that two names never share what is left of them.

    Args:
        name: anything.
        unique: whether a number in it makes it unique, whatever else is lost.
    """
    wanted = unicodedata.normalize("NFC", name)
    safe = ODD.sub("_", "".join(c if _is_plain(c) else "\0" for c in wanted)).strip(".-")
    if unicodedata.category(safe[:1] or "_").startswith("M"):
        safe = f"_{safe}"  # a mark would sit on whatever stands before the name
    kept = safe and safe not in OURS and len(safe.encode()) <= MOST_BYTES
    if kept and (unique or safe == wanted):
        return safe
    ending = f"-{digest(wanted)}"
    return cut(safe or "submission", MOST_BYTES - len(ending)) + ending


def digest(name: str) -> str:
    """Return eight hexadecimal digits that tell names apart."""
    return hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:8]


def cut(text: str, most: int) -> str:
    """Return the beginning of a text, at most so many bytes of UTF-8."""
    return text.encode()[:most].decode(errors="ignore")


def shown(name: str) -> str:
    """Return a name on one line, without what steers terminals or the direction of writing."""
    plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    return plain if len(plain) <= MOST_SHOWN else f"{plain[:MOST_SHOWN]}..."


def _is_plain(character: str) -> bool:
    kind = unicodedata.category(character)
    letter = kind[0] in "LM" or kind == "Nd"
    return character in "_-." or (letter and not UNSEEN.match(character))
