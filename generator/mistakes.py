"""Collecting an author's mistakes, so that one run shows them all."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from gradlab.errors import AuthorMistake, Problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["collecting", "refuse"]


@contextmanager
def collecting(mistakes: list[AuthorMistake]) -> Iterator[None]:
    """Append what the `with` block raises of an author's mistakes to a list and go on."""
    try:
        yield
    except Problems as problems:
        mistakes.extend(problems.mistakes)
    except AuthorMistake as mistake:
        mistakes.append(mistake)


def refuse(mistakes: Sequence[AuthorMistake]) -> None:
    """Raise what was collected, if anything was.

    Raises:
        Problems: `mistakes` is not empty.
    """
    if mistakes:
        raise Problems(mistakes)
