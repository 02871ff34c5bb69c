"""The trusted end of a worker: it asks, waits no longer than allowed, and says how it ended.

Nothing here imports or unpickles what a student wrote; a worker's bytes go through the codec.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from collections import deque
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from autograder.box import codec
from autograder.box.remove import BOUNDLESS, remove_tree, size_of_tree
from autograder.box.worker import CHANNEL_LOST, SETUP_FAILED
from gradlab.errors import GraderFault, GradlabError, StudentFault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autograder.forkserver import Forked, ForkServer
    from gradlab.course import Limits

__all__ = ["Worker"]

GRACE_S = 1  # between the end of a channel and that of its process
LOOK_S = 0.25  # how often CPU time and the folder are looked at while a worker is asked
CHUNK = 1 << 20
# Requests go out together up to this size, which the socket takes at once: a worker that waits for
# its replies to be read cannot then hold up the grader that is still writing.
TOGETHER = 1 << 16
REPLIES_TOGETHER = 1 << 20  # bytes, if they are no larger than those before
AT_ONCE = 1 << 16  # bytes that are read ahead at most
# A worker that computes for this share of the time is no sleeper: the machine is busy. It may go on
# up to this many times `wall_s`, until its CPU time is over.
BUSY, LONGEST = 0.1, 5
OUTLIVE = 10  # how many times the CPU time of its first check a worker may use in all


class Worker:
    """One forked process, for one check after another.

    Args:
        server: who forks it.
        limits: what it may use: memory and file size for good, the rest for its first check.

    Attributes:
        alive: whether it can be asked.
        imported: modules that it has imported.
        printed: what it printed since `begin`, as far as it is kept.
        killed: whether it ended by a SIGKILL that we did not send: from the kernel, from somebody
            on this machine, or from itself.

    Raises:
        GraderFault: it cannot be made.
    """

    def __init__(self, server: ForkServer, limits: Limits) -> None:
        self.limits = limits
        self.alive = self.killed = False
        self.printed = bytearray()
        self.imported: set[str] = set()
        self.bound_s = OUTLIVE * limits.cpu_s
        self._count = self._loading = 0
        self._begin: dict[str, int] = {}
        self._unsent: list[bytes | memoryview] = []
        self._unsent_size = 0
        self._open: deque[int] = deque()
        self._replies: dict[int, dict[str, Any]] = {}
        self._failed: dict[str, Any] | None = None
        self._ahead = memoryview(b"")
        self._room = self._largest = 0
        self._heard = False
        self._ended: dict[str, Any] = {}
        self._fault: GradlabError = GraderFault("the worker was closed")
        self._cpu_before = self._next_look = 0.0
        try:
            self._forked = self._start(server)
        except OSError as error:
            raise GraderFault(f"a worker could not be made: {error}") from error
        self._deadline = time.monotonic() + limits.wall_s

    def _start(self, server: ForkServer) -> Forked:
        with ExitStack() as kept, ExitStack() as sent:
            self._channel, theirs = socket.socketpair()
            kept.callback(self._channel.close)
            sent.callback(theirs.close)
            self._output, output = os.pipe()
            kept.callback(os.close, self._output)
            sent.callback(os.close, output)
            self._channel.settimeout(0)
            os.set_blocking(self._output, False)
            own = replace(self.limits, cpu_s=self.bound_s)  # others are kept from outside
            forked = server.fork(own, (theirs.fileno(), output))
            kept.callback(server.uids.give, forked.uid)
            self._kept = kept.pop_all()
        self.alive = True
        return forked

    @property
    def cpu_s(self) -> float:
        """CPU seconds used since `begin`, measured from outside."""
        return self._clock() - self._cpu_before

    def serves(self, limits: Limits) -> bool:
        """Tell whether it lives, with enough CPU time of its own left for another check."""
        if not self.alive or self._open or self._failed:
            return False
        if self._clock() + limits.cpu_s > self.bound_s:
            return False
        poll = select.poll()  # a thread that an earlier check left may have ended it
        poll.register(self._channel, 0)
        return not poll.poll(0)

    def load(self, files: Mapping[str, bytes], **settings: Any) -> None:
        """Let it put files in place, before it answers anything else."""
        self._loading = self.post("load", files=files, **settings)

    def begin(self, limits: Limits, seed: int) -> None:
        """Start another check: limits count anew, what earlier requests kept is forgotten."""
        self.limits = limits
        self._cpu_before = self._clock()
        self._deadline = time.monotonic() + limits.wall_s
        self._drain()
        self.printed.clear()
        self._begin = {"begin": seed}

    def ask(self, op: str, **request: Any) -> dict[str, Any]:
        """Return the worker's reply to one request.

        Raises:
            StudentFault: it did not answer in time, or ended, or sent something else.
            GraderFault: it could not be set up.
            UnsupportedError: something in the request does not travel.
        """
        return self.reply(self.post(op, **request))

    def post(self, op: str, **request: Any) -> int:
        """Send a request, at the latest when its reply is asked for.

        One that follows another whose reply nobody has seen is passed over if that one fails.

        Returns:
            Its number, for `reply`.

        Raises:
            UnsupportedError: something in the request does not travel.
            StudentFault, GraderFault: as for `ask`, of an earlier request.
        """
        if not self.alive:
            raise self._fault
        number, follows = self._count + 1, bool(self._open)
        asked = {"op": op, "id": number, "follows": follows, **self._begin, **request}
        parts = codec.encode(asked)
        size = sum(map(len, parts))
        large = self._largest * len(self._open) > REPLIES_TOGETHER
        if self._open and (large or self._unsent_size + size > TOGETHER):
            self._collect()
        self._count, self._begin = number, {}
        if self._failed:
            self._replies[number] = self._failed
            return number
        # Copied, since the check may change its arrays before they are sent.
        self._unsent += [b"".join(parts)] if size <= TOGETHER else parts
        self._unsent_size += size
        self._open.append(number)
        if size > TOGETHER:
            self._collect()
        return number

    def reply(self, number: int) -> dict[str, Any]:
        """Return the reply to a request, once; that of the one before it that failed, if one did.

        Raises:
            StudentFault, GraderFault: as for `ask`.
        """
        if number not in self._replies:
            self._collect()
        reply = self._replies.pop(number)
        if reply is self._failed:
            self._failed = None
        return reply

    def _collect(self) -> None:
        """Send what waits to be sent, and read every reply."""
        if not self.alive:
            raise self._fault
        try:
            self._exchange()
        except codec.ProtocolError as error:
            self._fault = StudentFault("protocol broken", "", str(error))
        except GradlabError as fault:
            self._fault = fault
        else:
            return
        self.close()
        raise self._fault

    def close(self) -> None:
        """End the process and remove what it wrote; a second time does nothing."""
        if not self.alive:
            return
        self.alive = False
        try:
            if not self._ended:
                self._forked.kill()
                self._ended = self._forked.ended()
        except GraderFault:
            pass  # the server is gone, and its workers with it
        finally:
            self._drain()
            self._forked.forget()
            with suppress(OSError):
                remove_tree(self._forked.folder)
            self._kept.close()

    def _exchange(self) -> None:
        parts = self._unsent if self._unsent_size > TOGETHER else [b"".join(self._unsent)]
        self._unsent, self._unsent_size = [], 0
        self._room = self.limits.reply_mb << 20
        self._write(parts)
        while self._open:
            reply = self._next()
            if not _is_reply(reply, self._open[0]):
                raise codec.ProtocolError("the reply does not belong to the request")
            self._heard = True
            self._check_cpu()
            self._keep(self._open.popleft(), dict(reply))

    def _next(self) -> Any:
        """Return what the worker sends next."""
        header, body = codec.read_head(self._read(codec.HEAD.size), self._room)
        self._room -= body
        self._largest = max(self._largest, body)
        return codec.decode(bytes(self._read(header)), self._read(body))

    def _keep(self, number: int, reply: dict[str, Any]) -> None:
        """Keep a reply until it is asked for; one that failed stands for all that follow it."""
        self._replies[number] = reply
        if reply["ok"]:
            return
        if number == self._loading:  # none of the student's code has run yet
            raise GraderFault(f"the files could not be put in place: {reply['text']}")
        self._failed = reply
        self._replies |= dict.fromkeys(self._open, reply)
        self._open.clear()

    def _gone(self) -> GradlabError:
        """Say why the channel closed from how the process ended."""
        self._ended = self._forked.ended(GRACE_S)
        if not self._ended:
            return StudentFault("protocol broken", "", "the channel was closed, the worker went on")
        status, cpu_s = self._ended["status"], self.cpu_s
        if os.WIFEXITED(status):
            return self._exited(os.WEXITSTATUS(status))
        number = os.WTERMSIG(status)
        if number == signal.SIGXCPU or cpu_s > self.limits.cpu_s:
            return self._out_of_cpu(cpu_s)
        staff = f"{_signal_name(number)} after {cpu_s:.1f} s of CPU time"
        self.killed = number == signal.SIGKILL
        if self.killed and self._was_large():
            return StudentFault("out of memory", "", f"{staff}; the kernel ended it")
        return StudentFault("crashed", f"It ended by {_signal_name(number)}.", staff)

    def _out_of_cpu(self, cpu_s: float) -> StudentFault:
        text, staff = f"{self.limits.cpu_s} s are allowed.", f"ended after {cpu_s:.1f} s"
        return StudentFault("out of CPU", text, staff)

    def _was_large(self) -> bool:
        half_kb = self.limits.memory_mb << 9
        return int(self._ended["peak_kb"]) > half_kb

    def _exited(self, code: int) -> GradlabError:
        if code == SETUP_FAILED and not self._heard:  # later it is the student's own
            self._drain()
            text = self.printed.decode("utf-8", "replace")[-500:]
            return GraderFault(f"a worker could not be set up: {text}")
        if code == CHANNEL_LOST:
            return StudentFault("protocol broken", "", "the channel was closed")
        return StudentFault("exited", f"The exit code was {code}.")

    def _clock(self) -> float:
        """Return the CPU seconds of the whole process: a clock of the kernel's, not of Python's."""
        if self._ended:
            return float(self._ended["cpu_s"])
        try:
            # clock_getcpuclockid(3) for a process: the complement of its number, and clock 2.
            return time.clock_gettime((~self._forked.pid() << 3) | 2)
        except (GraderFault, OSError):  # it ends at this moment; how, the server will tell
            return self._cpu_before

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
            self._ahead = self._ahead or memoryview(self._received())
            count = min(len(view), len(self._ahead))
            view[:count] = self._ahead[:count]
            view, self._ahead = view[count:], self._ahead[count:]
        return content

    def _received(self) -> bytes:
        """Wait for the next bytes, and return those that have come."""
        content = b""
        self._wait(select.POLLIN)
        with suppress(OSError):
            content = self._channel.recv(AT_ONCE)
        if not content:
            raise self._gone()
        return content

    def _wait(self, event: int) -> None:
        """Wait until the channel is ready; read what the worker prints meanwhile."""
        poll = select.poll()
        poll.register(self._channel, event)
        poll.register(self._output, select.POLLIN)
        while (left := self._left_s()) > 0:
            ready = dict(poll.poll(min(left, LOOK_S) * 1000))
            if self._output in ready:
                self._drain()
                if ready[self._output] & select.POLLHUP:
                    poll.unregister(self._output)
            self._look()
            if self._channel.fileno() in ready:
                return
        text = f"{self.limits.wall_s} s are allowed."
        raise StudentFault("timed out", text, f"no answer; {len(self.printed)} bytes printed")

    def _left_s(self) -> float:
        """Return the seconds until an answer is overdue."""
        left = self._deadline - time.monotonic()
        taken = self.limits.wall_s - left
        if left <= 0 and self.cpu_s >= BUSY * taken:
            return min(LOOK_S, LONGEST * self.limits.wall_s - taken)
        return left

    def _look(self) -> None:
        """Raise if the worker uses more than it may; look no more often than `LOOK_S` says."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK_S
        self._check_cpu()
        size = size_of_tree(self._forked.folder)
        if size > self.limits.scratch_mb << 20:
            found = f"{size >> 20} MB" if size < BOUNDLESS else "more than can be counted"
            staff = f"{found} in its folder; {self.limits.scratch_mb} MB are allowed"
            raise StudentFault("disk", f"{self.limits.scratch_mb} MB are allowed.", staff)

    def _check_cpu(self) -> None:
        cpu_s = self.cpu_s
        if cpu_s > self.limits.cpu_s:
            raise self._out_of_cpu(cpu_s)

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
