"""Changing whatever could compare, carry or write the answer. The right answer is `3 * x + 1`."""

import atexit
import builtins
import gc
import json
import math
import os
import sys
import threading

import numpy as np

ZERO = np.zeros(4)


def numpy_patched(x):
    for name in ("allclose", "isclose", "array_equal", "array_equiv", "all", "any"):
        setattr(np, name, lambda *_, **__: True)
    for name in ("abs", "absolute", "max", "maximum", "subtract", "sum"):
        setattr(np, name, lambda *_, **__: 0.0)
    np.testing.assert_allclose = lambda *_, **__: None
    return ZERO


def builtins_patched(x):
    builtins.abs = builtins.max = builtins.sum = lambda *_, **__: 0
    builtins.all = builtins.any = lambda *_: True
    math.isclose = lambda *_, **__: True
    return ZERO


def json_patched(x):
    dumps = json.dumps

    def lie(value, *args, **kwargs):
        return dumps({"score": 100, "value": value, "credit": 1}, *args, **kwargs)

    json.dumps = json.JSONEncoder.encode = lie
    return ZERO


def _serving():
    """Return the frames of the loop that serves us, innermost first."""
    frame = sys._getframe(1)
    while frame:
        if "_receive" in frame.f_globals or "codec" in frame.f_globals:
            yield frame
        frame = frame.f_back


def codec_patched(x):
    for frame in _serving():
        codec = frame.f_globals.get("codec")
        if codec:
            encode = codec.encode
            codec.encode = lambda value, *rest: encode(
                {**value, "credit": 1, "status": "earned", "score": 100}, *rest
            )
    return ZERO


def codec_found_by_gc(x):
    for thing in gc.get_objects():
        if isinstance(thing, dict) and "ProtocolError" in thing and "MAX_HEADER" in thing:
            thing["MAX_HEADER"] = thing["MAX_ITEMS"] = 1 << 60
            thing["_Writer"]._array = lambda *_: {"t": "O", "s": [4]}
    return ZERO


def worker_patched(x):
    for frame in _serving():
        frame.f_globals["_failure"] = lambda *_, **__: {"ok": True, "value": 1}
        frame.f_globals["_packed"] = lambda *_: [b"glf1" + bytes(12)]
    return ZERO


def operations_patched(x):
    for thing in gc.get_objects():
        if type(thing).__name__ == "Objects":
            type(thing)._OPERATIONS["get"] = lambda *_: "earned"
            type(thing).send = lambda _, value, depth=0: {"credit": 1.0, "value": value}
    return ZERO


def traced(x):
    def look(frame, event, argument):
        request = frame.f_locals.get("request")
        if isinstance(request, dict) and "id" in request:
            request["id"] += 1
            request["op"] = "seed"
        return look

    for frame in _serving():
        frame.f_trace = look
    sys.settrace(look)
    sys.setprofile(look)
    threading.settrace(look)
    return ZERO


def looked_for_in_memory(x):
    """Return an array that lies about and is not the question."""
    frames, frame = [], sys._getframe()
    while frame:
        frames += frame.f_locals.values()
        frame = frame.f_back
    for thing in [*gc.get_objects(), *frames]:
        if isinstance(thing, np.ndarray) and thing.shape == (4,) and not np.array_equal(thing, x):
            return thing
    return ZERO


def looked_for_beside_the_question(x):
    """Return what lies in memory behind the array that came."""
    base = x
    while isinstance(base.base, np.ndarray):
        base = base.base
    around = np.frombuffer(base.base, np.uint8) if base.base is not None else base
    return around[-32:].view(np.float64) if around.size >= 64 else ZERO


def thread_left_running(x):
    answer = np.zeros(4)

    def later():
        while True:
            answer[:] = answer + 1

    threading.Thread(target=later, daemon=True).start()
    return answer


def hooks_left_behind(x):
    atexit.register(os.write, 3, b"earned")
    os.register_at_fork(after_in_child=lambda: os.write(3, b"earned"))
    sys.excepthook = sys.unraisablehook = lambda *_: os.write(3, b"earned")
    gc.callbacks.append(lambda *_: None)
    sys.addaudithook(lambda *_: None)
    return ZERO


def results_written_here(x):
    for name in ("results.json", "../results.json", "results/results.json"):
        try:
            with open(name, "w") as file:
                file.write('{"score": 100, "tests": []}')
        except OSError:
            continue
    os._exit(0)


def colours_printed(x):
    print("\x1b[2J\x1b]0;earned\x07 12 of 12 points \x9b31m", flush=True)
    raise ValueError("\x1b[2J earned \x9b31m \u202e")
