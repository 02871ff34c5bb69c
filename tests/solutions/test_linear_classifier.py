"""Softmax and SVM with samples in columns: values from another implementation, training, errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from nndl.classifiers.linear_classifier import LinearClassifier, Softmax
from nndl.classifiers.linear_svm import LinearSVM
from nndl.classifiers.softmax import softmax_loss_naive, softmax_loss_vectorized
from nndl.classifiers.svm import svm_loss_naive, svm_loss_vectorized
from nndl.gradient_check import eval_numerical_gradient, rel_error

if TYPE_CHECKING:
    from collections.abc import Callable

    Loss = Callable[[np.ndarray, np.ndarray, np.ndarray, float], tuple[float, np.ndarray]]

SOFTMAX: list[Loss] = [softmax_loss_naive, softmax_loss_vectorized]
SVM: list[Loss] = [svm_loss_naive, svm_loss_vectorized]
EVERY_LOSS = pytest.mark.parametrize("loss_of", [*SOFTMAX, *SVM])
SOFTMAX_GRAD = [
    [-0.40822805052546374, -0.07347797057944548, 0.3728762940031843, -0.5974067779347773],
    [0.30147485731481116, 0.1150359102119655, -0.12790248110174493, 0.5793906546549574],
    [0.10675319321065257, -0.041557939632520025, -0.24497381290143927, 0.018016123279819857],
]
SVM_GRAD = [
    [-0.7907250206135636, -0.24313930087256225, 0.9842295976055543, -1.3836866323360595],
    [0.8426140292965147, 0.39179020574845247, -0.3809654019710804, 1.7496617939794303],
    [-0.05188900868295099, -0.14865090487589022, -0.6032641956344739, -0.3659751616433709],
]
# The loss without regularization, the loss with, and the gradient without.
VALUES = {
    **dict.fromkeys(SOFTMAX, (1.148065759010314, 1.7615203044648595, SOFTMAX_GRAD)),
    **dict.fromkeys(SVM, (1.9100001218074991, 2.523454667262045, SVM_GRAD)),
}
SOFTMAX_AT = {
    0: 1.0942854501555732, 1: 0.3303927787996379, 2: 0.5126083013839987, 5: 0.4988654175587316,
    10: 0.36873320307464585, 20: 0.5457614779630982, 30: 0.35924968132952456,
    40: 0.505552036511118, 50: 0.4366921881739976, 59: 0.4285899314477938,
}  # fmt: skip
SVM_AT = {
    0: 1.9869519958181232, 1: 0.3718549015701749, 2: 0.6007208669047197, 5: 0.7201061667129969,
    10: 0.5054541714816216, 20: 0.7030402284360341, 30: 0.44539287471051714,
    40: 0.6043156537512261, 50: 0.4762272983697621, 59: 0.5182712472303016,
}  # fmt: skip
SOFTMAX_W0 = [
    0.5931221808604352, 0.22767775103308477, -0.353026511522325, -0.7516022524812698,
    0.438893928139777, -0.30144097481431614,
]  # fmt: skip
SVM_W0 = [
    0.38324164825512347, 0.16197683643732563, -0.34129214496495164, -0.4523883472635417,
    0.2975329490933104, -0.20964367842683015,
]  # fmt: skip


def example() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    W = np.linspace(-0.3, 0.5, 12).reshape(3, 4)
    return W, np.random.RandomState(10).randn(4, 6), np.array([0, 2, 1, 1, 0, 2])


def three_clouds() -> tuple[np.ndarray, np.ndarray]:
    """Return 90 samples as columns, the last row all ones, and their labels."""
    rng = np.random.RandomState(11)
    centres, y = rng.randn(3, 5) * 1.5, rng.randint(0, 3, 90)
    return np.vstack([centres[y].T + rng.randn(5, 90), np.ones(90)]), y


@EVERY_LOSS
def test_loss_and_gradient(loss_of: Loss) -> None:
    W, X, y = example()
    plain, regularized, grad_wanted = VALUES[loss_of]
    loss, grad = loss_of(W, X, y, 0.0)
    assert loss == pytest.approx(plain, rel=1e-13)
    np.testing.assert_allclose(grad, grad_wanted, rtol=0, atol=1e-14)
    loss, grad = loss_of(W, X, y, 0.7)
    assert loss == pytest.approx(regularized, rel=1e-13)
    np.testing.assert_allclose(grad, np.array(grad_wanted) + 1.4 * W, rtol=0, atol=1e-14)


@EVERY_LOSS
def test_the_gradient_is_the_slope(loss_of: Loss) -> None:
    W, X, y = example()
    _, grad = loss_of(W, X, y, 0.3)
    numeric = eval_numerical_gradient(lambda W: loss_of(W, X, y, 0.3)[0], W, verbose=False)
    assert rel_error(numeric, grad) < 1e-8


@pytest.mark.parametrize(
    ("loss_of", "wanted"),
    [*((f, np.log(10)) for f in SOFTMAX), *((f, 9.0) for f in SVM)],
)  # nothing learnt: all classes alike, and all nine wrong ones at the margin 1
def test_zero_weights_cost_what_guessing_costs(loss_of: Loss, wanted: float) -> None:
    loss, _ = loss_of(np.zeros((10, 4)), example()[1], np.array([0, 9, 3, 3, 5, 2]), 1e3)
    assert loss == pytest.approx(wanted, rel=1e-14)


@pytest.mark.parametrize("loss_of", SOFTMAX)
def test_large_scores_overflow_nothing(loss_of: Loss) -> None:
    loss, grad = loss_of(np.array([[1e4], [0.0]]), np.ones((1, 2)), np.array([0, 1]), 0.0)
    assert loss == pytest.approx(5e3)
    np.testing.assert_allclose(grad, [[0.5], [-0.5]])


@pytest.mark.parametrize("loss_of", SVM)
def test_a_lead_of_the_whole_margin_costs_nothing(loss_of: Loss) -> None:
    W = np.array([[2.0], [1.0], [0.5]])
    loss, grad = loss_of(W, np.ones((1, 1)), np.array([0]), 0.0)
    assert loss == 0.0
    np.testing.assert_array_equal(grad, np.zeros((3, 1)))
    loss, grad = loss_of(W, np.ones((1, 1)), np.array([1]), 0.0)
    assert loss == pytest.approx(2.0 + 0.5)
    np.testing.assert_array_equal(grad, [[1.0], [-2.0], [1.0]])


@EVERY_LOSS
def test_inputs_stay_as_they_are(loss_of: Loss) -> None:
    W, X, y = example()
    loss_of(W, X, y, 0.7)
    for now, before in zip((W, X, y), example(), strict=True):
        np.testing.assert_array_equal(now, before)


@pytest.mark.parametrize(
    ("classifier", "rate", "losses", "first_row", "right"),
    [(Softmax, 0.3, SOFTMAX_AT, SOFTMAX_W0, 71), (LinearSVM, 0.1, SVM_AT, SVM_W0, 74)],
)
def test_training_from_a_seed(
    classifier: type[LinearClassifier],
    rate: float,
    losses: dict[int, float],
    first_row: list[float],
    right: int,
) -> None:
    X, y = three_clouds()
    model = classifier()
    np.random.seed(12)  # noqa: NPY002  (the homework's stream)
    history = model.train(X, y, learning_rate=rate, reg=0.01, num_iters=60, batch_size=20)
    assert len(history) == 60
    assert {i: history[i] for i in losses} == pytest.approx(losses, rel=1e-11)
    assert model.W is not None
    np.testing.assert_allclose(model.W[0], first_row, rtol=1e-11)
    assert int(np.sum(model.predict(X) == y)) == right


def test_weights_start_small_and_training_goes_on_from_them() -> None:
    X, y = three_clouds()
    model = Softmax()
    np.random.seed(3)  # noqa: NPY002
    assert model.train(X, y, num_iters=0) == []
    np.testing.assert_array_equal(model.W, 0.001 * np.random.RandomState(3).randn(3, 6))
    first = model.train(X, y, learning_rate=0.3, num_iters=30)
    assert model.train(X, y, learning_rate=0.3, num_iters=1)[0] < first[0]


def test_verbose_training_prints_every_hundredth_loss(capsys: pytest.CaptureFixture[str]) -> None:
    X, y = three_clouds()
    Softmax().train(X, y, num_iters=101, batch_size=2)
    assert capsys.readouterr().out == ""
    Softmax().train(X, y, num_iters=101, batch_size=2, verbose=True)
    printed = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in printed] == ["iteration 0 / 101", "iteration 100 / 101"]


@EVERY_LOSS
@pytest.mark.parametrize(
    ("change", "message"),
    [({"W": np.zeros((3, 5))}, r"W must be \(C, D\)"), ({"X": np.zeros((4, 0))}, "N above 0"),
     ({"y": np.zeros(5, int)}, r"y has shape \(5,\), but should have \(6,\)"),
     ({"y": np.full(6, 3)}, "labels go from 0 to 2, but y has 3 to 3"),
     ({"y": np.full(6, -1)}, "labels go from 0 to 2, but y has -1 to -1")],
)  # fmt: skip
def test_what_does_not_fit_is_refused(
    loss_of: Loss, change: dict[str, np.ndarray], message: str
) -> None:
    W, X, y = example()
    given = {"W": W, "X": X, "y": y, **change}
    with pytest.raises(ValueError, match=message):
        loss_of(given["W"], given["X"], given["y"], 0.0)


def test_training_and_prediction_refuse_what_does_not_fit() -> None:
    X, y = three_clouds()
    for labels, message in (
        (y[1:], "y has shape"), (y - 1, "labels go from 0"), (y.astype(float), "whole numbers"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            LinearSVM().train(X, labels)
    for batch_size, num_iters in ((0, 1), (1, -1)):
        with pytest.raises(
            ValueError, match="batch_size must be at least 1 and num_iters at least"
        ):
            LinearSVM().train(X, y, batch_size=batch_size, num_iters=num_iters)
    with pytest.raises(ValueError, match=r"X must have shape \(D, N\)"):
        LinearSVM().train(X[0], y)
    with pytest.raises(ValueError, match="call train first"):
        Softmax().predict(X)
    model = Softmax()
    model.train(X, y, num_iters=1)
    with pytest.raises(ValueError, match=r"X must have shape \(6, N\)"):
        model.predict(X.T)
