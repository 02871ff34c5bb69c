"""Nets put together from layers: any depth, dropout, normalization, errors."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest
from nndl.fc_net import FullyConnectedNet, TwoLayerNet


class Case(NamedTuple):
    """A net with random parameters, no ReLU near its kink, and what torch 2.13 says of it."""

    seed: int
    hidden: list[int]
    scores: list[float]  # of the first sample; those of a test differ with normalization
    loss: float
    loss_reg: float  # at reg = 0.7
    grads: dict[str, tuple[float, float]]  # norm and sum over k * g_k, k = 1, 2, ..., at reg = 0.7
    batchnorm: bool = False


CASES = [
    Case(
        0, [], [1.2692355370116366, 0.676260823149974, -0.017770297366232812],
        1.837687432065891, 3.597449154200623,
        {"W1": (2.1336746424202917, 31.642892695162033),
         "b1": (0.37490937505711786, -0.5301864426136973)},
    ),
    Case(
        79, [5], [0.4210842201568496, -0.28021755687022354, 0.645616908907051],
        1.433745329515893, 5.6276694795182935,
        {"W1": (2.409275413558211, -1.938011434760596),
         "b1": (0.2776228498753528, 0.5335035275206337),
         "W2": (1.9961539615930624, 13.523608280890247),
         "b2": (0.27135264601386877, -0.3289780650689874)},
    ),
    Case(
        18, [5, 4, 7], [1.4240815119941357, 0.8692693075250142, 2.288112904554126],
        1.1895020264558975, 10.923030843443753,
        {"W1": (1.8553315643503305, 26.301467604947725),
         "b1": (0.11086692191901396, 0.67827506395247),
         "W2": (1.516701287223546, 9.947351941754834),
         "b2": (0.07639760357502824, 0.25166337521278287),
         "W3": (2.3739531908195, 44.504888237856605),
         "b3": (0.2736830829743978, 0.4130708435131681),
         "W4": (1.9579291020165486, 3.178226785936801),
         "b4": (0.1484673808733841, -0.02980665460456927)},
    ),
    Case(
        69, [5, 4], [],
        1.027035529299751, 7.956702029632972,
        {"W1": (2.4613888002868927, -91.03818050719573), "b1": (0.0, 0.0),
         "gamma1": (1.412005342230736, 1.4133488837685113),
         "beta1": (1.2137857770087985, 3.2918337804699416),
         "W2": (2.5449893363961316, -25.287074433835464), "b2": (0.0, 0.0),
         "gamma2": (0.19774185552898235, -0.03701325397596322),
         "beta2": (0.31413572819543395, -0.8172868737757032),
         "W3": (1.647389158462402, 19.481421533451723),
         "b3": (0.0919277409699301, -0.11824813713072349)},
        batchnorm=True,
    ),
]  # fmt: skip
EVERY_CASE = pytest.mark.parametrize("case", CASES, ids=["none", "one", "three", "batchnorm"])


def build(case: Case, reg: float = 0.0, **options: Any) -> tuple[Any, np.ndarray, np.ndarray]:
    """Return the case's net, four samples of shape (2, 3), and their labels."""
    net = FullyConnectedNet(
        case.hidden, 6, 3, use_batchnorm=case.batchnorm, reg=reg, **{"dtype": np.float64, **options}
    )
    rng, sizes = np.random.RandomState(case.seed), [6, *case.hidden, 3]
    for i, (before, after) in enumerate(pairwise(sizes), start=1):
        net.params[f"W{i}"] = 0.5 * rng.randn(before, after)
        net.params[f"b{i}"] = 0.5 * rng.randn(after)
        if case.batchnorm and i < len(sizes) - 1:
            net.params[f"gamma{i}"] = rng.rand(after) + 0.5
            net.params[f"beta{i}"] = 0.5 * rng.randn(after)
    return net, rng.randn(4, 2, 3), np.array([0, 2, 1, 2])


def test_two_layers_start_as_documented() -> None:
    np.random.seed(0)  # noqa: NPY002  (the homework's stream)
    net, rng = TwoLayerNet(), np.random.RandomState(0)
    np.testing.assert_array_equal(net.params["W1"], 1e-3 * rng.randn(3072, 100))
    np.testing.assert_array_equal(net.params["W2"], 1e-3 * rng.randn(100, 10))
    np.testing.assert_array_equal(net.params["b1"], np.zeros(100))
    np.testing.assert_array_equal(net.params["b2"], np.zeros(10))


def test_two_layers_have_no_dropout() -> None:
    with pytest.raises(ValueError, match=r"has no dropout \(0.5\): use FullyConnectedNet"):
        TwoLayerNet(dropout=0.5)


@pytest.mark.parametrize(("reg", "wanted"), [(0.0, 2.300479089768492), (3.14, 7.052114776533016)])
def test_losses_of_the_notebook_with_seed_231(reg: float, wanted: float) -> None:
    np.random.seed(231)  # noqa: NPY002
    X, y = np.random.randn(2, 15), np.random.randint(10, size=2)  # noqa: NPY002
    for r in (0.0, 3.14):
        net = FullyConnectedNet([20, 30], 15, 10, reg=r, weight_scale=5e-2, dtype=np.float64)
        if r == reg:
            assert net.loss(X, y)[0] == pytest.approx(wanted, rel=1e-12)


@EVERY_CASE
def test_any_depth_agrees_with_another_implementation(case: Case) -> None:
    net, X, y = build(case)
    assert net.loss(X, y)[0] == pytest.approx(case.loss, rel=1e-12)
    if not case.batchnorm:
        np.testing.assert_allclose(net.loss(X)[0], case.scores, rtol=1e-12)
    net.reg = 0.7
    loss, grads = net.loss(X, y)
    assert loss == pytest.approx(case.loss_reg, rel=1e-12)
    assert set(grads) == set(case.grads) == set(net.params)
    for name, (norm, weighted) in case.grads.items():
        assert np.linalg.norm(grads[name]) == pytest.approx(norm, rel=1e-10, abs=1e-14), name
        places = np.arange(1, grads[name].size + 1).reshape(grads[name].shape)
        assert np.sum(places * grads[name]) == pytest.approx(weighted, rel=1e-9, abs=1e-14), name


def test_parameters_of_a_deep_net() -> None:
    np.random.seed(0)  # noqa: NPY002
    net, rng = FullyConnectedNet([7, 5], 12, 3, use_batchnorm=True), np.random.RandomState(0)
    for name, shape in (("W1", (12, 7)), ("W2", (7, 5)), ("W3", (5, 3))):
        wanted = (1e-2 * rng.randn(*shape)).astype(np.float32)
        np.testing.assert_array_equal(net.params[name], wanted)
    assert set(net.params) == {
        "W1", "b1", "gamma1", "beta1", "W2", "b2", "gamma2", "beta2", "W3", "b3",
    }  # fmt: skip
    for i, units in ((1, 7), (2, 5)):
        np.testing.assert_array_equal(net.params[f"gamma{i}"], np.ones(units))
        np.testing.assert_array_equal(net.params[f"beta{i}"], np.zeros(units))
        np.testing.assert_array_equal(net.params[f"b{i}"], np.zeros(units))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_arithmetic_is_of_one_type(dtype: type[np.floating[Any]]) -> None:
    net = FullyConnectedNet([5], 6, 3, dropout=0.3, use_batchnorm=True, reg=0.1, dtype=dtype)
    X, y = np.random.RandomState(0).randn(4, 6), np.array([0, 1, 2, 0])
    assert {value.dtype for value in net.params.values()} == {np.dtype(dtype)}
    assert net.loss(X).dtype == dtype
    _, grads = net.loss(X, y)
    assert {value.dtype for value in grads.values()} == {np.dtype(dtype)}


def test_dropout_is_random_in_training_and_absent_in_tests() -> None:
    X, y = np.random.RandomState(0).randn(4, 6), np.array([0, 1, 2, 0])
    net = FullyConnectedNet([50, 50], 6, 3, dropout=0.5, weight_scale=0.5, dtype=np.float64)
    plain = FullyConnectedNet([50, 50], 6, 3, dtype=np.float64)
    plain.params = net.params
    assert net.loss(X, y)[0] != net.loss(X, y)[0]
    np.testing.assert_array_equal(net.loss(X), plain.loss(X))
    seeded = FullyConnectedNet([50, 50], 6, 3, dropout=0.5, dtype=np.float64, seed=3)
    seeded.params = net.params
    assert seeded.loss(X, y)[0] == seeded.loss(X, y)[0] != plain.loss(X, y)[0]


def test_the_dropout_of_a_net_is_the_share_that_is_silent() -> None:
    net = FullyConnectedNet([20000], 1, 2, dropout=0.2, dtype=np.float64, seed=1)
    net.params["W1"][:] = 1.0
    net.params["W2"][:] = [[1 / 20000, 0.0]]
    loss, _ = net.loss(np.ones((1, 1)), np.array([0]))
    first_score = -np.log(np.expm1(loss))  # of two scores, the second being zero
    assert first_score == pytest.approx(1.0, abs=0.02)  # inverted: the mean is kept
    _, grads = net.loss(np.ones((1, 1)), np.array([0]))
    assert np.mean(grads["W2"][:, 0] == 0) == pytest.approx(0.2, abs=0.02)


def test_batch_normalization_uses_running_averages_in_tests() -> None:
    net, X, y = build(CASES[3])
    before = net.loss(X)
    for _ in range(300):
        net.loss(X, y)
    after = net.loss(X)
    assert not np.allclose(before, after)
    net.loss(X[:1])  # a single sample has no variance of its own
    np.testing.assert_array_equal(net.loss(X), after)
    np.testing.assert_allclose(net.loss(X[:2]), after[:2], rtol=1e-12)


def test_large_scores_overflow_nothing() -> None:
    net = FullyConnectedNet([], 1, 3, dtype=np.float64)
    net.params["W1"][:] = [[1e4, 0.0, 0.0]]
    loss, grads = net.loss(np.ones((2, 1)), np.array([0, 1]))
    assert loss == pytest.approx(5e3)
    np.testing.assert_allclose(grads["b1"], [0.5, -0.5, 0.0])


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [(np.zeros((2, 5)), None, "X must have 6 numbers per sample"),
     (np.zeros(6), None, "X must have 6 numbers per sample"),
     (np.zeros((2, 3, 2)), np.zeros(3, int), r"y has shape \(3,\), but should have \(2,\)"),
     (np.zeros((0, 6)), np.zeros(0, int), "the average over no samples"),
     (np.zeros((2, 6)), np.zeros(2), "labels are whole numbers, but y is of float64"),
     (np.zeros((2, 6)), np.array([0, 3]), "labels go from 0 to 2, but y has 0 to 3"),
     (np.zeros((2, 6)), np.array([0, -1]), "labels go from 0 to 2, but y has -1 to 0")],
)  # fmt: skip
@pytest.mark.parametrize("net", [TwoLayerNet(6, 4, 3), FullyConnectedNet([4], 6, 3)])
def test_what_does_not_fit_is_refused(
    net: Any, X: np.ndarray, y: np.ndarray | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        net.loss(X, y)


@pytest.mark.parametrize("dropout", [-0.1, 1.0, 2.0])
def test_an_impossible_dropout_is_refused(dropout: float) -> None:
    with pytest.raises(ValueError, match="dropout must be 0 or more and below 1"):
        FullyConnectedNet([4], dropout=dropout)
