"""Schedules: the learning rate of every epoch, where epochs count from 0.

A high rate gets far quickly, a low one settles: schedules begin with the one and end with the
other. Each is a function of the first rate and of the epoch, which may be a number or an array.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def exponential_decay(learning_rate: float, decay: float, epoch: Any) -> Any:
    """Multiply the rate by the same factor after every epoch: ``learning_rate * decay^epoch``.

    Args:
        learning_rate: of epoch 0.
        decay: the factor, above 0 and at most 1.
        epoch: which one, from 0; a number or an array of any shape.

    Returns:
        The rate, of epoch's shape.
    """
    rate = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute the rate.
    # ================================================================ #
    rate = learning_rate * decay**epoch
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return rate


def step_decay(learning_rate: float, decay: float, every: int, epoch: Any) -> Any:
    """Keep the rate for some epochs, then multiply it by a factor, and so on.

    Args:
        learning_rate: of epochs 0 to every - 1.
        decay: the factor, above 0 and at most 1.
        every: for how many epochs a rate is kept, at least 1.
        epoch: which one, from 0; a number or an array of any shape.

    Returns:
        The rate, of epoch's shape.
    """
    rate = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute the rate. A division that rounds down counts the steps.
    # ================================================================ #
    rate = learning_rate * decay ** (epoch // every)
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return rate


def cosine_decay(learning_rate: float, num_epochs: int, epoch: Any) -> Any:
    """Follow half a cosine from the first rate down to 0, slowly at both ends.

    ``learning_rate * (1 + cos(pi * epoch / num_epochs)) / 2`` (I. Loshchilov and F. Hutter, "SGDR:
    stochastic gradient descent with warm restarts", 2017, equation 5 without restarts).

    Args:
        learning_rate: of epoch 0.
        num_epochs: the epoch in which the rate would be 0, at least 1.
        epoch: which one, from 0 to num_epochs; a number or an array of any shape.

    Returns:
        The rate, of epoch's shape.
    """
    rate = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute the rate.
    # ================================================================ #
    rate = learning_rate * (1 + np.cos(np.pi * epoch / num_epochs)) / 2
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return rate
