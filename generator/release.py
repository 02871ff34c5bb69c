"""A release: read, strip, guard, write."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import zipfile
from collections import ChainMap, Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from generator.dialect import read_dialects
from generator.draft import Draft, Origin
from generator.guard import guard
from generator.mistakes import collecting, refuse
from generator.modules import place_of, stripped_module, text_of
from generator.notebook import release_notebook
from generator.secret import NOTES
from generator.sheet import refuse_unreadable
from generator.template import fill, read
from gradlab import __version__
from gradlab.errors import AuthorMistake, Place, UserMistake

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from fractions import Fraction

    from generator.dialect import Dialect
    from generator.strip import Block
    from gradlab.course import Assignment

__all__ = ["MANIFEST", "Release", "build", "manifest", "write"]

NOTHING: Mapping[str, bytes] = MappingProxyType({})
NO_POINTS: Mapping[str, Fraction | float] = MappingProxyType({})
MANIFEST = "MANIFEST.json"
HIDDEN = ("checks.py", "battery.py", NOTES)  # of an assignment's folder
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip file can hold


@dataclass(frozen=True)
class Release:
    """What students get.

    Attributes:
        name: the assignment's name.
        files: the content of every file by its path, sorted by path.
        notes: what the author should know of it, a line each.
    """

    name: str
    files: Mapping[str, bytes]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """Some files of a release, and what was taken out to make them."""

    files: Mapping[str, bytes]
    origins: Mapping[tuple[str, int | None], Origin] = field(default_factory=dict)
    removed: tuple[Block, ...] = ()


def build(
    assignment: Assignment,
    *,
    points: Mapping[str, Fraction | float] = NO_POINTS,
    extra: Mapping[str, bytes] = NOTHING,
    metadata: Mapping[str, Any] = NOTHING,
) -> Release:
    """Return the release of an assignment, in memory and guarded.

    Args:
        assignment: what to release.
        points: the points of every check and question, for `{points:NAME}`.
        extra: further files, made elsewhere (`check.py`).
        metadata: what every notebook carries besides, by key (`otter`).

    Raises:
        Problems: a master has mistakes, or the release would leak or not work; all of them, each
            with its place.
    """
    mistakes: list[AuthorMistake] = []
    dialects = read_dialects(assignment.course.dialects)
    parts = [Part(extra)]
    for notebook in assignment.notebooks:
        with collecting(mistakes):
            parts.append(_notebook(assignment, notebook, points, dialects, metadata))
    for module in assignment.holed:
        with collecting(mistakes):
            parts.append(_module(assignment, module, dialects))
    parts.append(Part(_fixed_files(assignment, marked=_keeps_markers(parts, dialects))))
    parts.append(_whole(assignment))
    mistakes += _unreadable(parts[-1])
    if not mistakes:
        mistakes += _nothing_to_write(assignment, parts)
    refuse([*mistakes, *_collisions(parts)])
    draft = _draft(assignment, parts, dialects)
    notes = guard(draft)
    return Release(assignment.label, draft.files, notes)


def _notebook(
    assignment: Assignment,
    name: str,
    points: Mapping[str, Fraction | float],
    dialects: Sequence[Dialect],
    metadata: Mapping[str, Any],
) -> Part:
    place = place_of(assignment, assignment.master(name))
    content = assignment.read_notebook(name)
    sheet = release_notebook(content, place, assignment.label, points, dialects, metadata)
    origins: dict[tuple[str, int | None], Origin] = {(name, None): Origin(place)}
    origins |= {(name, number): Origin(*origin) for number, origin in enumerate(sheet.origins)}
    return Part({name: sheet.content}, origins, sheet.removed)


def _module(assignment: Assignment, name: str, dialects: Sequence[Dialect]) -> Part:
    place, stripped = stripped_module(assignment, name, dialects)
    target, origin = assignment.module_path(name), Origin(place, stripped.origins)
    return Part({target: stripped.text.encode()}, {(target, None): origin}, stripped.removed)


def _whole(assignment: Assignment) -> Part:
    """Return what ships as it is: supplied modules, and files of the assignment's folder."""
    names = dict.fromkeys([*assignment.shared, *assignment.own])
    whole = [name for name in names if name not in assignment.holed]
    paths = {assignment.module_path(name): assignment.source_file(name) for name in whole}
    paths |= {name: assignment.folder / name for name in assignment.files}
    files = {name: path.read_bytes() for name, path in paths.items()}
    if "__init__.py" not in assignment.own:
        files.setdefault(assignment.module_path("__init__.py"), b"")
    origins: dict[tuple[str, int | None], Origin] = {}
    for name, path in paths.items():
        origins[name, None] = Origin(place_of(assignment, path))
    return Part(files, origins)


def _unreadable(whole: Part) -> list[AuthorMistake]:
    """Return what is wrong with notebooks that ship as they are."""
    mistakes: list[AuthorMistake] = []
    for (name, _), origin in whole.origins.items():
        if name.endswith(".ipynb"):
            with collecting(mistakes):
                refuse_unreadable(whole.files[name], origin.place)
    return mistakes


def _keeps_markers(parts: Sequence[Part], dialects: Sequence[Dialect]) -> bool:
    """Return whether marker lines stand in the release, and show where students write."""
    marks = {block.mark for part in parts for block in part.removed if not block.aside}
    return any(dialect.keep for dialect in dialects if dialect.name in marks)


def _fixed_files(assignment: Assignment, *, marked: bool) -> dict[str, bytes]:
    modules = [assignment.module_path(name) for name in assignment.modules]
    earlier = [assignment.module_path(name) for name in assignment.earlier]
    requirements = read("release/requirements.txt")
    requirements += "" if assignment.client == "check.py" else "otter-grader>=7.0\n"
    requirements += "".join(f"{package}\n" for package in assignment.requirements)
    readme = fill(
        "release/README.md.jinja",
        title=assignment.title,
        marked=marked,
        notebooks=assignment.notebooks,
        modules=modules,
        earlier=earlier,
        replaceable=assignment.earlier_from == "release",
        artifacts=assignment.artifacts,
        scripts=[name for name in assignment.files if name.endswith(".py")],
        hand_in=[*assignment.notebooks, *modules, *earlier, *assignment.artifacts],
    )
    environment = fill(
        "release/environment.yml.jinja", name=assignment.label, packages=requirements.split()
    )
    texts = {"README.md": readme, "requirements.txt": requirements, "environment.yml": environment}
    return {name: text.encode() for name, text in texts.items()}


def _draft(assignment: Assignment, parts: Sequence[Part], dialects: Sequence[Dialect]) -> Draft:
    contents = dict(sorted(item for part in parts for item in part.files.items()))
    folder = assignment.folder
    return Draft(
        assignment=assignment,
        files=dict(sorted({**contents, MANIFEST: manifest(assignment, contents)}.items())),
        removed=[block for part in parts for block in part.removed],
        origins=ChainMap(*(dict(part.origins) for part in parts)),
        hidden=[text_of(assignment, folder / name) for name in HIDDEN],
        public=text_of(assignment, folder / "public.py"),
        recorded=[path.name for path in sorted(assignment.expected.glob("checks*"))],
        dialects=dialects,
    )


def _nothing_to_write(assignment: Assignment, parts: Sequence[Part]) -> list[AuthorMistake]:
    """Return what is wrong with notebooks that stand alone and in which nothing is marked."""
    marked = any(not block.aside for part in parts for block in part.removed)
    if marked or assignment.modules or not assignment.notebooks:
        return []
    message = "nothing to write in any notebook: mark what students write"
    return [AuthorMistake(message, place_of(assignment, assignment.folder))]


def _collisions(parts: Sequence[Part]) -> list[AuthorMistake]:
    counts = Counter(name for part in parts for name in part.files)
    message = "two files of the release have this name"
    return [AuthorMistake(message, Place(name)) for name, count in counts.items() if count > 1]


def manifest(assignment: Assignment, contents: Mapping[str, bytes]) -> bytes:
    """Return what says which files there are, and what made them."""
    table = {
        "assignment": assignment.name,
        **({"edition": assignment.edition.name} if assignment.edition.name else {}),
        "title": assignment.title,
        "package": assignment.package,
        "gradlab": __version__,
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()},
    }
    return f"{json.dumps(table, indent=2, ensure_ascii=False)}\n".encode()


def write(release: Release, folder: Path) -> tuple[Path, Path]:
    """Write a release as `folder/NAME/` and `folder/NAME.zip`, and return both.

    Both are finished beside their place first and then moved there, so that there is never half
    a release; an earlier release of the name is replaced.

    Raises:
        UserMistake: `folder/NAME` exists and is not a release, `folder/NAME.zip` is a folder, or
            `folder` is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise UserMistake(f"{folder} is a file; move it away first")
    target, archive = folder / release.name, folder / f"{release.name}.zip"
    if target.is_symlink() or (target.exists() and not (target / MANIFEST).is_file()):
        raise UserMistake(f"{target} is not a release; move it away first")
    if archive.is_dir():
        raise UserMistake(f"{archive} is a folder; move it away first")
    folder.mkdir(parents=True, exist_ok=True)
    with _scratch(folder, release.name) as scratch:
        _write_tree(release, scratch / "new")
        _write_zip(release, scratch / "zip")
        if target.exists():
            target.rename(scratch / "old")
        try:
            (scratch / "new").rename(target)
        except OSError:
            if (scratch / "old").exists():
                (scratch / "old").rename(target)
            raise
        (scratch / "zip").replace(archive)
    return target, archive


@contextmanager
def _scratch(folder: Path, name: str) -> Iterator[Path]:
    scratch = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=folder))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _write_tree(release: Release, root: Path) -> None:
    for name, content in release.files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _write_zip(release: Release, path: Path) -> None:
    """Write the archive; its bytes depend on the files' paths and contents alone.

    Nothing is compressed: what zlib makes of the same bytes differs from build to build.
    """
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in release.files.items():
            entry = zipfile.ZipInfo(f"{release.name}/{name}", LONG_AGO)
            entry.create_system = 3  # Unix, whatever this machine is
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)
