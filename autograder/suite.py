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
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradlab.course import Limits

from gradlab.errors import AuthorMistake, Place

__all__ = ["VISIBILITIES", "Check", "Suite"]

CheckFunction = Callable[..., None]
GIVEN = ("student", "expect", "draw", "reference", "conventions")
NO_CONVENTIONS: Mapping[str, Any] = MappingProxyType({})
# Gradescope's words for when a student sees what came of a check.
VISIBILITIES = ("visible", "hidden", "after_due_date", "after_published")


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
        needs: names of earlier checks; if one of them earned nothing, this one is skipped.
        visibility: one of `VISIBILITIES`.
        tags: words beside the question's.
        bonus: whether the points come on top of the maximum.
        hints: whether students see what a mistake looks like; staff always do.
        follows: names of earlier checks; where one failed, this one is tried again with `layers`
            of the student's own in the reference.
        layers: what the reference borrows then: `module` or `module.function` each.
        follow: the part of its share that a finding earns if it is right given those.
        preloaded: packages without which the check does not exist.
        where: conventions of an edition without which it does not exist, by name.
        conventions: those of the edition that is graded, by name.
    """

    name: str
    title: str
    points: float
    question: str
    function: CheckFunction | None
    limits: tuple[tuple[str, int], ...] = ()
    rubric: str = ""
    needs: tuple[str, ...] = ()
    visibility: str = "visible"
    tags: tuple[str, ...] = ()
    bonus: bool = False
    hints: bool = True
    follows: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    follow: float = 0.5
    preloaded: tuple[str, ...] = ()
    where: tuple[tuple[str, Any], ...] = ()
    conventions: tuple[tuple[str, Any], ...] = ()

    @cached_property
    def takes(self) -> tuple[str, ...]:
        """Which of student, expect, draw, reference and conventions the function asks for."""
        return tuple(inspect.signature(self.function).parameters) if self.function else ()

    @property
    def asks_reference(self) -> bool:
        """Whether the reference has to be there when a submission is graded."""
        return "reference" in self.takes or bool(self.follows)

    @property
    def maximum(self) -> float:
        """What the check adds to the points that can be reached."""
        return 0.0 if self.bonus else self.points

    @property
    def place(self) -> Place | None:
        """Where the function stands."""
        code = getattr(self.function, "__code__", None)
        return Place(code.co_filename, line=code.co_firstlineno) if code else None

    def bounded(self, usual: Limits) -> Limits:
        """Return what the check may use: as usual, but for what it declares."""
        return replace(usual, **dict(self.limits))

    def run(self, **given: Any) -> None:
        """Call the function with what it asks for."""
        if self.function:
            given |= {"conventions": dict(self.conventions)}
            self.function(**{name: given[name] for name in self.takes})

    def among(self, names: Collection[str], conventions: Mapping[str, Any]) -> Check:
        """Return the check in a suite that has, of earlier checks, only those of these names."""
        needs, follows = ([n for n in given if n in names] for given in (self.needs, self.follows))
        layers = self.layers if follows else ()
        bound = replace(self, needs=tuple(needs), follows=tuple(follows), layers=layers)
        return replace(bound, conventions=tuple(conventions.items()))

    def holds(self, conventions: Mapping[str, Any]) -> bool:
        """Say whether the check exists under these conventions.

        Raises:
            AuthorMistake: it asks for a convention that is not there.
        """
        if unknown := [name for name, _ in self.where if name not in conventions]:
            known = ", ".join(conventions) or "none: the assignment has no editions"
            message = f"check {self.name}: no convention {unknown[0]!r} (there are: {known})"
            raise AuthorMistake(message)
        return all(conventions[name] == value for name, value in self.where)


class Suite:
    """The checks of one assignment, in the order in which they were written.

    Args:
        name: the assignment's name.
        hints: whether students see what a mistake looks like; a check can say otherwise.

    Attributes:
        checks: in order.
        left_out: checks that the course does not ask for; see `within`.
    """

    def __init__(self, name: str, *, hints: bool = True) -> None:
        self.name = name
        self.checks: list[Check] = []
        self.left_out: list[Check] = []
        self._hints = hints

    def within(
        self, preload: Collection[str], conventions: Mapping[str, Any] = NO_CONVENTIONS
    ) -> Suite:
        """Return the suite as it is where workers have these packages from the start.

        Args:
            preload: their names; checks that ask for others are left out.
            conventions: of the edition; checks that are for other ones are not there at all.

        Raises:
            AuthorMistake: a check asks for a convention that is not there.
        """
        suite = Suite(self.name, hints=self._hints)
        held = [check for check in self.checks if check.holds(conventions)]
        names = {check.name for check in held}
        for check in held:
            there = set(check.preloaded) <= set(preload)
            bound = check.among(names, conventions)
            (suite.checks if there else suite.left_out).append(bound)
        return suite

    def check(  # noqa: PLR0913 - each is a word of a suite's author
        self,
        *,
        points: float,
        question: str,
        needs: Sequence[CheckFunction | str] = (),
        visibility: str = "visible",
        tags: Sequence[str] = (),
        bonus: bool = False,
        hints: bool | None = None,
        follows: Sequence[CheckFunction | str] = (),
        layers: str | Sequence[str] = (),
        follow: float = 0.5,
        preloaded: Sequence[str] = (),
        where: Mapping[str, Any] = NO_CONVENTIONS,
        **limits: int,
    ) -> Callable[[CheckFunction], CheckFunction]:
        """Return a decorator that adds a check to the suite.

        Args:
            points: at least 0.
            question: the question's name.
            needs: earlier checks, as functions or names; where one earned nothing, this one is
                skipped and its points are lost.
            visibility: one of `VISIBILITIES`: when students see what came of it.
            tags: words beside the question's, for Gradescope.
            bonus: whether the points come on top of the maximum.
            hints: whether students see what a mistake looks like; by default as in the suite.
            follows: earlier checks, as functions or names; where one failed, this one is tried
                again, with the student's own layers in the reference.
            layers: which functions those are: `module` for all of a module, or `module.function`.
            follow: the part of its share that a finding earns that is right given those layers.
            preloaded: packages (`preload` in `assignment.toml`) that it takes; where the course
                does not preload them there is no such check, and its points do not count.
            where: conventions (`[editions.NAME.conventions]` in `assignment.toml`); in editions
                where another one holds there is no such check.
            **limits: for instance `cpu_s=2`; see `gradlab.course.Limits`.

        Raises:
            AuthorMistake: no docstring, a name used twice, a parameter that is not given, or a
                word that is not known.
        """

        def add(function: CheckFunction) -> CheckFunction:
            check = Check(
                name=function.__name__,
                title=(inspect.getdoc(function) or "").partition("\n")[0],
                points=points,
                question=question,
                function=function,
                limits=tuple(limits.items()),
                needs=_names(needs),
                visibility=visibility,
                tags=tuple(tags),
                bonus=bonus,
                hints=self._hints if hints is None else hints,
                follows=_names(follows),
                layers=(layers,) if isinstance(layers, str) else tuple(layers),
                follow=follow,
                preloaded=tuple(preloaded),
                where=tuple(where.items()),
            )
            self._add(check)
            return function

        return add

    def written(
        self,
        name: str,
        *,
        points: float,
        title: str,
        rubric: str = "",
        where: Mapping[str, Any] = NO_CONVENTIONS,
    ) -> None:
        """Add a question that a person grades.

        Args:
            name: the question's name, also the notebook cell's id.
            points: at least 0.
            title: what the student reads.
            rubric: what staff read.
            where: conventions, as in `check`.

        Raises:
            AuthorMistake: a name used twice, or no title.
        """
        asked = tuple(where.items())
        self._add(Check(name, title, points, name, None, rubric=rubric, where=asked))

    def _add(self, check: Check) -> None:
        if not check.title:
            raise AuthorMistake(
                f"check {check.name} needs a docstring: its first line is its title"
            )
        names = [other.name for other in self.checks]
        if check.name in names:
            raise AuthorMistake(f"two checks are called {check.name}")
        if strange := [name for name in check.takes if name not in GIVEN]:
            known = ", ".join(GIVEN)
            raise AuthorMistake(f"check {check.name} asks for {strange[0]}; there are {known}")
        if not 0 <= check.points < float("inf"):
            raise AuthorMistake(f"check {check.name}: its points are a number of at least 0")
        if check.visibility not in VISIBILITIES:
            known = ", ".join(VISIBILITIES)
            raise AuthorMistake(f"check {check.name}: visibility is one of {known}")
        for word, others in (("needs", check.needs), ("follows", check.follows)):
            if later := [name for name in others if name not in names]:
                text = f"check {check.name} {word} {later[0]}, which is no earlier check"
                raise AuthorMistake(text)
        _refuse_following(check)
        self.checks.append(check)


def _names(checks: Sequence[CheckFunction | str]) -> tuple[str, ...]:
    return tuple(n if isinstance(n, str) else n.__name__ for n in checks)


def _refuse_following(check: Check) -> None:
    """Refuse a follow-through that cannot be tried; without other inputs it proves nothing."""
    if bool(check.follows) != bool(check.layers):
        raise AuthorMistake(f"check {check.name}: follows and layers belong together")
    if check.follows and "draw" not in check.takes:
        raise AuthorMistake(f"check {check.name} follows others; it must take inputs from draw")
    if not 0 < check.follow <= 1:
        raise AuthorMistake(f"check {check.name}: follow is above 0 and at most 1")
