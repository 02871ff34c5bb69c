"""A submission, read into memory: a folder, a zip, a tar, or a single notebook or module."""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.archives import ARCHIVES, UnreadableError, archive, folder, single
from autograder.upload import BOUNDS, Refused, Upload, system_folder

if TYPE_CHECKING:
    from autograder.upload import Bounds

__all__ = ["Source", "Submission"]

MOST_NAMES = 5  # of the files that were refused for one reason
MOST_REASON = 200


@dataclass(frozen=True)
class Source:
    """Where a submission lies.

    Attributes:
        path: a folder, an archive or a file.
        prefix: what the names of its files begin with, in a download of many submissions.
    """

    path: Path
    prefix: str = ""


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    Attributes:
        id: the name of its folder or file, made safe for paths and pages.
        files: contents by relative path.
        refused: the files that were not taken.
        problem: why it could not be read at all, or "".
    """

    id: str
    files: dict[str, bytes]
    refused: tuple[Refused, ...] = ()
    problem: str = ""

    @property
    def digest(self) -> str:
        """The SHA-256 of all names and contents."""
        total = hashlib.sha256()
        for name, content in sorted(self.files.items()):
            total.update(f"{name}\0{len(content)}\0".encode())
            total.update(content)
        return total.hexdigest()

    @property
    def notes(self) -> tuple[str, ...]:
        """One line for each reason why files were not taken, with the first of their names."""
        reasons = dict.fromkeys(item.reason for item in self.refused)
        return tuple(self._note(reason) for reason in reasons)

    def _note(self, reason: str) -> str:
        names = [item.name for item in self.refused if item.reason == reason]
        shown = ", ".join(ascii(name[:80]) for name in names[:MOST_NAMES])
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        return f"passed over {shown}{more}: {reason}"

    @staticmethod
    def id_of(source: Source | Path) -> str:
        """Return the id of the submission at `source`, without reading it."""
        path, prefix = _place(source)
        if prefix:
            return safe_name(prefix.strip("/").rpartition("/")[2].strip("_"))
        if path.is_dir():
            return safe_name(path.name)
        endings = (end for end in ARCHIVES if path.name.lower().endswith(end))
        return safe_name(path.name[: len(path.name) - len(next(endings, path.suffix))])

    @classmethod
    def read(cls, source: Source | Path, bounds: Bounds = BOUNDS) -> Submission:
        """Return the submission at `source`; one that cannot be read has a `problem`.

        Raises:
            PermissionError: this machine does not let the grader read it: no student's fault.
        """
        path, prefix = _place(source)
        upload = Upload(bounds)
        try:
            _read(upload, path, prefix)
        except UnreadableError as error:
            why = str(error)
        except PermissionError:
            raise
        except Exception as error:  # noqa: BLE001 - what zipfile raises is up to the student's file
            why = f"it is damaged ({error})"
        else:
            taken = cls(cls.id_of(source), upload.files, tuple(upload.refused))
            return taken if taken.files else replace(taken, problem=taken._nothing())
        problem = f"The submission cannot be read: {ascii(why)[1:-1][:MOST_REASON]}."
        return cls(cls.id_of(source), {}, tuple(upload.refused), problem)

    def _nothing(self) -> str:
        """Say why there is nothing to grade."""
        return " ".join(["The submission holds no file that can be graded.", *self.notes[:3]])


def _place(source: Source | Path) -> tuple[Path, str]:
    return (source, "") if isinstance(source, Path) else (source.path, source.prefix)


def _read(upload: Upload, path: Path, prefix: str) -> None:
    if path.is_dir():
        upload.take(folder(path, system_folder), prefix)
    elif not path.is_file():
        raise UnreadableError("it is neither a file nor a folder")
    elif path.name.lower().endswith(ARCHIVES):
        with path.open("rb") as file, archive(file) as entries:
            upload.take(entries, prefix)
    else:
        upload.take([single(path)])
    if (inner := upload.unwrap()) is None:
        return
    with archive(io.BytesIO(inner)) as entries:
        upload.take(entries)
    if upload.unwrap() is not None:
        raise UnreadableError("it holds one archive in another; hand in the files themselves")


def safe_name(name: str) -> str:
    """Return a name of letters, digits, `_`, `-` and `.`, at most 80 of them, not empty."""
    return re.sub(r"[^\w\-.]+", "_", name, flags=re.ASCII).strip(".-")[:80] or "submission"
