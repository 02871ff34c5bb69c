"""Mistakes inside an expression: factors, terms, signs, axes, transposes, functions, indices.

Each operator takes a node and yields edits; `EXPRESSIONS` is the list of them. The mistakes are
those that completed homeworks of these exercises really contain.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from autograder.mutation.edits import SYMBOLS, Edit, call_name, names_in, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from autograder.mutation.edits import Operator
    from autograder.mutation.source import Source

__all__ = ["EXPRESSIONS"]

SWAPPED_OPERATORS: dict[type[ast.operator], tuple[tuple[str, str], ...]] = {
    ast.Add: (("-", "sign"),),
    ast.Sub: (("+", "sign"),),
    ast.Mult: (("/", "factor"), ("+", "factor")),
    ast.Div: (("*", "factor"),),
    ast.FloorDiv: (("/", "rounding"),),
}
COMPARISONS: dict[type[ast.cmpop], tuple[str, ...]] = {
    ast.Lt: ("<=", ">"),
    ast.LtE: ("<", ">"),
    ast.Gt: (">=", "<"),
    ast.GtE: (">", "<"),
    ast.Eq: ("!=",),
    ast.NotEq: ("==",),
    ast.Is: ("is not",),
    ast.IsNot: ("is",),
    ast.In: ("not in",),
    ast.NotIn: ("in",),
}
RENAMED = {
    "max": ("min", "sum"),
    "min": ("max",),
    "maximum": ("minimum",),
    "minimum": ("maximum",),
    "argmax": ("argmin", "max"),
    "argmin": ("argmax",),
    "sum": ("mean", "max"),
    "mean": ("sum",),
    "std": ("var",),
    "var": ("std",),
    "zeros": ("empty", "ones"),
    "zeros_like": ("empty_like", "ones_like"),
    "ones": ("zeros",),
    "ones_like": ("zeros_like",),
    "rand": ("randn",),
    "randn": ("rand",),
    "floor": ("ceil",),
    "ceil": ("floor",),
    "vstack": ("hstack",),
    "hstack": ("vstack",),
}
# `np.exp(x)` -> `x`; of a method its object: `x.mean()` -> `x`.
UNWRAPPED = (
    *("abs", "absolute", "array", "ascontiguousarray", "ceil", "clip", "copy", "exp", "floor"),
    *("log", "log1p", "maximum", "mean", "minimum", "round", "sqrt", "square", "squeeze", "tanh"),
    "transpose",
)
COMMUTATIVE = frozenset(("maximum", "minimum", "add", "multiply", "allclose", "isclose", "gcd"))
REDUCTIONS = frozenset(("sum", "mean", "max", "min", "var", "std"))
OVERWRITING = ("maximum", "minimum", "exp", "clip")
DRAWN = {"choice": "np.arange({last})", "permutation": "np.arange({first})"}
SUBSCRIPTED = re.compile(r"([A-Za-z_]+)([12])")
# Height for width, and one layer's or sample's size for another's.
TWINS = {"H": "W", "HH": "WW", "h": "w", "hh": "ww", "N": "D", "M": "N"}


def arithmetic(node: ast.AST, source: Source) -> Iterator[Edit]:
    """`a + b` -> `a - b`; `a * b` -> `a / b`, `a + b`; `a / b` -> `a * b`."""
    if isinstance(node, ast.BinOp):
        for sign, kind in SWAPPED_OPERATORS.get(type(node.op), ()):
            left = source.fitting(node.left, node)
            right = source.fitting(node.right, node, behind=True)
            text = f"({left} {sign} {right})" if kind == "factor" else f"{left} {sign} {right}"
            yield Edit(node, text, f"{sign} for {SYMBOLS[type(node.op)]}", source.segment(node))


def dropped_factor(node: ast.AST, source: Source) -> Iterator[Edit]:
    """`a * b` -> `a`, `b`; `a / b` -> `a`."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, (ast.Mult, ast.Div)):
        return
    pairs = [(node.left, node.right), (node.right, node.left)]
    for kept, gone in pairs if isinstance(node.op, ast.Mult) else pairs[:1]:
        about = source.segment(gone)
        yield Edit(node, source.fitting(kept, node), f"the factor {about} is missing", about)


def dropped_term(node: ast.AST, source: Source) -> Iterator[Edit]:
    """`a + b` -> `a`, `b`; `a - b` -> `a`, `-b`."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, (ast.Add, ast.Sub)):
        return
    sign = "-" if isinstance(node.op, ast.Sub) else ""
    left, right = source.segment(node.left), source.segment(node.right)
    yield Edit(node, source.fitting(node.left, node), f"the term {right} is missing", right)
    rest = source.fitting(node.right, node, behind=bool(sign))
    yield Edit(node, f"{sign}{rest}", f"the term {left} is missing", left)


def constant(node: ast.AST, source: Source) -> Iterator[Edit]:
    """A whole number one up and one down, another number doubled and halved."""
    old = number(node)
    if old is None or not isinstance(node, ast.Constant):
        return
    new: tuple[float, ...] = (2 * old, old / 2) if old else (1.0, -1.0)
    if isinstance(old, int):
        new = (old + 1, old - 1)
    for value in new:
        text = f"({value})" if value < 0 else f"{value}"
        yield Edit(node, text, f"{value} for {source.segment(node)}", source.segment(node))


def dropped_sign(node: ast.AST, source: Source) -> Iterator[Edit]:
    """`-a` -> `a`; `not a` -> `a`."""
    if isinstance(node, ast.UnaryOp) and number(node.operand) is None:
        text = source.fitting(node.operand, node)
        yield Edit(node, text, "the sign is missing", source.segment(node))


def transposed(node: ast.AST, source: Source) -> Iterator[Edit]:
    """`a.T` -> `a`; `a @ b` -> `b @ a`."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        text = source.segment(node.value)
        text = f"({text})" if source.segment(node).startswith("(") else text
        yield Edit(node, text, "not transposed", source.segment(node))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        left = source.fitting(node.left, node, behind=True)
        text = f"{source.fitting(node.right, node)} @ {left}"
        yield Edit(node, text, "the operands of @ are exchanged", source.segment(node))


def swapped_operands(node: ast.AST, source: Source) -> Iterator[Edit]:
    """`a - b` -> `b - a`."""
    yield from _swapped(node, source, ast.Sub)


def inverted(node: ast.AST, source: Source) -> Iterator[Edit]:
    """`a / b` -> `b / a`."""
    yield from _swapped(node, source, ast.Div)


def _swapped(node: ast.AST, source: Source, kind: type[ast.operator]) -> Iterator[Edit]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, kind):
        sign, left = SYMBOLS[kind], source.fitting(node.left, node, behind=True)
        text = f"({source.fitting(node.right, node)} {sign} {left})"
        yield Edit(node, text, f"the operands of {sign} are exchanged", source.segment(node))


def comparison(node: ast.AST, source: Source) -> Iterator[Edit]:
    """`<` -> `<=`, `>`; `==` -> `!=`; and so on; `and` -> `or`."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        left, right = (source.fitting(item, node) for item in (node.left, node.comparators[0]))
        for sign in COMPARISONS[type(node.ops[0])]:
            text = f"{left} {sign} {right}"
            yield Edit(node, text, f"{text} for {source.segment(node)}", source.segment(node))
    if isinstance(node, ast.BoolOp):
        word = "or" if isinstance(node.op, ast.And) else "and"
        text = f"({f' {word} '.join(source.fitting(value, node) for value in node.values)})"
        yield Edit(node, text, f"`{word}` instead", source.segment(node))


def axis(node: ast.AST, source: Source) -> Iterator[Edit]:
    """`axis=0` -> `axis=1`, or none at all; of several axes one is left out."""
    for word in _keywords(node, "axis"):
        if isinstance(word.value, ast.Tuple):
            for gone in word.value.elts:
                rest = ", ".join(source.segment(e) for e in word.value.elts if e is not gone)
                about = source.segment(word)
                yield Edit(word, f"axis=({rest},)", f"axis {source.segment(gone)} left out", about)
        else:
            other = "1" if source.segment(word.value) == "0" else "0"
            yield Edit(word, f"axis={other}", "another axis", source.segment(word))
            yield Edit(word, "axis=None", "no axis", source.segment(word))


def keepdims(node: ast.AST, source: Source) -> Iterator[Edit]:
    """A dimension of size 1 lost, or kept: a bias gradient of shape (1, M)."""
    for word in _keywords(node, "keepdims"):
        yield Edit(word, "keepdims=False", "keepdims is missing", source.segment(word))
    if call_name(node) in REDUCTIONS and isinstance(node, ast.Call):
        words = {word.arg for word in node.keywords}
        if "axis" in words and "keepdims" not in words:
            text = f"{source.segment(node)[:-1]}, keepdims=True)"
            yield Edit(node, text, "a dimension is kept", source.segment(node))


def function(node: ast.AST, source: Source) -> Iterator[Edit]:
    """`max` -> `min`, `sum` -> `mean`, `zeros` -> `empty`, ...; `exp(x)` -> `x`."""
    name = call_name(node)
    if not isinstance(node, ast.Call):
        return
    segment = source.segment(node)
    for other in RENAMED.get(name, ()):
        called = source.segment(node.func)
        text = source.within(node, node.func, called[: len(called) - len(name)] + other)
        yield Edit(node, text, f"{other} for {name}", segment)
    inner = _inner(node)
    if name in UNWRAPPED and inner is not None:
        yield Edit(node, f"({source.segment(inner)})", f"{name} is missing", segment)


def drawn(node: ast.AST, source: Source) -> Iterator[Edit]:
    """`np.random.choice(n, k)` -> `np.arange(k)`: always the same rows."""
    name = call_name(node)
    if isinstance(node, ast.Call) and name in DRAWN and node.args:
        places = {key: source.segment(node.args[i]) for key, i in (("first", 0), ("last", -1))}
        yield Edit(node, DRAWN[name].format(**places), "nothing is random", source.segment(node))


def arguments(node: ast.AST, source: Source) -> Iterator[Edit]:
    """`f(a, b)` -> `f(b, a)`; `np.where(c, a, b)` -> `np.where(c, b, a)`."""
    if not isinstance(node, ast.Call) or len(node.args) < 2:  # noqa: PLR2004 - a pair
        return
    if call_name(node) in COMMUTATIVE:
        return
    first, second = node.args[1:3] if call_name(node) == "where" else node.args[:2]
    if any(isinstance(item, ast.Starred) for item in (first, second)):
        return
    one, two = source.segment(first), source.segment(second)
    text = source.segment(node)
    head, tail = source.within(node, first, "\0"), source.within(node, second, "\0")
    start, end = head.index("\0"), len(text) - (len(tail) - tail.index("\0") - 1)
    between = text[start + len(one) : end - len(two)]
    swapped = f"{text[:start]}{two}{between}{one}{text[end:]}"
    yield Edit(node, swapped, "two arguments are exchanged", text)


def bounds(node: ast.AST, source: Source) -> Iterator[Edit]:
    """`range(n)` -> `range(n - 1)`, `range(1, n)`; `x[a:b]` -> `x[:b]`, `x[a:]`."""
    if isinstance(node, ast.Call) and call_name(node) == "range" and node.args:
        *_, last = node.args[:2]
        text = source.within(node, last, f"{source.segment(last)} - 1")
        yield Edit(node, text, "the last one is left out", source.segment(node))
        if len(node.args) == 1:
            text = source.within(node, last, f"1, {source.segment(last)}")
            yield Edit(node, text, "the first one is left out", source.segment(node))
    if isinstance(node, ast.Slice):
        low, high, step = (
            source.segment(e) if e else "" for e in (node.lower, node.upper, node.step)
        )
        for text, gone in ((f":{high}", low), (f"{low}:", high)):
            if gone:
                new = f"{text}:{step}" if step else text
                yield Edit(node, new, f"the bound {gone} is missing", source.segment(node))


def twin(node: ast.AST, source: Source) -> Iterator[Edit]:
    """One layer's name for the other's, `W1` -> `W2`; height for width, `H` -> `W`."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        other = _twin(node.id)
        if other in names_in(source.function(node.lineno) or source.tree):
            yield Edit(node, other, f"{other} for {node.id}", node.id)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _twin(node.value):
        other = _twin(node.value)
        text = source.segment(node).replace(node.value, other)
        yield Edit(node, text, f"{other} for {node.value}", node.value)


def squares(node: ast.AST, source: Source) -> Iterator[Edit]:
    """`np.sum(W**2)` -> `np.sum(W)**2`; the same for `W * W`."""
    if call_name(node) != "sum" or not isinstance(node, ast.Call) or not node.args:
        return
    inner = node.args[0]
    if isinstance(inner, ast.BinOp) and isinstance(inner.op, (ast.Pow, ast.Mult)):
        root = source.segment(inner.left)
        if isinstance(inner.op, ast.Pow) or root == source.segment(inner.right):
            whole = source.within(node, inner, root)
            text = f"({whole} ** 2)"
            yield Edit(node, text, "the square of the sum, not the sum of squares", root)


def into_argument(node: ast.AST, source: Source) -> Iterator[Edit]:
    """`np.maximum(x, 0)` -> `np.maximum(x, 0, out=x)`: the input is overwritten."""
    if call_name(node) not in OVERWRITING or not isinstance(node, ast.Call) or not node.args:
        return
    first = node.args[0]
    if isinstance(first, ast.Name) and not _keywords(node, "out"):
        text = f"{source.segment(node)[:-1]}, out={first.id})"
        yield Edit(node, text, f"{first.id} is overwritten", source.segment(node))


EXPRESSIONS: tuple[tuple[str, Operator], ...] = (
    ("factor", dropped_factor),
    ("arithmetic", arithmetic),
    ("term", dropped_term),
    ("constant", constant),
    ("sign", dropped_sign),
    ("transpose", transposed),
    ("operands", swapped_operands),
    ("quotient", inverted),
    ("comparison", comparison),
    ("axis", axis),
    ("keepdims", keepdims),
    ("function", function),
    ("random", drawn),
    ("arguments", arguments),
    ("bounds", bounds),
    ("name", twin),
    ("squares", squares),
    ("in place", into_argument),
)


def _keywords(node: ast.AST, name: str) -> list[ast.keyword]:
    words = node.keywords if isinstance(node, ast.Call) else []
    return [word for word in words if word.arg == name]


def _inner(node: ast.Call) -> ast.expr | None:
    """Return what `f(x)` or `x.f()` is applied to."""
    if isinstance(node.func, ast.Attribute) and not _is_module(node.func.value):
        return node.func.value
    return node.args[0] if node.args else None


def _is_module(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("np", "numpy", "math")


def _twin(name: str) -> str:
    if match := SUBSCRIPTED.fullmatch(name):
        return f"{match[1]}{3 - int(match[2])}"
    return TWINS.get(name) or {two: one for one, two in TWINS.items()}.get(name, "")
