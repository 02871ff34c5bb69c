from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

if TYPE_CHECKING:
    from tests.generator.tiny import Tiny

PRINTED: dict[str, Any] = {"output_type": "stream", "name": "stdout", "text": ["loss 1.5\n"]}
WARNED = {"output_type": "stream", "name": "stderr", "text": ["careful\n"]}
FIGURE = {"image/png": "AAAA", "text/plain": ["<Figure size 1x1>"], "text/html": ["<b>x</b>"]}
SPOKEN = {"image/png": "AAAA", "text/plain": ["<Figure size 1x1>\n", "0.41"]}
PLOT = {"output_type": "display_data", "data": FIGURE, "metadata": {"needs": "background"}}
RAISED = {"output_type": "error", "ename": "E", "evalue": "", "traceback": []}
WRITTEN = "### BEGIN SOLUTION\nplot(relu)\n### END SOLUTION"


def kept(tiny: Tiny, source: str, *outputs: Any) -> None:
    tiny.code(source, metadata={"tags": ["keep-output"]}, outputs=list(outputs), execution_count=3)


def test_a_reference_plot_is_kept_without_its_metadata(tiny: Tiny) -> None:
    kept(tiny, "show(relu)", PRINTED, WARNED, PLOT)
    cell = tiny.released_cells()[1]
    assert cell["execution_count"] is None
    assert cell["metadata"]["tags"] == ["keep-output"]
    assert cell["outputs"] == [
        PRINTED,
        {
            "output_type": "display_data",
            "data": {"image/png": "AAAA", "text/plain": ["<Figure size 1x1>"]},
            "metadata": {},
        },
    ]


def test_a_picture_of_what_students_shall_draw_is_kept(tiny: Tiny) -> None:
    kept(tiny, WRITTEN, PLOT)
    assert tiny.released_cells()[1]["outputs"]


@pytest.mark.parametrize(
    ("source", "outputs", "message"),
    [
        (WRITTEN, [PRINTED, PLOT], "the cell prints what students shall find"),
        (WRITTEN, [PLOT | {"data": SPOKEN}], "the cell prints what students shall find"),
        ("show(relu)", [], "the cell has no output to keep"),
        ("show(relu)", [WARNED], "the cell has no output to keep"),
        ("show(relu)", [PLOT, RAISED], "the cell holds an error"),
    ],
)
def test_outputs_that_are_not_kept(
    tiny: Tiny, source: str, outputs: list[dict[str, Any]], message: str
) -> None:
    kept(tiny, source, *outputs)
    [problem] = tiny.problems()
    assert problem.startswith(f"assignments/tiny/tiny.ipynb:c2: keep-output: {message}")


def test_a_kept_output_that_shows_the_solution_is_refused(tiny: Tiny) -> None:
    tiny.module("hidden = np.maximum(0, x @ w)\nout = hidden @ w + b")
    shown = {**PRINTED, "text": ["hidden = np.maximum(0, x @ w)\n"]}
    kept(tiny, "show(relu)", shown)
    assert any("would be released" in problem for problem in tiny.problems())


def test_the_released_notebook_is_valid(tiny: Tiny) -> None:
    kept(tiny, "show(relu)", PRINTED, PLOT)
    tiny.markdown("![](attachment:a.png)", attachments={"a.png": {"image/png": "AAAA"}})
    tiny.cells.append({"cell_type": "raw", "source": "x", "metadata": {}})
    content = tiny.build().files["tiny.ipynb"].decode()
    nbformat.validate(json.loads(content))
    again: str = nbformat.writes(nbformat.reads(content, 4))  # type: ignore[no-untyped-call]
    assert json.loads(again) == json.loads(content)
