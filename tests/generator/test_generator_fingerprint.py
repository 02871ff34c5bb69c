"""Lines that say the same, and lines that do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.fingerprint import Needle, Shape, squeezed, statements, stream, weight


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("out = x @ w + b", "h = np.dot(a, c) + d"),
        ("out = x @ w + b", "h = d + a.dot(c)"),
        ("hidden = np.maximum(0, x)", "return np.maximum( z,0.0 )"),
        ("y = np.sum(x, axis=0)", "t = s.sum(0)"),
        ("w += lr * dw", "p = p + g * step"),
        ("p = w ** 2", "p = np.square(w)"),
        ("y = x.T", "y = np.transpose(x)"),
        ("y = x['a'] * 2", 'z = t["a"] * 2'),
    ],
)
def test_the_same_with_other_names(one: str, other: str) -> None:
    assert Shape.of(one) == Shape.of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("out = x @ w + b", "out = x @ w - b"),
        ("y = a * a + b", "y = a * b + c"),
        ("y = np.sum(x, axis=0)", "y = np.sum(x, axis=1)"),
        ("y = np.max(x)", "y = np.min(x)"),
        ("y = x[:, 0]", "y = x[:, 1]"),
        ("p['W1'] = x * y", "p['W1'] = x / y"),
    ],
)
def test_not_the_same(one: str, other: str) -> None:
    assert Shape.of(one).key != Shape.of(other).key


def test_plain_lines_say_nothing() -> None:
    assert Shape.of("x = y").information == 0
    assert Shape.of("return loss, grads").information == 0
    assert weight("dx = dout * mask") == 4


@pytest.mark.parametrize(
    "text", ["x = f('a', 1)", 'x=f("a",1.0)', "  #  x = f( 'a', 1. )", "> x =\n> f('a', 1)"]
)
def test_streams_forget_the_layout(text: str) -> None:
    assert stream(text) == " x = f ( ' a ' , 1 ) "
    assert Needle.of(text).squeezed == squeezed("x=f(a,")


@given(
    st.text(alphabet="ax1.0 '\"#>-*+=()\n\té", max_size=40), st.integers(0, 40), st.integers(0, 40)
)
def test_what_contains_a_stream_contains_it_squeezed(text: str, first: int, last: int) -> None:
    part = text[first:last]
    if stream(part) in stream(text):
        assert squeezed(part) in squeezed(text)


def test_names_are_whole_in_streams() -> None:
    assert stream("x = a") not in stream("max = a")


def test_statements_go_on_while_brackets_are_open() -> None:
    found = [(step.line, step.text) for step in statements("a = f(\n  1,\n)\n\nb = 2\nc = (")]
    assert found == [(1, "a = f(\n  1,\n)"), (5, "b = 2"), (6, "c = (")]
