"""One submission in the site's container, from its folders to the results file."""

from __future__ import annotations

import os
import platform
import sys
import time
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from autograder.attempt import TrustedSession
from autograder.environment import environment_problems
from autograder.forkserver import ForkServer
from autograder.gradescope.bundle import Bundle
from autograder.gradescope.metadata import read_metadata
from autograder.gradescope.sheet import Sheet, for_staff
from autograder.intake import Submission
from autograder.level import LEVELS, open_box, refuse_exposed
from autograder.outcome import plain
from autograder.remote import Outlines, Student
from autograder.session import Workers
from gradlab import __version__
from gradlab.errors import GraderFault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from autograder.grade import Grader
    from autograder.outcome import Outcome, Results
    from autograder.session import Staged

__all__ = ["Layout", "grade", "prepare"]

MODE = 0o700
# Seconds of the site's time limit that no check may use: starting, reading, ending what hangs.
RESERVE_S = 40
# What a module of the reference may have: a function that makes data sets ready, for every later
# process to open.
MAKE_DATA = "prepare_data"


@dataclass(frozen=True)
class Layout:
    """The site's folders.

    Attributes:
        root: where they lie: `/autograder`.
    """

    root: Path

    @property
    def source(self) -> Path:
        """The zip, unpacked."""
        return self.root / "source"

    @property
    def bundle(self) -> Path:
        """What grading takes."""
        return self.source / "bundle"

    @property
    def code(self) -> Path:
        """Gradlab itself."""
        return self.source / "lib"

    @property
    def data(self) -> Path:
        """Where the reference keeps data sets."""
        return self.source / "data"

    @property
    def staff(self) -> Path:
        """What is written for nobody on the site."""
        return self.source / "staff"

    @property
    def submission(self) -> Path:
        """The student's files."""
        return self.root / "submission"

    @property
    def results(self) -> Path:
        """Where the results file goes."""
        return self.root / "results"

    @property
    def secrets(self) -> list[Path]:
        """What student code must not see."""
        return [self.source, self.submission, self.results]


def grade(layout: Layout) -> None:
    """Grade the submission that lies there; the results file is whole at every moment.

    Raises:
        GradlabError: nothing can be graded; the results file says that grading did not finish.
    """
    start = time.monotonic()
    for folder in (*layout.secrets, layout.staff):
        folder.mkdir(mode=MODE, parents=True, exist_ok=True)
        with suppress(OSError):  # not root's own, in a rehearsal
            folder.chmod(MODE)
    bundle = Bundle.read(layout.bundle)
    metadata = read_metadata(layout.root / "submission_metadata.json")
    with ExitStack() as open_servers:
        student, trusted = _servers(bundle, layout, open_servers)
        left_s = 60 * bundle.settings.timeout_min - RESERVE_S - (time.monotonic() - start)
        budget_s = max(1, min(bundle.budget_s, int(left_s)))
        grader = bundle.grader(layout.bundle, budget_s, student, trusted)
        checks = tuple(check for suite, _ in grader.suites for check in suite.checks)
        sheet = Sheet(bundle.settings, metadata, checks)
        _say(*_opening(student), *(f"WARNING: {text}" for text in sheet.warnings()))
        submission = replace(Submission.read(layout.submission), id=metadata.id)
        told = _Told(layout, sheet)
        results = grader.grade(submission, layout.staff, told.tell)
    _say("", results.summary, *(f"for staff: {note}" for note in results.staff))


class _Told:
    """Writes the results whenever there is more of them, and prints for staff what is new."""

    def __init__(self, layout: Layout, sheet: Sheet) -> None:
        self._layout, self._sheet = layout, sheet
        self._printed = 0

    def tell(self, results: Results) -> None:
        self._sheet.write(self._layout.results, results)
        for outcome in results.outcomes[self._printed :]:
            _say(for_staff(outcome))
        self._printed = len(results.outcomes)


def prepare(layout: Layout) -> None:
    """Do once, when the image is built, what every submission would have to do first.

    Where the reference is there, it is tried: data sets are made, and it is seen that this image
    gives what was recorded.

    Raises:
        GraderFault: it does not.
    """
    bundle = Bundle.read(layout.bundle)
    with ExitStack() as open_servers:
        student, trusted = _servers(bundle, layout, open_servers)
        _say(*_opening(student))
        if bundle.reference is None:
            return
        _make_data(trusted, bundle.reference)
        grader = bundle.grader(layout.bundle, bundle.budget_s, student, trusted)
        for outcome in _with_data(grader, bundle.reference):
            _say(for_staff(outcome))
            if outcome.status != "earned":
                raise GraderFault(f"in this image the reference misses {outcome.check.name}")
        both = (student, trusted)
        if found := environment_problems(grader.suites, grader.limits, bundle.reference, both):
            text = "; ".join(found)
            raise GraderFault(f"this image gives other numbers than were recorded ({text})")


def _make_data(trusted: ForkServer, reference: Staged) -> None:
    """Call what a module of the reference offers for making its data sets ready."""
    for role, module in reference.roles.items():
        source = reference.files.get(f"{module.replace('.', '/')}.py", b"")
        if f"\ndef {MAKE_DATA}(".encode() in source:
            with closing(TrustedSession(trusted, reference, 0)) as session:
                getattr(getattr(Student(session, Outlines()), role), MAKE_DATA)()


def _with_data(grader: Grader, reference: Staged) -> Iterator[Outcome]:
    """Yield what the reference earns in the checks that ask for it, and for its data."""
    with closing(Workers(grader.server, reference)) as workers:
        examiner = grader.examiner(Submission("reference", {}), reference, workers)
        for suite, recording in grader.suites:
            for check in suite.checks:
                if "reference" in check.takes:
                    limits = replace(grader.limits, **dict(check.limits))
                    yield examiner.examine(check, recording, limits)


def _servers(
    bundle: Bundle, layout: Layout, open_servers: ExitStack
) -> tuple[ForkServer, ForkServer]:
    """Return who forks students' workers and the reference's; one for both without a reference."""
    # The packages lie outside of Python's own folders, and servers start with an empty environment.
    packages = Path(np.__file__).parent.parent
    found = {"PYTHONPATH": os.pathsep.join(map(str, (layout.code, packages)))}
    student = open_servers.enter_context(open_box(bundle.require, found, bundle.preload))
    refuse_exposed(student.box, layout.secrets)
    if bundle.reference is None:
        return student, student
    data = {"GRADLAB_DATA": str(layout.data)}
    return student, open_servers.enter_context(ForkServer(environment={**found, **data}, lazy=True))


def _opening(student: ForkServer) -> list[str]:
    """Return what staff read first."""
    level = LEVELS[student.box.level]
    versions = f"Python {platform.python_version()}, numpy {np.__version__}"
    return [f"gradlab {__version__}, {versions}", f"level {level.name}: {level.means}"]


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{plain(line)}\n")
    sys.stdout.flush()  # what follows may be killed
