"""A first course and a first assignment that work at once, to be changed into one's own."""

from __future__ import annotations

import keyword
import sys
from typing import TYPE_CHECKING

from generator.template import fill, read
from gradlab.course import NAME
from gradlab.errors import UserMistake

if TYPE_CHECKING:
    from pathlib import Path

    from gradlab.course import Course

__all__ = ["create", "create_course"]

TAKEN = {"artifact", "artifact_text", "keep", "notebook", "seed"}  # `student.NAME` means these
INSTALLED = {"check", "checks", "gradlab", "matplotlib", "numpy", "public"}


def create_course(folder: Path) -> list[Path]:
    """Write an empty course and return its files.

    Raises:
        UserMistake: the folder has something in it already.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserMistake(f"{folder} is not empty; choose a new folder")
    title = folder.absolute().name.replace("_", " ").replace("-", " ").capitalize()
    quoted = title.replace("\\", "").replace('"', "'")
    texts = {
        "course.toml": fill("course/course.toml.jinja", title=quoted),
        "README.md": fill("course/README.md.jinja", title=title),
        ".gitignore": read("course/gitignore"),
    }
    return [_written(folder / name, text) for name, text in texts.items()]


def create(course: Course, name: str) -> list[Path]:
    """Write a working assignment of one question and return its files.

    The students' package is `NAME_hw`, so that it hides neither its own module NAME nor one of
    Python's.

    Raises:
        UserMistake: the name will not do, or the course has files of that name.
    """
    _refuse_bad(name)
    package = f"{name}_hw"
    folder, source = course.assignments / name, course.solutions / package
    for existing in (folder, source):
        if existing.exists():
            raise UserMistake(f"{existing} exists already; choose another name")
    targets = {
        folder / "assignment.toml": "assignment.toml",
        folder / f"{name}.ipynb": "notebook.ipynb",
        folder / "checks.py": "checks.py",
        folder / "public.py": "public.py",
        source / "__init__.py": "__init__.py",
        source / f"{name}.py": "module.py",
    }
    title = name.replace("_", " ").capitalize()
    for path, template in targets.items():
        _written(
            path, fill(f"assignment/{template}.jinja", name=name, package=package, title=title)
        )
    return list(targets)


def _written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def _refuse_bad(name: str) -> None:
    if not NAME.fullmatch(name):
        raise UserMistake(
            f"{name!r} will not do: a name is a small letter, then small letters, digits and _"
        )
    if keyword.iskeyword(name) or name in TAKEN | INSTALLED or name in sys.stdlib_module_names:
        raise UserMistake(f"{name!r} has a meaning of its own in Python or in checks")
