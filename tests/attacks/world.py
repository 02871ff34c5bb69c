"""A grader's world to break, and how to tell what was broken."""

from __future__ import annotations

import os
import pty
import resource
import secrets
import shutil
import socket
import subprocess
import tempfile
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.box import seccomp
from tests.attacks.attack import call, session_of

if TYPE_CHECKING:
    from autograder.forkserver import ForkServer
    from autograder.session import CheckSession

TOKEN = "hidden-token-"  # noqa: S105 - what the grader alone may know


class Listeners:
    """Sockets that must not hear anything, and a terminal that must not show anything."""

    def __init__(self, folder: Path, tag: str) -> None:
        self._stack = ExitStack()
        self.tcp = self._bound(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
        self.udp = self._bound(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0))
        self.paths = [str(folder / "socket"), str(folder / "datagrams")]
        streams = self._bound(socket.AF_UNIX, socket.SOCK_STREAM, self.paths[0])
        datagrams = self._bound(socket.AF_UNIX, socket.SOCK_DGRAM, self.paths[1])
        abstract = self._bound(socket.AF_UNIX, socket.SOCK_STREAM, f"\0{tag}")
        self._streams, self._datagrams = [self.tcp, streams, abstract], [self.udp, datagrams]
        self._screen, self._keys = pty.openpty()
        self._stack.callback(os.close, self._screen)
        self._stack.callback(os.close, self._keys)
        os.set_blocking(self._screen, False)
        self.terminal = os.ttyname(self._keys)
        for path in self.paths:
            Path(path).chmod(0o777)

    def _bound(self, family: int, kind: int, address: Any) -> socket.socket:
        made = self._stack.enter_context(socket.socket(family, kind))
        made.bind(address)
        if kind == socket.SOCK_STREAM:
            made.listen()
        made.settimeout(0)
        return made

    def heard(self) -> list[str]:
        found = []
        for one in self._streams:
            with suppress(BlockingIOError):
                one.accept()[0].close()
                found.append("a connection came")
        for one in self._datagrams:
            with suppress(BlockingIOError):
                found.append(f"a datagram came: {one.recv(99)!r}")
        with suppress(BlockingIOError):
            found.append(f"the terminal shows {os.read(self._screen, 99)!r}")
        return found

    def close(self) -> None:
        self._stack.close()


class World:
    """A course with hidden checks, another student's worker and other processes to get at.

    Its files are open to every user, so that it is the box that holds and not their modes.
    """

    def __init__(self, server: ForkServer) -> None:
        self._server, self._stack = server, ExitStack()
        self.tag = f"gradlab-attack-{secrets.token_hex(6)}"
        self.course = Path(tempfile.mkdtemp(prefix=self.tag, dir="/tmp"))
        self._stack.callback(shutil.rmtree, self.course)
        self._write()
        self.listeners = self._stack.enter_context(closing(Listeners(self.course, self.tag)))
        self.bystander = self._stack.enter_context(_sleeper())
        self._neighbour = self._stack.enter_context(closing(_neighbour(server)))
        self.facts = self._facts()
        self._before = self._state()

    def _write(self) -> None:
        for name in ("checks.py", "results.json", "other.py"):
            (self.course / name).write_text(f"# {TOKEN}0 {name}\n")
            (self.course / name).chmod(0o666)
        (self.course / "empty").mkdir()
        for folder in (self.course, self.course / "empty"):
            folder.chmod(0o777)

    def _facts(self) -> dict[str, Any]:
        """Return what the attackers are told, so that none fails for want of knowledge."""
        worker = self._neighbour._worker
        assert worker is not None
        column = seccomp.ARCHITECTURES[os.uname().machine][1]
        return {
            "course": str(self.course),
            "checks": str(self.course / "checks.py"),
            "results": str(self.course / "results.json"),
            "other": str(self.course / "other.py"),
            "neighbour": str(worker._forked.folder / "mine"),
            "neighbour_pid": worker._forked.pid(),
            "grader": os.getpid(),
            "server": self._server.pid,
            "bystander": self.bystander.pid,
            "tag": self.tag,
            "tcp": self.listeners.tcp.getsockname()[1],
            "udp": self.listeners.udp.getsockname()[1],
            "socket": self.listeners.paths[0],
            "datagrams": self.listeners.paths[1],
            "terminal": self.listeners.terminal,
            "calls": {name: row[column] or 0 for name, row in seccomp.NUMBERS.items()},
        }

    def _state(self) -> dict[str, Any]:
        """Return everything that an attack must leave as it is."""
        pid = self.bystander.pid
        folders = (self.course, Path(self.facts["neighbour"]).parent)
        paths = [path for folder in folders for path in [folder, *sorted(folder.rglob("*"))]]
        looks = {str(path): _look(path) for path in paths}
        return {
            **looks,
            "the bystander's end": self.bystander.poll(),
            "the bystander's limits": resource.prlimit(pid, resource.RLIMIT_NOFILE),
            "the bystander's priority": os.getpriority(os.PRIO_PROCESS, pid),
            "the bystander's processors": os.sched_getaffinity(pid),
        }

    def damage(self) -> list[str]:
        """Return what is not as it was; processes and files that were left are removed."""
        now = self._state()
        keys = {*now, *self._before}
        found = [key for key in sorted(keys) if now.get(key) != self._before.get(key)]
        return found + self.listeners.heard() + self._left_processes() + self._left_files()

    def _left_processes(self) -> list[str]:
        """End the descendants of the fork server: its command line is theirs."""
        known = {self._server.pid, self.facts["neighbour_pid"]}
        mark, found = str(self._server.scratch.root).encode(), []
        for path in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (path / "cmdline").read_bytes() and int(path.name) not in known:
                    os.kill(int(path.name), 9)
                    found.append(f"process {path.name} is left")
        return found

    def _left_files(self) -> list[str]:
        places = {"/dev/shm", "/tmp", "/var/tmp", tempfile.gettempdir()}  # noqa: S108
        found = [path for place in places for path in Path(place).glob(f"{self.tag}*")]
        left = [path for path in found if path != self.course]
        for path in left:
            path.unlink(missing_ok=True)
        return [f"{path} was made" for path in left]

    def close(self) -> None:
        self._stack.close()


def _look(path: Path) -> tuple[Any, ...]:
    seen = path.lstat()
    content = path.read_bytes() if path.is_file() else b""
    return seen.st_mode, seen.st_uid, seen.st_mtime_ns, content, os.listxattr(path)


def _sleeper() -> subprocess.Popen[bytes]:
    class Sleeper(subprocess.Popen[bytes]):
        def __exit__(self, *_: object) -> None:
            self.kill()
            self.wait()

    return Sleeper(["/bin/sleep", "600"], stdin=subprocess.DEVNULL)


def _neighbour(server: ForkServer) -> CheckSession:
    source = "def f():\n    for name in ('mine', 'spare'): open(name, 'w').write('my answer')\n"
    session = session_of(server, {"work.py": source.encode()})
    call(session, "f")
    return session
