"""What every attack gets: each level that this machine reaches, and a grader's world to break."""

from __future__ import annotations

import os
import secrets
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from autograder import level
from autograder.forkserver import ForkServer
from gradlab.errors import GraderFault
from tests.attacks.attack import attacks, boxes
from tests.attacks.world import TOKEN, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from autograder.box.confine import Box


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    family = Path(str(metafunc.module.__file__)).stem.removeprefix("test_")
    if "attack" in metafunc.fixturenames:
        metafunc.parametrize("attack", attacks(family), ids=lambda attack: attack.name)
    if "box" in metafunc.fixturenames:
        slow = {name for name, box in boxes().items() if box.landlock_most and family != "reach"}
        values = [pytest.param(n, marks=[pytest.mark.slow] * (n in slow)) for n in boxes()]
        metafunc.parametrize("box", values, scope="session")


class Servers:
    """One fork server for each box, started when it is first asked for."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._made: dict[str, ForkServer | str] = {}

    def at(self, name: str) -> ForkServer:
        """Return the server of a box; skip the test if the box does not hold here."""
        if name not in self._made:
            self._made[name] = self._start(boxes()[name])
        made = self._made[name]
        if isinstance(made, str):
            pytest.skip(f"{name} is not reached here: {made}")
        return made

    def _start(self, box: Box) -> ForkServer | str:
        try:
            server = ForkServer(box)
        except GraderFault as fault:
            return str(fault)
        self._stack.callback(server.close)
        return level._probe(server) or server

    def close(self) -> None:
        self._stack.close()


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    os.environ["GRADER_SECRET"] = f"{TOKEN}{secrets.randbits(32)}"
    with closing(Servers()) as running:
        yield running
    del os.environ["GRADER_SECRET"]


@pytest.fixture
def server(servers: Servers, box: str) -> ForkServer:
    return servers.at(box)


@pytest.fixture
def world(server: ForkServer) -> Iterator[World]:
    with closing(World(server)) as made:
        yield made
