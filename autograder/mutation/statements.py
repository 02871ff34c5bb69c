"""Mistakes of whole statements: one that is missing, in place, overwritten, scaled, regularised."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from autograder.mutation.edits import SYMBOLS, Edit, names_in, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from autograder.mutation.edits import Operator
    from autograder.mutation.source import Source

__all__ = ["STATEMENTS"]

OPPOSITE = {"+": "-", "-": "+", "*": "/", "/": "*"}
COUNTS = re.compile(r"(?:X|x|\w+)\.shape\[0\]|len\(\w+\)")
BIAS = re.compile(r"d?b(?:ias)?([0-9]*)")
Scalable = (ast.BinOp, ast.Call, ast.UnaryOp, ast.Name)


def dropped(node: ast.AST, source: Source) -> Iterator[Edit]:
    """A statement is missing."""
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.Expr, ast.For, ast.While, ast.If)):
        text = source.segment(node)
        first = text.splitlines()[0]
        yield Edit(node, "pass", f"the statement `{first}` is missing", text)


def in_place(node: ast.AST, source: Source) -> Iterator[Edit]:
    """`x = x + y` -> `x += y`; `z = x + y` -> `x += y; z = x`."""
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.BinOp):
        return
    left, symbol = node.value.left, SYMBOLS.get(type(node.value.op), "")
    if not isinstance(left, ast.Name) or not symbol or len(node.targets) != 1:
        return
    target = source.segment(node.targets[0])
    text = f"{left.id} {symbol}= {source.segment(node.value.right)}"
    text += "" if target == left.id else f"; {target} = {left.id}"
    yield Edit(node, text, f"{left.id} is overwritten", source.segment(node))


def augmented(node: ast.AST, source: Source) -> Iterator[Edit]:
    """`x += y` -> `x = y`, `x -= y`, and `x = x + y`, which makes a new array."""
    if not isinstance(node, ast.AugAssign) or type(node.op) not in SYMBOLS:
        return
    target, symbol = source.segment(node.target), SYMBOLS[type(node.op)]
    value = source.segment(node.value)
    wrapped = value if isinstance(node.value, (ast.Name, ast.Constant, ast.Call)) else f"({value})"
    about = source.segment(node)
    yield Edit(node, f"{target} = {value}", "overwritten, not accumulated", about)
    yield Edit(node, f"{target} = {target} {symbol} {wrapped}", "a new array", about)
    if opposite := OPPOSITE.get(symbol):
        words = f"{opposite}= for {symbol}="
        yield Edit(node, f"{target} {opposite}= {value}", words, words)


def scaled(node: ast.AST, source: Source) -> Iterator[Edit]:
    """`x = e` -> `x = 2 * e`, `0.5 * e`, `-e`, `e / N` and `N * e` with the number of samples N."""
    if not isinstance(node, (ast.Assign, ast.AugAssign)) or not isinstance(node.value, Scalable):
        return
    inner = f"({source.segment(node.value)})"
    forms = {"2 * {}": "twice", "0.5 * {}": "half", "-{}": "minus"}
    count = _count(node, source)
    if count:
        forms |= {"{} / " + count: f"divided by {count}", count + " * {}": f"times {count}"}
    for form, words in forms.items():
        text = source.within(node, node.value, form.format(inner))
        yield Edit(node, text, f"{words} what it should be", f"{words} {source.segment(node)}")


def regularised_bias(node: ast.AST, source: Source) -> Iterator[Edit]:
    """`grads["b1"] = e` -> `grads["b1"] = e + reg * b1`; `np.sum(W1**2)` with the biases too."""
    around = source.function(node.lineno) if isinstance(node, ast.Assign) else None
    if not isinstance(node, ast.Assign) or not around or "reg" not in (names := names_in(around)):
        return
    match = BIAS.fullmatch(_key(node.targets[0]))
    bias = f"b{match[1]}" if match else ""
    if bias in names:
        text = f"{source.segment(node)} + reg * {bias}"
        yield Edit(node, text, f"the bias {bias} is regularised", f"reg * {bias}")
    for call in (item for item in ast.walk(node.value) if isinstance(item, ast.Call)):
        weight = _squared_weight(call)
        bias = "b" + weight[1:]
        if weight and bias in names:
            old = source.segment(call)
            text = source.within(node, call, f"{old} + {old.replace(weight, bias)}")
            yield Edit(node, text, f"the bias {bias} is regularised", f"reg * {bias}")


def returned(node: ast.AST, source: Source) -> Iterator[Edit]:
    """`return a, b` -> `return b, a`."""
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        items = [source.segment(item) for item in node.value.elts]
        for place in range(len(items) - 1):
            order = [*items]
            order[place : place + 2] = reversed(order[place : place + 2])
            text = f"return {', '.join(order)}"
            yield Edit(node, text, "the order of what is returned", source.segment(node))


STATEMENTS: tuple[tuple[str, Operator], ...] = (
    ("statement", dropped),
    ("in place", in_place),
    ("update", augmented),
    ("scale", scaled),
    ("regularised bias", regularised_bias),
    ("return", returned),
)


def _count(node: ast.stmt, source: Source) -> str:
    """Return the name of the number of samples: what the function sets to `X.shape[0]`."""
    around = source.function(node.lineno)
    assigned = (item for item in ast.walk(around or source.tree) if isinstance(item, ast.Assign))
    for item in assigned:
        target = item.targets[0]
        earlier = item.lineno < node.lineno and isinstance(target, ast.Name)
        if earlier and COUNTS.fullmatch(source.segment(item.value)):
            return source.segment(target)
    return ""


def _key(target: ast.expr) -> str:
    """Return `b1` for `grads["b1"]`, `db1` for the name `db1`."""
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        return str(target.slice.value)
    return target.id if isinstance(target, ast.Name) else ""


def _squared_weight(call: ast.Call) -> str:
    """Return the weight W1 of `np.sum(W1**2)`, or ''."""
    power = call.args[0] if call.args else None
    if not isinstance(power, ast.BinOp) or not isinstance(power.op, (ast.Pow, ast.Mult)):
        return ""
    weight = power.left.id if isinstance(power.left, ast.Name) else ""
    squared = number(power.right) is not None or isinstance(power.right, ast.Name)
    return weight if squared and weight.startswith("W") else ""
