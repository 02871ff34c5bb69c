"""Follow-through for code: right code on wrong layers earns a part, and nothing else does."""

from __future__ import annotations

import json
import textwrap
import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from autograder.box import codec
from autograder.examiner import Examiner
from autograder.explain import explain
from autograder.follow import Follower, follow_through
from autograder.forkserver import ForkServer
from autograder.grade import Grader
from autograder.gradescope.bundle import Bundle
from autograder.intake import Submission
from autograder.outcome import Outcome
from autograder.record import drawn, record
from autograder.recording import Recording
from autograder.report import page
from autograder.session import Staged, Workers
from autograder.suite import Suite
from generator.modules import student_modules
from gradlab.cli import steps
from gradlab.course import Limits
from gradlab.errors import AuthorMistake
from tests.autograder.following import BACK, LAYERS, NET, SANDWICH, course
from tests.autograder.test_writing_checks import CHECKS, MODULE, PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from autograder.outcome import Results
    from autograder.session import CheckSession
    from gradlab.course import Assignment


@pytest.fixture(scope="module")
def trusted() -> Iterator[ForkServer]:
    with ForkServer() as running:
        yield running


@pytest.fixture(scope="module")
def assignment(
    server: ForkServer, trusted: ForkServer, tmp_path_factory: pytest.TempPathFactory
) -> Assignment:
    return course(tmp_path_factory.mktemp("course"), (server, trusted))


@pytest.fixture(scope="module")
def grader(assignment: Assignment, server: ForkServer, trusted: ForkServer) -> Grader:
    return Grader.of(assignment, student_modules(assignment), (server, trusted))


def hand_in(layers: str = LAYERS, net: str = NET) -> Submission:
    files = {"hw/layers.py": layers, "hw/net.py": net}
    return Submission("ada", {name: text.encode() for name, text in files.items()})


def wrong(*lines: str) -> str:
    """Return layers whose affine_backward goes on with these lines."""
    return LAYERS.replace(BACK, textwrap.indent("\n".join([BACK, *lines]), " " * 4).lstrip())


def wrong_net(line: str) -> str:
    return NET.replace(SANDWICH, f"{SANDWICH}\n    {line}")


@pytest.fixture(scope="module")
def graded(grader: Grader, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Results]:
    def grade(*sources: str) -> Results:
        return grader.grade(hand_in(*sources), tmp_path_factory.mktemp("results"))

    return grade


def outcome(results: Results, name: str) -> Outcome:
    return next(item for item in results.outcomes if item.check.name == name)


TWICE = wrong("dx, dw, db = 2 * dx, 2 * dw, 2 * db")
OBJECT = """
class Cache:
    def __init__(self, *parts):
        self.parts = parts
    def __iter__(self):
        return iter(self.parts)
"""
NAMED = """
from collections import namedtuple
Cache = namedtuple("Cache", "x w b")
"""
# What is wrong in affine_backward, and the points of 4 that a right sandwich earns on it: half of
# every gradient that is wrong, all of the others.
MISTAKES = {
    "a factor in all": (TWICE, 2),
    "a factor in one": (wrong("dw = dw / len(x)"), 4 * (2 + 1 / 2) / 3),
    "transposed, of the same shape": (wrong("dx, dw = dout @ w, dw.T"), 4 * (1 + 1) / 3),
    "no upstream gradient": (wrong("dw = x.T @ np.ones_like(dout)"), 4 * (2 + 1 / 2) / 3),
    "the sign, and changed in place": (
        LAYERS.replace("x, w, b = cache", "x, w, b = cache; dout *= -1"),
        2,
    ),
    "one gradient never filled in": (wrong("dw, db = 2 * dw, 0 * db"), 4 * (1 + 1 / 2) / 3),
    "gradients of another shape": (wrong("dx, dw, db = dx[:3], dw[:3], db[:3]"), 2),
    "a cache that is an object": (TWICE.replace("b, (x, w, b)", "b, Cache(x, w, b)") + OBJECT, 2),
    "a cache with names": (
        TWICE.replace("b, (x, w, b)", "b, Cache(x, w, b)").replace(
            "= cache", "= cache.x, cache.w, 0"
        )
        + NAMED,
        2,
    ),
}


@pytest.mark.parametrize(("layers", "points"), MISTAKES.values(), ids=MISTAKES)
def test_a_right_sandwich_on_wrong_layers_earns_half_of_what_hangs_on_them(
    graded: Callable[..., Results], layers: str, points: float
) -> None:
    found = outcome(graded(layers), "sandwich")
    assert found.score == pytest.approx(points, abs=1e-3)
    assert (found.status, found.hangs_on) == ("partial", ("affine_backward",))
    assert found.text.splitlines()[1].startswith(
        "Your code here is right given your own `affine_backward`, which is wrong; mend that "
        f"first: {4 - found.score:.4g} of 4 points hang on it."
    )


def test_what_is_left_to_mend_is_still_said(graded: Callable[..., Results]) -> None:
    text = outcome(graded(wrong("dw, db = 2 * dw, 0 * db")), "sandwich").text
    assert "db: largest error" in text
    assert "dw: largest error" not in text


def test_a_net_hangs_on_the_same_root(graded: Callable[..., Results]) -> None:
    results = graded(TWICE)
    net = outcome(results, "gradients")
    assert net.hangs_on == ("affine_backward",)
    assert net.score == 6 * 0.25
    (line,) = results.staff
    assert line == (
        "Root defect: affine_backward; 6.5 points hang on it (sandwich 2, gradients 4.5)."
    )


NOTHING = {
    "right layers, wrong sandwich": (LAYERS, wrong_net("dx, dw, db = -dx, 3 * dw, 3 * db")),
    "both wrong": (TWICE, wrong_net("dx, dw, db = -dx, 3 * dw, 3 * db")),
    "one mistake of the sandwich's own": (TWICE, wrong_net("dw = 3 * dw")),
    "zeros": (wrong("dx, dw, db = 0 * dx, 0 * dw, 0 * db"), NET),
    "nan": (wrong("dx, dw, db = np.nan * dx, np.nan * dw, np.nan * db"), NET),
    "always the same": (
        wrong(
            "dx, dw, db = (np.arange(g.size, dtype=float).reshape(g.shape) for g in (dx, dw, db))"
        ),
        NET,
    ),
    "what came in is handed back": (wrong("dx, dw, db = x, w, b"), NET),
    "a multiple of it": (wrong("dx, dw, db = -x, 3 * w, b / 7"), NET),
    "a sandwich and layers that hand back": (
        wrong("dx, dw, db = x, w, b"),
        wrong_net("dx, dw, db = affine_cache"),
    ),
    "layers that raise": (wrong("raise ValueError"), NET),
    "layers that exit": (wrong("raise SystemExit"), NET),
    "layers that raise the second time": (
        TWICE.replace("x, w, b = cache", "x, w, b = cache; raise_later()")
        + "\nCALLS = []\n\ndef raise_later():\n    CALLS.append(1)\n    assert len(CALLS) < 2\n",
        NET,
    ),
    "a crash of the sandwich's own": (TWICE, wrong_net("raise ValueError")),
    "nothing but an empty sandwich": (TWICE, wrong_net("dx, dw, db = 0 * dx, 0 * dw, 0 * db")),
}


@pytest.mark.parametrize(("layers", "net"), NOTHING.values(), ids=NOTHING)
def test_nothing_else_earns(graded: Callable[..., Results], layers: str, net: str) -> None:
    results = graded(layers, net)
    found = outcome(results, "sandwich")
    assert (found.score, found.hangs_on) == (0, ())
    assert not results.broken


# A frame as a worker of the reference sends it while it answers.
ASK = b"".join(
    codec.encode(
        {"ask": {"module": "hw.layers", "name": "relu_backward", "args": [], "kwargs": {}}}
    )
)


def test_a_students_worker_that_asks_breaks_the_protocol(graded: Callable[..., Results]) -> None:
    results = graded(wrong("import os", f"os.write(3, {ASK!r})"))
    assert outcome(results, "sandwich").status == "protocol broken"
    assert outcome(results, "sandwich").score == 0


def test_layers_do_not_meet_the_references_net(
    graded: Callable[..., Results],
) -> None:
    spy = """
    from pathlib import Path
    texts = [path.read_text() for path in Path(__file__).parents[1].rglob("*.py")]
    assert any("MINE" in text for text in texts)
    assert not any("Two layers" + "; the loss" in text for text in texts)
    dx, dw, db = 2 * dx, 2 * dw, 2 * db
    """
    mine = NET.replace("Two layers; the loss", "MINE")
    assert outcome(graded(wrong(textwrap.dedent(spy).strip()), mine), "sandwich").score == 2


class TestTheOutcome:
    def test_explain_says_the_same(self, grader: Grader, graded: Callable[..., Results]) -> None:
        told = explain(grader, hand_in(TWICE), "gradients").outcome
        assert told == replace(outcome(graded(TWICE), "gradients"), seconds=0.0)

    def test_results_and_report_name_the_root(
        self, assignment: Assignment, grader: Grader, tmp_path: Path
    ) -> None:
        results = grader.grade(hand_in(TWICE), tmp_path)
        table = json.loads((tmp_path / "results.json").read_text())
        assert "2 of 4 points hang on it" in table["tests"][3]["output"]
        assert "Root defect" not in json.dumps(table)
        (note,) = json.loads((tmp_path / "staff.json").read_text())["notes"]
        assert note.startswith("Root defect: affine_backward; 6.5 points hang on it")
        assert note in page(assignment, [results])

    def test_a_root_that_students_do_not_see_is_not_named_to_them(
        self, grader: Grader, tmp_path: Path
    ) -> None:
        found = outcome(
            _changed(grader, visibility="hidden").grade(hand_in(TWICE), tmp_path), "sandwich"
        )
        assert "affine_backward" not in found.text
        assert "given your own layers, one of which is wrong" in found.text
        assert found.hangs_on == ("affine_backward",)

    def test_all_of_the_share_may_follow(self, grader: Grader, tmp_path: Path) -> None:
        results = _changed(grader, follow=1).grade(hand_in(TWICE), tmp_path)
        found = outcome(results, "sandwich")
        assert (found.status, found.score) == ("earned", 4)
        assert "mend that first." in found.text

    def test_without_time_left_nothing_is_tried(
        self, grader: Grader, graded: Callable[..., Results]
    ) -> None:
        suite, recording = grader.suites[-1]
        check = suite.checks[2]

        def open_session(*_: Any) -> CheckSession:
            raise AssertionError("nothing may run")

        late = Follower(check, open_session, grader.trusted, grader.limits, end=time.monotonic())
        before = {item.check.name: item for item in graded(TWICE).outcomes}
        first = Outcome(check, "missed", findings=before["sandwich"].findings)
        found = follow_through(late, first, before, recording.checks["sandwich"][:2])
        assert (found.score, found.hangs_on) == (0, ())
        assert "No follow-through: no time was left" in found.staff


def _changed(grader: Grader, **words: Any) -> Grader:
    """Return a grader whose check of affine_backward or sandwich says something else."""
    name = "affine_backward" if "visibility" in words else "sandwich"
    suite, recording = grader.suites[-1]
    other = Suite(suite.name)
    other.checks = [replace(c, **words) if c.name == name else c for c in suite.checks]
    return replace(grader, suites=((other, recording),))


def test_the_page_on_writing_checks_says_what_a_student_reads(
    server: ForkServer, trusted: ForkServer
) -> None:
    check = CHECKS["two_backward"]
    reference = Staged({"layers.py": MODULE.encode()}, {"layers": "layers"})
    factor = MODULE.replace(
        "return dout @ w.T, x.T @ dout,", "dout = 2 * dout\n    return dout @ w.T, x.T @ dout,"
    )
    staged = replace(reference, files={"layers.py": factor.encode()})
    limits = Limits()
    draws = tuple(drawn(check, seed, limits, reference, (server, trusted)) for seed in (1, 2))
    root = Outcome(CHECKS["affine_backward"], "missed")
    with closing(Workers(server, staged)) as workers:
        examiner = Examiner(server, (trusted, reference), staged, "", workers)
        recording = Recording({check.name: draws}, "00")
        found = examiner.examine(check, recording, limits, {root.check.name: root})
    assert found.score == 2
    assert f"> {found.message}\n" in PAGE


class TestAuthors:
    def test_the_course_is_fit_for_students(self, assignment: Assignment) -> None:
        assert steps.verify(assignment) == []

    def test_the_reference_travels_to_gradescope(self, assignment: Assignment) -> None:
        bundle = Bundle.of(assignment, student_modules(assignment), "none")
        assert bundle.reference is not None

    @pytest.mark.parametrize(
        ("layers", "call", "words"),
        [
            ("net", "net.sandwich_forward(x, w, b)[0]", "calls sandwich_forward itself"),
            ("layers.relu", "net.sandwich_forward(x, w, b)[0]", "the reference has not"),
            ("losses", "net.sandwich_forward(x, w, b)[0]", "no module losses"),
            ("layers", "layers.affine_forward(x, w, b)[0]", "calls affine_forward itself"),
            ("net", "layers.affine_forward(x, w, b)[0]", "calls nothing of what `layers` names"),
            ("layers", "net.sandwich_forward(0 * x, w, 0 * b)[0]", "that changes with the draw"),
        ],
    )
    def test_what_cannot_be_followed_is_not_recorded(
        self, assignment: Assignment, grader: Grader, layers: str, call: str, words: str
    ) -> None:
        names: dict[str, Any] = {}
        exec(DECLARED.format(layers=layers, call=call), names)  # noqa: S102 - our own text
        with pytest.raises(AuthorMistake, match=words):
            record(assignment, names["suite"], None, (grader.server, grader.trusted[0]), {})

    @pytest.mark.parametrize(
        ("declared", "words"),
        [
            ({"follows": ["a"]}, "belong together"),
            ({"layers": "layers"}, "belong together"),
            ({"follows": ["b"], "layers": "layers"}, "no earlier check"),
            ({"follows": ["a"], "layers": "layers", "follow": 0}, "at most 1"),
            ({"follows": ["a"], "layers": "layers", "follow": 1.5}, "at most 1"),
        ],
    )
    def test_a_declaration_that_makes_no_sense_is_refused(
        self, declared: dict[str, Any], words: str
    ) -> None:
        suite = Suite("s")
        suite.written("a", points=1, title="A")

        def check(student: object, draw: object) -> None:
            """A title"""

        with pytest.raises(AuthorMistake, match=words):
            suite.check(points=1, question="q", **declared)(check)

    def test_fixed_inputs_prove_nothing(self) -> None:
        suite = Suite("s")
        suite.written("a", points=1, title="A")

        def check(student: object) -> None:
            """A title"""

        with pytest.raises(AuthorMistake, match="inputs from draw"):
            suite.check(points=1, question="q", follows=["a"], layers="layers")(check)


DECLARED = """
from gradlab import Suite

suite = Suite("small")
suite.written("written", points=1, title="Written")


@suite.check(points=1, question="net", follows=["written"], layers="{layers}")
def check(student, expect, draw):
    'A title'
    x, w, b = draw.normal(6, 4), draw.normal(4, 4), draw.normal(4)
    expect.close({{"out": student.{call}}}, max_error=1e-7)
"""
