"""The student's process: limits first, then one reply per request, until the channel closes."""

from __future__ import annotations

import os
import resource
import signal
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from . import codec, loading
from .objects import Objects
from .untouched import untouched

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["limit", "serve"]

CHANNEL = 3
MOST_TEXT = 2000


def limit(limits: Mapping[str, int]) -> None:
    """Bound CPU time, memory, file size and open files of this process, for good.

    Memory is counted from the size at this moment, since the interpreter and numpy are already
    there. The soft CPU limit kills by SIGXCPU, which tells it from other deaths.
    """
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    memory = size + (limits["memory_mb"] << 20)
    bounds = {
        resource.RLIMIT_CPU: (limits["cpu_s"], limits["cpu_s"] + 1),
        resource.RLIMIT_AS: (memory, memory),
        resource.RLIMIT_FSIZE: (limits["file_mb"] << 20, limits["file_mb"] << 20),
        resource.RLIMIT_NOFILE: (64, 64),
        resource.RLIMIT_CORE: (0, 0),
    }
    for kind, bound in bounds.items():
        resource.setrlimit(kind, bound)
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)


def serve(folder: Path, reply_bytes: int) -> NoReturn:
    """Answer requests on the channel; never returns."""
    worker = _Worker(folder)
    _hide_ourselves()
    while True:
        request = _receive()
        reply = worker.reply(request)
        with suppress(BaseException):
            sys.stdout.flush()
        _send(reply, request["id"], reply_bytes)


class _Worker:
    """What one worker holds: the files it was given and the objects that came of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, bytes] = {}
        self.objects = Objects()

    def reply(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the reply to one request; the student's exceptions become replies too."""
        try:
            return {"ok": True, "value": self._answer(request)}
        except SystemExit as error:
            return {"ok": False, "kind": "SystemExit", "text": str(error.code), "frames": []}
        except BaseException as error:
            try:
                return self._describe(error)
            except BaseException:  # an exception can be made so that looking at it raises
                return {"ok": False, "kind": "Exception", "text": "", "frames": [], "trace": ""}

    def _answer(self, request: Mapping[str, Any]) -> Any:
        if request["op"] == "load":
            self.files = request["files"]
            loading.write_files(self.folder, self.files)
            loading.stand_in()
            return None
        if request["op"] == "untouched":
            return untouched(self.files, request["released"])
        if request["op"] == "define":
            return loading.define(self.objects.notebook, request["cells"], request["name"])
        if request["op"] == "arrays":
            return loading.read_arrays(request["content"])
        return self.objects.answer(request)

    def _describe(self, error: BaseException) -> dict[str, Any]:
        inside = (str(self.folder), "cell ")
        frames = [
            f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(inside)
        ]
        for frame in frames:
            frame.filename = frame.filename.removeprefix(f"{self.folder}/")
        names = [frame.name for frame in frames]
        if isinstance(error, SyntaxError) and str(error.filename).startswith(inside):
            error.filename = str(error.filename).removeprefix(f"{self.folder}/")
        text = "".join(traceback.format_exception_only(type(error), error)).strip()
        trace = "".join(traceback.format_list(frames))
        return {
            "ok": False,
            "kind": type(error).__name__[:100],
            "text": text[:MOST_TEXT],
            "trace": trace[-MOST_TEXT:],
            "frames": names[-50:],
        }


def _hide_ourselves() -> None:
    """Let the student's own `codec.py` or `worker.py` be importable, and ours not by accident."""
    for name in [name for name in sys.modules if name.split(".")[0] == "autograder"]:
        del sys.modules[name]


def _receive() -> dict[str, Any]:
    header, body = codec.read_head(_read(codec.HEAD.size), 1 << 34)
    request: dict[str, Any] = codec.decode(bytes(_read(header)), _read(body))
    return request


def _read(size: int) -> bytearray:
    content = bytearray(size)
    view, done = memoryview(content), 0
    while done < size:
        count = os.readv(CHANNEL, [view[done : done + (1 << 20)]])
        if not count:
            os._exit(0)
        done += count
    return content


def _send(reply: Mapping[str, Any], number: int, reply_bytes: int) -> None:
    try:
        parts: Sequence[bytes | memoryview] = codec.encode({**reply, "id": number}, reply_bytes)
    except BaseException as error:
        kind = "TooLarge" if isinstance(error, codec.TooLargeError) else "Unsupported"
        text = str(error)[:300]
        parts = codec.encode({"ok": False, "kind": kind, "text": text, "frames": [], "id": number})
    for part in parts:
        view = memoryview(part)
        while view:
            view = view[os.write(CHANNEL, view[: 1 << 20]) :]
