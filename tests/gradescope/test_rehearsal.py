"""A rehearsal: the zip set up and run as on the site; nothing of it is left on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from autograder.gradescope.bundle import total
from gradlab.cli.commands import commands
from gradlab.cli.container import CGROUPS, Container, Ran, Size
from gradlab.cli.gradescope import archive, contents
from gradlab.cli.rehearsal import image, metadata_like, submit
from gradlab.errors import UserMistake
from tests.gradescope.conftest import MODULE, RIGHT, no_landlock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlab.course import Assignment

OLDEST = sorted(Path.home().glob(".pyenv/versions/3.10.*/bin/python3.10"))
PATIENCE_S = 300  # with a slow mirror
PROBE = """
import ctypes, os, sys
status = dict(line.split(":\\t") for line in open("/proc/self/status").read().splitlines())
print("admin", bool(int(status["CapBnd"], 16) >> 21 & 1))
print("mounts", ctypes.CDLL(None).unshare(0x00020000) == 0)
print("course", os.path.exists(sys.argv[1]))
print("files", sorted(os.listdir("/autograder/source")) == ["probe", "setup.sh"])
print("network", len(open("/proc/net/dev").read().splitlines()) > 3)
"""


THIEF = """
import numpy as np, os

def rectify(x):
    code = os.environ.get("PYTHONPATH", "").split(":")[0]
    for place in ("/autograder/source", os.path.dirname(code)):
        for name in ("checks.py", "expected/checks.json"):
            open(f"{place}/bundle/{name}").read()
    return np.maximum(x, 0)
"""


def rehearsals() -> set[Path]:
    """Return what rehearsals of this process have on the machine."""
    ours = f"gradlab-rehearsal-{os.getpid()}-*"
    places = [Path(tempfile.gettempdir()), CGROUPS, *CGROUPS.glob("*")]
    return {path for place in places for path in place.glob(ours)}


@pytest.fixture
def nothing_left() -> Iterator[None]:
    before = rehearsals()  # another file's image may be in use
    yield
    assert rehearsals() <= before


def write_one(folder: Path, source: str = RIGHT) -> Path:
    path = folder / "ada" / MODULE
    path.parent.mkdir(parents=True)
    path.write_text(source)
    return folder / "ada"


@pytest.mark.slow
@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("plain", [False, True], ids=["as root", "plain folders"])
def test_a_rehearsal(small: Assignment, tmp_path: Path, plain: bool) -> None:  # noqa: FBT001
    with image(archive(contents(small, "split")), plain=plain) as (container, ran):
        assert "level " in ran.said
        done = submit(container, write_one(tmp_path), metadata_like(total(small)))
        assert (done.problems, done.table["score"]) == ((), total(small))
        if container.isolated:
            assert "level full" in ran.said or "level container" in ran.said
            assert "without CAP_SYS_ADMIN" in " ".join(container.described)
            steals_nothing(container, tmp_path)


def steals_nothing(container: Container, folder: Path) -> None:
    done = submit(container, write_one(folder / "thief", THIEF), metadata_like(3))
    assert (done.problems, done.table["score"]) == ((), 0)
    assert {t["extra_data"]["status"] for t in done.table["tests"]} == {"raised"}


@pytest.mark.slow
@pytest.mark.skipif(not OLDEST, reason="no Python 3.10 beside this one")
def test_the_site_s_own_python_is_3_10(small: Assignment, tmp_path: Path) -> None:
    with image(archive(contents(small, "split")), OLDEST[-1]) as (container, ran):
        assert "Python 3.10" in ran.said
        done = submit(container, write_one(tmp_path), metadata_like(3))
        assert done.problems == ()
        assert done.table["score"] == total(small)


@pytest.mark.slow
def test_a_kernel_without_landlock(small: Assignment, tmp_path: Path) -> None:
    files = contents(small, "split")
    with image(archive(files | no_landlock(files))) as (container, ran):
        if not container.isolated:
            pytest.skip("no root folder can be changed here")
        assert "level container" in ran.said
        done = submit(container, write_one(tmp_path), metadata_like(3))
        assert (done.problems, done.table["score"]) == ((), total(small))
        steals_nothing(container, tmp_path)


@pytest.mark.slow
@pytest.mark.usefixtures("nothing_left")
def test_memory_that_runs_out_is_the_check_s_alone(small: Assignment, tmp_path: Path) -> None:
    hoards = "def rectify(x):\n    return [bytearray(1 << 26) for _ in range(99)]\n"
    with image(archive(contents(small, "split"))) as (container, _):
        done = submit(container, write_one(tmp_path, hoards), metadata_like(3))
    assert done.problems == ()
    assert {t["extra_data"]["status"] for t in done.table["tests"]} == {"out of memory"}


@pytest.mark.slow
@pytest.mark.usefixtures("nothing_left")
def test_a_container_that_is_too_small_for_the_grader_itself(
    small: Assignment, tmp_path: Path
) -> None:
    content = archive(contents(small, "split"))
    with image(content, size=Size(memory_mb=24)) as (container, _):
        if not any("by cgroups" in line for line in container.described):
            pytest.skip("no cgroups can be made here")
        done = submit(container, write_one(tmp_path), metadata_like(3))
    assert done.problems == ()
    assert str(done.table["output"]).startswith("Grading did not finish")
    assert "with code 137" in done.ran.said


@pytest.mark.usefixtures("nothing_left")
def test_what_a_container_cannot_do(tmp_path: Path) -> None:
    with Container(Path(sys.executable).resolve()) as container:
        if not container.isolated:
            pytest.skip(f"no namespaces for user {os.geteuid()} here")
        source = container.root / "source"
        source.mkdir()
        (source / "probe").write_text(PROBE)
        program = source / "setup.sh"
        program.write_text(f"#!/bin/sh\n$GRADLAB_PYTHON /autograder/source/probe {tmp_path}\n")
        program.chmod(0o700)
        ran = container.run("source/setup.sh", {})
    assert ran.said.splitlines() == [
        "admin False",
        "mounts False",
        "course False",
        "files True",
        "network False",
    ]


@pytest.mark.usefixtures("nothing_left")
def test_a_set_up_that_fails(small: Assignment) -> None:
    files = contents(small, "split") | {"setup.sh": b"#!/bin/sh\necho no room\nexit 3\n"}
    files["requirements.txt"] = b""
    with (
        pytest.raises(UserMistake, match=r"failed with code 3:\nno room"),
        image(archive(files)),
    ):
        pass


@pytest.mark.parametrize(
    ("python", "words"),
    [
        ("/bin/false", "cannot be run"),
        ("/nowhere/python3", "cannot be run"),
        ("/bin/true", "is no Python of version 3.10 or newer"),
        ("/bin/echo", "is no Python of version 3.10 or newer"),
    ],
)
def test_a_python_that_cannot_be_used(python: str, words: str) -> None:
    with pytest.raises(UserMistake, match=words), image(b"", Path(python)):
        pass


@pytest.mark.parametrize("content", ['{"score": "3", "tests": [7]}', "[]", '{"score": NaN}', "{"])
def test_a_results_file_that_is_none_is_a_problem_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    def run(container: Container, *_: object) -> Ran:
        (container.root / "results" / "results.json").write_text(content)
        return Ran(0, "said", 1)

    monkeypatch.setattr(Container, "run", run)
    with Container(Path(sys.executable), plain=True) as container:
        lines = list(submit(container, write_one(tmp_path), {}).lines())
    assert lines[0] == "ada: 0 points in 1.0 s"
    assert lines[1].startswith("  PROBLEM: ")
    assert lines[-1] == "  | said"


def test_the_command_writes_the_zip(small: Assignment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(small.course.root)
    ran = CliRunner().invoke(commands, ["gradescope", "relu", "--out", "out/relu.zip"])
    size = Path("out/relu.zip").stat().st_size / 1e6
    assert (ran.exit_code, ran.output) == (0, f"relu: wrote out/relu.zip, {size:.1f} MB\n")


@pytest.mark.slow
def test_the_command_rehearses(
    small: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(small.course.root)
    command = ["gradescope", "relu", "--rehearse", str(write_one(tmp_path)), "--require", "split"]
    ran = CliRunner().invoke(commands, command)
    assert ran.exit_code == 0, ran.output
    assert "set up in" in ran.output
    assert "ada: " in ran.output
    assert "PROBLEM" not in ran.output
    assert not Path("relu-autograder.zip").exists()


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Debian of its own, as the site's image is an Ubuntu of its own."""
    program = shutil.which("debootstrap", path=f"{os.environ['PATH']}:/usr/sbin")
    if os.geteuid() != 0 or not program:
        pytest.skip("debootstrap is not installed, or you are not root")
    root = tmp_path_factory.mktemp("debian")
    wanted = ["--variant=minbase", "--include=python3,python3-pip", "bookworm", str(root)]
    command = ["timeout", str(PATIENCE_S), program, *wanted]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        said = done.stdout.strip().splitlines() or ["nothing said"]
        pytest.skip(f"debootstrap ended with code {done.returncode}: {said[-1]}")
    return root


@pytest.mark.slow
def test_in_a_debian_of_its_own(small: Assignment, tmp_path: Path, debian: Path) -> None:
    with image(archive(contents(small, "container")), system=debian) as (container, ran):
        assert "Python 3.11" in ran.said
        done = submit(container, write_one(tmp_path), metadata_like(3))
        assert (done.problems, done.table["score"]) == ((), total(small))
