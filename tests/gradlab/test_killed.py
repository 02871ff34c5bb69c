"""Whatever is killed, whenever: results are whole, nothing is left, and a rerun is as ever."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from autograder import forkserver, level
from autograder.worker import Worker
from tests.gradlab.conftest import relu_course

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlab.course import Assignment, Limits

RIGHT = "import numpy as np\n\ndef rectify(x):\n    return np.maximum(x, 0)\n"
SUBMISSIONS = {
    "a-right": RIGHT,
    "b-raises": "def rectify(x):\n    raise ValueError('no')\n",
    "c-exits": "import os\n\ndef rectify(x):\n    os._exit(3)\n",
    "d-right-slowly": RIGHT + "\nimport time\ntime.sleep(0.3)\n",
    "e-right": RIGHT,
}
VICTIMS = ("grader", "fork server", "worker", "grader and fork server")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    return relu_course(tmp_path_factory.mktemp("course"), SUBMISSIONS)


def start(assignment: Assignment, out: Path, scratch: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "gradlab", "grade", "relu", "in", "--out", str(out)]
    return subprocess.Popen(
        [*command, "--jobs", "2", "--require", "split"],
        cwd=assignment.course.root,
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def below(pid: int) -> Iterator[int]:
    for child in children(pid):
        yield child
        yield from below(child)


def kill(victim: str, grader: subprocess.Popen[bytes], chance: random.Random) -> None:
    servers = children(grader.pid)
    workers = [worker for server in servers for worker in children(server)]
    chosen = {
        "grader": [grader.pid],
        "fork server": servers[:1],
        "worker": [chance.choice(workers)] if workers else [],
        "grader and fork server": [grader.pid, *servers],
    }[victim]
    for pid in chosen:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def scores(out: Path) -> dict[str, list[tuple[str, float | None]]]:
    """Return status and score of every check; fails on a results file that is not whole."""
    tables = {path.parent.name: json.loads(path.read_text()) for path in out.glob("*/results.json")}
    return {
        name: [(test["extra_data"]["status"], test.get("score")) for test in table["tests"]]
        for name, table in sorted(tables.items())
    }


def gone(processes: list[int], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while any(Path(f"/proc/{pid}").exists() for pid in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_a_fork_server_that_is_killed_while_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    start = forkserver._start
    started: list[int] = []

    def killed_once(*arguments: Any) -> subprocess.Popen[bytes]:
        process = start(*arguments)
        if not started:
            process.kill()
        started.append(process.pid)
        return process

    monkeypatch.setattr(forkserver, "_start", killed_once)
    with forkserver.ForkServer() as server:
        assert [server.pid] == started[1:]


@pytest.mark.parametrize("victim", ["fork server", "worker"])
def test_a_kill_while_the_level_is_probed_does_not_lower_it(
    victim: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with level.open_box() as server:
        usual = server.box
    killed: list[int] = []

    def killed_once(server: forkserver.ForkServer, limits: Limits) -> Worker:
        worker = Worker(server, limits)
        if not killed:
            killed.append(server.pid if victim == "fork server" else worker._forked.pid())
            os.kill(killed[0], signal.SIGKILL)
        return worker

    monkeypatch.setattr(level, "Worker", killed_once)
    with level.open_box() as server:
        assert (server.box, len(killed)) == (usual, 1)


@pytest.mark.slow
def test_kill_anything_at_any_time(small: Assignment, tmp_path: Path, proof: Any) -> None:
    scratch, out = tmp_path / "scratch", tmp_path / "out"
    scratch.mkdir()
    begin = time.monotonic()
    assert start(small, out, scratch).wait() == 0
    whole, takes = scores(out), time.monotonic() - begin
    assert [name for name, found in whole.items() if found[0][0] == "earned"] == [
        name for name, source in SUBMISSIONS.items() if source.startswith(RIGHT)
    ]
    chance = random.Random(3)  # noqa: S311 - the same moments every time
    count = proof.runs(8, 200)
    for number in range(count):
        victim = VICTIMS[number % len(VICTIMS)]
        grader = start(small, out, scratch)
        time.sleep(chance.uniform(0.1, takes))
        others = list(below(grader.pid))
        kill(victim, grader, chance)
        code = grader.wait(60)
        assert gone(others), (number, victim)
        found = scores(out)  # as far as it went
        if code == 0:
            assert found == whole, (number, victim)
        assert "grader" in victim or code == 0, (number, victim, code)
    assert start(small, out, scratch).wait() == 0
    assert scores(out) == whole
    assert list(scratch.iterdir()) == []
    proof.text = f"{count} kills of grader, fork server and workers at random moments"
