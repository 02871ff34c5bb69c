"""Other processes, by signals, tracing and their descriptors."""

import ctypes
import fcntl
import os
import signal
import socket
import struct

from tools import call, reached, tried

WINCH = signal.SIGWINCH  # harmless where it arrives


def signals(scene):
    """Sending signals to other processes"""
    info = (ctypes.c_int32 * 32)(0, 0, -1, 0, os.getpid())
    found = []
    for who in ("grader", "server", "bystander", "neighbour_pid"):
        pid = scene[who]
        found += tried(
            **{
                f"{who} kill": lambda p=pid: os.kill(p, 0),
                f"{who} group": lambda p=pid: os.kill(-p, 0),
                f"{who} tgkill": lambda p=pid: call(scene, "tgkill", p, p, 0),
                f"{who} tkill": lambda p=pid: call(scene, "tkill", p, 0),
                f"{who} queue": lambda p=pid: call(
                    scene, "rt_sigqueueinfo", p, WINCH, ctypes.byref(info)
                ),
                f"{who} descriptor": lambda p=pid: call(
                    scene, "pidfd_send_signal", call(scene, "pidfd_open", p, 0), 0, 0, 0
                ),
            }
        )
    return found + tried(everybody=lambda: os.kill(-1, 0), init=lambda: os.kill(1, 0))


def owners(scene):
    """Signals to other processes by way of a descriptor's owner"""
    mine, _ = socket.socketpair()
    other = scene["bystander"]

    def owns(change):
        change()
        return fcntl.fcntl(mine, fcntl.F_GETOWN) == other

    word = struct.pack("i", other)
    return tried(
        setown=lambda: owns(lambda: fcntl.fcntl(mine, fcntl.F_SETOWN, other)),
        setown_ex=lambda: owns(lambda: fcntl.fcntl(mine, 15, struct.pack("ii", 1, other))),
        fiosetown=lambda: owns(lambda: fcntl.ioctl(mine, 0x8901, word)),
        siocspgrp=lambda: owns(lambda: fcntl.ioctl(mine, 0x8902, word)),
        setsig=lambda: fcntl.fcntl(mine, fcntl.F_SETSIG, WINCH),
    )


def tracing(scene):
    """Tracing other processes, reading or writing their memory, taking their descriptors"""
    here = (ctypes.c_uint64 * 2)(ctypes.addressof(ctypes.create_string_buffer(8)), 8)
    there = (ctypes.c_uint64 * 2)(0, 8)  # nobody has memory there: the right alone is tried
    vectors = (ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
    numbers, other = scene["calls"], scene["bystander"]
    found = tried(
        seize=lambda: call(scene, "ptrace", 0x4206, other, 0, 0),
        traced=lambda: call(scene, "ptrace", 0, 0, 0, 0),
    )
    for who in ("grader", "server", "bystander", "neighbour_pid"):
        pid = scene[who]
        found += tried(
            **{
                f"{who} read": lambda p=pid: reached(numbers["process_vm_readv"], p, *vectors),
                f"{who} write": lambda p=pid: reached(numbers["process_vm_writev"], p, *vectors),
                f"{who} compare": lambda p=pid: call(scene, "kcmp", p, os.getpid(), 0, 0, 0),
                f"{who} handle": lambda p=pid: call(scene, "pidfd_open", p, 0),
                f"{who} descriptor": lambda p=pid: call(
                    scene, "pidfd_getfd", call(scene, "pidfd_open", p, 0), 0, 0
                ),
            }
        )
    return found


def terminal(scene):
    """Writing on the grader's terminal"""

    def typing():
        number = os.open(scene["terminal"], os.O_RDWR)
        fcntl.ioctl(number, 0x5412, b"x")

    return tried(
        colours=lambda: open(scene["terminal"], "w").write("\x1b[2J"),
        typing=typing,
        own=lambda: open("/dev/tty", "w").write("\x1b[2J"),
    )
