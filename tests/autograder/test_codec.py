"""The codec: what goes in comes out; whatever else comes in is a ProtocolError."""

from __future__ import annotations

import json
import math
import time
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.box import codec
from autograder.box.objects import Objects
from autograder.box.ref import Ref, UnsupportedError
from tests.autograder.memory import measured

LIMIT = 1 << 22


def frame(value: Any) -> bytes:
    return b"".join(codec.encode(value, LIMIT))


def read(content: bytes) -> Any:
    """Read a frame as the grader does."""
    size = codec.HEAD.size
    if len(content) < size:
        raise codec.ProtocolError("short")
    header, body = codec.read_head(content[:size], LIMIT)
    if len(content) < size + header + body:
        raise codec.ProtocolError("short")
    return codec.decode(content[size : size + header], bytearray(content[size + header :][:body]))


def hostile(header: Any, body: bytes = b"") -> Any:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return codec.decode(text, bytearray(body))


def same(left: Any, right: Any) -> bool:
    """Compare type, shape and bits; NaN equals NaN."""
    if type(left) is not type(right):
        return False
    if isinstance(left, (np.ndarray, np.generic)):
        return left.dtype == right.dtype and np.array_equal(left, right, equal_nan=True)
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    return bool(left == right) or str(left) == str(right) == "nan"


integers = st.integers(-(2**63), 2**63 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
finite = st.floats(allow_nan=False, allow_infinity=False)
keys = st.one_of(
    st.none(), st.booleans(), integers, texts, finite, st.tuples(finite, integers), st.tuples(texts)
)
dtypes = st.sampled_from(sorted(codec.DTYPES)).map(np.dtype)
arrays = hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
scalars = dtypes.flatmap(lambda dtype: hnp.arrays(dtype, ())).map(lambda array: array[()])
single = st.one_of(
    st.none(),
    st.booleans(),
    integers,
    st.floats(),
    st.complex_numbers(allow_nan=False),
    texts,
    st.binary(max_size=40),
    arrays,
    scalars,
)
values = st.recursive(
    single,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(keys, inner, max_size=4),
        st.sets(st.one_of(integers, texts), max_size=4),
        st.lists(st.floats(), min_size=16, max_size=20),
        st.lists(st.lists(integers, min_size=2, max_size=2), min_size=16, max_size=18),
        st.lists(st.booleans(), min_size=16, max_size=20),
    ),
    max_leaves=12,
)
jsons = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.fixed_dictionaries(
            {"~": st.one_of(inner, st.sampled_from(sorted(codec._Reader._UNPACKERS)))},
            optional={
                "v": inner,
                "t": st.one_of(inner, st.sampled_from(sorted(codec.DTYPES))),
                "s": st.one_of(inner, st.lists(st.integers(-1, 2**40), max_size=4)),
                "root": inner,
                "kind": inner,
                "steps": inner,
            },
        ),
    ),
    max_leaves=10,
)


@given(values)
def test_plain_values_come_back_as_they_were(value: Any) -> None:
    assert same(read(frame(value)), value)


@given(values)
def test_the_workers_copy_of_a_plain_value_comes_back_as_it_was(value: Any) -> None:
    assert same(read(frame(Objects().send(value))), value)


@given(values, st.data())
def test_mutated_frames_give_a_value_or_a_protocol_error(value: Any, data: st.DataObject) -> None:
    content = bytearray(frame(value))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))]
    with suppress(codec.ProtocolError):
        read(bytes(content))


@given(st.binary(max_size=200), st.binary(max_size=64))
def test_random_bytes_give_a_value_or_a_protocol_error(header: bytes, body: bytes) -> None:
    with suppress(codec.ProtocolError):
        codec.decode(header, body)


@settings(max_examples=400)
@given(jsons, st.binary(max_size=64))
def test_random_headers_give_a_value_that_travels_again_or_a_protocol_error(
    header: Any, body: bytes
) -> None:
    try:
        value = hostile(header, body)
    except codec.ProtocolError:
        return
    assert same(read(frame(value)), value)


# What each kind of node looks at, right and wrong.
shapes = st.lists(
    st.one_of(st.integers(-1, 9), st.sampled_from([2**31, 2**39, 2**64])), max_size=34
)
hashables = st.one_of(st.none(), integers, st.text(max_size=3), st.just({"~": "tuple", "v": [1]}))
fields = {
    "t": st.one_of(st.sampled_from(sorted(codec.DTYPES)), st.sampled_from(["O", "f8,f8", "U9", 8])),
    "s": st.one_of(shapes, st.lists(st.integers(0, 4), max_size=3), st.none()),
    "v": st.one_of(
        st.lists(hashables, max_size=4),
        st.lists(st.tuples(hashables, jsons), max_size=4),
        st.tuples(st.text(max_size=9), st.text(max_size=9)),
        st.sampled_from(["nan", "inf", "-inf", "1e999", "", []]),
    ),
    "root": st.one_of(st.text(max_size=9), st.none()),
    "kind": st.one_of(st.text(max_size=9), st.integers()),
    "steps": st.lists(
        st.tuples(st.sampled_from(["attr", "item", "call", 1]), hashables), max_size=3
    ),
}


@settings(max_examples=60)
@pytest.mark.parametrize("tag", sorted(codec._Reader._UNPACKERS))
@given(
    node=st.fixed_dictionaries(fields),
    gone=st.sets(st.sampled_from(sorted(fields))),
    data=st.data(),
)
def test_nodes_of_every_kind_give_a_value_that_travels_or_a_protocol_error(
    tag: str, node: dict[str, Any], gone: set[str], data: st.DataObject
) -> None:
    kept = {
        key: value for key, value in node.items() if key not in gone or data.draw(st.booleans())
    }
    text = json.dumps([{"~": tag, **kept}]).encode()
    try:
        value = hostile(text, data.draw(st.binary(max_size=80)))
    except codec.ProtocolError:
        return
    assert same(read(frame(value)), value)


@given(st.binary(min_size=codec.HEAD.size, max_size=codec.HEAD.size))
def test_any_first_bytes_announce_what_is_allowed_or_nothing(head: bytes) -> None:
    for start in (b"", codec.MAGIC):
        with suppress(codec.ProtocolError):
            header, body = codec.read_head((start + head)[: codec.HEAD.size], LIMIT)
            assert header <= codec.MAX_HEADER
            assert body <= LIMIT


@given(values, values, st.data())
def test_spliced_frames_give_a_value_or_a_protocol_error(
    one: Any, other: Any, data: st.DataObject
) -> None:
    first, second = frame(one), frame(other)
    cut, resumed = (data.draw(st.integers(0, len(content))) for content in (first, second))
    with suppress(codec.ProtocolError):
        read(first[:cut] + second[resumed:])
    size, start = codec.HEAD.size, data.draw(st.integers(0, 16))
    header, _ = codec.read_head(first[:size], LIMIT)
    with suppress(codec.ProtocolError):  # the right header over another body
        codec.decode(first[size : size + header], bytearray(second[start:]))


@given(jsons, st.binary(max_size=64))
def test_small_frames_take_little_memory(header: Any, body: bytes) -> None:
    text = json.dumps(header).encode()
    with measured() as peak, suppress(codec.ProtocolError):
        codec.decode(text, bytearray(body))
    assert peak[0] < (1 << 18) + 200 * (len(text) + len(body))


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3).T,
        np.arange(10, dtype=">i4")[::-2],
        np.broadcast_to(np.float32(3), (4, 5)),
        np.array(7.0),
        np.ma.masked_array([1.0, 2.0], mask=[True, False]),
        np.array([np.nan, np.inf, -0.0], np.float16),
        np.array([[1.0, 2.0]]).view(np.matrix),
    ],
    ids=["transposed", "big-endian", "broadcast", "0-d", "masked", "float16", "matrix"],
)
def test_arrays_of_every_make_arrive_as_plain_ones(array: np.ndarray) -> None:
    got = read(frame(array))
    assert type(got) is np.ndarray
    assert got.dtype == array.dtype.newbyteorder("<")
    np.testing.assert_array_equal(got, np.asarray(array))


@pytest.mark.parametrize(
    "value",
    [
        np.array([object()]),
        np.array(["text"]),
        np.zeros(2, [("a", "f8"), ("b", "i4")]),
        np.array(["2020-01-01"], "datetime64[D]"),
        np.zeros(2, np.longdouble),
        np.str_("text"),
        10**30,
        object(),
        {object(): 1},
        {(1, (2,)): 1},
        {math.nan: 1},
        {1, (1, 2, 3, 4, 5)},
        range(3),
    ],
    ids=lambda value: f"{type(value).__name__}-{value!s:.20}",
)
def test_what_is_not_plain_is_refused_where_it_starts(value: Any) -> None:
    with pytest.raises(UnsupportedError):
        codec.encode(value)


def test_a_list_that_contains_itself_is_refused_at_once() -> None:
    twice: list[Any] = []
    twice += [twice] * 20
    for value in (twice, [1, [twice]], {"a": twice}):
        with pytest.raises(UnsupportedError, match="contain itself"):
            codec.encode(value)
        with pytest.raises(UnsupportedError, match="contain itself"):
            Objects().send(value)


def test_a_list_shared_with_itself_many_times_over_is_refused_in_bounded_time() -> None:
    shared: Any = [0] * 16
    for _ in range(12):
        shared = [shared] * 16
    start = time.monotonic()
    with pytest.raises(codec.TooLargeError):
        codec.encode(shared, LIMIT)
    assert time.monotonic() - start < 20


def test_long_lists_of_numbers_travel_as_buffers() -> None:
    losses = [0.5] * 1_000_000
    parts = codec.encode({"loss": losses, "grid": [[1, 2]] * 100_000, "right": [True] * 100_000})
    assert len(parts[0]) < 1000
    value = codec.decode(bytes(parts[0])[16:], b"".join(parts[1:]))
    assert value == {"loss": losses, "grid": [[1, 2]] * 100_000, "right": [True] * 100_000}


@pytest.mark.parametrize(
    "value",
    [
        [1, 2.5] * 10,
        [2**60 + 1, 0.5] * 10,
        [True, 2] * 10,
        [[1, 2]] * 10 + [(1, 2)] * 10,
        [[1], [1, 2]] * 10,
        [[]] * 20,
        ["a", 1] * 10,
        [None, 1.0] * 10,
    ],
)
def test_mixed_lists_keep_their_values_and_their_make(value: list[Any]) -> None:
    got = read(frame(value))
    assert got == value
    assert [type(item) is bool for item in got] == [type(item) is bool for item in value]
    assert [type(item) is tuple for item in got] == [type(item) is tuple for item in value]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (list("ab" * 30_000), "single values"),
        (["x" * 100] * 20_000, "texts and single values"),
        (np.zeros(LIMIT // 8 + 1), f"at most {LIMIT}"),
        ({(number, 1): 0 for number in range(3000)}, "as keys"),
    ],
    ids=["items", "header", "body", "keys"],
)
def test_what_is_too_large_says_so(value: Any, words: str) -> None:
    with pytest.raises(codec.TooLargeError, match=words):
        codec.encode(value, LIMIT)


def test_lone_surrogates_do_not_travel() -> None:
    assert read(frame("a\udc80b")) == "a?b"
    with pytest.raises(codec.ProtocolError):
        hostile(b'"\\udc80"')


def test_numpy_keys_arrive_as_plain_ones() -> None:
    value = {np.int64(3): 1, (np.float64(0.5), 2): 2, np.str_("a"): 3}
    assert same(read(frame(Objects().send(value))), {3: 1, (0.5, 2): 2, "a": 3})


def test_references_arrive() -> None:
    ref = Ref("#3", (("attr", "params"), ("item", "W1"), ("item", (0, 1))), "nndl.Net")
    assert read(frame({"a": [ref]})) == {"a": [ref]}


array = {"~": "array", "t": "f8"}


@pytest.mark.parametrize(
    "header",
    [
        {"~": "array", "t": "O", "s": [1]},
        {"~": "array", "t": [], "s": [1]},
        {"~": "array", "t": "f8,f8", "s": [1]},
        {**array, "s": [2]},
        {**array, "s": [2**33, 2**33]},
        {**array, "s": [-1, -1]},
        {**array, "s": [1] * 33},
        {**array, "s": [2**39, 2**39, 0]},
        {**array, "s": [True]},
        {**array, "s": [1.0]},
        [{**array, "s": [1]}, {**array, "s": [1]}],
        {"~": "array", "t": "b1", "s": [8]},
        {"~": "scalar", "t": "f8", "s": [1]},
        {"~": "numbers", "t": "f8", "s": [2**39, 0]},
        {"~": "numbers", "t": "f8", "s": []},
        {"~": "numbers", "t": "c16", "s": [0]},
        {"~": "bytes", "t": "f8", "s": [1]},
        {"~": "dict", "v": [[[], 1]]},
        {"~": "dict", "v": [[1]]},
        {"~": "dict", "v": {"a": 1}},
        {"~": "set", "v": [{**array, "s": []}]},
        {"~": "ref", "root": 1, "steps": [], "kind": ""},
        {"~": "ref", "root": "\x1b[2J", "steps": [], "kind": ""},
        {"~": "ref", "root": "#1", "steps": [["call", 1]], "kind": ""},
        {"~": ["array"]},
        {"~": "object"},
        {"a": 1},
        {"~": "float", "v": "1e5"},
        2**63,
        b"9" * 1_000_000,
        b"NaN",
        b"1e999",
        b"[" * 1_000_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"[0" + b",0" * 400_000 + b"]",
        b"\xff\xfe",
        b"",
        {"~": "dict", "v": [[{"~": "tuple", "v": [k, 1]}, 0] for k in range(3000)]},
    ],
    ids=lambda header: f"{header!s:.50}",
)
def test_hostile_headers_are_refused_quickly(header: Any) -> None:
    start = time.monotonic()
    with pytest.raises(codec.ProtocolError):
        hostile(header, b"\x02" * 8)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    "head",
    [
        codec.HEAD.pack(b"nope", 1, 1),
        codec.HEAD.pack(codec.MAGIC, 2**32 - 1, 1),
        codec.HEAD.pack(codec.MAGIC, 1, 2**60),
    ],
)
def test_hostile_lengths_are_refused_before_anything_is_allocated(head: bytes) -> None:
    with pytest.raises(codec.ProtocolError):
        codec.read_head(head, LIMIT)


def test_keys_with_the_same_hash_do_not_hold_the_grader() -> None:
    floats = [float(n << 1) * 2.0 ** (61 * k) for n in range(1, 1200) for k in range(16)]
    start = time.monotonic()
    with pytest.raises(codec.ProtocolError):
        hostile({"~": "set", "v": floats})
    hostile({"~": "set", "v": [number << 46 for number in range(30_000)]})
    assert time.monotonic() - start < 10
