"""The PyTorch twin of the net for back-propagation by hand, where PyTorch is not installed."""

from __future__ import annotations

import importlib
import sys

import pytest


def test_without_pytorch_the_twin_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "nndl.hand_twin", raising=False)
    with pytest.raises(ImportError, match=r"^PyTorch is not installed: pip install torch\.$"):
        importlib.import_module("nndl.hand_twin")
