"""A class of right, failing and hostile submissions leaves nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.soak import soak

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_a_mixed_class_leaves_nothing_behind(tmp_path: Path) -> None:
    left = soak(200, tmp_path)
    assert (left.descriptors, left.processes, left.folders) == (0, 0, 0)
    assert left.unfinished == 0
    assert left.statuses["broken"] == 0
    assert left.grader_mb < 20
    assert left.server_mb < 5
    expected = {"earned", "missed", "raised", "exited", "crashed", "out of CPU", "import error"}
    assert expected <= left.statuses.keys()
