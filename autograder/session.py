"""One submission during one check: its worker, its modules, its notebook, its files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from autograder.box.ref import UnsupportedError
from autograder.box.untouched import is_among
from autograder.cells import run_cells
from autograder.worker import Worker
from gradlab.errors import AuthorMistake, StudentFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from autograder.cells import Figure
    from autograder.forkserver import ForkServer
    from gradlab.course import Limits

__all__ = ["CheckSession", "Staged", "Workers"]

MOST_TEXT = 2000
MOST_NOTES = 50
MOST_BYTES = 1 << 17  # of a text file
KINDS = {
    "MemoryError": "out of memory",
    "SystemExit": "exited",
    "NotImplementedError": "not implemented",
    "UnsupportedError": "unsupported value",
    "LostNameError": "import error",
    "TooLargeError": "unsupported value",
}


@dataclass
class Staged:
    """A submission made ready to run.

    Attributes:
        files: what a worker finds in its folder, by path.
        roles: the dotted module name for each role.
        missing: paths that should have been handed in and were not.
        unusable: why a path that was handed in is not taken, as the student reads it.
        absences: what a function raises that would be in a missing file of an earlier assignment,
            with what the student reads.
        cells: the notebook's code cells, as label and source.
        artifacts: handed-in files by name.
        texts: the sources of the notebook's cells of all kinds, by id.
        released: the modules as students got them, by path.
        holes: names of the functions that students write.
        unloadable: modules that failed to load, with the failure: it is judged once.
        run: which cells run: `definitions`, or all that are in `cells`.
        stand_ins: dotted names of modules that do nothing there.
    """

    files: dict[str, bytes]
    roles: dict[str, str]
    missing: tuple[str, ...] = ()
    unusable: Mapping[str, str] = field(default_factory=dict)
    absences: Mapping[str, str] = field(default_factory=dict)
    cells: tuple[tuple[str, str], ...] | None = None
    artifacts: Mapping[str, bytes] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    released: Mapping[str, bytes] = field(default_factory=dict)
    holes: tuple[str, ...] = ()
    unloadable: dict[str, StudentFault] = field(default_factory=dict)
    run: str = "definitions"
    stand_ins: tuple[str, ...] = ()

    def absent(self, path: str, words: str) -> StudentFault:
        """Return the fault of a file that is not there, or cannot be used; then it says why."""
        return StudentFault("missing file", self.unusable.get(path, words))

    @property
    def unread(self) -> list[str]:
        """Why notebooks that were handed in cannot be used."""
        return [words for path, words in self.unusable.items() if path.endswith(".ipynb")]


class Workers:
    """Makes the workers of one submission; hands a good one on to the question's next check.

    Args:
        server: who forks them.
        staged: the submission, which every worker gets.

    Attributes:
        figures: what the notebook drew when it first ran in order.
    """

    def __init__(self, server: ForkServer, staged: Staged) -> None:
        self._server, self._staged = server, staged
        self.figures: list[Figure] = []
        self._idle: Worker | None = None
        self._purpose: tuple[object, ...] = ()

    def take(self, question: str, limits: Limits, seed: int) -> Worker:
        """Return a worker with the files in place, ready for a check.

        Raises:
            GraderFault: no worker can be made.
        """
        purpose = (question, limits.memory_mb, limits.file_mb)
        if self._idle and purpose == self._purpose and self._idle.serves(limits):
            worker, self._idle = self._idle, None
        else:
            self.close()
            worker, self._purpose = self._made(limits), purpose
        worker.begin(limits, seed)
        return worker

    def give(self, worker: Worker) -> None:
        """Take a worker back that may serve another check of the same question."""
        self.close()
        self._idle = worker

    def close(self) -> None:
        """End the worker that waits."""
        if self._idle:
            self._idle.close()
            self._idle = None

    def _forked(self, limits: Limits) -> Worker:
        return Worker(self._server, limits)

    def _made(self, limits: Limits) -> Worker:
        worker = self._forked(limits)
        staged = self._staged
        drawn = staged.run != "definitions"
        worker.load(staged.files, stand_ins=list(staged.stand_ins), pictures=drawn)
        return worker


class CheckSession:
    """A `Session` over a worker that is taken when something is first asked of it.

    Args:
        server: who forks the worker.
        staged: the submission.
        limits: what the check may use.
        seed: where the student's own random streams start.
        question: checks of the same question may share a worker; '' to share none.
        workers: where it comes from; by default it is made for this check alone.

    Attributes:
        figures: what the notebook drew, for staff; only if its cells run in order.
    """

    def __init__(
        self,
        server: ForkServer,
        staged: Staged,
        limits: Limits,
        seed: int,
        *,
        question: str = "",
        workers: Workers | None = None,
    ) -> None:
        self._staged, self._limits, self._seed = staged, limits, seed
        self._question, self._workers = question, workers or Workers(server, staged)
        self._worker: Worker | None = None
        self._failed = False
        self._arrays: dict[str, dict[str, Any]] = {}
        self._defined: set[str] = set()
        self._loaded: set[str] = set()
        self._notes: list[str] = []
        self._ran = False
        self.figures: list[Figure] = []

    def ask(self, op: str, **request: Any) -> Any:
        """Return the reply to a request.

        Raises:
            StudentFault: the student's code failed; says how.
            AuthorMistake: the check passes something that does not travel.
        """
        return self.later(op, **request)()

    def later(self, op: str, **request: Any) -> Callable[[], Any]:
        """Send a request, or let it wait for others to be sent with; return what gets the reply.

        Raises:
            StudentFault, AuthorMistake: as for `ask`; so does what is returned.
        """
        worker = self._working()
        try:
            number = worker.post(op, **request)
        except UnsupportedError as error:
            raise AuthorMistake(f"the check passes what cannot be sent: {error}") from None
        return partial(self._reply, worker, number)

    def _reply(self, worker: Worker, number: int) -> Any:
        reply = worker.reply(number)
        if reply["ok"]:
            return reply.get("value")
        self._failed = True
        raise self._of_absence(_fault(reply))

    def _of_absence(self, fault: StudentFault) -> StudentFault:
        """Return a fault; what stands for a file that was not handed in has a word of its own."""
        said = [words for text, words in self._staged.absences.items() if text in fault.message]
        if fault.status != "not implemented" or not said:
            return fault
        return StudentFault("missing file", said[0], fault.staff, fault.frames)

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
        if name not in self._loaded:
            self._load(name)
            self._loaded.add(name)
        return name

    def define(self, name: str) -> None:
        """Run what the notebook needs to give `name` a value.

        Raises:
            StudentFault: there is no notebook.
        """
        if self._staged.cells is None:
            why = " ".join(self._staged.unread) or "The notebook was not handed in."
            raise StudentFault("missing file", why)
        if name in self._defined:
            return
        cells, failed = self._staged.cells, self._staged.unread
        if self._staged.run != "definitions":
            self._run_cells(cells)
            cells, failed = (), [*failed, *self._notes[:MOST_NOTES]]
        asked = {"cells": json.dumps(cells).encode(), "failed": failed}
        self._notes += _texts(self.ask("define", name=name, **asked))[:MOST_NOTES]
        self._defined.add(name)

    def _run_cells(self, cells: tuple[tuple[str, str], ...]) -> None:
        """Run the notebook in this worker, unless it has been."""
        if not self._ran:
            self._ran = True
            failed, self.figures = run_cells(self.ask, cells, self._limits.cell_s)
            self._notes += failed[:MOST_NOTES]

    def artifact(self, name: str) -> dict[str, Any]:
        """Return the arrays of a handed-in `.npz`, read in the worker.

        Raises:
            StudentFault: it is missing or no such file.
        """
        if name not in self._staged.artifacts:
            message = f"{name} was not handed in: run the cell that saves it and hand it in too."
            raise self._staged.absent(name, message)
        if name not in self._arrays:
            self._arrays[name] = self._read(name)
        return self._arrays[name]

    def text(self, name: str) -> str:
        """Return a handed-in text file, or the source of the notebook's cell of this id.

        Raises:
            StudentFault: there is neither.
        """
        if name in self._staged.artifacts:
            return self._staged.artifacts[name][:MOST_BYTES].decode("utf-8", "replace")
        if name not in self._staged.texts:
            cell = " ".join(self._staged.unread) if "." not in name else ""  # no cell's id has one
            raise self._staged.absent(name, cell or f"{name} was not handed in.")
        return self._staged.texts[name]

    def source(self, module: str) -> str:
        """Return the text of a module by its dotted name, as it was handed in."""
        content = self._staged.files.get(module.replace(".", "/") + ".py", b"")
        return content.decode("utf-8", "replace")

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
        holes = {hole for hole in self._staged.holes if is_among(hole, frames)}
        if not holes or self._worker is None or not self._worker.alive:
            return ""
        try:
            same = self.ask("untouched", released=dict(self._staged.released))
        except StudentFault:
            return ""
        return min(holes.intersection(_texts(same)), default="")

    @property
    def killed(self) -> bool:
        """Whether the worker was killed, and not by us."""
        return self._worker is not None and self._worker.killed

    def report(self) -> str:
        """Return what staff may want to know: what was printed, which cells failed."""
        printed = self._worker.printed.decode("utf-8", "replace") if self._worker else ""
        return "\n".join([*self._notes, *([f"printed:\n{printed}"] if printed else [])])

    def close(self) -> None:
        """Hand the worker on; end it after a failure, and after cells that a check can change."""
        if self._worker is None:
            return
        self._workers.figures = self._workers.figures or self.figures
        if self._question and self._worker.alive and not self._failed and not self._defined:
            self._workers.give(self._worker)
        else:
            self._worker.close()

    def _working(self) -> Worker:
        if self._worker is None:
            self._worker = self._workers.take(self._question, self._limits, self._seed)
        return self._worker

    def _load(self, name: str) -> None:
        path = name.replace(".", "/") + ".py"
        if path in self._staged.missing:
            raise self._staged.absent(path, f"{path} was not handed in.")
        worker = self._working()
        if name in worker.imported:
            return
        try:
            self.ask("import", module=name)
            worker.imported.add(name)
        except StudentFault as fault:
            if fault.status in ("raised", "not implemented"):
                fault.status = "import error"
            if not self.killed:
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
