"""Masters that look a little as if they leaked, and are released; and what an author accepts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gradlab.course import Course
from gradlab.errors import AuthorMistake, Problems
from tests.generator.leaky import (
    AFFINE,
    END,
    GIVEN,
    LAYERS,
    LOG_P,
    MODULE,
    NOTEBOOK,
    RECORDED,
    VOTE,
    arrays,
    built,
    encoded,
    function,
    handed_in,
    in_cell,
    in_file,
    in_solution_cell,
    picture,
    recording,
    together,
    with_block,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.generator.tiny import Tiny


@dataclass(frozen=True)
class Harmless:
    """One thing that looks a little like a leak, and is none."""

    name: str
    change: Callable[[Tiny], None] = lambda _: None
    file: tuple[str, bytes] | None = None


USE = "net = affine_forward(x, w, b)"
FEW_DIGITS = np.append(RECORDED, np.random.default_rng(0).normal(size=50)).astype(np.float32)
HARMLESS = [
    Harmless("nothing at all"),
    Harmless("the start value", in_cell("out = None\nloss, dx = None, None")),
    Harmless("the result", in_cell("`return loss, dx` and `return out, cache`", "markdown")),
    Harmless("the cache", in_cell("The cache is `cache = (x, w, b)`.", "markdown")),
    Harmless("unpacking", in_cell("def f(cache):\n    x, w, b = cache\n    return x")),
    Harmless("a shared import", in_cell("import numpy as np")),
    Harmless("the signature", in_cell("Write `def softmax_loss(x, y):` first.", "markdown")),
    Harmless("a call of the function", in_cell("loss, dx = softmax_loss(x, y)")),
    Harmless("the formula", in_cell("$L = -\\frac{1}{N} \\sum_i \\log p_{i, y_i}$", "markdown")),
    Harmless("the formula in words", in_cell("out is x w + b; dx is dout times mask.", "markdown")),
    Harmless("the number of samples", in_cell("n = x.shape[0]\nprint(n)")),
    Harmless("the usual loop", in_cell("for i in range(n):\n    print(i)")),
    Harmless("another computation", in_cell("error = np.max(np.abs(dx - dx_num))")),
    Harmless("an accuracy", in_cell("accuracy = np.mean(net.predict(x) == y)")),
    Harmless("random data", in_cell("x = 10 * np.random.randn(5, 4)\ny = np.array([0, 1, 2])")),
    Harmless(
        "one line of a supplied file",
        in_file(GIVEN, f"\n\ndef f(rows, w, b):\n    {AFFINE}\n    return out\n"),
    ),
    Harmless(
        "a data set", file=("d.npz", arrays(x=np.random.default_rng(0).normal(size=(50, 20))))
    ),
    Harmless(
        "a picture",
        in_cell(
            "![](attachment:a.png)",
            "markdown",
            attachments={
                "a.png": {"image/png": encoded(picture(b"tEXt", b"Software\0Matplotlib"))}
            },
        ),
    ),
    Harmless("a printed number", in_cell("correct_loss = 1.071696123862817")),
    Harmless("a title of a hidden check", in_cell("affine_forward keeps its corners", "markdown")),
    Harmless("a helper that the text names", in_cell("`_rows` may help.", "markdown")),
    Harmless(
        "a helper that given code uses",
        in_file(LAYERS, "\n\ndef _show(x):\n    print(x)\n\n\n_show(1)\n"),
    ),
    Harmless(
        "instructions that repeat each other",
        in_cell(
            "Compute the loss: log p of the right classes, averaged, with a minus sign.", "markdown"
        ),
    ),
    Harmless(
        "an identifier of many letters", in_cell("eval_numerical_gradient_array = affine_forward")
    ),
    Harmless("numbers in Python's own texts", in_cell("print(f'{points:.1f} {points:>5d}')")),
    Harmless(
        "a module in a folder", in_cell("import tools.plot"), ("tools/plot.py", b"import numpy\n")
    ),
    Harmless(
        "what anybody may write down",
        together(
            recording(np.log(10), 1 / 3, np.pi),
            in_cell("2.302585092994046, [0.333333333, 0.333333333], 3.141592654", "markdown"),
        ),
    ),
    Harmless("a data set of 32 bits", file=("d.npz", arrays(x=FEW_DIGITS))),
    Harmless("an empty artifact", handed_in("empty.txt", b"")),
    Harmless(
        "the use that is all of a block",
        together(in_solution_cell(USE), in_cell(USE)),
    ),
    Harmless(
        "a block's short lines with other names",
        together(with_block("k = x - 1", "y = k * w"), in_cell("a = t - 1\nb = a * s")),
    ),
    Harmless(
        "some lines of a block with other names",
        together(with_block(*VOTE), in_cell("k = np.unique(t)\nc = np.sum(t[:, j] == k, axis=1)")),
    ),
    Harmless("a task without its end", in_cell("# TODO: Write it.\nloss = None\nloss.show()")),
    Harmless(
        "a task above nothing", in_cell("def f(x):\n    # TODO: Write it.\n    pass\n\n\nf(1)")
    ),
    Harmless(
        "a task below which a block ends", in_cell("if x:\n    f(0)\n    # TODO: Write it.\nf(1)")
    ),
    Harmless("a task to write a function", in_cell("# TODO: Write it.\ndef f(x):\n    pass")),
    Harmless("a task with its end", in_cell("# TODO: It.\nloss = x.sum()\n# END OF YOUR CODE")),
    Harmless("a hash", in_cell(f"md5 = '{'0123456789abcdef' * 4}'")),
]


@pytest.mark.parametrize("harmless", HARMLESS, ids=lambda harmless: harmless.name)
def test_a_harmless_master(course: Tiny, harmless: Harmless) -> None:
    harmless.change(course)
    release = built(course, dict([harmless.file] if harmless.file else []))
    assert release.notes == ()


def accepting(file: str, finding: str, reason: str = "given out last week") -> str:
    return f"[[accept]]\nfile = {file!r}\nfinding = {finding!r}\nreason = {reason!r}\n"


def refused(course: Tiny, accept: str) -> list[str]:
    with pytest.raises(Problems) as caught:
        built(course, {}, accept)
    return [str(mistake) for mistake in caught.value.mistakes]


@pytest.mark.parametrize("finding", [LOG_P, LOG_P.replace(" ", ""), "old"])
@pytest.mark.parametrize("file", ["layers.py", "net/layers.py", LAYERS])
def test_a_finding_that_is_accepted(course: Tiny, file: str, finding: str) -> None:
    in_file(LAYERS, function("old", LOG_P))(course)
    release = built(course, {}, accepting(file, finding))
    assert release.notes == (f"{LAYERS}:{END + 4}: accepted `{finding}`: given out last week",)


def test_a_finding_in_a_cell_that_is_accepted(course: Tiny) -> None:
    in_cell(f"# {LOG_P}\n# {AFFINE}")(course)
    notes = built(course, {}, accepting("tiny.ipynb", "c4")).notes
    assert notes == (f"{NOTEBOOK}:c4:1 and 1 more: accepted `c4`: given out last week",)


@pytest.mark.parametrize("finding", ["rate = 0.1 * n", "c4"])
def test_a_comment_that_is_none_of_ours_is_accepted(course: Tiny, finding: str) -> None:
    in_cell("# TODO: try others\nrate = 0.1 * n")(course)
    notes = built(course, {}, accepting("tiny.ipynb", finding)).notes
    assert notes == (f"{NOTEBOOK}:c4:1: accepted `{finding}`: given out last week",)


def test_only_what_is_named_is_accepted(course: Tiny) -> None:
    in_file(LAYERS, function("old", LOG_P) + function("older", LOG_P, AFFINE))(course)
    found = refused(course, accepting("layers.py", "old"))
    assert [line.partition(" would")[0] for line in found] == [
        f"{LAYERS}:{END + 9}: the solution's line `{AFFINE}` ({LAYERS}:14)",
        f"{LAYERS}:{END + 8}: the solution's line `{LOG_P}` ({LAYERS}:45)",
        f"{LAYERS}:{END + 4}: accepted `old`: given out last week",
    ]


def test_an_acceptance_that_matches_nothing_is_a_warning(course: Tiny) -> None:
    accept = accepting("layers.py", "older")
    (note,) = built(course, {}, accept).notes
    assert note == (
        "assignments/tiny/assignment.toml: warning: [[accept]] 'older' matches nothing in "
        "layers.py; take it out"
    )
    in_file(LAYERS, function("old", LOG_P))(course)
    assert note in refused(course, accept)


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        ("x = draw.normal(1, 7, scale=0.125)", "x = draw.normal(1, 7, scale=0.125)"),
        ("# a batch of one shows who squeezes", "c4"),
        ("x = 0.12345678912", "c4"),
        ("x = 'checks.npz'", "c4"),
    ],
)
def test_what_is_hidden_is_never_accepted(course: Tiny, line: str, finding: str) -> None:
    in_cell(line)(course)
    found = refused(course, accepting("tiny.ipynb", finding))
    assert found[0].startswith(f"{NOTEBOOK}:c4:1: ")
    assert found[0].endswith("; take it out")


def test_a_hidden_test_is_never_accepted(course: Tiny) -> None:
    line = "assert abs(affine_forward(x, w, b)[0] - 3.25).max() < 1e-6"
    in_cell(f"x = 1\n### BEGIN HIDDEN TESTS\n{line}\n### END HIDDEN TESTS")(course)
    in_cell(f"# {line}")(course)
    (found,) = [item for item in refused(course, accepting("tiny.ipynb", "c5")) if "c5:1" in item]
    assert found.endswith("would be released; take it out")


def test_a_helper_that_is_accepted(course: Tiny) -> None:
    helper = "def _rows(x):\n    return x.reshape(len(x), -1)\n\n\ndef affine"
    text = MODULE.replace("def affine", helper, 1)
    course.texts[LAYERS] = text.replace("rows = x.reshape(x.shape[0], -1)", "rows = _rows(x)")
    (note,) = built(course, {}, accepting("layers.py", "_rows")).notes
    assert note == f"{LAYERS}:6: accepted `_rows`: given out last week"


def test_a_supplied_file_with_the_whole_solution(course: Tiny) -> None:
    lines = [line.strip() for line in MODULE.split("\n")[43:50]]
    in_file(GIVEN, function("softmax", *lines))(course)
    (found,) = refused(course, "")
    assert found == (
        f"{GIVEN}:9: the solution's 7 lines from `{lines[0]}` ({LAYERS}:44) would be released; "
        "supply another file, ask for something else, or accept it with a reason "
        "([[accept]] in assignment.toml)"
    )
    (note,) = built_again(course, accepting("given.py", "softmax"))
    assert note.endswith("accepted `softmax`: given out last week")


def built_again(course: Tiny, accept: str) -> tuple[str, ...]:
    del course.texts["assignments/tiny/assignment.toml"]
    return built(course, {}, accept).notes


@pytest.mark.parametrize(
    ("accept", "message"),
    [
        ("accept = 3\n", "accept must be tables"),
        ("[[accept]]\nfile = 'a'\nfinding = 'b'\n", "reason must be given"),
        ("[[accept]]\nfile = 'a'\nfinding = 'b'\nreason = ' '\n", "reason must be given"),
        ("[[accept]]\nfile = 'a'\nfinding = 'b'\nreason = 'c'\nall = 1\n", "unknown key 'all'"),
    ],
)
def test_an_acceptance_that_is_no_acceptance(course: Tiny, accept: str, message: str) -> None:
    with pytest.raises(AuthorMistake, match=message):
        built(course, {}, accept)


def test_acceptances_are_read(course: Tiny) -> None:
    built(course, {}, accepting("a.py", "f", "why not"))
    accepted = Course.find(course.root).assignment("tiny").accept
    assert [(by.file, by.finding, by.reason) for by in accepted] == [("a.py", "f", "why not")]
