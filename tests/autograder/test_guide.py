"""The staff guide: what is on the page, for whom, and that nothing in it runs."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.criteria import Criterion
from autograder.guide import LIMIT_WORDS, VISIBLE, Guide, Sample
from autograder.known import Known, Mistake
from autograder.recording import Drawn, Recording
from autograder.suite import VISIBILITIES, Suite
from gradlab.course import Assignment, Course, Gradescope, Limits

EVIL = "<script>alert(1)</script> & <b>"
SHOWN = "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;"


def assignment(**more: Any) -> Assignment:
    root = Path("nowhere")
    places = [root / name for name in ("solutions", "assignments", "release", "course.toml")]
    course = Course(root, "Course", *places)
    return Assignment(course, root / "relu", "ReLU", "relu_hw", **more)


def hidden() -> Suite:
    suite = Suite("relu")

    @suite.check(points=2, question="values", cpu_s=7, tags=["slow"])
    def values(expect: Any, draw: Any) -> None:
        """The values are right

        Zeros are among them, since a comparison
        may go wrong there.

        And large ones.
        """

    @suite.check(
        points=1, question="values", needs=[values], visibility="after_published", hints=False
    )
    def again(expect: Any, draw: Any) -> None:
        """They are right again"""

    @suite.check(points=1.5, question="extra", bonus=True)
    def extra(expect: Any) -> None:
        """Something more"""

    suite.written("q-why", points=2, title="Why it is so", rubric=f"1 point each: {EVIL}")
    return suite


def public() -> Suite:
    suite = Suite("relu")

    @suite.check(points=0, question="values")
    def toy(expect: Any) -> None:
        """The toy values are right"""

    return suite


def guide(**more: Any) -> Guide:
    draws = tuple(Drawn(seed, (), ()) for seed in range(8))
    recorded = Recording({"values": draws, "again": draws, "extra": draws[:1]}, "00")
    earns, takes = Criterion("y", 3, "at most 1e-07"), Criterion("x", 1, "stays", withholds=True)
    asked: dict[str, Any] = {"checks": {"values": (earns, takes)}}
    asked["public"] = {"toy": (Criterion("y", 1, "exactly"),)}
    mistake = Mistake(f"Is a sign wrong? {EVIL}", np.zeros(2))
    settings = {
        "assignment": assignment(limits=Limits(cpu_s=3), budget_s=120),
        "suites": {"checks": (hidden(), recorded), "public": (public(), Recording({}, "00"))},
        "criteria": asked,
        "known": Known({"values": {"y": (mistake, mistake), "z": (mistake,)}}),
        **more,
    }
    return Guide(**settings)


class Texts(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)
        self.words = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        del attrs
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += f" {data}"


def test_questions_their_points_and_who_grades_them() -> None:
    found = [(q.name, q.points, q.bonus, q.graded_by) for q in guide().questions]
    assert found == [
        ("values", 3, 0, "the grader"),
        ("extra", 0, 1.5, "the grader"),
        ("q-why", 2, 0, "a person"),
    ]
    words = Texts(guide().page()).words
    assert "values (3 points)" in words
    assert "extra (1.5 points, 1.5 of them bonus)" in words
    assert "all 5 1.5 4" in words


def test_a_check_says_what_holds_for_it() -> None:
    values, again = guide().questions[0].entries
    assert values.why == [
        "Zeros are among them, since a comparison may go wrong there.",
        "And large ones.",
    ]
    assert dict(values.terms) == {
        "students see it": "as soon as it is graded",
        "tags": "slow",
        "limits": "7 seconds of CPU",
        "inputs": "one of 8 secret draws, picked by the submission",
    }
    assert dict(again.terms) == {
        "students see it": "when grades are published",
        "needs": "values; where one earned nothing, this is skipped",
        "inputs": "one of 8 secret draws, picked by the submission",
        "hints": "for staff alone",
    }


def test_findings_shares_and_what_can_only_take_away() -> None:
    words = Texts(guide().page()).words
    assert "y 3 at most 1e-07" in words
    assert "x 1 stays (can only take away)" in words
    assert "A check may use, unless it says otherwise: 3 seconds of CPU," in words
    assert "All checks of a submission together may take 120 seconds." in words


def test_a_typical_mistake_is_told_once_with_the_findings_that_show_it() -> None:
    entry = guide().questions[0].entries[0]
    assert entry.mistakes == {f"Is a sign wrong? {EVIL}": ("y", "z")}
    typical = (Criterion("y", 1, "", typical=("Is it doubled?",)),)
    own = guide(criteria={"checks": {"again": typical}, "public": {}})
    assert own.questions[0].entries[1].mistakes == {"Is it doubled?": ("y",)}


def test_public_checks_have_a_part_of_their_own() -> None:
    words = Texts(guide().page()).words
    assert "What students check themselves" in words
    assert "The toy values are right values: toy What it looks at finding share" in words


def test_the_default_of_the_site_counts_for_what_says_nothing() -> None:
    later = assignment(gradescope=Gradescope(visibility="after_due_date"))
    values, again = guide(assignment=later).questions[0].entries
    assert values.visible == "after the due date"
    assert again.visible == "when grades are published"


def test_samples_and_notes_stand_at_the_end() -> None:
    from markupsafe import Markup  # noqa: PLC0415 - comes with jinja2

    edit = ("relu_hw/relu.py", "np.maximum(x, 0)", f"abs(x)  # {EVIL}")
    samples = [Sample("a-sign", "reference", ("best.npz",), (edit,))]
    page = guide(samples=samples, notes=[("Known", Markup("<p>mark <em>up</em></p>"))]).page()
    words = Texts(page).words
    assert "a-sign The reference, without best.npz, where relu_hw/relu.py" in words
    assert "<h2>Known</h2>\n<p>mark <em>up</em></p>" in page
    assert guide().page().count("The sample class") == 0


def test_all_text_is_escaped_and_nothing_runs_or_is_loaded() -> None:
    samples = [Sample(EVIL, "reference", (), ((EVIL, EVIL, EVIL),))]
    evil = replace(assignment(), title=EVIL)
    asked = {"checks": {"values": (Criterion(EVIL, 1, EVIL),)}, "public": {}}
    page = guide(samples=samples, assignment=evil, criteria=asked).page()
    assert "<script" not in page
    assert page.count(SHOWN) >= 9
    assert not {"script", "img", "link", "iframe", "b"} & set(Texts(page).tags)
    assert "default-src 'none'" in page


def test_the_page_can_be_read_aloud_and_printed() -> None:
    page = guide().page()
    assert page.startswith('<!doctype html>\n<html lang="en">')
    tags = Texts(page).tags
    assert tags.count("h1") == 1
    assert tags.count("main") == 1
    assert page.count("<th ") == page.count('scope="')
    assert "@media print" in page


@pytest.mark.parametrize(
    "table", [(LIMIT_WORDS, Limits.__dataclass_fields__), (VISIBLE, VISIBILITIES)]
)
def test_there_are_words_for_everything(table: tuple[dict[str, str], Any]) -> None:
    assert set(table[0]) == set(table[1])
