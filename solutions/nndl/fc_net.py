"""Fully connected nets of two layers and of any number, put together from layers."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from .layer_utils import affine_relu_backward, affine_relu_forward
from .layers import (
    affine_backward,
    affine_forward,
    batchnorm_backward,
    batchnorm_forward,
    dropout_backward,
    dropout_forward,
    relu_backward,
    relu_forward,
    softmax_loss,
)
from .shapes import check_labels

if TYPE_CHECKING:
    from collections.abc import Sequence


class TwoLayerNet:
    """A classifier: affine layer, ReLU, affine layer, softmax.

    With D = input_dim, H = hidden_dims and C = num_classes the parameters are W1 (D, H), b1 (H,),
    W2 (H, C) and b2 (C,). It does not train itself: a Solver does.
    """

    def __init__(
        self,
        input_dim: int = 3 * 32 * 32,
        hidden_dims: int = 100,
        num_classes: int = 10,
        dropout: float = 0,
        weight_scale: float = 1e-3,
        reg: float = 0.0,
    ) -> None:
        """Draw the weights, W1 before W2, from numpy's global random stream.

        Args:
            input_dim: numbers in one sample.
            hidden_dims: units of the hidden layer.
            num_classes: number of classes.
            dropout: must be 0: this net has none. (The homework names it for its next part.)
            weight_scale: standard deviation of the weights; biases start from zero.
            reg: regularization strength, on weights only.

        Raises:
            ValueError: dropout is not 0.
        """
        if dropout != 0:
            raise ValueError(f"TwoLayerNet has no dropout ({dropout}): use FullyConnectedNet")
        self.params: dict[str, np.ndarray] = {}
        self.reg = reg
        # ================================================================ #
        # YOUR CODE HERE:
        #   Store W1, b1, W2 and b2 in self.params: weights normal with
        #   standard deviation weight_scale, biases zero.
        # ================================================================ #
        self.params["W1"] = weight_scale * np.random.randn(input_dim, hidden_dims)
        self.params["b1"] = np.zeros(hidden_dims)
        self.params["W2"] = weight_scale * np.random.randn(hidden_dims, num_classes)
        self.params["b2"] = np.zeros(num_classes)
        # ================================================================ #
        # END YOUR CODE HERE
        # ================================================================ #

    def loss(self, X: np.ndarray, y: np.ndarray | None = None) -> Any:
        """Return the scores of X, or with labels the loss and its gradients.

        Args:
            X: inputs, shape (N, d_1, ..., d_k), D numbers in each.
            y: labels, shape (N,), integers 0 to C - 1; None asks for the scores.

        Returns:
            Without y the scores, shape (N, C). With y a pair: the loss as a number, and a
            dictionary with the gradient of every parameter, of its shape.

        Raises:
            ValueError: the shapes do not fit together, or a label is out of range.
        """
        W1, b1 = self.params["W1"], self.params["b1"]
        W2, b2 = self.params["W2"], self.params["b2"]
        _check(X, y, D=W1.shape[0], C=W2.shape[1])

        scores = None
        # ================================================================ #
        # YOUR CODE HERE:
        #   Compute the class scores, shape (N, C), with the functions of
        #   layers.py and layer_utils.py.
        # ================================================================ #
        hidden, hidden_cache = affine_relu_forward(X, W1, b1)
        scores, scores_cache = affine_forward(hidden, W2, b2)
        # ================================================================ #
        # END YOUR CODE HERE
        # ================================================================ #

        if y is None:
            return scores

        loss, grads = None, {}
        # ================================================================ #
        # YOUR CODE HERE:
        #   Compute the loss: softmax_loss plus 0.5 * self.reg times the sum
        #   of all squared weights. Store its gradient in grads, under the
        #   names of self.params. Biases are not regularized.
        # ================================================================ #
        data_loss, dscores = softmax_loss(scores, y)
        loss = data_loss + 0.5 * self.reg * (np.sum(W1**2) + np.sum(W2**2))

        dhidden, dW2, grads["b2"] = affine_backward(dscores, scores_cache)
        _, dW1, grads["b1"] = affine_relu_backward(dhidden, hidden_cache)
        grads["W1"] = dW1 + self.reg * W1
        grads["W2"] = dW2 + self.reg * W2
        # ================================================================ #
        # END YOUR CODE HERE
        # ================================================================ #

        return loss, grads


class FullyConnectedNet:
    """A classifier with any number of hidden layers, also none; softmax.

    A hidden layer is: affine, then batch normalization if asked for, ReLU, dropout if asked for.
    The last layer is affine only. Layers are counted from 1. With the sizes D = input_dim,
    hidden_dims and C = num_classes in a row, layer i has the parameters ``W{i}``, shape
    (size before, size after), and ``b{i}``, shape (size after,); with batch normalization every
    hidden layer has a scale ``gamma{i}`` and a shift ``beta{i}`` too, both (size after,).
    """

    def __init__(
        self,
        hidden_dims: Sequence[int],
        input_dim: int = 3 * 32 * 32,
        num_classes: int = 10,
        dropout: float = 0,
        use_batchnorm: bool = False,
        reg: float = 0.0,
        weight_scale: float = 1e-2,
        dtype: type[np.floating[Any]] = np.float32,
        seed: int | None = None,
    ) -> None:
        """Draw the weights, first layer first, from numpy's global random stream.

        Args:
            hidden_dims: units of every hidden layer.
            input_dim: numbers in one sample.
            num_classes: number of classes.
            dropout: chance of a hidden unit to be silent in training, below 1; 0 means no dropout.
            use_batchnorm: normalize every hidden layer over the mini-batch.
            reg: regularization strength, on weights only.
            weight_scale: standard deviation of the weights. Biases and shifts start from zero,
                scales from one.
            dtype: type of all arithmetic; numeric gradients need float64.
            seed: draw the same dropout mask every time, so that gradients can be checked.

        Raises:
            ValueError: dropout is not 0 or more and below 1.
        """
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout must be 0 or more and below 1, not {dropout}")
        self.params: dict[str, np.ndarray] = {}
        self.num_layers = 1 + len(hidden_dims)
        self.use_dropout = dropout > 0
        self.use_batchnorm = use_batchnorm
        self.reg = reg
        self.dtype = dtype
        # ================================================================ #
        # YOUR CODE HERE:
        #   Store the parameters of all layers in self.params: weights normal
        #   with standard deviation weight_scale, biases and beta zero, gamma
        #   one. The last layer has no gamma and no beta.
        # ================================================================ #
        sizes = [input_dim, *hidden_dims, num_classes]
        for i, (before, after) in enumerate(pairwise(sizes), start=1):
            self.params[f"W{i}"] = weight_scale * np.random.randn(before, after)
            self.params[f"b{i}"] = np.zeros(after)
            if use_batchnorm and i < self.num_layers:
                self.params[f"gamma{i}"] = np.ones(after)
                self.params[f"beta{i}"] = np.zeros(after)
        # ================================================================ #
        # END YOUR CODE HERE
        # ================================================================ #

        # What dropout and batch normalization need from one call of loss to the next.
        self.dropout_param: dict[str, Any] = {"mode": "train", "p": dropout}
        if seed is not None:
            self.dropout_param["seed"] = seed
        self.bn_params: list[dict[str, Any]] = [{"mode": "train"} for _ in hidden_dims]

        for name, value in self.params.items():
            self.params[name] = value.astype(dtype)

    def loss(self, X: np.ndarray, y: np.ndarray | None = None) -> Any:
        """Return the scores of X, or with labels the loss and its gradients.

        Dropout and batch normalization know two modes: training, when there are labels, and test,
        when scores are asked for.

        Args:
            X: inputs, shape (N, d_1, ..., d_k), D numbers in each; cast to the net's dtype.
            y: labels, shape (N,), integers 0 to C - 1; None asks for the scores.

        Returns:
            Without y the scores, shape (N, C). With y a pair: the loss as a number, and a
            dictionary with the gradient of every parameter, of its shape.

        Raises:
            ValueError: the shapes do not fit together, or a label is out of range.
        """
        last = self.num_layers
        W_last, b_last = self.params[f"W{last}"], self.params[f"b{last}"]
        _check(X, y, D=self.params["W1"].shape[0], C=len(b_last))
        X = X.astype(self.dtype)
        mode = "test" if y is None else "train"
        for param in (self.dropout_param, *self.bn_params):
            param["mode"] = mode

        scores = None
        # ================================================================ #
        # YOUR CODE HERE:
        #   Compute the class scores, shape (N, C): all hidden layers, then
        #   an affine layer. Keep every layer's cache. Mind the net without
        #   a hidden layer.
        # ================================================================ #
        caches = []
        out = X
        for i in range(1, last):
            out, cache = self._hidden_forward(i, out)
            caches.append(cache)
        scores, scores_cache = affine_forward(out, W_last, b_last)
        # ================================================================ #
        # END YOUR CODE HERE
        # ================================================================ #

        if y is None:
            return scores

        loss, grads = None, {}
        # ================================================================ #
        # YOUR CODE HERE:
        #   Compute the loss: softmax_loss plus 0.5 * self.reg times the sum
        #   of all squared weights of all layers. Store its gradient in
        #   grads, under the names of self.params. Nothing but the weights
        #   is regularized.
        # ================================================================ #
        loss, dscores = softmax_loss(scores, y)
        dout, grads[f"W{last}"], grads[f"b{last}"] = affine_backward(dscores, scores_cache)
        for i in range(last - 1, 0, -1):
            dout, layer_grads = self._hidden_backward(i, dout, caches[i - 1])
            grads.update(layer_grads)

        for i in range(1, last + 1):
            W = self.params[f"W{i}"]
            loss += 0.5 * self.reg * np.sum(W**2)
            grads[f"W{i}"] += self.reg * W
        # ================================================================ #
        # END YOUR CODE HERE
        # ================================================================ #

        return loss, grads

    def _hidden_forward(self, i: int, x: np.ndarray) -> Any:
        """Return the output of hidden layer i, shape (N, units), and its cache."""
        out, cache = None, None
        # ================================================================ #
        # YOUR CODE HERE:
        #   Affine layer; batch normalization if self.use_batchnorm, with
        #   self.bn_params[i - 1]; ReLU; dropout if self.use_dropout, with
        #   self.dropout_param. Store what the backward pass needs in cache.
        # ================================================================ #
        bn_cache = dropout_cache = None
        out, affine_cache = affine_forward(x, self.params[f"W{i}"], self.params[f"b{i}"])
        if self.use_batchnorm:
            gamma, beta = self.params[f"gamma{i}"], self.params[f"beta{i}"]
            out, bn_cache = batchnorm_forward(out, gamma, beta, self.bn_params[i - 1])
        out, relu_cache = relu_forward(out)
        if self.use_dropout:
            out, dropout_cache = dropout_forward(out, self.dropout_param)
        cache = (affine_cache, bn_cache, relu_cache, dropout_cache)
        # ================================================================ #
        # END YOUR CODE HERE
        # ================================================================ #
        return out, cache

    def _hidden_backward(self, i: int, dout: np.ndarray, cache: Any) -> Any:
        """Return the gradient by the input of hidden layer i, and a dictionary of the others."""
        dx, grads = None, {}
        # ================================================================ #
        # YOUR CODE HERE:
        #   Go back through what _hidden_forward did, last step first. Store
        #   the gradients by the layer's parameters in grads.
        # ================================================================ #
        affine_cache, bn_cache, relu_cache, dropout_cache = cache
        if self.use_dropout:
            dout = dropout_backward(dout, dropout_cache)
        dout = relu_backward(dout, relu_cache)
        if self.use_batchnorm:
            dout, grads[f"gamma{i}"], grads[f"beta{i}"] = batchnorm_backward(dout, bn_cache)
        dx, grads[f"W{i}"], grads[f"b{i}"] = affine_backward(dout, affine_cache)
        # ================================================================ #
        # END YOUR CODE HERE
        # ================================================================ #
        return dx, grads


def _check(X: np.ndarray, y: np.ndarray | None, D: int, C: int) -> None:
    """Raise ValueError unless X has samples of D numbers and y, if any, a label for each."""
    if X.ndim < 2 or int(np.prod(X.shape[1:])) != D:
        raise ValueError(f"X must have {D} numbers per sample; its shape is {X.shape}")
    if y is not None:
        check_labels(y, len(X), C)
