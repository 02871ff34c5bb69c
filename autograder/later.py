"""Replies on their way: calls of a check that need no answer yet go out together."""

from __future__ import annotations

import operator
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Later", "Waiting", "now"]


class Waiting:
    """The replies that a check waits for, in the order of its calls.

    Attributes:
        patient: whether calls return at once, with something that stands for the reply.
    """

    def __init__(self) -> None:
        self.patient = False
        self._queue: deque[Later] = deque()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let calls return at once; all of them are answered at the end, or when one is used.

        Within another such block, the end is that one's.
        """
        within, self.patient = self.patient, True
        try:
            yield
            if not within:
                self.catch_up()
        finally:
            self.patient = within
            if not within:
                self._queue.clear()

    def put_off(self, wait: Callable[[], Any]) -> Later:
        """Return what stands for the value that `wait` will return."""
        later = Later(self, wait)
        self._queue.append(later)
        return later

    def catch_up(self, last: Later | None = None) -> None:
        """Wait for replies in the order of the calls, up to a certain one if there is one."""
        while self._queue:
            later = self._queue.popleft()
            object.__setattr__(later, "_value", object.__getattribute__(later, "_wait")())
            if later is last:
                return


class Later:
    """Stands for a value that will come; whatever is done with it waits, and is done with that."""

    __slots__ = ("_value", "_wait", "_waiting")

    def __init__(self, waiting: Waiting, wait: Callable[[], Any]) -> None:
        object.__setattr__(self, "_waiting", waiting)
        object.__setattr__(self, "_wait", wait)

    @property
    def __class__(self) -> Any:
        """The value's type, for `isinstance`."""
        return type(now(self))

    @__class__.setter
    def __class__(self, _: Any) -> None:
        raise TypeError("this is a value, not an object of the check's own")

    def __getattr__(self, name: str) -> Any:
        return getattr(now(self), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(now(self), name, value)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        del copy
        return np.asarray(now(self), dtype)

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Call the value."""
        return now(self)(*args, **named)


def now(value: Any) -> Any:
    """Return what a `Later` stands for, once it is here; any other value as it is."""
    if type(value) is not Later:
        return value
    try:
        return object.__getattribute__(value, "_value")
    except AttributeError:
        object.__getattribute__(value, "_waiting").catch_up(value)
    return object.__getattribute__(value, "_value")


# What Python looks for on a type and never asks an object for.
WAYS = (
    *(operator.abs, operator.contains, operator.eq, operator.ge, operator.getitem, operator.gt),
    *(operator.index, operator.invert, operator.le, operator.lt, operator.ne, operator.neg),
    *(operator.pos, operator.setitem),
    *(bool, complex, float, format, hash, int, iter, len, repr, reversed, round, str),
)
BOTH_WAYS = (
    *(operator.add, operator.and_, operator.floordiv, operator.matmul, operator.mod, operator.mul),
    *(operator.or_, operator.pow, operator.sub, operator.truediv, operator.xor),
)


def _way(apply: Callable[..., Any], *, turned: bool = False) -> Callable[..., Any]:
    """Return a method that does to the value what an operator or a function does."""

    def method(*values: Any, **named: Any) -> Any:
        return apply(*map(now, reversed(values) if turned else values), **named)

    return method


for _apply in (*WAYS, *BOTH_WAYS):
    setattr(Later, f"__{_apply.__name__.strip('_')}__", _way(_apply))
for _apply in BOTH_WAYS:
    setattr(Later, f"__r{_apply.__name__.strip('_')}__", _way(_apply, turned=True))
