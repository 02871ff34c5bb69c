"""The submissions that a command's arguments name: one, a folder of them, a site's download."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from autograder.archives import ARCHIVES, archive
from autograder.intake import Source
from autograder.names import shown
from autograder.sites import METADATA, owners, people
from autograder.upload import system_folder
from gradlab.errors import UserMistake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from autograder.sites import Owner

__all__ = ["find_submissions"]

KINDS = (*ARCHIVES, ".ipynb", ".py")
DEPTH = 5  # folders below an argument that are looked into to see what it is
MOST_NAMES = 200_000  # that are looked at
MOST_METADATA = 8 << 20  # bytes of a list of people
MOST_SHOWN = 5  # names in a note
A_CLASS = 2  # so many folders that hold the same file are submissions


@dataclass(frozen=True)
class Place:
    """A folder on disk or in an archive, as far as one must know it to see what it is.

    Attributes:
        path: on disk: a folder, or an archive.
        root: in an archive, what all names begin with: "" or a folder.
        items: what lies in it; folders end with a slash and have the names of the files below.
    """

    path: Path
    root: str
    items: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, path: Path, names: Iterable[str], root: str = "") -> Place:
        """Return a place with these names, without what systems leave lying about."""
        items: dict[str, list[str]] = {}
        for name in names:
            head, slash, rest = name.partition("/")
            if not system_folder(head):
                items.setdefault(head + slash, []).extend([rest] if rest else [])
        return cls(path, root, {item: tuple(items[item]) for item in sorted(items)})

    def inside(self, item: str) -> Place:
        """Return one of its folders."""
        if self.path.is_dir():
            return Place.of(self.path / item, self.items[item])
        return Place.of(self.path, self.items[item], self.root + item)

    def __str__(self) -> str:
        return shown(f"{self.path}/{self.root}" if self.root else str(self.path))


def find_submissions(
    paths: Iterable[Path], handed_in: Iterable[str], tell: Callable[[str], object] = lambda _: None
) -> list[Source]:
    """Return the submissions that the arguments of a command name.

    A download that a site made of a class's submissions is taken apart, packed or not; so is an
    archive that is all there is and of which several folders hold the same file of the assignment.
    A folder that holds such a file, by its path or beside its folders, is one submission, and any
    other folder is a folder of submissions.

    Args:
        paths: as the user gave them.
        handed_in: paths of the files that a submission may have.
        tell: gets notes for staff on what was doubtful.

    Returns:
        Each submission once, also where two arguments name it or parts of it.

    Raises:
        UserMistake: a path does not exist, or there is no submission in it.
    """
    paths = list(paths)
    search = _Search(frozenset(handed_in), tell, alone=len(paths) == 1)
    found: list[Source] = []
    for path in paths:
        if not path.exists():
            raise UserMistake(f"{path}: there is no such file or folder")
        found += search.found(path)
    if not found:
        raise UserMistake("no submissions: folders, archives, notebooks and modules are looked for")
    return _each_once(found)


def _each_once(found: Iterable[Source]) -> list[Source]:
    """Return the submissions, those put together of which several arguments name parts."""
    whole: dict[object, Source] = {}
    for source in found:
        key = (source.path, source.key) if source.key and source.parts else source
        other = whole.get(key, source)
        parts = tuple(sorted({*other.parts, *source.parts}))
        whole[key] = replace(source, parts=parts)
    return list(whole.values())


@dataclass(frozen=True)
class _Search:
    """Looks for submissions of one assignment.

    Attributes:
        handed_in: paths of the files that a submission may have.
        tell: gets notes.
        alone: whether the command names one place only; of several, each may be a student's.
    """

    handed_in: frozenset[str]
    tell: Callable[[str], object]
    alone: bool

    @cached_property
    def _basenames(self) -> frozenset[str]:
        return frozenset(PurePosixPath(name).name for name in self.handed_in)

    def found(self, path: Path) -> list[Source]:
        """Return the submissions at a path."""
        if path.is_file():
            return self._of_archive(path) or _single(path)
        place = Place.of(path, islice(_names_in(path), MOST_NAMES))
        if apart := self._apart(place):
            return apart
        return _single(path) if self._own(place) else self._children(place)

    def _of_archive(self, path: Path, *, beside: bool = False) -> list[Source]:
        place = Place.of(path, islice(_stored_names(path), MOST_NAMES))
        return self._apart(place, beside=beside, is_sure=False)

    def _apart(self, place: Place, *, beside: bool = False, is_sure: bool = True) -> list[Source]:
        """Return the submissions of a class, or [] if it is not one.

        Args:
            place: where they may lie.
            beside: whether it lies among submissions: then only a site's download is a class.
            is_sure: whether a folder of folders is a class in any case.
        """
        alone = self.alone and not beside
        found = owners(list(place.items))
        if len({owner.key for owner in found.values()}) >= (A_CLASS if beside else 1):
            self._tell_unplaced(place, [item for item in place.items if item not in found])
            return _of_site(place, found)
        alike = self._alike(place)
        if own := self._own(place):
            if alone and alike:
                held = _list(own)
                self.tell(f"{place}: one submission, since {held} is beside them, though {alike}")
            return []
        if len(place.items) == 1:
            return self._apart_below(place, next(iter(place.items)), beside=beside)
        if not (alone and alike):
            return []
        children = self._children(place)
        if not is_sure:
            self.tell(f"{place}: taken as {len(children)} submissions, since {alike}")
        return children

    def _apart_below(self, place: Place, item: str, *, beside: bool) -> list[Source]:
        """Return the submissions of a class that is all that lies in a place, or []."""
        if item.endswith("/"):
            return self._apart(place.inside(item), beside=beside, is_sure=False)
        return self._of_archive(place.path / item) if place.path.is_dir() else []

    def _own(self, place: Place) -> list[str]:
        """Return the files of the assignment that lie in a place as in one submission."""
        top = [item for item in place.items if item in self._basenames]
        return top or [
            f"{item}{name}"
            for item, names in place.items.items()
            for name in names
            if f"{item}{name}" in self.handed_in
        ]

    def _alike(self, place: Place) -> str:
        """Say in which folders the same file of the assignment lies; "" if in no two."""
        kinds = Counter("archive" for item in place.items if item.lower().endswith(ARCHIVES))
        if kinds["archive"] >= A_CLASS:
            return f"it holds {kinds['archive']} archives"
        holders: dict[str, list[str]] = {}
        for item, names in place.items.items():
            for base in self._basenames & {PurePosixPath(name).name for name in names}:
                holders.setdefault(base, []).append(item)
        base = max(sorted(holders), key=lambda name: len(holders[name]), default="")
        if len(holders.get(base, ())) < A_CLASS:
            return ""
        return f"{base} lies in {_list(holders[base])}"

    def _children(self, place: Place) -> list[Source]:
        """Return what lies in a place as submissions; downloads among them are taken apart."""
        named = [item for item in place.items if not item.startswith(".")]
        items = [item for item in named if item.lower().endswith(("/", *KINDS))]
        self._tell_unplaced(place, [item for item in named if item not in items])
        if not place.path.is_dir():
            return [_stored(place, item) for item in items]
        return [source for item in items for source in self._child(place.path / item)]

    def _child(self, path: Path) -> list[Source]:
        apart = self._of_archive(path, beside=True) if path.is_file() else []
        if apart:
            self.tell(
                f"{shown(str(path))}: a download of {len(apart)} submissions, and graded as those"
            )
        return apart or _single(path)

    def _tell_unplaced(self, place: Place, items: Sequence[str]) -> None:
        odd = [item for item in items if item != METADATA]
        if odd:
            self.tell(f"{place}: not graded, since they are nobody's submission: {_list(odd)}")


def _of_site(place: Place, found: Mapping[str, Owner]) -> list[Source]:
    """Return the submissions of a site's download, the files and folders of each together."""
    known = people(_metadata(place)) if METADATA in place.items else {}
    grouped: dict[str, list[str]] = {}
    for item, owner in found.items():
        grouped.setdefault(owner.key, []).append(item)
    sources = []
    for key, items in grouped.items():
        name, email = known.get(key, ("", ""))
        name = name or found[items[0]].name
        notes = tuple(dict.fromkeys(note for item in items for note in found[item].notes))
        base = Source(place.path, name=name or key, email=email, key=key, notes=notes)
        if place.path.is_dir() and len(items) == 1 and items[0].endswith("/"):
            sources.append(replace(base, path=place.path / items[0]))
        else:
            parts = tuple((place.root + item, found[item].inside) for item in items)
            sources.append(replace(base, parts=parts))
    return sources


def _single(path: Path) -> list[Source]:
    """Return the submission at a path; a part of a site's unpacked download is still that."""
    item = f"{path.name}/" if path.is_dir() else path.name
    beside = [METADATA] if (path.parent / METADATA).is_file() else []
    found = owners([item, *beside])
    return _of_site(Place.of(path.parent, [item, *beside]), found) or [Source(path)]


def _stored(place: Place, item: str) -> Source:
    inside = "" if item.endswith("/") else item
    return Source(place.path, ((place.root + item, inside),), name=item.rstrip("/"))


def _metadata(place: Place) -> str:
    """Return a site's list of people; "" if it cannot be read."""
    with suppress(Exception):  # it only adds names to the numbers
        if place.path.is_dir():
            with (place.path / METADATA).open("rb") as file:
                content = file.read(MOST_METADATA)
        else:
            with place.path.open("rb") as file, archive(file) as entries:
                wanted = place.root + METADATA
                content = next(e.read(MOST_METADATA) for e in entries if e.name == wanted)
        return content.decode()
    return ""


def _stored_names(path: Path) -> Iterator[str]:
    """Yield the names in an archive; none if it is not one: then its reader will say so."""
    if not path.name.lower().endswith(ARCHIVES):
        return
    with suppress(Exception), path.open("rb") as file, archive(file) as entries:
        yield from [entry.name.removeprefix("./") for entry in entries]


def _names_in(folder: Path, depth: int = DEPTH) -> Iterator[str]:
    """Yield the names of files below a folder, and those of its folders with a slash."""
    for path in sorted(folder.iterdir()):
        if not path.is_dir():
            yield path.name
            continue
        yield f"{path.name}/"
        if depth and not system_folder(path.name) and (depth == DEPTH or not path.is_symlink()):
            with suppress(OSError):  # it comes up again when the submission is read
                yield from (f"{path.name}/{name}" for name in _names_in(path, depth - 1))


def _list(names: Sequence[str]) -> str:
    listed = ", ".join(f"'{shown(name[:80])}'" for name in names[:MOST_SHOWN])
    more = len(names) - MOST_SHOWN
    return f"{listed} and {more} more" if more > 0 else listed
