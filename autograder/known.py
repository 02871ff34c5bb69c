"""What typical mistakes give: the outputs of the reference's mutants at one fixed draw of a check.

A failed check asks the student's code once more, at that draw; a mutant that gives the same numbers
names the mistake. So a new kind of mistake gets its hint without code.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.expect import Judge
from autograder.outline import Absent
from autograder.recording import read_tables, write_tables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from autograder.finding import Verdict, Wanted
    from autograder.hints import Context

__all__ = ["NOTHING_KNOWN", "Collected", "Known", "Mistake", "Noting"]

NAME = "mistakes"
NEAR = 1e-6  # relative to the largest entry: the same mistake, summed in another order
MOST_ENTRIES = 4096  # of one value; what is larger is not kept


@dataclass(frozen=True)
class Mistake:
    """What one mistake gives for one finding.

    Attributes:
        sentence: for the student; it does not hold the answer.
        value: numbers, float64.
    """

    sentence: str
    value: np.ndarray

    def gives(self, value: np.ndarray) -> bool:
        """Return whether these are the mistake's numbers."""
        if self.value.shape != value.shape or not np.all(np.isfinite(value)):
            return False
        scale = float(np.max(np.abs(self.value), initial=0.0))
        with np.errstate(over="ignore"):
            return float(np.max(np.abs(self.value - value), initial=0.0)) <= NEAR * scale


@dataclass(frozen=True)
class Known:
    """The mistakes that a suite knows, by check and finding.

    Attributes:
        checks: for each check its findings' mistakes.
        seeds: the draw of each check at which they were recorded.
    """

    checks: Mapping[str, Mapping[str, tuple[Mistake, ...]]] = field(default_factory=dict)
    seeds: Mapping[str, int] = field(default_factory=dict)

    def hints(self, check: str, seed: int, values: Mapping[str, np.ndarray]) -> dict[str, str]:
        """Return a sentence for each finding whose numbers are those of a mistake.

        Args:
            check: its name.
            seed: of the draw at which the student's code was asked.
            values: the student's numbers by finding.
        """
        if self.seeds.get(check) != seed:
            return {}
        known = self.checks[check]
        found = {
            name: next((m.sentence for m in known.get(name, ()) if m.gives(value)), "")
            for name, value in values.items()
        }
        return {name: sentence for name, sentence in found.items() if sentence}

    @classmethod
    def read(cls, folder: Path) -> Known:
        """Return the mistakes kept in `folder`; none if it has none.

        Raises:
            AuthorMistake: the files are not what `write` made.
        """
        path = folder / f"{NAME}.json"
        if not path.exists():
            return cls()
        with read_tables(path, "not known mistakes", "run `gradlab hints NAME`") as (table, arrays):
            checks = {
                check: {
                    name: tuple(
                        Mistake(sentence, arrays[f"{check}/{name}/{number}"])
                        for number, sentence in enumerate(sentences)
                    )
                    for name, sentences in entry["findings"].items()
                }
                for check, entry in table.items()
            }
            return cls(checks, {check: int(entry["seed"]) for check, entry in table.items()})

    def write(self, folder: Path) -> None:
        """Write both files; see `write_tables`."""
        table = {
            check: {
                "seed": self.seeds[check],
                "findings": {name: [m.sentence for m in items] for name, items in known.items()},
            }
            for check, known in self.checks.items()
        }
        arrays = {
            f"{check}/{name}/{number}": mistake.value
            for check, known in self.checks.items()
            for name, items in known.items()
            for number, mistake in enumerate(items)
        }
        write_tables(folder / f"{NAME}.json", table, arrays)


NOTHING_KNOWN = Known()


class Noting(Judge):
    """A judge that keeps the numbers it found wrong.

    Attributes:
        wrong: float64 arrays by finding.
    """

    def __init__(self, wanted: list[Wanted]) -> None:
        super().__init__(wanted)
        self.wrong: dict[str, np.ndarray] = {}

    def _compare(self, wanted: Wanted, value: Any, context: Context | None = None) -> Verdict:
        verdict = super()._compare(wanted, value, context)
        if not verdict.right and (numbers := _numbers(value)) is not None:
            self.wrong[wanted.name] = numbers
        return verdict


def _numbers(value: Any) -> np.ndarray | None:
    array = np.asarray(None if isinstance(value, Absent) else value)
    if array.dtype.kind not in "biuf" or array.size > MOST_ENTRIES:
        return None
    numbers = array.astype(np.float64)
    return numbers if np.all(np.isfinite(numbers)) else None


class Collected:
    """Mistakes as they are found, one for each sentence and different numbers."""

    def __init__(self) -> None:
        self._checks: dict[str, dict[str, list[Mistake]]] = defaultdict(lambda: defaultdict(list))
        self._seeds: dict[str, int] = {}

    def add(self, check: str, seed: int, sentence: str, wrong: Mapping[str, np.ndarray]) -> None:
        """Keep what a mutant with this sentence gave."""
        self._seeds[check] = seed
        for name, value in wrong.items():
            items = self._checks[check][name]
            if not any(item.gives(value) for item in items):
                items.append(Mistake(sentence, value))

    def known(self) -> Known:
        """Return what was kept."""
        checks = {
            check: {name: tuple(items) for name, items in found.items()}
            for check, found in sorted(self._checks.items())
        }
        return Known(checks, self._seeds)
