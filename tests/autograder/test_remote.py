"""The student's code as a check sees it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from autograder.remote import Held, Outlines, Remote, Student, source_of, value_of
from gradlab.errors import AuthorMistake, StudentFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograder.session import CheckSession

SOURCE = """
import numpy as np

class Net:
    def __init__(self):
        self.params = {"W1": np.zeros(2), "layers": [1, 2]}
    def total(self):
        return self.params["W1"].sum()
    def chain(self):
        return self

def double(x):
    return 2 * x

def change(x):
    x += 1
    return x

def cached(x):
    return x + 1, Net()

def use(x, cache, scale=1):
    return x * scale + cache.total()

def loss_and_grads(x):
    return 0.5, {"W1": x, "b1": [1.0, 2.0]}

def flag():
    return True
"""


@pytest.fixture
def student(session: Callable[..., CheckSession]) -> Student:
    return Student(session(SOURCE, cells=(("cell 1", "x1 = [1, 2]"),)), Outlines())


def test_arrays_go_in_and_read_only_copies_come_out(student: Student) -> None:
    x = np.arange(3.0)
    got = student.work.change(x)
    np.testing.assert_array_equal(got, x + 1)
    np.testing.assert_array_equal(x, np.arange(3.0))
    with pytest.raises(ValueError, match="read-only"):
        got[0] = 5


def test_objects_inside_replies_stay_there_and_go_back(student: Student) -> None:
    out, cache = student.work.cached(np.ones(2))
    assert isinstance(cache, Remote)
    cache.params["W1"] = np.array([3.0, 4.0])
    assert student.work.use(np.ones(1), cache, scale=2)[0] == 9
    np.testing.assert_array_equal(cache.params["W1"], [3, 4])
    np.testing.assert_array_equal(np.asarray(cache.params["layers"]), [1, 2])
    cache.rate = 0.5
    assert value_of(cache.rate) == 0.5
    assert out.shape == (2,)
    assert value_of(cache.chain().total()) == 7


def test_replies_in_containers(student: Student) -> None:
    loss, grads = student.work.loss_and_grads(np.ones(2))
    assert loss == 0.5
    np.testing.assert_array_equal(grads["b1"], [1, 2])


def test_a_reply_can_stay_where_it_is(student: Student) -> None:
    kept = student.keep(student.work.double, np.ones(3))
    assert isinstance(kept, Remote)
    np.testing.assert_array_equal(value_of(kept), 2 * np.ones(3))


def test_an_object_is_no_array(student: Student) -> None:
    _, cache = student.work.cached(np.ones(2))
    for use in (value_of, np.asarray, list):
        with pytest.raises(StudentFault, match="this is a Net"):
            use(cache)


def test_names_of_the_notebook(student: Student) -> None:
    np.testing.assert_array_equal(value_of(student.notebook.x1), [1, 2])
    with pytest.raises(StudentFault, match="'x2'"):
        _ = student.notebook.x2


def test_a_remote_describes_itself(student: Student) -> None:
    assert repr(student.work.double) == "<work.double in the student's process>"
    assert not hasattr(student, "_private")
    assert not hasattr(student.work, "__len__")


def test_seeds_reach_the_students_streams(student: Student) -> None:
    drawn = []
    for _ in range(2):
        student.seed(3)
        drawn.append(value_of(student.work.np.random.rand(3)))
    np.testing.assert_array_equal(*drawn)


def recorded(session: Callable[..., CheckSession], now: str) -> tuple[Student, Outlines]:
    """Return a student whose `f` is `now`, judged by `(array of two, number)`."""
    before = Outlines()
    reference = Student(session("import numpy as np\ndef f(): return np.ones(2), 1.0"), before)
    reference.work.f()
    judging = Outlines(before.seen)
    return Student(session(f"import numpy as np\ndef f(): return {now}"), judging), judging


@pytest.mark.parametrize("now", ["np.ones(2), 1", "[np.ones(2), np.ones(1)]", "([1, 2.5], 1)"])
def test_replies_are_brought_to_the_recorded_kind(
    session: Callable[..., CheckSession], now: str
) -> None:
    student, outlines = recorded(session, now)
    array, number = student.work.f()
    assert (array.dtype, array.shape) == (np.dtype("f8"), (2,))
    assert isinstance(number, (int, float))
    assert outlines.strange == {}


def test_another_kind_ends_the_check_and_another_shape_is_remembered(
    session: Callable[..., CheckSession],
) -> None:
    student, _ = recorded(session, "None")
    with pytest.raises(StudentFault, match=r"work.f\(...\) should be a tuple of 2 .*yours is None"):
        student.work.f()
    student, outlines = recorded(session, "(np.ones(3), 1.0)")
    student.work.f()
    assert "of shape (3,)" in outlines.strange["f"]


def test_more_replies_than_recorded_are_the_authors_mistake(
    session: Callable[..., CheckSession],
) -> None:
    student, _ = recorded(session, "(np.ones(2), 1.0)")
    student.work.f()
    with pytest.raises(AuthorMistake, match="more calls"):
        student.work.f()


@pytest.mark.parametrize(("call", "changed"), [("double", False), ("change", True)])
def test_a_held_array_shows_whether_it_was_changed(
    student: Student, call: str, *, changed: bool
) -> None:
    x = np.arange(3.0)
    held, other = student.hold(x, x)
    getattr(student.work, call)(held)
    assert Held.changed(held) is changed
    assert not Held.changed(other)
    np.testing.assert_array_equal(x, np.arange(3.0))


def test_what_is_kept_goes_back_as_it_is(student: Student) -> None:
    x = student.hold(np.ones(2))
    reply, kept = student.call_and_keep(student.work.cached, x)
    np.testing.assert_array_equal(reply[0], [2, 2])
    kept[1].params["W1"] = np.array([3.0, 4.0])
    assert student.work.use(np.ones(1), kept[1])[0] == 8


def test_a_part_of_a_reply_goes_back_as_the_student_gave_it(
    session: Callable[..., CheckSession],
) -> None:
    source = (
        "import numpy as np\ndef f(): return 1.0, {}\ndef kind(c): return type(c).__name__, str(c)"
    )
    before = Outlines()
    reference = Student(session(source.format("np.ones(3)")), before)
    reference.work.kind(reference.work.f()[1])
    for cache in ("{'mask': [True]}", "(1, 2, 'text')", "np.array([True, False])", "None"):
        student = Student(session(source.format(cache)), Outlines(before.seen))
        kind, text = student.work.kind(student.work.f()[1])
        assert (kind, text) == (type(eval(cache)).__name__, str(eval(cache)))  # noqa: S307


def test_a_part_of_another_kind_cannot_be_handed_on(session: Callable[..., CheckSession]) -> None:
    source = "import numpy as np\ndef f(): return 1.0, {}\ndef g(x): return x"
    before = Outlines()
    reference = Student(session(source.format("{'W': np.ones(3)}")), before)
    reference.work.g(reference.work.f()[1]["W"])
    for grads, words in (("{'W': 'text'}", "yours is a text"), ("{}", r"\['W'\] is missing")):
        student = Student(session(source.format(grads)), Outlines(before.seen))
        with pytest.raises(StudentFault, match=f"{words}; it is needed to go on"):
            student.work.g(student.work.f()[1]["W"])


@pytest.mark.parametrize("nothing", ["None, None", "(), []", "[None, {}]"])
def test_a_pair_of_nothing_is_what_a_later_call_stumbled_over(
    session: Callable[..., CheckSession], nothing: str
) -> None:
    source = "def f(): return {}\ndef g(pair): return pair[1][0]"
    before = Outlines()
    reference = Student(session(source.format("1.0, (2.0,)")), before)
    reference.work.g(reference.work.f())
    student = Student(session(source.format(nothing)), Outlines(before.seen))
    pair = student.work.f()
    with pytest.raises(StudentFault, match=r"work.f\(...\) should be a tuple of 2") as caught:
        student.work.g(pair)
    assert (caught.value.status, caught.value.frames) == ("missed", ("f", "g"))


def test_a_section_can_run_again_and_again(session: Callable[..., CheckSession]) -> None:
    student, outlines = recorded(session, "(np.ones(2), 1.0)")
    section = outlines.section()
    for _ in range(3):
        with section:
            student.work.f()
    with pytest.raises(AuthorMistake, match="more calls"):
        student.work.f()


def test_texts_are_files_or_cells(session: Callable[..., CheckSession]) -> None:
    files = {"hand.txt": "x = 1 \N{MINUS SIGN}\n".encode() + b"\xff" * 200_000}
    student = Student(session(artifacts=files, texts={"q-hand": "x = 2"}), Outlines())
    assert student.text("hand.txt").startswith("x = 1 \N{MINUS SIGN}")
    assert len(student.text("hand.txt")) == 20_000
    assert student.text("q-hand") == "x = 2"
    with pytest.raises(StudentFault, match="q-other was not handed in"):
        student.text("q-other")


def test_the_source_of_a_function(student: Student) -> None:
    text, name = source_of(student.work.Net.total)
    assert name == "Net.total"
    assert "def double(x):" in text
    for other in (student.notebook.x1, student.hold(np.ones(2)), "double"):
        with pytest.raises(AuthorMistake, match=r"student\.MODULE\.function"):
            source_of(other)


def artifact(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def test_artifacts_have_the_prescribed_shapes(session: Callable[..., CheckSession]) -> None:
    arrays: dict[str, Any] = {"W": np.ones((2, 3), np.float32), "words": np.array("id")}
    arrays |= {"yes": np.ones(3, bool), "z": np.ones(3, complex)}
    student = Student(session(artifacts={"best.npz": artifact(**arrays)}), Outlines())
    got = student.artifact("best.npz", {"W": (2, 3)})
    assert got["W"].dtype == np.float64
    assert student.artifact_text("best.npz", "words") == "id"
    assert student.artifact_text("best.npz", "W") == ""
    for shapes, words in (
        ({"W": (3, 2)}, r"of shape \(3, 2\)"),
        ({"yes": (3,)}, r"of shape \(3,\); it is an array of shape \(3,\) of type bool$"),
        ({"z": (3,)}, "of type complex128$"),
        ({"b": (3,)}, "it is missing"),
    ):
        with pytest.raises(StudentFault, match=words):
            student.artifact("best.npz", shapes)


@pytest.mark.parametrize("kind", [np.int8, np.int64, np.uint8, np.uint64, np.float16])
def test_whole_numbers_of_every_type_are_numbers(
    session: Callable[..., CheckSession], kind: type[np.number]
) -> None:
    content = artifact(labels=np.array([3, 0, 9], kind), error=np.array(1, kind))
    student = Student(session(artifacts={"labels.npz": content}), Outlines())
    got = student.artifact("labels.npz", {"labels": ("images",), "error": ()})
    np.testing.assert_array_equal(got["labels"], [3.0, 0.0, 9.0])
    assert got["labels"].dtype == np.float64


@pytest.mark.parametrize(("odd", "word"), [(np.nan, "nan"), (-np.inf, "infinity")])
def test_the_array_that_is_not_finite_is_noted(
    session: Callable[..., CheckSession], odd: float, word: str
) -> None:
    content, outlines = artifact(b1=np.ones(2), W1=np.array([1.0, odd])), Outlines()
    student = Student(session(artifacts={"best.npz": content}), outlines)
    assert not np.isfinite(student.artifact("best.npz", {"b1": (2,), "W1": (2,)})["W1"][1])
    assert outlines.notes == [f"best.npz: W1 holds {word}; did the training diverge?"]
