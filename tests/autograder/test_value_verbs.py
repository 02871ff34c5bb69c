"""Histories, the leaderboard, and what of right code keeps its marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from autograder.expect import Judge
from autograder.finding import Leader
from autograder.recorder import Recorder
from autograder.remote import value_of
from gradlab.errors import AuthorMistake
from tests.autograder.trying import Tried, record, tried

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograder.expect import Expect
    from autograder.remote import Student

TRAIN = """
import numpy as np

def train(rate=0.1, noise=0.0):
    w, history = 1.0, []
    for step in range(20):
        history.append(w * w * (1 + noise * (-1) ** step))
        w -= rate * 2 * w
    return history
"""


def exact(student: Student, expect: Expect) -> None:
    expect.trajectory("losses", student.work.train(), max_error=1e-9)


def banded(student: Student, expect: Expect) -> None:
    expect.trajectory("losses", student.work.train(), band=0.3, window=5)


def with_edit(check: Callable[..., None], old: str, new: str) -> Tried:
    assert old in TRAIN
    return tried(check, TRAIN, TRAIN.replace(old, new))


CASES = [
    (exact, "return history", "return np.array(history)", 1, ""),
    (exact, "return history", "return tuple(history)", 1, ""),
    (exact, "return history", "return {'losses': history}", 0, "should be an array"),
    (exact, "return history", "return history + [0.1]", 0, "One loss is kept for each iteration"),
    (exact, "w, history = 1.0", "w, history = 1.5", 0, "first entry is off already"),
    (exact, "rate=0.1", "rate=0.2", 0, "first entry is right and the second is not"),
    (exact, "rate * 2 * w", "rate * (2 if step < 7 else 1) * w", 0, "first 8 entries are right"),
    (exact, "return history", "return None", 0, "yours is None"),
    (banded, "noise=0.0", "noise=0.2", 1, ""),
    (banded, "rate=0.1", "rate=0.12", 0, "excess of the larger over the smaller"),
    (banded, "return history", "return history[:10]", 0, "shape should be (4,)"),
    (banded, "return history", "return [history]", 0, "shape should be (4,)"),
    (banded, "history.append(", "history.append(-", 0, "losses"),
]


@pytest.mark.parametrize(("check", "old", "new", "credit", "words"), CASES)
def test_histories(
    check: Callable[..., None], old: str, new: str, credit: float, words: str
) -> None:
    done = with_edit(check, old, new)
    assert done.credit == credit
    assert words in done.text


def test_a_band_belongs_to_histories() -> None:
    with pytest.raises(AuthorMistake, match="close needs exactly one tolerance"):
        Judge([]).close({"x": 1}, band=0.1)


@pytest.mark.parametrize(
    ("tolerance", "window", "words"),
    [
        ({"band": 0.1}, 0, "`window` is at least 1"),
        ({"band": 0.1}, -1, "`window` is at least 1"),
        ({"max_abs": 0.1}, 2, "belongs to `band`"),
        ({"band": 0.1}, 4, "gives h without numbers"),
    ],
)
def test_a_window_that_says_nothing_is_the_authors_mistake(
    tolerance: dict[str, float], window: int, words: str
) -> None:
    with pytest.raises(AuthorMistake, match=words):
        Recorder().trajectory("h", [3.0, 2.0, 1.0], window=window, **tolerance)


def test_a_setting_of_another_kind_is_not_said_to_be_missing() -> None:
    def check(student: Student, expect: Expect) -> None:
        expect.settings("best", student.notebook.best, {"rate": (0, 1), "size": (1, 9)})

    source = "best = {'rate': 0.5, 'size': 3}"
    text = tried(check, source, "best = {'rate': '0.5'}").text
    assert text == ("best['rate'] should be a number; yours is a text\nbest['size'] is missing")


class TestLeaderboard:
    def test_a_value_is_kept_and_earns_nothing(self) -> None:
        judge = Judge([])
        judge.leaderboard("accuracy", 0.5)
        judge.leaderboard("seconds", 2, order="asc")
        judge.leaderboard("loss", float("nan"))
        assert judge.leaders == [Leader("accuracy", 0.5), Leader("seconds", 2.0, "asc")]
        assert judge.credit == 0

    def test_another_order_is_the_authors_mistake(self) -> None:
        with pytest.raises(AuthorMistake, match="'asc' or 'desc'"):
            Judge([]).leaderboard("accuracy", 0.5, order="up")

    def test_the_reference_is_not_on_it(self) -> None:
        def check(student: Student, expect: Expect) -> None:
            exact(student, expect)
            expect.leaderboard("loss", 1.0)

        findings, _ = record(check, TRAIN)
        assert [item.name for item in findings] == ["losses"]


VALUES = """
import numpy as np
def number(): return 2.5
def array(): return np.array([0.1, 0.2, 0.3])
def labels(): return np.array([1, 0, 2])
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return 2.5", "return np.array(2.5)"),
        ("return 2.5", "return np.float64(2.5)"),
        ("return 2.5", "return np.float32(2.5)"),
        ("return 2.5", "return np.array([2.5])"),
        ("return np.array([0.1, 0.2, 0.3])", "return [0.1, 0.2, 0.3]"),
        ("return np.array([0.1, 0.2, 0.3])", "return np.array([0.1, 0.2, 0.3], np.float32)"),
        ("return np.array([0.1, 0.2, 0.3])", "return np.array([0.1, 0.2, 0.3]).view(np.matrix).A1"),
        ("return np.array([1, 0, 2])", "return [1, 0, 2]"),
        ("return np.array([1, 0, 2])", "return np.array([1.0, 0.0, 2.0])"),
        ("return np.array([1, 0, 2])", "return np.array([1, 0, 2], np.uint8)"),
    ],
)
def test_right_values_of_another_kind_keep_their_marks(old: str, new: str) -> None:
    def check(student: Student, expect: Expect) -> None:
        work = student.work
        expect.close({"number": work.number(), "array": work.array()}, max_error=1e-12)
        expect.close({"labels": work.labels()}, max_abs=0)

    done = tried(check, VALUES, VALUES.replace(old, new))
    assert (done.credit, done.text) == (1, "")


def test_an_authors_hint_is_told_where_a_value_is_that_of_the_mistake() -> None:
    def check(student: Student, expect: Expect) -> None:
        typical = {"Is the rate halved?": {"first": 0.9}, "Nothing is done.": {"first": 1.0}}
        expect.close(
            {"first": value_of(student.work.train())[1] ** 0.5}, typical=typical, max_abs=1e-6
        )

    for rate, words in (("0.1", ""), ("0.05", "Is the rate halved?"), ("0.0", "Nothing is done.")):
        assert tried(check, TRAIN, TRAIN.replace("rate=0.1", f"rate={rate}"))["first"].hint == words
    other = tried(check, TRAIN, TRAIN.replace("rate=0.1", "rate=0.33"))["first"]
    assert (float(other.credit), other.hint) == (0, "")
