"""`gradlab verify`: what makes an assignment unfit for students is named, one sentence each."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from autograder import verify
from autograder.outcome import Outcome
from autograder.stubs import stub
from autograder.suite import Check
from gradlab.cli import commands, steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlab.course import Assignment

    Make = Callable[..., Assignment]


def test_a_good_assignment_has_no_problems(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    make()
    with pytest.raises(SystemExit) as caught:
        commands.main(["verify"])
    assert caught.value.code == 0
    assert "the reference earns everything, what is empty nothing" in capsys.readouterr().out


def test_a_check_that_zeros_pass_is_named(make: Make) -> None:
    problems = steps.verify(make(mean="0 * student.toy.mean_square(draw.normal(3, 4))"))
    assert "code that returns zeros earns points in mean_square" in problems
    assert "code that returns ones earns points in mean_square" in problems
    assert not any("affine" in problem for problem in problems)


def test_a_check_that_takes_most_of_its_memory_is_named(make: Make) -> None:
    (problem,) = steps.verify(
        make(
            mean="student.toy.mean_square(draw.normal(700, 700))",
            limits='question="mean square", memory_mb=20',
        )
    )
    assert problem.startswith("mean_square is out of memory with a third of its limits")


def test_a_check_that_holds_for_the_recorded_seeds_alone_is_named(make: Make) -> None:
    known = "from pathlib import Path\n\nKNOWN = Path(__file__).with_name('known')\n"
    luck = " / (not KNOWN.exists() or str(draw.seed) in KNOWN.read_text().split())"
    mean = f"student.toy.mean_square(draw.normal(3, 4)){luck}"
    assignment = make(head=f"from gradlab import Suite\n{known}", mean=mean)
    table = json.loads((assignment.folder / "expected/checks.json").read_text())
    seeds = [draw["seed"] for draw in table["checks"]["mean_square"]]
    (assignment.folder / "known").write_text(" ".join(map(str, seeds)))
    problems = steps.verify(assignment)
    assert problems
    assert all(problem.startswith("with other secret seeds: ") for problem in problems)


def test_a_reference_that_misses_a_check_is_named_and_one_that_waits_for_a_person_is_not() -> None:
    check = Check("scores", "Scores", 1, "scores", None)
    outcomes = [
        Outcome(check, "earned", Fraction(1)),
        Outcome(check, "needs a person"),
        Outcome(check, "missed", message="too\nfar"),
    ]
    found = list(verify.short_of_all("the reference", outcomes))
    assert found == ["the reference gets missed in scores: too; far"]


def test_what_is_empty_must_not_crash_and_public_checks_do_not_count() -> None:
    check, public = Check("a", "A", 1, "a", None), Check("b", "B", 0, "a", None)
    outcomes = [
        Outcome(check, "missed"),
        Outcome(check, "crashed"),
        Outcome(check, "partial", Fraction(1, 2)),
        Outcome(public, "earned", Fraction(1)),
    ]
    found = list(verify.more_than_nothing("it", outcomes))
    assert found == ["it gets crashed in a", "it earns points in a"]


MODULE = '''"""Text."""
from __future__ import annotations

import numpy as np


def pair(x, n):
    x[:] = 5.0
    return {"loss": 3.5, "grads": (x, np.arange(n))}


class Net:
    def loss(self, X):
        return X.sum()

    def given(self):
        return "as it was"
'''


def load(name: str) -> dict[str, object]:
    names: dict[str, object] = {}
    exec(compile(stub(name, MODULE, ["pair", "Net.loss"]), name, "exec"), names)  # noqa: S102
    return names


@pytest.mark.parametrize(
    ("name", "number", "array"),
    [
        ("returns zeros", 0.0, 0.0),
        ("returns ones", 1.0, 1.0),
        ("returns NaN", np.nan, np.nan),
        ("has a constant loss and gradients of zero", 1.0, 0.0),
    ],
)
def test_a_filled_stub_is_right_but_for_its_values(name: str, number: float, array: float) -> None:
    names, x = load(name), np.ones((2, 3))
    found = names["pair"](x, 4)  # type: ignore[operator]
    np.testing.assert_equal(found["loss"], number)
    np.testing.assert_equal(found["grads"][0], np.full((2, 3), array))
    np.testing.assert_equal(found["grads"][1], np.full(4, array))
    assert (x == 1).all()  # the reference ran on a copy


def test_the_other_stubs_do_what_they_say() -> None:
    assert load("returns None")["pair"](1, 2) is None  # type: ignore[operator]
    names = load("returns its input")
    assert names["pair"]("x", 2) == "x"  # type: ignore[operator]
    assert names["Net"]().loss("X") == "X"  # type: ignore[operator]
    assert names["Net"]().given() == "as it was"  # type: ignore[operator]
    with pytest.raises(RuntimeError, match="unfinished"):
        load("fails when it is imported")
