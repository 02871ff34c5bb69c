"""A rehearsal: the zip in the site's layout, on this machine, with real submissions."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.archives import ARCHIVES
from autograder.gradescope.bundle import total
from autograder.intake import Source, Submission
from gradlab.cli.container import Container
from gradlab.cli.gradescope import archive, contents
from gradlab.cli.schema import problems, read_strictly
from gradlab.errors import UserMistake

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from gradlab.cli.container import Ran, Size
    from gradlab.course import Assignment

__all__ = ["Rehearsed", "image", "metadata_like", "rehearse", "submit", "unpack"]

SYSTEM_PYTHON = Path("/usr/bin/python3")
TAIL = 15  # lines of what a failed set-up said


@dataclass(frozen=True)
class Rehearsed:
    """What came of one submission.

    Attributes:
        submission: its name.
        table: the results file; {} if there is none that is as it must be.
        problems: what is wrong with it.
        ran: how `run_autograder` ended, and what staff would read.
    """

    submission: str
    table: Mapping[str, Any]
    problems: tuple[str, ...]
    ran: Ran

    def lines(self) -> Iterator[str]:
        """Yield what to print."""
        yield f"{self.submission}: {self.table.get('score', 0):g} points in {self.ran.wall_s:.1f} s"
        for test in self.table.get("tests", ()):
            status = test["extra_data"]["status"]
            points = f"{test['score']:g}/{test['max_score']:g}" if "score" in test else "-"
            yield f"  {points:>7}  {status:16} {test['name']}"
        yield from (f"  PROBLEM: {problem}" for problem in self.problems)
        if self.problems:
            yield from (f"  | {line}" for line in self.ran.said.splitlines()[-TAIL:])


def rehearse(
    assignment: Assignment, require: str, paths: Iterable[Path], python: Path | None = None
) -> Iterator[tuple[str, bool]]:
    """Set an assignment's zip up and grade with it; yield lines, and whether what they say is well.

    Raises:
        AuthorMistake: the zip cannot be made.
        UserMistake: it cannot be set up here, or there is no such submission.
    """
    content = archive(contents(assignment, require))
    metadata = metadata_like(total(assignment))
    with image(content, python) as (container, ran):
        yield f"set up in {ran.wall_s:.1f} s, after the download", True
        yield from ((f"  {line}", True) for line in [*container.described, *_first(ran.said)])
        for path in paths:
            done = submit(container, path, metadata)
            yield from ((line, not done.problems) for line in done.lines())


@contextmanager
def image(
    content: bytes,
    python: Path | None = None,
    size: Size | None = None,
    *,
    plain: bool = False,
    system: Path | None = None,
) -> Iterator[tuple[Container, Ran]]:
    """Give a container in which a zip has been set up, and how that went; removed afterwards.

    Packages are downloaded before, so that the set-up, like grading, has no network.

    Args:
        content: the zip.
        python: the interpreter that stands for the site's; by default the system's own.
        size: what grading may use.
        plain: take plain folders also where more is to be had.
        system: the root folder of another system; `python` must be of its Python's version.

    Raises:
        UserMistake: the packages cannot be had, or the set-up fails.
    """
    here = (python or _python()).resolve()
    with Container(here, size, plain=plain, system=system) as container:
        source, wheels = container.root / "source", container.folder / "wheels"
        unpack(content, source)
        _download(container.python, source / "requirements.txt", wheels)
        offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_NO_CACHE_DIR": "1"}
        offline |= {"PIP_CONFIG_FILE": os.devnull}
        ran = container.run("source/setup.sh", offline, limited=False)
        if ran.code:
            raise UserMistake(f"setup.sh failed with code {ran.code}:\n{_end(ran.said)}")
        yield container, ran


def submit(container: Container, path: Path, metadata: Mapping[str, Any] | bytes) -> Rehearsed:
    """Hand in and grade one submission, as the site would."""
    for name in ("submission", "results", "source/staff"):
        shutil.rmtree(container.root / name, ignore_errors=True)
    (container.root / "results").mkdir()
    _hand_in(path, container.root / "submission")
    text = metadata if isinstance(metadata, bytes) else json.dumps(metadata).encode()
    (container.root / "submission_metadata.json").write_bytes(text)
    ran = container.run("source/run_autograder", {})
    table, found = _results(container.root / "results" / "results.json")
    if ran.code:
        found.append(f"run_autograder ended with code {ran.code}")
    return Rehearsed(Source(path).id, table, tuple(found), ran)


def metadata_like(points: float) -> dict[str, Any]:
    """Return what the site would say of a submission in time by one user."""
    times = {
        "due_date": "2025-02-01T23:59:00.000000-08:00",
        "release_date": "2025-01-15T00:00:00-08:00",
    }
    worth = {"id": 1, "course_id": 1, "title": "A rehearsal", "total_points": f"{points:g}"}
    return {
        "id": 1,
        "created_at": "2025-01-31T12:00:00.000000-08:00",
        "submission_method": "upload",
        "assignment": {**times, **worth, "late_due_date": None, "group_submission": False},
        "users": [{"id": 1, "name": "Rehearsal", "email": "nobody@example.org"}],
        "previous_submissions": [],
    }


def _python() -> Path:
    """Return the system's Python, as on the site; else the one that this environment is made of."""
    code = "import sys, pip; sys.exit(sys.version_info < (3, 10))"
    tried = [SYSTEM_PYTHON, Path(sys.executable).resolve()]
    for path in filter(Path.is_file, tried):
        if not subprocess.run([path, "-c", code], check=False, capture_output=True).returncode:
            return path
    raise UserMistake("no Python with pip is here; name one with --python")


def unpack(content: bytes, target: Path) -> None:
    """Write the files of the zip, each with its mode, as the site does."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        for entry in packed.infolist():
            path = Path(packed.extract(entry, target))
            path.chmod(entry.external_attr >> 16 & 0o777)


def _download(python: Path, requirements: Path, target: Path) -> None:
    command = [str(python), "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--only-binary=:all:", "--dest", str(target), "-r", str(requirements)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise UserMistake(f"the packages could not be downloaded:\n{_end(done.stderr)}")


def _hand_in(path: Path, target: Path) -> None:
    """Put a submission where the site would; an archive that cannot be read stays one."""
    if path.is_dir():
        shutil.copytree(path, target, symlinks=True)
        return
    if not path.is_file():
        raise UserMistake(f"there is no submission {path}")
    target.mkdir()
    taken = Submission.read(path).files if path.name.lower().endswith(ARCHIVES) else {}
    for name, content in (taken or {path.name: path.read_bytes()}).items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(content)


def _results(path: Path) -> tuple[Mapping[str, Any], list[str]]:
    try:
        table = read_strictly(path.read_bytes())
    except (OSError, ValueError) as error:
        return {}, [f"results.json: {error}"]
    found = problems(table)
    return ({} if found else table), found


def _first(said: str) -> list[str]:
    """Return what the grader says of itself: its versions, and its level."""
    return said.splitlines()[:2]


def _end(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-TAIL:])
