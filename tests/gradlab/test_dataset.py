"""`gradlab data`: an archive is checked before any of it is there."""

from __future__ import annotations

import hashlib
import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from gradlab.cli.dataset import FOLDER, MEMBERS, fetch_cifar10
from gradlab.errors import UserMistake

if TYPE_CHECKING:
    from pathlib import Path


def archive(path: Path, names: list[str]) -> str:
    with tarfile.open(path, "w:gz") as tar:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(name)
            tar.addfile(info, io.BytesIO(name.encode()))
        link = tarfile.TarInfo(f"{FOLDER}/data_batch_6")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def fetch(tmp_path: Path, names: list[str], md5: str = "") -> Path:
    source = tmp_path / "archive.tar.gz"
    right = archive(source, names)
    return fetch_cifar10(tmp_path / "to", lambda _: None, source.as_uri(), md5 or right)


ALL = [f"{FOLDER}/{name}" for name in MEMBERS]


def test_the_batches_are_unpacked_and_nothing_else(tmp_path: Path) -> None:
    folder = fetch(tmp_path, [*ALL, "../evil", f"{FOLDER}/evil.py", "/tmp/evil"])  # noqa: S108
    assert {path.name for path in folder.iterdir()} == set(MEMBERS)
    assert (folder / "test_batch").read_text() == f"{FOLDER}/test_batch"
    assert [path.name for path in (tmp_path / "to").iterdir()] == [FOLDER]


def test_what_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    folder = fetch(tmp_path, ALL)
    gone = "file:///nowhere"
    assert fetch_cifar10(tmp_path / "to", lambda _: None, gone, "") == folder


@pytest.mark.parametrize(
    ("names", "md5", "words"),
    [(ALL, "0" * 32, "its md5 is"), (ALL[1:], "", "the archive lacks")],
)
def test_a_wrong_archive_leaves_nothing(
    tmp_path: Path, names: list[str], md5: str, words: str
) -> None:
    with pytest.raises(UserMistake, match=words):
        fetch(tmp_path, names, md5)
    assert list((tmp_path / "to").iterdir()) == []


def test_no_network_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match="point CIFAR10_DIR") as caught:
        fetch_cifar10(tmp_path / "to", lambda _: None, (tmp_path / "gone.tar.gz").as_uri())
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "to").iterdir()) == []
