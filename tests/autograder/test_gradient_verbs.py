"""Gradients: compared, held against the student's own forward pass, and under contract."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gradlab.errors import AuthorMistake
from tests.autograder.trying import Tried, record, tried

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograder.draw import Draw
    from autograder.expect import Expect
    from autograder.remote import Student

AFFINE = """
import numpy as np

def forward(x, w, b):
    out = x @ w + b
    return out, (x, w, b)

def backward(dout, cache):
    x, w, b = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)
"""
RELU = """
import numpy as np

def forward(x):
    return np.maximum(x, 0), x

def backward(dout, x):
    return dout * (x > 0)
"""
NET = """
import numpy as np

class Net:
    def __init__(self):
        self.params = {}

    def loss(self, X, y, reg):
        W, b = self.params["W"], self.params["b"]
        N = len(X)
        scores = X @ W + b
        scores = scores - scores.max(axis=1, keepdims=True)
        log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        loss = -log_p[np.arange(N), y].mean() + 0.5 * reg * np.sum(W * W)
        dscores = np.exp(log_p)
        dscores[np.arange(N), y] -= 1
        dscores /= N
        return loss, {"W": X.T @ dscores + reg * W, "b": dscores.sum(axis=0)}
"""


def affine(student: Student, expect: Expect, draw: Draw) -> None:
    inputs = {"x": draw.normal(7, 4), "w": draw.normal(4, 3), "b": draw.normal(3)}
    expect.gradients(
        student.work.forward,
        inputs,
        backward=student.work.backward,
        dout=draw.normal(7, 3),
        consistent=Fraction(1, 2),
        max_error=1e-7,
    )


def relu_with(**more: Any) -> Callable[..., None]:
    def check(student: Student, expect: Expect, draw: Draw) -> None:
        inputs, dout = {"x": draw.away(7, 4)}, draw.normal(7, 4)
        backward = student.work.backward
        expect.gradients(
            student.work.forward, inputs, backward=backward, dout=dout, max_error=1e-7, **more
        )

    return check


def net_with(**more: Any) -> Callable[..., None]:
    def check(student: Student, expect: Expect, draw: Draw) -> None:
        it, X, y = student.work.Net(), draw.normal(7, 4), draw.labels(7, 3)

        def loss(**params: np.ndarray) -> object:
            it.params.update(params)
            return it.loss(X, y, 0.7)

        params = {"W": draw.normal(4, 3), "b": draw.normal(3)}
        expect.gradients(loss, params, max_error=1e-7, **more)

    return check


relu, net = relu_with(), net_with(consistent=0.5)


def changed(source: str, *edits: tuple[str, str]) -> str:
    for old, new in edits:
        assert old in source
        source = source.replace(old, new)
    return source


@pytest.mark.parametrize(
    ("check", "source"), [(affine, AFFINE), (relu, RELU), (net, NET)], ids=["affine", "relu", "net"]
)
def test_the_reference_earns_everything_without_a_word(check: object, source: str) -> None:
    done = tried(check, source, source)  # type: ignore[arg-type]
    assert (done.credit, done.text) == (1, "")


RIGHT = [
    ("return out, (x, w, b)", "return out.tolist(), (x, w, b)"),
    ("return out, (x, w, b)", "return [out, (x, w, b)]"),
    ("return out, (x, w, b)", "return out.astype(np.float32), (x, w, b)"),
    ("return dout @ w.T, x.T @ dout, dout", "return [(dout @ w.T).tolist(), x.T @ dout, dout"),
    (".sum(axis=0)", ".sum(axis=0).tolist()"),
]


@pytest.mark.parametrize("edit", RIGHT, ids=lambda edit: edit[1])
def test_other_kinds_of_right_values_lose_nothing(edit: tuple[str, str]) -> None:
    end = [(".sum(axis=0)", ".sum(axis=0)]")] if "[(dout" in edit[1] else []
    assert tried(affine, AFFINE, changed(AFFINE, edit, *end)).credit == 1


CACHES = [
    (
        ("(x, w, b)\n\ndef", "{'w': w, 'x': x}\n\ndef"),
        ("x, w, b = cache", "x, w = cache['x'], cache['w']"),
    ),
    (("(x, w, b)\n\ndef", "[w, x]\n\ndef"), ("x, w, b = cache", "w, x = cache")),
    (
        ("(x, w, b)\n\ndef", "Cache(x, w)\n\ndef"),
        ("x, w, b = cache", "x, w = cache.x, cache.w"),
        (
            "import numpy as np",
            "import numpy as np\nclass Cache:\n    def __init__(self, x, w): self.x, self.w = x, w",
        ),
    ),
    (
        ("(x, w, b)\n\ndef", "(x > 0, x, w.T)\n\ndef"),
        ("x, w, b = cache", "mask, x, w = cache; w = w.T; assert mask.dtype == bool"),
    ),
]


@pytest.mark.parametrize("edits", CACHES)
def test_the_cache_belongs_to_the_student(edits: tuple[tuple[str, str], ...]) -> None:
    done = tried(affine, AFFINE, changed(AFFINE, *edits))
    assert (done.credit, done.text) == (1, "")


def natural(student: Student, expect: Expect, draw: Draw) -> None:
    _, cache = student.work.forward(draw.normal(7, 4), draw.normal(4, 3), draw.normal(3))
    dx, dw, db = student.work.backward(draw.normal(7, 3), cache)
    expect.close({"dx": dx, "dw": dw, "db": db}, max_error=1e-7)


@pytest.mark.parametrize("edits", CACHES)
def test_a_cache_handed_on_by_a_check_is_the_students_own(
    edits: tuple[tuple[str, str], ...],
) -> None:
    assert tried(natural, AFFINE, changed(AFFINE, *edits)).credit == 1


VERDICTS = {
    "forward right, backward wrong": (
        [("x.T @ dout", "2 * x.T @ dout")],
        Fraction(2, 3),
        [
            "dw: ",
            "It is 2 times too large",
            "forward pass is right; the mistake is in the backward",
        ],
    ),
    "forward wrong, backward consistent": (
        [
            ("x @ w + b", "x @ w / 2 + b"),
            ("dout @ w.T, x.T @ dout", "dout @ w.T / 2, x.T @ dout / 2"),
        ],
        Fraction(2, 3),  # db is right, the other two fit a wrong forward pass: half each
        ["out: ", "It fits your own forward pass, which is not right", "2 times too small"],
    ),
    "both wrong": (
        [("x @ w + b", "x @ w"), ("dout @ w.T", "dout @ w.T * 3")],
        Fraction(2, 3),
        ["out: ", "dx: ", "Your forward pass is not right, and this does not fit it either"],
    ),
    "forward wrong, backward right": ([("x @ w + b", "x @ w - b")], Fraction(1), ["out: "]),
}


@pytest.mark.parametrize("case", VERDICTS)
def test_the_verdict_says_which_pass_is_wrong(case: str) -> None:
    edits, credit, words = VERDICTS[case]
    done = tried(affine, AFFINE, changed(AFFINE, *edits))
    assert done.judge.credit == credit
    for word in words:
        assert word in done.text


CONTRACT = {
    "dout is masked in place": (
        [("return dout * (x > 0)", "dout[x <= 0] = 0\n    return dout")],
        "dout is changed",
    ),
    "x is overwritten": (
        [("return np.maximum(x, 0), x", "np.maximum(x, 0, out=x)\n    return x, x")],
        "x is changed",
    ),
    "the cached x is overwritten": (
        [("return dout * (x > 0)", "x[...] = x > 0\n    return dout * x")],
        "x is changed",
    ),
    "another result the second time": (
        [
            (
                "return dout * (x > 0)",
                "global n\n    n += 1\n    return dout * (x > 0) * (1 + (n > 1))",
            ),
            ("import numpy as np", "import numpy as np\nn = 0"),
        ],
        "dx: ",
    ),
}


@pytest.mark.parametrize("case", CONTRACT)
def test_a_breach_of_the_contract_costs_its_share(case: str) -> None:
    edits, words = CONTRACT[case]
    done = tried(relu, RELU, changed(RELU, *edits))
    assert done.credit == 0  # one gradient, and a contract of the same weight
    assert words in done.text
    assert done["dx"].credit == 1


NOTHING = {
    "None": "return None",
    "zeros": "return np.zeros_like(x), x",
    "input": "return x, x",
}


@pytest.mark.parametrize("forward", NOTHING.values(), ids=NOTHING)
@pytest.mark.parametrize("backward", ["None", "np.zeros_like(dout)", "dout"])
def test_stubs_earn_nothing_for_being_consistent(forward: str, backward: str) -> None:
    source = changed(
        RELU,
        ("return np.maximum(x, 0), x", forward),
        ("return dout * (x > 0)", f"return {backward}"),
    )
    assert tried(relu_with(consistent=1), RELU, source).credit == 0


NETS = {
    "regulariser without its half in the loss": (("0.5 * reg", "reg"), 1, ["loss: "]),
    "regulariser missing in the gradient": (
        (" + reg * W,", ","),
        0.5,
        ["grads['W']", "backward pass"],
    ),
    "biases regularised in the gradient": (
        ("dscores.sum(axis=0)}", "dscores.sum(axis=0) + reg * b}"),
        0.5,
        ["grads['b']"],
    ),
    "a constant loss": (
        ("loss = -", "return 1.0, {'W': 0 * W, 'b': 0 * b}\n        loss = -"),
        0,
        ["All entries are 0"],
    ),
    "a made-up loss with its gradient": (
        (
            "loss = -",
            "return W.sum() + b.sum(), {'W': 0 * W + 1, 'b': 0 * b + 1}\n        loss = -",
        ),
        0,
        ["It fits your own forward pass"],
    ),
    "a sum for the mean, everywhere": (
        ("dscores /= N", "loss *= N; reg = reg * N"),
        0.5,
        ["It fits your own forward pass"],
    ),
}


@pytest.mark.parametrize("case", NETS)
def test_nets(case: str) -> None:
    edit, credit, words = NETS[case]
    done = tried(net, NET, changed(NET, edit))
    assert done.credit == credit
    for word in words:
        assert word in done.text


def test_more_calls_than_the_reference_made_are_no_mistake() -> None:
    """What comes after `gradients` meets its own outlines, however often slopes were tried."""

    def check(student: Student, expect: Expect, draw: Draw) -> None:
        affine(student, expect, draw)
        out, _ = student.work.forward(draw.normal(2, 4), draw.normal(4, 3), draw.normal(3))
        expect.close({"later": out}, max_error=1e-7)

    done = tried(check, AFFINE, changed(AFFINE, ("x.T @ dout", "3 * x.T @ dout")))
    assert done.fault is None
    assert done["later"].credit == 1
    assert done.judge.credit == Fraction(3, 4)


def test_a_reference_on_a_kink_is_refused() -> None:
    def check(student: Student, expect: Expect) -> None:
        x = np.zeros((3, 4))
        work = student.work
        expect.gradients(work.forward, {"x": x}, backward=work.backward, dout=x + 1, max_abs=1e-9)

    with pytest.raises(AuthorMistake, match=r"meets a kink .* draw.away"):
        record(check, RELU)


def test_a_reference_whose_passes_disagree_is_refused() -> None:
    with pytest.raises(AuthorMistake, match="dw of the reference does not fit its own forward"):
        record(affine, changed(AFFINE, ("x.T @ dout", "2 * x.T @ dout")))


def test_two_uses_in_one_check_are_told_apart() -> None:
    def check(student: Student, expect: Expect, draw: Draw) -> None:
        for name in ("small", "large"):
            relu_with(name=name)(student, expect, draw)

    done = tried(check, RELU, RELU)
    assert done.credit == 1
    assert [f.name for f in done.judge.findings()][:4] == [
        "small out", "small dx", "small contract", "large out",
    ]  # fmt: skip


class TestSlope:
    @staticmethod
    def check(student: Student, expect: Expect, draw: Draw) -> None:
        x, dout = draw.normal(7, 4), draw.normal(7, 4)
        _, kept = student.call_and_keep(student.work.forward, x)
        dx = student.work.backward(dout, kept[1])
        expect.close({"dx": dx}, max_error=1e-7)
        expect.slope(student.work.forward, {"x": x}, {"x": dx}, dout=dout)

    def test_it_withholds_where_the_gradient_does_not_fit(self) -> None:
        done = tried(
            self.check, RELU, changed(RELU, ("np.maximum(x, 0), x", "np.maximum(x, 0) * 2, x"))
        )
        assert done["dx"].credit == 1
        assert done.credit == 0
        assert "slope is off by" in done.text

    def test_it_earns_nothing(self) -> None:
        constant = changed(
            RELU, ("np.maximum(x, 0), x", "0 * x, x"), ("dout * (x > 0)", "0 * dout")
        )
        done = tried(self.check, RELU, constant)
        assert done["slope along x"].credit == 1
        assert done.credit == 0

    def test_alone_it_is_the_authors_mistake(self) -> None:
        def check(student: Student, expect: Expect, draw: Draw) -> None:
            x = draw.normal(2)
            expect.slope(student.work.forward, {"x": x}, {"x": x > 0}, dout=np.ones(2))

        with pytest.raises(AuthorMistake, match="can only withhold"):
            record(check, RELU)

    def test_a_function_of_the_suite_gets_its_inputs_by_name(self) -> None:
        def check(student: Student, expect: Expect, draw: Draw) -> None:
            w, X = draw.normal(4, 3), draw.normal(7, 4)
            b, dout = draw.normal(3), draw.normal(7, 3)
            expect.close({"out": student.work.forward(X, w, b)[0]}, max_error=1e-7)
            gradient = {"w": X.T @ dout}
            expect.slope(lambda w: student.work.forward(X, w, b), {"w": w}, gradient, dout=dout)

        assert tried(check, AFFINE, AFFINE).credit == 1


def test_findings_without_a_word_name_nothing() -> None:
    done: Tried = tried(affine, AFFINE, AFFINE)
    assert [f.name for f in done.judge.findings()] == ["out", "dx", "dw", "db", "contract"]


SLIPS = [
    ("x.T @ dout", "x.T @ dout**2", "grows with the square of the upstream gradient"),
    ("x.T @ dout", "x.T @ np.ones_like(dout)", "does not change with the upstream gradient"),
    ("x.T @ dout", "x[-1:].T @ dout[-1:]", "from the last sample of the batch alone"),
    ("dout.sum(axis=0)", "dout[0]", "from the first sample of the batch alone"),
]


@pytest.mark.parametrize(("right", "wrong", "words"), SLIPS, ids=lambda text: str(text)[:20])
def test_how_a_gradient_takes_in_the_upstream_gradient(right: str, wrong: str, words: str) -> None:
    assert words in tried(affine, AFFINE, changed(AFFINE, (right, wrong))).text


def test_an_authors_hint_for_a_gradient() -> None:
    def check(student: Student, expect: Expect, draw: Draw) -> None:
        work, dout = student.work, draw.normal(7, 4)
        inputs, mean = {"x": draw.away(7, 4)}, {"It is no mean.": {"x": dout / 7}}
        expect.gradients(
            work.forward, inputs, backward=work.backward, dout=dout, typical=mean, max_error=1e-7
        )

    source = RELU.replace("np.maximum(x, 0)", "1 * x").replace("* (x > 0)", "* 1")
    done = tried(check, source, source.replace("dout * 1", "dout / 7"))
    assert done["dx"].hint.endswith("It is no mean.")


@pytest.mark.parametrize("size", ["1e200", "-1e308", "np.inf", "np.nan"])
def test_a_gradient_of_any_size_is_judged_without_a_warning(size: str) -> None:
    done = tried(affine, AFFINE, changed(AFFINE, ("x.T @ dout", f"np.full_like(w, {size})")))
    assert done.judge.credit == Fraction(2, 3)


REGULARISERS = [
    ("+ reg * W", "", "The regulariser is missing."),
    ("0.5 * reg * np.sum(W * W)", "0", "The regulariser is missing."),
    ("0.5 * reg * np.sum(W * W)", "0.25 * reg * np.sum(W * W)", "half of what is asked for"),
    ("0.5 * reg * np.sum(W * W)", "0.5 * reg * np.sum(W)", "the power of the weights"),
    ('"b": dscores.sum(axis=0)', '"b": dscores.sum(axis=0) + 2 * reg * b', "Biases are not"),
]


@pytest.mark.parametrize(("right", "wrong", "words"), REGULARISERS)
def test_what_a_regulariser_adds_is_recognised_where_the_check_has_one(
    right: str, wrong: str, words: str
) -> None:
    with_reg = net_with(forward=1, reg=0.7)
    assert words in tried(with_reg, NET, changed(NET, (right, wrong))).text
    assert words not in tried(net, NET, changed(NET, (right, wrong))).text
