"""How well this machine can protect a grader from student code: probed, never assumed."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.box.confine import Box, readable
from autograder.forkserver import ForkServer, Lost
from autograder.worker import Worker
from gradlab.course import Limits
from gradlab.errors import GraderFault, GradlabError, UserMistake

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["LEVELS", "Level", "open_box", "refuse_exposed"]

RESERVE_MB = 250  # of a container's memory, for the grader and the fork server
RARELY_IMPORTED = "statistics"  # so a worker must read it from disk
PROBE = Limits(cpu_s=5, wall_s=20)
CGROUP = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


@dataclass(frozen=True)
class Level:
    """One step of the ladder, the strongest first.

    Attributes:
        name: as `--require` takes it.
        means: what is protected, for a teaching assistant.
        asked: whether it must be asked for by name.
    """

    name: str
    means: str
    asked: bool = False


LEVELS = {
    level.name: level
    for level in (
        Level(
            "full",
            "Student code can compute, and use a folder of its own; every other file, process and "
            "the network are out of its reach",
        ),
        Level(
            "container",
            "Student code runs as a user of its own, in a root folder that holds Python alone, "
            "without network, new processes or signals to others",
        ),
        Level(
            "user",
            "Student code has no network and no other processes, but it can read and write every "
            "file of the user who grades",
            asked=True,
        ),
        Level(
            "split",
            "Student code runs in a process of its own, with limits, and never holds hidden checks "
            "or results; but files, network and other processes are open to it",
            asked=True,
        ),
    )
}


def open_box(
    require: str = "split",
    environment: dict[str, str] | None = None,
    preload: tuple[str, ...] = (),
) -> ForkServer:
    """Return a fork server at the strongest level that holds here.

    Args:
        require: the weakest level that will do.
        environment: added to the server's own.
        preload: packages that its workers have from the start.

    Raises:
        UserMistake: a package cannot be imported here; or only weaker levels hold here; says why.
        GraderFault: not even the weakest works.
    """
    names, problems = list(LEVELS), []
    for box in _boxes():
        if names.index(box.level) > names.index(require):
            break
        server = ForkServer(box, environment, preload)
        problem = _probe(server)
        if not problem:
            return server
        server.close()
        problems.append(f"{box.level}: {problem}")
    why = "; ".join(problems) or "only Linux has more"
    if require == "split":
        raise GraderFault(f"student code cannot be run here ({why})")
    ask = "" if require == "full" else "; --require NAME takes a weaker one, if you mean it"
    raise UserMistake(f"this machine does not reach the level {require} ({why}){ask}")


def _boxes() -> Iterator[Box]:
    """Yield what may work here, the strongest first."""
    bounded = Box(memory_mb=_memory_mb())
    if sys.platform == "linux":
        own_user = os.geteuid() == 0 and _open_to_others()
        if own_user:
            yield replace(bounded, level="full", own_user=True, landlock=True, seccomp=True)
        yield replace(bounded, level="full", landlock=True, seccomp=True)
        if os.geteuid() == 0:
            yield replace(bounded, level="container", own_user=True, jail=True, seccomp=True)
        yield replace(bounded, level="user", seccomp=True)
    yield bounded


def _probe(server: ForkServer, tries: int = 2) -> str:
    """Return why a worker of this server is not as well kept as its level says, or ''.

    That somebody killed a process meanwhile says nothing of the level; then it is tried again.
    """
    worker = None
    try:
        worker = Worker(server, PROBE)
        try:
            reply = worker.ask("probe", secret=str(server.scratch.secret))
            library = worker.ask("import", module=RARELY_IMPORTED)
        finally:
            worker.close()
    except GradlabError as error:
        if tries > 1 and (isinstance(error, Lost) or (worker and worker.killed)):
            return _probe(server, tries - 1)
        return str(error).strip().splitlines()[-1]
    for answer in (reply, library):
        if not answer["ok"]:
            return str(answer["text"])
    return f"open all the same: {', '.join(reply['value'])}" if reply["value"] else ""


def _open_to_others() -> bool:
    """Tell whether another user can run this Python: not if it lies under root's own home."""
    places = [Path(sys.executable).resolve(), Path(sys.prefix), Path(sys.base_prefix)]
    return all(_passes(place) for place in places)


def _passes(path: Path) -> bool:
    """Tell whether everybody may enter a folder, or read a file, from the root down."""
    with suppress(OSError):
        mine = 0o005 if path.is_dir() else 0o004
        return path.stat().st_mode & mine == mine and all(
            parent.stat().st_mode & 0o001 for parent in path.parents
        )
    return False


def _memory_mb() -> int:
    """Return the memory that one worker may have in this container at most, 0 for no bound."""
    for path in CGROUP:
        with suppress(OSError, ValueError):
            megabytes = int(path.read_text()) >> 20
            return max(64, megabytes - RESERVE_MB) if megabytes < 1 << 40 else 0
    return 0


def refuse_exposed(box: Box, secrets: Iterable[Path]) -> None:
    """Stop where a worker could read what it must not see: below the folders of Python.

    Args:
        box: the layers around the workers.
        secrets: folders and files with hidden checks, submissions and results.

    Raises:
        UserMistake: names the place and what to do.
    """
    for path in (secret.resolve() for secret in secrets if box.landlock or box.jail):
        below = next((r for r in readable() if path.is_relative_to(Path(r).resolve())), None)
        if below:
            raise UserMistake(f"{path} lies in {below}, which workers can read; move it away")
