"""The written problems: their formulas give the known numbers and agree with differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from nndl.calculus import (
    autoencoder_gradient,
    autoencoder_loss,
    counter_example,
    descent_lemma,
    descent_path,
    descent_rate,
    gplvm_gradients,
    gplvm_terms,
    gradient_errors,
    proximal_step,
    sum_after_one_step,
)
from nndl.gradient_check import eval_numerical_gradient, rel_error
from nndl.hand_net import hand_backward, hand_forward, hand_net

if TYPE_CHECKING:
    from collections.abc import Callable

AUTOENCODER_LOSS = 5.061774866193775
AUTOENCODER_GRADIENT = [
    [1.6076049174052651, 7.627147710453043, -0.8873309149533167, 1.5667676394929064,
     -4.074510714909557],
    [0.49785742794062, 5.679181103907417, 0.5072037771018914, 0.9372710856213762,
     -0.9491388661308453],
    [0.3951779983833861, 9.789768161227206, 1.6477752765793534, 1.4637814399621616,
     -0.25548680149704595],
]  # fmt: skip
L1, L2 = -2.0499744940730826, -7.977655028209503
GRADIENT_L1 = [
    [-0.8664394799103473, -0.2791459907739125],
    [0.7510988668238007, 0.7566740686549556],
    [0.2674489123614369, 0.8856260844015494],
    [-0.8922880933251918, -0.24535596374747212],
    [-0.12249370065370242, 0.012824145389619616],
    [-0.2228515066429881, 0.5390384180710264],
]
GRADIENT_L2 = [
    [0.453180579890522, -0.1384710844327641],
    [0.6138405976750398, 0.43327590637404545],
    [-0.6464694830793704, -0.5612842084850593],
    [0.5740390709728603, 0.8309005275469011],
    [-0.07000133065323152, 0.03345010528813101],
    [-0.1390093466029896, -0.0697958299134568],
]
GRADIENT_BOTH = [
    [-0.4132589000198253, -0.41761707520667657],
    [1.3649394644988404, 1.189949975029001],
    [-0.37902057071793344, 0.3243418759164901],
    [-0.31824902235233143, 0.585544563799429],
    [-0.19249503130693396, 0.04627425067775063],
    [-0.3618608532459777, 0.4692425881575696],
]
HAND_VALUES: dict[str, Any] = {
    "z1": [0.3775, 0.39249999999999996], "x1": [0.5932699921071872, 0.596884378259767],
    "z2": [1.10590596705977], "x2": [0.7513650695523157], "loss": 0.274811083176155,
}  # fmt: skip
HAND_GRADS: dict[str, Any] = {
    "dloss_dx2": [0.7413650695523157],
    "delta2": [0.13849856162855695],
    "W2": [[0.08216704056423077, 0.08266762784753325]],
    "b2": [0.13849856162855695],
    "delta1": [0.013367920422887458, 0.014996075488896851],
    "W1": [
        [0.000668396021144373, 0.001336792042288746],
        [0.0007498037744448426, 0.0014996075488896852],
    ],
    "b1": [0.013367920422887458, 0.014996075488896851],
}
HAND_PRINTED: dict[str, Any] = {  # as the homework's autograd cell prints them
    "z1": [0.3775, 0.3925], "x1": [0.5933, 0.5969], "z2": [1.1059], "x2": [0.7514], "loss": 0.2748,
    "W1": [[0.0006684, 0.00133679], [0.0007498, 0.00149961]], "b1": [0.01336792, 0.01499607],
    "W2": [[0.08216704, 0.08266763]], "b2": [0.13849856],
}  # fmt: skip


def autoencoder_problem() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.RandomState(0)
    return rng.randn(3, 5), rng.randn(5, 1)


def gplvm_problem() -> tuple[np.ndarray, np.ndarray, float, float]:
    rng = np.random.RandomState(1)
    return rng.randn(6, 2), rng.randn(6, 4), 0.7, 1.9


def test_the_autoencoders_loss_and_gradient() -> None:
    W, x = autoencoder_problem()
    assert W[0, 0] == 1.764052345967664
    assert x[0, 0] == 0.33367432737426683
    assert autoencoder_loss(W, x) == pytest.approx(AUTOENCODER_LOSS, rel=1e-12)
    np.testing.assert_allclose(autoencoder_gradient(W, x), AUTOENCODER_GRADIENT, rtol=1e-12)
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


def test_the_latent_variable_models_terms_and_gradients() -> None:
    X, Y, alpha, beta = gplvm_problem()
    assert X[0, 0] == 1.6243453636632417
    assert Y[0, 0] == -0.3224172040135075
    assert gplvm_terms(X, Y, alpha, beta) == pytest.approx((L1, L2), rel=1e-12)
    dL1, dL2 = gplvm_gradients(X, Y, alpha, beta)
    np.testing.assert_allclose(dL1, GRADIENT_L1, rtol=1e-12)
    np.testing.assert_allclose(dL2, GRADIENT_L2, rtol=1e-12)
    np.testing.assert_allclose(dL1 + dL2, GRADIENT_BOTH, rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_every_gradient_agrees_with_central_differences(seed: int) -> None:
    errors = gradient_errors(seed)
    assert len(errors) == 9
    assert max(errors.values()) < 1e-6, errors


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
@pytest.mark.parametrize(("eta", "wanted"), [(0.0, 2.25), (0.1, 2.2725), (0.5, 2.8125), (1, 4.5)])
def test_a_stochastic_step_raises_the_sum(eta: float, wanted: float, term: int) -> None:
    assert sum_after_one_step(eta, term) == pytest.approx(wanted, rel=1e-14)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_back_propagation_by_hand(dtype: type) -> None:
    params, x0, y = hand_net()
    params = {name: value.astype(dtype) for name, value in params.items()}
    x0, y = x0.astype(dtype), y.astype(dtype)
    values, grads = hand_forward(params, x0, y), hand_backward(params, x0, y)
    tolerance = 1e-12 if dtype is np.float64 else 2e-6
    for found, wanted in ((values, HAND_VALUES), (grads, HAND_GRADS)):
        assert set(found) == set(wanted)
        for name, value in wanted.items():
            assert found[name].dtype == dtype
            assert found[name].shape == np.shape(value)
            np.testing.assert_allclose(found[name], value, rtol=tolerance, err_msg=name)
    for name, printed in HAND_PRINTED.items():
        digits = 4 if name in values else 8
        np.testing.assert_allclose({**values, **grads}[name], printed, atol=0.51 * 10**-digits)


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
