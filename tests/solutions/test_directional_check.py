"""The gradient check along random directions: right, wrong, and at kinks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from nndl import gradient_check
from nndl.gradient_check import eval_numerical_gradient, grad_check_directions, rel_error
from nndl.neural_net import TwoLayerNet

if TYPE_CHECKING:
    from collections.abc import Callable


def smooth(x: np.ndarray) -> float:
    return float(np.sum(np.sin(x) + x**3 / 3))


def slope(x: np.ndarray) -> np.ndarray:
    result: np.ndarray = np.cos(x) + x**2
    return result


def point() -> np.ndarray:
    return np.random.RandomState(0).randn(3, 4)


@pytest.mark.parametrize("shape", [(), (1,), (5,), (3, 4), (2, 3, 4, 5)])
def test_a_right_gradient(shape: tuple[int, ...]) -> None:
    x = np.array(np.random.RandomState(0).standard_normal(shape))
    kept = x.copy()
    assert grad_check_directions(smooth, x, slope(x)) < 1e-9
    np.testing.assert_array_equal(x, kept)


@pytest.mark.parametrize("factor", [0.99, 1.001, -1.0, 2.0, 1e6])
def test_a_wrong_factor(factor: float) -> None:
    error = grad_check_directions(smooth, point(), factor * slope(point()))
    assert error > 1e-2 * min(1, abs(1 - 1 / factor))


def test_one_wrong_element_counts_with_its_share() -> None:
    gradient = slope(point())
    gradient[1, 2] += 0.5
    error = grad_check_directions(smooth, point(), gradient, num_checks=20)
    assert 0.1 < error / (0.5 / np.linalg.norm(gradient)) <= 1


def test_the_error_is_measured_by_the_formula() -> None:
    x, gradient = np.array([2.0]), np.array([10.0])  # one dimension: the direction is 1 or -1
    assert grad_check_directions(smooth, x, gradient) == pytest.approx(
        abs(slope(x)[0] - 10) / 10, rel=1e-8
    )


def test_a_zero_gradient_is_measured_against_the_floor() -> None:
    x = np.ones(3)
    assert grad_check_directions(lambda _: 7.0, x, np.zeros(3)) == 0
    assert grad_check_directions(lambda x: float(x.sum()), x, np.zeros(3)) > 1e6


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_not_right(bad: float) -> None:
    gradient = slope(point())
    gradient[0, 0] = bad
    with np.errstate(invalid="ignore"):
        assert not grad_check_directions(smooth, point(), gradient) < 1
    assert not grad_check_directions(lambda _: np.nan, point(), slope(point())) < 1


def test_directions_over_a_kink_are_drawn_again() -> None:
    x = np.array([1.0, -1.0, 2e-6, -3e-6])  # two ReLUs switch within the step of 1e-5
    gradient = (x > 0).astype(float)
    calls = []

    def relu_sum(x: np.ndarray) -> float:
        calls.append(x.copy())
        return float(np.maximum(x, 0).sum())

    numeric = eval_numerical_gradient(relu_sum, x.copy(), verbose=False)
    assert rel_error(numeric, gradient) > 0.1  # the usual check condemns the right gradient
    calls.clear()
    assert grad_check_directions(relu_sum, x, gradient, num_checks=10) < 1e-8
    assert len(calls) > 5 * 10
    assert grad_check_directions(relu_sum, x, gradient * [1, 1, 1.1, 1], num_checks=10) > 1e-3


@pytest.mark.parametrize("offset", [*np.linspace(-1.2, 1.2, 49), -1 / 3, 1 / 3])
def test_no_place_of_a_kink_hides_it(offset: float) -> None:
    x, h = np.array([0.0]), 1e-5
    kink = offset * h
    gradient = np.array([1.0 if kink < 0 else 0.0])
    try:
        error = grad_check_directions(
            lambda x: float(np.maximum(x - kink, 0).sum() + 2 * x.sum()), x, gradient + 2, h=h
        )
    except ValueError:
        assert abs(offset) <= 0.07  # so near that half the step, four times, does not help
    else:
        assert error < 1e-8


def test_lost_digits_are_no_kink() -> None:
    x, calls = point(), []

    def far_up(x: np.ndarray) -> float:
        calls.append(1)
        return 1e7 + smooth(x)  # steps of 1e-5 leave four digits of the slope

    assert grad_check_directions(far_up, x, slope(x), num_checks=6) < 1e-3
    assert len(calls) == 6 * 5  # no direction was drawn again


def test_a_point_on_a_kink_is_refused_and_restored() -> None:
    x = np.zeros(3)
    with pytest.raises(ValueError, match=r"meets a kink within 6.25e-07 of x"):
        grad_check_directions(lambda x: float(np.abs(x).sum()), x, np.zeros(3))
    np.testing.assert_array_equal(x, np.zeros(3))


def test_x_is_restored_when_the_function_fails() -> None:
    x, kept = point(), point()

    def fails(_: np.ndarray) -> float:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        grad_check_directions(fails, x, slope(x))
    np.testing.assert_array_equal(x, kept)


@pytest.mark.parametrize("seed", range(10))
def test_a_whole_net_in_a_few_calls(seed: int) -> None:
    rng = np.random.RandomState(seed)
    net = TwoLayerNet(20, 30, 5, std=0.5)
    net.params = {name: rng.standard_normal(p.shape) for name, p in net.params.items()}
    X, y = rng.standard_normal((8, 20)), rng.randint(5, size=8)
    _, grads = net.loss(X, y, reg=0.1)
    for name, parameter in net.params.items():
        error = grad_check_directions(
            lambda _: float(net.loss(X, y, reg=0.1)[0]), parameter, grads[name], seed=seed
        )
        assert error < 1e-7, name


def test_the_seed_chooses_the_directions_and_numpys_stream_is_left_alone() -> None:
    np.random.seed(0)  # noqa: NPY002  (the stream that must not move)
    untouched = np.random.RandomState(0).rand()
    errors = [grad_check_directions(smooth, point(), 2 * slope(point()), seed=s) for s in (0, 0, 1)]
    assert errors[0] == errors[1] != errors[2]
    assert np.random.rand() == untouched  # noqa: NPY002


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: grad_check_directions(smooth, x.astype(np.float32), x), "must be float64"),
        (lambda x: grad_check_directions(smooth, x, x[0]), r"shape \(4,\), x has \(3, 4\)"),
        (lambda x: grad_check_directions(smooth, x, x, num_checks=0), "at least 1"),
    ],
)
def test_misuse(call: Callable[[np.ndarray], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(point())


def test_giving_up_takes_the_promised_number_of_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradient_check, "_DRAWS", 3)
    calls = []

    def on_a_kink(x: np.ndarray) -> float:
        calls.append(1)
        return float(np.abs(x).sum())

    with pytest.raises(ValueError, match="Each of 15 directions"):
        grad_check_directions(on_a_kink, np.zeros(2), np.zeros(2))
    assert len(calls) == 15 * 5
