"""Which recorded numbers count as secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from generator.recorded import Values

if TYPE_CHECKING:
    from pathlib import Path


def test_numbers_of_many_digits_are_secret_and_next_to_nothing_is_not(tmp_path: Path) -> None:
    recorded = np.array([0.12345678, 1e-310, 5e-324, 0.0, 0.25, np.inf, np.nan, -7.654321e-5])
    np.savez(tmp_path / "checks.npz", out=recorded)
    values = Values.read(tmp_path, "checks")  # a warning would be an error here
    assert values
    assert values.numbers.tolist() == [7.654321e-5, 0.12345678]
