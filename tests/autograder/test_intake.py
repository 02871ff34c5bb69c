"""Submissions as they arrive: folders, zips, single files, and hostile ones."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from typing import TYPE_CHECKING

import pytest

from autograder import intake
from autograder.intake import Submission, find_submissions, safe_name
from gradlab.errors import UserMistake

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def zipped(tmp_path: Path) -> Callable[..., Submission]:
    def read(*entries: tuple[str | zipfile.ZipInfo, bytes], packed: int = 8) -> Submission:
        path = tmp_path / "hand in.zip"
        with zipfile.ZipFile(path, "w", packed) as archive:
            for name, content in entries:
                archive.writestr(name, content)
        return Submission.read(path)

    return read


def tree(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return root


def test_folder_zip_and_file_give_the_same_files(
    tmp_path: Path, zipped: Callable[..., Submission]
) -> None:
    folder = tree(tmp_path / "ada", "nndl/layers.py", "best.npz")
    read = Submission.read(folder)
    packed = zipped(("nndl/layers.py", b"nndl/layers.py"), ("best.npz", b"best.npz"))
    assert (
        read.files == packed.files == {"nndl/layers.py": b"nndl/layers.py", "best.npz": b"best.npz"}
    )
    assert read.digest == packed.digest
    assert (read.id, packed.id) == ("ada", "hand_in")
    single = Submission.read(folder / "nndl" / "layers.py")
    assert (single.id, single.files) == ("layers", {"layers.py": b"nndl/layers.py"})
    assert single.digest != read.digest


def test_system_and_hidden_files_are_dropped(tmp_path: Path) -> None:
    names = [".git/a.py", "__MACOSX/a.py", "a/__pycache__/a.py", ".ipynb_checkpoints/b.ipynb"]
    read = Submission.read(tree(tmp_path / "s", "a.py", ".hidden.py", *names))
    assert list(read.files) == ["a.py"]
    assert read.notes == ()


def test_links_and_pipes_are_not_followed(tmp_path: Path) -> None:
    folder = tree(tmp_path / "s", "a.py")
    secret = tree(tmp_path / "t", "secret.py")
    (folder / "link.py").symlink_to(secret / "secret.py")
    (folder / "folder").symlink_to(secret)
    os.mkfifo(folder / "pipe.py")
    assert list(Submission.read(folder).files) == ["a.py"]
    assert "neither a file nor a folder" in Submission.read(folder / "pipe.py").problem
    assert "neither a file nor a folder" in Submission.read(folder / "lost.py").problem


@pytest.mark.parametrize(
    "name",
    [
        "../a.py",
        "/a.py",
        "a/../../b.py",
        "C:\\a.py",
        "a\\b.py",
        "-rf.py",
        "a\n.py",
        "a\x1b[2J.py",
        "x" * 300 + ".py",
        "a.exe",
        "A.py",
        "./a.py",
        "a.py/b.py",
    ],
)
def test_odd_names_in_a_zip_are_passed_over(zipped: Callable[..., Submission], name: str) -> None:
    read = zipped(("a.py", b"1"), (name, b"2"))
    assert read.files == {"a.py": b"1"}
    assert len(read.notes) == 1
    assert read.notes[0].isprintable()


def test_odd_kinds_in_a_zip_are_passed_over(zipped: Callable[..., Submission]) -> None:
    entries = []
    for kind in (stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR):
        info = zipfile.ZipInfo(f"{kind}.py")
        info.external_attr = (kind | 0o644) << 16
        entries.append((info, b"/etc/passwd"))
    read = zipped(("a.py", b"1"), *entries)
    assert list(read.files) == ["a.py"]
    assert len(read.notes) == 3
    assert zipped(("a.py", b"1"), packed=zipfile.ZIP_LZMA).files == {}


def test_bombs_are_refused_whole(
    zipped: Callable[..., Submission], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(intake, "MOST_BYTES", 1 << 16)
    monkeypatch.setattr(intake, "MOST_FILES", 20)
    large = zipped(("a.py", bytes(1 << 15)), ("b.py", bytes(1 << 20)))
    many = zipped(*((f"{n}.py", b"") for n in range(21)))
    folder = tree(tmp_path / "s", "a.py")
    (folder / "b.npz").write_bytes(bytes(1 << 17))
    for read, word in (
        (large, "larger"),
        (many, "more than 20"),
        (Submission.read(folder), "larger"),
    ):
        assert word in read.problem
        assert read.files == {}


def packed() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", 8) as archive:
        archive.writestr("a.py", b"print(1)\n" * 200)
        archive.writestr("b/c.py", b"print(2)\n" * 200)
    return file.getvalue()


@pytest.mark.parametrize("place", range(0, len(packed()), 7))
def test_corrupt_zips_are_read_or_have_a_problem(tmp_path: Path, place: int) -> None:
    content = bytearray(packed())
    content[place] ^= 0xFF
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    read = Submission.read(path)
    assert not (read.files and read.problem)
    path.write_bytes(content[:place])
    assert Submission.read(path).problem


def test_encrypted_entries_are_passed_over(tmp_path: Path) -> None:
    content = bytearray(packed())
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        place = content.index(mark) + (6 if mark[2] == 3 else 8)
        content[place] |= 1
    (tmp_path / "a.zip").write_bytes(content)
    read = Submission.read(tmp_path / "a.zip")
    assert list(read.files) == ["b/c.py"]
    assert len(read.notes) == 1


@pytest.mark.parametrize(
    ("name", "safe"), [("Ada Lovelace!", "Ada_Lovelace_"), ("..", "submission"), ("é" * 200, "_")]
)
def test_ids_are_safe_for_paths_and_pages(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_submissions_are_found(tmp_path: Path) -> None:
    tree(
        tmp_path, "class/ada/nndl/layers.py", "class/bob/layers.py", "class/c.zip", "class/.x/a.py"
    )
    handed_in = ["nndl/layers.py"]
    found = find_submissions([tmp_path / "class"], handed_in)
    assert [path.name for path in found] == ["ada", "bob", "c.zip"]
    for name in ("ada", "bob"):
        assert find_submissions([tmp_path / "class" / name], handed_in) == [
            tmp_path / "class" / name
        ]
    (tmp_path / "empty").mkdir()
    for wrong in ("lost", "empty"):
        with pytest.raises(UserMistake):
            find_submissions([tmp_path / wrong], handed_in)
