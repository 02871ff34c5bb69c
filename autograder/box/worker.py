"""The student's process: limits first, then one reply per request, until the channel closes."""

from __future__ import annotations

import json
import os
import sys
import traceback
from contextlib import suppress
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from . import codec, figures, loading, notebook, stand_ins
from .borrow import borrow, lend
from .confine import open_doors
from .explain import explain
from .objects import Objects
from .ref import UnsupportedError
from .untouched import function_of, untouched

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .confine import Box

__all__ = ["CHANNEL", "CHANNEL_LOST", "SETUP_FAILED", "hide_ourselves", "serve"]

CHANNEL = 3
SETUP_FAILED, CHANNEL_LOST = 70, 71  # exit codes
AT_ONCE = 1 << 16  # bytes
MOST_TEXT = 2000
MOST_FRAMES = 50
# Exceptions with a status of their own, under whatever name a subclass has.
TELLING = (
    *(MemoryError, NotImplementedError, SystemExit, codec.TooLargeError, UnsupportedError),
    notebook.LostNameError,
)

NAME_OF = type.__dict__["__name__"].__get__  # a class can hide its name behind code


def serve(folder: str, reply_bytes: int, box: Box) -> NoReturn:
    """Answer requests on the channel; never returns."""
    worker, failed = _Worker(folder, box), False
    while True:
        request = _receive()
        if failed and request["follows"]:  # the grader has seen no reply since
            continue
        reply = worker.reply(request)
        with suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        parts, failed = _packed({**reply, "id": request["id"]}, reply_bytes)
        # Each reply would wake the grader. The first one tells it that the worker was set up.
        _Channel.waiting += parts
        more = _Channel.ahead and not failed and request["op"] != "load"
        if not more or _size(_Channel.waiting) > AT_ONCE:
            _send(_Channel.waiting)
            _Channel.waiting = []


class _Worker:
    """What one worker holds: the files it was given and the objects that came of them."""

    def __init__(self, folder: str, box: Box) -> None:
        self.folder, self.box = folder, box
        self.files: dict[str, bytes] = {}
        main = ModuleType("__main__")  # so that classes of the notebook are found where they say
        sys.modules["__main__"] = main
        self.objects = Objects(main.__dict__)

    def reply(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the reply to one request; the student's exceptions become replies too."""
        if "begin" in request:  # another check asks from now on
            with suppress(BaseException):
                self.objects.answer({"op": "begin", "seed": request["begin"]})
        try:
            return {"ok": True, "value": self._answer(request)}
        except BaseException as error:
            try:
                return self._describe(notebook.blamed(error, self.objects.notebook))
            except BaseException:  # an exception can be made so that looking at it raises
                return _failure(error)

    def _answer(self, request: Mapping[str, Any]) -> Any:
        own = self._OPERATIONS.get(request["op"])
        return own(self, request) if own else self.objects.answer(request)

    def _load(self, request: Mapping[str, Any]) -> None:
        self.files = request["files"]
        loading.write_files(self.folder, self.files)
        stand_ins.stand_in(request["stand_ins"], pictures=request["pictures"])

    def _probe(self, request: Mapping[str, Any]) -> list[str]:
        return open_doors(self.box, request["secret"])

    def _untouched(self, request: Mapping[str, Any]) -> Any:
        return untouched(self.files, request["released"])

    def _define(self, request: Mapping[str, Any]) -> Any:
        cells, names = json.loads(request["cells"]), self.objects.notebook
        return notebook.define(names, cells, request["name"], request["failed"])

    def _cell(self, request: Mapping[str, Any]) -> dict[str, Any]:
        asked = (request[key] for key in ("label", "source", "seconds"))
        failed = notebook.run_cell(self.objects.notebook, *asked)
        return {"failed": failed, "figures": figures.take_figures(request["room"])}

    def _arrays(self, request: Mapping[str, Any]) -> Any:
        return self.objects.send(loading.read_arrays(request["content"]))

    def _lend(self, request: Mapping[str, Any]) -> list[Any]:
        return lend(self.objects, request)

    def _borrow(self, request: Mapping[str, Any]) -> list[list[str]]:
        return borrow(request["functions"], _ask)

    _OPERATIONS: ClassVar = {
        "load": _load,
        "probe": _probe,
        "untouched": _untouched,
        "define": _define,
        "cell": _cell,
        "arrays": _arrays,
        "lend": _lend,
        "borrow": _borrow,
    }

    def _describe(self, error: BaseException) -> dict[str, Any]:
        inside = (f"{self.folder}/", "cell ")
        steps = list(traceback.walk_tb(error.__traceback__))
        own = [step for step in steps if step[0].f_code.co_filename.startswith(inside)]
        text = "".join(traceback.format_exception_only(type(error), error)).strip()
        trace = "".join(traceback.StackSummary.extract(iter(own)).format())
        if why := explain(error):
            text = f"{text[: MOST_TEXT - len(why) - 1]}\n{why}"
        return _failure(
            error,
            text=text[:MOST_TEXT].replace(inside[0], ""),
            trace=trace[-MOST_TEXT:].replace(inside[0], ""),
            frames=[function_of(frame) for frame, _ in own[-MOST_FRAMES:]],
        )


def _failure(error: BaseException, **words: Any) -> dict[str, Any]:
    kind = NAME_OF(next((k for k in TELLING if isinstance(error, k)), type(error)))
    return {"ok": False, "kind": kind[:100], "text": "", "trace": "", "frames": [], **words}


def hide_ourselves() -> None:
    """Let the student's own `codec.py` or `worker.py` be importable, and ours not by accident."""
    for name in [name for name in sys.modules if name.split(".")[0] == "autograder"]:
        del sys.modules[name]


def _ask(**asked: Any) -> Any:
    """Ask the grader while it waits for a reply; it listens to the reference's workers alone."""
    _send(codec.encode({"ask": asked}))
    return _receive()["value"]


def _receive() -> dict[str, Any]:
    header, body = codec.read_head(_read(codec.HEAD.size), 1 << 34)
    request: dict[str, Any] = codec.decode(bytes(_read(header)), _read(body))
    return request


class _Channel:
    """What has come on the channel and was not looked at yet, and what waits to be sent."""

    ahead = memoryview(b"")
    waiting: ClassVar[list[bytes | memoryview]] = []


def _read(size: int) -> bytearray:
    content = bytearray(size)
    view = memoryview(content)
    while view:
        _Channel.ahead = _Channel.ahead or memoryview(_received())
        count = min(len(view), len(_Channel.ahead))
        view[:count] = _Channel.ahead[:count]
        view, _Channel.ahead = view[count:], _Channel.ahead[count:]
    return content


def _received() -> bytes:
    try:
        content = os.read(CHANNEL, AT_ONCE)
    except OSError:  # the student closed it
        os._exit(CHANNEL_LOST)
    if not content:
        os._exit(0)
    return content


def _packed(reply: Mapping[str, Any], reply_bytes: int) -> tuple[list[bytes | memoryview], bool]:
    """Return a reply's frame, and whether it is one of failure."""
    try:
        return codec.encode(reply, reply_bytes), not reply["ok"]
    except BaseException as error:
        return codec.encode({**_failure(error, text=str(error)[:300]), "id": reply["id"]}), True


def _size(parts: list[bytes | memoryview]) -> int:
    return sum(map(len, parts))


def _send(parts: list[bytes | memoryview]) -> None:
    if _size(parts) <= AT_ONCE:
        parts = [b"".join(parts)]
    for part in parts:
        view = memoryview(part)
        while view:
            try:
                view = view[os.write(CHANNEL, view[: 1 << 20]) :]
            except OSError:
                os._exit(CHANNEL_LOST)
