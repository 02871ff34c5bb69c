"""Answers worked out by hand: read without evaluating, judged with follow-through."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.answers import Steps
from autograder.typed import read_answers, read_numbers
from gradlab.errors import AuthorMistake
from tests.autograder.trying import Tried, judge, record

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Student

NUMBERS = [
    ("0.25", (), 0.25),
    ("1/4", (), 0.25),
    ("-1 / 4", (), -0.25),
    ("1.5e-3", (), 1.5e-3),
    ("1,5E-3", (), 1.5e-3),
    ("1.5*10^-3", (), 1.5e-3),
    ("1.5 \N{MULTIPLICATION SIGN} 10^{-3}", (), 1.5e-3),
    (r"1.5 \cdot 10^{-3}", (), 1.5e-3),
    ("10**-3", (), 1e-3),
    ("$-0.25$", (), -0.25),
    ("\N{MINUS SIGN}0.25", (), -0.25),
    (".25", (), 0.25),
    ("1.", (), 1.0),
    ("0,75", (), 0.75),
    ("0,75", (2,), [0, 75]),
    ("0.1, 0.2", (2,), [0.1, 0.2]),
    ("0.1 0.2", (2,), [0.1, 0.2]),
    ("0,1; 0,2", (2,), [0.1, 0.2]),
    ("0,1 0,2", (2,), [0.1, 0.2]),
    ("0,1, 0,2", (2,), [0.1, 0.2]),
    ("1, 2", (2,), [1, 2]),
    ("(0.1, 0.2)", (1, 2), [[0.1, 0.2]]),
    ("[[0.1], [0.2]]", (2,), [0.1, 0.2]),
    ("[[1/2, 2], [3, -4e0]]", (2, 2), [[0.5, 2], [3, -4]]),
    ("[0.1 0.2; 0.3 0.4]", (2, 2), [[0.1, 0.2], [0.3, 0.4]]),
    ("0,1 0,2\n0,3 0,4", (2, 2), [[0.1, 0.2], [0.3, 0.4]]),
    ("[[1, 2],\n [3, 4]]", (2, 2), [[1, 2], [3, 4]]),
    ("4 x 3", (2,), [4, 3]),
    ("4\N{MULTIPLICATION SIGN}10", (2,), [4, 10]),
    ("(5,)", (), 5),
    ("[1, 2,\n 3, 4]", (4,), [1, 2, 3, 4]),
    (0.25, (), 0.25),
    (3, (), 3),
    ([0.1, "1/5"], (2,), [0.1, 0.2]),
    (np.array([[1.0, 2.0]]), (2,), [1, 2]),
    (np.array([1, 2], np.int32), (2,), [1, 2]),
]


@pytest.mark.parametrize(("value", "shape", "wanted"), NUMBERS)
def test_numbers_as_people_type_them(value: Any, shape: tuple[int, ...], wanted: Any) -> None:
    typed = read_numbers(value, shape)
    assert typed.problem == ""
    assert typed.value is not None
    assert typed.value.shape == shape
    np.testing.assert_allclose(typed.value, wanted, rtol=1e-15)


NO_NUMBERS = [
    ("", ()),
    ("about a half", ()),
    ("__import__('os')", ()),
    ("1/0", ()),
    ("1e9999", ()),
    ("nan", ()),
    ("[1, 2", (2,)),
    ("1 2]", (2,)),
    ("[[1, 2], [3]]", (2, 2)),
    ("[1, [2]]", (2,)),
    ("[[[[[1]]]]]", ()),
    ("1-2", ()),
    ("9" * 41, ()),
    ("1 " * 1001, (1001,)),
    (None, ()),
    (True, ()),
    (1j, ()),
    (np.array([1j]), (1,)),
    (np.array(np.nan), ()),
    ([[1], 2, "x"], (3,)),
    ([0.0] * 1001, (1001,)),
    ({"a": 1}, ()),
]


@pytest.mark.parametrize(("value", "shape"), NO_NUMBERS)
def test_what_is_no_number_is_said_to_be_none(value: Any, shape: tuple[int, ...]) -> None:
    typed = read_numbers(value, shape)
    assert typed.value is None
    assert typed.problem


def test_another_shape_is_named() -> None:
    assert read_numbers("1 2", (2, 2)).problem == "should be 2 by 2 numbers; yours is 2 numbers"
    assert read_numbers("1 2", ()).problem == "should be one number; yours is 2 numbers"


@given(st.text(max_size=300))
def test_any_text_is_read_without_a_traceback(text: str) -> None:
    for value in read_answers(text).values():
        read_numbers(value, (2,))
    read_numbers(text, ())


@pytest.mark.parametrize(
    "text",
    [
        "[" * 20_000,
        "- " * 10_000,
        " " * 20_000,
        "1\n" * 10_000,
        "a=" * 9_999,
        "10 ^" * 5000,
        "~" * 20_000,
        "e^ { 1" * 3000,
    ],
)
def test_hostile_text_is_bounded(text: str) -> None:
    for value in [text, *read_answers(text).values()]:
        read_numbers(value, (3,))


def test_names_and_values_of_a_text() -> None:
    text = """
# My computation
z1 = 0.3775, 0.3925
- x_1: (0.593, 0.597)
**dL/dx_2** = 0.7514 - 0.01 = 0.7414
| W2 | 0.0822, 0.0827 |
|----|----|
$b_{2}$ \N{ALMOST EQUAL TO} 0.138
W1 =
0.000668 0.00134
0.00075 0.0015

That was all: 3 pages.
"""
    found = read_answers(text)
    assert found["z1"] == "0.3775, 0.3925"
    assert found["x1"] == "(0.593, 0.597)"
    assert found["dLdx2"] == "0.7414"
    assert found["W2"] == "0.0822, 0.0827"
    assert found["b2"] == "0.138"
    typed = read_numbers(found["W1"], (2, 2)).value
    assert typed is not None
    assert typed.tolist() == [[0.000668, 0.00134], [0.00075, 0.0015]]


# Two inputs, two hidden units, one output, two sigmoids: the classical exercise by hand.
GIVEN = {
    "W1": [[0.15, 0.2], [0.25, 0.3]], "b1": [0.35, 0.35], "W2": [0.4, 0.45], "b2": 0.6,
    "x0": [0.05, 0.1], "y": 0.01,
}  # fmt: skip
HAND: dict[str, Callable[..., Any]] = {
    "z1": lambda W1, x0, b1: W1 @ x0 + b1,
    "x1": lambda z1: 1 / (1 + np.exp(-z1)),
    "z2": lambda W2, x1, b2: W2 @ x1 + b2,
    "x2": lambda z2: 1 / (1 + np.exp(-z2)),
    "loss": lambda x2, y: 0.5 * (y - x2) ** 2,
    "dloss_dx2": lambda x2, y: x2 - y,
    "delta2": lambda dloss_dx2, x2: dloss_dx2 * x2 * (1 - x2),
    "dW2": lambda delta2, x1: delta2 * x1,
    "db2": lambda delta2: delta2,
    "delta1": lambda delta2, W2, x1: delta2 * W2 * x1 * (1 - x1),
    "dW1": lambda delta1, x0: delta1[:, None] * x0,
    "db1": lambda delta1: delta1,
}
ASKED = ("z1", "x1", "z2", "x2", "loss", "dloss_dx2", "dW2", "db2", "dW1", "db1")
STEPS = Steps(HAND, given=GIVEN, digits=3, asked=ASKED)
RIGHT = """
z1 = 0.3775, 0.3925
x1 = 0.5933 0.5969
z2 = 1.1059
x2 = 0.7514
loss = 0.2748
dloss/dx2 = 0.7414
dW2 = 0.08216704 0.08266763
db2 = 0.13849856
dW1 = [[0.0006684 0.00133679] [0.0007498 0.00149961]]
db1 = 0.01336792 0.01499607
"""
# What one student handed in: the derivative of the loss replaced by -1, the rest worked out from
# it; the hidden units of dW1 and db1 summed.
WRONG = """
z1 = 0.3775, 0.3925
x1 = 0.5933, 0.5969
z2 = 0.5052 + 0.6
x2 = 0.7514
loss = 0.2748
dloss/dx2 = -1
dW2 = -0.1108, -0.1115
db2 = -0.1868
dW1 = -0.0019, -0.0038
db1 = -0.0385
"""


def by_hand(student: Student, expect: Expect) -> None:
    expect.answers(student.text("hand.txt"), STEPS)


def graded(text: str, check: Callable[..., None] = by_hand) -> Tried:
    return judge(check, record(check, "", texts={"hand.txt": RIGHT}), "", texts={"hand.txt": text})


def test_right_answers_earn_everything() -> None:
    assert graded(RIGHT).credit == 1
    assert graded(RIGHT.replace(".", ",").replace(", ", "; ")).credit == 1


def test_the_replaced_derivative_is_found_and_costs_once() -> None:
    wrong = STEPS.follow("delta2", {**STEPS.right, "dloss_dx2": np.asarray(-1.0)})
    assert wrong is not None
    followed = STEPS.follow("dW2", {**STEPS.right, "delta2": wrong})
    assert followed is not None
    assert followed.round(5).tolist() == [-0.11083, -0.11151]
    done = graded(WRONG.replace("0.5052 + 0.6", "1.1059"))
    earned = {f.name: f.credit for f in done.judge.findings()}
    assert earned == {
        **dict.fromkeys(ASKED, Fraction(1)),
        "dloss_dx2": 0,
        "dW1": 0,
        "db1": 0,
    }
    assert done["dloss_dx2"].message.endswith("this is the first step that goes wrong")
    assert "follows from your own earlier values" in done["dW2"].message
    assert "should be 2 by 2 numbers; yours is 2 numbers" in done["dW1"].message
    assert "should be 2 numbers; yours is one number" in done["db1"].message
    assert done.credit == 0.7


def test_an_unreadable_step_does_not_spoil_the_next() -> None:
    done = graded(WRONG)
    assert done["z2"].message.startswith("z2: cannot be read")
    assert done["x2"].credit == 1
    assert done["dW2"].credit == 1


def test_no_message_shows_a_wanted_value() -> None:
    text = graded(WRONG).text
    assert not any(number in text for number in ("0.74", "0.082", "0.138", "0.0006"))


def test_a_part_for_following() -> None:
    def half(student: Student, expect: Expect) -> None:
        shares = {"dW2": 4, "db2": 2}
        expect.answers(student.text("hand.txt"), STEPS, shares=shares, follow=Fraction(1, 2))

    done = graded(
        RIGHT.replace("0.7414", "-1").replace("0.08216704 0.08266763", "-.1108 -.1115"), half
    )
    assert done["dW2"].credit == Fraction(1, 2)
    assert done.credit == (14 - 1 - 2) / 14


def test_a_missing_step_is_worked_out_on_the_way() -> None:
    text = "".join(line + "\n" for line in WRONG.splitlines() if not line.startswith("dloss"))
    done = graded(text)
    assert done["dloss_dx2"].message == "dloss_dx2: is missing"
    assert "first step that goes wrong" in done["z2"].message
    assert done["dW2"].credit == 0  # from what is known of the student, it does not follow


def test_nothing_handed_in_is_not_implemented() -> None:
    done = graded("I did not do it.")
    assert done.credit == 0
    assert done.fault is not None
    assert done.fault.status == "not implemented"
    assert done.fault.message == f"Not filled in yet: {', '.join(ASKED)}."


VARIABLE = "answers = {'a': %s, 'b': %s}"
SMALL = Steps({"a": lambda: np.array([0.5, 0.25]), "b": lambda a: 3 * a.sum()})


@pytest.mark.parametrize(
    ("a", "b", "credit"),
    [
        ("[0.5, 0.25]", "2.25", 1),
        ("np.array([0.5, 0.25])", "np.float64(2.25)", 1),
        ("'0,5; 0,25'", "'9/4'", 1),
        ("['1/2', 0.25]", "np.array([2.25])", 1),
        ("(0.5, 1.0)", "4.5", 0.5),
        ("(0.5, 1.0)", "2.25", 0.5),
        ("None", "2.25", 0.5),
        ("object()", "2.25", 0.5),
        ("[float('nan'), 1]", "1", 0),
    ],
)
def test_answers_in_a_notebook_variable(a: str, b: str, credit: float) -> None:
    def check(student: Student, expect: Expect) -> None:
        expect.answers(student.work.answers, SMALL)

    source = "import numpy as np\n" + VARIABLE
    recorded = record(check, source % ("[0.5, 0.25]", "2.25"))
    assert judge(check, recorded, source % (a, b)).credit == credit


def test_names_that_differ_in_capitals_alone() -> None:
    steps = Steps({"w": lambda: 1.0, "W": lambda: 2.0})

    def check(student: Student, expect: Expect) -> None:
        expect.answers(student.text("hand.txt"), steps)

    recorded = record(check, "", texts={"hand.txt": "w = 1\nW = 2"})
    assert judge(check, recorded, "", texts={"hand.txt": "w = 1"}).credit == 0.5


def work(values: str) -> str:
    return f"def work(x):\n    return {{{values}}}"


PLUS: dict[str, Callable[..., Any]] = {
    "a": lambda x: 3 * x,
    "b": lambda a, x: a * x,
    "c": lambda b: b / 7,
}


@pytest.mark.parametrize(
    ("values", "credit"),
    [
        ("'a': 3 * x, 'b': 3 * x * x, 'c': 3 * x * x / 7", 1),
        ("'a': 3 * x, 'b': 3 * x * x, 'c': 3 * x * x * 0.142857", Fraction(2, 3)),
        ("'a': 2 * x, 'b': 2 * x * x, 'c': 2 * x * x / 7", Fraction(2, 3)),
        ("'a': 2 * x, 'b': None, 'c': 2 * x * x / 7", Fraction(1, 3)),
        ("'a': 3 * x, 'b': 0 * x, 'c': 0 * x", Fraction(1, 3)),
        ("'a': 0 * x, 'b': 0 * x, 'c': 0 * x", 0),
    ],
)
def test_steps_that_code_works_out_at_a_random_point(values: str, credit: float) -> None:
    def check(student: Student, expect: Expect, draw: Draw) -> None:
        x = draw.normal(4)
        expect.answers(student.work.work(x), Steps(PLUS, given={"x": x}, max_error=1e-9))

    recorded = record(check, work("'a': 3 * x, 'b': 3 * x * x, 'c': 3 * x * x / 7"))
    assert judge(check, recorded, work(values)).judge.credit == credit


def test_a_page_filled_with_one_number_does_not_follow() -> None:
    steps = Steps({"a": lambda: 2.0, "b": lambda a: a * a, "c": lambda b: b * b})

    def check(student: Student, expect: Expect) -> None:
        expect.answers(student.text("hand.txt"), steps)

    recorded = record(check, "", texts={"hand.txt": "a = 2\nb = 4\nc = 16"})
    filled, followed = "a = 1\nb = 1\nc = 1", "a = 3\nb = 9\nc = 81"
    assert judge(check, recorded, "", texts={"hand.txt": filled}).credit == 0
    done = judge(check, recorded, "", texts={"hand.txt": followed})
    assert done.judge.credit == Fraction(2, 3)


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ({"a": lambda b: b, "b": lambda: 1.0}, "uses b, which does not come before"),
        ({"a": lambda: "x"}, "gives no finite numbers"),
        ({"a": lambda: np.nan}, "gives no finite numbers"),
    ],
)
def test_a_graph_that_cannot_be_worked_out_is_the_authors_mistake(
    steps: dict[str, Any], words: str
) -> None:
    with pytest.raises(AuthorMistake, match=words):
        Steps(steps)


def test_a_reference_that_misses_a_step_is_refused() -> None:
    with pytest.raises(AuthorMistake, match="misses a given value: dloss_dx2"):
        record(by_hand, "", texts={"hand.txt": WRONG.replace("0.5052 + 0.6", "1.1059")})
