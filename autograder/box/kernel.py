"""The few system calls for which Python has no function, through libc."""

from __future__ import annotations

import ctypes
import os

__all__ = [
    "default_signal",
    "drop_capabilities",
    "never_dumped",
    "no_new_privileges",
    "prctl",
    "syscall",
]

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long

# <linux/prctl.h>
SET_PDEATHSIG, SET_DUMPABLE, SET_SECCOMP, SET_NO_NEW_PRIVS = 1, 4, 22, 38
CAPSET = {"x86_64": 126, "aarch64": 91}
CAPABILITY_VERSION_3 = 0x20080522  # <linux/capability.h>: two words for each set
OURSELVES = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
NO_CAPABILITIES = (ctypes.c_uint32 * 6)()


def syscall(number: int, *arguments: object) -> int:
    """Return what a system call returns.

    Raises:
        OSError: it failed.
    """
    result: int = LIBC.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"system call {number}: {_why()}")
    return result


def prctl(option: int, *values: object) -> None:
    """Set a property of this process.

    Raises:
        OSError: it failed.
    """
    if LIBC.prctl(option, *values, *[0] * (4 - len(values))):
        raise OSError(ctypes.get_errno(), f"prctl {option}: {_why()}")


def default_signal(number: int) -> None:
    """Let the kernel handle a signal as it does by default.

    `signal.signal` looks up words for numbers, which costs a forked process copies of many pages.
    """
    LIBC.signal(ctypes.c_int(number), None)


def never_dumped(*, never: bool = True) -> None:
    """Keep processes of the same user from reading this one's memory and environment."""
    prctl(SET_DUMPABLE, int(not never))


def no_new_privileges() -> None:
    """Give up gaining privileges by starting a program, for good."""
    prctl(SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """Give up every capability, for good where no program can be started.

    Raises:
        OSError: it failed.
    """
    number = CAPSET[os.uname().machine]
    syscall(number, ctypes.byref(OURSELVES), ctypes.byref(NO_CAPABILITIES))


def _why() -> str:
    return os.strerror(ctypes.get_errno())
