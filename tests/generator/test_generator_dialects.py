"""Every way to mark a block that courses are known to use, and a course's own."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.dialect import DIALECTS, Dialect, Kind, read_dialects
from generator.strip import split_lines, strip_text
from gradlab.errors import AuthorMistake, Place, Problems

if TYPE_CHECKING:
    from pathlib import Path

HERE = Place("layers.py")
RULE = "# ===== #\n"
BOX = f"{'#' * 40}\n"
STARS = "*****START OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****"
STARS_END = STARS.replace("START", "END")


def strip(text: str, kind: Kind = "code") -> str:
    return strip_text(text, HERE, kind).text


def mistakes(text: str, kind: Kind = "code") -> list[str]:
    with pytest.raises(Problems) as caught:
        strip_text(text, HERE, kind)
    return [str(mistake) for mistake in caught.value.mistakes]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_examples_are_markers_of_their_dialect(dialect: Dialect) -> None:
    patterns = [p for p in (dialect.start, dialect.end, dialect.line) if p]
    assert len(dialect.examples) == len(patterns)
    assert all(p.fullmatch(text) for p, text in zip(patterns, dialect.examples, strict=True))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("# START YOUR CODE HERE", "# END YOUR CODE HERE"),
        ("# START YOUR CODE HERE:", "# END YOUR CODE HERE"),
        ("# START YOUR CODE HERE #", "# END YOUR CODE HERE #"),
        ("# YOUR CODE HERE:", "# END YOUR CODE HERE"),
        ("# YOUR CODE HERE for part 1h", "### END YOUR CODE"),
        ("# START YOUR CODE HERE (BONUS QUESTION)", "# END YOUR CODE HERE (BONUS QUESTION)"),
        (f"# {STARS}", f"# {STARS_END}"),
        (f"# {STARS} ", f"# {STARS_END}"),
        (f"# {STARS[:-1]}", f"# {STARS_END}"),
        (f"#{STARS}", f"#{STARS_END}"),
        ("### START CODE HERE ### (1 line)", "### END CODE HERE ###"),
        ("# YOUR CODE STARTS HERE", "# YOUR CODE ENDS HERE"),
    ],
)
def test_markers_that_stay(start: str, end: str) -> None:
    text = f"def f(x):\n    {start}\n    y = x + 1\n    # why\n    return y\n    {end}\n"
    assert strip(text) == f"def f(x):\n    {start}\n    pass\n    {end}\n"


def test_a_closing_line_that_lost_its_hash_becomes_a_comment() -> None:
    text = f"def f(x):\n    # {STARS}\n    return x\n    {STARS_END}\n"
    assert strip(text) == f"def f(x):\n    # {STARS}\n    pass\n    # {STARS_END}\n"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("indent", ["", "    ", "\t"])
def test_a_box_with_its_task(indent: str, end: str) -> None:
    lines = [
        BOX.strip(),
        "# TODO: Implement the forward pass.     #",
        "#   Store the scores in `scores`.       #",
        BOX.strip(),
        "scores = x @ w",
        BOX.strip(),
        "#           END OF YOUR CODE            #",
        BOX.strip(),
    ]
    text = "".join(f"{indent}{line}{end}" for line in lines)
    assert strip(text) == text.replace("scores = x @ w", "pass")


def test_stars_inside_a_box_with_or_without_an_end() -> None:
    inner = f"scores = None  # yours\n# {STARS}\n\nscores = x @ w\n\n# {STARS_END}\n"
    box = f"{BOX}# TODO: Compute the scores.\n{BOX}"
    end = f"{BOX}#  END OF YOUR CODE  #\n{BOX}"
    wanted = inner.replace("\nscores = x @ w\n\n", "pass\n")
    assert strip(f"{box}{inner}{end}") == f"{box}{wanted}{end}"
    assert strip(f"{box}{inner}y = 1\n{box}{inner}") == f"{box}{wanted}y = 1\n{box}{wanted}"


@pytest.mark.parametrize(
    "inner", ["# BEGIN IGNORE\ny = 1\n# END IGNORE\n", f"# {STARS}\ny\n# {STARS_END}\n"]
)
def test_code_in_a_box_outside_the_block_in_it_is_not_guessed(inner: str) -> None:
    text = f"{BOX}# TODO: Compute it.\n{BOX}x = 1\n{inner}{BOX}# END OF YOUR CODE\n{BOX}"
    assert mistakes(text) == [
        "layers.py:4: `x = 1` is in a box, but not in the block in it; move it out of the box"
    ]


def test_a_box_without_an_end_is_half_open_unless_a_block_follows_at_once() -> None:
    box = f"{BOX}# TODO: Compute the scores.\n{BOX}"
    assert "opens a block that is never closed" in mistakes(f"{box}scores = x @ w\n")[0]
    later = f"{box}scores = x @ w\n# {STARS}\ny = 1\n# {STARS_END}\n"
    assert mistakes(later)[0].startswith("layers.py:2: `# TODO: Compute the scores.` opens a block")


def test_a_todo_whose_rows_are_lost() -> None:
    text = "# TODO: Compute it.\n#   Use no loop.\nloss = f(x)\n# END OF YOUR CODE\nprint(loss)\n"
    assert strip(text) == text.replace("loss = f(x)", "pass")


def test_a_todo_without_an_end_is_a_comment() -> None:
    text = "# TODO: rename\nx = 1\n# TODO(me): later\n"
    assert strip(text) == text


def test_a_todo_that_is_one_of_several_is_not_guessed() -> None:
    text = "# TODO: rename\nx = 1\n# TODO: Compute.\ny = 2\n# END OF YOUR CODE\n"
    [message] = mistakes(text)
    assert message.startswith("layers.py:5: `# END OF YOUR CODE` may close several blocks; ")


def test_a_todo_inside_a_solution_goes_with_it() -> None:
    text = "### BEGIN SOLUTION\n# TODO: faster\nx = 1\n### END SOLUTION\n"
    assert strip(text) == "raise NotImplementedError\n"


def test_markers_in_back_ticks_and_in_text_are_only_text() -> None:
    text = "From `# YOUR CODE HERE:` to `# END YOUR CODE HERE`:\n\nSTRART/END YOUR CODE HERE\n"
    assert strip(text, "markdown") == text


def test_nbgrader() -> None:
    text = (
        "def f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION\n\n"
        "assert f(1) == 1\n### BEGIN HIDDEN TESTS\nassert f(2) == 2\n### END HIDDEN TESTS\n"
    )
    assert strip(text) == "def f(x):\n    raise NotImplementedError\n\nassert f(1) == 1\n"


def test_mark_schemes() -> None:
    text = "Explain.\n\n=== BEGIN MARK SCHEME ===\nOne point each.\n=== END MARK SCHEME ===\n"
    assert strip(text, "markdown") == "Explain.\n\n"
    code = "x = 1\n### BEGIN MARK SCHEME\n# one point\n### END MARK SCHEME\n"
    assert strip(code) == "x = 1\n"


@pytest.mark.parametrize(
    ("master", "student"),
    [
        ("x = 5  # SOLUTION", "x = ..."),
        ("x = 5 #SOLUTION", "x = ..."),
        ("    a.b[0] = f(x) == 3  # SOLUTION", "    a.b[0] = ..."),
        ("a, b = f(x)  # SOLUTION", "a, b = ..., ..."),
        ("a, *b = f(x)  # SOLUTION", "a, *b = ..."),
        ("x: int = (1 + 2)  # SOLUTION", "x: int = ..."),
        ("x += 2  # SOLUTION", "..."),
        ("    return x * 2  # SOLUTION", "    ..."),
        ("f('#', x)  # SOLUTION", "..."),
        ("y = x * x  # SOLUTION NO PROMPT", None),
        ("np.random.seed(42)  # SEED", None),
        ("import secrets  # IGNORE", None),
        ("# only for us  # IGNORE", None),
    ],
)
def test_lines_of_otter(master: str, student: str | None) -> None:
    wanted = "x = 0\n" + (f"{student}\n" if student else "") + "print(x)\n"
    assert strip(f"x = 0\n{master}\nprint(x)\n") == wanted


def test_blocks_of_otter() -> None:
    text = '''\
pi = 3.14
if True:
    # BEGIN SOLUTION
    radius = 3
    area = radius * pi * pi
    # END SOLUTION
    print(pi)

def circumference(r):
    # BEGIN SOLUTION NO PROMPT
    return 2 * pi * r
    # END SOLUTION
    """ # BEGIN PROMPT
    # Next, define a circumference function.
    pass
    """; # END PROMPT

# BEGIN IGNORE
import secrets
# END IGNORE
'''
    wanted = """\
pi = 3.14
if True:
    ...
    print(pi)

def circumference(r):
    # Next, define a circumference function.
    pass

"""
    assert strip(text) == wanted
    ast.parse(wanted)


def test_several_dialects_in_one_file() -> None:
    text = (
        f"{RULE}# YOUR CODE HERE:\n#   Set x.\n{RULE}x = 1\n{RULE}# END YOUR CODE HERE\n{RULE}"
        "### BEGIN SOLUTION\ny = 2\n### END SOLUTION\n"
        f"z = 3  # SOLUTION\n# {STARS}\nw = 4\n# {STARS_END}\n"
    )
    found = strip_text(text, HERE)
    assert [block.mark for block in found.removed] == ["rule", "solution", "otter-line", "stars"]
    assert [block.where.line for block in found.removed] == [5, 10, 12, 14]
    ast.parse(found.text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            f"# {STARS}\nx\n# YOUR CODE HERE\ny\n# END YOUR CODE HERE\n# {STARS_END}\n",
            "3: `# YOUR CODE HERE` opens a block inside the one opened in line 1",
        ),
        (
            f"### BEGIN SOLUTION\nx\n# {STARS}\ny\n### END SOLUTION\n# {STARS_END}\n",
            f"3: `# {STARS}` opens a block inside the one opened in line 1",
        ),
        (f"# {STARS}\nx\n", f"1: `# {STARS}` opens a block that is never closed"),
        (f"x\n# {STARS_END}\n", f"2: `# {STARS_END}` closes a block that was not opened"),
        ("### BEGIN HIDDEN TESTS\nx\n", "1: `### BEGIN HIDDEN TESTS` opens a block that is never"),
        ("### Begin Hidden Tests\nx\n", "1: `### Begin Hidden Tests` looks like a marker"),
        ('""" # BEGIN PROMPT\nx\n', '1: `""" # BEGIN PROMPT` opens a block that is never closed'),
        ("x = 1  # Solution\n", "1: `x = 1  # Solution` looks like a marker"),
        ("x = 1  # solution no prompt\n", "1: `x = 1  # solution no prompt` looks like a marker"),
        ("# * START OF YOUR CODE\n", "1: `# * START OF YOUR CODE` looks like a marker"),
        ("# END OF YOUR CODE!\n", "1: `# END OF YOUR CODE!` looks like a marker"),
        ("# TODO\nx\n# END OF YOUR CODE\n# END OF YOUR CODE\n", "4: `# END OF YOUR CODE` closes a"),
        ("if x:  # SOLUTION\n    y\n", "1: `if x:  # SOLUTION` marks a part of a statement"),
    ],
)
def test_mistakes_name_the_line(text: str, wanted: str) -> None:
    assert mistakes(text)[0].startswith(f"layers.py:{wanted}")


def read(folder: Path, toml: str) -> list[str]:
    """Return the names of the dialects of a course with these lines in its settings."""
    path = folder / "course.toml"
    path.write_text(toml)
    return [dialect.name for dialect in read_dialects(path)]


OURS = '[[dialect]]\nname  = "ours"\nstart = "# --- (solution) ---"\nend   = "# --- (end) ---"\n'


def test_a_course_adds_a_dialect_with_four_lines(tmp_path: Path) -> None:
    assert read(tmp_path, OURS)[0] == "ours"
    dialects = read_dialects(tmp_path / "course.toml")
    text = "def f(x):\n    #  ---  (solution) ---\n    return x\n    # --- (end) ---\n"
    stripped = strip_text(text, HERE, "code", dialects)
    assert stripped.text == "def f(x):\n    raise NotImplementedError\n"
    assert stripped.removed[0].mark == "ours"


@pytest.mark.parametrize("line", ["# --- Solution ---", "#---(SOLUTION)", "# === (end) ==="])
def test_near_misses_of_a_courses_own_markers_are_errors(tmp_path: Path, line: str) -> None:
    read(tmp_path, OURS)
    with pytest.raises(Problems, match="looks like a marker, but is not spelt like one"):
        strip_text(line, HERE, "code", read_dialects(tmp_path / "course.toml"))


def test_a_course_changes_a_built_in_dialect(tmp_path: Path) -> None:
    names = read(tmp_path, '[[dialect]]\nname = "solution"\nstub = "return None\\nprint()"\n')
    assert len(names) == len(DIALECTS)
    text = "def f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION\n"
    stripped = strip_text(text, HERE, "code", read_dialects(tmp_path / "course.toml"))
    assert stripped.text == "def f(x):\n    return None\n    print()\n"


def test_a_pattern_between_slashes_may_refer_to_its_own_groups(tmp_path: Path) -> None:
    read(tmp_path, '[[dialect]]\nname = "x"\nstart = \'/#(-+) A \\1/\'\nend = "# B"\n')
    dialects = read_dialects(tmp_path / "course.toml")
    text = "#-- A --\nx = 1\n# B\n# YOUR CODE HERE\ny = 2\n# END YOUR CODE HERE\n"
    assert len(strip_text(text, HERE, "code", dialects).removed) == 2


@pytest.mark.parametrize(
    ("toml", "wanted"),
    [
        ("[[dialect]]\nstart = 'a'\nend = 'b'\n", "a dialect needs a name"),
        ("dialect = 3\n", "dialect"),
        ("[[dialect]]\nname = 'x'\nstart = 'a'\n", "x: give start and end, or line alone"),
        (
            "[[dialect]]\nname = 'x'\nline = 'a'\nend = 'b'\n",
            "x: give start and end, or line alone",
        ),
        ("[[dialect]]\nname = 'x'\nstart = 'a'\nend = 'b'\nkind = 'c'\n", "x: unknown key 'kind'"),
        ("[[dialect]]\nname = 'x'\nstart = 'a'\nend = 3\n", "x: end must be a text"),
        (
            "[[dialect]]\nname = 'x'\nstart = 'a'\nend = 'b'\nkeep = 'no'\n",
            "x: keep must be true or",
        ),
        (
            "[[dialect]]\nname = 'x'\nstart = 'a'\nend = 'b'\nscope = 'c'\n",
            "x: scope must be one of",
        ),
        ("[[dialect]]\nname = 'x'\nstart = '/(/'\nend = 'b'\n", "is not a regular expression"),
        ("[[dialect]]\nname = 'x'\nstart = ' '\nend = 'b'\n", "a marker needs a text"),
    ],
)
def test_bad_dialects_of_a_course(tmp_path: Path, toml: str, wanted: str) -> None:
    with pytest.raises(AuthorMistake) as caught:
        read(tmp_path, toml)
    assert str(caught.value).startswith(f"{tmp_path / 'course.toml'}: dialect: ")
    assert wanted in str(caught.value)


CODE = [dialect for dialect in DIALECTS if dialect.scope == "code"]
MARKED = [line for dialect in CODE for line in dialect.examples]
OTHERS = ["x = 1", "\ty = 2", "", "# why", BOX.strip(), RULE.strip(), "# stub: {name} = None"]


@given(st.lists(st.sampled_from([*MARKED, *OTHERS, *OTHERS]), max_size=16))
def test_any_mixture_of_markers_is_stripped_or_refused(lines: list[str]) -> None:
    text = "\n".join(lines)
    try:
        stripped = strip_text(text, HERE)
    except Problems:
        return
    assert len(stripped.origins) == len(split_lines(stripped.text))
    assert sorted(stripped.origins) == list(stripped.origins)
    gone = {dialect.name for dialect in CODE if not dialect.keep}
    left = [line for line in stripped.text.splitlines() if line.strip()]
    markers = [d.name for d in CODE if d.name in gone for line in left if d.is_marker(line)]
    assert markers == []


@given(st.sampled_from(CODE), st.lists(st.sampled_from(["y = 2", "", "# why"]), max_size=3))
def test_what_is_between_two_markers_goes(dialect: Dialect, body: list[str]) -> None:
    if dialect.line or dialect.frame:
        return
    start, end = dialect.examples
    box = f"{BOX}{start}\n{BOX}" if dialect.boxed else f"{start}\n"
    text = "".join([box, "secret = 41\n", *(f"{line}\n" for line in body), f"{end}\n"])
    stripped = strip_text(text, HERE)
    assert "secret" not in stripped.text
    assert "secret = 41" in stripped.removed[0].lines
