"""The site's folders in a folder of a test, and a small assignment to be graded there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from autograder import record
from gradlab.cli import steps
from gradlab.cli.container import Size
from gradlab.cli.gradescope import archive, contents
from gradlab.cli.rehearsal import image, metadata_like, unpack
from gradlab.cli.schema import problems, read_strictly
from gradlab.course import Course
from tests.conftest import PROVING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gradlab.cli.container import Container
    from gradlab.course import Assignment

RIGHT = "import numpy as np\n\ndef rectify(x):\n    return np.maximum(x, 0)\n"
MODULE = "relu_hw/relu.py"


# What of `setup.sh` is left to do where the packages are there already.
INSTALL = re.compile(rb'^"\$python" -m pip install .*\n.*\n', re.MULTILINE)


@dataclass(frozen=True)
class Image:
    """A container with the packages in it, that takes one zip after another."""

    container: Container

    def load(self, content: bytes) -> str:
        """Put a zip in the place of the last one and set it up; return what staff would read.

        Data sets stay: they are the same for all, and take long to make.
        """
        source, kept = self.container.root / "source", self.container.folder / "kept"
        if (source / "data").is_dir():
            (source / "data").rename(kept)
        shutil.rmtree(source)
        unpack(content, source)
        if kept.is_dir():
            kept.rename(source / "data")
        program = source / "setup.sh"
        program.write_bytes(INSTALL.sub(b"", program.read_bytes()))
        ran = self.container.run("source/setup.sh", {}, limited=False)
        assert ran.code == 0, ran.said
        return ran.said


@dataclass(frozen=True)
class Site:
    """The site's folders, with a zip unpacked in them; packages are those of the tests."""

    root: Path

    @classmethod
    def of(cls, root: Path, content: bytes) -> Site:
        unpack(content, root / "source")
        return cls(root)

    @property
    def results(self) -> Path:
        return self.root / "results" / "results.json"

    def hand_in(self, files: Mapping[str, str | bytes], metadata: Any = None) -> None:
        shutil.rmtree(self.root / "submission", ignore_errors=True)
        shutil.rmtree(self.root / "results", ignore_errors=True)
        (self.root / "submission").mkdir()
        for name, content in files.items():
            path = self.root / "submission" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        text = metadata if isinstance(metadata, bytes) else json.dumps(metadata or metadata_like(3))
        path = self.root / "submission_metadata.json"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def start(self) -> subprocess.Popen[str]:
        places = {"GRADLAB_ROOT": str(self.root), "GRADLAB_PYTHON": sys.executable}
        places |= {"GRADLAB_PACKAGES": str(Path(np.__file__).parent.parent)}
        return subprocess.Popen(
            [self.root / "source" / "run_autograder"],
            env={**os.environ, **places},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self) -> tuple[Any, str]:
        """Grade what was handed in; return the results file, which is as it must be, and stdout."""
        running = self.start()
        said, _ = running.communicate()
        assert running.returncode == 0, said
        return self.table(), said

    def table(self) -> Any:
        table = read_strictly(self.results.read_bytes())
        assert problems(table) == []
        return table


def below(pid: int) -> list[int]:
    """Return the processes below one, as far as they live."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [found for child in map(int, text.split()) for found in (child, *below(child))]


def new_assignment(root: Path, name: str = "relu") -> Assignment:
    """Return the only assignment of a new course."""
    (root / "course.toml").touch()
    course = Course.find(root)
    steps.new(course, name)
    return course.assignment(name)


def record_once(assignment: Assignment) -> None:
    """Record an assignment of hundreds of checks with one draw for each."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(record, "DRAWS", 1)
        steps.expected(assignment, write=True)


def no_landlock(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return what makes the zip's code believe in a kernel without Landlock."""
    path = "lib/autograder/box/landlock.py"
    refuse = b"\n\ndef restrict(*_: object) -> None:\n    raise OSError(38, 'no Landlock here')\n"
    return {path: files[path] + refuse}


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    return new_assignment(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="session")
def small_files(small: Assignment) -> dict[str, bytes]:
    return contents(small, "split")


@pytest.fixture
def make_site(small_files: dict[str, bytes], tmp_path: Path) -> Callable[..., Site]:
    """Return a maker of sites, some of whose files have another content."""

    def make(other: Mapping[str, bytes] = MappingProxyType({})) -> Site:
        return Site.of(tmp_path / "autograder", archive({**small_files, **other}))

    return make


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site()


@pytest.fixture(scope="session")
def installed(small: Assignment) -> Iterator[Image]:
    """An image whose packages were installed once; with two CPUs, unless all is to be proved."""
    size = Size() if PROVING else Size(cpus=2)
    with image(archive(contents(small, "split")), size=size) as (container, _):
        yield Image(container)
