"""`submission_metadata.json`: who handed in, when, and by when it was due.

The site writes the file, but names and titles in it are other people's words: nothing in it is
believed before it is checked, and what cannot be used is told to staff.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from autograder.outcome import plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Metadata", "Submitter", "read_metadata"]

MOST_BYTES = 32 << 20  # earlier results are in it, too
MOST_USERS = 100
MOST_WORD = 60
UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
# `2025-01-31T12:00:00.123456-08:00`; Python 3.10 reads neither `Z` nor other numbers of digits.
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)")


@dataclass(frozen=True)
class Submitter:
    """One of those who handed in together.

    Attributes:
        id: the site's number, or "?".
        late_s: seconds after the due date that holds for them, 0 if in time; None if not known.
    """

    id: str
    late_s: float | None = None


@dataclass(frozen=True)
class Metadata:
    """What the site says of a submission.

    Attributes:
        id: the submission's number, or "submission".
        submitters: who handed it in.
        total_points: what the site says the assignment is worth; None if it does not.
        problems: what of it could not be used, for staff.
    """

    id: str = "submission"
    submitters: tuple[Submitter, ...] = ()
    total_points: float | None = None
    problems: tuple[str, ...] = field(default=(), compare=False)

    @property
    def lateness(self) -> str:
        """A sentence for students, or "" where nobody of them was late."""
        late = [item.late_s for item in self.submitters if item.late_s]
        if not late:
            return ""
        whose = "" if len(late) == len(self.submitters) else " of some of you"
        lengths = duration(min(late)) + (f" to {duration(max(late))}" if len(set(late)) > 1 else "")
        return f"Handed in {lengths} after the due date{whose}; no points are taken off here."

    def table(self) -> dict[str, Any]:
        """Return what is kept with the results: numbers, no names."""
        users = [{"id": item.id, "late_s": item.late_s} for item in self.submitters]
        return {"submission": self.id, "users": users}


def read_metadata(path: Path) -> Metadata:
    """Return what is said in a file; never raises, since grading goes on without it."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return Metadata(problems=(f"{path.name} is too large to be read",))
        table = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        return Metadata(problems=(plain(f"{path.name} cannot be read: {error}")[:200],))
    return _metadata(_object(table))


def duration(seconds: float) -> str:
    """Return a length of time in its two largest units: `2 days 3 hours`."""
    left, words = math.ceil(seconds), []
    for size, unit in UNITS:
        count, left = divmod(left, size)
        words += [f"{count} {unit}{'s' * (count != 1)}"] if count else []
    return " ".join(words[:2])


def _metadata(table: Mapping[str, Any]) -> Metadata:
    problems: list[str] = []
    common = _object(table.get("assignment"))
    created = _moment(table.get("created_at"), "created_at", problems)
    users = table.get("users")
    submitters = []
    for user in map(_object, users[:MOST_USERS] if isinstance(users, list) else []):
        due = _object(user.get("assignment")).get("due_date", common.get("due_date"))
        late_s = _late(created, _moment(due, "due_date", problems))
        submitters.append(Submitter(_word(user.get("id")) or "?", late_s))
    if not submitters:
        problems.append("no users are named")
        late_s = _late(created, _moment(common.get("due_date"), "due_date", problems))
        submitters.append(Submitter("?", late_s))
    points = _points(common.get("total_points"), problems)
    unique = tuple(dict.fromkeys(problems))
    return Metadata(_word(table.get("id")) or "submission", tuple(submitters), points, unique)


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _word(value: object) -> str:
    """Return a number or a short word, made safe for names of files."""
    known = isinstance(value, (int, str)) and not isinstance(value, bool)
    return re.sub(r"[^\w-]+", "_", str(value)[:MOST_WORD], flags=re.ASCII) if known else ""


def _moment(value: object, key: str, problems: list[str]) -> datetime | None:
    """Return a moment with its zone; one without is nobody's."""
    found = MOMENT.fullmatch(value) if isinstance(value, str) else None
    if found:
        try:
            zone = "+00:00" if found[3] == "Z" else f"{found[3][:3]}:{found[3][-2:]}"
            fraction = f"{(found[2] or '.0'):0<7.7}"
            return datetime.fromisoformat(f"{found[1]}{fraction}{zone}")
        except ValueError:
            pass
    if value is not None or key == "created_at":
        problems.append(f"{key} is not a moment with a time zone: {_shown(value)}")
    return None


def _late(created: datetime | None, due: datetime | None) -> float | None:
    if created is None or due is None:
        return None
    try:
        return max(0.0, (created - due).total_seconds())
    except OverflowError:
        return None


def _points(value: object, problems: list[str]) -> float | None:
    if value is None:
        return None
    try:
        points = float(value) if isinstance(value, (str, int, float)) else math.nan
    except (ValueError, OverflowError):
        points = math.nan
    if not 0 <= points < math.inf:
        problems.append(f"total_points is not a number of points: {_shown(value)}")
        return None
    return points


def _shown(value: object) -> str:
    return ascii(value)[:MOST_WORD]
