"""What may be said of a wrong gradient or loss beyond its numbers: the regulariser, the upstream.

A regulariser's mistakes differ from what is wanted by terms that are known beforehand. Whether a
gradient hangs on the upstream gradient as it should is tried: it is linear in it, and sums over all
samples.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import chain, combinations
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from autograder.trial import Trial

from autograder.trial import as_floats
from gradlab.errors import StudentFault

__all__ = ["regulariser_terms", "upstream_hint"]

SAME_GRADIENT = 1e-9  # relative to the largest entry: rounding aside the same
BIASES = "Biases are not regularised, only weights are."
TWICE = "The regulariser weighs twice what is asked for: its factor 1/2, or one for each class?"
HALF = "The regulariser weighs half of what is asked for: look at its factor."
LEFT_AWAY = "The regulariser is missing."
SQUARE = "In the regulariser, the sum of squares is not the square of the sum."
EXPONENT = "In the regulariser, look at the power of the weights."


def regulariser_terms(
    params: Mapping[str, np.ndarray], reg: float
) -> dict[str | None, tuple[tuple[np.ndarray, str], ...]]:
    """Return what mistakes with `0.5 * reg * sum(W**2)` add to a loss and to its gradients.

    Args:
        params: arrays by name; those of one axis are biases, which are not regularised.
        reg: the strength of the regulariser; 0 if there is none.

    Returns:
        By parameter, and for the loss by None: what is added, and a sentence for the student.
    """
    if not reg:
        return {}
    of_loss = tuple((np.asarray(term), words) for term, words in _of_loss(params, reg))
    return {None: of_loss} | {name: tuple(_of_gradient(p, reg)) for name, p in params.items()}


def _of_gradient(param: np.ndarray, reg: float) -> Iterator[tuple[np.ndarray, str]]:
    if param.ndim == 1:
        yield from ((factor * reg * param, BIASES) for factor in (1.0, 0.5, 2.0))
    else:
        for factor, words in ((-1.0, LEFT_AWAY), (1.0, TWICE), (-0.5, HALF)):
            yield factor * reg * param, words


def _of_loss(params: Mapping[str, np.ndarray], reg: float) -> Iterator[tuple[float, str]]:
    weights = {name: p for name, p in params.items() if p.ndim > 1}
    biases = [p for p in params.values() if p.ndim == 1]
    squares = {name: 0.5 * reg * float(np.sum(p**2)) for name, p in weights.items()}
    total = sum(squares.values())
    yield from ((-total, LEFT_AWAY), (total, TWICE), (-total / 2, HALF))
    for some in _subsets(biases):
        own = reg * sum(float(np.sum(b**2)) for b in some)
        yield from ((factor * own, BIASES) for factor in (0.5, 1.0))
    for names in _subsets(list(weights)):
        own = sum(squares[name] for name in names)
        yield -own, f"The regulariser of {' and '.join(names)} is missing."
        for words, power in ((SQUARE, _squared_sum), (EXPONENT, _cubes), (EXPONENT, np.sum)):
            other = reg * sum(float(power(weights[name])) for name in names)
            yield from ((factor * other - own, words) for factor in (0.5, 1.0))


def _squared_sum(w: np.ndarray) -> float:
    return float(np.sum(w)) ** 2


def _cubes(w: np.ndarray) -> float:
    return float(np.sum(w**3))


def _subsets(items: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    return chain.from_iterable(combinations(items, n) for n in range(1, len(items) + 1))


def upstream_hint(trial: Trial, name: str, gradient: Any) -> str:
    """Return what is wrong with how a wrong gradient takes in the upstream gradient, or ''.

    Runs the student's passes again, with other upstream gradients.
    """
    g, dout = as_floats(gradient), trial.dout
    if not trial.has_backward or not np.all(np.isfinite(g)) or not g.any():
        return ""
    with suppress(StudentFault):
        twice = as_floats(trial.gradients_from(2 * dout)[name])
        if _equal(twice, g):
            return "It does not change with the upstream gradient: where is dout multiplied in?"
        if _equal(twice, 4 * g):
            return "It grows with the square of the upstream gradient: is dout multiplied in twice?"
        return _one_sample(trial, name, g)
    return ""


def _one_sample(trial: Trial, name: str, g: np.ndarray) -> str:
    count = len(trial.dout) if trial.dout.ndim > 1 else 0
    for sample in {0, count - 1} if count > 1 else ():
        alone = np.zeros_like(trial.dout)
        alone[sample] = trial.dout[sample]
        if _equal(as_floats(trial.gradients_from(alone)[name]), g):
            which = "last" if sample else "first"
            return f"It comes from the {which} sample of the batch alone: add up over all of them."
    return ""


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    if a.shape != b.shape:
        return False
    with np.errstate(all="ignore"):
        scale = float(np.max(np.abs(b), initial=0.0))
        return bool(np.max(np.abs(a - b), initial=0.0) <= SAME_GRADIENT * scale)
