"""`gradlab verify`: the reference earns everything, the fresh release nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograder.intake import Submission

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from autograder.grade import Grader
    from autograder.outcome import Results
    from gradlab.course import Assignment

__all__ = ["reference_submission", "verify"]


def reference_submission(assignment: Assignment) -> Submission:
    """Return what a student would hand in who had written the reference."""
    files = {name: (assignment.folder / name).read_bytes() for name in assignment.notebooks}
    for name in assignment.modules:
        files[assignment.module_path(name)] = (assignment.source / name).read_bytes()
    for name in assignment.artifacts:
        if (assignment.reference / name).is_file():
            files[name] = (assignment.reference / name).read_bytes()
    return Submission("reference", files)


def verify(
    grader: Grader, assignment: Assignment, release: Mapping[str, bytes], folder: Path
) -> list[str]:
    """Grade the reference and the fresh release; return what is not as it should be.

    Args:
        grader: of the assignment.
        assignment: which one.
        release: the files that students get, by path.
        folder: where the two results are written.
    """
    fresh = Submission("release", dict(release))
    problems = []
    for submission, judge in (
        (reference_submission(assignment), _reference_problems),
        (fresh, _release_problems),
    ):
        place = folder / submission.id
        place.mkdir(parents=True, exist_ok=True)
        problems += judge(grader.grade(submission, place))
    return problems


def _reference_problems(results: Results) -> list[str]:
    return [
        f"the reference gets {outcome.status} in {outcome.check.name}: "
        + (outcome.message or outcome.staff).replace("\n", "; ")
        for outcome in results.outcomes
        if outcome.status not in ("earned", "needs a person")
    ]


def _release_problems(results: Results) -> list[str]:
    problems = []
    for outcome in results.outcomes:
        if outcome.credit:
            problems.append(f"the empty release earns points in {outcome.check.name}")
        elif outcome.status in ("broken", "crashed", "timed out", "protocol broken"):
            problems.append(f"the empty release gets {outcome.status} in {outcome.check.name}")
    return problems
