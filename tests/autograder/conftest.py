"""One fork server for all tests, and small submissions to run in it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from autograder.forkserver import ForkServer
from autograder.intake import Submission
from autograder.session import CheckSession, Staged
from autograder.upload import Bounds
from gradlab.course import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# A busy machine is slow; that is no failure.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
QUICK = Limits(cpu_s=1, wall_s=2, memory_mb=256, reply_mb=8, file_mb=4, output_kb=4)


@pytest.fixture(scope="session")
def server() -> Iterator[ForkServer]:
    with ForkServer() as running:
        yield running


@pytest.fixture
def session(server: ForkServer) -> Iterator[Callable[..., CheckSession]]:
    """Return a maker of sessions: `session("def f(): ...")` is one whose module `work` is that."""
    made: list[CheckSession] = []

    def make(source: str = "", limits: Limits = QUICK, **staged: Any) -> CheckSession:
        files = {"work.py": source.encode(), **staged.pop("files", {})}
        roles = {"work": "work", **staged.pop("roles", {})}
        made.append(CheckSession(server, Staged(files, roles, **staged), limits, seed=0))
        return made[-1]

    yield make
    for one in made:
        with closing(one):
            pass


def tree(root: Path, *names: str) -> Path:
    """Write small files, each holding its own name."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return root


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Submission]:
    """Return a reader: `read(content, "ada.zip")`."""

    def reading(content: bytes, name: str = "ada.zip", **bounds: int) -> Submission:
        (tmp_path / name).write_bytes(content)
        return Submission.read(tmp_path / name, Bounds(**bounds))

    return reading
