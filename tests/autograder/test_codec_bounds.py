"""The largest frames that a student could send: bounded time and memory, whatever they hold."""

from __future__ import annotations

import json
import time
from contextlib import suppress

import numpy as np
import pytest

from autograder.box import codec
from tests.autograder.memory import measured

LIMIT = 1 << 22


# Frames as large as they may be; what is allowed is a few times what a student may keep here.
LARGEST = {
    "numbers in a row": ({"~": "numbers", "t": "b1", "s": [LIMIT]}, LIMIT),
    "a list for each number": ({"~": "numbers", "t": "b1", "s": [LIMIT, 1]}, LIMIT),
    "thirty lists for each": ({"~": "numbers", "t": "b1", "s": [1 << 16, *[1] * 31]}, LIMIT),
    "one list in another": ({"~": "numbers", "t": "f8", "s": [*[1] * 31, 1 << 16]}, LIMIT),
    "an array": ({"~": "array", "t": "b1", "s": [LIMIT]}, LIMIT),
    "arrays off their places": (
        [{"~": "bytes", "t": "u1", "s": [1]}, *[{"~": "array", "t": "f8", "s": [9]}] * 9000],
        LIMIT,
    ),
    "bytes": ({"~": "bytes", "t": "u1", "s": [LIMIT]}, LIMIT),
    "empty arrays": ([{"~": "array", "t": "f8", "s": [0]}] * 24_000, 0),
    "empty dicts": ([{"~": "dict", "v": []}] * 40_000, 0),
    "pairs": ({"~": "dict", "v": [[number, []] for number in range(45_000)]}, 0),
    "numbers in the header": (b"[" + b"0," * 500_000 + b"0]", 0),
    "braces": (b"[" + b'{"":0},' * 140_000 + b"0]", 0),
    "escapes": (b'"' + b"\\u0041" * 170_000 + b'"', 0),
    "fractions": (b"[" + b"1e-9," * 200_000 + b"0]", 0),
    "a long fraction": (b"0." + b"1" * 1_000_000, 0),
    "long texts of fractions": ({"~": "complex", "v": ["1" * 500_000, "." + "1" * 400_000]}, 0),
}


@pytest.mark.parametrize("case", LARGEST)
def test_the_largest_frames_take_bounded_time_and_memory(case: str) -> None:
    node, size = LARGEST[case]
    header = node if isinstance(node, bytes) else json.dumps(node, separators=(",", ":")).encode()
    assert len(header) <= codec.MAX_HEADER
    body = bytearray(size)
    start = time.monotonic()
    with measured() as peak, suppress(codec.ProtocolError):
        codec.decode(header, body)
    assert peak[0] < 160 << 20
    assert time.monotonic() - start < 20


def test_lists_too_large_for_the_grader_are_refused_on_both_sides() -> None:
    rows = [[True]] * (1 << 22)
    with pytest.raises(codec.TooLargeError, match="too many numbers"):
        codec.encode(rows)
    with pytest.raises(codec.ProtocolError, match="too many numbers"):
        codec.decode(b'{"~":"numbers","t":"b1","s":[4194304,1]}', bytes(1 << 22))
    fine = np.zeros((500, 5000)).tolist()
    first, *rest = codec.encode(fine)
    assert codec.decode(bytes(first)[codec.HEAD.size :], b"".join(rest)) == fine
