"""Odd names of folders in a submission: they cost nothing, unless they lead elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from autograder.intake import Submission
from tests.autograder.packed import GOOD, LEFT_LYING, tar_of, zip_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ODD_FOLDERS = {
    "done?": "done_",
    "HW: 3": "HW_ 3",
    "hw 3 final ": "hw 3 final_",
    "hw.": "hw_",
    "-final-": "_final-",
    'Bob\'s "hw"': "Bob's _hw_",
    "q*": "q_",
    "<b>|": "_b__",
    " ": "_",
    "Übung 3 (Müller, Jürgen)": "Übung 3 (Müller, Jürgen)",
}


@pytest.mark.parametrize("name", ODD_FOLDERS)
@pytest.mark.parametrize("pack", [zip_of, tar_of])
def test_odd_names_of_folders_cost_nothing(
    read: Callable[..., Submission], pack: Callable[..., bytes], name: str
) -> None:
    files = {f"a/{name}/{path}": content for path, content in GOOD.items()}
    submission = read(pack(*files.items()))
    spelled = ODD_FOLDERS[name]
    assert submission.files == {f"a/{spelled}/{path}": GOOD[path] for path in GOOD}
    assert not submission.notes


LONG = [
    *("a" * 210, "a" * 211, "é" * 150, "x/" * 15 + "b" * 99, "x/" * 15 + "b" * 100),
    *(
        "/".join("cde" * 20 + f"{n}" for n in range(8)),
        "/".join("cde" * 20 + f"{n}" for n in range(9)),
    ),
]


def test_long_names_of_folders_are_cut_and_stay_apart(read: Callable[..., Submission]) -> None:
    names = ["nndl/layers.py", "a_notebook_with_a_rather_long_name.ipynb"]
    for name in names:
        files = [(f"{folder}/{name}", folder.encode()) for folder in LONG]
        submission = read(zip_of(*files))
        assert list(submission.files.values()) == [folder.encode() for folder in LONG]
        assert all(len(path.encode()) <= 200 for path in submission.files)
        assert all(path.endswith(f"/{name}") for path in submission.files)
        assert not submission.notes


@pytest.mark.parametrize("folder", LONG[:5])
def test_files_of_a_long_folder_stay_together(read: Callable[..., Submission], folder: str) -> None:
    names = ["nndl/layers.py", "a_notebook_with_a_rather_long_name.ipynb", "b.py"]
    taken = read(zip_of(*((f"{folder}/{name}", name.encode()) for name in names))).files
    assert len({path.removesuffix(content.decode()) for path, content in taken.items()}) == 1


def test_a_backslash_separates_where_no_name_has_a_slash(read: Callable[..., Submission]) -> None:
    windows = {f"hw\\{name.replace('/', chr(92))}": content for name, content in GOOD.items()}
    only = read(zip_of(("hw\\", b""), *windows.items()))
    assert only.files == {f"hw/{name}": content for name, content in GOOD.items()}
    assert not only.notes
    both = read(zip_of(("x/a.py", b"1"), *windows.items()))
    assert list(both.files) == ["x/a.py"]
    assert "backslash" in both.notes[0]
    assert read(zip_of(("..\\..\\b.py", b"1"), ("\\etc\\b.py", b"2"))).files == {}


def test_a_hidden_folder_is_read_if_it_is_all_there_is(
    tmp_path: Path, read: Callable[..., Submission]
) -> None:
    hidden = {f".hw/{name}": content for name, content in GOOD.items()}
    for name, content in hidden.items():
        (tmp_path / "s" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "s" / name).write_bytes(content)
    for submission in (
        Submission.read(tmp_path / "s"),
        read(zip_of(*hidden.items())),
        read(zip_of(("hw.zip", zip_of(*hidden.items())))),
    ):
        assert submission.files == {f"_hw/{name}": content for name, content in GOOD.items()}
    beside = read(zip_of(*hidden.items(), ("a.py", b"1"), (".git/b.py", b"2")))
    assert (beside.files, beside.notes) == ({"a.py": b"1"}, ())
    left = [name for name in LEFT_LYING if name != "._a.py"]
    assert read(zip_of(*((name, b"") for name in left))).files == {}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a/../b.py", "'..' leads elsewhere; rename that and pack it again"),
        ("/b.py", "'' is empty"),
        ("C:/b.py", "'C:' begins like a drive"),
        ("x/b?.py", "'b?.py' has one of"),
        ("x\x07/b.py", "'x\\x07' has characters that cannot be printed"),
        ("d/" * 30 + "b.py", "more than 19 folders; hand it in with fewer"),
        ("x" * 300 + ".py", "longer than 200 bytes; shorten it"),
    ],
)
def test_a_refusal_says_which_part_and_what_to_do(
    read: Callable[..., Submission], name: str, words: str
) -> None:
    (note,) = read(zip_of((name, b"1"))).notes
    assert words in note
