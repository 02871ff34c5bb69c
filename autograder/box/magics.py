"""A notebook cell as plain Python: what IPython adds to the language is taken out, line for line.

Python's own parser decides. A cell that parses is never changed; in one that does not, only the
line that the parser names is looked at, and changed only if it has the form of a magic, a shell
command or a question. Lines keep their numbers, so that an error still names the right one.
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import NamedTuple

__all__ = ["parse", "plain"]

# Magics whose argument or body is Python that gives names their values. `%timeit` is not one of
# them: in IPython, too, what it runs leaves no names behind.
RUN_LINE = frozenset({"time", "prun"})
RUN_CELL = frozenset({"time", "prun", "capture"})
MOST_REPAIRS = 200  # each one parses the cell again


class Rule(NamedTuple):
    """What stands for a line of a certain form; `continued`: it may end in a backslash."""

    form: re.Pattern[str]
    instead: str
    continued: bool = True


OPTIONS = r"(?:\s+-[a-zA-Z]+(?:\s+\d+|\s+[\w./]+(?=\s))?)*"
RULES = (
    Rule(re.compile(rf"(\s*)%(?:{'|'.join(sorted(RUN_LINE))})\b{OPTIONS}\s+(?=[^\s-])"), r"\1"),
    Rule(re.compile(r"(\s*)(?:[%!]|\?+\s*[\w.%*]).*"), r"\1pass"),
    Rule(re.compile(r"(\s*[^=#'\"()]+?=\s*)[%!](?=\S).*"), r"\1None"),
    Rule(re.compile(r"(\s*)%{0,2}[\w.*\[\]'\"]+\?{1,2}\s*(?:#.*)?$"), r"\1pass", continued=False),
    Rule(re.compile(r"(\s*)[,;/][A-Za-z_].*"), r"\1pass", continued=False),  # IPython's autocall
)
# `pip install tqdm` as a whole cell: IPython guesses the missing sign.
AUTOMAGIC = re.compile(
    r"\s*(?:apt|cat|cd|conda|cp|load_ext|ls|matplotlib|mkdir|mv|pip3?|rm|run)\s.*"
)
CELL_MAGIC = re.compile(r"(?:[^\S\n]*(?:#[^\n]*)?\n)*[^\S\n]*%%(\w*)[^\n]*(?:\n|$)")
PROMPT = re.compile(r"[^\S\n]*(?:>>>|\.\.\.|In \[\d+\]:|\s*\.{3,}:)(?: |$)", re.MULTILINE)


def parse(source: str) -> ast.Module:
    """Return a cell's syntax tree without its magics.

    Raises:
        SyntaxError: it is not Python; its line is that of the cell.
    """
    try:
        return _parse(plain(source))
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(str(error) or "too deeply nested") from None


def plain(source: str) -> str:
    """Return a cell without its magics; as it is where it is Python already, or cannot be mended.

    The body of a cell magic of another language, or of one that keeps its names to itself, is gone.
    """
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    if _complaint(source) is None:
        return source
    if magic := CELL_MAGIC.match(source):
        blank = "\n" * magic.group().count("\n")
        return blank + (plain(source[magic.end() :]) if magic.group(1) in RUN_CELL else "")
    if PROMPT.match(source.lstrip("\n")):
        source = PROMPT.sub("", source)
    return _mended(_dedented(source))


def _parse(source: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\d" in a text is the student's own matter
        return ast.parse(source)


def _complaint(source: str) -> int | None:
    """Return the number of the line that is not Python, from 0; None if all of it is."""
    try:
        _parse(source)
    except SyntaxError as error:
        return (error.lineno or 1) - 1
    except (ValueError, RecursionError, MemoryError):
        return -1
    return None


def _mended(source: str) -> str:
    lines = source.split("\n")
    if len([line for line in lines if line.strip()]) == 1 and AUTOMAGIC.fullmatch(source.strip()):
        return "\n" * (len(lines) - 1)
    for _ in range(MOST_REPAIRS):
        number = _complaint("\n".join(lines))
        # A block that holds nothing but a magic is complained about one line late.
        if number is None or not (_mend(lines, number) or _mend(lines, number - 1)):
            break
    return "\n".join(lines)


def _mend(lines: list[str], number: int) -> bool:
    if not 0 <= number < len(lines):
        return False
    for rule in RULES:
        if rule.form.match(lines[number]):
            last = _last(lines, number) if rule.continued else number
            whole = " ".join(line.removesuffix("\\") for line in lines[number : last + 1])
            blank = [""] * (last - number)
            lines[number : last + 1] = [rule.form.sub(rule.instead, whole, count=1), *blank]
            return True
    return False


def _last(lines: list[str], number: int) -> int:
    """Return the last line of a command that backslashes continue."""
    while lines[number].endswith("\\") and number + 1 < len(lines):
        number += 1
    return number


def _dedented(source: str) -> str:
    """Take away the first line's indentation everywhere, as IPython does."""
    first = re.match(r"\n*([^\S\n]+)(?=\S)", source)
    return re.sub(rf"^{first.group(1)}", "", source, flags=re.MULTILINE) if first else source
