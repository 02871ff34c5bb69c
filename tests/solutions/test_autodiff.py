"""The graph: order, values, derivatives three ways, and its picture."""

from __future__ import annotations

import math
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pytest
from nndl.autodiff import (
    OPERANDS,
    Graph,
    edge_slopes,
    evaluate,
    exponential_graph,
    forward_mode,
    jacobian,
    local_slopes,
    numeric_jacobian,
    reverse_mode,
    topological_order,
)
from nndl.graph_picture import draw_graph
from nndl.hand_net import hand_backward, hand_forward, hand_net

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

mpl.use("Agg")

AT = {"w1": 1.0, "w2": 2.0}
OUTPUTS = ("f1", "f2")

VALUES = {
    1: {
        "exp_w1": 2.718281828459045, "exp_kw2": 7.38905609893065, "u": 10.107337927389695,
        "exp_u": 24522.293642834655, "sin_u": -0.630781521675049, "f1": 24521.66286131298,
        "product": 2.0, "sigmoid_w1": 0.7310585786300049, "f2": 2.731058578630005,
    },
    2: {
        "exp_w1": 2.718281828459045, "exp_kw2": 54.598150033144236, "u": 57.316431861603284,
        "exp_u": 7.802074264952215e24, "sin_u": 0.6945283212549679, "f1": 7.802074264952215e24,
        "product": 2.0, "sigmoid_w1": 0.7310585786300049, "f2": 2.731058578630005,
    },
}  # fmt: skip
TANGENTS = {
    (1, "w1"): {
        "exp_w1": 2.718281828459045, "exp_kw2": 0.0, "u": 2.718281828459045,
        "exp_u": 66658.5052014542, "sin_u": -2.109279281829855, "f1": 66656.39592217236,
        "product": 2.0, "sigmoid_w1": 0.19661193324148185, "f2": 2.1966119332414817,
    },
    (1, "w2"): {
        "exp_w1": 0.0, "exp_kw2": 7.38905609893065, "u": 7.38905609893065,
        "exp_u": 181196.60340135574, "sin_u": -5.73361554294324, "f1": 181190.86978581277,
        "product": 1.0, "sigmoid_w1": 0.0, "f2": 1.0,
    },
    (2, "w1"): {
        "exp_w1": 2.718281828459045, "exp_kw2": 0.0, "u": 2.718281828459045,
        "exp_u": 2.1208236698707567e25, "sin_u": 1.9557096270164955, "f1": 2.1208236698707567e25,
        "product": 2.0, "sigmoid_w1": 0.19661193324148185, "f2": 2.1966119332414817,
    },
    (2, "w2"): {
        "exp_w1": 0.0, "exp_kw2": 109.19630006628847, "u": 109.19630006628847,
        "exp_u": 8.519576425751891e26, "sin_u": 78.5629558489468, "f1": 8.519576425751891e26,
        "product": 1.0, "sigmoid_w1": 0.0, "f2": 1.0,
    },
}  # fmt: skip
ADJOINTS = {
    (1, "f1"): {
        "exp_u": 1.0, "sin_u": 1.0, "u": 24521.51768235118, "exp_w1": 24521.51768235118,
        "exp_kw2": 24521.51768235118, "w1": 66656.39592217236, "w2": 181190.86978581277,
    },
    (1, "f2"): {"product": 1.0, "sigmoid_w1": 1.0, "w1": 2.1966119332414817, "w2": 1.0},
    (2, "f1"): {
        "exp_u": 1.0, "sin_u": 1.0, "u": 7.802074264952215e24, "exp_w1": 7.802074264952215e24,
        "exp_kw2": 7.802074264952215e24, "w1": 2.1208236698707567e25, "w2": 8.519576425751891e26,
    },
    (2, "f2"): {"product": 1.0, "sigmoid_w1": 1.0, "w1": 2.1966119332414817, "w2": 1.0},
}  # fmt: skip
NEAR = {  # f1 and f2 at (1, 2), (1.01, 2) and (1, 2.01)
    1: {
        (1.0, 2.0): [24521.66286131298, 2.731058578630005],
        (1.01, 2.0): [25200.805879324602, 2.7530201492388575],
        (1.0, 2.01): [26411.98543385668, 2.7410585786300046],
    },
    2: {
        (1.0, 2.0): [7.802074264952215e24, 2.731058578630005],
        (1.01, 2.0): [8.018158774679464e24, 2.7530201492388575],
        (1.0, 2.01): [2.35081089515374e25, 2.7410585786300046],
    },
}
PRINTED_NEAR = {  # as the homework prints them; they belong to k = 1
    (1.0, 2.0): [24521.662861313, 2.73105857863],
    (1.01, 2.0): [25200.8058793246, 2.75302014923886],
    (1.0, 2.01): [26411.9854338567, 2.74105857863],
}
DIFFERENCES = {  # with a step of 0.01
    (1, "forward"): [[67914.30180116222, 189032.25725437005], [2.196157060885273, 1.0]],
    (1, "central"): [[66674.77891978614, 181425.85175691912], [2.1966113444775504, 1.0]],
    (2, "forward"): [[2.1608450972724905e25, 1.5706034686585183e27], [2.196157060885273, 1.0]],
    (2, "central"): [[2.1214085333588118e25, 1.043075708698598e27], [2.1966113444775504, 1.0]],
}
JACOBIAN = {
    1: [[66656.39592217236, 181190.86978581277], [2.1966119332414817, 1.0]],
    2: [[2.1208236698707567e25, 8.519576425751891e26], [2.1966119332414817, 1.0]],
}
FORWARD_ERRORS = {
    1: [[0.018871495549483086, 0.04327694589593101], [-0.00020707906996453307, 0.0]],
    2: [[0.018870700082375347, 0.8435229525156884], [-0.00020707906996453307, 0.0]],
}


@pytest.fixture(autouse=True)
def _no_figure_left_open() -> Iterator[None]:
    import matplotlib.pyplot as plt  # noqa: PLC0415

    yield
    plt.close("all")


def as_function(k: int) -> Callable[[np.ndarray], np.ndarray]:
    def f(w: np.ndarray) -> np.ndarray:
        values = evaluate(exponential_graph(k), {"w1": w[0], "w2": w[1]})
        return np.array([values[name] for name in OUTPUTS])

    return f


def assert_same(found: Mapping[str, float], wanted: Mapping[str, float]) -> None:
    assert {name: found[name] for name in wanted} == pytest.approx(wanted, rel=1e-9, abs=0)


@pytest.mark.parametrize("k", [1, 2])
def test_values_are_the_homeworks(k: int) -> None:
    assert_same(evaluate(exponential_graph(k), AT), VALUES[k])
    for w, wanted in NEAR[k].items():
        np.testing.assert_allclose(as_function(k)(np.array(w)), wanted, rtol=1e-9)


def test_printed_numbers_are_those_of_one_w2() -> None:
    for w, printed in PRINTED_NEAR.items():
        np.testing.assert_allclose(as_function(1)(np.array(w)), printed, rtol=1e-12)


@pytest.mark.parametrize(("k", "along"), TANGENTS)
def test_forward_mode_gives_every_tangent(k: int, along: str) -> None:
    found = forward_mode(exponential_graph(k), AT, along)
    assert_same(found, TANGENTS[k, along] | {"w1": 0.0, "w2": 0.0, along: 1.0})


@pytest.mark.parametrize(("k", "output"), ADJOINTS)
def test_reverse_mode_gives_every_adjoint(k: int, output: str) -> None:
    found = reverse_mode(exponential_graph(k), AT, output)
    wanted = ADJOINTS[k, output] | {output: 1.0}
    assert_same(found, wanted)
    others = set(found) - set(wanted) - {"kw2"}
    assert not any(found[name] for name in others)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("k", [1, 2])
def test_both_modes_give_the_exact_jacobian(k: int, mode: str) -> None:
    found = jacobian(exponential_graph(k), AT, OUTPUTS, mode)
    np.testing.assert_allclose(found, JACOBIAN[k], rtol=1e-9)


@pytest.mark.parametrize(("k", "scheme"), DIFFERENCES)
def test_differences_with_a_step_of_one_hundredth(k: int, scheme: str) -> None:
    found = numeric_jacobian(as_function(k), np.array([1.0, 2.0]), 0.01, scheme)
    np.testing.assert_allclose(found, DIFFERENCES[k, scheme], rtol=1e-9)
    if scheme == "forward":
        errors = found / JACOBIAN[k] - 1
        np.testing.assert_allclose(errors, FORWARD_ERRORS[k], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("scheme", "h", "wanted"),
    [
        ("forward", 0.01, [1.9e-2, 4.3e-2, 1.9e-2, 0.84]),
        ("central", 0.01, [2.8e-4, 1.3e-3, 2.8e-4, 0.22]),
        ("central", 1e-5, [2.8e-10, 1.3e-9, 3.1e-10, 2.1e-7]),
    ],
)
def test_the_table_of_step_sizes_is_true(scheme: str, h: float, wanted: list[float]) -> None:
    found = []
    for k in (1, 2):
        numeric = numeric_jacobian(as_function(k), np.array([1.0, 2.0]), h, scheme)
        found += list(np.abs(numeric / JACOBIAN[k] - 1)[0])
    # The tiny errors are partly roundoff, which another math library may change.
    np.testing.assert_allclose(found, wanted, rtol=0.03 if h == 0.01 else 0.6)


def test_numeric_jacobian_of_a_linear_map_is_its_matrix() -> None:
    A = np.random.RandomState(0).randn(3, 2)
    found = numeric_jacobian(lambda x: A @ x, np.array([1, -2]))
    np.testing.assert_allclose(found, A, atol=1e-9)


@pytest.mark.parametrize(
    ("x", "scheme", "message"),
    [(np.zeros(2), "backward", "'backward'"), (np.zeros((2, 1)), "central", "vector")],
)
def test_numeric_jacobian_refuses(x: np.ndarray, scheme: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        numeric_jacobian(lambda x: x, x, scheme=scheme)


@pytest.mark.parametrize(
    ("operation", "operands"),
    [
        ("add", [1.5, -0.5]), ("mul", [1.5, -0.5]), ("power", [1.5, 3]), ("power", [1.5, -0.5]),
        ("power", [-2.0, 2]), ("power", [0.0, 1]), ("power", [-2.0, 0]), ("exp", [0.7]),
        ("sin", [0.7]), ("sigmoid", [0.7]), ("sigmoid", [-0.7]),
    ],
)  # fmt: skip
def test_slopes_of_one_operation(operation: str, operands: list[float]) -> None:
    graph = Graph("x", "y")
    used = ("x", "y")[: OPERANDS[operation]]
    graph.add_node("f", operation, *(used if operation != "power" else ("x", operands[1])))
    point = np.array([*operands, 0.0][:2])
    exact = jacobian(graph, dict(zip("xy", point, strict=True)), ["f"])
    numeric = numeric_jacobian(
        lambda x: np.array([evaluate(graph, {"x": x[0], "y": x[1]})["f"]]), point
    )
    np.testing.assert_allclose(exact, numeric, atol=1e-9)


def test_a_constant_factor_and_a_node_used_twice() -> None:
    graph = Graph("x")
    graph.add_node("double", "mul", 2, "x")
    graph.add_node("square", "mul", "double", "double")
    graph.add_node("fourth", "power", "square", 2)
    assert evaluate(graph, {"x": 3})["fourth"] == 6.0**4
    assert forward_mode(graph, {"x": 3}, "x")["fourth"] == 4 * 6.0**3 * 2
    assert reverse_mode(graph, {"x": 3}, "fourth")["x"] == 4 * 6.0**3 * 2


def test_nodes_may_be_added_before_what_they_use() -> None:
    graph = Graph("x")
    graph.add_node("last", "exp", "first")
    graph.add_node("first", "sin", "x")
    assert evaluate(graph, {"x": 0.5})["last"] == pytest.approx(math.exp(math.sin(0.5)))
    assert list(edge_slopes(graph, {"x": 0.5})) == ["x", "first", "last"]


def test_order_puts_each_node_after_all_that_it_uses() -> None:
    rng = np.random.RandomState(0)
    for _ in range(50):
        names = [f"n{i}" for i in rng.permutation(12)]
        parents = {
            name: [other for other in names[:place] if rng.rand() < 0.3]
            for place, name in enumerate(names)
        }
        shuffled = {names[i]: parents[names[i]] for i in rng.permutation(12)}
        order = topological_order(shuffled)
        assert sorted(order) == sorted(names)
        for name, uses in parents.items():
            assert all(order.index(used) < order.index(name) for used in uses)


def test_a_long_chain_is_no_problem() -> None:
    graph = Graph("x")
    for number in range(300):
        graph.add_node(f"n{number}", "add", f"n{number - 1}" if number else "x", 1)
    assert evaluate(graph, {"x": 0})["n299"] == 300


@pytest.mark.parametrize(
    ("parents", "cycle"),
    [
        ({"a": ["a"]}, "a -> a"),
        ({"a": ["b"], "b": ["a"]}, "a -> b -> a"),
        ({"x": [], "a": ["x", "c"], "b": ["a"], "c": ["b"], "after": ["c"]}, "a -> b -> c -> a"),
        ({"after": ["b"], "b": ["a"], "a": ["x", "b"], "x": []}, "b -> a -> b"),
    ],
)
def test_a_cycle_is_named(parents: dict[str, list[str]], cycle: str) -> None:
    with pytest.raises(ValueError, match="cycle") as caught:
        topological_order(parents)
    named = str(caught.value).rsplit("cycle ", 1)[1].removesuffix(".").split(" -> ")
    assert named[0] == named[-1]
    assert set(named) == set(cycle.split(" -> "))
    assert len(named) == len(cycle.split(" -> "))
    for parent, name in pairwise(named):
        assert parent in parents[name]  # the arrows point from a node to its user


def test_a_graph_with_a_cycle_has_no_values() -> None:
    graph = Graph("x")
    graph.add_node("a", "add", "x", "b")
    graph.add_node("b", "exp", "a")
    with pytest.raises(ValueError, match="cycle"):
        evaluate(graph, {"x": 1})


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (("x", "exp", "x"), "already has a node 'x'"),
        (("a", "tan", "x"), "no operation 'tan'"),
        (("a", "add", "x"), "takes 2 operands, not 1"),
        (("a", "power", 2, "x"), "exponent must be a number"),
    ],
)
def test_a_node_that_makes_no_sense(node: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Graph("x").add_node(*node)


def test_inputs_need_names_of_their_own() -> None:
    with pytest.raises(ValueError, match="names of their own"):
        Graph("x", "x")


@pytest.mark.parametrize(
    ("operation", "operands", "x"),
    [
        ("exp", ["x"], 1000.0), ("power", ["x", 0.5], -1.0), ("power", ["x", -1], 0.0),
        ("mul", ["x", "x"], 1e200), ("sin", ["x"], math.inf), ("add", ["x", 1], math.nan),
    ],
)  # fmt: skip
def test_a_value_that_is_no_finite_number(operation: str, operands: list[str], x: float) -> None:
    graph = Graph("x")
    graph.add_node("f", operation, *operands)
    with pytest.raises(ValueError, match=r"Node 'f'.*not finite"):
        evaluate(graph, {"x": x})


def test_a_slope_that_is_not_finite() -> None:
    graph = Graph("x")
    graph.add_node("root", "power", "x", 0.5)
    assert evaluate(graph, {"x": 0})["root"] == 0
    with pytest.raises(ValueError, match=r"Node 'root'.*slope"):
        reverse_mode(graph, {"x": 0}, "root")


def test_sigmoid_overflows_nowhere() -> None:
    graph = Graph("x")
    graph.add_node("s", "sigmoid", "x")
    assert [evaluate(graph, {"x": x})["s"] for x in (-1000, 0, 1000)] == [0.0, 0.5, 1.0]
    assert local_slopes("sigmoid", [40.0])[0] == pytest.approx(math.exp(-40), rel=1e-12, abs=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda graph: evaluate(graph, {"w1": 1}), "the point has"),
        (lambda graph: evaluate(graph, AT | {"w3": 1}), "the point has"),
        (lambda graph: forward_mode(graph, AT, "u"), "'u' is not an input"),
        (lambda graph: reverse_mode(graph, AT, "f3"), "no node 'f3'"),
        (lambda graph: jacobian(graph, AT, OUTPUTS, "sideways"), "'sideways'"),
        (lambda graph: draw_graph(graph, AT, output="f1", along="w1"), "one of output and along"),
        (lambda graph: topological_order({**graph.parents(), "a": ["z"]}), "'a' uses 'z'"),
    ],
)
def test_misuse(call: Callable[[Graph], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(exponential_graph())


def hand_graph() -> tuple[Graph, dict[str, float]]:
    """Return the net of the exercise by hand, one node for each operation on numbers."""
    params, x0, y = hand_net()
    point = {
        f"{name}{index}": parameter[index].item()
        for name, parameter in params.items()
        for index in np.ndindex(parameter.shape)
    }
    graph = Graph(*point)
    for i in (0, 1):
        for j in (0, 1):
            graph.add_node(f"p{i}{j}", "mul", f"W1({i}, {j})", x0[j].item())
        graph.add_node(f"sum{i}", "add", f"p{i}0", f"p{i}1")
        graph.add_node(f"z1{i}", "add", f"sum{i}", f"b1({i},)")
        graph.add_node(f"x1{i}", "sigmoid", f"z1{i}")
        graph.add_node(f"q{i}", "mul", f"W2(0, {i})", f"x1{i}")
    graph.add_node("q", "add", "q0", "q1")
    graph.add_node("z2", "add", "q", "b2(0,)")
    graph.add_node("x2", "sigmoid", "z2")
    graph.add_node("error", "add", "x2", -y[0].item())
    graph.add_node("square", "power", "error", 2)
    graph.add_node("loss", "mul", 0.5, "square")
    return graph, point


def test_reverse_mode_is_back_propagation() -> None:
    graph, point = hand_graph()
    params, x0, y = hand_net()
    grads = hand_backward(params, x0, y)
    adjoints = reverse_mode(graph, point, "loss")
    assert evaluate(graph, point)["loss"] == pytest.approx(
        float(hand_forward(params, x0, y)["loss"]), rel=1e-12
    )
    for name, gradient in grads.items():
        if name in params:
            for index in np.ndindex(gradient.shape):
                assert adjoints[f"{name}{index}"] == pytest.approx(gradient[index], rel=1e-12)


@pytest.mark.parametrize(
    ("mode", "shown"),
    [
        ({}, ["u = exp_w1 + exp_kw2\n10.1073", "w1\n1"]),
        ({"output": "f1"}, ["d f1 / d u = 24521.5", "d f1 / d w2 = 181191"]),
        ({"along": "w1"}, ["d f1 / d w1 = 66656.4", "d exp_kw2 / d w1 = 0"]),
    ],
)
def test_the_picture_shows_each_node_once(mode: dict[str, str], shown: list[str]) -> None:
    figure = draw_graph(exponential_graph(), AT, **mode)
    boxes = [text for text in figure.axes[0].texts if text.get_text()]
    texts = [box.get_text() for box in boxes]
    assert len(boxes) == 12
    assert all(any(wanted in text for text in texts) for wanted in shown)


def test_nothing_in_the_picture_overlaps_and_arrows_point_right() -> None:
    figure = draw_graph(exponential_graph(2), AT, output="f1")
    figure.canvas.draw()
    axes = figure.axes[0]
    patches = [text.get_bbox_patch() for text in axes.texts if text.get_text()]
    boxes = [patch.get_window_extent() for patch in patches if patch]
    assert len(boxes) == 12
    for place, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:place])
    assert len(axes.lines) == 14  # as many as operands that are nodes
    for line in axes.lines:
        assert (np.diff(line.get_xdata()) == 1).all()


def test_no_arrow_crosses_another_without_need() -> None:
    graph = Graph("a", "b", "c")
    for name, parent in (("x", "c"), ("y", "b"), ("z", "a")):  # the reverse of the inputs' order
        graph.add_node(name, "exp", parent)
    graph.add_node("square", "mul", "x", "x")
    axes = draw_graph(graph, {"a": 1, "b": 2, "c": 3}).axes[0]
    ends = [np.asarray(line.get_ydata()).tolist() for line in axes.lines]
    assert len(ends) == 4  # one arrow to the square, which uses x twice
    for (left, right), (other_left, other_right) in combinations(ends[:3], 2):
        assert (left - other_left) * (right - other_right) > 0


def test_a_lone_input_can_be_drawn() -> None:
    figure = draw_graph(Graph("x"), {"x": 2})
    assert [text.get_text() for text in figure.axes[0].texts] == ["x\n2"]
