"""The pictures of course.md: one for each assignment, drawn by what its students write.

    python docs/pictures.py [FOLDER]

The same bytes come out every time, on one machine with one matplotlib.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "solutions"), str(ROOT)]

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from nndl import optim
from nndl.autodiff import evaluate, exponential_graph, jacobian, numeric_jacobian
from nndl.calculus import autoencoder_gradient, autoencoder_loss
from nndl.classifiers.convnet import init_two_layer_convnet, two_layer_convnet
from nndl.classifiers.knn import KNN
from nndl.classifiers.linear_classifier import Softmax
from nndl.classifiers.linear_svm import LinearSVM
from nndl.descent import counter_example
from nndl.fc_net import FullyConnectedNet
from nndl.hand_net import hand_net
from nndl.layers import conv_forward_naive
from nndl.net_picture import draw_net
from nndl.neural_net import TwoLayerNet
from nndl.solver import Solver
from nndl.vis_utils import image_filters

from gradlab import Ramp, Staircase

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

__all__ = ["PICTURES", "SIZE", "write"]

SIZE = (480, 270)  # pixels
DOTS = 100  # pixels per inch
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")  # for all eyes
SETTINGS: Any = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.family": "DejaVu Sans",  # comes with matplotlib
}


def panels(*titles: str) -> tuple[Figure, list[Axes]]:
    """Return a figure with axes side by side."""
    figure = Figure(figsize=(SIZE[0] / DOTS, SIZE[1] / DOTS), dpi=DOTS, layout="constrained")
    FigureCanvasAgg(figure)
    axes = np.atleast_1d(figure.subplots(1, len(titles))).tolist()
    for each, title in zip(axes, titles, strict=True):
        each.set_title(title)
    return figure, axes


def clouds(count: int, spread: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return points (count * 20, 2) around points on a circle, and their labels."""
    random, y = np.random.RandomState(seed), np.repeat(np.arange(count), 20)
    angles = 2 * np.pi * np.arange(count) / count + 0.5
    centres = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return centres[y] + spread * random.randn(len(y), 2), y


def grid(reach: float = 4, steps: int = 120) -> np.ndarray:
    """Return the points of a square grid, shape (steps * steps, 2)."""
    line = np.linspace(-reach, reach, steps)
    return np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)


def regions(
    axes: Axes, colours: np.ndarray, X: np.ndarray, y: np.ndarray, *, reach: float = 4
) -> None:
    """Show colours (or labels) of the grid's points, and samples on top."""
    side = int(np.sqrt(len(colours)))
    palette = ListedColormap(COLOURS[: y.max() + 1])
    shown = colours.reshape(side, side, *colours.shape[1:])
    limits = {"vmin": -0.5, "vmax": y.max() + 0.5} if colours.ndim == 1 else {}
    extent = (-reach, reach, -reach, reach)
    alpha = 0.35 if colours.ndim == 1 else None
    axes.imshow(shown, origin="lower", extent=extent, cmap=palette, alpha=alpha, **limits)
    axes.scatter(X[:, 0], X[:, 1], c=np.array(COLOURS)[y], s=7, edgecolors="white", linewidths=0.4)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach))
    axes.set_axis_off()


def with_bias(X: np.ndarray) -> np.ndarray:
    """Return samples as columns, a row of ones below."""
    return np.vstack([X.T, np.ones(len(X))])


def mixed(shares: np.ndarray) -> np.ndarray:
    """Return the classes' colours mixed by shares, shape (points, classes)."""
    rgb = np.array([mpl.colors.to_rgb(colour) for colour in COLOURS[: shares.shape[1]]])
    mixture: np.ndarray = 0.35 * shares @ rgb + 0.65
    return mixture


def plain(axes: Axes, x: str, y: str) -> None:
    """Label axes."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def knn() -> Figure:
    """The nearest neighbour, and the vote of fifteen."""
    X, y = clouds(4, 1.1, 1)
    figure, axes = panels("k = 1", "k = 15")
    classifier = KNN()
    classifier.train(X, y)
    dists = classifier.compute_L2_distances_vectorized(grid())
    for each, k in zip(axes, (1, 15), strict=True):
        regions(each, classifier.predict_labels(dists, k), X, y)
    return figure


def backprop_by_hand() -> Figure:
    """The net whose gradients are worked out by hand."""
    params, x0, _ = hand_net()
    figure: Figure = draw_net(params, x0)
    figure.set_size_inches(SIZE[0] / DOTS, SIZE[1] / DOTS)
    figure.set_dpi(DOTS)
    return figure


def softmax() -> Figure:
    """Probabilities of three classes as mixed colours."""
    X, y = clouds(3, 0.9, 2)
    np.random.seed(0)
    classifier = Softmax()
    losses = classifier.train(with_bias(X), y, learning_rate=0.3, reg=1e-3, num_iters=120)
    scores = (classifier.W @ with_bias(grid())).T
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    figure, axes = panels("probabilities", "loss")
    regions(axes[0], mixed(shares / shares.sum(axis=1, keepdims=True)), X, y)
    axes[1].plot(losses, color=COLOURS[0])
    plain(axes[1], "step", "")
    return figure


def svm() -> Figure:
    """Where every margin is met (coloured), and where one is missed (white)."""
    X, y = clouds(3, 0.7, 3)
    np.random.seed(0)
    classifier = LinearSVM()
    losses = classifier.train(with_bias(X), y, learning_rate=0.1, reg=1e-2, num_iters=150)
    scores = np.sort((classifier.W @ with_bias(grid())).T, axis=1)
    labels = classifier.predict(with_bias(grid()))
    lead = np.clip(scores[:, -1] - scores[:, -2], 0, 1)[:, None]
    figure, axes = panels("lead over the second, up to 1", "loss")
    regions(axes[0], 1 - lead * (1 - mixed(np.eye(3)[labels])), X, y)
    axes[1].plot(losses, color=COLOURS[0])
    plain(axes[1], "step", "")
    return figure


def matrix_calculus() -> Figure:
    """The loss of an autoencoder of one hidden unit, and the way down."""
    x, line = np.array([1.0, 0.6]), np.linspace(-1.6, 1.6, 60)
    values = [[autoencoder_loss(np.array([[a, b]]), x) for a in line] for b in line]
    figure, (axes,) = panels("half the squared error of WᵀWx, and its gradient")
    levels = np.geomspace(0.01, 12, 14)
    axes.contourf(line, line, values, levels=levels, cmap="Blues", extend="both", norm="log")
    arrows = np.linspace(-1.4, 1.4, 11)
    ways = np.array(
        [[-autoencoder_gradient(np.array([[a, b]]), x)[0] for a in arrows] for b in arrows]
    )
    ways /= np.linalg.norm(ways, axis=2, keepdims=True) + 0.3
    axes.quiver(arrows, arrows, ways[..., 0], ways[..., 1], color="#333333", width=0.004)
    axes.set_aspect("equal")
    plain(axes, "W₁", "W₂")
    return figure


def gradient_descent() -> Figure:
    """The two terms of the counter-example, their sum, and steps of one term from its minimum."""
    w = np.linspace(-1, 2, 61)
    values = np.array([counter_example(each)[0] for each in w])
    figure, (axes,) = panels("a step down one term raises the sum")
    for column, name in enumerate(("(w - 2)² / 2", "(w + 1)² / 2")):
        axes.plot(w, values[:, column], color=COLOURS[column], label=name)
    axes.plot(w, values.sum(axis=1), color="#333333", label="their sum")
    start, rate = 0.5, 0.4
    for slope, colour in zip(counter_example(start)[1], COLOURS, strict=False):
        there = start - rate * slope
        ends = [(each, sum(counter_example(each)[0])) for each in (start, there)]
        arrow = {"arrowstyle": "->", "color": colour, "linewidth": 1.5}
        axes.annotate("", xytext=ends[0], xy=ends[1], arrowprops=arrow)
    axes.legend(frameon=False)
    plain(axes, "w", "")
    return figure


def autodiff() -> Figure:
    """How wrong differences are: too long a step is no better than too short a one."""
    steps = np.geomspace(1e-11, 1e-1, 41)
    figure, axes = panels("forward difference", "central difference")
    for k, colour in ((1, COLOURS[0]), (2, COLOURS[1])):
        graph, point = exponential_graph(k), np.array([1.0, 2.0])
        exact = jacobian(graph, {"w1": 1.0, "w2": 2.0}, ["f1"])[0, 1]

        def f(w: np.ndarray, graph: Any = graph) -> np.ndarray:
            return np.array([evaluate(graph, dict(zip(("w1", "w2"), w, strict=True)))["f1"]])

        for each, scheme in zip(axes, ("forward", "central"), strict=True):
            found = np.array([numeric_jacobian(f, point, h, scheme)[0, 1] for h in steps])
            each.loglog(steps, np.abs(found / exact - 1), color=colour, label=f"exp({k} w₂)")
    for each in axes:
        each.axvline(0.01, color="#999999", linewidth=0.8, linestyle="--")
        each.set_ylim(1e-11, 30)
        plain(each, "step", "")
    axes[0].set_ylabel("relative error")
    axes[1].legend(frameon=False)
    return figure


def layers() -> Figure:
    """A picture, and what a convolution with two filters makes of it."""
    y, x = np.mgrid[-1:1:60j, -1:1:60j]
    waves = [np.cos(9 * np.hypot(x - dx, y)) * (np.hypot(x, y) < 0.9) for dx in (-0.25, 0, 0.25)]
    picture = 127.5 + 127.5 * np.array(waves)
    w, b = image_filters()
    out, _ = conv_forward_naive(picture[None], w, b, {"stride": 1, "pad": 1})
    figure, axes = panels("an image", "grey", "horizontal edges")
    for each, shown in zip(axes, (picture.transpose(1, 2, 0) / 255, *out[0]), strict=True):
        each.imshow(shown[1:-1, 1:-1], cmap="gray")
        each.set_axis_off()
    return figure


def two_layer_net() -> Figure:
    """Three spirals told apart by a net with fifty hidden units."""
    random, y = np.random.RandomState(4), np.repeat(np.arange(3), 60)
    radius = np.tile(np.linspace(0.2, 3.6, 60), 3)
    angle = radius * 1.1 + 2 * np.pi * y / 3 + 0.12 * random.randn(180)
    X = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    np.random.seed(0)
    net = TwoLayerNet(2, 50, 3, std=0.5)
    options: dict[str, Any] = {
        "learning_rate_decay": 1.0,
        "reg": 1e-4,
        "num_iters": 4000,
        "batch_size": 60,
    }
    history = net.train(X, y, X, y, learning_rate=0.15, **options)["loss_history"]
    figure, axes = panels("three spirals", "loss of the mini-batches")
    regions(axes[0], net.predict(grid()), X, y)
    axes[1].plot(history[::20], color=COLOURS[0], linewidth=0.8)
    axes[1].set_yscale("log")
    plain(axes[1], "step / 20", "")
    return figure


def optimisers() -> Figure:
    """Four rules on their way through a valley."""
    slopes = np.array([1.0, 50.0])
    rules = {
        "sgd": (optim.sgd, {"learning_rate": 0.036}),
        "momentum": (optim.sgd_momentum, {"learning_rate": 0.008}),
        "rmsprop": (optim.rmsprop, {"learning_rate": 0.03}),
        "adam": (optim.adam, {"learning_rate": 0.15}),
    }
    figure, (axes,) = panels("forty steps through (x² + 50 y²) / 2")
    x, y = np.meshgrid(np.linspace(-3.2, 1.2, 80), np.linspace(-0.9, 0.9, 60))
    values = (x**2 + 50 * y**2) / 2
    axes.contour(x, y, values, levels=np.geomspace(0.05, 25, 9), colors="#bbbbbb", linewidths=0.6)
    for (name, (rule, config)), colour in zip(rules.items(), COLOURS, strict=False):
        w = np.array([-3.0, 0.6])
        path = [w]
        for _ in range(40):
            w, config = rule(w, slopes * w, config)  # noqa: PLW2901 - the rule's own memory
            path.append(w)
        axes.plot(*np.transpose(path), ".-", color=colour, markersize=2, linewidth=0.9, label=name)
    axes.legend(frameon=False, loc="lower right")
    return figure


def fully_connected() -> Figure:
    """Fifty samples learnt nearly by heart by nets of three depths; validation cannot follow."""
    random = np.random.RandomState(0)
    X, y = random.randn(250, 20), random.randint(0, 5, 250)
    data = {"X_train": X[:50], "y_train": y[:50], "X_val": X[50:], "y_val": y[50:]}
    figure, axes = panels("training accuracy", "validation accuracy")
    for hidden, colour in (([100], COLOURS[0]), ([100, 100], COLOURS[1]), ([50] * 4, COLOURS[2])):
        np.random.seed(0)
        net = FullyConnectedNet(hidden, 20, 5, weight_scale=0.15, dtype=np.float64)
        options = {"batch_size": 25, "num_epochs": 30, "verbose": False}
        solver = Solver(net, data, optim_config={"learning_rate": 0.1}, **options)
        solver.train()
        histories = (solver.train_acc_history, solver.val_acc_history)
        for each, history in zip(axes, histories, strict=True):
            each.plot(history, color=colour, label=f"{len(hidden) + 1} layers")
    for each in axes:
        each.set_ylim(0, 1.03)
        plain(each, "epoch", "")
    axes[1].legend(frameon=False)
    return figure


def stripes(count: int, random: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Return images (count, 1, 12, 12) of noisy stripes in four directions, and their labels."""
    y, x = np.mgrid[:12, :12]
    labels = random.randint(0, 4, count)
    phases = random.uniform(0, 2 * np.pi, count)[:, None, None]
    across = np.stack([x, y, x + y, x - y])[labels]
    images = np.cos(2 * np.pi * across / np.where(labels > 1, 5.6, 4)[:, None, None] + phases)
    return (images + 0.2 * random.randn(count, 12, 12))[:, None], labels


def convnet() -> Figure:
    """Stripes in four directions, and the filters that tell them apart."""
    X, y = stripes(400, np.random.RandomState(0))
    np.random.seed(1)
    model = init_two_layer_convnet(0.05, 0, (1, 12, 12), 4, num_filters=8, filter_size=5)
    for start in range(0, 16_000, 40):
        rows = np.arange(start, start + 40) % 400
        _, grads = two_layer_convnet(X[rows], model, y[rows], reg=0.02)
        for name in model:
            model[name] = model[name] - 0.1 * grads[name]
    figure, (axes,) = panels("four kinds of images, and eight filters that a ConvNet learned")
    firsts = [int(np.argmax(y == label)) for label in range(4)]
    top, bottom = np.full((13, 8 * 13), np.nan), np.full((13, 8 * 13), np.nan)
    for at, index in enumerate(firsts):
        top[:12, 26 * at + 7 : 26 * at + 19] = X[index, 0] / np.abs(X[index]).max()
    for at, weights in enumerate(model["W1"][:, 0]):
        big = np.kron(weights / np.abs(weights).max(), np.ones((2, 2)))
        bottom[1:11, 13 * at + 1 : 13 * at + 11] = big
    axes.imshow(np.vstack([top, bottom]), cmap="RdBu", vmin=-1, vmax=1)
    axes.set_axis_off()
    return figure


def pytorch() -> Figure:
    """What the three nets do with an image, and how many numbers each of them learns."""
    nets = {
        "softmax": [("3 x 32 x 32", 0), ("10", 3072 * 10 + 10)],
        "two layers": [("3 x 32 x 32", 0), ("50", 3072 * 50 + 50), ("10", 50 * 10 + 10)],
        "ConvNet": [
            ("3 x 32 x 32", 0),
            ("32 x 32 x 32", 32 * 3 * 25 + 32),
            ("32 x 16 x 16", 0),
            ("10", 8192 * 10 + 10),
        ],
    }
    figure, (axes,) = panels("an image's way through three nets; above the arrows: learned numbers")
    for row, (name, stages) in enumerate(nets.items()):
        axes.text(-0.95, -row, name, va="center", weight="bold")
        for at, (shape, numbers) in enumerate(stages):
            box = {"boxstyle": "round", "facecolor": COLOURS[row], "alpha": 0.35, "linewidth": 0}
            axes.text(at, -row, shape, ha="center", va="center", bbox=box)
            if at:
                arrow = {"arrowstyle": "->", "color": "#333333"}
                axes.annotate("", xytext=(at - 0.62, -row), xy=(at - 0.36, -row), arrowprops=arrow)
                text = f"{numbers:,}" if numbers else "pool"
                axes.text(at - 0.5, 0.22 - row, text, ha="center", fontsize=7)
    axes.set(xlim=(-1, 3.4), ylim=(-2.5, 0.6))
    axes.set_axis_off()
    return figure


def open_ended() -> Figure:
    """Two ways from an accuracy to a share of the points."""
    figure, (axes,) = panels("what an accuracy earns")
    percents = np.arange(200, 601)
    for curve, colour in ((Staircase(28, 50), COLOURS[0]), (Ramp(28, 50), COLOURS[1])):
        earned = [float(curve.credit(Fraction(int(each), 1000))) for each in percents]
        axes.plot(percents / 10, earned, color=colour, label=type(curve).__name__.lower())
    axes.legend(frameon=False)
    plain(axes, "accuracy in percent", "share of the points")
    return figure


PICTURES: dict[str, Callable[[], Figure]] = {
    function.__name__: function
    for function in (
        knn,
        backprop_by_hand,
        softmax,
        svm,
        two_layer_net,
        layers,
        fully_connected,
        optimisers,
        convnet,
        autodiff,
        matrix_calculus,
        gradient_descent,
        pytorch,
        open_ended,
    )
}


def write(name: str, folder: Path) -> Path:
    """Draw one picture; return its path."""
    path = folder / f"{name}.png"
    with mpl.rc_context(SETTINGS):
        figure = PICTURES[name]()
        # What a file says of its maker would change with every version.
        figure.savefig(path, dpi=DOTS, metadata={"Software": None})
        plt.close(figure)
    return path


def main(folder: Path) -> None:
    """Draw all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in PICTURES:
        print(write(name, folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "course")
