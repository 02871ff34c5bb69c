"""Folders of hostile making: they go whole, nothing outside goes along, and they are weighed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from autograder.box import remove
from autograder.box.kernel import drop_capabilities
from autograder.box.remove import BLOCK, BOUNDLESS, ENTRY_BYTES, remove_tree, size_of_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def go_down(folder: Path, levels: int, name: str) -> None:
    """Make folders in folders by way of descriptors: their paths are too long to be opened."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=here)
        deeper = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)


def shut(folder: Path) -> None:
    """Make folders that nobody may list, enter or write to, one in another."""
    for name in ("a", "a/b", "a/b/c"):
        (folder / name).mkdir()
        (folder / name / "file").touch()
    for mode in (0o000, 0o100, 0o200, 0o300, 0o400, 0o500):
        (folder / f"a/b/{mode:o}").mkdir(mode=mode)
    for name in ("a/b/c", "a/b", "a"):
        (folder / name).chmod(0o000)


def odd_names(folder: Path) -> None:
    for name in (b"\xff\xfe", b"\n", b"-rf", b"\x1b[2J", b"x" * 255, b"0.moved", b"1.moved"):
        (folder / os.fsdecode(name) / "0.moved/1.moved/deeper").mkdir(parents=True)


def special(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "loop").symlink_to("loop")
    (folder / "folder").mkdir()
    (folder / "folder/again").symlink_to("..")


def wide(folder: Path) -> None:
    for number in range(50):
        (folder / f"{number % 7}/{number % 5}/{number % 3}/{number}").mkdir(parents=True)


MADE: dict[str, Callable[[Path], Any]] = {
    "nothing": lambda _: None,
    "many levels": lambda folder: go_down(folder, 300, "d"),
    "paths too long for the kernel": lambda folder: go_down(folder, 40, "d" * 255),
    "folders that are shut": shut,
    "odd names": odd_names,
    "links and pipes": special,
    "wide and deep": wide,
}


@pytest.mark.parametrize("made", MADE)
def test_whatever_was_made_is_removed(made: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    MADE[made](folder)
    assert without_rights(lambda: remove_tree(folder))
    assert list(tmp_path.iterdir()) == []


def without_rights(act: Callable[[], Any]) -> bool:
    """Tell whether `act` succeeds as an ordinary user, for whom modes count."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            if os.geteuid() == 0:
                drop_capabilities()
            act()
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1] == 0


@pytest.mark.slow
def test_three_thousand_levels_are_removed(tmp_path: Path) -> None:
    go_down(tmp_path, 3000, "d")
    remove_tree(tmp_path / "d")
    assert list(tmp_path.iterdir()) == []


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    outside.mkdir(mode=0o750)
    (outside / "precious").write_text("kept")
    folder.mkdir()
    (folder / "link").symlink_to(outside)
    (folder / "inner").mkdir()
    (folder / "inner/link").symlink_to(outside)
    (folder / "inner/hard").hardlink_to(outside / "precious")
    remove_tree(folder)
    assert not folder.exists()
    assert (outside / "precious").read_text() == "kept"
    assert outside.stat().st_mode & 0o777 == 0o750


def test_what_is_not_there_is_no_mistake(tmp_path: Path) -> None:
    remove_tree(tmp_path / "nothing")


def test_the_size_is_what_the_disk_holds(tmp_path: Path) -> None:
    assert size_of_tree(tmp_path) == 0
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/file").write_bytes(bytes(range(256)) * 4096)
    assert 1 << 20 <= size_of_tree(tmp_path) < 2 << 20
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 30)
    assert size_of_tree(tmp_path) < 2 << 20


def test_every_entry_weighs_something(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / f"{number}").touch()
    assert size_of_tree(tmp_path) == 50 * ENTRY_BYTES


def test_links_are_not_followed_when_weighing(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(1 << 20))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/link").symlink_to(tmp_path / "large")
    (tmp_path / "folder/up").symlink_to(tmp_path)
    assert size_of_tree(tmp_path / "folder") <= 2 * (ENTRY_BYTES + 8 * BLOCK)


def test_what_cannot_be_counted_is_boundless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("deep", "many"):
        (tmp_path / name).mkdir()
    go_down(tmp_path / "deep", 40, "d" * 255)
    assert size_of_tree(tmp_path / "deep") == BOUNDLESS
    for number in range(20):
        (tmp_path / f"many/{number}").touch()
    monkeypatch.setattr(remove, "MOST_ENTRIES", 20)
    assert size_of_tree(tmp_path / "many") < BOUNDLESS
    monkeypatch.setattr(remove, "MOST_ENTRIES", 19)
    assert size_of_tree(tmp_path / "many") == BOUNDLESS


def test_a_folder_that_is_shut_is_boundless(tmp_path: Path) -> None:
    (tmp_path / "shut").mkdir(mode=0o300)

    def weigh() -> None:
        assert size_of_tree(tmp_path) == BOUNDLESS

    assert without_rights(weigh)
