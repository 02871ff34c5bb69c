"""Layers that act otherwise in training than in testing: batch normalization and dropout.

For N samples of D features. As in layers.py, a forward function returns its output and a cache,
and a backward function takes the upstream gradient and that cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .shapes import check_features, check_mode


def batchnorm_forward(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, bn_param: dict[str, Any]
) -> tuple[Any, Any]:
    """Give every feature mean beta and standard deviation gamma over the batch.

    ``out = gamma * (x - mean) / sqrt(var + eps) + beta`` (Ioffe and Szegedy 2015, algorithm 1).
    In training, mean and var are those of the batch, and the running averages follow them:
    ``running = momentum * running + (1 - momentum) * batch``. In testing the running averages
    take their place.

    Args:
        x: inputs, shape (N, D).
        gamma: scales, shape (D,).
        beta: shifts, shape (D,).
        bn_param: "mode", "train" or "test"; optional "eps" (1e-5) and "momentum" (0.9);
            "running_mean" and "running_var", shape (D,), which training replaces by new arrays.

    Returns:
        out, shape (N, D), and in training a cache, in testing None.

    Raises:
        ValueError: a shape does not fit, or the mode is unknown.
    """
    mode, eps, momentum = bn_param["mode"], bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    check_mode(mode)
    check_features(x, gamma=gamma, beta=beta)
    running_mean = bn_param.get("running_mean", np.zeros_like(gamma))
    running_var = bn_param.get("running_var", np.zeros_like(gamma))
    out = cache = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute the output in either mode. In training also the cache for
    #   the backward pass, and running_mean and running_var as new arrays.
    # ================================================================ #
    if mode == "train":
        mean, var = x.mean(axis=0), x.var(axis=0)
        centred = x - mean
        inverse_std = 1 / np.sqrt(var + eps)
        out = gamma * centred * inverse_std + beta
        cache = centred, inverse_std, gamma
        running_mean = momentum * running_mean + (1 - momentum) * mean
        running_var = momentum * running_var + (1 - momentum) * var
    else:
        out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    bn_param["running_mean"], bn_param["running_var"] = running_mean, running_var
    return out, cache


def batchnorm_backward(dout: np.ndarray, cache: Any) -> tuple[Any, Any, Any]:
    """Go back through batch normalization, one node of its computation graph after the other.

    Args:
        dout: upstream gradient, shape (N, D).
        cache: of the forward pass in training.

    Returns:
        dx, shape (N, D); dgamma and dbeta, shape (D,).

    Raises:
        ValueError: the cache is that of a test.
    """
    _check_trained(cache)
    dx = dgamma = dbeta = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute the three gradients. x is used in three places: itself, in
    #   the mean and in the variance; the three paths add up.
    # ================================================================ #
    centred, inverse_std, gamma = cache  # out = gamma * centred * inverse_std + beta
    N = len(dout)
    dbeta = dout.sum(axis=0)
    dgamma = (dout * centred * inverse_std).sum(axis=0)
    dscaled = dout * gamma
    dinverse_std = (dscaled * centred).sum(axis=0)
    dvar = -0.5 * dinverse_std * inverse_std**3  # inverse_std = (var + eps) ** -0.5
    dcentred = dscaled * inverse_std + dvar * 2 / N * centred  # var = sum(centred**2) / N
    dmean = -dcentred.sum(axis=0)  # centred = x - mean
    dx = dcentred + dmean / N
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout: np.ndarray, cache: Any) -> tuple[Any, Any, Any]:
    """Do the same as batchnorm_backward by one formula, worked out on paper.

    With ``z = (x - mean) / sqrt(var + eps)`` and averages over the batch,
    ``dx = gamma / sqrt(var + eps) * (dout - average(dout) - z * average(dout * z))``.
    """
    _check_trained(cache)
    dx = dgamma = dbeta = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute the three gradients, dx by the formula above.
    # ================================================================ #
    centred, inverse_std, gamma = cache
    z = centred * inverse_std
    dgamma, dbeta = (dout * z).sum(axis=0), dout.sum(axis=0)
    dx = gamma * inverse_std * (dout - (dbeta + z * dgamma) / len(dout))
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return dx, dgamma, dbeta


def dropout_forward(x: np.ndarray, dropout_param: dict[str, Any]) -> tuple[Any, Any]:
    """Drop each number with probability p in training, and leave x as it is in testing.

    What remains is divided by 1 - p, so that the mean stays and testing needs no scaling: inverted
    dropout (the idea: Srivastava et al. 2014, Journal of Machine Learning Research 15).

    Args:
        x: inputs of any shape.
        dropout_param: "p", at least 0 and below 1; "mode", "train" or "test"; optional "seed",
            which makes numpy's global random stream start anew. (In some courses p is the
            probability to keep a number.)

    Returns:
        out, of x's shape, and the cache (mask, dropout_param); the mask holds factors, or is None.

    Raises:
        ValueError: p is out of range, or the mode is unknown.
    """
    p, mode = dropout_param["p"], dropout_param["mode"]
    check_mode(mode)
    if not 0 <= p < 1:
        raise ValueError(f"p is {p}: the probability to drop a number is at least 0 and below 1")
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    out = mask = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute the output, in training by way of a mask of x's shape and
    #   dtype. Draw from np.random.rand.
    # ================================================================ #
    out = x
    if mode == "train":
        mask = (np.random.rand(*x.shape) >= p).astype(x.dtype) / (1 - p)
        out = x * mask
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return out, (mask, dropout_param)


def dropout_backward(dout: np.ndarray, cache: Any) -> Any:
    """Go back through dropout: ``dx = dout * mask``, in testing ``dx = dout``.

    Args:
        dout: upstream gradient, of x's shape.
        cache: (mask, dropout_param) of the forward pass.

    Returns:
        dx, of x's shape.
    """
    mask, dropout_param = cache
    dx = None
    # ================================================================ #
    # YOUR CODE HERE:
    #   Compute the gradient in either mode.
    # ================================================================ #
    dx = dout * mask if dropout_param["mode"] == "train" else dout
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return dx


def _check_trained(cache: Any) -> None:
    if cache is None:
        raise ValueError("there is no way back from a test: the forward pass left no cache")
