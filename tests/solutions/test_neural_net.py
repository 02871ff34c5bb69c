"""The reference network gives the homework's numbers, and does what the handout's cells miss."""

from __future__ import annotations

import numpy as np
import pytest
from nndl.gradient_check import eval_numerical_gradient, rel_error
from nndl.neural_net import TwoLayerNet

SCORES = [
    [-1.07260209, 0.05083871, -0.87253915],
    [-2.02778743, -0.10832494, -1.52641362],
    [-0.74225908, 0.15259725, -0.39578548],
    [-0.38172726, 0.10835902, -0.17328274],
    [-0.64417314, -0.18886813, -0.41106892],
]
LOSS_AT = {
    0: 1.1101173813601368,
    1: 0.7926257911149989,
    2: 0.5813472426456464,
    5: 0.16368867485758576,
    10: 0.05411988311727135,
    20: 0.026613417645312356,
    35: 0.01732690925720263,
    50: 0.014548171221167357,
    75: 0.013394581660748845,
    90: 0.013145138427932648,
    99: 0.014497864587765886,
}
# With the biases of random_biases() and reg = 0.05.
BIASED_LOSS = 1.7778892988622568
BIASED_B1 = [
    -0.00029133162207784424, 0.042945216149582015, 0.0, -0.008487799017684768,
    0.003589741677871033, 0.02696877189663751, 0.0726438443054876, 0.0,
    -0.004493274881507747, -0.0025173052615296166,
]  # fmt: skip
BIASED_B2 = [-0.08957334874509107, 0.448067847170725, -0.35849449842563397]


def toy_net() -> TwoLayerNet:
    np.random.seed(0)  # noqa: NPY002  (the homework's stream)
    return TwoLayerNet(4, 10, 3, std=1e-1)


def toy_data() -> tuple[np.ndarray, np.ndarray]:
    return 10 * np.random.RandomState(1).randn(5, 4), np.array([0, 1, 2, 2, 1])


def random_biases(net: TwoLayerNet) -> TwoLayerNet:
    rng = np.random.RandomState(2)
    net.params["b1"], net.params["b2"] = rng.randn(10), rng.randn(3)
    return net


def test_the_scores_are_the_homeworks() -> None:
    X, _ = toy_data()
    scores = toy_net().loss(X)
    assert scores.shape == (5, 3)
    assert np.abs(scores - SCORES).sum() < 1e-7


def test_parameters_have_the_documented_shapes_and_start_values() -> None:
    net = TwoLayerNet(300, 40, 10, std=1e-2)
    assert {k: v.shape for k, v in net.params.items()} == {
        "W1": (40, 300), "b1": (40,), "W2": (10, 40), "b2": (10,),
    }  # fmt: skip
    assert not net.params["b1"].any()
    assert not net.params["b2"].any()
    assert net.params["W1"].std() == pytest.approx(1e-2, rel=0.05)


@pytest.mark.parametrize(("reg", "wanted"), [(0.05, 1.071696123862817), (0.0, 1.0527307042569336)])
def test_the_loss_is_the_homeworks(reg: float, wanted: float) -> None:
    loss, _ = toy_net().loss(*toy_data(), reg=reg)
    assert abs(loss - wanted) < 1e-12


def test_biases_are_not_regularized() -> None:
    loss, grads = random_biases(toy_net()).loss(*toy_data(), reg=0.05)
    assert abs(loss - BIASED_LOSS) < 1e-12
    np.testing.assert_allclose(grads["b1"], BIASED_B1, rtol=0, atol=1e-12)
    np.testing.assert_allclose(grads["b2"], BIASED_B2, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("biases", "bound"), [("zero", 1e-8), ("random", 1e-7)])
def test_gradients_agree_with_numeric_ones(biases: str, bound: float) -> None:
    net = toy_net() if biases == "zero" else random_biases(toy_net())
    X, y = toy_data()
    _, grads = net.loss(X, y, reg=0.05)
    assert set(grads) == set(net.params)
    for name, parameter in net.params.items():
        numeric = eval_numerical_gradient(
            lambda _: net.loss(X, y, reg=0.05)[0], parameter, verbose=False
        )
        assert grads[name].shape == parameter.shape
        assert rel_error(numeric, grads[name]) < bound, name


@pytest.mark.parametrize("size", [1e3, 1e5])
def test_large_scores_overflow_nothing(size: float) -> None:
    net = toy_net()
    net.params["W2"][:] = 0.0
    net.params["b2"] = np.array([size, 0.0, 0.0])
    loss, grads = net.loss(np.ones((2, 4)), np.array([0, 1]))
    assert loss == pytest.approx(size / 2)  # 0 for the right label, all of size for the wrong one
    np.testing.assert_allclose(grads["b2"], [0.5, -0.5, 0.0])


def test_loss_changes_neither_inputs_nor_parameters() -> None:
    net = toy_net()
    X, y = toy_data()
    before = {name: value.copy() for name, value in net.params.items()}
    net.loss(X, y, reg=0.05)
    np.testing.assert_array_equal(X, toy_data()[0])
    np.testing.assert_array_equal(y, toy_data()[1])
    for name, value in before.items():
        np.testing.assert_array_equal(net.params[name], value)


def test_toy_training_follows_the_homeworks_losses() -> None:
    net = toy_net()
    X, y = toy_data()
    stats = net.train(X, y, X, y, learning_rate=1e-1, reg=5e-6, num_iters=100)
    losses = stats["loss_history"]
    assert len(losses) == len(stats["train_acc_history"]) == len(stats["val_acc_history"]) == 100
    assert {i: losses[i] for i in LOSS_AT} == pytest.approx(LOSS_AT, rel=0, abs=1e-10)
    assert abs(losses[-1] - LOSS_AT[99]) < 1e-12
    assert stats["val_acc_history"][-1] == 1.0


@pytest.mark.parametrize(
    ("num_train", "batch_size", "num_iters", "epochs_at"),
    [
        (49000, 200, 1000, [0, 245, 490, 735, 980]),
        (49000, 300, 1000, [0, 163, 326, 489, 652, 815, 978]),
        (49000, 400, 1000, [0, 122, 244, 366, 488, 610, 732, 854, 976]),
        (49000, 500, 1000, list(range(0, 1000, 98))),
        (49000, 128, 2000, [0, 382, 764, 1146, 1528, 1910]),
        (50, 20, 20, list(range(0, 20, 2))),
        (5, 200, 100, list(range(100))),
    ],
)
def test_the_rate_falls_after_every_whole_epoch(
    num_train: int, batch_size: int, num_iters: int, epochs_at: list[int]
) -> None:
    class Recorder(TwoLayerNet):
        """Learns nothing but keeps how far b2 moved: a unit gradient shows the rate."""

        def loss(self, X: np.ndarray, y: np.ndarray | None = None, reg: float = 0.0) -> object:
            if y is None:
                return np.zeros((len(X), 2))
            return reg, {"W1": 0.0, "b1": 0.0, "W2": 0.0, "b2": 1.0}

    net = Recorder(1, 1, 2)
    X, y = np.zeros((num_train, 1)), np.zeros(num_train, int)
    stats = net.train(
        X, y, X[:2], y[:2], learning_rate=1.0, learning_rate_decay=0.5,
        num_iters=num_iters, batch_size=batch_size,
    )  # fmt: skip
    rate, way, hits = 1.0, 0.0, 0
    for it in range(num_iters):
        way += rate
        if it in epochs_at:
            rate, hits = rate / 2, hits + 1
    assert -net.params["b2"][0] == pytest.approx(way, rel=1e-12)
    assert len(stats["val_acc_history"]) == len(stats["train_acc_history"]) == hits


def test_predict_names_the_highest_score() -> None:
    net = toy_net()
    X, _ = toy_data()
    np.testing.assert_array_equal(net.predict(X), np.argmax(SCORES, axis=1))


def test_verbose_training_prints_every_hundredth_loss(capsys: pytest.CaptureFixture[str]) -> None:
    X, y = toy_data()
    toy_net().train(X, y, X, y, num_iters=101, verbose=True)
    printed = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in printed] == ["iteration 0 / 101", "iteration 100 / 101"]
