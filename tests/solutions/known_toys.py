"""The toy net of the two-layer homeworks in its classes: their known values, rights and wrongs.

Functions that return names and values are builders for `known_cases.py`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np
from nndl.classifiers import two_layer_net_dh, two_layer_net_mse
from nndl.data_utils import get_CIFAR10_data
from nndl.gradient_check import eval_numerical_gradient, rel_error
from nndl.neural_net import TwoLayerNet

if TYPE_CHECKING:
    from collections.abc import Callable

    Arrays = dict[str, np.ndarray]
    Values = dict[str, Any]

MSE, DH = two_layer_net_mse.TwoLayerNet, two_layer_net_dh.TwoLayerNet
TOY_NETS = {"HD.softmax": TwoLayerNet, "HD.mse": MSE, "DH.softmax": DH}
LABELS = np.array([0, 1, 2, 2, 1])
choice = np.random.choice  # the handouts' own way to draw; a builder replaces it for a while


def toy_net(kind: type[Any]) -> Any:
    np.random.seed(0)  # noqa: NPY002  (the homework's stream)
    return kind(4, 10, 3, std=1e-1)


def toy_data() -> tuple[np.ndarray, np.ndarray]:
    return 10 * np.random.RandomState(1).randn(5, 4), LABELS.copy()


class RegularizedBiases(TwoLayerNet):
    """A mistake that zero biases hide: their gradients have a share of the regularization."""

    def loss(self, X: np.ndarray, y: np.ndarray | None = None, reg: float = 0.0) -> Any:
        if y is None:
            return super().loss(X)
        loss, grads = super().loss(X, y, reg)
        return loss, {k: g + reg * self.params[k] * (k[0] == "b") for k, g in grads.items()}


def numeric_errors(params: Arrays, loss: Callable[[], tuple[float, Arrays]]) -> dict[str, float]:
    """Return how far each parameter's gradient is from central differences."""
    _, grads = loss()
    assert set(grads) == set(params)
    return {
        name: rel_error(eval_numerical_gradient(lambda _: loss()[0], value, verbose=False), grad)
        for (name, value), grad in zip(
            params.items(), (grads[name] for name in params), strict=True
        )
    }


def toy_scores(kind: type[Any]) -> Values:
    net, (X, y) = toy_net(kind), toy_data()
    W1, W2 = net.params["W1"], net.params["W2"]
    hidden = X @ (W1 if len(W1) == 4 else W1.T)  # the biases are zero
    return {
        "scores": net.loss(X), "W1": W1, "W2": W2, "X": X, "y": y,
        "sum_sq_weights": np.sum(W1**2) + np.sum(W2**2),
        "min_abs_hidden_preactivation": np.abs(hidden).min(),
    }  # fmt: skip


def toy_loss(kind: type[Any], reg: float = 0.05) -> Values:
    net, (X, y) = toy_net(kind), toy_data()
    (loss, grads), (plain, plain_grads) = net.loss(X, y, reg=reg), net.loss(X, y)
    return {
        "loss": loss, "grads": grads, "loss_without_reg": plain, "grads_without_reg": plain_grads,
        "numeric_check_rel_error": numeric_errors(net.params, lambda: net.loss(X, y, reg=reg)),
    }  # fmt: skip


def toy_train(kind: type[Any], **options: Any) -> Values:
    net, (X, y) = toy_net(kind), toy_data()
    stats = net.train(X, y, X, y, learning_rate=1e-1, reg=5e-6, num_iters=100, **options)
    return {"final_loss": stats["loss_history"][-1], **stats, "final_params": net.params}


def default_run(
    kind: type[Any], rate: float = 1e-4, reg: float = 0.25
) -> tuple[list[float], float]:
    """Train a handout's first net on images as its notebook does; return losses and accuracy.

    The toy net comes first: the notebook's cells share one random stream.
    """
    toy_train(kind)
    net, data = kind(3072, 50, 10), get_CIFAR10_data()
    stats = net.train(
        data["X_train"], data["y_train"], data["X_val"], data["y_val"], num_iters=1000,
        batch_size=200, learning_rate=rate, learning_rate_decay=0.95, reg=reg,
    )  # fmt: skip
    return stats["loss_history"], float(np.mean(net.predict(data["X_val"]) == data["y_val"]))


SAMPLINGS: dict[str, Callable[[], Any]] = {
    "choice(5,200)": lambda: choice(5, 200),
    "choice(arange(5),200)": lambda: choice(np.arange(5), 200),
    "randint(0,5,200)": lambda: np.random.randint(0, 5, 200),  # noqa: NPY002
    "randint(5,size=200)": lambda: np.random.randint(5, size=200),  # noqa: NPY002
    "choice(5,200,replace=True)": lambda: choice(5, 200, replace=True),
    "full batch": lambda: np.arange(5),
    "permutation(5)": lambda: np.random.permutation(5),  # noqa: NPY002
    "choice(5,5,replace=False)": lambda: choice(5, 5, replace=False),
    "(random_sample*5).astype(int)": lambda: (np.random.random_sample(200) * 5).astype(int),  # noqa: NPY002
}


def late_decay(kind: type[Any]) -> type[Any]:
    """Return a net whose rate falls from the second iteration on only.

    From then on it is the usual one of an iteration before: larger by one factor of decay.
    """

    class LateDecay(kind):  # type: ignore[misc]
        steps = 0

        def loss(self, X: np.ndarray, y: np.ndarray | None = None, reg: float = 0.0) -> Any:
            result = super().loss(X, y, reg)
            if y is None:
                return result
            self.steps += 1
            factor = 1.0 if self.steps == 1 else 1 / 0.95
            return result[0], {name: factor * grad for name, grad in result[1].items()}

    return LateDecay


def sampling_variants() -> Values:
    found: Values = {}
    for name, kind in TOY_NETS.items():
        found[name] = {}
        for call, rows in SAMPLINGS.items():
            with mock.patch.object(np.random, "choice", lambda *_, rows=rows: rows()):
                found[name][call] = toy_train(kind)["final_loss"]
        found[name]["no_decay"] = toy_train(kind, learning_rate_decay=1)["final_loss"]
        found[name]["decay_skipped_at_iteration_0"] = toy_train(late_decay(kind))["final_loss"]
    return found


def bias_detector() -> Values:
    (X, y), rng = toy_data(), np.random.RandomState(2)
    right, wrong = toy_net(TwoLayerNet), toy_net(RegularizedBiases)
    right.params["b1"], right.params["b2"] = rng.randn(10), rng.randn(3)
    wrong.params = right.params
    (loss, grads), (_, wrong_grads) = right.loss(X, y, reg=0.05), wrong.loss(X, y, reg=0.05)
    return {
        "loss": loss, "b1": right.params["b1"], "b2": right.params["b2"], "grads_correct": grads,
        "grads_if_biases_regularised": {k: wrong_grads[k] for k in ("b1", "b2")},
        "rel_error_wrong": {k: rel_error(wrong_grads[k], grads[k]) for k in ("b1", "b2")},
    }  # fmt: skip


class EpochRecorder(TwoLayerNet):
    """Learns nothing, and keeps the iterations at which an epoch ended: it is asked to predict."""

    def __init__(self) -> None:
        super().__init__(1, 1, 2)
        self.steps = 0
        self.epoch_ends: list[int] = []

    def loss(self, X: np.ndarray, y: np.ndarray | None = None, reg: float = 0.0) -> Any:
        if y is not None:
            self.steps += 1
            return reg, {name: np.zeros_like(value) for name, value in self.params.items()}
        if self.steps - 1 not in self.epoch_ends:
            self.epoch_ends.append(self.steps - 1)
        return np.zeros((len(X), 2))


def epoch_ends(num_train: int, batch_size: int, num_iters: int) -> Values:
    net, X, y = EpochRecorder(), np.zeros((num_train, 1)), np.zeros(num_train, int)
    net.train(X, y, X[:1], y[:1], num_iters=num_iters, batch_size=batch_size)
    exact = max(num_train / batch_size, 1)
    hits = [it for it in range(num_iters) if it % exact == 0]
    return {"ipe_float": exact, "float_hits": hits, "int_hits": net.epoch_ends}


def float_modulo() -> Values:
    sizes = [(49000, 200, 1000), (49000, 300, 1000), (49000, 400, 1000), (49000, 500, 1000),
             (49000, 128, 2000), (5, 200, 100), (50, 20, 20)]  # fmt: skip
    return {f"n={n},batch={batch},T={T}": epoch_ends(n, batch, T) for n, batch, T in sizes}


TOY_BUILDERS: dict[str, Callable[[], Values]] = {
    "toy.HD.scores": partial(toy_scores, TwoLayerNet),
    "toy.DH.scores": partial(toy_scores, DH),
    "toy.HD.softmax.loss_reg0.05": partial(toy_loss, TwoLayerNet),
    "toy.HD.mse.loss_reg0.05": partial(toy_loss, MSE),
    "toy.DH.softmax.loss_reg0.05": partial(toy_loss, DH),
    "toy.DH.softmax_half.loss_reg0.05": partial(toy_loss, DH, 0.05 / 2),
    "toy.HD.softmax_noHalf.loss_reg0.05": partial(toy_loss, TwoLayerNet, 2 * 0.05),
    "toy.HD.softmax.train": partial(toy_train, TwoLayerNet),
    "toy.HD.softmax_biasreg.train": partial(toy_train, RegularizedBiases),
    "toy.HD.mse.train": partial(toy_train, MSE),
    "toy.DH.softmax.train": partial(toy_train, DH),
    "toy.train.sampling_variants": sampling_variants,
    "toy.HD.bias_reg_detector": bias_detector,
    "train.float_modulo": float_modulo,
}
