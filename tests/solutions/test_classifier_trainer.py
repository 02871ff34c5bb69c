"""ClassifierTrainer: epochs, batches, rates, best model, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from nndl.bowl import bowl
from nndl.classifier_trainer import ClassifierTrainer
from nndl.classifiers.two_layer_net_function import two_layer_net
from nndl.gradient_check import eval_numerical_gradient, rel_error

from tests.solutions.known_cases import linspace_model


def trained(**options: Any) -> Any:
    """Train the toy model, and return what came back together with the model itself."""
    X, model, y = linspace_model()
    settings: dict[str, Any] = {
        "reg": 0.001, "learning_rate": 0.1, "momentum": 0.0, "learning_rate_decay": 1,
        "update": "sgd", "sample_batches": False, "num_epochs": 100, **options,
    }  # fmt: skip
    return *ClassifierTrainer().train(X, y, X, y, model, two_layer_net, **settings), model


def test_momentum_is_of_no_account_to_the_other_rules() -> None:
    for update in ("sgd", "rmsprop"):
        assert trained(update=update, momentum=0.9)[1] == trained(update=update)[1]


def test_the_best_model_is_a_copy_at_the_highest_validation_accuracy() -> None:
    best, _, _, val_acc, model = trained(update="momentum", momentum=0.9)
    X, _, y = linspace_model()
    accuracy = np.mean(np.argmax(two_layer_net(X, best), axis=1) == y)
    assert accuracy == max(val_acc) > val_acc[0]
    first = val_acc.index(max(val_acc)) + 1
    *_, then = trained(update="momentum", momentum=0.9, num_epochs=first)
    for name, value in best.items():
        np.testing.assert_array_equal(value, then[name])
        assert value is not model[name]


def test_a_hopeless_model_is_returned_all_the_same() -> None:
    X, model, _ = linspace_model()
    y_val = np.full(5, 0)
    best, _, _, val_acc = ClassifierTrainer().train(
        X, np.full(5, 2), X, y_val, model, two_layer_net, num_epochs=3
    )
    assert val_acc == [0.0] * 3
    assert set(best) == set(model)


class Recorder:
    """Has one parameter and a gradient of one, and writes down what it is asked."""

    def __init__(self) -> None:
        self.batches: list[np.ndarray] = []

    def __call__(self, X: np.ndarray, model: Any, y: Any = None, reg: float = 0.0) -> Any:
        if y is None:
            return np.stack([np.ones(len(X)), np.zeros(len(X))], axis=1)
        self.batches.append(X[:, 0])
        assert reg == 0.25
        return float(model["w"][0]), {"w": np.ones(1)}


def recorded(num_train: int, **options: Any) -> tuple[Recorder, np.ndarray, Any]:
    recorder, model = Recorder(), {"w": np.zeros(1)}
    X, y = np.arange(num_train)[:, np.newaxis], np.zeros(num_train, int)
    np.random.seed(7)  # noqa: NPY002  (the homework's stream)
    result = ClassifierTrainer().train(X, y, X[:3], y[:3], model, recorder, reg=0.25, **options)
    return recorder, model["w"], result


def test_epochs_batches_and_rates() -> None:
    recorder, w, (_, losses, train_acc, val_acc) = recorded(
        45, update="sgd", learning_rate=1.0, learning_rate_decay=0.5, num_epochs=3, batch_size=20
    )
    rng = np.random.RandomState(7)  # 45 // 20 = 2 steps per epoch
    for batch in recorder.batches:
        np.testing.assert_array_equal(batch, rng.choice(45, 20))
    np.testing.assert_allclose(losses, [0, -1, -2, -2.5, -3, -3.25])
    assert w[0] == -3.5
    assert len(train_acc) == len(val_acc) == 4  # at the first step and after each epoch


def test_accuracies_between_epochs() -> None:
    options: dict[str, Any] = {"num_epochs": 2, "batch_size": 5}  # ten steps per epoch
    assert len(recorded(50, **options)[2][3]) == 3
    assert len(recorded(50, acc_frequency=4, **options)[2][3]) == 7  # 0 4 8 9 12 16 19
    assert len(recorded(50, acc_frequency=19, **options)[2][3]) == 3  # 0 9 19


def test_a_large_training_set_is_measured_on_a_thousand_random_samples() -> None:
    recorder, _, _ = recorded(1500, num_epochs=1, batch_size=700)
    rng = np.random.RandomState(7)
    np.testing.assert_array_equal(recorder.batches[0], rng.choice(1500, 700))
    rng.choice(1500, 1000)  # the accuracy after the first step
    np.testing.assert_array_equal(recorder.batches[1], rng.choice(1500, 700))


@pytest.mark.parametrize("update", ["momentum", "rmsprop"])
def test_a_trainer_forgets_its_last_model(update: str) -> None:
    trainer, histories = ClassifierTrainer(), []
    for _ in range(2):
        X, model, y = linspace_model()
        histories.append(
            trainer.train(X, y, X, y, model, two_layer_net, update=update, momentum=0.9,
                          sample_batches=False, num_epochs=5)[1]
        )  # fmt: skip
    assert histories[0] == histories[1]


def test_printing_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    trained(num_epochs=12)
    assert capsys.readouterr().out == ""
    trained(num_epochs=12, verbose=True, learning_rate_decay=0.5)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if "iteration" in line] == [
        "starting iteration 0", "starting iteration 10",
    ]  # fmt: skip
    assert lines[1].startswith("epoch 1 / 12: cost 1.125220, train: 0.")
    assert lines[1].endswith("lr 5.000000e-02")
    assert lines[2].endswith("lr 2.500000e-02")


def test_an_unknown_rule_or_missing_labels_are_refused() -> None:
    X, model, y = linspace_model()
    with pytest.raises(ValueError, match="update must be one of sgd, momentum, rmsprop, not 'ad"):
        ClassifierTrainer().train(X, y, X, y, model, two_layer_net, update="adam")
    for labels in (y[1:], y[:, np.newaxis]):
        for train_labels, val_labels in ((labels, y), (y, labels)):
            with pytest.raises(ValueError, match="one label for each of 5 samples"):
                ClassifierTrainer().train(X, train_labels, X, val_labels, model, two_layer_net)


@pytest.mark.parametrize("options", [{"batch_size": 0}, {"acc_frequency": 0}], ids=str)
def test_impossible_sizes_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="batch_size and acc_frequency must be at least 1"):
        trained(**options)


def test_a_network_that_is_not_written_is_named() -> None:
    X, model, y = linspace_model()
    with pytest.raises(NotImplementedError, match="gives no gradients yet"):
        ClassifierTrainer().train(X, y, X, y, model, lambda *_: (None, {}))


def test_a_bowl_is_lowest_where_all_parameters_are_one() -> None:
    X, model, y = linspace_model()
    scores, (loss, grads) = bowl(X, model), bowl(X, model, y)
    assert scores.shape == (len(X), 2)
    assert not scores.any()
    for name, value in model.items():
        numeric = eval_numerical_gradient(lambda _: bowl(X, model, y)[0], value, verbose=False)
        assert rel_error(numeric, grads[name]) < 1e-6
    assert bowl(X, {name: np.ones_like(value) for name, value in model.items()}, y)[0] == 0 < loss


@pytest.mark.parametrize("update", ["sgd", "momentum", "rmsprop"])
def test_every_rule_goes_down_the_bowl(update: str) -> None:
    X, model, y = linspace_model()
    settings: dict[str, Any] = {"momentum": 0.5, "learning_rate": 0.05, "num_epochs": 100}
    _, losses, _, _ = ClassifierTrainer().train(X, y, X, y, model, bowl, update=update, **settings)
    assert losses[-1] < 0.1 * losses[0]
