"""Does a results file keep to `results.schema.json`? The few words of JSON Schema that it uses."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["SCHEMA", "problems", "read_strictly"]

SCHEMA = Path(__file__).parent / "gradescope_files" / "results.schema.json"
TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "number": (int, float),
}


def read_strictly(content: bytes) -> Any:
    """Return what a JSON file holds.

    Raises:
        ValueError: it is no JSON, or has NaN, an infinity or a key twice.
    """
    return json.loads(content, parse_constant=_no_constant, object_pairs_hook=_no_twins)


def problems(table: Any) -> list[str]:
    """Return what in a results file is not as the schema says, a line each; [] if all is."""
    return list(_look(table, _schema(), "results"))


@cache
def _schema() -> Any:
    return json.loads(SCHEMA.read_text(encoding="utf-8"))


def _look(value: Any, rule: Mapping[str, Any], where: str) -> Iterator[str]:
    if "$ref" in rule:
        rule = _schema()["$defs"][rule["$ref"].rpartition("/")[2]]
    kind = rule.get("type")
    if kind and (not isinstance(value, TYPES[kind]) or isinstance(value, bool)):
        yield f"{where} is no {kind}"
        return
    allowed = rule.get("enum", [rule["const"]] if "const" in rule else None)
    if allowed is not None and value not in allowed:
        yield f"{where} is none of {', '.join(map(str, allowed))}"
    if "minimum" in rule and value < rule["minimum"]:
        yield f"{where} is below {rule['minimum']}"
    if kind == "string":
        yield from _look_at_text(value, rule, where)
    elif kind == "array":
        for number, item in enumerate(value):
            yield from _look(item, rule["items"], f"{where}[{number}]")
    elif kind == "object":
        yield from _look_into(value, rule, where)


def _look_at_text(value: str, rule: Mapping[str, Any], where: str) -> Iterator[str]:
    if len(value) > rule.get("maxLength", len(value)):
        yield f"{where} is longer than {rule['maxLength']} characters"
    if not re.search(rule.get("pattern", ""), value):
        yield f"{where} has characters that do not belong there"


def _look_into(value: Mapping[str, Any], rule: Mapping[str, Any], where: str) -> Iterator[str]:
    known = rule.get("properties", {})
    needed = [rule.get("dependentRequired", {}).get(name, []) for name in value]
    wanted = [*rule.get("required", []), *(name for names in needed for name in names)]
    yield from (f"{where} lacks {name}" for name in dict.fromkeys(wanted) if name not in value)
    for name, item in value.items():
        if name in known:
            yield from _look(item, known[name], f"{where}.{name}")
        elif rule.get("additionalProperties") is False:
            yield f"{where} has {name}, which is not known"


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a key stands twice")
    return table
