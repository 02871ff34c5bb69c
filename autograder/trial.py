"""A student's function and its gradients, tried at one point: forward, backward, and once more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from autograder.later import Waiting
    from autograder.remote import Outlines, Student

from autograder.later import now
from autograder.outline import Absent
from autograder.remote import Held, Remote, value_of
from gradlab.errors import AuthorMistake

__all__ = ["Forward", "Passes", "Trial", "as_floats", "call_with", "first_of", "label_of"]

SAME = 1e-12  # relative to the largest entry: one machine gives the same bits twice, nearly always


def call_with(function: Any, inputs: Mapping[str, Any], also: Sequence[Any] = ()) -> Any:
    """Call a student's function with inputs in their order, or one of the author's by their names.

    Args:
        function: `student.MODULE.function`, or a function of the suite.
        inputs: arrays by name, in order.
        also: further arguments of a student's function.
    """
    if isinstance(function, Remote):
        return function(*inputs.values(), *also)
    return function(**inputs)


def label_of(name: str, key: str | None, *, backward: bool) -> str:
    """Return what the value of a forward pass is called, or with a key that input's gradient.

    Args:
        name: tells two uses in one check apart; may be ''.
        key: the input's name; None for the value.
        backward: whether a backward pass gives the gradients.
    """
    if backward:
        what = "out" if key is None else f"d{key}"
    else:
        what = "loss" if key is None else f"grads[{key!r}]"
    return f"{name} {what}".strip()


def first_of(reply: Any) -> Any:
    """Return the value of a forward pass: a number or an array, without the cache or gradients."""
    return value_of(_leading(reply))


def _leading(reply: Any) -> Any:
    reply = now(reply)
    return reply[0] if isinstance(reply, (tuple, list, Remote)) else reply


@dataclass
class Forward:
    """A forward pass tried at many points; the calls go out together.

    Attributes:
        call: runs it at a point.
        section: the part of the check that may run several times.
        waiting: for the replies.
        copied: whether its value came in the reply, and has not to be asked for.
    """

    call: Callable[[np.ndarray], Any]
    section: AbstractContextManager[None]
    waiting: Waiting
    copied: bool = False

    def __call__(self, points: Sequence[np.ndarray]) -> Sequence[Any]:
        """Return the values at some points, as float64; within `together`, what stands for them."""
        if len(points) == 1 or not self.copied:
            return [self._at(x) for x in points]
        with self.waiting.together():
            values = [self.waiting.put_off(self._asked(x)) for x in points]
        return values if self.waiting.patient else [now(value) for value in values]

    def _asked(self, x: np.ndarray) -> Callable[[], np.ndarray]:
        with self.section:
            reply = self.call(x)
        return lambda: as_floats(first_of(reply))

    def _at(self, x: np.ndarray) -> np.ndarray:
        with self.section:
            first = _leading(self.call(x))
            self.copied = not isinstance(first, Remote)
            return as_floats(value_of(first))


@dataclass(frozen=True)
class Passes:
    """A forward pass and what gives its gradients.

    Attributes:
        forward: returns `(out, cache)`; without `backward`, `(loss, gradients)`.
        backward: from `(dout, cache)` to one gradient for each input, in their order.
        also: further arguments of a student's forward pass.
    """

    forward: Any
    backward: Callable[..., Any] | None = None
    also: tuple[Any, ...] = ()


class Trial:
    """A forward pass and its gradients at one point, with inputs that lie in the student's process.

    Args:
        student: whose.
        outlines: of the check's replies.
        passes: what is tried.
        inputs: arrays by name, in the order of the forward pass.
        dout: the upstream gradient, of out's shape; only with a backward pass.

    Attributes:
        section: the part of the check that may run several times.
        dout: the upstream gradient, float64; 1 where there is none.
    """

    def __init__(
        self,
        student: Student,
        outlines: Outlines,
        passes: Passes,
        inputs: Mapping[str, np.ndarray],
        dout: np.ndarray | None,
    ) -> None:
        if (passes.backward is None) != (dout is None):
            raise AuthorMistake("gradients needs backward and dout together, or neither")
        self._student, self._waiting, self._passes = student, outlines.waiting, passes
        self.section = outlines.section()
        self._inputs = dict(inputs)
        self._held = {name: student.hold(x) for name, x in self._inputs.items()}
        self._held_dout = None if dout is None else student.hold(dout)
        self.dout = np.asarray(1.0 if dout is None else dout, np.float64)
        self._rest: Any = None

    def label(self, name: str, key: str | None = None) -> str:
        """Return what the value is called, or with a key that input's gradient; see `label_of`."""
        return label_of(name, key, backward=self.has_backward)

    def value(self) -> Any:
        """Run the forward pass with the held inputs and return its value."""
        forward, also = self._passes.forward, self._passes.also
        if isinstance(forward, Remote) and self._passes.backward is not None:
            reply, kept = self._student.call_and_keep(forward, *self._held.values(), *also)
            self._rest = kept[1]
        else:
            reply = call_with(forward, self._held, also)
            self._rest = _pair(reply)[1]
        return value_of(_pair(reply)[0])

    @property
    def has_backward(self) -> bool:
        """Whether there is a backward pass, and with it an upstream gradient."""
        return self._passes.backward is not None

    def gradients_from(self, dout: np.ndarray) -> dict[str, Any]:
        """Run both passes once more, with another upstream gradient; return the gradients."""
        with self.section:
            self.value()
            return self.gradients(dout)

    def gradients(self, dout: np.ndarray | None = None) -> dict[str, Any]:
        """Return the gradients by input, after `value`; by default from the held dout."""
        found, backward = self._rest, self._passes.backward
        if backward is not None:
            found = backward(self._held_dout if dout is None else dout, found)
        found = value_of(found) if isinstance(found, Remote) else found
        if isinstance(found, (dict, Absent)):
            return {name: found[name] for name in self._inputs}
        items = found if isinstance(found, (tuple, list)) else (found,)
        if len(items) != len(self._inputs):
            names = ", ".join(self._inputs)
            raise AuthorMistake(f"there are {len(items)} gradients for the inputs {names}")
        return dict(zip(self._inputs, map(value_of, items), strict=True))

    def forward_along(self, name: str) -> Forward:
        """Return the forward pass as a function of one input."""

        def call(x: np.ndarray) -> Any:
            return call_with(self._passes.forward, {**self._inputs, name: x}, self._passes.also)

        return Forward(call, self.section, self._waiting)

    def complaints(self, value: Any, gradients: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with how the code treats its inputs and a second run; [] if nothing.

        Args:
            value: of the first run.
            gradients: of the first run.
        """
        held = {**self._held, **({} if self._held_dout is None else {"dout": self._held_dout})}
        changed = [name for name, item in held.items() if Held.changed(item)]
        with self.section:
            again = self._labelled(self.value(), self.gradients())
        first = self._labelled(value, gradients)
        moved = [name for name, item in again.items() if not _same(item, first[name])]
        if changed:
            return [f"{name} is changed by your code; work on a copy" for name in changed]
        return [f"{name}: called twice, your code gives two results" for name in moved]

    def _labelled(self, value: Any, gradients: Mapping[str, Any]) -> dict[str, Any]:
        parts = {self.label("", key): item for key, item in gradients.items()}
        return {self.label(""): value, **parts}


def _pair(reply: Any) -> Any:
    if not isinstance(reply, (tuple, list, Remote)):
        raise AuthorMistake("gradients needs a function that returns a pair")
    return reply


def as_floats(value: Any) -> np.ndarray:
    """Return numbers as float64; what holds none as one nan."""
    array = np.asarray(value)
    return array.astype(np.float64) if array.dtype.kind in "biuf" else np.array(np.nan)


def _same(a: Any, b: Any) -> bool:
    x, y = as_floats(a), as_floats(b)
    if x.shape != y.shape:
        return False
    with np.errstate(all="ignore"):
        scale = float(np.max(np.abs(x), initial=0.0))
        near = (x == y) | (np.abs(x - y) <= SAME * scale) | (np.isnan(x) & np.isnan(y))
        return bool(np.all(near))
