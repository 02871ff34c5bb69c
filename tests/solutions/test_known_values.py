"""Every number that is known of the homeworks comes out of the reference package, to its tolerance.

`known_values.json` has one case per name: what it is, its tolerances, its values in full
precision and, under "printed", those that a handout or a solution shows, rounded as it shows
them. A tolerance is looked up under the value's own name, else under that of its group, else
under "":

    rtol, atol    as in numpy.testing.assert_allclose; {} is equality
    sum           bound on the sum of absolute differences
    below         bound on both values: they are rounding errors
    within        bounds that both values keep: the printed run had no seed
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.solutions.known_cases import BUILDERS

CASES: dict[str, Any] = json.loads(Path(__file__).with_name("known_values.json").read_bytes())


def flat(values: dict[str, Any], path: str = "") -> dict[str, Any]:
    """Return the values of nested dictionaries under joined names: "final_params/W1"."""
    found = {}
    for name, value in values.items():
        below = f"{path}/{name}".removeprefix("/")
        found.update(flat(value, below) if isinstance(value, dict) else {below: value})
    return found


def compare(name: str, found: Any, wanted: Any, tolerances: dict[str, Any]) -> None:
    keys = (name, name.partition("/")[0], "")
    tolerance = tolerances[next(key for key in keys if key in tolerances)]
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert found.shape == wanted.shape, name
    if "sum" in tolerance:
        assert np.abs(found - wanted).sum() < tolerance["sum"], name
    elif "below" in tolerance:
        assert max(found.max(), wanted.max()) < tolerance["below"], name
    elif "within" in tolerance:
        low, high = tolerance["within"]
        assert low <= found <= high, name
        assert low <= wanted <= high, name
    else:
        close = {"rtol": 0.0, **tolerance}
        np.testing.assert_allclose(found, wanted, **close, equal_nan=False, err_msg=name)


def test_every_case_has_a_builder() -> None:
    assert set(BUILDERS) == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_known_values(name: str) -> None:
    case, found = CASES[name], flat(BUILDERS[name]())
    wanted, printed = flat(case["values"]), flat(case.get("printed", {}))
    assert set(found) == set(wanted)  # whatever the file has, the package has to compute
    assert set(printed) <= set(wanted)
    names = {*wanted, *(f"printed/{value}" for value in printed)}
    groups = {value.partition("/")[0] for value in names}
    assert set(case["tolerance"]) <= names | groups | {""}
    for value, number in wanted.items():
        compare(value, found[value], number, case["tolerance"])
    for value, number in printed.items():
        compare(f"printed/{value}", found[value], number, case["tolerance"])


@pytest.mark.parametrize("tolerance", [{}, {"rtol": 1e-9}, {"atol": 1e-9}, {"sum": 1e-9},
                                       {"below": 1e-9}, {"within": [0, 1]}])  # fmt: skip
def test_a_wrong_number_or_shape_is_seen(tolerance: dict[str, Any]) -> None:
    for found in (2.0, float("nan"), [1.0]):
        with pytest.raises(AssertionError):
            compare("group/value", found, 1.0, {"group": tolerance, "": {"atol": 9.0}})
