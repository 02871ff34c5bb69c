"""Mutants: each real mistake is planted, the diff shows it alone, and the hint fits."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from autograder.mutation.mutants import Mutant, blocks, emptied, mutants
from autograder.mutation.source import Source
from generator.strip import strip_text
from gradlab.errors import AuthorMistake, Place

ROOT = Path(__file__).parents[2]

HEAD = "def loss(X, y, W1, W2, b1, reg, H, W, dout, grads):\n    N = X.shape[0]\n"


def mutants_of(line: str) -> list[Mutant]:
    """Return the mutants of a function whose second line is marked."""
    text = f"{HEAD}    {line}\n    return X\n"
    return mutants({"m.py": text}, blocks({"m.py": text}, {"m.py": [range(3, 4)]}))


def lines_of(line: str) -> list[str]:
    return [mutant.source.splitlines()[2].strip() for mutant in mutants_of(line)]


# Mistakes of completed homeworks, as the right line and the wrong one.
MISTAKES = {
    "1/N is missing": ("loss = d / N", "loss = d"),
    "1/N too often": ("loss = d.mean()", "loss = (d.mean()) / N"),
    "sum for mean": ("loss = d.mean()", "loss = d.sum()"),
    "0.5 is missing": ("r = 0.5 * reg * d", "r = reg * d"),
    "regulariser is missing": ("g = dout.T @ X + reg * W1", "g = dout.T @ X"),
    "regulariser is doubled": ("g = dout.T @ X + 0.5 * W1", "g = dout.T @ X + 1.0 * W1"),
    "a layer is missing": ("r = np.sum(W1**2) + np.sum(W2**2)", "r = np.sum(W1**2)"),
    "the other layer": ("r = np.sum(W1**2)", "r = np.sum(W2**2)"),
    "square of the sum": ("r = np.sum(W1**2)", "r = (np.sum(W1) ** 2)"),
    "square of the sum, as a product": ("r = np.sum(W1 * W1)", "r = (np.sum(W1) ** 2)"),
    "cube": ("r = np.sum(W1**2)", "r = np.sum(W1**3)"),
    "no square": ("r = np.sum(W1**2)", "r = np.sum(W1**1)"),
    "bias in the loss": ("r = np.sum(W1**2)", "r = np.sum(W1**2) + np.sum(b1**2)"),
    "bias in the gradient": ('grads["b1"] = d.sum(0)', 'grads["b1"] = d.sum(0) + reg * b1'),
    "bias of shape (1, M)": ("db = d.sum(axis=0)", "db = d.sum(axis=0, keepdims=True)"),
    "keepdims is lost": ("m = s.max(axis=1, keepdims=True)", "m = s.max(axis=1, keepdims=False)"),
    "another axis": ("db = d.sum(axis=0)", "db = d.sum(axis=1)"),
    "one axis of several": ("db = d.sum(axis=(0, 2))", "db = d.sum(axis=(0,))"),
    "naive softmax": ("s = X - X.max(axis=1)", "s = X"),
    "no ReLU": ("h = np.maximum(X, 0)", "h = (X)"),
    "no mask": ("d[X <= 0] = 0", "pass"),
    "mask of the other side": ("d[X <= 0] = 0", "d[X > 0] = 0"),
    "mask with a tie": ("d = dout * (X > 0)", "d = dout * (X >= 0)"),
    "mask in place": ("d = dout * (X > 0)", "dout *= X > 0; d = dout"),
    "ReLU in place": ("h = np.maximum(X, 0)", "h = np.maximum(X, 0, out=X)"),
    "update in place": ("X = X + dout", "X += dout"),
    "width for height": ("n = H - 1", "n = W - 1"),
    "no transpose": ("g = X.T @ d", "g = X @ d"),
    "wrong order": ("g = X.T @ d", "g = d @ X.T"),
    "no square root": ("d = np.sqrt(X)", "d = (X)"),
    "addition for product": ("d = X * W1", "d = (X + W1)"),
    "overwritten": ("dW += X", "dW = X"),
    "momentum's sign": ("v = 0.9 * v - W1", "v = 0.9 * v + W1"),
    "uphill": ("W1 -= dout", "W1 += dout"),
    "randn for rand": ("m = np.random.rand(4) < 0.5", "m = np.random.randn(4) < 0.5"),
    "always the same rows": ("r = np.random.choice(N, 5)", "r = np.arange(5)"),
    "epochs that never end": ("n = N // 5", "n = N / 5"),
    "off by one": ("for i in range(N): pass", "for i in range(N - 1): pass"),
    "a bound is lost": ("r = X[1:H]", "r = X[1:]"),
    "where is reversed": ("r = np.where(X, H, W)", "r = np.where(X, W, H)"),
    "the order of what is returned": ("return X, y", "return y, X"),
    "not zeroed": ("d = np.zeros_like(X)", "d = np.empty_like(X)"),
    "copy is lost": ("d = dout.copy()", "d = (dout)"),
    "a sign is lost": ("l = -d.mean()", "l = d.mean()"),
    "swapped difference": ("d = X - y", "d = (y - X)"),
    # What stands behind an operator keeps its parentheses.
    "product for quotient": ("r = X / (N * H)", "r = (X * (N * H))"),
    "swapped quotient": ("r = N * X / H", "r = (H / (N * X))"),
    "swapped sum": ("d = X + N - y", "d = (y - (X + N))"),
    "the other of two terms": ("d = X - (N + H)", "d = -(N + H)"),
    "wrong order of a product": ("d = 2 * X @ W1", "d = W1 @ (2 * X)"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_of_homeworks_is_planted(name: str) -> None:
    right, wrong = MISTAKES[name]
    assert wrong in lines_of(right)


HINTS = {
    "g = X @ d + reg * W1": ("g = X @ d", "regulariser"),
    "r = np.sum(W1**2)": ("r = (np.sum(W1) ** 2)", "square of the sum"),
    'grads["b1"] = d.sum(0)': ('grads["b1"] = d.sum(0) + reg * b1', "Biases are not regularised"),
    "s = X - X.max(axis=1)": ("s = X", "largest score"),
    "loss = d / N": ("loss = d", "average over all samples"),
    "d = dout * (X > 0)": ("dout *= X > 0; d = dout", "in place"),
    "g = X.T @ d": ("g = X @ d", "transposes"),
    "h = np.maximum(X, 0)": ("h = (X)", "ReLU"),
    "d = X - y": ("d = (y - X)", "sign"),
    "d = X / W1": ("d = (W1 / X)", "upside down"),
}


@pytest.mark.parametrize("right", HINTS)
def test_the_hint_names_the_mistake_without_the_answer(right: str) -> None:
    wrong, words = HINTS[right]
    (mutant,) = (m for m in mutants_of(right) if m.source.splitlines()[2].strip() == wrong)
    assert words in mutant.hint
    assert right not in mutant.hint


def test_the_diff_shows_one_line_and_the_rest_stays_as_it_is() -> None:
    for mutant in mutants_of("scores = X@W1.T   +  b1  # (N, C), \N{GREEK SMALL LETTER ALPHA}"):
        changed = [line for line in mutant.diff.splitlines()[2:] if line[0] in "+-"]
        assert len(changed) == 2
        assert mutant.source.splitlines()[:2] == HEAD.splitlines()
        assert changed[1].endswith("# (N, C), \N{GREEK SMALL LETTER ALPHA}")


def test_positions_hold_after_letters_of_several_bytes_and_other_line_ends() -> None:
    text = 'x = 1\r\ny = "\N{SNOWMAN}" + f(a * b)\r\n'
    found = mutants({"m.py": text}, blocks({"m.py": text}, {"m.py": [range(2, 3)]}))
    assert 'x = 1\r\ny = "\N{SNOWMAN}" + f(a)\r\n' in {mutant.source for mutant in found}


def test_every_mutant_is_another_valid_module() -> None:
    line = "loss = -np.log(p[np.arange(N), y]).mean() + 0.5 * reg * (np.sum(W1**2) + np.sum(W2**2))"
    found = mutants_of(line)
    trees = {ast.dump(ast.parse(mutant.source)) for mutant in found}
    assert len(trees) == len(found) > 20
    assert all(mutant.line == 3 and mutant.block.function == "loss" for mutant in found)


def test_the_choice_depends_on_the_seed_alone_and_keeps_the_order() -> None:
    text = f"{HEAD}    loss = X @ W1.T + reg * b1 - dout / N\n"
    found = blocks({"m.py": text}, {"m.py": [range(3, 4)]})
    whole = [m.source for m in mutants({"m.py": text}, found)]
    chosen = [m.source for m in mutants({"m.py": text}, found, most=5, seed=1)]
    assert chosen == [m.source for m in mutants({"m.py": text}, found, most=5, seed=1)]
    assert chosen != [m.source for m in mutants({"m.py": text}, found, most=5, seed=2)]
    assert len(chosen) == 5
    assert [source for source in whole if source in chosen] == chosen


def test_only_marked_lines_change() -> None:
    text = "a = 1 + 2\nb = 3 + 4\nc = [\n    5,\n    6,\n]\n"
    found = mutants({"m.py": text}, blocks({"m.py": text}, {"m.py": [range(2, 3)]}))
    assert found
    for mutant in found:
        kept = mutant.source.splitlines()
        assert kept[0] == "a = 1 + 2"
        assert kept[2:] == ["c = [", "    5,", "    6,", "]"]


def test_a_block_is_named_by_file_lines_and_function() -> None:
    text = "class Net:\n    def loss(self):\n        return 1\n"
    (block,) = blocks({"m.py": text}, {"m.py": [range(3, 4)]})
    assert str(block) == "m.py:3-3 Net.loss"


def test_an_emptied_block_does_nothing_and_the_module_is_still_valid() -> None:
    text = "def f():\n    # the solution\n    x = 1\n    if x:\n        x = 2\n    return 0\n"
    (block,) = blocks({"m.py": text}, {"m.py": [range(2, 6)]})
    assert emptied(text, block) == "def f():\n    pass\n    return 0\n"


def test_a_block_in_which_nothing_stands_is_empty_already() -> None:
    text = "def f():\n    # START\n    # think\n\n    # END\n    return 0\n"
    (block,) = blocks({"m.py": text}, {"m.py": [range(3, 5)]})
    assert emptied(text, block) == text


def test_a_call_without_arguments_has_no_bound() -> None:
    assert "r = -(X.range())" in lines_of("r = X.range()")


def test_a_reference_that_is_not_python_is_the_authors_mistake() -> None:
    with pytest.raises(AuthorMistake, match=r"m\.py: .*not valid Python"):
        blocks({"m.py": "def f(:\n"}, {"m.py": [range(1, 2)]})


def test_functions_are_known_by_the_lines_inside_them() -> None:
    source = Source("class A:\n    def f(self):\n        def g():\n            pass\n\nx = 1\n")
    assert [source.name(line) for line in (1, 2, 4, 6)] == ["A", "A.f", "A.f.g", ""]


@pytest.mark.parametrize("name", ["layers", "optim", "training_layers"])
def test_the_reference_package_has_hundreds_of_mutants(name: str) -> None:
    text = (ROOT / f"solutions/nndl/{name}.py").read_text()
    removed = strip_text(text, Place(name)).removed
    marked = [range(b.where.line or 1, (b.where.line or 1) + len(b.lines)) for b in removed]
    found = mutants({name: text}, blocks({name: text}, {name: marked}))
    assert len(found) > 150
    assert all(found.count(mutant) == 1 for mutant in found[:20])
    assert all(mutant.hint.endswith((".", "?")) for mutant in found)
