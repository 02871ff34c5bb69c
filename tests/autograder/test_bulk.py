"""Which submissions the arguments of a command name."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from autograder.bulk import find_submissions
from autograder.intake import Source, Submission
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
            "Both_Ways_8_assignsubmission_file": {
                "Both Ways_8_assignsubmission_file_/net.ipynb": "net.ipynb",
                "Both Ways_8_assignsubmission_onlinetext_/said.txt": "said.txt",
            },
            "Flat_9_assignsubmission_file": {"Flat_9_assignsubmission_file_layers.py": "layers.py"},
            "Jörg_10_assignsubmission_file": {
                "Jörg_10_assignsubmission_file_/layers.py": "layers.py"
            },
            "Text_11_assignsubmission_file": {
                "Text_11_assignsubmission_onlinetext_/onlinetext.html": ""
            },
        },
    ),
    "Canvas": (
        "",
        (),
        {
            "lovelaceada_12": {
                "lovelaceada_12_345_net.ipynb": "net.ipynb",
                "lovelaceada_12_346_layers.py": "layers.py",
            },
            "oneilbob_13": {"oneilbob_LATE_13_347_layers-1.py": "layers-1.py"},
            "van_der_berg_14": {"van_der_berg_14_348_my_1_2_layers.py": "my_1_2_layers.py"},
            "müllerjürgen_15": {
                "müllerjürgen_15_349_layers.py": "layers.py",
                "müllerjürgen_15_text.html": "",
            },
            "李明_16": {"李明_16_350_layers.py": "layers.py"},
            "student_12": {"student_12_351_layers.py": "layers.py"},
            "linked_17": {"linked_LATE_17_link.html": ""},
        },
    ),
    "Canvas, anonymous": (
        "",
        (),
        {
            "anon_aB1dE": {
                "anon_aB1dE_90001_layers.py": "layers.py",
                "anon_aB1dE_90002_net.ipynb": "net.ipynb",
            },
            "anon_aB2dE": {"LATE_anon_aB2dE_90003_layers.py": "layers.py"},
        },
    ),
}


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("form", ["folder", "zip", "zip in a folder", "folder in folders"])
def test_a_sites_download_is_taken_apart(tmp_path: Path, site: str, form: str) -> None:
    root, beside, wanted = SITES[site]
    names = [*beside, *(name for files in wanted.values() for name in files)]
    path = download(tmp_path, form, *(root + name for name in names))
    told: list[str] = []
    read = [Submission.read(source) for source in find_submissions([path], HANDED_IN, told.append)]
    assert {one.id: sorted(one.files) for one in read} == {
        key: sorted(filter(None, files.values())) for key, files in wanted.items()
    }
    assert told == []


def download(folder: Path, form: str, *names: str) -> Path:
    """Write files that hold their own names, packed or not; return what a command is given."""
    if form == "folder":
        return tree(folder / "all", *names)
    if form == "folder in folders":
        tree(folder / "all/HW 3/really", *names)
        return folder / "all"
    path = folder / ("in/all.zip" if form == "zip in a folder" else "all.zip")
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return path if form == "zip" else path.parent


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("form", ["folder", "zip"])
def test_an_odd_file_beside_a_download_is_named(tmp_path: Path, site: str, form: str) -> None:
    root, beside, wanted = SITES[site]
    names = [*beside, *(name for files in wanted.values() for name in files)]
    path = download(tmp_path, form, *(root + name for name in (*names, "net.ipynb")))
    told: list[str] = []
    found = find_submissions([path], HANDED_IN, told.append)
    assert {source.id for source in found} == set(wanted)
    assert len(told) == 1
    assert told[0].endswith("not graded, since they are nobody's submission: 'net.ipynb'")


def test_a_site_says_who_it_was_and_what_was_late(tmp_path: Path) -> None:
    names = ["oneilbob_LATE_13_346_layers.py", "lovelaceada_12_345_layers.py"]
    found = find_submissions([download(tmp_path, "zip", *names)], HANDED_IN)
    assert {source.name: source.notes for source in found} == {
        "lovelaceada": (),
        "oneilbob": ("Canvas marked it as late.",),
    }


def test_parts_that_a_shell_lists_are_one_submission(tmp_path: Path) -> None:
    folder = tree(tmp_path / "c", "ada_12_345_layers.py", "ada_12_346_net.ipynb")
    (one,) = find_submissions(sorted(folder.iterdir()), HANDED_IN)
    assert (one.id, sorted(Submission.read(one).files)) == ("ada_12", ["layers.py", "net.ipynb"])
    (alone,) = find_submissions([folder], HANDED_IN)
    assert alone == one


def test_a_moodle_folder_alone_keeps_its_name(tmp_path: Path) -> None:
    name = "Ada Lovelace_123_assignsubmission_file_"
    all_of = tree(tmp_path / "m", f"{name}/layers.py", "Bob_7_assignsubmission_file_/layers.py")
    both = find_submissions([all_of], HANDED_IN)
    (one,) = find_submissions([all_of / name], HANDED_IN)
    assert one in both
    assert one.name == "Ada Lovelace"


METADATA = """---
submission_1:
  :submitters:
  - :name: Ada Lovelace
    :sid: '1019'
    :email: ada@x.edu
  :created_at: 2026-10-01 10:00:00 Z
  :history:
  - :name: Not Ada
submission_2:
  :submitters:
  - :name: "J\\xFCrgen \\"M\\", Dr."
    :email: 'o''neil@x.edu'
  - :name: 王芳
submission_3:
  :submitters:
  - :name: !ruby/object:Evil {}
    :email: *alias
  :results:
    :output: |
      submission_1:
        :submitters:
        - :name: Forged
submission_4:
  :submitters:
  - :name: First
submission_4:
  :submitters:
  - :name: Second
"""
PEOPLE = {
    "submission_1": ("Ada Lovelace", "ada@x.edu"),
    "submission_2": ('Jürgen "M", Dr.; 王芳', "o'neil@x.edu"),
    "submission_3": ("submission_3", ""),
    "submission_4": ("submission_4", ""),
}


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_gradescopes_list_says_who_it_was(tmp_path: Path, form: str) -> None:
    root = "assignment_9_export/"
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{root}submission_metadata.yml", METADATA)
        for key in PEOPLE:
            archive.writestr(f"{root}{key}/layers.py", "")
        if form == "folder":
            archive.extractall(tmp_path / "all")
            path = tmp_path / "all"
    found = find_submissions([path], HANDED_IN)
    assert {source.id: (source.name, source.email) for source in found} == PEOPLE


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"\0" * 9999, b"{a: [", b"submission_1:\n" * 9999, b"- " * 9999]
)
def test_a_list_that_is_none_costs_only_the_names(tmp_path: Path, content: bytes) -> None:
    folder = tree(tmp_path / "all", "submission_1/layers.py")
    (folder / "submission_metadata.yml").write_bytes(content)
    (one,) = find_submissions([folder], HANDED_IN)
    assert (one.id, one.name, one.email) == ("submission_1", "submission_1", "")


CLASS = ["Ada L/nndl/layers.py", "Ada L/net.ipynb", "Jörg/nndl/layers.py", "李明/hw/layers.py"]


@pytest.mark.parametrize("form", ["folder", "zip", "zip in a folder", "folder in folders"])
def test_a_folder_of_submissions_is_a_class_wherever_it_lies(tmp_path: Path, form: str) -> None:
    told: list[str] = []
    found = find_submissions([download(tmp_path, form, *CLASS)], HANDED_IN, told.append)
    assert [source.handed_in_as for source in found] == ["Ada L", "Jörg", "李明"]
    assert [len(Submission.read(source).files) for source in found] == [2, 1, 1]
    assert len(told) == (form != "folder")
    assert all("taken as 3 submissions, since layers.py lies in 'Ada L/'" in note for note in told)


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_archives_in_a_folder_below_are_a_class(tmp_path: Path, form: str) -> None:
    names = ["HW/ada.zip", "HW/bob.tar.gz"]
    found = find_submissions([download(tmp_path, form, *names)], HANDED_IN)
    assert [source.id for source in found] == ["ada", "bob"]
    with zipfile.ZipFile(tmp_path / "inner.zip", "w") as archive:
        archive.writestr("layers.py", "")
    if form == "zip":
        with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
            for name in names:
                archive.write(tmp_path / "inner.zip", name)
        assert [list(Submission.read(source).files) for source in found] == [["layers.py"]] * 2


ONE = {
    "beside": ["nndl/layers.py", "net.ipynb", "backup/layers.py", "older/layers.py"],
    "below a folder": ["hw/nndl/layers.py", "hw/net.ipynb"],
    "in two folders": ["code/layers.py", "books/net.ipynb"],
    "like one part of a site's": ["hw/exp_1_2_layers.py"],
}


@pytest.mark.parametrize("case", ONE)
def test_a_students_archive_among_others_is_one_submission(tmp_path: Path, case: str) -> None:
    path = download(tmp_path, "zip in a folder", *ONE[case])
    tree(path, "bob/layers.py")
    told: list[str] = []
    found = find_submissions([path], HANDED_IN, told.append)
    assert [source.id for source in found] == ["all", "bob"]
    assert told == []


def test_of_several_archives_each_is_a_students_unless_a_site_made_it(tmp_path: Path) -> None:
    twice = download(tmp_path / "in", "zip", "a/nndl/layers.py", "b/nndl/layers.py")
    bob = tree(tmp_path, "bob/layers.py") / "bob"
    site = tmp_path / "late.zip"
    with zipfile.ZipFile(site, "w") as archive:
        archive.writestr("Ada_1_assignsubmission_file_/layers.py", "")
    found = find_submissions([twice, bob, site], HANDED_IN)
    assert [source.id for source in found] == ["all", "bob", "Ada_1_assignsubmission_file"]


def test_doubts_about_one_submission_are_told(tmp_path: Path) -> None:
    path = download(tmp_path, "zip", *ONE["beside"])
    told: list[str] = []
    assert find_submissions([path], HANDED_IN, told.append) == [Source(path)]
    (note,) = told
    assert note.startswith(f"{path}: one submission, since 'net.ipynb' is beside them")
    assert note.endswith("though layers.py lies in 'backup/', 'nndl/', 'older/'")


def test_a_download_among_other_submissions_is_told(tmp_path: Path) -> None:
    names = ["Ada_1_assignsubmission_file_/layers.py", "Bob_2_assignsubmission_file_/layers.py"]
    path = download(tmp_path, "zip in a folder", *names)
    tree(path, "eve/layers.py")
    told: list[str] = []
    assert len(find_submissions([path], HANDED_IN, told.append)) == 3
    assert told == [f"{path / 'all.zip'}: a download of 2 submissions, and graded as those"]


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
