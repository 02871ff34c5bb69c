"""Where the files of an assignment are in a submission: by path, by name, by what they hold."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from autograder.ipynb import UnreadableNotebookError, read_notebook

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from autograder.intake import Submission
    from autograder.ipynb import Notebook

__all__ = ["DEFINED", "Finder"]

DEFINED = re.compile(rb"^(?:class|def)[ \t]+(\w+)", re.MULTILINE)
ARRAYS = (".npz", ".npy")
# What browsers, systems and people add to a name, its punctuation read as `_`.
TAILS = r"(?:_(?:\d{1,3}|v\d{1,3}|copy|final|new|best|last|fixed|submission))*"
LEAST_ALIKE = 0.2  # of the cells of a notebook, for it to be known under another name
SHOWN = 80


class Finder:
    """Finds files, and notes what a student should know about how they were found.

    Attributes:
        found: the name under which each file was handed in, by the path that it should have.
        notes: one line each.
        reasons: what is to be said where a file cannot be used, by the path that it should have.
    """

    def __init__(self, submission: Submission) -> None:
        self.files = submission.files
        self.found: dict[str, str] = {}
        self.notes: list[str] = []
        self.reasons: dict[str, str] = {}
        self._refused = {PurePosixPath(i.name).name: i.reason for i in submission.refused}
        self._unread: dict[str, str] = {}  # notebooks by their own names, with what is wrong

    def find(self, path: str) -> None:
        """Find a file by its path, below a common folder, or by its name."""
        base = PurePosixPath(path).name
        free = self._free("")
        for candidates in (
            [name for name in free if name == path],
            [name for name in free if name.endswith(f"/{path}")],
            [name for name in free if PurePosixPath(name).name == base],
        ):
            if candidates:
                self._take_only(path, candidates)
                return
        if base in self._refused:
            self._explain(path, f"was handed in but not taken: {self._refused[base]}.")

    def find_module(self, path: str, released: bytes) -> None:
        """Find a module, also as a file of another name that defines what the released one did.

        A file that defines all of it is preferred, then one that defines most of it.

        Args:
            path: as it should be.
            released: the module as it was handed out; b"" if that is not known.
        """
        self.find(path)
        wanted = _public_names(released)
        if not wanted or not self._is_lost(path):
            return
        shares = {n: len(wanted & _public_names(self.files[n])) for n in self._free(".py")}
        most = max(shares.values(), default=0)
        if 2 * most >= len(wanted):
            alike = [name for name, share in shares.items() if share == most]
            how = "the same" if most == len(wanted) else "most of the same"
            self._take_instead(path, alike, f"which defines {how} names")

    def find_artifacts(self, paths: Iterable[str], others: Iterable[str]) -> None:
        """Find files that notebooks save, also under nearly their names, or as the only ones.

        Args:
            paths: as they should be.
            others: what the assignment hands out, which is no student's.
        """
        names = {PurePosixPath(path).name for path in others}
        for path in paths:
            self.find(path)
        lost = sorted(filter(self._is_lost, paths), key=len, reverse=True)  # a_1.npz before a.npz
        for path in lost:
            alike = [n for n in self._free(_suffix(path)) if _is_nearly(n, path)]
            self._take_instead(path, alike, "which has nearly its name")
        lost = [path for path in lost if self._is_lost(path) and _suffix(path) in ARRAYS]
        for path in lost:
            rivals = [other for other in lost if _suffix(other) == _suffix(path)]
            free = [n for n in self._free(_suffix(path)) if PurePosixPath(n).name not in names]
            if len(rivals) == len(free) == 1:
                self._take_instead(path, free, "the only file of its kind")

    def find_notebooks(
        self, wanted: Mapping[str, frozenset[str]], release: str
    ) -> dict[str, Notebook]:
        """Return the notebooks that can be read, by the names that they should have.

        Args:
            wanted: hashes of the texts of each one's cells; none if not known.
            release: the name that released notebooks carry in their metadata.
        """
        for path in wanted:
            self.find(path)
        lost = [path for path in wanted if self._is_lost(path)]
        others = {name: self._read(name) for name in self._free(".ipynb")} if lost else {}
        for path in lost:
            only = len(wanted) == len(others) == 1 and not wanted[path]
            scores = {n: _likeness(book, wanted[path], release) for n, book in others.items()}
            best = 0.0 if only else max(LEAST_ALIKE, *scores.values(), 0.0)
            alike = [name for name, score in scores.items() if score >= best]
            self._take_instead(path, alike, "which has its cells")
        books = {path: self._read(self.found[path]) for path in wanted if path in self.found}
        for path in wanted:
            seen = {self.found[path]: books[path]} if path in books else others
            self._doubt(path, seen, release)
        return {path: book for path, book in books.items() if book}

    def _doubt(self, path: str, seen: Mapping[str, Notebook | None], release: str) -> None:
        """Say what is wrong with a notebook, or with all that could be it where it was not found.

        Args:
            path: as it should be.
            seen: notebooks by the names under which they were handed in.
            release: the name that the right one carries in its metadata.
        """
        odd = [self._unread[name] for name, book in seen.items() if not book]
        strangers = {name: book.release for name, book in seen.items() if book and book.release}
        for name, other in strangers.items():
            if other != release:
                words = f"{_list([name])} was handed out for another assignment, {other[:SHOWN]!r}."
                self.notes += [] if words in self.notes else [words]
                odd += [] if path in self.found else [words]
        if odd and path not in self.reasons:
            absent = "" if path in self.found else f"{path} was not handed in. "
            self.reasons[path] = absent + " ".join(odd[:3])

    def _free(self, suffix: str) -> list[str]:
        taken = set(self.found.values())
        return [n for n in self.files if n.lower().endswith(suffix) and n not in taken]

    def _is_lost(self, path: str) -> bool:
        return path not in self.found and path not in self.reasons

    def _explain(self, path: str, words: str) -> None:
        self.reasons[path] = f"{path} {words}"
        self.notes.append(self.reasons[path])

    def _take_only(self, path: str, candidates: list[str]) -> None:
        if len({self.files[name] for name in candidates}) == 1:
            self.found[path] = min(candidates, key=len)
        else:
            times = f"was handed in {len(candidates)} times ({_list(candidates)})"
            self._explain(path, f"{times}; keep one.")

    def _take_instead(self, path: str, alike: list[str], why: str) -> None:
        if len(alike) == 1:
            self.found[path] = alike[0]
            self.notes.append(f"{path} was not handed in; taken instead: {_list(alike)}, {why}.")
        elif alike:
            self._explain(path, f"was not handed in; it could be one of {_list(alike)}: name it.")

    def _read(self, name: str) -> Notebook | None:
        try:
            return read_notebook(self.files[name])
        except UnreadableNotebookError as error:
            note = f"{_list([name])} is not a notebook that can be read: {error}."
            self.notes += [] if note in self.notes else [note]
            self._unread[name] = note
            return None


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()


def _is_nearly(name: str, path: str) -> bool:
    """Say whether a file's name is another's apart from case, punctuation and known tails."""
    own, wanted = (re.sub(r"[\W_]+", "_", PurePosixPath(n).stem.casefold()) for n in (name, path))
    pattern = rf"(?:copy_of_)?{re.escape(wanted.strip('_'))}{TAILS}"
    return re.fullmatch(pattern, own.strip("_")) is not None


def _public_names(source: bytes) -> set[bytes]:
    """Return the functions and classes that a module offers."""
    return {name for name in DEFINED.findall(source) if not name.startswith(b"_")}


def _likeness(book: Notebook | None, texts: frozenset[str], release: str) -> float:
    """Return the share of `texts` that a notebook has, and 1 more if it says what it is."""
    if book is None or (book.release and book.release != release):
        return -1.0
    known = bool(book.release) and book.release == release
    return known + (len(texts & book.texts) / len(texts) if texts else 0.0)


def _list(names: Iterable[str]) -> str:
    shown = [name[:SHOWN] for name in names]
    return ", ".join(shown[:3]) + (", ..." if len(shown) > 3 else "")  # noqa: PLR2004
