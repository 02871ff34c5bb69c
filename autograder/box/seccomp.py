"""seccomp: the system calls that a worker is refused, as a filter of classic BPF made by hand.

See seccomp(2), <linux/filter.h> and <linux/seccomp.h>. A refused call fails with EPERM, unless said
otherwise. What is not named here is allowed, up to the newest call that was looked at; a later one
"does not exist".
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

from .kernel import SET_SECCOMP, prctl

__all__ = ["ARCHITECTURES", "NUMBERS", "apply", "for_process", "program"]

# The audit number of each architecture, and its column below.
ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
NEWEST = 462  # mseal, Linux 6.10; numbers above 424 are the same everywhere

# Name, number on x86_64, number on aarch64; "-" where there is none.
# New processes and programs: with them no fork bombs, daemons or inherited pipes.
_PROCESSES = """
fork 57 -  vfork 58 -  execve 59 221  execveat 322 281  setsid 112 157  setpgid 109 154
"""
# The network, and every socket that has a name.
_NETWORK = """
socket 41 198  connect 42 203  bind 49 200  listen 50 201  accept 43 202  accept4 288 242
"""
# Other processes: their memory, descriptors and signals.
_OTHERS = """
ptrace 101 117  process_vm_readv 310 270  process_vm_writev 311 271  kcmp 312 272
pidfd_open 434 434  pidfd_getfd 438 438  pidfd_send_signal 424 424
process_madvise 440 440  process_mrelease 448 448
tkill 200 130  rt_sigqueueinfo 129 138  rt_tgsigqueueinfo 297 240
"""
# Namespaces, mounts, files by another name than their path, and files that are none.
_NAMESPACES = """
unshare 272 97  setns 308 268  mount 165 40  umount2 166 39  pivot_root 155 41  chroot 161 51
open_tree 428 428  move_mount 429 429  fsopen 430 430  fsconfig 431 431  fsmount 432 432
fspick 433 433  mount_setattr 442 442  name_to_handle_at 303 264  open_by_handle_at 304 265
symlink 88 -  symlinkat 266 36  link 86 -  linkat 265 37  mknod 133 -  mknodat 259 33
"""
# The machine, and interfaces of the kernel that numerical code has no use for.
_MACHINE = """
bpf 321 280  perf_event_open 298 241  userfaultfd 323 282  seccomp 317 277
keyctl 250 219  add_key 248 217  request_key 249 218
io_uring_setup 425 425  io_uring_enter 426 426  io_uring_register 427 427
kexec_load 246 104  kexec_file_load 320 294
init_module 175 105  finit_module 313 273  delete_module 176 106
reboot 169 142  swapon 167 224  swapoff 168 225  syslog 103 116  acct 163 89
quotactl 179 60  quotactl_fd 443 443  settimeofday 164 170  clock_settime 227 112
adjtimex 159 171  clock_adjtime 305 266  sethostname 170 161  setdomainname 171 162
fanotify_init 300 262  lookup_dcookie 212 18  vhangup 153 58  personality 135 92
iopl 172 -  ioperm 173 -  modify_ldt 154 -  uselib 134 -  ustat 136 -
mbind 237 235  move_pages 279 239  migrate_pages 256 238
inotify_init 253 -  inotify_init1 294 26  inotify_add_watch 254 27
"""
# Memory that no limit of this process counts; and `truncate`, which Landlock learnt late.
_STORES = """
memfd_create 319 279  memfd_secret 447 447  truncate 76 45
shmget 29 194  shmat 30 196  shmctl 31 195
semget 64 190  semop 65 193  semctl 66 191  semtimedop 220 192
msgget 68 186  msgsnd 69 189  msgrcv 70 188  msgctl 71 187  mq_open 240 180  mq_unlink 241 181
"""
# This process's own limits and its share of the machine, and those of others of the same user.
_LIMITS = """
setrlimit 160 164  setpriority 141 140  sched_setscheduler 144 119  sched_setattr 314 274
sched_setparam 142 118  sched_setaffinity 203 122  ioprio_set 251 30
"""
# Skipped, with success reported: programs change modes and times without need, and would fail.
# Landlock does not cover these, and files of the grader's user may be in reach.
_SKIPPED = """
chmod 90 -  fchmod 91 52  fchmodat 268 53  fchmodat2 452 452
chown 92 -  lchown 94 -  fchown 93 55  fchownat 260 54
setxattr 188 5  lsetxattr 189 6  fsetxattr 190 7
removexattr 197 14  lremovexattr 198 15  fremovexattr 199 16
utime 132 -  utimes 235 -  utimensat 280 88  futimesat 261 -
"""
# Named in the rules by argument below.
_BY_ARGUMENT = """
clone 56 220  clone3 435 435  prlimit64 302 261  kill 62 129  tgkill 234 131
socketpair 53 199  prctl 157 167  fcntl 72 25  ioctl 16 29
"""

# Calls that are refused for one value of one argument: its position and its value.
_VALUES = {
    # Outliving the fork server.
    "prctl": (0, (1,)),
    # Signals to other processes through a descriptor: F_SETOWN, F_SETSIG, F_SETOWN_EX.
    "fcntl": (1, (8, 10, 15)),
    # The same by FIOSETOWN and SIOCSPGRP; and typing into a terminal by TIOCSTI.
    "ioctl": (1, (0x8901, 0x8902, 0x5412)),
}
CLONE_THREAD = 0x10000
NOBODY = 0x4EADBEEF  # stands for a process's number, which no machine has so large
AF_UNIX, SOCK_STREAM, SOCK_TYPES = 1, 1, 0xF

ALLOW, KILL, FAIL = 0x7FFF0000, 0x80000000, 0x00050000
REFUSE, ABSENT, SKIP = FAIL | errno.EPERM, FAIL | errno.ENOSYS, FAIL

# Instructions of classic BPF, and where `struct seccomp_data` has what they load.
LOAD, AND, EQUAL, ATLEAST, ANYBIT, RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
CALL, ARCHITECTURE, ARGUMENTS = 0, 4, 16
SECCOMP_MODE_FILTER = 2


def _read(table: str) -> dict[str, tuple[int | None, int | None]]:
    words = [None if word == "-" else word for word in table.split()]
    rows = zip(words[::3], words[1::3], words[2::3], strict=True)
    return {str(n): (int(a) if a else None, int(b) if b else None) for n, a, b in rows}


_REFUSED = _read(_PROCESSES + _NETWORK + _OTHERS + _NAMESPACES + _MACHINE + _STORES + _LIMITS)
_MEANINGLESS = _read(_SKIPPED)
NUMBERS = {**_REFUSED, **_MEANINGLESS, **_read(_BY_ARGUMENT)}


def program(process: int, machine: str | None = None) -> bytes:
    """Return the filter for one process.

    Args:
        process: its number: it may send signals to itself alone.
        machine: an architecture's name; this machine's if None.

    Raises:
        OSError: there is no table for the architecture.
    """
    name = machine or os.uname().machine
    if name not in ARCHITECTURES:
        raise OSError(errno.ENOSYS, f"no filter of system calls for {name}")
    audit, column = ARCHITECTURES[name]
    numbers = {call: row[column] for call, row in NUMBERS.items()}
    answers = dict.fromkeys(_REFUSED, REFUSE) | dict.fromkeys(_MEANINGLESS, SKIP)
    rules = {call: [_do(RETURN, answer)] for call, answer in answers.items()} | _rules(process)
    known = {number: rules[call] for call, number in numbers.items() if number is not None}
    return b"".join(
        [
            _do(LOAD, ARCHITECTURE),
            *_unless(EQUAL, audit, _do(RETURN, KILL)),  # for instance 32-bit code
            _do(LOAD, CALL),
            *_when(ATLEAST, NEWEST + 1, _do(RETURN, ABSENT)),  # also the x32 convention
            *_search(_stretches(known)),
        ]
    )


def _stretches(known: Mapping[int, list[bytes]]) -> list[tuple[int, list[bytes]]]:
    """Return where other instructions begin to hold, from number 0 on, and which."""
    stretches: list[tuple[int, list[bytes]]] = []
    for number in range(NEWEST + 1):
        rules = known.get(number, [_do(RETURN, ALLOW)])
        if not stretches or stretches[-1][1] != rules:
            stretches.append((number, rules))
    return stretches


def _search(stretches: Sequence[tuple[int, list[bytes]]]) -> list[bytes]:
    """Return the instructions that find a call's stretch by halving.

    The kernel checks each instruction of a new filter and runs it for every number there is
    (`seccomp_cache_prepare`): a worker on its way into the box waits for both.
    """
    if len(stretches) == 1:
        return stretches[0][1]
    middle = len(stretches) // 2
    low, high = _search(stretches[:middle]), _search(stretches[middle:])
    return [_jump(ATLEAST, stretches[middle][0], len(low), 0), *low, *high]


@cache
def _for_any() -> bytes:
    return program(NOBODY)


def for_process(process: int) -> bytes:
    """Return the filter for one process of this machine, made once and filled in.

    Raises:
        OSError: there is no table for the architecture.
    """
    return _for_any().replace(struct.pack("I", NOBODY), struct.pack("I", process))


def _rules(process: int) -> dict[str, list[bytes]]:
    """Return the instructions for each call of `_BY_ARGUMENT`."""
    allow, refuse = _do(RETURN, ALLOW), _do(RETURN, REFUSE)
    to_itself = [_argument(0), *_when(EQUAL, process, allow), refuse]
    rules = {
        # Threads, but no processes. Asked for by clone3, whose flags a filter cannot see, glibc
        # tries clone next.
        "clone": [_argument(0), *_when(ANYBIT, CLONE_THREAD, allow), refuse],
        "clone3": [_do(RETURN, ABSENT)],
        # Not of datagrams, which can be sent to a name; nor of other families.
        "socketpair": [
            *(_argument(0), *_unless(EQUAL, AF_UNIX, refuse)),
            *(_argument(1), _do(AND, SOCK_TYPES), *_when(EQUAL, SOCK_STREAM, allow)),
            refuse,
        ],
        # Asking for a limit, but with no new one: both halves of that pointer are 0.
        "prlimit64": [
            *(_argument(2), *_unless(EQUAL, 0, refuse)),
            *(_argument(2, high=True), *_unless(EQUAL, 0, refuse)),
            allow,
        ],
        "kill": to_itself,
        "tgkill": to_itself,  # abort() and raise() use it
    }
    for call, (position, values) in _VALUES.items():
        tests = chain.from_iterable(_when(EQUAL, value, refuse) for value in values)
        rules[call] = [_argument(position), *tests, allow]
    return rules


def _do(code: int, value: int) -> bytes:
    return _jump(code, value, 0, 0)


def _jump(code: int, value: int, then: int, otherwise: int) -> bytes:
    return struct.pack("HBBI", code, then, otherwise, value)


def _when(test: int, value: int, *then: bytes) -> list[bytes]:
    return [_jump(test, value, 0, len(then)), *then]


def _unless(test: int, value: int, *then: bytes) -> list[bytes]:
    return [_jump(test, value, len(then), 0), *then]


def _argument(position: int, *, high: bool = False) -> bytes:
    """Load half of an argument; both architectures are little-endian."""
    return _do(LOAD, ARGUMENTS + 8 * position + 4 * high)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def apply(content: bytes) -> None:
    """Filter this process's calls from now on, for good; it must have no new privileges.

    Raises:
        OSError: it cannot be done.
    """
    kept = ctypes.create_string_buffer(content, len(content))
    filled = _Program(len(content) // 8, ctypes.cast(kept, ctypes.c_char_p))
    prctl(SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(filled))
