"""The student's own machine: public checks against modules in the same process."""

from __future__ import annotations

import copy
import sys
import traceback
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType

    from autograder.suite import Check, Suite

from autograder.box.objects import Objects
from autograder.box.untouched import untouched
from autograder.expect import Finding, Judge, Wanted
from autograder.remote import Outlines, Student
from gradlab.errors import StudentFault

__all__ = ["Home"]


class _HomeSession:
    """Answers in this process; the modules are loaded afresh, so that edits count."""

    def __init__(self, roles: Mapping[str, str]) -> None:
        self._roles = roles
        self._objects = Objects()

    def ask(self, op: str, **request: Any) -> Any:
        try:
            return self._objects.answer({"op": op, **copy.deepcopy(request)})
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the student's code raises
            tell = traceback.extract_tb(error.__traceback__)
            inside = [frame for frame in tell if Path(frame.filename).name != "check.py"]
            trace = "".join(traceback.format_list(inside))
            frames = [frame.name for frame in inside]
            text = "".join(traceback.format_exception_only(type(error), error)).strip()
            raise StudentFault("raised", text, trace, frames) from None

    def module(self, role: str) -> str:
        self.ask("import", module=self._roles[role])
        return self._roles[role]

    def define(self, name: str) -> None:
        raise StudentFault("raised", f"{name} of the notebook is not looked at here.")

    def artifact(self, name: str) -> dict[str, Any]:
        raise StudentFault("raised", f"{name} is not looked at here.")


class Home:
    """The public checks of one assignment.

    Args:
        suite: the checks.
        recorded: for each check its findings and outlines, as plain data.
        roles: the dotted module name for each role.
        holes: names of the functions that students write.
        released: the students' modules as they were handed out, by path.
    """

    def __init__(
        self,
        suite: Suite,
        recorded: Mapping[str, Any],
        roles: Mapping[str, str],
        holes: Sequence[str],
        released: Mapping[str, str],
    ) -> None:
        self._suite, self._recorded, self._roles = suite, recorded, roles
        self._holes, self._released = holes, released

    def main(self, arguments: Sequence[str]) -> int:
        """Run `check.py` as a command: questions by name, or all; 0 if all is right, else 1."""
        folder = str(Path(sys.argv[0]).resolve().parent)
        if folder not in sys.path:
            sys.path.insert(0, folder)
        right = [self.check(question) for question in (arguments or [""])]
        return 0 if all(right) else 1

    def check(self, question: str = "") -> bool:
        """Try the checks of a question, or all, and print what came of each."""
        chosen = [c for c in self._suite.checks if question in ("", c.question, c.name)]
        if not chosen:
            known = ", ".join(dict.fromkeys(check.question for check in self._suite.checks))
            print(f"There is no question {question!r}; there are: {known}")  # noqa: T201
            return False
        right = [self._try(check) for check in chosen]
        print(f"{sum(right)} of {len(right)} right")  # noqa: T201 - a command's output
        return all(right)

    def _try(self, check: Check) -> bool:
        status, text = self._judge(check)
        print(f"[{status}] {check.question}: {check.title}")  # noqa: T201
        for line in text.splitlines():
            print(f"    {line}")  # noqa: T201
        return status == "right"

    def _judge(self, check: Check) -> tuple[str, str]:
        recorded = self._recorded[check.name]
        judge = Judge([Wanted(n, s, v, tuple(t)) for n, s, v, t in recorded["findings"]])
        outlines = Outlines(recorded["outlines"])
        session = _HomeSession(self._roles)
        before = self._forget()
        try:
            check.run(student=Student(session, outlines), expect=judge)
        except StudentFault as fault:
            return self._fault(fault.frames, fault.message, fault.staff)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            return self._fault(outlines.strange, "\n".join(outlines.strange.values()), "")
        finally:
            sys.modules.update(before)
        return self._verdict(judge.findings(), outlines)

    def _verdict(self, findings: list[Finding], outlines: Outlines) -> tuple[str, str]:
        text = "\n".join(finding.message for finding in findings if finding.message)
        if all(finding.credit == 1 for finding in findings):
            return "right", ""
        credit = sum((finding.credit for finding in findings), Fraction(0))
        if not credit and outlines.strange:
            return self._fault(outlines.strange, text, "")
        return "partly right" if credit else "not right", text

    def _fault(self, frames: Any, message: str, trace: str) -> tuple[str, str]:
        empty = sorted(set(frames) & set(self._holes) & set(self._empty()))
        if empty:
            return "not implemented", f"{empty[0]} is still empty."
        return "not right", f"{message}\n{trace}".strip()

    def _empty(self) -> list[str]:
        """Return the functions that still read as they were handed out."""
        paths = {name: Path(*name.split(".")).with_suffix(".py") for name in self._roles.values()}
        loaded = {name: sys.modules.get(name) for name in paths}
        sources = {
            paths[name].as_posix(): Path(module.__file__).read_bytes()
            for name, module in loaded.items()
            if module and module.__file__
        }
        released = {name: text.encode() for name, text in self._released.items()}
        return [name.rpartition(".")[2] for name in untouched(sources, released)]

    def _forget(self) -> dict[str, ModuleType]:
        """Forget the student's modules, so that the check loads them anew; return the old ones."""
        packages = {name.split(".")[0] for name in self._roles.values()}
        old = [name for name in sys.modules if name.split(".")[0] in packages]
        return {name: sys.modules.pop(name) for name in old}
