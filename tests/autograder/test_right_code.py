"""Right code that is written differently loses nothing in the two-layer net's hidden suite."""

from __future__ import annotations

import runpy
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gradlab.course import Course
from tests.autograder.trying import judge, record

if TYPE_CHECKING:
    from autograder.finding import Wanted
    from autograder.remote import Outlines
    from autograder.suite import Check

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = (ROOT / "solutions" / "nndl" / "neural_net.py").read_text()
ASSIGNMENT = Course.find(ROOT).assignment("two_layer_net")
SUITE = runpy.run_path(str(ASSIGNMENT.folder / "checks.py"))["suite"].within(
    (), ASSIGNMENT.edition.conventions
)
OF_CODE = ("scores", "loss", "gradients", "train", "predict")
CHECKS: dict[str, Check] = {
    check.name: check
    for check in SUITE.checks
    if check.question in OF_CODE and "reference" not in check.takes
}

# A net as a student writes it who does not think in arrays.
LOOPS = """
import numpy as np

class TwoLayerNet:
    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {}
        self.params["W1"] = std * np.random.randn(hidden_size, input_size)
        self.params["b1"] = np.zeros(hidden_size)
        self.params["W2"] = std * np.random.randn(output_size, hidden_size)
        self.params["b2"] = np.zeros(output_size)

    def forward(self, X):
        W1, b1 = self.params["W1"], self.params["b1"]
        W2, b2 = self.params["W2"], self.params["b2"]
        hidden = np.zeros((len(X), len(b1)))
        scores = np.zeros((len(X), len(b2)))
        for n in range(len(X)):
            for h in range(len(b1)):
                z = sum(W1[h, d] * X[n, d] for d in range(X.shape[1])) + b1[h]
                hidden[n, h] = max(0.0, z)
            scores[n] = W2.dot(hidden[n]) + b2
        return hidden, scores

    def loss(self, X, y=None, reg=0.0):
        hidden, scores = self.forward(X)
        if y is None:
            return scores
        W1, W2 = self.params["W1"], self.params["W2"]
        total = 0.0
        grads = {name: np.zeros_like(value) for name, value in self.params.items()}
        for n in range(len(X)):
            shifted = scores[n] - max(scores[n])
            log_sum = np.log(sum(np.exp(s) for s in shifted))
            total += log_sum - shifted[y[n]]
            d = np.exp(shifted - log_sum)
            d[y[n]] -= 1
            grads["W2"] += np.outer(d, hidden[n])
            grads["b2"] += d
            dh = W2.T.dot(d) * (hidden[n] > 0)
            grads["W1"] += np.outer(dh, X[n])
            grads["b1"] += dh
        for name in grads:
            grads[name] = grads[name] / len(X)
        grads["W1"] += reg * W1
        grads["W2"] += reg * W2
        return total / len(X) + 0.5 * reg * ((W1 ** 2).sum() + (W2 ** 2).sum()), grads

    def train(self, X, y, X_val, y_val, learning_rate=1e-3, learning_rate_decay=0.95,
              reg=1e-5, num_iters=100, batch_size=200, verbose=False):
        history = []
        for it in range(num_iters):
            rows = np.random.choice(len(X), batch_size)
            loss, grads = self.loss(X[rows], y[rows], reg)
            history.append(loss)
            for name in grads:
                self.params[name] = self.params[name] - learning_rate * grads[name]
            if it % max(len(X) // batch_size, 1) == 0:
                learning_rate *= learning_rate_decay
        return {"loss_history": history}

    def predict(self, X):
        return np.argmax(self.loss(X), axis=1)
"""
SOFTMAX = """\
        shifted = scores - scores.max(axis=1, keepdims=True)  # the largest score becomes 0
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))  # (N, C)
"""
EXP_FIRST = """\
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        with np.errstate(divide="ignore"):
            log_p = scores - scores.max(1)[:, None] - np.log(e.sum(1)).reshape(-1, 1)
"""
FOLD = "        log_p = scores - np.logaddexp.reduce(scores, axis=1)[:, None]\n"
ORDER = "for name in self.params:"
STEP = "self.params[name] -= learning_rate * grads[name]"
NEW_STEP = "self.params[name] = self.params[name] - learning_rate * np.array(grads[name])"
DRAW = "rows = np.random.choice(num_train, batch_size)"
END = "        return loss, grads\n"
HIDDEN = "hidden = np.maximum(X @ W1.T + b1, 0.0)"
MASK = "dhidden[hidden <= 0] = 0.0"
HISTORY = '"loss_history": loss_history'
SCORES = "            return scores\n"


def ends(loss: str, grads: str = "grads") -> tuple[str, str]:
    return END, f"        return {loss}, {grads}\n"


def draws(rows: str) -> tuple[str, str]:
    return DRAW, f"rows = {rows}"


EDITS: dict[str, list[tuple[str, str]]] = {
    "the reference": [],
    "gradients as lists": [
        ends("loss", "{k: v.tolist() for k, v in grads.items()}"), (STEP, NEW_STEP),
    ],
    "gradients in float32": [ends("loss", "{k: v.astype('f4') for k, v in grads.items()}")],
    "gradients in another order": [ends("loss", "dict(reversed(grads.items()))")],
    "gradients in F order": [ends("loss", "{k: np.asfortranarray(v) for k, v in grads.items()}")],
    "one more key in grads": [
        ends("loss", "{**grads, 'X': dhidden @ W1}"), (ORDER, "for name in list(self.params):"),
    ],
    "the loss as a 0-d array": [ends("np.array(loss)")],
    "the loss in an array of one": [ends("np.array([loss])")],
    "the loss as a float": [ends("float(loss)")],
    "loss and gradients in a list": [(END, "        return [loss, grads]\n")],
    "scores as nested lists": [(SCORES, SCORES.replace("scores\n", "scores.tolist()\n")),
                               ("self.loss(X)", "np.array(self.loss(X))")],
    "scores as a list of rows": [(SCORES, SCORES.replace("scores\n", "list(scores)\n")),
                                 ("self.loss(X)", "np.array(self.loss(X))")],
    "where for maximum": [(HIDDEN, "z = X @ W1.T + b1; hidden = np.where(z > 0, z, 0)")],
    "einsum": [(HIDDEN, "hidden = np.maximum(np.einsum('nd,hd->nh', X, W1) + b1, 0.0)")],
    "log-sum-exp": [(SOFTMAX, FOLD)],
    "exp before log": [(SOFTMAX, EXP_FIRST)],
    "a mask of floats": [(MASK, "dhidden = dhidden * (hidden > 0).astype(float)")],
    "new arrays for parameters": [(STEP, NEW_STEP)],
    "the last parameter first": [(ORDER, "for name in ('b2', 'W2', 'b1', 'W1'):")],
    "randint": [draws("np.random.randint(0, num_train, batch_size)")],
    "a permutation": [draws("np.random.permutation(num_train)[:batch_size]")],
    "without replacement": [draws("np.random.choice(num_train, batch_size, replace=False)")],
    "numpy's new generator": [
        draws("np.random.default_rng(it).integers(0, num_train, batch_size)"),
    ],
    "random.sample": [draws("__import__('random').sample(range(num_train), batch_size)")],
    "histories as arrays": [(HISTORY, '"loss_history": np.array(loss_history)')],
    "histories as tuples": [(HISTORY, '"loss_history": tuple(loss_history)')],
    "prints": [(HIDDEN, HIDDEN + "; print('hidden', hidden.shape)")],
    "things remembered in the net": [(HIDDEN, HIDDEN + "; self.cache = {'X': X, 'h': hidden}")],
}  # fmt: skip
VARIANTS: dict[str, list[tuple[str, str]] | None] = {**EDITS, "loops": None}


def source(name: str) -> str:
    edits, text = VARIANTS[name], REFERENCE
    if edits is None:
        return LOOPS
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module")
def recorded() -> dict[str, tuple[list[Wanted], Outlines]]:
    return {name: record(run(check), REFERENCE) for name, check in CHECKS.items()}


def run(check: Check) -> Any:
    assert check.function is not None
    if "conventions" not in check.takes:
        return check.function
    return partial(check.function, conventions=dict(check.conventions))


@pytest.mark.parametrize("name", VARIANTS)
def test_it_loses_nothing(name: str, recorded: dict[str, tuple[list[Wanted], Outlines]]) -> None:
    done = {key: judge(run(check), recorded[key], source(name)) for key, check in CHECKS.items()}
    said = {key: (item.text, str(item.fault)) for key, item in done.items() if item.credit != 1}
    assert said == {}
