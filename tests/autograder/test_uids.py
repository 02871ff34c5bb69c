"""User numbers: nobody else on the machine has the same one at the same time."""

from __future__ import annotations

import secrets
import subprocess
import sys
import threading
from contextlib import closing

import pytest

from autograder import uids
from autograder.uids import COUNT, Uids
from gradlab.errors import GraderFault

TAKES = """
import sys
from autograder import uids
uids.FIRST = int(sys.argv[1])
held = uids.Uids()
print(*[held.take() for _ in range(5)], flush=True)
input()
"""


@pytest.fixture(autouse=True)
def first(monkeypatch: pytest.MonkeyPatch) -> int:
    """Begin where no other grader of this machine begins."""
    number = 1_000_000 + secrets.randbelow(1 << 30)
    monkeypatch.setattr(uids, "FIRST", number)
    return number


def test_numbers_come_from_the_range_and_none_twice(first: int) -> None:
    with closing(Uids()) as held:
        taken = [held.take() for _ in range(20)]
    assert len(set(taken)) == 20
    assert all(first <= uid < first + COUNT for uid in taken)


def test_a_number_given_back_is_lent_again() -> None:
    with closing(Uids()) as held:
        one, other = held.take(), held.take()
        held.give(one)
        assert held.take() == one
        held.give(0)  # a worker without a user of its own
        assert held.take() not in (0, one, other)


def test_two_processes_never_have_the_same(first: int) -> None:
    with closing(Uids()) as held:
        mine = {held.take() for _ in range(5)}
        command = [sys.executable, "-c", TAKES, str(first)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other:
            assert other.stdout is not None
            theirs = {int(word) for word in other.stdout.readline().split()}
            mine |= {held.take() for _ in range(5)}
            other.kill()
            other.wait()
        assert len(theirs) == 5
        assert len(mine) == 10
        assert not mine & theirs
        assert theirs <= {held.take() for _ in range(10)}  # they are free again


def test_where_all_are_taken_it_says_so_and_a_free_one_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with closing(Uids()) as first:
        uid = first.take()
        monkeypatch.setattr(uids, "FIRST", uid)
        monkeypatch.setattr(uids, "COUNT", 1)
        with closing(Uids()) as second, pytest.raises(GraderFault, match="--jobs"):
            second.take()
    with closing(Uids()) as third:
        assert third.take() == uid


def test_threads_never_get_the_same() -> None:
    with closing(Uids()) as held:
        taken: list[int] = []

        def take() -> None:
            taken.extend(held.take() for _ in range(10))

        threads = [threading.Thread(target=take) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(set(taken)) == len(taken) == 80
