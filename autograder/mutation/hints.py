"""What a student could be told whose code behaves like a mutant: a sentence, without the answer."""

from __future__ import annotations

import re

__all__ = ["hint"]

# The first row whose operators and pattern both fit; the pattern is looked for in the source that
# the change is about. An empty tuple stands for every operator.
_ALL: tuple[str, ...] = ()
_ROWS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("regularised bias",), "", "Biases are not regularised, only weights are."),
    (("factor", "term", "statement"), r"\breg\b", "Is the regulariser missing, or a part of it?"),
    (
        ("arithmetic", "constant", "squares", "operands", "quotient", "name", "sign"),
        r"\breg\b|\*\* ?2|^2$|^0\.5$",
        "Look at the regulariser: its factor, and which numbers are squared and summed.",
    ),
    (("squares",), "", "The sum of squares is not the square of the sum."),
    (("term", "function"), r"\.max\(", "Subtract each row's largest score before exp()."),
    (
        ("factor", "function", "quotient"),
        r"\bN\b|mean|\bnum_train\b",
        "Is it an average over all samples?",
    ),
    (
        ("function",),
        r"\bexp\b|\blog\b",
        "Look at the exponentials and the logarithms.",
    ),
    (
        ("statement", "comparison", "function"),
        r"<=|>|\bmask\b|\bmaximum\(",
        "Look at the ReLU: where does it pass nothing on?",
    ),
    (("axis",), "", "Along which axis is this summed, averaged or maximised?"),
    (("keepdims",), "", "Look at the shapes: is a dimension of size 1 lost, or one too many?"),
    (("transpose",), "", "Look at the transposes and the order of the matrix products."),
    (("update",), r"^[-+*/]= for", "Is a sign wrong?"),
    (("update",), r"\+=", "Is something overwritten that should be added up?"),
    (("in place", "update"), "", "Is an array changed in place that is still needed as it was?"),
    (("random",), "", "Is every mini-batch drawn at random?"),
    (("factor",), "", "Is a factor missing?"),
    (("term",), "", "Is a term of a sum missing?"),
    (("sign", "operands"), "", "Is a sign wrong?"),
    (("quotient",), "", "Is a quotient upside down?"),
    (("scale",), r"^(twice|half)", "It is wrong by a factor of 2."),
    (("scale",), r"^minus", "It has the wrong sign."),
    (("scale",), "", "Is it divided by the number of samples exactly once?"),
    (("constant", "bounds"), "", "Is a number or an index off by one?"),
    (("comparison",), "", "Look at the comparison, and at what happens when both sides are equal."),
    (("name",), "", "Is one layer's array, or one size, used for the other's?"),
    (("arguments", "return"), "", "Are two things in the wrong order?"),
    (("statement",), "", "Is a step missing?"),
    (_ALL, "", "One step of the formula is not the right one."),
)


def hint(operator: str, about: str) -> str:
    """Return a sentence for students.

    Args:
        operator: the name of the operator that made the mutant.
        about: the source that its change is about.
    """
    for operators, pattern, sentence in _ROWS:
        if (not operators or operator in operators) and re.search(pattern, about):
            return sentence
    raise AssertionError("the last row fits everything")
