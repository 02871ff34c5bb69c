"""Train a model object by an update rule of optim.py, with histories and checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from . import optim

RULES = ("sgd", "sgd_momentum", "rmsprop", "adam")
DEFAULTS: dict[str, Any] = {
    "update_rule": "sgd",
    "optim_config": {},
    "lr_decay": 1.0,
    "batch_size": 100,
    "num_epochs": 10,
    "num_train_samples": 1000,
    "num_val_samples": None,
    "checkpoint_name": None,
    "print_every": 10,
    "verbose": True,
}
HISTORIES = ("loss_history", "train_acc_history", "val_acc_history")


class Solver:
    """Stochastic gradient descent on a model with ``params`` and ``loss``.

    ``model.params`` is a dictionary of arrays. ``model.loss(X)`` returns scores, shape (N, C), and
    ``model.loss(X, y)`` the loss and a dictionary of gradients with the same names.

    An epoch has ``max(N // batch_size, 1)`` steps. Accuracies are measured at the first step and
    at the end of every epoch, each time after the update. When training ends the model holds the
    parameters of its highest validation accuracy, which need not be the last ones: whether it has
    learnt its training samples by heart, ``train_acc_history`` says and the model may not.

    Attributes:
        loss_history: the loss of every step, before its update.
        train_acc_history: training accuracies.
        val_acc_history: validation accuracies.
        best_val_acc: the highest of these.
        best_params: a copy of the parameters at that time.
        epoch: the number of whole epochs done.
    """

    def __init__(self, model: Any, data: dict[str, np.ndarray], **options: Any) -> None:
        """Prepare to train.

        Args:
            model: what to train.
            data: X_train, y_train, X_val and y_val; the first axis counts the samples.
            options: any of

                - update_rule: "sgd" (default), "sgd_momentum", "rmsprop" or "adam";
                - optim_config: the rule's options, such as learning_rate;
                - lr_decay: factor on the learning rate after every epoch (1.0);
                - batch_size: samples per step, drawn with replacement (100);
                - num_epochs: for how long to train (10);
                - num_train_samples: measure the training accuracy on so many random samples
                  (1000); None: on all;
                - num_val_samples: the same of the validation accuracy (None);
                - checkpoint_name: save ``<name>_epoch<k>.npz`` at every measurement (None: never);
                - print_every: print every so many losses (10);
                - verbose: print losses and accuracies (True).

        Raises:
            ValueError: an option or the update rule is unknown, batch_size or print_every is
                below 1, or data and labels do not fit.
        """
        unknown = sorted(set(options) - set(DEFAULTS))
        if unknown:
            raise ValueError(f"unknown option {unknown[0]!r}; Solver knows {', '.join(DEFAULTS)}")
        chosen = {**DEFAULTS, **options}
        if chosen["update_rule"] not in RULES:
            rule = chosen["update_rule"]
            raise ValueError(f"update_rule must be one of {', '.join(RULES)}, not {rule!r}")
        for name in ("batch_size", "print_every"):
            if chosen[name] < 1:
                raise ValueError(f"{name} must be at least 1, not {chosen[name]}")
        self.model = model
        self.X_train, self.y_train = _samples(data, "train")
        self.X_val, self.y_val = _samples(data, "val")
        self.update_rule = getattr(optim, chosen["update_rule"])
        self.lr_decay: float = chosen["lr_decay"]
        self.batch_size: int = chosen["batch_size"]
        self.num_epochs: int = chosen["num_epochs"]
        self.num_train_samples: int | None = chosen["num_train_samples"]
        self.num_val_samples: int | None = chosen["num_val_samples"]
        self.checkpoint_name: str | None = chosen["checkpoint_name"]
        self.print_every: int = chosen["print_every"]
        self.verbose: bool = chosen["verbose"]
        self.steps_per_epoch = max(len(self.X_train) // self.batch_size, 1)

        self.epoch = 0
        self.best_val_acc = -1.0
        self.best_params: dict[str, np.ndarray] = {}
        self.loss_history: list[float] = []
        self.train_acc_history: list[float] = []
        self.val_acc_history: list[float] = []
        self.optim_configs: dict[str, dict[str, Any]] = {
            name: dict(chosen["optim_config"]) for name in model.params
        }

    def train(self) -> None:
        """Train for the epochs that are left, then give the model its best parameters.

        Raises:
            NotImplementedError: the model gives no gradients: its loss is not written yet.
        """
        num_steps = self.num_epochs * self.steps_per_epoch
        for t in range(len(self.loss_history), num_steps):
            self._step()
            if self.verbose and t % self.print_every == 0:
                print(f"(Iteration {t + 1} / {num_steps}) loss: {self.loss_history[-1]:f}")
            epoch_end = (t + 1) % self.steps_per_epoch == 0
            if epoch_end:
                self.epoch += 1
                for config in self.optim_configs.values():
                    config["learning_rate"] *= self.lr_decay
            if t == 0 or epoch_end:
                self._measure()
        if self.best_params:
            self.model.params = dict(self.best_params)

    def check_accuracy(
        self, X: np.ndarray, y: np.ndarray, num_samples: int | None = None, batch_size: int = 100
    ) -> float:
        """Return the fraction of samples that the model classifies right.

        Args:
            X: inputs; the first axis counts the N samples.
            y: their labels, shape (N,).
            num_samples: where there are more, draw so many at random, with replacement.
            batch_size: how many to classify at once, to save memory.

        Returns:
            A number from 0 to 1.
        """
        if num_samples is not None and len(X) > num_samples:
            rows = np.random.choice(len(X), num_samples)
            X, y = X[rows], y[rows]
        right = 0
        for start in range(0, len(X), batch_size):
            scores = self.model.loss(X[start : start + batch_size])
            right += int(np.sum(np.argmax(scores, axis=1) == y[start : start + batch_size]))
        return right / len(X)

    def restore(self, path: str | Path) -> None:
        """Go back to a checkpoint; ``train`` then does the epochs that were left.

        It continues as if nothing had happened: the random stream is restored too.

        Args:
            path: a file that a Solver with the same model, data and options has written.

        Raises:
            ValueError: it holds other parameters than the model has.
        """
        with np.load(path, allow_pickle=False) as saved:
            arrays = dict(saved)
        params = _below("params", arrays)
        if {k: v.shape for k, v in params.items()} != {
            k: v.shape for k, v in self.model.params.items()
        }:
            raise ValueError(f"{path} holds other parameters than the model: {', '.join(params)}")
        self.model.params = params
        self.best_params = _below("best_params", arrays)
        self.best_val_acc = float(arrays["best_val_acc"])
        self.epoch = int(arrays["epoch"])
        for history in HISTORIES:
            setattr(self, history, arrays[history].tolist())
        for name in params:
            config = _below(f"optim/{name}", arrays)
            self.optim_configs[name] = {k: v if v.ndim else v.item() for k, v in config.items()}
        place, has_gauss, gauss = arrays["random/place"].tolist()
        np.random.set_state(("MT19937", arrays["random/keys"], int(place), int(has_gauss), gauss))

    def _step(self) -> None:
        """Do one step on a random mini-batch."""
        rows = np.random.choice(len(self.X_train), self.batch_size)
        loss, grads = self.model.loss(self.X_train[rows], self.y_train[rows])
        if not grads:
            raise NotImplementedError("the model's loss gives no gradients yet")
        self.loss_history.append(loss)
        for name, w in self.model.params.items():
            next_w, config = self.update_rule(w, grads[name], self.optim_configs[name])
            self.model.params[name] = next_w
            self.optim_configs[name] = config

    def _measure(self) -> None:
        """Append both accuracies, keep the parameters if they are the best, save a checkpoint."""
        train_acc = self.check_accuracy(self.X_train, self.y_train, self.num_train_samples)
        val_acc = self.check_accuracy(self.X_val, self.y_val, self.num_val_samples)
        self.train_acc_history.append(train_acc)
        self.val_acc_history.append(val_acc)
        if val_acc > self.best_val_acc:
            self.best_val_acc = val_acc
            self.best_params = {name: w.copy() for name, w in self.model.params.items()}
        if self.checkpoint_name is not None:
            self._save_checkpoint(Path(f"{self.checkpoint_name}_epoch{self.epoch}.npz"))
        if self.verbose:
            print(
                f"(Epoch {self.epoch} / {self.num_epochs}) "
                f"train acc: {train_acc:f}; val_acc: {val_acc:f}"
            )

    def _save_checkpoint(self, path: Path) -> None:
        """Write all that changes in training as plain arrays, which np.load reads without pickle.

        Their names are those of the attributes; what belongs to a parameter stands behind a
        slash, as in params/W1 and optim/W1/learning_rate.
        """
        arrays: dict[str, Any] = {name: getattr(self, name) for name in HISTORIES}
        arrays.update(epoch=self.epoch, best_val_acc=self.best_val_acc)
        for group, source in (("params", self.model.params), ("best_params", self.best_params)):
            arrays.update({f"{group}/{name}": value for name, value in source.items()})
        for name, config in self.optim_configs.items():
            arrays.update({f"optim/{name}/{key}": value for key, value in config.items()})
        _, keys, *place = np.random.get_state()
        arrays.update({"random/keys": keys, "random/place": np.array(place)})
        np.savez(path, **arrays)


def _samples(data: dict[str, np.ndarray], part: str) -> tuple[np.ndarray, np.ndarray]:
    """Return ``X_<part>`` and ``y_<part>``, or raise ValueError if they do not fit."""
    X, y = data.get(f"X_{part}"), data.get(f"y_{part}")
    if X is None or y is None:
        raise ValueError(f"data must have X_{part} and y_{part}; it has {', '.join(sorted(data))}")
    if len(X) == 0 or y.shape != (len(X),):
        raise ValueError(f"X_{part} has {len(X)} samples but y_{part} has shape {y.shape}")
    return X, y


def _below(group: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the arrays whose names begin with ``group/``, without that."""
    prefix = f"{group}/"
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
