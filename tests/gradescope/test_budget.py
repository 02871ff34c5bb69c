"""The time of a submission: the last check has its turn, whatever the earlier ones did."""

from __future__ import annotations

import pytest

from autograder.budget import Budget
from autograder.worker import LONGEST
from gradlab.course import Limits


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_normal_assignment_keeps_its_limits() -> None:
    limits = [Limits(cpu_s=3, wall_s=12)] * 16
    budget = Budget(560, limits, Clock())
    assert [budget.next() for _ in limits] == limits


@pytest.mark.parametrize("count", [1, 5, 40, 200])
def test_checks_that_all_take_as_long_as_they_may_end_in_time(count: int) -> None:
    clock, seconds = Clock(), 560
    most_cpu = seconds // count // 2
    budget = Budget(seconds, [Limits(cpu_s=most_cpu, wall_s=30)] * count, clock)
    for _ in range(count):
        limits = budget.next()
        assert limits is not None
        # A sleeper ends after its wall time, one that computes somewhat later.
        clock.now += min(limits.wall_s * LONGEST, 2 * most_cpu)
    assert clock.now <= 1000 + seconds


def test_sleepers_leave_the_last_check_its_turn() -> None:
    clock, limits = Clock(), [Limits(cpu_s=10, wall_s=120)] * 12
    budget = Budget(560, limits, clock)
    for _ in limits[:-1]:
        one = budget.next()
        assert one is not None
        clock.now += one.wall_s
    last = budget.next()
    assert last is not None
    assert last.wall_s > last.cpu_s


def test_a_check_that_cannot_fit_is_not_started() -> None:
    clock = Clock()
    budget = Budget(20, [Limits(cpu_s=5)] * 2, clock)
    assert budget.next() is not None
    clock.now += 16
    assert budget.next() is None


def test_written_questions_take_no_time() -> None:
    budget = Budget(100, [None, Limits(cpu_s=90, wall_s=19), None], Clock())
    assert budget.next() is None
    assert budget.next() == Limits(cpu_s=90, wall_s=19)
