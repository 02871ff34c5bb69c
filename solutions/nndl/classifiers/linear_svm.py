"""The linear support vector machine: a linear classifier trained on the hinge loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nndl.classifiers.linear_classifier import LinearClassifier
from nndl.classifiers.svm import svm_loss_vectorized

if TYPE_CHECKING:
    import numpy as np


class LinearSVM(LinearClassifier):
    """A linear classifier with the multiclass hinge loss."""

    def loss(self, X: np.ndarray, y: np.ndarray, reg: float) -> tuple[float, np.ndarray]:
        """Return what :func:`svm_loss_vectorized` says of the present weights."""
        return svm_loss_vectorized(self._weights(), X, y, reg)
