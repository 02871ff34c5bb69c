"""Requests against the student's objects: call, get, set, seed.

The same code answers in a worker and, in a student's own `check.py`, in the same process.
"""

from __future__ import annotations

import random
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

from .ref import Ref, UnsupportedError, as_key

__all__ = ["Objects"]

PLAIN = frozenset({type(None), bool, int, float, complex, str, bytes})
# Every type of single value that leaves as it is; numpy's without the machine's own long double.
SINGLE = PLAIN | {np.dtype(code).type for code in "?bhilqBHILQefdFD"}
DEEPEST = 30  # within what the codec carries
WIDE = {"f": np.float64, "c": np.complex128}


class Objects:
    """The objects that replies left behind, and the notebook's names.

    Values that are not plain data stay here; a reply carries a `Ref` to them.

    Args:
        notebook: where the notebook's cells have run.
    """

    def __init__(self, notebook: dict[str, Any] | None = None) -> None:
        self.kept: list[Any] = []
        self.notebook = {"__name__": "__main__"} if notebook is None else notebook

    def answer(self, request: Mapping[str, Any]) -> Any:
        """Return the reply's value; exceptions of the student's code come through as they are."""
        return self._OPERATIONS[request["op"]](self, request)

    def _call(self, request: Mapping[str, Any]) -> Any:
        return self.send(self._result(request))

    def _keep(self, request: Mapping[str, Any]) -> Ref:
        return self._kept(self._result(request))

    def _hold(self, request: Mapping[str, Any]) -> Ref:
        return self._kept(self._receive(request["value"]))

    def _result(self, request: Mapping[str, Any]) -> Any:
        function = self.find(request["target"])
        args = self._receive(request["args"])
        return function(*args, **self._receive(request["kwargs"]))

    def _get(self, request: Mapping[str, Any]) -> Any:
        return self.send(self.find(request["target"]))

    def _set(self, request: Mapping[str, Any]) -> None:
        target = request["target"]
        *way, (kind, key) = target.steps
        owner, value = self.find(Ref(target.root, tuple(way))), self._receive(request["value"])
        if kind == "attr":
            setattr(owner, key, value)
        else:
            owner[key] = value

    def _import(self, request: Mapping[str, Any]) -> None:
        import_module(request["module"])

    def _seed(self, request: Mapping[str, Any]) -> None:
        random.seed(request["seed"])
        np.random.seed(request["seed"])  # noqa: NPY002 - what students' code draws from

    def _begin(self, request: Mapping[str, Any]) -> None:
        """Forget what earlier requests kept: another check asks from now on."""
        self.kept.clear()
        self._seed(request)

    _OPERATIONS: ClassVar = {
        "begin": _begin,
        "call": _call,
        "keep": _keep,
        "hold": _hold,
        "get": _get,
        "set": _set,
        "import": _import,
        "seed": _seed,
    }

    def find(self, ref: Ref) -> Any:
        """Return the object that a reference names."""
        if ref.root.startswith("#"):
            found = self.kept[int(ref.root[1:])]
        elif ref.root == "@notebook":
            found = _Names(self.notebook)
        else:
            found = import_module(ref.root)
        for kind, key in ref.steps:
            found = getattr(found, key) if kind == "attr" else found[key]
        return found

    def send(self, value: Any, depth: int = 0) -> Any:
        """Return a value with containers copied and everything that cannot travel kept here.

        Raises:
            UnsupportedError: it is nested too deep, or contains itself.
        """
        if depth > DEEPEST:
            raise UnsupportedError("a value nested too deep; does it contain itself?")
        if type(value) in SINGLE:
            return value
        if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "biufc":
            return _copied(value)
        if isinstance(value, (list, tuple)):
            return (list if isinstance(value, list) else tuple)(self._send_items(value, depth))
        if isinstance(value, (dict, set, frozenset)):
            return self._send_keyed(value, depth)
        return self._kept(value)

    def _send_keyed(self, value: Any, depth: int) -> Any:
        try:
            if not isinstance(value, dict):
                return {as_key(item) for item in value}
            keys = [as_key(key) for key in value]
        except UnsupportedError:  # keyed by objects: it stays here as a whole
            return self._kept(value)
        return dict(zip(keys, self._send_items(value.values(), depth), strict=True))

    def _send_items(self, values: Any, depth: int) -> list[Any]:
        items = list(values)
        if SINGLE.issuperset(map(type, items)):
            return items
        return [self.send(item, depth + 1) for item in items]

    def _kept(self, value: Any) -> Ref:
        self.kept.append(value)
        kind = f"{type(value).__module__}.{type(value).__qualname__}"
        return Ref(f"#{len(self.kept) - 1}", (), kind[:200] if kind.isprintable() else "")

    def _receive(self, value: Any) -> Any:
        if isinstance(value, Ref):
            return self.find(value)
        if type(value) in (list, tuple):
            if SINGLE.issuperset(map(type, value)):
                return value
            return type(value)(self._receive(item) for item in value)
        if type(value) is dict:
            return {key: self._receive(item) for key, item in value.items()}
        return value


def _copied(value: Any) -> Any:
    """Return a copy of an array or a long double, of a type that every machine has."""
    copy = np.array(value)  # also of a subclass: what travels is plain
    wide = WIDE.get(copy.dtype.kind)
    if wide is not None and copy.dtype.itemsize > np.dtype(wide).itemsize:
        copy = copy.astype(wide)
    return copy if isinstance(value, np.ndarray) else copy[()]


class _Names:
    """A notebook's names as attributes."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.__dict__ = names

    def __getattr__(self, name: str) -> Any:
        raise NameError(f"name {name!r} is not defined in the notebook")
