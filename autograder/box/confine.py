"""How a forked process becomes a worker that can do nothing but compute.

The order matters: what needs privilege comes before privilege is given up, and the filter of
system calls comes last, since it refuses what the earlier layers use.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from . import kernel, landlock, seccomp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Box", "confine", "die_with", "go_first", "open_doors", "prepare", "readable"]

MOST_OPEN_FILES = 64
MOST_THREADS = 64
FIRST_TO_GO = "1000"  # to the kernel, when memory runs out
# Where the loader, the C library and Python look for what is not below Python's own prefix.
SYSTEM = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo"),
    *("/etc/ld.so.cache", "/etc/localtime", "/dev/urandom", "/sys/devices/system/cpu"),
)


@dataclass(frozen=True)
class Box:
    """The layers around every worker of a fork server.

    Attributes:
        level: their name: full, container, user or split.
        own_user: whether each worker gets a user number of its own; otherwise a worker of root
            loses every capability.
        landlock: whether it reaches the files of Python and its own folder alone.
        seccomp: whether system calls are filtered.
        jail: whether its root folder is one that holds Python alone.
        landlock_most: use no later version of Landlock than this one.
        memory_mb: no worker gets more, whatever its limits say; 0 for no such bound.
    """

    level: str = "split"
    own_user: bool = False
    landlock: bool = False
    seccomp: bool = False
    jail: bool = False
    landlock_most: int | None = None
    memory_mb: int = 0


def readable() -> list[str]:
    """Return the folders that a worker must read to compute with numpy.

    Never taken from `sys.path`: an editable installation puts a whole repository there.
    """
    prefixes = {sys.prefix, sys.base_prefix}
    ours = [str(Path(prefix) / name) for prefix in prefixes for name in ("lib", "lib64")]
    numpy_home = Path(np.__file__).parent.parent  # elsewhere after `pip install --target`
    return sorted({*ours, *SYSTEM, str(numpy_home)})


def die_with(parent: int) -> None:
    """End this process when the fork server ends, even if it has ended by now."""
    kernel.prctl(kernel.SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def prepare(box: Box) -> None:
    """Do what is the same for every worker, once before they are forked.

    Raises:
        OSError: this machine cannot have such a box.
    """
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    if box.landlock:
        _roots()
    if box.seccomp:
        seccomp.for_process(0)


@cache
def _roots() -> tuple[str, ...]:
    """Return the readable places without what lies in another of them, or has two names."""
    places = {Path(place).resolve() for place in readable()}
    return tuple(sorted(str(place) for place in places if places.isdisjoint(place.parents)))


def confine(box: Box, uid: int, jail: str, folder: str, limits: Mapping[str, int]) -> None:
    """Put every layer of `box` around this process, for good.

    Args:
        box: the layers.
        uid: the user number to take; 0 to keep the present one.
        jail: the root folder to take; '' to keep the present one.
        folder: the process's own folder, below that root, where it is from then on.
        limits: the fields of `gradlab.course.Limits`.

    Raises:
        OSError: a layer is not to be had; the caller must end the process.
    """
    parent = os.getppid()
    die_with(parent)
    os.umask(0o077)
    _limit(box, uid, limits)
    if jail:
        os.chroot(jail)
    if uid:
        _become(uid)
        die_with(parent)  # a change of user clears it
    elif box.seccomp and os.geteuid() == 0:
        kernel.drop_capabilities()
    os.chdir(folder)
    if box.landlock or box.seccomp:
        kernel.no_new_privileges()
    if box.landlock:
        landlock.restrict(_roots(), folder, box.landlock_most)
    if box.seccomp:
        seccomp.apply(seccomp.for_process(os.getpid()))


def go_first() -> None:
    """Let the kernel end this process and its children first when memory is full."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO)


def _become(uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def _limit(box: Box, uid: int, limits: Mapping[str, int]) -> None:
    """Bound CPU time, memory, file size and open files.

    Memory is counted from the size at this moment, since the interpreter and numpy are already
    there. CPU time is watched from outside; this bound holds when nobody watches any more.
    """
    size = _pages() * resource.getpagesize()
    memory = size + (min(limits["memory_mb"], box.memory_mb or limits["memory_mb"]) << 20)
    bounds = {
        resource.RLIMIT_CPU: (limits["cpu_s"] + 1, limits["cpu_s"] + 2),
        resource.RLIMIT_AS: (memory, memory),
        resource.RLIMIT_FSIZE: (limits["file_mb"] << 20, limits["file_mb"] << 20),
        resource.RLIMIT_NOFILE: (MOST_OPEN_FILES, MOST_OPEN_FILES),
        resource.RLIMIT_CORE: (0, 0),
    }
    if uid:  # otherwise it would count every process of the user
        bounds[resource.RLIMIT_NPROC] = (MOST_THREADS, MOST_THREADS)
    for kind, bound in bounds.items():
        resource.setrlimit(kind, bound)


def _pages() -> int:
    """Return the size of this process's address space, in pages."""
    number = os.open("/proc/self/statm", os.O_RDONLY)
    try:
        return int(os.read(number, 100).split()[0])
    finally:
        os.close(number)


def open_doors(box: Box, secret: str) -> list[str]:
    """Try from inside what `box` should refuse; return what worked all the same.

    Args:
        box: the layers around this process.
        secret: a file that only the grader may read.
    """
    tries: dict[str, Callable[[], object]] = {}
    if box.landlock or box.jail:
        tries["reading the grader's files"] = Path(secret).read_bytes
        tries["reading the system's files"] = lambda: os.scandir("/etc").close()
    if box.seccomp:
        tries["the network"] = lambda: socket.socket().close()
    return [name for name, attempt in tries.items() if _works(attempt)]


def _works(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError:
        return False
    return True
