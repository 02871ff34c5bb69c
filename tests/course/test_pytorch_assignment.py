"""Nets in PyTorch: graded by labels everywhere, and by running them where PyTorch is installed."""

from __future__ import annotations

import io
import json
import os
import runpy
import shutil
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from autograder.mutation.audit import Extent
from gradlab.cli import steps
from gradlab.course import Course
from tests.course import blocks
from tests.course.additions import below, scores
from tests.course.blocks import Variant
from tests.course.conftest import ROOT
from tests.course.test_notebooks import execute

if TYPE_CHECKING:
    from pathlib import Path

    from gradlab.course import Assignment
    from tests.conftest import Proof

FOLDER = ROOT / "assignments/pytorch"
LABELS: np.ndarray = runpy.run_path(str(FOLDER / "checks.py"))["LABELS"]
KEY = "# preload = "
with_torch = pytest.mark.skipif(
    find_spec("torch") is None, reason="PyTorch is not installed: pip install torch"
)
BY_LABELS, BY_RUNNING = 3 + 3 + 3 + 2, 2 + 2 + 3 + 3 + 3 + 1


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def with_right(count: int) -> np.ndarray:
    """Return labels of which this many are right."""
    return np.where(np.arange(len(LABELS)) < count, LABELS, (LABELS + 3) % 10)


def archive(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


# What is handed in for labels: file, content, the check, its points, words.
PREDICTIONS: dict[str, tuple[str, bytes, str, float, str]] = {
    "softmax, 20 %": ("softmax.npy", npy(with_right(200)), "softmax_labels", 0, "20.0% (200"),
    "softmax, 30 %": ("softmax.npy", npy(with_right(300)), "softmax_labels", 1.5, "30.0% (300"),
    "softmax, 40 %": ("softmax.npy", npy(with_right(400)), "softmax_labels", 3, ""),
    "two layers, 39 %": ("two_layer.npy", npy(with_right(390)), "two_layer_labels", 1.5, "39.0%"),
    "two layers, floats": (
        *("two_layer.npy", npy(with_right(500).astype(np.float32)), "two_layer_labels", 3, ""),
    ),
    "convnet, 45 %": ("convnet.npy", npy(with_right(450)[:, None]), "convnet_labels", 3, ""),
    "convnet, scores": (
        *("convnet.npy", npy(np.eye(10)[LABELS]), "convnet_labels", 0),
        "convnet.npy holds scores; hand in the class of the largest",
    ),
    "convnet, objects": (
        *("convnet.npy", npy(np.array([*LABELS[:-1], None], object)), "convnet_labels", 0),
        "not an .npz or .npy file of plain arrays",
    ),
    "convnet, an archive": (
        *("convnet.npy", archive(labels=LABELS), "convnet_labels", 0),
        "convnet.npy should hold 1000 whole numbers",
    ),
    "best, 56.9 %": ("best.npy", npy(with_right(569)), "best_labels", 0, ""),
    "best, 57 %": ("best.npy", npy(with_right(570)), "best_labels", 1, ""),
    "best, 90 %": ("best.npy", npy(with_right(900)), "best_labels", 2, ""),
}
# What is wrong in the module, the points lost by check, and words that the student reads.
WRONG: dict[str, tuple[str, dict[str, float], str]] = {
    "softmax twice": (
        """
class Softmax(Softmax):
    def forward(self, X):
        return super().forward(X).softmax(dim=1)
""",
        {"softmax_net": 1.71},
        "scores: largest error",
    ),
    "no ReLU": (
        """
class TwoLayerNet(TwoLayerNet):
    def forward(self, X):
        return self.output(self.hidden(X.flatten(1)))
""",
        {"two_layer_net": 1.5},
        "scores: largest error",
    ),
    "a ReLU on the scores": (
        """
class TwoLayerNet(TwoLayerNet):
    def forward(self, X):
        return torch.relu(super().forward(X))
""",
        {"two_layer_net": 1.5},
        "scores: largest error",
    ),
    "average pooling": (
        """
class ConvNet(ConvNet):
    def forward(self, X):
        pooled = nn.functional.avg_pool2d(torch.relu(self.conv(X)), 2)
        return self.output(pooled.flatten(1))
""",
        {"conv_net": 2.25},
        "scores: largest error",
    ),
    "height for width": (
        """
class ConvNet(ConvNet):
    def forward(self, X):
        return super().forward(X.transpose(2, 3))
""",
        {"conv_net": 2.25},
        "scores: largest error",
    ),
    "biases are regularised": (
        """
def regularized_loss(net, X, y, reg):
    loss = nn.functional.cross_entropy(net(X), y)
    return loss + 0.5 * reg * sum(p.square().sum() for p in net.parameters())
""",
        {"loss": 1.5, "momentum_step": 1.0},
        "loss with reg = 0.7: largest error",
    ),
    "no half": (
        """
_loss = regularized_loss
def regularized_loss(net, X, y, reg):
    return _loss(net, X, y, 2 * reg)
""",
        {"loss": 1.5, "momentum_step": 1.0},
        "loss with reg = 0.7: largest error",
    ),
    "no gradient of the regularisation": (
        """
_loss = regularized_loss
def regularized_loss(net, X, y, reg):
    plain = _loss(net, X, y, 0.0)
    return plain + (_loss(net, X, y, reg) - plain).detach()
""",
        {"loss": 0.75, "momentum_step": 1.0},
        "gradient of layer 1's weight",
    ),
    "gradients add up": (
        """
def train_step(net, rule, X, y, reg):
    loss = regularized_loss(net, X, y, reg)
    loss.backward()
    rule.step()
    return float(loss.item())
""",
        {"train_step": 2.0, "momentum_step": 1.0},
        "weights after two steps: largest error",
    ),
    "the loss after the step": (
        """
_step = train_step
def train_step(net, rule, X, y, reg):
    _step(net, rule, X, y, reg)
    return float(regularized_loss(net, X, y, reg).item())
""",
        {"train_step": 1.0},
        "first loss: largest error",
    ),
    "a loop without end": (
        """
class Softmax(Softmax):
    def forward(self, X):
        while True:
            X = torch.relu(X)
""",
        {"softmax_net": 1.71},
        "5 s are allowed",
    ),
    "more memory than there is": (
        """
class Softmax(Softmax):
    def forward(self, X):
        return torch.zeros(1 << 33)
""",
        {"softmax_net": 1.71},
        "memory",
    ),
}
# Right code, written in another way.
RIGHT: dict[str, str] = {
    "the reference": "",
    "reshape, clamp, modules": """
class Softmax(Softmax):
    def forward(self, X):
        return self.linear(X.reshape(X.shape[0], -1))
class TwoLayerNet(TwoLayerNet):
    def forward(self, X):
        return self.output(self.hidden(X.flatten(1)).clamp(min=0))
class ConvNet(ConvNet):
    def forward(self, X):
        h = nn.MaxPool2d(2)(nn.ReLU()(self.conv(X)))
        return self.output(h.view(len(h), -1))
""",
    "log of the softmax": """
def regularized_loss(net, X, y, reg):
    log_p = torch.log_softmax(net(X), dim=1)
    weights = [p for name, p in net.named_parameters() if name.endswith('weight')]
    return -log_p[torch.arange(len(y)), y].mean() + reg / 2 * sum((w ** 2).sum() for w in weights)
""",
    "another order": """
def train_step(net, rule, X, y, reg):
    for p in net.parameters():
        p.grad = None
    loss = regularized_loss(net, X, y, reg)
    loss.backward()
    rule.step()
    return loss.detach().item()
""",
    "a tensor for the loss, and printing": """
_step = train_step
def train_step(net, rule, X, y, reg):
    print('a step', X.shape)
    return np.array(_step(net, rule, X, y, reg))
""",
}
IDS = {name: f"{n:02}" for n, name in enumerate((*PREDICTIONS, *WRONG, *RIGHT))}


def course_with(folder: Path, line: str) -> Assignment:
    """Return the assignment in a copy of the course, with another line for `preload`."""
    shutil.copytree(FOLDER, folder / "assignments/pytorch")
    shutil.copy(ROOT / "course.toml", folder)
    (folder / "solutions").symlink_to(ROOT / "solutions")
    path = folder / "assignments/pytorch/assignment.toml"
    text = path.read_text()
    assert KEY in text
    path.write_text(text.replace(KEY, line))
    return Course.find(folder).assignment("pytorch")


@pytest.fixture(scope="module")
def pytorch() -> Assignment:
    return Course.find(ROOT).assignment("pytorch")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    """The assignment of a course that asks for the nets to be run."""
    return course_with(tmp_path_factory.mktemp("course"), "preload = ")


@pytest.fixture(scope="module")
def by_labels(pytorch: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all results, graded without PyTorch."""
    variants = {"right": Variant(), "nothing": Variant(without=tuple(pytorch.artifacts))}
    for name, (file, content, _, _, _) in PREDICTIONS.items():
        variants[IDS[name]] = Variant(files={file: content})
    return blocks.grade(pytorch, variants, tmp_path_factory.mktemp("labels"))


@pytest.fixture(scope="module")
def by_running(running: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all results where the nets are run."""
    wrong = {IDS[n]: below(running, {"torch_nets.py": code}) for n, (code, _, _) in WRONG.items()}
    right = {IDS[n]: below(running, {"torch_nets.py": code}) for n, code in RIGHT.items()}
    return blocks.grade(running, wrong | right, tmp_path_factory.mktemp("running"))


def test_without_pytorch_labels_earn_all_there_is(by_labels: Path) -> None:
    assert blocks.lost(by_labels, "right") == ({}, "")
    assert sum(scores(by_labels, "right").values()) == BY_LABELS
    table = json.loads((by_labels / "right/results.json").read_text())
    assert [row["name"] for row in table["leaderboard"]] == ["accuracy"]
    assert "accuracy" not in json.dumps(table["leaderboard"][1:])


def test_labels_that_are_missing_are_named(by_labels: Path) -> None:
    lost, said = blocks.lost(by_labels, "nothing")
    assert lost == {"softmax_labels": 3.0, "two_layer_labels": 3.0, "convnet_labels": 3.0}
    assert "softmax.npy was not handed in" in said


@pytest.mark.parametrize("name", PREDICTIONS)
def test_labels_earn_what_is_right_of_them(by_labels: Path, name: str) -> None:
    _, _, check, earned, words = PREDICTIONS[name]
    assert scores(by_labels, IDS[name])[check] == earned
    assert words in blocks.lost(by_labels, IDS[name])[1]


def test_students_are_told_to_install_pytorch_and_no_label_is_released(
    pytorch: Assignment,
) -> None:
    files = steps.release(pytorch).files
    assert "torch>=2.0" in files["requirements.txt"].decode().splitlines()
    digits = "".join(map(str, LABELS[:40])).encode()
    for name, content in files.items():
        for secret in (digits, *(LABELS[:40].astype(kind).tobytes() for kind in ("u1", "i8"))):
            assert secret not in content, name


@with_torch
@pytest.mark.slow
def test_running_the_nets_adds_their_points(by_running: Path) -> None:
    found = scores(by_running, IDS["the reference"])
    assert sum(found.values()) == BY_LABELS + BY_RUNNING


@with_torch
@pytest.mark.slow
@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_costs_its_points_and_is_named(by_running: Path, name: str) -> None:
    _, points, words = WRONG[name]
    lost, said = blocks.lost(by_running, IDS[name])
    assert lost == points
    assert words in said


@with_torch
@pytest.mark.slow
@pytest.mark.parametrize("name", RIGHT)
def test_right_code_loses_nothing(by_running: Path, name: str) -> None:
    assert blocks.lost(by_running, IDS[name]) == ({}, "")


@with_torch
@pytest.mark.slow
def test_running_the_nets_raises_no_false_alarm(
    running: Assignment, proof: Proof, tmp_path: Path
) -> None:
    copies = blocks.references(running, proof.runs(2, 50))
    folder = blocks.grade(running, copies, tmp_path)
    proof.text = f"{len(copies)} copies of the reference of pytorch, none loses a point"
    totals = {sum(scores(folder, name).values()) for name in copies}
    assert totals == {BY_LABELS + BY_RUNNING}


@with_torch
@pytest.mark.slow
def test_the_nets_recording_still_holds(running: Assignment) -> None:
    _, drifted = steps.expected(running, write=False)
    assert not drifted


@with_torch
@pytest.mark.slow
def test_the_nets_are_judged_well(
    running: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proof: Proof
) -> None:
    monkeypatch.setenv("GRADLAB_DATA", str(tmp_path))
    extent = Extent(proof.runs(25, 100_000), jobs=os.cpu_count() or 1)
    found = steps.audit(running, tmp_path / "audit.html", 0.95, extent)
    proof.text = f"{len(found.tried)} mutants of pytorch"
    assert found.passes(0.95)
    assert found.unseen == ()
    docs = (ROOT / "docs/audit.md").read_text()
    for item in found.survivors:
        added = [line[1:].strip() for line in item.mutant.diff.splitlines()[2:] if line[0] == "+"]
        assert f"| `{added[0]}` |" in docs


@with_torch
@pytest.mark.slow
def test_the_master_runs_in_quick_size_and_its_nets_earn_all(
    running: Assignment, tmp_path: Path
) -> None:
    path = tmp_path / "handed-in/pytorch.ipynb"
    shutil.copytree(running.source, path.parent / "nndl")
    for name in ("pytorch.ipynb", "hidden_images.npz"):
        shutil.copy(FOLDER / name, path.parent)
    environment = {"GRADLAB_QUICK": "1", "OMP_NUM_THREADS": "2"}
    printed = execute(path, "master", PYTHONPATH=str(path.parent), **environment)
    assert "loss: 2.3" in printed
    assert [f"saved: {name}" in printed for name in running.artifacts] == [True] * 4
    steps.grade(running, (path.parent,), tmp_path / "out", 1)
    found = scores(tmp_path / "out", "handed-in")
    assert sum(p for name, p in found.items() if not name.endswith("_labels")) == BY_RUNNING
    assert found["softmax_labels"] > 1


@with_torch
@pytest.mark.slow
def test_the_release_runs_unfilled_and_alone(pytorch: Assignment, tmp_path: Path) -> None:
    path = blocks.lay_out(steps.release(pytorch).files, tmp_path) / "pytorch.ipynb"
    printed = execute(path, "release", PYTHONPATH="", GRADLAB_QUICK="1")
    assert printed.count("This net is not written yet.") >= 6
    assert "Softmax.__init__ is still empty" in printed
    assert "is still empty" in printed
    assert "best.npy is not there yet: run the cell that saves it." in printed
