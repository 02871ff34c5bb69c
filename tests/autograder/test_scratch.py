"""Where workers write: what was left is swept, what is in use stays."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from autograder import scratch
from autograder.scratch import PREFIX, Scratch
from gradlab.errors import GraderFault

KILLED = """
import os, sys, tempfile
tempfile.tempdir = sys.argv[1]
from autograder.scratch import Scratch
print(Scratch().folder(0), flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(scratch, "_home", lambda: tmp_path)
    return tmp_path


def test_workers_have_folders_of_their_own(home: Path) -> None:
    made = Scratch()
    one, other = made.folder(0), made.folder(0)
    assert one != other
    assert one.parent == other.parent == made.root
    assert made.root.parent == home
    assert one.stat().st_mode & 0o777 == 0o700
    assert made.root.stat().st_mode & 0o777 == 0o711  # to pass through, not to look
    made.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_workers_folder_belongs_to_its_user(home: Path) -> None:
    made = Scratch()
    folder = made.folder(60600)
    assert (folder.stat().st_uid, folder.stat().st_gid) == (60600, 60600)
    made.close()
    assert list(home.iterdir()) == []


def test_closing_removes_everything_and_may_be_done_twice(home: Path) -> None:
    made = Scratch()
    (made.folder(0) / "file").touch()
    before = len(list(Path("/proc/self/fd").iterdir()))
    made.close()
    made.close()
    assert list(home.iterdir()) == []
    assert len(list(Path("/proc/self/fd").iterdir())) == before - 1


def test_what_a_killed_grader_left_is_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    home = Path(tempfile.mkdtemp(dir="/tmp"))
    home.chmod(0o755)
    monkeypatch.setattr(tempfile, "tempdir", str(home))
    command = [sys.executable, "-c", KILLED, str(home)]
    run = subprocess.run(command, capture_output=True, check=False, text=True)
    left = Path(run.stdout.strip())
    assert left.is_dir(), run.stderr
    made = Scratch()
    assert not left.exists()
    assert list(home.iterdir()) == [made.root]
    made.close()
    home.rmdir()


def test_what_is_in_use_is_not_swept(home: Path) -> None:
    first = Scratch()
    second = Scratch()
    assert sorted(home.iterdir()) == sorted([first.root, second.root])
    first.close()
    third = Scratch()
    assert second.root.is_dir()
    second.close()
    third.close()


def test_files_and_links_of_that_name_are_not_followed(home: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    (home / f"{PREFIX}link").symlink_to(outside)
    (home / f"{PREFIX}file").touch()
    Scratch().close()
    assert (outside / "precious").exists()
    assert (home / f"{PREFIX}file").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_folders_of_other_users_are_left_alone(home: Path) -> None:
    other = home / f"{PREFIX}other"
    other.mkdir()
    os.chown(other, 12345, 12345)
    Scratch().close()
    assert other.is_dir()


def test_a_sweep_by_another_grader_at_that_moment_does_no_harm(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, rivals = tempfile.mkdtemp, [1, 2]

    def swept(*args: str, **words: str) -> str:
        made = make(*args, **words)
        if rivals:
            rivals.pop()
            scratch._sweep(home)
        return str(made)

    monkeypatch.setattr(tempfile, "mkdtemp", swept)
    made = Scratch()
    assert made.root.is_dir()
    made.close()
    assert list(home.iterdir()) == []


def test_a_home_that_cannot_be_written_to_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "_home", lambda: home / "nowhere")
    with pytest.raises(GraderFault, match="nowhere"):
        Scratch()


def test_a_home_closed_to_others_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(tempfile, "tempdir", str(closed))
    assert scratch._home() == Path("/tmp")  # noqa: S108
