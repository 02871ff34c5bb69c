"""Mutants of a reference: the same module with one planted mistake each."""

from __future__ import annotations

import ast
import difflib
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autograder.mutation.expressions import EXPRESSIONS
from autograder.mutation.hints import hint
from autograder.mutation.source import Source, parse, split_lines
from autograder.mutation.statements import STATEMENTS
from gradlab.errors import AuthorMistake, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from autograder.mutation.edits import Edit

__all__ = ["Block", "Mutant", "blocks", "emptied", "mutants"]


@dataclass(frozen=True)
class Block:
    """A marked block of the reference: what students write.

    Attributes:
        path: of the module, as it is handed in.
        lines: its first line and the one after its last, counted from 1.
        function: around it, `Class.function`.
    """

    path: str
    lines: range
    function: str

    def __str__(self) -> str:
        return f"{self.path}:{self.lines.start}-{self.lines.stop - 1} {self.function}".rstrip()


@dataclass(frozen=True)
class Mutant:
    """A module with one planted mistake.

    Attributes:
        block: where the mistake is.
        line: of the module.
        operator: what kind of mistake, a name of `EXPRESSIONS` or `STATEMENTS`.
        description: the change in words, for staff.
        source: the whole module.
        diff: a unified diff from the reference.
        hint: a sentence for a student who made this mistake; it does not hold the answer.
    """

    block: Block
    line: int
    operator: str
    description: str
    source: str
    diff: str
    hint: str

    @property
    def name(self) -> str:
        """Where and what, in one line."""
        return f"{self.block.path}:{self.line}: {self.operator}: {self.description}"


def blocks(modules: Mapping[str, str], marked: Mapping[str, Sequence[range]]) -> list[Block]:
    """Return the marked blocks of modules, in order.

    Args:
        modules: the reference's sources, by path.
        marked: the lines of each block, by path.

    Raises:
        AuthorMistake: a module is not valid Python.
    """
    found = []
    for path, ranges in marked.items():
        try:
            source = Source(modules[path])
        except SyntaxError as error:
            raise AuthorMistake("the reference is not valid Python", Place(path)) from error
        found += [Block(path, lines, source.name(lines.start)) for lines in ranges]
    return found


def emptied(module: str, block: Block) -> str:
    """Return a module in which a block does nothing."""
    lines = split_lines(module)
    body = lines[block.lines.start - 1 : block.lines.stop - 1]
    code = [line for line in body if line.strip() and not line.lstrip().startswith("#")]
    if not code:
        return module
    indent = code[0][: len(code[0]) - len(code[0].lstrip())]
    lines[block.lines.start - 1 : block.lines.stop - 1] = [f"{indent}pass\n"]
    return "".join(lines)


def mutants(
    modules: Mapping[str, str], found: Sequence[Block], *, most: int | None = None, seed: int = 0
) -> list[Mutant]:
    """Return the mutants of the blocks, no two with the same syntax tree, always in this order.

    Args:
        modules: the reference's sources, by path.
        found: its blocks.
        most: how many; a random choice if there are more.
        seed: of the choice.
    """
    made: list[Mutant] = []
    for path in dict.fromkeys(block.path for block in found):
        own = [block for block in found if block.path == path]
        made += _of_module(Source(modules[path]), own)
    if most is None or most >= len(made):
        return made
    kept = set(random.Random(seed).sample(range(len(made)), most))  # noqa: S311 - no secret
    return [mutant for number, mutant in enumerate(made) if number in kept]


def _of_module(source: Source, own: Sequence[Block]) -> Iterator[Mutant]:
    seen = {ast.dump(source.tree)}
    for block in own:
        for operator, edit in _edits(source, block):
            text = source.replaced(edit.node, edit.text)
            tree = parse(text)
            if tree is not None and (dump := ast.dump(tree)) not in seen:
                seen.add(dump)
                yield _mutant(source, block, operator, edit, text)


def _edits(source: Source, block: Block) -> Iterator[tuple[str, Edit]]:
    for node in source.nodes(block.lines):
        for name, operator in STATEMENTS if isinstance(node, ast.stmt) else EXPRESSIONS:
            for edit in operator(node, source):
                yield name, edit


def _mutant(source: Source, block: Block, operator: str, edit: Edit, text: str) -> Mutant:
    before, after = split_lines(source.text), split_lines(text)
    diff = "".join(difflib.unified_diff(before, after, block.path, block.path, n=2))
    words = " ".join(edit.what.split())
    about = edit.about or words
    return Mutant(block, edit.node.lineno, operator, words, text, diff, hint(operator, about))
