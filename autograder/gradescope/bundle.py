"""What of an assignment travels to Gradescope: everything that grading takes, and nothing else.

A bundle is a folder: the suites and their recordings as they are, `bundle.json` with the rest, and
in `files` what that refers to, by hash.
The reference's source is in it only where a check asks for the reference, without comments.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from autograder.box.magics import plain
from autograder.grade import Grader
from autograder.gradescope.bare import bare
from autograder.known import Known
from autograder.session import Staged
from autograder.stage import Plan, stage_reference
from autograder.suites import SUITES, load_suites, read_suites
from gradlab.course import Gradescope, Limits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from autograder.forkserver import ForkServer
    from gradlab.course import Assignment

__all__ = ["Bundle", "bare", "total"]

SETTINGS, EXPECTED, KEPT = "bundle.json", "expected", "files"
# Of the reference a check can ask for these; the rest of `Staged` is about a student's files.
TRAVELS = ("files", "roles", "cells", "artifacts", "run", "stand_ins")


@dataclass(frozen=True)
class Bundle:
    """What the grader of an assignment is made from, beside its suites.

    Attributes:
        name: the assignment's.
        title: the same, for people.
        settings: the `[gradescope]` table.
        require: the weakest level of protection at which student code runs.
        limits: per check.
        budget_s: wall-clock seconds for all checks together, where the site allows more.
        plan: which files are the students'.
        reference: the reference, if a check asks for it.
        preload: packages that students' workers have from the start.
        conventions: of the edition, by name.
    """

    name: str
    title: str
    settings: Gradescope
    require: str
    limits: Limits
    budget_s: int
    plan: Plan
    reference: Staged | None = None
    preload: tuple[str, ...] = ()
    conventions: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, assignment: Assignment, released: Mapping[str, bytes], require: str) -> Bundle:
        """Return the bundle of an assignment.

        Args:
            assignment: which one.
            released: the students' modules as they are handed out, by path.
            require: the weakest level of protection at which student code runs.

        Raises:
            AuthorMistake: a suite or its recording is not what it should be.
        """
        folder, conventions = assignment.folder, assignment.edition.conventions
        suites = read_suites(folder, assignment.preload, conventions, assignment.expected)
        checks = [check for suite, _ in suites for check in suite.checks]
        asked = any(check.asks_reference for check in checks)
        return cls(
            name=assignment.label,
            title=assignment.title,
            settings=assignment.gradescope,
            require=require,
            limits=assignment.limits,
            budget_s=assignment.budget_s,
            plan=Plan.of(assignment, released, suites[-1][1].holes),
            reference=_bare_reference(assignment) if asked else None,
            preload=assignment.preload,
            conventions=conventions,
        )

    def files(self, assignment: Assignment) -> dict[str, bytes]:
        """Return the contents of the bundle's folder, by path."""
        recorded = sorted(assignment.expected.iterdir())
        paths = {f"{name}.py": assignment.folder / f"{name}.py" for name in SUITES}
        paths |= {f"{EXPECTED}/{p.name}": p for p in recorded if p.suffix in (".json", ".npz")}
        contents = {name: path.read_bytes() for name, path in paths.items()}
        return {**self._pack(), **contents}

    def _pack(self) -> dict[str, bytes]:
        reference = self.reference and {name: getattr(self.reference, name) for name in TRAVELS}
        table = {**vars(self), "plan": vars(self.plan), "reference": reference}
        table |= {"settings": vars(self.settings), "limits": vars(self.limits)}
        kept: dict[str, bytes] = {}
        text = json.dumps(_encoded(table, kept), indent=1, sort_keys=True)
        return {SETTINGS: f"{text}\n".encode(), **kept}

    @classmethod
    def read(cls, folder: Path) -> Bundle:
        """Return the bundle in a folder."""
        table = _decoded(json.loads((folder / SETTINGS).read_text(encoding="utf-8")), folder)
        reference = table["reference"]
        table |= {"settings": Gradescope(**table["settings"]), "limits": Limits(**table["limits"])}
        table |= {"plan": Plan(**table["plan"])}
        return cls(**{**table, "reference": Staged(**reference) if reference else None})

    def grader(
        self, folder: Path, budget_s: int, student: ForkServer, trusted: ForkServer
    ) -> Grader:
        """Return the grader that the bundle in `folder` describes.

        Args:
            folder: the bundle's.
            budget_s: wall-clock seconds for a whole submission.
            student: forks the students' workers.
            trusted: forks the reference's, if there is one.
        """
        return Grader(
            suites=read_suites(folder, self.preload, self.conventions),
            plan=self.plan,
            limits=self.limits,
            budget_s=budget_s,
            server=student,
            trusted=(trusted, self.reference or Staged({}, {})),
            known=Known.read(folder / EXPECTED),
        )


def total(assignment: Assignment) -> float:
    """Return the points that an assignment is worth, those of written questions included."""
    suites = load_suites(assignment).values()
    return sum(check.maximum for suite in suites for check in suite.checks)


def _bare_reference(assignment: Assignment) -> Staged:
    whole = stage_reference(assignment)
    own = {assignment.module_path(name) for name in assignment.own}
    files = {path: bare(text) if path in own else text for path, text in whole.files.items()}
    cells = tuple((label, bare(plain(text).encode()).decode()) for label, text in whole.cells or ())
    kept = {name: getattr(whole, name) for name in TRAVELS}
    return Staged(**{**kept, "files": files, "cells": whole.cells and cells})


def _encoded(value: Any, kept: dict[str, bytes]) -> Any:
    """Return a value as JSON can hold it; what JSON lacks is an object of one key, its kind.

    Args:
        value: what is encoded.
        kept: gets the contents of files by path. Two that are the same are one.
    """
    if isinstance(value, bytes):
        path = f"{KEPT}/{hashlib.sha256(value).hexdigest()}"
        kept[path] = value
        return {"bytes": path}
    if isinstance(value, frozenset):
        return {"frozenset": sorted(value)}
    if isinstance(value, tuple):
        return {"tuple": [_encoded(item, kept) for item in value]}
    if hasattr(value, "items"):
        return {"dict": {key: _encoded(item, kept) for key, item in value.items()}}
    return value


def _decoded(value: Any, folder: Path) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "bytes":
        return (folder / content).read_bytes()
    if kind == "dict":
        return {key: _decoded(item, folder) for key, item in content.items()}
    items = (_decoded(item, folder) for item in content)
    return {"tuple": tuple, "frozenset": frozenset}[kind](items)
