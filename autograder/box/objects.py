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

from .ref import Ref

__all__ = ["Objects"]

PLAIN = (type(None), bool, int, float, complex, str, bytes)


class Objects:
    """The objects that replies left behind, and the notebook's names.

    Values that are not plain data stay here; a reply carries a `Ref` to them.
    """

    def __init__(self) -> None:
        self.kept: list[Any] = []
        self.notebook: dict[str, Any] = {"__name__": "__main__"}

    def answer(self, request: Mapping[str, Any]) -> Any:
        """Return the reply's value; exceptions of the student's code come through as they are."""
        return self._OPERATIONS[request["op"]](self, request)

    def _call(self, request: Mapping[str, Any]) -> Any:
        return self.send(self._result(request))

    def _keep(self, request: Mapping[str, Any]) -> Ref:
        return self._kept(self._result(request))

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

    _OPERATIONS: ClassVar = {
        "call": _call,
        "keep": _keep,
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

    def send(self, value: Any) -> Any:
        """Return a value with containers copied and everything that cannot travel kept here."""
        if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
            return np.array(value)
        if type(value) in PLAIN or isinstance(value, (np.bool_, np.number)):
            return value
        if type(value) in (list, tuple, set, frozenset):
            return type(value)(self._send_items(value))
        if isinstance(value, dict):
            return {key: self.send(item) for key, item in value.items()}
        return self._kept(value)

    def _kept(self, value: Any) -> Ref:
        self.kept.append(value)
        kind = f"{type(value).__module__}.{type(value).__qualname__}"
        return Ref(f"#{len(self.kept) - 1}", (), kind)

    def _send_items(self, values: Any) -> list[Any]:
        if all(type(item) in (int, float) for item in values):
            return list(values)
        return [self.send(item) for item in values]

    def _receive(self, value: Any) -> Any:
        if isinstance(value, Ref):
            return self.find(value)
        if type(value) in (list, tuple):
            return type(value)(self._receive(item) for item in value)
        if type(value) is dict:
            return {key: self._receive(item) for key, item in value.items()}
        return value


class _Names:
    """A notebook's names as attributes."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.__dict__ = names
