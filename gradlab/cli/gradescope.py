"""`gradlab gradescope`: one zip that the site makes its grader from."""

from __future__ import annotations

import io
import re
import zipfile
from importlib.metadata import requires
from pathlib import Path
from typing import TYPE_CHECKING

import autograder
import gradlab
from autograder.gradescope.bundle import Bundle
from autograder.gradescope.sheet import unfinished
from autograder.recording import write_atomically
from generator.modules import student_modules
from generator.release import LONG_AGO
from gradlab.errors import AuthorMistake, Place, UserMistake

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gradlab.course import Assignment

__all__ = ["archive", "contents", "write_zip"]

HERE = Path(__file__).parent / "gradescope_files"
SCRIPTS = ("run_autograder", "setup.sh")
# What grading imports of other people's: neither commands nor releases nor reports are made there.
NEEDED = ("numpy", "tomli")
LEFT_OUT = ("__main__.py", "cli", "mutation", "report.py", "templates")
END_S = 10  # before the site's time limit, when everything is ended


def write_zip(assignment: Assignment, path: Path, require: str) -> Path:
    """Write the zip of an assignment; two runs give the same bytes.

    Args:
        assignment: which one.
        path: the zip's.
        require: the weakest level of protection at which student code runs.

    Raises:
        AuthorMistake: a suite or its recording is not what it should be.
        UserMistake: the file cannot be written.
    """
    content = archive(contents(assignment, require))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    except OSError as error:
        raise UserMistake(f"{path} cannot be written: {error.strerror}") from error
    return path


def contents(assignment: Assignment, require: str) -> dict[str, bytes]:
    """Return the files of the zip, by path.

    Raises:
        AuthorMistake: a suite, its recording or the data set is not what it should be.
    """
    bundle = Bundle.of(assignment, student_modules(assignment), require)
    files = {f"bundle/{name}": text for name, text in bundle.files(assignment).items()}
    files |= {name: _script(name, 60 * bundle.settings.timeout_min - END_S) for name in SCRIPTS}
    files |= {f"lib/{name}": text for name, text in _code()}
    if bundle.settings.data:
        files |= {f"data/{name}": text for name, text in _data(assignment, bundle)}
    packages = dict.fromkeys(name.partition(".")[0] for name in bundle.preload)
    lines = [*_requirements(), *packages]
    files["requirements.txt"] = "".join(f"{line}\n" for line in lines).encode()
    files["unfinished.json"] = unfinished(bundle.settings)
    return dict(sorted(files.items()))


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of files that root alone can read; its bytes depend on nothing else."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as zipped:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, LONG_AGO)
            entry.create_system = 3  # Unix, whatever this machine is
            entry.external_attr = (0o100700 if name in SCRIPTS else 0o100600) << 16
            zipped.writestr(entry, content, zipfile.ZIP_DEFLATED, compresslevel=9)
    return packed.getvalue()


def _script(name: str, seconds: int) -> bytes:
    return (HERE / name).read_bytes().replace(b"{seconds}", str(seconds).encode())


def _code() -> Iterator[tuple[str, bytes]]:
    for package in (autograder, gradlab):
        top = Path(str(package.__file__)).parent
        for path in sorted(top.rglob("*.py")):
            inside = path.relative_to(top)
            if inside.parts[0] not in LEFT_OUT:
                yield (top.name / inside).as_posix(), path.read_bytes()


def _data(assignment: Assignment, bundle: Bundle) -> Iterator[tuple[str, bytes]]:
    """Yield the files of the data sets that the author gives, by path below their folder."""
    top = assignment.course.root / bundle.settings.data
    where = Place(str(assignment.folder / "assignment.toml"))
    if bundle.reference is None:
        raise AuthorMistake("[gradescope] data is for checks that ask for the reference", where)
    paths = sorted(path for path in top.rglob("*") if path.is_file())
    if not paths:
        raise AuthorMistake(f"[gradescope] data: there are no files in {top}", where)
    for path in paths:
        yield path.relative_to(top).as_posix(), path.read_bytes()


def _requirements() -> list[str]:
    """Return the lines of our own requirements that grading needs."""
    lines = [line for line in requires("gradlab") or () if "extra ==" not in line]
    return [line for line in lines if re.split(r"\W", line)[0] in NEEDED]
