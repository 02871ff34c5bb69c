"""What `assign` and `dialects` do: the steps that need no grader, so that they are quick."""

from __future__ import annotations

import difflib
import hashlib
import json
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from autograder.client import bundle
from autograder.otter_tests import otter_files, otter_metadata
from autograder.recording import Recording
from autograder.suites import checks_of, load_suites, points
from generator.dialect import DIALECTS, read_dialects
from generator.mistakes import refuse
from generator.modules import place_of, student_modules
from generator.release import MANIFEST, build, write
from generator.survey import survey
from gradlab.course import Course
from gradlab.errors import AuthorMistake, Place, UserMistake

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from generator.dialect import Dialect
    from generator.release import Release
    from gradlab.course import Assignment

__all__ = ["assign", "differences", "list_dialects", "list_marks", "release", "tried_release"]

COLUMNS = (("dialect", 24), ("scope", 10), ("stub", 28))


@cache
def release(assignment: Assignment) -> Release:
    """Return the guarded release of an assignment, `check.py` included.

    Raises:
        AuthorMistake: a master has mistakes, or the guard finds something.
    """
    recording = Recording.read(assignment.expected, "public")
    check = bundle(assignment, recording, student_modules(assignment))
    extra, metadata = {"check.py": check.encode()}, {}
    if assignment.client != "check.py":
        checks = load_suites(assignment)["public"].checks
        extra |= otter_files(assignment.client, checks)
        metadata["otter"] = otter_metadata(assignment.client, checks)
    built = build(assignment, points=points(assignment), extra=extra, metadata=metadata)
    refuse(list(_given_answers(assignment, built)))
    return built


def _given_answers(assignment: Assignment, built: Release) -> Iterator[AuthorMistake]:
    """Yield the cells of questions for a person in which students can write nothing."""
    written = {check.name for check in checks_of(assignment) if check.function is None}
    for name in assignment.notebooks:
        for cell in json.loads(built.files[name])["cells"]:
            if cell["id"] in written and cell["metadata"].get("editable") is False:
                message = "students cannot write here, and read what stands here; mark the answer"
                place = replace(place_of(assignment, assignment.master(name)), cell=cell["id"])
                yield AuthorMistake(message, place)


@cache
def tried_release(assignment: Assignment) -> Release:
    """Return the release, if the reference gives what was recorded, however it has changed since.

    Raises:
        AuthorMistake: it does not; or as for `release`.
    """
    changed = _changed(assignment)
    notes = _tried(assignment, changed) if changed else ()
    fresh = release(assignment)
    return replace(fresh, notes=(*notes, *fresh.notes))


def _changed(assignment: Assignment) -> Path | None:
    """Return a file that is not as it was when the expected values were recorded."""
    recording = Recording.read(assignment.expected, "public")
    paths = [assignment.source_file(name) for name in assignment.package_files]
    for path in (*paths, assignment.folder / "public.py"):
        known = recording.provenance.get(f"sha256 of {path.name}")
        if known and known != hashlib.sha256(path.read_bytes()).hexdigest():
            return path
    return None


def _tried(assignment: Assignment, changed: Path) -> tuple[str, ...]:
    """Run the suites against the reference: what nobody has tried is not released."""
    from gradlab.cli import steps  # noqa: PLC0415 - the whole grader, seldom needed here

    command = f"gradlab expected {assignment.name}"
    if steps.expected(assignment, write=False)[1]:
        message = f"has changed, and the reference misses what was recorded; see `{command}`"
        raise AuthorMistake(message, Place(str(changed)))
    return (f"{changed.name} has changed and still gives what was recorded; `{command} --write`",)


def assign(assignment: Assignment) -> tuple[Path, ...]:
    """Write the release of an assignment; return what was written."""
    return write(tried_release(assignment), assignment.course.release)


def differences(assignment: Assignment) -> list[str]:
    """Return a unified diff from the last release to the one that `assign` would write now."""
    folder, fresh = assignment.course.release / assignment.label, tried_release(assignment).files
    old = {name: (folder / name) for name in _released(folder)}
    lines: list[str] = []
    for name in sorted({*old, *fresh} - {MANIFEST}):
        path = old.get(name)
        before = path.read_bytes() if path and path.is_file() else b""
        if before != fresh.get(name, b"") or (name in old) != (name in fresh):
            lines += _difference(f"{assignment.label}/{name}", before, fresh.get(name, b""))
    return lines


def _released(folder: Path) -> list[str]:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return [*map(str, manifest["files"]), MANIFEST]
    except FileNotFoundError:
        return []
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UserMistake(f"{folder / MANIFEST} cannot be read: {error}") from error


def _difference(name: str, before: bytes, after: bytes) -> Iterator[str]:
    try:
        old, new = before.decode().splitlines(), after.decode().splitlines()
    except UnicodeDecodeError:
        yield f"{name} differs ({len(before)} bytes before, {len(after)} now)"
        return
    found = list(difflib.unified_diff(old, new, f"released/{name}", f"now/{name}", lineterm=""))
    yield from found or [f"{name} differs in its line ends, or is empty"]


def list_dialects(start: Path) -> list[str]:
    """Return a table of the dialects that hold in a folder, the course's own first."""
    head = "".join(name.ljust(width) for name, width in COLUMNS)
    return [f"{head}markers", *map(_row, _dialects(start))]


def _row(dialect: Dialect) -> str:
    stub = dialect.stub.replace("\n", "; ") if not (dialect.frame or dialect.drop) else ""
    cells = (dialect.name, dialect.scope, stub)
    shown = "".join(f"{cell} ".ljust(w) for cell, (_, w) in zip(cells, COLUMNS, strict=True))
    return shown + " ... ".join(dialect.examples)


def list_marks(path: Path) -> list[str]:
    """Return what each dialect finds in a file, a line for each block.

    Raises:
        UserMistake: the file is not there.
        AuthorMistake: its markers are wrong, or it cannot be read.
    """
    if not path.is_file():
        raise UserMistake(f"there is no file {path}")
    blocks = survey(path.read_bytes(), Place(path.as_posix()), _dialects(path.absolute().parent))
    counts = [f"{len(b.lines)} line{'s' * (len(b.lines) != 1)}" for b in blocks]
    return [f"{b.where}: {b.mark}, {n}" for b, n in zip(blocks, counts, strict=True)]


def _dialects(start: Path) -> Sequence[Dialect]:
    try:
        course = Course.find(start)
    except UserMistake:
        return DIALECTS
    return read_dialects(course.dialects)
