"""The fork server: what it inherits, and what goes when it or the grader goes."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from autograder import level
from autograder.box.ref import Ref
from autograder.forkserver import ENVIRONMENT, ForkServer, Lost
from autograder.worker import Worker
from gradlab.course import Limits
from gradlab.errors import GraderFault, GradlabError

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograder.box.confine import Box

LIMITS = Limits(cpu_s=5, wall_s=30, memory_mb=256)
BOXES = {f"{box.level} {'own user' * box.own_user}".strip(): box for box in level._boxes()}
PATIENCE_S = 20
# A grader that is killed while a worker sleeps, or at once.
GRADER = """
import os, sys, json, threading, time
from autograder.box.confine import Box
from autograder.box.ref import Ref
from autograder.forkserver import ForkServer
from autograder.worker import Worker
from gradlab.course import Limits
server = ForkServer(Box(**json.loads(sys.argv[1])))
worker = Worker(server, Limits(wall_s=60))
worker.ask("seed", seed=1)
print(server.pid, worker._forked.pid(), server.scratch.root, flush=True)
target = Ref("time", (("attr", "sleep"),))
asked = {"target": target, "args": [60], "kwargs": {}}
threading.Thread(target=worker.ask, args=("call",), kwargs=asked).start()
time.sleep(0.2)
os.kill(os.getpid(), 9)
"""


@pytest.fixture(params=BOXES)
def box(request: pytest.FixtureRequest) -> Box:
    """Every box that holds here."""
    found = BOXES[request.param]
    with ForkServer(found) as server:
        if problem := level._probe(server):
            pytest.skip(f"not reached here: {problem}")
    return found


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def comes_true(says: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while not says() and time.monotonic() < deadline:
        time.sleep(0.02)
    return says()


def call(worker: Worker, root: str, *names: str, args: tuple[object, ...] = ()) -> object:
    target = Ref(root, tuple(("attr", name) for name in names))
    return worker.ask("call", target=target, args=list(args), kwargs={})["value"]


def test_its_environment_is_scrubbed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "42")
    with (
        ForkServer(environment={"EXTRA": "1"}) as server,
        closing(Worker(server, LIMITS)) as worker,
    ):
        names = call(worker, "os", "environ", "keys")
        told = call(worker, "builtins", "sorted", args=(names,))
    assert set(told) == {*ENVIRONMENT, "EXTRA", "HOME", "TMPDIR", "MPLCONFIGDIR"}  # type: ignore[call-overload]


def test_its_command_line_holds_no_secret() -> None:
    with ForkServer() as server:
        words = Path(f"/proc/{server.pid}/cmdline").read_bytes()
        assert str(server.scratch.root).encode() in words
        assert b"checks" not in words


@pytest.mark.skipif(
    resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 2000, reason="too few descriptors are allowed"
)
def test_workers_inherit_nothing_however_many_files_the_grader_has_open() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (2000, hard))
    nothing = os.open(os.devnull, os.O_RDONLY)
    many = [fcntl.fcntl(nothing, fcntl.F_DUPFD_CLOEXEC, 3) for _ in range(1200)]
    try:
        with ForkServer() as server, closing(Worker(server, LIMITS)) as worker:
            listed = call(worker, "os", "listdir", args=("/proc/self/fd",))
    finally:
        for number in (*many, nothing):
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert isinstance(listed, list)
    # 4 is the listing itself.
    assert sorted(map(int, listed)) == [0, 1, 2, 3, 4]


def test_a_killed_server_takes_its_workers_along(box: Box) -> None:
    with ForkServer(box) as server, closing(Worker(server, LIMITS)) as worker:
        pid = worker._forked.pid()
        threading.Timer(0.1, os.kill, (server.pid, signal.SIGKILL)).start()
        with pytest.raises(Lost):
            call(worker, "time", "sleep", args=(60,))
        assert comes_true(lambda: not runs(pid))


def test_a_killed_grader_leaves_no_process_and_no_folder(box: Box) -> None:
    words = json.dumps(asdict(box))
    command = [sys.executable, "-c", GRADER, words]
    run = subprocess.run(command, stdout=subprocess.PIPE, check=False, text=True)
    assert run.returncode == -signal.SIGKILL
    server, worker, root = run.stdout.split()
    assert comes_true(lambda: not runs(int(server)) and not runs(int(worker)))
    assert comes_true(lambda: not Path(root).exists())


def test_workers_killed_at_any_moment_leave_nothing(box: Box) -> None:
    with ForkServer(box) as server:
        Worker(server, LIMITS).close()  # a user number, once lent, is kept for later
        before = len(list(Path("/proc/self/fd").iterdir()))
        for number in range(20):
            with closing(Worker(server, LIMITS)) as worker:
                timer = threading.Timer(number * 0.001, kill, (worker._forked.pid(),))
                timer.start()
                with suppress(GradlabError):
                    for _ in range(1000):
                        worker.ask("seed", seed=1)
                timer.join()
        left = [*server.scratch.root.glob("tmp*"), *server.scratch.root.glob("jail/workers/*")]
        assert left == []
        assert len(list(Path("/proc/self/fd").iterdir())) == before
        assert Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text() == ""


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def test_every_worker_has_a_user_of_its_own_where_that_is_promised(box: Box) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(ForkServer(box))
        pair = [stack.enter_context(closing(Worker(server, LIMITS))) for _ in range(2)]
        users = {call(worker, "os", "getuid") for worker in pair}
        groups = [call(worker, "os", "getgroups") for worker in pair]
    assert len(users) == (2 if box.own_user else 1)
    if box.own_user:
        assert 0 not in users
        assert groups == [[], []]


def test_workers_can_import_whatever_the_graders_umask_is(box: Box) -> None:
    before = os.umask(0o077)
    try:
        with ForkServer(box) as server, closing(Worker(server, LIMITS)) as worker:
            assert call(worker, "statistics", "mean", args=([1, 3],)) == 2
    finally:
        os.umask(before)


def test_why_a_server_does_not_start(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "numpy.py").write_text("raise ImportError('libopenblas is not here')\n")
    with pytest.raises(GraderFault, match=r"start \(ImportError: libopenblas is not here\); run"):
        ForkServer(environment={"PYTHONPATH": str(tmp_path)})
    assert capfd.readouterr() == ("", "")
