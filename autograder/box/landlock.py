"""Landlock: the files that this process may reach from now on, and nothing else.

Raw system calls; see landlock(7) and <linux/landlock.h>. Landlock takes no privilege, holds in
containers, and cannot be taken back. What it does not cover (changing modes, owners and times,
`truncate` below version 3, signals below version 6) the filter of `seccomp.py` refuses.
"""

from __future__ import annotations

import ctypes
import os
import stat
from contextlib import closing
from typing import TYPE_CHECKING

from .kernel import syscall

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["restrict", "version"]

# The same numbers on every architecture.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
ASK_VERSION = 1
PATH_BENEATH = 1

# Rights by bit, in the order of the header.
RIGHTS = [
    "execute",
    "write_file",
    "read_file",
    "read_dir",
    "remove_dir",
    "remove_file",
    "make_char",
    "make_dir",
    "make_reg",
    "make_sock",
    "make_fifo",
    "make_block",
    "make_sym",
    "refer",
    "truncate",
    "ioctl_dev",
]
BIT = {name: 1 << number for number, name in enumerate(RIGHTS)}
# How many of them each version knows; later ones as the last.
KNOWN = (0, 13, 14, 15, 15, 16)
NETWORK_SINCE, SCOPES_SINCE = 4, 6
BIND_AND_CONNECT = ABSTRACT_SOCKETS_AND_SIGNALS = 3


def _bits(names: str) -> int:
    return sum(BIT[name] for name in names.split())


OF_FILES = _bits("execute write_file read_file truncate ioctl_dev")
READ = _bits("read_file read_dir")
# Not execute, and no links, sockets, pipes or devices: nothing that leads out of the folder.
OWN = READ | _bits("write_file truncate remove_dir remove_file make_dir make_reg refer")


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


class _Descriptor(int):
    def close(self) -> None:
        os.close(self)


def version() -> int:
    """Return the version that the kernel offers, 0 for none."""
    try:
        return syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(ASK_VERSION))
    except OSError:
        return 0


def restrict(readable: Iterable[str], own: str, most: int | None = None) -> None:
    """Allow this process and its threads to read `readable` and to use the folder `own`.

    Args:
        readable: files and folders; what is not there is passed over.
        own: the folder in which files may be made, changed and removed.
        most: use no later version than this one, to try what older kernels hold.

    Raises:
        OSError: it cannot be done.
    """
    offered = min(version(), most or version())
    files = (1 << KNOWN[min(offered, len(KNOWN) - 1)]) - 1
    with closing(_create(offered, files)) as ruleset:
        for path, rights in _rules(readable, own):
            _allow(ruleset, path, rights & files)
        syscall(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))


def _create(offered: int, files: int) -> _Descriptor:
    attributes = _Ruleset(files=files)
    size = 8
    if offered >= NETWORK_SINCE:
        attributes.network, size = BIND_AND_CONNECT, 16
    if offered >= SCOPES_SINCE:
        attributes.scoped, size = ABSTRACT_SOCKETS_AND_SIGNALS, 24
    flags = ctypes.c_uint32(0)
    number = syscall(CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), flags)
    return _Descriptor(number)


def _rules(readable: Iterable[str], own: str) -> Iterator[tuple[str, int]]:
    yield from ((path, READ) for path in readable)
    yield os.devnull, READ | BIT["write_file"]
    yield own, OWN


def _allow(ruleset: int, path: str, rights: int) -> None:
    """Add a rule; what is not there, or cannot be reached, needs none."""
    try:
        opened = _Descriptor(os.open(path, os.O_PATH | os.O_CLOEXEC))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    with closing(opened) as parent:
        if not stat.S_ISDIR(os.fstat(parent).st_mode):
            rights &= OF_FILES
        rule = _Beneath(rights, parent)
        arguments = (ctypes.c_int(PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0))
        syscall(ADD_RULE, ctypes.c_int(ruleset), *arguments)
