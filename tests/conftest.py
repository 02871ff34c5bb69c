"""Proofs: tests that are worth more runs than a suite has time for; `make prove` does them all."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PROVING = "GRADLAB_PROVE" in os.environ
ROWS: list[tuple[str, str, float]] = []


@dataclass
class Proof:
    """What a proof did: a line of the table that `make prove` prints."""

    text: str = ""

    def runs(self, quick: int, full: int) -> int:
        """Return how often to try: `quick` in a test run, `full` to prove it."""
        return full if PROVING else quick


@pytest.fixture
def proof(request: pytest.FixtureRequest) -> Iterator[Proof]:
    found, start = Proof(), time.monotonic()
    yield found
    ROWS.append((request.node.name, found.text, time.monotonic() - start))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "proof" in getattr(item, "fixturenames", ()):
            item.add_marker("prove")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not PROVING:
        return
    day = datetime.now(timezone.utc).date()
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    terminalreporter.write_line(f"\nProofs of {day} ({machine})\n")
    terminalreporter.write_line("| proof | what was tried | seconds |\n|---|---|---|")
    for name, text, seconds in ROWS:
        terminalreporter.write_line(f"| {name} | {text} | {seconds:.0f} |")
