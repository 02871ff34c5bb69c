"""Secrets of the grader in the worker's own process."""

import gc
import os
import re
import sys
import types

TOKEN = re.compile("hidden" + "-token-[0-9]+")


def texts(thing, depth=0):
    if isinstance(thing, (str, bytes)):
        yield thing if isinstance(thing, str) else thing.decode("latin-1")
    elif depth < 3:
        if isinstance(thing, dict):
            for key, value in list(thing.items()):
                yield from texts(key, depth + 1)
                yield from texts(value, depth + 1)
        elif isinstance(thing, (list, tuple, set, frozenset)):
            for item in list(thing):
                yield from texts(item, depth + 1)


def found(things):
    return sorted(
        {match for thing in things for text in texts(thing) for match in TOKEN.findall(text)}
    )


def memory(scene):
    """Finding the grader's secrets in memory: objects, frames, modules, environment"""
    frames, frame = [], sys._getframe()
    while frame:
        frames += [frame.f_locals, frame.f_globals]
        frame = frame.f_back
    gc.collect()
    objects = gc.get_objects()
    modules = [vars(m) for m in list(sys.modules.values()) if isinstance(m, types.ModuleType)]
    return found([*objects, *frames, *modules, dict(os.environ), sys.argv, sys.path])


def our_modules(scene):
    """Importing the grader's modules again to find a secret"""
    names = [
        "autograder.forkserver",
        "autograder.box.worker",
        "autograder.grade",
        "autograder.level",
    ]
    for name in names:
        try:
            __import__(name)
        except BaseException:
            continue
    return found([vars(m) for n, m in list(sys.modules.items()) if n.startswith("autograder")])
