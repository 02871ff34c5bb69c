"""Public checks of the two-layer network: the toy model of the notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradlab import Suite

if TYPE_CHECKING:
    from autograder.expect import Expect
    from autograder.remote import Remote, Student

suite = Suite("two_layer_net")

SCORES = [
    [-1.07260209, 0.05083871, -0.87253915],
    [-2.02778743, -0.10832494, -1.52641362],
    [-0.74225908, 0.15259725, -0.39578548],
    [-0.38172726, 0.10835902, -0.17328274],
    [-0.64417314, -0.18886813, -0.41106892],
]
LOSS = 1.071696123862817
FINAL_LOSS = 0.014497864587765886


def toy_data() -> tuple[np.ndarray, np.ndarray]:
    """Return the notebook's five points of four numbers, and their labels."""
    return 10 * np.random.RandomState(1).randn(5, 4), np.array([0, 1, 2, 2, 1])


def toy_net(student: Student) -> Remote:
    """Return the notebook's toy net: four inputs, ten hidden units, three classes."""
    student.seed(0)
    net: Remote = student.neural_net.TwoLayerNet(4, 10, 3, std=1e-1)
    return net


@suite.check(points=0, question="scores")
def toy_scores(student: Student, expect: Expect) -> None:
    """The scores of the toy net are the notebook's"""
    X, _ = toy_data()
    expect.close({"scores": toy_net(student).loss(X)}, wanted={"scores": SCORES}, sum_abs=1e-7)


@suite.check(points=0, question="loss")
def toy_loss(student: Student, expect: Expect) -> None:
    """The loss of the toy net is the notebook's, with reg = 0.05"""
    X, y = toy_data()
    loss, _ = toy_net(student).loss(X, y, reg=0.05)
    expect.close({"loss": loss}, wanted={"loss": LOSS}, max_abs=1e-12)


@suite.check(points=0, question="gradients")
def toy_gradients(student: Student, expect: Expect) -> None:
    """The gradients of the toy net are right, with reg = 0.05"""
    X, y = toy_data()
    _, grads = toy_net(student).loss(X, y, reg=0.05)
    expect.close({name: grads[name] for name in ("W1", "b1", "W2", "b2")}, rel_error=1e-7)


@suite.check(points=0, question="gradients")
def toy_biases(student: Student, expect: Expect) -> None:
    """The gradients of the toy net's biases are right where the biases are not zero"""
    X, y = toy_data()
    net = toy_net(student)
    net.params["b1"] = np.linspace(-0.5, 0.4, 10)
    net.params["b2"] = np.array([0.3, -0.2, 0.1])
    _, grads = net.loss(X, y, reg=0.5)
    expect.close({name: grads[name] for name in ("b1", "b2")}, rel_error=1e-7)


@suite.check(points=0, question="train")
def toy_train(student: Student, expect: Expect) -> None:
    """A hundred steps of training bring the toy net's loss below 0.02"""
    X, y = toy_data()
    net = toy_net(student)
    history = net.train(X, y, X, y, learning_rate=1e-1, reg=5e-6, num_iters=100)
    final = history["loss_history"][-1]
    expect.close({"final loss": final}, wanted={"final loss": FINAL_LOSS}, max_abs=5e-3)


@suite.check(points=0, question="predict")
def toy_predict(student: Student, expect: Expect) -> None:
    """predict names the class of the toy net's largest score"""
    X, _ = toy_data()
    expect.close({"labels": toy_net(student).predict(X)}, max_abs=0)
