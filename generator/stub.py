"""What stands in a release instead of a block: the author's choice, or the dialect's."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["assigned", "is_whole_statement", "stub_line", "stub_texts"]

NAME = "{name}"
WORD = re.compile(r"[^\W\d]\w*")
LAYOUT = {tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.NEWLINE}
NESTING = (ast.If, ast.For, ast.While, ast.With, ast.Try)


def stub_texts(chosen: Sequence[str], body: str, elsewhere: str) -> list[str]:
    """Return the lines of a stub, without indentation.

    Args:
        chosen: lines as the author wrote them; one with `{name}` is written once for each name.
        body: the block's code.
        elsewhere: the text in which the block's names may be used.

    Raises:
        ValueError: a name is asked for and the block cannot be read, or assigns none.
    """
    texts: list[str] = []
    for line in chosen:
        if NAME not in line:
            texts.append(line)
            continue
        used = set(WORD.findall(elsewhere))
        names = [name for name in assigned(body) if name in used]
        if not names:
            raise ValueError("no name that the block assigns is used elsewhere")
        texts += [line.replace(NAME, name) for name in names]
    return texts


def assigned(code: str) -> list[str]:
    """Return the names that code assigns, in order of appearance.

    What stands inside functions and classes does not count.

    Raises:
        ValueError: the code does not parse.
    """
    try:
        tree = ast.parse(dedent(code))
    except SyntaxError as error:
        raise ValueError(f"the block does not parse on its own: {error.msg}") from error
    return list(dict.fromkeys(_names(tree.body)))


def _names(statements: Sequence[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                yield from _stored(target)
        elif isinstance(statement, ast.AnnAssign):
            yield from _stored(statement.target)
        elif isinstance(statement, NESTING):
            for part in ("body", "orelse", "finalbody"):
                yield from _names(getattr(statement, part, []))


def _stored(target: ast.expr) -> Iterator[str]:
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, (ast.Tuple, ast.List)):
        for item in target.elts:
            yield from _stored(item)
    elif isinstance(target, ast.Starred):
        yield from _stored(target.value)


def stub_line(code: str, stub: str) -> str:
    """Return a marked statement of one line with the stub in the place of what is right of the =.

    `a, b = f()` becomes `a, b = ..., ...`, so that the line runs.

    Raises:
        ValueError: the line is not a statement of its own.
    """
    if code.startswith("#"):
        return stub
    try:
        [statement] = ast.parse(code).body
    except (SyntaxError, ValueError):
        raise ValueError("marks a part of a statement; use BEGIN and END lines around it") from None
    if not isinstance(statement, (ast.Assign, ast.AnnAssign)) or not (statement.value and stub):
        return stub
    head = code.encode()[: statement.value.col_offset].decode().rstrip(" (")
    target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
    items = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
    count = 1 if any(isinstance(item, ast.Starred) for item in items) else len(items)
    return f"{head} {', '.join([stub] * count)}"


def is_whole_statement(text: str, row: int) -> bool:
    """Tell whether no statement of several lines covers a row, counted from 1.

    Where the text is not Python up to there, the answer is True.
    """
    first: int | None = None
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if first is None and token.type not in LAYOUT:
                first = token.start[0]
            elif token.type == tokenize.NEWLINE:
                if token.start[0] >= row:
                    return first is None or first > row or first == row == token.start[0]
                first = None
    except (SyntaxError, tokenize.TokenError):
        pass
    return first is None or first >= row
