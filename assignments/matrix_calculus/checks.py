"""Hidden checks of the two derivations: every step is a formula, tried at a random point.

A derivative has the shape of what it is taken by. In dL/dK all entries of K count as variables of
their own. A step that is wrong and is used rightly in the next costs once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradlab import Steps, Suite, Threshold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Remote, Student

suite = Suite("matrix_calculus")

# Tighter than what central differences reach.
BOUND = 1e-10
SHORT_CUTS = ["eval_numerical_gradient", "eval_numerical_gradient_array"]
PACKAGES = ["autograd", "jax", "sympy", "torch"]


def autoencoder_formulas(W: np.ndarray, x: np.ndarray) -> Steps:
    """Return the steps to the autoencoder's gradient at a point."""
    return Steps(
        {
            "code": lambda W, x: W @ x,
            "error": lambda W, x, code: W.T @ code - x,
            "dL_dcode": lambda W, error: W @ error,
            "outer_path": lambda code, error: code @ error.T,
            "inner_path": lambda dL_dcode, x: dL_dcode @ x.T,
            "gradient": lambda outer_path, inner_path: outer_path + inner_path,
        },
        given={"W": W, "x": x},
        max_error=BOUND,
    )


def latent_formulas(given: Mapping[str, np.ndarray | float]) -> Steps:
    """Return the steps to the gradient of the latent points."""
    return Steps(
        {
            "K": lambda X, alpha, beta: alpha * X @ X.T + np.eye(len(X)) / beta,
            "dL1_dK": lambda K, Y: -0.5 * Y.shape[1] * np.linalg.inv(K),
            "dL1_dX": lambda dL1_dK, X, alpha: 2 * alpha * dL1_dK @ X,
            "dL2_dK": lambda K, Y: 0.5 * np.linalg.solve(K, Y) @ np.linalg.solve(K, Y).T,
            "dL2_dX": lambda dL2_dK, X, alpha: 2 * alpha * dL2_dK @ X,
            "dL_dX": lambda dL1_dX, dL2_dX: dL1_dX + dL2_dX,
        },
        given=given,
        max_error=BOUND,
        asked=("dL1_dK", "dL1_dX", "dL2_dK", "dL2_dX", "dL_dX"),
    )


@suite.check(points=1, question="example")
def zero_loss(student: Student, expect: Expect) -> None:
    """An x that gets through a W with fewer rows than columns without any loss"""
    W, x = (np.asarray(value) for value in (student.notebook.W_zero, student.notebook.x_zero))
    expect.earns("an example without loss", int(lossless(W, x.ravel())), 1, Threshold(100))


def lossless(W: np.ndarray, x: np.ndarray) -> bool:
    """Return whether W has at least 2 rows, more columns, and brings back x, which is not zero."""
    if W.ndim != 2 or not 2 <= len(W) < W.shape[1] <= 100 or W.shape[1] != x.size:
        return False
    size = float(np.max(np.abs(x)))
    with np.errstate(all="ignore"):
        off = float(np.max(np.abs(W.T @ (W @ x) - x)))
    return bool(1e-3 < size < 1e6 and off <= 1e-6 * size)


@suite.check(points=6, question="autoencoder")
def autoencoder(student: Student, expect: Expect, draw: Draw) -> None:
    """The gradient of the autoencoder, step by step, at a random point"""
    W, x = draw.normal(3, 5), draw.normal(5, 1)
    function = student.calculus.autoencoder_steps
    expect.answers(function(W, x), autoencoder_formulas(W, x))
    by_formulas(expect, function)


@suite.check(points=5, question="latent")
def latent(student: Student, expect: Expect, draw: Draw) -> None:
    """The gradient of the latent points, step by step, at a random point"""
    given = {"X": draw.normal(6, 2), "Y": draw.normal(6, 4)}
    scales = {"alpha": float(draw.uniform(0.3, 2)), "beta": float(draw.uniform(0.5, 3))}
    function = student.calculus.gplvm_steps
    expect.answers(function(**given, **scales), latent_formulas({**given, **scales}))
    by_formulas(expect, function)


def by_formulas(expect: Expect, function: Remote) -> None:
    """Expect formulas: no differences, and no package that differentiates."""
    expect.without(function, calls=SHORT_CUTS, imports=PACKAGES, share=6)


suite.written(
    "q-projection",
    points=2,
    title="What W^T W is where nothing is lost",
    rubric="1 point: W^T W x = x for this x alone; W^T W has rank m < n at most, so it is not the "
    "identity. 1 point: where nothing is lost for all x of an m-dimensional space, W^T W is the "
    "projection onto it (W has orthonormal rows), and x lies in it. No point for W^T W = I, a "
    "well-known mistake, nor for calling a W with m < n orthogonal.",
)
suite.written(
    "q-paths",
    points=2,
    title="Two paths from W to the loss",
    rubric="1 point: W occurs twice; by the chain rule for several variables (total derivative) "
    "the contributions of both occurrences are added, each with the other held constant. 1 point: "
    "names both, through W^T (outer) and through the code W x (inner).",
)
suite.written(
    "q-autoencoder",
    points=4,
    title="Derivation of the autoencoder's gradient",
    rubric="1 point each: dL/derror = error; outer path, (W x) error^T; inner path, with W error "
    "passed back to the code and then times x^T; their sum, W x x^T W^T W + W W^T W x x^T - "
    "2 W x x^T. Dimensions fit in every line. A dL/dW where dL/d(W^T W x) is meant costs 1 point.",
)
suite.written(
    "q-graph",
    points=2,
    title="The graph of the likelihood",
    rubric="1 point: L1: X -> X X^T -> times alpha -> plus I/beta = K -> log det -> times -D/2. "
    "1 point: L2: the same K -> inverse -> times Y Y^T -> trace -> times -1/2. Drawn or as a list.",
)
suite.written(
    "q-latent",
    points=5,
    title="Derivation of the gradient of the latent points",
    rubric="1 point each: d log|K| / dK = K^-1 (transposed, K is symmetric); the derivative of "
    "trace(K^-1 Y Y^T) by K, -K^-1 Y Y^T K^-1; from K to X, 2 alpha G X for a symmetric G, with "
    "the reason for the factor 2; products in the right order: X K^-1 does not fit, and there is "
    "no 1/K; the sum, alpha K^-1 Y Y^T K^-1 X - alpha D K^-1 X.",
)
