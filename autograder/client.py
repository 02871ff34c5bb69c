"""`check.py`: the public checks and their values in one file that needs numpy alone.

The file is put together from the modules that the grader itself uses, so a student reads at home
what the grader would say; only the worker is another one: it answers in the student's own process.
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autograder.recording import Recording
    from gradlab.course import Assignment

import gradlab

__all__ = ["bundle"]

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
    ROOT / "outline.py",
    ROOT / "remote.py",
    ROOT / "expect.py",
    ROOT / "suite.py",
    ROOT / "home.py",
)


def bundle(assignment: Assignment, recording: Recording, released: Mapping[str, bytes]) -> str:
    """Return the text of `check.py` for an assignment.

    Args:
        assignment: whose public checks are meant.
        recording: of its public suite; only what `public.py` shows anyway goes in.
        released: the students' modules as they are handed out, by path.
    """
    parts = [_body(path.read_text(encoding="utf-8")) for path in PARTS]
    public = _body((assignment.folder / "public.py").read_text(encoding="utf-8"))
    roles = {Path(name).stem: assignment.role(Path(name).stem) for name in _files(assignment)}
    holes = json.dumps(sorted({name.rpartition(".")[2] for name in recording.holes}))
    texts = {name: content.decode() for name, content in released.items()}
    end = f"ROLES = {json.dumps(roles)}\nHOLES = {holes}\nRELEASED = {texts!r}\n"
    end += f"RECORDED = {_table(recording)!r}\n"
    head = HEAD.format(title=assignment.title, package=assignment.package)
    return "\n\n".join([head, *parts, RULE, public, RULE, end + END])


RULE = "# " + "-" * 97
HEAD = '''"""Public checks of "{title}": `python check.py` here, or in the notebook

    from check import check
    check("NAME")          # one question
    check()                # all of them

It needs numpy alone. The checks themselves stand near the end of this file; what comes before is
how they reach your code in `{package}/` and how they compare.
"""

from __future__ import annotations'''
END = '''

def check(question: str = "") -> None:
    """Try one question, or all of them, and print what came of it."""
    Home(suite, RECORDED, ROLES, HOLES, RELEASED).check(question)


if __name__ == "__main__":
    sys.exit(Home(suite, RECORDED, ROLES, HOLES, RELEASED).main(sys.argv[1:]))
'''


def _files(assignment: Assignment) -> tuple[str, ...]:
    return (*assignment.modules, *assignment.supplied)


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


def _table(recording: Recording) -> dict[str, dict[str, object]]:
    """Return the one draw of each public check as plain data."""
    table = {}
    for name, draws in recording.checks.items():
        findings = [
            [i.name, i.share, None if i.value is None else _plain(i.value), list(i.tolerance)]
            for i in draws[0].findings
        ]
        table[name] = {"findings": findings, "outlines": list(draws[0].outlines)}
    return table


def _plain(value: object) -> object:
    return value.tolist() if hasattr(value, "tolist") else value
