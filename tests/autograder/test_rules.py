"""Source rules: what counts as a loop, a call or an import, however it is dressed up."""

from __future__ import annotations

import pytest

from autograder.rules import violations

TOP = "import functools\nimport numpy as np\nfrom numpy import vectorize as fast\n"

LOOPS = {
    "for": ("def f(x):\n    for row in x:\n        row += 1\n", "a `for` loop"),
    "while": ("def f(x):\n    while x:\n        x -= 1\n", "a `while` loop"),
    "list": ("def f(x):\n    return [v for v in x]\n", "a list comprehension"),
    "set": ("def f(x):\n    return {v for v in x}\n", "a set comprehension"),
    "dict": ("def f(x):\n    return {v: v for v in x}\n", "a dict comprehension"),
    "generator": ("def f(x):\n    return sum(v for v in x)\n", "a generator expression"),
    "map": ("def f(x):\n    return list(map(abs, x))\n", "`map`"),
    "filter": ("def f(x):\n    return list(filter(None, x))\n", "`filter`"),
    "builtins": ("import builtins\ndef f(x):\n    return builtins.map(abs, x)\n", "`map`"),
    "vectorize": ("def f(x):\n    return np.vectorize(abs)(x)\n", "`vectorize`"),
    "decorator": ("@np.vectorize\ndef f(x):\n    return abs(x)\n", "`vectorize`"),
    "from import": ("def f(x):\n    return fast(abs)(x)\n", "`fast`"),
    "alias": ("def f(x):\n    v = np.vectorize\n    return v(abs)(x)\n", "`vectorize`"),
    "module alias": ("n = np\ndef f(x):\n    return n.vectorize(abs)(x)\n", "`vectorize`"),
    "star": ("from numpy import *\ndef f(x):\n    return vectorize(abs)(x)\n", "`vectorize`"),
    "getattr": ("def f(x):\n    return getattr(np, 'vectorize')(abs)(x)\n", "`vectorize`"),
    "apply": ("def f(x):\n    return np.apply_along_axis(sum, 0, x)\n", "`apply_along_axis`"),
    "frompyfunc": ("def f(x):\n    return np.frompyfunc(abs, 1, 1)(x)\n", "`frompyfunc`"),
    "fromiter": ("def f(x):\n    return np.fromiter(iter(x), float)\n", "`fromiter`"),
    "reduce": ("def f(x):\n    return functools.reduce(max, x)\n", "`reduce`"),
    "recursion": ("def f(x):\n    return x[0] + f(x[1:])\n", "recursion"),
    "mutual": ("def f(x):\n    return g(x)\ndef g(x):\n    return f(x)\n", "recursion"),
    "helper": ("def f(x):\n    return h(x)\ndef h(x):\n    return [v for v in x]\n", "`h`, which"),
    "helper passed on": (
        "def f(x):\n    return np.array(list(zip(x, h)))\ndef h(x):\n    while x:\n        pass\n",
        "`while`",
    ),
    "renamed helper": (
        "def f(x):\n    return g(x)\ndef h(x):\n    return [v for v in x]\ng = h\n",
        "list comprehension",
    ),
    "bound at the top": ("g = np.vectorize(abs)\ndef f(x):\n    return g(x)\n", "`vectorize`"),
    "lambda": ("f = lambda x: [v for v in x]\n", "list comprehension"),
    "nested": (
        "def f(x):\n    def g(y):\n        for v in y:\n            pass\n    return g(x)\n",
        "`for`",
    ),
    "in a class": (
        "class H:\n    def go(self):\n        [v for v in ()]\ndef f(x):\n    return H().go()\n",
        "list comprehension",
    ),
    "exec": ("def f(x):\n    exec('for v in x: pass')\n", "`exec`, which hides"),
    "computed name": ("def f(x):\n    return getattr(np, x)(abs)\n", "`getattr`"),
}


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_in_any_dress_is_found(name: str) -> None:
    source, words = LOOPS[name]
    found = violations(TOP + source, "f", loops=True)
    assert any(words in sentence for sentence in found), found
    assert all(sentence.startswith("line ") for sentence in found)


RIGHT = {
    "arrays": "def f(x):\n    return np.add.reduce(x) + x.max(axis=1, keepdims=True)\n",
    "another function's loop": "def f(x):\n    return x\ndef g(x):\n    return [v for v in x]\n",
    "a parameter called map": "def f(x, map):\n    return x[map]\n",
    "an own function called filter": "def filter(x):\n    pass\ndef f(x):\n    return filter(x)\n",
    "a variable like a function": "def g(x):\n    [v for v in x]\ndef f(g):\n    return g\n",
    "a method like an array's": (
        "class T:\n    def sum(self):\n        self.d.sum()\ndef f(x):\n    return T().sum()\n"
    ),
    "ufunc.accumulate": "def f(x):\n    return np.maximum.accumulate(x)\n",
}


@pytest.mark.parametrize("name", RIGHT)
def test_vectorised_code_has_no_violation(name: str) -> None:
    assert violations(TOP + RIGHT[name], "f", loops=True) == []


def test_a_sentence_names_line_construct_and_the_way_to_it() -> None:
    source = "def f(x):\n    return h(x)\n\n\ndef h(x):\n    return [v for v in x]\n"
    assert violations(source, "f", loops=True) == [
        "line 6: a list comprehension in `h`, which `f` uses"
    ]


def test_without_a_rule_nothing_is_found() -> None:
    assert violations(TOP + "def f(x):\n    return [g(v) for v in x]\n", "f") == []


def test_methods_follow_their_own_class() -> None:
    source = (
        "class A:\n    def loss(self):\n        return self.part()\n    def part(self):\n"
        "        return 0\nclass B:\n    def part(self):\n        return [v for v in ()]\n"
    )
    assert violations(source, "A.loss", loops=True) == []
    assert violations(source, "B.part", loops=True) != []
    assert violations(source, "part", loops=True) != []


CALLS = [
    ("sorted", "def f(x):\n    return sorted(x)\n", True),
    ("sorted", "def f(x, sorted):\n    return sorted(x)\n", False),
    ("argsort", "def f(x):\n    return x.argsort()\n", True),
    ("argsort", "def f(x):\n    return np.argsort(x)\n", True),
    ("np.argsort", "def f(x):\n    return np.argsort(x)\n", True),
    ("np.argsort", "def f(x):\n    return x.argsort()\n", False),
    ("numpy.vectorize", "def f(x):\n    return fast(x)\n", True),
    ("np.linalg.norm", "from numpy.linalg import norm as n\ndef f(x):\n    return n(x)\n", True),
    ("np.linalg.norm", "from numpy import linalg\ndef f(x):\n    return linalg.norm(x)\n", True),
    ("np.sort", "s = np.sort\ndef f(x):\n    return s(x)\n", True),
    ("two_loops", "def two_loops(x):\n    pass\ndef f(x):\n    return two_loops(x)\n", True),
    ("two_loops", "class A:\n    def f(self, x):\n        return self.two_loops(x)\n", True),
    ("sorted", "def f(x):\n    return [sorted for sorted in x], sorted(x)\n", True),
]


@pytest.mark.parametrize(("rule", "source", "broken"), CALLS)
def test_a_forbidden_call_is_found_by_what_it_means(
    rule: str, source: str, *, broken: bool
) -> None:
    assert bool(violations(TOP + source, "f", calls=[rule])) is broken


IMPORTS = [
    ("torch", "import torch\n", True),
    ("torch", "import torch.nn as nn\n", True),
    ("torch", "from torch.nn import functional\n", True),
    ("torch", "import torchvision\n", False),
    ("torch", "try:\n    import torch\nexcept ImportError:\n    pass\n", True),
    ("torch", "def other():\n    import torch\n", False),
    ("scipy.signal", "import scipy.optimize\n", False),
    ("*", "import math\n", True),
]


@pytest.mark.parametrize(("rule", "source", "broken"), IMPORTS)
def test_a_forbidden_import_is_found(rule: str, source: str, *, broken: bool) -> None:
    found = violations(source + "def f(x):\n    return x\n", "f", imports=[rule])
    assert bool(found) is broken


def test_an_import_in_a_function_that_is_reached_is_found() -> None:
    source = "def f(x):\n    return g(x)\ndef g(x):\n    import torch\n    return torch.relu(x)\n"
    assert violations(source, "f", imports=["torch"]) == [
        "line 4: an import of `torch` in `g`, which `f` uses"
    ]


HOSTILE = {
    "not Python": ("def f(x:\n", "not valid Python"),
    "null bytes": ("def f(x):\n    return '\0'\n", "not valid Python"),
    "missing": ("x = 1\n", "not defined"),
    "huge": ("x = 1\n" * 100_000, "more than"),
    "deep": ("def f(x):\n    return " + "-" * 90_000 + "x\n", "nested too deep"),
    "many of one name": ("def f(x):\n    return g\n" + "def g(q): g\n" * 2000, "too tangled"),
    "many meanings": (
        "".join(f"import a{n} as z\n" for n in range(1000)) + "b = z\n" * 1000 + "f = b\n",
        "too tangled",
    ),
    "one in another": (
        "".join(" " * n + f"def {'f' if not n else f'f{n}'}(x):\n" for n in range(60))
        + " " * 60 + ";".join(f"f{n}" for n in range(1, 60)) + ";x" * 5000 + "\n",
        "too tangled",
    ),
    "long chain": ("def f(x):\n    return x" + ".y" * 20_000 + "\n", "nested too deep"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_gets_a_sentence(name: str) -> None:
    source, words = HOSTILE[name]
    (sentence,) = violations(source, "f", loops=True)
    assert words in sentence


def test_a_file_full_of_helpers_is_read_in_bounded_time_and_said_in_few_sentences() -> None:
    helpers = "".join(f"def h{n}(x):\n    return h{n + 1}([v for v in x])\n" for n in range(5000))
    found = violations("def f(x):\n    return h0(x)\n" + helpers, "f", loops=True)
    assert 0 < len(found) <= 20


def test_a_bad_escape_in_a_students_text_is_no_trouble() -> None:
    assert violations('def f(x):\n    return "\\d" + x\n', "f", loops=True) == []
