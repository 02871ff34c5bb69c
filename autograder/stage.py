"""Which of the student's files run, and which come from the release."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from autograder.session import Staged

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from autograder.intake import Submission
    from gradlab.course import Assignment

__all__ = ["Plan", "handed_in", "stage", "stage_reference"]


@dataclass(frozen=True)
class Plan:
    """What the grader knows of an assignment before it sees a submission.

    Attributes:
        roles: the dotted module name for each role.
        supplied: files that every submission gets from the release, by path.
        modules: paths of the students' own modules.
        notebooks: names of the notebooks.
        artifacts: names of the files that the notebook saves.
        released: the students' modules as they were handed out, by path.
        holes: the functions that students write.
    """

    roles: Mapping[str, str]
    supplied: Mapping[str, bytes]
    modules: tuple[str, ...]
    notebooks: tuple[str, ...]
    artifacts: tuple[str, ...]
    released: Mapping[str, bytes] = field(default_factory=dict)
    holes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, assignment: Assignment, released: Mapping[str, bytes], holes: tuple[str, ...]
    ) -> Plan:
        """Return the plan of an assignment."""
        names = (*assignment.modules, *assignment.supplied)
        stems = [PurePosixPath(name).stem for name in names]
        shared = ["__init__.py", *assignment.supplied]
        return cls(
            roles={stem: str(assignment.role(stem)) for stem in stems},
            supplied={
                assignment.module_path(n): (assignment.source / n).read_bytes() for n in shared
            },
            modules=tuple(assignment.module_path(name) for name in assignment.modules),
            notebooks=assignment.notebooks,
            artifacts=assignment.artifacts,
            released=released,
            holes=holes,
        )


def handed_in(assignment: Assignment) -> list[str]:
    """Return the paths that a complete submission has."""
    modules = [assignment.module_path(name) for name in assignment.modules]
    return [*assignment.notebooks, *modules, *assignment.artifacts]


def stage(submission: Submission, plan: Plan) -> tuple[Staged, list[str]]:
    """Return what to run of a submission, and what the student should know about its files."""
    finder = _Finder(submission.files)
    modules = {path: finder.find(path) for path in plan.modules}
    artifacts = {name: finder.find(name) for name in plan.artifacts}
    notebook = finder.notebook(plan.notebooks)
    extra = finder.rest(".py", plan)
    present = {path: submission.files[name] for path, name in modules.items() if name}
    staged = Staged(
        files={**extra, **present, **plan.supplied},
        roles=dict(plan.roles),
        missing=tuple(path for path, name in modules.items() if not name),
        cells=notebook,
        artifacts={key: submission.files[name] for key, name in artifacts.items() if name},
        released=plan.released,
        holes=plan.holes,
    )
    return staged, finder.notes


def stage_reference(assignment: Assignment) -> Staged:
    """Return the reference as if it had been handed in."""
    plan = Plan.of(assignment, {}, ())
    files = {**plan.supplied, **_read_all(assignment, plan.modules)}
    cells = [_cells((assignment.folder / name).read_bytes()) for name in assignment.notebooks]
    folder = assignment.reference
    artifacts = {n: (folder / n).read_bytes() for n in plan.artifacts if (folder / n).is_file()}
    return Staged(
        files, dict(plan.roles), cells=tuple(itertools.chain(*cells)), artifacts=artifacts
    )


def _read_all(assignment: Assignment, paths: Iterable[str]) -> dict[str, bytes]:
    return {path: (assignment.course.solutions / path).read_bytes() for path in paths}


class _Finder:
    """Finds files by path, below a common root, or by name, and says so when it had to look."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files
        self.notes: list[str] = []
        self._used: set[str] = set()

    def find(self, path: str) -> str:
        """Return the name under which `path` was handed in, or ''."""
        base = PurePosixPath(path).name
        for candidates in (
            [name for name in self.files if name == path],
            [name for name in self.files if name.endswith(f"/{path}")],
            [name for name in self.files if PurePosixPath(name).name == base],
        ):
            if len(candidates) > 1:
                self.notes.append(f"{path} was handed in {len(candidates)} times; keep one.")
                return ""
            if candidates:
                self._used.add(candidates[0])
                return candidates[0]
        return ""

    def notebook(self, wanted: tuple[str, ...]) -> tuple[tuple[str, str], ...] | None:
        """Return the code cells of the notebooks, or None if there is none that can be read."""
        names = [self.find(name) for name in wanted]
        others = [name for name in self.files if name.lower().endswith(".ipynb")]
        if len(wanted) == 1 and not names[0] and len(others) == 1:
            names = others
            self.notes.append(f"{wanted[0]} was not handed in; taken instead: {others[0]}.")
        cells: tuple[tuple[str, str], ...] | None = None
        for name in filter(None, names):
            try:
                cells = (cells or ()) + tuple(_cells(self.files[name]))
            except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
                self.notes.append(f"{name} is not a notebook that can be read.")
        return cells

    def rest(self, suffix: str, plan: Plan) -> dict[str, bytes]:
        """Return the other files of a kind, by the path at which their own imports expect them.

        A file of the release is not among them: the grader has its own copy.
        """
        ours = {*plan.supplied, *plan.modules}
        pairs = itertools.product(self._used, ours)
        roots = {n[: -len(path)] for n, path in pairs if f"/{n}".endswith(f"/{path}")}
        root = max(roots, key=len, default="")
        rest = {name.removeprefix(root): name for name in self.files if name.endswith(suffix)}
        for path in sorted(rest.keys() & plan.supplied.keys()):
            if self.files[rest[path]].splitlines() != plan.supplied[path].splitlines():
                self.notes.append(f"{path} comes with the assignment; your changes are not used.")
        found = {path: name for path, name in rest.items() if name not in self._used}
        return {path: self.files[name] for path, name in found.items() if path not in ours}


def _cells(content: bytes) -> list[tuple[str, str]]:
    """Return label and source of each code cell, of nbformat 3 or 4."""
    notebook: Any = json.loads(content)
    sheets = notebook.get("worksheets") or [notebook]
    cells = [cell for sheet in sheets for cell in sheet["cells"]]
    found = []
    for number, cell in enumerate(cells, 1):
        if cell["cell_type"] == "code":
            source = cell.get("source", cell.get("input", ""))
            text = source if isinstance(source, str) else "".join(source)
            found.append((f"cell {number}", text))
    return found
