"""The submissions that a command's arguments name: one, a folder of them, a site's download."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from autograder.archives import ARCHIVES, archive
from autograder.intake import Source
from autograder.upload import system_folder
from gradlab.errors import UserMistake

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["find_submissions"]

KINDS = (*ARCHIVES, ".ipynb", ".py")


@dataclass(frozen=True)
class Site:
    """How a site packs the submissions of a class into one download.

    Attributes:
        own: the beginning of the names of one submission's files, below a common folder.
        beside: names of files that lie beside the submissions; one of them must be there if any
            is listed.
    """

    own: re.Pattern[str]
    beside: frozenset[str] = frozenset()


SITES = (
    # Gradescope: assignment_123_export/submission_456/..., and who that is in a .yml beside it.
    Site(re.compile(r"submission_\d+/"), frozenset({"submission_metadata.yml"})),
    # Moodle: "Ada Lovelace_123_assignsubmission_file_/...", or without folders.
    Site(re.compile(r"[^/]+_\d+_assignsubmission_[a-z]+(?:_?/|_)")),
    # Canvas: lovelaceada_LATE_123_456_two_layer_net.ipynb, all in one folder.
    Site(re.compile(r"[^/_]+(?:_LATE)?_\d+_\d+_(?=[^/]+$)")),
)


def find_submissions(paths: Iterable[Path], handed_in: Iterable[str]) -> list[Source]:
    """Return the submissions that the arguments of a command name.

    A folder that holds a file of the assignment (at any depth of two) is one submission; a folder
    or zip that a site made of a class's submissions is taken apart; any other folder is a folder of
    submissions.

    Args:
        paths: as the user gave them.
        handed_in: file names that a submission may have.

    Returns:
        Each submission once, also where two arguments name it.

    Raises:
        UserMistake: a path does not exist, or there is no submission in it.
    """
    names = set(handed_in)
    found: list[Source] = []
    for path in paths:
        if not path.exists():
            raise UserMistake(f"{path}: there is no such file or folder")
        found += _found(path, names)
    if not found:
        raise UserMistake("no submissions: folders, archives, notebooks and modules are looked for")
    return list(dict.fromkeys(found))


def _found(path: Path, names: set[str]) -> list[Source]:
    if path.is_file():
        return _parts(path, _stored_names(path)) or [Source(path)]
    if _is_submission(path, names):
        return [Source(path)]
    listed = [f"{item.name}/" if item.is_dir() else item.name for item in sorted(path.iterdir())]
    if len(listed) == 1 and listed[0].endswith("_export/"):
        return _found(path / listed[0], names)
    return _parts(path, listed) or _children(path)


def _stored_names(path: Path) -> list[str]:
    """Return the names in an archive; none if it is not one: then its reader will say so."""
    if not path.name.lower().endswith(ARCHIVES):
        return []
    try:
        with path.open("rb") as file, archive(file) as entries:
            return [entry.name for entry in entries]
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it is wrong again when it is read
        return []


def _parts(path: Path, names: list[str]) -> list[Source]:
    """Return the submissions that a site packed together, or [] if none did."""
    names = [name for name in names if not _is_left_lying(name)]
    top = names[0].partition("/")[0] + "/" if names else ""
    root = top if all(name.startswith(top) and name != top for name in names) else ""
    for site in SITES:
        for above in dict.fromkeys(("", root)):
            inside = [name.removeprefix(above) for name in names]
            own = [site.own.match(name) for name in inside if name not in site.beside]
            if own and all(own) and site.beside <= set(inside):
                prefixes = sorted({above + match.group() for match in own if match})
                return [_source(path, prefix) for prefix in prefixes]
    return []


def _source(path: Path, prefix: str) -> Source:
    if path.is_dir() and prefix.endswith("/"):
        return Source(path / prefix)
    return Source(path, prefix)


def _is_left_lying(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(system_folder(part) for part in parts)


def _is_submission(folder: Path, names: set[str]) -> bool:
    own = any((folder / name).is_file() for name in names)
    basenames = {PurePosixPath(name).name for name in names}
    return own or any(path.name in basenames for path in folder.iterdir() if path.is_file())


def _children(folder: Path) -> list[Source]:
    children = (path for path in sorted(folder.iterdir()) if not path.name.startswith("."))
    return [Source(p) for p in children if p.is_dir() or p.name.lower().endswith(KINDS)]
