"""What staff get of a master, and that students get none of it."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from generator.printing import MissingToolsError, as_html, as_pdf
from generator.staff import modules_notebook, readme, staff_notebook
from gradlab.errors import AuthorMistake, Problems
from tests.generator.tiny import Tiny, notebook

if TYPE_CHECKING:
    from gradlab.course import Assignment

NOTE = "The source prints the loss of another run here, so nobody can reproduce it."
SOLUTION = "### BEGIN SOLUTION\nx = relu(3)\n### END SOLUTION"


def assignment(tiny: Tiny) -> Assignment:
    return tiny.write().assignment("tiny")


def cells(content: bytes) -> list[dict[str, Any]]:
    return [{**c, "source": "".join(c["source"])} for c in json.loads(content)["cells"]]


def test_the_master_is_whole_and_its_points_are_numbers(tiny: Tiny) -> None:
    tiny.markdown("## ReLU ({points:relu} points)")
    tiny.code(SOLUTION)
    tiny.code("secret = 1", metadata={"tags": ["staff-only"]})
    found = cells(staff_notebook(assignment(tiny), "tiny.ipynb", {"relu": 1.5}, {}))
    assert [cell["source"] for cell in found[1:]] == [
        "## ReLU (1.5 points)",
        SOLUTION,
        "secret = 1",
    ]
    assert found[3]["metadata"]["tags"] == ["staff-only"]


def test_a_rubric_stands_below_its_answer_as_plain_text(tiny: Tiny) -> None:
    tiny.markdown("**Your answer:**", id="q-why")
    tiny.markdown("The end.")
    rubrics = {"q-why": "1 point: x < 3 & <b>so on</b>", "q-other": "nowhere"}
    points = {"q-why": 2, "q-other": 1}
    found = cells(staff_notebook(assignment(tiny), "tiny.ipynb", points, rubrics))
    assert [cell["id"] for cell in found] == ["c1", "q-why", "rubric-q-why", "c3"]
    assert found[2]["source"] == (
        "<blockquote><strong>For staff: the rubric of q-why, 2 points.</strong><br>\n"
        "1 point: x &lt; 3 &amp; &lt;b&gt;so on&lt;/b&gt;</blockquote>"
    )


def test_points_of_nothing_are_the_authors_mistake(tiny: Tiny) -> None:
    tiny.markdown("one\n\n{points:what}")
    with pytest.raises(Problems, match=r"tiny\.ipynb:c2:3: .*no check or question 'what'"):
        staff_notebook(assignment(tiny), "tiny.ipynb", {}, {})


def test_modules_become_a_notebook(tiny: Tiny) -> None:
    found = cells(
        modules_notebook(assignment(tiny), {"net/a.py": "x = 1\n", "net/b.py": "y = 2\n"})
    )
    assert [cell["source"] for cell in found] == [
        "# Tiny: the modules with their solutions",
        "## `net/a.py`",
        "x = 1\n",
        "## `net/b.py`",
        "y = 2\n",
    ]
    assert len({cell["id"] for cell in found}) == 5


def test_the_readme_warns_and_names_every_file(tiny: Tiny) -> None:
    files = ["guide.html", "tiny.ipynb", "tiny.html", "net/layers.py", "data/x.csv"]
    text = readme(assignment(tiny), files, "were not executed", "1.2", ["no PDF"]).decode()
    assert "**Never give any of this to students**" in text
    assert "The notebooks were not executed. Made by gradlab 1.2" in text
    assert "\nno PDF\n" in text
    assert all(f"| `{name}` |" in text for name in files)


# Students get none of it.


def test_notes_for_staff_are_never_shipped(tiny: Tiny) -> None:
    tiny.texts["assignments/tiny/staff.md"] = f"## Traps\n\n- {NOTE}\n"
    tiny.code(SOLUTION)
    assert "staff.md" not in tiny.build().files
    toml = 'title = "Tiny"\npackage = "net"\nmodules = ["layers.py"]\n'
    tiny.texts["assignments/tiny/assignment.toml"] = f'{toml}files = ["staff.md"]\n'
    with pytest.raises(AuthorMistake, match=r"staff\.md is not for students"):
        assignment(tiny)


def test_a_line_of_the_notes_is_refused_wherever_it_stands(tiny: Tiny) -> None:
    tiny.texts["assignments/tiny/staff.md"] = f"## Traps\n\n- {NOTE}\n"
    tiny.code(SOLUTION)
    tiny.markdown(f"By the way:\n*{NOTE.replace(' of ', chr(10) + 'of ')}*")
    (problem,) = tiny.problems()
    assert "tiny.ipynb:c3" in problem
    assert "the staff's line" in problem
    assert "assignments/tiny/staff.md:3" in problem


def test_notes_may_quote_what_students_read(tiny: Tiny) -> None:
    tiny.texts["assignments/tiny/staff.md"] = (
        "- Students read: the largest of x and 0, entry by it.\n"
    )
    tiny.code(SOLUTION)
    tiny.markdown("Return the largest of x and 0, entry by entry, as an array.")
    tiny.build()


# Pages.

BOOK = notebook([]).encode()


def test_html_is_one_page_with_the_text() -> None:
    pytest.importorskip("nbconvert")
    book = {"cell_type": "markdown", "source": "# Nearest", "metadata": {}}
    page = as_html(notebook([book]).encode(), "A title").decode()
    assert "<title>A title</title>" in page
    assert "Nearest" in page


def test_without_nbconvert_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nbconvert.exporters", None)
    for convert in (as_html, as_pdf):
        with pytest.raises(MissingToolsError, match=r"pip install 'gradlab\[staff\]'"):
            convert(BOOK, "title")


class Failing:
    """An exporter whose tool is missing."""

    def __init__(self, **_: object) -> None:
        raise RuntimeError("The tool is not installed. Please install it\nin three ways")


class Printing:
    """An exporter that works."""

    def __init__(self, **_: object) -> None:
        pass

    def from_notebook_node(self, *_: object) -> tuple[bytes, dict[str, str]]:
        return b"%PDF-1.7", {}


def test_without_the_tools_of_a_pdf_one_line_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    exporters = pytest.importorskip("nbconvert.exporters")
    for name in ("WebPDFExporter", "PDFExporter"):
        monkeypatch.setattr(exporters, name, Failing)
    with pytest.raises(MissingToolsError) as caught:
        as_pdf(BOOK, "title")
    text = str(caught.value)
    assert text.startswith(
        "no PDF (webpdf: The tool is not installed; latex: The tool is not installed): "
    )
    assert "print the HTML" in text
    assert "\n" not in text


def test_latex_prints_where_there_is_no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    exporters = pytest.importorskip("nbconvert.exporters")
    monkeypatch.setattr(exporters, "WebPDFExporter", Failing)
    monkeypatch.setattr(exporters, "PDFExporter", Printing)
    assert as_pdf(BOOK, "title") == b"%PDF-1.7"


@pytest.mark.slow
def test_a_browser_prints() -> None:
    pytest.importorskip("playwright", reason="webpdf needs it")
    try:
        page = as_pdf(BOOK, "title")
    except MissingToolsError as missing:
        pytest.skip(str(missing))
    assert page.startswith(b"%PDF")


def test_nothing_heavy_is_imported_for_it() -> None:
    assert import_module("generator.running").executed
    code = "import sys, generator.staff, generator.running, generator.printing; print(*sys.modules)"
    loaded = _run(code).split()
    assert not {"nbconvert", "nbclient", "nbformat", "jinja2", "mistune"} & set(loaded)


def _run(code: str) -> str:
    import subprocess  # noqa: PLC0415

    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
