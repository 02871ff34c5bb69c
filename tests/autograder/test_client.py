"""`check.py` is put together from modules that then share one set of names."""

from __future__ import annotations

import sys
from collections import Counter
from types import ModuleType
from typing import TYPE_CHECKING, Any

from autograder.client import PARTS, bundle_part, recorded_table, top_names
from autograder.recording import Drawn, Recording
from tests.autograder.trying import record

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_no_part_overwrites_a_name_of_another() -> None:
    counted = Counter(name for path in PARTS for name in top_names(bundle_part(path)))
    assert [name for name, count in counted.items() if count > 1] == []


def test_the_parts_stand_in_an_order_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "from __future__ import annotations\n" + "\n\n".join(map(bundle_part, PARTS))
    module = ModuleType("check_of_parts")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(text, "check.py", "exec"), module.__dict__)  # noqa: S102 - our own text
    assert module.Home


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
