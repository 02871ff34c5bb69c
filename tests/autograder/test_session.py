"""A submission during a check: modules, notebook, files, and whose fault a failure is."""

from __future__ import annotations

import io
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from autograder.box import codec
from autograder.box.ref import Ref
from autograder.session import CheckSession, Staged
from gradlab.course import Limits
from gradlab.errors import AuthorMistake, GraderFault, StudentFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograder.forkserver import ForkServer

    Make = Callable[..., CheckSession]

QUICK = Limits(cpu_s=1, wall_s=2, memory_mb=256)


def call(session: CheckSession, name: str = "f", module: str = "work") -> Any:
    target = Ref(session.module(module), (("attr", name),))
    return session.ask("call", target=target, args=[], kwargs={})


def forge(number: int, value: Any) -> str:
    frame = b"".join(codec.encode({"ok": True, "id": number, "value": value}))
    return f"import os\nos.write(3, {frame!r})\n"


@pytest.mark.parametrize("name", ["codec", "worker", "objects", "autograder", "server", "box"])
def test_students_may_name_their_modules_like_ours(session: Make, name: str) -> None:
    own = f"from {name} import g\ndef f(): return g()".encode()
    files = {f"{name}.py": b"def g(): return 5", "own.py": own}
    assert call(session(files=files, roles={"own": "own"}), module="own") == 5


def test_a_file_named_numpy_harms_nobody(session: Make) -> None:
    files = {"numpy.py": b"raise ImportError", "numpy/linalg.py": b"", "json.py": b"1 / 0"}
    source = "import json\nimport numpy as np\nimport numpy.linalg\ndef f(): return np.ones(2)"
    np.testing.assert_array_equal(call(session(source, files=files)), np.ones(2))


def test_packages_and_relative_imports_work(session: Make) -> None:
    files = {
        "nndl/__init__.py": b"",
        "nndl/layers.py": b"from .deep.er import g\ndef f(): return g()",
        "nndl/deep/er.py": b"def g(): return __name__",
    }
    made = session(files=files, roles={"layers": "nndl.layers"})
    assert call(made, module="layers") == "nndl.deep.er"


@pytest.mark.parametrize(
    ("source", "status", "words"),
    [
        ("def f(:", "import error", "SyntaxError"),
        ("1 / 0", "import error", "ZeroDivisionError"),
        ("import no_such_thing", "import error", "no_such_thing"),
        ("raise NotImplementedError", "import error", "NotImplementedError"),
        ("exit(1)", "exited", "SystemExit: 1"),
        ("import os; os._exit(3)", "exited", "3"),
        ("while True: pass", "out of CPU", "1 s are allowed"),
        ("import time; time.sleep(60)", "timed out", "2 s are allowed"),
    ],
)
def test_a_module_that_does_not_load_is_tried_once(
    server: ForkServer, source: str, status: str, words: str
) -> None:
    staged = Staged({"work.py": source.encode()}, {"work": "work"})
    for again in (CheckSession(server, staged, QUICK, 0) for _ in range(2)):
        with closing(again), pytest.raises(StudentFault, match=words) as caught:
            again.module("work")
        assert caught.value.status == status
        assert "/tmp" not in caught.value.message + caught.value.staff  # noqa: S108
    assert again._worker is None


def test_a_missing_file_is_named(session: Make) -> None:
    made = session(missing=("lost.py",), roles={"lost": "lost"}, artifacts={})
    for ask in (lambda: made.module("lost"), lambda: made.artifact("best.npz")):
        with pytest.raises(StudentFault, match="was not handed in") as caught:
            ask()
        assert caught.value.status == "missing file"
    with pytest.raises(StudentFault, match="notebook was not handed in"):
        made.define("x")


def test_a_file_that_cannot_be_used_is_not_called_missing(session: Make) -> None:
    twice = {path: f"{path} was handed in 2 times." for path in ("two.py", "a.npz", "net.ipynb")}
    made = session(missing=("two.py",), roles={"two": "two"}, unusable=twice)
    for ask, path in (
        (lambda: made.module("two"), "two.py"),
        (lambda: made.artifact("a.npz"), "a.npz"),
        (lambda: made.text("a.npz"), "a.npz"),
        (lambda: made.define("x"), "net.ipynb"),
        (lambda: made.text("q-essay"), "net.ipynb"),
    ):
        with pytest.raises(StudentFault) as caught:
            ask()
        assert (caught.value.status, caught.value.message) == ("missing file", twice[path])
    with pytest.raises(StudentFault, match=r"^a\.txt was not handed in"):
        made.text("a.txt")


def test_one_of_two_notebooks_that_cannot_be_read_is_named(session: Make) -> None:
    words = "two.ipynb is not a notebook that can be read: it is empty."
    for run in ("definitions", "all"):
        made = session(cells=(("cell 1", "x = 1"),), unusable={"two.ipynb": words}, run=run)
        made.define("x")
        with pytest.raises(StudentFault, match=f"gives 'y' no value; {words}"):
            made.define("y")


def test_a_module_of_earlier_says_why_it_is_not_there(session: Make) -> None:
    source = "def f():\n    raise NotImplementedError('old.py was not handed in')"
    made = session(source, absences={"old.py was not handed in": "old.py came twice."})
    with pytest.raises(StudentFault, match=r"^old\.py came twice\.$") as caught:
        call(made)
    assert caught.value.status == "missing file"


def test_the_authors_mistakes_are_the_authors(session: Make) -> None:
    made = session("def f(x): return x")
    with pytest.raises(AuthorMistake, match="no module layers"):
        made.module("layers")
    with pytest.raises(AuthorMistake, match="object"):
        made.ask("call", target=Ref("work", (("attr", "f"),)), args=[object()], kwargs={})


def test_a_failure_says_where_it_happened(session: Make) -> None:
    with pytest.raises(StudentFault) as caught:
        call(session("def g():\n    raise ValueError('no')\ndef f():\n    g()"))
    assert caught.value.message == "ValueError: no (in g)"
    assert caught.value.frames == ("f", "g")
    assert 'File "work.py", line 2, in g' in caught.value.staff


def test_untouched_functions_among_the_frames_are_found(session: Make) -> None:
    source = "def f():\n    raise NotImplementedError\ndef g(): return 1"
    released = {"work.py": source.encode()}
    made = session(source + "  # mine", released=released, holes=("f", "g"))
    assert made.untouched(("f",)) == ""  # nothing was asked yet
    made.module("work")
    assert made.untouched(("f",)) == "f"
    assert made.untouched(("h",)) == ""


def test_a_notebooks_names_are_read_and_its_cells_run_once(session: Make) -> None:
    cells = (("cell 1", "runs = []"), ("cell 2", "runs.append(1)\nx = len(runs)"))
    made = session(cells=cells)
    for _ in range(2):
        made.define("x")
        assert made.ask("get", target=Ref("@notebook", (("attr", "x"),))) == 1
    with pytest.raises(StudentFault, match="gives 'y' no value"):
        made.define("y")


def test_a_very_long_notebook_still_arrives(session: Make) -> None:
    cells = tuple((f"cell {n}", "# " + "x" * 200) for n in range(20_000))
    made = session(cells=(*cells, ("cell 0", "class Net: pass\nx = Net()")))
    made.define("x")
    got = made.ask("get", target=Ref("@notebook", (("attr", "x"),)))
    assert got == Ref("#0", (), "__main__.Net")


def test_what_failed_in_the_notebook_stands_in_the_report(session: Make) -> None:
    made = session(cells=(("cell 1", "import no_such_module"), ("cell 2", "print('hi')\nx = 1")))
    made.define("x")
    assert "no_such_module" in made.report()


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def test_artifacts_are_read_in_the_worker(session: Make) -> None:
    content = npz(W=np.ones(3), dates=np.array(["2020"], "M8[Y]"))
    made = session(artifacts={"best.npz": content, "bad.npz": b"rubbish"})
    arrays = made.artifact("best.npz")
    np.testing.assert_array_equal(arrays["W"], np.ones(3))
    assert isinstance(arrays["dates"], Ref)
    assert made.artifact("best.npz") is arrays
    with pytest.raises(StudentFault, match=r"bad.npz: .*not an \.npz") as caught:
        made.artifact("bad.npz")
    assert caught.value.status == "missed"


ASKED: dict[str, Callable[[CheckSession], Any]] = {
    "define": lambda made: made.define("x"),
    "artifact": lambda made: made.artifact("a.npz"),
    "untouched": lambda made: made.untouched(("f",)),
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("value", [5, None, "text", [1, {}], {"a": [0]}, np.ones(3)])
def test_forged_answers_to_other_requests_harm_nobody(
    session: Make, asked: str, value: Any
) -> None:
    more = {"artifacts": {"a.npz": npz()}, "cells": (("cell 1", "x = 1"),), "holes": ("f",)}
    made = session(forge(2, None) + forge(3, value), **more)  # for the import, and what follows
    made.module("work")
    with suppress(StudentFault):
        assert ASKED[asked](made) in (None, "", value)
    assert isinstance(made.report(), str)


def test_files_that_cannot_be_put_in_place_are_not_the_students_fault(session: Make) -> None:
    made = session(files={"a": b"", "a/b.py": b""})
    with pytest.raises(GraderFault, match="could not be put in place"):
        made.module("work")
