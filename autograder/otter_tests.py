"""The public checks as otter-grader's tests, so that `grader.check("NAME")` runs them.

The tests ask `check.py`, which lies beside the notebook: they hold names and titles of public
checks, and no value. Otter-grader 7 reads them from the folder `tests` or, where there is none,
from the notebook's metadata, in one of two forms (otter/test_files/ok_test.py, exception_test.py).
"""

from __future__ import annotations

import pprint
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from autograder.suite import Check

from gradlab.errors import AuthorMistake

__all__ = ["otter_files", "otter_metadata"]

EXCEPTION_HEAD = """from otter.test_files import test_case

OK_FORMAT = False
name = {question!r}
"""
EXCEPTION_CASE = """

@test_case(name={title!r}, hidden=False)
def test_{name}(env):
    from check import verdict

    found = verdict({name!r}, env)
    assert found == "right", found
"""
OK_CASE = ">>> print(__import__('check').verdict({name!r}, globals()))\nright"
OK_FILE = "OK_FORMAT = True\n\ntest = {test}\n"


def otter_files(client: str, checks: Iterable[Check]) -> dict[str, bytes]:
    """Return the files of the folder `tests`, one for each question, by path.

    Args:
        client: `otter` for tests in the form of OK, `otter-exceptions` for functions that raise.
        checks: the public ones.

    Raises:
        AuthorMistake: a question's name cannot be a file's.
    """
    ok = client == "otter"
    specs = _specs(client, checks)
    texts = {q: OK_FILE.format(test=_written(s)) if ok else s for q, s in specs.items()}
    return {f"tests/{question}.py": text.encode() for question, text in texts.items()}


def otter_metadata(client: str, checks: Iterable[Check]) -> dict[str, Any]:
    """Return what notebooks carry under `otter` in their metadata; arguments as above."""
    return {"OK_FORMAT": client == "otter", "tests": _specs(client, checks)}


def _specs(client: str, checks: Iterable[Check]) -> dict[str, Any]:
    questions: dict[str, list[Check]] = {}
    for check in checks:
        if not re.fullmatch(r"[a-z]\w*", check.question, re.ASCII):
            message = "for otter a question's name has small letters, digits and _ only"
            raise AuthorMistake(f"question {check.question!r}: {message}")
        questions.setdefault(check.question, []).append(check)
    form = _ok if client == "otter" else _exception
    return {question: form(question, found) for question, found in questions.items()}


def _ok(question: str, checks: Iterable[Check]) -> Mapping[str, Any]:
    cases = [{"code": OK_CASE.format(name=c.name), "hidden": False} for c in checks]
    return {"name": question, "suites": [{"cases": cases, "type": "doctest"}]}


def _exception(question: str, checks: Iterable[Check]) -> str:
    cases = (EXCEPTION_CASE.format(name=c.name, title=c.title) for c in checks)
    return EXCEPTION_HEAD.format(question=question) + "".join(cases)


def _written(spec: Any) -> str:
    return pprint.pformat(spec, indent=1, width=96, sort_dicts=False)
