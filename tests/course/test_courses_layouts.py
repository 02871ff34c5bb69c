"""Submissions as other courses' students lay them out, graded without being told the edition."""

from __future__ import annotations

import csv
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from autograder.verify import reference_submission
from gradlab.cli import commands, steps
from gradlab.course import Course
from tests.course.blocks import lay_out
from tests.course.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Files = Mapping[str, bytes]

MOST = {"hd-softmax": 26, "hd-mse": 26, "dh-softmax": 27, "function": 26}
CODE_ALONE = 18  # without the notebook and what it saves
# A class and a trainer as people write them who have deleted every comment.
OLD_CLASS = b"""
import numpy as np
import matplotlib.pyplot as plt
from past.builtins import xrange
class TwoLayerNet(object):
    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {}
        self.params['W1'] = std * np.random.randn(input_size, hidden_size)
        self.params['b1'] = np.zeros(hidden_size)
        self.params['W2'] = std * np.random.randn(hidden_size, output_size)
        self.params['b2'] = np.zeros(output_size)
    def loss(self, X, y=None, reg=0.0):
        W1, b1 = self.params['W1'], self.params['b1']
        W2, b2 = self.params['W2'], self.params['b2']
        N, D = X.shape
        fc1 = X.dot(W1) + b1
        a1 = np.maximum(0, fc1)
        scores = a1.dot(W2) + b2
        if y is None:
            return scores
        e = np.exp(scores - np.max(scores, axis=1, keepdims=True))
        P = e / np.sum(e, axis=1, keepdims=True)
        right = scores[np.arange(N), y] - np.max(scores, axis=1)
        loss = np.sum(np.log(np.sum(e, axis=1)) - right) / N
        loss += reg * (np.sum(W2 * W2) + np.sum(W1 * W1))
        P[np.arange(N), y] -= 1
        P /= N
        grads = {'W2': a1.T.dot(P) + 2 * reg * W2, 'b2': np.sum(P, axis=0)}
        d1 = P.dot(W2.T) * (fc1 > 0)
        grads['W1'] = X.T.dot(d1) + 2 * reg * W1
        grads['b1'] = np.sum(d1, axis=0)
        return loss, grads
    def train(self, X, y, X_val, y_val, learning_rate=1e-3, learning_rate_decay=0.95,
              reg=5e-6, num_iters=100, batch_size=200, verbose=False):
        num_train = X.shape[0]
        iterations_per_epoch = max(num_train / batch_size, 1)
        loss_history, train_acc, val_acc = [], [], []
        for it in xrange(num_iters):
            rows = np.random.choice(num_train, batch_size)
            loss, grads = self.loss(X[rows], y=y[rows], reg=reg)
            loss_history.append(loss)
            for p in self.params:
                self.params[p] -= learning_rate * grads[p]
            if it % iterations_per_epoch == 0:
                train_acc.append((self.predict(X[rows]) == y[rows]).mean())
                val_acc.append((self.predict(X_val) == y_val).mean())
                learning_rate *= learning_rate_decay
        return {'loss_history': loss_history, 'train_acc_history': train_acc,
                'val_acc_history': val_acc}
    def predict(self, X):
        return np.argmax(self.loss(X), axis=1)
"""
OLD_FUNCTION = b"""
import numpy as np
def init_two_layer_model(input_size, hidden_size, output_size):
    return {'W1': 0.00001 * np.random.randn(input_size, hidden_size), 'b1': np.zeros(hidden_size),
            'W2': 0.00001 * np.random.randn(hidden_size, output_size), 'b2': np.zeros(output_size)}
def two_layer_net(X, model, y=None, reg=0.0):
    W1, b1, W2, b2 = model['W1'], model['b1'], model['W2'], model['b2']
    N = X.shape[0]
    h = np.maximum(0, X.dot(W1) + b1)
    scores = h.dot(W2) + b2
    if y is None:
        return scores
    shifted = scores - scores.max(axis=1).reshape(N, 1)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1)).reshape(N, 1)
    loss = -np.sum(logs[range(N), y]) / N + 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
    d = np.exp(logs)
    d[range(N), y] -= 1
    d /= N
    dh = d.dot(W2.T)
    dh[h == 0] = 0
    return loss, {'W1': X.T.dot(dh) + reg * W1, 'b1': dh.sum(0),
                  'W2': h.T.dot(d) + reg * W2, 'b2': d.sum(0)}
"""
OLD_TRAINER = b"""
import numpy as np
class ClassifierTrainer(object):
    def __init__(self):
        self.step_cache = {}
    def train(self, X, y, X_val, y_val, model, loss_function, reg=0.0, learning_rate=1e-2,
              momentum=0, learning_rate_decay=0.95, update='momentum', sample_batches=True,
              num_epochs=30, batch_size=100, acc_frequency=None, verbose=False):
        N = X.shape[0]
        per_epoch = N // batch_size if sample_batches else 1
        best_val_acc, best_model = 0.0, {}
        loss_history, train_acc_history, val_acc_history = [], [], []
        for it in range(num_epochs * per_epoch):
            mask = np.random.choice(N, batch_size) if sample_batches else np.arange(N)
            cost, grads = loss_function(X[mask], model, y[mask], reg)
            loss_history.append(cost)
            for p in model:
                if update == 'sgd':
                    dx = -learning_rate * grads[p]
                elif update == 'momentum':
                    if p not in self.step_cache:
                        self.step_cache[p] = np.zeros(grads[p].shape)
                    dx = momentum * self.step_cache[p] - learning_rate * grads[p]
                    self.step_cache[p] = dx
                elif update == 'rmsprop':
                    if p not in self.step_cache:
                        self.step_cache[p] = np.zeros(grads[p].shape)
                    self.step_cache[p] = 0.99 * self.step_cache[p] + 0.01 * grads[p] ** 2
                    dx = -learning_rate * grads[p] / np.sqrt(self.step_cache[p] + 1e-8)
                model[p] = model[p] + dx
            epoch_end = (it + 1) % per_epoch == 0
            if it == 0 or epoch_end:
                if it > 0:
                    learning_rate *= learning_rate_decay
                train_acc_history.append(np.mean(np.argmax(loss_function(X, model), axis=1) == y))
                val_acc = np.mean(np.argmax(loss_function(X_val, model), axis=1) == y_val)
                val_acc_history.append(val_acc)
                if val_acc > best_val_acc:
                    best_val_acc = val_acc
                    best_model = {p: model[p].copy() for p in model}
            if verbose:
                print('starting iteration', it)
        return best_model, loss_history, train_acc_history, val_acc_history
"""


def reference(edition: str) -> dict[str, bytes]:
    return dict(reference_submission(two_layer_net(edition)).files)


def two_layer_net(edition: str = "") -> Any:
    return Course.find(ROOT).assignment("two_layer_net", edition)


def moved(edition: str, rename: Callable[[str], str], imports: str) -> dict[str, bytes]:
    """Return the reference with its modules elsewhere, and imported from there."""
    package = two_layer_net(edition).package
    imported = re.compile(rf"\b{package}\.(classifiers\.)?(?=\w+ import)".encode())
    files = {
        rename(name): imported.sub(imports.encode(), content)
        for name, content in reference(edition).items()
    }
    return without_comments(files)


def flat(name: str) -> str:
    return name.rpartition("/")[2]


def without_comments(files: Files) -> dict[str, bytes]:
    """Return modules without any marker, and without their docstrings' lines of rules."""
    return {
        name: re.sub(rb"(?m)^[ \t]*#.*\n", b"", content) if name.endswith(".py") else content
        for name, content in files.items()
    }


# What is handed in, the edition that it is, and the points that it earns.
LAYOUTS: Mapping[str, tuple[str, Callable[[], Files], int]] = {
    **{
        f"{edition}-as-it-is": (edition, lambda edition=edition: reference(edition), most)  # type: ignore[misc]
        for edition, most in MOST.items()
    },
    "hd-flat": ("hd-softmax", lambda: moved("hd-softmax", flat, ""), 26),
    "mse-flat": ("hd-mse", lambda: moved("hd-mse", flat, ""), 26),
    "dh-flat": ("dh-softmax", lambda: moved("dh-softmax", flat, ""), 27),
    "function-flat": ("function", lambda: moved("function", flat, ""), 26),
    "dh-deep": (
        "dh-softmax",
        lambda: moved("dh-softmax", lambda n: f"ada hw 3/final/{n}", "cs231n.classifiers."),
        27,
    ),
    "mse-in-classifiers": (
        "hd-mse",
        lambda: moved(
            "hd-mse",
            lambda n: n.replace("hw3code", "hw3/hw3code/classifiers"),
            "hw3code.classifiers.",
        ),
        26,
    ),
    "function-in-nndl": (
        "function",
        lambda: moved("function", lambda n: re.sub("cs231n/(classifiers/)?", "nndl/", n), "nndl."),
        26,
    ),
    "dh-another-name": (
        "dh-softmax",
        lambda: moved("dh-softmax", lambda n: flat(n).replace("neural_net", "my_net"), "my_net."),
        27,
    ),
    "old-class": (
        "dh-softmax",
        lambda: {"cs231n/classifiers/neural_net.py": OLD_CLASS},
        CODE_ALONE,
    ),
    "old-class-flat": ("dh-softmax", lambda: {"neural_net.py": OLD_CLASS}, CODE_ALONE),
    "old-function": (
        "function",
        lambda: {
            "cs231n/classifiers/neural_net.py": OLD_FUNCTION,
            "cs231n/classifier_trainer.py": OLD_TRAINER,
        },
        CODE_ALONE,
    ),
    "old-function-flat": (
        "function",
        lambda: {"neural_net.py": OLD_FUNCTION, "classifier_trainer.py": OLD_TRAINER},
        CODE_ALONE,
    ),
    "python-2": (
        "hd-mse",
        lambda: {"hw3code/neural_net.py": OLD_CLASS + b"\nprint 'done'\n"},
        0,
    ),
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("layouts")
    for name, (_, files, _) in LAYOUTS.items():
        lay_out(files(), folder / "in" / name)
    steps.grade(two_layer_net().editions(), (folder / "in",), folder / "out", 2)
    return folder / "out"


def results_of(folder: Path, name: str) -> Any:
    return json.loads((folder / name / "results.json").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_is_graded_in_its_edition(results: Path, name: str) -> None:
    edition, _, points = LAYOUTS[name]
    table = results_of(results, name)
    missed = {t["name"]: t["output"] for t in table["tests"] if t.get("status") == "failed"}
    assert f"Graded as {edition}: " in table["output"]
    assert table["score"] == points, missed


@pytest.mark.slow
def test_python_2_is_named_with_its_line(results: Path) -> None:
    tests = results_of(results, "python-2")["tests"]
    line = OLD_CLASS.count(b"\n") + 2
    assert f"this is Python 2: print 'done' in line {line}" in tests[0]["output"]


@pytest.mark.slow
def test_the_gradebook_has_the_checks_of_all_editions(results: Path) -> None:
    with (results / "gradebook.csv").open(newline="") as file:
        rows = {row["submission"]: row for row in csv.DictReader(file)}
    assert rows["function-as-it-is"]["momentum"] == "3"
    assert rows["function-as-it-is"]["train_steps"] == ""
    assert rows["hd-mse-as-it-is"]["backward"] == "3"
    assert rows["dh-flat"]["possible"] == "27"


@pytest.mark.slow
def test_the_edition_can_be_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "ada/neural_net.py"
    path.parent.mkdir()
    path.write_bytes(OLD_CLASS)
    command = ["grade", "two_layer_net", str(path.parent), "--edition", "hd-mse"]
    with pytest.raises(SystemExit):
        commands.main([*command, "--out", str(tmp_path / "out"), "--require", "split"])
    assert "mse/4" in capsys.readouterr().out
    table = results_of(tmp_path / "out", "ada")
    assert "Graded as" not in table["output"]
    assert {t["extra_data"]["check"] for t in table["tests"]} >= {"mse_loss", "backward"}
