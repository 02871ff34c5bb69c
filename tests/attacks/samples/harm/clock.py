"""Too much time."""

import os
import re
import signal
import sys
import time


def loop():
    while True:
        pass


def loop_that_ignores_signals():
    for number in range(1, 32):
        if number not in (9, 19):
            signal.signal(number, signal.SIG_IGN)
    while True:
        pass


def backtracking():
    re.match(r"(a+)+$", "a" * 64 + "b")


def long_power():
    return 7 ** (7**12)


def same_hashes():
    return {number * (2**61 - 1): 0 for number in range(1 << 22)}


def printing():
    while True:
        os.write(1, b"x" * 65536)


def sleep():
    time.sleep(60)


def stop():
    os.kill(os.getpid(), signal.SIGSTOP)


def trickle():
    os.write(3, b"glf1")
    while True:
        os.write(3, b"\0")
        time.sleep(0.3)


def waiting_for_input():
    return sys.stdin.read() or time.sleep(60)
