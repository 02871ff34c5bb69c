"""Solver: another implementation's trajectories, epochs, random stream, checkpoints."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from nndl.neural_net import TwoLayerNet
from nndl.solver import Solver

if TYPE_CHECKING:
    from pathlib import Path

# Losses, right answers of 65 training and 30 validation samples, and b2 when these were best.
RUNS: dict[str, tuple[dict[str, Any], dict[int, float], list[int], list[int], list[float]]] = {
    "sgd": (
        {"optim_config": {"learning_rate": 0.2}, "lr_decay": 0.8},
        {0: 1.0987202351614893, 1: 1.0935428522668011, 2: 1.0655634220765078,
         3: 1.0684440020290207, 5: 1.0142049510582454, 8: 0.9094841554210538,
         11: 0.7290954428166634, 14: 0.8851201697559867},
        [29, 36, 43, 46, 46, 47],
        [8, 11, 23, 26, 25, 24],
        [0.04571987959816638, -0.039500449800956475, -0.006219429797209917],
    ),
    "adam": (
        {"optim_config": {"learning_rate": 0.05}, "lr_decay": 0.8},
        {0: 1.0987202351614893, 1: 1.071842877043304, 2: 0.9765175038778076,
         3: 0.9552837548411006, 5: 0.8567126281242666, 8: 0.5450864162169594,
         11: 0.3670371442769483, 14: 0.7512040002030236},
        [33, 39, 47, 47, 52, 52],
        [10, 20, 23, 24, 23, 23],
        [0.11439388594625209, -0.13169470840209088, 0.10819130602113192],
    ),
    "sgd_momentum": (
        {"optim_config": {"learning_rate": 0.1, "momentum": 0.9}},
        {0: 1.0987202351614893, 1: 1.1005604544765557, 2: 1.0690073143330767,
         3: 1.0673004815522125, 5: 1.0130359649361516, 8: 0.7085053749384381,
         11: 0.4124437035291956, 14: 0.7309001614142692},
        [25, 36, 45, 45, 48, 51],
        [5, 11, 24, 25, 24, 23],
        [0.10778060343808868, -0.14205824478693843, 0.03427764134884969],
    ),
}  # fmt: skip


def clouds() -> dict[str, np.ndarray]:
    rng = np.random.RandomState(21)
    centres, y = 2 * rng.randn(3, 5), rng.randint(0, 3, 95)
    X = centres[y] + 2.5 * rng.randn(95, 5)
    return {"X_train": X[:65], "y_train": y[:65], "X_val": X[65:], "y_val": y[65:]}


def solver(**options: Any) -> Solver:
    """Return a solver of a small net, with the random stream where the trajectories begin."""
    np.random.seed(22)  # noqa: NPY002  (the homework's stream)
    net = TwoLayerNet(5, 8, 3, std=0.1)
    return Solver(net, clouds(), **{"batch_size": 20, "num_epochs": 5, "verbose": False, **options})


@pytest.mark.parametrize("rule", RUNS)
def test_training_from_a_seed(rule: str) -> None:
    options, losses, train_right, val_right, best_b2 = RUNS[rule]
    it = solver(update_rule=rule, **options)
    it.train()
    assert len(it.loss_history) == 15
    assert {i: it.loss_history[i] for i in losses} == pytest.approx(losses, rel=1e-11)
    assert np.multiply(it.train_acc_history, 65) == pytest.approx(train_right)
    assert np.multiply(it.val_acc_history, 30) == pytest.approx(val_right)
    assert it.best_val_acc == max(it.val_acc_history)
    np.testing.assert_allclose(it.model.params["b2"], best_b2, rtol=1e-10)  # not the last one


def test_the_options_that_nobody_names() -> None:
    net, data = TwoLayerNet(5, 8, 3), clouds()
    it = Solver(net, data)
    assert (it.lr_decay, it.batch_size, it.num_epochs) == (1.0, 100, 10)
    assert (it.num_train_samples, it.num_val_samples) == (1000, None)
    assert (it.checkpoint_name, it.print_every, it.verbose) == (None, 10, True)
    assert it.update_rule.__name__ == "sgd"
    assert it.steps_per_epoch == 1  # 65 samples are less than one batch


@pytest.mark.parametrize(
    ("num_train", "batch_size", "per_epoch"), [(65, 20, 3), (60, 20, 3), (5, 20, 1), (20, 20, 1)]
)
def test_an_epoch_is_a_whole_number_of_steps(
    num_train: int, batch_size: int, per_epoch: int
) -> None:
    data = clouds()
    data["X_train"], data["y_train"] = data["X_train"][:num_train], data["y_train"][:num_train]
    it = Solver(
        TwoLayerNet(5, 8, 3), data, batch_size=batch_size, num_epochs=4, lr_decay=0.5,
        optim_config={"learning_rate": 1.0}, verbose=False,
    )  # fmt: skip
    it.train()
    assert len(it.loss_history) == 4 * per_epoch
    assert len(it.val_acc_history) == (4 if per_epoch == 1 else 5)
    assert it.epoch == 4
    assert {config["learning_rate"] for config in it.optim_configs.values()} == {1 / 16}


def test_every_parameter_has_a_memory_of_its_own() -> None:
    options = {"learning_rate": 0.1}
    it = solver(update_rule="sgd_momentum", optim_config=options)
    it.train()
    assert {k: v["velocity"].shape for k, v in it.optim_configs.items()} == {
        "W1": (8, 5), "b1": (8,), "W2": (3, 8), "b2": (3,),
    }  # fmt: skip
    assert options == {"learning_rate": 0.1}


class Stream:
    """A model of one number that keeps the batches; its loss is constant."""

    def __init__(self) -> None:
        self.params = {"w": np.zeros(1)}
        self.seen: list[np.ndarray] = []

    def loss(self, X: np.ndarray, y: np.ndarray | None = None) -> Any:
        self.seen.append(X[:, 0])
        if y is None:
            return np.eye(2)[np.zeros(len(X), int)]
        return 1.0, {"w": np.ones(1)}


def test_batches_and_checks_use_the_stream_as_documented() -> None:
    model, X = Stream(), np.arange(1200)[:, np.newaxis]
    data = {"X_train": X, "y_train": X[:, 0] % 2, "X_val": X[:250], "y_val": X[:250, 0] % 2}
    np.random.seed(5)  # noqa: NPY002
    Solver(model, data, batch_size=600, num_epochs=1, num_val_samples=150, verbose=False).train()
    rng = np.random.RandomState(5)
    wanted = [rng.choice(1200, 600)]  # the first step
    some, some_val = rng.choice(1200, 1000), rng.choice(250, 150)
    wanted += [some[i : i + 100] for i in range(0, 1000, 100)]
    wanted += [some_val[:100], some_val[100:]]
    wanted += [rng.choice(1200, 600)]  # the second step
    for seen, rows in zip(model.seen, wanted, strict=False):
        np.testing.assert_array_equal(seen, rows)
    assert len(model.seen) == 2 * 13


def test_of_equally_good_parameters_the_first_are_kept() -> None:
    model, data = Stream(), clouds()
    Solver(model, data, optim_config={"learning_rate": 1.0}, num_epochs=5, verbose=False).train()
    np.testing.assert_array_equal(model.params["w"], [-1.0])


def test_accuracy_counts_every_sample_once() -> None:
    it = solver()
    X, y = clouds()["X_train"], clouds()["y_train"]
    wanted = np.mean(it.model.predict(X) == y)
    for batch_size in (1, 7, 65, 100):
        assert it.check_accuracy(X, y, batch_size=batch_size) == wanted
    assert it.check_accuracy(X, y, num_samples=65) == wanted


def test_training_a_while_longer_keeps_the_best_apart() -> None:
    it = solver(optim_config={"learning_rate": 0.2}, num_epochs=2)
    it.train()
    kept = {name: value.copy() for name, value in it.best_params.items()}
    it.num_epochs, it.X_val, it.y_val = 3, it.X_val[:1], it.y_val[:1]
    it.best_val_acc = 1.0  # no more to be had
    it.train()
    assert len(it.loss_history) == 9
    for name, value in kept.items():
        np.testing.assert_array_equal(it.model.params[name], value)


def test_printing(capsys: pytest.CaptureFixture[str]) -> None:
    solver(verbose=False).train()
    assert capsys.readouterr().out == ""
    solver(verbose=True, print_every=5, num_epochs=2).train()
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(")")[0] for line in lines] == [
        "(Iteration 1 / 6", "(Epoch 0 / 2", "(Epoch 1 / 2", "(Iteration 6 / 6", "(Epoch 2 / 2",
    ]  # fmt: skip


@pytest.mark.parametrize("rule", ["sgd", "sgd_momentum", "rmsprop", "adam"])
def test_a_restored_checkpoint_continues_as_if_nothing_had_happened(
    rule: str, tmp_path: Path
) -> None:
    options: dict[str, Any] = {
        "update_rule": rule, "optim_config": {"learning_rate": 0.02}, "lr_decay": 0.9,
    }  # fmt: skip
    whole = solver(checkpoint_name=str(tmp_path / "run"), **options)
    whole.train()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"run_epoch{k}.npz" for k in range(6)]

    later = solver(**options)
    np.random.seed(99)  # noqa: NPY002
    later.restore(tmp_path / "run_epoch2.npz")
    assert later.epoch == 2
    later.train()
    assert later.loss_history == whole.loss_history
    assert later.train_acc_history == whole.train_acc_history
    assert later.val_acc_history == whole.val_acc_history
    assert later.best_val_acc == whole.best_val_acc
    for name, value in whole.model.params.items():
        np.testing.assert_array_equal(later.model.params[name], value)


def test_a_checkpoint_is_plain_arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("no pickle")

    for name in ("dump", "dumps", "load", "loads"):
        monkeypatch.setattr(pickle, name, refuse)
    it = solver(checkpoint_name=str(tmp_path / "run"), update_rule="adam", num_epochs=1)
    it.train()
    with np.load(tmp_path / "run_epoch1.npz", allow_pickle=False) as saved:
        assert saved["params/W1"].shape == (8, 5)
        assert saved["optim/b2/t"] == 3
        assert saved["loss_history"].tolist() == it.loss_history
        assert saved["epoch"] == 1
        assert all(saved[name].dtype != object for name in saved)


def test_a_checkpoint_of_another_net_is_refused(tmp_path: Path) -> None:
    solver(checkpoint_name=str(tmp_path / "run"), num_epochs=1).train()
    other = Solver(TwoLayerNet(5, 9, 3), clouds())
    with pytest.raises(ValueError, match="holds other parameters than the model"):
        other.restore(tmp_path / "run_epoch1.npz")


@pytest.mark.parametrize(
    ("options", "message"),
    [({"learning_rate": 0.1}, "unknown option 'learning_rate'; Solver knows update_rule"),
     ({"update_rule": "sgd_nesterov"}, "update_rule must be one of sgd, .*, not 'sgd_nesterov'"),
     ({"update_rule": "np"}, "update_rule must be one of"),
     ({"batch_size": 0}, "batch_size must be at least 1, not 0"),
     ({"print_every": 0}, "print_every must be at least 1, not 0")],
)  # fmt: skip
def test_unknown_and_impossible_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        solver(**options)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"y_val": np.zeros(29, int)}, r"X_val has 30 samples but y_val has shape \(29,\)"),
     ({"y_train": np.zeros((65, 1), int)}, "X_train has 65 samples but y_train"),
     ({"X_train": np.zeros((0, 5)), "y_train": np.zeros(0, int)}, "X_train has 0 samples")],
)  # fmt: skip
def test_data_that_do_not_fit_are_refused(change: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Solver(TwoLayerNet(5, 8, 3), {**clouds(), **change})


def test_missing_data_are_named() -> None:
    data = clouds()
    del data["X_val"]
    with pytest.raises(ValueError, match="data must have X_val and y_val; it has X_train, y_train"):
        Solver(TwoLayerNet(5, 8, 3), data)


class Unwritten:
    """A model as it is handed out."""

    params: dict[str, np.ndarray] = {"W": np.ones(2)}  # noqa: RUF012 - nobody changes it

    def loss(self, X: np.ndarray, y: np.ndarray) -> tuple[None, dict[str, np.ndarray]]:
        del X, y
        return None, {}


def test_a_model_without_a_loss_is_called_unwritten() -> None:
    with pytest.raises(NotImplementedError, match="gives no gradients yet"):
        Solver(Unwritten(), clouds()).train()
