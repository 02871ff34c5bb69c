"""Levels: probed, never assumed; a layer that is missing means that no student code runs."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from autograder import level
from autograder.box import landlock
from autograder.box.confine import Box
from autograder.forkserver import ForkServer
from autograder.level import LEVELS, open_box, refuse_exposed
from gradlab.errors import GraderFault, UserMistake

if TYPE_CHECKING:
    from collections.abc import Iterator

# A grader on a machine whose kernel, or whose container, refuses some system calls: as an old
# kernel does by ENOSYS, as an old container engine does by its own filter.
OLD_MACHINE = """
import os, sys
from autograder.box import seccomp
from autograder.box.kernel import no_new_privileges

LANDLOCK = (444, 445, 446)
PRCTL, SECCOMP = seccomp.NUMBERS["prctl"], seccomp.NUMBERS["seccomp"]
column = seccomp.ARCHITECTURES[os.uname().machine][1]
do, when = seccomp._do, seccomp._when
absent, refused = do(seccomp.RETURN, seccomp.ABSENT), do(seccomp.RETURN, seccomp.REFUSE)
rules = [do(seccomp.LOAD, seccomp.CALL)]
if "landlock" in sys.argv:
    for number in LANDLOCK:
        rules += when(seccomp.EQUAL, number, absent)
if "seccomp" in sys.argv:
    rules += when(seccomp.EQUAL, SECCOMP[column], refused)
    to_filter = [seccomp._argument(0), *when(seccomp.EQUAL, 22, refused)]
    rules += when(seccomp.EQUAL, PRCTL[column], *to_filter, do(seccomp.RETURN, seccomp.ALLOW))
no_new_privileges()
seccomp.apply(b"".join([*rules, do(seccomp.RETURN, seccomp.ALLOW)]))
"""
OPENS = """
from autograder.level import open_box
from gradlab.errors import GradlabError
try:
    with open_box(sys.argv[1]) as server:
        print(server.box.level)
except GradlabError as error:
    print(type(error).__name__, error)
"""
# A worker that should have every layer, and a module that leaves a trace where it is imported.
RUNS = """
from contextlib import closing
from autograder.box.confine import Box
from autograder.forkserver import ForkServer
from autograder.session import CheckSession, Staged
from gradlab.course import Limits
from gradlab.errors import GradlabError
box = Box("full", landlock=True, seccomp=True)
source = f"open({sys.argv[1]!r}, 'w').close()".encode()
with ForkServer(box) as server:
    staged = Staged({"work.py": source}, {"work": "work"})
    with closing(CheckSession(server, staged, Limits(), 0)) as session:
        try:
            session.module("work")
        except GradlabError as error:
            print(type(error).__name__, error)
"""

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has more than split")
needs_landlock = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")


def on_an_old_machine(script: str, *words: str) -> str:
    command = [sys.executable, "-c", OLD_MACHINE + script, *words]
    run = subprocess.run(command, capture_output=True, check=False, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


@pytest.fixture
def server() -> Iterator[ForkServer]:
    with ForkServer() as running:
        yield running


class TestLadder:
    def test_the_strongest_comes_first_and_the_weak_must_be_asked_for(self) -> None:
        assert list(LEVELS) == ["full", "container", "user", "split"]
        assert [one.asked for one in LEVELS.values()] == [False, False, True, True]
        assert all(one.means for one in LEVELS.values())

    def test_the_strongest_that_holds_is_taken(self) -> None:
        names = [box.level for box in level._boxes()]
        assert names[-1] == "split"
        assert names == sorted(names, key=list(LEVELS).index)
        with open_box() as server:
            assert level._probe(server) == ""

    @linux
    @needs_landlock
    def test_a_machine_with_landlock_is_full(self) -> None:
        with open_box("full") as server:
            assert server.box.level == "full"
            assert server.box.landlock
            assert server.box.seccomp

    def test_where_only_weaker_ones_hold_it_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(level, "_boxes", lambda: iter([Box()]))
        with pytest.raises(UserMistake, match=r"level full .only Linux has more"):
            open_box("full")
        with pytest.raises(UserMistake, match="--require NAME"):
            open_box("user")
        with open_box("split") as server:
            assert server.box.level == "split"

    def test_where_nothing_works_it_is_the_graders_fault(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(level, "_probe", lambda _: "no")
        with pytest.raises(GraderFault, match="cannot be run here"):
            open_box("split")


@linux
class TestMissingLayers:
    def test_without_landlock_it_is_not_full(self) -> None:
        assert on_an_old_machine(OPENS, "full", "landlock").startswith("UserMistake")
        weaker = "container" if os.geteuid() == 0 else "user"
        assert on_an_old_machine(OPENS, "split", "landlock") == weaker

    def test_without_seccomp_it_is_only_split(self) -> None:
        for require in ("full", "container", "user"):
            assert on_an_old_machine(OPENS, require, "seccomp").startswith("UserMistake")
        assert on_an_old_machine(OPENS, "split", "seccomp") == "split"

    @needs_landlock
    def test_with_every_layer_the_module_is_imported(self, tmp_path: Path) -> None:
        trace = tmp_path / "trace"
        assert "PermissionError" in on_an_old_machine(RUNS, str(trace))
        assert on_an_old_machine(RUNS, os.devnull) == ""

    @pytest.mark.parametrize("missing", ["landlock", "seccomp"])
    def test_no_student_code_runs_where_a_layer_is_missing(self, missing: str) -> None:
        said = on_an_old_machine(RUNS, os.devnull, missing)
        assert said.startswith("GraderFault")
        assert "could not be set up" in said


class TestProbe:
    def test_a_secret_that_can_be_read_is_found(self) -> None:
        with ForkServer(next(iter(level._boxes()))) as server:
            if not server.box.landlock:
                pytest.skip("no Landlock here: nothing to probe")
            assert level._probe(server) == ""
            server.scratch.secret = Path(os.__file__)
            assert level._probe(server) == "open all the same: reading the grader's files"

    def test_a_box_without_the_layers_of_its_name_is_found(self, server: ForkServer) -> None:
        server.box = Box("full", landlock=True, seccomp=True)  # but it was started without
        with closing(server):
            assert level._probe(server) == ""

    def test_a_server_that_makes_no_worker_is_found(self, server: ForkServer) -> None:
        server.scratch.root = server.scratch.root / "gone"
        assert "could not be made" in level._probe(server)


class TestExposure:
    LIBRARY = Path(os.__file__).parent

    @pytest.mark.parametrize("box", [Box("full", landlock=True), Box("container", jail=True)])
    def test_secrets_below_what_workers_read_stop_the_run(self, box: Box) -> None:
        with pytest.raises(UserMistake, match="move it away"):
            refuse_exposed(box, [Path("/somewhere"), self.LIBRARY / "course"])

    def test_a_link_does_not_hide_it(self, tmp_path: Path) -> None:
        (tmp_path / "course").symlink_to(self.LIBRARY)
        with pytest.raises(UserMistake, match="workers can read"):
            refuse_exposed(Box("full", landlock=True), [tmp_path / "course/checks"])

    def test_elsewhere_they_are_safe(self, tmp_path: Path) -> None:
        refuse_exposed(Box("full", landlock=True), [tmp_path])

    def test_a_level_that_promises_nothing_refuses_nothing(self) -> None:
        refuse_exposed(Box(), [self.LIBRARY])


class TestMachine:
    @pytest.mark.parametrize(
        ("text", "megabytes"),
        [
            ("max\n", 0),
            (f"{768 << 20}\n", 518),
            (f"{300 << 20}\n", 64),
            ("9223372036854771712\n", 0),
            ("", 0),
        ],
    )
    def test_the_containers_memory_less_a_reserve(
        self, text: str, megabytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "memory.max").write_text(text)
        monkeypatch.setattr(level, "CGROUP", (tmp_path / "absent", tmp_path / "memory.max"))
        assert level._memory_mb() == megabytes

    def test_a_python_below_a_closed_folder_is_not_for_others(self, tmp_path: Path) -> None:
        python = tmp_path / "python"
        python.touch(0o755)
        tmp_path.chmod(0o700)
        assert not level._passes(python)
        assert not level._passes(tmp_path / "absent")
        assert level._passes(Path("/usr"))
