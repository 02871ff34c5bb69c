"""Running a master from top to bottom, for its outputs."""

from __future__ import annotations

import atexit
import os
import tempfile
import time
from dataclasses import dataclass, replace
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any

from generator.notebook import RELEASE_ONLY
from gradlab.errors import AuthorMistake, UserMistake

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from gradlab.errors import Place

__all__ = ["Run", "executed"]

KERNEL = "python3"  # of the Python that runs us
LONGEST = 200  # characters of an error's text


@dataclass
class Run:
    """How notebooks are run, and for how long they still may be.

    Attributes:
        folder: where; the package lies in it.
        environment: variables besides those of this process.
        minutes: of wall-clock time, for all notebooks together.
        progress: is told of every cell.
    """

    folder: Path
    environment: Mapping[str, str]
    minutes: float
    progress: Callable[[str], Any] = lambda _: None

    def __post_init__(self) -> None:
        self._end = time.monotonic() + 60 * self.minutes

    def left(self) -> int:
        """Return how many seconds are left, at least 1."""
        return max(1, round(self._end - time.monotonic()))


def executed(content: bytes, place: Place, run: Run) -> bytes:
    """Return a notebook with the outputs of all its cells; those for releases alone do not run.

    Raises:
        UserMistake: a package for running notebooks is missing, its kernel does not start, or
            time is up.
        AuthorMistake: a cell fails; says which and how.
    """
    try:
        nbformat, nbclient = import_module("nbformat"), import_module("nbclient")
        errors = import_module("nbclient.exceptions")
    except ImportError as error:
        message = "running notebooks needs the extra: pip install 'gradlab[staff]', or --no-run"
        raise UserMistake(message) from error
    notebook = nbformat.reads(content.decode(), as_version=4)
    at = replace(place, cell=None)

    def start(cell: Any, cell_index: int) -> None:
        nonlocal at
        at = replace(place, cell=cell.id)
        run.progress(f"{place.file}: cell {cell_index + 1} of {len(notebook.cells)}, {cell.id}")

    # A cell's own prints come as its outputs; what is left is the kernel's talk when it ends.
    client = _client(nbclient, notebook, run, start)
    with tempfile.TemporaryFile() as talk:
        try:
            _execute(client, run, talk)
        except errors.CellTimeoutError as error:
            message = f"{at}: {run.minutes:g} minutes are over; give more (--minutes), or --no-run"
            raise UserMistake(message) from error
        except errors.CellExecutionError as error:
            message = f"the master does not run: {error.ename}: {error.evalue}"
            raise AuthorMistake(message.split("\n")[0][:LONGEST], at) from error
        except errors.DeadKernelError as error:
            raise AuthorMistake("the master does not run: the kernel died", at) from error
        except Exception as error:
            if at.cell is not None:
                raise
            # At the end of the process nbclient would clean up once more, and fail.
            atexit.unregister(client._cleanup_kernel)  # noqa: SLF001
            said = _last_words(talk)
            message = f"Jupyter's kernel {KERNEL} does not start{said}; mend it, or --no-run"
            raise UserMistake(message) from error
    return f"{nbformat.writes(notebook)}\n".encode()


def _client(nbclient: Any, notebook: Any, run: Run, start: Callable[[Any, int], None]) -> Any:
    """Return what executes a notebook's cells, telling `start` of each."""
    return nbclient.NotebookClient(
        notebook,
        kernel_name=KERNEL,
        timeout_func=lambda _: run.left(),
        skip_cells_with_tag=RELEASE_ONLY,
        extra_arguments=["--log-level=50"],  # the kernel's advice is not for us
        record_timing=False,
        on_cell_start=start,
        resources={"metadata": {"path": str(run.folder)}},
    )


def _execute(client: Any, run: Run, talk: IO[bytes]) -> None:
    """Execute all cells; what the kernel itself says goes to `talk`."""
    environment = {**os.environ, "PYTHONPATH": str(run.folder), **run.environment}
    try:
        client.execute(env=environment, stdout=talk, stderr=talk)
    except BaseException as error:
        # nbclient takes Ctrl-C for itself, ends the kernel, and falls over what is gone then.
        if getattr(client, "_async_cleanup_kernel_future", None) is not None:
            raise KeyboardInterrupt from error
        raise


def _last_words(talk: IO[bytes]) -> str:
    """Return the last line of what a kernel said, in brackets, or ''."""
    talk.seek(0)
    lines = talk.read().decode("utf-8", "replace").splitlines()
    return f" ({lines[-1][:LONGEST]})" if lines else ""
