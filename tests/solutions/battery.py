"""What every layer, loss and net must do, as checks that take any of them.

    @pytest.mark.parametrize("check", CHECKS)
    @pytest.mark.parametrize("layer", LAYERS)
    def test_layer(check, layer):
        check(layer)

Each check draws its own inputs and raises an AssertionError that says what is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from nndl.gradient_check import grad_check_directions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Arrays = Sequence[np.ndarray]


class Layer(NamedTuple):
    """A forward and backward function, and how to draw inputs for them."""

    name: str
    draw: Callable[[np.random.RandomState, int], Arrays]  # n samples first, then parameters
    forward: Callable[..., tuple[Any, Any]]  # inputs -> output, cache
    backward: Callable[[Any, Any], Any]  # dout, cache -> gradients; None for one that is not given
    rows: bool = True  # a sample's output depends on that sample alone

    def __repr__(self) -> str:
        return self.name


def of_loss(
    name: str,
    draw: Callable[[np.random.RandomState, int], Arrays],
    loss: Callable[..., tuple[float, Any]],
) -> Layer:
    """Make a layer of a function that returns a number and its gradients."""

    def forward(*inputs: np.ndarray) -> tuple[Any, Any]:
        value, gradients = loss(*inputs)
        return np.asarray(value, inputs[0].dtype), gradients

    def backward(dout: Any, cache: Any) -> Any:
        return [None if g is None else dout * g for g in listed(cache)]

    return Layer(name, draw, forward, backward, rows=False)


def listed(gradients: Any) -> list[Any]:
    """Return the gradients as a list, also where there is only one."""
    return list(gradients) if isinstance(gradients, (tuple, list)) else [gradients]


def drawn(layer: Layer, n: int = 4, seed: int = 0) -> tuple[list[np.ndarray], Any, np.ndarray]:
    """Return inputs, the cache of a forward pass, and an upstream gradient."""
    rng = np.random.RandomState(seed)
    inputs = [np.array(a) for a in layer.draw(rng, n)]
    out, cache = layer.forward(*inputs)
    return inputs, cache, np.array(rng.standard_normal(np.shape(out)))


def keeps_shapes(layer: Layer) -> None:
    for n in (4, 1):
        inputs, cache, dout = drawn(layer, n)
        if layer.rows:
            assert len(dout) == n, f"{len(dout)} rows of output for {n} samples"
        for number, (a, g) in enumerate(zip(inputs, gradients(layer, dout, cache), strict=True)):
            assert g is None or np.shape(g) == a.shape, f"gradient {number} has {np.shape(g)}"


def keeps_dtype(layer: Layer) -> None:
    for dtype in (np.float32, np.float64):
        inputs = [a.astype(dtype) for a in drawn(layer)[0]]
        out, cache = layer.forward(*inputs)
        assert out.dtype == dtype, f"output of {out.dtype} for {np.dtype(dtype)}"
        for number, g in enumerate(gradients(layer, np.ones_like(out), cache)):
            assert g is None or g.dtype == dtype, f"gradient {number} is of {g.dtype}"


def leaves_inputs_unchanged(layer: Layer) -> None:
    inputs, cache, dout = drawn(layer)
    kept = [*layer.draw(np.random.RandomState(0), 4), dout.copy()]  # as before the forward pass
    first = [np.array(g) for g in gradients(layer, dout, cache)]
    for before, after in zip(kept, (*inputs, dout), strict=True):
        np.testing.assert_array_equal(after, before, "an input was changed")
    for before, after in zip(first, gradients(layer, dout, cache), strict=True):
        np.testing.assert_array_equal(after, before, "the second backward pass differs")


def has_the_right_gradient(layer: Layer) -> None:
    inputs, cache, dout = drawn(layer)

    def loss(_: np.ndarray) -> float:
        return float(np.sum(layer.forward(*inputs)[0] * dout))

    for number, (a, g) in enumerate(zip(inputs, gradients(layer, dout, cache), strict=True)):
        if g is not None:
            error = grad_check_directions(loss, a, g)
            assert error < 1e-7, f"gradient {number} is wrong by {error:.1e}"


def is_linear_in_the_upstream_gradient(layer: Layer) -> None:
    _, cache, dout = drawn(layer)
    other = np.random.RandomState(1).standard_normal(dout.shape)
    together = gradients(layer, 2 * dout - 3 * other, cache)
    one, two = gradients(layer, dout, cache), gradients(layer, other, cache)
    for total, a, b in zip(together, one, two, strict=True):
        if total is not None:
            np.testing.assert_allclose(total, 2 * a - 3 * b, rtol=1e-9, atol=1e-9)


def treats_samples_alone(layer: Layer) -> None:
    if not layer.rows:
        return
    inputs, cache, dout = drawn(layer)
    out, (dx, *dparameters) = layer.forward(*inputs)[0], gradients(layer, dout, cache)
    totals = [0 if g is None else np.zeros_like(g) for g in dparameters]
    for n in range(len(dout)):
        row = slice(n, n + 1)
        alone, own_cache = layer.forward(inputs[0][row], *inputs[1:])
        np.testing.assert_allclose(alone, out[row], rtol=1e-9, atol=1e-12)
        own_dx, *own = gradients(layer, dout[row], own_cache)
        if dx is not None:
            np.testing.assert_allclose(own_dx, dx[row], rtol=1e-9, atol=1e-12)
        totals = [t if g is None else t + g for t, g in zip(totals, own, strict=True)]
    for total, g in zip(totals, dparameters, strict=True):
        if g is not None:
            np.testing.assert_allclose(total, g, rtol=1e-9, atol=1e-9)


def survives_large_inputs(layer: Layer) -> None:
    first, *others = drawn(layer)[0]
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        out, cache = layer.forward(1e4 * first, *others)
        for array in (out, *gradients(layer, np.ones_like(out), cache)):
            assert array is None or np.isfinite(array).all(), "not finite"


def gradients(layer: Layer, dout: Any, cache: Any) -> list[Any]:
    """Return the gradients of a backward pass as a list."""
    return listed(layer.backward(dout, cache))


CHECKS = [
    keeps_shapes,
    keeps_dtype,
    leaves_inputs_unchanged,
    has_the_right_gradient,
    is_linear_in_the_upstream_gradient,
    treats_samples_alone,
    survives_large_inputs,
]
