"""Hidden checks of the nets in PyTorch: labels for new images, and, where asked for, the nets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradlab import Ramp, Staircase, Suite

if TYPE_CHECKING:
    from autograder.credit import Curve
    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Remote, Student

suite = Suite("pytorch")

TORCH = ["torch"]  # `preload` in assignment.toml; without it these checks do not exist
IMAGE = (3, 6, 4)  # not square, so that height and width cannot be mistaken for each other
CLASSES = 5
# Of hidden_images.npz, in order. They stand here and nowhere else: `open_ended/make_hidden.py`
# draws both anew, from a seed that it forgets. No worker ever gets them.
HIDDEN_LABELS = """
4571844836459371697045445698535848968938717224248724837527785498936004691369511866401653284502328637
5086790043569732311673854855208096829625178912045230574118669416604288307755920699275081198136332282
0333983792561620865662208824412119328711074957105074624307872320991546051175154001565592499446188787
9876933267791338428776992394262976403610602882345966379609305807039497347287012500912650659250815112
0534044038104975417638578925627457549921578963399645983730460758980291419962548006663381832040691508
1599530774705990721041654213712441206665666121755436207282866471324617743750237241376381473099994750
6371990126006961786159984157202855649379313885751353798230794136637964690284222017804843056164576252
8787453454591357901593448752480347401159088496794367218094775018481678894022618008134484543205077980
7726961328612365145579306365307985043096990479316359815021615280023464033251243021144983828163386357
8348564881559177800755623268011842255112599769350020924233088705032338311119872262479734111126237297
"""
LABELS = np.array([int(digit) for digit in "".join(HIDDEN_LABELS.split())])


def judge_labels(student: Student, expect: Expect, file: str, curve: Curve) -> float:
    """Judge labels of the hidden images, which the grader alone knows; return the right share."""
    right = int(np.sum(student.labels(file, len(LABELS), 10) == LABELS))
    expect.earns("accuracy on the hidden images", right, len(LABELS), curve)
    return right / len(LABELS)


@suite.check(points=3, question="softmax")
def softmax_labels(student: Student, expect: Expect) -> None:
    """softmax.npy is right for new images, whose labels nobody has"""
    judge_labels(student, expect, "softmax.npy", Ramp(20, 40))


@suite.check(points=3, question="two_layer")
def two_layer_labels(student: Student, expect: Expect) -> None:
    """two_layer.npy is right for new images, whose labels nobody has"""
    judge_labels(student, expect, "two_layer.npy", Ramp(28, 50))


@suite.check(points=3, question="convnet")
def convnet_labels(student: Student, expect: Expect) -> None:
    """convnet.npy is right for new images, whose labels nobody has"""
    judge_labels(student, expect, "convnet.npy", Ramp(28, 45))


@suite.check(points=2, question="further", bonus=True)
def best_labels(student: Student, expect: Expect) -> None:
    """A bonus of one point for each whole percent above 56 % in best.npy, up to 58 %"""
    share = judge_labels(student, expect, "best.npy", Staircase(56, 58))
    expect.leaderboard("accuracy", share)


def tensor(student: Student, array: np.ndarray) -> Any:
    """Return a tensor in the student's process: float64, or int64 for labels."""
    return student.torch_nets.torch.tensor(array)


def values(remote: Any) -> np.ndarray:
    """Return a copy of a tensor."""
    return np.asarray(remote.detach().numpy())


def judge_net(
    student: Student, expect: Expect, draw: Draw, net: Remote, sizes: dict[str, tuple[int, ...]]
) -> None:
    """Ask for the shapes of a net's parameters, then for its scores with other parameters.

    Biases that are not zero, float64, and sizes that differ show what is left out or turned over.
    """
    net.double()
    for name, shape in sizes.items():
        layer, kind = name.split(".")
        parameter = getattr(getattr(net, layer), kind)
        found = np.array(np.shape(values(parameter)))
        expect.close(
            {f"shape of {name}": found}, share=0.25, wanted={f"shape of {name}": shape}, max_abs=0
        )
        parameter.data = tensor(student, draw.normal(*shape, scale=0.5))
    scores = net(tensor(student, draw.normal(7, *IMAGE)))
    expect.close({"scores": values(scores)}, share=3, max_error=1e-7)


@suite.check(points=2, question="softmax", preloaded=TORCH)
def softmax_net(student: Student, expect: Expect, draw: Draw) -> None:
    """The linear classifier has the right parameters and scores"""
    net = student.torch_nets.Softmax(image_shape=IMAGE, num_classes=CLASSES)
    sizes = {"linear.weight": (CLASSES, 72), "linear.bias": (CLASSES,)}
    judge_net(student, expect, draw, net, sizes)


@suite.check(points=2, question="two_layer", preloaded=TORCH)
def two_layer_net(student: Student, expect: Expect, draw: Draw) -> None:
    """The two-layer net has the right parameters and scores"""
    net = student.torch_nets.TwoLayerNet(image_shape=IMAGE, hidden_size=9, num_classes=CLASSES)
    sizes = {
        "hidden.weight": (9, 72),
        "hidden.bias": (9,),
        "output.weight": (CLASSES, 9),
        "output.bias": (CLASSES,),
    }
    judge_net(student, expect, draw, net, sizes)


@suite.check(points=3, question="convnet", preloaded=TORCH)
def conv_net(student: Student, expect: Expect, draw: Draw) -> None:
    """The ConvNet has the right parameters and scores"""
    net = student.torch_nets.ConvNet(
        image_shape=IMAGE, num_filters=4, filter_size=5, num_classes=CLASSES
    )
    sizes = {
        "conv.weight": (4, 3, 5, 5),
        "conv.bias": (4,),
        "output.weight": (CLASSES, 24),
        "output.bias": (CLASSES,),
    }
    judge_net(student, expect, draw, net, sizes)


def supplied_net(student: Student, draw: Draw) -> Remote:
    """Return a net of PyTorch's own layers: nothing of it is the student's."""
    nn = student.torch_nets.torch.nn
    net: Remote = nn.Sequential(nn.Flatten(), nn.Linear(72, 8), nn.Tanh(), nn.Linear(8, CLASSES))
    net.double()
    for layer, shape in ((1, (8, 72)), (3, (CLASSES, 8))):
        net[layer].weight.data = tensor(student, draw.normal(*shape, scale=0.3))
        net[layer].bias.data = tensor(student, draw.normal(shape[0]))
    return net


def batch(student: Student, draw: Draw, count: int = 7) -> tuple[Any, Any]:
    """Return images and labels as tensors."""
    X, y = draw.normal(count, *IMAGE), draw.labels(count, CLASSES)
    return tensor(student, X), tensor(student, y)


@suite.check(points=3, question="loss", preloaded=TORCH)
def loss(student: Student, expect: Expect, draw: Draw) -> None:
    """The loss and its gradients are right, and biases are not regularised"""
    net, (X, y) = supplied_net(student, draw), batch(student, draw)
    plain = student.torch_nets.regularized_loss(net, X, y, 0.0)
    expect.close({"loss without regularisation": values(plain)}, max_error=1e-9)
    regularised = student.torch_nets.regularized_loss(net, X, y, 0.7)
    expect.close({"loss with reg = 0.7": values(regularised)}, max_error=1e-9)
    regularised.backward()
    grads = {
        f"gradient of layer {layer}'s {kind}": values(getattr(net[layer], kind).grad)
        for layer in (1, 3)
        for kind in ("weight", "bias")
    }
    expect.close(grads, share=0.5, max_error=1e-7)


@suite.check(points=3, question="train_step", preloaded=TORCH)
def train_step(student: Student, expect: Expect, draw: Draw) -> None:
    """Two steps move the parameters as gradient descent does, and return the losses before them

    Without regularisation, whose mistakes cost their points where the loss is asked for.
    """
    nets = student.torch_nets
    net, before = supplied_net(student, draw), batch(student, draw, 11)
    rule = nets.torch.optim.SGD(net.parameters(), lr=0.3)
    first = nets.train_step(net, rule, *before, 0.0)
    second = nets.train_step(net, rule, *batch(student, draw), 0.0)
    expect.close({"first loss": first, "second loss": second}, share=0.5, max_error=1e-7)
    moved = {"weights after two steps": net[1].weight, "biases after two steps": net[3].bias}
    expect.close({name: values(value) for name, value in moved.items()}, max_error=1e-7)


@suite.check(points=1, question="train_step", preloaded=TORCH)
def momentum_step(student: Student, expect: Expect, draw: Draw) -> None:
    """A step is the rule's, whichever that is, of the regularised loss"""
    nets = student.torch_nets
    net, rows = supplied_net(student, draw), batch(student, draw)
    rule = nets.torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.8, nesterov=True)
    for _ in range(3):
        nets.train_step(net, rule, *rows, 0.1)
    expect.close({"weights after three steps": values(net[3].weight)}, max_error=1e-6)


suite.written(
    "q-filters",
    points=2,
    title="What the three nets look for",
    rubric="1 point: the softmax templates and hidden units are as large as the picture, the "
    "filters are small and see only a neighbourhood. 1 point: one observation of the pictures "
    "themselves (blurred class means, edges and colour blobs, noise where regularisation is weak).",
)
suite.written(
    "q-report",
    points=3,
    title="What you tried to get further",
    rubric="1 point: the architecture or training that gave best.npy is described so that it can "
    "be repeated. 1 point: at least one comparison with its validation accuracies. 1 point: a "
    "conclusion that the comparison supports.",
)
