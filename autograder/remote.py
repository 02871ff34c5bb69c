"""The student's code as a check sees it: attributes, items and calls that happen elsewhere.

A check works with `student.layers.affine_forward(x, w, b)`: the call runs in the student's process,
arrays go in, and what comes back is a read-only copy. What cannot travel (a network, a cache) stays
there; its attributes and items are reached, read and written, through a `Remote`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

from autograder.box.ref import Ref
from autograder.labels import labels_of_array, labels_of_text
from autograder.later import Waiting, now
from autograder.outline import (
    Absent,
    Outline,
    conform,
    describe,
    is_blank,
    is_hollow,
    misfit,
    not_finite,
    outline,
    tidy,
)
from gradlab.errors import AuthorMistake, StudentFault

__all__ = ["Held", "Outlines", "Remote", "Session", "Student", "source_of", "value_of"]

MOST_TEXT = 20_000  # characters of an answer that a person has typed


class Session(Protocol):
    """Whoever answers for one submission during one check."""

    def ask(self, op: str, **request: Any) -> Any:
        """Return the reply to a request; raises `StudentFault` for the student's failures."""

    def later(self, op: str, **request: Any) -> Callable[[], Any]:
        """Send a request, now or with later ones; return what gets the reply, in their order."""

    def module(self, role: str) -> str:
        """Return the dotted name of a loaded module; raises `StudentFault` if it does not load."""

    def define(self, name: str) -> None:
        """Run what the notebook needs to give `name` a value."""

    def artifact(self, name: str) -> dict[str, Any]:
        """Return the arrays and texts of a handed-in file; a missing one is a `StudentFault`."""

    def text(self, name: str) -> str:
        """Return a handed-in text file, or the cell of this id; a missing one is a fault."""

    def source(self, module: str) -> str:
        """Return the text of a module by its dotted name, as it was handed in."""


class Outlines:
    """The outlines of a check's replies, in order: written down, or held against the recorded.

    Args:
        recorded: those of the reference; None to write down.

    Attributes:
        seen: the outlines so far.
        strange: for each function whose reply was of another kind or shape, how.
        hollow: the function whose reply first was a tuple of nothing, and how; ('', '') if none.
        waiting: for the replies to come.
        notes: what a student should know who loses points: of odd numbers in a file, say.
    """

    def __init__(self, recorded: Sequence[Outline] | None = None) -> None:
        self.seen: list[Outline] = []
        self.strange: dict[str, str] = {}
        self.hollow = ("", "")
        self.waiting = Waiting()
        self.notes: list[str] = []
        self._recorded, self._next = recorded, 0
        self._parts: dict[int, tuple[Any, Any]] = {}

    def place(self) -> int:
        """Return the next reply's place among the outlines."""
        self._next += 1
        return self._next - 1

    def take(self, value: Any, what: str, function: str, number: int) -> Any:
        """Return the reply of a place made tidy and, when judging, brought to the recorded kinds.

        Raises:
            StudentFault: its structure is not the recorded one.
            AuthorMistake: the check asks for more replies than it did when it was recorded.
        """
        value = tidy(value)
        kinds = outline(value)
        if number == len(self.seen):
            self.seen.append(kinds)
        if self._recorded is None:
            return value
        if number >= len(self._recorded):
            raise AuthorMistake("the check makes more calls than when it was recorded")
        if kinds == (wanted := self._recorded[number]):
            return value
        raw, value = value, conform(value, wanted, what)
        if outline(value) != wanted:
            yours = describe(kinds if is_hollow(raw) else outline(value))
            self.strange[function] = f"{what} should be {describe(wanted)}; yours is {yours}"
            if is_hollow(raw) and not self.hollow[1]:
                self.hollow = (function, self.strange[function])
        return value

    def section(self) -> Section:
        """Return a part of the check that may run several times: `with` it around each time.

        Every run after the first is held against the outlines of the first, so that a check may
        make more calls against one submission than against another.
        """
        return Section(self)

    def original(self, value: Any) -> Any:
        """Return a part of a reply as the student's code gave it: what goes back, a cache say."""
        part, raw = self._parts.get(id(value), (None, None))
        return raw if part is value and part is not None else value

    def remember(self, value: Any, raw: Any) -> None:
        """Keep the parts of a reply beside what conforming made of them; see `original`."""
        pairs: list[tuple[Any, Any]] = []
        if isinstance(value, dict) and isinstance(raw, dict):
            pairs = [(part, raw[key]) for key, part in value.items() if key in raw]
        elif isinstance(value, (list, tuple)) and isinstance(raw, (list, tuple)):
            pairs = list(zip(value, raw, strict=True))
        whole = (dict, list, tuple, np.ndarray, Absent)
        self._parts |= {id(p): (p, r) for p, r in pairs if isinstance(p, whole) and p is not r}


class Section:
    """A part of a check that may run several times; see `Outlines.section`."""

    def __init__(self, outlines: Outlines) -> None:
        self._outlines = outlines
        self._start = self._after = -1

    def __enter__(self) -> None:
        position = self._outlines._next  # noqa: SLF001 - the other half of Outlines
        self._after = position if self._start >= 0 else -1
        self._start = self._start if self._start >= 0 else position
        self._outlines._next = self._start  # noqa: SLF001

    def __exit__(self, *_: object) -> None:
        if self._after >= 0:
            self._outlines._next = self._after  # noqa: SLF001


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
        ref = Ref(self._ref.root, (*self._ref.steps, (kind, key)), self._ref.kind)
        return Remote(self._session, self._outlines, ref)

    def __getattr__(self, name: str) -> Remote:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._step("attr", name)

    def __getitem__(self, key: Any) -> Remote:
        return self._step("item", key)

    def __setattr__(self, name: str, value: Any) -> None:
        self._set("attr", name, value)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._set("item", key, value)

    def _set(self, kind: str, key: Any, value: Any) -> None:
        sent = _sendable(value, self._outlines)
        target, waiting = _ref_of(self._step(kind, key)), self._outlines.waiting
        wait = self._session.later("set", target=target, value=sent)
        waiting.put_off(wait) if waiting.patient else wait()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it there; the reply's arrays are read-only copies, its objects are `Remote`s."""
        args, kwargs = (_sendable(value, self._outlines) for value in (list(args), kwargs))
        return self._reply("call", _words(self._ref, "call"), self._name, args=args, kwargs=kwargs)

    @property
    def _name(self) -> str:
        return str(self._ref.steps[-1][1]) if self._ref.steps else ""

    def _reply(self, op: str, what: str, function: str, **request: Any) -> Any:
        waiting = self._outlines.waiting
        wait = self._session.later(op, target=self._ref, **request)
        if not waiting.patient:
            return self._taken(wait, what, function)
        place = self._outlines.place()
        return waiting.put_off(lambda: self._taken(wait, what, function, place))

    def _taken(
        self, wait: Callable[[], Any], what: str, function: str, place: int | None = None
    ) -> Any:
        """Return a reply once it is here; its place is the next one if it has none."""
        try:
            raw = wait()
        except StudentFault as fault:
            empty, message = self._outlines.hollow
            if fault.status == "raised" and message:  # it stumbled over what is not there
                frames = (empty, *fault.frames)
                raise StudentFault("missed", message, fault.staff, frames) from fault
            if fault.status == "raised" and not fault.frames and self._ref.root[0] == "#":
                # None of the student's code ran: what made the object did, and left this out.
                fault.frames = (f"{self._ref.kind.rpartition('.')[2]}.__init__",)
            raise
        try:
            place = self._outlines.place() if place is None else place
            value = self._wrap(self._outlines.take(raw, what, function, place))
        except StudentFault as fault:
            fault.frames = (function,) if function else ()
            if is_blank(raw) and self._ref.root == "@notebook":
                fault.status = "not implemented"  # a variable as its cell was handed out
            raise
        self._outlines.remember(value, raw)
        return value

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


class Held(Remote):
    """An array that was put into the student's process and can be looked at again."""

    __slots__ = ("_given",)
    _given: np.ndarray

    @classmethod
    def of(cls, student: Student, given: np.ndarray) -> Held:
        """Return a copy of an array, held in the student's process."""
        session, outlines = student._session, student._outlines  # noqa: SLF001
        held = cls(session, outlines, _ref(session.ask("hold", value=given)))
        object.__setattr__(held, "_given", given)
        return held

    @staticmethod
    def changed(held: object) -> bool:
        """Return whether the student's code has changed the array.

        Raises:
            AuthorMistake: it is not held there.
        """
        if not isinstance(held, Held):
            raise AuthorMistake("unchanged needs what `student.hold` gave, not the array itself")
        now = np.asarray(value_of(held))
        given = held._given  # noqa: SLF001 - of this class
        return now.dtype.kind not in "biuf" or not np.array_equal(now, given, equal_nan=True)


def _ref_of(remote: Remote) -> Ref:
    return remote._ref  # noqa: SLF001 - the other half of Remote


def _ref(reply: Any) -> Ref:
    if not isinstance(reply, Ref):
        raise StudentFault("protocol broken", "", "the reply is not what was asked for")
    return reply


def source_of(function: object) -> tuple[str, str]:
    """Return the text of the module in which a student's function stands, and the function's name.

    Raises:
        AuthorMistake: it is not a function of a module.
    """
    if not isinstance(function, Remote) or function._ref.root[0] in "#@":  # noqa: SLF001
        raise AuthorMistake("without needs a function of a module: student.MODULE.function")
    ref = function._ref  # noqa: SLF001 - the other half of Remote
    name = ".".join(str(key) for kind, key in ref.steps if kind == "attr")
    return function._session.source(ref.root), name  # noqa: SLF001


def value_of(value: Any) -> Any:
    """Return what a `Remote` stands for, copied here; any other value is returned as it is.

    Raises:
        StudentFault: it is an object that cannot be copied.
    """
    value = now(value)
    if not isinstance(value, Remote):
        return tidy(value)
    copied = now(value._reply("get", _words(value._ref, "get"), ""))  # noqa: SLF001 - its other half
    if isinstance(copied, Remote):
        kind = describe(outline(copied._ref))  # noqa: SLF001
        raise StudentFault("missed", f"Numbers, text or a list of them are wanted; this is {kind}.")
    return copied


def _sendable(value: Any, outlines: Outlines) -> Any:
    value = outlines.original(now(value))
    if isinstance(value, Absent):
        raise StudentFault("missed", f"{value.message}; it is needed to go on")
    if isinstance(value, Remote):
        return value._ref  # noqa: SLF001 - the other half of Remote
    if isinstance(value, (list, tuple)):
        return type(value)(_sendable(item, outlines) for item in value)
    if isinstance(value, dict):
        return {key: _sendable(item, outlines) for key, item in value.items()}
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
        args, kwargs = (_sendable(value, self._outlines) for value in (list(args), kwargs))
        reply = self._session.ask("keep", target=function._ref, args=args, kwargs=kwargs)  # noqa: SLF001
        return Remote(self._session, self._outlines, _ref(reply))

    def call_and_keep(self, function: Remote, *args: Any, **kwargs: Any) -> tuple[Any, Remote]:
        """Call a function; return a copy of what it returns, and the thing itself, left there.

        Handing on a part of the latter, such as a cache, gives the student's code its own object.
        """
        kept = self.keep(function, *args, **kwargs)
        what = _words(function._ref, "call")  # noqa: SLF001 - the other half of Remote
        return kept._reply("get", what, function._name), kept  # noqa: SLF001

    def hold(self, *arrays: Any) -> Any:
        """Put a copy of an array there; it stands for the array in calls. Several give a tuple.

        `expect.unchanged` then says whether the student's code has changed it.
        """
        held = tuple(Held.of(self, np.asarray(array)) for array in arrays)
        return held if len(held) > 1 else held[0]

    def text(self, name: str) -> str:
        """Return a handed-in text file, or the source of the notebook's cell of this id.

        Raises:
            StudentFault: there is neither.
        """
        return self._session.text(name)[:MOST_TEXT]

    def seed(self, number: int) -> None:
        """Seed `random` and numpy's legacy stream in the student's process."""
        self._session.ask("seed", seed=number)

    def artifact(
        self, name: str, shapes: Mapping[str, tuple[int | str, ...]]
    ) -> dict[str, np.ndarray]:
        """Return the float64 arrays of a handed-in `.npz`, of exactly these names and shapes.

        Args:
            name: the file's.
            shapes: by name; a word stands for any size above 0, everywhere the same:
                `{"W1": ("hidden", 3072), "b1": ("hidden",)}`.

        Raises:
            StudentFault: the file is missing, is no such archive, or an array is another one.
        """
        arrays = self._session.artifact(name)
        sizes: dict[int | str, int] = {}
        for key, shape in shapes.items():
            wanted = tuple(sizes.get(size, size) for size in shape)
            if wrong := misfit(arrays.get(key), wanted):
                raise StudentFault("missed", f"{name}: {key} {wrong}")
            if odd := not_finite(arrays[key]):
                self._outlines.notes.append(f"{name}: {key} holds {odd}; did the training diverge?")
            sizes |= dict(zip(wanted, arrays[key].shape, strict=True))
        return {key: arrays[key].astype(np.float64) for key in shapes}

    def labels(self, name: str, count: int, classes: int) -> np.ndarray:
        """Return the labels in a handed-in `.npy` or text file, int64 of shape (count,).

        Args:
            name: the file's.
            count: how many are wanted, one for each image.
            classes: labels are 0, ..., classes - 1.

        Raises:
            StudentFault: the file is missing, or holds something else.
        """
        if name.endswith(".npy"):
            array = self._session.artifact(name).get("")
            return labels_of_array(name, array, count, classes)
        return labels_of_text(name, self._session.text(name), count, classes)

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
