"""`check.py`: the public checks and their values in one file that needs numpy alone.

The file is put together from the modules that the grader itself uses, so a student reads at home
what the grader would say; only the worker is another one: `autograder.at_home`.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    ROOT / "remote.py",
    ROOT / "credit.py",
    ROOT / "hints.py",
    ROOT / "finding.py",
    ROOT / "measure.py",
    ROOT / "slope.py",
    ROOT / "trial.py",
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
    _refuse_taken(public, [*map(bundle_part, PARTS), END], path)
    head = HEAD.format(title=assignment.title, package=assignment.package)
    homework = _homework(assignment, recording, released)
    return "\n\n".join([head, *needed_parts(public), RULE, public, RULE, homework + END])


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
END = '''
HOME = Home(HOMEWORK, Path(__file__).resolve().parent, Path(__file__).resolve())


def check(question: str = "") -> None:
    """Try one question, or all of them, and show what came of it."""
    HOME.check(question, names_around(sys._getframe(1)))


def verdict(check: str, names: dict[str, Any]) -> str:
    """Return "right", or what is wrong with one check."""
    return HOME.verdict(check, names)


def submit() -> None:
    """Look at what you hand in and pack submission.zip."""
    HOME.submit()


if __name__ == "__main__":
    sys.exit(HOME.main(sys.argv[1:]))
'''


def _homework(assignment: Assignment, recording: Recording, released: Mapping[str, bytes]) -> str:
    """Return the statement that makes the assignment's `Homework`."""
    values = {
        "title": assignment.title,
        "recorded": recorded_table(recording),
        "roles": {Path(n).stem: assignment.role(Path(n).stem) for n in _files(assignment)},
        "holes": sorted({name.rpartition(".")[2] for name in recording.holes}),
        "released": {name: content.decode() for name, content in released.items()},
        "notebooks": list(assignment.notebooks),
        "artifacts": list(assignment.artifacts),
        "seconds": SLOWER * assignment.limits.wall_s,
    }
    lines = [f"    {name}={value!r},\n" for name, value in values.items()]
    return f"HOMEWORK = Homework(\n    suite=suite,\n{''.join(lines)})\n"


def needed_parts(public: str) -> list[str]:
    """Return the parts that a suite needs, in order, and lines in place of the others.

    A part that only adds words for checks (verbs, what runs a notebook) is needed where the suite
    uses one of its words; any other where a needed part names something that it defines.
    """
    texts = {path: bundle_part(path) for path in PARTS}
    asked = {node.attr for node in ast.walk(ast.parse(public)) if isinstance(node, ast.Attribute)}
    absent = {path for path in PARTS if path.name in OPTIONAL and not asked & _offered(path)}
    needed: set[Path] = set()
    more = {PARTS[0], PARTS[-1]}
    reached = names_used(public)
    while more:
        needed |= more
        reached = reached.union(*(names_used(texts[path]) for path in more))
        left = set(PARTS) - needed - absent
        more = {path for path in left if reached.intersection(top_names(texts[path]))}
    texts |= {path: _in_place_of(texts[path], reached) for path in absent}
    return [texts[path] for path in PARTS if path in needed | absent and texts[path]]


# Parts that a suite may do without, and the attributes that call for those without verbs.
OPTIONAL: Mapping[str, frozenset[str]] = {
    "answers.py": frozenset(),
    "gradient_verbs.py": frozenset(),
    "saved.py": frozenset({"notebook"}),
    "withholding_verbs.py": frozenset(),
}


def _offered(path: Path) -> set[str]:
    """Return the attributes that checks find thanks to a part."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    methods = {n.name for c in classes for n in c.body if isinstance(n, ast.FunctionDef)}
    return set(OPTIONAL[path.name]) | {name for name in methods if not name.startswith("_")}


def names_used(source: str) -> set[str]:
    """Return the names that code looks up when it runs and gives no value itself."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, (ast.arg, ast.AnnAssign)):
            node.annotation = ast.Constant(None)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.returns = None
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    given = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    given |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    given |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return {node.id for node in names} - given


def _in_place_of(source: str, reached: set[str]) -> str:
    """Return empty classes and functions for what others name of a part that is left out."""
    lines = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and node.name in reached:
            lines.append(f'class {node.name}:\n    """Not used by these checks."""')
        elif isinstance(node, ast.FunctionDef) and node.name in reached:
            lines.append(f'def {node.name}(*_):\n    """Not used by these checks."""')
    return "\n\n\n".join(lines)


def _files(assignment: Assignment) -> tuple[str, ...]:
    return (*assignment.modules, *assignment.supplied)


def top_names(source: str) -> list[str]:
    """Return the names that a module's top level gives to functions, classes and values."""
    found: list[str] = []
    for node in ast.parse(source).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.append(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [target.id for target in targets if isinstance(target, ast.Name)]
    return found


def _refuse_taken(public: str, parts: list[str], path: Path) -> None:
    taken = {name for part in parts for name in top_names(part)}
    for name in top_names(public):
        if name in taken:
            message = f"the name {name} means something else in check.py; choose another"
            raise AuthorMistake(message, Place(str(path)))


def bundle_part(path: Path) -> str:
    """Return what a module contributes."""
    return _body(path.read_text(encoding="utf-8"))


def _body(source: str) -> str:
    """Return a module without its docstring, its `__all__` and imports of our own modules.

    What is left out of classes is in `LEFT_OUT`.
    """
    lines = source.splitlines()
    for node in reversed(ast.parse(source).body):
        if _goes(node):
            first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
            del lines[first - 1 : node.end_lineno]
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines)).strip()


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
