"""Functions of another process: a reference's net that calls a student's layers.

Only a worker of the reference borrows, and only the grader lends: it hands each call on to the
student's own worker.
"""

from __future__ import annotations

import sys
from functools import wraps
from importlib import import_module
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from .objects import Objects

__all__ = ["borrow", "lend"]


def borrow(wanted: Mapping[str, Sequence[str]], ask: Callable[..., Any]) -> list[list[str]]:
    """Replace functions, wherever a loaded module holds them; return module and name of each.

    Args:
        wanted: names by dotted module name; none for every function that the module defines.
        ask: takes module, name, args and kwargs; returns what `lend` returned.

    Raises:
        AttributeError: a module has no such function.
    """
    names = {name: own or list(_functions(import_module(name))) for name, own in wanted.items()}
    elsewhere = {}
    for module, own in names.items():
        for name in own:
            function = getattr(import_module(module), name)
            elsewhere[id(function)] = _elsewhere(function, module, name, ask)
    for loaded in [item for item in sys.modules.values() if isinstance(item, ModuleType)]:
        found = {n: elsewhere[id(f)] for n, f in vars(loaded).items() if id(f) in elsewhere}
        vars(loaded).update(found)
    return [[module, name] for module, own in names.items() for name in own]


def _functions(module: ModuleType) -> Iterator[str]:
    for name, value in vars(module).items():
        own = isinstance(value, FunctionType) and value.__module__ == module.__name__
        if own and not name.startswith("_"):
            yield name


def _elsewhere(
    function: Callable[..., Any], module: str, name: str, ask: Callable[..., Any]
) -> Callable[..., Any]:
    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        value, left = ask(module=module, name=name, args=list(args), kwargs=kwargs)
        for given, now in zip((*args, *kwargs.values()), left, strict=True):
            _overwrite(given, now)
        return value

    return call


def _overwrite(given: Any, now: Any) -> None:
    """Do to an argument what was done to its copy: running means, a mistake made in place."""
    if isinstance(given, dict):
        given.clear()
        given.update(now)
    elif isinstance(given, np.ndarray) and given.flags.writeable and given.shape == np.shape(now):
        given[...] = now


def lend(objects: Objects, request: Mapping[str, Any]) -> list[Any]:
    """Call a function for another process; return its value and what it left in its arguments.

    A tuple or an object inside the value stays here: it is a cache, which comes back as it was.
    """
    sent = [request["args"], request["kwargs"]]
    args, kwargs = objects.find(objects.answer({"op": "hold", "value": sent}))
    value = objects.find(request["target"])(*args, **kwargs)
    left = (*args, *kwargs.values())
    changeable = (np.ndarray, dict)
    return [
        _sent(objects, value),
        [objects.send(item) if isinstance(item, changeable) else None for item in left],
    ]


def _sent(objects: Objects, value: Any) -> Any:
    if not isinstance(value, (tuple, list)):
        return objects.send(value)
    parts = (
        objects.answer({"op": "hold", "value": item})
        if isinstance(item, tuple)
        else objects.send(item)
        for item in value
    )
    return tuple(parts) if isinstance(value, tuple) else list(parts)
