"""What `staff` does: solutions with their outputs, rubrics and the staff guide, in one folder."""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from autograder.criteria import criteria
from autograder.guide import Guide, Sample
from autograder.known import Known
from autograder.recording import Recording
from autograder.stage import stage_reference
from autograder.suites import checks_of, load_suites, points
from generator.modules import place_of
from generator.printing import MissingToolsError, as_html, as_pdf
from generator.release import MANIFEST, Release, manifest, write
from generator.running import Run, executed
from generator.secret import NOTES
from generator.staff import modules_notebook, readme, staff_notebook
from gradlab import __version__
from gradlab.cli.grading import data_folders, servers
from gradlab.cli.sample import NAME, entries
from gradlab.errors import UserMistake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gradlab.course import Assignment

__all__ = ["Built", "Running", "build", "guide", "section"]

SURVIVORS = Path("docs", "audit.md")  # of a course: mistakes that hidden checks let pass, and why
QUICK = {"GRADLAB_QUICK": "1"}
HIGHEST = 3  # of the headings in notes


@dataclass(frozen=True)
class Running:
    """How the notebooks are executed.

    Attributes:
        quick: in the small size that a master may have.
        minutes: the longest that all of an assignment's may take.
    """

    quick: bool
    minutes: float


@dataclass(frozen=True)
class Built:
    """What was written.

    Attributes:
        paths: the folder and the archive.
        notes: what could not be made, a line each.
    """

    paths: tuple[Path, ...]
    notes: tuple[str, ...]


def build(
    assignment: Assignment,
    out: Path,
    running: Running | None,
    progress: Callable[[str], Any] = lambda _: None,
) -> Built:
    """Write `out/NAME-staff/`, and the same as a zip.

    Args:
        assignment: which one.
        out: the folder.
        running: how the notebooks are executed; None for not at all.
        progress: is told what is being done.

    Raises:
        UserMistake: `out` lies where releases are written, a tool is missing, or time is up.
        AuthorMistake: a notebook does not run, or the reference misses what was recorded.
    """
    if out.resolve().is_relative_to(assignment.course.release.resolve()):
        raise UserMistake(f"{out} is where releases for students are written; choose another --out")
    rubrics = _rubrics(assignment)
    notebooks = _notebooks(assignment, rubrics)
    lost = _without_cell(notebooks, rubrics)
    if running:
        notebooks = _executed(assignment, notebooks, running, progress)
    files = {**_whole(assignment), **notebooks, "guide.html": guide(assignment, progress).encode()}
    pages, unmade = _pages(assignment, notebooks, progress)
    notes = [*lost, *unmade]
    files |= pages
    ran = "were not executed" if running is None else "were executed in full"
    ran = "were executed in quick size" if running and running.quick else ran
    files["README.md"] = readme(assignment, sorted(files), ran, __version__, notes)
    files[MANIFEST] = manifest(assignment, dict(sorted(files.items())))
    release = Release(f"{assignment.label}-staff", dict(sorted(files.items())))
    folder, archive = write(release, out)
    folder.chmod(0o700)
    archive.chmod(0o600)
    return Built((folder, archive), tuple(notes))


def _rubrics(assignment: Assignment) -> dict[str, str]:
    return {check.name: check.rubric for check in checks_of(assignment) if check.rubric}


def _notebooks(assignment: Assignment, rubrics: Mapping[str, str]) -> dict[str, bytes]:
    worth = points(assignment)
    return {n: staff_notebook(assignment, n, worth, rubrics) for n in assignment.notebooks}


def _without_cell(notebooks: Mapping[str, bytes], rubrics: Mapping[str, str]) -> list[str]:
    """Return a line on the rubrics that stand below no answer."""
    cells = [cell for text in notebooks.values() for cell in json.loads(text)["cells"]]
    lost = sorted(rubrics.keys() - {cell["id"] for cell in cells}) if notebooks else []
    names = ", ".join(lost)
    return [f"rubrics in guide.html alone: {names} (no cell has this id)"] if lost else []


def _whole(assignment: Assignment) -> dict[str, bytes]:
    """Return the package with its solutions, the artifacts, and the files that ship as they are."""
    staged = stage_reference(assignment)
    data = {name: (assignment.folder / name).read_bytes() for name in assignment.files}
    return {**staged.files, **staged.artifacts, **data}


def _executed(
    assignment: Assignment,
    notebooks: Mapping[str, bytes],
    running: Running,
    progress: Callable[[str], Any],
) -> dict[str, bytes]:
    environment = {**data_folders(assignment.course), **(QUICK if running.quick else {})}
    with tempfile.TemporaryDirectory(prefix="gradlab-staff-") as scratch:
        folder = Path(scratch)
        for name, content in _whole(assignment).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        run = Run(folder, environment, running.minutes, progress)
        places = {name: place_of(assignment, assignment.master(name)) for name in notebooks}
        return {name: executed(notebooks[name], places[name], run) for name in notebooks}


def _pages(
    assignment: Assignment, notebooks: Mapping[str, bytes], progress: Callable[[str], Any]
) -> tuple[dict[str, bytes], list[str]]:
    """Return notebooks and modules as pages, and what stood in the way of some."""
    reference = stage_reference(assignment).files
    own = [assignment.module_path(name) for name in assignment.own]
    modules = modules_notebook(assignment, {path: reference[path].decode() for path in own})
    books = {Path(name).stem: content for name, content in notebooks.items()}
    books |= {"modules": modules} if own else {}
    pages: dict[str, bytes] = {}
    notes: list[str] = []
    for suffix, convert in (("html", as_html), ("pdf", as_pdf)):
        try:
            for name, content in books.items():
                progress(f"{assignment.label}: {name}.{suffix}")
                pages[f"{name}.{suffix}"] = convert(content, f"{assignment.title}: {name}")
        except MissingToolsError as error:
            notes.append(str(error))
            if not pages:
                break  # nbconvert itself is not there
    return pages, notes


def guide(assignment: Assignment, progress: Callable[[str], Any] = lambda _: None) -> str:
    """Return the staff guide of an assignment, a page of HTML.

    Raises:
        AuthorMistake: a suite is not recorded, or the reference misses what was recorded.
    """
    read = {
        name: (suite, Recording.read(assignment.expected, name))
        for name, suite in load_suites(assignment).items()
    }
    with servers(assignment.course, preload=assignment.preload) as both:
        asked = {name: criteria(assignment, *read[name], both, progress) for name in read}
    known, samples = Known.read(assignment.expected), list(_samples(assignment))
    return Guide(assignment, read, asked, known, samples, list(_notes(assignment))).page()


def _samples(assignment: Assignment) -> Iterator[Sample]:
    if not (assignment.folder / NAME).is_file():
        return
    for entry in entries(assignment):
        edits = [(edit["file"], edit["find"], edit["replace"]) for edit in entry.get("edit", ())]
        left_out = tuple(entry.get("leave_out", ()))
        if edits or left_out:
            yield Sample(entry["name"], entry["start"], left_out, tuple(edits))


def _notes(assignment: Assignment) -> Iterator[tuple[str, Markup]]:
    survivors = assignment.course.root / SURVIVORS
    if text := section(_text(survivors), assignment.name):
        yield "What the hidden checks let pass, and why", markdown(text)
    if text := _text(assignment.folder / NOTES):
        yield "For the staff of this assignment", markdown(text)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def section(text: str, title: str) -> str:
    """Return what stands below a heading of the second level in Markdown; "" if there is none."""
    pattern = rf"(?ms)^## {re.escape(title)}\s*$(.*?)(?=^## |\Z)"
    found = re.search(pattern, text)
    return found[1].strip() if found else ""


def markdown(text: str) -> Markup:
    """Return Markdown as HTML, everything in it escaped; as it is written where mistune is absent.

    mistune comes with nbconvert.
    """
    try:
        mistune = import_module("mistune")
    except ImportError:
        return Markup("<pre>{}</pre>").format(text)
    convert = mistune.create_markdown(escape=True, renderer="html", plugins=["table"])
    page = re.sub(r"<th(?=[ >])", '<th scope="col"', str(convert(_lowered(text))))
    return Markup(page)  # noqa: S704 - mistune escapes what it is given


def _lowered(text: str) -> str:
    """Return Markdown whose highest heading is of the third level: those above are the page's."""
    levels = [len(signs) for signs in re.findall(r"(?m)^(#{1,6}) ", text)]
    shift = HIGHEST - min(levels, default=HIGHEST)
    return re.sub(r"(?m)^#{1,6} ", lambda found: "#" * shift + found[0], text)
