"""`python check.py --submit`: look at what is handed in, say what is seen, and pack it."""

from __future__ import annotations

import hashlib
import json
import time
import zipfile
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from autograder.at_home.homework import Homework
    from autograder.at_home.pages import Page

from autograder.at_home.pages import pages_of

__all__ = ["LARGEST_MB", "Seen", "look", "pack"]

LARGEST_KB = 1000  # what is more is shown in MB
PACKED = "submission.zip"
LARGEST_MB = 64  # of all files together: the grader reads no more
LARGE_NOTEBOOK_MB = 10
MOST_NAMED = 5


@dataclass(frozen=True)
class Seen:
    """One line of what was seen.

    Attributes:
        word: `ok` or `warning`.
        text: a sentence that begins with the file.
    """

    word: str
    text: str


def look(homework: Homework, folder: Path) -> list[Seen]:
    """Return what there is to say about each file that is handed in."""
    as_released = _as_released(folder)
    seen = []
    for name in homework.hand_in:
        oddities = list(_oddities(homework, folder, name, as_released))
        seen += [Seen("warning", f"{name}: {oddity}") for oddity in oddities]
        if not oddities:
            seen.append(Seen("ok", f"{name}: {_praise(homework, folder / name)}"))
    return [*seen, *_sizes(homework, folder)]


def pack(homework: Homework, folder: Path, warnings: int) -> list[str]:
    """Write `submission.zip` anew and return what to say about it.

    Args:
        homework: the assignment.
        folder: where the files are; the archive is put there.
        warnings: how many there were; it is packed all the same.
    """
    names = [name for name in _wanted(homework, folder) if (folder / name).is_file()]
    target, fresh = folder / PACKED, folder / f"{PACKED}.part"
    try:
        with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
            for name in names:
                archive.write(folder / name, name)
        fresh.replace(target)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        return [f"{PACKED} could not be written: {error.strerror}. Is it open somewhere?"]
    return [*_contents(target), *_last_words(warnings)]


def _contents(target: Path) -> Iterator[str]:
    with zipfile.ZipFile(target) as archive:
        items = archive.infolist()
    yield f"{target.name} holds {len(items)} files, {_size(target.stat().st_size)} packed:"
    yield from (f"    {item.filename}  {_size(item.file_size)}" for item in items)


def _last_words(warnings: int) -> list[str]:
    if not warnings:
        return ["Hand in this file."]
    plural = "s" if warnings > 1 else ""
    return [f"{warnings} warning{plural} above. It is packed all the same: hand it in, or mend it."]


def _wanted(homework: Homework, folder: Path) -> list[str]:
    """Return what goes in: what is asked for, and modules that the student has added."""
    packages = {name.split("/")[0] for name in homework.released if "/" in name}
    ours = {*_released(folder), *homework.hand_in}
    there = (p for package in sorted(packages) for p in sorted((folder / package).rglob("*.py")))
    names = (path.relative_to(folder).as_posix() for path in there)
    own = [n for n in names if n not in ours and not any(p[0] in "._" for p in n.split("/")[:-1])]
    return [*homework.hand_in, *own]


def _oddities(
    homework: Homework, folder: Path, name: str, as_released: frozenset[str]
) -> Iterator[str]:
    path = folder / name
    if not path.is_file():
        yield _how_to_get(homework, name)
        return
    usual = "is as it was handed out; is it saved?"
    if name in as_released and (words := homework.unchanged.get(name, usual)):
        yield words
    if name in homework.notebooks:
        yield from _of_notebook(path, [folder / module for module in homework.released])
    elif name in homework.released:
        yield from _of_module(path)
    else:
        yield from _of_artifact(path, [folder / module for module in homework.released])


def _how_to_get(homework: Homework, name: str) -> str:
    if name in homework.artifacts:
        return "is not there; run the cell of the notebook that saves it"
    if name in homework.notebooks:
        return "is not there; on Colab, download it (File, Download) and put it beside check.py"
    return "is not there; it should lie beside check.py under this name"


def _of_notebook(path: Path, modules: list[Path]) -> Iterator[str]:
    try:
        pages = [page for page in pages_of(path) if page.is_code and page.source.strip()]
    except (OSError, ValueError) as error:
        yield f"cannot be read ({error}); open it in Jupyter and save it again"
        return
    yield from _run_in_order(pages)
    later = [module.name for module in modules if _newer(module, path)]
    if later:
        yield f"was saved before {later[0]} was changed; run it again from the top and save it"
    if path.stat().st_size > LARGE_NOTEBOOK_MB << 20:
        yield f"has {_size(path.stat().st_size)}; clear outputs that nobody needs"


def _run_in_order(pages: list[Page]) -> Iterator[str]:
    unrun = [page.label for page in pages if page.count is None]
    if unrun:
        yield f"{_listed(unrun)} not run, or not saved since; restart, run all and save"
    counts = [(page.count, page.label) for page in pages if page.count is not None]
    late = [label for (a, _), (b, label) in pairwise(counts) if b <= a]
    if late:
        yield f"{late[0]} was run before the one above it; restart, run all and save"
    failed = [page.label for page in pages if page.failed]
    if failed:
        yield f"{_listed(failed)} ended in an error"


def _listed(labels: list[str]) -> str:
    more = f" and {len(labels) - MOST_NAMED} more" if len(labels) > MOST_NAMED else ""
    return ", ".join(labels[:MOST_NAMED]) + more


def _of_module(path: Path) -> Iterator[str]:
    try:
        compile(path.read_bytes(), path.name, "exec", dont_inherit=True)
    except SyntaxError as error:
        yield f"line {error.lineno}: {error.msg}; Python cannot load it so"
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        yield f"Python cannot load it: {error}"


def _of_artifact(path: Path, modules: list[Path]) -> Iterator[str]:
    later = [module.name for module in modules if _newer(module, path)]
    if later:
        yield f"is older than {later[0]}; run the cell that saves it again"
    if not path.stat().st_size:
        yield "is empty; run the cell that saves it again"


def _sizes(homework: Homework, folder: Path) -> Iterator[Seen]:
    names = [name for name in _wanted(homework, folder) if (folder / name).is_file()]
    total = sum((folder / name).stat().st_size for name in names)
    if total > LARGEST_MB << 20:
        large = max(names, key=lambda name: (folder / name).stat().st_size)
        text = f"{_size(total)} together, {LARGEST_MB} MB are read; the largest file is {large}"
        yield Seen("warning", text)
    else:
        yield Seen("ok", f"{len(names)} files, {_size(total)} together, and no data set")


def _newer(one: Path, other: Path) -> bool:
    return one.is_file() and one.stat().st_mtime > other.stat().st_mtime


def _praise(homework: Homework, path: Path) -> str:
    saved = time.strftime("%d %b %H:%M", time.localtime(path.stat().st_mtime))
    if path.name in homework.notebooks:
        return f"run in order, last saved {saved}; if you have changed it since, save it now"
    return f"there, last saved {saved}"


def _released(folder: Path) -> Mapping[str, str]:
    """Return the hashes of the files that were handed out, by path; none without a manifest."""
    try:
        files = json.loads((folder / "MANIFEST.json").read_text(encoding="utf-8"))["files"]
        return dict(files)
    except (OSError, ValueError, LookupError, TypeError):
        return {}


def _as_released(folder: Path) -> frozenset[str]:
    """Return the files that nobody has changed since they were handed out."""
    known = {name: value for name, value in _released(folder).items() if (folder / name).is_file()}
    return frozenset(name for name, value in known.items() if _hash(folder / name) == value)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _size(count: int) -> str:
    kilobytes = count / 1000
    return f"{kilobytes / 1000:.1f} MB" if kilobytes > LARGEST_KB else f"{kilobytes:.1f} kB"
