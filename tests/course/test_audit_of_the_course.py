"""Every assignment's hidden suite catches what it must; what survives is explained in the docs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from autograder.mutation.audit import Extent
from gradlab.cli import steps
from gradlab.course import Course

if TYPE_CHECKING:
    from tests.conftest import Proof

DOCS = Path(__file__).parents[2] / "docs/audit.md"
IN_DEPTH, MANY, SOME = "two_layer_net", 150, 40  # mutants of one assignment, and of the others


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "two_layer_net",
        "knn",
        "softmax",
        "svm",
        "layers",
        "optimisers",
        "fully_connected",
        "convnet",
        "autodiff",
        "backprop_by_hand",
        "matrix_calculus",
        "gradient_descent",
    ],
)
def test_an_assignment_is_judged_well_and_its_survivors_are_explained(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proof: Proof
) -> None:
    assignment = Course.find(DOCS).assignment(name)
    monkeypatch.setenv("GRADLAB_DATA", str(tmp_path))
    most = MANY if name == IN_DEPTH else SOME
    extent = Extent(proof.runs(most, 100_000), jobs=os.cpu_count() or 1)
    found = steps.audit(assignment, tmp_path / "audit.html", 0.95, extent)
    proof.text = f"{len(found.tried)} mutants of {name}"
    assert found.passes(0.95) or len(found.tried) <= SOME  # shares of a few say little
    assert found.unseen == ()
    assert not [item.broke for item in found.tried if item.broke]
    docs = DOCS.read_text()
    for item in found.survivors:
        added = [line[1:].strip() for line in item.mutant.diff.splitlines()[2:] if line[0] == "+"]
        assert f"| `{added[0]}` |" in docs
