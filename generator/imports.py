"""What the release's code imports, and whether students will have it."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import replace
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from generator.draft import Origin, Passage
from generator.pycode import parse
from gradlab.errors import AuthorMistake

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from generator.draft import Draft

__all__ = ["foreign_imports", "secret_imports"]

SUITE = "checks"  # the module of the hidden checks
REQUIREMENTS = "requirements.txt"
NAMED = re.compile(r"^\s*([A-Za-z0-9][\w.-]*)", re.MULTILINE)
IMPORTED_AS = {  # distributions whose modules are called otherwise
    "ipykernel": ("ipykernel", "IPython"),
    "jupyterlab": ("jupyterlab", "IPython"),
    "matplotlib": ("matplotlib", "mpl_toolkits"),
    "opencv-python": ("cv2",),
    "otter-grader": ("otter",),
    "pillow": ("PIL",),
    "pyyaml": ("yaml",),
    "scikit-image": ("skimage",),
    "scikit-learn": ("sklearn",),
}
ELSEWHERE = ("gradlab", "google")  # for public checks, which `check.py` takes over; on Colab


def foreign_imports(draft: Draft) -> Iterator[AuthorMistake]:
    """Yield imports of what a student will not have."""
    installed = _installed(draft)
    place, text = draft.public  # it is what `check.py` is made of
    public = Passage("check.py", "module", text, Origin(place))
    passages = [passage for passage in draft.passages if passage.file != public.file]
    for passage in [*passages, public]:
        for node, name in _imports(passage, draft):
            is_told = passage is public and _mentions_suite(node)
            if not is_told and not _is_available(name, draft, installed):
                yield AuthorMistake(
                    f"students have no module {name!r}; supply it or do without",
                    passage.place(node.lineno),
                )


def _installed(draft: Draft) -> set[str]:
    """Return the modules that the release's own requirements bring."""
    found: set[str] = set()
    for name in NAMED.findall(draft.files.get(REQUIREMENTS, b"").decode()):
        found.update(IMPORTED_AS.get(name.lower(), (name.replace("-", "_"),)))
    return found


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
            message = "public checks may not use the hidden ones; write them for themselves"
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
    """Yield the modules that a text imports, as dotted names; relative ones are made absolute.

    What is imported under `try` or for type checkers alone may be missing.
    """
    package, source = draft.assignment.package, draft.assignment.source
    for node in _statements(passage.text) if passage.is_code else ():
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        else:
            home = _home(node, passage.file)
            yield node, home
            if home == package:
                names = [alias.name for alias in node.names]
                modules = [name for name in names if (source / f"{name}.py").exists()]
                yield from ((node, f"{home}.{name}") for name in modules)


@cache
def _statements(text: str) -> tuple[ast.Import | ast.ImportFrom, ...]:
    if "import" not in text:
        return ()
    try:
        return tuple(_found(parse(text).body))
    except (SyntaxError, ValueError):
        return ()


def _found(body: Iterable[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.Try):
            if not node.handlers:
                yield from _found(node.body)
            yield from _found([*node.orelse, *node.finalbody])
        elif not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
            for name in ("body", "orelse"):
                inner = getattr(node, name, [])
                yield from _found(inner if isinstance(inner, list) else [])


def _home(node: ast.ImportFrom, file: str) -> str:
    parts = PurePosixPath(file).parts
    base = parts[: len(parts) - node.level] if node.level else ()
    return ".".join([*base, *filter(None, [node.module])])


def _is_available(name: str, draft: Draft, installed: set[str]) -> bool:
    top, *rest = name.split(".")
    if top == draft.assignment.package:
        inner = "/".join([top, *rest])
        return not rest or f"{inner}.py" in draft.files or f"{inner}/__init__.py" in draft.files
    beside = {
        PurePosixPath(file.split("/")[0]).stem for file in draft.files if file.endswith(".py")
    }
    return top in installed | beside or top in (*ELSEWHERE, *sys.stdlib_module_names)
