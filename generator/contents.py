"""Is a release what it should be: the right files, code that parses, clean notebooks?"""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from generator.outputs import KEEP_OUTPUT
from generator.pycode import parse
from generator.strip import split_lines, strip_text
from generator.unpack import members
from gradlab.errors import AuthorMistake, Place, Problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from generator.draft import Draft, Passage

__all__ = [
    "EXTRA",
    "FIXED",
    "broken_code",
    "duplicates",
    "leftover_markers",
    "nothing_to_write",
    "staff_files",
    "stored_results",
    "unexpected_files",
    "unknown_keys",
]

FIXED = ("MANIFEST.json", "README.md", "environment.yml", "requirements.txt")  # of every release
EXTRA = ("check.py",)  # what a release may have besides
OTTER_TEST = re.compile(r"tests/[a-z]\w*\.py", re.ASCII)
STAFF_FILES = (
    (r"(.*/)?\.ipynb_checkpoints/.*|.*-checkpoint\.ipynb", "a notebook's checkpoint"),
    (r"(.*/)?__pycache__/.*|.*\.py[co]", "compiled code, which can be read back"),
    (r".*(~|\.bak|\.orig|\.old|\.rej|\.sw[op])|(.*/)?[#.]#.*", "an editor's backup"),
    (r"(.*/)?\.(git|svn|hg|DS_Store|idea|vscode|env|netrc)(/.*|$)", "a tool's own file"),
    (r"(.*/)?(checks\.(py|npz|json)|(assignment|samples)\.toml|staff\.md)", "a file for staff"),
    (r"(?i)(.*/)?([^/]*[-_.])?(solutions?|answer_?key)([-_.][^/]*)?(/.*)?", "a file for staff"),
)
# What may stand in braces behind the colon in Python's own texts, as in f"{points:.1f}".
FORMAT = r"(?=[^}])(?:.?[<>=^])?[-+ ]?#?\d*[,_]?(?:\.\d+)?[bcdeEfFgGnosxX%]?\}"
LEFTOVERS = (
    r"\b(BEGIN|END) (SOLUTION|HIDDEN TESTS?|MARK SCHEME|PROMPT|TESTS?|QUESTION|IGNORE)\b",
    r"#\s*(SOLUTION( NO PROMPT)?|SEED|HIDDEN|IGNORE)\s*$",
    r"^\W*(HIDDEN TESTS?|MARK SCHEME|STAFF[- ]ONLY)\W*$",
    r"#\s*stub:",
    rf"\{{points:(?!{FORMAT})",
)
LEFTOVER = re.compile("|".join(f"(?:{pattern})" for pattern in LEFTOVERS), re.MULTILINE)
CODE_ALONE = re.compile(r"\s*(?:[^\W_][^#]*)?\s*")  # starts with a word, and says no more
NOTEBOOK_KEYS = {"cells", "metadata", "nbformat", "nbformat_minor"}
METADATA_KEYS = {"gradlab", "kernelspec", "language_info", "colab", "otter"}
CELL_KEYS = {"cell_type", "id", "metadata", "source", "attachments", "outputs", "execution_count"}
CELL_METADATA = {"deletable", "editable", "tags", "gradlab", "otter", "jupyter"}


def unexpected_files(draft: Draft) -> Iterator[AuthorMistake]:
    """Yield files that no setting asked for, and such as students shall make themselves."""
    expected = {*draft.masters, *draft.supplied, *FIXED, *EXTRA}
    if draft.assignment.client != "check.py":
        expected |= set(filter(OTTER_TEST.fullmatch, draft.files))
    for name in sorted(set(draft.files) - expected):
        if _kind_of(name) is None:
            message = "does not belong in a release; list it in assignment.toml or drop it"
            yield AuthorMistake(message, Place(name))
    for name in sorted(set(draft.files) & set(draft.assignment.artifacts)):
        message = "students shall make and hand in this file; drop it, or ship it by another name"
        yield AuthorMistake(message, draft.origin(name).place)


def staff_files(draft: Draft) -> Iterator[AuthorMistake]:
    """Yield files that are never for students, also inside archives."""
    for name in sorted(draft.files):
        if kind := _kind_of(name):
            yield AuthorMistake(f"this is {kind}; drop it", draft.origin(name).place)
    for archive, name in members(draft):
        if kind := _kind_of(name):
            place = draft.origin(archive).place
            yield AuthorMistake(f"{name} in it is {kind}; pack it again without", place)


def _kind_of(name: str) -> str | None:
    found = (kind for pattern, kind in STAFF_FILES if re.fullmatch(pattern, name))
    return next(found, None)


def broken_code(draft: Draft) -> Iterator[AuthorMistake]:
    """Yield modules and cells that are not Python, for instance because of a stub."""
    for passage in draft.passages:
        if passage.is_code and passage.file not in EXTRA:
            try:
                parse(passage.text)
            except (SyntaxError, ValueError) as error:
                line = getattr(error, "lineno", None) or 1
                message = f"does not parse once the blocks are stubs: {error.args[0]}"
                yield AuthorMistake(message, passage.place(line))


def leftover_markers(draft: Draft) -> Iterator[AuthorMistake]:
    """Yield markers that are half there, and blocks that nobody took out."""
    earlier = {draft.assignment.module_path(n) for n in draft.assignment.earlier} - draft.masters
    for passage in draft.passages:
        if passage.file in earlier:  # the reference as it is, its markers included
            continue
        is_whole = passage.file not in (*draft.masters, *EXTRA)
        blocks = list(_marked(passage, draft)) if is_whole and passage.is_code else []
        yield from blocks or _leftovers(passage)


def _marked(passage: Passage, draft: Draft) -> Iterator[AuthorMistake]:
    """Yield what is marked in a file that is shipped whole."""
    markers = {pattern for d in draft.dialects for pattern in (d.start, d.end, d.line) if pattern}
    lines = [line.strip() for line in split_lines(passage.text) if not CODE_ALONE.fullmatch(line)]
    if not any(marker.fullmatch(line) for line in lines for marker in markers):
        return
    try:
        blocks = strip_text(passage.text, passage.origin.place, "code", draft.dialects).removed
    except Problems as problems:
        yield from problems.mistakes
        return
    for block in blocks:
        message = "a marked block in a file that is shipped whole; list the file in `modules`"
        yield AuthorMistake(message, passage.place(block.where.line or 1))


def _leftovers(passage: Passage) -> Iterator[AuthorMistake]:
    """Yield what looks like a marker and had no effect."""
    lines = split_lines(passage.text) if LEFTOVER.search(passage.text) else []
    for number, line in enumerate(lines, 1):
        if match := LEFTOVER.search(line):
            message = f"`{match[0].strip()}` is for staff and had no effect here; take it out"
            yield AuthorMistake(message, passage.place(number))


def nothing_to_write(draft: Draft) -> Iterator[AuthorMistake]:
    """Yield modules of the students that have no marked block."""
    for name in draft.assignment.modules:
        origin = draft.origin(draft.assignment.module_path(name))
        if not any(block.where.file == origin.place.file for block in draft.removed):
            message = "nothing to write here: mark a block, or list the file in `supplied`"
            yield AuthorMistake(message, origin.place)


def stored_results(draft: Draft) -> Iterator[AuthorMistake]:
    """Yield cells with an execution count, or with outputs that no tag asked to keep."""
    for name, number, cell in _cells(draft):
        kept = KEEP_OUTPUT in cell.get("metadata", {}).get("tags", ())
        if (cell.get("outputs") and not kept) or cell.get("execution_count") is not None:
            message = "the cell has stored results; clear them"
            yield AuthorMistake(message, draft.origin(name, number).place)


def unknown_keys(draft: Draft) -> Iterator[AuthorMistake]:
    """Yield what a notebook stores besides what students need."""
    for name, notebook in draft.notebooks.items():
        place = draft.origin(name).place
        yield from _unknown(notebook, NOTEBOOK_KEYS, "the notebook", place)
        yield from _unknown(notebook.get("metadata", {}), METADATA_KEYS, "its metadata", place)
    for name, number, cell in _cells(draft):
        place = draft.origin(name, number).place
        yield from _unknown(cell, CELL_KEYS, "the cell", place)
        yield from _unknown(cell.get("metadata", {}), CELL_METADATA, "its metadata", place)


def _unknown(
    found: Iterable[str], known: set[str], where: str, place: Place
) -> Iterator[AuthorMistake]:
    for key in sorted(set(found) - known):
        yield AuthorMistake(f"unknown key {key!r} in {where}; take it out", place)


def duplicates(draft: Draft) -> Iterator[AuthorMistake]:
    """Yield names that stand for two things: cells, files, functions of the students' modules."""
    for (name, cell), count in Counter((n, c.get("id")) for n, _, c in _cells(draft)).items():
        if cell and count > 1:
            yield AuthorMistake(f"{count} cells have the id {cell!r}", draft.origin(name).place)
    for folded, count in Counter(name.casefold() for name in draft.files).items():
        if count > 1:
            alike = ", ".join(sorted(n for n in draft.files if n.casefold() == folded))
            message = f"some systems take these for one file; rename: {alike}"
            yield AuthorMistake(message, Place(alike.split(", ")[0]))
    for passage in draft.passages:
        if passage.kind == "module" and passage.file in draft.masters:
            yield from _defined_twice(passage)


def _defined_twice(passage: Passage) -> Iterator[AuthorMistake]:
    """Yield functions that a later one of the same name hides."""
    try:
        module = parse(passage.text)
    except (SyntaxError, ValueError):
        return
    classes = [node for node in module.body if isinstance(node, ast.ClassDef)]
    for body in (module.body, *(node.body for node in classes)):
        seen: dict[str, int] = {}
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.decorator_list:
                if node.name in seen:
                    message = f"{node.name} hides the one of line {seen[node.name]}; rename one"
                    yield AuthorMistake(message, passage.place(node.lineno))
                seen[node.name] = node.lineno


def _cells(draft: Draft) -> Iterator[tuple[str, int, dict[str, Any]]]:
    for name, notebook in draft.notebooks.items():
        for number, cell in enumerate(notebook["cells"]):
            yield name, number, cell
