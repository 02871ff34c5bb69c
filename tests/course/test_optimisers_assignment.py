"""The optimisers: what wrong code loses and reads, what right code written differently keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gradlab.course import Course
from tests.course import blocks
from tests.course.additions import below, scores
from tests.course.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from gradlab.course import Assignment

TOTAL = 15  # without what a person grades
OPTIM, SCHEDULES = "optim.py", "schedules.py"
RULE = """
def {name}(w, dw, config=None):
    config = _complete(config, {defaults}, w, dw)
    rate = config["learning_rate"]
{body}
    return next_w, config
"""


def rule(name: str, defaults: str, *lines: str) -> str:
    """Return a rule with another body; `rate` is its learning rate."""
    body = "\n".join(f"    {line}" for line in lines)
    return RULE.format(name=name, defaults=defaults, body=body)


# What is wrong: the module, the code, the points lost by check, words that the student reads.
WRONG: dict[str, tuple[str, str, dict[str, float], str]] = {
    "sgd: uphill": (
        OPTIM,
        rule("sgd", "SGD", "next_w = w + rate * dw"),
        {"sgd": 1},
        "The step goes uphill",
    ),
    "sgd: in place": (
        OPTIM,
        rule("sgd", "SGD", "w -= rate * dw", "next_w = w"),
        {"sgd": 0.2},
        "w: your code changes it; work on a copy",
    ),
    "momentum: the old velocity moves": (
        OPTIM,
        rule(
            "sgd_momentum",
            "MOMENTUM",
            "next_w = w + config['velocity']",
            "config['velocity'] = config['momentum'] * config['velocity'] - rate * dw",
        ),
        {"momentum": 2, "momentum_resumed": 1, "memory": 0.33},
        "The new velocity moves the parameter, not the old one",
    ),
    "momentum: the other sign": (
        OPTIM,
        rule(
            "sgd_momentum",
            "MOMENTUM",
            "config['velocity'] = config['momentum'] * config['velocity'] + rate * dw",
            "next_w = w + config['velocity']",
        ),
        {"momentum": 2, "momentum_resumed": 1, "memory": 0.33},
        "The velocity points uphill",
    ),
    "momentum: forgotten": (
        OPTIM,
        rule("sgd_momentum", "MOMENTUM", "next_w = w - rate * dw"),
        {"momentum": 1.6, "momentum_resumed": 1, "memory": 0.33},
        "not carried on from step to step",
    ),
    "momentum: damped": (
        OPTIM,
        rule(
            "sgd_momentum",
            "MOMENTUM",
            "keep = config['momentum']",
            "config['velocity'] = keep * config['velocity'] - (1 - keep) * rate * dw",
            "next_w = w + config['velocity']",
        ),
        {"momentum": 2, "momentum_resumed": 1, "memory": 0.33},
        "Only the old velocity is damped",
    ),
    "momentum: one velocity for all": (
        OPTIM,
        "_velocity = {}\n"
        + rule(
            "sgd_momentum",
            "MOMENTUM",
            "v = _velocity.get(w.shape, config['velocity'])",
            "_velocity[w.shape] = v = config['momentum'] * v - rate * dw",
            "next_w = w + v",
        ),
        {"memory": 0.22},
        "sgd_momentum, 2nd parameter",
    ),
    "rmsprop: no root": (
        OPTIM,
        rule(
            "rmsprop",
            "RMSPROP",
            "keep = config['decay_rate']",
            "config['cache'] = keep * config['cache'] + (1 - keep) * dw**2",
            "next_w = w - rate * dw / (config['cache'] + config['epsilon'])",
        ),
        {"rmsprop": 2, "rmsprop_resumed": 1, "memory": 0.33},
        "Divide by the root of the mean square",
    ),
    "rmsprop: epsilon inside the root": (
        OPTIM,
        rule(
            "rmsprop",
            "RMSPROP",
            "keep = config['decay_rate']",
            "config['cache'] = keep * config['cache'] + (1 - keep) * dw**2",
            "next_w = w - rate * dw / np.sqrt(config['cache'] + config['epsilon'])",
        ),
        {"rmsprop": 2, "rmsprop_resumed": 1, "memory": 0.33},
        "Epsilon stands outside the root",
    ),
    "adam: not corrected": (
        OPTIM,
        rule(
            "adam",
            "ADAM",
            "b1, b2 = config['beta1'], config['beta2']",
            "config['m'] = b1 * config['m'] + (1 - b1) * dw",
            "config['v'] = b2 * config['v'] + (1 - b2) * dw**2",
            "next_w = w - rate * config['m'] / (np.sqrt(config['v']) + config['epsilon'])",
        ),
        {"adam": 3, "adam_resumed": 1, "memory": 0.33},
        "Both means are to be corrected",
    ),
    "adam: the step is always the first": (
        OPTIM,
        """
_adam = adam
def adam(w, dw, config=None):
    return _adam(w, dw, {**(config or {}), "t": 0})
""",
        {"adam": 2.4, "adam_resumed": 1, "memory": 0.33},
        "w after step 2",
    ),
    "exponential: a product": (
        SCHEDULES,
        """
def exponential_decay(learning_rate, decay, epoch):
    return learning_rate * decay * epoch
""",
        {"exponential_decay": 1},
        "rates: largest",
    ),
    "step: one epoch late": (
        SCHEDULES,
        """
def step_decay(learning_rate, decay, every, epoch):
    return learning_rate * decay ** ((np.maximum(epoch, 1) - 1) // every)
""",
        {"step_decay": 1},
        "rates, every 1 epochs",
    ),
    "step: no rounding": (
        SCHEDULES,
        """
def step_decay(learning_rate, decay, every, epoch):
    return learning_rate * decay ** (epoch / every)
""",
        {"step_decay": 0.67},
        "rates, every 3 epochs",
    ),
    "cosine: not halved": (
        SCHEDULES,
        """
def cosine_decay(learning_rate, num_epochs, epoch):
    return learning_rate * (1 + np.cos(np.pi * epoch / num_epochs))
""",
        {"cosine_decay": 1},
        "It is 2 times too large",
    ),
}
# Right code, written in another way.
RIGHT: dict[str, dict[str, str]] = {
    "the reference": {},
    "warns and prints": {
        OPTIM: "import sys, warnings\n_sgd = sgd\n"
        "def sgd(w, dw, config=None):\n"
        "    warnings.warn('slow', RuntimeWarning)\n"
        "    print('sgd', file=sys.stderr)\n"
        "    return _sgd(w, dw, config)",
    },
    "the velocity the other way round": {
        OPTIM: rule(
            "sgd_momentum",
            "MOMENTUM",
            "v = rate * dw - config['momentum'] * config['velocity']",
            "config = dict(config, velocity=-v)",
            "next_w = np.subtract(w, v)",
        ),
    },
    "adam by the corrected rate": {
        OPTIM: rule(
            "adam",
            "ADAM",
            "config['t'] += 1",
            "t, b1, b2 = config['t'], config['beta1'], config['beta2']",
            "config['m'] = config['m'] + (1 - b1) * (dw - config['m'])",
            "config['v'] = config['v'] + (1 - b2) * (np.square(dw) - config['v'])",
            "m, v = config['m'] / (1 - b1**t), config['v'] / (1 - b2**t)",
            "next_w = w - rate * (m / (np.power(v, 0.5) + config['epsilon']))",
        ),
    },
    "schedules by lists": {
        SCHEDULES: "def exponential_decay(learning_rate, decay, epoch):\n"
        "    return [learning_rate * decay**int(e) for e in epoch]\n"
        "def step_decay(learning_rate, decay, every, epoch):\n"
        "    return learning_rate * np.power(decay, np.floor(epoch / every))\n"
        """
def cosine_decay(learning_rate, num_epochs, epoch):
    return learning_rate * np.cos(0.5 * np.pi * epoch / num_epochs) ** 2
""",
    },
}
NUMBERS = {name: f"{n:02}" for n, name in enumerate((*WRONG, *RIGHT))}


@pytest.fixture(scope="module")
def optimisers() -> Assignment:
    return Course.find(ROOT).assignment("optimisers")


@pytest.fixture(scope="module")
def results(optimisers: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all results; submissions have numbers for names."""
    wrong = [below(optimisers, {module: code}) for module, code, _, _ in WRONG.values()]
    right = [below(optimisers, additions) for additions in RIGHT.values()]
    variants = dict(zip(NUMBERS.values(), [*wrong, *right], strict=True))
    return blocks.grade(optimisers, variants, tmp_path_factory.mktemp("optimisers"))


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_costs_its_points_and_is_named(results: Path, name: str) -> None:
    _, _, points, words = WRONG[name]
    lost, said = blocks.lost(results, NUMBERS[name])
    assert lost == points
    assert words in said


@pytest.mark.parametrize("name", RIGHT)
def test_right_code_loses_nothing(results: Path, name: str) -> None:
    assert blocks.lost(results, NUMBERS[name]) == ({}, "")
    assert sum(scores(results, NUMBERS[name]).values()) == TOTAL
