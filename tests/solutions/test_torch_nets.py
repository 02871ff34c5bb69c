"""The PyTorch nets agree with the numpy ones, learn, and can be looked at."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from nndl.hand_net import hand_backward, hand_forward, hand_net
from nndl.layers import affine_forward, conv_forward_naive, max_pool_forward_naive
from nndl.neural_net import TwoLayerNet
from nndl.vis_utils import draw_training, visualize_grid

if TYPE_CHECKING:
    from collections.abc import Callable

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")
nets = importlib.import_module("nndl.torch_nets")
twin = importlib.import_module("nndl.hand_twin")
torch.set_num_threads(1)  # for nets as small as these, threads only wait for each other

pytestmark = pytest.mark.usefixtures("figures")

SHAPE = (3, 6, 4)
NETS = {
    "Softmax": {"image_shape": SHAPE, "num_classes": 5},
    "TwoLayerNet": {"image_shape": SHAPE, "num_classes": 5, "hidden_size": 7},
    "ConvNet": {"image_shape": SHAPE, "num_classes": 5, "num_filters": 4, "filter_size": 3},
}


def make(name: str) -> Any:
    torch.manual_seed(0)
    return getattr(nets, name)(**NETS[name]).double()


def batch(count: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.RandomState(0)
    return rng.randn(count, *SHAPE), rng.randint(5, size=count)


def clusters() -> dict[str, np.ndarray]:
    """Return five classes that a linear map tells apart, by noisy copies of one picture each."""
    rng = np.random.RandomState(0)
    centres, y = rng.randn(5, *SHAPE), np.arange(150) % 5
    X = centres[y] + 0.5 * rng.randn(150, *SHAPE)
    return {"X_train": X[:100], "y_train": y[:100], "X_val": X[100:], "y_val": y[100:]}


def arrays(net: Any) -> dict[str, np.ndarray]:
    return {name: value.detach().numpy().copy() for name, value in net.named_parameters()}


def test_softmax_scores_are_one_affine_map() -> None:
    X, _ = batch()
    net = make("Softmax")
    weights = arrays(net)
    wanted = X.reshape(6, -1) @ weights["linear.weight"].T + weights["linear.bias"]
    np.testing.assert_allclose(net(torch.tensor(X)).detach(), wanted, rtol=1e-12)


def test_the_two_layer_net_is_the_numpy_one() -> None:
    X, y = batch()
    net, twin = make("TwoLayerNet"), TwoLayerNet(72, 7, 5)
    names = {"W1": "hidden.weight", "b1": "hidden.bias", "W2": "output.weight", "b2": "output.bias"}
    twin.params = {own: arrays(net)[name] for own, name in names.items()}
    wanted_loss, wanted = twin.loss(X.reshape(6, -1), y, reg=0.3)
    loss = nets.regularized_loss(net, torch.tensor(X), torch.tensor(y), 0.3)
    loss.backward()
    assert loss.item() == pytest.approx(wanted_loss, rel=1e-12)
    for own, name in names.items():
        gradient = dict(net.named_parameters())[name].grad
        np.testing.assert_allclose(gradient, wanted[own], rtol=1e-9, atol=1e-14)
    np.testing.assert_array_equal(nets.predict(net, X), twin.predict(X.reshape(6, -1)))


def test_the_convnet_is_made_of_the_numpy_layers() -> None:
    X, _ = batch()
    net = make("ConvNet")
    w = arrays(net)
    out, _ = conv_forward_naive(X, w["conv.weight"], w["conv.bias"], {"stride": 1, "pad": 1})
    pool = {"pool_height": 2, "pool_width": 2, "stride": 2}
    out, _ = max_pool_forward_naive(np.maximum(out, 0), pool)
    wanted, _ = affine_forward(out, w["output.weight"].T, w["output.bias"])
    np.testing.assert_allclose(net(torch.tensor(X)).detach(), wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", NETS)
def test_one_step_is_gradient_descent_without_decay_of_biases(name: str) -> None:
    X, y = batch()
    net = make(name)
    before = arrays(net)
    loss = nets.regularized_loss(net, torch.tensor(X), torch.tensor(y), 0.2)
    slopes = torch.autograd.grad(loss, list(net.parameters()))
    data_loss = nets.regularized_loss(net, torch.tensor(X), torch.tensor(y), 0.0)
    data_slopes = torch.autograd.grad(data_loss, list(net.parameters()))
    rule = torch.optim.SGD(net.parameters(), lr=0.1)
    for parameter in net.parameters():
        parameter.grad = torch.ones_like(parameter)  # left over from another step
    found = nets.train_step(net, rule, torch.tensor(X), torch.tensor(y), 0.2)
    assert found == pytest.approx(loss.item(), rel=1e-12)
    for (key, value), slope, data_slope in zip(
        arrays(net).items(), slopes, data_slopes, strict=True
    ):
        np.testing.assert_allclose(value, before[key] - 0.1 * slope.numpy(), rtol=1e-10)
        share = 0.2 * before[key] if key.endswith("weight") else np.zeros_like(before[key])
        np.testing.assert_allclose(slope - data_slope, share, atol=1e-12)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("name", NETS)
def test_every_net_learns(name: str, optimizer: str) -> None:
    rate = 0.05 if optimizer == "sgd" else 0.02
    net = make(name)
    stats = nets.train(
        net, clusters(), optimizer, learning_rate=rate, num_epochs=8, batch_size=30, reg=1e-3
    )
    assert [len(values) for values in stats.values()] == [8 * 4, 9, 9]
    assert stats["loss_history"][0] > 1.2
    assert stats["loss_history"][-1] < 0.3
    assert stats["train_acc_history"][0] < 0.6
    assert stats["train_acc_history"][-1] > 0.95
    assert stats["val_acc_history"][-1] > 0.9
    assert stats["val_acc_history"][-1] == nets.accuracy(net, clusters(), "val")


def test_training_is_repeatable_and_the_seed_orders_the_samples() -> None:
    runs = []
    for seed in (0, 0, 1):
        net = make("Softmax")
        stats = nets.train(net, clusters(), num_epochs=2, batch_size=30, seed=seed)
        runs.append(stats["loss_history"])
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_the_first_steps_by_hand() -> None:
    data = clusters()
    net, copy = make("Softmax"), make("Softmax")
    stats = nets.train(
        net, data, learning_rate=0.1, momentum=0.5, learning_rate_decay=0.5, reg=0.1,
        num_epochs=2, batch_size=100,
    )  # fmt: skip
    X, y = torch.tensor(data["X_train"]), torch.tensor(data["y_train"])
    speed = [torch.zeros_like(parameter) for parameter in copy.parameters()]
    for rate, wanted in zip((0.1, 0.05), stats["loss_history"], strict=True):
        loss = nets.regularized_loss(copy, X, y, 0.1)
        assert loss.item() == pytest.approx(wanted, rel=1e-12)
        slopes = torch.autograd.grad(loss, list(copy.parameters()))
        with torch.no_grad():
            for parameter, v, slope in zip(copy.parameters(), speed, slopes, strict=True):
                v.mul_(0.5).add_(slope)
                parameter.sub_(rate * v)
    for name, value in arrays(net).items():
        np.testing.assert_allclose(value, arrays(copy)[name], rtol=1e-9, atol=1e-14)


def test_an_epoch_sees_each_sample_once() -> None:
    seen: list[float] = []

    class Spy(nets.Softmax):  # type: ignore[misc, name-defined, unused-ignore]
        def forward(self, X: Any) -> Any:
            if self.training:
                seen.extend(X[:, 0, 0, 0].tolist())
            return super().forward(X)

    data = clusters()
    nets.train(Spy(**NETS["Softmax"]).double(), data, num_epochs=1, batch_size=30)
    assert sorted(seen) == sorted(data["X_train"][:, 0, 0, 0])
    assert seen != list(data["X_train"][:, 0, 0, 0])


def test_verbose_training_prints_a_line_for_each_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    nets.train(make("Softmax"), clusters(), num_epochs=2, verbose=True)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["epoch 1 / 2", "epoch 2 / 2"]


@pytest.mark.parametrize("training", [True, False])
def test_predict_works_in_parts_and_leaves_the_mode_alone(training: bool) -> None:  # noqa: FBT001
    X, _ = batch(7)
    net = make("ConvNet").train(training)
    wanted = net(torch.tensor(X)).argmax(dim=1).numpy()
    np.testing.assert_array_equal(nets.predict(net, X, batch_size=3), wanted)
    assert net.training is training


def test_images_may_be_bytes() -> None:
    data = {name: (value * 20 + 128).clip(0, 255).astype(np.uint8) if name[0] == "X" else value
            for name, value in clusters().items()}  # fmt: skip
    stats = nets.train(make("Softmax").float(), data, learning_rate=1e-5, num_epochs=1)
    assert np.isfinite(stats["loss_history"]).all()


@pytest.mark.parametrize("name", NETS)
def test_the_first_layer_as_pictures(name: str) -> None:
    net = make(name)
    figure = nets.draw_first_layer(net)
    weight = next(iter(arrays(net).values()))
    channels_last = weight.reshape(len(weight), 3, *weight.shape[2:] or SHAPE[1:])
    wanted = visualize_grid(channels_last.transpose(0, 2, 3, 1)).astype(np.uint8)
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), wanted)
    assert figure.get_suptitle().startswith("Filters" if name == "ConvNet" else "Weights")


def test_curves_take_the_history() -> None:
    stats = nets.train(make("Softmax"), clusters(), num_epochs=2)
    top, bottom = draw_training(**stats).axes
    assert np.asarray(top.lines[0].get_ydata()).tolist() == stats["loss_history"]
    assert np.asarray(bottom.lines[1].get_ydata()).tolist() == stats["val_acc_history"]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_hand_nets_twin_has_the_same_gradients(dtype: str) -> None:
    params, x0, y = hand_net()
    wanted = {**hand_backward(params, x0, y), "loss": hand_forward(params, x0, y)["loss"]}
    net = twin.HandNet(getattr(torch, dtype))
    found = twin.hand_gradients(net)
    assert set(found) == {"loss", *params}
    for name, value in found.items():
        assert value.dtype == dtype
        assert value.shape == wanted[name].shape
        np.testing.assert_allclose(value, wanted[name], rtol=1e-12 if dtype == "float64" else 2e-6)
    assert arrays(net)["l1.weight"].shape == (2, 2)
    assert arrays(net)["l2.weight"].shape == (1, 2)


def test_torch_prints_the_homeworks_digits() -> None:
    found = twin.hand_gradients(twin.HandNet())
    printed = {
        "loss": "0.2748", "b1": "[0.01336792 0.01499607]", "b2": "[0.13849856]",
        "W1": "[[0.0006684 0.00133679] [0.0007498 0.00149961]]",
        "W2": "[[0.08216704 0.08266763]]",
    }  # fmt: skip
    assert f"{found.pop('loss'):.4f}" == printed.pop("loss")
    for name, text in printed.items():
        assert " ".join(str(found[name]).split()).replace("[ ", "[") == text


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda net: nets.train(net, clusters(), "adagrad"), "no optimizer 'adagrad'"),
        (lambda net: nets.train(net, clusters(), batch_size=0), "at least 1, not 0"),
        (lambda net: nets.train(net, {"X_train": net}), r"lack \['X_val', 'y_train', 'y_val'\]"),
        (
            lambda net: nets.train(net, clusters() | {"y_train": np.zeros(99, int)}),
            "100 training images, but 99 labels",
        ),
        (lambda _: nets.ConvNet(filter_size=4), "must be odd"),
        (lambda _: nets.ConvNet(image_shape=(3, 32, 31)), "needs an even size, not 32 x 31"),
    ],
)
def test_misuse(call: Callable[[Any], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(make("Softmax"))
