"""A course and its assignments, read from `course.toml` and `assignment.toml`."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field, fields
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from gradlab.errors import AuthorMistake, Place, UserMistake

if TYPE_CHECKING:
    from collections.abc import Mapping

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Assignment", "Course", "Limits"]

NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")


@dataclass(frozen=True)
class Limits:
    """What one check may use; a check's own `limits` override the assignment's.

    Attributes:
        cpu_s: CPU seconds.
        wall_s: wall-clock seconds; it only catches code that sleeps.
        memory_mb: memory above the size at the start, in 2**20 bytes.
        output_kb: how much printed text is kept, in 2**10 bytes.
        reply_mb: the largest reply of one call, in 2**20 bytes.
        file_mb: the largest file that may be written, in 2**20 bytes.
    """

    cpu_s: int = 10
    wall_s: int = 30
    memory_mb: int = 512
    output_kb: int = 64
    reply_mb: int = 64
    file_mb: int = 64


@dataclass(frozen=True)
class Course:
    """One course: a folder with `course.toml`.

    Attributes:
        root: the folder.
        title: its name, for people.
        solutions: the folder of the reference packages.
        assignments: the folder with one folder per assignment.
        release: where student releases are written.
    """

    root: Path
    title: str
    solutions: Path
    assignments: Path
    release: Path

    @classmethod
    def find(cls, start: Path) -> Course:
        """Return the course that `start` lies in: the nearest `course.toml` upwards.

        Raises:
            UserMistake: no folder above `start` has a `course.toml`.
            AuthorMistake: the file is not what it should be.
        """
        for folder in (start, *start.parents):
            if (folder / "course.toml").is_file():
                return cls._read(folder)
        raise UserMistake(f"no course.toml in {start} or above; run this inside a course folder")

    @classmethod
    def _read(cls, root: Path) -> Course:
        path = root / "course.toml"
        table = _read_toml(path)
        defaults = {"title": root.name, "solutions": "solutions", "assignments": "assignments"}
        values = {**defaults, "release": "release", **table}
        _refuse_unknown(table, {f.name for f in fields(cls)} - {"root"}, path)
        for key, value in values.items():
            if not isinstance(value, str) or not value:
                raise AuthorMistake(f"{key} must be a text", _place(path, key))
        places = {key: root / values[key] for key in ("solutions", "assignments", "release")}
        return cls(root=root, title=values["title"], **places)

    def names(self) -> list[str]:
        """Return the names of all assignments, in alphabetical order."""
        return sorted(path.parent.name for path in self.assignments.glob("*/assignment.toml"))

    def assignment(self, name: str) -> Assignment:
        """Return one assignment by its folder's name.

        Raises:
            UserMistake: there is none of that name.
            AuthorMistake: its `assignment.toml` is not what it should be.
        """
        if name not in self.names():
            known = ", ".join(self.names()) or "none yet; make one with `gradlab new NAME`"
            raise UserMistake(f"no assignment {name!r} in {self.assignments} (there are: {known})")
        return Assignment.read(self, self.assignments / name)


@dataclass(frozen=True)
class Assignment:
    """One assignment: its master, its reference and its limits.

    Attributes:
        course: the course it belongs to.
        folder: the master's folder.
        title: its name, for people.
        package: the students' package, a folder of `course.solutions`.
        notebooks: the master notebooks, in `folder`.
        modules: files of the package with holes: the students' own.
        supplied: files of the package that ship whole; the grader uses its own copy.
        artifacts: files that the notebook saves and students hand in.
        limits: what one check may use.
    """

    course: Course
    folder: Path
    title: str
    package: str
    notebooks: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    supplied: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)

    @property
    def name(self) -> str:
        """The folder's name: what commands call the assignment."""
        return self.folder.name

    @property
    def source(self) -> Path:
        """The folder of the reference package."""
        return self.course.solutions / self.package

    @property
    def reference(self) -> Path:
        """The folder of the artifacts that the reference hands in."""
        return self.folder / "reference"

    def module_path(self, file: str) -> str:
        """Return the path of a package file inside a release, for instance `nndl/layers.py`."""
        return str(PurePosixPath(self.package) / file)

    def role(self, role: str) -> str | None:
        """Return the dotted name of the module that plays a role (`layers` -> `nndl.layers`)."""
        stems = {Path(file).stem for file in (*self.modules, *self.supplied)}
        return f"{self.package}.{role}" if role in stems else None

    @classmethod
    def read(cls, course: Course, folder: Path) -> Assignment:
        """Return the assignment in `folder`, every key checked.

        Raises:
            AuthorMistake: an unknown key, a wrong type, a bad name or a missing file.
        """
        path = folder / "assignment.toml"
        if not NAME.fullmatch(folder.name):
            raise AuthorMistake(
                "an assignment's name has small letters, digits and _", Place(str(path))
            )
        table = _read_toml(path)
        _refuse_unknown(table, {f.name for f in fields(cls)} - {"course", "folder"}, path)
        limits = _limits(table.pop("limits", {}), path)
        texts = {key: _text(table, key, path) for key in ("title", "package")}
        lists = {key: _files(table[key], key, path) for key in table if key not in texts}
        assignment = cls(course=course, folder=folder, limits=limits, **texts, **lists)  # type: ignore[arg-type]
        assignment._check_files(path)
        return assignment

    def _check_files(self, path: Path) -> None:
        wanted = [("notebooks", self.folder / name) for name in self.notebooks]
        wanted += [("modules", self.source / name) for name in self.modules]
        wanted += [("supplied", self.source / name) for name in self.supplied]
        for key, file in wanted:
            if not file.is_file():
                raise AuthorMistake(f"{key}: there is no {file}", _place(path, key))
        for both in set(self.modules) & set(self.supplied):
            raise AuthorMistake(f"{both} is also in modules", _place(path, "supplied"))


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AuthorMistake(f"not valid TOML: {error}", Place(str(path))) from error


def _place(path: Path, key: str) -> Place:
    lines = path.read_text(encoding="utf-8").splitlines()
    starts = (n for n, line in enumerate(lines, 1) if re.match(rf"\s*\[?{re.escape(key)}\b", line))
    return Place(str(path), line=next(starts, None))


def _refuse_unknown(table: Mapping[str, Any], known: set[str], path: Path) -> None:
    for key in table:
        if key not in known:
            message = f"unknown key {key!r} (known: {', '.join(sorted(known))})"
            raise AuthorMistake(message, _place(path, key))


def _text(table: Mapping[str, Any], key: str, path: Path) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise AuthorMistake(f"{key} must be given, as a text", _place(path, key))
    return value


def _files(value: object, key: str, path: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise AuthorMistake(f"{key} must be a list of file names", _place(path, key))
    for item in value:
        if not re.fullmatch(r"[\w][\w.\-]*", item):
            raise AuthorMistake(f"{key}: {item!r} is not a plain file name", _place(path, key))
    if len(set(value)) != len(value):
        raise AuthorMistake(f"{key} names a file twice", _place(path, key))
    return tuple(value)


def _limits(table: object, path: Path) -> Limits:
    if not isinstance(table, dict):
        raise AuthorMistake("limits must be a table", _place(path, "limits"))
    _refuse_unknown(table, {f.name for f in fields(Limits)}, path)
    for key, value in table.items():
        if type(value) is not int or value <= 0:
            raise AuthorMistake(f"{key} must be a whole number above 0", _place(path, key))
    return Limits(**table)
