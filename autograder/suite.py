"""A suite: the checks of one assignment, as decorated functions.

suite = Suite("layers")

@suite.check(points=4, question="affine")
def affine_forward(student, expect, draw):
\"\"\"affine_forward multiplies, adds the bias and keeps the batch apart\"\"\"
x, w, b = draw.normal(10, 2, 3), draw.normal(6, 5), draw.normal(5)
out, _ = student.layers.affine_forward(x, w, b)
expect.close({"out": out}, max_error=1e-7)
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gradlab.errors import AuthorMistake, Place

__all__ = ["Check", "Suite"]

CheckFunction = Callable[..., None]
GIVEN = ("student", "expect", "draw", "reference")


@dataclass(frozen=True)
class Check:
    """One check, as its author declared it.

    Attributes:
        name: the function's name, unique in the suite.
        title: the first line of its docstring: what the student reads.
        points: what it is worth.
        question: the question it belongs to.
        function: what to run; None for a question that a person grades.
        limits: settings of `gradlab.course.Limits` that differ here.
        rubric: for a person: how to grade.
    """

    name: str
    title: str
    points: float
    question: str
    function: CheckFunction | None
    limits: tuple[tuple[str, int], ...] = ()
    rubric: str = ""

    @property
    def needs(self) -> tuple[str, ...]:
        """Which of student, expect, draw and reference the function asks for."""
        return tuple(inspect.signature(self.function).parameters) if self.function else ()

    @property
    def place(self) -> Place | None:
        """Where the function stands."""
        code = getattr(self.function, "__code__", None)
        return Place(code.co_filename, line=code.co_firstlineno) if code else None

    def run(self, **given: Any) -> None:
        """Call the function with what it asks for."""
        if self.function:
            self.function(**{name: given[name] for name in self.needs})


class Suite:
    """The checks of one assignment, in the order in which they were written.

    Args:
        name: the assignment's name.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.checks: list[Check] = []

    def check(
        self, *, points: float, question: str, **limits: int
    ) -> Callable[[CheckFunction], CheckFunction]:
        """Return a decorator that adds a check to the suite.

        Args:
            points: at least 0.
            question: the question's name.
            **limits: for instance `cpu_s=2`; see `gradlab.course.Limits`.

        Raises:
            AuthorMistake: no docstring, a name used twice, or a parameter that is not given.
        """

        def add(function: CheckFunction) -> CheckFunction:
            title = (inspect.getdoc(function) or "").partition("\n")[0]
            name = function.__name__
            self._add(Check(name, title, points, question, function, tuple(limits.items())))
            return function

        return add

    def written(self, name: str, *, points: float, title: str, rubric: str = "") -> None:
        """Add a question that a person grades.

        Args:
            name: the question's name, also the notebook cell's id.
            points: at least 0.
            title: what the student reads.
            rubric: what staff read.

        Raises:
            AuthorMistake: a name used twice, or no title.
        """
        self._add(Check(name, title, points, name, None, rubric=rubric))

    def _add(self, check: Check) -> None:
        if not check.title:
            raise AuthorMistake(
                f"check {check.name} needs a docstring: its first line is its title"
            )
        if any(other.name == check.name for other in self.checks):
            raise AuthorMistake(f"two checks are called {check.name}")
        if strange := [name for name in check.needs if name not in GIVEN]:
            known = ", ".join(GIVEN)
            raise AuthorMistake(f"check {check.name} asks for {strange[0]}; there are {known}")
        if check.points < 0:
            raise AuthorMistake(f"check {check.name} has negative points")
        self.checks.append(check)
