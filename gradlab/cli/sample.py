"""A small class of made-up submissions, described in `samples.toml` beside the master.

[[submission]]
name  = "forgot-the-regulariser"
start = "reference"                 # or "release"

[[submission.edit]]
file    = "nndl/neural_net.py"
find    = "..."
replace = "..."
"""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Any

from autograder.verify import reference_submission
from gradlab.errors import AuthorMistake, Place

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gradlab.course import Assignment

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["entries", "sample_class", "write_class"]

NAME = "samples.toml"


def sample_class(
    assignment: Assignment, release: Mapping[str, bytes]
) -> dict[str, dict[str, bytes]]:
    """Return the files of each sample submission, by its name.

    Raises:
        AuthorMistake: there is no `samples.toml`, or it names what is not there.
    """
    given = entries(assignment)
    starts = {"reference": reference_submission(assignment).files, "release": dict(release)}
    try:
        return {entry["name"]: _edited(dict(starts[entry["start"]]), entry) for entry in given}
    except (KeyError, ValueError) as error:
        place = Place(str(assignment.folder / NAME))
        raise AuthorMistake(f"not a sample class: {error}", place) from error


def entries(assignment: Assignment) -> list[dict[str, Any]]:
    """Return the tables of the sample class, one for each submission.

    Raises:
        AuthorMistake: there is no `samples.toml`, or it is none.
    """
    path = assignment.folder / NAME
    if not path.is_file():
        raise AuthorMistake("there is no sample class", Place(str(path)))
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))["submission"]
        return [_complete(entry) for entry in found]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise AuthorMistake(f"not a sample class: {error}", Place(str(path))) from error


def _complete(entry: dict[str, Any]) -> dict[str, Any]:
    keys = [(key, entry) for key in ("name", "start")]
    keys += [(key, e) for e in entry.get("edit", []) for key in ("file", "find", "replace")]
    for key, table in keys:
        if not isinstance(table.get(key), str):
            raise ValueError(f"{key} must be a text")  # noqa: TRY004 - one kind of mistake
    return entry


def write_class(assignment: Assignment, release: Mapping[str, bytes], folder: Path) -> Path:
    """Write the sample class as one folder for each submission; return `folder`."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, files in sample_class(assignment, release).items():
        for path, content in files.items():
            target = folder / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    return folder


def _edited(files: dict[str, bytes], entry: Mapping[str, Any]) -> dict[str, bytes]:
    for name in entry.get("leave_out", []):
        del files[name]
    for edit in entry.get("edit", []):
        text = files[edit["file"]].decode()
        if edit["find"] not in text:
            raise ValueError(f"{entry['name']}: {edit['file']} has no {edit['find']!r}")
        files[edit["file"]] = text.replace(edit["find"], edit["replace"]).encode()
    return files
