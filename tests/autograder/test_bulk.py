"""Which submissions the arguments of a command name."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from autograder.bulk import find_submissions
from autograder.intake import Submission
from gradlab.errors import UserMistake
from tests.autograder.conftest import tree

if TYPE_CHECKING:
    from pathlib import Path

HANDED_IN = ["nndl/layers.py", "net.ipynb"]
SITES = {
    "Gradescope": (
        "assignment_9_export/",
        ("submission_metadata.yml", ".DS_Store"),
        {
            "submission_11": {"submission_11/nndl/layers.py": "nndl/layers.py"},
            "submission_12": {
                "submission_12/hw/layers.py": "hw/layers.py",
                "submission_12/net.ipynb": "net.ipynb",
            },
        },
    ),
    "Moodle": (
        "",
        (),
        {
            "Ada_Lovelace_123_assignsubmission_file": {
                "Ada Lovelace_123_assignsubmission_file_/layers.py": "layers.py"
            },
            "Bob_O_Neil_7_assignsubmission_file": {
                "Bob O'Neil_7_assignsubmission_file_/net.ipynb": "net.ipynb"
            },
        },
    ),
    "Canvas": (
        "",
        (),
        {
            "lovelaceada_12_345": {
                "lovelaceada_12_345_net.ipynb": "net.ipynb",
                "lovelaceada_12_345_layers.py": "layers.py",
            },
            "oneilbob_LATE_13_346": {"oneilbob_LATE_13_346_layers-1.py": "layers-1.py"},
        },
    ),
}


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("form", ["folder", "zip"])
def test_a_sites_download_is_taken_apart(tmp_path: Path, site: str, form: str) -> None:
    root, beside, wanted = SITES[site]
    names = [*beside, *(name for files in wanted.values() for name in files)]
    path = tree(tmp_path / "all", *(root + name for name in names))
    if form == "zip":
        path = tmp_path / "all.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(root + name, name)
    read = [Submission.read(source) for source in find_submissions([path], HANDED_IN)]
    assert {one.id.rstrip("_"): sorted(one.files) for one in read} == {
        key: sorted(files.values()) for key, files in wanted.items()
    }


def test_a_students_zip_is_one_submission(tmp_path: Path) -> None:
    path = tmp_path / "ada.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("hw1/nndl/layers.py", "hw1/net.ipynb"):
            archive.writestr(name, b"")
    (found,) = find_submissions([path], HANDED_IN)
    assert sorted(Submission.read(found).files) == ["hw1/net.ipynb", "hw1/nndl/layers.py"]
    path.write_bytes(b"PK\x03\x04 no zip")
    assert [source.path for source in find_submissions([path], HANDED_IN)] == [path]


def test_submissions_are_found(tmp_path: Path) -> None:
    names = [
        "ada/nndl/layers.py",
        "bob/layers.py",
        "c.zip",
        "d.tar.gz",
        "e.rar",
        ".x/a.py",
        "f.txt",
    ]
    tree(tmp_path / "class", *names)
    found = find_submissions([tmp_path / "class"], HANDED_IN)
    assert [source.path.name for source in found] == ["ada", "bob", "c.zip", "d.tar.gz", "e.rar"]
    for name in ("ada", "bob"):
        (one,) = find_submissions([tmp_path / "class" / name], HANDED_IN)
        assert one.path == tmp_path / "class" / name


def test_what_two_arguments_name_is_one_submission(tmp_path: Path) -> None:
    both = tree(tmp_path / "class", "ada/layers.py", "bob/layers.py")
    found = find_submissions([both, both / "ada", both], HANDED_IN)
    assert [source.path.name for source in found] == ["ada", "bob"]


@pytest.mark.parametrize("name", ["lost", "empty"])
def test_nothing_to_grade_is_a_mistake_of_the_command(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserMistake):
        find_submissions([tmp_path / name], HANDED_IN)
