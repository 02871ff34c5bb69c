"""A small course in which a net and a sandwich are made of layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograder.record import record
from autograder.suites import load_suites
from generator.modules import student_modules
from gradlab.course import Course

if TYPE_CHECKING:
    from pathlib import Path

    from autograder.forkserver import ForkServer
    from gradlab.course import Assignment

LAYERS = '''"""Layers."""

import numpy as np


def affine_forward(x, w, b):
    # YOUR CODE HERE
    out, cache = x @ w + b, (x, w, b)
    # END YOUR CODE HERE
    return out, cache


def affine_backward(dout, cache):
    # YOUR CODE HERE
    x, w, b = cache
    dx, dw, db = dout @ w.T, x.T @ dout, dout.sum(axis=0)
    # END YOUR CODE HERE
    return dx, dw, db


def relu_forward(x):
    # YOUR CODE HERE
    out, cache = np.maximum(x, 0), x
    # END YOUR CODE HERE
    return out, cache


def relu_backward(dout, x):
    # YOUR CODE HERE
    dx = dout * (x > 0)
    # END YOUR CODE HERE
    return dx
'''
NET = '''"""A sandwich, and a net of two of them."""

from .layers import affine_backward, affine_forward, relu_backward, relu_forward


def sandwich_forward(x, w, b):
    # YOUR CODE HERE
    scores, affine_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(scores)
    cache = (affine_cache, relu_cache)
    # END YOUR CODE HERE
    return out, cache


def sandwich_backward(dout, cache):
    # YOUR CODE HERE
    affine_cache, relu_cache = cache
    dx, dw, db = affine_backward(relu_backward(dout, relu_cache), affine_cache)
    # END YOUR CODE HERE
    return dx, dw, db


class Net:
    """Two layers; the loss is half of the squared outputs."""

    def __init__(self):
        self.params = {}

    def loss(self, X):
        # YOUR CODE HERE
        hidden, cache1 = sandwich_forward(X, self.params["W1"], self.params["b1"])
        out, cache2 = affine_forward(hidden, self.params["W2"], self.params["b2"])
        loss, grads = 0.5 * (out**2).sum(), {}
        dhidden, grads["W2"], grads["b2"] = affine_backward(out, cache2)
        _, grads["W1"], grads["b1"] = sandwich_backward(dhidden, cache1)
        # END YOUR CODE HERE
        return loss, grads
'''
SUITE = '''from gradlab import Suite

suite = Suite("small")


@suite.check(points=4, question="layers")
def affine_backward(student, expect, draw):
    """affine_backward returns the gradients of affine_forward"""
    layers, dout = student.layers, draw.normal(6, 4)
    inputs = {"x": draw.normal(6, 4), "w": draw.normal(4, 4), "b": draw.normal(4)}
    expect.gradients(
        layers.affine_forward, inputs, backward=layers.affine_backward, dout=dout, max_error=1e-7
    )


@suite.check(points=1, question="layers")
def relu_backward(student, expect, draw):
    """relu_backward lets through what was positive"""
    layers, dout = student.layers, draw.normal(6, 4)
    expect.gradients(
        layers.relu_forward, {"x": draw.away(6, 4)}, backward=layers.relu_backward, dout=dout,
        max_error=1e-7,
    )


@suite.check(
    points=4, question="net", follows=[affine_backward, "relu_backward"], layers="layers"
)
def sandwich(student, expect, draw):
    """The sandwich goes back through both of its layers"""
    x, w, dout = draw.normal(6, 4), draw.normal(4, 4), draw.normal(6, 4)
    b = draw.normal(4) + 2  # so that no draw has a dead ReLU
    _, kept = student.call_and_keep(student.net.sandwich_forward, x, w, b)
    dx, dw, db = student.net.sandwich_backward(dout, kept[1])
    expect.close({"dx": dx, "dw": dw, "db": db}, max_error=1e-7)


@suite.check(
    points=6, question="net", follows=[affine_backward, relu_backward, sandwich],
    layers=["layers", "net.sandwich_forward", "net.sandwich_backward"], follow=0.25,
)
def gradients(student, expect, draw):
    """The gradients of the net are right"""
    X, net = draw.normal(5, 4), student.net.Net()

    def loss(**params):
        net.params.update(params)
        return net.loss(X)

    params = {"W1": draw.normal(4, 6), "b1": draw.normal(6) + 2, "W2": draw.normal(6, 3)}
    expect.gradients(loss, params | {"b2": draw.normal(3)}, max_error=1e-7)
'''
PUBLIC = '''import numpy as np

from gradlab import Suite

suite = Suite("small")


@suite.check(points=0, question="layers")
def example(student, expect):
    """relu_forward of a small matrix"""
    x = np.array([[1.0, -2.0]])
    expect.close({"out": student.layers.relu_forward(x)[0]}, max_abs=1e-9)
'''
FILES = {
    "course.toml": 'title = "Small"\n',
    "solutions/hw/__init__.py": "",
    "solutions/hw/layers.py": LAYERS,
    "solutions/hw/net.py": NET,
    "assignments/small/assignment.toml": (
        'title = "Small"\npackage = "hw"\nmodules = ["layers.py", "net.py"]\n'
    ),
    "assignments/small/checks.py": SUITE,
    "assignments/small/public.py": PUBLIC,
}
BACK = "dx, dw, db = dout @ w.T, x.T @ dout, dout.sum(axis=0)"
SANDWICH = "dx, dw, db = affine_backward(relu_backward(dout, relu_cache), affine_cache)"


def course(folder: Path, servers: tuple[ForkServer, ForkServer]) -> Assignment:
    """Write the course and return its assignment, recorded."""
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    assignment = Course.find(folder).assignment("small")
    for name, suite in load_suites(assignment).items():
        recording = record(assignment, suite, None, servers, student_modules(assignment))
        recording.write(assignment.folder / "expected", name)
    return assignment
