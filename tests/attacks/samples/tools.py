"""What the attacks share: trying many things, and system calls without libc's help."""

import ctypes
import os

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
REFUSALS = (1, 13, 38)  # EPERM, EACCES, ENOSYS


def tried(**attempts):
    """Return the names of the attempts that did not raise, nor return False."""
    done = []
    for name, attempt in attempts.items():
        try:
            if attempt() is not False:
                done.append(name)
        except BaseException:
            continue
    return done


def call(scene, name, *arguments):
    """Make a system call by name."""
    return raw(scene["calls"][name], *arguments)


def raw(number, *arguments):
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = LIBC.syscall(ctypes.c_long(number), *words)
    if result < 0:
        raise OSError(ctypes.get_errno(), str(number))
    return result


def reached(number, *arguments):
    """Tell whether the kernel looked at a call at all, whatever it thought of the arguments."""
    try:
        raw(number, *arguments)
    except OSError as error:
        return error.errno not in REFUSALS
    return True


def child(make):
    """Start a process by `make`, which returns 0 in the child; the child ends at once."""
    pid = make()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
