"""What a student should see of a traceback, and a limit on how long a check takes."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType, TracebackType

    from typing_extensions import Self

__all__ = ["Alarm", "own_steps", "shown_steps"]

MOST_FRAMES = 12


def own_steps(error: BaseException, folder: Path) -> list[tuple[FrameType, int]]:
    """Return frame and line of each step of a traceback in the student's own code, in order."""
    steps = traceback.walk_tb(error.__traceback__)
    return [step for step in steps if _is_own(step[0].f_code.co_filename, folder)]


def shown_steps(steps: list[tuple[FrameType, int]], folder: Path) -> str:
    """Return the innermost steps as Python shows them, with paths as seen from the folder."""
    text = "".join(traceback.StackSummary.extract(iter(steps[-MOST_FRAMES:])).format())
    return text.replace(f"{folder}{os.sep}", "")


def _is_own(filename: str, folder: Path) -> bool:
    path = Path(filename)
    if path == Path(__file__) or filename.startswith("<frozen"):
        return False
    installed = {Path(sys.prefix), Path(sys.base_prefix), Path(os.__file__).parent}
    return folder in path.parents or installed.isdisjoint(path.parents)


class Alarm:
    """A time limit: the main thread is interrupted when it is over, as by Ctrl-C.

    It needs no timer signals, so that it works on every system. Code that computes outside Python,
    or sleeps, is not interrupted; and in another thread than the main one there is no limit.

    Args:
        seconds: of wall-clock time.

    Attributes:
        rang: whether the time is over.
    """

    def __init__(self, seconds: float) -> None:
        self.rang = False
        self._timer = threading.Timer(seconds, self._ring)
        self._timer.daemon = True
        self._before: Any = None

    def _ring(self) -> None:
        self.rang = True
        _thread.interrupt_main()

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.getsignal(signal.SIGINT)
            if self._before == signal.SIG_IGN:  # as shells start what runs in the background
                signal.signal(signal.SIGINT, signal.default_int_handler)
            self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._timer.cancel()
            if self._timer.ident:
                self._timer.join()
        except KeyboardInterrupt:  # it rang in this very moment, and the check has ended
            if not self.rang:
                raise
        if self._before == signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
