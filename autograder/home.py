"""`check.py` as its users see it: a command, and `check` and `submit` in a notebook."""

from __future__ import annotations

import difflib
import io
import shutil
import sys
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import FrameType

    from autograder.at_home.given import Given
    from autograder.at_home.homework import Homework, Row
    from autograder.at_home.judging import Names
    from autograder.suite import Check

from autograder.at_home.given import given_files
from autograder.at_home.handing_in import HAND_IN, last_words, look
from autograder.at_home.homework import Seen
from autograder.at_home.judging import Desk, refuse_names
from autograder.at_home.packing import PACKED, Packing, lay_out_again
from autograder.at_home.process import FRESH, OPEN, SAVED, answer, fresh_rows
from autograder.at_home.saved import run_saved
from autograder.at_home.table import Report, coloured, row_lines, says_colour

__all__ = ["Home", "names_around", "stoppable"]

SUBMIT = "--submit"
USAGE = f"""usage: python check.py             all public checks
       python check.py QUESTION    those of one question
       python check.py {SUBMIT}    look at what you hand in and pack {PACKED}"""
# Exit codes: all is well, something is not right, it was misused or nothing came of it, Ctrl-C.
FINE, FOUND, MISUSED, STOPPED = 0, 1, 2, 130


def stoppable(task: Callable[..., int | bool], *given: Any) -> int:
    """Do something that Ctrl-C, or a notebook's stop button, ends without a traceback."""
    try:
        return task(*given)
    except KeyboardInterrupt:
        print("stopped")  # noqa: T201 - a command's output
        return STOPPED


def names_around(frame: FrameType) -> Names:
    """Return the notebook's names: IPython's, or those where `check` was called."""
    shell = _shell()
    return {**(shell.user_ns if shell else frame.f_globals)}


def _shell() -> Any:
    """Return the running IPython, or None."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def _draws_anew() -> bool:
    """Return whether what was shown can be replaced: by a kernel, not by IPython in a terminal."""
    return getattr(_shell(), "kernel", None) is not None


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
        """Run `check.py` as a command; return 0 if all is right, 1 if not, 2 if misused.

        For `--submit`, 1 says that there are warnings, and 2 that nothing was packed.
        """
        return stoppable(self._run, arguments)

    def _run(self, arguments: Sequence[str]) -> int:
        self._prepare()
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # a Windows console lacks many letters
        if arguments[:1] == [FRESH]:
            return self._answer(*arguments[1:])
        if arguments == [SUBMIT]:
            return self.submit()
        if any(argument.startswith("-") for argument in arguments):
            print(USAGE)  # noqa: T201 - a command's output
            return FINE if {"-h", "--help"} & set(arguments) else MISUSED
        right = [self.check(question) for question in (arguments or [""])]
        return FINE if all(right) else FOUND

    def _answer(self, mode: str, seconds: str, *names: str) -> int:
        """Be the other process, in which checks are tried."""
        homework = replace(self._homework, seconds=float(seconds))
        notebook = refuse_names if mode == OPEN else self._saved
        return answer(Desk(homework, self._folder, notebook, {}), names)

    def check(self, question: Any = "", names: Names | None = None) -> bool:
        """Try the checks of a question, or all, and show what came of each.

        Args:
            question: its name, or a check's, or '' for all.
            names: of an open notebook; None to take them from its file.
        """
        self._prepare()
        chosen = self._homework.chosen(question) if isinstance(question, str) else []
        if not chosen:
            print(self._unknown(question))  # noqa: T201 - a command's output
            return False
        rows = self._rows(chosen, names)
        shell = _shell() if names is not None else None
        show = self._print if shell is None else self._draw
        return all(row.right for row in show(chosen, rows))

    def verdict(self, name: str, names: Names) -> str:
        """Return `right`, or what is wrong with one check: what otter shows."""
        self._prepare()
        (row,) = self._rows(self._homework.chosen(name), names)
        return "right" if row.right else "\n".join(row_lines(row, 0)).strip()

    def submit(self) -> int:
        """Look at what is handed in, pack `submission.zip`, and try the checks on what is in it.

        Returns:
            0 if nothing speaks against it, 1 if there are warnings, 2 if nothing is packed.
        """
        self._prepare()
        colour, given = says_colour(), given_files(self._homework, self._folder)
        packing = Packing.of(self._homework, self._folder, given)
        seen = [*look(self._homework, self._folder, given, packing.unread), *packing.seen]
        for item in seen:
            print(f"{coloured(item.word, 8, colour=colour)} {item.text}")  # noqa: T201
        if not set(packing.sizes).intersection(self._homework.hand_in):
            print(f"There is nothing to hand in here; no {PACKED} is written.")  # noqa: T201
            return MISUSED
        try:
            print("\n".join(packing.write()), flush=True)  # noqa: T201
        except OSError as error:
            why = f"could not be written: {error.strerror}. Is it open somewhere?"
            print(f"{PACKED} {why}")  # noqa: T201
            return MISUSED
        return self._last_words(seen, packing, given)

    def _last_words(self, seen: Sequence[Seen], packing: Packing, given: Given) -> int:
        """Try the checks on what was packed, and say what to do with it."""
        rows: list[Row] = []
        try:
            if self._homework.suite.checks:
                with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
                    rows = self._again(Path(name).resolve(), given)
        except OSError as error:
            seen = [*seen, Seen("warning", f"the checks could not be tried: {error}")]
            print(seen[-1].text)  # noqa: T201
        words = last_words(seen, rows, too_large=packing.is_too_large)
        print(words)  # noqa: T201
        return FINE if words == HAND_IN else FOUND

    def _again(self, folder: Path, given: Given) -> list[Row]:
        """Try the checks in a folder that holds what was handed out and what was packed alone."""
        lay_out_again(self._homework, self._folder, given, folder)
        print(f"The public checks, with the given files and what {PACKED} holds:")  # noqa: T201
        script = self._script and shutil.copyfile(self._script, folder / "check.py")
        home, checks = Home(self._homework, folder, script), self._homework.suite.checks
        sys.path.insert(0, str(folder))  # for a system that starts no processes
        try:
            return home._print(checks, home._rows(checks, None))
        finally:
            sys.path.remove(str(folder))

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
            row = next(fresh, None) or here.judge(check)
            if row.status == "timed out":
                here = here.hurried()
            yield row

    def _fresh(self, checks: Sequence[Check], mode: str) -> Iterator[Row | None]:
        if self._script is not None:
            with suppress(OSError):  # a system that starts no processes
                yield from fresh_rows(self._script, self._homework, checks, mode)

    def _saved(self, names: Names, wanted: str) -> None:
        run_saved([self._folder / name for name in self._homework.notebooks], names, wanted)

    def _print(self, checks: Sequence[Check], rows: Iterable[Row]) -> list[Row]:
        """Print the table row by row, as the checks end."""
        width, colour = max(len(check.question) for check in checks), says_colour()
        seen = []
        for row in rows:
            print("\n".join(row_lines(row, width, colour=colour)), flush=True)  # noqa: T201
            seen.append(row)
        print(Report(self._homework.title, seen).total)  # noqa: T201
        return seen

    def _draw(self, checks: Sequence[Check], rows: Iterable[Row]) -> list[Row]:
        """Show the table in a notebook, and draw it anew as each check ends."""
        display, title = sys.modules["IPython"].display.display, self._homework.title
        seen: list[Row] = []
        shown = None
        for row in rows:
            seen.append(row)
            report = Report(title, tuple(seen), len(checks) - len(seen))
            if shown is not None:
                shown.update(report)
            elif _draws_anew() or not report.coming:
                shown = display(report, display_id=True)
        return seen

    def _unknown(self, question: object) -> str:
        known = list(dict.fromkeys(check.question for check in self._homework.suite.checks))
        if not isinstance(question, str):
            example = f'check("{known[0]}")' if known else "check()"
            return f"Write the name of a question in quotes: {example}."
        near = difflib.get_close_matches(question, known, 1)
        meant = f" Did you mean {near[0]!r}?" if near else ""
        return f"There is no question {question!r}; there are: {', '.join(known)}.{meant}"
