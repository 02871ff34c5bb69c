"""One submission during one check: its worker, its modules, its notebook, its files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from autograder.box.ref import UnsupportedError
from autograder.worker import Worker
from gradlab.errors import AuthorMistake, GraderFault, StudentFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autograder.worker import ForkServer
    from gradlab.course import Limits

__all__ = ["CheckSession", "Staged"]

MOST_TEXT = 2000
MOST_NOTES = 50
KINDS = {
    "MemoryError": "out of memory",
    "SystemExit": "exited",
    "NotImplementedError": "not implemented",
    "UnsupportedError": "unsupported value",
    "TooLargeError": "unsupported value",
}


@dataclass
class Staged:
    """A submission made ready to run.

    Attributes:
        files: what a worker finds in its folder, by path.
        roles: the dotted module name for each role.
        missing: paths that should have been handed in and were not.
        cells: the notebook's code cells, as label and source.
        artifacts: handed-in files by name.
        released: the modules as students got them, by path.
        holes: names of the functions that students write.
        unloadable: modules that failed to load, with the failure: it is judged once.
    """

    files: dict[str, bytes]
    roles: dict[str, str]
    missing: tuple[str, ...] = ()
    cells: tuple[tuple[str, str], ...] | None = None
    artifacts: Mapping[str, bytes] = field(default_factory=dict)
    released: Mapping[str, bytes] = field(default_factory=dict)
    holes: tuple[str, ...] = ()
    unloadable: dict[str, StudentFault] = field(default_factory=dict)


class CheckSession:
    """A `Session` over a worker that is made when something is first asked of it.

    Args:
        server: who forks the worker.
        staged: the submission.
        limits: what the check may use.
        seed: where the student's own random streams start.
    """

    def __init__(self, server: ForkServer, staged: Staged, limits: Limits, seed: int) -> None:
        self._server, self._staged, self._limits, self._seed = server, staged, limits, seed
        self._worker: Worker | None = None
        self._arrays: dict[str, dict[str, Any]] = {}
        self._defined: set[str] = set()
        self._notes: list[str] = []

    def ask(self, op: str, **request: Any) -> Any:
        """Return the reply to a request.

        Raises:
            StudentFault: the student's code failed; says how.
            AuthorMistake: the check passes something that does not travel.
        """
        try:
            reply = self._working().ask(op, **request)
        except UnsupportedError as error:
            raise AuthorMistake(f"the check passes what cannot be sent: {error}") from None
        if reply["ok"]:
            return reply.get("value")
        raise _fault(reply)

    def module(self, role: str) -> str:
        """Return the dotted name of the module of a role, loaded.

        Raises:
            StudentFault: it is missing or does not load.
            AuthorMistake: the assignment has no such module.
        """
        name = self._staged.roles.get(role)
        if name is None:
            known = ", ".join(sorted(self._staged.roles))
            raise AuthorMistake(f"the assignment has no module {role} (there are {known})")
        if name in self._staged.unloadable:
            raise _again(self._staged.unloadable[name])
        self._load(name)
        return name

    def define(self, name: str) -> None:
        """Run what the notebook needs to give `name` a value.

        Raises:
            StudentFault: there is no notebook.
        """
        if self._staged.cells is None:
            raise StudentFault("missing file", "The notebook was not handed in.")
        if name in self._defined:
            return
        cells = json.dumps(self._staged.cells).encode()
        self._notes += _texts(self.ask("define", cells=cells, name=name))[:MOST_NOTES]
        self._defined.add(name)

    def artifact(self, name: str) -> dict[str, Any]:
        """Return the arrays of a handed-in `.npz`, read in the worker.

        Raises:
            StudentFault: it is missing or no such file.
        """
        if name not in self._staged.artifacts:
            message = f"{name} was not handed in: run the cell that saves it and hand it in too."
            raise StudentFault("missing file", message)
        if name not in self._arrays:
            self._arrays[name] = self._read(name)
        return self._arrays[name]

    def _read(self, name: str) -> dict[str, Any]:
        try:
            arrays = self.ask("arrays", content=self._staged.artifacts[name])
        except StudentFault as fault:
            if fault.status != "raised":
                raise
            raise StudentFault("missed", f"{name}: {fault.message}", fault.staff) from None
        if type(arrays) is not dict:
            raise StudentFault("protocol broken", "", "the reply is not what was asked for")
        return arrays

    def untouched(self, frames: tuple[str, ...]) -> str:
        """Return the function among `frames` that still reads as in the release, or ''."""
        holes = {hole.rpartition(".")[2] for hole in self._staged.holes} & set(frames)
        if not holes or self._worker is None or not self._worker.alive:
            return ""
        try:
            same = self.ask("untouched", released=dict(self._staged.released))
        except StudentFault:
            return ""
        names = {name.rpartition(".")[2] for name in _texts(same)} & holes
        return min(names, default="")

    def report(self) -> str:
        """Return what staff may want to know: what was printed, which cells failed."""
        printed = self._worker.printed.decode("utf-8", "replace") if self._worker else ""
        return "\n".join([*self._notes, *([f"printed:\n{printed}"] if printed else [])])

    def close(self) -> None:
        """End the worker."""
        if self._worker:
            self._worker.close()

    def _working(self) -> Worker:
        if self._worker is None:
            self._worker = Worker(self._server, self._limits)
            reply = self._worker.ask("load", files=self._staged.files)
            if not reply["ok"]:  # none of the student's code has run yet
                raise GraderFault(f"the files could not be put in place: {reply['text']}")
            self._worker.ask("seed", seed=self._seed)
        return self._worker

    def _load(self, name: str) -> None:
        path = name.replace(".", "/") + ".py"
        if path in self._staged.missing:
            raise StudentFault("missing file", f"{path} was not handed in.")
        try:
            self.ask("import", module=name)
        except StudentFault as fault:
            if fault.status in ("raised", "not implemented"):
                fault.status = "import error"
            self._staged.unloadable[name] = _again(fault)
            raise


def _fault(reply: Mapping[str, Any]) -> StudentFault:
    """Return what a reply of failure says, cut to size: a forged one can say anything."""
    frames = tuple(_texts(reply["frames"]))
    status, text = KINDS.get(reply["kind"], "raised"), reply["text"] or reply["kind"]
    where = f" (in {frames[-1][:100]})" if frames and frames[-1] != "<module>" else ""
    return StudentFault(status, text[:MOST_TEXT] + where, reply["trace"][:MOST_TEXT], frames)


def _again(fault: StudentFault) -> StudentFault:
    """Return an equal fault that does not hold on to the frames it passed through."""
    return StudentFault(fault.status, fault.message, fault.staff, fault.frames)


def _texts(value: object) -> list[str]:
    items = value if isinstance(value, list) else []
    return [item[:MOST_TEXT] for item in items if isinstance(item, str)]
