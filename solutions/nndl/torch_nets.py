"""The same nets once more in PyTorch, which derives the backward pass by itself.

Three classifiers, one training loop for all, and pictures of what they learned. Needs the package
``torch``.
"""

# mypy: disallow-subclassing-any=False
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from .vis_utils import draw_filters

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}


class Softmax(nn.Module):
    """A linear classifier: the scores are one affine map of the pixels.

    ``linear.weight`` has shape (C, D), ``linear.bias`` (C,), with D the product of image_shape.
    """

    def __init__(
        self, image_shape: tuple[int, int, int] = (3, 32, 32), num_classes: int = 10
    ) -> None:
        super().__init__()
        self.image_shape = image_shape
        # ================================================================ #
        # YOUR CODE HERE:
        #   Create the layer, self.linear.
        # ================================================================ #
        self.linear = nn.Linear(int(np.prod(image_shape)), num_classes)
        # ================================================================ #
        # END YOUR CODE HERE
        # ================================================================ #

    def forward(self, X: torch.Tensor) -> Any:
        """Return the scores, shape (N, C), of images X, shape (N, channels, height, width)."""
        scores = None
        # ================================================================ #
        # YOUR CODE HERE:
        #   Flatten each image and compute its scores, without a softmax:
        #   the loss brings its own.
        # ================================================================ #
        scores = self.linear(X.flatten(start_dim=1))
        # ================================================================ #
        # END YOUR CODE HERE
        # ================================================================ #
        return scores


class TwoLayerNet(nn.Module):
    """Affine layer, ReLU, affine layer.

    ``hidden.weight`` has shape (H, D) and ``output.weight`` (C, H), as W1 and W2 of the numpy net.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (3, 32, 32),
        hidden_size: int = 50,
        num_classes: int = 10,
    ) -> None:
        super().__init__()
        self.image_shape = image_shape
        # ================================================================ #
        # YOUR CODE HERE:
        #   Create the layers, self.hidden and self.output.
        # ================================================================ #
        self.hidden = nn.Linear(int(np.prod(image_shape)), hidden_size)
        self.output = nn.Linear(hidden_size, num_classes)
        # ================================================================ #
        # END YOUR CODE HERE
        # ================================================================ #

    def forward(self, X: torch.Tensor) -> Any:
        """Return the scores, shape (N, C), of images X, shape (N, channels, height, width)."""
        scores = None
        # ================================================================ #
        # YOUR CODE HERE:
        #   Compute the scores. The output layer has no ReLU.
        # ================================================================ #
        hidden = torch.relu(self.hidden(X.flatten(start_dim=1)))  # (N, H)
        scores = self.output(hidden)
        # ================================================================ #
        # END YOUR CODE HERE
        # ================================================================ #
        return scores


class ConvNet(nn.Module):
    """Convolution that keeps the image's size, ReLU, 2 x 2 max pooling, affine layer.

    ``conv.weight`` has shape (F, channels, filter_size, filter_size) and ``output.weight``
    (C, F * height/2 * width/2).

    Raises:
        ValueError: if filter_size is even, or height or width odd.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (3, 32, 32),
        num_filters: int = 32,
        filter_size: int = 5,
        num_classes: int = 10,
    ) -> None:
        super().__init__()
        channels, height, width = image_shape
        if filter_size % 2 == 0:
            raise ValueError(
                f"filter_size must be odd to keep the image's size, not {filter_size}."
            )
        if height % 2 or width % 2:
            raise ValueError(f"2 x 2 pooling needs an even size, not {height} x {width}.")
        # ================================================================ #
        # YOUR CODE HERE:
        #   Create the layers, self.conv and self.output.
        # ================================================================ #
        self.conv = nn.Conv2d(channels, num_filters, filter_size, padding=filter_size // 2)
        self.output = nn.Linear(num_filters * (height // 2) * (width // 2), num_classes)
        # ================================================================ #
        # END YOUR CODE HERE
        # ================================================================ #

    def forward(self, X: torch.Tensor) -> Any:
        """Return the scores, shape (N, C), of images X, shape (N, channels, height, width)."""
        scores = None
        # ================================================================ #
        # YOUR CODE HERE:
        #   Compute the scores.
        # ================================================================ #
        pooled = nn.functional.max_pool2d(torch.relu(self.conv(X)), 2)  # (N, F, h / 2, w / 2)
        scores = self.output(pooled.flatten(start_dim=1))
        # ================================================================ #
        # END YOUR CODE HERE
        # ================================================================ #
        return scores


def regularized_loss(net: nn.Module, X: torch.Tensor, y: torch.Tensor, reg: float) -> Any:
    """Return cross-entropy plus ``reg / 2`` times the sum of all squared weights, as a tensor.

    Args:
        net: gives scores, shape (N, C).
        X: images, shape (N, channels, height, width).
        y: labels, shape (N,), int64.
        reg: strength; biases are not regularized, as in the numpy nets. (An optimizer's
            ``weight_decay`` would include them.)
    """
    loss = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute the loss. Weights are the parameters with more than one
    #   axis, biases have one.
    # ================================================================ #
    loss = nn.functional.cross_entropy(net(X), y)
    for parameter in net.parameters():
        if parameter.ndim > 1:
            loss = loss + 0.5 * reg * parameter.square().sum()
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return loss


def train(
    net: nn.Module,
    data: dict[str, np.ndarray],
    optimizer: str = "sgd",
    learning_rate: float = 1e-3,
    momentum: float = 0.9,
    learning_rate_decay: float = 0.95,
    reg: float = 0.0,
    num_epochs: int = 5,
    batch_size: int = 100,
    seed: int = 0,
    verbose: bool = False,
) -> dict[str, list[float]]:
    """Train a classifier in place; every epoch takes each sample once, in a new order.

    Args:
        net: any net from images to scores.
        data: X_train and X_val, shape (N, channels, height, width), and y_train and y_val, (N,).
        optimizer: "sgd" or "adam".
        learning_rate: step size.
        momentum: of "sgd"; "adam" has its own.
        learning_rate_decay: factor on the step size after every epoch.
        reg: regularization strength, as in :func:`regularized_loss`.
        num_epochs: passes over the training set.
        batch_size: samples per step; the last batch of an epoch may be smaller.
        seed: orders the samples. (``torch.manual_seed`` before making a net sets its start.)
        verbose: print a line after every epoch.

    Returns:
        What the numpy nets return, for ``draw_training(**history)``: ``loss_history``, one number
        for each step, and ``train_acc_history`` and ``val_acc_history``, fractions of the whole
        sets, one before the first epoch and one after each.

    Raises:
        ValueError: for an unknown optimizer, a batch size under 1, or data that do not fit.
    """
    if optimizer not in OPTIMIZERS:
        raise ValueError(f"There is no optimizer {optimizer!r}; known are {[*OPTIMIZERS]}.")
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, not {batch_size}.")
    X, y = _training_set(net, data)
    own = {"momentum": momentum} if optimizer == "sgd" else {}
    rule = OPTIMIZERS[optimizer](net.parameters(), lr=learning_rate, **own)
    schedule = torch.optim.lr_scheduler.ExponentialLR(rule, learning_rate_decay)
    order = torch.Generator().manual_seed(seed)
    losses: list[float] = []
    accuracies = {split: [accuracy(net, data, split)] for split in ("train", "val")}
    for epoch in range(num_epochs):
        net.train()
        batches = torch.randperm(len(y), generator=order).split(batch_size)
        losses += [train_step(net, rule, X[rows], y[rows], reg) for rows in batches]
        schedule.step()
        for split, history in accuracies.items():
            history.append(accuracy(net, data, split))
        if verbose:
            latest = ", ".join(
                f"{split} {history[-1]:.3f}" for split, history in accuracies.items()
            )
            print(f"epoch {epoch + 1} / {num_epochs}: {latest}")
    return {"loss_history": losses} | {f"{k}_acc_history": v for k, v in accuracies.items()}


def train_step(
    net: nn.Module, rule: torch.optim.Optimizer, X: torch.Tensor, y: torch.Tensor, reg: float
) -> float:
    """Take one step on a mini-batch and return its loss before the step.

    Args:
        net: changed in place.
        rule: the optimizer of the net's parameters.
        X: images, shape (N, channels, height, width).
        y: labels, shape (N,), int64.
        reg: regularization strength.
    """
    loss = torch.tensor(0.0)
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute the loss of the batch, clear the gradients of the last
    #   step, back-propagate, and let the rule take its step.
    # ================================================================ #
    loss = regularized_loss(net, X, y, reg)
    rule.zero_grad()
    loss.backward()
    rule.step()
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return float(loss.item())


def predict(net: nn.Module, X: np.ndarray, batch_size: int = 500) -> np.ndarray:
    """Return the class of the highest score for images X, (N, channels, height, width): (N,)."""
    was_training = net.training
    net.eval()
    with torch.no_grad():
        found = [net(part).argmax(dim=1) for part in _images(net, X).split(batch_size)]
    net.train(was_training)
    result: np.ndarray = torch.cat(found).numpy()
    return result


def accuracy(net: nn.Module, data: dict[str, np.ndarray], split: str) -> float:
    """Return the fraction of a split, "train", "val" or "test", that the net classifies right."""
    return float(np.mean(predict(net, data[f"X_{split}"]) == data[f"y_{split}"]))


def draw_first_layer(net: Softmax | TwoLayerNet | ConvNet) -> Figure:
    """Draw what the first layer looks for: one picture for each of its filters, units or classes.

    Returns:
        A matplotlib figure; end the cell with ``plt.show()``.
    """
    weight = next(net.parameters()).detach().cpu().numpy()
    if weight.ndim == 4:
        return draw_filters(weight, "Filters of the first layer")
    return draw_filters(weight.reshape(-1, *net.image_shape), "Weights of the first layer")


def _images(net: nn.Module, X: np.ndarray) -> torch.Tensor:
    """Return images as a tensor of the dtype of the net's parameters."""
    return torch.as_tensor(X, dtype=next(net.parameters()).dtype)


def _training_set(net: nn.Module, data: dict[str, np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the training images and labels, or say what the data lack."""
    missing = {"X_train", "y_train", "X_val", "y_val"} - set(data)
    if missing:
        raise ValueError(f"The data lack {sorted(missing)}.")
    X, y = _images(net, data["X_train"]), torch.as_tensor(data["y_train"], dtype=torch.int64)
    if len(X) != len(y):
        raise ValueError(f"There are {len(X)} training images, but {len(y)} labels.")
    return X, y
