"""The fork server: imports numpy once, holds no secret, and forks a worker when asked.

Each request is one JSON datagram on the control socket; a spawn brings the worker's ends of its
channel and of its output pipe along. The server never reads what a worker writes, only how it ends.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
import traceback
import zipfile  # noqa: F401 - np.load would import it in every worker
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from select import select
from typing import Any, NoReturn

import numpy as np
import numpy.fft
import numpy.linalg
import numpy.polynomial
import numpy.random

from . import worker
from .confine import Box, confine, go_first, prepare
from .kernel import default_signal, never_dumped
from .remove import remove_tree

__all__ = ["main"]


class Server:
    """The live workers: process id by key.

    Args:
        control: the socket to the grader.
        setup: what `main` was told.
    """

    def __init__(self, control: socket.socket, setup: dict[str, Any]) -> None:
        self.control, self.scratch = control, Path(setup["scratch"])
        self.box, self.jail = Box(**setup["box"]), setup["jail"]
        self.live: dict[str, int] = {}
        self.wake, tell = os.pipe()
        self.highest = max(int(path.name) for path in Path("/dev/fd").iterdir())
        for end in (self.wake, tell):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(tell, warn_on_full_buffer=False)

    def run(self) -> NoReturn:
        """Serve until the grader closes the control socket, then end every worker."""
        self._tell({"ready": os.getpid()})
        while True:
            ready, _, _ = select([self.control.fileno(), self.wake], [], [])
            if self.wake in ready:
                with suppress(BlockingIOError):
                    os.read(self.wake, 4096)
                self._reap()
            if self.control.fileno() in ready:
                self._obey(*socket.recv_fds(self.control, 1 << 16, 4)[:2])

    def refuse(self, absent: str) -> NoReturn:
        """Say which package is absent, and end."""
        self._tell({"ready": 0, "absent": absent})
        self._leave()

    def _obey(self, message: bytes, ends: list[int]) -> None:
        if not message:
            self._leave()
        request = json.loads(message)
        if request["op"] == "spawn":
            self._spawn(request, ends)
        elif request["key"] in self.live:
            _kill(self.live[request["key"]])

    def _spawn(self, request: dict[str, Any], ends: list[int]) -> None:
        try:
            pid = os.fork()
        except OSError as error:  # no process or memory left: this worker's trouble alone
            self._tell({"key": request["key"], "ended": {"error": str(error)}})
        else:
            if pid == 0:
                _become_worker(self, request, ends)
            self.live[request["key"]] = pid
            self._tell({"key": request["key"], "pid": pid})
        for end in ends:
            os.close(end)

    def _reap(self) -> None:
        while self.live:
            # Looked at before it is reaped: its number still stands for its group of processes.
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None:
                return
            _kill(ended.si_pid)
            pid, status, usage = os.wait4(ended.si_pid, 0)
            key = next(key for key, live in self.live.items() if live == pid)
            del self.live[key]
            cpu_s = usage.ru_utime + usage.ru_stime
            news = {"status": status, "cpu_s": cpu_s, "peak_kb": usage.ru_maxrss}
            self._tell({"key": key, "ended": news})

    def _leave(self) -> NoReturn:
        """End with nothing left behind, also when the grader was killed."""
        for pid in self.live.values():
            _kill(pid)
        for pid in self.live.values():
            os.waitpid(pid, 0)
        with suppress(OSError):
            remove_tree(self.scratch)
        os._exit(0)

    def _tell(self, message: dict[str, Any]) -> None:
        try:
            self.control.send(json.dumps(message).encode())
        except OSError:
            self._leave()


def _kill(pid: int) -> None:
    """End a worker and the processes that it started."""
    for end in (os.killpg, os.kill):
        with suppress(ProcessLookupError, PermissionError):
            end(pid, signal.SIGKILL)


def _become_worker(server: Server, request: dict[str, Any], ends: list[int]) -> NoReturn:
    """Turn the forked child into a worker; what fails here is printed where the grader looks.

    Each page of memory that is written to from here on is copied first, and an object is written to
    by being looked at: what can be done before the fork is done in `main`.
    """
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGINT):
            default_signal(number)
        os.setsid()
        channel, output = ends
        _connect(channel, output, server.highest)
        folder, limits = request["folder"], request["limits"]
        for name in ("HOME", "TMPDIR", "MPLCONFIGDIR"):
            os.environ[name] = folder
        confine(server.box, request["uid"], server.jail, folder, limits)
        worker.serve(folder, limits["reply_mb"] << 20, server.box)
    except BaseException:
        with suppress(BaseException):
            traceback.print_exc()
            sys.stderr.flush()
    os._exit(worker.SETUP_FAILED)


def _connect(channel: int, output: int, highest: int) -> None:
    """Lay the channel on 3, output on 1 and 2, nothing on 0, and close the rest.

    Args:
        channel: a descriptor.
        output: a descriptor.
        highest: of the descriptors that the server itself has.
    """
    nothing = os.open(os.devnull, os.O_RDONLY)
    high = [os.dup(end) for end in (channel, output)]
    os.dup2(nothing, 0)
    os.dup2(high[1], 1)
    os.dup2(high[1], 2)
    os.dup2(high[0], worker.CHANNEL)
    os.closerange(worker.CHANNEL + 1, max(highest, channel, output, nothing, *high) + 1)


def _take_streams() -> None:
    """Make the streams that workers print to, and that their students may look at."""
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream = os.fdopen(number, "w", 1 << 13, errors="backslashreplace", closefd=False)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.argv = [""]


def _preload(names: list[str]) -> str:
    """Import packages, and run nothing of them: threads do not survive a fork.

    Returns:
        What is wrong with the first that cannot be imported; '' if all are there.
    """
    for name in names:
        try:
            import_module(name)
        except Exception as error:  # a package can raise anything
            return f"{name} cannot be imported ({type(error).__name__}: {str(error)[:200]})"
    return ""


def main(control: str, setup: str) -> NoReturn:
    """Warm up numpy, forget where our own files lie, and serve.

    Args:
        control: the number of the control socket's descriptor.
        setup: JSON: `box`, the fields of `Box`; `scratch`, the folder of the workers' folders;
            `jail`, the workers' root folder, or ''; `preload`, packages that workers shall have.
    """
    go_first()  # before its files in /proc become root's
    never_dumped()
    prepare(Box(**json.loads(setup)["box"]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the grader, which then closes us
    np.random.seed(0)  # noqa: NPY002 - the lazy parts of numpy are loaded before the fork
    np.linalg.svd(np.ones((8, 8)) @ np.ones((8, 8)))
    absent = _preload(json.loads(setup)["preload"])
    inside = (sys.prefix, sys.base_prefix, str(Path(np.__file__).parent.parent))
    sys.path[:] = [path for path in sys.path if path.startswith(inside)]
    os.environ.pop("PYTHONPATH", None)
    low = os.dup(int(control))  # the grader may have many files open; select takes small numbers
    os.close(int(control))
    server = Server(socket.socket(fileno=low), json.loads(setup))
    _take_streams()
    worker.hide_ourselves()
    gc.collect()
    gc.freeze()
    if absent:
        server.refuse(absent)
    server.run()
