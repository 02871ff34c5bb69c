"""Does a results file keep to `results.schema.json`?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

__all__ = ["problems", "read_strictly"]

SCHEMA = Path(__file__).parent / "gradescope_files" / "results.schema.json"
MOST_TOLD = 200  # characters of one problem: it quotes what is wrong


def read_strictly(content: bytes) -> Any:
    """Return what a JSON file holds.

    Raises:
        ValueError: it is no JSON, or has NaN, an infinity or a key twice.
    """
    return json.loads(content, parse_constant=_no_constant, object_pairs_hook=_no_twins)


def problems(table: Any) -> list[str]:
    """Return what in a results file is not as the schema says, a line each; [] if all is."""
    import jsonschema  # type: ignore[import-untyped]  # noqa: PLC0415 - comes with nbformat

    rules = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    errors = rules.iter_errors(table)
    return [f"{e.json_path}: {ascii(e.message)[1:-1]}"[:MOST_TOLD] for e in errors]


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a key stands twice")
    return table
