"""A worker and its trusted end: every way in which the student's code can fail."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from autograder.box import codec
from autograder.box.ref import Ref, UnsupportedError
from autograder.forkserver import ForkServer, Lost
from autograder.status import STATUSES
from autograder.worker import Worker
from gradlab.course import Limits
from gradlab.errors import GraderFault, StudentFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from autograder.session import CheckSession

    Make = Callable[..., CheckSession]

QUICK = Limits(cpu_s=1, wall_s=2, memory_mb=256, reply_mb=8, file_mb=4, output_kb=4)
PATIENT = replace(QUICK, wall_s=20)
HANG_S = QUICK.wall_s + 3
PRELUDE = "import os, signal, sys, time, ctypes, threading\nimport numpy as np\n"


def call(session: CheckSession, *args: Any) -> Any:
    target = Ref(session.module("work"), (("attr", "f"),))
    return session.ask("call", target=target, args=list(args), kwargs={})


def files(source: str) -> dict[str, Any]:
    return {"files": {"work.py": source.encode()}, "stand_ins": [], "pictures": False}


def body(text: str) -> str:
    return PRELUDE + "def f(*args):\n" + "".join(f"    {line}\n" for line in text.splitlines())


def fault_of(session: CheckSession, at_most_s: float = 20) -> StudentFault:
    """Call the student's `f` and return what went wrong, after the worker has gone."""
    start = time.monotonic()
    with closing(session), pytest.raises(StudentFault) as caught:
        call(session)
    assert time.monotonic() - start < at_most_s + 3
    assert caught.value.status in STATUSES
    assert len(caught.value.message) < 2500
    return caught.value


@pytest.fixture
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every worker takes its descriptors and its folder with it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = len(list(Path("/proc/self/fd").iterdir()))
    yield
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert list(tmp_path.iterdir()) == []


RAISES = {
    "exception": ("raise ValueError('no')", "raised", "ValueError: no"),
    "evil str": (
        "class E(Exception):\n  def __str__(self): raise SystemExit\nraise E",
        "raised",
        "E",
    ),
    "evil class": (
        "class M(type): __name__ = property(len)\nclass E(Exception, metaclass=M): 0\nraise E",
        "raised",
        "",
    ),
    "huge text": ("raise ValueError('x' * 50_000_000)", "raised", "xxx"),
    "surrogates and colours": (r"raise ValueError('\udc80\x1b[31m')", "raised", "?"),
    "recursion": ("return f(*args)", "raised", "RecursionError"),
    "KeyboardInterrupt": ("raise KeyboardInterrupt", "raised", "KeyboardInterrupt"),
    "GeneratorExit": ("raise GeneratorExit", "raised", "GeneratorExit"),
    "long int in text": ("raise ValueError(10 ** 6000)", "raised", "ValueError"),
    "sys.exit": ("sys.exit(3)", "exited", "3"),
    "evil exit": (
        "class C:\n  def __str__(self): raise SystemExit\nsys.exit(C())",
        "exited",
        "SystemExit",
    ),
    "memory": ("return np.ones(10 ** 9)", "out of memory", "Memory"),
    "memory in Python": ("return [0] * 10 ** 9", "out of memory", "Memory"),
    "broadcast": ("return np.broadcast_to(1.0, 10 ** 10)", "out of memory", "Memory"),
    "memory under a name": ("class E(MemoryError): pass\nraise E", "out of memory", ""),
    "hole": ("raise NotImplementedError", "not implemented", ""),
    "closed stdout": ("sys.stdout.close(); print(1)", "raised", "closed file"),
    "input": ("return input()", "raised", "input() is refused"),
    "big file": ("open('x', 'wb').write(bytes(8 << 20))", "raised", "too large"),
    "open files": ("return [open('/dev/null') for _ in range(99)]", "raised", "open files"),
    "cyclic list": ("x = []; x += [x] * 9; return x", "unsupported value", "contain itself"),
    "cyclic dict": ("x = {}; x[1] = x; return x", "unsupported value", "contain itself"),
    "long int": ("return 10 ** 100_000", "unsupported value", "64 bits"),
    "large array": ("return np.zeros(2 << 20)", "unsupported value", "at most"),
    "many values": ("return [None, 'a'] * 60_000", "unsupported value", "values"),
    "many texts": ("return ['x' * 100] * 20_000", "unsupported value", "texts"),
}


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize("name", RAISES)
def test_exceptions_and_odd_values_say_what_happened(session: Make, name: str) -> None:
    text, status, words = RAISES[name]
    fault = fault_of(session(body(text), PATIENT))
    assert fault.status == status
    assert words in fault.message


SURVIVES = {
    "prints": ("print('x' * 100)\nreturn 1", 1),
    "a closed stdout": ("sys.stdout.close()\nos.close(1)\nos.close(2)\nreturn 1", 1),
    "a thread": (
        "t = threading.Thread(target=lambda: None)\nt.start()\nt.join()\nreturn 1",
        1,
    ),
    "a handle": ("return object()", Ref("#0", (), "builtins.object")),
    "odd keys": ("return {object(): 1}", Ref("#0", (), "builtins.dict")),
    "object array": ("return np.array([f])", Ref("#0", (), "numpy.ndarray")),
    "dates": ("return np.array(['2020-01-01'], 'M8[D]')", Ref("#0", (), "numpy.ndarray")),
    "a named tuple": (
        "from collections import namedtuple\nreturn namedtuple('P', 'x y')(1, 2)",
        (1, 2),
    ),
    "an odd leaf": ("return 1, [object()]", (1, [Ref("#0", (), "builtins.object")])),
    "long double": ("return np.longdouble(0.5)", np.float64(0.5)),
}


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize("name", SURVIVES)
def test_what_the_worker_survives(session: Make, name: str) -> None:
    text, value = SURVIVES[name]
    with closing(session(body(text))) as running:
        got = call(running)
    assert got == value
    assert type(got) is type(value)


DIES = {
    "exit 0": ("os._exit(0)", "exited"),
    "exit 70": ("os._exit(70)", "exited"),
    "abort": ("os.abort()", "crashed"),
    "segfault": ("ctypes.string_at(0)", "crashed"),
    "real-time signal": ("os.kill(os.getpid(), 40)", "crashed"),
    "killed by itself": ("os.kill(os.getpid(), 9)", "crashed"),
    "the C stack": (
        "sys.setrecursionlimit(10 ** 9)\nclass A: __repr__ = lambda s: repr([s])\nrepr(A())",
        "raised" if sys.version_info >= (3, 12) else "crashed",  # it bounds the C stack itself
    ),
    "loop": ("while True: pass", "out of CPU"),
    "loop that ignores the signal": (
        "signal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass",
        "out of CPU",
    ),
    "sleep": ("time.sleep(60)", "timed out"),
    "stop": ("os.kill(os.getpid(), signal.SIGSTOP)", "timed out"),
    "closes the channel and sleeps": ("os.close(3)\ntime.sleep(60)", "protocol broken"),
    "closes the channel and returns": ("os.close(3)", "protocol broken"),
    "shuts the channel": (
        "import socket\nsocket.socket(fileno=3).shutdown(2)\ntime.sleep(60)",
        "protocol broken",
    ),
    "rubbish": ("os.write(3, b'x' * 100)\ntime.sleep(60)", "protocol broken"),
    "huge length": (
        "import struct\nos.write(3, struct.pack('<4sIQ', b'glf1', 2, 1 << 60))\ntime.sleep(60)",
        "protocol broken",
    ),
    "trickle": (
        "os.write(3, b'glf1')\nfor _ in range(99):\n  os.write(3, b'\\0')\n  time.sleep(0.3)",
        "timed out",
    ),
    "prints for ever": (
        "while True: os.write(1, b'x' * 65536)",
        "out of CPU",
    ),
    "changed json": ("import json\njson.JSONEncoder.encode = None", "exited"),
    "child that keeps the channel": (
        "if os.fork() == 0: time.sleep(60)\nos._exit(3)",
        "exited",
    ),
}


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize("name", DIES)
def test_what_ends_a_worker(session: Make, name: str) -> None:
    text, status = DIES[name]
    limits = QUICK if status == "timed out" else replace(QUICK, wall_s=20)
    fault = fault_of(session(body(text), limits), at_most_s=limits.wall_s)
    assert fault.status == status


def forged(number: int, value: Any = 42, **more: Any) -> bytes:
    return b"".join(codec.encode({"ok": True, "value": value, "id": number, **more}))


def forger(*frames: bytes) -> str:
    return body("".join(f"os.write(3, {frame!r})\n" for frame in frames) + "return 7")


# `load` and `import` come before the call, which is the third request.
FORGED = {
    "another id": [forged(99)],
    "an array as id": [b"".join(codec.encode({"ok": True, "id": np.ones(3)}))],
    "no dict": [b"".join(codec.encode([1, 2]))],
    "ok is a number": [forged(3, ok=1)],
    "no text": [forged(3, ok=False)],
    "a number as text": [forged(3, ok=False, kind="E", text=5, trace="", frames=[])],
    "pickle": [b"\x80\x04K*."],
    "two at once": [forged(2), forged(3)],
}


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize("name", FORGED)
def test_forged_replies_break_the_protocol(session: Make, name: str) -> None:
    assert fault_of(session(forger(*FORGED[name]))).status == "protocol broken"


def test_a_reply_too_many_spoils_the_next_request(session: Make) -> None:
    with closing(session(forger(forged(3)))) as running:
        assert call(running) == 42  # it can lie about its own values, as any code can
        with pytest.raises(StudentFault) as caught:
            call(running)
    assert caught.value.status == "protocol broken"


def test_a_forged_failure_is_cut_to_size(session: Make) -> None:
    words = {"kind": "E" * 5000, "text": "t" * 5000, "trace": "x" * 5000, "frames": [1, "f" * 5000]}
    fault = fault_of(session(forger(forged(3, ok=False, **words))))
    assert fault.status == "raised"
    assert len(fault.frames[0]) + len(fault.staff) < 5000


def test_a_dead_worker_tells_the_same_again(session: Make) -> None:
    with closing(session(body("os._exit(1)"))) as running:
        call_twice = [pytest.raises(StudentFault, match="exit code was 1") for _ in range(2)]
        for expected in call_twice:
            with expected:
                call(running)


def test_printed_text_is_drained_and_cut(session: Make) -> None:
    text = body("for _ in range(1000): os.write(1, b'x' * (1 << 20))\nreturn 1")
    with closing(session(text, replace(PATIENT, cpu_s=10))) as running:
        assert call(running) == 1
        assert "x" * 4096 in running.report()
        assert len(running.report()) < 5000


def test_a_worker_that_never_reads_does_not_hold_the_grader(server: ForkServer) -> None:
    target = Ref("os", (("attr", "getpid"),))
    with closing(Worker(server, QUICK)) as worker:
        os.kill(worker.ask("call", target=target, args=[], kwargs={})["value"], signal.SIGSTOP)
        start = time.monotonic()
        with pytest.raises(StudentFault) as caught:
            worker.ask("call", target=target, args=[np.zeros(20 << 17)], kwargs={})
        assert caught.value.status == "timed out"
        assert time.monotonic() - start < HANG_S


def test_twenty_megabytes_there_and_back(session: Make) -> None:
    sent = np.arange(20 << 17, dtype=np.float64)
    limits = replace(PATIENT, reply_mb=32, cpu_s=5)
    with closing(session(body("args[0][0] = 5; return args[0]"), limits)) as running:
        got = call(running, sent)
    assert got[0] == 5
    assert sent[0] == 0
    np.testing.assert_array_equal(got[1:], sent[1:])


def test_cpu_time_is_known_afterwards(session: Make) -> None:
    running = session(body("t = time.process_time()\nwhile time.process_time() < t + 0.2: pass"))
    with closing(running):
        call(running)
        worker = running._worker
        assert worker is not None
        assert 0.2 <= worker.cpu_s < 1.5
        worker.begin(QUICK, 0)
        assert worker.cpu_s < 0.2


def test_closing_twice_and_asking_after_it(server: ForkServer) -> None:
    worker = Worker(server, QUICK)
    worker.close()
    worker.close()
    with pytest.raises(GraderFault, match="closed"):
        worker.ask("seed", seed=1)


def test_what_cannot_be_sent_is_refused_and_harms_nobody(server: ForkServer) -> None:
    with closing(Worker(server, QUICK)) as worker:
        with pytest.raises(UnsupportedError):
            worker.ask("seed", seed=object())
        assert worker.ask("seed", seed=1)["ok"]


@pytest.mark.usefixtures("clean")
def test_a_worker_that_cannot_be_set_up_is_the_graders_fault(server: ForkServer) -> None:
    impossible = replace(QUICK, cpu_s=1 << 70)
    with closing(Worker(server, impossible)) as worker, pytest.raises(GraderFault, match="set up"):
        worker.ask("seed", seed=1)


@pytest.mark.usefixtures("clean")
def test_no_folder_is_left_when_there_is_no_descriptor(
    server: ForkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pipe() -> tuple[int, int]:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pipe", pipe)
        with pytest.raises(GraderFault, match="Too many open files"):
            Worker(server, QUICK)


def test_a_hundred_workers_of_eight_threads(server: ForkServer) -> None:
    wrong: list[Any] = []

    def work(first: int) -> None:
        for number in range(first, first + 12):
            with closing(Worker(server, PATIENT)) as worker:
                source = "import os\ndef f(x):\n    return os._exit(x) if x % 3 == 0 else x\n"
                worker.ask("load", **files(source))
                target = Ref("work", (("attr", "f"),))
                try:
                    reply = worker.ask("call", target=target, args=[number], kwargs={})
                    wrong.extend([number] * (number % 3 == 0 or reply["value"] != number))
                except StudentFault as fault:
                    wrong.extend([fault] * (number % 3 != 0 or f"{number}." not in fault.message))

    threads = [threading.Thread(target=work, args=(1 + 12 * n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert server._process is not None
    assert list(server._process._inboxes) == [""]


def test_ended_workers_leave_no_process_behind(server: ForkServer, session: Make) -> None:
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children")
    with closing(
        session(body("pid = os.fork()\nif not pid: time.sleep(60)\nreturn pid"))
    ) as running:
        grandchild = call(running)
        assert len(children.read_text().split()) == 1
    assert children.read_text() == ""
    deadline = time.monotonic() + 10
    while _runs(grandchild) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _runs(grandchild)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


@pytest.mark.usefixtures("clean")
def test_a_fork_server_that_dies_is_the_graders_fault_and_starts_again() -> None:
    with ForkServer() as mortal, closing(Worker(mortal, PATIENT)) as worker:
        worker.ask("load", **files("import time\ndef f(): time.sleep(60)\n"))
        threading.Timer(0.1, os.kill, (mortal.pid, signal.SIGKILL)).start()
        start = time.monotonic()
        with pytest.raises(Lost, match="fork server is gone"):
            worker.ask("call", target=Ref("work", (("attr", "f"),)), args=[], kwargs={})
        assert time.monotonic() - start < HANG_S
        with closing(Worker(mortal, PATIENT)) as another:
            assert another.ask("seed", seed=1)["ok"]


@pytest.mark.usefixtures("clean")
def test_a_fork_server_closes_with_its_workers_and_may_be_closed_twice() -> None:
    server = ForkServer()
    worker = Worker(server, PATIENT)
    worker.ask("seed", seed=1)
    server.close()
    server.close()
    worker.close()
    assert not worker.alive
    assert not _runs(server.pid)


@pytest.mark.usefixtures("clean")
def test_a_fork_server_that_does_not_start_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.forkserver.START", "raise SystemExit")
    with pytest.raises(GraderFault, match="did not start"):
        ForkServer()


def test_the_interrupt_key_is_not_for_the_fork_server() -> None:
    with ForkServer() as server:
        os.kill(server.pid, signal.SIGINT)
        with closing(Worker(server, QUICK)) as worker:
            assert worker.ask("seed", seed=1)["ok"]


def test_a_worker_sees_nothing_of_the_grader(
    session: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "42")
    text = body(
        "names = [n for n in sys.modules if n.split('.')[0] in ('autograder', 'generator')]\n"
        "return names, 'SECRET' in os.environ, sorted(os.listdir('/proc/self/fd'))[:4], sys.argv"
    )
    with closing(session(text)) as running:
        names, secret, files, arguments = call(running)
    assert (names, secret, arguments) == ([], False, [""])
    assert files == ["0", "1", "2", "3"]


def test_sets_have_the_same_order_on_every_server(session: Make) -> None:
    text = body("return list({'a', 'b', 'c', 'd', 'e', 'f', 'g'})")
    with closing(session(text)) as running, ForkServer() as other:
        here = call(running)
        with closing(Worker(other, QUICK)) as worker:
            worker.ask("load", **files(text))
            target = Ref("work", (("attr", "f"),))
            there = worker.ask("call", target=target, args=[], kwargs={})["value"]
    assert here == there
