"""Update rules: three steps each, as another library does them, and nothing changed on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from nndl import optim

if TYPE_CHECKING:
    from collections.abc import Callable

    Rule = Callable[..., tuple[Any, dict[str, Any]]]

RULES: list[Rule] = [optim.sgd, optim.sgd_momentum, optim.rmsprop, optim.adam]
# The options, then the parameter after the first and after the third step.
STEPS: list[tuple[Rule, dict[str, Any], list[float], list[float]]] = [
    (
        optim.sgd,
        {"learning_rate": 0.1},
        [-0.34, -0.16, 0.02, 0.2, 0.38, 0.56],
        [-0.25, -0.1, 0.05, 0.2, 0.35, 0.5],
    ),
    (
        optim.sgd_momentum,
        {"learning_rate": 0.1, "momentum": 0.8},
        [-0.34, -0.16, 0.02, 0.2, 0.38, 0.56],
        [-0.1876, -0.0584, 0.0708, 0.2, 0.3292, 0.4584],
    ),
    (
        optim.rmsprop,
        {"learning_rate": 0.1, "decay_rate": 0.9, "epsilon": 1e-3},
        [-0.08543016259878983, 0.11374737522778977, 0.3113055924149417,
         0.2, 0.08869440758505831, 0.28625262477221025],
        [0.04904642393743447, 0.24825278895944927, 0.4458916921992333,
         0.2, -0.04589169219923325, 0.15174721104055078],
    ),
    (
        optim.adam,
        {"learning_rate": 0.1, "beta1": 0.7, "beta2": 0.95, "epsilon": 1e-3},
        [-0.30016638935108153, -0.10024937655860351, 0.09950248756218907,
         0.2, 0.300497512437811, 0.5002493765586035],
        [-0.21249644276956747, -0.012640328024465797, 0.18692937705121979,
         0.2, 0.2130706229487803, 0.41264032802446576],
    ),
]  # fmt: skip
DEFAULT_STEPS = [
    (optim.sgd, [-0.385, -0.19, 0.005, 0.2, 0.395, 0.59]),
    (optim.sgd_momentum, [-0.37744, -0.18496, 0.00752, 0.2, 0.39248, 0.58496]),
    (optim.rmsprop, [-0.25742737512833075, -0.0574273832896524, 0.14257259222638932,
                     0.2, 0.25742740777361073, 0.4574273832896523]),
    (optim.adam, [-0.39807555139065665, -0.19807555140594235, 0.0019244485482005054,
                  0.2, 0.3980755514517995, 0.5980755514059424]),
]  # fmt: skip


def three_steps(rule: Rule, config: dict[str, Any] | None) -> list[np.ndarray]:
    """Return the parameter after each of three steps with gradients of changing sign and size."""
    w, places = np.linspace(-0.4, 0.6, 6).reshape(2, 3), []
    slope = np.array([[-0.6, -0.4, -0.2], [0.0, 0.2, 0.4]])
    for size in (1.0, -0.5, 2.0):
        w, config = rule(w, size * slope, config)
        places.append(w)
    return places


@pytest.mark.parametrize(("rule", "options", "after_one", "after_three"), STEPS)
def test_steps_with_given_options(
    rule: Rule, options: dict[str, Any], after_one: list[float], after_three: list[float]
) -> None:
    places = three_steps(rule, options)
    assert places[0].shape == (2, 3)
    np.testing.assert_allclose(places[0].ravel(), after_one, rtol=0, atol=1e-14)
    np.testing.assert_allclose(places[2].ravel(), after_three, rtol=0, atol=1e-14)


@pytest.mark.parametrize(("rule", "after_three"), DEFAULT_STEPS)
def test_steps_with_default_options(rule: Rule, after_three: list[float]) -> None:
    places = three_steps(rule, None)
    np.testing.assert_allclose(places[2].ravel(), after_three, rtol=0, atol=1e-14)


@pytest.mark.parametrize("rule", RULES)
def test_parameter_and_gradient_stay_as_they_are(rule: Rule) -> None:
    w, dw = np.array([1.0, 2.0]), np.array([0.5, -0.5])
    _, config = rule(w, dw, None)
    rule(w, dw, config)
    np.testing.assert_array_equal(w, [1.0, 2.0])
    np.testing.assert_array_equal(dw, [0.5, -0.5])


@pytest.mark.parametrize("rule", RULES)
def test_memory_is_kept_in_the_dictionary_that_was_given(rule: Rule) -> None:
    config: dict[str, Any] = {"learning_rate": 0.5}
    _, returned = rule(np.ones(3), np.ones(3), config)
    assert returned is config
    assert config["learning_rate"] == 0.5


def test_what_each_rule_remembers() -> None:
    w, dw = np.zeros(2), np.array([2.0, -1.0])
    _, config = optim.sgd_momentum(w, dw, {"learning_rate": 0.1, "velocity": np.ones(2)})
    np.testing.assert_allclose(config["velocity"], [0.7, 1.0])
    _, config = optim.rmsprop(w, dw, {"decay_rate": 0.75, "cache": np.ones(2)})
    np.testing.assert_allclose(config["cache"], [1.75, 1.0])
    _, config = optim.adam(w, dw, {"beta1": 0.5, "beta2": 0.75, "t": 4})
    np.testing.assert_allclose(config["m"], [1.0, -0.5])
    np.testing.assert_allclose(config["v"], [1.0, 0.25])
    assert config["t"] == 5


@pytest.mark.parametrize("rule", RULES)
def test_float32_stays_float32(rule: Rule) -> None:
    w = np.ones(3, dtype=np.float32)
    first, config = rule(w, w, None)
    second, _ = rule(first, w, config)
    assert first.dtype == second.dtype == np.float32


@pytest.mark.parametrize("rule", RULES)
def test_a_misspelt_option_or_another_shape_is_refused(rule: Rule) -> None:
    with pytest.raises(ValueError, match="unknown option 'learning_rte'; the rule knows learning"):
        rule(np.ones(3), np.ones(3), {"learning_rte": 0.1})
    with pytest.raises(ValueError, match=r"w has shape \(3,\) but its gradient \(1, 3\)"):
        rule(np.ones(3), np.ones((1, 3)), None)
