"""Which files of a submission run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from autograder.intake import Submission
from autograder.stage import Plan, stage

if TYPE_CHECKING:
    from autograder.session import Staged

PLAN = Plan(
    roles={"layers": "nndl.layers", "utils": "nndl.utils"},
    supplied={"nndl/__init__.py": b"", "nndl/utils.py": b"ours"},
    modules=("nndl/layers.py",),
    notebooks=("net.ipynb",),
    artifacts=("best.npz",),
)


def put(**files: Any) -> tuple[Staged, list[str]]:
    contents = {name: text.encode() for name, text in files.items()}
    return stage(Submission("s", contents), PLAN)


def notebook(*sources: Any, **more: Any) -> str:
    cells = [{"cell_type": "code", "source": source} for source in sources]
    return json.dumps({"cells": [{"cell_type": "markdown", "source": "#"}, *cells], **more})


@pytest.mark.parametrize("root", ["", "hw1/", "hand in/hw1/"])
def test_files_are_found_below_a_common_root(root: str) -> None:
    files = {"nndl/layers.py": "mine", "helper.py": "help", "nndl/utils.py": "theirs"}
    staged, notes = put(**{root + name: text for name, text in files.items()})
    assert staged.files == {
        "nndl/layers.py": b"mine",
        "helper.py": b"help",
        "nndl/__init__.py": b"",
        "nndl/utils.py": b"ours",
    }
    assert notes == ["nndl/utils.py comes with the assignment; your changes are not used."]


def test_an_unchanged_copy_of_a_supplied_file_is_not_worth_a_word() -> None:
    _, notes = put(**{"nndl/layers.py": "mine", "nndl/utils.py": "ours\r\n"})
    assert notes == []


def test_a_file_without_its_folder_is_found_by_name() -> None:
    staged, notes = put(**{"layers.py": "mine", "best.npz": "arrays"})
    assert staged.files["nndl/layers.py"] == b"mine"
    assert "layers.py" not in staged.files
    assert staged.artifacts == {"best.npz": b"arrays"}
    assert (staged.missing, notes) == ((), [])


def test_a_folder_that_only_ends_alike_is_no_root() -> None:
    staged, _ = put(**{"my_nndl/layers.py": "mine", "help.py": "", "my_help.py": ""})
    assert {"nndl/layers.py", "help.py", "my_help.py"} <= staged.files.keys()


def test_what_is_ambiguous_is_named_and_not_guessed() -> None:
    staged, notes = put(**{"a/layers.py": "1", "b/layers.py": "2"})
    assert staged.missing == ("nndl/layers.py",)
    assert notes == ["nndl/layers.py was handed in 2 times; keep one."]
    staged, _ = put(**{"nndl/layers.py": "1", "old/nndl/layers.py": "2"})
    assert staged.files["nndl/layers.py"] == b"1"


def test_nothing_at_all() -> None:
    staged, notes = put()
    assert (staged.missing, staged.cells, dict(staged.artifacts)) == (("nndl/layers.py",), None, {})
    assert notes == []


def test_cells_have_labels_and_text() -> None:
    staged, _ = put(**{"net.ipynb": notebook("x = 1", ["y = 2\n", "z = 3"], [], "")})
    assert staged.cells == (
        ("cell 2", "x = 1"),
        ("cell 3", "y = 2\nz = 3"),
        ("cell 4", ""),
        ("cell 5", ""),
    )


def test_notebooks_of_format_3_are_read() -> None:
    cells = [{"cell_type": "heading", "source": "T"}, {"cell_type": "code", "input": ["x = 1"]}]
    staged, _ = put(**{"net.ipynb": json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]})})
    assert staged.cells == (("cell 2", "x = 1"),)


def test_a_notebook_without_code_was_still_handed_in() -> None:
    staged, notes = put(**{"net.ipynb": notebook(worksheets=[])})
    assert (staged.cells, notes) == ((), [])


def test_one_notebook_under_another_name_is_taken() -> None:
    staged, notes = put(**{"net (1).ipynb": notebook("x = 1")})
    assert staged.cells == (("cell 2", "x = 1"),)
    assert notes == ["net.ipynb was not handed in; taken instead: net (1).ipynb."]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b"3",
        b"{}",
        b'{"cells": 3}',
        b'{"cells": [3]}',
        b'{"cells": [{}]}',
        b'{"cells": [{"cell_type": "code", "source": [1]}]}',
        b'{"cells": [{"cell_type": "code", "source": null}]}',
        b'{"worksheets": [{}]}',
        b'{"worksheets": {"a": 1}}',
        b'{"cells": [{"cell_type": "code", "source": "caf\xe9"}]}',
        b"[" * 100_000,
        b'{"cells": ' + b"9" * 5000 + b"}",
        b"\xff\xfe\x00",
    ],
    ids=range(16),
)
def test_notebooks_that_cannot_be_read_are_named(content: bytes) -> None:
    staged, notes = stage(Submission("s", {"net.ipynb": content}), PLAN)
    assert staged.cells is None
    assert notes == ["net.ipynb is not a notebook that can be read."]


def test_a_byte_order_mark_is_no_obstacle() -> None:
    content = b"\xef\xbb\xbf" + notebook("x = 'é'").encode()
    staged, _ = stage(Submission("s", {"net.ipynb": content}), PLAN)
    assert staged.cells == (("cell 2", "x = 'é'"),)
