"""A check tried in this process: recorded with one source, judged with another.

There is one module, under every role's name; its names are the notebook's too.
"""

from __future__ import annotations

import copy
import inspect
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from autograder.box.objects import Objects
from autograder.draw import Draw
from autograder.expect import Judge
from autograder.recorder import Recorder
from autograder.remote import Outlines, Student
from gradlab.errors import StudentFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from autograder.finding import Finding, Wanted


class InProcess:
    """A `Session` without a process: requests and replies are copied, as if they travelled."""

    def __init__(self, module: str, source: str, texts: Mapping[str, str]) -> None:
        self._module, self._source, self._texts = module, source, texts
        self._objects = Objects(sys.modules[module].__dict__)

    def ask(self, op: str, **request: Any) -> Any:
        try:
            reply = self._objects.answer({"op": op, **copy.deepcopy(request)})
        except Exception as error:
            raise StudentFault("raised", f"{type(error).__name__}: {error}") from error
        return copy.deepcopy(reply)

    def later(self, op: str, **request: Any) -> Callable[[], Any]:
        reply = self.ask(op, **request)
        return lambda: reply

    def module(self, role: str) -> str:
        del role  # there is but one
        return self._module

    def define(self, name: str) -> None:
        del name

    def artifact(self, name: str) -> dict[str, Any]:
        raise StudentFault("missing file", name)

    def text(self, name: str) -> str:
        if name not in self._texts:
            raise StudentFault("missing file", name)
        return self._texts[name]

    def source(self, module: str) -> str:
        assert module == self._module
        return self._source


@dataclass(frozen=True)
class Tried:
    """What came of a check."""

    judge: Judge
    fault: StudentFault | None

    @property
    def credit(self) -> float:
        return float(self.judge.credit)

    def __getitem__(self, name: str) -> Finding:
        return next(finding for finding in self.judge.findings() if finding.name == name)

    @property
    def text(self) -> str:
        """All that the student may read."""
        told = [t for f in self.judge.findings() for t in (f.message, f.hint) if t]
        return "\n".join([*told, *([self.fault.message] if self.fault else [])])


@contextmanager
def student(
    source: str, outlines: Outlines, texts: Mapping[str, str] | None = None
) -> Iterator[Student]:
    """Give the student whose module `work` is this source."""
    module = ModuleType(f"work_{uuid4().hex}")
    exec(compile(source, module.__name__, "exec"), module.__dict__)  # noqa: S102 - a test's own text
    sys.modules[module.__name__] = module
    try:
        yield Student(InProcess(module.__name__, source, texts or {}), outlines)
    finally:
        del sys.modules[module.__name__]


def record(
    check: Callable[..., None],
    source: str,
    seed: int = 1,
    texts: Mapping[str, str] | None = None,
    recorder: Recorder | None = None,
) -> tuple[list[Wanted], Outlines]:
    """Return what the reference gives in a check; `recorder` may listen as well."""
    recorder, outlines = recorder or Recorder(), Outlines()
    with student(source, outlines, texts) as reference:
        _run(check, recorder, reference, outlines, seed)
    recorder.refuse_unearned()
    return recorder.findings, outlines


def judge(
    check: Callable[..., None],
    recorded: tuple[list[Wanted], Outlines],
    source: str,
    seed: int = 1,
    texts: Mapping[str, str] | None = None,
) -> Tried:
    """Return what a check finds in a submission, against what was recorded."""
    judging, outlines = Judge(recorded[0]), Outlines(recorded[1].seen)
    with student(source, outlines, texts) as submission:
        try:
            _run(check, judging, submission, outlines, seed)
        except StudentFault as fault:
            return Tried(judging, fault)
    return Tried(judging, None)


def tried(check: Callable[..., None], reference: str, submission: str, seed: int = 1) -> Tried:
    """Return what a check recorded with one source finds in another."""
    return judge(check, record(check, reference, seed), submission, seed)


def _run(
    check: Callable[..., None],
    expect: Recorder | Judge,
    whose: Student,
    outlines: Outlines,
    seed: int,
) -> None:
    expect.attend(whose, outlines)
    reference = Student(whose._session, Outlines())
    given = {"student": whose, "expect": expect, "draw": Draw(seed), "reference": reference}
    takes = inspect.signature(check).parameters
    check(**{name: value for name, value in given.items() if name in takes})
