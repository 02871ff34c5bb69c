"""Checks in a Python process of their own, so that edits count and a notebook cannot be harmed."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from autograder.at_home.homework import Homework
    from autograder.at_home.judging import Desk
    from autograder.suite import Check

from autograder.at_home.homework import Row
from autograder.at_home.judging import NeedsNotebookError, too_slow

__all__ = ["FRESH", "OPEN", "SAVED", "answer", "fresh_rows"]

FRESH = "--fresh"  # how `check.py` is called by itself
OPEN, SAVED = "open", "saved"  # where the notebook's names are
START_S = 120  # a first import of numpy behind a virus scanner
GRACE_S = 3  # for the process to stop itself and say where it was
READY = b"ready"
# No windows, and one thread, so that CPU time is what the grader would count.
LIBRARIES = ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "VECLIB_MAXIMUM")
LIKE_THE_GRADER = {"MPLBACKEND": "Agg", **{f"{name}_THREADS": "1" for name in LIBRARIES}}


def fresh_rows(
    script: Path, homework: Homework, checks: Sequence[Check], mode: str
) -> Iterator[Row | None]:
    """Yield what comes of each check; None for one that needs the names of an open notebook.

    Args:
        script: `check.py`, which runs itself.
        homework: the assignment.
        checks: in order. One that hangs or ends the process costs no other its turn.
        mode: `OPEN` or `SAVED`.

    Raises:
        OSError: this system starts no processes.
    """
    left = list(checks)
    while left:
        asked = [mode, f"{homework.seconds:g}", *(check.name for check in left)]
        with contextlib.closing(_Process(script, asked)) as process:
            failed = process.problem(READY, START_S)
            while left and not failed:
                check = left.pop(0)
                failed = process.problem(None, homework.seconds + GRACE_S)
                row = _row(check, process.line, failed, homework.seconds)
                if row and row.status == "timed out":
                    homework = homework.hurried
                yield row
        if failed and len(left) == len(checks):  # it has not even begun
            yield from (_row(check, b"", failed, START_S) for check in left)
            return


def _row(check: Check, line: bytes, failed: tuple[str, ...], seconds: float) -> Row | None:
    if failed:
        status, text = failed
        text = too_slow(seconds) if status == "timed out" else text
        return Row(check.question, check.title, status, text)
    table = json.loads(line)
    return Row(**table) if table else None


class _Process:
    """The other process, as the one that asks sees it."""

    def __init__(self, script: Path, arguments: Sequence[str]) -> None:
        self.line = b""
        self._said: queue.Queue[bytes] = queue.Queue()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
        self._process = subprocess.Popen(
            [sys.executable, "-B", str(script), FRESH, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=script.parent,
            env={**os.environ, **LIKE_THE_GRADER},
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with self._process.stdout as lines:  # type: ignore[union-attr]
            for line in lines:
                self._said.put(line.strip())
        self._said.put(b"")

    def problem(self, wanted: bytes | None, seconds: float) -> tuple[str, str] | tuple[()]:
        """Wait for the next line; return the status and the sentence if none comes."""
        try:
            self.line = self._said.get(timeout=seconds)
        except queue.Empty:
            return "timed out", ""
        if self.line and wanted in (None, self.line):
            return ()
        code = self._process.wait()
        self._errors.seek(0)
        said = self._errors.read().decode("utf-8", "replace").strip().splitlines()[-1:]
        return "crashed", "\n".join([f"Python ended with the code {code}.", *said])

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._errors.close()


def answer(desk: Desk, names: Sequence[str]) -> int:
    """Try checks by name in this process, and print a line of JSON for each."""
    lines = os.fdopen(os.dup(1), "wb", 0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # for what C libraries print
    lines.write(READY + b"\n")
    for check in (check for name in names for check in desk.homework.chosen(name)):
        try:
            row = desk.judge(check)
        except NeedsNotebookError:
            row = None
        lines.write(json.dumps(row and asdict(row)).encode() + b"\n")
        if row and row.status == "timed out":
            desk = desk.hurried()
    return 0
