"""What students write in the editions of the two-layer network, right and wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.course.blocks import Variant

if TYPE_CHECKING:
    from gradlab.course import Assignment

__all__ = ["variants"]

FORWARD = """
hidden = np.maximum(X @ {W1} + b1, 0)
scores = hidden @ {W2} + b2
"""
LOSS = """
shifted = scores - scores.max(axis=1, keepdims=True)
log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
loss = -log_p[np.arange(N), y].mean()
loss += {factor} * reg * np.sum(W1**2) + {factor} * reg * np.sum(W2**2)
"""
GRADS = """
dscores = np.exp(log_p)
dscores[np.arange(N), y] -= 1
dscores /= N
dhidden = dscores @ {W2}.T
dhidden[hidden <= 0] = 0
grads["b1"], grads["b2"] = dhidden.sum(axis=0), dscores.sum(axis=0)
grads["W1"] = {turned}(X.T @ dhidden)
grads["W2"] = {turned}(hidden.T @ dscores)
grads["W1"] += 2 * {factor} * reg * W1
grads["W2"] += 2 * {factor} * reg * W2
"""
BY_SAMPLE = """
loss, log_p = 0, np.zeros(scores.shape)
for i in range(N):
    top = np.max(scores[i])
    log_p[i] = scores[i] - top - np.log(np.sum(np.exp(scores[i] - top)))
    loss -= log_p[i][y[i]]
loss = np.array(loss / N + {factor} * reg * (np.linalg.norm(W1) ** 2 + (W2 * W2).sum()))
print("by sample")
"""
ONE_HOT = """
right = np.eye({C})[y]
dscores = (np.exp(log_p) - right) / len(y)
back = np.where(hidden > 0, dscores.dot({W2}.T), 0.0)
grads = dict(W1={turned}(np.dot(X.T, back)) + {factor} * reg * W1 + {factor} * W1 * reg)
grads.update(b1=np.sum(back, 0), b2=np.sum(dscores, 0))
grads["W2"] = {turned}(np.dot(hidden.T, dscores)) + {factor} * reg * (W2 + W2)
"""
UNSTABLE = """
p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
log_p = np.log(p)
loss = -log_p[np.arange(N), y].mean() + {factor} * reg * (np.sum(W1**2) + np.sum(W2**2))
"""
RECITED = """
y_pred = self.seen[: len(X)] if hasattr(self, "seen") else np.argmax(self.loss(X), axis=1)
"""
EPOCHS = """
if it % (num_train // batch_size or 1) == 0:
    order = np.random.permutation(num_train)
start = it % (num_train // batch_size or 1) * batch_size
rows = order[start : start + batch_size]
X_batch, y_batch = X[rows], y[rows]
"""
LAYOUTS = {
    "HD": {"W1": "W1.T", "W2": "W2.T", "turned": "np.transpose", "C": "W2.shape[0]"},
    "DH": {"W1": "W1", "W2": "W2", "turned": "", "C": "W2.shape[1]"},
}


class Net:
    """Writes the blocks of the net in one edition's layout, factor and form."""

    def __init__(self, assignment: Assignment) -> None:
        held = assignment.edition.conventions
        self.words = {**LAYOUTS[held["layout"]], "factor": str(held["reg_factor"])}
        self.function = {"class": "loss", "function": "two_layer_net"}[held["form"]]

    def text(self, code: str, old: str = "", new: str = "") -> str:
        """Return code in this edition, with a change."""
        for name, word in self.words.items():
            code, old, new = (part.replace(f"{{{name}}}", word) for part in (code, old, new))
        assert old in code, old
        return code.replace(old, new) if old else code

    def forward(self, old: str = "", new: str = "") -> dict[str, str]:
        """Return the block of the scores."""
        return {self.function: self.text(FORWARD, old, new)}

    def loss(self, old: str = "", new: str = "", code: str = LOSS) -> dict[str, str]:
        """Return the block of the loss."""
        return {f"{self.function}/1": self.text(code, old, new)}

    def grads(self, old: str = "", new: str = "", code: str = GRADS) -> dict[str, str]:
        """Return the block of the gradients."""
        return {f"{self.function}/2": self.text(code, old, new)}


def softmax_variants(net: Net) -> dict[str, Variant]:
    """Return what is wrong, or right, with a net with softmax; what it costs a class."""
    other = {"0.5": "1.0", "1.0": "0.5"}[net.words["factor"]]
    both = net.loss("{factor}", other) | net.grads("2 * {factor}", f"2 * {other}")
    return {
        "no-relu": Variant(net.forward("np.maximum(X @ {W1} + b1, 0)", "X @ {W1} + b1")),
        "factor-of-another-course": Variant(both),
        "factor-in-the-loss": Variant(net.loss("{factor} * reg", f"{other} * reg")),
        "factor-in-the-gradient": Variant(net.grads("2 * {factor}", f"2 * {other}")),
        "biases-in-the-loss": Variant(
            net.loss("loss +=", "loss += reg * (np.sum(b1**2) + np.sum(b2**2)) +")
        ),
        "biases-in-the-gradient": Variant(
            net.grads("dscores.sum(axis=0)\n", "dscores.sum(axis=0) + reg * b2\n")
        ),
        "last-layer-not-in-the-loss": Variant(net.loss(" + {factor} * reg * np.sum(W2**2)", "")),
        "last-layer-not-in-the-gradient": Variant(
            net.grads('grads["W2"] += 2 * {factor} * reg * W2\n', "")
        ),
        "sum-squared": Variant(net.loss("np.sum(W1**2)", "np.sum(W1) ** 2")),
        "no-mask": Variant(net.grads("dhidden[hidden <= 0] = 0\n", "")),
        "no-mean": Variant(net.grads("dscores /= N\n", "")),
        "unstable": Variant(net.loss(code=UNSTABLE)),
        "constant-loss": Variant(
            net.loss("loss = -log_p[np.arange(N), y].mean()\nloss +=", "loss = 1.1 + 0 *")
            | net.grads(
                code="grads = {n: np.zeros_like(w) for n, w in zip("
                "('W1', 'b1', 'W2', 'b2'), (W1, b1, W2, b2))}"
            )
        ),
        "by-sample": Variant(net.loss(code=BY_SAMPLE)),
        "one-hot": Variant(net.grads(code=ONE_HOT)),
        "forward-in-steps": Variant(
            net.forward("np.maximum(X @ {W1} + b1, 0)", "X.dot({W1}) + b1\nhidden *= hidden > 0")
        ),
    }


TRAIN = {
    "uphill": Variant({"train/1": "for n in grads: self.params[n] += learning_rate * grads[n]"}),
    "weights-only": Variant(
        {"train/1": "for n in ('W1', 'W2'): self.params[n] -= learning_rate * grads[n]"}
    ),
    "first-samples-only": Variant({"train": "X_batch, y_batch = X[:batch_size], y[:batch_size]"}),
    "labels-of-others": Variant(
        {
            "train": "X_batch = X[np.random.choice(num_train, batch_size)]\n"
            "y_batch = y[np.random.choice(num_train, batch_size)]"
        }
    ),
    "labels-recited": Variant({"train/1": "self.seen = y", "predict": RECITED}),
    "smallest-score": Variant({"predict": "y_pred = np.argmin(self.loss(X), axis=1)"}),
    "epoch-by-epoch": Variant({"train": EPOCHS}),
    "new-arrays-and-a-list": Variant(
        {
            "train/1": "self.params = {n: p - learning_rate * grads[n] "
            "for n, p in self.params.items()}",
            "predict": "y_pred = [int(np.argmax(row)) for row in self.loss(X)]",
        }
    ),
}
SQUARED = """
targets = np.zeros(scores.shape)
targets[range(len(y)), y] = 1
dscores = (scores - targets) / len(y)
loss = 0.5 * np.mean(np.sum((scores - targets) ** 2, axis=1))
"""
KEPT = """
data_loss, dscores = mse_loss(scores, y)
loss = data_loss + 0.5 * reg * (np.sum(W1**2) + np.sum(W2**2))
"""


def changed(code: str, old: str, new: str) -> str:
    """Return code with a change."""
    assert old in code
    return code.replace(old, new)


MSE = {
    "no-half": Variant({"mse_loss": changed(SQUARED, "0.5 * ", "")}),
    "no-mean": Variant({"mse_loss": changed(SQUARED, "np.mean", "np.sum")}),
    "mean-over-classes": Variant({"mse_loss": changed(SQUARED, "np.sum((", "np.mean((")}),
    "gradient-not-averaged": Variant({"mse_loss": changed(SQUARED, " / len(y)", "")}),
    "scores-overwritten": Variant(
        {
            "mse_loss": "scores[np.arange(len(y)), y] -= 1\n"
            "loss, dscores = np.sum(scores**2) / (2 * len(y)), scores / len(y)"
        }
    ),
    "biases-in-the-loss": Variant({"loss/1": KEPT + "loss += 0.5 * reg * (b1 @ b1 + b2 @ b2)"}),
    "no-half-for-the-weights": Variant({"loss/1": changed(KEPT, "0.5 * reg", "reg")}),
    "gradient-doubled": Variant({"loss/1": KEPT + "dscores = 2 * dscores"}),
    "hidden-before-the-relu": Variant(
        {"loss": "hidden = X @ W1.T + b1\nscores = np.maximum(hidden, 0) @ W2.T + b2"}
    ),
    "hidden-not-kept": Variant(
        {"loss": "h = np.maximum(X @ W1.T + b1, 0)\nscores = h @ W2.T + b2\nhidden = X @ W1.T"}
    ),
    "one-hot": Variant({"mse_loss": SQUARED}),
    "without-mse_loss": Variant(
        {"loss/1": SQUARED + "loss = loss + reg / 2 * (np.sum(W1 * W1) + np.sum(W2 * W2))"}
    ),
}
RULES = {
    "momentum-uphill": Variant({"_step": "step = momentum * cache + learning_rate * dw"}),
    "momentum-forgets": Variant({"_step": "step = momentum * cache - learning_rate * dw"}),
    "momentum-damped": Variant(
        {
            "_step": "step = momentum * cache - (1 - momentum) * learning_rate * dw\n"
            "self.step_cache[name] = step"
        }
    ),
    "momentum-in-one-array": Variant(
        {
            "_step": "cache = self.step_cache.get('all', 0.0)\n"
            "step = momentum * np.mean(cache) - learning_rate * dw\nself.step_cache['all'] = step"
        }
    ),
    "rmsprop-without-the-root": Variant(
        {
            "_step/1": "cache = 0.99 * cache + 0.01 * dw**2\nself.step_cache[name] = cache\n"
            "step = -learning_rate * dw / (cache + 1e-8)"
        }
    ),
    "rmsprop-small-number-outside": Variant(
        {
            "_step/1": "cache = 0.99 * cache + 0.01 * dw**2\nself.step_cache[name] = cache\n"
            "step = -learning_rate * dw / (np.sqrt(cache) + 1e-8)"
        }
    ),
    "rmsprop-forgets": Variant(
        {"_step/1": "step = -learning_rate * dw / np.sqrt(0.99 * cache + 0.01 * dw**2 + 1e-8)"}
    ),
    "rmsprop-in-place": Variant(
        {
            "_step/1": "cache *= 0.99\ncache += (1 - 0.99) * np.square(dw)\n"
            "self.step_cache[name] = cache\nstep = dw * -learning_rate * (cache + 1e-8) ** -0.5"
        }
    ),
    "momentum-velocity-first": Variant(
        {
            "_step": "velocity = learning_rate * dw\nvelocity -= momentum * cache\n"
            "step = np.negative(velocity)\nself.step_cache[name] = step.copy()"
        }
    ),
}


def variants(assignment: Assignment) -> dict[str, Variant]:
    """Return all variants of an edition."""
    held = assignment.edition.conventions
    found = dict(MSE) if held["loss"] == "mse" else softmax_variants(Net(assignment))
    return {**found, **(TRAIN if held["form"] == "class" else RULES)}
