"""The softmax and svm assignments: what wrong code loses, and that right code loses nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gradlab.course import Course
from tests.course import blocks
from tests.course.blocks import Variant
from tests.course.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


UNSTABLE = """
samples = np.arange(len(y))
e = np.exp(W @ X)
p = e / e.sum(axis=0)
loss = -np.log(p[y, samples]).mean() + reg * np.sum(W**2)
p[y, samples] -= 1
dW = p @ X.T / len(y) + 2 * reg * W
"""
VECTORIZED = """
scores = W.dot(X) - np.max(W.dot(X), axis=0, keepdims=True)
total = np.exp(scores).sum(axis=0, keepdims=True)
onehot = np.eye(W.shape[0])[:, y]
loss = float(np.mean(np.log(total) - np.sum(onehot * scores, axis=0))) + reg * np.sum(W * W)
dW = (np.exp(scores) / total - onehot).dot(X.T) / X.shape[1] + 2 * reg * W
"""
BY_CLASS = """
print("no loops over samples here")
loss, dW = 0.0, np.zeros_like(W)
for c in range(W.shape[0]):
    for i in range(X.shape[1]):
        s = W.dot(X[:, i])
        p = np.exp(s[c] - s.max()) / np.sum(np.exp(s - s.max()))
        if c == y[i]:
            loss += np.log(np.sum(np.exp(s - s.max()))) + s.max() - s[c]
        dW[c] += (p - (c == y[i])) * X[:, i]
loss, dW = loss / X.shape[1], dW / X.shape[1]
loss = np.float64(loss + reg * np.linalg.norm(W) ** 2)
dW += reg * 2 * W
"""
EPOCHS = """
if it % (N // batch_size) == 0:
    order = np.random.permutation(N)
start = it % (N // batch_size) * batch_size
samples = order[start : start + batch_size]
X_batch, y_batch = X[:, samples], y[samples]
"""
RECITED = """
y_pred = self.seen[: X.shape[1]] if hasattr(self, "seen") else np.argmax(W @ X, axis=0)
"""
LATER_TRAINING = {"train_steps": 2}


def softmax(old: str, new: str) -> dict[str, str]:
    """Return the vectorized block with a change."""
    assert old in VECTORIZED
    return {"softmax_loss_vectorized": VECTORIZED.replace(old, new)}


SOFTMAX_WRONG = {
    "half-in-the-loss": Variant(
        softmax("reg * np.sum(W * W)", "0.5 * reg * np.sum(W * W)"),
        {"vectorized_loss": 0.5, "stable": 0.5, "train_steps": 1},
    ),
    "half-in-the-gradient": Variant(
        softmax("2 * reg * W", "reg * W"),
        {"vectorized_gradient": 3, "stable": 0.5, **LATER_TRAINING},
        "right",
    ),
    "bias-not-regularized": Variant(
        softmax("2 * reg * W", "2 * reg * np.hstack([W[:, :-1], 0 * W[:, -1:]])"),
        {"vectorized_gradient": 3, "stable": 0.5, **LATER_TRAINING},
    ),
    "sum-squared": Variant(
        softmax("reg * np.sum(W * W)", "reg * np.sum(W) ** 2"),
        {"vectorized_loss": 0.5, "stable": 0.5, "train_steps": 1},
    ),
    "no-mean": Variant(
        softmax("/ X.shape[1]", ""),
        {"vectorized_gradient": 3, "stable": 0.5, "train_steps": 2},
        "7",
    ),
    "unstable": Variant({"softmax_loss_vectorized": UNSTABLE}, {"stable": 1}, "nan"),
    "with-a-loop": Variant(
        {"softmax_loss_vectorized": BY_CLASS},
        {"vectorized_loss": 1, "vectorized_gradient": 3},
        "`for` loop",
    ),
    "constant-loss": Variant(
        {"softmax_loss_vectorized": "loss, dW = 2.3, np.zeros_like(W)"},
        {
            "vectorized_loss": 1,
            "vectorized_gradient": 3,
            "stable": 1,
            "train_steps": 2,
            "train_draws": 1,
            "train_learns": 1,
        },
    ),
    "uphill": Variant(
        {"train/1": "self.W += learning_rate * grad"},
        {**LATER_TRAINING, "train_learns": 1},
    ),
    "first-samples-only": Variant(
        {"train": "X_batch, y_batch = X[:, :batch_size], y[:batch_size]"}, {"train_draws": 1}
    ),
    "labels-of-others": Variant(
        {
            "train": "X_batch = X[:, np.random.choice(N, batch_size)]\n"
            "y_batch = y[np.random.choice(N, batch_size)]"
        },
        {"train_learns": 1},
    ),
    "labels-recited": Variant(
        {"train/1": "self.seen = y", "predict": RECITED},
        {"train_steps": 2, "train_draws": 1, "train_learns": 1},
    ),
    "smallest-score": Variant({"predict": "y_pred = np.argmin(W @ X, axis=0)"}, {"predict": 1}),
}
SOFTMAX_RIGHT = {
    "one-hot": Variant({"softmax_loss_vectorized": VECTORIZED}),
    "class-by-class": Variant({"softmax_loss_naive": BY_CLASS}),
    "epoch-by-epoch": Variant({"train": EPOCHS}),
    "new-array-and-a-list": Variant(
        {
            "train/1": "self.W = self.W - learning_rate * np.array(grad)",
            "predict": "y_pred = [int(np.argmax(W @ x)) for x in X.T]",
        }
    ),
    "with-warnings": Variant(
        {"softmax_loss_naive": "np.log(np.zeros(1))\n" + BY_CLASS},
    ),
}
MASKED = """
scores = W.dot(X)
margins = scores - scores[y, np.arange(len(y))] + 1
margins[margins < 0] = 0
margins[y, range(len(y))] = 0
loss = np.sum(margins) / len(y) + reg * np.square(W).sum()
signs = np.where(margins > 0, 1.0, 0.0)
signs[y, range(len(y))] = -np.sum(signs, axis=0)
dW = np.dot(signs, X.T) / len(y) + 2 * reg * W
"""
SIGNED = """
scores = np.dot(X.T, W.T)
right = scores[np.arange(len(y)), y].reshape(-1, 1)
margins = np.maximum(0, 1 + scores - right)
loss = np.mean(np.sum(margins, axis=1) - 1) + reg * (W**2).sum()
ones = np.float64(margins > 0)
counts = ones.sum(axis=1) * 1.0
onehot = np.eye(len(W))[y]
dW = ((ones - counts[:, None] * onehot).T @ X.T) / len(y) + reg * W + reg * W
"""


def svm(old: str, new: str) -> dict[str, str]:
    """Return the vectorized block with a change."""
    assert old in MASKED
    return {"svm_loss_vectorized": MASKED.replace(old, new)}


BOTH = {"vectorized_loss": 2, "vectorized_gradient": 1.5}
SVM_WRONG = {
    "off-by-one": Variant(
        svm("margins[y, range(len(y))] = 0\n", ""), {"vectorized_loss": 2, "vectorized_gradient": 3}
    ),
    "no-margin": Variant(svm("] + 1", "]"), {"vectorized_loss": 1.33, "vectorized_gradient": 1.5}),
    "mask-of-the-scores": Variant(
        svm("np.where(margins > 0", "np.where(scores > 0"), {"vectorized_gradient": 3}
    ),
    "right-class-forgotten": Variant(
        svm("signs[y, range(len(y))] = -np.sum(signs, axis=0)\n", ""), {"vectorized_gradient": 3}
    ),
    "half-in-the-gradient": Variant(
        svm("2 * reg * W", "reg * W"), {"vectorized_gradient": 3}, "right"
    ),
    "half-in-the-loss": Variant(
        svm("reg * np.square(W).sum()", "0.5 * reg * np.square(W).sum()"),
        {"vectorized_loss": 1.33},
    ),
    "with-a-loop": Variant(
        {"svm_loss_vectorized": "loss, dW = svm_loss_naive(W, X, y, reg)"},
        {"vectorized_loss": 2, "vectorized_gradient": 3},
        "`for` loop",
    ),
    "constant-loss": Variant(
        {"svm_loss_vectorized": "loss, dW = 9.0, np.zeros_like(W)"},
        {"vectorized_loss": 2, "vectorized_gradient": 3},
    ),
}
SVM_RIGHT = {
    "masked": Variant({"svm_loss_vectorized": MASKED}),
    "rows-and-a-constant": Variant({"svm_loss_vectorized": SIGNED}),
    "no-loop-in-the-naive-one": Variant({"svm_loss_naive": MASKED}),
}
CASES: Mapping[str, Mapping[str, Variant]] = {
    "softmax": {**SOFTMAX_WRONG, **SOFTMAX_RIGHT},
    "svm": {**SVM_WRONG, **SVM_RIGHT},
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    course, folder = Course.find(ROOT), tmp_path_factory.mktemp("linear")
    return {
        name: blocks.grade(course.assignment(name), variants, folder / name)
        for name, variants in CASES.items()
    }


@pytest.mark.parametrize(
    ("name", "key"), [(name, key) for name, variants in CASES.items() for key in variants]
)
def test_what_is_lost(results: Mapping[str, Path], name: str, key: str) -> None:
    points, words = blocks.lost(results[name], key)
    assert points == CASES[name][key].lost
    assert CASES[name][key].words in words
