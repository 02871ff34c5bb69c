"""Too much memory."""

import threading
import time

import numpy as np


def one_array():
    return np.ones(1 << 30)


def many_arrays():
    kept = []
    while True:
        kept.append(np.ones(1 << 17))


def one_list():
    return [None] * (1 << 30)


def long_text():
    return "x" * (1 << 30)


def broadcast_reply():
    return np.broadcast_to(1.0, 10**10)


def large_reply():
    return np.zeros(3 << 20)


def long_list_reply():
    return [None, "a"] * 500_000


def long_integer():
    return 10**300_000


def deep_list():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    return deep


def cyclic_list():
    cyclic = []
    cyclic += [cyclic, cyclic]
    return cyclic


def threads():
    """Start threads until there are no more; return how many there were."""
    count = 0
    try:
        while count < 2000:
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
            count += 1
    except (RuntimeError, MemoryError):
        pass
    return count


def text_of_an_exception():
    raise ValueError("x" * (100 << 20))
