"""How the reference package comes to each of the known values: a builder per case.

A builder returns names and what the package computes under them: numbers, arrays, or a dictionary
of these. `known_values.json` has the wanted ones under the same names.
"""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from math import floor
from typing import TYPE_CHECKING, Any

import numpy as np
from nndl import autodiff, calculus, descent, fc_net, hand_net, layers
from nndl.classifier_trainer import ClassifierTrainer
from nndl.classifiers import two_layer_net_mse
from nndl.classifiers.convnet import init_two_layer_convnet, two_layer_convnet
from nndl.classifiers.knn import KNN
from nndl.classifiers.two_layer_net_function import two_layer_net
from nndl.graph_functions import as_function

from autograder.credit import Ramp, Staircase
from tests.solutions.known_toys import LABELS, TOY_BUILDERS, numeric_errors
from tests.solutions.layer_cases import linspace

if TYPE_CHECKING:
    from collections.abc import Callable

    Arrays = dict[str, np.ndarray]
    Values = dict[str, Any]


# The function form, and its trainer.


def linspace_model() -> tuple[np.ndarray, Arrays, np.ndarray]:
    """Return the inputs, parameters and labels with which the function is handed out."""
    model = {
        "W1": linspace(-0.2, 0.6, 4, 10), "b1": linspace(-0.3, 0.7, 10),
        "W2": linspace(-0.4, 0.1, 10, 3), "b2": linspace(-0.5, 0.9, 3),
    }  # fmt: skip
    return linspace(-0.2, 0.5, 5, 4), model, LABELS.copy()


def function_scores() -> Values:
    X, model, _ = linspace_model()
    return {"scores": two_layer_net(X, model)}


def function_loss() -> Values:
    X, model, y = linspace_model()
    loss, grads = two_layer_net(X, model, y, 0.1)
    return {
        "loss_reg0": two_layer_net(X, model, y)[0],
        "loss_reg0_001": two_layer_net(X, model, y, 0.001)[0],
        "loss_reg0_1": loss, "grads_reg0_1": grads,
        "loss_reg0_1_without_half": two_layer_net(X, model, y, 2 * 0.1)[0],
        "numeric_check_rel_error": numeric_errors(model, lambda: two_layer_net(X, model, y, 0.1)),
    }  # fmt: skip


def trainer_run(
    update: str, decay: float = 1, kind: type[ClassifierTrainer] = ClassifierTrainer
) -> Values:
    X, model, y = linspace_model()
    _, history, _, _ = kind().train(
        X, y, X, y, model, two_layer_net, reg=0.001, learning_rate=0.1, learning_rate_decay=decay,
        momentum=0.0 if update == "sgd" else 0.9, update=update, sample_batches=False,
        num_epochs=100,
    )  # fmt: skip
    return {
        "final_loss": history[-1], "loss_history": history, "final_params": model,
        "loss_after_last_update": two_layer_net(X, model, y, 0.001)[0],
    }  # fmt: skip


def other_mean(rho: float) -> type[ClassifierTrainer]:
    """Return a trainer whose rmsprop keeps another share of its mean square."""

    class OtherMean(ClassifierTrainer):
        def _step(self, name: str, dw: Any, update: str, learning_rate: Any, momentum: Any) -> Any:
            assert update == "rmsprop"
            assert momentum == 0.9  # which the rule ignores
            self.step_cache[name] = rho * self.step_cache.get(name, 0.0) + (1 - rho) * dw**2
            return -learning_rate * dw / np.sqrt(self.step_cache[name] + 1e-8)

    return OtherMean


def rejected_settings() -> Values:
    runs = {
        "sgd decay .95": trainer_run("sgd", 0.95),
        "momentum decay .95": trainer_run("momentum", 0.95),
        "rmsprop rho .9": trainer_run("rmsprop", kind=other_mean(0.9)),
        "rmsprop rho .999": trainer_run("rmsprop", kind=other_mean(0.999)),
        "rmsprop rho .99 decay .95": trainer_run("rmsprop", 0.95),
    }
    return {name: run["final_loss"] for name, run in runs.items()}


def rates(learning_rate: float, decay: float, num_epochs: int) -> Any:
    """Return the rate of every epoch: how far a parameter goes whose gradient is one."""

    def loss(X: np.ndarray, model: Arrays, y: Any = None, reg: float = 0.0) -> Any:
        if y is None:
            return np.ones((len(X), 1))
        return float(model["w"][0]) + reg, {"w": np.ones(1)}

    X, y = np.zeros((1, 1)), np.zeros(1, int)
    _, ways, _, _ = ClassifierTrainer().train(
        X, y, X, y, {"w": np.zeros(1)}, loss, learning_rate=learning_rate, update="sgd",
        learning_rate_decay=decay, num_epochs=num_epochs + 1, sample_batches=False,
    )  # fmt: skip
    return -np.diff(ways)


def schedules() -> Values:
    return {
        "1e-5*0.95^k": rates(1e-5, 0.95, 6),
        "1e-4*0.95^k": rates(1e-4, 0.95, 11),
        "1e-4*0.5^k": rates(1e-4, 0.5, 6),
    }


# Layers, and nets put together from layers.


def affine_inputs() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return linspace(-0.1, 0.5, 2, 4, 5, 6), linspace(-0.2, 0.3, 120, 3), linspace(-0.3, 0.1, 3)


def affine_gradients() -> Values:
    _, cache = layers.affine_forward(*affine_inputs())
    dx, dw, db = layers.affine_backward(linspace(-1, 1, 2, 3), cache)
    return {"dx": dx, "dw": dw, "db": db, "db_shape": db.shape}


def relu_gradient() -> Values:
    x, dout = linspace(-0.5, 0.5, 3, 4), linspace(-1, 1, 3, 4)
    x[1, 1] = 0
    dx = layers.relu_backward(dout, layers.relu_forward(x)[1])
    return {"dx": dx, "dout_must_be_unchanged": bool((dout == linspace(-1, 1, 3, 4)).all())}


def conv_inputs() -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, int]]:
    x, w = linspace(-0.1, 0.5, 2, 3, 4, 4), linspace(-0.2, 0.3, 3, 3, 4, 4)
    return x, w, linspace(-0.1, 0.2, 3), {"stride": 2, "pad": 1}


def pool_inputs() -> tuple[np.ndarray, dict[str, int]]:
    return linspace(-0.3, 0.4, 2, 3, 4, 4), {"pool_height": 2, "pool_width": 2, "stride": 2}


def conv_output() -> Values:
    out, _ = layers.conv_forward_naive(*conv_inputs())
    return {"out": out, "shape": out.shape}


def squared_error() -> Values:
    _, dx = layers.mse_loss(np.array([[0.1, 0.1, 0.8]]), np.array([2]))
    loss, _ = two_layer_net_mse.mse_loss(np.array([[0.1, 0.1, 0.8]]), np.array([2]))
    assert 2 * loss == np.sum(dx**2)  # the two functions of that name agree
    return {"squared_error_sum": 2 * loss}


def linspace_net(reg: float = 0.0) -> tuple[fc_net.TwoLayerNet, np.ndarray, np.ndarray]:
    """Return net, inputs and labels with which the two-layer net is handed out."""
    net = fc_net.TwoLayerNet(input_dim=5, hidden_dims=50, num_classes=7)
    net.reg = reg  # as the notebook does it: after construction
    net.params = {
        "W1": linspace(-0.7, 0.3, 5, 50), "b1": linspace(-0.1, 0.9, 50),
        "W2": linspace(-0.3, 0.4, 50, 7), "b2": linspace(-0.9, 0.1, 7),
    }  # fmt: skip
    return net, linspace(-5.5, 4.5, 5, 3).T, np.array([0, 5, 1])


def layered_scores() -> Values:
    net, X, _ = linspace_net()
    return {"scores": net.loss(X)}


def layered_loss(reg: float) -> Values:
    net, X, y = linspace_net(reg)
    loss, grads = net.loss(X, y)
    errors = numeric_errors(net.params, lambda: net.loss(X, y))
    return {"loss": loss, "grads": grads, "numeric_check_rel_error": errors}


def convnet_sanity() -> Values:
    np.random.seed(0)  # noqa: NPY002  (the homework's stream)
    model = init_two_layer_convnet()
    X, y = np.random.randn(10, 3, 32, 32), np.random.randint(10, size=10)  # noqa: NPY002
    plain, regularized = (two_layer_convnet(X, model, y, reg)[0] for reg in (0, 1))
    weights = model["W1"].size + model["W2"].size  # each normal, standard deviation 0.001
    return {
        "loss_reg0": plain, "loss_reg1": regularized, "difference": regularized - plain,
        "expected_difference_mean": 0.5e-6 * weights,
        "expected_difference_sd": 0.5e-6 * np.sqrt(2 * weights),
    }  # fmt: skip


# Neighbours, derivatives, written problems, credit.


def clouds() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.RandomState(5)
    centres = rng.randint(0, 256, (4, 30))
    y_train, y_test = np.repeat(np.arange(4), 15), np.repeat(np.arange(4), 5)
    X_train = centres[y_train] + rng.randint(-20, 21, (60, 30))
    X_test = centres[y_test] + rng.randint(-20, 21, (20, 30))
    return X_train.astype(float), y_train, X_test.astype(float), y_test


def neighbours() -> Values:
    X_train, y_train, X_test, y_test = clouds()
    knn = KNN()
    knn.train(X_train, y_train)
    dists = knn.compute_L2_distances_vectorized(X_test)
    labels = knn.predict_labels(dists, 10)
    error = np.mean(labels != y_test)
    return {"frobenius": np.linalg.norm(dists), "pred_k10": labels, "error_k10": error}


def hand_computed() -> Values:
    params, x0, y = hand_net.hand_net()
    grads = hand_net.hand_backward(params, x0, y)
    named = {f"{name}_grad" if name in params else name: value for name, value in grads.items()}
    return {**hand_net.hand_forward(params, x0, y), **named}


NODES = ("exp_w1", "exp_kw2", "u", "exp_u", "sin_u", "f1", "product", "sigmoid_w1", "f2")


def graph(k: int) -> Values:
    of, at, outputs = autodiff.exponential_graph(k), {"w1": 1.0, "w2": 2.0}, ("f1", "f2")
    f = as_function(of, outputs)

    def tangents(along: str) -> Values:
        found = autodiff.forward_mode(of, at, along)
        return {name: found[name] for name in NODES}

    def adjoints(output: str) -> Values:
        found = autodiff.reverse_mode(of, at, output)
        return {name: found[name] for name in found if found[name] and name not in {output, "kw2"}}

    w, exact = np.array([1.0, 2.0]), autodiff.jacobian(of, at, outputs)
    forward, central = (
        autodiff.numeric_jacobian(f, w, 0.01, scheme) for scheme in ("forward", "central")
    )
    values = autodiff.evaluate(of, at)
    return {
        "node_values": {name: values[name] for name in NODES},
        "forward_tangents_w1": tangents("w1"), "forward_tangents_w2": tangents("w2"),
        "reverse_adjoints_f1": adjoints("f1"), "reverse_adjoints_f2": adjoints("f2"),
        "f_1_2": f(w), "f_1p01_2": f(np.array([1.01, 2.0])), "f_1_2p01": f(np.array([1.0, 2.01])),
        "forward_difference_h0p01": forward, "central_difference_h0p01": central,
        "jacobian_exact": exact, "relative_error_of_forward_difference": forward / exact - 1,
    }  # fmt: skip


def counter_example() -> Values:
    minimiser = 0.5
    values, slopes = descent.counter_example(minimiser)
    examples = {f"eta={eta:g}": descent.sum_after_one_step(eta, 0) for eta in (0.1, 0.5, 1)}
    return {
        "minimiser": minimiser - sum(slopes) / 2,  # a Newton step: the sum's second derivative is 2
        "minimum": sum(values), "term_gradients_at_min": slopes, "examples": examples,
    }  # fmt: skip


def autoencoder() -> Values:
    rng = np.random.RandomState(0)
    W, x = rng.randn(3, 5), rng.randn(5, 1)
    loss, grad = calculus.autoencoder_loss(W, x), calculus.autoencoder_gradient(W, x)
    return {"W": W, "x": x, "loss": loss, "grad": grad}


def latent_variables() -> Values:
    rng = np.random.RandomState(1)
    X, Y = rng.randn(6, 2), rng.randn(6, 4)
    L1, L2 = calculus.gplvm_terms(X, Y, 0.7, 1.9)
    dL1, dL2 = calculus.gplvm_gradients(X, Y, 0.7, 1.9)
    return {
        "X": X, "Y": Y, "L1": L1, "L2": L2, "grad_L1": dL1, "grad_L2": dL2, "grad": dL1 + dL2,
    }  # fmt: skip


def accuracy_credit() -> Values:
    """Return the readings of the typed formula; only the last two are in the package."""
    percent = [10, 22.7, 27.9, 28, 28.3, 29, 35, 39, 46.9, 49, 49.9, 50, 50.2, 51.3, 72, 95]
    readings: dict[str, Callable[[float], float]] = {
        "percent": float,
        "as_typed_percent": lambda X: min(floor(X - 28) / 22, 1),
        "as_typed_fraction": lambda X: min(floor(X / 100 - 0.28) / 0.22, 1),
        "floor_of_ratio_percent": lambda X: min(floor((X - 28) / 22), 1),
        "floor_of_ratio_fraction": lambda X: min(floor((X / 100 - 0.28) / 0.22), 1),
        "linear_clipped": lambda X: float(Ramp(28, 50).credit(Fraction(str(X)) / 100)),
        "percent_steps_clipped": lambda X: float(Staircase(28, 50).credit(Fraction(str(X)) / 100)),
    }
    return {name: [reading(X) for X in percent] for name, reading in readings.items()}


BUILDERS: dict[str, Callable[[], Values]] = {
    **TOY_BUILDERS,
    "gt.two_layer_net.scores": function_scores,
    "gt.two_layer_net.loss": function_loss,
    "gt.trainer.sgd": partial(trainer_run, "sgd"),
    "gt.trainer.momentum": partial(trainer_run, "momentum"),
    "gt.trainer.rmsprop": partial(trainer_run, "rmsprop"),
    "gt.trainer.rejected_settings": rejected_settings,
    "layer.affine_forward": lambda: {"out": layers.affine_forward(*affine_inputs())[0]},
    "layer.affine_backward.linspace": affine_gradients,
    "layer.relu_forward": lambda: {"out": layers.relu_forward(linspace(-0.5, 0.5, 3, 4))[0]},
    "layer.relu_backward.linspace": relu_gradient,
    "layer.conv_forward_naive": conv_output,
    "layer.max_pool_forward_naive": lambda: {
        "out": layers.max_pool_forward_naive(*pool_inputs())[0]
    },
    "fc_net.TwoLayerNet.scores": layered_scores,
    "fc_net.TwoLayerNet.loss_reg0": partial(layered_loss, 0.0),
    "fc_net.TwoLayerNet.loss_reg1": partial(layered_loss, 1.0),
    "fc_net.TwoLayerNet.loss_reg0.7": partial(layered_loss, 0.7),
    "hand.backprop": hand_computed,
    "autodiff.k1": partial(graph, 1),
    "autodiff.k2": partial(graph, 2),
    "gd.counterexample": counter_example,
    "written.P1.autoencoder_grad": autoencoder,
    "written.P2.gplvm_grad": latent_variables,
    "rubric.accuracy_credit": accuracy_credit,
    "knn.clusters": neighbours,
    "convnet.sanity_loss": convnet_sanity,
    "schedule.exponential": schedules,
    "loss.mse.example": squared_error,
}
