"""A stand-in for the site's container, by what this machine offers; it says what that is.

Root gets namespaces, a root folder that holds the system alone, a container's usual capabilities
and, where cgroups can be made, their limits. Anybody else gets plain folders, with environment
variables that say where they lie, and the limits that a process can set for itself.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gradlab.errors import UserMistake

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from typing_extensions import Self

__all__ = ["Container", "Ran", "Size"]

HERE = Path(__file__).parent / "gradescope_files"
PROGRAMS = ("unshare", "setpriv", "mount", "chroot")
# Docker's default capabilities; CAP_SYS_ADMIN is not among them.
CAPABILITIES = (
    *("chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap"),
    *("net_bind_service", "net_raw", "sys_chroot", "mknod", "audit_write", "setfcap"),
)
CGROUPS = Path("/sys/fs/cgroup")
PERIOD_US = 100_000
GONE_S = 5


@dataclass(frozen=True)
class Size:
    """What a container may use: the site's defaults.

    Attributes:
        cpus: of one CPU.
        memory_mb: in 2**20 bytes.
    """

    cpus: float = 0.5
    memory_mb: int = 768


@dataclass(frozen=True)
class Ran:
    """How a command ended.

    Attributes:
        code: its exit code.
        said: what it printed.
        wall_s: how long it took.
    """

    code: int
    said: str
    wall_s: float


class Container:
    """The site's folders in a new folder of this machine, and a way to run commands there.

    Args:
        python: the interpreter that stands for the container's own.
        size: what a command may use.
        plain: take plain folders also where more is to be had.
        system: the root folder of another system, which is then used instead of this machine's.

    Raises:
        UserMistake: there is no room, or the interpreter cannot be used.
    """

    def __init__(
        self,
        python: Path,
        size: Size | None = None,
        *,
        plain: bool = False,
        system: Path | None = None,
    ) -> None:
        self.python, self.size, self._system = python, size or Size(), system
        self._home = _home_of(python)
        self._groups: dict[str, Path] = {}
        try:
            self._kept = tempfile.TemporaryDirectory(prefix=f"gradlab-rehearsal-{os.getpid()}-")
            self.folder = Path(self._kept.name)
            for name in ("autograder", "packages", "wheels", "root"):
                (self.folder / name).mkdir()
            self.folder.chmod(0o711)  # students' workers pass through
        except OSError as error:
            raise UserMistake(f"no room for a rehearsal: {error}") from error
        self.isolated = not plain and _isolates()
        if self.isolated:
            self._groups = _cgroups(self.size, self.folder.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove everything."""
        for group in self._groups.values():
            _remove(group)
        self._kept.cleanup()

    @property
    def root(self) -> Path:
        """What is `/autograder` there."""
        return self.folder / "autograder"

    @property
    def described(self) -> list[str]:
        """What stands for the site's container, a line for each part."""
        if not self.isolated:
            places = "plain folders, named by GRADLAB_ROOT and GRADLAB_PACKAGES; your own user"
            return [places, self._bounds(), "network as here"]
        system = self._system or "this machine's system, to be read only"
        rights = f"root with {len(CAPABILITIES)} capabilities, without CAP_SYS_ADMIN"
        return [f"a root folder of its own: {system}", rights, self._bounds(), "no network"]

    def _bounds(self) -> str:
        if self._groups:
            return f"{self.size.cpus:g} CPU and {self.size.memory_mb} MB, by cgroups"
        cpus = "one CPU" if shutil.which("taskset") else "all CPUs"
        each = f"{self.size.memory_mb} MB for each process"
        memory = each if shutil.which("prlimit") else "no limit of memory"
        return f"{cpus} instead of {self.size.cpus:g}, {memory}: no cgroups can be made here"

    def limited(self, command: Sequence[str]) -> list[str]:
        """Return the command line that runs a program of this machine within the limits."""
        join = 'for group in $1; do echo 0 >"$group/cgroup.procs"; done; shift; exec "$@"'
        groups = " ".join(map(str, self._groups.values()))
        return ["/bin/sh", "-c", join, "sh", groups, *command]

    def run(self, program: str, variables: dict[str, str], *, limited: bool = True) -> Ran:
        """Run a program of the zip.

        Args:
            program: its path below `/autograder`.
            variables: added to the environment.
            limited: within the container's size.
        """
        command = [*(() if self._groups or not limited else _own_limits(self.size))]
        command += self._entering(program, limited=limited)
        own = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8"}
        own |= {} if self._system else {"GRADLAB_PYTHON": str(self.python)}
        if not self.isolated:
            own |= {"GRADLAB_ROOT": str(self.root)}
            own |= {"GRADLAB_PACKAGES": str(self.folder / "packages")}
        begin = time.monotonic()
        done = subprocess.run(
            command, env={**own, **variables}, cwd="/", stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        said = done.stdout.decode("utf-8", "replace")
        return Ran(done.returncode, said, time.monotonic() - begin)

    def _entering(self, program: str, *, limited: bool) -> list[str]:
        if not self.isolated:
            return [str(self.root / program)]
        groups = " ".join(f"{seen}={group}" for seen, group in self._groups.items())
        spaces = ("--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child")
        enter = ["unshare", *spaces, "sh", str(HERE / "enter.sh"), str(self.folder / "root")]
        enter += [str(self.folder), str(self._system or ""), str(self._home)]
        enter += [groups if limited else "", ",".join(["-all", *(f"+{n}" for n in CAPABILITIES)])]
        return [*enter, f"/autograder/{program}"]


def _own_limits(size: Size) -> Iterator[str]:
    """Yield the beginning of a command that bounds itself, where no cgroups do."""
    if shutil.which("prlimit"):
        yield from ("prlimit", f"--as={size.memory_mb << 20}:")
    if shutil.which("taskset"):
        yield from ("taskset", "--cpu-list", str(min(os.sched_getaffinity(0))))


def _home_of(python: Path) -> Path:
    """Return the folder that an interpreter and its library lie in.

    Raises:
        UserMistake: it does not run, or is too old.
    """
    code = "import sys; print(sys.version_info >= (3, 10), sys.base_prefix)"
    try:
        ran = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        raise UserMistake(f"{python} cannot be run as a Python: {error}") from error
    new, _, home = ran.stdout.strip().partition(" ")
    if new != "True" or not home:
        raise UserMistake(f"{python} is no Python of version 3.10 or newer")
    return Path(home)


def _isolates() -> bool:
    """Tell whether namespaces and mounts can be made here."""
    if os.geteuid() != 0 or not all(shutil.which(name) for name in PROGRAMS):
        return False
    mounting = ["mount", "-t", "tmpfs", "none", "/mnt"]
    tried = ["unshare", "--mount", "--pid", "--net", "--fork", *mounting]
    return subprocess.run(tried, check=False, capture_output=True).returncode == 0


def _cgroups(size: Size, name: str) -> dict[str, Path]:
    """Make groups with the limits; return their folders by where they are seen inside, or {}."""
    quota, limit = int(size.cpus * PERIOD_US), f"{size.memory_mb << 20}"
    cpu = {"cpu.cfs_period_us": f"{PERIOD_US}", "cpu.cfs_quota_us": f"{quota}"}
    files = {"cpu": cpu, "memory": {"memory.limit_in_bytes": limit}}
    if (CGROUPS / "cgroup.controllers").is_file():  # version 2: one group for both
        files = {"": {"cpu.max": f"{quota} {PERIOD_US}", "memory.max": limit}}
    made: dict[str, Path] = {}
    try:
        for part, values in files.items():
            group = CGROUPS / part / name
            group.mkdir()
            made[str(CGROUPS / part)] = group
            for file, value in values.items():
                (group / file).write_text(value)
    except OSError:
        for group in made.values():
            _remove(group)
        return {}
    return made


def _remove(group: Path) -> None:
    """Remove a cgroup, as soon as the last of its processes is gone."""
    end = time.monotonic() + GONE_S
    while group.is_dir() and time.monotonic() < end:
        with suppress(OSError):
            group.rmdir()
            return
        time.sleep(0.01)
