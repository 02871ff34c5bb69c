"""The students' modules without their marked blocks: all that grading needs of the generator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.dialect import read_dialects
from generator.strip import strip_text
from gradlab.errors import AuthorMistake, Place

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from generator.dialect import Dialect
    from generator.strip import Stripped
    from gradlab.course import Assignment

__all__ = ["marked_lines", "place_of", "stripped_module", "student_modules", "text_of"]


def student_modules(assignment: Assignment) -> dict[str, bytes]:
    """Return the students' own modules as they are handed out, by path.

    Those of an earlier assignment are among them, with their holes or whole.

    Raises:
        Problems: one has mistakes in its markers.
    """
    dialects = read_dialects(assignment.course.dialects)
    modules = {n: assignment.source_file(n).read_bytes() for n in assignment.own}
    for name in assignment.holed:
        modules[name] = stripped_module(assignment, name, dialects)[1].text.encode()
    return {assignment.module_path(name): content for name, content in modules.items()}


def marked_lines(assignment: Assignment) -> dict[str, list[range]]:
    """Return the lines of every marked block of the students' modules, by path.

    Raises:
        Problems: one has mistakes in its markers.
    """
    dialects = read_dialects(assignment.course.dialects)
    marked = {}
    for name in assignment.modules:
        removed = stripped_module(assignment, name, dialects)[1].removed
        firsts = [(block.where.line or 1, len(block.lines)) for block in removed]
        marked[assignment.module_path(name)] = [range(first, first + n) for first, n in firsts]
    return marked


def stripped_module(
    assignment: Assignment, name: str, dialects: Sequence[Dialect]
) -> tuple[Place, Stripped]:
    """Return a module's place, and what stripping makes of it."""
    place, text = text_of(assignment, assignment.source_file(name))
    return place, strip_text(text, place, "code", dialects)


def text_of(assignment: Assignment, path: Path) -> tuple[Place, str]:
    """Return a file's place and text; the text is empty where there is no such file."""
    place = place_of(assignment, path)
    try:
        return place, path.read_bytes().decode("utf-8") if path.exists() else ""
    except UnicodeDecodeError as error:
        raise AuthorMistake(f"not UTF-8: {error}", place) from error


def place_of(assignment: Assignment, path: Path) -> Place:
    """Return the place of a file, as seen from the course's folder where it lies in it."""
    root = assignment.course.root
    shown = path.relative_to(root) if path.is_relative_to(root) else path
    return Place(shown.as_posix())
