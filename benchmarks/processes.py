"""What a command costs with everything that it starts: wall time, CPU time, memory.

CPU time is what the kernel has booked for waited-for children (`getrusage(RUSAGE_CHILDREN)`): the
command, its children and theirs. What a command leaves running is adopted by this process
(`PR_SET_CHILD_SUBREAPER`), ended and waited for, so that a kernel or a fork server counts too.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.timing import THREAD_VARIABLES, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ADOPT = 36  # PR_SET_CHILD_SUBREAPER, of <linux/prctl.h>
SAMPLE_S = 0.002
ONE_THREAD = dict.fromkeys(THREAD_VARIABLES, "1")


def spent(command: Sequence[str | Path], folder: Path) -> Sample:
    """Run a command in a folder; return its wall time, and the CPU time of its whole tree.

    Raises:
        RuntimeError: the command failed; with the end of what it said.
    """
    ctypes.CDLL(None).prctl(ADOPT, 1, 0, 0, 0)
    wall, cpu = time.perf_counter(), _children_cpu()
    process = _started(command, folder, subprocess.PIPE)
    said, _ = process.communicate()
    wall = time.perf_counter() - wall
    _end_orphans()
    if process.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {said[-2000:]}")
    return Sample(wall, _children_cpu() - cpu)


def _started(command: Sequence[str | Path], folder: Path, output: int) -> subprocess.Popen[str]:
    """Start a command that hears nothing; what it says goes to ``output``, errors too."""
    return subprocess.Popen(
        command, cwd=folder, env=_environment(command), stdin=subprocess.DEVNULL,
        stdout=output, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def _environment(command: Sequence[str | Path]) -> dict[str, str]:
    """Return an environment in which a command finds the programs beside it, and its own only."""
    path = f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return os.environ | ONE_THREAD | {"PATH": path}


def _children_cpu() -> float:
    booked = resource.getrusage(resource.RUSAGE_CHILDREN)
    return booked.ru_utime + booked.ru_stime


def _end_orphans() -> None:
    with suppress(ChildProcessError):
        while True:
            for pid in tree(os.getpid())[1:]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            os.waitpid(-1, 0)


def tree(pid: int) -> list[int]:
    """Return a process and all below it, as far as they live."""
    parents: dict[int, list[int]] = {}
    for child, parent in _parents():
        parents.setdefault(parent, []).append(child)
    found = [pid]
    for number in found:
        found += parents.get(number, [])
    return found


def _parents() -> Iterator[tuple[int, int]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):  # it has ended
                # The command's name stands in brackets and may hold anything, brackets too.
                state = (folder / "stat").read_text().rpartition(")")[2].split()
                yield int(folder.name), int(state[1])


def peak_memory(command: Sequence[str | Path], folder: Path) -> float:
    """Run a command; return its tree's peak of summed PSS in megabytes, looked at every 2 ms.

    PSS counts a page that n processes share as 1/n in each: pages that a fork has not changed, and
    libraries, count once, as they do for a container. Where the kernel does not show it (another
    user's process, one that may not be dumped), the resident size stands in, which is larger.

    Raises:
        RuntimeError: the command failed.
    """
    process = _started(command, folder, subprocess.DEVNULL)
    best = 0.0
    while process.poll() is None:
        best = max(best, sum(map(_usage, tree(process.pid))))
        time.sleep(SAMPLE_S)
    if process.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {process.returncode}")
    return best


def _usage(pid: int) -> float:
    """Return the PSS of a process in megabytes; its resident size where PSS is not shown."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    with suppress(OSError):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 2**20
    return 0.0
