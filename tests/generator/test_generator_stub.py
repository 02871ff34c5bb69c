"""What stands instead of a block, and that the code around it still runs."""

from __future__ import annotations

import pytest

from generator.strip import strip_text
from generator.stub import assigned
from gradlab.errors import Place, Problems

HERE = Place("net.py")
RULE = "# ===== #\n"


def block(body: str, task: str = "", *, indent: str = "", end: str = "\n") -> str:
    text = f"{RULE}# YOUR CODE HERE:\n{task}{RULE}{body}{RULE}# END YOUR CODE HERE\n{RULE}"
    return "".join(f"{indent}{line}{end}" for line in text.splitlines())


@pytest.mark.parametrize("stub", ["raise NotImplementedError", "pass", "x = None  # your code"])
def test_the_author_chooses_per_block(stub: str) -> None:
    text = block("x = 1\n", f"#   Set x.\n# stub: {stub}\n")
    assert strip_text(text, HERE).text == block(f"{stub}\n", "#   Set x.\n")


@pytest.mark.parametrize("indent", ["    ", "\t", "\t\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_indentation_and_line_ends_stay(indent: str, end: str) -> None:
    text = block("x = 1\ny = 2\n", "# stub: x = None\n# stub: y = None\n", indent=indent, end=end)
    assert strip_text(text, HERE).text == block("x = None\ny = None\n", indent=indent, end=end)


def test_names_that_later_code_needs_are_set_to_none() -> None:
    body = "best, worst = 0, 1\ntemporary = 3\nfor lr in rates:\n    stats = try_it(lr)\n"
    text = block(body, "# stub: {name} = None  # your code\n") + "print(best, stats)\n"
    wanted = "best = None  # your code\nstats = None  # your code\n"
    assert strip_text(text, HERE).text == block(wanted) + "print(best, stats)\n"


def test_names_that_later_cells_need_are_set_to_none() -> None:
    text = block("best = 0\n", "# stub: {name} = None\n")
    assert strip_text(text, HERE, beside="plot(best)").text == block("best = None\n")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("best = 0\n", "no name that the block assigns is used elsewhere"),
        ("else:\n    best = 0\n", "the block does not parse on its own"),
    ],
)
def test_names_that_cannot_be_found(body: str, message: str) -> None:
    with pytest.raises(Problems, match=rf"^net\.py:2: stub: {message}"):
        strip_text(block(body, "# stub: {name} = None\n"), HERE)


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("a = b = 1", ["a", "b"]),
        ("(a, [b, *c]) = x", ["a", "b", "c"]),
        ("a: int = 1", ["a"]),
        ("a.x = 1\na[0] = 2\na += 3", []),
        ("def f():\n    a = 1", []),
        ("if x:\n    a = 1\nelse:\n    b = 2", ["a", "b"]),
        ("try:\n    a = 1\nfinally:\n    b = 2", ["a", "b"]),
        ("with open(x) as f:\n    a = 1\n    a = 2", ["a"]),
    ],
)
def test_assigned_names(code: str, names: list[str]) -> None:
    assert assigned(code) == names


def test_code_runs_up_to_the_hole() -> None:
    text = "def f(x):\n    y = x + 1\n    ### BEGIN SOLUTION\n    return y\n    ### END SOLUTION\n"
    names: dict[str, object] = {}
    exec(strip_text(text, HERE).text, names)  # noqa: S102
    function = names["f"]
    assert callable(function)
    with pytest.raises(NotImplementedError):
        function(1)


@pytest.mark.parametrize(
    "text",
    [
        "x = f(\n    1,\n    2)  # SOLUTION\n",
        "x = (1 +\n     2\n)  # SOLUTION\n",
        "x = 1 + \\\n    2  # SOLUTION\n",
        "x = [\n    1,\n    2,  # SOLUTION\n]\n",
        "x = f(  # SOLUTION\n    1)\n",
        'x = """\nabc\n"""  # SOLUTION\n',
        "def f(x):  # SOLUTION\n    return x\n",
        "%time x = 1  # SOLUTION\n",
    ],
)
def test_a_mark_behind_a_part_of_a_statement_is_refused(text: str) -> None:
    with pytest.raises(Problems, match=r"marks a part of a statement; use BEGIN and END lines"):
        strip_text(text, HERE)


def test_a_mark_behind_a_line_of_code_after_magics() -> None:
    text = "%matplotlib inline\n!ls | wc\nx = 1  # SOLUTION\n"
    assert strip_text(text, HERE).text == "%matplotlib inline\n!ls | wc\nx = ...\n"
