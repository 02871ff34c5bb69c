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
from .untouched import untouched

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .confine import Box

__all__ = ["CHANNEL", "CHANNEL_LOST", "SETUP_FAILED", "serve"]

CHANNEL = 3
SETUP_FAILED, CHANNEL_LOST = 70, 71  # exit codes
MOST_TEXT = 2000
# Exceptions with a status of their own, under whatever name a subclass has.
TELLING = (MemoryError, NotImplementedError, SystemExit, codec.TooLargeError, UnsupportedError)

NAME_OF = type.__dict__["__name__"].__get__  # a class can hide its name behind code


def serve(folder: Path, reply_bytes: int, box: Box) -> NoReturn:
    """Answer requests on the channel; never returns."""
    worker = _Worker(folder, box)
    _hide_ourselves()
    while True:
        request = _receive()
        reply = worker.reply(request)
        with suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        _send(_packed({**reply, "id": request["id"]}, reply_bytes))


class _Worker:
    """What one worker holds: the files it was given and the objects that came of them."""

    def __init__(self, folder: Path, box: Box) -> None:
        self.folder, self.box = folder, box
        self.files: dict[str, bytes] = {}
        main = ModuleType("__main__")  # so that classes of the notebook are found where they say
        sys.modules["__main__"] = main
        self.objects = Objects(main.__dict__)

    def reply(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the reply to one request; the student's exceptions become replies too."""
        try:
            return {"ok": True, "value": self._answer(request)}
        except BaseException as error:
            try:
                return self._describe(error)
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
        frames = [
            f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(inside)
        ]
        text = "".join(traceback.format_exception_only(type(error), error)).strip()
        trace = "".join(traceback.format_list(frames))
        if why := explain(error):
            text = f"{text[: MOST_TEXT - len(why) - 1]}\n{why}"
        return _failure(
            error,
            text=text[:MOST_TEXT].replace(inside[0], ""),
            trace=trace[-MOST_TEXT:].replace(inside[0], ""),
            frames=[frame.name for frame in frames][-50:],
        )


def _failure(error: BaseException, **words: Any) -> dict[str, Any]:
    kind = NAME_OF(next((k for k in TELLING if isinstance(error, k)), type(error)))
    return {"ok": False, "kind": kind[:100], "text": "", "trace": "", "frames": [], **words}


def _hide_ourselves() -> None:
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


def _read(size: int) -> bytearray:
    content = bytearray(size)
    view, done = memoryview(content), 0
    while done < size:
        try:
            count = os.readv(CHANNEL, [view[done : done + (1 << 20)]])
        except OSError:  # the student closed it
            os._exit(CHANNEL_LOST)
        if not count:
            os._exit(0)
        done += count
    return content


def _packed(reply: Mapping[str, Any], reply_bytes: int) -> list[bytes | memoryview]:
    try:
        return codec.encode(reply, reply_bytes)
    except BaseException as error:
        return codec.encode({**_failure(error, text=str(error)[:300]), "id": reply["id"]})


def _send(parts: list[bytes | memoryview]) -> None:
    for part in parts:
        view = memoryview(part)
        while view:
            try:
                view = view[os.write(CHANNEL, view[: 1 << 20]) :]
            except OSError:
                os._exit(CHANNEL_LOST)
