"""The graph: order, values, derivatives three ways, and its picture."""

from __future__ import annotations

import math
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

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
from nndl.graph_functions import as_function
from nndl.graph_picture import draw_graph
from nndl.hand_net import hand_backward, hand_forward, hand_net

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("figures")

AT = {"w1": 1.0, "w2": 2.0}
OUTPUTS = ("f1", "f2")


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("output", OUTPUTS)
def test_reverse_mode_reaches_what_the_output_depends_on_and_nothing_else(
    k: int, output: str
) -> None:
    found = reverse_mode(exponential_graph(k), AT, output)
    used = {"f1": {"u", "exp_u", "sin_u", "exp_w1", "exp_kw2"}, "f2": {"product", "sigmoid_w1"}}
    reached = {name for name, slope in found.items() if slope} - {"kw2"}
    assert reached == {output, "w1", "w2"} | used[output]
    assert found[output] == 1.0


@pytest.mark.parametrize("k", [1, 2])
def test_forward_mode_gives_the_jacobian_of_reverse_mode(k: int) -> None:
    graph = exponential_graph(k)
    forward, reverse = (jacobian(graph, AT, OUTPUTS, mode) for mode in ("forward", "reverse"))
    np.testing.assert_allclose(forward, reverse, rtol=1e-12)


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
    for graph in (exponential_graph(1), exponential_graph(2)):
        numeric = numeric_jacobian(as_function(graph, OUTPUTS), np.array([1.0, 2.0]), h, scheme)
        found += list(np.abs(numeric / jacobian(graph, AT, OUTPUTS) - 1)[0])
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
    numeric = numeric_jacobian(as_function(graph, ["f"]), point)
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
