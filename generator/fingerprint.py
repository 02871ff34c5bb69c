"""What a line of code says, whatever its variables are called and however it is laid out.

`stream` keeps the names: two texts with the same tokens have the same stream. `shape` forgets them:
the bag of what a statement does, so that renamed variables, operands in another order,
`np.dot(a, b)` for `a @ b`, `x.sum(0)` for `np.sum(x, axis=0)` and `x += y` for `x = x + y` are the
same.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property, lru_cache

__all__ = [
    "COMPUTES",
    "LEAD",
    "Needle",
    "Shape",
    "Statement",
    "squeezed",
    "statements",
    "stream",
    "weight",
]

TOKEN = re.compile(
    r"[^\W\d]\w*|[()\[\],.']|\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?"
    r"|(?:\*\*|//|<<|>>|[-+*/%@&|^<>=!:])=|\*\*|//|->|\S"
)
LEAD = re.compile(r"^[ \t]*(?:#+|>+|[-*+] |\d+[.)] |\.\.\. )[ \t]*", re.MULTILINE)
COMPUTES = re.compile(r"[-+*/%@<>]|[=!]=|\bnp\.|\.(?:dot|sum|mean|max|min|std|arg\w+|cumsum)\(")
WHOLE = re.compile(r"\.(?<=\d\.)0*(?![\w.])")  # 1.0 and 1. are 1
SAME = {  # spellings of one operation
    "dot": ("@",), "matmul": ("@",), "transpose": ("T",), "square": ("**", "2"), "power": ("**",),
    "add": ("+",), "subtract": ("-",), "multiply": ("*",), "divide": ("/",), "amax": ("max",),
    "amin": ("min",),
}  # fmt: skip
SIGNS = frozenset("()[]{},:.;'=`§\\")
SILENT = SIGNS | {
    ":=", "->", "and", "as", "assert", "axis", "class", "def", "del", "elif", "else", "enumerate",
    "except", "float", "for", "from", "if", "import", "in", "int", "is", "lambda", "len", "not",
    "np", "numpy", "or", "pass", "print", "raise", "range", "return", "self", "while", "with",
    "yield", "zip",
}  # fmt: skip
CONSTANTS = frozenset({"None", "True", "False"})
TARGET = frozenset(".,[]'*:|")  # what the left side of an assignment is made of
COMPARISONS = frozenset({"==", "!=", "<=", ">="})
NOT_BEFORE = frozenset({".", "'"})  # an attribute, a text: no variable
NOT_AFTER = frozenset({"(", "=", "'"})  # a call, a keyword, a text
CONTINUED = re.compile(r"\\\r?\n")
DROPPED = b" \t\r\n\f\v#>*+-.'\"\\0123456789)"
LONGEST = 40  # lines of one statement


@lru_cache(maxsize=65536)
def stream(text: str) -> str:
    """Return the tokens between single blanks; comment signs and list marks are gone."""
    return f" {' '.join(TOKEN.findall(_plain(LEAD.sub('', text))))} "


def squeezed(text: str) -> bytes:
    """Return what is left of a text without all that `stream` may drop or write otherwise.

    One text contains another's stream only if it contains it squeezed, and that is quick to see.
    """
    return text.encode("utf-8", "surrogatepass").translate(None, DROPPED)


@dataclass(frozen=True)
class Needle:
    """Something to look for: its stream, and squeezed."""

    stream: str
    squeezed: bytes

    @classmethod
    def of(cls, text: str) -> Needle:
        """Return a text as something to look for."""
        return cls(stream(text), squeezed(text))


def _plain(text: str) -> str:
    return WHOLE.sub("", CONTINUED.sub(" ", text.replace('"', "'")))


def weight(text: str) -> int:
    """Return how much a line says: the number of its names, numbers and operators."""
    return sum(token not in SILENT for token in TOKEN.findall(_plain(text)))


@dataclass(frozen=True)
class Shape:
    """What a statement does, without its names.

    Attributes:
        key: its operations, attributes, calls and numbers, sorted, and how often each of its
            variables occurs.
        information: how much that is; 0 for `x = y`.
    """

    key: tuple[str, ...]
    information: int

    @classmethod
    @lru_cache(maxsize=65536)
    def of(cls, text: str) -> Shape:
        """Return the shape of a statement; of an assignment or a return only the value counts."""
        tokens = _value(TOKEN.findall(_plain(text)))
        said, names = _sorted_out(tokens)
        counts = sorted(map(str, Counter(names).values()))
        return cls((*sorted(said), "§", *counts), len(said))


def _value(tokens: list[str]) -> list[str]:
    """Return what is assigned; `x += y` assigns `x + y`."""
    for index, sign in enumerate(tokens):
        if sign == "=":
            return tokens[index + 1 :]
        if sign[-1] == "=" and sign not in COMPARISONS:
            return [*tokens[:index], sign[:-1], *tokens[index + 1 :]]
        if sign not in TARGET and not sign[0].isalnum() and sign[0] != "_":
            break
    return tokens


def _sorted_out(tokens: list[str]) -> tuple[list[str], list[str]]:
    """Return what is done, and the variables that it is done with."""
    said: list[str] = []
    names: list[str] = []
    for before, sign, after in zip(["", *tokens], tokens, [*tokens[1:], ""], strict=False):
        if sign in SILENT:
            continue
        is_word = (sign[0].isalpha() or sign[0] == "_") and sign not in CONSTANTS
        if is_word and before not in NOT_BEFORE and after not in NOT_AFTER:
            names.append(sign)
        else:
            said.extend(SAME.get(sign, (sign,)))
    return said, names


@dataclass(frozen=True)
class Statement:
    """One statement, or what looks like one: its text and the number of its first line."""

    text: str
    line: int

    @cached_property
    def shape(self) -> Shape:
        """What it does."""
        return Shape.of(self.text)

    @cached_property
    def names(self) -> Counter[str]:
        """How often it mentions each variable."""
        return Counter(_sorted_out(TOKEN.findall(_plain(self.text)))[1])


def statements(text: str) -> list[Statement]:
    """Return the statements of a text without comments: lines, joined where one goes on."""
    found: list[Statement] = []
    parts: list[str] = []
    depth = first = 0
    for number, line in enumerate(text.split("\n"), 1):
        if not parts and (not line or line.isspace()):
            continue
        first = first if parts else number
        parts.append(line)
        depth += sum(map(line.count, "([{")) - sum(map(line.count, ")]}"))
        if (depth <= 0 and not line.endswith("\\")) or len(parts) == LONGEST:
            found.append(Statement("\n".join(parts).strip(), first))
            parts, depth = [], 0
    return [*found, *([Statement("\n".join(parts).strip(), first)] if parts else [])]
