"""The reference's battery: tells a mutant from the reference wherever their values differ.

`gradlab audit` runs it on the mutants that the hidden checks let pass. Nobody is graded by it, so
its inputs may be as odd as they like, and its bounds are those of rounding alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradlab import Suite

if TYPE_CHECKING:
    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Student

suite = Suite("optimisers battery")

ROUNDING = 1e-10
SCALES = np.array([0.0, 1e-12, 1e-8, 1e-4, 1.0, 1e4, 1e8])
# Options beside the learning rate, the first with all defaults.
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "sgd": [{}],
    "sgd_momentum": [{}, {"momentum": 0.0}, {"momentum": 1.0}],
    "rmsprop": [{}, {"decay_rate": 0.0}, {"decay_rate": 0.5, "epsilon": 1.0}],
    "adam": [{}, {"beta1": 0.0}, {"beta2": 0.5, "epsilon": 1.0}, {"t": 7}],
}


@suite.check(points=0, question="sgd")
def long_runs(student: Student, expect: Expect, draw: Draw) -> None:
    """Twelve steps of every rule with gradients of all sizes; inputs and memory"""
    for name, choices in OPTIONS.items():
        for number, options in enumerate(choices):
            w, config = student.hold(draw.normal(7)), {"learning_rate": 0.1, **options}
            first, dw = w, student.hold(SCALES * draw.normal(7))
            for step in range(12):
                w, config = getattr(student.optim, name)(w, dw, config)
                expect.close({f"{name} {number} step {step}: w": w}, max_error=ROUNDING)
            expect.unchanged({f"{name} {number}: w": first, f"{name} {number}: dw": dw})
            numbers = {f"{name} {number}: {key}": value for key, value in config.items()}
            expect.close(numbers, max_error=ROUNDING)


@suite.check(points=0, question="memory")
def turns(student: Student, expect: Expect, draw: Draw) -> None:
    """Parameters of other shapes in turn, also of no dimension and of one number"""
    for name in OPTIONS:
        ws: list[Any] = [draw.normal(2, 3), draw.normal(1), draw.normal(1, 2, 1)]
        configs: list[Any] = [{}, {"learning_rate": 0.3}, {}]
        for _ in range(4):
            for i, w in enumerate(ws):
                dw = draw.normal(*np.shape(w))
                ws[i], configs[i] = getattr(student.optim, name)(w, dw, configs[i])
        expect.close({f"{name} {i}": w for i, w in enumerate(ws)}, max_error=ROUNDING)


@suite.check(points=0, question="schedules")
def rates(student: Student, expect: Expect) -> None:
    """Rates of single epochs and of many"""
    schedules = student.schedules
    for epoch in (0, 1, 5, 6, 7, 12, np.arange(13), np.arange(12).reshape(3, 4)):
        found = {
            "exponential": schedules.exponential_decay(0.3, 0.7, epoch),
            "no decay": schedules.exponential_decay(0.3, 1.0, epoch),
            "step": schedules.step_decay(0.3, 0.7, 6, epoch),
            "cosine": schedules.cosine_decay(0.3, 13, epoch),
        }
        expect.close({f"{k} {epoch!r}": v for k, v in found.items()}, max_error=ROUNDING)
