"""Notebook cells without a notebook: what a name depends on, and whole notebooks in order."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import pytest

from autograder.box.figures import MOST_FIGURES, take_figures
from autograder.box.notebook import LostNameError, define, run_cell
from autograder.box.stand_ins import Nothing
from autograder.cells import run_cells
from gradlab.course import Limits
from gradlab.errors import StudentFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograder.session import CheckSession

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


def labelled(*cells: str) -> tuple[tuple[str, str], ...]:
    return tuple((f"cell {n}", cell) for n, cell in enumerate(cells, 1))


def run(*cells: str, wanted: str = "x") -> tuple[dict[str, Any], list[str]]:
    names: dict[str, Any] = {"__name__": "__main__"}
    return names, define(names, labelled(*cells), wanted)


def run_all(*cells: str) -> tuple[dict[str, Any], list[str]]:
    names: dict[str, Any] = {"__name__": "__main__"}
    return names, [line for one in labelled(*cells) for line in run_cell(names, *one, seconds=5)]


@pytest.mark.parametrize(
    "cell",
    [
        "x = 3",
        "x: int = 3",
        "y, (x, *z) = 1, (3, 4, 5)",
        "for x in range(4): pass",
        "with open('/dev/null') as f:\n    x = 3",
        "x = 1\nx += 2",
        "if (x := 3): pass",
        "try:\n    x = 3\nfinally: pass",
        "x = [1]\nx.append(2)\nx = sum(x)",
        "import math as x\nx = 3",
        "def helper():\n    return late\nlate = 3\nx = helper()",
        "a = 1\nb = a + 1\nx = a + b",
        "x = {}\nx['a'] = 3\nx = x['a']",
        "class Box: pass\nbox = Box()\nbox.x = 3\nx = box.x",
        "x = 1\nx = 3",
        "%time x = 3",
        "async def f(): return 3\nx = await f()",
        "import asyncio\nx = await asyncio.sleep(0, 3)",
        "def f(a: list[int]): return f.__annotations__['a']\nx = 3 if f(1) == list[int] else 0",
    ],
)
def test_every_way_to_give_a_name_its_value(cell: str) -> None:
    for names, failed in (run(cell), run_all(cell)):
        assert names["x"] == 3
        assert failed == []


def test_only_what_the_name_depends_on_runs() -> None:
    names, failed = run(
        "import math\nlog = []",
        "def train(rate):\n    log.append(rate)\n    return rate",
        "net = train(0.1)\nbad = 1 / 0\nx = {'rate': 0.5}",
        "accuracy = train(0.2)",
    )
    assert names["x"] == {"rate": 0.5}
    assert names["math"]
    assert callable(names["train"])
    assert not {"net", "bad", "accuracy"} & names.keys()
    assert failed == []


def test_what_it_depends_on_may_stand_in_other_cells() -> None:
    names, _ = run("rate = 2", "rate *= 2", "np = None", "x = {'rate': rate}", "rate = 9")
    assert names["x"] == {"rate": 4}
    assert "np" not in names


def test_a_failing_import_or_cell_does_not_stop_the_others() -> None:
    cells = (
        "import no_such_module\nimport math",
        "x = 1\nx = (",
        "import math\nx = math.floor(3.5)",
    )
    names, failed = run(*cells)
    assert names["x"] == 3
    missing = "cell 1: line 1: ModuleNotFoundError: No module named 'no_such_module' - "
    assert failed[0] == "cell 2: line 2: SyntaxError: '(' was never closed"
    assert failed[1].startswith(missing + "`no_such_module` is not available here")
    names, failed = run_all(*cells)
    assert names["x"] == 3
    assert [line.split(": ")[:2] for line in failed] == [["cell 1", "line 1"], ["cell 2", "line 2"]]


def test_settings_assigned_twice_are_the_last_ones_that_worked() -> None:
    names, failed = run("x = 1", "x = 2", "x = undefined")
    assert names["x"] == 2
    assert failed == ["cell 3: line 1: NameError: name 'undefined' is not defined"]


@pytest.mark.parametrize("text", ["exit(1)", "raise KeyboardInterrupt", "1 / 0", "return 3"])
def test_a_failing_statement_is_passed_over(text: str) -> None:
    names, failed = run(f"x = 3\nif x: {text}; x = 4\nx += 1")
    assert names["x"] == 4
    assert failed[0].startswith("cell 1: line 2: ")


# Cells, of which one fails that gives `g`, which `f` uses.
LOST = {
    "import error": (
        ("from work import g\nimport math", "cell 1: line 1: SyntaxError: "),
        ("import math\nimport no_such as g", "cell 1: line 2: ModuleNotFoundError: "),
        ("from work import *", "cell 1: line 1: SyntaxError: "),
        ("h = 1\ng = 3\nbad = (", "cell 1: line 3: SyntaxError: "),
        ("def g(x):\n    return x +", "cell 1: line 2: SyntaxError: "),
        ("from math import (\n    floor as g,\n)\nx = [", "cell 1: line 4: SyntaxError: "),
    ),
    "raised": (
        ("g = 1 / 0", "cell 1: line 1: ZeroDivisionError"),
        ("bad = no_such_name", "name 'g' is not defined (in f)"),
        ("bad = (g == 3", "name 'g' is not defined (in f)"),
        ("bad = [\ng != 3", "name 'g' is not defined (in f)"),
        ("g(bad=3", "name 'g' is not defined (in f)"),
    ),
    "not implemented": (
        ("def later(): raise NotImplementedError\ng = later()", "cell 1: line 2: NotImpl"),
    ),
}


@pytest.mark.parametrize("way", ["definitions", "all"])
@pytest.mark.parametrize(
    ("status", "cell", "words"),
    [(status, *case) for status, cases in LOST.items() for case in cases],
)
def test_a_name_that_a_failed_cell_would_have_given_is_blamed_on_that_cell(
    session: Callable[..., CheckSession], way: str, status: str, cell: str, words: str
) -> None:
    one = session("def g(:", cells=labelled(cell, "def f():\n    return g"), run=way)
    one.define("f")
    with pytest.raises(StudentFault) as caught:
        one.ask("call", target=_name("f"), args=[], kwargs={})
    assert caught.value.status == status
    assert "name 'g' is not defined" in caught.value.message
    assert words in caught.value.message
    assert caught.value.frames == ("f",)


def test_a_modules_syntax_error_says_in_which_file(session: Callable[..., CheckSession]) -> None:
    one = session("\n\ndef g(:", cells=labelled("x = 1", "from work import g\nx = g"))
    with pytest.raises(StudentFault) as caught:
        one.define("g")
    assert caught.value.status == "import error"
    assert "cell 2: line 1: SyntaxError: " in caught.value.message
    assert "(work.py, line 3)" in caught.value.message


def test_a_name_of_a_module_is_not_blamed_on_the_notebook(
    session: Callable[..., CheckSession],
) -> None:
    one = session(
        "def f():\n    return g", cells=labelled("from no_such import g", "from work import f")
    )
    one.define("f")
    with pytest.raises(StudentFault, match=r"^NameError: name 'g' is not defined \(in f\)$"):
        one.ask("call", target=_name("f"), args=[], kwargs={})


def test_a_name_that_another_cell_gives_is_not_lost() -> None:
    names, failed = run("from no_such import g", "g = 3", "x = g")
    assert names["x"] == 3
    assert len(failed) == 1


def test_a_name_lost_with_its_cell_is_no_ordinary_name_error() -> None:
    with pytest.raises(LostNameError, match="cell 1: line 2: SyntaxError"):
        run("x = 1\ny = (")
    with pytest.raises(NameError) as caught:
        run("x = 1 / 0")
    assert caught.type is NameError


@pytest.mark.parametrize(
    ("cell", "words"),
    [("y = 3", "gives 'x' no value$"), ("x = 1 / 0", "cell 1: line 1: ZeroDivisionError")],
)
def test_a_name_without_a_value_says_why(cell: str, words: str) -> None:
    with pytest.raises(NameError, match=words):
        run(cell)


def test_a_failure_names_the_line_of_the_cell_that_called() -> None:
    _, failed = run_all("def f():\n    return 1 / 0", "y = 1\n\nfor i in range(2):\n    f()")
    assert failed == ["cell 2: line 4: ZeroDivisionError: division by zero"]


@pytest.mark.parametrize(
    "definition",
    [
        "class E(Exception):\n    def __str__(self): return 1 / 0",
        "class M(type):\n    __name__ = 3\nclass E(Exception, metaclass=M): pass",
        "class E(Exception):\n    def __str__(self): return 3",
    ],
)
def test_an_exception_that_cannot_be_shown_is_named(definition: str) -> None:
    _, failed = run(definition, "x = 3", "def f(): raise E", "x = f()")
    assert failed == ["cell 4: line 1: E"]


def test_a_long_message_is_cut() -> None:
    _, (line,) = run_all("raise ValueError('x' * 10_000)")
    assert len(line) < 400


def test_python_2_in_a_cell_is_named() -> None:
    _, (line,) = run_all("x = 1\nprint x")
    assert line.startswith("cell 1: line 2: SyntaxError: Missing parentheses")
    assert "this is Python 2: print x" in line


def test_display_and_get_ipython_are_there() -> None:
    cell = "get_ipython().run_line_magic('matplotlib', 'inline')\nx = display(3) or 3"
    names, failed = run(cell)
    assert failed == []
    assert isinstance(names["x"], Nothing)


def test_a_cell_is_interrupted_when_its_time_is_over() -> None:
    names: dict[str, Any] = {}
    (line,) = run_cell(names, "cell 1", "x = 1\nwhile True:\n    x += 1", seconds=0.05)
    assert line.startswith("cell 1: line ")
    assert line.endswith("KeyboardInterrupt: stopped: a cell may compute for 0.05 s")
    assert run_cell(names, "cell 2", "y = x", seconds=0.05) == []
    assert names["y"] > 1


def test_nothing_is_drawn_where_nothing_was_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", Nothing("pyplot"))
    assert take_figures(5) == []
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot")
    assert take_figures(5) == []


def answered(reply: Any) -> Callable[..., Any]:
    return lambda *_, **__: reply


FORGED: list[Any] = [
    *(None, [], {}, {"failed": [], "figures": {}}, {"failed": [3], "figures": []}),
    *({"failed": [], "figures": ["x"]}, {"failed": "xx", "figures": []}),
]


@pytest.mark.parametrize("reply", FORGED)
def test_a_reply_of_another_form_breaks_the_protocol(reply: Any) -> None:
    with pytest.raises(StudentFault) as caught:
        run_cells(answered(reply), labelled("x"), 1)
    assert caught.value.status == "protocol broken"


def picture(width: int, height: int, rest: int = 100) -> bytes:
    return PNG + width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes(rest)


def test_pictures_are_bounded_again_on_this_side() -> None:
    bad = [b"", PNG, b"<svg>", picture(0, 5), picture(9999, 5), picture(5, 5, rest=1 << 20)]
    forged = {"failed": ["x" * 10_000] * 9, "figures": [*bad[:3], picture(5, 5), *bad[3:]]}
    failed, drawn = run_cells(answered(forged), labelled("a", "b"), 1)
    assert [(figure.label, figure.png) for figure in drawn] == [
        ("cell 1", picture(5, 5)),
        ("cell 2", picture(5, 5)),
    ]
    assert [len(line) for line in failed] == [600, 600]
    many = {"failed": [], "figures": [picture(5, 5)] * 100}
    assert len(run_cells(answered(many), labelled("a", "b"), 1)[1]) == MOST_FIGURES


CELLS = (
    "%matplotlib inline\nimport numpy as np\nfrom work import double",
    "net = double(3)",
    "bad = 1 / 0",
    "name = input('who? ')",
    "net += 1",
)


@pytest.mark.parametrize("way", ["all", "tagged"])
def test_a_notebook_runs_in_order_in_its_worker(
    session: Callable[..., CheckSession], way: str
) -> None:
    one = session("def double(x): return 2 * x", cells=labelled(*CELLS), run=way)
    one.define("net")
    assert one.ask("call", target=_name("net", "__int__"), args=[], kwargs={}) == 7
    one.define("np")
    assert "cell 3: line 1: ZeroDivisionError" in one.report()
    assert "input() is refused here" in one.report()
    with pytest.raises(StudentFault, match="gives 'bad' no value; cell 3: line 1: ZeroDiv"):
        one.define("bad")


def _name(*steps: str) -> Any:
    from autograder.box.ref import Ref  # noqa: PLC0415

    return Ref("@notebook", tuple(("attr", step) for step in steps))


DRAWING = """
import matplotlib.pyplot as plt
for n in range({count}):
    plt.figure(figsize=(2, 2)); plt.plot([1, 2])
plt.show()
"""


def test_figures_are_kept_for_staff(session: Callable[..., CheckSession]) -> None:
    limits = Limits(cpu_s=20, wall_s=60, memory_mb=1024)
    cells = labelled("x = 1", DRAWING.format(count=2), "y = 2")
    one = session(cells=cells, run="all", limits=limits)
    one.define("y")
    assert [figure.label for figure in one.figures] == ["cell 2", "cell 2"]
    assert all(figure.png.startswith(PNG) for figure in one.figures)


def test_where_only_definitions_run_nothing_is_drawn(session: Callable[..., CheckSession]) -> None:
    one = session(cells=labelled(DRAWING.format(count=2) + "y = plt"))
    one.define("y")
    assert one.figures == []


def test_a_cell_that_ends_the_worker_ends_the_check(session: Callable[..., CheckSession]) -> None:
    one = session(cells=labelled("import os\nos._exit(3)", "x = 1"), run="all")
    with pytest.raises(StudentFault) as caught:
        one.define("x")
    assert caught.value.status == "exited"


def test_a_slow_cell_leaves_time_for_the_next(session: Callable[..., CheckSession]) -> None:
    limits = Limits(cpu_s=10, wall_s=60, memory_mb=256, cell_s=1)
    cells = labelled("while True: pass", "x = 1")
    one = session(cells=cells, run="all", limits=limits)
    one.define("x")
    assert re.search("cell 1: line 1: KeyboardInterrupt: stopped", one.report())


def test_the_assignments_stand_ins_reach_the_worker(session: Callable[..., CheckSession]) -> None:
    source = "from past.builtins import xrange\ndef f(): return len(xrange(3))"
    one = session(source, stand_ins=("past.builtins",))
    assert one.module("work") == "work"
    with pytest.raises(StudentFault) as caught:
        session(source).module("work")
    assert caught.value.status == "import error"
    assert "`past` is not available here" in caught.value.message


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import tqdn", "`tqdn` is not available here"),
        ("def f():\n    print 'x'", "this is Python 2: print 'x'"),
        ("import numpy as np\nx = np.float(3)", "np.float was removed from numpy; use float."),
    ],
)
def test_a_file_nobody_asks_for_costs_nothing_and_a_needed_one_is_explained(
    session: Callable[..., CheckSession], source: str, words: str
) -> None:
    one = session("x = 1", files={"other.py": source.encode()}, roles={"other": "other"})
    assert one.module("work") == "work"
    with pytest.raises(StudentFault, match=re.escape(words)):
        one.module("other")
