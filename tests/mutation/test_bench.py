"""Which check is tried first, how long it may take, and what is left for last."""

from __future__ import annotations

from autograder.mutation.bench import Bench, Timed
from autograder.mutation.mutants import Block
from autograder.recording import Recording
from autograder.suite import Check

BLOCK = Block("m.py", range(1, 2), "f")
RECORDING = Recording({}, "00")


def item(name: str, seconds: float, *tags: str) -> Timed:
    check = Check(name, name.title(), 1, "q", None, tags=tags)
    return Timed(check, RECORDING, seconds)


def test_what_needs_the_block_comes_first_then_what_is_cheap_and_slow_checks_last() -> None:
    checks = (item("cheap", 0.1), item("dear", 0.5), item("slow", 0.01, "slow"))
    bench = Bench(checks, {BLOCK: frozenset({"dear", "slow"})}, {BLOCK: "q"})
    assert [one.check.name for one in bench.order(BLOCK)] == ["dear", "cheap", "slow"]
