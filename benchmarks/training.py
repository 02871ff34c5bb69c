"""Training the 3072-50-10 net: ours, the textbook's from ready-made layers, and torch.

    python benchmarks/training.py [ROUNDS] [float64|float32]

Every way does 200 iterations on mini-batches of 200 out of 49,000 samples, from the same weights
and the same random stream, and measures accuracies as often: on one thread, and on two with a
process for each way. Ways alternate; the ratio of CPU times within a round is what counts. torch
is a rival where it is installed.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy starts its threads
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "solutions")]

import numpy as np  # noqa: E402  (threads and path come first)
from nndl.classifiers import two_layer_net_dh  # noqa: E402  (threads and path come first)
from nndl.fc_net import TwoLayerNet as LayeredNet  # noqa: E402  (the same)
from nndl.neural_net import TwoLayerNet  # noqa: E402  (the same)

from benchmarks.timing import Row, compare, in_turns, interleaved, show  # noqa: E402  (the same)

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLES, VALIDATION, BATCH, ITERATIONS, PER_EPOCH = 49_000, 1000, 200, 200, 245
RATE, DECAY, REG = 1e-4, 0.95, 0.25
# The ratio that our time should stay below, by rival, threads and type.
GOALS = {
    ("torch", 1, "float64"): 1.05,
    ("torch", 1, "float32"): 0.9,
    **{("textbook", n, dtype): 0.7 for n in (1, 2) for dtype in ("float64", "float32")},
}
LAST_LOSS, LOSS_BOUND = 2.3028, 1e-3  # labels are random: all that can be learnt is to guess


class Textbook(two_layer_net_dh.TwoLayerNet):
    """The net from ready-made layers, trained by the same loop.

    Layers do not know that nobody needs the gradient of the input, and compute it too.
    """

    def __init__(self, net: TwoLayerNet) -> None:
        w1, w2 = (np.ascontiguousarray(net.params[name].T) for name in ("W1", "W2"))
        self.params = {"W1": w1, "b1": net.params["b1"], "W2": w2, "b2": net.params["b2"]}
        self.layers = LayeredNet(len(w1), len(w2), len(net.params["b2"]))
        self.layers.params = self.params

    def loss(self, X: np.ndarray, y: np.ndarray | None = None, reg: float = 0.0) -> Any:  # noqa: N803
        """Return scores, or loss and gradients."""
        self.layers.reg = reg
        return self.layers.loss(X, y)


class Torch:
    """The same training in torch, with L2 as weight decay."""

    def __init__(self, torch: Any, x: np.ndarray, y: np.ndarray) -> None:
        self.torch, self.functional = torch, torch.nn.functional
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(y)
        torch.set_num_threads(int(os.environ["OPENBLAS_NUM_THREADS"]))

    def scores(self, x: Any) -> Any:
        """Return the scores of some samples."""
        w1, b1, w2, b2 = self.params
        hidden = self.functional.relu(self.functional.linear(x, w1, b1))
        return self.functional.linear(hidden, w2, b2)

    def train(self, net: TwoLayerNet) -> float:
        """Train from the net's weights, and return the last loss."""
        torch = self.torch
        self.params = [torch.nn.Parameter(torch.from_numpy(v)) for v in net.params.values()]
        w1, b1, w2, b2 = self.params
        groups = [{"params": [w1, w2], "weight_decay": REG}, {"params": [b1, b2]}]
        optimizer, value = torch.optim.SGD(groups, lr=RATE), 0.0
        for it in range(ITERATIONS):
            rows = torch.from_numpy(np.random.choice(SAMPLES, BATCH))  # noqa: NPY002
            x, y = self.x[rows], self.y[rows]
            optimizer.zero_grad()
            loss = self.functional.cross_entropy(self.scores(x), y)
            with torch.no_grad():
                value = loss.item() + 0.5 * REG * float((w1**2).sum() + (w2**2).sum())
            loss.backward()
            optimizer.step()
            if it % PER_EPOCH == 0:
                self.accuracy(x, y)
                self.accuracy(self.x[:VALIDATION], self.y[:VALIDATION])
                for group in optimizer.param_groups:
                    group["lr"] *= DECAY
        return value

    def accuracy(self, x: Any, y: Any) -> float:
        """Return the fraction of right answers."""
        with self.torch.no_grad():
            return float((self.scores(x).argmax(1) == y).float().mean())


def fresh(dtype: str) -> TwoLayerNet:
    """Return a net, always with the same weights, and the random stream behind them."""
    np.random.seed(0)  # noqa: NPY002
    net = TwoLayerNet(3072, 50, 10)
    net.params = {name: value.astype(dtype) for name, value in net.params.items()}
    return net


def trained(net: TwoLayerNet | Textbook, x: np.ndarray, y: np.ndarray) -> float:
    """Train one of our nets, and return the last loss."""
    stats = net.train(
        x, y, x[:VALIDATION], y[:VALIDATION], learning_rate=RATE, learning_rate_decay=DECAY,
        reg=REG, num_iters=ITERATIONS, batch_size=BATCH,
    )  # fmt: skip
    return float(stats["loss_history"][-1])


def checked(name: str, train: Callable[[], float]) -> Callable[[], None]:
    """Return the training as something to time, which fails if it does not learn as the others."""

    def call() -> None:
        loss = train()
        if abs(loss - LAST_LOSS) > LOSS_BOUND:
            raise ArithmeticError(f"{name} ended at loss {loss}")

    return call


def ways(dtype: str) -> dict[str, Callable[[], None]]:
    """Return every way to train."""
    rng = np.random.default_rng(0)
    x = (60 * rng.standard_normal((SAMPLES, 3072), dtype=np.float32)).astype(dtype)
    y = rng.integers(0, 10, SAMPLES)
    found: dict[str, Callable[[], float]] = {
        "ours": lambda: trained(fresh(dtype), x, y),
        "textbook": lambda: trained(Textbook(fresh(dtype)), x, y),
    }
    try:
        rival = Torch(importlib.import_module("torch"), x, y)
    except ModuleNotFoundError:
        print("torch is not installed: no comparison with it", file=sys.stderr)
    else:
        found["torch"] = lambda: rival.train(fresh(dtype))
    return {name: checked(name, train) for name, train in found.items()}


def rows(rounds: int, dtype: str) -> list[Row]:
    """Return our time against every other way, on one thread and on two."""
    trainings = ways(dtype)
    few = [str(max(1, rounds // 3)), dtype]
    measured = {
        1: interleaved(trainings, rounds),
        2: in_turns(__file__, few, list(trainings), threads=2),
    }
    name = f"training, {ITERATIONS} steps, {dtype}"
    return [
        compare(name, rival, threads, samples, GOALS.get((rival, threads, dtype), 0))
        for threads, samples in measured.items()
        for rival in list(samples)[1:]
    ]


def main() -> None:
    """Print the comparisons; or, for a single way to train, its samples as JSON."""
    parser = argparse.ArgumentParser(description="Time the training of a two-layer net.")
    parser.add_argument("rounds", nargs="?", type=int, default=7)
    parser.add_argument("dtype", nargs="?", choices=["float64", "float32"], default="float64")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    parser.add_argument("--alone", metavar="WAY", help="time one way to train")
    options = parser.parse_args()
    if options.alone:
        way = {options.alone: ways(options.dtype)[options.alone]}
        json.dump(interleaved(way, options.rounds)[options.alone], sys.stdout)
        return
    show(rows(options.rounds, options.dtype), as_json=options.json)


if __name__ == "__main__":
    main()
