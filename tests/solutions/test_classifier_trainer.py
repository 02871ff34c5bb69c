"""ClassifierTrainer: the documents' three trajectories, epochs, best model, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from nndl.classifier_trainer import ClassifierTrainer
from nndl.classifiers.two_layer_net_function import two_layer_net

SGD_LOSS_AT = {
    0: 1.1252204556196372, 1: 1.1073546611436678, 2: 1.0940508464042, 5: 1.0711041733172797,
    10: 1.056708325216807, 20: 1.044327599990373, 35: 1.0277996173761887, 50: 1.0101207639826282,
    75: 0.9771429887216183, 90: 0.9548725058249143, 99: 0.9406862360653877,
}  # fmt: skip
SGD_TRAINED = {
    "b1": [
        -0.3, -0.1769033935543325, 0.0020040064491059963, 0.09594673861574814,
        0.11728364618455804, 0.14012097566017861, 0.27081687671632004, 0.40151277777246175,
        0.5322086788286032, 0.6629045798847453,
    ],
    "b2": [
        0.10786449744856728, 0.06433920185606232, 0.4277963006953702,
    ],
}  # fmt: skip
MOMENTUM_LOSS_AT = {
    0: 1.1252204556196372, 1: 1.1073546611436678, 2: 1.0823664435322835, 5: 1.0604955785100236,
    10: 1.028296585991659, 20: 0.9270130264568994, 35: 0.7492762125398946, 50: 0.6513883708888002,
    75: 0.5775675440788324, 90: 0.5307875780658636, 99: 0.4943935532906281,
}  # fmt: skip
MOMENTUM_TRAINED = {
    "b1": [
        -0.3, -0.7060192889660729, 0.1890522149180338, 0.3808407140376267, 0.43016254478348176,
        0.41142939296558256, 0.39617643510082534, 0.3719068733425323, 0.3432483184918986,
        0.3123160206950895,
    ],
    "b2": [
        2.2345317455255285, -0.5704892342831669, -1.064042511242362,
    ],
}  # fmt: skip
RMSPROP_LOSS_AT = {
    0: 1.1252204556196372, 1: 2.8714196899840094, 2: 1.318957756842225, 5: 0.9922481217312098,
    10: 0.6809590823093138, 20: 0.5468217330446299, 35: 0.47810316827228644,
    50: 0.45844494338996883, 75: 0.4453614930912055, 90: 0.44123788505211414,
    99: 0.4393675690088185,
}  # fmt: skip
RMSPROP_TRAINED = {
    "b1": [
        -0.3, -1.7397238024300135, 0.9863298355015924, -0.5977933814175447, -0.830276573306996,
        -1.7215651268782686, -1.6104540227867452, -1.4993429152060904, -1.3882837886843313,
        -1.2771726946404716,
    ],
    "b2": [
        -4.1268866588443816, 2.393447126303795, 3.0360624781607064,
    ],
}  # fmt: skip
RULES = pytest.mark.parametrize(
    ("update", "momentum", "losses", "trained", "last"),
    [
        ("sgd", 0.0, SGD_LOSS_AT, SGD_TRAINED, 0.938941539031487),
        ("momentum", 0.9, MOMENTUM_LOSS_AT, MOMENTUM_TRAINED, 0.48985016745958526),
        ("rmsprop", 0.9, RMSPROP_LOSS_AT, RMSPROP_TRAINED, 0.4391801904049639),
    ],
)


def toy() -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    model = {
        "W1": np.linspace(-0.2, 0.6, 40).reshape(4, 10),
        "b1": np.linspace(-0.3, 0.7, 10),
        "W2": np.linspace(-0.4, 0.1, 30).reshape(10, 3),
        "b2": np.linspace(-0.5, 0.9, 3),
    }
    return np.linspace(-0.2, 0.5, 20).reshape(5, 4), np.array([0, 1, 2, 2, 1]), model


def trained(**options: Any) -> Any:
    """Train the toy model, and return what came back together with the model itself."""
    X, y, model = toy()
    settings: dict[str, Any] = {
        "reg": 0.001, "learning_rate": 0.1, "momentum": 0.0, "learning_rate_decay": 1,
        "update": "sgd", "sample_batches": False, "num_epochs": 100, **options,
    }  # fmt: skip
    return *ClassifierTrainer().train(X, y, X, y, model, two_layer_net, **settings), model


@RULES
def test_the_documents_trajectories(
    update: str,
    momentum: float,
    losses: dict[int, float],
    trained: dict[str, list[float]],
    last: float,
) -> None:
    X, y, model = toy()
    _, history, train_acc, val_acc = ClassifierTrainer().train(
        X, y, X, y, model, two_layer_net, reg=0.001, learning_rate=0.1, momentum=momentum,
        learning_rate_decay=1, update=update, sample_batches=False, num_epochs=100,
    )  # fmt: skip
    assert len(history) == len(train_acc) == len(val_acc) == 100
    assert {i: history[i] for i in losses} == pytest.approx(losses, rel=1e-12)
    for name, wanted in trained.items():
        np.testing.assert_allclose(model[name], wanted, rtol=0, atol=1e-13)
    assert two_layer_net(X, model, y, 0.001)[0] == pytest.approx(last, rel=1e-12)
    assert train_acc == val_acc


@pytest.mark.parametrize(
    ("update", "momentum", "with_decay"),
    [("sgd", 0.0, 1.044473496319761), ("momentum", 0.9, 0.8162374035166894),
     ("rmsprop", 0.0, 0.5400103671758196)],
)  # fmt: skip
def test_the_rate_decays_after_every_epoch(update: str, momentum: float, with_decay: float) -> None:
    _, history, _, _, _ = trained(update=update, momentum=momentum, learning_rate_decay=0.95)
    assert history[-1] == pytest.approx(with_decay, rel=1e-12)


def test_momentum_is_of_no_account_to_the_other_rules() -> None:
    for update in ("sgd", "rmsprop"):
        assert trained(update=update, momentum=0.9)[1] == trained(update=update)[1]


def test_the_best_model_is_a_copy_at_the_highest_validation_accuracy() -> None:
    best, _, _, val_acc, model = trained(update="momentum", momentum=0.9)
    X, y, _ = toy()
    accuracy = np.mean(np.argmax(two_layer_net(X, best), axis=1) == y)
    assert accuracy == max(val_acc) > val_acc[0]
    first = val_acc.index(max(val_acc)) + 1
    *_, then = trained(update="momentum", momentum=0.9, num_epochs=first)
    for name, value in best.items():
        np.testing.assert_array_equal(value, then[name])
        assert value is not model[name]


def test_a_hopeless_model_is_returned_all_the_same() -> None:
    X, _, model = toy()
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
        X, y, model = toy()
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
    X, y, model = toy()
    with pytest.raises(ValueError, match="update must be one of sgd, momentum, rmsprop, not 'ad"):
        ClassifierTrainer().train(X, y, X, y, model, two_layer_net, update="adam")
    for labels in (y[1:], y[:, np.newaxis]):
        for train_labels, val_labels in ((labels, y), (y, labels)):
            with pytest.raises(ValueError, match="one label for each of 5 samples"):
                ClassifierTrainer().train(X, train_labels, X, val_labels, model, two_layer_net)
