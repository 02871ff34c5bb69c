"""Hidden checks of back-propagation by hand: numbers from paper first, then the same as code.

Vectors have one axis, so that the gradient of W1 is the outer product of delta1 and x0, (H, D).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradlab import Steps, Suite

if TYPE_CHECKING:
    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Student

suite = Suite("backprop_by_hand")

GIVEN = {
    "W1": np.linspace(0.15, 0.3, 4).reshape(2, 2),
    "b1": np.full(2, 0.35),
    "W2": [0.4, 0.45],
    "b2": 0.6,
    "x0": [0.05, 0.1],
    "y": 0.01,
}
# A bias's gradient is the derivative by its layer's sum: it comes before the weights' gradient, so
# that a mistake in the slope of a sigmoid costs one step.
BY_HAND = Steps(
    {
        "z1": lambda W1, x0, b1: W1 @ x0 + b1,
        "x1": lambda z1: 1 / (1 + np.exp(-z1)),
        "z2": lambda W2, x1, b2: W2 @ x1 + b2,
        "x2": lambda z2: 1 / (1 + np.exp(-z2)),
        "loss": lambda x2, y: 0.5 * (y - x2) ** 2,
        "dloss_dx2": lambda x2, y: x2 - y,
        "db2": lambda dloss_dx2, x2: dloss_dx2 * x2 * (1 - x2),
        "dW2": lambda db2, x1: db2 * x1,
        "db1": lambda db2, W2, x1: db2 * W2 * x1 * (1 - x1),
        "dW1": lambda db1, x0: db1[:, None] * x0,
    },
    given=GIVEN,
    digits=3,
)
# Of a net with 3 inputs, 4 hidden units and 2 outputs.
DIMENSIONS = Steps(
    {
        "W1": lambda: [4, 3],
        "b1": lambda: 4,
        "x1": lambda: 4,
        "W2": lambda: [2, 4],
        "dloss_dx2": lambda: 2,
        "dW1": lambda: [4, 3],
    }
)
SIZES = {"W1": (4, 3), "b1": (4,), "W2": (2, 4), "b2": (2,)}
VALUES = ("z1", "x1", "z2", "x2", "loss")
DERIVATIVES = ("dloss_dx2", "delta2", "delta1")


def net(draw: Draw) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Return parameters, input and target of a net with 3 inputs, 4 hidden units, 2 outputs."""
    params = {name: draw.normal(*size) for name, size in SIZES.items()}
    return params, draw.normal(3), draw.normal(2)


@suite.check(points=3, question="dimensions")
def dimensions(student: Student, expect: Expect) -> None:
    """The dimensions of a larger net, each as (rows, columns) or one number"""
    expect.answers(student.notebook.dimensions, DIMENSIONS)


@suite.check(points=10, question="by_hand")
def by_hand(student: Student, expect: Expect) -> None:
    """The forward and the backward pass by hand, step by step"""
    expect.answers(student.notebook.by_hand, BY_HAND)


@suite.check(points=2, question="code")
def forward(student: Student, expect: Expect, draw: Draw) -> None:
    """hand_forward returns everything on the way to the loss"""
    values = student.hand_net.hand_forward(*net(draw))
    expect.close({name: values[name] for name in VALUES}, max_error=1e-9)


@suite.check(points=4, question="code")
def backward(student: Student, expect: Expect, draw: Draw) -> None:
    """hand_backward returns the gradients of all parameters"""
    module, (start, x0, y) = student.hand_net, net(draw)

    def loss(**params: np.ndarray) -> Any:
        grads = module.hand_backward(params, x0, y)
        return module.hand_forward(params, x0, y)["loss"], {name: grads[name] for name in params}

    expect.gradients(loss, start, consistent=0.5, max_error=1e-7)


@suite.check(points=2, question="code")
def derivatives(student: Student, expect: Expect, draw: Draw) -> None:
    """hand_backward returns what leads to the gradients, and starts from a given first factor"""
    (params, x0, y), other = net(draw), draw.normal(2)
    grads = student.hand_net.hand_backward(params, x0, y)
    expect.close({name: grads[name] for name in DERIVATIVES}, max_error=1e-9)
    followed = student.hand_net.hand_backward(params, x0, y, dloss_dx2=other)
    values = {f"{name}, from a given factor": followed[name] for name in ("delta1", "W2", "b1")}
    expect.close(values, max_error=1e-9)


suite.written(
    "q-first-mistake",
    points=3,
    title="Where a computation first goes wrong",
    rubric="1 point: the first mistake is dloss/dx2, x2 - y = 0.741 replaced by -1 (the derivative "
    "of y - x2 alone; the difference itself was left out). 1 point: the gradients of b2 and W2 "
    "follow from it, multiplied by -1 / 0.741. 1 point: those of W1 and b1 do not: they are summed "
    "over the two hidden units, and so have the wrong shape.",
)
suite.written(
    "q-mean",
    points=2,
    title="Half of a mean and half of a sum",
    rubric="1 point: MSELoss is a mean over the output's entries; with one, that is the sum. "
    "1 point: with C outputs loss and all gradients are C times smaller.",
)
