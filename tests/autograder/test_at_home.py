"""The table of `check.py`: words, colours, HTML."""

from __future__ import annotations

import io
import sys

import pytest

from autograder.at_home.homework import Row
from autograder.at_home.table import Report, row_lines, says_colour

RIGHT = Row("scores", "The scores", "right", "", "printed")
WRONG = Row("<b>loss</b>", "The & loss", "not right", "a <i>\x1b[31m\nb", "seen")


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("screen", "env", "wanted"),
    [
        (Screen(), {"TERM": "xterm"}, True),
        (io.StringIO(), {"TERM": "xterm"}, False),
        (Screen(), {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (Screen(), {"TERM": "xterm", "NO_COLOR": ""}, True),
        (Screen(), {"TERM": "dumb"}, False),
    ],
)
def test_when_there_are_colours(
    monkeypatch: pytest.MonkeyPatch, screen: io.StringIO, env: dict[str, str], *, wanted: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", screen)
    assert says_colour() is wanted


def test_an_old_windows_terminal_gets_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(sys, "stdout", Screen())
    for name in ("NO_COLOR", "TERM", "ANSICON", "WT_SESSION"):
        monkeypatch.delenv(name, raising=False)
    assert not says_colour()
    monkeypatch.setenv("WT_SESSION", "1")
    assert says_colour()


@pytest.mark.parametrize("status", ["right", "partly right", "not implemented", "timed out"])
def test_a_status_is_a_word_in_colour_or_not(status: str) -> None:
    row = Row("loss", "The loss", status)
    plain, bright = (row_lines(row, 6, colour=colour)[0] for colour in (False, True))
    assert plain == f"loss    {status:16}  The loss"
    assert status in bright
    assert bright.count("\x1b[") == 2


def test_the_text_obeys_no_student() -> None:
    lines = row_lines(WRONG, 4)
    assert lines[1:] == ["    a <i>?[31m", "    b", "    Your code printed:", "    seen"]
    assert row_lines(RIGHT, 4) == ["scores  right             The scores"]


def test_html_is_one_table_with_everything_escaped() -> None:
    page = Report("T <1>", [RIGHT, WRONG])._repr_html_()
    assert page.count("<table>") == 1
    assert "T &lt;1&gt;: 1 of 2 right" in page
    assert "&lt;b&gt;loss&lt;/b&gt;" in page
    assert "a &lt;i&gt;?[31m" in page
    assert "The &amp; loss" in page
    assert not any(part in page for part in ("<b>loss", "<i>", "\x1b", "T <1>"))


def test_the_same_as_text() -> None:
    assert repr(Report("T", [RIGHT])).splitlines() == [
        "scores  right             The scores",
        "1 of 1 right",
    ]
