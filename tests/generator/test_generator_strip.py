from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.dialect import DIALECTS, Kind
from generator.strip import split_lines, strip_text
from gradlab.errors import Place, Problems

HERE = Place("layers.py")
RULE = "# ===== #\n"


def mistakes(text: str, kind: Kind = "code") -> list[str]:
    with pytest.raises(Problems) as caught:
        strip_text(text, HERE, kind)
    return [str(mistake) for mistake in caught.value.mistakes]


def ruled(body: str, explanation: str = "", start: str = "# YOUR CODE HERE:") -> str:
    return f"{RULE}{start}\n{explanation}{RULE}{body}{RULE}# END YOUR CODE HERE\n{RULE}"


@pytest.mark.parametrize(
    "start",
    [
        "# YOUR CODE HERE",
        "# YOUR CODE HERE:",
        "# YOUR CODE HERE: ",
        "#YOUR CODE HERE",
        "# START YOUR CODE HERE",
        "# START YOUR CODE HERE:",
        "# START YOUR CODE HERE (BONUS QUESTION)",
        "# YOUR CODE HERE (2 points):",
    ],
)
def test_rule_dialect_keeps_markers_rules_and_instructions(start: str) -> None:
    text = ruled("x = 1\n\ny = 2\n", "#   Set x.\n#\n", start)
    assert strip_text(text, HERE).text == ruled("pass\n", "#   Set x.\n#\n", start)


@pytest.mark.parametrize(
    "rule", ["# ===#", "# " + "=" * 77 + " #", "# ====a==== #", "#====", "# === ##"]
)
def test_rules_come_in_many_lengths(rule: str) -> None:
    text = f"{rule}\n# YOUR CODE HERE\n{rule}\nx = 1\n{rule}\n# END YOUR CODE HERE\n{rule}\n"
    assert strip_text(text, HERE).text == text.replace("x = 1", "pass")


def test_marker_without_rules_opens_the_block_at_once() -> None:
    text = "# START YOUR CODE HERE\n# a comment of the solution\nx = 1\n# END YOUR CODE HERE\n"
    assert strip_text(text, HERE).text == "# START YOUR CODE HERE\npass\n# END YOUR CODE HERE\n"


def test_stub_has_the_indentation_of_the_code_not_of_the_marker() -> None:
    text = f"def f():\n{ruled('# why' + chr(10) + '    x = 1' + chr(10))}"
    assert strip_text(text, HERE).text == f"def f():\n{ruled('    pass' + chr(10))}"


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_and_tabs_stay(end: str) -> None:
    text = ruled("\tx = 1\n\ty = 2\n", "#\tSet both.\n").replace("\n", end)
    wanted = ruled("\tpass\n", "#\tSet both.\n").replace("\n", end)
    assert strip_text(text, HERE).text == wanted


def test_stub_can_be_chosen_in_several_lines() -> None:
    text = ruled("  a, b = 1, 2\n", "#   Set both.\n# stub: a = None\n# stub: b = None  # yours\n")
    wanted = ruled("  a = None\n  b = None  # yours\n", "#   Set both.\n")
    assert strip_text(text, HERE).text == wanted


def test_stub_can_be_chosen_inside_the_block() -> None:
    text = "### BEGIN SOLUTION\n# stub: x = None\nx = 1\n### END SOLUTION\n"
    assert strip_text(text, HERE).text == "x = None\n"


def test_solution_dialect_removes_its_markers() -> None:
    text = "def f(x):\n    ### BEGIN SOLUTION\n    return x + 1\n    ### END SOLUTION\n\n"
    stripped = strip_text(text, HERE)
    assert stripped.text == "def f(x):\n    raise NotImplementedError\n\n"
    assert stripped.removed[0].lines == ("    return x + 1",)
    assert stripped.removed[0].where == Place("layers.py", line=3)


def test_markdown_dialect() -> None:
    text = "Why?\n\n<!-- BEGIN SOLUTION -->\nBecause.\n<!-- END SOLUTION -->\n"
    assert strip_text(text, HERE, "markdown").text == "Why?\n\n*Write your answer here.*\n"
    assert strip_text(text, HERE, "code").text == text


def test_origins_name_the_masters_lines() -> None:
    text = "import os\n### BEGIN SOLUTION\nx = 1\ny = 2\n### END SOLUTION\nprint(os)\nprint(1)"
    stripped = strip_text(text, HERE)
    assert stripped.text.splitlines()[1:] == ["raise NotImplementedError", "print(os)", "print(1)"]
    assert stripped.origins == (1, 3, 6, 7)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "x\n### BEGIN SOLUTION\ny\n",
            "layers.py:2: `### BEGIN SOLUTION` opens a block that is never",
        ),
        ("x\n### END SOLUTION\n", "layers.py:2: `### END SOLUTION` closes a block that was not"),
        (
            f"{RULE}# YOUR CODE HERE\n{RULE}x\n",
            "layers.py:2: `# YOUR CODE HERE` opens a block that",
        ),
        (
            "### BEGIN SOLUTION\nx\n# YOUR CODE HERE\ny\n# END YOUR CODE HERE\n",
            "layers.py:3: `# YOUR CODE HERE` opens a block inside the one opened in line 1",
        ),
        (
            "### BEGIN SOLUTION\nx\n# END YOUR CODE HERE\n### END SOLUTION\n",
            "layers.py:3: `# END YOUR CODE HERE` closes a block that was not opened",
        ),
        (
            f"{RULE}# YOUR CODE HERE:\n#   Set x.\nx = 1\n{RULE}# END YOUR CODE HERE\n{RULE}",
            "layers.py:2: the explanation is not closed by a ruled line",
        ),
        (
            f"{RULE}# YOUR CODE HERE:\n#   x = 1\n{RULE}# END YOUR CODE HERE\n{RULE}",
            "layers.py:2: nothing to take out between these markers",
        ),
        ("### begin solution\nx\n", "layers.py:1: `### begin solution` looks like a marker"),
        ("# Your code here:\nx\n", "layers.py:1: `# Your code here:` looks like a marker"),
    ],
)
def test_mistakes_with_markers_name_the_line(text: str, wanted: str) -> None:
    assert mistakes(text)[0].startswith(wanted)


def test_all_mistakes_are_reported_together() -> None:
    text = "# END YOUR CODE HERE\n### END SOLUTION\n# your code here\n### BEGIN SOLUTION\n"
    assert [message.split(":")[1] for message in mistakes(text)] == ["1", "2", "3", "4"]


def test_markdown_markers_that_are_misspelt() -> None:
    assert "looks like a marker" in mistakes("<!-- begin solution -->\n42\n", "markdown")[0]


def test_every_dialect_has_a_name_of_its_own() -> None:
    assert len({dialect.name for dialect in DIALECTS}) == len(DIALECTS)


LINES = st.sampled_from(
    ["x = 1", "\ty = 2", "", "# why", RULE.strip(), "# YOUR CODE HERE:", "# END YOUR CODE HERE"]
)


@given(st.text())
def test_lines_lose_nothing(text: str) -> None:
    assert "".join(split_lines(text)) == text


@given(st.text(alphabet=st.characters(exclude_characters="#<")))
def test_text_without_markers_is_unchanged(text: str) -> None:
    stripped = strip_text(text, HERE)
    assert (stripped.text, stripped.removed) == (text, ())
    assert stripped.origins == tuple(range(1, len(split_lines(text)) + 1))


@given(st.lists(LINES, max_size=14), st.sampled_from(["\n", "\r\n"]))
def test_stripping_twice_is_stripping_once(lines: list[str], end: str) -> None:
    try:
        once = strip_text(end.join(lines), HERE)
    except Problems:
        return
    again = strip_text(once.text, HERE)
    assert again.text == once.text
    assert len(once.origins) == len(split_lines(once.text))
