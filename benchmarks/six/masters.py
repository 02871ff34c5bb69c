"""The six questions as masters for otter-grader and nbgrader, made from our own reference.

Functions are those of `solutions/small_net/functions.py`, tests those of `rivals.md`; both graders
get the same cells. What the tests want is computed here, as `gradlab expected` does it for us.
"""

from __future__ import annotations

import ast
import re
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["POINTS", "nbgrader_master", "otter_master", "own_cpu_s", "solved"]

HERE = Path(__file__).resolve().parent
# Points of each question's tests in their order; the public ones are worth nothing.
POINTS = {
    "affine_forward": (0, 3),
    "affine_backward": (0, 4),
    "relu": (0, 2),
    "softmax_loss": (0, 4),
    "two_layer_loss": (0, 4, 1),
    "train": (0, 3),
}
Cell = dict[str, Any]
Notebook = dict[str, Any]


class _Noted(dict[str, Any]):
    """Gives every name as its own value: what stands for the wanted ones while they are noted."""

    def __missing__(self, name: str) -> str:
        return name


@dataclass(frozen=True)
class Exercise:
    """The exercise as text.

    Attributes:
        setup: what stands before the first question.
        functions: the reference by question, with its markers.
        tests: hidden or not, and code, by question.
    """

    setup: str
    functions: Mapping[str, str]
    tests: Mapping[str, tuple[tuple[bool, str], ...]]


def exercise() -> Exercise:
    """Return the exercise, every test with what it wants."""
    module = (HERE / "solutions" / "small_net" / "functions.py").read_text(encoding="utf-8")
    nodes = ast.parse(module).body[2:]  # after docstring and __future__
    parts = [(node, ast.get_source_segment(module, node) or "") for node in nodes]
    functions = {n.name: _with_end(text) for n, text in parts if isinstance(n, ast.FunctionDef)}
    plain = [text for node, text in parts if not isinstance(node, ast.FunctionDef)]
    given, tests = _given()
    setup = "\n".join(["from __future__ import annotations\n", *plain, given])
    space: dict[str, Any] = {}
    exec("\n".join([setup, *functions.values()]), space)  # noqa: S102 - our own text
    wanted = {q: tuple((h, _recorded(code, space)) for h, code in t) for q, t in tests.items()}
    return Exercise(setup, functions, wanted)


def _with_end(function: str) -> str:
    return f"{function}\n    # END SOLUTION"  # a comment, so not in the function's own segment


def _given() -> tuple[str, dict[str, list[tuple[bool, str]]]]:
    """Return the setup and the tests of `rivals.md`."""
    tests: dict[str, list[tuple[bool, str]]] = defaultdict(list)
    text = (HERE / "rivals.md").read_text(encoding="utf-8")
    setup = ""
    for part in text.split("\n## ")[1:]:
        name = part.partition("\n")[0]
        for kind, code in re.findall(r"(?:(\w+):\n\n)?```python\n(.*?)\n```", part, re.DOTALL):
            if kind:
                tests[name].append((kind == "Hidden", code))
            else:
                setup = code
    return setup, dict(tests)


def _recorded(code: str, space: dict[str, Any]) -> str:
    """Return a test with the reference's values in front, after a run against the reference."""
    noted: dict[str, Any] = {}

    def note(value: Any, name: str, _: float) -> None:
        noted[name] = np.asarray(value).tolist()

    exec(code, {**space, "WANTED": _Noted(), "close": note})  # noqa: S102 - our own text
    return f"WANTED = {noted!r}\n{code}"


def otter_master() -> Notebook:
    """Return the master that `otter assign` reads."""
    work = exercise()
    cells = [_raw("# ASSIGNMENT CONFIG", "name: six", "export_cell: false")]
    cells.append(_code(work.setup))
    for name, function in work.functions.items():
        points = ", ".join(map(str, POINTS[name]))
        cells += [
            _raw("# BEGIN QUESTION", f"name: {name}", f"points: [{points}]"),
            _markdown(f"## {name}"),
            *(_raw("# BEGIN SOLUTION"), _code(function), _raw("# END SOLUTION")),
            _raw("# BEGIN TESTS"),
            *(_code(f"# HIDDEN\n{code}" if hidden else code) for hidden, code in work.tests[name]),
            *(_raw("# END TESTS"), _raw("# END QUESTION")),
        ]
    return _notebook(cells)


def nbgrader_master() -> Notebook:
    """Return the master that `nbgrader generate_assignment` reads."""
    work = exercise()
    cells = [_code(work.setup, nbgrader=_nbgrader("setup", locked=True))]
    for name, function in work.functions.items():
        cells += [_markdown(f"## {name}"), _code(function, nbgrader=_nbgrader(name, solution=True))]
        cells += _nbgrader_tests(name, work.tests[name])
    return _notebook(cells)


def _nbgrader_tests(name: str, tests: tuple[tuple[bool, str], ...]) -> Iterator[Cell]:
    for number, ((hidden, code), points) in enumerate(zip(tests, POINTS[name], strict=True)):
        text = f"### BEGIN HIDDEN TESTS\n{code}\n### END HIDDEN TESTS" if hidden else code
        place = _nbgrader(f"{name}-{number}", locked=True, grade=True, points=points)
        yield _code(text, nbgrader=place)


def _nbgrader(name: str, **said: Any) -> dict[str, Any]:
    plain = {"grade": False, "solution": False, "locked": False, "task": False}
    return {"grade_id": name, "schema_version": 3, **plain, **said}


def solved(released: Notebook) -> Notebook:
    """Return a released notebook in which every function is the reference's."""
    functions = exercise().functions
    cells = []
    for cell in released["cells"]:
        name = re.match(r"def (\w+)\(", "".join(cell["source"]))
        text = functions.get(name[1], "") if name else ""
        cells.append({**cell, "source": text} if text else cell)
    return {**released, "cells": cells}


def _notebook(cells: list[Cell]) -> Notebook:
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    numbered = [{**cell, "id": f"cell-{number}"} for number, cell in enumerate(cells)]
    return {
        "cells": numbered,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _raw(*lines: str) -> Cell:
    return {"cell_type": "raw", "metadata": {}, "source": "\n".join(lines)}


def _markdown(text: str) -> Cell:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _code(text: str, **metadata: Any) -> Cell:
    empty: Cell = {"execution_count": None, "outputs": []}
    return {"cell_type": "code", "metadata": metadata, "source": text, **empty}


def own_cpu_s(rounds: int = 20) -> float:
    """Return the CPU seconds that the reference's own code takes in all tests: the median."""
    work = exercise()
    space: dict[str, Any] = {}
    exec("\n".join([work.setup, *work.functions.values()]), space)  # noqa: S102 - our own text
    clock = _Clock()
    timed = {**space, **{name: clock.around(space[name]) for name in work.functions}}
    totals = []
    for _ in range(rounds):
        clock.total = 0.0
        for _, code in (test for tests in work.tests.values() for test in tests):
            exec(code, dict(timed))  # noqa: S102 - our own text
        totals.append(clock.total)
    return float(np.median(totals))


class _Clock:
    """Adds up the CPU seconds of the functions that it is put around."""

    total = 0.0

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that is timed; what it calls itself, in its own module, is not."""

        def call(*given: Any) -> Any:
            start = time.process_time()
            result = function(*given)
            self.total += time.process_time() - start
            return result

        return call
