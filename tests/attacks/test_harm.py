"""What code can do to the machine: it ends with a status word, in time, and nothing is left."""

from __future__ import annotations

import platform
import resource
import time
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gradlab.errors import StudentFault
from tests.attacks.attack import LIMITS, attacks, boxes, call, session_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from autograder.forkserver import ForkServer
    from tests.attacks.attack import Attack
    from tests.attacks.conftest import Servers

RETURNED = "returned"
PATIENT_S, IMPATIENT_S = 60, 2
MOST_TEXT = 2500
SPARE_S = 10  # between the end of a limit and an answer, on a busy machine

# The words that may come of each attack; the first is usual.
ENDS = {
    "one_array": ["out of memory"],
    "many_arrays": ["out of memory"],
    "one_list": ["out of memory"],
    "long_text": ["out of memory"],
    "broadcast_reply": ["out of memory"],
    "large_reply": ["unsupported value"],
    "long_list_reply": ["unsupported value"],
    "long_integer": ["unsupported value"],
    "deep_list": ["unsupported value"],
    "cyclic_list": ["unsupported value"],
    "threads": [RETURNED],
    "text_of_an_exception": ["raised", "out of memory"],
    "loop": ["out of CPU"],
    "loop_that_ignores_signals": ["out of CPU"],
    "backtracking": ["out of CPU"],
    "long_power": ["out of CPU", "out of memory"],
    "same_hashes": ["out of CPU", "out of memory"],
    "printing": ["out of CPU"],
    "sleep": ["timed out"],
    "stop": ["timed out"],
    "trickle": ["timed out"],
    "waiting_for_input": ["timed out"],
    "segmentation_fault": ["crashed"],
    "abort": ["crashed"],
    "kill_itself": ["crashed"],
    "recursion": ["raised", "crashed"],
    "machine_code": ["crashed"],
    "exit_at_once": ["exited"],
    "closed_descriptors": ["protocol broken"],
    "closed_channel": ["protocol broken"],
    "shut_channel": ["protocol broken"],
    "flood": ["protocol broken"],
    "descriptors_sent": ["protocol broken"],
    "interpreter_broken": ["exited", "raised", "crashed", RETURNED],
    "thread_that_ends_it_later": [RETURNED],
    "busy_thread": [RETURNED],
    "one_file": ["raised"],
    "many_files": ["disk"],
    "hidden_in_a_locked_folder": ["disk"],
    "hidden_in_a_deep_folder": ["disk"],
    "hidden_behind_many_entries": ["disk"],
    "deep_folders": [RETURNED, "disk"],
    "long_paths": [RETURNED, "disk"],
    "locked_folders": [RETURNED],
    "odd_names": [RETURNED],
    "wide_and_deep": [RETURNED],
}
# The grader's own limits end these, alike at every level.
LONG = [name for name, words in ENDS.items() if words[0] in ("out of CPU", "timed out")]
# The file system takes its time over so many.
SLOW = ["deep_folders", "hidden_behind_many_entries"]
SHORT = [pytest.param(n, marks=[pytest.mark.slow] * (n in SLOW)) for n in ENDS if n not in LONG]
# Held by the filter of system calls alone.
BY_FILTER = {"machine_code"}


def open_files() -> list[Path]:
    return sorted(Path("/proc/self/fd").iterdir())


def children(pid: int) -> str:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text()


@contextmanager
def nothing_left(server: ForkServer) -> Iterator[None]:
    """Compare descriptors, processes, folders and what the grader remembers of its workers."""

    def state() -> dict[str, Any]:
        root = server.scratch.root
        return {
            "files": open_files(),
            "processes": children(server.pid),
            "folders": sorted([*root.iterdir(), *root.glob("jail/workers/*")]),
            "letters": list(server._process._inboxes) if server._process else [],
        }

    before = state()
    yield
    assert state() == before


def outcome(server: ForkServer, attack: Attack) -> str:
    """Return the status word of an attack, or `returned`."""
    usual = ENDS[attack.name][0]
    wall_s = IMPATIENT_S if usual == "timed out" else PATIENT_S
    limits = replace(LIMITS, cpu_s=1 if usual == "out of CPU" else 20, wall_s=wall_s)
    with closing(session_of(server, attack.files, limits)) as session:
        start = time.monotonic()
        word, message = said(lambda: call(session, attack.name))
        assert time.monotonic() - start < wall_s + SPARE_S
    assert len(message) < MOST_TEXT
    return word


def said(act: Callable[[], Any]) -> tuple[str, str]:
    """Return the status word and the message of what was done."""
    try:
        act()
    except StudentFault as fault:
        return fault.status, fault.message
    return RETURNED, ""


def works(server: ForkServer) -> bool:
    """Tell whether the next worker computes."""
    with closing(session_of(server, {"work.py": b"def f(): return 4"})) as session:
        return bool(call(session, "f") == 4)


def attempted(server: ForkServer, name: str) -> None:
    if name in BY_FILTER and not (server.box.seccomp and platform.machine() == "x86_64"):
        pytest.skip("held by the filter of system calls alone, on one kind of machine")
    (attack,) = (attack for attack in attacks("harm") if attack.name == name)
    with nothing_left(server):
        assert outcome(server, attack) in ENDS[name]
        assert works(server)


def test_every_attack_has_its_words() -> None:
    assert sorted(ENDS) == sorted(attack.name for attack in attacks("harm"))


@pytest.mark.parametrize("name", SHORT)
def test_it_ends_with_a_word_and_nothing_is_left(name: str, server: ForkServer) -> None:
    attempted(server, name)


@pytest.mark.parametrize("rank", [0, pytest.param(-1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", LONG)
def test_it_ends_in_time_and_nothing_is_left(name: str, rank: int, servers: Servers) -> None:
    box = list(boxes())[rank]  # the strongest, the weakest
    attempted(servers.at(box), name)


def test_the_grader_grows_by_none_of_it(servers: Servers) -> None:
    def megabytes() -> int:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize() >> 20

    server, names = servers.at("split"), ("large_reply", "text_of_an_exception", "flood")
    chosen = [attack for attack in attacks("harm") if attack.name in names]
    before = megabytes()
    for attack in chosen * 4:
        assert outcome(server, attack) in ENDS[attack.name]
    assert megabytes() - before < 20
