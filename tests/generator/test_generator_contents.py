"""What a release may not contain besides leaks: stray files, markers, keys, names, imports."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from generator.draft import Draft, Origin
from generator.guard import guard
from gradlab.course import Course
from gradlab.errors import Place, Problems
from tests.generator.leaky import (
    GIVEN,
    LAYERS,
    NOTEBOOK,
    built,
    in_cell,
    in_file,
    packed,
)

if TYPE_CHECKING:
    from tests.generator.tiny import Tiny


def problems(course: Tiny) -> list[str]:
    with pytest.raises(Problems) as caught:
        built(course, {})
    return [str(mistake) for mistake in caught.value.mistakes]


@pytest.mark.parametrize(
    "text",
    [
        "# END SOLUTION here",
        "See BEGIN HIDDEN TESTS.",
        "=== BEGIN MARK SCHEME for staff ===",
        "<!-- END PROMPT --> it was",
        "[assert x] # HIDDEN",
        "# stub: x = None",
        "for {points:} points".replace("{points:}", "{points:x"),
    ],
)
def test_half_a_marker_in_text(course: Tiny, text: str) -> None:
    course.cells.append({"cell_type": "raw", "source": f"a\n{text}", "metadata": {}})
    (problem,) = problems(course)
    assert problem.startswith(f"{NOTEBOOK}:c4:2: `")
    assert problem.endswith("is for staff and had no effect here; take it out")


def test_a_function_that_hides_another(course: Tiny) -> None:
    in_file(LAYERS, "\n\ndef affine_forward(x, w, b):\n    return x\n")(course)
    (problem,) = problems(course)
    assert problem.endswith(": affine_forward hides the one of line 6; rename one")


def test_overloads_and_properties_may_share_a_name(course: Tiny) -> None:
    first = "    @property\n    def x(self):\n        return 1\n"
    second = "    @x.setter\n    def x(self, v):\n        pass\n"
    in_file(LAYERS, f"\n\nclass Net:\n{first}\n{second}")(course)
    assert built(course, {}).files


@pytest.mark.parametrize(
    ("code", "is_fine"),
    [
        ("try:\n    import tqdm\nexcept ImportError:\n    tqdm = None", True),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch", True),
        ("from mpl_toolkits.mplot3d import Axes3D", True),
        ("import IPython", True),
        ("import google.colab", True),
        ("if True:\n    import torch", False),
        ("def f():\n    import torch", False),
        ("try:\n    x = 1\nfinally:\n    import torch", False),
    ],
)
def test_imports_that_may_be_missing(course: Tiny, code: str, is_fine: bool) -> None:  # noqa: FBT001
    in_file(GIVEN, code)(course)
    if is_fine:
        assert built(course, {}).files
    else:
        assert problems(course)[0].endswith(
            "students have no module 'torch'; supply it or do without"
        )


def test_what_the_public_checks_import(course: Tiny) -> None:
    course.texts["assignments/tiny/public.py"] = "from gradlab import Suite\nimport scipy\n"
    assert problems(course) == [
        "assignments/tiny/public.py:2: students have no module 'scipy'; supply it or do without"
    ]


def test_the_release_asks_for_what_students_have(course: Tiny) -> None:
    in_cell("import ipykernel, jupyterlab, numpy, matplotlib.pyplot")(course)
    assert built(course, {}).files


def stored(course: Tiny, notebook: dict[str, Any], **files: bytes) -> list[str]:
    """Return what the guard says of a notebook as the generator never writes it."""
    built(course, {})
    cells = [{"cell_type": "code", "source": "1", "metadata": {}, **c} for c in notebook["cells"]]
    content = json.dumps({"metadata": {}, **notebook, "cells": cells}).encode()
    (course.root / "assignments/tiny/assignment.toml").write_text(
        'title = "T"\npackage = "net"\nnotebooks = ["tiny.ipynb"]\n'
    )
    assignment = Course.find(course.root).assignment("tiny")
    origins: dict[tuple[str, int | None], Origin] = {
        ("tiny.ipynb", None): Origin(Place("tiny.ipynb"))
    }
    with pytest.raises(Problems) as caught:
        guard(Draft(assignment, {"tiny.ipynb": content, **files}, (), origins))
    return [str(mistake) for mistake in caught.value.mistakes]


@pytest.mark.parametrize(
    ("notebook", "message"),
    [
        ({"cells": [], "worksheets": []}, "unknown key 'worksheets' in the notebook"),
        ({"cells": [], "metadata": {"author": 1}}, "unknown key 'author' in its metadata"),
        ({"cells": [{"hint": 1}]}, "unknown key 'hint' in the cell"),
        ({"cells": [{"metadata": {"answer": 1}}]}, "unknown key 'answer' in its metadata"),
        ({"cells": [{"id": "a"}, {"id": "a"}]}, "2 cells have the id 'a'"),
    ],
)
def test_what_a_notebook_may_not_store(
    course: Tiny, notebook: dict[str, Any], message: str
) -> None:
    assert any(f"tiny.ipynb: {message}" in line for line in stored(course, notebook))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"print(1)", "not a readable notebook: "),
        (b"[]", "not a readable notebook: "),
        (b'{"nbformat": 4}', "not a readable notebook: no 'cells'"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code"}]}', "not a readable notebook: no"),
        (
            b'{"nbformat": 3, "metadata": {}, "worksheets": []}',
            "a notebook of an old format; open it",
        ),
    ],
)
def test_a_notebook_that_is_shipped_whole_and_is_none(
    course: Tiny, content: bytes, message: str
) -> None:
    with pytest.raises(Problems, match=rf"assignments/tiny/demo\.ipynb: {message}"):
        built(course, {"demo.ipynb": content})


def test_what_students_hand_in_is_not_shipped(course: Tiny) -> None:
    settings = 'title = "T"\npackage = "net"\nnotebooks = ["tiny.ipynb"]\nmodules = ["layers.py"]\n'
    course.texts["assignments/tiny/assignment.toml"] = (
        f'{settings}artifacts = ["best.npz"]\nfiles = ["best.npz"]\n'
    )
    course.texts["assignments/tiny/best.npz"] = ""
    (problem,) = problems(course)
    assert problem == (
        "assignments/tiny/best.npz: students shall make and hand in this file; "
        "drop it, or ship it by another name"
    )


def test_names_that_some_systems_take_for_one(course: Tiny) -> None:
    found = stored(course, {"cells": []}, **{"Data.csv": b"", "data.csv": b""})
    assert "Data.csv: some systems take these for one file; rename: Data.csv, data.csv" in found


def test_an_archive_that_unpacks_to_too_much(course: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generator.unpack.LARGEST", 1000)
    with pytest.raises(Problems, match=r"assignments/tiny/d\.zip: unpacks to more than 0 MB"):
        built(course, {"d.zip": packed("a.txt", b"x" * 999)})


@pytest.mark.parametrize("damage", [0, 20, 45, 80, -30, -8])
def test_a_damaged_archive_is_read_as_far_as_it_goes(course: Tiny, damage: int) -> None:
    content = bytearray(packed("a.txt", b"nothing of interest"))
    content[damage] ^= 0xFF
    assert built(course, {"d.zip": bytes(content)}).files


def test_everything_is_said_together(course: Tiny) -> None:
    in_cell("import torch\n# log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))")(
        course
    )
    in_file(GIVEN, "# END SOLUTION\n")(course)
    found = problems(course)
    assert [line.rsplit(": ", 1)[0] for line in found] == [
        f"{GIVEN}:6",
        f"{NOTEBOOK}:c4:1",
        f"{NOTEBOOK}:c4:2",
    ]
    assert not (course.root / "release").exists()
