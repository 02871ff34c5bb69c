from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from generator.notebook import release_notebook
from gradlab.errors import AuthorMistake, Place

if TYPE_CHECKING:
    from tests.generator.tiny import Tiny

HERE = Place("old.ipynb")
ANSWER = "Why?\n\n<!-- BEGIN SOLUTION -->\nBecause of the overflow.\n<!-- END SOLUTION -->\n"


def released(notebook: dict[str, Any]) -> dict[str, Any]:
    sheet = release_notebook(json.dumps(notebook).encode(), HERE, "tiny", {})
    content: dict[str, Any] = json.loads(sheet.content)
    return content


def test_results_and_foreign_metadata_are_gone(tiny: Tiny) -> None:
    output = {"output_type": "stream", "name": "stdout", "text": ["2\n"]}
    metadata = {"collapsed": True, "tags": ["mine", "raises-exception"], "editable": True}
    tiny.code("print(2)", outputs=[output], execution_count=7, metadata=metadata)
    notebook = json.loads(tiny.build().files["tiny.ipynb"])
    assert notebook["cells"][1] == {
        "cell_type": "code",
        "id": "c2",
        "metadata": {"deletable": False, "editable": False, "tags": ["raises-exception"]},
        "execution_count": None,
        "outputs": [],
        "source": ["print(2)"],
    }
    assert notebook["metadata"] == {
        "gradlab": {"assignment": "tiny"},
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


def test_cells_with_something_to_write_can_be_edited(tiny: Tiny) -> None:
    tiny.markdown(ANSWER)
    tiny.code("### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n")
    assert [item["metadata"] for item in tiny.released_cells()] == [
        {"deletable": False, "editable": False},
        {"deletable": False},
        {"deletable": False},
    ]


def test_staff_cells_go_and_release_cells_stay(tiny: Tiny) -> None:
    tiny.code("secret = relu(41)", metadata={"tags": ["staff-only"]})
    tiny.code("from check import check", metadata={"tags": ["release-only"]})
    cells = tiny.released_cells(extra={"check.py": b"def check(): ...\n"})
    assert [item["id"] for item in cells] == ["c1", "c3"]


@pytest.mark.parametrize(
    ("tag", "meant"),
    [("Staff_only", "staff-only"), ("staffonly", "staff-only"), ("solutions", "solution")],
)
def test_a_tag_that_is_nearly_ours_is_an_error(tiny: Tiny, tag: str, meant: str) -> None:
    tiny.code("secret = 41", metadata={"tags": [tag]})
    assert tiny.problems() == [
        f"assignments/tiny/tiny.ipynb:c2: the tag {tag!r} has no effect; did you mean {meant!r}?"
    ]


def test_half_a_character_is_an_error(tiny: Tiny) -> None:
    tiny.code("x = '\ud800'")
    assert tiny.problems() == [
        "assignments/tiny/tiny.ipynb:cell 2: half a character, '\\ud800'; write it anew"
    ]


def test_tags_that_are_no_list_are_an_error(tiny: Tiny) -> None:
    tiny.code("secret = 41", metadata={"tags": "staff-only"})
    assert tiny.problems() == [
        "assignments/tiny/tiny.ipynb:c2: tags must be a list, not 'staff-only'"
    ]


def test_points_are_filled_in(tiny: Tiny) -> None:
    tiny.markdown("{points:a} {points: b } {points:c} {points:d} `{points}`")
    points = {"a": 2, "b": 1.5, "c": Fraction(1, 3), "d": Fraction(5, 4)}
    assert tiny.released_cells(points=points)[1]["source"] == "2 1.5 1/3 1.25 `{points}`"


def test_unknown_points_name_the_line_of_the_master(tiny: Tiny) -> None:
    tiny.markdown(f"{ANSWER}\n\n{{points:loss}} of {{points:}}")
    assert tiny.problems(points={"a": 2}) == [
        (
            "assignments/tiny/tiny.ipynb:c2:8: {points:loss}: no check or question 'loss' "
            "(there are: a)"
        ),
        "assignments/tiny/tiny.ipynb:c2:8: {points:}: no check or question '' (there are: a)",
    ]


def test_only_pictures_that_are_still_shown_stay(tiny: Tiny) -> None:
    pictures = {"my plot.png": {"image/png": "AAAA"}, "answer.png": {"image/png": "BBBB"}}
    text = ANSWER.replace("Because", "![](attachment:answer.png) because")
    tiny.markdown(f"![](attachment:my%20plot.png)\n{text}", attachments=pictures)
    assert tiny.released_cells()[1]["attachments"] == {"my plot.png": {"image/png": "AAAA"}}


def test_ids_are_made_from_the_text_where_there_are_none(tiny: Tiny) -> None:
    tiny.minor = 4
    tiny.code("x = 1")
    tiny.code("x = 1")
    first = [item["id"] for item in tiny.released_cells()]
    assert len(set(first)) == 3
    tiny.cells.insert(0, tiny.cells.pop())
    tiny.markdown("new")
    again = [item["id"] for item in tiny.released_cells()]
    assert set(first) < set(again)


def test_places_without_ids_are_numbers(tiny: Tiny) -> None:
    tiny.minor = 2
    tiny.code("\n### BEGIN SOLUTION")
    assert tiny.problems()[0].startswith("assignments/tiny/tiny.ipynb:cell 2:2: `### BEGIN")


def test_duplicate_ids_are_an_error(tiny: Tiny) -> None:
    tiny.code("x = 1", id="c1")
    assert tiny.problems() == [
        "assignments/tiny/tiny.ipynb:c1: cell 2 has the id of an earlier cell"
    ]


def test_notebooks_of_format_3_are_read() -> None:
    code = {
        "cell_type": "code",
        "input": ["a = 1\n", "### BEGIN SOLUTION\n", "b = 2\n", "### END SOLUTION"],
        "outputs": [{"output_type": "pyout", "prompt_number": 1, "text": ["1"], "metadata": {}}],
        "prompt_number": 1,
        "language": "python",
        "metadata": {},
        "collapsed": False,
    }
    heading = {"cell_type": "heading", "level": 2, "source": ["Task"], "metadata": {}}
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": "old"},
        "worksheets": [{"cells": [heading, code]}],
    }
    cells = released(old)["cells"]
    assert "".join(cells[0]["source"]) == "## Task"
    assert "".join(cells[1]["source"]) == "a = 1\nraise NotImplementedError\n"
    assert cells[1]["outputs"] == []
    assert released(old) == released(old)


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "{}",
        '{"nbformat": 9}',
        '{"nbformat": 4, "cells": 3}',
        '{"nbformat": 4, "nbformat_minor": 0, "metadata": {}, "cells": [{}]}',
    ],
)
def test_what_is_no_notebook_is_named(content: str) -> None:
    with pytest.raises(AuthorMistake, match=r"^old\.ipynb: not a readable notebook: ") as caught:
        release_notebook(content.encode(), HERE, "tiny", {})
    assert len(str(caught.value).splitlines()) == 1


def test_an_unknown_kind_of_cell_is_named() -> None:
    cell = {"cell_type": "video", "source": "", "metadata": {}}
    old = {"nbformat": 4, "nbformat_minor": 0, "metadata": {}, "cells": [cell]}
    with pytest.raises(AuthorMistake, match=r"old\.ipynb:cell 1: unknown kind of cell 'video'"):
        released(old)


def test_magics_are_python_enough(tiny: Tiny) -> None:
    tiny.code("%matplotlib inline\n!ls\nfiles = !ls\nrelu?\nfor x in files:\n    %time relu(x)")
    tiny.code("%%bash\nls | grep x")
    assert len(tiny.released_cells()) == 3


def test_raw_cells_stay_as_they_are(tiny: Tiny) -> None:
    text = "*x*\n\n  {points}"
    tiny.cells.append({"cell_type": "raw", "source": text, "metadata": {}})
    assert tiny.released_cells()[1]["source"] == text
