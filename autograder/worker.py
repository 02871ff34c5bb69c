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
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from autograder.box import codec
from autograder.box.worker import CHANNEL_LOST, SETUP_FAILED
from gradlab.errors import GraderFault, GradlabError, StudentFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Self

    from gradlab.course import Limits

__all__ = ["ForkServer", "Worker"]

START_S = 60
END_S = 5
GRACE_S = 1  # between the end of a channel and that of its process
CHUNK = 1 << 20
START = (
    "import sys; del sys.path[0]; from autograder.box.server import main; main(int(sys.argv[1]))"
)
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "MPLBACKEND": "Agg",
    # The same order of sets, and so the same results, on every run.
    "PYTHONHASHSEED": "0",
    # One thread for each worker: faster on busy cores, and the same rounding on every machine.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
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
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = _start(theirs.fileno(), {**ENVIRONMENT, **(environment or {})})
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        try:
            ready = "ready" in self._news("", START_S)
        except GraderFault:
            ready = False
        if not ready:
            self.close()
            raise GraderFault("the fork server did not start; run `gradlab doctor`")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server and with it every worker."""
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)  # wakes the listening thread and the server
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_S)
        self._process.kill()
        self._process.wait()
        self._listener.join()
        self._control.close()

    def spawn(self, limits: Limits, folder: Path, ends: Sequence[int]) -> str:
        """Order a worker with these ends of its channel and output; return its key.

        Raises:
            GraderFault: the server is gone.
        """
        key = secrets.token_hex(8)
        self._inboxes[key] = SimpleQueue()
        order = {"op": "spawn", "key": key, "folder": str(folder), "limits": asdict(limits)}
        try:
            self._send(order, ends)
        except GraderFault:
            self.forget(key)
            raise
        return key

    def kill(self, key: str) -> None:
        """End a worker and what it started, unless it has ended already."""
        self._send({"op": "kill", "key": key})

    def ended(self, key: str, seconds: float) -> dict[str, Any]:
        """Return a worker's wait status, CPU seconds and peak memory; {} if it has not ended yet.

        Raises:
            GraderFault: the server is gone, or could not make the worker.
        """
        ended: dict[str, Any] = self._news(key, seconds).get("ended", {})
        if "error" in ended:
            raise GraderFault(f"no worker could be made: {ended['error']}")
        return ended

    def forget(self, key: str) -> None:
        """Expect nothing more of a worker."""
        self._inboxes.pop(key, None)

    def _send(self, order: dict[str, Any], ends: Sequence[int] = ()) -> None:
        try:
            with self._lock:
                socket.send_fds(self._control, [json.dumps(order).encode()], list(ends))
        except OSError as error:
            raise GraderFault("the fork server is gone") from error

    def _news(self, key: str, seconds: float) -> dict[str, Any]:
        try:
            news = self._inboxes[key].get(timeout=seconds)
        except Empty:
            return {}
        if not news:
            self._inboxes[key].put({})
            raise GraderFault("the fork server is gone")
        return news

    def _listen(self) -> None:
        with suppress(OSError):
            while message := self._control.recv(1 << 16):
                news = json.loads(message)
                if inbox := self._inboxes.get(news.get("key", "")):
                    inbox.put(news)
        for inbox in list(self._inboxes.values()):
            inbox.put({})


def _start(control: int, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-s", "-B", "-c", START, str(control)],
        env=environment,
        cwd="/",
        stdin=subprocess.DEVNULL,
        pass_fds=(control,),
    )


class Worker:
    """One forked process for one check.

    Args:
        server: who forks it.
        limits: what it may use; `wall_s` counts from its start.

    Attributes:
        alive: whether it can be asked.
        cpu_s: CPU seconds that it used; known once it has ended.
        printed: what it printed, as far as it is kept.

    Raises:
        GraderFault: it cannot be made.
    """

    def __init__(self, server: ForkServer, limits: Limits) -> None:
        self.limits = limits
        self.cpu_s = 0.0
        self.printed = bytearray()
        self._server = server
        self._count = 0
        self._ended: dict[str, Any] = {}
        self._fault: GradlabError = GraderFault("the worker was closed")
        try:
            self._start()
        except OSError as error:
            raise GraderFault(f"a worker could not be made: {error}") from error
        self._deadline = time.monotonic() + limits.wall_s

    def _start(self) -> None:
        with ExitStack() as kept, ExitStack() as sent:
            folder = Path(tempfile.mkdtemp(prefix="gradlab-"))
            kept.callback(shutil.rmtree, folder, ignore_errors=True)
            self._channel, theirs = socket.socketpair()
            kept.callback(self._channel.close)
            sent.callback(theirs.close)
            self._output, output = os.pipe()
            kept.callback(os.close, self._output)
            sent.callback(os.close, output)
            self._channel.settimeout(0)
            os.set_blocking(self._output, False)
            ends = (theirs.fileno(), output)
            self._key = self._server.spawn(self.limits, folder, ends)
            self._kept = kept.pop_all()
        self.alive = True

    def ask(self, op: str, **request: Any) -> dict[str, Any]:
        """Return the worker's reply to one request.

        Raises:
            StudentFault: it did not answer in time, or ended, or sent something else.
            GraderFault: it could not be set up.
            UnsupportedError: something in the request does not travel.
        """
        if not self.alive:
            raise self._fault
        parts = codec.encode({"op": op, "id": self._count + 1, **request})
        self._count += 1
        try:
            return self._exchange(parts)
        except codec.ProtocolError as error:
            self._fault = StudentFault("protocol broken", "", str(error))
        except GradlabError as fault:
            self._fault = fault
        self.close()
        raise self._fault

    def close(self) -> None:
        """End the process and remove what it wrote; a second time does nothing."""
        if not self.alive:
            return
        self.alive = False
        try:
            if not self._ended:
                self._server.kill(self._key)
                self._ended = self._server.ended(self._key, END_S)
        except GraderFault:
            pass  # the server is gone, and its workers with it
        finally:
            self.cpu_s = float(self._ended.get("cpu_s", 0.0))
            self._drain()
            self._server.forget(self._key)
            self._kept.close()

    def _exchange(self, parts: Sequence[bytes | memoryview]) -> dict[str, Any]:
        self._write(parts)
        header, body = codec.read_head(self._read(codec.HEAD.size), self.limits.reply_mb << 20)
        reply = codec.decode(bytes(self._read(header)), self._read(body))
        if not _is_reply(reply, self._count):
            raise codec.ProtocolError("the reply does not belong to the request")
        return dict(reply)

    def _gone(self) -> GradlabError:
        """Say why the channel closed from how the process ended."""
        self._ended = self._server.ended(self._key, GRACE_S)
        if not self._ended:
            return StudentFault("protocol broken", "", "the channel was closed, the worker went on")
        status, cpu_s = self._ended["status"], self._ended["cpu_s"]
        if os.WIFEXITED(status):
            return self._exited(os.WEXITSTATUS(status))
        number = os.WTERMSIG(status)
        # The hard limit kills a worker that ignores the soft one.
        killed = number == signal.SIGKILL and cpu_s >= self.limits.cpu_s
        staff = f"{_signal_name(number)} after {cpu_s:.1f} s of CPU time"
        if number == signal.SIGXCPU or killed:
            return StudentFault("out of CPU", f"{self.limits.cpu_s} s are allowed.", staff)
        return StudentFault("crashed", f"It ended by {_signal_name(number)}.", staff)

    def _exited(self, code: int) -> GradlabError:
        if code == SETUP_FAILED and self._count == 1:  # later it is the student's own
            self._drain()
            text = self.printed.decode("utf-8", "replace")[-500:]
            return GraderFault(f"a worker could not be set up: {text}")
        if code == CHANNEL_LOST:
            return StudentFault("protocol broken", "", "the channel was closed")
        return StudentFault("exited", f"The exit code was {code}.")

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
        text = f"{self.limits.wall_s} s are allowed."
        raise StudentFault("timed out", text, f"no answer; {len(self.printed)} bytes printed")

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


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"


def _is_reply(reply: Any, number: int) -> bool:
    if type(reply) is not dict or type(reply.get("ok")) is not bool:
        return False
    if type(reply.get("id")) is not int or reply["id"] != number:
        return False
    kinds = {"kind": str, "text": str, "trace": str, "frames": list}
    return reply["ok"] or all(type(reply.get(k)) is kind for k, kind in kinds.items())
