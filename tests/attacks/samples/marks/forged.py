"""Replies and failures that nobody asked for. The right answer is `3 * x + 1`."""

import json
import os
import struct
import sys

import numpy as np

ZERO = np.zeros(4)


def send(header, body=b"", announced=None):
    text = json.dumps(header).encode()
    size = len(body) if announced is None else announced
    os.write(3, struct.pack("<4sIQ", b"glf1", len(text), size) + text + body)


def reply(number, value, **more):
    pairs = {"ok": True, "value": value, "id": number, **more}
    return {"~": "dict", "v": [[key, item] for key, item in pairs.items()]}


ARRAY = {"~": "array", "t": "f8", "s": [4]}


def request_number():
    frame = sys._getframe()
    while frame:
        request = frame.f_locals.get("request")
        if isinstance(request, dict) and "id" in request:
            return request["id"]
        frame = frame.f_back
    return 0


def reply_with_the_right_number(x):
    send(reply(request_number(), ARRAY, score=100, status="earned"), ZERO.tobytes())
    return ZERO


def replies_to_come(x):
    for number in range(100):
        send(reply(number, ARRAY), ZERO.tobytes())
    return ZERO


def failure_that_says_earned(x):
    words = {"kind": "earned", "text": "earned", "trace": "", "frames": []}
    pairs = {"ok": False, "id": request_number(), **words, "credit": 1}
    send({"~": "dict", "v": [[key, item] for key, item in pairs.items()]})
    return ZERO


def failure_of_the_grader(x):
    words = {"kind": "GraderFault", "text": "broken", "trace": "", "frames": ["x"] * 9}
    pairs = {"ok": False, "id": request_number(), **words}
    send({"~": "dict", "v": [[key, item] for key, item in pairs.items()]})
    return ZERO


def reference_to_another_place(x):
    ref = {"~": "ref", "root": "os", "steps": [["attr", "environ"]], "kind": "numpy.ndarray"}
    send(reply(request_number(), ref))
    return ZERO


def reference_to_ones_own_object(x):
    ref = {"~": "ref", "root": "#0", "steps": [], "kind": "numpy.ndarray"}
    send(reply(request_number(), ref))
    return ZERO


def element_type_of_objects(x):
    send(reply(request_number(), {"~": "array", "t": "O", "s": [4]}), bytes(32))
    return ZERO


def shape_that_overflows(x):
    send(reply(request_number(), {**ARRAY, "s": [1 << 32, 1 << 32]}), bytes(32))
    return ZERO


def nesting(x):
    os.write(3, struct.pack("<4sIQ", b"glf1", 1 << 20, 0) + b"[" * (1 << 20))
    return ZERO


def length_of_two_to_the_sixty(x):
    send(reply(request_number(), 1), announced=1 << 60)
    return ZERO


def pickle_bytes(x):
    os.write(3, b"\x80\x04\x8c\x02os\x94\x8c\x05_exit\x93K\x00\x85R." * 9)
    return ZERO


def exit_as_if_all_were_well(x):
    os._exit(0)


def exit_as_if_the_set_up_had_failed(x):
    print("Traceback: the grader's own fault")
    os._exit(70)


def exit_as_if_the_channel_were_lost(x):
    os._exit(71)


def leaving_by_sys_exit(x):
    sys.exit(0)


def exception_named_like_the_graders(x):
    class GraderFault(Exception):
        status, blame, credit, score = "earned", "grader", 1, 100

    GraderFault.__module__ = "gradlab.errors"
    raise GraderFault("broken")


def exception_that_lies(x):
    class Lie(BaseException):
        def __str__(self):
            send(reply(request_number(), ARRAY), ZERO.tobytes())
            return "earned"

        def __class__(self):
            raise KeyboardInterrupt

    raise Lie
