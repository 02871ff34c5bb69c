"""User numbers for workers, each used by one worker of this machine at a time."""

from __future__ import annotations

import socket
import threading

from gradlab.errors import GraderFault

__all__ = ["Uids"]

# Between what distributions give to people and what systemd gives to services
# (systemd's "Users, Groups, UIDs and GIDs on systemd Systems").
FIRST, COUNT = 60600, 500


class Uids:
    """Lends user numbers; a number is ours while we hold a socket of that name.

    Such a name vanishes with its process, so nothing is left to be cleaned up.
    """

    def __init__(self) -> None:
        self._names: dict[int, socket.socket] = {}
        self._idle: list[int] = []
        self._lock = threading.Lock()

    def take(self) -> int:
        """Return a number that no other worker of this machine has.

        Raises:
            GraderFault: all are taken.
        """
        with self._lock:
            return self._idle.pop() if self._idle else self._claim()

    def give(self, uid: int) -> None:
        """Take a number back; its worker must have ended."""
        with self._lock:
            if uid in self._names:
                self._idle.append(uid)

    def close(self) -> None:
        """Let others have the numbers."""
        with self._lock:
            for name in self._names.values():
                name.close()
            self._names.clear()
            self._idle.clear()

    def _claim(self) -> int:
        for uid in range(FIRST, FIRST + COUNT):
            if uid not in self._names and (name := _bound(f"\0gradlab-uid-{uid}")):
                self._names[uid] = name
                return uid
        raise GraderFault(f"{COUNT} workers run on this machine already; use fewer --jobs")


def _bound(address: str) -> socket.socket | None:
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(address)
    except OSError:
        name.close()
        return None
    return name
