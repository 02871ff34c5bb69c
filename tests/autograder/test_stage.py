"""Which files of a submission run, and what the student is told about them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from autograder.intake import Submission
from autograder.ipynb import read_notebook
from autograder.stage import Plan, stage
from autograder.upload import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autograder.session import Staged

PLAN = Plan(
    roles={"layers": "nndl.layers", "utils": "nndl.utils"},
    supplied={"nndl/__init__.py": b"", "nndl/utils.py": b"ours"},
    modules=("nndl/layers.py",),
    notebooks=("net.ipynb",),
    artifacts=("best.npz",),
)


def put(files: Mapping[str, str | bytes], plan: Plan = PLAN) -> tuple[Staged, list[str]]:
    contents = {n: t if isinstance(t, bytes) else t.encode() for n, t in files.items()}
    return stage(Submission("s", contents), plan)


def notebook(*sources: Any, **more: Any) -> str:
    cells = [{"cell_type": "code", "source": source} for source in sources]
    return json.dumps({"cells": [{"cell_type": "markdown", "source": "#"}, *cells], **more})


@pytest.mark.parametrize("root", ["", "hw1/", "hand in/hw1/"])
def test_files_are_found_below_a_common_root(root: str) -> None:
    files = {"nndl/layers.py": "mine", "helper.py": "help", "nndl/utils.py": "theirs"}
    staged, notes = put({root + name: text for name, text in files.items()})
    assert staged.files == {
        "nndl/layers.py": b"mine",
        "helper.py": b"help",
        "nndl/__init__.py": b"",
        "nndl/utils.py": b"ours",
    }
    assert notes == ["nndl/utils.py comes with the assignment; your changes are not used."]


def test_an_unchanged_copy_of_a_supplied_file_is_not_worth_a_word() -> None:
    _, notes = put({"nndl/layers.py": "mine", "nndl/utils.py": "ours\r\n"})
    assert notes == []


LAYOUTS = {
    "flat": ("", "layers.py", "utils.py", "from utils import x"),
    "flat below a folder": ("hw/", "layers.py", "utils.py", "from utils import x"),
    "another package": ("", "cs231n/layers.py", "cs231n/utils.py", "import cs231n.utils"),
    "below a folder": (
        "hw3/",
        "hw3code/layers.py",
        "hw3code/utils.py",
        "from hw3code import utils",
    ),
    "a subpackage": (
        "a/b/",
        "cs231n/classifiers/layers.py",
        "cs231n/utils.py",
        "from cs231n.utils import x",
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_other_layouts_keep_their_own_names_beside_ours(layout: str) -> None:
    root, layers, utils, imports = LAYOUTS[layout]
    help_ = layers.replace("layers", "help")
    staged, notes = put({root + layers: imports, root + help_: "help"})
    assert staged.files["nndl/layers.py"] == imports.encode()
    assert staged.files["nndl/utils.py"] == b"ours"
    assert staged.files[help_] == b"help"
    assert b"import_module('nndl.layers')" in staged.files[layers]
    assert b"import_module('nndl.utils')" in staged.files[utils]
    assert (staged.missing, notes) == ((), [])


@pytest.mark.parametrize("form", [str, list])
def test_the_notebook_alone_may_say_what_the_package_is_called(form: type) -> None:
    source = "import numpy\nfrom cs231n.layers import f\n"
    text = notebook(source if form is str else source.splitlines(keepends=True))
    staged, _ = put({"hw/cs231n/layers.py": "x = 1", "hw/net.ipynb": text})
    assert b"import_module('nndl.layers')" in staged.files["cs231n/layers.py"]


def test_a_changed_copy_is_found_in_another_layout_too() -> None:
    files = {"cs231n/layers.py": "from cs231n.utils import x", "cs231n/utils.py": "theirs"}
    staged, notes = put(files)
    assert notes == ["nndl/utils.py comes with the assignment; your changes are not used."]
    assert b"theirs" not in staged.files.values()


def test_a_students_own_file_may_have_a_supplied_files_name_elsewhere() -> None:
    staged, notes = put({"nndl/layers.py": "mine", "utils.py": "my own"})
    assert (staged.files["utils.py"], notes) == (b"my own", [])


def test_a_folder_that_only_ends_alike_is_no_root() -> None:
    staged, _ = put({"my_nndl/layers.py": "mine", "help.py": "", "my_help.py": ""})
    assert staged.files["nndl/layers.py"] == b"mine"
    assert {"help.py", "my_help.py"} <= staged.files.keys()


def test_what_is_ambiguous_is_named_and_not_guessed() -> None:
    staged, notes = put({"a/layers.py": "1", "b/layers.py": "2"})
    assert staged.missing == ("nndl/layers.py",)
    assert notes == ["nndl/layers.py was handed in 2 times (a/layers.py, b/layers.py); keep one."]
    staged, _ = put({"nndl/layers.py": "1", "old/nndl/layers.py": "2"})
    assert staged.files["nndl/layers.py"] == b"1"
    staged, notes = put({"a/layers.py": "same", "b/layers.py": "same"})
    assert (staged.files["nndl/layers.py"], notes) == (b"same", [])


RELEASED = b"class Net:\n    def loss(self): ...\n\ndef affine(x): ...\n"
WRITTEN = "def affine(x): return x\nclass Net:\n    pass\ndef more(): pass\n"


def test_a_renamed_module_is_known_by_what_it_defines() -> None:
    plan = replace(PLAN, released={"nndl/layers.py": RELEASED})
    staged, notes = put({"my layers.py": WRITTEN, "other.py": "def affine(x): ..."}, plan)
    assert staged.files["nndl/layers.py"] == WRITTEN.encode()
    assert notes == [
        (
            "nndl/layers.py was not handed in; taken instead: my layers.py, "
            "which defines the same names."
        )
    ]
    staged, notes = put({"a.py": WRITTEN, "b.py": WRITTEN + "#"}, plan)
    assert staged.missing == ("nndl/layers.py",)
    assert notes == ["nndl/layers.py was not handed in; it could be one of a.py, b.py: name it."]


def test_a_file_that_was_refused_is_not_called_missing_without_a_reason() -> None:
    submission = Submission("s", {}, (Refused("hw/layers.py", "encrypted"),))
    _, notes = stage(submission, PLAN)
    assert notes == ["nndl/layers.py was handed in but not taken: encrypted."]


def test_nothing_at_all() -> None:
    staged, notes = put({})
    assert (staged.missing, staged.cells, dict(staged.artifacts)) == (("nndl/layers.py",), None, {})
    assert notes == []


def test_artifacts_are_found_by_name() -> None:
    staged, _ = put({"out/best.npz": "arrays"})
    assert staged.artifacts == {"best.npz": b"arrays"}


NEARLY = "best.npz was not handed in; taken instead: {}, which has nearly its name."
ONLY = "best.npz was not handed in; taken instead: {}, the only file of its kind."


@pytest.mark.parametrize(
    ("names", "taken", "note"),
    [
        *(
            ([name], name, NEARLY)
            for name in (
                *("best (1).npz", "best-1.npz", "Best.npz", "BEST.NPZ", "best_final.npz"),
                *("best_final (2).npz", "best - Copy.npz", "Copy of best.npz", "out/best_v2.npz"),
            )
        ),
        (["other.npz", "best (1).npz"], "best (1).npz", NEARLY),
        (["other.npz", "best.npz", "best (1).npz"], "best.npz", ""),
        (["bestest.npz"], "bestest.npz", ONLY),
        (["weights.npz", "given.npz", "a.npy"], "weights.npz", ONLY),
        (["given.npz"], "", ""),
        (["one.npz", "two.npz"], "", ""),
        (["best.npy"], "", ""),
    ],
)
def test_an_artifact_under_another_name_is_taken_if_it_is_the_only_one_that_fits(
    names: list[str], taken: str, note: str
) -> None:
    plan = replace(PLAN, supplied={**PLAN.supplied, "given.npz": b""})
    staged, notes = put({name: name for name in names}, plan)
    assert dict(staged.artifacts) == ({"best.npz": taken.encode()} if taken else {})
    assert notes == ([note.format(taken)] if note else [])
    assert not staged.unusable


def test_an_artifact_that_could_be_one_of_several_is_named() -> None:
    staged, notes = put({"best-1.npz": "1", "best-2.npz": "2"})
    assert notes == [
        "best.npz was not handed in; it could be one of best-1.npz, best-2.npz: name it."
    ]
    assert dict(staged.unusable) == {"best.npz": notes[0]}
    assert not staged.artifacts


def test_artifacts_do_not_take_each_others_files() -> None:
    plan = replace(PLAN, artifacts=("net.npz", "net_2.npz"))
    staged, _ = put({"net_2 (1).npz": "two"}, plan)
    assert staged.artifacts == {"net_2.npz": b"two"}
    staged, notes = put({"weights.npz": "which?"}, plan)
    assert (dict(staged.artifacts), notes) == ({}, [])


def test_a_text_is_not_taken_for_another_only_because_it_is_one() -> None:
    plan = replace(PLAN, artifacts=("answers.txt",))
    staged, _ = put({"requirements.txt": "numpy"}, plan)
    assert not staged.artifacts
    staged, _ = put({"requirements.txt": "numpy", "Answers-1.txt": "mine"}, plan)
    assert staged.artifacts == {"answers.txt": b"mine"}


def test_every_check_can_say_why_a_file_is_not_used() -> None:
    files = {"a/layers.py": b"1", "b/layers.py": b"2", "net.ipynb": b"<!DOCTYPE html>"}
    submission = Submission("s", files, (Refused("best.npz", "a symbolic link"),))
    staged, notes = stage(submission, PLAN)
    assert list(staged.unusable) == ["nndl/layers.py", "best.npz", "net.ipynb"]
    assert list(staged.unusable.values()) == notes
    assert "handed in 2 times" in staged.unusable["nndl/layers.py"]
    assert "but not taken: a symbolic link." in staged.unusable["best.npz"]
    assert "is not a notebook that can be read" in staged.unusable["net.ipynb"]


def test_a_broken_notebook_under_another_name_is_why_there_is_none() -> None:
    staged, notes = put({"net (1).ipynb": "{"})
    (words,) = notes
    assert dict(staged.unusable) == {"net.ipynb": f"net.ipynb was not handed in. {words}"}


def test_what_stands_for_an_earlier_module_says_why_too() -> None:
    plan = replace(PLAN, instead={"nndl/layers.py": b"stub"})
    staged, _ = put({"a/layers.py": "1", "b/layers.py": "2"}, plan)
    ((raised, told),) = staged.absences.items()
    assert raised == "nndl/layers.py, yours from an earlier assignment, was not handed in"
    assert told == staged.unusable["nndl/layers.py"]
    staged, _ = put({}, plan)
    assert list(staged.absences.values()) == [f"{raised}."]


UTF_16 = "# -*- coding: utf-16 -*-\nx = 'é'\n"


@pytest.mark.parametrize(
    ("content", "taken", "words"),
    [
        ("x = 'é'\n".encode(), "x = 'é'\n", ""),
        (b"\xef\xbb\xbfx = 1\n", "\ufeffx = 1\n", ""),
        (UTF_16.encode("utf-16"), "# -*-  -*-\nx = 'é'\n", "read as UTF-16"),
        ("x = 1\n".encode("utf-16-le"), "x = 1\n", "read as UTF-16"),
        ("x = 1\n".encode("utf-32"), "x = 1\n", "read as UTF-32"),
        (b"# caf\xe9\nx = 1\n", "# café\nx = 1\n", "read as Latin-1"),
        (b"# \x81\xe9\n", "# \x81é\n", "read as Latin-1"),
        (b"# coding: klingon\n# \xe9\n", "# \n# é\n", "read as Latin-1"),
        (b"x = 1\0\n", "x = 1\0\n", "holds NUL bytes"),
        (b"\xff\xfex", "", "holds NUL bytes"),
    ],
)
def test_modules_in_other_encodings(content: bytes, taken: str, words: str) -> None:
    staged, notes = put({"nndl/layers.py": content})
    assert staged.files["nndl/layers.py"] == (taken.encode() if taken else content)
    assert [note.startswith("nndl/layers.py ") and words in note for note in notes] == (
        [True] if words else []
    )


@pytest.mark.parametrize(
    "line", [b"# -*- coding: latin-1 -*-", b"\n# vim: set fileencoding=cp1252"]
)
def test_a_module_that_says_its_encoding_is_left_alone(line: bytes) -> None:
    content = line + b"\nx = 'caf\xe9'\n"
    staged, notes = put({"nndl/layers.py": content})
    assert (staged.files["nndl/layers.py"], notes) == (content, [])
    scope: dict[str, Any] = {}
    exec(compile(content, "layers.py", "exec"), scope)  # noqa: S102 - as importing it would
    assert scope["x"] == "café"


def test_cells_have_labels_and_text() -> None:
    staged, _ = put({"net.ipynb": notebook("x = 1", ["y = 2\n", "z = 3"], [], "")})
    assert staged.cells == (
        ("cell 2", "x = 1"),
        ("cell 3", "y = 2\nz = 3"),
        ("cell 4", ""),
        ("cell 5", ""),
    )


def test_cells_of_several_notebooks_say_which() -> None:
    plan = replace(PLAN, notebooks=("net.ipynb", "two.ipynb"))
    staged, _ = put({"two.ipynb": notebook("y = 1"), "a/net.ipynb": notebook("x = 1")}, plan)
    assert staged.cells == (("cell 2 of net.ipynb", "x = 1"), ("cell 2 of two.ipynb", "y = 1"))


V3 = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}}
V3_CELLS = [
    {"cell_type": "heading", "level": 1, "source": "T"},
    {"cell_type": "code", "input": ["x = 1"], "language": "python", "outputs": []},
]


@pytest.mark.parametrize("minor", [0, 1, 2, 3, 4, 5])
def test_notebooks_of_every_format_4_are_read(minor: int) -> None:
    staged, _ = put({"net.ipynb": notebook("x = 1", nbformat=4, nbformat_minor=minor)})
    assert staged.cells == (("cell 2", "x = 1"),)


def test_notebooks_of_format_3_are_read() -> None:
    staged, _ = put({"net.ipynb": json.dumps({**V3, "worksheets": [{"cells": V3_CELLS}]})})
    assert staged.cells == (("cell 2", "x = 1"),)


def test_a_notebook_without_code_was_still_handed_in() -> None:
    staged, notes = put({"net.ipynb": notebook(worksheets=[])})
    assert (staged.cells, notes) == ((), [])


CELLS = [f"x{n} = {n}  # as it was handed out" for n in range(5)]
KNOWN = replace(
    PLAN,
    release="two_layer",
    texts={"net.ipynb": read_notebook(notebook(*CELLS).encode()).texts},
)
OURS = {"metadata": {"gradlab": {"assignment": "two_layer"}}}
OTHERS = {"metadata": {"gradlab": {"assignment": "knn"}}}
TAKEN = "net.ipynb was not handed in; taken instead: b.ipynb, which has its cells."
STRANGER = "b.ipynb was handed out for another assignment, 'knn'."


@pytest.mark.parametrize(
    ("files", "note"),
    [
        ({"b.ipynb": notebook(*CELLS[:3], "mine = 1")}, TAKEN),
        ({"b.ipynb": notebook(*CELLS), "a.ipynb": notebook(*CELLS[:2])}, TAKEN),
        ({"b.ipynb": notebook("y = 1", **OURS), "a.ipynb": notebook(*CELLS[:4])}, TAKEN),
        ({"b.ipynb": notebook(*CELLS[:4], **OURS), "a.ipynb": notebook(*CELLS[:3], **OURS)}, TAKEN),
        ({"b.ipynb": notebook(*CELLS), "a.ipynb": notebook(*CELLS, **OTHERS)}, TAKEN),
        ({"b.ipynb": notebook("another = 'homework'")}, ""),
        ({"b.ipynb": notebook(*CELLS, **OTHERS)}, STRANGER),
        (
            {"a.ipynb": notebook(*CELLS), "b.ipynb": notebook(*CELLS, "")},
            "net.ipynb was not handed in; it could be one of a.ipynb, b.ipynb: name it.",
        ),
        (
            {"a/net.ipynb": notebook(*CELLS), "b/net.ipynb": notebook("")},
            "net.ipynb was handed in 2 times (a/net.ipynb, b/net.ipynb); keep one.",
        ),
    ],
)
def test_a_notebook_under_another_name_is_known_by_its_cells(
    files: dict[str, str], note: str
) -> None:
    staged, notes = put(files, KNOWN)
    assert notes == ([note] if note else [])
    assert (staged.cells is not None) == (note == TAKEN)
    if staged.cells:
        expected = read_notebook(files["b.ipynb"].encode()).cells
        assert [text for _, text in staged.cells] == [c.source for c in expected if c.is_code]


def test_the_notebook_of_another_assignment_under_this_ones_name() -> None:
    staged, notes = put({"net.ipynb": notebook(*CELLS, **OTHERS)}, KNOWN)
    assert notes == ["net.ipynb was handed out for another assignment, 'knn'."]
    assert staged.cells is not None
    assert not staged.unusable
    _, notes = put({"net.ipynb": notebook("x = 1", **OURS)}, KNOWN)
    assert notes == []


def test_the_notebook_of_another_assignment_is_why_there_is_none() -> None:
    staged, _ = put({"b.ipynb": notebook("x = 1", **OTHERS)}, KNOWN)
    assert dict(staged.unusable) == {"net.ipynb": f"net.ipynb was not handed in. {STRANGER}"}


def test_one_notebook_under_another_name_is_taken_where_nothing_else_is_known() -> None:
    staged, notes = put({"net (1).ipynb": notebook("x = 1")})
    assert staged.cells == (("cell 2", "x = 1"),)
    assert len(notes) == 1


def test_tagged_cells_are_known_by_tag_or_by_the_masters_ids() -> None:
    plan = replace(PLAN, run="tagged", graded=frozenset({"abc"}))
    cells = [
        {"cell_type": "code", "source": "a", "metadata": {"tags": ["grade"]}},
        {"cell_type": "code", "source": "b", "id": "abc", "metadata": {}},
        {"cell_type": "code", "source": "c", "metadata": {"id": "abc", "tags": None}},
        {"cell_type": "code", "source": "d", "id": "other", "metadata": {"tags": ["x", 3]}},
        {"cell_type": "code", "source": "e"},
    ]
    staged, _ = put({"net.ipynb": json.dumps({"cells": cells})}, plan)
    assert [source for _, source in staged.cells or ()] == ["a", "b", "c"]
    assert staged.run == "tagged"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b"  \n", "it is empty"),
        (b"[]", "it is JSON, but no notebook"),
        (b"null", "it is JSON, but no notebook"),
        (b"3", "it is JSON, but no notebook"),
        (b"{}", "it is JSON, but no notebook"),
        (b'{"cells": 3}', "it is JSON, but no notebook"),
        (b'{"cells": [3]}', "it is JSON, but no notebook"),
        (b'{"cells": [{}]}', "it is JSON, but no notebook"),
        (b'{"cells": [{"cell_type": "code", "source": [1]}]}', "it is JSON, but no notebook"),
        (b'{"cells": [{"cell_type": "code", "source": null}]}', "it is JSON, but no notebook"),
        (b'{"worksheets": [{}]}', "it is JSON, but no notebook"),
        (b'{"worksheets": {"a": 1}}', "it is JSON, but no notebook"),
        (b'{"cells": [\n<<<<<<< HEAD\n', "it is not valid JSON at line 2"),
        (notebook("x = 1")[:-9].encode(), "it is not valid JSON at line 1"),
        (b"[" * 100_000, "it is not valid JSON"),
        (b'{"cells": ' + b"9" * 5000 + b"}", "it is"),
        (b"[" + b"{}," * 1_000_000 + b"{}]", "it is too large; clear its outputs"),
        (b"\xff\xfe\x00", "it is not valid JSON"),
        (b"\x00\x00\x00", "it is not valid JSON"),
    ],
)
def test_notebooks_that_cannot_be_read_are_named(content: bytes, why: str) -> None:
    staged, (note,) = stage(Submission("s", {"net.ipynb": content}), PLAN)
    assert staged.cells is None
    assert note.startswith(f"net.ipynb is not a notebook that can be read: {why}")


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"])
def test_notebooks_in_other_encodings_are_read(codec: str) -> None:
    text = '{"cells": [{"cell_type": "code", "source": "x = \'é\'"}]}'
    staged, _ = stage(Submission("s", {"net.ipynb": text.encode(codec)}), PLAN)
    assert staged.cells == (("cell 1", "x = 'é'"),)


def test_long_names_do_not_make_long_notes() -> None:
    _, notes = put({f"{'x' * 190}{n}/layers.py": str(n) for n in range(9)})
    assert len(notes[0]) < 400
