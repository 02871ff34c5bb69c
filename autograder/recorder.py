"""The reference's turn: what a check finds is written down, and refused where it is no measure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from autograder.finding import Finding
    from autograder.hints import Context

from autograder.expect import Expect
from autograder.finding import Verdict, Wanted
from autograder.measure import compare
from gradlab.errors import AuthorMistake

__all__ = ["Recorder"]


class Recorder(Expect):
    """Writes down what the reference gives.

    Attributes:
        findings: in order.
    """

    thorough = True

    def __init__(self) -> None:
        self.findings: list[Wanted] = []
        self._values: dict[str, Wanted] = {}

    def refuse_unearned(self) -> None:
        """Refuse a check that no value could fail.

        Raises:
            AuthorMistake: nothing is expected, or only what withholds.
        """
        if not self.findings:
            raise AuthorMistake("it expects nothing")
        if not any(item.share for item in self.findings if not item.withholds):
            raise AuthorMistake(
                "slope, unchanged, faster and without can only withhold: also expect values"
            )

    def _compare(self, wanted: Wanted, value: Any, context: Context | None = None) -> Verdict:
        if wanted.value is not None:
            verdict = compare(wanted.name, value, wanted.value, wanted.tolerance, context)
            if not verdict.right:
                raise AuthorMistake(f"the reference misses a given value: {verdict.message}")
        given = np.asarray(value if wanted.value is None else wanted.value)
        empty_history = context is not None and context.kind == "history" and not given.size
        if given.dtype.kind not in "biuf" or empty_history:
            raise AuthorMistake(f"the reference gives {wanted.name} without numbers")
        if not np.all(np.isfinite(given)):
            raise AuthorMistake(f"the reference gives {wanted.name} with nan or infinity")
        self._values[wanted.name] = replace(wanted, value=given)
        return Verdict()

    def _found(self, finding: Finding) -> None:
        name = finding.name
        if finding.credit != 1:
            raise AuthorMistake(f"the reference does not earn all of {name}: {finding.message}")
        if any(item.name == name for item in self.findings):
            raise AuthorMistake(f"two findings are called {name}")
        if not 0 <= finding.share < float("inf"):
            raise AuthorMistake(f"{name}: a share is at least 0")
        wanted = self._values.pop(name, Wanted(name, finding.share))
        self.findings.append(replace(wanted, withholds=finding.withholds))
