"""Borrowed functions: what a cache and the arguments become on their way."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from autograder.box.borrow import borrow, lend
from autograder.box.objects import Objects
from autograder.box.ref import Ref

if TYPE_CHECKING:
    from collections.abc import Callable


class TestBorrowing:
    """Both ends in this process."""

    @pytest.fixture
    def call(self, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
        """Give the function of a module that has borrowed `f` from another one."""
        theirs, ours, user = (ModuleType(f"follow_{name}") for name in ("theirs", "ours", "user"))
        exec(STUDENT, theirs.__dict__)  # noqa: S102 - our own text
        exec("def f(*args): raise AssertionError('the original')", ours.__dict__)  # noqa: S102
        user.__dict__["also_f"] = ours.__dict__["f"]
        for module in (theirs, ours, user):
            monkeypatch.setitem(sys.modules, module.__name__, module)
        objects = Objects()

        def ask(**asked: Any) -> Any:
            target = Ref("follow_theirs", (("attr", asked["name"]),))
            return lend(objects, {**asked, "target": target})

        assert borrow({"follow_ours": []}, ask) == [["follow_ours", "f"]]
        function: Callable[..., Any] = user.__dict__["also_f"]
        return function

    def test_a_cache_stays_and_comes_back_as_it_was(self, call: Callable[..., Any]) -> None:
        out, cache = call("forward", np.ones(2))
        assert np.array_equal(out, np.ones(2))
        assert isinstance(cache, Ref)
        assert call("same cache", cache) is True

    def test_what_is_done_to_arguments_is_done_to_the_callers(
        self, call: Callable[..., Any]
    ) -> None:
        state, x = {"mean": np.zeros(2)}, np.ones(2)
        assert call("change", state, x) is None
        assert np.array_equal(state["mean"], np.full(2, 5.0))
        assert np.array_equal(x, np.full(2, 7.0))


STUDENT = """
import numpy as np

KEPT = []


def f(what, *args):
    if what == "forward":
        KEPT.append((args[0], 1))
        return args[0], KEPT[0]
    if what == "same cache":
        return args[0][0] is KEPT[0][0]
    args[0]["mean"] = np.full(2, 5.0)
    args[1][:] = 7
"""
