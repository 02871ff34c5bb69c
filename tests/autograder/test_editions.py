"""Which edition a submission is of, and what checks know of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from autograder.editions import recognised
from autograder.intake import Submission
from autograder.stage import Plan, stage
from autograder.suite import Suite
from gradlab.errors import AuthorMistake

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autograder.expect import Expect
    from autograder.remote import Student

    Conventions = Mapping[str, Any]

ROWS = b"""
class Net:
    def __init__(self, D, H):
        self.W1 = np.random.randn(H, D)
"""
COLUMNS = ROWS.replace(b"(H, D)\n", b"(D, H)\n").replace(b"D, H):", b"D, H):")
FUNCTION = b"def net(X, W1):\n    return X\n\n\ndef init_net(D, H):\n    return {}\n"
NOTEBOOK = '{{"cells": [], "metadata": {{"gradlab": {{"assignment": "{}"}}}}}}'


def plan(path: str, content: bytes, release: str) -> Plan:
    return Plan({}, {}, (path,), (), (), released={path: content}, release=release)


PLANS = {
    "rows": plan("nndl/net.py", ROWS, "hw"),
    "columns": plan("cs231n/classifiers/net.py", COLUMNS, "hw-columns"),
    "function": plan("cs231n/classifiers/net.py", FUNCTION, "hw-function"),
    "other-course": plan("hw3code/net.py", ROWS + b"\n\ndef mse(scores):\n    pass\n", "hw-other"),
}


@pytest.mark.parametrize(
    ("files", "edition", "why"),
    [
        ({"nndl/net.py": ROWS}, "rows", "its package is nndl"),
        ({"hw/nndl/net.py": ROWS, "hw/x.ipynb": b"{}"}, "rows", "its package is nndl"),
        ({"cs231n/classifiers/net.py": COLUMNS}, "columns", "its package is cs231n"),
        ({"cs231n/net.py": FUNCTION}, "function", "package is cs231n and it defines init_net, net"),
        ({"net.py": FUNCTION}, "function", "it defines init_net, net"),
        ({"net.py": COLUMNS}, "columns", "it defines Net"),
        ({"net.py": COLUMNS.replace(b" = ", b"=")}, "columns", "it defines Net"),
        ({"net.py": ROWS}, "rows", "it defines Net"),
        ({"hw3code/net.py": ROWS}, "other-course", "its package is hw3code"),
        ({"net.py": ROWS + b"def mse(s): return s\n"}, "other-course", "it defines Net, mse"),
        (
            {"my.ipynb": b'{"source": ["from hw3code.net import Net\\n"]}'},
            "other-course",
            "hw3code",
        ),
        ({"hw.ipynb": NOTEBOOK.format("hw-columns").encode()}, "columns", "was handed out for it"),
        ({"net.py": COLUMNS.decode().encode("utf-16")}, "columns", "it defines Net"),
        ({"x.txt": b"?"}, "rows", "nothing in it says which edition it is, and this is the first"),
        ({}, "rows", "nothing in it says which edition it is"),
    ],
)
def test_an_edition_is_recognised(files: dict[str, bytes], edition: str, why: str) -> None:
    found, reason = recognised(Submission("s", files), PLANS)
    assert (found, why in reason) == (edition, True), reason


@pytest.mark.parametrize("name", ["my_net.py", "final/net (1).py"])
def test_a_module_of_another_name_that_defines_most_of_it_is_taken(name: str) -> None:
    asked = plan("hw/layers.py", b"def a(): pass\ndef b(): pass\ndef _help(): pass\n", "hw")
    staged, notes = stage(Submission("s", {name: b"def b(): return 1\n", "x.py": b"y = 1"}), asked)
    assert staged.files["hw/layers.py"] == b"def b(): return 1\n"
    how = "which defines most of the same names"
    assert notes == [f"hw/layers.py was not handed in; taken instead: {name}, {how}."]


def test_two_files_that_define_as_much_are_named() -> None:
    asked = plan("hw/layers.py", b"def a(): pass\ndef b(): pass\n", "hw")
    files = {"x.py": b"def a(): pass\n", "y.py": b"def b(): pass\n"}
    staged, notes = stage(Submission("s", files), asked)
    assert staged.missing == ("hw/layers.py",)
    assert "it could be one of x.py, y.py: name it" in notes[0]


def test_what_every_student_should_know_comes_first() -> None:
    asked = Plan({}, {}, ("hw/layers.py",), (), (), notes=("Graded as rows.",))
    assert stage(Submission("s", {"layers.py": b""}), asked)[1] == ["Graded as rows."]


def suite_of_two() -> Suite:
    suite = Suite("hw")

    @suite.check(points=2, question="loss", where={"loss": "mse"})
    def mse(student: Student, expect: Expect) -> None:
        """The squared error is right"""

    @suite.check(points=3, question="loss", needs=[mse], follows=[mse], layers="net")
    def loss(student: Any, draw: Any, conventions: Conventions) -> None:
        """The loss is right"""
        student.told(conventions, draw)

    suite.written("why", points=1, title="Why", where={"loss": "softmax", "half": True})
    return suite


@pytest.mark.parametrize(
    ("conventions", "names"),
    [
        ({"loss": "mse", "half": True}, ["mse", "loss"]),
        ({"loss": "softmax", "half": True}, ["loss", "why"]),
        ({"loss": "softmax", "half": False}, ["loss"]),
    ],
)
def test_an_edition_has_the_checks_of_its_conventions(
    conventions: dict[str, Any], names: list[str]
) -> None:
    suite = suite_of_two().within((), conventions)
    assert [check.name for check in suite.checks] == names
    assert suite.left_out == []


def test_checks_of_other_editions_are_not_waited_for() -> None:
    suite = suite_of_two().within((), {"loss": "softmax", "half": False})
    assert (suite.checks[0].needs, suite.checks[0].follows, suite.checks[0].layers) == ((), (), ())
    suite = suite_of_two().within((), {"loss": "mse", "half": False})
    assert (suite.checks[1].needs, suite.checks[1].layers) == (("mse",), ("net",))


def test_a_check_reads_the_conventions() -> None:
    class Told:
        def told(self, conventions: Conventions, draw: str) -> None:
            self.conventions, self.draw = conventions, draw

    held, student = {"loss": "softmax", "half": False}, Told()
    (check,) = suite_of_two().within((), held).checks
    check.run(student=student, expect=None, draw="drawn")
    assert (student.conventions, student.draw) == (held, "drawn")


@pytest.mark.parametrize(
    ("conventions", "known"),
    [({"los": "mse"}, "there are: los"), ({}, "there are: none: the assignment has no editions")],
)
def test_a_convention_that_is_not_there_is_a_mistake(
    conventions: dict[str, Any], known: str
) -> None:
    with pytest.raises(AuthorMistake, match=f"check mse: no convention 'loss' .{known}"):
        suite_of_two().within((), conventions)
