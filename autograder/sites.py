"""How sites pack the submissions of a class into one download, and whose each file is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["METADATA", "Owner", "owners", "people"]

METADATA = "submission_metadata.yml"
LATE = "Canvas marked it as late."
MOST_PEOPLE = 20  # of one group
MOST_VALUE = 200  # characters of a name or an address
SUBMISSION = re.compile(r"(submission_\d{1,20}): *")
FIELD = re.compile(r" {2,4}(?:- |  ):(name|email): +(.*)")
ESCAPED = re.compile(r"\\(\\|x([0-9A-Fa-f]{2}))")
NOT_PLAIN = tuple("!&*|>{[%@`#?,]}")  # how a YAML value begins that is no plain text


@dataclass(frozen=True)
class Owner:
    """Whose a file or folder of a download is.

    Attributes:
        key: the site's name for the submission, with its number.
        name: the student's; "" if the download does not say.
        inside: what the file is called without what the site put in front; "" for a folder.
        notes: what staff should know.
    """

    key: str
    name: str
    inside: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Site:
    """How one site calls what it packs.

    Attributes:
        item: the names of files and folders, which end with a slash, in the download; its groups
            are `key`, if the site says it `name` and `late`, and what stands in front of a file's
            own name.
        key: what the key is made of.
        beside: names of files that lie beside the submissions and must be there if any is listed.
    """

    item: re.Pattern[str]
    key: str
    beside: frozenset[str] = frozenset()

    def owner(self, item: str) -> Owner | None:
        """Return whose a file or folder is; None if its name is not of this site."""
        if not (match := self.item.match(item)):
            return None
        found = match.groupdict()
        notes = (LATE,) if found.get("late") else ()
        return Owner(
            key=self.key.format_map(found),
            name=found.get("name") or "",
            inside="" if item.endswith("/") else item[match.end() :],
            notes=notes,
        )


# A file's number and its name; or, of an entry typed into a form, only a kind.
FILE = r"_(?:\d+_(?=[^/]+$)|(?=(?:text|link)\.html$))"
SITES = (
    # Gradescope: assignment_123_export/submission_456/..., and who that is in a .yml beside it.
    Site(re.compile(r"(?P<id>submission_\d+)/$"), "{id}", frozenset({METADATA})),
    # Moodle: "Ada Lovelace_123_assignsubmission_file_/...", or without folders; what was typed
    # into a form lies beside it, as onlinetext.
    Site(
        re.compile(r"(?P<name>[^/]+?)_(?P<id>\d+)_assignsubmission_[a-z]+(?:_?/$|_(?=[^/]+$))"),
        "{name}_{id}_assignsubmission_file",
    ),
    # Canvas: name, LATE, the student's number, the file's, and its name, all in one folder; see
    # lib/content_zipper.rb of instructure/canvas-lms. In anonymous grading the name is "anon".
    Site(
        re.compile(rf"(?P<late>LATE_)?(?P<name>anon_[0-9A-Za-z]+)(?:_LATE)?{FILE}"),
        "{name}",
    ),
    Site(
        re.compile(rf"(?P<name>[^/]+?)(?P<late>_LATE)?_(?P<id>\d+){FILE}"),
        "{name}_{id}",
    ),
)


def owners(items: Sequence[str]) -> dict[str, Owner]:
    """Return whose the files and folders of a download are; {} if it is no site's.

    It is a site's if most names are as the site makes them: one odd file changes nothing.
    """
    for site in SITES:
        found = {item: owner for item in items if (owner := site.owner(item))}
        others = [item for item in items if item not in found and item not in site.beside]
        if len(found) > len(others) and site.beside <= set(items):
            return found
    return {}


def people(text: str) -> dict[str, tuple[str, str]]:
    """Return names and addresses by submission, as Gradescope's list of them says.

    Only the few lines that say so are read, as that site writes them; of a submission whose lines
    look otherwise nothing is known.
    """
    listed: dict[str, list[tuple[str, str]]] = {}
    current: list[tuple[str, str]] | None = None
    inside = False
    for line in (line.rstrip("\r") for line in text.split("\n")):
        if match := SUBMISSION.fullmatch(line):
            # Of one that is listed twice, nobody can say which is right.
            current, inside = (None if match[1] in listed else []), False
            listed[match[1]] = [] if current is None else current
        elif line[:1] not in (" ", "-", "#", ""):
            current = None
        elif line[:2] == "  " and line[2:3] not in (" ", "-"):
            inside = line.rstrip() == "  :submitters:"
        elif inside and current is not None and (field := FIELD.fullmatch(line)):
            current.append((field[1], _scalar(field[2].strip())))
    return {key: (_joined(found, "name"), _joined(found, "email")) for key, found in listed.items()}


def _joined(found: Sequence[tuple[str, str]], wanted: str) -> str:
    values = [value[:MOST_VALUE] for field, value in found if field == wanted and value]
    return "; ".join(values[:MOST_PEOPLE])


def _scalar(text: str) -> str:
    """Return a value of one line of YAML, or "" where it is more than a quoted or plain text."""
    if text.startswith('"'):
        try:
            value = json.loads(ESCAPED.sub(lambda m: f"\\u00{m[2]}" if m[2] else m[0], text))
        except ValueError:
            return ""
        return value if isinstance(value, str) else ""
    if text.startswith("'"):
        match = re.fullmatch(r"'((?:[^']|'')*)'", text)
        return match[1].replace("''", "'") if match else ""
    return "" if text.startswith(NOT_PLAIN) or ": " in text or " #" in text else text
