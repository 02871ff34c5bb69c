"""`check.py` is put together from modules that then share one set of names."""

from __future__ import annotations

import builtins
import dis
import sys
from collections import Counter
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from autograder.client import PARTS, bundle_part, needed_parts, recorded_table, top_names
from autograder.recording import Drawn, Recording
from tests.autograder.trying import record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def test_no_part_overwrites_a_name_of_another() -> None:
    counted = Counter(name for path in PARTS for name in top_names(bundle_part(path)))
    assert [name for name, count in counted.items() if count > 1] == []


def test_the_parts_stand_in_an_order_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "from __future__ import annotations\n" + "\n\n".join(map(bundle_part, PARTS))
    module = ModuleType("check_of_parts")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(text, "check.py", "exec"), module.__dict__)  # noqa: S102 - our own text
    assert module.Home


VERBS = ("close", "gradients", "without", "answers", "trajectory")


@pytest.mark.parametrize("verb", [*VERBS, "notebook"])
def test_a_suite_gets_the_parts_that_it_needs_and_no_name_is_missing(verb: str) -> None:
    public = (
        f"suite = Suite('tiny')\ndef check(student, expect):\n    expect.{verb}(student.notebook)"
    )
    public = public if verb == "notebook" else public.replace(".notebook", "")
    text = "from __future__ import annotations\n" + "\n\n".join([*needed_parts(public), public])
    everything = sum(len(bundle_part(path)) for path in PARTS)
    assert len(text) < everything
    space: dict[str, Any] = {"__name__": "check_of_needed", "__file__": "check.py"}
    sys.modules["check_of_needed"] = module = ModuleType("check_of_needed")
    module.__dict__.update(space)
    try:
        exec(compile(text, "check.py", "exec"), module.__dict__)  # noqa: S102 - our own text
    finally:
        del sys.modules["check_of_needed"]
    known = {*vars(module), *dir(builtins)}
    assert sorted(set(looked_up(compile(text, "check.py", "exec"))) - known) == []


def looked_up(code: CodeType) -> Iterator[str]:
    """Yield the global names that code and the functions in it look up when they run."""
    for step in dis.get_instructions(code):
        if step.opname == "LOAD_GLOBAL":
            yield str(step.argval)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from looked_up(inner)


def test_the_words_of_verbs_that_a_suite_does_not_use_are_left_out() -> None:
    lean = "\n".join(needed_parts("suite = Suite('tiny')\nexpect.close({})"))
    assert 'class AnswerVerbs:\n    """Not used by these checks."""' in lean
    assert "class Typed" not in lean
    assert "class Typed" in "\n".join(needed_parts("expect.answers({})"))


def test_what_a_name_is() -> None:
    source = "import os\nA = 1\nB: int = 2\nc.d = 3\ndef f(): pass\nclass G: pass\n"
    assert top_names(source) == ["A", "B", "f", "G"]


SOLVED = """
import numpy as np

def forward(x, w):
    return x @ w, (x, w)

def backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout

def losses():
    return [1.0, 0.5, 0.25]
"""
PUBLIC = '''
import numpy as np

suite = Suite("tiny")

@suite.check(points=0, question="layer")
def gradients(student, expect):
    """The gradients are right"""
    x, w = np.arange(6.0).reshape(2, 3), np.ones((3, 2))
    work, dout = student.work, np.array([[1.0, 2.0], [3.0, 5.0]])
    expect.gradients(
        work.forward, {"x": x, "w": w}, backward=work.backward, dout=dout, max_error=1e-7
    )
    expect.without(work.forward, loops=True)
    held = student.hold(x)
    work.forward(held, w)
    expect.unchanged({"x": held})

@suite.check(points=0, question="losses")
def history(student, expect):
    """The losses are right"""
    expect.trajectory("losses", student.work.losses(), max_error=1e-7)
    expect.earns("share", 1, 1, Threshold(50))
'''


def at_home(folder: Path, work: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return `check.py`'s Home for the module `work`, recorded with `SOLVED`."""
    (folder / "work.py").write_text(work)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "work", raising=False)
    parts = "from __future__ import annotations\n" + "\n\n".join(map(bundle_part, PARTS))
    module = ModuleType("check_at_home")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(parts + PUBLIC, "check.py", "exec"), module.__dict__)  # noqa: S102 - our own text
    checks = {}
    for check in module.suite.checks:
        wanted, outlines = record(check.function, SOLVED)
        checks[check.name] = (Drawn(0, tuple(wanted), tuple(outlines.seen)),)
    recorded = recorded_table(Recording(checks, ""))
    return module.Home(module.Homework(module.suite, "At home", recorded, {"work": "work"}), folder)


def test_the_verbs_work_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert at_home(tmp_path, SOLVED, monkeypatch).check()
    assert "2 of 2 right" in capsys.readouterr().out


def test_mistakes_are_told_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slip = "out = dout @ w.T, x.T @ dout / 2\n    dout *= 2\n    return out"
    wrong = SOLVED.replace("return dout @ w.T, x.T @ dout", slip)
    assert not at_home(tmp_path, wrong, monkeypatch).check()
    said = capsys.readouterr().out
    assert "2 times too small" in said
    assert "dout is changed by your code" in said
    assert "1 of 2 right" in said
