"""Public checks of back-propagation by hand: two numbers of the exercise, and a net of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradlab import Steps, Suite

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograder.expect import Expect
    from autograder.remote import Student

suite = Suite("backprop_by_hand")

TOY_LOSS = 0.15188201017554603


def any_numbers(*shape: int) -> Callable[[], np.ndarray]:
    """Return a step of a computation: numbers of this shape."""
    return lambda: np.ones(shape)


# What is asked for besides the loss; hardly any number is too far from 1.
READABLE = Steps(
    {
        "z1": any_numbers(2),
        "x1": any_numbers(2),
        "z2": any_numbers(),
        "x2": any_numbers(),
        "dloss_dx2": any_numbers(),
        "db2": any_numbers(),
        "dW2": any_numbers(2),
        "db1": any_numbers(2),
        "dW1": any_numbers(2, 2),
    },
    max_error=1e30,
)


def toy() -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Return the notebook's net with 3 inputs, 4 hidden units and 2 outputs."""
    params = {
        "W1": np.linspace(-0.5, 0.6, 12).reshape(4, 3),
        "b1": np.linspace(-0.2, 0.1, 4),
        "W2": np.linspace(0.4, -0.3, 8).reshape(2, 4),
        "b2": np.array([0.3, -0.1]),
    }
    return params, np.array([1.0, -2.0, 0.5]), np.array([0.9, -0.1])


@suite.check(points=0, question="dimensions")
def toy_dimensions(student: Student, expect: Expect) -> None:
    """The dimensions of b1 can be read; the others are yours to find"""
    expect.answers(student.notebook.dimensions, Steps({"b1": lambda: 4}))


@suite.check(points=0, question="by_hand")
def toy_by_hand(student: Student, expect: Expect) -> None:
    """Your numbers can be read, whatever they are, and the loss is 0.2748"""
    expect.answers(student.notebook.by_hand, READABLE)
    expect.answers(student.notebook.by_hand, Steps({"loss": lambda: 0.2748}))


@suite.check(points=0, question="code")
def toy_forward(student: Student, expect: Expect) -> None:
    """hand_forward: the loss should differ from ours by less than 1e-12"""
    loss = student.hand_net.hand_forward(*toy())["loss"]
    expect.close({"loss": loss}, wanted={"loss": TOY_LOSS}, max_abs=1e-12)


@suite.check(points=0, question="code")
def toy_backward(student: Student, expect: Expect) -> None:
    """hand_backward: the errors of the gradients should be below 1e-7"""
    grads = student.hand_net.hand_backward(*toy())
    expect.close({name: grads[name] for name in ("W1", "b1", "W2", "b2")}, rel_error=1e-7)
