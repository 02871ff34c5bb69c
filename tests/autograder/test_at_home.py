"""The table of `check.py`: words, colours, HTML."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from autograder.at_home.beside import hiding
from autograder.at_home.handing_in import last_words
from autograder.at_home.homework import Homework, Row, Seen
from autograder.at_home.table import Report, row_lines, says_colour
from autograder.home import Home
from autograder.suite import Check, Suite

if TYPE_CHECKING:
    from pathlib import Path

RIGHT = Row("scores", "The scores", "right", "", "printed")
NOTED = Row("scores", "The scores", "right", "", "printed", "It took 8 s here")
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


def test_a_note_is_shown_below_what_is_right() -> None:
    assert row_lines(NOTED, 6)[1:] == ["    It took 8 s here"]
    assert "It took 8 s here" in Report("T", [NOTED])._repr_html_()


def test_the_last_line_says_how_many_are_to_come() -> None:
    assert Report("T", [RIGHT, WRONG], 4).total == "1 of 2 right, 4 to come"


class Display:
    """What a notebook shows: one output, drawn anew."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def display(self, report: Report, *, display_id: bool) -> Display:
        assert display_id
        self.update(report)
        return self

    def update(self, report: Report) -> None:
        self.seen.append(report.total)


@pytest.mark.parametrize(
    ("kernel", "totals"),
    [
        (object(), ["1 of 1 right, 1 to come", "1 of 2 right"]),
        (None, ["1 of 2 right"]),  # IPython in a terminal replaces nothing
    ],
)
def test_a_kernel_draws_the_table_anew_as_each_check_ends(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kernel: object, totals: list[str]
) -> None:
    display = Display()
    shell = SimpleNamespace(user_ns={}, kernel=kernel)
    ipython = SimpleNamespace(get_ipython=lambda: shell, display=display)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setattr(Home, "_rows", lambda *_: iter([RIGHT, WRONG]))
    suite = SimpleNamespace(checks=[SimpleNamespace(question="loss", name="loss")] * 2)
    home = Home(Homework(suite, "T", {}, {}), tmp_path)  # type: ignore[arg-type]
    assert not home.check("loss", {})
    assert display.seen == totals


@pytest.mark.parametrize(
    ("warnings", "rows", "too_large", "words"),
    [
        (0, [], False, "Hand in this file."),
        (0, [RIGHT], False, "Hand in this file."),
        (1, [RIGHT], False, "1 warning above. It is packed all the same: hand it in, or mend it."),
        (1, [RIGHT, NOTED], False, "2 warnings above. It is packed all the same"),
        (0, [RIGHT, WRONG], False, "1 of 2 public checks is not right. It is packed all the same"),
        (2, [WRONG] * 2, False, "2 of 2 public checks are not right; 2 warnings above. It is"),
        (1, [WRONG], True, "1 of 1 public checks is not right; 1 warning above. The grader does"),
    ],
)
def test_the_last_words(warnings: int, rows: list[Row], *, too_large: bool, words: str) -> None:
    seen = [Seen("ok", "fine"), *[Seen("warning", "odd")] * warnings]
    assert last_words(seen, rows, too_large=too_large).startswith(words)


@pytest.mark.parametrize(
    ("names", "hidden"),
    [
        (["random.py", "work.py", "numpy.py"], ["numpy.py", "random.py"]),
        (["copy.py"], ["copy.py"]),
        (["test.py", "random.txt", "random", "check.py", "random2.py"], []),
    ],
)
def test_which_names_hide_a_module(names: list[str], hidden: list[str]) -> None:
    assert hiding(names) == hidden


def test_a_check_may_have_a_limit_of_its_own() -> None:
    homework = Homework(Suite("s"), "T", {}, {}, cpu_s=3, wall_s=12)
    usual, patient = (Check("a", "A", 0, "a", None, limits=own) for own in ((), (("cpu_s", 9),)))
    assert homework.slowness(usual, 3, 12) == ""
    assert "took 8 s here; grading stops it after 3 s" in homework.slowness(usual, 8.2, 9)
    assert "took 13 s here; grading stops it after 12 s" in homework.slowness(usual, 1, 13)
    assert homework.slowness(patient, 8.2, 9) == ""


def test_the_same_as_text() -> None:
    assert repr(Report("T", [RIGHT])).splitlines() == [
        "scores  right             The scores",
        "1 of 1 right",
    ]
