"""Submissions of the fully connected nets: what is written below which module."""

from __future__ import annotations

from tests.course.additions import AFFINE_OTHERWISE, RELU_OTHERWISE

NET, LAYERS, OPTIM = "fc_net.py", "layers.py", "optim.py"
# Loss and gradients of both nets can be changed in one place: `change(net, loss, grads)`.
AROUND = """
def _around(net_class, change):
    inner = net_class.loss
    def loss(self, X, y=None):
        if y is None:
            return inner(self, X)
        value, grads = inner(self, X, y)
        return change(self, value, grads)
    net_class.loss = loss
"""
# What is wrong: the code below fc_net.py, the points lost by check, words that the student reads.
WRONG: dict[str, tuple[str, dict[str, float], str]] = {
    "two layers: biases regularised": (
        """
def change(net, loss, grads):
    for name in ("b1", "b2"):
        loss += 0.5 * net.reg * np.sum(net.params[name] ** 2)
        grads[name] = grads[name] + net.reg * net.params[name]
    return loss, grads
_around(TwoLayerNet, change)
""",
        {"two_layer_gradients": 1.0},
        "Biases are not regularised, only weights are.",
    ),
    "two layers: biases regularised in the gradient alone": (
        """
def change(net, loss, grads):
    return loss, {**grads, "b1": grads["b1"] + net.reg * net.params["b1"]}
_around(TwoLayerNet, change)
""",
        {"two_layer_gradients": 0.33},
        "Biases are not regularised, only weights are.",
    ),
    "two layers: no half in the loss": (
        """
def change(net, loss, grads):
    return loss + 0.5 * net.reg * sum(np.sum(net.params[n] ** 2) for n in ("W1", "W2")), grads
_around(TwoLayerNet, change)
""",
        {"two_layer_gradients": 0.67},
        "The regulariser weighs twice what is asked for",
    ),
    "two layers: the square of the sum": (
        """
def change(net, loss, grads):
    for name in ("W1", "W2"):
        W = net.params[name]
        loss += 0.5 * net.reg * (np.sum(W) ** 2 - np.sum(W ** 2))
    return loss, grads
_around(TwoLayerNet, change)
""",
        {"two_layer_gradients": 0.67},
        "the sum of squares is not the square of the sum",
    ),
    "two layers: reg is copied when the net is made": (
        """
_init, _loss = TwoLayerNet.__init__, TwoLayerNet.loss
def __init__(self, *args, **kwargs):
    _init(self, *args, **kwargs)
    self._reg = self.reg
def loss(self, X, y=None):
    kept, self.reg = self.reg, self._reg
    try:
        return _loss(self, X, y)
    finally:
        self.reg = kept
TwoLayerNet.__init__, TwoLayerNet.loss = __init__, loss
""",
        {"two_layer_gradients": 1.0},
        "The regulariser is missing.",
    ),
    "two layers: no ReLU": (
        """
def loss(self, X, y=None):
    p = self.params
    hidden, first = affine_forward(X, p["W1"], p["b1"])
    scores, second = affine_forward(hidden, p["W2"], p["b2"])
    if y is None:
        return scores
    value, dout = softmax_loss(scores, y)
    value += 0.5 * self.reg * (np.sum(p["W1"] ** 2) + np.sum(p["W2"] ** 2))
    grads = {}
    dout, dW2, grads["b2"] = affine_backward(dout, second)
    _, dW1, grads["b1"] = affine_backward(dout, first)
    grads["W1"], grads["W2"] = dW1 + self.reg * p["W1"], dW2 + self.reg * p["W2"]
    return value, grads
TwoLayerNet.loss = loss
""",
        {"two_layer_scores": 2.0, "two_layer_gradients": 2.67},
        "scores",
    ),
    "two layers: a constant loss without a slope": (
        """
def change(net, loss, grads):
    return 2.3, {name: 0 * grad for name, grad in grads.items()}
_around(TwoLayerNet, change)
""",
        {"two_layer_gradients": 4.0},
        "reg = 0: loss: largest error",
    ),
    "two layers: weights of another distribution and scale": (
        """
_init = TwoLayerNet.__init__
def __init__(self, *args, **kwargs):
    _init(self, *args, **kwargs)
    for name in ("W1", "W2"):
        self.params[name] = np.random.uniform(-0.03, 0.03, self.params[name].shape)
TwoLayerNet.__init__ = __init__
""",
        {"two_layer_start": 1.0},
        "standard deviation of W1",
    ),
    "two layers: biases are drawn": (
        """
_init = TwoLayerNet.__init__
def __init__(self, *args, **kwargs):
    _init(self, *args, **kwargs)
    for name in ("b1", "b2"):
        self.params[name] = 1e-3 * np.random.randn(*self.params[name].shape)
TwoLayerNet.__init__ = __init__
""",
        {"two_layer_start": 0.5},
        "b1",
    ),
    "deep: biases regularised": (
        """
def change(net, loss, grads):
    for name in [name for name in grads if name[0] == "b"]:
        loss += 0.5 * net.reg * np.sum(net.params[name] ** 2)
        grads[name] = grads[name] + net.reg * net.params[name]
    return loss, grads
_around(FullyConnectedNet, change)
""",
        {"deep_gradients": 2.38, "solver_steps": 2.0},
        "Biases are not regularised, only weights are.",
    ),
    "deep: the last layer is not regularised in the loss": (
        """
def change(net, loss, grads):
    return loss - 0.5 * net.reg * np.sum(net.params[f"W{net.num_layers}"] ** 2), grads
_around(FullyConnectedNet, change)
""",
        {"deep_gradients": 1.5, "solver_steps": 0.67},
        "The regulariser of W2 is missing.",
    ),
    "deep: the last layer is not regularised in the gradient": (
        """
def change(net, loss, grads):
    name = f"W{net.num_layers}"
    return loss, {**grads, name: grads[name] - net.reg * net.params[name]}
_around(FullyConnectedNet, change)
""",
        {"deep_gradients": 0.75, "solver_steps": 2.0},
        "The regulariser is missing.",
    ),
    "deep: an empty list of hidden layers fails": (
        """
_loss = FullyConnectedNet.loss
def loss(self, X, y=None):
    for i in range(1, self.num_layers):
        last = i
    last += 1
    return _loss(self, X, y)
FullyConnectedNet.loss = loss
""",
        {"deep_scores": 1.0, "deep_gradients": 1.25},
        "last",
    ),
    "deep: hidden layers without a ReLU, both ways": (
        """
def _hidden_forward(self, i, x):
    return affine_forward(x, self.params[f"W{i}"], self.params[f"b{i}"])
def _hidden_backward(self, i, dout, cache):
    dx, dW, db = affine_backward(dout, cache)
    return dx, {f"W{i}": dW, f"b{i}": db}
FullyConnectedNet._hidden_forward = _hidden_forward
FullyConnectedNet._hidden_backward = _hidden_backward
""",
        {"deep_scores": 2.0, "deep_gradients": 3.5, "solver_steps": 2.0},
        "scores, one hidden layer",
    ),
    "deep: the last layer is dropped, both ways": (
        """
_loss = FullyConnectedNet.loss
def loss(self, X, y=None):
    W, b, kept, reg = f"W{self.num_layers}", f"b{self.num_layers}", self.params, self.reg
    dropped = {W: np.eye(*kept[W].shape), b: 0 * kept[b]}
    self.params = {**kept, **dropped}
    found = _loss(self, X, y)
    self.params = kept
    if y is None:
        return found
    lost = {name: 0 * kept[name] for name in dropped}
    return found[0] - 0.5 * reg * np.sum(dropped[W] ** 2), {**found[1], **lost}
FullyConnectedNet.loss = loss
""",
        {"deep_scores": 3.0, "deep_gradients": 3.5, "solver_steps": 2.0},
        "scores, no hidden layer",
    ),
    "deep: ReLU after the last layer, too": (
        """
_loss = FullyConnectedNet.loss
def loss(self, X, y=None):
    scores = np.maximum(_loss(self, X), 0)
    return scores if y is None else _loss(self, X, y)
FullyConnectedNet.loss = loss
""",
        {"deep_scores": 3.0},
        "scores, no hidden layer",
    ),
    "deep: the variance for the deviation": (
        """
_init = FullyConnectedNet.__init__
def __init__(self, *args, weight_scale=1e-2, **kwargs):
    _init(self, *args, weight_scale=weight_scale ** 2, **kwargs)
FullyConnectedNet.__init__ = __init__
""",
        {"deep_start": 0.5},
        "standard deviation of W1",
    ),
    "deep: gradients are added up from call to call": (
        """
_loss = FullyConnectedNet.loss
def loss(self, X, y=None):
    if y is None:
        return _loss(self, X)
    value, grads = _loss(self, X, y)
    self._sums = {k: v + getattr(self, "_sums", {}).get(k, 0) for k, v in grads.items()}
    return value, self._sums
FullyConnectedNet.loss = loss
""",
        {"deep_gradients": 0.75, "solver_steps": 0.67},
        "called twice, your code gives two results",
    ),
}
# Right nets on wrong layers: the module, the code, the points lost, the layer that is to blame.
ON_WRONG_LAYERS: dict[str, tuple[str, str, dict[str, float], str]] = {
    "affine: db is a row": (
        LAYERS,
        """
_affine = affine_backward
def affine_backward(dout, cache):
    return *_affine(dout, cache)[:2], dout.sum(axis=0, keepdims=True)
""",
        {"two_layer_gradients": 0.67, "deep_gradients": 0.88, "solver_steps": 2.0},
        "affine_layer",
    ),
    "affine: dw is twice as large": (
        LAYERS,
        """
_affine = affine_backward
def affine_backward(dout, cache):
    dx, dw, db = _affine(dout, cache)
    return dx, 2 * dw, db
""",
        {"two_layer_gradients": 0.67, "deep_gradients": 0.88, "solver_steps": 1.0},
        "affine_layer",
    ),
    "relu: lets a tenth of what is negative through": (
        LAYERS,
        """
def relu_forward(x):
    return np.where(x > 0, x, 0.1 * x), x
""",
        {
            "two_layer_scores": 1.0,
            "two_layer_gradients": 2.0,
            "deep_scores": 1.0,
            "deep_gradients": 2.0,
            "solver_steps": 1.0,
        },
        "relu_layer",
    ),
    "sgd: goes uphill": (
        OPTIM,
        """
_sgd = sgd
def sgd(w, dw, config=None):
    return _sgd(w, -dw, config)
""",
        {"solver_steps": 1.0},
        "update_rule",
    ),
}
# Right code, written in another way.
RIGHT: dict[str, dict[str, str]] = {
    "warns and prints": {
        NET: """
import sys, warnings
_loss = TwoLayerNet.loss
def loss(self, X, y=None):
    warnings.warn("slow", RuntimeWarning)
    print("loss", X.shape, file=sys.stderr)
    return _loss(self, X, y)
TwoLayerNet.loss = loss
"""
    },
    "numpy alone, no layers": {
        NET: """
def _start(self, input_dim=3072, hidden_dims=100, num_classes=10, dropout=0, weight_scale=1e-3,
           reg=0.0):
    rng, self.reg = np.random.default_rng(), reg
    sizes = {"W2": (hidden_dims, num_classes), "W1": (input_dim, hidden_dims)}
    self.params = {name: rng.normal(0, weight_scale, size) for name, size in sizes.items()}
    self.params["b2"], self.params["b1"] = np.zeros(num_classes), np.zeros((hidden_dims,))
def _loss(self, X, y=None):
    W1, b1, W2, b2 = (self.params[name] for name in ("W1", "b1", "W2", "b2"))
    rows = X.reshape(len(X), -1)
    hidden = np.maximum(rows.dot(W1) + b1, 0)
    scores = hidden.dot(W2) + b2
    if y is None:
        return scores
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.log(p[range(len(y)), y]).mean() + self.reg / 2 * ((W1 * W1).sum() + (W2 ** 2).sum())
    p[range(len(y)), y] -= 1
    p /= len(y)
    dhidden = p.dot(W2.T) * (hidden > 0)
    return np.array(loss), {
        "b1": dhidden.sum(0), "W1": rows.T.dot(dhidden) + self.reg * W1,
        "b2": list(p.sum(0)), "W2": hidden.T.dot(p) + self.reg * W2,
    }
TwoLayerNet.__init__, TwoLayerNet.loss = _start, _loss
"""
    },
    "sandwiches and a recursion": {
        NET: """
def _loss(self, X, y=None):
    for param in (self.dropout_param, *self.bn_params):
        param["mode"] = "train" if y is not None else "test"
    grads, total = {}, [0.0]
    def go(i, x):
        W, b = self.params["W%d" % i], self.params["b%d" % i]
        if i == self.num_layers:
            out, cache = affine_forward(x, W, b)
            if y is None:
                return out
            total[0], dout = softmax_loss(out, y)
            total[0] = np.float64(total[0])
            dout, dW, grads["b%d" % i] = affine_backward(dout, cache)
        else:
            out, cache = self._hidden_forward(i, x)
            after = go(i + 1, out)
            if y is None:
                return after
            dout, layer = self._hidden_backward(i, after, cache)
            grads.update(layer)
            dW = layer["W%d" % i]
        total[0] += self.reg / 2 * np.sum(W * W)
        grads["W%d" % i] = dW + self.reg * W
        return dout
    found = go(1, np.asarray(X, self.dtype))
    return found if y is None else (total[0], grads)
FullyConnectedNet.loss = _loss
"""
    },
    "other caches in the layers": {LAYERS: AFFINE_OTHERWISE + RELU_OTHERWISE},
}
