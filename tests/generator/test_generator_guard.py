from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from generator.draft import Draft
from generator.guard import guard
from gradlab.errors import Problems

if TYPE_CHECKING:
    from tests.generator.tiny import Tiny

SOLUTION = "x = cache\nhidden = np.maximum(0, x @ w)  # relu\nout = hidden @ w + b"
LINE = "hidden = np.maximum(0, x @ w)"
NOTEBOOK = "assignments/tiny/tiny.ipynb"


def leak(place: str, line: str = LINE, where: str = "solutions/net/layers.py:10") -> str:
    return f"{place}: the solution's line `{line}` ({where}) would be released"


def found(tiny: Tiny, **more: Any) -> list[str]:
    """Return what the build refuses, without what to do about it."""
    return [line.rpartition("; ")[0] or line for line in tiny.problems(**more)]


def test_a_clean_master_is_released(tiny: Tiny) -> None:
    tiny.module(SOLUTION)
    assert tiny.build().files


@pytest.mark.parametrize(
    ("kind", "text", "line"),
    [
        ("code", f"import numpy as np\n{LINE}", 2),
        ("code", f"# {LINE}", 1),
        ("code", f"def f():\n\n    {LINE.replace(' ', '')}", 3),
        ("code", "hidden = np.maximum(\n    0, x @ w)", 1),
        ("code", f'"""Hint.\n\n{LINE}\n"""', 3),
        ("markdown", f"Hint:\n\nUse `{LINE}` here.", 3),
        ("raw", LINE, 1),
    ],
)
def test_a_line_of_the_solution_in_a_cell(tiny: Tiny, kind: str, text: str, line: int) -> None:
    tiny.module(SOLUTION)
    stored: dict[str, Any] = {"outputs": [], "execution_count": None} if kind == "code" else {}
    tiny.cells.append({"cell_type": kind, "source": text, "metadata": {}, **stored})
    assert found(tiny) == [leak(f"{NOTEBOOK}:c2:{line}")]


def test_a_line_of_the_solution_elsewhere_in_its_module(tiny: Tiny) -> None:
    tiny.module(SOLUTION)
    tiny.texts["solutions/net/layers.py"] += f"\n\ndef old(x, w):\n    {LINE}\n    return hidden\n"
    assert found(tiny) == [leak("solutions/net/layers.py:19")]


def test_a_helper_of_the_solution_that_is_also_in_the_public_checks_file(tiny: Tiny) -> None:
    tiny.module("out = _rows(x) @ w + b")
    tiny.texts["solutions/net/layers.py"] += "\n\ndef _rows(x):\n    return x\n"
    (line,) = found(tiny, extra={"check.py": b"RELEASED = 'def _rows(x):'\n"})
    assert line.startswith("solutions/net/layers.py:16: only the solution uses `_rows`")


def test_a_line_of_the_solution_in_an_extra_file(tiny: Tiny) -> None:
    tiny.module(SOLUTION)
    extra = {"check.py": f"x = w = 0\n{LINE}\n".encode()}
    assert found(tiny, extra=extra) == [leak("check.py:2")]


def test_supplied_code_is_public(tiny: Tiny) -> None:
    tiny.module(SOLUTION)
    given = f"import numpy as np\n\n\ndef g(x, w):\n    {LINE}\n    return hidden\n"
    tiny.texts["solutions/net/given.py"] = given
    tiny.markdown(f"`{LINE}`")
    assert tiny.build().files


def test_using_a_function_twice_is_no_leak(tiny: Tiny) -> None:
    given = "net = relu(train, labels)\naccuracy = (net == labels).mean()"
    tiny.code(given)
    tiny.code(f"### BEGIN SOLUTION\n{given}\nbest_rate = 0.0123\n### END SOLUTION")
    assert tiny.build().files


def test_unpacking_and_plain_loops_are_no_leaks(tiny: Tiny) -> None:
    plain = "weights, biases = params['W1'], params['b1']\nfor number in range(len(weights)):"
    tiny.module(f"params = x\n{plain}\n    out = weights")
    tiny.markdown(f"Start with\n\n    {plain}")
    assert tiny.build().files


def test_three_short_lines_in_a_row_are_a_leak(tiny: Tiny) -> None:
    short = ["sum1 = x @ w", "sum2 = a + b", "sum3 = c * c"]
    tiny.module("\n".join([*short, "out = sum3"]))
    tiny.markdown("Try\n\n    " + "\n    ".join(short))
    what = "the solution's 3 lines from `sum1 = x @ w` (solutions/net/layers.py:9)"
    assert found(tiny) == [f"{NOTEBOOK}:c2:3: {what} would be released"]
    tiny.cells[-1]["source"] = "Try `sum1 = x @ w`, then `sum2 = a + b`."
    assert tiny.build().files


def test_a_whole_block_is_a_leak_even_if_its_lines_are_given(tiny: Tiny) -> None:
    lines = ["net = relu(train, labels)", "first = relu(net, labels)"]
    tiny.code("\n\nx = 1\n".join(lines))
    tiny.code("\n".join(["### BEGIN SOLUTION", lines[0], "# why", lines[1], "### END SOLUTION"]))
    assert tiny.build().files
    tiny.code("# a scratch cell\n" + "\n# and more\n".join(lines))
    what = f"the solution's 2 lines from `{lines[0]}` ({NOTEBOOK}:c3:2)"
    assert found(tiny) == [f"{NOTEBOOK}:c4:2: {what} would be released"]


def test_a_written_answer_in_another_cell(tiny: Tiny) -> None:
    answer = "The gradient of the ReLU is zero there."
    tiny.markdown(f"<!-- BEGIN SOLUTION -->\n{answer}\n<!-- END SOLUTION -->")
    tiny.code(f"# {answer}")
    assert found(tiny) == [leak(f"{NOTEBOOK}:c3:1", answer, f"{NOTEBOOK}:c2:2")]


def test_text_of_a_staff_cell_in_another_cell(tiny: Tiny) -> None:
    tiny.markdown("Accept 41 and 43 as well.", metadata={"tags": ["staff-only"]})
    tiny.markdown("Note: Accept 41 and 43 as well.")
    assert tiny.problems() == [
        (
            f"{NOTEBOOK}:c3:1: a staff-only cell's line `Accept 41 and 43 as well.` "
            f"({NOTEBOOK}:c2:1) would be released; take it out"
        )
    ]


def test_hidden_checks_in_a_release(tiny: Tiny) -> None:
    tiny.texts["assignments/tiny/checks.py"] = (
        '"""Hidden."""\n\n# the trick is a batch of one\n\n\ndef corners(student):\n'
        '    """relu keeps corners"""\n    expect(student, [-3.25, 17.5])\n'
    )
    lines = "# relu keeps corners\nexpect(student, [-3.25, 17.5])\n# the trick is a batch of one\n"
    assert tiny.problems(extra={"check.py": lines.encode()}) == [
        (
            "check.py:2: a hidden file's 2 lines from `expect(student, [-3.25, 17.5])` "
            "(assignments/tiny/checks.py:8) would be released; take it out"
        )
    ]


def test_what_public_checks_say_is_public(tiny: Tiny) -> None:
    line = "expect(student, [-3.25, 17.5])\n"
    tiny.texts["assignments/tiny/checks.py"] = line
    tiny.texts["assignments/tiny/public.py"] = line
    assert tiny.build(extra={"check.py": line.encode()}).files


def test_names_of_recordings(tiny: Tiny) -> None:
    tiny.texts["assignments/tiny/expected/checks.npz"] = ""
    tiny.markdown("See\nexpected/checks.npz.")
    assert tiny.problems() == [
        (
            f"{NOTEBOOK}:c2:2: checks.npz holds hidden expected values; "
            "students must not read of it; take it out"
        )
    ]


def test_a_stub_that_does_not_parse(tiny: Tiny) -> None:
    tiny.module("if w is None:\n    x = 1\nelse:\n    x = 2")
    text = tiny.texts["solutions/net/layers.py"]
    tiny.texts["solutions/net/layers.py"] = text.replace("    return out", "    else:\n        x")
    tiny.code("x = 1\n### BEGIN SOLUTION\n   y = 2\n### END SOLUTION\nz = 3")
    problems = tiny.problems()
    assert problems == [
        "solutions/net/layers.py:16: does not parse once the blocks are stubs: invalid syntax",
        f"{NOTEBOOK}:c2:3: does not parse once the blocks are stubs: unexpected indent",
    ]


def test_a_module_without_a_block(tiny: Tiny) -> None:
    tiny.texts["solutions/net/layers.py"] = "def relu(x):\n    return x\n"
    assert tiny.problems() == [
        (
            "solutions/net/layers.py: nothing to write here: mark a block, "
            "or list the file in `supplied`"
        )
    ]


def test_a_block_in_a_supplied_file(tiny: Tiny) -> None:
    tiny.texts["solutions/net/given.py"] = "x = 1\n### BEGIN SOLUTION\ny = 2\n### END SOLUTION\n"
    assert tiny.problems() == [
        (
            "solutions/net/given.py:3: a marked block in a file that is shipped whole; "
            "list the file in `modules`"
        )
    ]


@pytest.mark.parametrize(
    ("kind", "marker"),
    [
        ("raw", "### BEGIN SOLUTION"),
        ("markdown", "### BEGIN SOLUTION"),
        ("code", "<!-- END SOLUTION -->"),
    ],
)
def test_a_marker_in_the_wrong_kind_of_cell(tiny: Tiny, kind: str, marker: str) -> None:
    stored: dict[str, Any] = {"outputs": [], "execution_count": None} if kind == "code" else {}
    text = f'"""\n{marker}\n"""'
    tiny.cells.append({"cell_type": kind, "source": text, "metadata": {}, **stored})
    (problem,) = tiny.problems()
    assert problem.startswith(f"{NOTEBOOK}:c2:2: `")
    assert f"{marker.strip('#<>!- ')}` " in problem or f"{marker}` " in problem


def test_half_a_marker_in_a_supplied_file(tiny: Tiny) -> None:
    tiny.texts["solutions/net/given.py"] = "x = 1\n### END SOLUTION\n"
    assert tiny.problems()[0].startswith("solutions/net/given.py:2: `### END SOLUTION` closes")


@pytest.mark.parametrize(
    ("code", "module"),
    [
        ("import torch", "torch"),
        ("import os.path\nfrom scipy.special import erf", "scipy.special"),
        ("def f():\n    import checks", "checks"),
        ("from net import secret", "net.secret"),
        ("from net.secret import x", "net.secret"),
        ("import net.nowhere", "net.nowhere"),
    ],
)
def test_imports_that_students_lack(tiny: Tiny, code: str, module: str) -> None:
    tiny.texts["solutions/net/secret.py"] = ""
    tiny.code(code)
    line = len(code.splitlines())
    assert found(tiny) == [f"{NOTEBOOK}:c2:{line}: students have no module {module!r}"]


def test_relative_imports(tiny: Tiny) -> None:
    tiny.texts["solutions/net/given.py"] = "from . import layers, TAU\nfrom .layers import relu\n"
    assert tiny.build().files
    tiny.texts["solutions/net/given.py"] = "from .missing import relu\n"
    assert found(tiny) == ["solutions/net/given.py:1: students have no module 'net.missing'"]


@pytest.mark.parametrize(
    "code",
    [
        "import checks",
        "from assignments.tiny import checks",
        "from .checks import suite",
        "open('../tiny/checks.py')",
        "import_module('checks')",
    ],
)
def test_public_checks_that_use_hidden_ones(tiny: Tiny, code: str) -> None:
    tiny.texts["assignments/tiny/public.py"] = f"x = 1\n{code}\n"
    wanted = "assignments/tiny/public.py:2: public checks may not use the hidden ones"
    assert found(tiny) == [wanted]


def test_public_checks_that_do_not_parse(tiny: Tiny) -> None:
    tiny.texts["assignments/tiny/public.py"] = "def"
    assert tiny.problems()[0].startswith("assignments/tiny/public.py: does not parse")


def test_files_that_nobody_asked_for(tiny: Tiny) -> None:
    assert tiny.problems(extra={"notes.txt": b""}) == [
        "notes.txt: does not belong in a release; list it in assignment.toml or drop it"
    ]


def test_two_files_of_one_name(tiny: Tiny) -> None:
    assert tiny.problems(extra={"README.md": b""}) == [
        "README.md: two files of the release have this name"
    ]


def draft(tiny: Tiny, **cell: Any) -> Draft:
    """Return a draft with one cell as the cleaning never leaves it."""
    tiny.build()
    code = {"cell_type": "code", "id": "c1", "metadata": {}, "source": ["1"], **cell}
    files = {"tiny.ipynb": json.dumps({"cells": [code], "metadata": {}}).encode()}
    tiny.texts["assignments/tiny/assignment.toml"] = (
        'title = "T"\npackage = "net"\nnotebooks = ["tiny.ipynb"]\n'
    )
    return Draft(tiny.write().assignment("tiny"), files, ())


@pytest.mark.parametrize("left", [{"outputs": [{"text": "1"}]}, {"execution_count": 3}])
def test_stored_results_are_refused(tiny: Tiny, left: dict[str, Any]) -> None:
    with pytest.raises(Problems, match=r"tiny\.ipynb: the cell has stored results"):
        guard(draft(tiny, **left))


@pytest.mark.parametrize(
    "left", [{"outputs": [{"text": ["x\n", LINE]}]}, {"metadata": {"a": LINE}}]
)
def test_outputs_and_metadata_are_read(tiny: Tiny, left: dict[str, Any]) -> None:
    tiny.module(SOLUTION)
    tiny.build()
    made = draft(tiny, **left)
    secret = Draft(made.assignment, made.files, (), hidden=[(made.origin("s").place, LINE)])
    with pytest.raises(Problems, match=r"tiny\.ipynb: a hidden file's line `.*` \(s:1\) would"):
        guard(secret)


def test_all_problems_come_together(tiny: Tiny) -> None:
    tiny.texts["solutions/net/layers.py"] = "import torch\n"
    tiny.code("import jax")
    assert len(tiny.problems(extra={"notes.txt": b""})) == 4
