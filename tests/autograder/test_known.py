"""Numbers that a known mistake gives are recognised, and nothing else is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from autograder.finding import Wanted
from autograder.known import Collected, Known, Mistake, Noting
from gradlab.errors import AuthorMistake

if TYPE_CHECKING:
    from pathlib import Path

TWICE = "It is wrong by a factor of 2."
SIGN = "It has the wrong sign."
X = np.array([[1.0, -2.0], [3.0, 4.0]])


@pytest.fixture
def known() -> Known:
    collected = Collected()
    collected.add("affine", 7, TWICE, {"dx": 2 * X, "dw": 2 * X[0]})
    collected.add("affine", 7, SIGN, {"dx": -X})
    collected.add("affine", 7, "the same numbers under another name", {"dx": 2 * X})
    return collected.known()


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (2 * X, TWICE),
        (-X, SIGN),
        ((2 * X).astype(np.float32), TWICE),
        (2 * X + 1e-4, None),
        (2 * X[0], None),
        (np.full((2, 2), np.nan), None),
        (X, None),
    ],
)
def test_the_first_mistake_with_these_numbers(
    known: Known, value: np.ndarray, sentence: str | None
) -> None:
    found = known.hints("affine", 7, {"dx": value.astype(np.float64)})
    assert found.get("dx") == sentence


def test_another_draw_check_or_finding_is_not_compared(known: Known) -> None:
    assert known.hints("affine", 8, {"dx": 2 * X}) == {}
    assert known.hints("relu", 7, {"dx": 2 * X}) == {}
    assert known.hints("affine", 7, {"db": 2 * X}) == {}


def test_it_is_read_as_it_was_written(known: Known, tmp_path: Path) -> None:
    known.write(tmp_path)
    again = Known.read(tmp_path)
    assert again.seeds == known.seeds
    assert [m.sentence for m in again.checks["affine"]["dx"]] == [TWICE, SIGN]
    assert again.hints("affine", 7, {"dw": 2 * X[0]}) == {"dw": TWICE}
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    known.write(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first


def test_none_is_no_mistake_and_a_broken_file_is_the_authors(tmp_path: Path) -> None:
    assert Known.read(tmp_path).checks == {}
    (tmp_path / "mistakes.json").write_text('{"affine": 3}')
    for content in (None, b"", b"PK\3\4 cut off"):
        if content is not None:
            (tmp_path / "mistakes.npz").write_bytes(content)
        with pytest.raises(AuthorMistake, match="gradlab hints"):
            Known.read(tmp_path)


def test_a_large_difference_is_no_mistake_of_a_zero() -> None:
    assert Mistake(SIGN, np.zeros(3)).gives(np.zeros(3))
    assert not Mistake(SIGN, np.zeros(3)).gives(np.full(3, 1e-9))
    assert not Mistake(SIGN, np.full(3, 1e308)).gives(np.full(3, -1e308))


def test_only_wrong_plain_numbers_are_noted() -> None:
    wanted = [Wanted(name, 1, X, ("max_error", 1e-7)) for name in ("right", "wrong", "text", "nan")]
    judge = Noting(wanted)
    judge.close({"right": X, "wrong": 2 * X, "text": "no", "nan": X * np.nan}, max_error=1e-7)
    assert list(judge.wrong) == ["wrong"]
    np.testing.assert_array_equal(judge.wrong["wrong"], 2 * X)
