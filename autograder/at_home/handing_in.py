"""`python check.py --submit`: look at what is handed in, and say what is seen."""

from __future__ import annotations

import difflib
import time
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from autograder.at_home.given import Given
    from autograder.at_home.homework import Homework, Row
    from autograder.at_home.pages import Page

from autograder.at_home.given import is_there
from autograder.at_home.homework import Seen
from autograder.at_home.packing import LARGEST_MB, PACKED, shown_size
from autograder.at_home.pages import pages_of
from autograder.box.loading import read_arrays

__all__ = ["HAND_IN", "last_words", "look"]

HAND_IN = "Hand in this file."
LARGE_NOTEBOOK_MB = 10
MOST_CELLS = 5
ARRAYS = (".npz", ".npy")
LEAST_NEAR = 0.75  # of two names, as `difflib` counts
# Given files that no code of the homework loads: notes for people, and what sets up a machine.
NEVER_LOADED = frozenset({"README.md", "requirements.txt", "environment.yml"})


def look(homework: Homework, folder: Path, given: Given, unread: Mapping[str, str]) -> list[Seen]:
    """Return what there is to say about each file that is handed in, and about the given ones.

    Args:
        homework: the assignment.
        folder: where the files are.
        given: what became of those that were handed out.
        unread: why some cannot be read, by their paths.
    """
    seen = []
    for name in homework.hand_in:
        known = [unread[name]] if name in unread else _oddities(homework, folder, name, given)
        oddities = list(known)
        seen += [Seen("warning", f"{name}: {oddity}") for oddity in oddities]
        if not oddities:
            seen.append(Seen("ok", f"{name}: {_praise(homework, folder / name)}"))
    return [*seen, *_changed(homework, given)]


def last_words(packed: Sequence[Seen], rows: Sequence[Row], *, too_large: bool) -> str:
    """Return what to do with the archive: `HAND_IN` if nothing speaks against it.

    Args:
        packed: what was said of the files.
        rows: what came of the checks.
        too_large: whether the grader would not read it.
    """
    wrong = sum(not row.right for row in rows)
    count = sum(item.word != "ok" for item in packed) + sum(bool(row.note) for row in rows)
    words = []
    if wrong:
        one = "is" if wrong == 1 else "are"
        words.append(f"{wrong} of {len(rows)} public checks {one} not right")
    if count:
        words.append(f"{count} warning{'s' if count > 1 else ''} above")
    if not words:
        return HAND_IN
    useless = f"The grader does not read more than {LARGEST_MB} MB: make {PACKED} smaller."
    mend = "It is packed all the same: hand it in, or mend it."
    return f"{'; '.join(words)}. {useless if too_large else mend}"


def _changed(homework: Homework, given: Given) -> Iterator[Seen]:
    """Yield a warning for each file of which grading has the original."""
    for name in sorted(given.changed.difference(homework.hand_in, NEVER_LOADED)):
        place = next(iter((*homework.released, *homework.notebooks)), "")
        yours = f", so put your code into {place}" if name.endswith(".py") and place else ""
        own = "was changed; grading has checks of its own"
        text = own if name == "check.py" else f"was changed; grading uses the original{yours}"
        yield Seen("warning", f"{name}: {text}")


def _oddities(homework: Homework, folder: Path, name: str, given: Given) -> Iterator[str]:
    path = folder / name
    if not is_there(path):
        yield _how_to_get(homework, folder, name, given)
        return
    usual = "is as it was handed out; is it saved?"
    if name in given.same and (words := homework.unchanged.get(name, usual)):
        yield words
    if name in homework.notebooks:
        yield from _of_notebook(path, [folder / module for module in homework.released])
    elif name in homework.released:
        yield from _of_module(path)
    else:
        yield from _of_artifact(path, [folder / module for module in homework.released])


def _how_to_get(homework: Homework, folder: Path, name: str, given: Given) -> str:
    ours = {path.rpartition("/")[2] for path in (*homework.hand_in, *given.names)}
    base = name.rpartition("/")[2]
    if other := _other_name((folder / name).parent, base, ours):
        return f"is not there; is it {other!r}? Rename that to {base}"
    if name in homework.artifacts:
        return "is not there; run the cell of the notebook that saves it"
    if name in homework.notebooks:
        return "is not there; on Colab, download it (File, Download) and put it beside check.py"
    return "is not there; it should lie beside check.py under this name"


def _other_name(folder: Path, base: str, ours: Iterable[str]) -> str:
    """Return the name that a file seems to have instead, or ''."""
    names: list[str] = []
    suffix = base[base.rindex(".") :] if "." in base else ""
    with suppress(OSError):
        there = (path.name for path in folder.iterdir() if path.is_file())
        names = sorted(name for name in there if name.lower().endswith(suffix.lower()))
    others = {name.lower(): name for name in names if name not in ours}
    if suffix == ".ipynb" and len(others) == 1:
        return next(iter(others.values()))
    near = difflib.get_close_matches(base.lower(), others, 1, LEAST_NEAR)
    return others[near[0]] if near else ""


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
    if LARGE_NOTEBOOK_MB << 20 < path.stat().st_size <= LARGEST_MB << 20:
        yield f"has {shown_size(path.stat().st_size)}; clear outputs that nobody needs"


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
    more = f" and {len(labels) - MOST_CELLS} more" if len(labels) > MOST_CELLS else ""
    return ", ".join(labels[:MOST_CELLS]) + more


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
    size = path.stat().st_size
    if not size:
        yield "is empty; run the cell that saves it again"
    elif path.suffix in ARRAYS and size <= LARGEST_MB << 20:
        try:
            read_arrays(path.read_bytes())
        except ValueError as error:
            yield f"{error}; run the cell that saves it again"


def _newer(one: Path, other: Path) -> bool:
    return is_there(one) and one.stat().st_mtime > other.stat().st_mtime


def _praise(homework: Homework, path: Path) -> str:
    saved = time.strftime("%d %b %H:%M", time.localtime(path.stat().st_mtime))
    if path.name in homework.notebooks:
        return f"run in order, last saved {saved}; if you have changed it since, save it now"
    return f"there, last saved {saved}"
