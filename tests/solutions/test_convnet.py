"""The two-layer ConvNet: torch's values, start values, errors."""

from __future__ import annotations

import numpy as np
import pytest
from nndl.classifiers.convnet import init_two_layer_convnet, two_layer_convnet

# From torch 2.13, at reg = 0.5.
SCORES = [
    [-2.4435268022427308, -1.325123368651472, -0.4093505701591148, -1.3600941785545466],
    [-3.506601777965369, -2.066713572728565, -0.8033565991064548, -3.4869527651852463],
]
LOSS, LOSS_REG = 1.60717471506698, 5.603182139466112
B1_GRAD = [-0.4575099627639735, 0.1947727103962975, 0.5308090669091164]
B2_GRAD = [0.057725110513048766, -0.29595743393668744, 0.6133704028734097, -0.3751380794497712]
W1_GRAD_21 = [
    -0.3674800426823371, -0.47533330823285325, 0.0764191546816575,
    -0.6924152585930259, 0.874992915193207, -0.32321365431921867,
    -0.7520197856109292, 0.0784792214504467, -0.6027318410513479,
]  # fmt: skip
W2_GRAD_7 = [0.2182835721672135, -0.565624962739611, 0.6800069497742942, 0.04679627172978543]
W1_SQUARES, W2_SQUARES = 20.14776359708556, 30.52544064509476


def small() -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """Return two images that are not square, three filters and random biases.

    No ReLU is within 0.02 of its kink, and in no pooling window are the two largest closer.
    """
    rng = np.random.RandomState(191)
    model = {
        "W1": 0.3 * rng.randn(3, 2, 3, 3),
        "b1": 0.3 * rng.randn(3),
        "W2": 0.3 * rng.randn(36, 4),
        "b2": 0.3 * rng.randn(4),
    }
    return rng.randn(2, 2, 6, 8), model, np.array([3, 1])


def test_start_values_and_their_order() -> None:
    np.random.seed(4)  # noqa: NPY002
    model = init_two_layer_convnet(
        weight_scale=0.1, bias_scale=0.2, input_shape=(2, 6, 8), num_classes=4, num_filters=3,
        filter_size=3,
    )  # fmt: skip
    rng = np.random.RandomState(4)
    np.testing.assert_array_equal(model["W1"], 0.1 * rng.randn(3, 2, 3, 3))
    np.testing.assert_array_equal(model["b1"], 0.2 * rng.randn(3))
    np.testing.assert_array_equal(model["W2"], 0.1 * rng.randn(36, 4))
    np.testing.assert_array_equal(model["b2"], 0.2 * rng.randn(4))


def test_start_values_that_nobody_chooses() -> None:
    model = init_two_layer_convnet()
    assert {name: value.shape for name, value in model.items()} == {
        "W1": (32, 3, 5, 5), "b1": (32,), "W2": (8192, 10), "b2": (10,),
    }  # fmt: skip
    assert not model["b1"].any()
    assert not model["b2"].any()
    assert model["W2"].std() == pytest.approx(1e-3, rel=0.02)


def test_scores_loss_and_gradients() -> None:
    X, model, y = small()
    np.testing.assert_allclose(two_layer_convnet(X, model), SCORES, rtol=1e-12)
    assert two_layer_convnet(X, model, y)[0] == pytest.approx(LOSS, rel=1e-12)
    loss, grads = two_layer_convnet(X, model, y, 0.5)
    assert loss == pytest.approx(LOSS_REG, rel=1e-12)
    assert {k: v.shape for k, v in grads.items()} == {k: v.shape for k, v in model.items()}
    np.testing.assert_allclose(grads["b1"], B1_GRAD, rtol=1e-11)
    np.testing.assert_allclose(grads["b2"], B2_GRAD, rtol=1e-11)
    np.testing.assert_allclose(grads["W1"][2, 1].ravel(), W1_GRAD_21, rtol=1e-11)
    np.testing.assert_allclose(grads["W2"][7], W2_GRAD_7, rtol=1e-11)
    assert np.sum(grads["W1"] ** 2) == pytest.approx(W1_SQUARES, rel=1e-11)
    assert np.sum(grads["W2"] ** 2) == pytest.approx(W2_SQUARES, rel=1e-11)


def test_biases_are_not_regularized() -> None:
    X, model, y = small()
    plain, with_reg = (two_layer_convnet(X, model, y, reg)[1] for reg in (0.0, 100.0))
    np.testing.assert_array_equal(plain["b1"], with_reg["b1"])
    np.testing.assert_array_equal(plain["b2"], with_reg["b2"])


def test_filters_of_size_one_and_five() -> None:
    rng = np.random.RandomState(0)
    for size in (1, 5):
        model = init_two_layer_convnet(0.1, 0.1, (2, 6, 8), 4, 3, size)
        assert two_layer_convnet(rng.randn(1, 2, 6, 8), model).shape == (1, 4)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"filter_size": 4}, "filter_size must be odd, not 4"),
     ({"input_shape": (3, 7, 8)}, "height and width must be even for 2x2 pooling, not 7 and 8"),
     ({"input_shape": (3, 8, 7)}, "height and width must be even for 2x2 pooling, not 8 and 7")],
)  # fmt: skip
def test_impossible_nets_are_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        init_two_layer_convnet(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [(np.zeros((2, 2, 6, 6)), None, r"X of shape \(2, 2, 6, 6\) does not fit"),
     (np.zeros((2, 3, 6, 8)), None, r"X of shape \(2, 3, 6, 8\) does not fit"),
     (np.zeros((2, 6, 8)), None, r"X of shape \(2, 6, 8\) does not fit"),
     (np.zeros((2, 2, 6, 8)), np.zeros(3, int), r"y has shape \(3,\), but should have \(2,\)"),
     (np.zeros((2, 2, 6, 8)), np.array([0, 4]), "labels go from 0 to 3, but y has 0 to 4"),
     (np.zeros((2, 2, 6, 8)), np.array([-1, 0]), "labels go from 0 to 3, but y has -1 to 0")],
)  # fmt: skip
def test_what_does_not_fit_is_refused(X: np.ndarray, y: np.ndarray | None, message: str) -> None:
    _, model, _ = small()
    with pytest.raises(ValueError, match=message):
        two_layer_convnet(X, model, y)
