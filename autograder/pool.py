"""Threads that share the work on a class."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

__all__ = ["Pool"]


class Pool(ThreadPoolExecutor):
    """Threads that stop with what they do when something goes wrong, or on Ctrl-C."""

    def close(self) -> None:
        """Wait for what is running, and start nothing more."""
        self.shutdown(cancel_futures=True)
