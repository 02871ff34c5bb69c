"""The trusted end of a worker: it asks, waits no longer than allowed, and says how it ended.

Nothing here imports or unpickles what a student wrote; a worker's bytes go through the codec.
"""

from __future__ import annotations

import json
import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from autograder.box import codec
from gradlab.errors import GraderFault, StudentFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Self

    from gradlab.course import Limits

__all__ = ["ForkServer", "Worker"]

START_S = 60
END_S = 5
SETUP_FAILED = 70
CHUNK = 1 << 20
# One thread for each worker: faster on busy cores, and the same rounding on every machine.
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "MPLBACKEND": "Agg",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}


class ForkServer:
    """The process that forks workers; one serves any number of threads.

    Args:
        environment: added to the server's scrubbed environment, for instance another BLAS kernel.

    Raises:
        GraderFault: the server does not start.
    """

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        self._inboxes: dict[str, SimpleQueue[dict[str, Any]]] = {"": SimpleQueue()}
        self._lock = threading.Lock()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control = ours
        self._process = _start(theirs, {**ENVIRONMENT, **(environment or {})})
        threading.Thread(target=self._listen, daemon=True).start()
        if "ready" not in self._wait("", START_S):
            raise GraderFault("the fork server did not start; run `gradlab doctor`")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server and with it every worker."""
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)  # wakes the listening thread
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_S)
        self._process.kill()
        self._process.wait()
        self._control.close()

    def spawn(self, limits: Limits, folder: Path, ends: Sequence[int]) -> tuple[str, int]:
        """Fork a worker; return its key and process id.

        Raises:
            GraderFault: the server does not answer.
        """
        key = secrets.token_hex(8)
        self._inboxes[key] = SimpleQueue()
        order = {"op": "spawn", "key": key, "folder": str(folder), "limits": asdict(limits)}
        try:
            with self._lock:
                socket.send_fds(self._control, [json.dumps(order).encode()], list(ends))
            return key, int(self._wait(key, START_S)["pid"])
        except (OSError, KeyError) as error:
            raise GraderFault("the fork server is gone") from error

    def end(self, key: str, pid: int, *, kill: bool) -> dict[str, Any]:
        """Return how a worker ended: wait status, CPU seconds, peak memory; {} if unknown."""
        if kill:
            with suppress(OSError), self._lock:
                self._control.send(json.dumps({"op": "kill", "pid": pid}).encode())
        ended: dict[str, Any] = self._wait(key, END_S).get("ended", {})
        self._inboxes.pop(key, None)
        return ended

    def _wait(self, key: str, seconds: float) -> dict[str, Any]:
        try:
            return self._inboxes[key].get(timeout=seconds)
        except Empty:
            return {}

    def _listen(self) -> None:
        with suppress(OSError):
            while message := self._control.recv(1 << 16):
                news = json.loads(message)
                self._inboxes.get(news.get("key", ""), SimpleQueue()).put(news)
        for inbox in list(self._inboxes.values()):
            inbox.put({})


def _start(control: socket.socket, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    end = control.fileno()
    command = [sys.executable, "-I", "-m", "autograder.box.server", str(end)]
    with control:
        return subprocess.Popen(
            command,
            env=environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            pass_fds=(end,),
        )


class Worker:
    """One forked process for one check.

    Args:
        server: who forks it.
        limits: what it may use; `wall_s` counts from the first request on.

    Raises:
        GraderFault: it cannot be made.
    """

    def __init__(self, server: ForkServer, limits: Limits) -> None:
        self.limits = limits
        self.cpu_s = 0.0
        self.alive = True
        self.printed = bytearray()
        self._server = server
        self._count = 0
        self._folder = Path(tempfile.mkdtemp(prefix="gradlab-"))
        self._channel, theirs = socket.socketpair()
        self._output, output = os.pipe()
        try:
            ends = (theirs.fileno(), output)
            self._key, self._pid = server.spawn(limits, self._folder, ends)
        except GraderFault:
            self._drop()
            raise
        finally:
            theirs.close()
            os.close(output)
        self._channel.settimeout(0)
        os.set_blocking(self._output, False)
        self._deadline = time.monotonic() + limits.wall_s

    def ask(self, op: str, **request: Any) -> dict[str, Any]:
        """Return the worker's reply to one request.

        Raises:
            StudentFault: it did not answer in time, or ended, or sent something else.
            GraderFault: it could not be set up.
        """
        self._count += 1
        self._write(codec.encode({"op": op, "id": self._count, **request}))
        limit = self.limits.reply_mb << 20
        try:
            header, body = codec.read_head(bytes(self._read(codec.HEAD.size)), limit + CHUNK)
            reply = codec.decode(bytes(self._read(header)), self._read(body))
        except codec.ProtocolError as error:
            raise self._ended("protocol broken", str(error)) from None
        if not _is_reply(reply, self._count):
            raise self._ended("protocol broken", "the reply does not belong to the request")
        return dict(reply)

    def close(self) -> None:
        """End the process and remove what it wrote."""
        if self.alive:
            self._end(kill=True)

    def _end(self, *, kill: bool) -> dict[str, Any]:
        ended = self._server.end(self._key, self._pid, kill=kill)
        self.cpu_s = float(ended.get("cpu_s", 0.0))
        self._drain()
        self._drop()
        return ended

    def _drop(self) -> None:
        self.alive = False
        self._channel.close()
        os.close(self._output)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _ended(self, status: str, staff: str = "") -> StudentFault:
        self._end(kill=True)
        return StudentFault(status, "", staff)

    def _gone(self) -> StudentFault:
        """Say why the channel closed from how the process ended."""
        ended = self._end(kill=False)
        if not ended:
            return StudentFault("protocol broken", "", "the worker closed its channel")
        status = ended["status"]
        if os.WIFEXITED(status):
            code = os.WEXITSTATUS(status)
            if code == SETUP_FAILED and self._count == 1:
                text = self.printed.decode("utf-8", "replace")[-500:]
                raise GraderFault(f"a worker could not be set up: {text}")
            return StudentFault("exited", "", f"exit code {code}")
        number = os.WTERMSIG(status)
        name = signal.Signals(number).name
        over = number == signal.SIGXCPU or self.cpu_s >= self.limits.cpu_s
        word = "out of CPU" if over else "crashed"
        return StudentFault(word, "", f"{name} after {self.cpu_s:.1f} s of CPU time")

    def _write(self, parts: Sequence[bytes | memoryview]) -> None:
        for part in parts:
            view = memoryview(part)
            while view:
                try:
                    view = view[self._channel.send(view[:CHUNK]) :]
                except BlockingIOError:
                    self._wait(select.POLLOUT)
                except OSError:
                    raise self._gone() from None

    def _read(self, size: int) -> bytearray:
        content = bytearray(size)
        view = memoryview(content)
        while view:
            try:
                count = self._channel.recv_into(view)
            except BlockingIOError:
                self._wait(select.POLLIN)
                continue
            except OSError:
                count = 0
            if not count:
                raise self._gone()
            view = view[count:]
        return content

    def _wait(self, event: int) -> None:
        """Wait until the channel is ready; read what the worker prints meanwhile."""
        poll = select.poll()
        poll.register(self._channel, event)
        poll.register(self._output, select.POLLIN)
        while (left := self._deadline - time.monotonic()) > 0:
            ready = dict(poll.poll(left * 1000))
            if self._output in ready:
                self._drain()
                if ready[self._output] & select.POLLHUP:
                    poll.unregister(self._output)
            if self._channel.fileno() in ready:
                return
        raise self._ended("timed out", f"no answer within {self.limits.wall_s} s")

    def _drain(self) -> None:
        """Read what was printed, and keep no more of it than allowed."""
        for _ in range(64):
            try:
                text = os.read(self._output, 1 << 16)
            except BlockingIOError:
                return
            if not text:
                return
            self.printed += text[: max(0, (self.limits.output_kb << 10) - len(self.printed))]


def _is_reply(reply: Any, number: int) -> bool:
    if type(reply) is not dict or reply.get("id") != number or type(reply.get("ok")) is not bool:
        return False
    kinds = {"kind": str, "text": str, "trace": str, "frames": list}
    return reply["ok"] or all(type(reply.get(k, kind())) is kind for k, kind in kinds.items())
