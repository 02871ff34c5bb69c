"""The layers give the homework's numbers, pass the battery, and refuse wrong arguments.

Numbers that are not printed in a handout were computed once from the definitions in float64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from nndl import layers

from tests.solutions import battery
from tests.solutions.battery import CHECKS, Layer
from tests.solutions.layer_cases import (
    CONVOLUTIONS,
    POOLINGS,
    affine,
    convolution,
    loss,
    pooling,
    relu,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def batchnorm(backward: Any) -> Layer:
    return Layer(
        backward.__name__,
        lambda rng, n: (3 * rng.randn(n, 5) + 2, rng.randn(5), rng.randn(5)),
        lambda x, gamma, beta: layers.batchnorm_forward(x, gamma, beta, {"mode": "train"}),
        backward,
        rows=False,
    )


def dropout(mode: str) -> Layer:
    return Layer(
        f"dropout, {mode}",
        lambda rng, n: (rng.randn(n, 7),),
        lambda x: layers.dropout_forward(x, {"p": 0.4, "mode": mode, "seed": 3}),
        layers.dropout_backward,
        rows=mode == "test",
    )


LAYERS = [
    affine(),
    relu(),
    Layer(
        "sigmoid",
        lambda rng, n: (rng.randn(n, 7),),
        layers.sigmoid_forward,
        layers.sigmoid_backward,
    ),
    *(
        convolution(name, layers.conv_forward_naive, layers.conv_backward_naive)
        for name in CONVOLUTIONS
    ),
    *(
        pooling(name, layers.max_pool_forward_naive, layers.max_pool_backward_naive)
        for name in POOLINGS
    ),
    batchnorm(layers.batchnorm_backward),
    batchnorm(layers.batchnorm_backward_alt),
    dropout("train"),
    dropout("test"),
    loss(layers.svm_loss),
    loss(layers.softmax_loss),
    loss(layers.mse_loss),
]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_battery(layer: Layer, check: Callable[[Layer], None]) -> None:
    check(layer)


# Pictures.


def test_filters_find_brightness_and_edges() -> None:
    x = np.random.RandomState(0).rand(1, 3, 6, 7)
    w = np.zeros((2, 3, 3, 3))
    w[0, :, 1, 1] = 0.3, 0.6, 0.1
    w[1, 2] = [[1, 2, 1], [0, 0, 0], [-1, -2, -1]]
    out, _ = layers.conv_forward_naive(x, w, np.array([0.0, 128.0]), {"stride": 1, "pad": 1})
    np.testing.assert_allclose(out[0, 0], 0.3 * x[0, 0] + 0.6 * x[0, 1] + 0.1 * x[0, 2])
    smooth = x[0, 2, :, :-2] + 2 * x[0, 2, :, 1:-1] + x[0, 2, :, 2:]
    np.testing.assert_allclose(out[0, 1, 1:-1, 1:-1], 128 + smooth[:-2] - smooth[2:])


# Losses.


def test_mse_of_the_homeworks_example() -> None:
    prediction = np.array([[0.1, 0.1, 0.8]])
    value, dx = layers.mse_loss(prediction, np.array([[0.0, 0.0, 1.0]]))
    assert value == pytest.approx(0.06 / 2, abs=1e-15)
    np.testing.assert_allclose(dx, [[0.1, 0.1, -0.2]])
    assert layers.mse_loss(prediction, np.array([2]))[0] == value


def test_losses_of_small_scores_are_the_known_ones() -> None:
    rng = np.random.RandomState(231)
    x, y = 0.001 * rng.randn(50, 10), rng.randint(10, size=50)
    assert layers.svm_loss(x, y)[0] == pytest.approx(9, abs=0.004)  # nine margins of about 1
    assert layers.softmax_loss(x, y)[0] == pytest.approx(np.log(10), abs=4e-4)


def test_svm_loss_of_three_samples_by_hand() -> None:
    x = np.array([[3.0, 1.0, 2.5], [0.0, 0.0, 0.0], [1.0, 5.0, 2.0]])
    value, dx = layers.svm_loss(x, np.array([0, 2, 1]))
    assert value == pytest.approx((0.5 + 2 + 0) / 3)
    np.testing.assert_allclose(3 * dx, [[-1, 0, 1], [1, 1, -2], [0, 0, 0]])


def test_softmax_loss_of_probabilities() -> None:
    p = np.array([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]])
    value, dx = layers.softmax_loss(np.log(p) + 7, np.array([1, 0]))
    assert value == pytest.approx(-(np.log(0.5) + np.log(0.1)) / 2)
    np.testing.assert_allclose(2 * dx, [[0.2, -0.5, 0.3], [-0.9, 0.1, 0.8]])


def test_scores_of_thousands() -> None:
    value, dx = layers.softmax_loss(np.array([[1000.0, 0.0, 0.0]]), np.array([1]))
    assert value == 1000
    np.testing.assert_allclose(dx, [[1, -1, 0]])
    with np.errstate(over="raise"):
        np.testing.assert_array_equal(layers.sigmoid(np.array([-1000.0, 0.0, 1000.0])), [0, 0.5, 1])


# Batch normalization and dropout.


def test_training_normalizes_the_batch_and_follows_it() -> None:
    rng = np.random.RandomState(0)
    gamma, beta = np.array([1.0, 2.0, 0.5]), np.array([11.0, 12.0, 13.0])
    bn_param: dict[str, Any] = {"mode": "train", "momentum": 0.8}
    mean, var = np.zeros(3), np.zeros(3)
    for _ in range(3):
        x = 4 * rng.randn(200, 3) + 7
        out, _ = layers.batchnorm_forward(x, gamma, beta, bn_param)
        np.testing.assert_allclose(out.mean(axis=0), beta)
        np.testing.assert_allclose(out.std(axis=0), gamma, rtol=1e-5)
        mean, var = 0.8 * mean + 0.2 * x.mean(axis=0), 0.8 * var + 0.2 * x.var(axis=0)
        np.testing.assert_allclose(bn_param["running_mean"], mean)
        np.testing.assert_allclose(bn_param["running_var"], var)


def test_testing_uses_the_running_averages_and_leaves_them() -> None:
    mean, var = np.array([1.0, 2.0]), np.array([4.0, 9.0])
    bn_param = {"mode": "test", "eps": 0.0, "running_mean": mean, "running_var": var}
    x = np.array([[1.0, 2.0], [3.0, 5.0], [5.0, 8.0]])
    out, _ = layers.batchnorm_forward(x, np.array([1.0, 10.0]), np.array([0.0, 1.0]), bn_param)
    np.testing.assert_allclose(out, [[0, 1], [1, 11], [2, 21]])
    np.testing.assert_array_equal(bn_param["running_mean"], [1, 2])
    np.testing.assert_array_equal(bn_param["running_var"], [4, 9])


def test_running_averages_are_new_arrays() -> None:
    mean, var = np.zeros(2), np.ones(2)
    bn_param = {"mode": "train", "running_mean": mean, "running_var": var}
    layers.batchnorm_forward(np.arange(6.0).reshape(3, 2), np.ones(2), np.zeros(2), bn_param)
    np.testing.assert_array_equal(mean, 0)
    np.testing.assert_array_equal(var, 1)


def test_both_backward_passes_of_batchnorm_agree() -> None:
    layer = batchnorm(layers.batchnorm_backward)
    _, cache, dout = battery.drawn(layer, n=50)
    for one, two in zip(
        layers.batchnorm_backward(dout, cache),
        layers.batchnorm_backward_alt(dout, cache),
        strict=True,
    ):
        np.testing.assert_allclose(one, two, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("p", [0.0, 0.25, 0.7])
def test_dropout_keeps_the_mean_and_drops_a_share_of_p(p: float) -> None:
    x = np.full((400, 300), 10.0)
    out, _ = layers.dropout_forward(x, {"p": p, "mode": "train", "seed": 0})
    assert np.mean(out == 0) == pytest.approx(p, abs=0.01)
    assert out.mean() == pytest.approx(10, rel=0.01)
    np.testing.assert_allclose(out[out != 0], 10 / (1 - p))


def test_dropout_draws_anew_unless_a_seed_is_given() -> None:
    x = np.ones((20, 20))
    seeded = {"p": 0.5, "mode": "train", "seed": 1}
    np.testing.assert_array_equal(
        layers.dropout_forward(x, seeded)[0], layers.dropout_forward(x, seeded)[0]
    )
    free = {"p": 0.5, "mode": "train"}
    assert not np.array_equal(
        layers.dropout_forward(x, free)[0], layers.dropout_forward(x, free)[0]
    )


def test_testing_is_the_identity() -> None:
    x = np.random.RandomState(0).randn(3, 4)
    out, cache = layers.dropout_forward(x, {"p": 0.9, "mode": "test"})
    np.testing.assert_array_equal(out, x)
    np.testing.assert_array_equal(layers.dropout_backward(x, cache), x)


# Kinks.


def test_of_equal_pixels_the_first_gets_the_gradient() -> None:
    x = np.array([[[[1.0, 5.0, 5.0], [5.0, 2.0, 0.0], [7.0, 0.0, 7.0]]]])
    pool_param = {"pool_height": 3, "pool_width": 3, "stride": 1}
    _, cache = layers.max_pool_forward_naive(x, pool_param)
    dx = layers.max_pool_backward_naive(np.array([[[[2.0]]]]), cache)
    np.testing.assert_array_equal(dx, [[[[0, 0, 0], [0, 0, 0], [2, 0, 0]]]])


def test_overlapping_windows_add_up() -> None:
    x = np.array([[[[0.0, 0.0, 0.0], [0.0, 9.0, 0.0], [0.0, 0.0, 0.0]]]])
    _, cache = layers.max_pool_forward_naive(x, {"pool_height": 2, "pool_width": 2, "stride": 1})
    dx = layers.max_pool_backward_naive(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), cache)
    np.testing.assert_array_equal(dx[0, 0], [[0, 0, 0], [0, 10, 0], [0, 0, 0]])


# Odd batches and wrong arguments.


def test_a_batch_of_none_gives_no_rows_and_zero_gradients() -> None:
    x = np.zeros((0, 2, 4, 4))
    w, b = np.ones((3, 2, 2, 2)), np.ones(3)
    for forward, backward, inputs in [
        (layers.affine_forward, layers.affine_backward, (x, np.ones((32, 5)), np.ones(5))),
        (layers.conv_forward_naive, layers.conv_backward_naive, (x, w, b, {"stride": 2, "pad": 0})),
        (
            layers.max_pool_forward_naive,
            layers.max_pool_backward_naive,
            (x, POOLINGS["2x2 side by side"][0]),
        ),
    ]:
        out, cache = forward(*inputs)  # type: ignore[operator]
        assert len(out) == 0
        dx, *others = battery.listed(backward(out, cache))
        assert dx.shape == x.shape
        assert not any(g.any() for g in others)


X, W, B = np.zeros((2, 3, 5, 5)), np.zeros((4, 3, 3, 3)), np.zeros(4)
CONV = {"stride": 1, "pad": 1}
POOL = {"pool_height": 3, "pool_width": 3, "stride": 2}
LABELS = np.array([0, 1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layers.affine_forward(X, np.zeros((7, 4)), B), "75 features, but w is for 7"),
        (lambda: layers.affine_forward(X, np.zeros((75, 3)), B), r"b has shape \(4,\), but"),
        (lambda: layers.affine_forward(X, np.zeros(75), B), r"w .* should have \(D, M\)"),
        (lambda: layers.affine_backward(B, (X, np.zeros((75, 4)), B)), r"dout .* \(2, 4\)"),
        (lambda: layers.relu_backward(B, X), "dout has shape"),
        (lambda: layers.sigmoid_backward(B, X), "dout has shape"),
        (lambda: layers.conv_forward_naive(X[0], W, B, CONV), r"x .* should have \(N, C, H, W\)"),
        (lambda: layers.conv_forward_naive(X, W[0], B, CONV), r"w .* should have \(F, C, HH, WW\)"),
        (
            lambda: layers.conv_forward_naive(X[:, :2], W, B, CONV),
            "2 channels, but the filters have 3",
        ),
        (lambda: layers.conv_forward_naive(X, W, B[:3], CONV), "b has shape"),
        (lambda: layers.conv_forward_naive(X, W[:0], B[:0], CONV), "nothing in it"),
        (
            lambda: layers.conv_forward_naive(X, W, B, {"stride": 3, "pad": 0}),
            "leave 2 of 5 pixels",
        ),
        (lambda: layers.conv_forward_naive(X, W, B, {"stride": 0, "pad": 0}), "at least 1 and 0"),
        (lambda: layers.conv_forward_naive(X, W, B, {"stride": 1, "pad": -1}), "at least 1 and 0"),
        (
            lambda: layers.conv_forward_naive(X[:, :, :2], W, B, {"stride": 1, "pad": 0}),
            "not fit into",
        ),
        (lambda: layers.conv_backward_naive(X, (X, W, B, CONV)), "dout has shape"),
        (lambda: layers.max_pool_forward_naive(X[0], POOL), "x has shape"),
        (lambda: layers.max_pool_forward_naive(X[:, :, :4], POOL), "leave 1 of 4 pixels over"),
        (lambda: layers.max_pool_backward_naive(X, (X, POOL)), "dout has shape"),
        (lambda: layers.svm_loss(B, LABELS), r"x .* should have \(N, C\)"),
        (lambda: layers.svm_loss(np.zeros((3, 4)), LABELS), "y has shape"),
        (
            lambda: layers.softmax_loss(np.zeros((2, 4)), np.array([0, 4])),
            "0 to 3, but y has 0 to 4",
        ),
        (
            lambda: layers.softmax_loss(np.zeros((2, 4)), np.array([-1, 2])),
            "0 to 3, but y has -1 to 2",
        ),
        (lambda: layers.softmax_loss(np.zeros((2, 4)), np.array([0.0, 1.0])), "whole numbers"),
        (lambda: layers.softmax_loss(np.zeros((0, 4)), LABELS[:0]), "no samples"),
        (lambda: layers.mse_loss(np.zeros((2, 4)), np.array([0, 4])), "0 to 3"),
        (lambda: layers.mse_loss(np.zeros((2, 4)), np.zeros((2, 3))), "y has shape"),
        (lambda: layers.mse_loss(np.zeros((0, 4)), np.zeros((0, 4))), "no samples"),
        (
            lambda: layers.batchnorm_forward(np.ones((2, 4)), B, B, {"mode": "Train"}),
            'not "?.Train',
        ),
        (
            lambda: layers.batchnorm_forward(np.ones((2, 3)), B, B, {"mode": "test"}),
            "gamma has shape",
        ),
        (lambda: layers.batchnorm_forward(X, B, B, {"mode": "test"}), "x has shape"),
        (lambda: layers.batchnorm_backward(X, None), "no cache"),
        (lambda: layers.batchnorm_backward_alt(X, None), "no cache"),
        (lambda: layers.dropout_forward(X, {"p": 0.5, "mode": "eval"}), "the mode must be"),
        (lambda: layers.dropout_forward(X, {"p": 1, "mode": "train"}), "p is 1"),
    ],
)
def test_wrong_arguments_raise_one_clear_error(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
