"""`check.py`: the public checks and their values in one file that needs numpy alone.

The file is put together from the modules that the grader itself uses, so a student reads at home
what the grader would say; only the worker is another one: `autograder.at_home`.
"""

from __future__ import annotations

import ast
import re
from collections import deque
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from autograder.recording import Recording
    from gradlab.course import Assignment

import gradlab
from gradlab.errors import AuthorMistake, Place

__all__ = ["PARTS", "bundle", "bundle_part", "needed_parts", "recorded_table", "top_names"]

ROOT = Path(__file__).parent
# Errors that only commands raise.
LEFT_OUT = frozenset({"UserMistake", "Problems", "GraderFault"})
OURS = ("gradlab", "autograder", "codec", "outline")
# In this order each part finds what it needs above it.
PARTS = (
    ROOT / "at_home" / "beside.py",
    Path(gradlab.__file__).parent / "errors.py",
    ROOT / "box" / "ref.py",
    ROOT / "box" / "objects.py",
    ROOT / "box" / "untouched.py",
    ROOT / "box" / "loading.py",
    ROOT / "box" / "explain.py",
    ROOT / "box" / "magics.py",
    ROOT / "box" / "stand_ins.py",
    ROOT / "box" / "notebook.py",
    ROOT / "outline.py",
    ROOT / "labels.py",
    ROOT / "later.py",
    ROOT / "remote.py",
    ROOT / "credit.py",
    ROOT / "hints.py",
    ROOT / "finding.py",
    ROOT / "measure.py",
    ROOT / "slope.py",
    ROOT / "trial.py",
    ROOT / "diagnosis.py",
    ROOT / "typed.py",
    ROOT / "verb.py",
    ROOT / "value_verbs.py",
    ROOT / "gradient_verbs.py",
    ROOT / "answers.py",
    ROOT / "rules.py",
    ROOT / "withholding_verbs.py",
    ROOT / "expect.py",
    ROOT / "suite.py",
    ROOT / "at_home" / "homework.py",
    ROOT / "at_home" / "frames.py",
    ROOT / "at_home" / "pages.py",
    ROOT / "at_home" / "judging.py",
    ROOT / "at_home" / "process.py",
    ROOT / "at_home" / "saved.py",
    ROOT / "at_home" / "table.py",
    ROOT / "at_home" / "given.py",
    ROOT / "at_home" / "packing.py",
    ROOT / "at_home" / "handing_in.py",
    ROOT / "home.py",
)
# A slow machine, or a virus scanner, may take this much longer than the grader.
SLOWER = 4


def bundle(assignment: Assignment, recording: Recording, released: Mapping[str, bytes]) -> str:
    """Return the text of `check.py` for an assignment.

    Args:
        assignment: whose public checks are meant.
        recording: of its public suite; only what `public.py` shows anyway goes in.
        released: the students' modules as they are handed out, by path.

    Raises:
        AuthorMistake: `public.py` uses a name that means something else there.
    """
    path = assignment.folder / "public.py"
    public = bundle_part(path)
    _refuse_taken(public, path)
    head = HEAD.format(title=assignment.title, package=assignment.package)
    homework = _homework(assignment, recording, released)
    first, *parts = needed_parts(public)
    return "\n\n".join([head, first, FIRST, *parts, RULE, public, RULE, homework + END])


RULE = "# " + "-" * 97
HEAD = '''"""Public checks of "{title}": `python check.py` here, or in the notebook

    from check import check
    check("NAME")          # one question
    check()                # all of them

`python check.py --submit` packs what you hand in. It needs numpy alone. The checks themselves stand
near the end of this file; what comes before is how they reach your code in `{package}/` and how
they compare.
"""

from __future__ import annotations'''
# Before any import that a file beside it could answer.
FIRST = "stop_if_hidden(__file__)"
END = '''
HOME = Home(HOMEWORK, Path(__file__).resolve().parent, Path(__file__).resolve())


def check(question: str = "") -> None:
    """Try one question, or all of them, and show what came of it."""
    stoppable(HOME.check, question, names_around(sys._getframe(1)))


def verdict(check: str, names: dict[str, Any]) -> str:
    """Return "right", or what is wrong with one check."""
    return HOME.verdict(check, names)


def submit() -> None:
    """Look at what you hand in and pack submission.zip."""
    stoppable(HOME.submit)


if __name__ == "__main__":
    sys.exit(HOME.main(sys.argv[1:]))
'''


def _homework(assignment: Assignment, recording: Recording, released: Mapping[str, bytes]) -> str:
    """Return the statement that makes the assignment's `Homework`."""
    values = {
        "title": assignment.title,
        "recorded": recorded_table(recording),
        "roles": {Path(n).stem: assignment.role(Path(n).stem) for n in _files(assignment)},
        "holes": sorted(recording.holes),
        "unchanged": _unchanged(assignment),
        "released": {name: content.decode() for name, content in released.items()},
        "supplied": _supplied(assignment),
        "notebooks": list(assignment.notebooks),
        "artifacts": list(assignment.artifacts),
        "seconds": SLOWER * assignment.limits.wall_s,
        "cpu_s": assignment.limits.cpu_s,
        "wall_s": assignment.limits.wall_s,
    }
    lines = [f"    {name}={value!r},\n" for name, value in values.items()]
    held = assignment.edition.conventions
    suite = f"suite.within({assignment.preload!r}, {held!r})" if held else "suite"
    return f"HOMEWORK = Homework(\n    suite={suite},\n{''.join(lines)})\n"


def needed_parts(public: str) -> list[str]:
    """Return the parts that a suite needs, in order, and lines in place of the others.

    A part that only adds words for checks (verbs, what runs a notebook) is needed where the suite
    uses one of its words; any other where a needed part names something that it defines.
    """
    parts = {path: _part(path) for path in PARTS}
    asked = {node.attr for node in ast.walk(ast.parse(public)) if isinstance(node, ast.Attribute)}
    absent = {path for path in PARTS if path.name in OPTIONAL and not asked & parts[path].offered}
    needed: set[Path] = set()
    more = {PARTS[0], PARTS[-1]}
    reached = Part(public).used
    while more:
        needed |= more
        reached = reached.union(*(parts[path].used for path in more))
        left = set(PARTS) - needed - absent
        more = {path for path in left if not reached.isdisjoint(parts[path].names)}
    texts = {path: parts[path].text for path in needed}
    texts |= {path: parts[path].in_place(reached) for path in absent}
    return [texts[path] for path in PARTS if texts.get(path)]


# Parts that a suite may do without, and the attributes that call for those without verbs.
OPTIONAL: Mapping[str, frozenset[str]] = {
    "answers.py": frozenset(),
    "gradient_verbs.py": frozenset(),
    "saved.py": frozenset({"notebook"}),
    "withholding_verbs.py": frozenset(),
}


@dataclass(frozen=True)
class Part:
    """A module of ours, or a suite, as it goes into `check.py`.

    Attributes:
        source: all of its text.
        extra: the attributes that checks find thanks to it and that are no methods.
    """

    source: str
    extra: frozenset[str] = frozenset()

    @cached_property
    def _body(self) -> list[ast.stmt]:
        return ast.parse(self.source).body

    @cached_property
    def _kept(self) -> list[ast.stmt]:
        return [node for node in self._body if not _goes(node)]

    @cached_property
    def text(self) -> str:
        """What of it goes in: no docstring, no `__all__`, no imports of our own modules."""
        lines = self.source.splitlines()
        for node in reversed(self._body):
            if _goes(node):
                first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
                del lines[first - 1 : node.end_lineno]
        return re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines)).strip()

    @cached_property
    def names(self) -> list[str]:
        """The names that its top level gives to functions, classes and values."""
        return list(_top_names(self._kept))

    @cached_property
    def used(self) -> frozenset[str]:
        """The names that its code looks up when it runs and gives no value itself."""
        used: set[str] = set()
        given: set[str] = set()
        for node in _without_annotations(self._kept):
            if isinstance(node, ast.Name):
                (given if isinstance(node.ctx, ast.Store) else used).add(node.id)
            elif isinstance(node, ast.arg):
                given.add(node.arg)
            elif isinstance(node, ast.FunctionDef):
                given.add(node.name)
        return frozenset(used - given)

    @cached_property
    def offered(self) -> frozenset[str]:
        """The attributes that checks find thanks to it."""
        classes = [node for node in self._body if isinstance(node, ast.ClassDef)]
        methods = {n.name for c in classes for n in c.body if isinstance(n, ast.FunctionDef)}
        return self.extra | {name for name in methods if not name.startswith("_")}

    def in_place(self, reached: frozenset[str]) -> str:
        """Return empty classes and functions for what others name of it where it is left out."""
        lines = []
        for node in self._kept:
            if isinstance(node, ast.ClassDef) and node.name in reached:
                lines.append(f'class {node.name}:\n    """Not used by these checks."""')
            elif isinstance(node, ast.FunctionDef) and node.name in reached:
                lines.append(f'def {node.name}(*_):\n    """Not used by these checks."""')
        return "\n\n\n".join(lines)


@cache
def _part(path: Path) -> Part:
    """Return a module of ours; reading them all takes longer than the rest of a release."""
    return Part(path.read_text(encoding="utf-8"), OPTIONAL.get(path.name, frozenset()))


def _without_annotations(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """Yield all nodes of some code, but nothing that only says of what type something is."""
    work: deque[ast.AST] = deque(body)
    while work:
        node = work.popleft()
        yield node
        for field in node._fields:
            value = None if field in ("annotation", "returns") else getattr(node, field, None)
            if isinstance(value, list):
                work.extend(item for item in value if isinstance(item, ast.AST))
            elif isinstance(value, ast.AST):
                work.append(value)


def _unchanged(assignment: Assignment) -> dict[str, str]:
    """Return what is said of an earlier assignment's modules that are as they were handed out."""
    holed = "is still empty; put yours from the earlier assignment in its place"
    words = "" if assignment.earlier_from == "release" else holed
    return {assignment.module_path(name): words for name in assignment.earlier}


def _supplied(assignment: Assignment) -> dict[str, str]:
    """Return the modules that the grader puts in place of what students have made of them."""
    names = [name for name in assignment.shared if name.endswith(".py")]
    paths = {assignment.module_path(name): assignment.source_file(name) for name in names}
    return {name: path.read_bytes().decode() for name, path in paths.items()}


def _files(assignment: Assignment) -> tuple[str, ...]:
    return assignment.package_files


def top_names(source: str) -> list[str]:
    """Return the names that a module's top level gives to functions, classes and values."""
    return list(_top_names(ast.parse(source).body))


def _top_names(body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def _refuse_taken(public: str, path: Path) -> None:
    taken = {name for part in map(_part, PARTS) for name in part.names}
    taken.update(top_names(END))
    for name in top_names(public):
        if name in taken:
            message = f"the name {name} means something else in check.py; choose another"
            raise AuthorMistake(message, Place(str(path)))


def bundle_part(path: Path) -> str:
    """Return what a module contributes."""
    return Part(path.read_text(encoding="utf-8")).text


def _goes(node: ast.stmt) -> bool:
    if isinstance(node, ast.ClassDef):
        return node.name in LEFT_OUT
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.ImportFrom):
        return node.level > 0 or (node.module or "").split(".")[0] in (*OURS, "__future__")
    if isinstance(node, (ast.Assign, ast.AugAssign)):
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        return isinstance(target, ast.Name) and target.id == "__all__"
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def recorded_table(recording: Recording) -> dict[str, dict[str, object]]:
    """Return the one draw of each public check as plain data."""
    table = {}
    for name, draws in recording.checks.items():
        findings = [
            [i.name, i.share, _plain(i.value), list(i.tolerance or ()), i.withholds]
            for i in draws[0].findings
        ]
        table[name] = {"findings": findings, "outlines": list(draws[0].outlines)}
    return table


def _plain(value: object) -> object:
    return value.tolist() if hasattr(value, "tolist") else value
