"""Labels that a student hands in: what is read, what is refused, and in which words."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from autograder.labels import labels_of_text
from autograder.remote import Outlines, Student
from gradlab.errors import StudentFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograder.session import CheckSession

WANTED = [3, 0, 9, 1]
TEXTS = {
    "a label a line": "3\n0\n9\n1\n",
    "no line end, blank lines, Windows": "3\r\n\r\n0\r\n9\r\n1",
    "numbered, in another order": "image,label\n3,1\n0,3\n2,9\n1,0\n",
    "an index without a name, as pandas writes": ",label\n0,3\n1,0\n2,9\n3,1\n",
    "floats, as numpy writes": "0 3.0\n1 0.000\n2 9.\n3 1.0\n",
    "in quotation marks, with a mark of the byte order": '\ufeff"label"\n"3"\n"0"\n"9"\n"1"\n',
    "semicolons and tabs": "0;\t3\n1;\t0\n2;\t9\n3;\t1\n",
    "a comma at the end": "3,\n0,\n9,\n1,\n",
}
WRONG_TEXTS = {
    "": "l.csv holds 0 labels; 4 are wanted, one for each image.",
    "label\n": "l.csv holds 0 labels; 4 are wanted",
    "3\n0\n9\n": "l.csv holds 3 labels; 4 are wanted",
    "3\n0\n9\n1\n1\n": "l.csv holds 5 labels; 4 are wanted",
    "3\n0\ncat\n1\n": "l.csv line 3 should hold a label, or an image's number and its label.",
    "3\n0\n9.5\n1\n": "l.csv line 3 should hold a label",
    "3\n0\n-1\n1\n": "l.csv line 3 should hold a label",
    "3\n0\n10\n1\n": "l.csv line 3: labels are whole numbers from 0 to 9.",
    "h\n3\n0\nnan\n1\n": "l.csv line 4 should hold a label",
    "0,3,1\n1,0,1\n2,9,1\n3,1,1\n": "l.csv line 1 should hold a label",
    "3\n0\n2,9\n1\n": "l.csv line 3 should hold as many numbers as the first one.",
    "0,3\n1,0\n2,9\n2,1\n": "l.csv should number the images 0 to 3, each once.",
    "1,3\n2,0\n3,9\n4,1\n": "l.csv should number the images 0 to 3, each once.",
    "3\n0\n9\n" + 40 * "1": "l.csv line 4 should hold a label",
    "3\n0\n\u0661\n1\n": "l.csv line 3 should hold a label",
}
ARRAYS: dict[str, Any] = {
    "int64": np.array(WANTED),
    "uint8": np.array(WANTED, np.uint8),
    "float32": np.array(WANTED, np.float32),
    "a column": np.array(WANTED)[:, None],
    "a row": np.array(WANTED)[None],
}
WRONG_ARRAYS: dict[str, tuple[Any, str]] = {
    "objects": (np.array([1, "a", None, 2], object), "not an .npz or .npy file of plain arrays"),
    "texts": (np.array(["3", "0", "9", "1"]), "should hold 4 whole numbers"),
    "truth": (np.array([True, False, True, True]), "should hold 4 whole numbers"),
    "a number": (np.array(3), "has the shape (); 4 labels are wanted"),
    "too few": (np.array([3, 0]), "has the shape (2,); 4 labels are wanted"),
    "two axes": (np.array([[3, 0], [9, 1]]), "has the shape (2, 2); 4 labels are wanted"),
    "scores": (np.zeros((4, 10)), "holds scores; hand in the class of the largest"),
    "a class too many": (np.array([3, 0, 10, 1]), "whole numbers from 0 to 9 alone"),
    "negative": (np.array([3, 0, -1, 1]), "whole numbers from 0 to 9 alone"),
    "fractions": (np.array([3, 0, 1.5, 1]), "whole numbers from 0 to 9 alone"),
    "nan": (np.array([3, 0, np.nan, 1]), "whole numbers from 0 to 9 alone"),
    "huge": (np.array([3, 0, 2**63, 1], np.uint64), "whole numbers from 0 to 9 alone"),
}


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def student(session: Callable[..., CheckSession], name: str, content: bytes) -> Student:
    return Student(session(artifacts={name: content}), Outlines())


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_text_with_labels_is_read(session: Callable[..., CheckSession], text: str) -> None:
    got = student(session, "l.csv", text.encode()).labels("l.csv", 4, 10)
    assert got.tolist() == WANTED
    assert got.dtype == np.int64


@pytest.mark.parametrize(("text", "words"), WRONG_TEXTS.items())
def test_another_text_is_refused_and_says_where(text: str, words: str) -> None:
    with pytest.raises(StudentFault) as caught:
        labels_of_text("l.csv", text, 4, 10)
    assert caught.value.message.startswith(words)
    assert caught.value.status == "missed"


def test_a_hostile_text_is_refused_at_once(session: Callable[..., CheckSession]) -> None:
    for content in (b"\x00" * 5000, b"9" * 500_000, b",\n" * 200_000, b"1 " * 200_000):
        with pytest.raises(StudentFault) as caught:
            student(session, "l.csv", content).labels("l.csv", 4, 10)
        assert len(caught.value.message) < 200


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_an_array_with_labels_is_read(session: Callable[..., CheckSession], array: Any) -> None:
    got = student(session, "l.npy", npy(array)).labels("l.npy", 4, 10)
    assert got.tolist() == WANTED
    assert got.dtype == np.int64


@pytest.mark.parametrize(("array", "words"), WRONG_ARRAYS.values(), ids=WRONG_ARRAYS)
def test_another_array_is_refused(
    session: Callable[..., CheckSession], array: Any, words: str
) -> None:
    with pytest.raises(StudentFault) as caught:
        student(session, "l.npy", npy(array)).labels("l.npy", 4, 10)
    assert words in caught.value.message


def test_an_archive_for_an_array_and_a_file_that_lacks(
    session: Callable[..., CheckSession],
) -> None:
    file = io.BytesIO()
    np.savez(file, labels=np.array(WANTED))
    with pytest.raises(StudentFault, match="should hold 4 whole numbers"):
        student(session, "l.npy", file.getvalue()).labels("l.npy", 4, 10)
    with pytest.raises(StudentFault, match=r"l\.csv was not handed in"):
        student(session, "other.csv", b"").labels("l.csv", 4, 10)


SIZES = {"W1": ("hidden", 3), "b1": ("hidden",), "W2": (2, "hidden")}


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        (((5, 3), (5,), (2, 5)), ""),
        (((1, 3), (1,), (2, 1)), ""),
        (((5, 3), (4,), (2, 5)), "b1 should be numbers of shape (5,); it is an array of (4,)"),
        (((5, 3), (5,), (2, 4)), "W2 should be numbers of shape (2, 5)"),
        (((5, 4), (5,), (2, 5)), "W1 should be numbers of shape (hidden, 3)"),
        (((0, 3), (0,), (2, 0)), "W1 should be numbers of shape (hidden, 3)"),
        (((5,), (5,), (2, 5)), "W1 should be numbers of shape (hidden, 3)"),
    ],
)
def test_a_size_that_is_left_open_is_everywhere_the_same(
    session: Callable[..., CheckSession], shapes: tuple[tuple[int, ...], ...], words: str
) -> None:
    file = io.BytesIO()
    np.savez(file, **{n: np.ones(s) for n, s in zip(SIZES, shapes, strict=True)})  # type: ignore[arg-type]
    one = student(session, "net.npz", file.getvalue())
    if not words:
        assert [a.shape for a in one.artifact("net.npz", SIZES).values()] == list(shapes)
        return
    with pytest.raises(StudentFault) as caught:
        one.artifact("net.npz", SIZES)
    assert words.split("; it is", maxsplit=1)[0] in caught.value.message
