"""The reference's battery: tells a mutant from the reference wherever their values differ.

`gradlab audit` runs it on the mutants that the hidden checks let pass. Nobody is graded by it, so
its inputs may be as odd as they like, and its bounds are those of rounding alone.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from gradlab import Suite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Remote, Student

suite = Suite("fully_connected battery")

ROUNDING = 1e-10
DEPTHS: tuple[tuple[int, ...], ...] = ((), (1,), (3, 2), (2, 3, 1, 4))
# Options of FullyConnectedNet; a dropout of almost 0 drops nothing of so few numbers.
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "reg": {"reg": 0.3},
    "batchnorm": {"use_batchnorm": True, "reg": 0.3},
    "dropout": {"dropout": 0.4, "seed": 5, "reg": 0.3},
    "both": {"dropout": 0.4, "seed": 5, "use_batchnorm": True},
}


def both_ways(net: Remote, expect: Expect, draw: Draw, name: str, N: int = 5) -> None:
    """Expect loss, gradients and scores, twice over."""
    X, y = draw.normal(N, 2, 3), draw.labels(N, 4)
    for again in ("", " again"):
        loss, grads = net.loss(X, y)
        found = {"loss": loss, "scores": net.loss(X), **grads}
        expect.close({f"{name}{again}: {k}": v for k, v in found.items()}, max_abs=ROUNDING)


def move(net: Remote, names: Sequence[str], draw: Draw) -> None:
    """Add something random to parameters: biases that are zero hide mistakes."""
    for name in names:
        before = np.asarray(net.params[name])
        net.params[name] = before + draw.normal(*before.shape)


@suite.check(points=0, question="two_layer_net")
def two_layers(student: Student, expect: Expect, draw: Draw) -> None:
    """Two-layer nets: how they start, and what they compute"""
    for number, reg in enumerate((0.0, 0.3)):
        student.seed(draw.seed)
        net = student.fc_net.TwoLayerNet(6, 3 - number, 4, weight_scale=0.5, reg=reg)
        names = ("W1", "b1", "W2", "b2")
        start = {f"{number} start {name}": net.params[name] for name in names}
        expect.close(start, max_error=ROUNDING)
        move(net, names, draw)
        both_ways(net, expect, draw, f"{number}")


@suite.check(points=0, question="fully_connected", cpu_s=10)
def deep_nets(student: Student, expect: Expect, draw: Draw) -> None:
    """Nets of all depths and options: how they start, and what they compute"""
    for what, options in OPTIONS.items():
        for hidden in DEPTHS:
            student.seed(draw.seed)
            net = student.fc_net.FullyConnectedNet(
                list(hidden), 6, 4, weight_scale=0.5, dtype="float64", **options
            )
            names = [f"{k}{i}" for i in range(1, len(hidden) + 2) for k in ("W", "b")]
            if options.get("use_batchnorm"):
                names += [f"{k}{i}" for i in range(1, len(hidden) + 1) for k in ("gamma", "beta")]
            start = {f"{what} {hidden} start {name}": net.params[name] for name in names}
            expect.close(start, max_error=ROUNDING)
            move(net, names, draw)
            both_ways(net, expect, draw, f"{what} {hidden}")


@suite.check(points=0, question="solver", cpu_s=10)
def training(student: Student, expect: Expect, draw: Draw) -> None:
    """Training with all options"""
    X, y = draw.normal(12, 6), draw.labels(12, 4)
    data = {"X_train": X, "y_train": y, "X_val": X, "y_val": y}
    for what, options in OPTIONS.items():
        student.seed(draw.seed)
        net = student.fc_net.FullyConnectedNet(
            [5, 3], 6, 4, weight_scale=0.5, dtype="float64", **options
        )
        solver = student.solver.Solver(
            net, data, num_epochs=4, batch_size=4, optim_config={}, verbose=False
        )
        solver.train()
        expect.close({f"{what}: losses": solver.loss_history}, max_error=1e-8)
        shapes = pairwise((6, 5, 3, 4))
        found = {f"{what}: W{i}": net.params[f"W{i}"] for i, _ in enumerate(shapes, start=1)}
        expect.close(found, max_error=1e-8)
