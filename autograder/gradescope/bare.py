"""Source without comments and docstrings: the reference as it travels.

Text is cut out of the source as it is, not written anew from the syntax tree: what one Python
writes (quotes within an f-string, say) another one may not read. Lines keep their numbers.
"""

from __future__ import annotations

import ast
import io
import tokenize
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["bare"]

WITH_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
# The first and the last line of what goes, from 1, and from which to which byte, with what stays.
Cut = tuple[int, int, int, int, bytes]


def bare(source: bytes) -> bytes:
    """Return Python source without comments and docstrings; as it is if it is not Python.

    An empty text stands for a docstring: a body must not be empty, and `from __future__` may
    follow a docstring alone.
    """
    try:
        text = _text(source)
        cuts = [*_docstrings(ast.parse(text)), *_comments(text)]
    except (SyntaxError, ValueError, tokenize.TokenError):
        return source
    lines = [line.encode() for line in io.StringIO(text)]
    for first, last, start, end, stays in sorted(cuts, reverse=True):
        kept = lines[first - 1][:start] + stays + lines[last - 1][end:]
        lines[first - 1 : last] = [kept, *[b"\n"] * (last - first)]
    return b"".join(lines)


def _text(source: bytes) -> str:
    """Return the text of a source file, with line ends as Python reads them."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    return io.TextIOWrapper(io.BytesIO(source), encoding).read()


def _docstrings(tree: ast.AST) -> Iterator[Cut]:
    for node in ast.walk(tree):
        if isinstance(node, WITH_DOCSTRING) and ast.get_docstring(node, clean=False) is not None:
            said = node.body[0]
            last, end = said.end_lineno or said.lineno, said.end_col_offset or said.col_offset
            yield said.lineno, last, said.col_offset, end, b'""'


def _comments(text: str) -> Iterator[Cut]:
    lines = list(io.StringIO(text))
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            code, line = lines[row - 1][:column].rstrip(), lines[row - 1]
            yield row, row, len(code.encode()), len(line.rstrip("\n").encode()), b""
