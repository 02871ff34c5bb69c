"""Threads that share the work on a class."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

__all__ = ["Pool"]

STOPPING = "stopping after what is running; Ctrl-C again to stop now"


class Pool(ThreadPoolExecutor):
    """Threads that stop with what they do when something goes wrong, or on Ctrl-C."""

    def close(self) -> None:
        """Wait for what is running, and start nothing more; say so where that is for a Ctrl-C."""
        if isinstance(sys.exc_info()[1], KeyboardInterrupt):
            with suppress(OSError):  # nobody listens
                sys.stderr.write(f"\n{STOPPING}\n")
                sys.stderr.flush()
        self.shutdown(cancel_futures=True)
