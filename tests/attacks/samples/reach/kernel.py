"""Interfaces of the kernel that numerical code has no use for."""

import os

from tools import REFUSALS, call, raw, reached, tried

X32 = 0x40000000


def stores(scene):
    """Memory that no limit counts"""

    def made(create, control):
        key = call(scene, create, 0, 4096, 0o600)
        call(scene, control, key, 0, 0)

    return tried(
        memfd=lambda: call(scene, "memfd_create", b"x", 0),
        secret=lambda: call(scene, "memfd_secret", 0),
        segments=lambda: made("shmget", "shmctl"),
        queues=lambda: call(scene, "msgctl", call(scene, "msgget", 0, 0o600), 0, 0),
        semaphores=lambda: call(scene, "semctl", call(scene, "semget", 0, 1, 0o600), 0, 0, 0),
        unlinking=lambda: reached(scene["calls"]["mq_unlink"], b"no-such-queue"),
    )


def newer(scene):
    """System calls newer than the filter"""

    def exists(number):
        try:
            raw(number, -1, 0, 0, -1, 0)
        except OSError as error:
            return error.errno != 38
        return True

    return [str(number) for number in range(463, 481) if exists(number)]


def x32(scene):
    """System calls by the x32 convention"""
    if os.uname().machine != "x86_64":
        return []
    return [str(n) for n in (39, 57, 59, 41, 520) if reached(X32 + n, -1, 0, 0)]


def rare(scene):
    """Rare interfaces of the kernel"""
    numbers = scene["calls"]
    arguments = {
        "keyctl": (0, -3, 0),
        "add_key": (b"user", b"x", b"x", 1, -2),
        "bpf": (9999, 0, 0),
        "perf_event_open": (0, -1, -1, -1, 0),
        "userfaultfd": (1,),
        "personality": (0xFFFFFFFF,),
        "seccomp": (2, 0, 0),
        "syslog": (10, 0, 0),
        "fanotify_init": (0, 0),
        "io_uring_register": (-1, 0, 0, 0),
        "process_madvise": (-1, 0, 0, 0, 0),
        "quotactl": (-1, 0, 0, 0),
        "kexec_file_load": (-1, -1, 0, 0, 0),
        "finit_module": (-1, 0, 0),
        "move_pages": (0, 0, 0, 0, 0, 0),
    }
    assert 1 in REFUSALS
    return [name for name, words in arguments.items() if reached(numbers[name], *words)]
