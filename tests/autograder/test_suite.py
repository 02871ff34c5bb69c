"""Suites: what an author may declare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from autograder.draw import Draw
from autograder.status import STATUSES
from autograder.suite import Suite
from autograder.suites import read_suites
from gradlab.errors import AuthorMistake

if TYPE_CHECKING:
    from pathlib import Path


def test_a_check_is_a_function_with_a_title() -> None:
    suite = Suite("s")

    @suite.check(points=2, question="q", cpu_s=1)
    def right(student: object, draw: object) -> None:
        """It is right

        The rest of the docstring is for the author.
        """

    (check,) = suite.checks
    assert (check.name, check.title, check.points) == ("right", "It is right", 2)
    assert check.takes == ("student", "draw")
    assert check.limits == (("cpu_s", 1),)


def test_a_check_without_a_title_is_refused() -> None:
    with pytest.raises(AuthorMistake, match="docstring"):
        Suite("s").check(points=1, question="q")(lambda: None)


def test_two_checks_of_one_name_are_refused() -> None:
    suite = Suite("s")
    suite.written("q", points=1, title="Why")
    with pytest.raises(AuthorMistake, match="two checks"):
        suite.written("q", points=1, title="Why")


def test_an_unknown_parameter_is_refused() -> None:
    def check(students: object) -> None:
        """A title"""

    with pytest.raises(AuthorMistake, match="asks for students"):
        Suite("s").check(points=1, question="q")(check)


@pytest.mark.parametrize("points", [-1, float("nan"), float("inf")])
def test_points_that_are_no_amount_are_refused(points: float) -> None:
    with pytest.raises(AuthorMistake, match="check q: its points are a number of at least 0"):
        Suite("s").written("q", points=points, title="Why")


FILE = '''from gradlab import Suite

suite = Suite("s")


@suite.check(points=1, question="q", {})
def first(student, expect):
    """First"""
'''


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("cpu=2", r"public\.py:6: check first: no limit 'cpu' \(there are: cpu_s, wall_s, "),
        ("cpu_s=0", r"public\.py:6: check first: cpu_s is a whole number from 1 to "),
        ("cpu_s=10**10", "cpu_s is a whole number"),
        ("cpu_s=0.5", "cpu_s is a whole number"),
        ("memory_mb='1'", "memory_mb is a whole number"),
        # What the decorator itself finds is in the line of `def` before Python 3.11.
        ("visibility='secret'", r"public\.py:[67]: check first: visibility is one of"),
        ("tags=undefined", r"public\.py:6: NameError: name 'undefined'"),
        ("(", r"public\.py:\d: SyntaxError: "),
        ("tags=__import__('json').loads('\\n\\n\\n{')", r"public\.py:6: JSONDecodeError: "),
    ],
)
def test_what_is_declared_wrong_is_refused_where_it_stands(
    tmp_path: Path, limit: str, words: str
) -> None:
    (tmp_path / "public.py").write_text(FILE.format(limit))
    with pytest.raises(AuthorMistake, match=words):
        read_suites(tmp_path)


class TestDeclaring:
    def test_everything_that_a_check_can_say(self) -> None:
        suite = Suite("s", hints=False)

        @suite.check(points=1, question="q")
        def first() -> None:
            """First"""

        @suite.check(
            points=2, question="q", needs=[first], visibility="after_published", tags=["layer"]
        )
        def second() -> None:
            """Second"""

        @suite.check(points=3, question="q", needs=["first", "second"], bonus=True, hints=True)
        def third() -> None:
            """Third"""

        one, two, three = suite.checks
        assert (one.needs, two.needs, three.needs) == ((), ("first",), ("first", "second"))
        assert (one.visibility, two.visibility) == ("visible", "after_published")
        assert two.tags == ("layer",)
        assert (two.maximum, three.maximum) == (2, 0)
        assert (one.hints, three.hints) == (False, True)

    @pytest.mark.parametrize(
        ("declared", "words"),
        [
            ({"needs": ["later"]}, "needs later, which is no earlier check"),
            ({"needs": ["itself"]}, "needs itself"),
            ({"visibility": "secret"}, "visibility is one of visible, hidden"),
        ],
    )
    def test_unknown_words_are_the_authors_mistake(
        self, declared: dict[str, Any], words: str
    ) -> None:
        def itself() -> None:
            """A title"""

        with pytest.raises(AuthorMistake, match=words):
            Suite("s").check(points=1, question="q", **declared)(itself)


class TestDraw:
    def test_the_same_seed_gives_the_same_inputs(self) -> None:
        first, second = Draw(7), Draw(7)
        assert (first.normal(3, 4) == second.normal(3, 4)).all()
        assert (first.uniform(0, 2, 5) == second.uniform(0, 2, 5)).all()

    def test_the_stream_is_the_frozen_one(self) -> None:
        # RandomState(0).standard_normal(), as numpy has given it since 1.0
        assert Draw(0).normal(1)[0] == 1.764052345967664

    def test_no_relu_has_its_kink_nearby(self) -> None:
        x = Draw(3).away(50, 4, gap=0.2)
        assert np.abs(x).min() >= 0.2
        assert 0.3 < (x > 0).mean() < 0.7

    def test_no_maximum_has_a_tie_nearby(self) -> None:
        x = Draw(3).distinct(6, 7, gap=0.1)
        assert np.diff(np.sort(x, axis=None)).min() == pytest.approx(0.1)
        assert np.abs(x).min() == pytest.approx(0.05)
        assert not np.array_equal(np.sort(x, axis=None), x.ravel())

    def test_ties_are_small_whole_numbers(self) -> None:
        assert set(Draw(3).ties(10, 10).ravel()) == {-1.0, 0.0, 1.0}

    def test_labels_hold_every_class(self) -> None:
        assert sorted(Draw(1).labels(7, 4)) == [0, 0, 1, 1, 2, 2, 3]

    def test_integers_leave_out_the_upper_end(self) -> None:
        assert set(Draw(2).integers(0, 3, 200).tolist()) == {0, 1, 2}


def test_every_status_has_a_sentence_for_both_readers() -> None:
    assert len(STATUSES) == 18
    for status in STATUSES.values():
        assert status.student.endswith((".", "?"))
        assert status.staff.endswith(".")
        assert status.blame in ("nobody", "student", "grader")
    assert {word for word, s in STATUSES.items() if not s.scored} == {"broken", "needs a person"}
