"""The page on writing checks: its examples run, and say what the page says they say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.autograder.trying import judge, record

if TYPE_CHECKING:
    from autograder.suite import Check

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "writing-checks.md").read_text()
MODULE, *EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
MESSAGE, ANSWERS = re.findall(r"^```text\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
TEXTS = {"hand.txt": ANSWERS}


def checks() -> dict[str, Check]:
    names: dict[str, Any] = {}
    exec(compile("\n".join(EXAMPLES), "writing-checks.md", "exec"), names)  # noqa: S102 - our page
    return {check.name: check for check in names["suite"].checks}


CHECKS = checks()


@pytest.mark.parametrize("name", [name for name, check in CHECKS.items() if check.function])
def test_every_example_runs_and_the_reference_earns_it(name: str) -> None:
    function = CHECKS[name].function
    assert function is not None
    done = judge(function, record(function, MODULE, texts=TEXTS), MODULE, texts=TEXTS)
    assert done.fault is None
    assert done.credit == 1


def test_the_message_is_the_one_that_a_student_reads() -> None:
    function = CHECKS["affine_backward"].function
    assert function is not None
    wrong = MODULE.replace("x.T @ dout, dout", "x.T @ dout / 2, dout")
    assert wrong != MODULE
    done = judge(function, record(function, MODULE), wrong)
    assert done.text == MESSAGE.strip()
    assert done.credit == pytest.approx(2 / 3)


def test_every_verb_is_shown() -> None:
    shown = set(re.findall(r"expect\.(\w+)\(", PAGE))
    assert shown == {
        *("close", "gradients", "slope", "trajectory", "earns", "settings", "leaderboard"),
        *("unchanged", "faster", "without", "answers"),
    }
