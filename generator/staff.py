"""What staff read of an assignment: the masters as they are, complete, with the rubrics in them."""

from __future__ import annotations

import html
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from generator.mistakes import collecting, refuse
from generator.modules import place_of
from generator.notebook import with_points
from generator.sheet import dump, load, placed
from generator.strip import Stripped, split_lines
from generator.template import fill

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from fractions import Fraction

    from gradlab.course import Assignment
    from gradlab.errors import AuthorMistake, Place

__all__ = ["modules_notebook", "readme", "staff_notebook"]

# What a file of a staff build is, by how its path ends; the first that fits counts.
KINDS = (
    ("guide.html", "what is graded how: checks, tolerances, rubrics, typical mistakes"),
    ("modules.html", "the modules with their solutions, as a page"),
    ("modules.pdf", "the same, to be printed"),
    (".ipynb", "the notebook with its solutions, and rubrics below the answers"),
    (".html", "that notebook as a page"),
    (".pdf", "that notebook, to be printed"),
    (".npz", "an artifact that the reference hands in, or data"),
    (".py", "a file of the package, with its solution"),
    ("", "as students get it"),
)


def staff_notebook(
    assignment: Assignment,
    name: str,
    points: Mapping[str, Fraction | float],
    rubrics: Mapping[str, str],
) -> bytes:
    """Return a master with its solutions, the points filled in, and a rubric below each answer.

    Args:
        assignment: whose master is meant.
        name: the notebook's.
        points: the points of every check and question.
        rubrics: how to grade what a person grades, by question; the answer's cell has its name.

    Raises:
        AuthorMistake: the notebook is not readable.
        Problems: its cells have mistakes; all of them, each with its place.
    """
    place = place_of(assignment, assignment.master(name))
    mistakes: list[AuthorMistake] = []
    cells: list[dict[str, Any]] = []
    for cell, where in placed(load(assignment.read_notebook(name), place), place, mistakes):
        with collecting(mistakes):
            cells.append(_complete(cell, where, points))
        if rubric := rubrics.get(cell["id"]):
            cells.append(_rubric(cell["id"], points[cell["id"]], rubric))
    refuse(mistakes)
    return dump(cells, assignment.name, {})


def _complete(
    cell: dict[str, Any], place: Place, points: Mapping[str, Fraction | float]
) -> dict[str, Any]:
    """Return a master's cell, ready to run."""
    if cell["cell_type"] == "code":
        return {"execution_count": None, "outputs": [], **cell}
    if cell["cell_type"] == "raw":
        return cell
    lines = range(1, len(split_lines(cell["source"])) + 1)
    text = Stripped(cell["source"], (), tuple(lines))
    return {**cell, "source": with_points(text, replace(place, line=None), points)}


def _rubric(question: str, points: Fraction | float, text: str) -> dict[str, Any]:
    head = f"For staff: the rubric of {question}, {float(points):g} points."
    shown = html.escape(text, quote=False)
    source = f"<blockquote><strong>{html.escape(head)}</strong><br>\n{shown}</blockquote>"
    return {
        "cell_type": "markdown",
        "id": f"rubric-{question}"[:64],
        "metadata": {"tags": ["staff-only"]},
        "source": source,
    }


def modules_notebook(assignment: Assignment, modules: Mapping[str, str]) -> bytes:
    """Return modules as a notebook of one cell each, to be made into a page.

    Args:
        assignment: whose modules they are.
        modules: their texts by path.
    """
    return dump(list(_module_cells(assignment, modules)), assignment.name, {})


def _module_cells(assignment: Assignment, modules: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    title = f"# {assignment.title}: the modules with their solutions"
    yield {"cell_type": "markdown", "id": "title", "metadata": {}, "source": title}
    for number, (path, text) in enumerate(modules.items(), 1):
        heading = {"cell_type": "markdown", "id": f"path-{number}", "metadata": {}}
        yield {**heading, "source": f"## `{path}`"}
        code = {"cell_type": "code", "id": f"module-{number}", "metadata": {}, "outputs": []}
        yield {**code, "execution_count": None, "source": text}


def readme(
    assignment: Assignment, files: Sequence[str], ran: str, version: str, notes: Sequence[str]
) -> bytes:
    """Return the `README.md` of a staff build.

    Args:
        assignment: which one.
        files: the paths of its other files.
        ran: how the notebooks were executed, as the end of a sentence.
        version: gradlab's.
        notes: what could not be made, a sentence each.
    """
    rows = [(path, next(words for end, words in KINDS if path.endswith(end))) for path in files]
    text = fill(
        "staff/README.md.jinja",
        title=assignment.title,
        name=assignment.name,
        rows=rows,
        ran=ran,
        version=version,
        notes=notes,
    )
    return text.encode()
