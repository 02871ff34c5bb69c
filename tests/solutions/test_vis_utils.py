"""Pictures and curves: what they show, where, and under which name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from nndl import vis_utils
from nndl.layers import conv_forward_naive
from nndl.vis_utils import (
    draw_accuracies,
    draw_filters,
    draw_image_filters,
    draw_loss,
    draw_samples,
    draw_templates,
    draw_training,
    draw_weights,
    image_filters,
    square_picture,
    visualize_grid,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

pytestmark = pytest.mark.usefixtures("figures")

CURVES = {
    "loss_history": [2.3, 2.0, 1.5, 1.2],
    "train_acc_history": [0.1, 0.4, 0.6],
    "val_acc_history": [0.1, 0.35, 0.5],
}


def pictures_in(figure: Figure) -> list[np.ndarray]:
    figure.canvas.draw()
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes]


def heights(line: Line2D) -> list[float]:
    return [float(y) for y in np.asarray(line.get_ydata())]


def titles_in(figure: Figure) -> list[str]:
    return [axes.get_title() for axes in figure.axes]


def test_the_module_needs_numpy_alone() -> None:
    package = str(Path(vis_utils.__file__).parents[1])
    code = (
        "import sys; sys.modules['matplotlib'] = None; sys.path.insert(0, sys.argv[1]); "
        "import nndl.vis_utils, nndl.graph_picture; print('imported')"
    )
    command = [sys.executable, "-c", code, package]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "imported\n"


def test_samples_stand_in_the_column_of_their_class() -> None:
    y = np.array([0, 0, 0, 2, 2, 1])
    X = np.broadcast_to(10 * (y[:, None, None, None] + 1), (6, 4, 5, 3)).astype(float)
    figure = draw_samples(X, y, ["cat", "dog", "ship"], per_class=2)
    (page,) = pictures_in(figure)
    assert page.shape == (2 * 6, 3 * 7, 3)
    cells = page.reshape(2, 6, 3, 7, 3).transpose(0, 2, 1, 3, 4)  # row, class, pixels
    for label, count in enumerate([2, 1, 2]):
        for row in range(2):
            inner = cells[row, label, 1:-1, 1:-1]
            assert (inner == (10 * (label + 1) if row < count else 255)).all()
    labels = figure.axes[0].get_xticklabels()
    assert [label.get_text() for label in labels] == ["cat", "dog", "ship"]
    np.testing.assert_allclose(figure.axes[0].get_xticks(), [3, 10, 17])


def test_samples_are_different_ones_and_the_seed_chooses() -> None:
    X = np.arange(100.0).reshape(100, 1, 1, 1) * np.ones((1, 2, 2, 3))
    y = np.zeros(100, int)
    pages = [pictures_in(draw_samples(X, y, ["all"], 10, seed))[0] for seed in (0, 0, 1)]
    shown = pages[0].reshape(10, 4, 4, 3)[:, 1, 1, 0]
    assert len(set(shown.tolist())) == 10
    np.testing.assert_array_equal(pages[0], pages[1])
    assert (pages[0] != pages[2]).any()


def test_weights_become_a_grid_of_rows() -> None:
    W = np.random.RandomState(0).randn(5, 4 * 4 * 3)
    (shown,) = pictures_in(draw_weights(W, (4, 4, 3), "Best net"))
    wanted = visualize_grid(W.reshape(5, 4, 4, 3), padding=3).astype(np.uint8)
    np.testing.assert_array_equal(shown, wanted)
    assert draw_weights(W, (4, 4, 3), "Best net").get_suptitle() == "Best net"


@pytest.mark.parametrize("count", [3, 10])
def test_templates_carry_their_classes_names(count: int) -> None:
    W = np.random.RandomState(0).randn(count, 12)
    names = [f"class {number}" for number in range(count)]
    figure = draw_templates(W, names, (2, 2, 3))
    assert titles_in(figure) == names
    for shown, row in zip(pictures_in(figure), W, strict=True):
        wanted = (255 * (row - row.min()) / (row.max() - row.min())).reshape(2, 2, 3)
        np.testing.assert_allclose(shown, wanted, atol=1)  # pixels are whole numbers


def test_an_odd_number_of_templates_leaves_an_empty_cell() -> None:
    figure = draw_templates(np.random.RandomState(0).randn(7, 12), list("abcdefg"), (2, 2, 3))
    assert titles_in(figure) == [*"abcdefg", ""]
    assert not figure.axes[7].axison


@pytest.mark.parametrize("channels", [1, 3])
def test_filters_move_their_channels_last(channels: int) -> None:
    W = np.random.RandomState(0).randn(4, channels, 5, 3)
    figure = draw_filters(W)
    (shown,) = pictures_in(figure)
    assert figure.axes[0].images[0].get_clim() == (0, 255)
    wanted = visualize_grid(W.transpose(0, 2, 3, 1)).astype(np.uint8)
    np.testing.assert_array_equal(shown, wanted if channels == 3 else wanted[:, :, 0])


@pytest.mark.parametrize(("dots", "style"), [(False, "-"), (True, "None")])
def test_the_loss_is_a_line_or_dots(dots: bool, style: str) -> None:  # noqa: FBT001
    (axes,) = draw_loss(CURVES["loss_history"], dots=dots).axes
    (line,) = axes.lines
    assert heights(line) == CURVES["loss_history"]
    assert line.get_linestyle() == style
    assert (line.get_marker() == ".") is dots
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("iteration", "loss")


@pytest.mark.parametrize("goal", [None, 0.5])
def test_accuracies_have_names_and_differ_not_only_in_colour(goal: float | None) -> None:
    train, val = CURVES["train_acc_history"], CURVES["val_acc_history"]
    (axes,) = draw_accuracies(train, val, goal).axes
    assert heights(axes.lines[0]) == train
    assert heights(axes.lines[1]) == val
    assert len({line.get_linestyle() for line in axes.lines}) == len(axes.lines)
    legend = axes.get_legend()
    assert legend is not None
    names = ["training", "validation", *(["goal 0.5"] if goal else [])]
    assert [text.get_text() for text in legend.get_texts()] == names
    assert all(tick == int(tick) for tick in axes.get_xticks())


def test_training_takes_what_train_returns() -> None:
    figure = draw_training(**CURVES, goal=0.4, dots=True)
    assert titles_in(figure) == ["Loss", "Accuracy"]
    top, bottom = figure.axes
    assert [len(top.lines), len(bottom.lines)] == [1, 3]
    assert heights(bottom.lines[2]) == [0.4, 0.4]
    assert top.lines[0].get_marker() == "."


def test_image_filters_give_grey_and_horizontal_edges() -> None:
    rng = np.random.RandomState(0)
    images = rng.rand(2, 3, 6, 5) * 255
    images[0, 2] = 10 * np.arange(6)[:, None]  # blue gets brighter downwards: no bright-above-dark
    images[1, 2] = 10 * np.arange(5)[None, :]  # or to the right: no horizontal edge
    w, b = image_filters()
    filtered, _ = conv_forward_naive(images, w, b, {"stride": 1, "pad": 1})
    grey = 0.3 * images[:, 0] + 0.6 * images[:, 1] + 0.1 * images[:, 2]
    np.testing.assert_allclose(filtered[:, 0], grey)
    np.testing.assert_allclose(filtered[0, 1, 1:-1, 1:-1], 128 - 4 * 20)
    np.testing.assert_allclose(filtered[1, 1, 1:-1], 128)


def test_the_panel_shows_pictures_beside_their_results() -> None:
    rng = np.random.RandomState(0)
    images, filtered = rng.rand(2, 3, 6, 5) * 255, rng.randn(2, 2, 6, 5)
    filtered[:, :, 0] = 1e6  # what the padding causes does not set the scale
    figure = draw_image_filters(images, filtered)
    assert titles_in(figure) == ["Original", "Grey", "Horizontal edges", "", "", ""]
    shown = pictures_in(figure)
    assert {axes.images[0].get_clim() for axes in figure.axes} == {(0, 255)}
    for row in (0, 1):
        original, grey, edges = shown[3 * row : 3 * row + 3]
        np.testing.assert_array_equal(original, images[row].transpose(1, 2, 0).astype(np.uint8))
        for picture, values in ((grey, filtered[row, 0]), (edges, filtered[row, 1])):
            assert (picture.min(), picture.max()) == (0, 255)
            inner = values[1:-1, 1:-1]
            assert picture.argmax() == inner.argmax()
            assert picture.shape == inner.shape


def test_the_middle_square_of_a_picture() -> None:
    picture = np.arange(4 * 8 * 3.0).reshape(4, 8, 3)
    np.testing.assert_allclose(square_picture(picture, 4), picture[:, 2:6])
    np.testing.assert_allclose(square_picture(picture.transpose(1, 0, 2), 4).transpose(1, 0, 2),
                               picture[:, 2:6])  # fmt: skip


@pytest.mark.parametrize("size", [1, 3, 7, 20])
def test_a_ramp_stays_a_ramp_at_another_size(size: int) -> None:
    ramp = np.linspace(0, 1, 7)[:, None, None] * np.ones((1, 7, 2))
    found = square_picture(ramp, size)
    assert found.shape == (size, size, 2)
    middles = np.clip(((np.arange(size) + 0.5) * 7 / size - 0.5) / 6, 0, 1)
    np.testing.assert_allclose(found, middles[:, None, None] * np.ones((1, size, 2)), atol=1e-12)
    np.testing.assert_allclose(
        square_picture(ramp.transpose(1, 0, 2), size), found.transpose(1, 0, 2)
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda z: draw_samples(z(2, 4, 4, 1), z(2), ["a"]), "height, width, 3"),
        (lambda z: draw_samples(z(2, 4, 4, 3), z(3), ["a"]), "height, width, 3"),
        (lambda z: draw_samples(z(2, 4, 4, 3), z(2) + 1, ["a"]), "need names; there are 1"),
        (lambda z: draw_weights(z(5, 13), (2, 2, 3)), "column of the bias"),
        (lambda z: draw_weights(z(12, 5), (2, 2, 3)), r"pass W\.T"),
        (lambda z: draw_weights(z(5, 10), (2, 2, 3)), "look at picture_shape"),
        (lambda z: draw_templates(z(5, 12), ["a"], (2, 2, 3)), "5 rows, but there are 1 classes"),
        (lambda z: draw_filters(z(5, 2, 3, 3)), "1 or 3 channels"),
        (lambda z: draw_filters(z(5, 27)), "1 or 3 channels"),
        (lambda z: draw_image_filters(z(2, 6, 5, 3), z(2, 2, 6, 5)), "images must be"),
        (lambda z: draw_image_filters(z(2, 3, 2, 5), z(2, 2, 2, 5)), "images must be"),
        (lambda z: draw_image_filters(z(2, 3, 6, 5), z(2, 2, 5, 4)), "filtered must be"),
        (lambda z: square_picture(z(4, 4)), "No picture"),
        (lambda z: square_picture(z(0, 4, 3)), "No picture"),
        (lambda z: square_picture(z(4, 4, 3), 0), "No picture"),
    ],
)
def test_misuse(call: Callable[[Callable[..., np.ndarray]], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(lambda *shape: np.zeros(shape))


@pytest.mark.parametrize("shape", [(4, 4, 3), (0, 4, 4, 3)])
def test_a_grid_needs_pictures(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"must be pictures \(N, height, width, channels\)"):
        visualize_grid(np.zeros(shape))
