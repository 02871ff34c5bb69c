"""`gradlab explain`: one check of one submission again, with everything that staff may ask."""

from __future__ import annotations

import ast
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from textwrap import indent
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.box.ref import Ref
from autograder.expect import Judge
from autograder.mutation.source import parse
from autograder.outcome import plain
from autograder.session import CheckSession, Workers
from autograder.stage import stage
from gradlab.errors import StudentFault, UserMistake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from autograder.finding import Verdict, Wanted
    from autograder.grade import Grader
    from autograder.hints import Context
    from autograder.intake import Submission
    from autograder.outcome import Outcome
    from autograder.recording import Recording
    from autograder.suite import Check

__all__ = ["Explanation", "explain"]

ASKED = ("call", "keep", "get", "set", "hold")  # operations that say something about a check
MARGIN = " " * 6
MOST_CALLS = 60
MOST_LINES = 80  # of one function
MOST_ITEMS = 24  # of a list or a dict
MOST_TEXT = 20_000  # characters of one value
SHOWN: dict[str, Any] = {"precision": 6, "threshold": 24, "edgeitems": 3, "max_line_width": 96}


@dataclass(frozen=True)
class Call:
    """One request to the student's code, and what came back.

    Attributes:
        target: a function, attribute or item, in words.
        function: the function's own name, or ''.
        given: the arguments.
        reply: what came back; the exception's text where it raised.
    """

    target: str
    function: str
    given: tuple[tuple[str, Any], ...]
    reply: Any


@dataclass(frozen=True)
class Compared:
    """One comparison.

    Attributes:
        name: the finding's.
        got: the student's value.
        wanted: the reference's.
        verdict: what was made of it.
    """

    name: str
    got: Any
    wanted: Any
    verdict: Verdict


@dataclass(frozen=True)
class Explanation:
    """One check of one submission, looked at closely.

    Attributes:
        outcome: as in the results.
        calls: what was asked, in order.
        compared: what was compared, in order.
        code: the student's functions that were called: place and text.
    """

    outcome: Outcome
    calls: tuple[Call, ...]
    compared: tuple[Compared, ...]
    code: tuple[tuple[str, str], ...]

    def for_student(self) -> str:
        """Return what may be pasted into an answer: no wanted value, no staff text."""
        check = self.outcome.check
        head = f"{check.title}: {self.outcome.score:g} of {check.points:g} points"
        return plain(f"{head}\n{self.outcome.text}")

    def for_staff(self) -> str:
        """Return everything: inputs, wanted and received values, hints, the student's code."""
        return plain("\n\n".join(self._parts()))

    def _parts(self) -> Iterator[str]:
        yield f"{self.outcome.check.name}: {self.outcome.status}\n{self.for_student()}"
        if self.calls:
            yield "What was asked\n" + "\n".join(map(_call_text, self.calls[:MOST_CALLS]))
        for item in self.compared:
            state = "right" if item.verdict.right else item.verdict.message
            values = f"received {shown(item.got)}\nwanted {shown(item.wanted)}"
            yield f"{item.name}: {state}\n{indent(values, MARGIN)}"
        if self.outcome.staff:
            yield f"For staff\n{self.outcome.staff}"
        yield from (f"{place}\n{text}" for place, text in self.code)


def explain(grader: Grader, submission: Submission, name: str) -> Explanation:
    """Run one check again, with the draw that its submission always gets.

    Checks that it follows are run before it, those that it needs are not.

    Raises:
        UserMistake: there is no such check, or a person grades it.
    """
    check, recording = _find(grader, name)
    earlier = _followed(grader, check)
    calls: list[Call] = []
    compared: list[Compared] = []

    class Listening(CheckSession):
        def later(self, op: str, **request: Any) -> Callable[[], Any]:
            return partial(self._heard, super().later(op, **request), op, request)

        def _heard(self, wait: Callable[[], Any], op: str, request: Mapping[str, Any]) -> Any:
            try:
                reply = wait()
            except StudentFault as fault:
                calls.extend(_calls(op, request, f"{fault.status}: {fault.message}"))
                raise
            calls.extend(_calls(op, request, reply))
            return reply

    class Looking(Judge):
        def _compare(self, wanted: Wanted, value: Any, context: Context | None = None) -> Verdict:
            verdict = super()._compare(wanted, value, context)
            recorded = self._recorded(wanted.name).value
            compared.append(Compared(wanted.name, value, recorded, verdict))
            return verdict

    staged, _ = stage(submission, grader.plan)
    with closing(Workers(grader.server, staged)) as workers:
        examiner = grader.examiner(submission, staged, workers)
        before: dict[str, Outcome] = {}
        for other in (*earlier, check):
            if other is check:
                examiner = replace(examiner, judge=Looking, session=Listening)
            limits = other.bounded(grader.limits)
            before[other.name] = examiner.examine(other, recording, limits, before)
        outcome = before[check.name]
    own = {path: text for path, text in staged.files.items() if path not in grader.plan.supplied}
    code = tuple(_code({call.function for call in calls}, own))
    return Explanation(outcome, tuple(calls), tuple(compared), code)


def _find(grader: Grader, name: str) -> tuple[Check, Recording]:
    known = {c.name: (c, recording) for suite, recording in grader.suites for c in suite.checks}
    if name not in known:
        names = ", ".join(name for name, (check, _) in known.items() if check.function)
        raise UserMistake(f"no check {name!r} (there are: {names})")
    if known[name][0].function is None:
        raise UserMistake(f"{name} is graded by a person: {known[name][0].rubric}")
    return known[name]


def _followed(grader: Grader, check: Check) -> list[Check]:
    """Return the checks that one follows, and those that they follow, in the suite's order."""
    (suite,) = [suite for suite, _ in grader.suites if check in suite.checks]
    names = set(check.follows)
    for other in reversed(suite.checks):
        names |= set(other.follows) if other.name in names else set()
    return [other for other in suite.checks if other.name in names]


def _calls(op: str, request: Mapping[str, Any], reply: Any) -> Iterator[Call]:
    if op not in ASKED:
        return
    target = request.get("target", Ref(""))
    given = [("", item) for item in request.get("args", ())]
    given += [(f"{key}=", item) for key, item in request.get("kwargs", {}).items()]
    given += [("", request["value"])] if "value" in request else []
    function = str(target.steps[-1][1]) if op in ("call", "keep") and target.steps else ""
    yield Call(f"{op} {_place(target)}".rstrip(), function, tuple(given), reply)


def _place(ref: Ref) -> str:
    steps = (f"[{key!r}]" if kind == "item" else f".{key}" for kind, key in ref.steps)
    return f"{ref.root}{''.join(steps)}"


def _call_text(call: Call) -> str:
    given = "".join(f"\n{indent(name + shown(value), MARGIN)}" for name, value in call.given)
    return f"  {call.target}{given}\n{indent(f'-> {shown(call.reply)}', MARGIN)}"


def shown(value: Any) -> str:
    """Return a value in a few lines: shape, type and corners of an array, the start of a list."""
    text = _text(value)
    return text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}..."


def _text(value: Any) -> str:
    if isinstance(value, np.ndarray):
        text = np.array2string(value, **SHOWN)
        return f"{value.dtype} array {value.shape}\n{text}" if value.ndim else text
    if isinstance(value, Ref):
        return _place(value)
    if isinstance(value, dict):
        return f"{{{_few(f'{key!r}: {_text(item)}' for key, item in value.items())}}}"
    if isinstance(value, (list, tuple)):
        return f"({_few(map(_text, value))})"
    return value if isinstance(value, str) else repr(value)


def _few(items: Iterable[str]) -> str:
    several = list(islice(items, MOST_ITEMS + 1))
    return ", ".join([*several[:MOST_ITEMS], *["..."] * (len(several) > MOST_ITEMS)])


def _code(names: set[str], files: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Yield place and text of the student's functions of these names."""
    for path, content in files.items():
        text = content.decode("utf-8", "replace")
        for node in ast.walk(parse(text) or ast.Module([], [])):
            if isinstance(node, ast.FunctionDef) and node.name in names:
                code = ast.get_source_segment(text, node, padded=True) or ""
                yield f"{path}:{node.lineno}", "\n".join(code.splitlines()[:MOST_LINES])
