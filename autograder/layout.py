"""The folder that a worker finds: the assignment's paths, and the student's own beside them.

Students hand in `nndl/layers.py`, `cs231n/layers.py`, `classifiers/neural_net.py` or a flat
`layers.py`, and their files import one another by those names. The graded file lies where the
assignment has it; under the student's own name lies a file of three lines that stands for it.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

__all__ = ["imported", "lay_out"]

IMPORTED = re.compile(rb"(?:^|[\s\"';]|\\n)(?:from|import)[ \t]+([A-Za-z_]\w*)", re.MULTILINE)
SHIM = """import sys
from importlib import import_module
sys.modules[__name__] = import_module({module!r})
"""


def imported(contents: Iterable[bytes]) -> set[str]:
    """Return the packages and modules that modules or notebooks import, by their first name."""
    return {name.decode() for content in contents for name in IMPORTED.findall(content)}


def lay_out(
    files: Mapping[str, bytes],
    found: Mapping[str, str],
    supplied: Mapping[str, bytes],
    imports: AbstractSet[str],
) -> tuple[dict[str, bytes], list[str]]:
    """Return the contents to write, by path, and what the student should know about them.

    Args:
        files: the modules by the name under which they were handed in.
        found: the name of each module with holes, by its path in the assignment.
        supplied: the release's own files, by path; they take the place of any copy.
        imports: the names that the submission's files import.
    """
    roots = Counter(_root_of(path, name, imports) for path, name in found.items())
    root = max(roots, key=lambda root: (roots[root], len(root)), default="")
    names = {n.removeprefix(root): n for n in sorted(files, key=lambda n: n.startswith(root))}
    ours = {*found, *supplied}
    aliases = {alias: path for alias, path in _aliases(found, root, supplied) if alias not in ours}
    rest = [path for path in names if path not in ours and names[path] not in found.values()]
    laid = {path: files[names[path]] for path in sorted(rest)}
    laid |= {alias: SHIM.format(module=_dotted(path)).encode() for alias, path in aliases.items()}
    laid |= {path: files[name] for path, name in found.items()}
    own = {path: files[name] for path, name in names.items()}
    return {**laid, **supplied}, _changes(own, aliases, supplied)


def _changes(
    own: Mapping[str, bytes], aliases: Mapping[str, str], supplied: Mapping[str, bytes]
) -> list[str]:
    copies = {alias: path for alias, path in aliases.items() if path in supplied}
    copies |= {path: path for path in supplied}
    changed = {
        path
        for copy, path in copies.items()
        if copy in own and own[copy].splitlines() != supplied[path].splitlines()
    }
    return [f"{p} comes with the assignment; your changes are not used." for p in sorted(changed)]


def _root_of(path: str, name: str, imports: AbstractSet[str]) -> str:
    """Return the folder that the student's own imports begin below, as `hw1/`, or ''."""
    if f"/{name}".endswith(f"/{path}"):
        return name.removesuffix(path)
    folders = PurePosixPath(name).parts[:-1]
    first = next((n for n, part in enumerate(folders) if part in imports), len(folders))
    return "".join(f"{part}/" for part in folders[:first])


def _aliases(
    found: Mapping[str, str], root: str, supplied: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """Yield where the student's files look for a file of the assignment, and its path there."""
    for path, name in found.items():
        own = PurePosixPath(name.removeprefix(root))
        yield str(own), path
        here = PurePosixPath(path).parent
        for folder in {own.parent, PurePosixPath(*own.parts[:-1][:1])} - {here}:
            near = (PurePosixPath(other) for other in supplied)
            for other in near:
                if other.parent == here and other.stem != "__init__":
                    yield str(folder / other.name), str(other)


def _dotted(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".")
