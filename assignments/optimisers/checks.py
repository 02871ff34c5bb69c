"""Hidden checks of the optimisers: several steps of every rule, since one step hides most mistakes.

Conventions: the new velocity moves the parameter; RMSProp and Adam have epsilon outside the root;
Adam's step number is counted up first. What a step returns is handed back at the next one, as it
is in the student's process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradlab import Suite

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Student

    Config = dict[str, Any]
    Slip = Callable[[np.ndarray, np.ndarray, Config], np.ndarray]

suite = Suite("optimisers")

STEPS = 5


def slopes(draw: Draw, *shape: int) -> list[np.ndarray]:
    """Return a gradient for each step; some of its entries are tiny, and one is always 0.

    Tiny ones show where epsilon stands, the zero whether 0 is divided by 0.
    """
    size = np.ones(int(np.prod(shape)))
    size[:3] = 0, 1e-7, 1e-8
    return [size.reshape(shape) * draw.normal(*shape) for _ in range(STEPS)]


def velocity(
    dw: np.ndarray, config: Config, *, sign: float = -1.0, damping: float = 0.0
) -> np.ndarray:
    """Move a velocity on; return it."""
    keep, before = config.get("momentum", 0.9), config.get("velocity", 0.0)
    config["velocity"] = keep * before + sign * (1 - damping * keep) * config["learning_rate"] * dw
    return np.asarray(config["velocity"])


def old_velocity(w: np.ndarray, dw: np.ndarray, config: Config) -> np.ndarray:
    """Move by what the velocity was."""
    before = config.get("velocity", 0.0)
    velocity(dw, config)
    return np.asarray(w + before)


def mean_square(dw: np.ndarray, config: Config) -> np.ndarray:
    """Move the mean of squares on; return it."""
    keep = config.get("decay_rate", 0.99)
    config["cache"] = keep * config.get("cache", 0.0) + (1 - keep) * dw**2
    return np.asarray(config["cache"])


def scaled(config: Config, size: np.ndarray) -> Any:
    """Return the rate over what a gradient is divided by, epsilon included."""
    return config["learning_rate"] / (size + config.get("epsilon", 1e-8))


def uncorrected(w: np.ndarray, dw: np.ndarray, config: Config) -> np.ndarray:
    """Take a step of Adam with its means as they are."""
    for name, key, start, value in (("m", "beta1", 0.9, dw), ("v", "beta2", 0.999, dw**2)):
        keep = config.get(key, start)
        config[name] = keep * config.get(name, 0.0) + (1 - keep) * value
    return np.asarray(w - scaled(config, np.sqrt(config["v"])) * config["m"])


# What students do instead, by the sentence that names it.
SLIPS: dict[str, dict[str, Slip]] = {
    "sgd": {
        "The step goes uphill: look at the sign.": lambda w, dw, c: w + c["learning_rate"] * dw,
    },
    "sgd_momentum": {
        "The new velocity moves the parameter, not the old one.": old_velocity,
        "The velocity is not carried on from step to step.": (
            lambda w, dw, c: w - c["learning_rate"] * dw
        ),
        "The velocity points uphill: look at the signs.": (
            lambda w, dw, c: w + velocity(dw, c, sign=1.0)
        ),
        "Only the old velocity is damped, not the new step.": (
            lambda w, dw, c: w + velocity(dw, c, damping=1.0)
        ),
    },
    "rmsprop": {
        "Divide by the root of the mean square.": (
            lambda w, dw, c: w - scaled(c, mean_square(dw, c)) * dw
        ),
        "Epsilon stands outside the root.": (
            lambda w, dw, c: (
                w - c["learning_rate"] * dw / np.sqrt(mean_square(dw, c) + c.get("epsilon", 1e-8))
            )
        ),
    },
    "adam": {"Both means are to be corrected for having started from zero.": uncorrected},
}


def slipped(
    name: str, start: np.ndarray, gradients: Sequence[np.ndarray], options: Config
) -> dict[str, dict[str, np.ndarray]]:
    """Return where each slip of a rule is after every step."""
    ways: dict[str, dict[str, np.ndarray]] = {}
    for sentence, slip in SLIPS[name].items():
        w, config = start, {"learning_rate": 1e-2, **options}
        ways[sentence] = {}
        for number, dw in enumerate(gradients, start=1):
            w = ways[sentence][f"w after step {number}"] = slip(w, dw, config)
    return ways


def expect_steps(
    student: Student,
    name: str,
    expect: Expect,
    start: np.ndarray,
    gradients: Sequence[np.ndarray],
    options: dict[str, Any],
) -> None:
    """Expect the parameter after each step, what a step returns being handed to the next."""
    rule = getattr(student.optim, name)
    given: tuple[Any, Any] = start, options
    typical = slipped(name, start, gradients, options)
    for number, dw in enumerate(gradients, start=1):
        reply, kept = student.call_and_keep(rule, given[0], dw, given[1])
        expect.close({f"w after step {number}": reply[0]}, typical=typical, max_error=1e-7)
        given = kept[0], kept[1]


def expect_untouched(student: Student, name: str, expect: Expect, draw: Draw) -> None:
    """Expect that a rule makes a new array and leaves the old one, and its gradient, alone."""
    rule, (w, dw) = getattr(student.optim, name), student.hold(draw.normal(3, 4), draw.normal(3, 4))
    kept = student.keep(rule, w, dw, {"learning_rate": 0.3})
    student.keep(rule, kept[0], dw, kept[1])
    expect.unchanged({"w": w, "dw": dw})


@suite.check(points=1, question="sgd")
def sgd(student: Student, expect: Expect, draw: Draw) -> None:
    """sgd steps against the gradient, into a new array"""
    options = {"learning_rate": 0.3}
    expect_steps(student, "sgd", expect, draw.normal(2, 3), slopes(draw, 2, 3), options)
    expect_untouched(student, "sgd", expect, draw)


@suite.check(points=2, question="momentum")
def momentum(student: Student, expect: Expect, draw: Draw) -> None:
    """sgd_momentum is right over five steps, into a new array"""
    options = {"learning_rate": 0.3, "momentum": 0.8}
    expect_steps(
        student, "sgd_momentum", expect, draw.normal(2, 3, 2), slopes(draw, 2, 3, 2), options
    )
    expect_untouched(student, "sgd_momentum", expect, draw)


@suite.check(points=1, question="momentum")
def momentum_resumed(student: Student, expect: Expect, draw: Draw) -> None:
    """sgd_momentum goes on from a velocity that is given"""
    config = {"learning_rate": 0.2, "momentum": 0.5, "velocity": draw.normal(4)}
    expect_steps(student, "sgd_momentum", expect, draw.normal(4), slopes(draw, 4), config)


@suite.check(points=2, question="rmsprop")
def rmsprop(student: Student, expect: Expect, draw: Draw) -> None:
    """rmsprop is right over five steps, into a new array"""
    options = {"learning_rate": 0.3, "decay_rate": 0.8}
    expect_steps(student, "rmsprop", expect, draw.normal(2, 3), slopes(draw, 2, 3), options)
    expect_untouched(student, "rmsprop", expect, draw)


@suite.check(points=1, question="rmsprop")
def rmsprop_resumed(student: Student, expect: Expect, draw: Draw) -> None:
    """rmsprop goes on from a mean square that is given, with an epsilon that can be seen"""
    config = {"learning_rate": 0.2, "epsilon": 0.1, "cache": draw.uniform(0.01, 1, 4)}
    expect_steps(student, "rmsprop", expect, draw.normal(4), slopes(draw, 4), config)


@suite.check(points=3, question="adam")
def adam(student: Student, expect: Expect, draw: Draw) -> None:
    """adam is right over five steps, into a new array"""
    options = {"learning_rate": 0.3, "beta1": 0.7, "beta2": 0.9}
    expect_steps(student, "adam", expect, draw.normal(2, 3), slopes(draw, 2, 3), options)
    expect_untouched(student, "adam", expect, draw)


@suite.check(points=1, question="adam")
def adam_resumed(student: Student, expect: Expect, draw: Draw) -> None:
    """adam goes on from a memory that is given: its correction depends on the step's number"""
    memory = {"m": draw.normal(4), "v": draw.uniform(0.01, 1, 4), "t": 5, "epsilon": 0.1}
    expect_steps(student, "adam", expect, draw.normal(4), slopes(draw, 4), memory)


@suite.check(points=1, question="memory")
def memory(student: Student, expect: Expect, draw: Draw) -> None:
    """Parameters with configs of their own do not disturb one another

    Three parameters, two of them of one shape, take turns; a memory kept elsewhere would mix them
    up.
    """
    for name in ("sgd_momentum", "rmsprop", "adam"):
        rule = getattr(student.optim, name)
        ws: dict[str, Any] = {
            "1st": draw.normal(3),
            "2nd": draw.normal(3),
            "3rd": draw.normal(2, 2),
        }
        shapes = {key: np.shape(w) for key, w in ws.items()}
        memories: dict[str, Any] = {key: {"learning_rate": 0.2} for key in ws}
        for _ in range(3):
            for key, w in ws.items():
                kept = student.keep(rule, w, draw.normal(*shapes[key]), memories[key])
                ws[key], memories[key] = kept[0], kept[1]
        expect.close({f"{name}, {key} parameter": w for key, w in ws.items()}, max_error=1e-7)


@suite.check(points=1, question="schedules")
def exponential_decay(student: Student, expect: Expect, draw: Draw) -> None:
    """exponential_decay gives the rate of every epoch"""
    rate, decay = draw.uniform(0.01, 1, 2)
    rates = student.schedules.exponential_decay(rate, decay, np.arange(7))
    expect.close({"rates": rates}, rel_error=1e-9)


@suite.check(points=1, question="schedules")
def step_decay(student: Student, expect: Expect, draw: Draw) -> None:
    """step_decay keeps every rate for as many epochs as it should"""
    rate, decay = draw.uniform(0.01, 1, 2)
    for every in (1, 3, 4):
        rates = student.schedules.step_decay(rate, decay, every, np.arange(10))
        expect.close({f"rates, every {every} epochs": rates}, rel_error=1e-9)


@suite.check(points=1, question="schedules")
def cosine_decay(student: Student, expect: Expect, draw: Draw) -> None:
    """cosine_decay goes down to zero"""
    (rate,) = draw.uniform(0.01, 1, 1)
    rates = student.schedules.cosine_decay(rate, 9, np.arange(10))
    expect.close({"rates": rates}, max_error=1e-9)


suite.written(
    "q-valley",
    points=2,
    title="What the four paths have in common, and what not",
    rubric="1 point: plain gradient descent zigzags across the valley and creeps along it, since "
    "one rate must do for both directions. 1 point: momentum averages the zigzag out, or RMSProp "
    "and Adam divide by each direction's own size.",
)
suite.written(
    "q-schedule",
    points=1,
    title="Why the rate should fall",
    rubric="1 point: near the minimum the noise of mini-batches, times the rate, keeps the "
    "parameters moving; a smaller rate averages it out. Early on it would only cost time.",
)
