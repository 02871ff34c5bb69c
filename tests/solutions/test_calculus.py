"""The written problems: their formulas give the known numbers and agree with differences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from nndl.calculus import autoencoder_gradient, autoencoder_loss, gplvm_gradients, gplvm_terms
from nndl.descent import (
    counter_example,
    descent_lemma,
    descent_path,
    descent_rate,
    proximal_step,
    sum_after_one_step,
)
from nndl.gradient_check import eval_numerical_gradient, rel_error
from nndl.hand_net import hand_backward, hand_forward, hand_net

if TYPE_CHECKING:
    from collections.abc import Callable


def autoencoder_problem() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.RandomState(0)
    return rng.randn(3, 5), rng.randn(5, 1)


def test_the_autoencoders_gradient_multiplied_out() -> None:
    W, x = autoencoder_problem()
    written = W @ x @ x.T @ W.T @ W + W @ W.T @ W @ x @ x.T - 2 * W @ x @ x.T
    np.testing.assert_allclose(autoencoder_gradient(W, x), written, rtol=1e-12)


def test_the_autoencoder_takes_a_vector_or_a_column() -> None:
    W, x = autoencoder_problem()
    assert autoencoder_loss(W, x[:, 0]) == autoencoder_loss(W, x)
    np.testing.assert_array_equal(autoencoder_gradient(W, x[:, 0]), autoencoder_gradient(W, x))


def test_no_loss_does_not_need_the_identity() -> None:
    W = np.linalg.qr(np.random.RandomState(2).randn(3, 2))[0].T  # two orthonormal rows in R^3
    x = W.T @ np.array([1.0, 2.0])
    assert autoencoder_loss(W, x) < 1e-30
    assert np.linalg.norm(W.T @ W - np.eye(3)) == pytest.approx(1.0)
    np.testing.assert_allclose(autoencoder_gradient(W, x), 0, atol=1e-14)


@pytest.mark.parametrize("seed", range(5))
def test_every_gradient_agrees_with_central_differences(seed: int) -> None:
    rng = np.random.RandomState(seed)
    W, x = rng.standard_normal((3, 5)), rng.standard_normal((5, 1))
    X, Y, scales = rng.standard_normal((6, 2)), rng.standard_normal((6, 4)), (0.7, 1.9)
    dL1, dL2 = gplvm_gradients(X, Y, *scales)
    w = rng.standard_normal(1)
    _, slopes = counter_example(w.item())

    def error(f: Callable[[np.ndarray], float], at: np.ndarray, analytic: np.ndarray) -> float:
        return rel_error(eval_numerical_gradient(f, at, verbose=False), analytic)

    def term(number: int) -> Callable[[np.ndarray], float]:
        return lambda w: counter_example(w.item())[0][number]

    assert error(lambda W: autoencoder_loss(W, x), W, autoencoder_gradient(W, x)) < 1e-6
    assert error(lambda X: gplvm_terms(X, Y, *scales)[0], X, dL1) < 1e-6
    assert error(lambda X: gplvm_terms(X, Y, *scales)[1], X, dL2) < 1e-6
    for number, slope in enumerate(slopes):
        assert error(term(number), w, np.array([slope])) < 1e-6


@pytest.mark.parametrize("lam", [0.5, 4.0])
def test_a_step_of_gradient_descent_minimises_the_linear_model(lam: float) -> None:
    rng = np.random.RandomState(0)
    w, gradient, elsewhere = rng.randn(3), rng.randn(3), rng.randn(100, 3)

    def model(u: np.ndarray) -> float:
        return float((u - w) @ gradient + lam / 2 * np.sum((u - w) ** 2))

    u = proximal_step(w, gradient, lam)
    np.testing.assert_allclose(u, w - gradient / lam)
    slope = eval_numerical_gradient(model, u.copy(), verbose=False)
    np.testing.assert_allclose(slope, 0, atol=1e-9)
    assert all(model(u) < model(u + step) for step in elsewhere)


def test_the_lemma_holds_for_any_vectors() -> None:
    rng = np.random.RandomState(0)
    for _ in range(200):
        gradients, w_star, eta = rng.randn(50, 3), rng.randn(3), 10 ** rng.uniform(-2, 1)
        sides = descent_lemma(gradients, w_star, eta)
        assert sides["slack"] >= 0
        gap = sides["left"] - (sides["right"] - sides["slack"])
        assert abs(gap) < 1e-12 * max(sides.values())


def test_the_lemmas_sides_by_plain_steps() -> None:
    gradients, w_star, eta = np.random.RandomState(0).randn(4, 2), np.array([1.0, -2.0]), 0.3
    w, left = np.zeros(2), 0.0
    for v in gradients:
        left += (w - w_star) @ v
        w = w - eta * v
    sides = descent_lemma(gradients, w_star, eta)
    assert sides["left"] == pytest.approx(left)
    assert sides["right"] == pytest.approx(5 / 0.6 + 0.15 * np.sum(gradients**2))
    np.testing.assert_allclose(descent_path(gradients, eta)[-1], w)
    np.testing.assert_array_equal(descent_path(gradients, eta)[0], [0, 0])


@pytest.mark.parametrize("T", [1, 10, 400])
def test_the_rate_keeps_its_bound(T: int) -> None:
    w_star, rho = np.array([3.0, -4.0]), 2.0
    eta, bound = descent_rate(B=5.0, rho=rho, T=T)
    assert eta == pytest.approx(5.0 / (rho * np.sqrt(T)))
    assert bound == pytest.approx(5.0 * rho / np.sqrt(T))
    w, path = np.zeros(2), []
    for _ in range(T):  # f(w) = rho |w - w*|, whose gradient has length rho
        path.append(w)
        w = w - eta * rho * (w - w_star) / np.linalg.norm(w - w_star)
    distances = np.linalg.norm(np.array(path) - w_star, axis=1)
    gap = rho * np.linalg.norm(np.mean(path, axis=0) - w_star)
    assert gap <= rho * distances.mean() + 1e-12  # Jensen
    assert rho * distances.mean() <= bound + 1e-12


def test_the_rate_is_the_best_for_the_lemmas_right_side() -> None:
    B, rho, T = 2.0, 3.0, 7
    eta, bound = descent_rate(B, rho, T)

    def right_side(eta: float) -> float:
        return (B**2 / (2 * eta) + eta * T * rho**2 / 2) / T

    assert right_side(eta) == pytest.approx(bound)
    assert all(right_side(eta * factor) > bound for factor in (0.5, 0.9, 1.1, 2))


def test_the_counter_example() -> None:
    values, slopes = counter_example(0.5)
    assert slopes == (-1.5, 1.5)
    assert sum(values) == 2.25
    for w in (-1.0, 0.0, 3.0):
        values, slopes = counter_example(w)
        assert values == (0.5 * (w - 2) ** 2, 0.5 * (w + 1) ** 2)
        assert sum(values) == (w - 0.5) ** 2 + 2.25
        assert sum(slopes) == 2 * w - 1


@pytest.mark.parametrize("term", [0, 1])
@pytest.mark.parametrize(("eta", "wanted"), [(0.0, 2.25), (0.1, 2.2725), (1, 4.5)])
def test_a_stochastic_step_raises_the_sum(eta: float, wanted: float, term: int) -> None:
    assert sum_after_one_step(eta, term) == pytest.approx(wanted, rel=1e-14)


def test_back_propagation_by_hand_in_single_precision() -> None:
    params, x0, y = hand_net()
    single = {name: value.astype(np.float32) for name, value in params.items()}
    inputs = x0.astype(np.float32), y.astype(np.float32)
    for step in (hand_forward, hand_backward):
        wanted, found = step(params, x0, y), step(single, *inputs)
        for name, value in wanted.items():
            assert found[name].dtype == np.float32
            np.testing.assert_allclose(found[name], value, rtol=2e-6, err_msg=name)


def test_following_a_wrong_first_factor_through() -> None:
    params, x0, y = hand_net()
    right, followed = hand_backward(params, x0, y), hand_backward(params, x0, y, np.array([-1.0]))
    assert followed["W2"].round(4).tolist() == [[-0.1108, -0.1115]]
    assert followed["b2"].round(4).tolist() == [-0.1868]
    np.testing.assert_allclose(followed["W1"].sum(axis=0), [-0.0019, -0.0038], atol=5e-5)
    for name, value in right.items():  # everything is linear in the first factor
        np.testing.assert_allclose(followed[name] * -right["dloss_dx2"], value, rtol=1e-12)


def test_a_hand_net_of_another_size() -> None:
    rng = np.random.RandomState(0)
    shapes = {"W1": (4, 3), "b1": (4,), "W2": (2, 4), "b2": (2,)}
    params = {name: rng.randn(*shape) for name, shape in shapes.items()}
    x0, y = rng.randn(3), rng.randn(2)
    before = {name: value.copy() for name, value in params.items()}
    grads = hand_backward(params, x0, y)
    for name, parameter in params.items():
        numeric = eval_numerical_gradient(
            lambda _: float(hand_forward(params, x0, y)["loss"]), parameter, verbose=False
        )
        assert rel_error(numeric, grads[name]) < 1e-6
        np.testing.assert_array_equal(parameter, before[name])


def test_large_sums_overflow_nothing() -> None:
    params, x0, y = hand_net()
    params["b1"], params["b2"] = np.array([1e4, -1e4]), np.array([-1e4])
    values = hand_forward(params, x0, y)
    assert values["x1"].tolist() == [1.0, 0.0]
    assert values["x2"].tolist() == [0.0]
    assert not hand_backward(params, x0, y)["W1"].any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda W, x: autoencoder_loss(W, x[:4]), "W has shape"),
        (lambda W, x: autoencoder_gradient(W, x.T), "W has shape"),
        (lambda W, x: gplvm_terms(W, x, 1, 1), "one row per point"),
        (lambda W, x: gplvm_gradients(W.T, x[:, 0], 1, 1), "one row per point"),
        (lambda W, x: gplvm_terms(W.T, x, -1, 1), "must not be negative"),
        (lambda W, x: gplvm_gradients(W.T, x, 1, 0), "positive"),
        (lambda W, x: proximal_step(x, x, W[0, 0] * 0), "no minimum"),
        (lambda W, x: descent_lemma(W, x[:3, 0], 0.1), r"not \(T, d\) and \(d,\)"),
        (lambda W, x: descent_lemma(W, x[:, 0], 0.0), "rate eta must be positive"),
        (lambda W, x: descent_rate(W[0, 0], x[0, 0], 0), "must be positive"),
        (lambda W, x: sum_after_one_step(W[0, 0], x.shape[1] + 1), "there is no 2"),
        (lambda W, x: hand_forward(hand_net()[0], x[:3, 0], W[0, :1]), "W1 has shape"),
        (lambda W, x: hand_backward(hand_net()[0], x[:2, 0], W[0, :2]), "b2 has shape"),
    ],
)
def test_misuse(call: Callable[[np.ndarray, np.ndarray], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(*autoencoder_problem())
