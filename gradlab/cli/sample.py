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

import re
import shutil
from typing import TYPE_CHECKING, Any

from autograder.verify import reference_submission
from gradlab.errors import AuthorMistake, Place, UserMistake
from gradlab.settings import FILE_NAME, read_toml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gradlab.course import Assignment

__all__ = ["NAME", "entries", "sample_class", "write_class"]

NAME = "samples.toml"
MARK = ".sample-class"  # lies in a folder that may be written anew


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
        return [_complete(entry) for entry in read_toml(path)["submission"]]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise AuthorMistake(f"not a sample class: {error}", Place(str(path))) from error


def _complete(entry: dict[str, Any]) -> dict[str, Any]:
    keys = [(key, entry) for key in ("name", "start")]
    keys += [(key, e) for e in entry.get("edit", []) for key in ("file", "find", "replace")]
    for key, table in keys:
        if not isinstance(table.get(key), str):
            raise ValueError(f"{key} must be a text")  # noqa: TRY004 - one kind of mistake
    if not isinstance(entry.get("leave_out", []), list):
        raise ValueError("leave_out must be a list")  # noqa: TRY004 - the same
    if not re.fullmatch(FILE_NAME, entry["name"]):
        raise ValueError(f"{entry['name']!r} is not a plain name")
    return entry


def write_class(assignment: Assignment, release: Mapping[str, bytes], folder: Path) -> Path:
    """Write the sample class as one folder for each submission; return `folder`.

    Raises:
        UserMistake: `folder` is there already and no sample class: real submissions, say.
    """
    made = sample_class(assignment, release)
    if folder.exists() and not (folder / MARK).is_file():
        raise UserMistake(f"{folder} is there, and no sample class; choose another --out")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).touch()
    for name, files in made.items():
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
