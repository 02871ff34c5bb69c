"""Verbs that earn nothing and can take points away."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from autograder.expect import Expect
from autograder.finding import Finding, credit_of
from gradlab.errors import AuthorMistake
from tests.autograder.trying import record, tried

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from autograder.draw import Draw
    from autograder.remote import Student

SUM = """
import numpy as np

def total(x):
    return x.sum(axis=0)
"""
LOOP = """
def total(x):
    out = 0
    for row in x:
        out = out + row
    return out
"""


def finding(share: float, credit: float, *, withholds: bool = False) -> Finding:
    return Finding("f", share, Fraction(credit), withholds=withholds)


@pytest.mark.parametrize(
    ("findings", "credit"),
    [
        ([finding(1, 1), finding(3, 0)], Fraction(1, 4)),
        ([finding(3, 1), finding(1, 0, withholds=True)], Fraction(2, 3)),
        ([finding(3, 1), finding(1, 1, withholds=True)], Fraction(1)),
        ([finding(1, 1), finding(5, 0, withholds=True)], Fraction(0)),
        ([finding(1, 0.5), finding(1, 0.5, withholds=True)], Fraction(0)),
        ([finding(1, 1, withholds=True)], Fraction(0)),
        ([finding(0, 1)], Fraction(0)),
        ([], Fraction(0)),
    ],
)
def test_what_withholds_takes_its_share_and_never_more_than_there_is(
    findings: list[Finding], credit: Fraction
) -> None:
    assert credit_of(findings) == credit


class TestUnchanged:
    @staticmethod
    def check(student: Student, expect: Expect, draw: Draw) -> None:
        x = draw.normal(4, 3)
        held = student.hold(x)
        expect.close({"total": student.work.total(held)}, max_error=1e-9)
        expect.unchanged({"x": held})

    @pytest.mark.parametrize(
        "change",
        [
            "x[0] = 0",
            "x *= 2",
            "x.resize(2, 2, refcheck=False)",
            "x.sort()",
            "x.resize(3, 4, refcheck=False)",
        ],
    )
    def test_a_changed_input_costs_its_share(self, change: str) -> None:
        source = SUM.replace(
            "return x.sum(axis=0)", f"out = x.sum(axis=0)\n    {change}\n    return out"
        )
        done = tried(self.check, SUM, source)
        assert done["total"].credit == 1
        assert done.credit == 0
        assert "x: your code changes it" in done.text

    def test_a_copy_may_be_changed(self) -> None:
        source = SUM.replace("return", "x = x.copy()\n    x += 0\n    return")
        assert tried(self.check, SUM, source).credit == 1

    def test_the_array_itself_will_not_do(self) -> None:
        def check(student: Student, expect: Expect, draw: Draw) -> None:
            x = draw.normal(4, 3)
            expect.close({"total": student.work.total(x)}, max_error=1e-9)
            expect.unchanged({"x": x})

        with pytest.raises(AuthorMistake, match=r"student\.hold"):
            record(check, SUM)

    def test_alone_it_is_the_authors_mistake(self) -> None:
        def check(student: Student, expect: Expect) -> None:
            expect.unchanged({"x": student.hold(np.ones(3))})

        with pytest.raises(AuthorMistake, match="also expect values"):
            record(check, SUM)


class TestFaster:
    @staticmethod
    def ticking(seconds: Iterator[float]) -> Callable[[], float]:
        """A clock on which each call takes what it is told to take."""
        now, started = 0.0, False

        def clock() -> float:
            nonlocal now, started
            started = not started
            now += 0 if started else next(seconds)
            return now

        return clock

    @staticmethod
    def check(student: Student, expect: Expect, draw: Draw) -> None:
        x = draw.normal(4, 3)
        expect.close({"total": student.work.total(x)}, max_error=1e-9)
        fast = slow = lambda: student.work.total(x)
        expect.faster("total", fast, slow, ratio=5)
        expect.close({"again": student.work.total(x + 1)}, max_error=1e-9)

    def tried(self, monkeypatch: pytest.MonkeyPatch, *times: float) -> tuple[float, str]:
        recording = [0.1, 9.0]  # the reference is done after one round
        clock = self.ticking(iter([*recording, *times]))
        monkeypatch.setattr(Expect, "clock", staticmethod(clock))
        done = tried(self.check, SUM, SUM)
        assert done.fault is None
        assert done["again"].credit == 1
        return done.credit, done.text

    def test_fast_enough(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.tried(monkeypatch, 0.1, 0.6) == (1, "")

    def test_the_best_of_three_counts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.tried(monkeypatch, 1.0, 0.6, 2.0, 0.7, 0.1, 0.8)[0] == 1

    def test_too_slow_withholds(self, monkeypatch: pytest.MonkeyPatch) -> None:
        credit, text = self.tried(monkeypatch, *[0.2, 0.6] * 3)
        assert credit == 0.5
        assert "3 times as fast as what it is compared with; it should be 5 times" in text


class TestWithout:
    @staticmethod
    def check(student: Student, expect: Expect, draw: Draw) -> None:
        expect.close({"total": student.work.total(draw.normal(4, 3))}, max_error=1e-9)
        expect.without(student.work.total, loops=True)

    def test_a_loop_withholds(self) -> None:
        done = tried(self.check, SUM, LOOP)
        assert done["total"].credit == 1
        assert done.credit == 0
        assert "loop" in done.text

    def test_no_loop_earns(self) -> None:
        assert (
            tried(self.check, SUM, SUM.replace("x.sum(axis=0)", "np.ones(len(x)) @ x")).credit == 1
        )

    def test_only_functions_of_modules_have_a_source(self) -> None:
        def check(student: Student, expect: Expect) -> None:
            expect.close({"x": 1}, max_abs=0)
            expect.without(student.hold(np.ones(2)), loops=True)

        with pytest.raises(AuthorMistake, match=r"student\.MODULE\.function"):
            record(check, SUM)


def test_what_a_crash_keeps_from_being_tried_is_withheld() -> None:
    def check(student: Student, expect: Expect, draw: Draw) -> None:
        held = student.hold(draw.normal(4, 3))
        expect.close({"total": student.work.total(held)}, max_error=1e-9)
        expect.close({"more": student.work.total(held)}, max_error=1e-9, share=3)
        expect.unchanged({"x": held})

    crash = SUM.replace("return", "global n\n    n += 1\n    assert n < 2\n    return") + "n = 0\n"
    done = tried(check, SUM, crash)
    assert done.fault is not None
    assert done["total"].credit == 1
    assert done.credit == 0  # a fourth is earned, and as much withheld
