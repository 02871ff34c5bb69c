"""Values as bytes, without pickle: a JSON header followed by raw little-endian buffers.

A frame is `magic, header length, body length, header, body`. The header describes the value; array
data, long lists of numbers and byte strings lie in the body. Bytes from the student's process are
hostile: every length is compared with a limit before memory is allocated, element types come from
a fixed list, and whatever is wrong is a `ProtocolError`.
"""

from __future__ import annotations

import json
import math
import struct
from typing import Any, ClassVar, NoReturn

import numpy as np

from .ref import Ref

__all__ = ["HEAD", "MAX_HEADER", "ProtocolError", "TooLargeError", "UnsupportedError"]
__all__ += ["decode", "encode", "read_head"]

HEAD = struct.Struct("<4sIQ")
MAGIC = b"glf1"
MAX_HEADER = 1 << 20
MAX_DEPTH = 32
MAX_ITEMS = 50_000
MAX_DIMS = 32
LONG_LIST = 16  # a list of numbers this long travels as a buffer
DTYPES = frozenset(
    ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]
)
STEPS = frozenset({"attr", "item"})
INT64 = range(-(2**63), 2**63)


class ProtocolError(Exception):
    """The bytes are not a frame that this codec writes."""


class UnsupportedError(TypeError):
    """A value of this type does not travel."""


class TooLargeError(UnsupportedError):
    """The value is larger than what may travel."""


def encode(value: object, limit: int = 1 << 30) -> list[bytes | memoryview]:
    """Return the parts of a frame, ready to be written one after the other.

    Raises:
        UnsupportedError: a value inside is not plain data.
        TooLargeError: header or body would pass their limits.
    """
    writer = _Writer()
    header = json.dumps(writer.pack(value, 0), separators=(",", ":"), allow_nan=False).encode()
    for what, size, most in (("header", len(header), MAX_HEADER), ("data", writer.size, limit)):
        if size > most:
            raise TooLargeError(f"{size} bytes of {what}; at most {most} may travel")
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
        tree = json.loads(header.decode(), parse_constant=_refuse, parse_int=_short_int)
        return _Reader(body).unpack(tree, 0)
    except ProtocolError:
        raise
    except Exception as error:
        raise ProtocolError(f"bad header: {type(error).__name__}") from error


def _refuse(text: str) -> NoReturn:
    raise ProtocolError(f"bare {text}")


def _short_int(text: str) -> int:
    if len(text) > 20:  # noqa: PLR2004 - the digits of 2**64, and a sign
        raise ProtocolError("integer too long")
    return int(text)


class _Writer:
    """Packs a tree of values; buffers are collected beside it."""

    def __init__(self) -> None:
        self.buffers: list[memoryview] = []
        self.size = 0
        self.items = 0

    def pack(self, value: Any, depth: int) -> Any:
        self.items += 1
        if depth > MAX_DEPTH or self.items > MAX_ITEMS:
            raise TooLargeError(f"more than {MAX_ITEMS} values, or nested deeper than {MAX_DEPTH}")
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
        return value.encode("utf-8", "replace").decode()

    def _int(self, value: int, _depth: int) -> Any:
        if value not in INT64:
            raise UnsupportedError("an integer of more than 64 bits")
        return value

    def _float(self, value: float, _depth: int) -> Any:
        return value if math.isfinite(value) else {"~": "float", "v": repr(value)}

    def _complex(self, value: complex, _depth: int) -> Any:
        return {"~": "complex", "v": [repr(value.real), repr(value.imag)]}

    def _list(self, value: list[Any], depth: int) -> Any:
        if len(value) >= LONG_LIST and (numbers := _as_numbers(value)) is not None:
            return {"~": "numbers", **self._array(numbers)}
        return [self.pack(item, depth + 1) for item in value]

    def _sequence(self, value: Any, depth: int) -> Any:
        tag = "tuple" if type(value) is tuple else "set"
        return {"~": tag, "v": [self.pack(item, depth + 1) for item in value]}

    def _dict(self, value: dict[Any, Any], depth: int) -> Any:
        pairs = [[self.pack(k, depth + 1), self.pack(v, depth + 1)] for k, v in value.items()]
        return {"~": "dict", "v": pairs}

    def _bytes(self, value: bytes, _depth: int) -> Any:
        return {"~": "bytes", **self._array(np.frombuffer(value, np.uint8))}

    def _ref(self, value: Ref, depth: int) -> Any:
        steps = [[kind, self.pack(key, depth + 1)] for kind, key in value.steps]
        return {"~": "ref", "root": value.root, "steps": steps, "kind": value.kind}

    def _array(self, array: np.ndarray) -> dict[str, Any]:
        code = array.dtype.str[1:]
        if code not in DTYPES:
            raise UnsupportedError(f"an array of {array.dtype}")
        flat = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(-1)
        entry = {"t": code, "s": list(array.shape), "o": self.size}
        if flat.size:
            self.buffers.append(memoryview(flat.view(np.uint8).data))
        self.size += flat.nbytes
        return entry

    _PACKERS: ClassVar[dict[type, Any]] = {
        str: _text,
        int: _int,
        float: _float,
        complex: _complex,
        list: _list,
        tuple: _sequence,
        set: _sequence,
        frozenset: _sequence,
        dict: _dict,
        bytes: _bytes,
        Ref: _ref,
    }


def _as_numbers(value: list[Any]) -> np.ndarray | None:
    """Return a rectangular list of numbers as int64 or float64, anything else as None."""
    first = value[0]
    while type(first) is list and first:
        first = first[0]
    if not isinstance(first, (int, float, np.integer, np.floating)) or isinstance(first, bool):
        return None
    try:
        array = np.array(value)
    except (ValueError, TypeError, OverflowError):
        return None
    if array.dtype.kind not in "if":
        return None
    return array.astype(np.float64 if array.dtype.kind == "f" else np.int64)


class _Reader:
    """Unpacks a tree from hostile JSON; raises `ProtocolError`, or what `decode` turns into one."""

    def __init__(self, body: bytearray | bytes) -> None:
        self.body = body
        self.items = 0

    def unpack(self, node: Any, depth: int) -> Any:
        self.items += 1
        if depth > MAX_DEPTH or self.items > 2 * MAX_ITEMS:
            raise ProtocolError("too many values, or nested too deep")
        if type(node) is str:
            node.encode()  # a lone surrogate would break whoever writes a report
        if node is None or type(node) in (bool, int, str):
            return node
        if type(node) is float and math.isfinite(node):
            return node
        if type(node) is list:
            return [self.unpack(item, depth + 1) for item in node]
        if type(node) is dict and node.get("~") in self._UNPACKERS:
            return self._UNPACKERS[node["~"]](self, node, depth + 1)
        raise ProtocolError("a node of no known kind")

    def _array(self, node: dict[str, Any], _depth: int) -> np.ndarray:
        code, shape, offset = node["t"], node["s"], node["o"]
        if type(code) is not str or code not in DTYPES:
            raise ProtocolError("element type")
        if type(shape) is not list or len(shape) > MAX_DIMS or not all(map(_is_size, shape)):
            raise ProtocolError("shape")
        dtype, count = np.dtype("<" + code), math.prod(shape)
        if not _is_size(offset) or offset + count * dtype.itemsize > len(self.body):
            raise ProtocolError("an array outside the body")
        if not count:
            return np.empty(shape, dtype)
        array = np.frombuffer(self.body, dtype, count, offset).reshape(shape)
        if code == "b1" and array.view(np.uint8).max() > 1:
            raise ProtocolError("a truth value that is neither 0 nor 1")
        return array if array.flags.aligned else array.copy()

    def _scalar(self, node: dict[str, Any], depth: int) -> Any:
        array = self._array(node, depth)
        if array.shape != ():
            raise ProtocolError("a scalar with a shape")
        return array[()]

    def _numbers(self, node: dict[str, Any], depth: int) -> Any:
        if node["t"] not in ("i8", "f8"):
            raise ProtocolError("a list of numbers of another type")
        return self._array(node, depth).tolist()

    def _float(self, node: dict[str, Any], _depth: int) -> float:
        return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[node["v"]]

    def _complex(self, node: dict[str, Any], _depth: int) -> complex:
        real, imaginary = node["v"]
        return complex(float(real), float(imaginary))

    def _tuple(self, node: dict[str, Any], depth: int) -> Any:
        return tuple(self.unpack(item, depth) for item in _list_of(node["v"]))

    def _set(self, node: dict[str, Any], depth: int) -> Any:
        return {_key(self.unpack(item, depth)) for item in _list_of(node["v"])}

    def _dict(self, node: dict[str, Any], depth: int) -> Any:
        pairs = [_list_of(pair) for pair in _list_of(node["v"])]
        return {_key(self.unpack(k, depth)): self.unpack(v, depth) for k, v in pairs}

    def _bytes(self, node: dict[str, Any], depth: int) -> bytes:
        if node["t"] != "u1":
            raise ProtocolError("bytes of another type")
        return self._array(node, depth).tobytes()

    def _ref(self, node: dict[str, Any], depth: int) -> Ref:
        root, kind = node["root"], node["kind"]
        if not (type(root) is type(kind) is str):
            raise ProtocolError("a reference to nothing")
        steps = tuple((step, _key(self.unpack(key, depth))) for step, key in node["steps"])
        if not all(type(step) is str and step in STEPS for step, _ in steps):
            raise ProtocolError("a step of no known kind")
        return Ref(root[:200], steps, kind[:200])

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


def _list_of(value: object) -> list[Any]:
    if type(value) is not list:
        raise ProtocolError("not a list")
    return value


def _key(value: Any) -> Any:
    """Return a dict key or set item whose hash a student cannot aim at a collision.

    Text hashes are salted, and 64-bit integers collide only in small numbers; longer integers and
    nested tuples can be chosen to make a dict take quadratic time.
    """
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is tuple and len(value) <= 4 and all(type(v) in (int, str) for v in value):  # noqa: PLR2004
        return value
    raise ProtocolError("a key of a type that does not travel")
