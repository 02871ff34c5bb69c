"""Verbs that earn nothing and can take points away: unchanged, faster, without."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

from autograder.finding import Finding
from autograder.remote import Held, source_of
from autograder.rules import violations
from autograder.verb import Verb

__all__ = ["WithholdingVerbs"]

ROUNDS = 3


class WithholdingVerbs(Verb):
    """Verbs that can only withhold points of a check that also verifies values.

    Code that does nothing changes nothing, takes no time and has no loop.
    """

    clock: Callable[[], float] = staticmethod(time.perf_counter)

    def unchanged(self, held: Mapping[str, Any], *, share: float = 1) -> None:
        """Expect that the student's code has left its inputs as they were.

        Args:
            held: what `student.hold` gave, by the names that the student reads; one finding each.
            share: what a change costs: as much as an earning finding of this share brings.

        Raises:
            AuthorMistake: something is not held.
        """
        for name, item in held.items():
            message = f"{name}: your code changes it; work on a copy" if Held.changed(item) else ""
            self._withhold(f"{name} unchanged", share, message)

    def faster(
        self,
        name: str,
        fast: Callable[[], Any],
        slow: Callable[[], Any],
        *,
        ratio: float,
        share: float = 1,
    ) -> None:
        """Expect one call to be faster than another, measured here: the best of three rounds.

        The slow one should be the reference's, since a student can wait in their own.

        Args:
            name: what is timed.
            fast: makes the student's call; the time for arrays to travel counts on both sides.
            slow: makes the call that it is compared with.
            ratio: how many times faster it must be; well below what is usual.
            share: what slowness costs, as an earning finding's share.
        """
        best, sections = [float("inf")] * 2, [self._outlines.section() for _ in range(2)]
        for _ in range(ROUNDS):
            for number, call in enumerate((fast, slow)):
                with sections[number]:
                    start = self.clock()
                    call()
                    best[number] = min(best[number], self.clock() - start)
            if best[1] >= ratio * best[0]:
                break
        times = best[1] / max(best[0], 1e-9)
        words = f"{name}: {times:.3g} times as fast as what it is compared with"
        message = "" if times >= ratio else f"{words}; it should be {ratio:g} times as fast"
        self._withhold(f"{name} fast", share, message)

    def without(
        self,
        function: Any,
        *,
        loops: bool = False,
        calls: Sequence[str] = (),
        imports: Sequence[str] = (),
        share: float = 1,
    ) -> None:
        """Expect the source of a function, and of what it calls in the same file, to lack things.

        Args:
            function: `student.MODULE.function` or `student.MODULE.Class.method`.
            loops: whether loops are forbidden.
            calls: names of functions that must not be called, `numpy.linalg.inv` for instance.
            imports: modules that must not be imported.
            share: what a breach costs, as an earning finding's share.

        Raises:
            AuthorMistake: it is not a function of a module.
        """
        source, name = source_of(function)
        found = violations(source, name, loops=loops, calls=calls, imports=imports)
        self._withhold(f"{name} without", share, "\n".join(found))

    def _withhold(self, name: str, share: float, message: str) -> None:
        self._found(Finding(name, share, Fraction(not message), message, withholds=True))
