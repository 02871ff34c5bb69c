"""Stored outputs that an author wants students to see, such as a reference plot."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gradlab.errors import AuthorMistake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlab.errors import Place

__all__ = ["KEEP_OUTPUT", "kept_outputs"]

KEEP_OUTPUT = "keep-output"
PICTURES = ("image/png", "image/jpeg")
SHOWN = (*PICTURES, "text/plain")  # nothing that runs: no HTML, no scripts
FIGURE = re.compile(r"(<Figure size [^<>\n]*>\s*)?")  # what matplotlib prints of a picture


def kept_outputs(cell: dict[str, Any], place: Place, *, writes: bool) -> list[dict[str, Any]]:
    """Return a cell's outputs as they are shipped: pictures and plain text, without metadata.

    Args:
        cell: a code cell with the tag `keep-output`.
        place: the cell, for messages.
        writes: whether students write in the cell; then what it prints is an answer, and only
            pictures may be kept.

    Raises:
        AuthorMistake: there is nothing to keep, an error is stored, or an answer would be shown.
    """
    stored = cell.get("outputs") or []
    if any(output.get("output_type") == "error" for output in stored):
        raise AuthorMistake(f"{KEEP_OUTPUT}: the cell holds an error; run it again", place)
    outputs = [shown for output in stored for shown in _shown(output)]
    if not outputs:
        raise AuthorMistake(f"{KEEP_OUTPUT}: the cell has no output to keep; run the master", place)
    if writes and not all(map(_is_picture, outputs)):
        message = "the cell prints what students shall find; show it in a cell of its own"
        raise AuthorMistake(f"{KEEP_OUTPUT}: {message}", place)
    return outputs


def _shown(output: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kind = output.get("output_type")
    if kind == "stream" and output.get("name") == "stdout":
        yield {"output_type": "stream", "name": "stdout", "text": output["text"]}
    elif kind in ("display_data", "execute_result"):
        data = {key: value for key, value in output["data"].items() if key in SHOWN}
        if data:
            yield {"output_type": "display_data", "data": data, "metadata": {}}


def _is_picture(output: dict[str, Any]) -> bool:
    data = output.get("data", {})
    text = "".join(data.get("text/plain", ""))
    return any(key in data for key in PICTURES) and FIGURE.fullmatch(text) is not None
