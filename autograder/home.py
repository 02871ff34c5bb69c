"""`check.py` as its users see it: a command, and `check` and `submit` in a notebook."""

from __future__ import annotations

import difflib
import io
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from types import FrameType

    from autograder.at_home.homework import Homework, Row
    from autograder.at_home.judging import Names
    from autograder.suite import Check

from autograder.at_home.handing_in import look, pack
from autograder.at_home.judging import Desk, refuse_names
from autograder.at_home.process import FRESH, OPEN, SAVED, answer, fresh_rows
from autograder.at_home.saved import run_saved
from autograder.at_home.table import Report, coloured, row_lines, says_colour

__all__ = ["Home", "names_around"]

SUBMIT = "--submit"
USAGE = f"""usage: python check.py             all public checks
       python check.py QUESTION    those of one question
       python check.py {SUBMIT}    look at what you hand in and pack submission.zip"""


def names_around(frame: FrameType) -> Names:
    """Return the notebook's names: IPython's, or those where `check` was called."""
    shell = _shell()
    return {**(shell.user_ns if shell else frame.f_globals)}


def _shell() -> Any:
    """Return the running IPython, or None."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def use_open(names: Names, wanted: str) -> None:
    """Look a name up in a notebook that is open.

    Raises:
        NameError: it has no value yet.
    """
    if wanted not in names:
        raise NameError(f"{wanted} has no value yet: run the cell that gives it one")


class Home:
    """The public checks of one assignment on a student's machine.

    Args:
        homework: the assignment.
        folder: where the student's files are.
        script: `check.py`, to be run anew for each answer; None to try everything in this process.
    """

    def __init__(self, homework: Homework, folder: Path, script: Path | None = None) -> None:
        self._homework, self._folder, self._script = homework, folder, script

    def main(self, arguments: Sequence[str]) -> int:
        """Run `check.py` as a command; return 0 if all is right, 1 if not, 2 if misused."""
        self._prepare()
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # a Windows console lacks many letters
        if arguments[:1] == [FRESH]:
            notebook = refuse_names if arguments[1] == OPEN else self._saved
            return answer(Desk(self._homework, self._folder, notebook, {}), arguments[2:])
        if arguments == [SUBMIT]:
            self.submit()
            return 0
        if any(argument.startswith("-") for argument in arguments):
            print(USAGE)  # noqa: T201 - a command's output
            return 0 if {"-h", "--help"} & set(arguments) else 2
        right = [self.check(question) for question in (arguments or [""])]
        return 0 if all(right) else 1

    def check(self, question: str = "", names: Names | None = None) -> bool:
        """Try the checks of a question, or all, and show what came of each.

        Args:
            question: its name, or a check's, or '' for all.
            names: of an open notebook; None to take them from its file.
        """
        self._prepare()
        chosen = self._homework.chosen(question)
        if not chosen:
            print(self._unknown(question))  # noqa: T201 - a command's output
            return False
        rows = self._rows(chosen, names)
        shell = _shell() if names is not None else None
        if shell is None:
            return self._print(chosen, rows)
        report = Report(self._homework.title, list(rows))
        sys.modules["IPython"].display.display(report)
        return report.right

    def verdict(self, name: str, names: Names) -> str:
        """Return `right`, or what is wrong with one check: what otter shows."""
        self._prepare()
        (row,) = self._rows(self._homework.chosen(name), names)
        return "right" if row.right else "\n".join(row_lines(row, 0)).strip()

    def submit(self) -> None:
        """Look at what is handed in, pack `submission.zip`, and say what is in it."""
        self._prepare()
        colour = says_colour()
        found = look(self._homework, self._folder)
        for item in found:
            print(f"{coloured(item.word, 8, colour=colour)} {item.text}")  # noqa: T201
        if self._homework.suite.checks:
            self.check()
        lines = pack(self._homework, self._folder, sum(item.word != "ok" for item in found))
        print("\n".join(lines))  # noqa: T201

    def _prepare(self) -> None:
        """Let the student's package be found, whatever folder this was called from."""
        if str(self._folder) not in sys.path:
            sys.path.insert(0, str(self._folder))

    def _rows(self, checks: Sequence[Check], names: Names | None) -> Iterator[Row]:
        """Yield what comes of each check; those that need an open notebook's names run here."""
        notebook = self._saved if names is None else use_open
        here = Desk(self._homework, self._folder, notebook, names or {})
        fresh = self._fresh(checks, SAVED if names is None else OPEN)
        for check in checks:
            yield next(fresh, None) or here.judge(check)

    def _fresh(self, checks: Sequence[Check], mode: str) -> Iterator[Row | None]:
        if self._script is not None:
            with suppress(OSError):  # a system that starts no processes
                yield from fresh_rows(self._script, self._homework, checks, mode)

    def _saved(self, names: Names, wanted: str) -> None:
        run_saved([self._folder / name for name in self._homework.notebooks], names, wanted)

    def _print(self, checks: Sequence[Check], rows: Iterable[Row]) -> bool:
        """Print the table row by row, as the checks end."""
        width, colour = max(len(check.question) for check in checks), says_colour()
        right = []
        for row in rows:
            print("\n".join(row_lines(row, width, colour=colour)), flush=True)  # noqa: T201
            right.append(row.right)
        print(f"{sum(right)} of {len(right)} right")  # noqa: T201
        return all(right)

    def _unknown(self, question: str) -> str:
        known = list(dict.fromkeys(check.question for check in self._homework.suite.checks))
        near = difflib.get_close_matches(question, known, 1)
        meant = f" Did you mean {near[0]!r}?" if near else ""
        return f"There is no question {question!r}; there are: {', '.join(known)}.{meant}"
