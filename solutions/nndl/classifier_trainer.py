"""Train a model that consists of a dictionary of parameters and a loss function of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

UPDATES = ("sgd", "momentum", "rmsprop")
CHECKED_SAMPLES = 1000  # the training accuracy is measured on so many of them


class ClassifierTrainer:
    """Gradient descent by one of three update rules; the best model on the way is kept."""

    def train(
        self,
        X: np.ndarray,
        y: np.ndarray,
        X_val: np.ndarray,
        y_val: np.ndarray,
        model: dict[str, np.ndarray],
        loss_function: Callable[..., Any],
        reg: float = 0.0,
        learning_rate: float = 1e-2,
        momentum: float = 0.0,
        learning_rate_decay: float = 0.95,
        update: str = "momentum",
        sample_batches: bool = True,
        num_epochs: int = 30,
        batch_size: int = 100,
        acc_frequency: int | None = None,
        verbose: bool = False,
    ) -> tuple[dict[str, np.ndarray], list[float], list[float], list[float]]:
        """Change the model's parameters step by step so that the loss falls.

        An epoch has ``max(N // batch_size, 1)`` steps, or a single one on all samples if
        ``sample_batches`` is False. After every epoch the step size decays. Accuracies are measured
        at the first step, at the end of every epoch and at every ``acc_frequency``-th step, each
        time after the update.

        Args:
            X: training inputs; the first axis counts the N samples.
            y: their labels, shape (N,).
            X_val: validation inputs.
            y_val: their labels.
            model: the parameters to start from; these arrays are changed.
            loss_function: ``loss_function(X, model)`` returns scores, shape (N, C), and
                ``loss_function(X, model, y, reg)`` the loss and a dictionary of gradients.
            reg: regularization strength.
            learning_rate: step size.
            momentum: share of the last step that is kept; for the rule "momentum" only.
            learning_rate_decay: factor on the step size after an epoch.
            update: "sgd", "momentum" or "rmsprop".
            sample_batches: use a random mini-batch, drawn with replacement, for every step.
            num_epochs: for how long to train.
            batch_size: samples in a mini-batch.
            acc_frequency: steps from one extra measurement of accuracy to the next; None: none.
            verbose: print the number of every tenth step, and the accuracies.

        Returns:
            A copy of the model when its validation accuracy was highest; the loss of every step,
            before its update; the training accuracies; the validation accuracies.

        Raises:
            ValueError: the update rule is unknown, batch_size or acc_frequency is below 1, or
                there is not one label per sample.
            NotImplementedError: the loss function gives no gradients: it is not written yet.
        """
        _check_options(update, batch_size, acc_frequency)
        _check_labels(X, y)
        _check_labels(X_val, y_val)
        N = len(X)
        steps_per_epoch = max(N // batch_size, 1) if sample_batches else 1
        self.step_cache: dict[str, np.ndarray] = {}  # a rule's memory, one array per parameter
        best_model: dict[str, np.ndarray] = {}
        loss_history: list[float] = []
        train_acc_history: list[float] = []
        val_acc_history: list[float] = []

        for it in range(num_epochs * steps_per_epoch):
            if verbose and it % 10 == 0:
                print(f"starting iteration {it}")
            batch = np.random.choice(N, batch_size) if sample_batches else slice(None)
            loss, grads = loss_function(X[batch], model, y[batch], reg)
            if not grads:
                raise NotImplementedError("the loss function gives no gradients yet")
            loss_history.append(loss)
            for name in model:
                model[name] += self._step(name, grads[name], update, learning_rate, momentum)

            epoch_end = (it + 1) % steps_per_epoch == 0
            if epoch_end:
                learning_rate *= learning_rate_decay
            extra = acc_frequency is not None and it % acc_frequency == 0
            if not (it == 0 or epoch_end or extra):
                continue
            some = np.random.choice(N, CHECKED_SAMPLES) if N > CHECKED_SAMPLES else slice(None)
            train_acc_history.append(_accuracy(loss_function, model, X[some], y[some]))
            val_acc = _accuracy(loss_function, model, X_val, y_val)
            if val_acc > max(val_acc_history, default=-1.0):
                best_model = {name: value.copy() for name, value in model.items()}
            val_acc_history.append(val_acc)
            if verbose:
                print(
                    f"epoch {(it + 1) // steps_per_epoch} / {num_epochs}: cost {loss:f}, "
                    f"train: {train_acc_history[-1]:f}, val {val_acc:f}, lr {learning_rate:e}"
                )

        return best_model, loss_history, train_acc_history, val_acc_history

    def _step(
        self, name: str, dw: np.ndarray, update: str, learning_rate: float, momentum: float
    ) -> Any:
        """Return what the update rule adds to a parameter.

        Args:
            name: the parameter's name; ``self.step_cache[name]`` is the rule's memory for it.
            dw: its gradient.
            update: the rule.
            learning_rate: step size.
            momentum: share of the last step that is kept.

        Returns:
            The step, of dw's shape.
        """
        if update == "sgd":
            return -learning_rate * dw

        step: Any = np.zeros_like(dw)
        cache: Any = self.step_cache.get(name, np.zeros_like(dw))
        if update == "momentum":
            # ================================================================ #
            # YOUR CODE HERE:
            #   Store in step, and in self.step_cache[name], the sum of the
            #   last step times momentum and the step that "sgd" would do.
            #   The last step is in cache, zero at first.
            # ================================================================ #
            step = momentum * cache - learning_rate * dw
            self.step_cache[name] = step
            # ================================================================ #
            # END YOUR CODE HERE
            # ================================================================ #
        else:
            # ================================================================ #
            # YOUR CODE HERE:
            #   RMSProp. The cache, zero at first, holds a running mean of the
            #   squared gradient: 0.99 of what it was plus 0.01 of dw squared.
            #   Store it in self.step_cache[name], and in step what "sgd" would
            #   do divided by the root of (the new cache + 1e-8): the small
            #   number stands inside the root.
            # ================================================================ #
            cache = 0.99 * cache + 0.01 * dw**2
            self.step_cache[name] = cache
            step = -learning_rate * dw / np.sqrt(cache + 1e-8)
            # ================================================================ #
            # END YOUR CODE HERE
            # ================================================================ #
        return step


def _accuracy(
    loss_function: Callable[..., Any], model: dict[str, np.ndarray], X: np.ndarray, y: np.ndarray
) -> float:
    """Return the fraction of samples whose highest score is that of their label."""
    return float(np.mean(np.argmax(loss_function(X, model), axis=1) == y))


def _check_options(update: str, batch_size: int, acc_frequency: int | None) -> None:
    """Raise ValueError unless the rule is known and the sizes are possible."""
    if update not in UPDATES:
        raise ValueError(f"update must be one of {', '.join(UPDATES)}, not {update!r}")
    if batch_size < 1 or (acc_frequency is not None and acc_frequency < 1):
        raise ValueError(
            f"batch_size and acc_frequency must be at least 1, not {batch_size} and {acc_frequency}"
        )


def _check_labels(X: np.ndarray, y: np.ndarray) -> None:
    """Raise ValueError unless there are samples and one label for each."""
    if len(X) == 0 or y.shape != (len(X),):
        raise ValueError(f"there must be one label for each of {len(X)} samples, not {y.shape}")
