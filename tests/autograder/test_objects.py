"""Requests against objects: what is found, what leaves, what stays."""

from __future__ import annotations

import collections
import math
from typing import Any, NamedTuple

import numpy as np
import pytest

from autograder.box.objects import Objects
from autograder.box.ref import Ref


def request(objects: Objects, op: str, root: str, *steps: tuple[str, Any], **more: Any) -> Any:
    return objects.answer({"op": op, "target": Ref(root, steps), **more})


class Pair(NamedTuple):
    x: int
    y: int


class Net:
    def __init__(self) -> None:
        self.params = {"W1": np.zeros((2, 2))}

    def add(self, number: int, *, twice: bool = False) -> int:
        return number * (2 if twice else 1)


@pytest.fixture
def objects() -> Objects:
    holder = Objects()
    holder.send([Net()])
    return holder


def test_calls_reach_functions_of_modules_and_methods_of_kept_objects(objects: Objects) -> None:
    root = request(objects, "call", "math", ("attr", "sqrt"), args=[4.0], kwargs={})
    assert root == math.sqrt(4)
    twice = request(objects, "call", "#0", ("attr", "add"), args=[2], kwargs={"twice": True})
    assert twice == 4


def test_items_and_attributes_are_read_and_written(objects: Objects) -> None:
    place = (("attr", "params"), ("item", "W1"))
    request(objects, "set", "#0", *place, value=np.ones(3))
    np.testing.assert_array_equal(request(objects, "get", "#0", *place), np.ones(3))
    request(objects, "set", "#0", ("attr", "rate"), value=[1, 2])
    assert request(objects, "get", "#0", ("attr", "rate")) == [1, 2]


def test_references_in_arguments_become_the_objects_themselves(objects: Objects) -> None:
    got = request(objects, "keep", "builtins", ("attr", "list"), args=[[Ref("#0")]], kwargs={})
    assert objects.find(got)[0] is objects.kept[0]
    request(objects, "set", "#0", ("attr", "other"), value={"net": (Ref("#0"),)})
    assert objects.kept[0].other["net"][0] is objects.kept[0]


def test_what_leaves_is_a_copy(objects: Objects) -> None:
    sent = objects.send(objects.kept[0].params)
    sent["W1"][:] = 7
    assert objects.kept[0].params["W1"].sum() == 0


def test_containers_travel_and_only_the_odd_leaf_stays(objects: Objects) -> None:
    sent = objects.send(({"net": objects.kept[0], "loss": [0.5]}, {1, 2}))
    assert sent == ({"net": Ref("#1", (), f"{Net.__module__}.Net"), "loss": [0.5]}, {1, 2})


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (collections.OrderedDict(a=1), {"a": 1}),
        (Pair(1, 2), (1, 2)),
        (frozenset({1}), {1}),
        ({np.int64(1): np.float32(2)}, {1: np.float32(2)}),
        (np.ma.masked_array([1, 2], [True, False]), np.array([1, 2])),
        (np.array([1, 2], np.longdouble), np.array([1.0, 2.0])),
        (np.clongdouble(1j), np.complex128(1j)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_variants_leave_as_the_plain_kind(value: Any, plain: Any) -> None:
    sent = Objects().send(value)
    assert type(sent) is type(plain)
    np.testing.assert_equal(sent, plain)
    assert getattr(sent, "dtype", None) == getattr(plain, "dtype", None)


@pytest.mark.parametrize(
    "value", [{Ref: 1}, {(1, (2,)): 1}, {len}, np.array([None]), np.array(["a"]), len, range(3)]
)
def test_what_cannot_travel_stays_as_a_whole(value: Any) -> None:
    objects = Objects()
    assert objects.send(value).root == "#0"
    assert objects.kept[0] is value


def test_a_name_that_the_notebook_lacks_is_named() -> None:
    with pytest.raises(NameError, match="'best' is not defined in the notebook"):
        request(Objects(), "get", "@notebook", ("attr", "best"))


def test_the_same_seed_gives_the_same_numbers() -> None:
    objects, drawn = Objects(), []
    for _ in range(2):
        objects.answer({"op": "seed", "seed": 5})
        draw = ("attr", "random"), ("attr", "rand")
        drawn.append(request(objects, "call", "numpy", *draw, args=[], kwargs={}))
        drawn.append(request(objects, "call", "random", draw[0], args=[], kwargs={}))
    assert drawn[:2] == drawn[2:]
