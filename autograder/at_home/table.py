"""What came of the checks as one table: in a terminal, or as HTML in a notebook."""

from __future__ import annotations

import html
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from autograder.at_home.homework import Row

__all__ = ["Report", "coloured", "plain_text", "row_lines", "says_colour"]

# The statuses' colours: the code of a terminal, and CSS. A status is always a word, too.
COLOURS = {
    "right": ("32", "#176f2c"),
    "ok": ("32", "#176f2c"),
    "partly right": ("33", "#8a5a00"),
    "warning": ("33", "#8a5a00"),
    "not implemented": ("36", "#0b6478"),
}
OTHERS = ("31", "#b3261e")
WIDEST = 16
CELL = "text-align:left;vertical-align:top;padding:3px 12px 3px 0"
PRE = "margin:2px 0 0;white-space:pre-wrap;font-size:90%"


def says_colour() -> bool:
    """Return whether standard output is a terminal that shows colours and its user wants them."""
    known = sys.platform != "win32" or bool({"WT_SESSION", "ANSICON", "TERM"} & set(os.environ))
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and known and sys.stdout.isatty()


def coloured(status: str, width: int, *, colour: bool) -> str:
    """Return a status, padded, in its colour."""
    code = COLOURS.get(status, OTHERS)[0]
    return f"\x1b[{code}m{status:{width}}\x1b[0m" if colour else f"{status:{width}}"


def plain_text(text: str) -> str:
    """Return a text without what a terminal would obey."""
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)


def row_lines(row: Row, width: int, *, colour: bool = False) -> list[str]:
    """Return a row of the table, and below it what the student reads.

    Args:
        row: what came of a check.
        width: of the first column, in characters.
        colour: whether the status is coloured.
    """
    status = coloured(row.status, WIDEST, colour=colour)
    head = f"{row.question:{width}}  {status}  {row.title}"
    return [head, *(f"    {line}" for line in _details(row).splitlines())]


def _details(row: Row) -> str:
    """Return all that stands below a row; what is right needs no words but its note."""
    printed = f"Your code printed:\n{row.printed}" if row.printed else ""
    told = ("", "") if row.right else (row.text, printed)
    return plain_text("\n".join(part for part in (*told, row.note) if part))


@dataclass(frozen=True)
class Report:
    """What came of some checks; a notebook shows it as a table.

    Attributes:
        title: the assignment's.
        rows: one for each check that has ended.
        coming: how many have not.
    """

    title: str
    rows: Sequence[Row]
    coming: int = 0

    @property
    def right(self) -> bool:
        """Whether all is right."""
        return all(row.right for row in self.rows)

    @property
    def total(self) -> str:
        """The last line."""
        right = f"{sum(row.right for row in self.rows)} of {len(self.rows)} right"
        return f"{right}, {self.coming} to come" if self.coming else right

    def __repr__(self) -> str:
        width = max(len(row.question) for row in self.rows)
        lines = (line for row in self.rows for line in row_lines(row, width))
        return "\n".join([*lines, self.total])

    def _repr_html_(self) -> str:
        body = "".join(map(_html_row, self.rows))
        head = "".join(_cells("th", ("question", "result", "check")))
        return (
            f"<table><caption style='text-align:left'>{html.escape(self.title)}: "
            f"{self.total}</caption><tr>{head}</tr>{body}</table>"
        )


def _html_row(row: Row) -> str:
    status = f"<b style='color:{COLOURS.get(row.status, OTHERS)[1]}'>{html.escape(row.status)}</b>"
    title, below = html.escape(row.title), html.escape(_details(row))
    text = f"{title}<pre style='{PRE}'>{below}</pre>" if below else title
    return f"<tr>{''.join(_cells('td', (html.escape(row.question), status, text)))}</tr>"


def _cells(tag: str, texts: Iterable[str]) -> Iterable[str]:
    return (f"<{tag} style='{CELL}'>{text}</{tag}>" for text in texts)
