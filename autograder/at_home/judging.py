"""One public check against the student's code in this process."""

from __future__ import annotations

import copy
import importlib
import io
import random
import sys
import time
import traceback
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from autograder.at_home.homework import Homework
    from autograder.suite import Check

from autograder.at_home.frames import Alarm, own_steps, shown_steps
from autograder.at_home.homework import Row
from autograder.at_home.pages import cell_of
from autograder.box.loading import read_arrays
from autograder.box.notebook import blamed
from autograder.box.objects import Objects
from autograder.box.untouched import function_of, is_among, untouched
from autograder.expect import Judge
from autograder.finding import Wanted
from autograder.remote import Outlines, Student
from gradlab.errors import StudentFault

__all__ = ["Desk", "Names", "NeedsNotebookError", "refuse_names", "too_slow"]

Names = dict[str, Any]
MOST_PRINTED = 2000  # characters
MISTAKES_OF_SHAPE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
# What an exception is called, and what a student reads for the grader's words.
STATUS_OF = {
    "LostNameError": "import error",
    "MemoryError": "out of memory",
    "NotImplementedError": "not implemented",
    "SystemExit": "exited",
    "UnsupportedError": "unsupported value",
}
SHOWN_AS = {"missed": "not right", "protocol broken": "not right"}


class _HomeSession:
    """Answers in this process.

    Args:
        desk: where the check is tried.
        alarm: rings when it takes too long.
    """

    def __init__(self, desk: Desk, alarm: Alarm) -> None:
        self._homework, self._folder, self._notebook = desk.homework, desk.folder, desk.notebook
        self._objects = Objects({"__name__": "__main__", **desk.names})
        self._alarm = alarm

    def ask(self, op: str, **request: Any) -> Any:
        with self._student_code("raised"):
            return self._objects.answer({"op": op, **copy.deepcopy(request)})

    def later(self, op: str, **request: Any) -> Callable[[], Any]:
        """Do it at once, and give the reply, or the failure, to whoever waits for it."""
        try:
            reply = self.ask(op, **request)
        except StudentFault as fault:
            return partial(_raise, fault)
        return lambda: reply

    def module(self, role: str) -> str:
        name = self._homework.roles[role]
        with self._student_code("import error"):
            self._objects.answer({"op": "import", "module": name})
        return name

    def define(self, name: str) -> None:
        with self._student_code("raised"):
            self._notebook(self._objects.notebook, name)

    def artifact(self, name: str) -> dict[str, Any]:
        try:
            return read_arrays((self._folder / name).read_bytes())
        except FileNotFoundError:
            message = f"{name} is not there yet: run the cell that saves it."
            raise StudentFault("missing file", message) from None
        except ValueError as error:
            raise StudentFault("missed", f"{name}: {error}") from None

    def text(self, name: str) -> str:
        path = self._folder / name
        if name in self._homework.artifacts and path.is_file():
            return path.read_text(encoding="utf-8", errors="replace")
        found = cell_of(name, [self._folder / book for book in self._homework.notebooks])
        if found is None:
            raise StudentFault("missing file", f"{name} is not there yet.")
        return found

    def source(self, module: str) -> str:
        return Path(str(sys.modules[module].__file__)).read_text(encoding="utf-8")

    @contextmanager
    def _student_code(self, status: str) -> Iterator[None]:
        """Turn whatever the student's code raises into a fault with the student's own frames."""
        try:
            yield
        except (StudentFault, NeedsNotebookError):
            raise
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            if isinstance(error, KeyboardInterrupt) and not self._alarm.rang:
                raise
            raise self._fault(blamed(error, self._objects.notebook), status) from None

    def _fault(self, error: BaseException, status: str) -> StudentFault:
        steps = own_steps(error, self._folder)
        names = tuple(function_of(frame) for frame, _ in steps)
        trace = shown_steps(steps, self._folder)
        if isinstance(error, KeyboardInterrupt):
            return StudentFault("timed out", too_slow(self._homework.seconds), trace, names)
        text = "".join(traceback.format_exception_only(type(error), error)).strip()
        text = text.replace(str(self._folder), ".")
        kind = next((c.__name__ for c in type(error).__mro__ if c.__name__ in STATUS_OF), "")
        known = "" if status == "import error" else STATUS_OF.get(kind, "")
        return StudentFault(known or status, text, trace, names)


def _raise(fault: StudentFault) -> Any:
    raise fault


class NeedsNotebookError(Exception):
    """A check asks for a name of the notebook, which is open in another process."""


def refuse_names(names: Names, wanted: str) -> None:
    """Stand for a notebook that is open in another process."""
    del names
    raise NeedsNotebookError(wanted)


def too_slow(seconds: float) -> str:
    """Return the sentence for a check that was stopped."""
    return f"It was stopped after {seconds:g} s; is there a loop in your code that never ends?"


class _Printed(io.StringIO):
    """Keeps the first characters that are printed."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, MOST_PRINTED - self.tell())])
        return len(text)


@dataclass(frozen=True)
class Desk:
    """Where checks are tried one by one; the student's modules are loaded afresh for each.

    Attributes:
        homework: the assignment.
        folder: where `check.py` lies.
        notebook: gives a name of the notebook its value, in the namespace that it is given.
        names: what that namespace begins with.
    """

    homework: Homework
    folder: Path
    notebook: Callable[[Names, str], None]
    names: Names

    def judge(self, check: Check) -> Row:
        """Return what comes of a check; the notebook's modules and random streams stay as is."""
        printed, cpu_s, wall_s = _Printed(), time.process_time(), time.perf_counter()
        with self._fresh_modules(), _same_random(), _kept(printed):
            status, text = self._judge(check)
        took = time.process_time() - cpu_s, time.perf_counter() - wall_s
        note = "" if status == "timed out" else self.homework.slowness(check, *took)
        return Row(check.question, check.title, status, text, printed.getvalue().rstrip(), note)

    def hurried(self) -> Desk:
        """Return a desk with less patience."""
        return replace(self, homework=self.homework.hurried)

    def _judge(self, check: Check) -> tuple[str, str]:
        recorded = self.homework.recorded[check.name]
        judge = Judge(
            [Wanted(n, s, v, tuple(t) or None, w) for n, s, v, t, w in recorded["findings"]]
        )
        outlines, alarm = Outlines(recorded["outlines"]), Alarm(self.homework.seconds)
        student = Student(_HomeSession(self, alarm), outlines)
        judge.attend(student, outlines)
        try:
            with alarm:
                check.run(student=student, expect=judge)
        except StudentFault as fault:
            return self._failed(fault)
        except KeyboardInterrupt:
            if not alarm.rang:
                raise
            return "timed out", too_slow(self.homework.seconds)
        except MISTAKES_OF_SHAPE:
            odd = "\n".join(outlines.strange.values())
            return self._failed(StudentFault("missed", odd or UNUSABLE, "", [*outlines.strange]))
        return self._verdict(check, judge, outlines)

    def _verdict(self, check: Check, judge: Judge, outlines: Outlines) -> tuple[str, str]:
        told = [(item.message, item.hint if check.hints else "") for item in judge.findings()]
        text = "\n".join(line for lines in told for line in lines if line)
        if judge.credit == 1:
            return "right", ""
        if not judge.credit and outlines.strange:
            return self._failed(StudentFault("missed", text, "", [*outlines.strange]))
        return "partly right" if judge.credit else "not right", text

    def _failed(self, fault: StudentFault) -> tuple[str, str]:
        holes = set(self.homework.holes).intersection(self._empty())
        if empty := sorted(hole for hole in holes if is_among(hole, fault.frames)):
            return "not implemented", f"{empty[0]} is still empty."
        status = SHOWN_AS.get(fault.status, fault.status)
        return status, f"{fault.staff.rstrip()}\n{fault.message}".strip()

    def _empty(self) -> list[str]:
        """Return the functions that still read as they were handed out."""
        released = {name: text.encode() for name, text in self.homework.released.items()}
        paths = {name: self.folder / name for name in released}
        sources = {name: path.read_bytes() for name, path in paths.items() if path.is_file()}
        return untouched(sources, released)

    @contextmanager
    def _fresh_modules(self) -> Iterator[None]:
        """Forget the student's modules for a while, so that what is asked for is loaded anew."""
        packages = {name.split(".")[0] for name in self.homework.roles.values()}
        before = _taken(packages)
        importlib.invalidate_caches()
        try:
            yield
        finally:
            _taken(packages)
            sys.modules.update(before)


UNUSABLE = "The check cannot go on with what your code returns."


def _taken(packages: Iterable[str]) -> Mapping[str, Any]:
    """Take the modules of some packages out of Python's table, and return them."""
    names = [name for name in sys.modules if name.split(".")[0] in packages]
    return {name: sys.modules.pop(name) for name in names}


@contextmanager
def _kept(printed: _Printed) -> Iterator[None]:
    with redirect_stdout(printed), redirect_stderr(printed):
        yield


@contextmanager
def _same_random() -> Iterator[None]:
    plain, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002 - students' stream
    try:
        yield
    finally:
        random.setstate(plain)
        np.random.set_state(legacy)  # noqa: NPY002
