"""Recording in a worker, and asking a machine whether it computes what was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from autograder.environment import ANOTHER_BLAS, environment_problems
from autograder.forkserver import ForkServer
from autograder.record import drawn
from autograder.recording import Recording
from autograder.session import Staged
from autograder.suite import Suite
from gradlab.course import Limits
from gradlab.errors import AuthorMistake

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Student

LIMITS = Limits(cpu_s=2, wall_s=5)
SOURCE = "import numpy as np\ndef total(x): return x.sum(axis=0) * {}"


def suite_of(*checks: Callable[..., None]) -> Suite:
    suite = Suite("s")
    for function in checks:
        suite.check(points=1, question="q")(function)
    return suite


def staged(factor: float = 1) -> Staged:
    return Staged({"work.py": SOURCE.format(factor).encode()}, {"work": "work"})


def total(student: Student, expect: Expect, draw: Draw) -> None:
    """The sum is right"""
    expect.close({"total": student.work.total(draw.normal(4, 3))}, max_error=1e-9)


def untold(reference: Student) -> None:
    """Needs the reference's data"""
    reference.work.never()


def written(suite: Suite, server: ForkServer) -> Recording:
    both = (server, server)
    (check,) = suite.checks[:1]
    return Recording({check.name: (drawn(check, 5, LIMITS, staged(), both),)}, "ab" * 32)


def test_the_same_machine_has_no_problem(server: ForkServer) -> None:
    suite = suite_of(total, untold)
    both = (server, server)
    assert environment_problems([(suite, written(suite, server))], LIMITS, staged(), both) == []


def test_another_result_is_named_with_its_size(server: ForkServer) -> None:
    suite, both = suite_of(total), (server, server)
    (said,) = environment_problems([(suite, written(suite, server))], LIMITS, staged(1.001), both)
    assert said == "total total: differs by 0.001"


def test_a_reference_that_fails_is_named(server: ForkServer) -> None:
    suite, both = suite_of(total), (server, server)
    recording = written(suite, server)
    broken = Staged({"work.py": b"import nothing_of_that_name"}, {"work": "work"})
    (said,) = environment_problems([(suite, recording)], LIMITS, broken, both)
    assert "check total: the reference import error" in said


def test_time_is_bounded(server: ForkServer) -> None:
    suite, both = suite_of(total), (server, server)
    recordings = [(suite, written(suite, server))]
    assert environment_problems(recordings, LIMITS, staged(2), both, budget_s=-1) == []


def test_another_processors_kernels_compute_the_same(server: ForkServer) -> None:
    suite = suite_of(total)
    kernels = {"OPENBLAS_CORETYPE": next(iter(ANOTHER_BLAS.values()))}
    with ForkServer(environment=kernels) as other:
        recordings = [(suite, written(suite, server))]
        assert environment_problems(recordings, LIMITS, staged(), (other, other)) == []


def nothing(student: Student) -> None:
    """Expects nothing"""
    student.seed(0)


def only_withholds(student: Student, expect: Expect, draw: Draw) -> None:
    """Only withholds"""
    held = student.hold(draw.normal(3))
    student.work.total(held)
    expect.unchanged({"x": held})


def twice(expect: Expect) -> None:
    """Two of a name"""
    for _ in range(2):
        expect.close({"x": 1}, max_abs=0)


def negative(expect: Expect) -> None:
    """A negative share"""
    expect.close({"x": 1}, max_abs=0, share=-1)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (nothing, "check nothing: it expects nothing"),
        (only_withholds, "check only_withholds: slope, unchanged, faster and without can only"),
        (twice, "check twice: two findings are called x"),
        (negative, "check negative: x: a share is at least 0"),
    ],
)
def test_a_check_that_measures_nothing_is_refused_with_its_place(
    server: ForkServer, function: Callable[..., None], words: str
) -> None:
    (check,) = suite_of(function).checks
    with pytest.raises(AuthorMistake, match=words) as caught:
        drawn(check, 1, LIMITS, staged(), (server, server))
    assert "test_environment.py" in str(caught.value)


def test_limits_of_a_check_hold_when_recording(server: ForkServer) -> None:
    def endless(student: Student, expect: Expect) -> None:
        """Never ends"""
        expect.close({"x": student.work.loop()}, max_abs=0)

    (check,) = suite_of(endless).checks
    slow = Staged({"work.py": b"def loop():\n    while True: pass"}, {"work": "work"})
    with pytest.raises(AuthorMistake, match="the reference out of CPU"):
        drawn(check, 1, Limits(cpu_s=1, wall_s=5), slow, (server, server))
