"""The filter of system calls: its table against the kernel's, its program by interpretation."""

from __future__ import annotations

import ctypes
import ctypes.util
import errno
import re
import signal
import struct
from pathlib import Path

import pytest

from autograder.box import seccomp

PROCESS = 4321
OTHER = 99
HEADER = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
ALLOW, KILL = 0x7FFF0000, 0x80000000
REFUSED, ABSENT, SKIPPED = (0x50000 | number for number in (errno.EPERM, errno.ENOSYS, 0))
I386, X32 = 0x40000003, 0x40000000
MOST_INSTRUCTIONS = 4096  # BPF_MAXINSNS of <linux/bpf_common.h>
MACHINES = list(seccomp.ARCHITECTURES)


def interpret(content: bytes, data: bytes) -> int:
    """Run a program of classic BPF on a `struct seccomp_data`, as the kernel would."""
    program = list(struct.iter_unpack("HBBI", content))
    accumulator = at = 0
    while True:
        code, then, otherwise, value = program[at]
        at += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from("I", data, value)
        elif code == 0x54:
            accumulator &= value
        elif code == 0x06:
            return int(value)
        else:
            holds = {0x15: accumulator == value, 0x35: accumulator >= value}
            holds[0x45] = bool(accumulator & value)
            at += then if holds[code] else otherwise


def answer(machine: str, number: int, *arguments: int, audit: int | None = None) -> int:
    kind = seccomp.ARCHITECTURES[machine][0] if audit is None else audit
    words = [argument & (1 << 64) - 1 for argument in (*arguments, *[0] * (6 - len(arguments)))]
    data = struct.pack("iIQ6Q", number, kind, 0, *words)
    return interpret(seccomp.program(PROCESS, machine), data)


def number_of(name: str, machine: str) -> int | None:
    return seccomp.NUMBERS[name][seccomp.ARCHITECTURES[machine][1]]


@pytest.mark.parametrize("machine", MACHINES)
def test_the_table_agrees_with_libseccomp(machine: str) -> None:
    path = ctypes.util.find_library("seccomp")
    if path is None:
        pytest.skip("libseccomp is not here to compare with")
    resolve = ctypes.CDLL(path).seccomp_syscall_resolve_name_arch
    resolve.argtypes = [ctypes.c_uint32, ctypes.c_char_p]
    audit, column = seccomp.ARCHITECTURES[machine]
    known = {name: resolve(audit, name.encode()) for name in seccomp.NUMBERS}
    ours = {name: row[column] for name, row in seccomp.NUMBERS.items()}
    # -1: newer than the library; below that: another architecture's.
    assert ours == {
        name: (None if n < -1 else ours[name] if n == -1 else n) for name, n in known.items()
    }
    assert sum(number == -1 for number in known.values()) <= 3


def test_the_table_agrees_with_the_kernels_header() -> None:
    if not HEADER.is_file():
        pytest.skip(f"{HEADER} is not installed")
    pairs = re.findall(r"#define __NR_(\w+) (\d+)", HEADER.read_text())
    known = {name: int(number) for name, number in pairs}
    ours = {name: row[0] for name, row in seccomp.NUMBERS.items() if name in known}
    assert ours == {name: known[name] for name in ours}
    assert len(ours) > 100


@pytest.mark.parametrize("machine", MACHINES)
def test_no_number_stands_twice(machine: str) -> None:
    numbers = [number_of(name, machine) for name in seccomp.NUMBERS]
    found = [number for number in numbers if number is not None]
    assert len(found) == len(set(found)) > 90
    assert max(found) <= seccomp.NEWEST


@pytest.mark.parametrize("machine", MACHINES)
def test_the_program_fits_and_every_way_through_it_ends(machine: str) -> None:
    content = seccomp.program(PROCESS, machine)
    assert len(content) % 8 == 0
    assert len(content) // 8 < MOST_INSTRUCTIONS
    answers = {answer(machine, number) for number in range(seccomp.NEWEST + 40)}
    assert answers == {ALLOW, REFUSED, ABSENT, SKIPPED}


def test_an_unknown_machine_has_no_filter() -> None:
    with pytest.raises(OSError, match="riscv64"):
        seccomp.program(PROCESS, "riscv64")


# A call, its arguments, and what the filter says; the same on both architectures.
ANSWERS = {
    "a process": ("clone", (signal.SIGCHLD,), REFUSED),
    "a thread": ("clone", (0x3D0F00,), ALLOW),
    "clone3": ("clone3", (0, 88), ABSENT),
    "a program": ("execve", (), REFUSED),
    "a program by descriptor": ("execveat", (), REFUSED),
    "a socket": ("socket", (2, 1), REFUSED),
    "a pair": ("socketpair", (1, 1), ALLOW),
    "a pair that is not inherited": ("socketpair", (1, 1 | 0o2000000), ALLOW),
    "a pair of datagrams": ("socketpair", (1, 2), REFUSED),
    "a pair of datagrams with flags": ("socketpair", (1, 2 | 0o4000), REFUSED),
    "a pair of packets": ("socketpair", (1, 5), REFUSED),
    "a pair of another family": ("socketpair", (30, 1), REFUSED),
    "a signal to itself": ("kill", (PROCESS, 9), ALLOW),
    "a signal to another": ("kill", (OTHER, 9), REFUSED),
    "a signal to all": ("kill", (-1, 9), REFUSED),
    "a signal to its group": ("kill", (0, 9), REFUSED),
    "a signal to the group by number": ("kill", (-PROCESS, 9), REFUSED),
    "a signal to its thread": ("tgkill", (PROCESS, PROCESS + 1, 6), ALLOW),
    "a signal to another's thread": ("tgkill", (OTHER, OTHER, 6), REFUSED),
    "a thread of anybody": ("tkill", (PROCESS, 6), REFUSED),
    "asking for limits": ("prlimit64", (0, 7, 0, 0xFFFF), ALLOW),
    "setting limits": ("prlimit64", (0, 7, 0xFFFF, 0), REFUSED),
    "setting limits from high memory": ("prlimit64", (0, 7, 1 << 32, 0), REFUSED),
    "outliving the server": ("prctl", (1, 0), REFUSED),
    "outliving it, with odd upper bits": ("prctl", (1 | 1 << 32, 0), REFUSED),
    "a thread's name": ("prctl", (15, 0xFFFF), ALLOW),
    "an owner of signals": ("fcntl", (1, 8, OTHER), REFUSED),
    "which signal": ("fcntl", (1, 10, 9), REFUSED),
    "an owner of another kind": ("fcntl", (1, 15, 0xFFFF), REFUSED),
    "flags of a file": ("fcntl", (1, 3), ALLOW),
    "an owner by ioctl": ("ioctl", (1, 0x8901, 0xFFFF), REFUSED),
    "a group by ioctl": ("ioctl", (1, 0x8902, 0xFFFF), REFUSED),
    "typing into a terminal": ("ioctl", (0, 0x5412, 0xFFFF), REFUSED),
    "the size of a terminal": ("ioctl", (1, 0x5413, 0xFFFF), ALLOW),
    "changing a mode": ("fchmodat", (), SKIPPED),
    "changing times": ("utimensat", (), SKIPPED),
    "rings": ("io_uring_setup", (), REFUSED),
    "memory without a limit": ("memfd_create", (), REFUSED),
    "the priority of another": ("sched_setattr", (OTHER,), REFUSED),
    "the processors of another": ("sched_setaffinity", (OTHER,), REFUSED),
    "a link": ("symlinkat", (), REFUSED),
    "watching files": ("inotify_add_watch", (), REFUSED),
}
ALLOWED = {
    "sendto": (44, 206),
    "read": (0, 63),
    "mmap": (9, 222),
    "futex": (202, 98),
    "exit_group": (231, 94),
    "renameat2": (316, 276),
    "mkdirat": (258, 34),
}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("case", ANSWERS)
def test_what_the_filter_says(case: str, machine: str) -> None:
    name, arguments, expected = ANSWERS[case]
    number = number_of(name, machine)
    assert number is not None
    assert answer(machine, number, *arguments) == expected


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", ALLOWED)
def test_what_computing_needs_is_allowed(name: str, machine: str) -> None:
    assert answer(machine, ALLOWED[name][seccomp.ARCHITECTURES[machine][1]]) == ALLOW


@pytest.mark.parametrize("machine", MACHINES)
def test_newer_calls_do_not_exist(machine: str) -> None:
    for number in (*range(463, 481), X32, X32 + 59, X32 + 520, 2**31 - 1):
        assert answer(machine, number) == ABSENT


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("audit", [I386, 0x40000028, 0])
def test_code_of_another_architecture_ends_the_process(machine: str, audit: int) -> None:
    assert answer(machine, 39, audit=audit) == KILL


def test_each_architecture_ends_the_others_code() -> None:
    for machine in MACHINES:
        others = [audit for name, (audit, _) in seccomp.ARCHITECTURES.items() if name != machine]
        assert all(answer(machine, 0, audit=audit) == KILL for audit in others)
