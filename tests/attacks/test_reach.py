"""What student code can read, change, start, signal or talk to, at every level."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.attacks.attack import call, session_of, stays_open

if TYPE_CHECKING:
    from autograder.forkserver import ForkServer
    from tests.attacks.attack import Attack
    from tests.attacks.world import World

# Where the box leaves them open, these can still fail: by the kernel's own settings, or because
# the grader has no more rights than its workers.
UNCERTAIN = {
    "privileges": "an ordinary user has none to regain",
    "namespaces": "some kernels refuse them to ordinary users",
    "tracing": "some kernels refuse it to ordinary users",
    "proc": "a process with more rights is closed to one with fewer",
    "newer": "it depends on the kernel",
    "x32": "most kernels have none of them",
    "rare": "it depends on the kernel's settings",
}


def test_what_is_out_of_reach(attack: Attack, box: str, server: ForkServer, world: World) -> None:
    level = server.box.level
    with closing(session_of(server, attack.files)) as session:
        reached = call(session, attack.name, world.facts)
    damage = world.damage()
    if not stays_open().get(attack.title, {}).get(level, False):
        assert reached == []
        assert damage == []
    elif attack.name in UNCERTAIN and not reached:
        pytest.skip(f"open at {box} elsewhere: {UNCERTAIN[attack.name]}")
    else:
        assert reached or damage, f"held at {level}: docs/security.md says that it is open"
