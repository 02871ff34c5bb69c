"""Masters in otter's and nbgrader's form, cell by cell."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from generator.notebook import Sheet, release_notebook
from gradlab.errors import Place, Problems
from tests.generator.tiny import cell, notebook

if TYPE_CHECKING:
    from collections.abc import Iterable

HERE = Place("hw.ipynb")


def raw(source: str) -> dict[str, Any]:
    return cell(source, "raw")


def text(source: str) -> dict[str, Any]:
    return cell(source, "markdown")


def release(cells: Iterable[dict[str, Any]]) -> Sheet:
    return release_notebook(notebook(cells).encode(), HERE, "hw", {})


def shown(cells: Iterable[dict[str, Any]]) -> list[str]:
    found = json.loads(release(cells).content)["cells"]
    return ["".join(item["source"]) for item in found]


def problems(cells: Iterable[dict[str, Any]]) -> list[str]:
    with pytest.raises(Problems) as caught:
        release(cells)
    return [str(mistake) for mistake in caught.value.mistakes]


QUESTION = raw("# BEGIN QUESTION\nname: q1\npoints: 2")
BEGIN, END = raw("# BEGIN SOLUTION"), raw("# END SOLUTION")
TESTS = [raw("# BEGIN TESTS"), cell("assert x == 1"), cell("# HIDDEN\nx == 1"), raw("# END TESTS")]
CLOSE = raw("# END QUESTION")


def test_an_autograded_question_of_otter() -> None:
    cells = [
        raw("# ASSIGNMENT CONFIG\nfiles:\n  - data.csv"),
        QUESTION,
        text("Set x."),
        BEGIN,
        cell("x = 1  # SOLUTION"),
        END,
        *TESTS,
        CLOSE,
        text("Goodbye."),
    ]
    assert shown(cells) == ["Set x.", "x = ...", "Goodbye."]


def test_a_manual_question_of_otter() -> None:
    question = raw("# BEGIN QUESTION\nname: q2\nmanual: true")
    cells = [question, text("Why?"), BEGIN, text("**Because.**"), text("More."), END, CLOSE]
    found = release(cells)
    assert shown(cells) == ["Why?", "*Write your answer here.*"]
    assert [block.lines for block in found.removed] == [("**Because.**",), ("More.",)]
    assert json.loads(found.content)["cells"][1]["metadata"] == {"deletable": False}


def test_a_manual_question_with_a_prompt_of_its_own() -> None:
    prompt = [raw("# BEGIN PROMPT"), text("Say why:"), raw("# END PROMPT")]
    cells = [QUESTION, text("Why?"), *prompt, BEGIN, text("Because."), END, CLOSE]
    assert shown(cells) == ["Why?", "Say why:"]


def test_markers_in_markdown_fences() -> None:
    def fenced(source: str) -> dict[str, Any]:
        return text(f"```otter\n{source}\n```")

    cells = [fenced("# BEGIN QUESTION\nname: q1"), text("Set x."), fenced("# BEGIN SOLUTION")]
    cells += [cell("x = 1  # SOLUTION"), fenced("# END SOLUTION"), fenced("# END QUESTION")]
    assert shown(cells) == ["Set x.", "x = ..."]


def test_hidden_cells_outside_of_tests() -> None:
    assert shown([cell("x = 1"), cell("# HIDDEN\nassert x == 2"), cell("## Ignore ##\n3")]) == [
        "x = 1"
    ]


def test_a_solution_cell_without_a_mark_is_refused() -> None:
    [message] = problems([QUESTION, BEGIN, cell("x = 1"), END, CLOSE])
    assert message.startswith(
        "hw.ipynb:c3: a solution cell in which nothing is marked, so that all"
    )


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        ([QUESTION, BEGIN, cell("x = 1  # SOLUTION"), CLOSE], "c2: `# BEGIN SOLUTION` opens a"),
        ([QUESTION, text("Why?")], "c1: `# BEGIN QUESTION` opens a block that is never closed"),
        ([text("Why?"), END], "c2: `# END SOLUTION` closes a block that was not opened"),
        ([QUESTION, raw("# begin solution"), CLOSE], "c2: `# begin solution` looks like a marker"),
        ([QUESTION, QUESTION, CLOSE, CLOSE], "c2: `# BEGIN QUESTION` opens a block inside the one"),
        ([QUESTION, CLOSE, QUESTION, CLOSE], "c3: there are two questions 'q1'"),
        ([raw("# BEGIN QUESTION\npoints: 1"), CLOSE], "c1: the question has no name"),
        ([raw("# BEGIN QUESTION\nname: q\npoint: 1"), CLOSE], "c1: unknown key 'point' of a"),
        ([cell("# hidden\nassert x")], "c1: `# hidden` looks like a marker"),
    ],
)
def test_mistakes_name_the_cell(cells: list[dict[str, Any]], wanted: str) -> None:
    assert problems(cells)[0].startswith(f"hw.ipynb:{wanted}")


def graded(source: str, kind: str = "code", **settings: Any) -> dict[str, Any]:
    return cell(source, kind, metadata={"nbgrader": {"schema_version": 3, **settings}})


def test_nbgraders_solution_cells() -> None:
    cells = [
        graded("x = 1\n### BEGIN SOLUTION\ny = 2\n### END SOLUTION", solution=True, grade=False),
        graded("def f(x):\n    return x", solution=True, grade=False),
        graded("Because.", "markdown", solution=True, grade=True),
        graded(
            "assert f(1)\n### BEGIN HIDDEN TESTS\nassert f(2)\n### END HIDDEN TESTS",
            solution=False,
            grade=True,
        ),
        graded("### BEGIN HIDDEN TESTS\nassert f(3)\n### END HIDDEN TESTS", grade=True),
    ]
    assert shown(cells) == [
        "x = 1\nraise NotImplementedError\n",
        "raise NotImplementedError",
        "*Write your answer here.*",
        "assert f(1)\n",
    ]
    assert len(release(cells).removed) == 5


ASIDES = [
    "### BEGIN HIDDEN TESTS\nassert f(2)\n### END HIDDEN TESTS",
    "np.random.seed(1)  # SEED",
    "# BEGIN IGNORE\nassert f(2)\n# END IGNORE",
    "assert f(2)  # IGNORE",
    "### BEGIN MARK SCHEME\n# 1 point\n### END MARK SCHEME",
]


@pytest.mark.parametrize("aside", ASIDES)
def test_what_is_no_solution_does_not_stand_for_one(aside: str) -> None:
    solution = f"def f(x):\n    return x\n\n{aside}"
    tagged = cell(solution, metadata={"tags": ["solution"]})
    cells = [graded(solution, solution=True, grade=False), tagged]
    assert shown(cells) == ["raise NotImplementedError", "raise NotImplementedError"]
    assert [block.lines[0] for block in release(cells).removed].count("def f(x):") == 2
    rows = [raw("# BEGIN QUESTION\nname: q"), raw("# BEGIN SOLUTION"), cell(solution)]
    rows += [raw("# END SOLUTION"), CLOSE]
    assert problems(rows)[0].startswith("hw.ipynb:c3: a solution cell in which nothing is marked")


def test_nbgraders_name_is_the_id_where_there_is_none() -> None:
    named = [graded("Because.", "markdown", solution=True, grade_id=name) for name in ("why", "?")]
    old = notebook([*named, graded("x = 1", grade_id="why")], minor=4)
    found = json.loads(release_notebook(old.encode(), HERE, "hw", {}).content)["cells"]
    assert [item["id"] == "why" for item in found] == [True, False, False]


def test_a_cell_of_hidden_tests_is_locked() -> None:
    text = "assert f(1)\n### BEGIN HIDDEN TESTS\nassert f(2)\n### END HIDDEN TESTS"
    (found,) = json.loads(release([graded(text, grade=True)]).content)["cells"]
    assert found["metadata"]["editable"] is False


def test_a_cell_with_the_tag_solution_is_one_block() -> None:
    tagged = cell("# stub: {name} = None\nnet = f()\nlog = 2", metadata={"tags": ["solution"]})
    cells = [tagged, cell("print(net)")]
    assert shown(cells) == ["net = None", "print(net)"]
    removed = release(cells).removed[0]
    assert (removed.where, removed.lines[1]) == (Place("hw.ipynb", "c1", 1), "net = f()")
