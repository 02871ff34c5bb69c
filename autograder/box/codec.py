"""Values as bytes, without pickle: a JSON header followed by raw little-endian buffers.

A frame is `magic, header length, body length, header, body`. The header describes the value; array
data, long lists of numbers and byte strings lie in the body, one after the other in the header's
order. Bytes from the student's process are hostile: every length is compared with a limit before
memory is allocated, no byte is used twice, element types come from a fixed list, and whatever is
wrong is a `ProtocolError`.
"""

from __future__ import annotations

import json
import math
import struct
from typing import Any, ClassVar, NoReturn

import numpy as np

from .ref import Ref, UnsupportedError, as_key, as_numbers

__all__ = ["HEAD", "MAX_HEADER", "ProtocolError", "TooLargeError", "decode", "encode", "read_head"]

HEAD = struct.Struct("<4sIQ")
MAGIC = b"glf1"
MAX_HEADER = 1 << 20
MAX_DEPTH = 32
MAX_ITEMS = 50_000
MAX_DIMS = 32
# A student can aim the hashes of tuples and floats at each other, and a dict of n such keys takes
# n * n steps; hashes of text are salted, and those of 64-bit integers collide in small numbers.
MAX_ODD_KEYS = 2000
SMALL = 1 << 12  # bytes of an array that are copied rather than kept a view of
LONG_LIST = 16  # a list of numbers this long travels as a buffer
# Of such a list, in words of memory as Python's objects: a list of one truth value takes 80 times
# the byte that it travels as, and lists in lists many more.
MAX_WORDS = 1 << 24
WORDS_OF_NUMBER, WORDS_OF_LIST = 4, 9
TYPES = "b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"
DTYPES = {code: np.dtype(f"<{code}") for code in TYPES}
STEPS = frozenset({"attr", "item"})
INT64 = range(-(2**63), 2**63)


class ProtocolError(Exception):
    """The bytes are not a frame that this codec writes."""


class TooLargeError(UnsupportedError):
    """The value is larger than what may travel."""


def encode(value: object, limit: int = 1 << 30) -> list[bytes | memoryview]:
    """Return the parts of a frame, ready to be written one after the other.

    Raises:
        UnsupportedError: a value inside is not plain data.
        TooLargeError: header or body would pass their limits.
    """
    writer = _Writer(limit)
    header = _TO_JSON.encode(writer.pack(value, 0)).encode()
    if len(header) > MAX_HEADER:
        raise TooLargeError("too many texts and single values; arrays may be larger")
    return [HEAD.pack(MAGIC, len(header), writer.size) + header, *writer.buffers]


def read_head(head: bytes | bytearray, limit: int) -> tuple[int, int]:
    """Return the lengths of header and body that a frame's first 16 bytes announce.

    Raises:
        ProtocolError: not a frame, or one that passes a limit.
    """
    magic, header, body = HEAD.unpack(head)
    if magic != MAGIC or header > MAX_HEADER or body > limit:
        raise ProtocolError(f"not a frame: {magic!r}, header {header}, body {body}")
    return header, body


def decode(header: bytes, body: bytearray | bytes) -> Any:
    """Return the value of a frame; arrays share the body's memory where they can.

    Raises:
        ProtocolError: for anything that `encode` would not have written.
    """
    if header.count(b"[") + header.count(b"{") > 4 * MAX_ITEMS:
        raise ProtocolError("too many values")
    try:
        tree = _FROM_JSON.decode(header.decode())
        return _Reader(body).unpack(tree, 0)
    except ProtocolError:
        raise
    except Exception as error:
        raise ProtocolError(f"bad header: {type(error).__name__}") from error


def _refuse(text: str) -> NoReturn:
    raise ProtocolError(f"bare {text}")


def _short_int(text: str) -> int:
    if len(text) > 20 or int(text) not in INT64:  # noqa: PLR2004 - digits of 2**63, and a sign
        raise ProtocolError("integer too long")
    return int(text)


_TO_JSON = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
_FROM_JSON = json.JSONDecoder(parse_constant=_refuse, parse_int=_short_int)


class _OddKeys:
    """Counts the keys of one frame whose hashes can be aimed at each other."""

    def __init__(self) -> None:
        self.count = 0

    def check(self, key: Any) -> Any:
        self.count += type(key) in (tuple, float)
        if self.count > MAX_ODD_KEYS:
            raise TooLargeError(f"more than {MAX_ODD_KEYS} tuples or fractions as keys")
        return as_key(key)


class _Writer:
    """Packs a tree of values; buffers are collected beside it."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.buffers: list[bytes | memoryview] = []
        self.size = 0
        self.items = 0
        self.keys = _OddKeys()

    def pack(self, value: Any, depth: int) -> Any:
        self.items += 1
        if depth > MAX_DEPTH:
            raise UnsupportedError("a value nested too deep; does it contain itself?")
        if self.items > MAX_ITEMS:
            raise TooLargeError(f"more than {MAX_ITEMS} single values; arrays may be larger")
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind in self._PACKERS:
            return self._PACKERS[kind](self, value, depth)
        if isinstance(value, np.ndarray):
            return {"~": "array", **self._array(np.asarray(value))}
        if isinstance(value, np.generic):
            return {"~": "scalar", **self._array(np.asarray(value))}
        raise UnsupportedError(f"a value of type {kind.__module__}.{kind.__qualname__}")

    def _text(self, value: str, _depth: int) -> Any:
        return value if value.isascii() else value.encode("utf-8", "replace").decode()

    def _int(self, value: int, _depth: int) -> Any:
        if value not in INT64:
            raise UnsupportedError("an integer of more than 64 bits")
        return value

    def _float(self, value: float, _depth: int) -> Any:
        return value if math.isfinite(value) else {"~": "float", "v": repr(value)}

    def _complex(self, value: complex, _depth: int) -> Any:
        return {"~": "complex", "v": [repr(value.real), repr(value.imag)]}

    def _list(self, value: list[Any], depth: int) -> Any:
        if len(value) >= LONG_LIST and (numbers := as_numbers(value)) is not None:
            if _words(numbers.shape) > MAX_WORDS:
                raise TooLargeError("a list of too many numbers; an array may be larger")
            return {"~": "numbers", **self._array(numbers)}
        return [self.pack(item, depth + 1) for item in value]

    def _tuple(self, value: tuple[Any, ...], depth: int) -> Any:
        return {"~": "tuple", "v": [self.pack(item, depth + 1) for item in value]}

    def _set(self, value: Any, depth: int) -> Any:
        return {"~": "set", "v": [self._key(item, depth) for item in value]}

    def _dict(self, value: dict[Any, Any], depth: int) -> Any:
        pairs = [[self._key(k, depth), self.pack(v, depth + 1)] for k, v in value.items()]
        return {"~": "dict", "v": pairs}

    def _key(self, key: Any, depth: int) -> Any:
        if type(key) is str and key.isascii():
            self.items += 1
            return key
        return self.pack(self.keys.check(key), depth + 1)

    def _bytes(self, value: bytes, _depth: int) -> Any:
        return {"~": "bytes", **self._array(np.frombuffer(value, np.uint8))}

    def _ref(self, value: Ref, depth: int) -> Any:
        steps = [[kind, self._key(key, depth)] for kind, key in value.steps]
        return {"~": "ref", "root": value.root, "steps": steps, "kind": value.kind}

    def _array(self, array: np.ndarray) -> dict[str, Any]:
        code = array.dtype.str[1:]
        if code not in DTYPES:
            raise UnsupportedError(f"an array of {array.dtype}")
        shape = list(array.shape)
        self.size += array.nbytes
        if self.size > self.limit:
            raise TooLargeError(f"{self.size} bytes of numbers; at most {self.limit} may travel")
        array = np.ascontiguousarray(array, DTYPES[code])
        if array.nbytes > SMALL:
            self.buffers.append(memoryview(array.reshape(-1).view(np.uint8).data))
        elif array.nbytes:
            self.buffers.append(array.tobytes())
        return {"t": code, "s": shape}

    _PACKERS: ClassVar[dict[type, Any]] = {
        str: _text,
        int: _int,
        float: _float,
        complex: _complex,
        list: _list,
        tuple: _tuple,
        set: _set,
        frozenset: _set,
        dict: _dict,
        bytes: _bytes,
        Ref: _ref,
    }


class _Reader:
    """Unpacks a tree from hostile JSON; raises `ProtocolError`, or what `decode` turns into one."""

    def __init__(self, body: bytearray | bytes) -> None:
        self.body = body
        self.used = 0
        self.items = 0
        self.keys = _OddKeys()

    def unpack(self, node: Any, depth: int) -> Any:
        self.items += 1
        if depth > MAX_DEPTH or self.items > 2 * MAX_ITEMS:
            raise ProtocolError("too many values, or nested too deep")
        kind = type(node)
        if kind is dict and node.get("~") in self._UNPACKERS:
            return self._UNPACKERS[node["~"]](self, node, depth + 1)
        if kind is list:
            return [self.unpack(item, depth + 1) for item in node]
        if kind is str and not node.isascii():
            node.encode()  # a lone surrogate would break whoever writes a report
        if node is None or kind in (bool, int, str) or (kind is float and math.isfinite(node)):
            return node
        raise ProtocolError("a node of no known kind")

    def _array(self, node: dict[str, Any], _depth: int) -> np.ndarray:
        code, shape = node["t"], node["s"]
        if type(code) is not str or code not in DTYPES:
            raise ProtocolError("element type")
        if type(shape) is not list or len(shape) > MAX_DIMS or not all(map(_is_size, shape)):
            raise ProtocolError("shape")
        dtype, count = DTYPES[code], math.prod(shape)
        if not count:
            return np.empty(shape, dtype)
        start, self.used = self.used, self.used + count * dtype.itemsize
        if self.used > len(self.body):
            raise ProtocolError("an array outside the body")
        array = np.frombuffer(self.body, dtype, count, start).reshape(shape)
        if code == "b1" and array.view(np.uint8).max() > 1:
            raise ProtocolError("a truth value that is neither 0 nor 1")
        return array if array.flags.aligned else array.copy()

    def _scalar(self, node: dict[str, Any], depth: int) -> Any:
        array = self._array(node, depth)
        if array.shape != ():
            raise ProtocolError("a scalar with a shape")
        return array[()]

    def _numbers(self, node: dict[str, Any], depth: int) -> Any:
        if node["t"] not in ("b1", "i8", "f8"):
            raise ProtocolError("a list of numbers of another type")
        array = self._array(node, depth)
        if not array.size or not array.ndim:  # 2**39 empty rows are also a list
            raise ProtocolError("a list of no numbers")
        if _words(array.shape) > MAX_WORDS:
            raise ProtocolError("a list of too many numbers")
        return array.tolist()

    def _float(self, node: dict[str, Any], _depth: int) -> float:
        return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[node["v"]]

    def _complex(self, node: dict[str, Any], _depth: int) -> complex:
        real, imaginary = node["v"]
        return complex(float(real), float(imaginary))

    def _tuple(self, node: dict[str, Any], depth: int) -> Any:
        return tuple(self.unpack(item, depth) for item in _list_of(node["v"]))

    def _set(self, node: dict[str, Any], depth: int) -> Any:
        return {self._key(item, depth) for item in _list_of(node["v"])}

    def _dict(self, node: dict[str, Any], depth: int) -> Any:
        pairs = [_list_of(pair) for pair in _list_of(node["v"])]
        return {self._key(k, depth): self.unpack(v, depth) for k, v in pairs}

    def _key(self, node: Any, depth: int) -> Any:
        if type(node) is str and node.isascii():
            self.items += 1  # which the next value compares with the limit
            return node
        return self.keys.check(self.unpack(node, depth))

    def _bytes(self, node: dict[str, Any], depth: int) -> bytes:
        if node["t"] != "u1":
            raise ProtocolError("bytes of another type")
        return self._array(node, depth).tobytes()

    def _ref(self, node: dict[str, Any], depth: int) -> Ref:
        root, kind = node["root"], node["kind"]
        if not (type(root) is type(kind) is str and root.isprintable() and kind.isprintable()):
            raise ProtocolError("a reference to nothing")
        steps = tuple((step, self._key(key, depth)) for step, key in _list_of(node["steps"]))
        if not all(type(step) is str and step in STEPS for step, _ in steps):
            raise ProtocolError("a step of no known kind")
        return Ref(root, steps, kind)

    _UNPACKERS: ClassVar[dict[str, Any]] = {
        "array": _array,
        "scalar": _scalar,
        "numbers": _numbers,
        "float": _float,
        "complex": _complex,
        "tuple": _tuple,
        "set": _set,
        "dict": _dict,
        "bytes": _bytes,
        "ref": _ref,
    }


def _is_size(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 40


def _words(shape: tuple[int, ...]) -> int:
    """Return the memory that nested lists of numbers take, in words of 8 bytes."""
    lists = sum(math.prod(shape[:depth]) for depth in range(len(shape)))
    return WORDS_OF_NUMBER * math.prod(shape) + WORDS_OF_LIST * lists


def _list_of(value: object) -> list[Any]:
    if type(value) is not list:
        raise ProtocolError("not a list")
    return value
