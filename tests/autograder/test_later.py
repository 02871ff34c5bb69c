"""Calls that go out together: values that come later behave as values, and nothing else changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from autograder.later import Later, Waiting, now
from autograder.remote import Outlines, Student
from autograder.trial import Forward
from gradlab.errors import StudentFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograder.session import CheckSession

ONES = np.ones((2, 3))
# What a check's author may do with a reply, and the reply.
USES: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "unpacked": (lambda v: [*v], (1.5, "b")),
    "first of": (lambda v: v[0], (1.5, "b")),
    "is a tuple": (lambda v: isinstance(v, tuple) and not isinstance(v, list), (1, 2)),
    "is an array": (lambda v: isinstance(v, np.ndarray), ONES),
    "a key": (lambda v: v["W"], {"W": 3}),
    "all keys": (lambda v: {**v}, {"W": 3}),
    "has a key": (lambda v: ("W" in v, "b" in v, v.get("b")), {"W": 3}),
    "arithmetic": (lambda v: (v + 1, 2 - v, v * v, 2 / v, -v, v**2, abs(v), 7 // v), 2.0),
    "compared": (lambda v: (v == 2, v != 2, v < 3, v >= 3, bool(v)), 2.0),
    "a number": (lambda v: (float(v), int(v), round(v, 1), f"{v:.2f}", str(v)), 2.25),
    "an index": (lambda v: [10, 20][v], 1),
    "numpy": (lambda v: (np.sum(v), np.asarray(v).dtype, np.float64(2) * v @ ONES.T), ONES),
    "on the right of an array": (lambda v: ONES + v, ONES),
    "on the right of a product": (lambda v: ONES @ v, ONES.T),
    "attributes": (lambda v: (v.shape, v.T.shape, len(v)), ONES),
    "called": (lambda v: v([3, 1]), sorted),
}


@pytest.mark.parametrize("name", USES)
def test_what_comes_later_is_used_like_the_value_itself(name: str) -> None:
    use, value = USES[name]
    waiting = Waiting()
    got, wanted = use(waiting.put_off(lambda: value)), use(value)
    np.testing.assert_equal(got, wanted)
    assert type(got) is type(wanted)


def test_replies_are_waited_for_in_the_order_of_the_calls() -> None:
    waiting, order = Waiting(), list[int]()
    with waiting.together():
        values = [waiting.put_off(lambda n=n: order.append(n) or n) for n in range(4)]  # type: ignore[misc, func-returns-value]
        assert order == []
        assert now(values[2]) == 2
        assert order == [0, 1, 2]
        assert now(values[0]) == 0
    assert order == [0, 1, 2, 3]
    assert not waiting.patient


def test_a_plain_value_is_itself() -> None:
    assert now(ONES) is ONES


SOURCE = """
import numpy as np
calls = []

class Net:
    def __init__(self):
        self.params = {"W": np.zeros(3)}
    def loss(self, x):
        calls.append(float(self.params["W"].sum()))
        return float(self.params["W"] @ x), {"W": x}

net = Net()

def plain(x):
    calls.append(float(x.sum()))
    return 2 * x

def fails(x):
    calls.append(float(x.sum()))
    if x[0] == 1:
        raise ValueError(f"at {x[0]:g}")
    if x[0] == 2:
        import os
        os._exit(9)
    return x

def changes(x):
    x += 1
    return x

def large(x):
    return np.full(300_000, x[0])

def kind(x):
    return object() if x[0] == 2 else x
"""
POINTS = [np.full(3, float(number)) for number in range(4)]


def forward(outlines: Outlines, call: Callable[[np.ndarray], Any]) -> Forward:
    made = Forward(call, outlines.section(), outlines.waiting)
    made(POINTS[:1])  # the first is always waited for
    return made


@pytest.fixture
def student(session: Callable[..., CheckSession]) -> tuple[Student, Outlines]:
    outlines = Outlines()
    return Student(session(SOURCE), outlines), outlines


def test_calls_that_set_something_first_keep_their_order(student: tuple[Student, Outlines]) -> None:
    asked, outlines = student
    net = asked.work.net

    def call(w: np.ndarray) -> Any:
        net.params["W"] = w
        loss, _ = net.loss(np.arange(3.0))
        return loss

    def lazy(w: np.ndarray) -> Any:
        net.params.update({"W": w})
        return net.loss(np.arange(3.0))

    for way in (call, lazy):
        assert [float(v) for v in forward(outlines, way)(POINTS)] == [0, 3, 6, 9]
    assert list(asked.work.calls) == [0, 0, 3, 6, 9] * 2


def test_the_first_failure_is_told_and_nothing_runs_after_it(
    student: tuple[Student, Outlines],
) -> None:
    asked, outlines = student
    tried = forward(outlines, asked.work.fails)
    with pytest.raises(StudentFault, match="at 1"):
        tried(POINTS)
    assert list(asked.work.calls) == [0, 0, 3]
    with pytest.raises(StudentFault) as caught:
        tried([POINTS[0], POINTS[2], POINTS[1]])
    assert caught.value.status == "exited"


def test_each_call_gets_the_numbers_of_its_moment(student: tuple[Student, Outlines]) -> None:
    asked, outlines = student
    x = np.zeros(3)

    def call(step: np.ndarray) -> Any:
        x[:] = step
        reply = asked.work.plain(x)
        x[:] = -1
        return reply

    values = forward(outlines, call)(POINTS)
    assert [value.tolist() for value in values] == [[2 * n] * 3 for n in range(4)]


def test_no_call_sees_what_another_did_to_its_input(student: tuple[Student, Outlines]) -> None:
    asked, outlines = student
    values = forward(outlines, lambda _: asked.work.changes(POINTS[1]))(POINTS)
    assert [value.tolist() for value in values] == [[2, 2, 2]] * 4


def test_large_replies_come_too(student: tuple[Student, Outlines]) -> None:
    asked, outlines = student
    values = forward(outlines, asked.work.large)(POINTS * 5)
    assert [value[0] for value in values] == [0, 1, 2, 3] * 5


def test_a_reply_of_another_kind_ends_the_check(student: tuple[Student, Outlines]) -> None:
    asked, outlines = student
    asked.work.kind(POINTS[0])
    judging = Outlines(outlines.seen)
    again = Student(asked._session, judging)
    with pytest.raises(StudentFault, match="should be an array"):
        forward(judging, again.work.kind)(POINTS)


def test_outlines_are_numbered_as_if_each_call_had_been_waited_for(
    student: tuple[Student, Outlines],
) -> None:
    asked, outlines = student
    forward(outlines, asked.work.plain)(POINTS)
    after = asked.work.net.loss(POINTS[0])
    assert [item["is"] for item in outlines.seen] == ["array", "tuple"]
    assert not isinstance(after, Later)
