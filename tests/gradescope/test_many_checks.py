"""A large suite on the site: its results file is valid whatever comes, and whenever it ends."""

from __future__ import annotations

import os
import random
import re
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gradlab.cli.gradescope import archive, contents
from gradlab.cli.rehearsal import metadata_like
from tests.gradescope.conftest import Site, below, new_assignment, record_once

if TYPE_CHECKING:
    from gradlab.course import Assignment

MODULE = "many_hw/many.py"
UNFINISHED = "Grading did not finish. This is not your fault"
# The first earns a place on the leaderboard, the second stays hidden, the third waits for a person.
CHECKS = """
from gradlab import Suite, Threshold

suite = Suite("many")
ODD = "<b>&amp; \\U0001f600 \\u202e" + "x" * 300


def add(number):
    def check(student, expect):
        value = student.many.value(number)
        expect.close({{"value": value}}, max_abs=0)

    check.__name__, check.__doc__ = f"value_{{number}}", f"Value {{number}} {{ODD}}"
    suite.check(points=1, question=f"q{{number // 5}}", cpu_s=2, wall_s=20)(check)


@suite.check(points=1, question="lead")
def led(student, expect):
    \"""The first value counts\"""
    counted = int(student.many.value(0))
    expect.leaderboard("Counted", counted)
    expect.earns("counted", counted, 10, Threshold(10))


@suite.check(points=1, question="hidden", visibility="after_published")
def hidden(student, expect):
    \"""The second value is a secret\"""
    expect.close({{"value": student.many.value(1)}}, max_abs=0)


suite.written("why", points=2, title="Why", rubric="Because.")
for number in range({count}):
    add(number)
"""
RIGHT = "\n\ndef value(number):\n    return 7.5 if number else 3\n"
STRANGE = """

def value(number):
    ways = [
        lambda: 7.5 if number else 3,
        lambda: float("nan"),
        lambda: -float("inf"),
        lambda: "\\x1b[31m\\ud800\\0<b>",
        lambda: print("y" * 3_000_000),
        lambda: 1 / 0,
        lambda: [number] * 1_000_000,
        lambda: {"\\ud800": object()},
        lambda: (_ for _ in ()).throw(ValueError("\\x1b]0;\\u202e" + "z" * 3_000_000)),
        lambda: 10**400,
        lambda: __import__("os")._exit(7),
    ]
    return ways[number % len(ways)]()
"""
SLOW = RIGHT.replace("    return", "    import time; time.sleep(0.03)\n    return")


def made(root: Path, count: int) -> Assignment:
    assignment = new_assignment(root, "many")
    (assignment.folder / "checks.py").write_text(CHECKS.format(count=count))
    module = assignment.source / "many.py"
    module.write_text(module.read_text() + RIGHT)
    record_once(assignment)
    return assignment


@pytest.fixture(scope="module")
def dozen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return contents(made(tmp_path_factory.mktemp("course"), 12), "split")


@pytest.fixture
def there(dozen: dict[str, bytes], tmp_path: Path) -> Site:
    return Site.of(tmp_path / "autograder", archive(dozen))


@pytest.mark.slow
def test_two_hundred_checks_of_all_kinds(tmp_path: Path) -> None:
    (tmp_path / "course").mkdir()
    files = contents(made(tmp_path / "course", 200), "split")
    site = Site.of(tmp_path / "autograder", archive(files))
    site.hand_in({MODULE: STRANGE})
    table, said = site.run()
    assert table["output"].startswith("Graded so far")
    found = {t["extra_data"]["check"]: t for t in table["tests"]}
    assert len(found) >= 203
    assert [n for n in range(200) if found[f"value_{n}"]["score"]] == [*range(0, 200, 11)]
    assert "broken" not in {t["extra_data"]["status"] for t in table["tests"]}
    assert site.results.stat().st_size < 2 << 20
    assert "\x1b" not in said
    assert len(said) < 4 << 20


def test_leaders_visibility_and_written_questions(there: Site) -> None:
    there.hand_in({MODULE: RIGHT}, metadata_like(99))
    table, _ = there.run()
    tests = {t["extra_data"]["check"]: t for t in table["tests"]}
    assert table["leaderboard"] == [{"name": "Counted", "value": 3, "order": "desc"}]
    assert {n: t["visibility"] for n, t in tests.items() if "visibility" in t} == {
        "hidden": "after_published"
    }
    assert "score" not in tests["why"]
    assert table["output"].startswith("Graded so far: 14 of 14 points; 2 points wait for staff.")


def whole_of(site: Site, source: str) -> tuple[Any, float]:
    """Return what a submission earns if nothing happens, and how long that takes."""
    site.hand_in({MODULE: source})
    begin = time.monotonic()
    table, _ = site.run()
    return table, time.monotonic() - begin


def judge_part(table: Any, whole: Any) -> int:
    """Return how many checks were finished; each must be as it would have been."""
    marks = [[(t["name"], t.get("score"), t["output"]) for t in x["tests"]] for x in (table, whole)]
    count = len(marks[0])
    assert marks[0] == marks[1][:count]
    if count < len(marks[1]):
        assert table["output"].startswith(UNFINISHED)
        if count:
            assert re.search(rf"\n{count} of {len(marks[1])} parts were graded", table["output"])
    return count


def kill(running: Any, chance: random.Random) -> None:
    """Kill one of the processes, or all but the program itself."""
    found = [pid for pid in below(running.pid) if named(pid).startswith(("python", "timeout"))]
    for pid in found if chance.random() < 0.3 else found and [chance.choice(found)]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def named(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def test_killed_at_random_moments(there: Site, proof: Any) -> None:
    whole, takes = whole_of(there, SLOW)
    chance = random.Random(5)  # noqa: S311 - the same moments every time
    count, finished = proof.runs(4, 200), set()
    for _ in range(count):
        there.hand_in({MODULE: SLOW})
        running = there.start()
        time.sleep(chance.uniform(0, takes))
        kill(running, chance)
        said, _ = running.communicate(timeout=60)
        assert running.returncode == 0, said
        finished.add(judge_part(there.table(), whole))
    proof.text = f"{count} kills on the site, after {min(finished)} to {max(finished)} checks"


def test_out_of_time_at_random_moments(dozen: dict[str, bytes], tmp_path: Path, proof: Any) -> None:
    site = Site.of(tmp_path / "autograder", archive(dozen))
    whole, takes = whole_of(site, SLOW)
    program = site.root / "source/run_autograder"
    text, chance = program.read_text(), random.Random(6)  # noqa: S311 - the same moments every time
    assert "KILL 590 " in text
    count, finished = proof.runs(3, 100), set()
    for _ in range(count):
        program.write_text(text.replace("KILL 590 ", f"KILL {chance.uniform(0.01, takes):.3f} "))
        site.hand_in({MODULE: SLOW})
        table, said = site.run()
        finished.add(judge_part(table, whole))
        if table["output"].startswith(UNFINISHED):
            assert "the grader ended early, with code 137" in said
    proof.text = f"{count} ends by time, after {min(finished)} to {max(finished)} checks"
