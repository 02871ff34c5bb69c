"""Source rules: what a function must do without, read from its syntax tree; nothing is run.

A rule looks at the function and at everything of the same file that it reaches: helpers, methods,
nested functions, classes, and module-level names with what they are bound to. Each mention of a
forbidden name counts, called or not, so passing `np.vectorize` on or renaming it hides nothing.
"""

from __future__ import annotations

import ast
import warnings
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["violations"]

MOST_CHARACTERS = 400_000
MOST_SENTENCES = 20
MOST_STEPS = 1 << 18  # nodes and meanings to look at: far more than right code takes
MOST_NAME = 60
ALIAS_ROUNDS = 8

Function = (ast.FunctionDef, ast.AsyncFunctionDef)
Scoped = (*Function, ast.Lambda)
Comprehension = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
LOOPS = {
    ast.For: "a `for` loop",
    ast.AsyncFor: "an `async for` loop",
    ast.While: "a `while` loop",
    ast.ListComp: "a list comprehension",
    ast.SetComp: "a set comprehension",
    ast.DictComp: "a dict comprehension",
    ast.GeneratorExp: "a generator expression",
}
# Functions that call a Python function once for each item; numpy's run no faster than a loop. Each
# with the modules that are meant: `np.add.reduce` and `np.add.accumulate` are no loops.
EVERYWHERE: tuple[str, ...] = ()
LOOPING = {
    "map": ("builtins",),
    "filter": ("builtins",),
    "reduce": ("functools",),
    "accumulate": ("itertools",),
    "starmap": ("itertools",),
    "apply_along_axis": EVERYWHERE,
    "apply_over_axes": EVERYWHERE,
    "fromiter": EVERYWHERE,
    "frompyfunc": EVERYWHERE,
    "vectorize": EVERYWHERE,
}
UNREADABLE = ("__builtins__", "__import__", "compile", "eval", "exec", "globals")
UNREADABLE_ATTRIBUTES = ("__builtins__", "__dict__", "__globals__", "import_module")
SHORT = {"np": "numpy"}


def violations(
    source: str,
    function: str,
    *,
    loops: bool = False,
    calls: Sequence[str] = (),
    imports: Sequence[str] = (),
) -> list[str]:
    """Return a sentence for each place where a function breaks a rule; [] if it keeps them all.

    Args:
        source: of the file, as the student wrote it.
        function: its name, `f` or `Class.f`.
        loops: forbid `for`, `while`, comprehensions, generator expressions, recursion, `map`,
            `filter`, `functools.reduce`, `np.vectorize` and the like.
        calls: forbid functions: `sorted` or `argsort` means any function or method of that name,
            `np.linalg.norm` that one alone.
        imports: forbid modules, with everything below them; `*` means every import. Imports count
            at the top of the file and in what the function reaches.
    """
    rules = _Rules(loops, tuple(map(_full, calls)), tuple(imports))
    try:
        return _read(source, function, rules)
    except (_TangledError, RecursionError, MemoryError):
        return ["the file is nested too deep, or too tangled, to be read"]


class _TangledError(Exception):
    """Reading goes on for too long."""


class _Effort:
    """What may still be looked at, however many things have one name or lie in one another."""

    def __init__(self) -> None:
        self.left = MOST_STEPS

    def spend(self, steps: int) -> None:
        """Take steps; raise `_TangledError` where none are left."""
        self.left -= steps
        if self.left < 0:
            raise _TangledError


@dataclass(frozen=True)
class _Rules:
    loops: bool
    calls: tuple[str, ...]
    imports: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Part:
    """A piece of a file: a function, a class, or what a module-level name is bound to."""

    name: str
    node: ast.AST
    owner: str = ""


def _full(name: str) -> str:
    root, dot, rest = name.partition(".")
    return f"{SHORT.get(root, root)}{dot}{rest}"


def _read(source: str, function: str, rules: _Rules) -> list[str]:
    if len(source) > MOST_CHARACTERS:
        return [f"the file has more than {MOST_CHARACTERS} characters, so it was not read"]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a student's `"\d"` is no trouble of ours
            tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        return [f"line {getattr(error, 'lineno', None) or 1}: the file is not valid Python"]
    file = _File(tree, _Effort())
    targets = file.targets(function)
    if not targets:
        return [f"`{_cut(function)}` is not defined in the file, so it cannot be read"]
    return _Search(file, rules, function).sentences(targets)


class _File:
    """The definitions and imports of a file, whatever their order."""

    def __init__(self, tree: ast.Module, effort: _Effort) -> None:
        self.tree, self.effort = tree, effort
        self.parts: dict[str, list[_Part]] = {}
        self.methods: dict[str, list[_Part]] = {}
        self.imported: dict[str, set[str]] = {}
        self.stars: set[str] = set()
        self._collect()
        self._follow_aliases()

    def targets(self, function: str) -> list[_Part]:
        """Return the parts that a function's name stands for."""
        owner, _, name = function.rpartition(".")
        methods = self.methods.get(name, [])
        if owner:
            return [part for part in methods if part.owner == owner]
        return self.parts.get(name, []) or methods

    def _collect(self) -> None:
        work: deque[tuple[ast.AST, str]] = deque([(self.tree, "")])
        while work:
            node, owner = work.popleft()
            inner = node.name if isinstance(node, ast.ClassDef) else ""
            self._note(node, owner)
            if isinstance(node, ast.expr):
                continue
            work.extend((child, inner) for child in ast.iter_child_nodes(node))
        for node in self.tree.body:
            for name, value in _bound(node):
                self._add(name, _Part(name, value))

    def _note(self, node: ast.AST, owner: str) -> None:
        if isinstance(node, Function) and owner:
            part = _Part(f"{owner}.{node.name}", node, owner)
            self.methods.setdefault(node.name, []).append(part)
        elif isinstance(node, (*Function, ast.ClassDef)):
            self._add(node.name, _Part(node.name, node))
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for name, full in _imported(node):
                self.imported.setdefault(name, set()).add(full)
            if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
                self.stars.add(node.module or "")

    def _add(self, name: str, part: _Part) -> None:
        self.parts.setdefault(name, []).append(part)

    def _follow_aliases(self) -> None:
        """Let `n` in `n = np` mean what `np` means."""
        pairs = [
            (target.id, node.value.id)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name)
            for target in node.targets
            if isinstance(target, ast.Name)
        ]
        for _ in range(ALIAS_ROUNDS):
            for name, other in pairs:
                if other in self.imported:
                    self.effort.spend(len(self.imported[other]))
                    self.imported.setdefault(name, set()).update(self.imported[other])


def _bound(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)) and node.value:
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            for part in ast.walk(target):
                if isinstance(part, ast.Name):
                    yield part.id, node.value


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            yield alias.asname or alias.name, f"{node.module or ''}.{alias.name}"
        elif alias.asname:
            yield alias.asname, alias.name
        else:
            root = alias.name.partition(".")[0]
            yield root, root


@dataclass
class _Search:
    """What is found on the way from a function to everything that it reaches."""

    file: _File
    rules: _Rules
    function: str
    found: dict[tuple[int, str], str] = field(default_factory=dict)
    edges: dict[_Part, set[_Part]] = field(default_factory=dict)

    def sentences(self, targets: list[_Part]) -> list[str]:
        """Return what was found, in the order of lines."""
        work = list(targets)
        while work:
            part = work.pop()
            if part not in self.edges:
                self.edges[part] = set()
                self._look_at(part)
                work += self.edges[part]
        if self.rules.loops:
            for part in _in_circles(self.edges):
                self._find(part, part.node, "recursion, a call of itself,")
        if self.rules.imports:
            self._look_at_top()
        return [self.found[key] for key in sorted(self.found)][:MOST_SENTENCES]

    def _look_at(self, part: _Part) -> None:
        local: Counter[str] = Counter()  # of the scopes around a node
        work: list[ast.AST | frozenset[str]] = [part.node]
        while work:
            node = work.pop()
            if isinstance(node, frozenset):  # a scope ends here
                local.subtract(node)
                continue
            self.file.effort.spend(1)
            self._judge(part, node, local)
            if isinstance(node, (*Scoped, *Comprehension)):
                work.append(own := _own_names(node))
                local.update(own)
            work += ast.iter_child_nodes(node)

    def _look_at_top(self) -> None:
        top, work = _Part("", self.file.tree), list[ast.AST](self.file.tree.body)
        while work:
            node = work.pop()
            self._judge_import(top, node)
            if not isinstance(node, Scoped):
                work += ast.iter_child_nodes(node)

    def _judge(self, part: _Part, node: ast.AST, local: Counter[str]) -> None:
        if self.rules.loops and type(node) in LOOPS:
            self._find(part, node, LOOPS[type(node)])
        self._judge_import(part, node)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            self._judge_name(part, node, local)
        elif isinstance(node, ast.Attribute):
            self._judge_attribute(part, node, node.value, node.attr)
        elif isinstance(node, ast.Call) and _is_getattr(node):
            name = node.args[1]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                self._judge_attribute(part, node, node.args[0], name.value)
            else:
                self._find(part, node, "`getattr` with a name that is not a plain text")

    def _judge_name(self, part: _Part, node: ast.Name, local: Counter[str]) -> None:
        name = node.id
        if local[name]:
            return
        if name in self.file.parts:
            self._reach(part, self.file.parts[name])
        elif name in UNREADABLE and name not in self.file.imported:
            self._find(part, node, f"`{name}`, which hides what is done,")
        known = name in self.file.parts or name in self.file.imported
        places = () if known else ("builtins", *self.file.stars)
        meant = {name, *(f"{place}.{name}" for place in places)}
        self._mention(part, node, name, meant | self.file.imported.get(name, set()))

    def _judge_attribute(self, part: _Part, node: ast.AST, base: ast.expr, name: str) -> None:
        if name in UNREADABLE_ATTRIBUTES:
            self._find(part, node, f"`{_cut(name)}`, which hides what is done,")
        roots = self._roots(base)
        if not roots:
            self._reach(part, self._methods(part, base, name))
        self._mention(part, node, name, {f"{root}.{name}" for root in roots} or {f"?.{name}"})

    def _reach(self, part: _Part, others: list[_Part]) -> None:
        self.file.effort.spend(len(others))
        self.edges[part].update(others)

    def _roots(self, base: ast.expr) -> set[str]:
        """Return the modules or imported things that an expression may stand for."""
        found: set[str] = set()
        if isinstance(base, ast.Name):
            found = self.file.imported.get(base.id, found)
        elif isinstance(base, ast.Attribute):
            found = {f"{root}.{base.attr}" for root in self._roots(base.value)}
        self.file.effort.spend(len(found))
        return found

    def _methods(self, part: _Part, base: ast.expr, name: str) -> list[_Part]:
        """Return the methods that `base.name` may mean; for `self` those of its own class first."""
        methods = self.file.methods.get(name, [])
        self.file.effort.spend(len(methods))
        if part.owner and isinstance(base, ast.Name) and base.id in _first_parameter(part.node):
            return [method for method in methods if method.owner == part.owner] or methods
        return [method for method in methods if method is not part]  # `self.data.sum()` in `sum`

    def _mention(self, part: _Part, node: ast.AST, name: str, meant: set[str]) -> None:
        self.file.effort.spend(len(meant))
        if any(_is_one(full, rule) for full in meant for rule in self.rules.calls):
            self._find(part, node, f"`{_cut(name)}`, which is not allowed here,")
        if self.rules.loops and any(map(_loops, meant)):
            self._find(part, node, f"`{_cut(name)}`, a loop in disguise,")

    def _judge_import(self, part: _Part, node: ast.AST) -> None:
        if not self.rules.imports or not isinstance(node, (ast.Import, ast.ImportFrom)):
            return
        for _, full in _imported(node):
            names = [rule for rule in self.rules.imports if rule == "*" or _below(full, rule)]
            if names:
                self._find(part, node, f"an import of `{_cut(full)}`")

    def _find(self, part: _Part, node: ast.AST, what: str) -> None:
        line = getattr(node, "lineno", 1)
        where = f" in `{_cut(part.name)}`" if part.name else " at the top of the file"
        if part.name and part.name.rpartition(".")[2] != self.function.rpartition(".")[2]:
            where += f", which `{_cut(self.function)}` uses"
        self.found.setdefault((line, what), f"line {line}: {what}{where}")


def _loops(full: str) -> bool:
    root, _, last = full.rpartition(".")
    modules = LOOPING.get(last)
    return bool(root) and modules is not None and (not modules or root in modules)


def _is_one(full: str, rule: str) -> bool:
    if "." not in rule:
        return full.rpartition(".")[2] == rule
    same_root = full.partition(".")[0] == rule.partition(".")[0]
    return same_root and full.rpartition(".")[2] == rule.rpartition(".")[2]


def _below(full: str, rule: str) -> bool:
    return f"{full}.".startswith(f"{rule}.")


def _is_getattr(node: ast.Call) -> bool:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    return name == "getattr" and len(node.args) > 1


def _first_parameter(node: ast.AST) -> list[str]:
    if not isinstance(node, Scoped):
        return []
    return [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)][:1]


def _own_names(node: ast.AST) -> frozenset[str]:
    """Return the names that a function or comprehension itself binds, not those of inner ones."""
    names: set[str] = set()
    work = list(ast.iter_child_nodes(node))
    while work:
        item = work.pop()
        if isinstance(item, ast.arg):
            names.add(item.arg)
        elif isinstance(item, ast.Name) and not isinstance(item.ctx, ast.Load):
            names.add(item.id)
        if not isinstance(item, (*Scoped, *Comprehension, ast.ClassDef)):
            work += ast.iter_child_nodes(item)
    return frozenset(names)


def _in_circles(edges: dict[_Part, set[_Part]]) -> list[_Part]:
    """Return the parts that can reach themselves: what is left when all ends are taken off."""
    forward = {part: set(following) for part, following in edges.items()}
    for _ in range(2):  # ends first, then beginnings
        backward: dict[_Part, set[_Part]] = {part: set() for part in forward}
        for part, following in forward.items():
            for other in following & forward.keys():
                backward[other].add(part)
        left = {part: len(following & forward.keys()) for part, following in forward.items()}
        ends = [part for part, count in left.items() if not count]
        while ends:
            end = ends.pop()
            del left[end]
            for part in backward[end]:
                left[part] -= 1
                if not left[part]:
                    ends.append(part)
        forward = {part: backward[part] & left.keys() for part in left}
    return [part for part in forward if isinstance(part.node, Scoped)]


def _cut(name: str) -> str:
    return name if len(name) <= MOST_NAME else f"{name[:MOST_NAME]}..."
