"""What the dialects find in a file, without making a release of it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from generator.notebook import release_notebook
from generator.strip import strip_text
from gradlab.errors import AuthorMistake
from gradlab.masters import as_notebook, is_script

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.dialect import Dialect
    from generator.strip import Block
    from gradlab.errors import Place

__all__ = ["survey"]


class AnyPoints(dict[str, float]):
    """Points of every name that a text may ask for."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> float:
        return 0.0


def survey(content: bytes, where: Place, dialects: Sequence[Dialect]) -> tuple[Block, ...]:
    """Return the blocks of a module or of a master notebook in any of its forms.

    Raises:
        AuthorMistake: the file cannot be read, or its markers are wrong; see `Problems`.
    """
    suffix = PurePosixPath(where.file).suffix
    if suffix == ".md" or (suffix == ".py" and is_script(content)):
        content, suffix = as_notebook(content, where), ".ipynb"
    if suffix == ".ipynb":
        return release_notebook(content, where, "survey", AnyPoints(), dialects).removed
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AuthorMistake(f"not UTF-8: {error}", where) from error
    return strip_text(text, where, "code", dialects).removed
