"""What goes into `submission.zip`, and a folder that holds just that, for the checks."""

from __future__ import annotations

import json
import shutil
import zipfile
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from autograder.at_home.given import Given
    from autograder.at_home.homework import Homework

from autograder.at_home.given import is_there
from autograder.at_home.homework import Seen

__all__ = ["LARGEST_MB", "PACKED", "Packing", "lay_out_again", "shown_size"]

LARGEST_KB = 1000  # what is more is shown in MB
PACKED = "submission.zip"
LARGEST_MB = 64  # of all files together: the grader reads no more
CHUNK = 1 << 20


@dataclass(frozen=True)
class Packing:
    """What is handed in.

    Attributes:
        folder: where the files are.
        sizes: bytes of each file, by its path.
        unread: why others cannot be read, by their paths.
        lean: what is packed in place of notebooks that are too large, by their paths.
        seen: what there is to say about it.
    """

    folder: Path
    sizes: Mapping[str, int]
    unread: Mapping[str, str] = field(default_factory=dict)
    lean: Mapping[str, bytes] = field(default_factory=dict)
    seen: tuple[Seen, ...] = ()

    @classmethod
    def of(cls, homework: Homework, folder: Path, given: Given) -> Packing:
        """Return what is handed in from a folder; what cannot be read is left out."""
        names = [name for name in _wanted(homework, folder, given) if is_there(folder / name)]
        unread = {name: why for name in names if (why := _unreadable(folder / name))}
        added = [name for name in unread if name not in homework.hand_in]
        seen = tuple(Seen("warning", f"{name}: {unread[name]}") for name in added)
        sizes = {name: (folder / name).stat().st_size for name in names if name not in unread}
        whole = cls(folder, sizes, unread, {}, seen)
        if not whole.is_too_large:
            return replace(whole, seen=(*seen, Seen("ok", f"{whole.summary}, and no data set")))
        books = [name for name in homework.notebooks if name in sizes]
        lean = {name: book for name in books if (book := _without_outputs(folder / name))}
        less = {**sizes, **{name: len(book) for name, book in lean.items()}}
        slim = replace(whole, sizes=less, lean=lean)
        if slim.is_too_large:
            return replace(whole, seen=(*seen, whole._too_large()))
        text = LEAN.format(whole.summary)
        cut = (Seen("warning", f"{name}: {text}") for name in lean)
        return replace(slim, seen=(*seen, *cut))

    @property
    def is_too_large(self) -> bool:
        """Whether the grader would not read it."""
        return sum(self.sizes.values()) > LARGEST_MB << 20

    @property
    def summary(self) -> str:
        """How much it is."""
        return f"{len(self.sizes)} files, {shown_size(sum(self.sizes.values()))} together"

    def _too_large(self) -> Seen:
        large = max(self.sizes, key=lambda name: self.sizes[name])
        total = shown_size(sum(self.sizes.values()))
        text = f"{total} together, {LARGEST_MB} MB are read; the largest file is {large}"
        return Seen("warning", f"{text}; as it is, it earns nothing")

    def write(self) -> Iterator[str]:
        """Write `submission.zip` anew and return what to say about it.

        Raises:
            OSError: it cannot be written; an earlier one stays as it is.
        """
        target, fresh = self.folder / PACKED, self.folder / f"{PACKED}.part"
        try:
            with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as to:
                for name in self.sizes:
                    self._add(to, name)
            fresh.replace(target)
        except OSError:
            with suppress(OSError):
                fresh.unlink()
            raise
        return _contents(target)

    def _add(self, archive: zipfile.ZipFile, name: str) -> None:
        if name in self.lean:
            archive.writestr(name, self.lean[name], zipfile.ZIP_DEFLATED)
        else:
            archive.write(self.folder / name, name)


LEAN = (
    "is packed without its outputs: {} with them, and " + f"{LARGEST_MB} MB are read. Your own "
    "file keeps them; clear those that nobody needs, and pack again"
)


def _unreadable(path: Path) -> str:
    """Return why a file cannot be read to its end, as a warning; '' if it can."""
    try:
        with path.open("rb") as file:
            while file.read(CHUNK):
                pass
    except OSError as error:
        why = error.strerror or type(error).__name__
        return f"cannot be read ({why}) and is not packed; is it open elsewhere, or in the cloud?"
    return ""


def _wanted(homework: Homework, folder: Path, given: Given) -> list[str]:
    """Return what goes in: what is asked for, and modules that the student has added."""
    packages = {name.split("/")[0] for name in homework.released if "/" in name}
    ours = {*given.names, *homework.hand_in}
    there = (p for package in sorted(packages) for p in sorted((folder / package).rglob("*.py")))
    names = (path.relative_to(folder).as_posix() for path in there)
    own = [n for n in names if n not in ours and not any(p[0] in "._" for p in n.split("/")[:-1])]
    return [*homework.hand_in, *own]


def _without_outputs(path: Path) -> bytes:
    """Return a notebook without what its cells have shown; b"" if it is none."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8-sig"))
        for cell in notebook["cells"]:
            if "outputs" in cell:
                cell["outputs"] = []
        return json.dumps(notebook, ensure_ascii=False, indent=1).encode("utf-8")
    except (OSError, ValueError, LookupError, TypeError, RecursionError, MemoryError):
        return b""


def _contents(target: Path) -> Iterator[str]:
    with zipfile.ZipFile(target) as archive:
        items = archive.infolist()
    yield f"{target.name} holds {len(items)} files, {shown_size(target.stat().st_size)} packed:"
    yield from (f"    {item.filename}  {shown_size(item.file_size)}" for item in items)


def shown_size(count: int) -> str:
    """Return a number of bytes in words."""
    kilobytes = count / 1000
    return f"{kilobytes / 1000:.1f} MB" if kilobytes > LARGEST_KB else f"{kilobytes:.1f} kB"


def lay_out_again(homework: Homework, folder: Path, given: Given, target: Path) -> None:
    """Put what the grader has into `target`: what was handed out, and what was packed.

    Given modules come from `check.py`, other given files from `folder` if they are as they were.
    Data sets are not there, as they are not in grading.

    Raises:
        OSError: a file cannot be written.
        zipfile.BadZipFile: `submission.zip` has been damaged meanwhile.
    """
    for name in sorted(given.same):
        if name not in homework.hand_in:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / name, target / name)
    for name, text in homework.supplied.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(text.encode())
    with zipfile.ZipFile(folder / PACKED) as archive:
        archive.extractall(target)
