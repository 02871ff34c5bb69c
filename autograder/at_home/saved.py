"""The names of a notebook as its file gives them, where no notebook is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

from autograder.at_home.pages import pages_of
from autograder.box.notebook import define
from gradlab.errors import StudentFault

__all__ = ["run_saved"]


def run_saved(paths: Sequence[Path], names: dict[str, Any], wanted: str) -> None:
    """Run what the notebooks' files need to give a name its value.

    Raises:
        StudentFault: a notebook is not there, or is none.
        NameError: the name has no value after that; says why.
    """
    cells = []
    for path in paths:
        try:
            cells += [(page.label, page.source) for page in pages_of(path) if page.is_code]
        except OSError:
            raise StudentFault("missing file", f"{path.name} is not in this folder.") from None
        except ValueError as error:
            raise StudentFault("missing file", f"{path.name}: {error}.") from None
    define(names, cells, wanted)
