"""Outlines: what kind of thing a reply is, and bringing it to the recorded kind."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.box import codec
from autograder.box.ref import Ref
from autograder.outline import Absent, conform, describe, outline, tidy
from gradlab.errors import StudentFault

dtypes = st.sampled_from(sorted(codec.DTYPES)).map(np.dtype)
arrays = hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
keys = st.one_of(st.text(max_size=3), st.integers(-3, 3), st.tuples(st.integers(-3, 3)))
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=3),
    st.binary(max_size=3),
    arrays,
    arrays.filter(np.size).map(lambda array: array.flat[0]),
    st.just(Ref("#0", (), "nndl.Net")),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(keys, inner, max_size=3),
    ),
    max_leaves=8,
)


@given(values, values)
def test_any_reply_is_brought_to_any_kind_or_is_the_students_fault(wanted: Any, got: Any) -> None:
    recorded = json.loads(json.dumps(outline(tidy(wanted))))
    assert describe(recorded)
    with suppress(StudentFault):
        assert outline(conform(tidy(got), recorded, "f(...)"))


@given(values)
def test_a_reply_of_the_recorded_kind_is_taken_whole(value: Any) -> None:
    recorded = json.loads(json.dumps(outline(tidy(value))))
    assert not lacks_a_part(conform(tidy(value), recorded, "f(...)"))


def lacks_a_part(value: Any) -> bool:
    parts = value.values() if isinstance(value, dict) else value
    inside = isinstance(value, (list, tuple, dict)) and any(map(lacks_a_part, parts))
    return inside or isinstance(value, Absent)


@pytest.mark.parametrize(
    ("value", "wanted", "brought"),
    [
        ([1.0, 2.0], np.ones(2), np.array([1.0, 2.0])),
        (np.ones(2, np.float32), np.ones(2), np.ones(2)),
        (np.array([1.0, 2.0]), np.array([1, 2]), np.array([1, 2])),
        (np.array([1, 0]), np.array([True, False]), np.array([True, False])),
        (np.ones(5), np.ones((2, 3)), np.ones(5)),
        (np.array([[2.5]]), 1.0, 2.5),
        (np.array(2.5), 1.0, 2.5),
        (np.float32(2.5), 1.0, 2.5),
        (3, 1.0, 3),
        ([1, [2.0]], (1.0, np.ones(1)), (1, np.array([2.0]))),
        (np.ones((2, 3)), (np.ones(3), np.ones(3)), (np.ones(3), np.ones(3))),
        ({"b": 1, "a": 2.0, "more": 0}, {"a": 1.0}, {"a": 2.0}),
        ({(1, 2): 0.5}, {(1, 2): 1.0}, {(1, 2): 0.5}),
        (([1, 2.5], 3), ([0.5, 1], 1), (np.array([1, 2.5]), 3)),
    ],
)
def test_what_is_nearly_right_is_brought_to_the_recorded_kind(
    value: Any, wanted: Any, brought: Any
) -> None:
    got = conform(tidy(value), outline(tidy(wanted)), "f(...)")
    np.testing.assert_equal(got, brought)
    assert type(got) is type(brought)
    assert getattr(got, "dtype", None) == getattr(brought, "dtype", None)


@pytest.mark.parametrize(
    ("value", "wanted", "words"),
    [
        (None, np.ones((2, 3)), "an array of shape (2, 3); yours is None"),
        (None, (1.0, np.ones(2)), "yours is None"),
        ((1, 2, 3), (1.0, 2.0), "yours is a tuple of 3"),
        (np.array([1j]), np.ones(1), "numbers of type float64; yours holds complex128"),
        (np.array([1.5]), np.array([1]), "whole numbers"),
        (np.array([np.nan]), np.array([1]), "whole numbers"),
        (np.array([0.5]), np.array([True]), "True or False"),
        (True, 1.0, "yours is True or False"),
        (1j, 1.0, "yours is a complex"),
        ("1", 1.0, "yours is a text"),
        (Ref("#0", (), "a.Net"), 1.0, "yours is a Net"),
        ({}, [1, "a"], "yours is an empty dict"),
    ],
)
def test_what_is_of_another_kind_is_named(value: Any, wanted: Any, words: str) -> None:
    with pytest.raises(StudentFault) as caught:
        conform(tidy(value), outline(tidy(wanted)), "f(...)")
    assert words in caught.value.message


def test_a_part_that_is_missing_leaves_the_others() -> None:
    wanted = outline(tidy({"a": 1.0, "b": (np.ones(2), 1.0)}))
    got = conform(tidy({"b": (np.ones(2), None)}), wanted, "f(...)")
    assert isinstance(got["a"], Absent)
    np.testing.assert_array_equal(got["b"][0], np.ones(2))
    assert got["b"][1].message == "f(...)['b'][1] should be a number; yours is None"
    assert got["a"][0]["x"] is got["a"]


def test_arrays_are_read_only_and_lists_of_other_things_stay_lists() -> None:
    assert not tidy(np.ones(2)).flags.writeable
    assert not tidy([1, 2]).flags.writeable
    for value in ([], [True, False], ["a"], [np.ones(2), np.ones(2)], [None], [[1], [1, 2]]):
        assert type(tidy(value)) is list
    assert tidy((1, 2)) == (1, 2)


def test_a_million_numbers_are_tidied_quickly() -> None:
    assert tidy([[0.5] * 1000] * 1000).shape == (1000, 1000)


def test_hostile_kinds_are_cut_short() -> None:
    assert len(describe(outline(Ref("#0", (), "x" * 5000)))) < 100
    assert len(describe(outline({"k" * 5000: 1}))) < 100


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ((1.0, 2, 3.5), (3,)),
        ([np.float64(1.0), 2, np.array(3.0)], (3,)),
        ([np.ones(1), np.ones(1)], (2,)),
        ([np.ones(3), np.ones(3)], (2, 3)),
        ((np.ones((2, 2)), np.ones((2, 2))), (2, 2, 2)),
    ],
)
def test_numbers_or_arrays_in_a_row_become_one_array(value: Any, shape: tuple[int, ...]) -> None:
    wanted = outline(np.ones(shape))
    got = conform(tidy(value), wanted, "f(...)")
    assert got.shape == shape


@pytest.mark.parametrize("value", [(), [np.ones(2), np.ones(3)], [1.0, "2"], [None]])
def test_what_is_no_row_of_numbers_stays_what_it_is(value: Any) -> None:
    with pytest.raises(StudentFault, match="should be an array of shape"):
        conform(tidy(value), outline(np.ones(2)), "f(...)")
