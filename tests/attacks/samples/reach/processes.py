"""New processes, and what keeps this one in its place."""

import ctypes
import multiprocessing
import os
import pty
import resource
import subprocess
import time

from tools import LIBC, call, child, raw, reached, tried

NUMBERS = {"x86_64": {"capget": 125, "capset": 126}, "aarch64": {"capget": 90, "capset": 91}}
SIGCHLD = 17


def starting(scene):
    """Starting processes and programs"""

    def missing(start):
        try:
            start("/no/such/program", ["x"])
        except FileNotFoundError:
            return True
        return False

    def clone3():
        arguments = (ctypes.c_uint64 * 8)(0, 0, 0, 0, SIGCHLD, 0, 0, 0)
        return call(scene, "clone3", ctypes.byref(arguments), 64)

    def worker():
        process = multiprocessing.get_context("fork").Process(target=os.getpid)
        process.start()
        process.join()

    return tried(
        fork=lambda: child(os.fork),
        clone=lambda: child(lambda: call(scene, "clone", SIGCHLD, 0, 0, 0, 0)),
        clone3=lambda: child(clone3),
        terminal=lambda: child(lambda: pty.fork()[0]),
        spawn=lambda: os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)[1] == 0,
        shell=lambda: os.system("true") == 0,
        subprocess=lambda: subprocess.run(["/bin/true"], check=True),
        multiprocessing=worker,
        execv=lambda: missing(os.execv),
        execveat=lambda: missing(
            lambda path, _: call(scene, "execveat", -100, path.encode(), 0, 0, 0)
        ),
    )


def daemon(scene):
    """A daemon that goes on after the worker's end"""

    def leave():
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.closerange(0, 64)
                time.sleep(30)
            os._exit(0)

    return tried(daemon=leave)


def staying(scene):
    """Going on when the fork server ends"""
    return tried(signal_of_the_parents_end=lambda: LIBC.prctl(1, 0, 0, 0, 0) == 0)


def limits(scene):
    """Raising its own limits, or changing limits and priority of other processes"""
    other = scene["bystander"]
    new = (ctypes.c_uint64 * 2)(100, 100)
    attributes = (ctypes.c_uint32 * 14)(56, 0, 0, 0, 5)
    mask = ctypes.c_uint64(1)

    def raise_cpu():
        resource.setrlimit(resource.RLIMIT_CPU, (999, 999))

    return tried(
        setrlimit=raise_cpu,
        lower=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32)),
        prlimit=lambda: call(scene, "prlimit64", other, 7, ctypes.byref(new), 0),
        prlimit_of_the_grader=lambda: call(scene, "prlimit64", scene["grader"], 7, 1, 0),
        setpriority=lambda: call(scene, "setpriority", 0, other, 7),
        sched_setattr=lambda: call(scene, "sched_setattr", other, ctypes.byref(attributes), 0),
        affinity=lambda: call(scene, "sched_setaffinity", other, 8, ctypes.byref(mask)),
        ioprio=lambda: call(scene, "ioprio_set", 1, other, 3 << 13),
    )


def privileges(scene):
    """Regaining privileges"""
    numbers = NUMBERS[os.uname().machine]
    before = os.getresuid()

    def capabilities():
        header = (ctypes.c_uint32 * 2)(0x20080522, 0)
        held = (ctypes.c_uint32 * 6)()
        every = (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 2 + [0] + [0x1FF] * 2 + [0])
        tried(capset=lambda: raw(numbers["capset"], ctypes.byref(header), ctypes.byref(every)))
        raw(numbers["capget"], ctypes.byref(header), ctypes.byref(held))
        return any(held)

    def become(change):
        change()
        return os.getresuid() != before

    return tried(
        setresuid=lambda: become(lambda: os.setresuid(0, 0, 0)),
        setuid=lambda: become(lambda: os.setuid(0)),
        setgroups=lambda: os.setgroups([0, 1]),
        capabilities=capabilities,
        ambient=lambda: LIBC.prctl(47, 2, 12, 0, 0) == 0,
    )


def namespaces(scene):
    """Making namespaces, mounting, changing the root folder"""
    return tried(
        user=lambda: call(scene, "unshare", 0x10000000),
        network=lambda: call(scene, "unshare", 0x40000000),
        mounts=lambda: call(scene, "unshare", 0x00020000),
        joining=lambda: reached(scene["calls"]["setns"], -1, 0),
        root=lambda: os.chroot("."),
        mounting=lambda: reached(scene["calls"]["mount"], 0, 0, 0, 0, 0),
        by_handle=lambda: reached(scene["calls"]["open_by_handle_at"], -1, 0, 0),
        tree=lambda: reached(scene["calls"]["open_tree"], -100, b".", 1),
    )
