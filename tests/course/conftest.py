"""The repository's own course, graded once for all tests of a module."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gradlab.cli import sample, steps
from gradlab.course import Assignment, Course

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def assignment() -> Assignment:
    return Course.find(ROOT).assignment("two_layer_net")


@pytest.fixture(scope="session")
def release(assignment: Assignment) -> Mapping[str, bytes]:
    return steps.release(assignment).files


@pytest.fixture(scope="session")
def graded(
    assignment: Assignment, release: Mapping[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The sample class, graded; the folder of its results."""
    folder = tmp_path_factory.mktemp("class")
    submissions = sample.write_class(assignment, release, folder / "submissions")
    steps.grade(assignment, (submissions,), folder / "results", 2)
    return folder / "results"
