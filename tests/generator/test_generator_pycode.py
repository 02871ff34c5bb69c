from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.pycode import Line, dead, live, parse


@pytest.mark.parametrize(
    "text",
    [
        "import numpy as np",
        "from math import tau",
        "return",
        "return loss, grads",
        "return self.params",
        "pass",
        "x, w, b = cache",
        "W1, b1 = self.params['W1'], params[name]",
        "loss_history = []",
        "accuracies: dict[str, float] = {}",
        "best_accuracy = 0.0",
        "for i in range(num_iters):",
        "for key, value in zip(keys, values):",
        "for name, value in self.params.items():",
        "if verbose:",
        "else:",
    ],
)
def test_lines_that_say_nothing_of_their_own(text: str) -> None:
    assert Line.read(text).bare


@pytest.mark.parametrize(
    ("text", "computes"),
    [
        ("hidden = np.maximum(0, x)", True),
        ("loss += reg * penalty", True),
        ("scores = hidden.dot(W2)", True),
        ("return x - shift", True),
        ("rows = np.random.choice(n, size)", True),
        ("if loss < best_loss:", True),
        ("dx[x <= 0] = 0", True),
        ("elif loss < best_loss:", True),
        ("net = TwoLayerNet(4, 10, 3)", False),
        ("learning_rate = 0.0015", False),
        ("except ValueError:", False),
        ("best = {'reg': 0.1}", False),
        ("x_rows = x.reshape(n, -1)", False),
        ("num_iters=3000, batch_size=200,", False),
    ],
)
def test_lines_that_say_something(text: str, computes: bool) -> None:  # noqa: FBT001
    assert Line.read(text) == Line(bare=False, computes=computes)


def test_live_code_has_no_comments_and_docstrings_but_all_lines() -> None:
    text = '"""Doc\n\nof two."""\nx = "kept"  # gone\n\n\ndef f():\n    """Doc."""\n    # gone\n'
    assert live(text).split("\n") == [
        "",
        "",
        "",
        'x = "kept"  ',
        "",
        "",
        "def f():",
        *["    "] * 2,
        "",
    ]


def test_what_is_not_alive_stays_in_its_line() -> None:
    text = '"""Doc."""\nx = 1  # gone\ny = ("a"\n     "b")\n# all\n'
    assert dead(text).split("\n") == ['"""Doc."""', "# gone", "", "", "# all", ""]


def test_texts_in_brackets_are_alive() -> None:
    text = 'x = [\n    "a",\n    # no text\n    "b"\n    "c",\n]\n'
    assert live(text) == text.replace("# no text", "")


def test_what_cannot_be_cut_into_tokens_is_alive() -> None:
    assert live("x = '''  # open") == "x = '''  # open"


@given(st.text(alphabet="x=#\"'\\ \n\t()", max_size=30))
def test_live_code_keeps_the_number_of_lines(text: str) -> None:
    assert live(text).count("\n") == text.count("\n")


def test_a_line_that_starts_with_a_percent_sign_is_no_magic_in_python() -> None:
    assert len(parse("x = ('%d'\n     % 3)\n").body) == 1


def test_what_is_no_python_is_refused() -> None:
    with pytest.raises(SyntaxError):
        parse("%matplotlib inline\nprint x")
