"""The student's code as a check sees it: attributes, items and calls that happen elsewhere.

A check works with `student.layers.affine_forward(x, w, b)`: the call runs in the student's process,
arrays go in, and what comes back is a read-only copy. What cannot travel (a network, a cache) stays
there; its attributes and items are reached, read and written, through a `Remote`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

from autograder.box.ref import Ref
from autograder.outline import Outline, conform, describe, outline, tidy
from gradlab.errors import AuthorMistake, StudentFault

__all__ = ["Outlines", "Remote", "Session", "Student", "value_of"]


class Session(Protocol):
    """Whoever answers for one submission during one check."""

    def ask(self, op: str, **request: Any) -> Any:
        """Return the reply to a request; raises `StudentFault` for the student's failures."""

    def module(self, role: str) -> str:
        """Return the dotted name of a loaded module; raises `StudentFault` if it does not load."""

    def define(self, name: str) -> None:
        """Run what the notebook needs to give `name` a value."""

    def artifact(self, name: str) -> dict[str, Any]:
        """Return the arrays and texts of a handed-in file; a missing one is a `StudentFault`."""


class Outlines:
    """The outlines of a check's replies, in order: written down, or held against the recorded.

    Args:
        recorded: those of the reference; None to write down.

    Attributes:
        seen: the outlines so far.
        strange: for each function whose reply was of another kind or shape, how.
    """

    def __init__(self, recorded: Sequence[Outline] | None = None) -> None:
        self.seen: list[Outline] = []
        self.strange: dict[str, str] = {}
        self._recorded = recorded

    def take(self, value: Any, what: str, function: str) -> Any:
        """Return a reply made tidy and, when judging, brought to the recorded kinds.

        Raises:
            StudentFault: its structure is not the recorded one.
            AuthorMistake: the check asks for more replies than it did when it was recorded.
        """
        value = tidy(value)
        self.seen.append(outline(value))
        if self._recorded is None:
            return value
        if len(self.seen) > len(self._recorded):
            raise AuthorMistake("the check makes more calls than when it was recorded")
        wanted = self._recorded[len(self.seen) - 1]
        value = conform(value, wanted, what)
        if outline(value) != wanted:
            now = describe(outline(value))
            self.strange[function] = f"{what} should be {describe(wanted)}; yours is {now}"
        return value


class Remote:
    """An object in the student's process; nothing happens until it is called or its value used."""

    __slots__ = ("_outlines", "_ref", "_session")
    _outlines: Outlines
    _ref: Ref
    _session: Session

    def __init__(self, session: Session, outlines: Outlines, ref: Ref) -> None:
        for name, value in (("_session", session), ("_outlines", outlines), ("_ref", ref)):
            object.__setattr__(self, name, value)

    def _step(self, kind: str, key: Any) -> Remote:
        ref = Ref(self._ref.root, (*self._ref.steps, (kind, key)))
        return Remote(self._session, self._outlines, ref)

    def __getattr__(self, name: str) -> Remote:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._step("attr", name)

    def __getitem__(self, key: Any) -> Remote:
        return self._step("item", key)

    def __setattr__(self, name: str, value: Any) -> None:
        self._session.ask("set", target=_sendable(self._step("attr", name)), value=_sendable(value))

    def __setitem__(self, key: Any, value: Any) -> None:
        self._session.ask("set", target=_sendable(self._step("item", key)), value=_sendable(value))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it there; the reply's arrays are read-only copies, its objects are `Remote`s."""
        return self._reply("call", args=_sendable(list(args)), kwargs=_sendable(kwargs))

    def _reply(self, op: str, **request: Any) -> Any:
        value = self._session.ask(op, target=self._ref, **request)
        function = str(self._ref.steps[-1][1]) if op == "call" else ""
        try:
            return self._wrap(self._outlines.take(value, _words(self._ref, op), function))
        except StudentFault as fault:
            fault.frames = (function,) if function else ()
            raise

    def _wrap(self, value: Any) -> Any:
        if isinstance(value, Ref):
            return Remote(self._session, self._outlines, value)
        if isinstance(value, (list, tuple)):
            return type(value)(self._wrap(item) for item in value)
        if isinstance(value, dict):
            return {key: self._wrap(item) for key, item in value.items()}
        return value

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        """Return the value as an array, so that numpy functions take a `Remote`."""
        del copy
        return np.asarray(value_of(self), dtype)

    def __iter__(self) -> Any:
        return iter(value_of(self))

    def __repr__(self) -> str:
        return f"<{_words(self._ref, 'get')} in the student's process>"


def value_of(value: Any) -> Any:
    """Return what a `Remote` stands for, copied here; any other value is returned as it is.

    Raises:
        StudentFault: it is an object that cannot be copied.
    """
    if not isinstance(value, Remote):
        return tidy(value)
    copied = value._reply("get")  # noqa: SLF001 - the other half of Remote
    if isinstance(copied, Remote):
        kind = describe(outline(_sendable(copied)))
        raise StudentFault("missed", f"Numbers, text or a list of them are wanted; this is {kind}.")
    return copied


def _sendable(value: Any) -> Any:
    if isinstance(value, Remote):
        return value._ref  # noqa: SLF001 - the other half of Remote
    if isinstance(value, (list, tuple)):
        return type(value)(_sendable(item) for item in value)
    if isinstance(value, dict):
        return {key: _sendable(item) for key, item in value.items()}
    return value


def _words(ref: Ref, op: str) -> str:
    words = "" if ref.root[0] in "#@" else ref.root
    for kind, key in ref.steps:
        words += f"[{key!r}]" if kind == "item" else f".{key}" if words else str(key)
    return f"{words}(...)" if op == "call" else words


class Student:
    """What a check gets as `student`: the submission's modules by role, its notebook, its files."""

    def __init__(self, session: Session, outlines: Outlines) -> None:
        self._session, self._outlines = session, outlines

    def __getattr__(self, role: str) -> Remote:
        if role.startswith("_"):
            raise AttributeError(role)
        return Remote(self._session, self._outlines, Ref(self._session.module(role)))

    @property
    def notebook(self) -> _Notebook:
        """The notebook's names: `student.notebook.best_settings`."""
        return _Notebook(self._session, self._outlines)

    def keep(self, function: Remote, *args: Any, **kwargs: Any) -> Remote:
        """Call a function and leave what it returns where it is; nothing travels."""
        target, inputs = _sendable(function), _sendable(list(args))
        ref = self._session.ask("keep", target=target, args=inputs, kwargs=_sendable(kwargs))
        if not isinstance(ref, Ref):
            raise StudentFault("protocol broken", "", "the reply is not what was asked for")
        return Remote(self._session, self._outlines, ref)

    def seed(self, number: int) -> None:
        """Seed `random` and numpy's legacy stream in the student's process."""
        self._session.ask("seed", seed=number)

    def artifact(self, name: str, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
        """Return the float64 arrays of a handed-in `.npz`, of exactly these names and shapes.

        Raises:
            StudentFault: the file is missing, is no such archive, or an array is another one.
        """
        arrays = self._session.artifact(name)
        for key, shape in shapes.items():
            got = arrays.get(key)
            if not isinstance(got, np.ndarray) or got.shape != shape or got.dtype.kind != "f":
                found = describe(outline(got)) if key in arrays else "missing"
                message = f"{name}: {key} should be numbers of shape {shape}; it is {found}"
                raise StudentFault("missed", message)
        return {key: arrays[key].astype(np.float64) for key in shapes}

    def artifact_text(self, name: str, key: str) -> str:
        """Return a text that a handed-in `.npz` holds under `key`, or '' if it holds none."""
        text = self._session.artifact(name).get(key)
        return text[:200] if isinstance(text, str) else ""


class _Notebook:
    def __init__(self, session: Session, outlines: Outlines) -> None:
        self._session, self._outlines = session, outlines

    def __getattr__(self, name: str) -> Remote:
        self._session.define(name)
        return Remote(self._session, self._outlines, Ref("@notebook", (("attr", name),)))
