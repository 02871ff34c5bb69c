"""Wrong answers that say they are right earn nothing, and right ones beside them earn all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from autograder.grade import Grader
from autograder.intake import Submission
from autograder.record import drawn
from autograder.recording import Recording
from autograder.session import Staged
from autograder.stage import Plan
from autograder.status import STATUSES
from autograder.suite import Suite
from gradlab.course import Limits
from tests.attacks.attack import attacks, boxes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from autograder.forkserver import ForkServer
    from autograder.outcome import Outcome
    from tests.attacks.attack import Attack
    from tests.attacks.conftest import Servers

    Grade = Callable[[str, Path], dict[str, Outcome]]

LIMITS = Limits(cpu_s=10, wall_s=60, memory_mb=256, reply_mb=8)
RIGHT = "\n\ndef right(x):\n    return 3 * x + 1\n"


def asks_for(suite: Suite, name: str, function: str) -> None:
    """Add a check, of a question of its own and worth one point, that wants `3 * x + 1`."""

    def check(student: Any, expect: Any, draw: Any) -> None:
        answer = getattr(student.work, function)(draw.normal(4))
        expect.close({"answer": answer}, max_error=1e-9)

    check.__name__, check.__doc__ = name, f"{name} is right"
    suite.check(points=1, question=name)(check)


def suite_of(names: list[str]) -> Suite:
    """Return a suite in which the right answer is asked for after every wrong one."""
    suite = Suite("attacks")
    for name in names:
        asks_for(suite, name, name)
        asks_for(suite, after(name), "right")
    return suite


def after(name: str) -> str:
    return f"right_after_{name}"


def grader_of(names: list[str], server: ForkServer, trusted: ForkServer) -> Grader:
    suite = suite_of(names)
    reference = RIGHT + "".join(f"{name} = right\n" for name in names)
    staged = Staged({"work.py": reference.encode()}, {"work": "work"})
    checks = {c.name: (drawn(c, 7, LIMITS, staged, (trusted, trusted)),) for c in suite.checks}
    plan = Plan({"work": "work"}, {}, ("work.py",), (), ())
    suites = ((suite, Recording(checks, "00" * 32)),)
    return Grader(suites, plan, LIMITS, 600, server, (trusted, staged))


def submission(path: Path, more: str = "") -> Submission:
    return Submission("mallory", {"work.py": f"{path.read_text()}{RIGHT}{more}".encode()})


def graded(grader: Grader, handed_in: Submission, folder: Path) -> dict[str, Outcome]:
    """Grade as for a class; what is written steers no terminal."""
    results = grader.grade(handed_in, folder)
    assert results.finished
    assert all(b"\x1b" not in file.read_bytes() for file in folder.iterdir())
    return {outcome.check.name: outcome for outcome in results.outcomes}


@pytest.fixture(scope="session")
def grade(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Grade:
    """Return a function that grades all attacks of a file as one submission, once a level."""
    done: dict[tuple[str, Path], dict[str, Outcome]] = {}

    def once(box: str, path: Path) -> dict[str, Outcome]:
        if (box, path) not in done:
            names = [a.name for a in attacks("marks") if a.module == path]
            grader = grader_of(names, servers.at(box), servers.at("split"))
            done[box, path] = graded(grader, submission(path), tmp_path_factory.mktemp("out"))
        return done[box, path]

    return once


def earns_nothing(outcome: Outcome) -> bool:
    """Tell whether it is a zero, and a student's: a broken grader would be a way out."""
    return outcome.credit == 0 and STATUSES[outcome.status].blame == "student"


def test_a_wrong_answer_earns_nothing(attack: Attack, box: str, grade: Grade) -> None:
    outcome = grade(box, attack.module)[attack.name]
    assert earns_nothing(outcome), (outcome.status, outcome.for_staff)


def test_a_right_answer_beside_it_earns_all(attack: Attack, box: str, grade: Grade) -> None:
    outcome = grade(box, attack.module)[after(attack.name)]
    assert (outcome.status, outcome.score) == ("earned", 1.0), outcome.for_staff


@pytest.mark.parametrize("rank", [0, pytest.param(-1, marks=pytest.mark.slow)])
def test_nor_does_it_when_it_strikes_at_import(
    attack: Attack, rank: int, servers: Servers, tmp_path: Path
) -> None:
    box = list(boxes())[rank]  # the strongest, the weakest
    grader = grader_of([attack.name], servers.at(box), servers.at("split"))
    handed_in = submission(attack.module, f"{attack.name}(np.zeros(4))\n")
    outcome = graded(grader, handed_in, tmp_path)[attack.name]
    assert earns_nothing(outcome), (outcome.status, outcome.for_staff)
