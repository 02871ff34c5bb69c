"""Schedules: known columns of learning rates, ends and shapes."""

from __future__ import annotations

import numpy as np
import pytest
from nndl.schedules import cosine_decay, exponential_decay, step_decay


@pytest.mark.parametrize(
    ("learning_rate", "decay", "printed"),
    [
        (1e-5, 0.95, [1e-5, 9.5e-6, 9.025e-6, 8.57375e-6, 8.145063e-6, 7.737809e-6]),
        (1e-4, 0.5, [1e-4, 5e-5, 2.5e-5, 1.25e-5, 6.25e-6, 3.125e-6]),
    ],
)
def test_exponential_decay(learning_rate: float, decay: float, printed: list[float]) -> None:
    np.testing.assert_allclose(exponential_decay(learning_rate, decay, np.arange(6)), printed, 1e-6)


def test_step_decay_keeps_a_rate_for_some_epochs() -> None:
    assert step_decay(8.0, 0.5, 3, np.arange(8)).tolist() == [8, 8, 8, 4, 4, 4, 2, 2]


def test_cosine_decay_goes_from_the_first_rate_to_zero() -> None:
    rates = cosine_decay(0.2, 10, np.arange(11))
    np.testing.assert_allclose(rates[[0, 5, 10]], [0.2, 0.1, 0], atol=1e-15)
    np.testing.assert_allclose(rates + rates[::-1], 0.2)


def test_a_single_epoch_gives_a_number() -> None:
    rates = exponential_decay(1.0, 0.5, 2), step_decay(1.0, 0.5, 2, 5), cosine_decay(1.0, 4, 2)
    assert [float(rate) for rate in rates] == pytest.approx([0.25, 0.25, 0.5])
