"""Landlock's numbers, and what a process may still do under each version of it."""

from __future__ import annotations

import os
import re
import socket
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from autograder.box import kernel, landlock

if TYPE_CHECKING:
    from collections.abc import Callable

HEADER = Path("/usr/include/linux/landlock.h")
VERSIONS = [1, 2, 3, 4, 5, 6, None]

needs_landlock = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")


def test_the_rights_are_those_of_the_header() -> None:
    if not HEADER.is_file():
        pytest.skip(f"{HEADER} is not installed")
    pairs = re.findall(r"#define LANDLOCK_ACCESS_FS_(\w+)\s+\(1ULL << (\d+)\)", HEADER.read_text())
    known = {name.lower(): 1 << int(bit) for name, bit in pairs}
    assert {name: landlock.BIT[name] for name in known} == known
    assert len(known) >= landlock.KNOWN[1]


def test_every_version_knows_at_least_what_the_one_before_knew() -> None:
    assert list(landlock.KNOWN) == sorted(landlock.KNOWN)
    assert landlock.KNOWN[-1] == len(landlock.RIGHTS)


def test_a_kernel_without_it_is_version_0(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: object) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(landlock, "syscall", absent)
    assert landlock.version() == 0
    with pytest.raises(OSError, match="not implemented"):
        landlock.restrict([], "/tmp")  # noqa: S108 - nothing is done there


def in_a_child(own: Path, readable: Path, most: int | None, act: Callable[[], Any]) -> str:
    """Return what `act` gave, as text, in a process that is restricted first."""
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        text = "died"
        with suppress(BaseException):
            try:
                kernel.no_new_privileges()
                if os.geteuid() == 0:
                    kernel.drop_capabilities()
                landlock.restrict([str(readable), "/no/such/place"], str(own), most)
                text = str(act())
            except OSError as error:
                text = type(error).__name__
            except Exception:  # noqa: BLE001 - shown by the test
                text = traceback.format_exc()
        os.write(into, text.encode())
        os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as pipe:
        text = pipe.read().decode()
    os.waitpid(pid, 0)
    return text


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Return a folder of its own, one to read, and a file out of reach."""
    own, library, hidden = tmp_path / "own", tmp_path / "library", tmp_path / "hidden"
    for folder in (own, library):
        folder.mkdir()
        (folder / "file").write_text("text")
    (own / "a").mkdir()
    hidden.write_text("secret")
    return own, library, hidden


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


# What is tried, as (own, library, hidden) -> anything, and what comes of it.
ACTS: dict[str, tuple[Callable[[Path, Path, Path], Any], str]] = {
    "reading the library": (lambda _, lib, __: (lib / "file").read_text(), "text"),
    "listing the library": (lambda _, lib, __: names(lib), "['file']"),
    "writing its own": (lambda own, _, __: (own / "new").write_text("x"), "1"),
    "removing its own": (lambda own, _, __: (own / "file").unlink(), "None"),
    "making a folder": (lambda own, _, __: (own / "b").mkdir(), "None"),
    "renaming its own": (lambda own, _, __: (own / "file").rename(own / "c").name, "c"),
    "reading nothing": (lambda *_: Path(os.devnull).read_text(), ""),
    "reading what is hidden": (lambda _, __, hidden: hidden.read_text(), "PermissionError"),
    "writing what is hidden": (lambda _, __, hidden: hidden.write_text("x"), "PermissionError"),
    "removing what is hidden": (lambda _, __, hidden: hidden.unlink(), "PermissionError"),
    "listing beside": (lambda own, _, __: names(own.parent), "PermissionError"),
    "listing the root folder": (lambda *_: names(Path("/")), "PermissionError"),
    "writing to the library": (
        lambda _, lib, __: (lib / "file").write_text("x"),
        "PermissionError",
    ),
    "making files there": (lambda _, lib, __: (lib / "new").touch(), "PermissionError"),
    "a symbolic link": (lambda own, _, hid: (own / "l").symlink_to(hid), "PermissionError"),
    "a pipe": (lambda own, _, __: os.mkfifo(own / "p"), "PermissionError"),
    "a program": (lambda *_: os.execv("/bin/true", ["true"]), "PermissionError"),  # noqa: S606
}


@needs_landlock
@pytest.mark.parametrize("most", VERSIONS)
@pytest.mark.parametrize("act", ACTS)
def test_only_its_own_folder_and_the_libraries_are_in_reach(
    act: str, most: int | None, places: tuple[Path, Path, Path]
) -> None:
    attempt, expected = ACTS[act]
    own, library, _ = places
    assert in_a_child(own, library, most, lambda: attempt(*places)) == expected


@needs_landlock
@pytest.mark.skipif(landlock.version() < landlock.NETWORK_SINCE, reason="Landlock before 4")
def test_later_versions_hold_the_network_too(places: tuple[Path, Path, Path]) -> None:
    def connect() -> None:
        with socket.create_server(("127.0.0.1", 0)):
            pass

    assert in_a_child(*places[:2], None, connect) == "PermissionError"


@needs_landlock
@pytest.mark.skipif(landlock.version() < landlock.SCOPES_SINCE, reason="Landlock before 6")
def test_later_versions_hold_signals_too(places: tuple[Path, Path, Path]) -> None:
    parent = os.getpid()
    assert in_a_child(*places[:2], None, lambda: os.kill(parent, 0)) == "PermissionError"


@needs_landlock
def test_moving_between_its_own_folders_works(places: tuple[Path, Path, Path]) -> None:
    own = places[0]
    moved = in_a_child(*places[:2], None, lambda: (own / "file").rename(own / "a/file").name)
    assert moved == ("file" if landlock.version() > 1 else "OSError")


@needs_landlock
def test_it_cannot_be_taken_back(places: tuple[Path, Path, Path]) -> None:
    own, library, hidden = places

    def again() -> str:
        landlock.restrict([str(hidden.parent)], str(own))
        return hidden.read_text()

    assert in_a_child(own, library, None, again) == "PermissionError"
