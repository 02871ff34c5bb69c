"""Public checks of the nets in PyTorch: small nets with known weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradlab import Suite, Threshold

if TYPE_CHECKING:
    from autograder.expect import Expect
    from autograder.remote import Remote, Student

suite = Suite("pytorch")

IMAGES, TEN = 1000, 10


def spread(low: float, high: float, *shape: int) -> np.ndarray:
    """Return equally spaced numbers in a shape."""
    return np.linspace(low, high, int(np.prod(shape))).reshape(shape)


def values(remote: Any) -> np.ndarray:
    """Return a copy of a tensor."""
    return np.asarray(remote.detach().numpy())


def give_weights(student: Student, *layers: Remote) -> None:
    """Put equally spaced numbers into the parameters of layers, whatever their shapes."""
    for layer in layers:
        for parameter in (layer.weight, layer.bias):
            numbers = spread(-0.3, 0.4, *np.shape(values(parameter)))
            parameter.data = student.torch_nets.torch.tensor(numbers)


def judge_scores(student: Student, expect: Expect, net: Remote, *layers: Remote) -> None:
    """Compare the scores of two small pictures with the reference's."""
    net.double()
    give_weights(student, *layers)
    scores = net(student.torch_nets.torch.tensor(np.sin(spread(0, 40, 2, 3, 4, 6))))
    expect.close({"scores": values(scores)}, max_error=1e-7)


@suite.check(points=0, question="softmax", preloaded=["torch"])
def softmax_scores(student: Student, expect: Expect) -> None:
    """The linear classifier gives the known scores"""
    net = student.torch_nets.Softmax((3, 4, 6), 5)
    judge_scores(student, expect, net, net.linear)


@suite.check(points=0, question="two_layer", preloaded=["torch"])
def two_layer_scores(student: Student, expect: Expect) -> None:
    """The two-layer net gives the known scores"""
    net = student.torch_nets.TwoLayerNet((3, 4, 6), 7, 5)
    judge_scores(student, expect, net, net.hidden, net.output)


@suite.check(points=0, question="convnet", preloaded=["torch"])
def convnet_scores(student: Student, expect: Expect) -> None:
    """The ConvNet gives the known scores"""
    net = student.torch_nets.ConvNet((3, 4, 6), 4, 3, 5)
    judge_scores(student, expect, net, net.conv, net.output)


def small_net(student: Student) -> Remote:
    """Return a linear classifier made of PyTorch's own layers, with known weights."""
    nn = student.torch_nets.torch.nn
    net: Remote = nn.Sequential(nn.Flatten(), nn.Linear(6, 3)).double()
    give_weights(student, net[1])
    return net


def small_batch(student: Student) -> tuple[Any, Any]:
    """Return four tiny pictures and their labels, as tensors."""
    torch = student.torch_nets.torch
    return torch.tensor(np.cos(spread(0, 9, 4, 1, 2, 3))), torch.tensor(np.array([0, 2, 1, 1]))


@suite.check(points=0, question="loss", preloaded=["torch"])
def known_loss(student: Student, expect: Expect) -> None:
    """The loss is the known one, without and with regularisation"""
    net, rows = small_net(student), small_batch(student)
    for reg in (0.0, 0.5):
        value = student.torch_nets.regularized_loss(net, *rows, reg)
        expect.close({f"loss with reg = {reg}": values(value)}, max_error=1e-9)


@suite.check(points=0, question="train_step", preloaded=["torch"])
def known_step(student: Student, expect: Expect) -> None:
    """Two steps bring the weights to the known place"""
    nets, net, rows = student.torch_nets, small_net(student), small_batch(student)
    rule = nets.torch.optim.SGD(net.parameters(), lr=0.5)
    losses = [nets.train_step(net, rule, *rows, 0.1) for _ in range(2)]
    expect.close({"first loss": losses[0], "second loss": losses[1]}, max_error=1e-7)
    expect.close({"weights": values(net[1].weight)}, max_error=1e-7)


def judge_form(student: Student, expect: Expect, name: str) -> None:
    """Ask for one label for each image."""
    found = student.labels(name, IMAGES, TEN)
    expect.earns("labels", len(found), IMAGES, Threshold(100))


@suite.check(points=0, question="softmax_file")
def softmax_file(student: Student, expect: Expect) -> None:
    """softmax.npy has one label from 0 to 9 for each of the 1000 images"""
    judge_form(student, expect, "softmax.npy")


@suite.check(points=0, question="two_layer_file")
def two_layer_file(student: Student, expect: Expect) -> None:
    """two_layer.npy has one label from 0 to 9 for each of the 1000 images"""
    judge_form(student, expect, "two_layer.npy")


@suite.check(points=0, question="best_file")
def best_file(student: Student, expect: Expect) -> None:
    """best.npy has one label from 0 to 9 for each of the 1000 images"""
    judge_form(student, expect, "best.npy")


@suite.check(points=0, question="convnet_file")
def convnet_file(student: Student, expect: Expect) -> None:
    """convnet.npy has one label from 0 to 9 for each of the 1000 images"""
    judge_form(student, expect, "convnet.npy")
