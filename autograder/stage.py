"""Which of the student's files run, and which come from the release."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from autograder.encoding import python_source
from autograder.finder import Finder
from autograder.ipynb import Notebook, UnreadableNotebookError, read_notebook
from autograder.layout import imported, lay_out
from autograder.session import Staged
from autograder.stubs import raising
from gradlab.course import GRADED
from gradlab.errors import AuthorMistake, Place

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
        instead: what runs where a module of an earlier assignment was not handed in, by path.
        notebooks: names of the notebooks.
        artifacts: names of the files that the notebook saves.
        released: the students' modules as they were handed out, by path.
        holes: the functions that students write.
        release: the name that released notebooks carry in their metadata.
        texts: hashes of the texts of each notebook's cells, by its name.
        graded: ids of the cells tagged `grade` in the masters.
        run: which cells run, as in `gradlab.course.Assignment`.
        stand_ins: dotted names of modules that do nothing in a worker.
        notes: what every student should know, one line each.
    """

    roles: Mapping[str, str]
    supplied: Mapping[str, bytes]
    modules: tuple[str, ...]
    notebooks: tuple[str, ...]
    artifacts: tuple[str, ...]
    instead: Mapping[str, bytes] = field(default_factory=dict)
    released: Mapping[str, bytes] = field(default_factory=dict)
    holes: tuple[str, ...] = ()
    release: str = ""
    texts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    graded: frozenset[str] = frozenset()
    run: str = "definitions"
    stand_ins: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, assignment: Assignment, released: Mapping[str, bytes], holes: tuple[str, ...]
    ) -> Plan:
        """Return the plan of an assignment."""
        stems = [PurePosixPath(name).stem for name in assignment.package_files]
        books = _masters(assignment)
        cells = [cell for book in books.values() for cell in book.cells]
        return cls(
            roles={stem: str(assignment.role(stem)) for stem in stems},
            supplied=_read_all(assignment, assignment.shared) | _data(assignment),
            modules=tuple(assignment.module_path(name) for name in assignment.own),
            notebooks=assignment.notebooks,
            artifacts=assignment.artifacts,
            instead=_instead(assignment, released, holes),
            released=released,
            holes=holes,
            release=assignment.label,
            texts={name: book.texts for name, book in books.items()},
            graded=frozenset().union(*(cell.ids for cell in cells if GRADED in cell.tags)),
            run=assignment.run,
            stand_ins=assignment.stand_ins,
        )


def _instead(
    assignment: Assignment, released: Mapping[str, bytes], holes: tuple[str, ...]
) -> dict[str, bytes]:
    """Return what runs where a module of an earlier assignment was not handed in, by path.

    A module that was released whole is in place then. Of one with holes, those say what is missing
    as soon as they are called; so a file costs nothing of which nothing is needed.
    """
    earlier = [assignment.module_path(name) for name in assignment.earlier]
    handed_out = {path: released[path] for path in earlier if path in released}
    if assignment.earlier_from == "release":
        return handed_out
    return {
        path: raising(text.decode(), holes, absence(path)).encode()
        for path, text in handed_out.items()
    }


def absence(path: str) -> str:
    """Return what students read where a module of an earlier assignment is not there."""
    return f"{path}, yours from an earlier assignment, was not handed in"


def handed_in(assignment: Assignment) -> list[str]:
    """Return the paths that a complete submission has."""
    modules = [assignment.module_path(name) for name in assignment.own]
    return [*assignment.notebooks, *modules, *assignment.artifacts]


def stage(submission: Submission, plan: Plan) -> tuple[Staged, list[str]]:
    """Return what to run of a submission, and what the student should know about its files."""
    finder = Finder(submission)
    for path in plan.modules:
        finder.find_module(path, plan.released.get(path, b""))
    finder.find_artifacts(plan.artifacts, plan.supplied)
    books = finder.find_notebooks(
        {name: plan.texts.get(name, frozenset()) for name in plan.notebooks}, plan.release
    )
    sources, odd = _sources(submission.files, finder.found)
    modules = {path: finder.found[path] for path in plan.modules if path in finder.found}
    code = (text for name, text in submission.files.items() if name.endswith((".py", ".ipynb")))
    absent = tuple(path for path in plan.modules if path not in finder.found)
    instead = {path: plan.instead[path] for path in absent if path in plan.instead}
    files, changed = lay_out(sources, modules, {**plan.supplied, **instead}, imported(code))
    artifacts = {name: finder.found[name] for name in plan.artifacts if name in finder.found}
    staged = Staged(
        files=files,
        roles=dict(plan.roles),
        missing=tuple(path for path in absent if path not in instead),
        absences={absence(p): finder.reasons.get(p, f"{absence(p)}.") for p in instead},
        unusable=finder.reasons,
        cells=_cells(books, plan) if books else None,
        artifacts={name: submission.files[where] for name, where in artifacts.items()},
        texts=_cell_texts(books),
        released=plan.released,
        holes=plan.holes,
        run=plan.run,
        stand_ins=plan.stand_ins,
    )
    return staged, [*plan.notes, *finder.notes, *odd, *changed]


def stage_reference(assignment: Assignment) -> Staged:
    """Return the reference as if it had been handed in."""
    plan = Plan.of(assignment, {}, ())
    folder = assignment.reference
    return Staged(
        files={**plan.supplied, **_read_all(assignment, assignment.own)},
        roles=dict(plan.roles),
        cells=_cells(_masters(assignment), plan),
        texts=_cell_texts(_masters(assignment)),
        artifacts={n: (folder / n).read_bytes() for n in plan.artifacts if (folder / n).is_file()},
        run=plan.run,
        stand_ins=plan.stand_ins,
    )


def _read_all(assignment: Assignment, names: Iterable[str]) -> dict[str, bytes]:
    """Return the reference's files of the package by their paths in a release."""
    return {assignment.module_path(n): assignment.source_file(n).read_bytes() for n in names}


def _data(assignment: Assignment) -> dict[str, bytes]:
    """Return the files of the assignment's folder that a release has, by path.

    Raises:
        AuthorMistake: one is larger than any file that a worker may hold.
    """
    files = {name: (assignment.folder / name).read_bytes() for name in assignment.files}
    for name, content in files.items():
        if len(content) > assignment.limits.file_mb << 20:
            size = f"files: {name} has {len(content) >> 20} MB"
            message = f"{size}; to have it in grading, raise file_mb in [limits]"
            raise AuthorMistake(message, Place(str(assignment.folder / "assignment.toml")))
    return files


def _masters(assignment: Assignment) -> dict[str, Notebook]:
    books = {}
    for name in assignment.notebooks:
        path = assignment.master(name)
        try:
            books[name] = read_notebook(assignment.read_notebook(name))
        except UnreadableNotebookError as error:
            raise AuthorMistake(f"not a readable notebook: {error}", Place(str(path))) from None
    return books


def _sources(
    files: Mapping[str, bytes], found: Mapping[str, str]
) -> tuple[dict[str, bytes], list[str]]:
    """Return the modules as Python can read them, and what is to be said of those graded."""
    sources, notes = {}, []
    for name, content in files.items():
        if name.endswith(".py"):
            sources[name], note = python_source(content)
            notes += [f"{name} {note}"] if note and name in found.values() else []
    return sources, notes


def _cell_texts(books: Mapping[str, Notebook]) -> dict[str, str]:
    cells = (cell for book in books.values() for cell in book.cells)
    return {name: cell.source for cell in cells for name in cell.ids}


def _cells(books: Mapping[str, Notebook], plan: Plan) -> tuple[tuple[str, str], ...]:
    """Return label and source of each code cell that is to run."""
    return tuple(
        (f"cell {cell.number}{f' of {name}' if len(plan.notebooks) > 1 else ''}", cell.source)
        for name, book in books.items()
        for cell in book.cells
        if cell.is_code and (plan.run != "tagged" or GRADED in cell.tags or cell.ids & plan.graded)
    )
