"""Ends that are no end."""

import ctypes
import mmap
import os
import signal
import socket
import sys
import threading

import numpy as np
import tools

LIBC = ctypes.CDLL(None)


def segmentation_fault():
    ctypes.string_at(0)


def abort():
    os.abort()


def kill_itself():
    os.kill(os.getpid(), signal.SIGKILL)


def recursion():
    return recursion()


def machine_code():
    """Fork by the 32-bit way into the kernel: mov eax, 2; int 0x80; and in the child, exit."""
    code = b"\xb8\x02\x00\x00\x00\xcd\x80\x85\xc0\x75\x09\xb8\x01\x00\x00\x00\x31\xdb\xcd\x80\xc3"
    page = mmap.mmap(-1, 4096, prot=7)
    page.write(code)
    where = ctypes.addressof(ctypes.c_char.from_buffer(page))
    return ctypes.CFUNCTYPE(ctypes.c_int)(where)() < 0


def exit_at_once():
    os._exit(3)


def closed_descriptors():
    os.closerange(0, 64)


def closed_channel():
    os.close(3)


def shut_channel():
    socket.socket(fileno=3).shutdown(socket.SHUT_RDWR)


def flood():
    while True:
        os.write(3, b"x" * 65536)


def descriptors_sent():
    """Send descriptors to the grader, who must not get them."""
    channel = socket.socket(fileno=os.dup(3))
    socket.send_fds(channel, [b"x"], [0, 1, 2])
    channel.close()


def interpreter_broken():
    np.ndarray = None
    sys.modules.clear()
    vars(sys.modules.get("builtins", tools)).clear()


def thread_that_ends_it_later():
    """Answer, and end the process a moment later, between two questions."""
    threading.Timer(0.05, os._exit, (9,)).start()
    return 1


def busy_thread():
    """Answer, and go on working."""

    def work():
        while True:
            pass

    threading.Thread(target=work, daemon=True).start()
    return 1
