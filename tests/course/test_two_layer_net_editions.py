"""The two-layer network in its editions: what wrong code costs, the handouts' numbers, masters."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from autograder.gradescope.bundle import Bundle
from autograder.mutation.audit import Extent
from autograder.suites import read_suites
from autograder.verify import reference_submission
from generator.release import write
from gradlab.cli import steps
from gradlab.cli.gradescope import contents
from gradlab.course import Assignment, Course
from tests.course import blocks
from tests.course.additions import in_notebook
from tests.course.conftest import ROOT
from tests.course.editions import variants
from tests.course.test_notebooks import NAME, execute

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Proof

EDITIONS = ("hd-softmax", "hd-mse", "dh-softmax", "function")
# What a class loses in the checks; a function has no checks of `train` and `predict`.
Lost = Mapping[str, float]
STEPS: Lost = {"train_steps": 2}
STEPS_IN_PART: Lost = {"train_steps": 1}
SOFTMAX: Mapping[str, Lost] = {
    "no-relu": {"scores": 3, "loss": 2, "stable_loss": 1, "gradients": 4.5, **STEPS, "predict": 2},
    "factor-of-another-course": {"loss": 1, "gradients": 1.5, **STEPS},
    "factor-in-the-loss": {"loss": 1, **STEPS_IN_PART},
    "factor-in-the-gradient": {"gradients": 3, **STEPS},
    "biases-in-the-loss": {"loss": 1, **STEPS_IN_PART},
    "biases-in-the-gradient": {"gradients": 1.5, **STEPS},
    "last-layer-not-in-the-loss": {"loss": 1, **STEPS_IN_PART},
    "last-layer-not-in-the-gradient": {"gradients": 1.5, **STEPS},
    "sum-squared": {"loss": 1, **STEPS_IN_PART},
    "no-mask": {"gradients": 3, **STEPS},
    "no-mean": {"gradients": 6, **STEPS},
    "unstable": {"stable_loss": 1},
    "constant-loss": {"loss": 2, "stable_loss": 1, "gradients": 6, **STEPS}
    | {"train_draws": 1, "train_learns": 1},
    "by-sample": {},
    "one-hot": {},
    "forward-in-steps": {},
}
TRAINING: Mapping[str, Lost] = {
    "uphill": {**STEPS, "train_learns": 1},
    "weights-only": STEPS,
    "first-samples-only": {"train_draws": 1},
    "labels-of-others": {"train_learns": 1},
    "labels-recited": {**STEPS, "train_draws": 1, "train_learns": 1},
    "smallest-score": {"predict": 2},
    "epoch-by-epoch": {},
    "new-arrays-and-a-list": {},
}
MSE: Mapping[str, Lost] = {
    "no-half": {"mse_loss": 2, "loss": 2, **STEPS_IN_PART},
    "no-mean": {"mse_loss": 2, "loss": 2, **STEPS_IN_PART},
    "mean-over-classes": {"mse_loss": 2, "loss": 2, **STEPS_IN_PART},
    "gradient-not-averaged": {"mse_loss": 2, "backward": 3, **STEPS, "train_learns": 1},
    "scores-overwritten": {"mse_loss": 2},
    "biases-in-the-loss": {"loss": 1, **STEPS_IN_PART},
    "no-half-for-the-weights": {"loss": 1, **STEPS_IN_PART},
    "gradient-doubled": {"backward": 3, **STEPS},
    "hidden-before-the-relu": {"backward": 0.75, **STEPS_IN_PART},
    "hidden-not-kept": {"backward": 2.25, **STEPS},
    "one-hot": {},
    "without-mse_loss": {},
}
RULES: Mapping[str, Lost] = {
    "momentum-uphill": {"momentum": 3},
    "momentum-forgets": {"momentum": 3},
    "momentum-damped": {"momentum": 3},
    "momentum-in-one-array": {"momentum": 3},
    "momentum-velocity-first": {},
    "rmsprop-without-the-root": {"rmsprop": 3},
    "rmsprop-small-number-outside": {"rmsprop": 3},
    "rmsprop-forgets": {"rmsprop": 3},
    "rmsprop-in-place": {},
}
NET: Mapping[str, Lost] = {
    key: {name: points for name, points in lost.items() if not name.startswith(("tr", "pr"))}
    for key, lost in SOFTMAX.items()
}
LOST: Mapping[str, Mapping[str, Lost]] = {
    "hd-softmax": {**SOFTMAX, **TRAINING},
    "hd-mse": {**MSE, **TRAINING},
    "dh-softmax": {**SOFTMAX, **TRAINING},
    "function": {**NET, **RULES},
}
WORDS = {
    "biases-in-the-gradient": "the mistake is in the backward pass",
    "no-mean": "A sum for a mean, or the reverse?",
    "no-half": "A factor of 2 or 1/2?",
    "mean-over-classes": "It is 4 times too small",
    "scores-overwritten": "your code changes it; work on a copy",
    "gradient-doubled": "2 times too large",
    "first-samples-only": "samples that were drawn: 5.0% (1 of 20)",
    "weights-only": "look at the update",
}
# What a quick run of the master prints: the handouts' numbers.
NUMBERS = {
    "hd-mse": ["loss: 1.897333276370", "final loss: 0.0295055562620", "(should be 0.03)"],
    "dh-softmax": ["differences: 3.680272", "loss: 1.30378789132", "final loss: 0.0171496079387"],
    "function": [
        "differences: 3.848682",
        "loss: 1.38191946092",
        "W2: largest relative error 8.02e-10",
        "b1: largest relative error 5.44e-08",
        "sgd: last loss 0.940686",
        "momentum: last loss 0.494394",
        "rmsprop: last loss 0.439368",
    ],
}


def edition_of(name: str) -> Assignment:
    return Course.find(ROOT).assignment("two_layer_net", name)


@pytest.fixture(scope="module", params=EDITIONS)
def edition(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def results(edition: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    assignment = edition_of(edition)
    return blocks.grade(assignment, variants(assignment), tmp_path_factory.mktemp(edition))


@pytest.mark.slow
def test_what_is_lost(edition: str, results: Path) -> None:
    lost = {key: blocks.lost(results, key)[0] for key in LOST[edition]}
    lost["no-mean"].pop("train_learns", None)  # steps that are far too long may lead there or not
    assert lost == LOST[edition]
    assert variants(edition_of(edition)).keys() == LOST[edition].keys()


@pytest.mark.slow
def test_what_is_said(edition: str, results: Path) -> None:
    for key in WORDS.keys() & LOST[edition].keys():
        assert WORDS[key] in blocks.lost(results, key)[1], key


@pytest.mark.parametrize(
    ("chosen", "points", "words"),
    [
        ("[3, 1]", 0, ""),
        ("[1, 2, 3]", 1, "3 of 4"),
        ("[]", 1, "should be a list of the numbers you chose"),
        ("'1 and 3'", 1, "should be a list of the numbers you chose"),
    ],
)
def test_a_choice_is_judged_and_never_tells_how_many_are_right(
    chosen: str, points: float, words: str, tmp_path: Path
) -> None:
    assignment = edition_of("dh-softmax")
    files = in_notebook(assignment, {"gap": f"gap_options = {chosen}"})
    folder = blocks.grade(assignment, {"chosen": blocks.Variant(files=files)}, tmp_path)
    lost, said = blocks.lost(folder, "chosen")
    assert lost == ({"gap_options": points} if points else {})
    assert words in said
    assert "(2,)" not in said


@pytest.mark.slow
@pytest.mark.parametrize("name", EDITIONS[1:])
def test_the_master_of_an_edition_runs_and_prints_the_handouts_numbers(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CIFAR10_DIR", raising=False)
    assignment = edition_of(name)
    handed_in = reference_submission(assignment).files
    files = {**steps.release(assignment).files, **handed_in}
    path = blocks.lay_out(files, tmp_path / "handed-in") / NAME
    printed = execute(path, "master", PYTHONPATH="", GRADLAB_QUICK="1")
    assert [words for words in NUMBERS[name] if words not in printed] == []
    assert "saved: best_net.npz, trained on the set generated" in printed
    shutil.copy(assignment.reference / "best_net.npz", path.parent)
    steps.grade(assignment, (path.parent,), tmp_path / "out", 1)
    table = json.loads((tmp_path / "out/handed-in/results.json").read_text())
    assert table["score"] == {"dh-softmax": 27}.get(name, 26)


@pytest.mark.slow
def test_the_release_of_an_edition_runs_unfilled_and_alone(tmp_path: Path) -> None:
    path = blocks.lay_out(steps.release(edition_of("function")).files, tmp_path) / NAME
    printed = execute(path, "release", PYTHONPATH="", GRADLAB_QUICK="1")
    assert printed.count("  not implemented  ") == 6
    assert "There is nothing to save yet." in printed


@pytest.mark.parametrize(
    ("name", "label", "modules"),
    [
        ("hd-softmax", "two_layer_net", ["nndl/neural_net.py"]),
        ("hd-mse", "two_layer_net-hd-mse", ["hw3code/neural_net.py"]),
        ("dh-softmax", "two_layer_net-dh-softmax", ["cs231n/classifiers/neural_net.py"]),
        (
            "function",
            "two_layer_net-function",
            ["cs231n/classifier_trainer.py", "cs231n/classifiers/neural_net.py"],
        ),
    ],
)
def test_a_release_is_of_one_edition(
    name: str, label: str, modules: list[str], tmp_path: Path
) -> None:
    release = steps.release(edition_of(name))
    folder, archive = write(release, tmp_path)
    assert (folder.name, archive.name) == (label, f"{label}.zip")
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    assert manifest["edition"] == name
    assert set(modules) <= set(release.files)
    book = json.loads((folder / "two_layer_net.ipynb").read_text())
    assert book["metadata"]["gradlab"] == {"assignment": label}
    text = "\n".join("".join(cell["source"]) for cell in book["cells"])
    package = modules[0].split("/")[0]
    others = {"nndl", "hw3code", "cs231n"} - {package}
    assert all(f"`{module}`" in text for module in modules)
    assert [other for other in others if f"{other}." in text or f"{other}/" in text] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", EDITIONS[1:])
def test_the_hidden_suite_of_an_edition_catches_mistakes(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proof: Proof
) -> None:
    monkeypatch.setenv("GRADLAB_DATA", str(tmp_path))
    extent = Extent(proof.runs(4, 100_000), jobs=os.cpu_count() or 1)
    found = steps.audit(edition_of(name), tmp_path / "audit.html", 0.95, extent)
    proof.text = f"{len(found.tried)} mutants of two_layer_net, {name}"
    assert found.passes(0.95)
    assert found.unseen == ()
    assert not [item.broke for item in found.tried if item.broke]


@pytest.mark.parametrize("name", EDITIONS)
def test_what_goes_to_gradescope_is_of_one_edition(name: str, tmp_path: Path) -> None:
    assignment = edition_of(name)
    blocks.lay_out(contents(assignment, "split"), tmp_path)
    bundle, folder = Bundle.read(tmp_path / "bundle"), tmp_path / "bundle"
    assert bundle.name == assignment.label
    assert bundle.conventions == assignment.edition.conventions
    suites = read_suites(folder, bundle.preload, bundle.conventions)
    asked = {check.name for suite, _ in suites for check in suite.checks if check.function}
    assert asked == {name for _, recording in suites for name in recording.checks}
    recorded = (assignment.expected / "checks.json").read_bytes()
    assert (folder / "expected/checks.json").read_bytes() == recorded
