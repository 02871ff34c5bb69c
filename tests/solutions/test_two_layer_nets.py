"""The two-layer net in its editions, three classes and a function: what they share."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from nndl import neural_net
from nndl.classifiers import two_layer_net_dh, two_layer_net_mse
from nndl.classifiers.two_layer_net_function import init_two_layer_model, two_layer_net

from tests.solutions.known_cases import linspace_model
from tests.solutions.known_toys import toy_data, toy_net


class Edition(NamedTuple):
    """What is particular about one of the classes."""

    net: type[Any]
    shapes: dict[str, tuple[int, ...]]  # of a net with 300 inputs, 40 units and 10 classes
    penalty: float  # the share of reg * sum(W^2) that belongs to the loss
    reg: float  # what train() takes when it is not told


HD = {"W1": (40, 300), "b1": (40,), "W2": (10, 40), "b2": (10,)}
DH = {"W1": (300, 40), "b1": (40,), "W2": (40, 10), "b2": (10,)}
EDITIONS = pytest.mark.parametrize(
    "edition",
    [
        Edition(neural_net.TwoLayerNet, HD, penalty=0.5, reg=1e-5),
        Edition(two_layer_net_mse.TwoLayerNet, HD, penalty=0.5, reg=1e-5),
        Edition(two_layer_net_dh.TwoLayerNet, DH, penalty=1.0, reg=5e-6),
    ],
    ids=["softmax", "mse", "dh"],
)


@EDITIONS
def test_start_values_and_their_order(edition: Edition) -> None:
    np.random.seed(0)  # noqa: NPY002  (the homework's stream)
    net, rng = edition.net(300, 40, 10), np.random.RandomState(0)
    for name, shape in edition.shapes.items():
        wanted = 1e-4 * rng.randn(*shape) if name[0] == "W" else np.zeros(shape)
        np.testing.assert_array_equal(net.params[name], wanted)
    assert set(net.params) == set(edition.shapes)


@EDITIONS
def test_weights_are_regularized_and_biases_are_not(edition: Edition) -> None:
    net, (X, y) = toy_net(edition.net), toy_data()
    net.params["b1"], net.params["b2"] = np.linspace(-1, 1, 10), np.linspace(-1, 1, 3)
    (plain, plain_grads), (loss, grads) = net.loss(X, y), net.loss(X, y, reg=10.0)
    squares = sum(np.sum(net.params[name] ** 2) for name in ("W1", "W2"))
    assert loss - plain == pytest.approx(edition.penalty * 10 * squares, rel=1e-12)
    for name in ("W1", "W2"):
        more = 2 * edition.penalty * 10 * net.params[name]
        np.testing.assert_allclose(grads[name], plain_grads[name] + more, rtol=1e-12, atol=1e-13)
    for name in ("b1", "b2"):
        np.testing.assert_array_equal(grads[name], plain_grads[name])


@EDITIONS
def test_the_rate_falls_after_every_whole_epoch(edition: Edition) -> None:
    rng = np.random.RandomState(4)
    X, y = rng.randn(1, 4).repeat(50, axis=0), np.full(50, 1)  # all batches are the same
    net, twin = toy_net(edition.net), toy_net(edition.net)
    stats = net.train(
        X, y, X, y, learning_rate=0.1, learning_rate_decay=0.5, num_iters=6, batch_size=20
    )
    assert len(stats["loss_history"]) == 6
    assert len(stats["train_acc_history"]) == 3  # 50 // 20 = 2 iterations: after 0, 2 and 4
    assert len(stats["val_acc_history"]) == 3
    for rate in (0.1, 0.05, 0.05, 0.025, 0.025, 0.0125):
        _, grads = twin.loss(X[:20], y[:20], reg=edition.reg)
        for name in twin.params:
            twin.params[name] -= rate * grads[name]
    for name, value in twin.params.items():
        np.testing.assert_allclose(net.params[name], value, rtol=0, atol=1e-14)


@EDITIONS
def test_training_changes_no_data(edition: Edition) -> None:
    X, y = toy_data()
    toy_net(edition.net).train(X, y, X, y, num_iters=3)
    for now, before in zip((X, y), toy_data(), strict=True):
        np.testing.assert_array_equal(now, before)


@EDITIONS
def test_predict_names_the_highest_score(edition: Edition) -> None:
    net, (X, _) = toy_net(edition.net), toy_data()
    np.testing.assert_array_equal(net.predict(X), np.argmax(net.loss(X), axis=1))


@EDITIONS
def test_verbose_training_prints_every_hundredth_loss(
    edition: Edition, capsys: pytest.CaptureFixture[str]
) -> None:
    X, y = toy_data()
    toy_net(edition.net).train(X, y, X, y, num_iters=101, verbose=True)
    printed = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in printed] == ["iteration 0 / 101", "iteration 100 / 101"]


MISFITS = pytest.mark.parametrize(
    ("X", "y", "message"),
    [(np.zeros((5, 3)), None, r"X must have shape \(N, 4\), not \(5, 3\)"),
     (np.zeros(4), None, r"X must have shape \(N, 4\), not \(4,\)"),
     (np.zeros((2, 4)), np.zeros(3, int), r"one label per row of X, 2, not shape \(3,\)"),
     (np.zeros((2, 4)), np.zeros((2, 1), int), r"one label per row of X, 2, not shape \(2, 1\)"),
     (np.zeros((0, 4)), np.zeros(0, int), "one label per row of X, 0"),
     (np.zeros((2, 4)), np.zeros(2), "labels must be whole numbers, not float64"),
     (np.zeros((2, 4)), np.array([0, 3]), "labels must be 0 to 2, not 0 to 3"),
     (np.zeros((2, 4)), np.array([0, -1]), "labels must be 0 to 2, not -1 to 0")],
)  # fmt: skip


@MISFITS
@EDITIONS
def test_what_does_not_fit_is_refused(
    edition: Edition, X: np.ndarray, y: np.ndarray | None, message: str
) -> None:
    net = toy_net(edition.net)
    with pytest.raises(ValueError, match=message):
        net.loss(X, y)
    if y is None:
        with pytest.raises(ValueError, match=message):
            net.predict(X)
        return
    good = np.zeros((2, 4)), np.zeros(2, int)
    for train, val in (((X, y), good), (good, (X, y))):
        with pytest.raises(ValueError, match=message):
            net.train(*train, *val, num_iters=1)


@MISFITS
def test_the_function_refuses_the_same(X: np.ndarray, y: np.ndarray | None, message: str) -> None:
    _, model, _ = linspace_model()
    with pytest.raises(ValueError, match=message):
        two_layer_net(X, model, y)


@EDITIONS
@pytest.mark.parametrize(
    "sizes", [{"batch_size": 0}, {"num_iters": -1}], ids=["batch_size", "num_iters"]
)
def test_impossible_sizes_of_a_training_are_refused(
    edition: Edition, sizes: dict[str, int]
) -> None:
    X, y = toy_data()
    with pytest.raises(ValueError, match=r"batch_size must be at least 1 and num_iters at least 0"):
        toy_net(edition.net).train(X, y, X, y, **sizes)


def test_the_squared_errors_gradient_by_hand() -> None:
    scores = np.array([[0.1, 0.1, 0.8]])
    _, dscores = two_layer_net_mse.mse_loss(scores, np.array([2]))
    np.testing.assert_array_equal(scores, [[0.1, 0.1, 0.8]])
    np.testing.assert_allclose(dscores, [[0.1, 0.1, -0.2]], atol=1e-15)


@pytest.mark.parametrize("size", [1e3, 1e5])
def test_large_scores_overflow_nothing(size: float) -> None:
    _, model, _ = linspace_model()
    model["W2"][:] = 0.0
    model["b2"] = np.array([size, 0.0, 0.0])
    net, transposed = two_layer_net_dh.TwoLayerNet(4, 10, 3), neural_net.TwoLayerNet(4, 10, 3)
    net.params, transposed.params = model, {name: value.T for name, value in model.items()}
    X, y = np.ones((2, 4)), np.array([0, 1])
    for loss, grads in (net.loss(X, y), transposed.loss(X, y), two_layer_net(X, model, y)):
        assert loss == pytest.approx(size / 2)  # 0 for the right label, all of size for the other
        np.testing.assert_allclose(grads["b2"], [0.5, -0.5, 0.0])


def test_a_fresh_model_guesses() -> None:
    np.random.seed(0)  # noqa: NPY002  (the homework's stream)
    model = init_two_layer_model(300, 40, 10)
    rng = np.random.RandomState(0)
    for name, shape in DH.items():
        wanted = 1e-5 * rng.randn(*shape) if name[0] == "W" else np.zeros(shape)
        np.testing.assert_array_equal(model[name], wanted)
    loss, _ = two_layer_net(rng.randn(7, 300), model, np.arange(7))
    assert loss == pytest.approx(np.log(10), abs=1e-7)
