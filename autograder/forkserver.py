"""The trusted end of the fork server: orders workers, hears how they ended, starts it anew."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from queue import Empty, SimpleQueue
from typing import IO, TYPE_CHECKING, Any

from autograder.box.confine import Box
from autograder.box.kernel import never_dumped
from autograder.box.remove import remove_tree
from autograder.scratch import Scratch
from autograder.uids import Uids
from gradlab.errors import GraderFault, UserMistake

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from typing_extensions import Self

    from gradlab.course import Limits

__all__ = ["ForkServer", "Forked", "Lost"]

START_S = 60
END_S = 5
MOST_SAID = 1 << 16  # bytes of what a server printed that are looked at
START = (
    "import sys; del sys.path[0]; import autograder.box.unhooked; "
    "from autograder.box.server import main; main(*sys.argv[1:])"
)
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    # Once before the forks, and not in each worker.
    "LD_BIND_NOW": "1",
    "MPLBACKEND": "Agg",
    # The same order of sets, and so the same results, on every run.
    "PYTHONHASHSEED": "0",
    # One thread for each worker: faster on busy cores, and the same rounding on every machine.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


class Lost(GraderFault):
    """A process of ours was killed from outside; worth another try, with another process."""


class ForkServer:
    """Forks workers for any number of threads; a server that was killed is started again.

    Args:
        box: the layers around every worker.
        environment: added to the server's scrubbed environment, for instance another BLAS kernel.
        preload: packages that it imports before it forks, so that every worker has them.
        lazy: whether it starts with the first worker only.

    Raises:
        UserMistake: a package of `preload` cannot be imported.
        GraderFault: the server does not start.
    """

    def __init__(
        self,
        box: Box | None = None,
        environment: dict[str, str] | None = None,
        preload: tuple[str, ...] = (),
        *,
        lazy: bool = False,
    ) -> None:
        self.box = box or Box()
        self.uids = Uids()
        self._environment, self._preload = {**ENVIRONMENT, **(environment or {})}, preload
        self._lock = threading.Lock()
        self.scratch = Scratch(jail=self.box.jail)
        self._process: _Process | None = None
        try:
            if not lazy:
                self._running()
        except (GraderFault, UserMistake):
            self.scratch.close()
            raise

    @property
    def pid(self) -> int:
        """The server's process number, 0 before it has started."""
        return self._process.pid if self._process else 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server and with it every worker."""
        if self._process:
            self._process.close()
        self.scratch.close()
        self.uids.close()

    def fork(self, limits: Limits, ends: Sequence[int]) -> Forked:
        """Order a worker with these ends of its channel and output.

        Raises:
            GraderFault: the server is gone and does not start again.
            OSError: the worker's folder cannot be made.
        """
        with ExitStack() as undone:
            uid = self.uids.take() if self.box.own_user else 0
            undone.callback(self.uids.give, uid)
            folder = self.scratch.folder(uid)
            undone.callback(remove_tree, folder)
            order = {"op": "spawn", "uid": uid, "limits": asdict(limits)}
            order["folder"] = str(self.scratch.inside(folder))
            process = self._running()
            forked = Forked(process, process.spawn(order, ends), uid, folder)
            undone.pop_all()
        return forked

    def _running(self) -> _Process:
        with self._lock:
            if self._process and self._process.lost:
                self._process.close()
                self._process = None
            self._process = self._process or self._start()
            return self._process

    def _start(self) -> _Process:
        if self.box.seccomp:
            never_dumped()  # nor may workers of the same user look into the grader
        setup = {"box": asdict(self.box), "scratch": str(self.scratch.root)}
        setup |= {"jail": str(self.scratch.jail or ""), "preload": self._preload}
        made = (setup, self._environment, self.scratch.lock)
        try:
            return _Process(*made)
        except Lost:
            return _Process(*made)


@dataclass(frozen=True)
class Forked:
    """One worker, as its server knows it.

    Attributes:
        process: the server.
        key: the worker's name there.
        uid: its user number, 0 if it has none of its own.
        folder: its own folder.
    """

    process: _Process
    key: str
    uid: int
    folder: Path

    def pid(self) -> int:
        """Return its process number.

        Raises:
            GraderFault: the server is lost, or could not make the worker.
        """
        return int(self.process.news(self.key, "pid", START_S).get("pid", 0))

    def kill(self) -> None:
        """End the worker and what it started, unless it has ended already."""
        self.process.send({"op": "kill", "key": self.key})

    def ended(self, seconds: float = END_S) -> dict[str, Any]:
        """Return its wait status, CPU seconds and peak memory; {} if it has not ended yet.

        Raises:
            GraderFault: the server is lost, or could not make the worker.
        """
        ended: dict[str, Any] = self.process.news(self.key, "ended", seconds).get("ended", {})
        return ended

    def forget(self) -> None:
        """Expect nothing more of it."""
        self.process.forget(self.key)


class _Process:
    """One run of the server: the process, its control socket, and what it told, by worker."""

    def __init__(self, setup: dict[str, Any], environment: dict[str, str], lock: int) -> None:
        self.lost = False
        self._inboxes: dict[str, SimpleQueue[dict[str, Any]]] = {"": SimpleQueue()}
        self._told: dict[str, dict[str, Any]] = {}
        self._sending = threading.Lock()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            numbers = (theirs.fileno(), lock)
            self._process = _start(numbers, json.dumps(setup), environment, self._said)
        self.pid = self._process.pid
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        try:
            told = self.news("", "ready", START_S)
        except GraderFault:
            told = {}
        if not told.get("ready"):
            words = self._last_words()
            self.close()
            if absent := told.get("absent"):
                message = f"preload in assignment.toml: {absent}; install it, or take it out there"
                raise UserMistake(message)
            fault = Lost if self._process.returncode == -signal.SIGKILL else GraderFault
            raise fault(f"the fork server did not start{words}; run `gradlab doctor`")

    def _last_words(self) -> str:
        """Return the last line of what the server printed, in brackets, or ''."""
        said = os.pread(self._said.fileno(), MOST_SAID, 0)
        lines = said.decode("utf-8", "replace").split("\n")
        return f" ({lines[-2]})" if lines[1:] else ""

    def close(self) -> None:
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)  # wakes the listening thread and the server
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_S)
        self._process.kill()
        self._process.wait()
        self._listener.join()
        self._control.close()
        self._said.close()

    def spawn(self, order: dict[str, Any], ends: Sequence[int]) -> str:
        key = secrets.token_hex(8)
        self._inboxes[key] = SimpleQueue()
        try:
            self.send({**order, "key": key}, ends)
        except GraderFault:
            self.forget(key)
            raise
        return key

    def send(self, order: dict[str, Any], ends: Sequence[int] = ()) -> None:
        try:
            with self._sending:
                socket.send_fds(self._control, [json.dumps(order).encode()], list(ends))
        except OSError as error:
            raise Lost("the fork server is gone") from error

    def news(self, key: str, kind: str, seconds: float) -> dict[str, Any]:
        """Return what was told of a worker once `kind` is known, or what is known by then."""
        told = self._told.setdefault(key, {})
        deadline = time.monotonic() + seconds
        while kind not in told and "lost" not in told:
            try:
                told |= self._inboxes[key].get(timeout=max(0, deadline - time.monotonic()))
            except Empty:
                return told
        if "error" in told.get("ended", {}):
            raise GraderFault(f"no worker could be made: {told['ended']['error']}")
        if kind not in told:
            raise Lost("the fork server is gone")
        return told

    def forget(self, key: str) -> None:
        self._inboxes.pop(key, None)
        self._told.pop(key, None)

    def _listen(self) -> None:
        with suppress(OSError):
            while message := self._control.recv(1 << 16):
                news = json.loads(message)
                if inbox := self._inboxes.get(news.get("key", "")):
                    inbox.put(news)
        self.lost = True
        for inbox in list(self._inboxes.values()):
            inbox.put({"lost": True})


def _start(
    numbers: tuple[int, int], setup: str, environment: dict[str, str], said: IO[bytes]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-s", "-B", "-c", START, str(numbers[0]), setup],
        env=environment,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stderr=said,
        pass_fds=numbers,
    )
