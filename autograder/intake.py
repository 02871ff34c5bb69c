"""A submission, read into memory: a folder, a zip, a tar, or a single notebook or module."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from autograder.archives import ARCHIVES, UnreadableError, archive, folder, single
from autograder.names import identifier
from autograder.upload import BOUNDS, Refused, Upload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from autograder.archives import Entry
    from autograder.upload import Bounds

__all__ = ["Source", "Submission"]

MOST_NAMES = 5  # of the files that were refused for one reason
MOST_REASONS = 20
MOST_REASON = 200


@dataclass(frozen=True)
class Source:
    """Where a submission lies, and whose it is.

    Attributes:
        path: a folder, an archive or a file.
        parts: which of the files in it are the submission's, where it holds many submissions: the
            stored name of each and how it is to be called; of a folder, ending with a slash, the
            beginnings of both.
        name: whose it is, as the site or the folder says; "" for the path's own name.
        email: the same; "" if not known.
        key: the site's own name for it, with a number that no other has; or "".
        notes: what staff should know of how it was handed in.
    """

    path: Path
    parts: tuple[tuple[str, str], ...] = ()
    name: str = ""
    email: str = ""
    key: str = ""
    notes: tuple[str, ...] = ()

    @property
    def handed_in_as(self) -> str:
        """The name under which it came, as it is."""
        return self.name or self.path.name or self.path.absolute().name

    @property
    def id(self) -> str:
        """A name for folders and pages, which depends on nobody else's submission."""
        if self.key:
            return identifier(self.key, unique=True)
        name = self.handed_in_as
        is_folder = self.parts[0][0].endswith("/") if self.parts else self.path.is_dir()
        endings = (end for end in ARCHIVES if name.lower().endswith(end))
        ending = "" if is_folder else next(endings, PurePosixPath(name).suffix)
        return identifier(name[: len(name) - len(ending)])


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    Attributes:
        id: the name of its folder or file, made safe for paths and pages.
        files: contents by relative path.
        refused: the files that were not taken.
        problem: why there is nothing to grade, or "".
        source: where it was read from, if anywhere.
        readable: whether it could be read, be it empty.
    """

    id: str
    files: dict[str, bytes]
    refused: tuple[Refused, ...] = ()
    problem: str = ""
    source: Source | None = None
    readable: bool = True

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
        reasons = list(dict.fromkeys(item.reason for item in self.refused))
        more = len(reasons) - MOST_REASONS
        lines = [self._note(reason) for reason in reasons[:MOST_REASONS]]
        return (*lines, *([f"passed over more files, for {more} other reasons"] * (more > 0)))

    def _note(self, reason: str) -> str:
        names = [item.name for item in self.refused if item.reason == reason]
        shown = ", ".join(ascii(name[:80]) for name in names[:MOST_NAMES])
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        return f"passed over {shown}{more}: {reason}"

    @classmethod
    def read(cls, source: Source | Path, bounds: Bounds = BOUNDS) -> Submission:
        """Return the submission at `source`; one that cannot be read has a `problem`.

        Raises:
            PermissionError: this machine does not let the grader read it: no student's fault.
        """
        place = _place(source)
        upload = Upload(bounds)
        try:
            upload = _read(place, upload)
        except UnreadableError as error:
            why = str(error)
        except PermissionError:
            raise
        except Exception as error:  # noqa: BLE001 - what zipfile raises is up to the student's file
            why = f"it is damaged ({error})"
        else:
            taken = cls(place.id, upload.files, tuple(upload.refused), source=place)
            return taken if taken.files else replace(taken, problem=taken._nothing())
        problem = f"The submission cannot be read: {ascii(why)[1:-1][:MOST_REASON]}."
        return cls(place.id, {}, tuple(upload.refused), problem, place, readable=False)

    def _nothing(self) -> str:
        """Say why there is nothing to grade."""
        return " ".join(["The submission holds no file that can be graded.", *self.notes[:3]])


def _place(source: Source | Path) -> Source:
    return Source(source) if isinstance(source, Path) else source


def _read(source: Source, upload: Upload) -> Upload:
    """Return what was taken: if there is nothing else, what lies below a hidden folder."""
    taken = _unwrapped(_take(source, upload))
    if taken.files or not taken.saw_hidden:
        return taken
    return _unwrapped(_take(source, Upload(upload.bounds, hidden=True)))


def _take(source: Source, upload: Upload) -> Upload:
    path, parts = source.path, source.parts
    if path.is_dir():
        upload.take(_in_folder(source, upload), parts)
    elif not path.is_file():
        raise UnreadableError("it is neither a file nor a folder")
    elif path.name.lower().endswith(ARCHIVES):
        with path.open("rb") as file, archive(file) as entries:
            upload.take(entries, parts)
    else:
        upload.take([single(path)])
    return upload


def _in_folder(source: Source, upload: Upload) -> Iterator[Entry]:
    """Yield what a folder holds of a submission; what it holds of others is not looked at."""
    for stored, _ in source.parts or (("", ""),):
        if stored and not stored.endswith("/"):
            yield single(source.path / stored)
        else:
            yield from folder(source.path / stored, upload.passes_over, stored)


def _unwrapped(upload: Upload) -> Upload:
    """Open the archive that is all that was handed in, and no further one."""
    if (inner := upload.unwrap()) is None:
        return upload
    with archive(io.BytesIO(inner)) as entries:
        upload.take(entries)
    if upload.unwrap() is not None:
        raise UnreadableError("it holds one archive in another; hand in the files themselves")
    return upload
