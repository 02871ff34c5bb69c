"""Look at a finished release before anyone can see it; every rule finds mistakes with places.

A rule is a function from a draft to mistakes, and `RULES` is the list of them.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from generator.dialect import DIALECTS
from generator.leak import hidden_texts, recorded_names, removed_code
from generator.mistakes import refuse
from generator.pycode import parse
from generator.strip import split_lines, strip_text
from gradlab.errors import AuthorMistake, Place, Problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from generator.dialect import Kind
    from generator.draft import Draft, Passage

__all__ = ["EXTRA", "FIXED", "guard"]

FIXED = ("MANIFEST.json", "README.md", "requirements.txt")  # what every release has
EXTRA = ("check.py",)  # what a release may have besides
INSTALLED = {"IPython", "matplotlib", "numpy"}  # what the release's requirements bring
SUITE = "checks"  # the module of the hidden checks


def guard(draft: Draft) -> None:
    """Refuse a release that leaks, does not parse, or could not run at a student's.

    Raises:
        Problems: all that was found, each with its place.
    """
    found = {str(mistake): mistake for rule in RULES for mistake in rule(draft)}
    refuse(list(found.values()))


def unexpected_files(draft: Draft) -> Iterator[AuthorMistake]:
    """Yield files that no setting asked for."""
    expected = {*draft.masters, *draft.supplied, *FIXED, *EXTRA}
    for name in sorted(set(draft.files) - expected):
        yield AuthorMistake("this file does not belong in a release", Place(name))


def broken_code(draft: Draft) -> Iterator[AuthorMistake]:
    """Yield modules and cells that are not Python, for instance because of a stub."""
    for passage in draft.passages:
        if passage.is_code:
            try:
                parse(passage.text)
            except (SyntaxError, ValueError) as error:
                line = getattr(error, "lineno", None) or 1
                message = f"does not parse once the blocks are stubs: {error.args[0]}"
                yield AuthorMistake(message, passage.place(line))


def leftover_markers(draft: Draft) -> Iterator[AuthorMistake]:
    """Yield markers that are half there, and blocks that nobody took out."""
    for passage in draft.passages:
        if passage.kind in ("stored", "text"):
            continue
        kind: Kind = "code" if passage.is_code else "markdown"
        try:
            blocks = strip_text(passage.text, passage.origin.place, kind).removed
        except Problems as problems:
            yield from problems.mistakes
            continue
        if passage.file in draft.masters:
            yield from _misplaced_markers(passage)
            continue
        for block in blocks:
            message = "a marked block in a file that is shipped whole; list the file in `modules`"
            yield AuthorMistake(message, passage.place(block.where.line or 1))


def _misplaced_markers(passage: Passage) -> Iterator[AuthorMistake]:
    """Yield markers of the other kind of text: of Markdown in code, of code in Markdown."""
    for number, line in enumerate(split_lines(passage.text), 1):
        if any(dialect.is_marker(line) for dialect in DIALECTS if not dialect.keep):
            message = f"`{line.strip()}` has no effect in this kind of text"
            yield AuthorMistake(message, passage.place(number))


def nothing_to_write(draft: Draft) -> Iterator[AuthorMistake]:
    """Yield modules of the students that have no marked block."""
    for name in draft.assignment.modules:
        origin = draft.origin(draft.assignment.module_path(name))
        if not any(block.where.file == origin.place.file for block in draft.removed):
            message = "nothing to write here: mark a block, or list the file in `supplied`"
            yield AuthorMistake(message, origin.place)


def stored_results(draft: Draft) -> Iterator[AuthorMistake]:
    """Yield cells with outputs or an execution count."""
    for name, notebook in draft.notebooks.items():
        for number, cell in enumerate(notebook["cells"]):
            if cell.get("outputs") or cell.get("execution_count") is not None:
                yield AuthorMistake("the cell has stored results", draft.origin(name, number).place)


def foreign_imports(draft: Draft) -> Iterator[AuthorMistake]:
    """Yield imports of what a student will not have."""
    for passage in draft.passages:
        for node, name in _imports(passage, draft):
            if not _is_available(name, draft):
                message = f"students have no module {name!r}"
                yield AuthorMistake(message, passage.place(node.lineno))


def secret_imports(draft: Draft) -> Iterator[AuthorMistake]:
    """Yield the places where the public checks reach for the hidden ones."""
    place, text = draft.public
    try:
        tree = parse(text)
    except (SyntaxError, ValueError) as error:
        yield AuthorMistake(f"does not parse: {error.args[0]}", place)
        return
    for node in ast.walk(tree):
        if _mentions_suite(node):
            message = "public checks may not use the hidden ones"
            yield AuthorMistake(message, replace(place, line=getattr(node, "lineno", None)))


def _mentions_suite(node: ast.AST) -> bool:
    names: Iterable[str] = ()
    match node:
        case ast.Import(names=aliases):
            names = [alias.name for alias in aliases]
        case ast.ImportFrom(module=module, names=aliases):
            names = [module or "", *(alias.name for alias in aliases)]
        case ast.Constant(value=str(text)):
            names = [PurePosixPath(text).name.removesuffix(".py")]
    return any(SUITE in name.split(".") for name in names)


def _imports(passage: Passage, draft: Draft) -> Iterator[tuple[ast.stmt, str]]:
    """Yield the modules that a text imports, as dotted names; relative ones are made absolute."""
    try:
        tree = parse(passage.text) if passage.is_code else ast.Module([], [])
    except (SyntaxError, ValueError):
        return
    package, source = draft.assignment.package, draft.assignment.source
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            home = _home(node, passage.file)
            yield node, home
            if home == package:
                names = [alias.name for alias in node.names]
                modules = [name for name in names if (source / f"{name}.py").exists()]
                yield from ((node, f"{home}.{name}") for name in modules)


def _home(node: ast.ImportFrom, file: str) -> str:
    parts = PurePosixPath(file).parts
    base = parts[: len(parts) - node.level] if node.level else ()
    return ".".join([*base, *filter(None, [node.module])])


def _is_available(name: str, draft: Draft) -> bool:
    top, *rest = name.split(".")
    if top == draft.assignment.package:
        return not rest or f"{top}/{'/'.join(rest)}.py" in draft.files
    shipped = {PurePosixPath(file).stem for file in EXTRA}
    return top in INSTALLED | shipped or top in sys.stdlib_module_names


RULES: tuple[Callable[[Draft], Iterator[AuthorMistake]], ...] = (
    unexpected_files,
    nothing_to_write,
    leftover_markers,
    broken_code,
    stored_results,
    foreign_imports,
    secret_imports,
    removed_code,
    hidden_texts,
    recorded_names,
)
