"""Submissions as they arrive: folders, archives, single files, and hostile ones."""

from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from autograder import archives
from autograder.intake import Source, Submission
from autograder.upload import Bounds
from tests.autograder.conftest import tree
from tests.autograder.memory import measured
from tests.autograder.packed import GOOD, LEFT_LYING, tar_of, zip_of

if TYPE_CHECKING:
    from collections.abc import Callable


def test_every_form_gives_the_same_files(tmp_path: Path, read: Callable[..., Submission]) -> None:
    for name, content in GOOD.items():
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    tar = tar_of(*GOOD.items())
    forms = [
        Submission.read(tmp_path / "in"),
        read(zip_of(*GOOD.items()), "ada-1.zip"),
        read(tar, "ada-1.tar"),
        read(gzip.compress(tar), "ada-1.tar.gz"),
        read(gzip.compress(tar), "ada-1.TGZ"),
    ]
    assert all(form.files == GOOD for form in forms)
    assert len({form.digest for form in forms}) == 1
    assert [form.id for form in forms] == ["in", "ada-1", "ada-1", "ada-1", "ada-1"]
    assert not any(form.notes or form.problem for form in forms)


def test_tar_writes_names_of_its_own(read: Callable[..., Submission]) -> None:
    files = {f"./{name}": content for name, content in GOOD.items()}
    assert read(tar_of(*files.items()), "ada.tar").files == GOOD


def test_a_single_file_is_a_submission(tmp_path: Path) -> None:
    single = Submission.read(tree(tmp_path, "layers.py") / "layers.py")
    assert (single.id, single.files) == ("layers", {"layers.py": b"layers.py"})


def test_what_an_archive_is_its_content_says(read: Callable[..., Submission]) -> None:
    assert read(gzip.compress(tar_of(*GOOD.items())), "ada.zip").files == GOOD
    assert read(zip_of(*GOOD.items()), "ada.tar").files == GOOD


def test_what_systems_leave_lying_about_is_dropped_without_a_word(
    tmp_path: Path, read: Callable[..., Submission]
) -> None:
    folder = Submission.read(tree(tmp_path / "s", "a.py", *LEFT_LYING))
    packed = read(zip_of(("a.py", b"a.py"), *((name, b"") for name in LEFT_LYING)))
    for submission in (folder, packed):
        assert (submission.files, submission.notes) == ({"a.py": b"a.py"}, ())


def test_links_and_pipes_are_not_followed(tmp_path: Path) -> None:
    folder = tree(tmp_path / "s", "a.py")
    secret = tree(tmp_path / "t", "secret.py")
    (folder / "link.py").symlink_to(secret / "secret.py")
    (folder / "linked").symlink_to(secret)
    os.mkfifo(folder / "pipe.py")
    read = Submission.read(folder)
    assert list(read.files) == ["a.py"]
    assert read.notes == (
        "passed over 'link.py', 'linked': a symbolic link",
        "passed over 'pipe.py': a pipe",
    )
    assert "neither a file nor a folder" in Submission.read(folder / "pipe.py").problem
    assert "neither a file nor a folder" in Submission.read(folder / "lost.py").problem


ODD_NAMES = [
    *("../a.py", "/a.py", "b/../../b.py", "C:\\b.py", "C:/b.py", "a\\b.py", "\\\\host\\b.py"),
    *("-rf.py", "~/b.py", ".hidden.py", "b\n.py", "b\x1b[2J.py", "b\u202eyp.py", "b\x7f.py"),
    *("x" * 300 + ".py", "d/" * 30 + "b.py", "b.py.", "b .py/ c.py", "x//b.py", "b/./c.py"),
    *("b|c.py", "b>c.py", "b*.py", "<b>.py", "b?/../c.py", "b?/c:.py", "b\x1b/c.py"),
    *("b\u202e/c.py", "b:/../../c.py", "d:\\b.py", "..\\b.py", "b/..", "D:/x/c.py", "~root/c.py"),
]


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("pack", [zip_of, tar_of])
def test_odd_names_are_passed_over_and_named(
    read: Callable[..., Submission], pack: Callable[..., bytes], name: str
) -> None:
    submission = read(pack(("x/a.py", b"1"), (name, b"2")))
    assert submission.files == {"x/a.py": b"1"}
    assert len(submission.notes) == 1
    assert submission.notes[0].isprintable()
    assert submission.notes[0].isascii()
    assert ascii(name[:70])[1:-1] in submission.notes[0]
    assert "name" in submission.notes[0]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("A.PY", "a second file of this name"),
        ("a.py", "a second file of this name"),
        ("a.py/b.py", "its folder has a name like a file; rename the folder"),
        ("a.exe", "files of this kind are not graded"),
        ("more.zip", "an archive inside; hand in the files themselves"),
    ],
)
def test_what_cannot_stand_beside_a_file(
    read: Callable[..., Submission], name: str, reason: str
) -> None:
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("a.py", b"1")
            if name == "a.py":
                with pytest.warns(UserWarning, match="Duplicate"):
                    archive.writestr(name, b"2")
            else:
                archive.writestr(name, b"2")
        submission = read(file.getvalue())
    assert submission.files == {"a.py": b"1"}
    assert submission.notes == (f"passed over {name!r}: {reason}",)


@pytest.mark.parametrize(
    "name", ["Ada's work, final [1].ipynb", "хв 1/слои.py", "作业/net (2).ipynb", "a&b@c#1!.py"]
)
def test_names_as_people_write_them_are_taken(read: Callable[..., Submission], name: str) -> None:
    assert list(read(zip_of((name, b"1"))).files) == [name]
    assert list(read(tar_of((name, b"1"))).files) == [name]


def test_names_that_are_not_utf_8(tmp_path: Path, read: Callable[..., Submission]) -> None:
    folder = tree(tmp_path / "s", "a.py")
    Path(os.fsdecode(os.fsencode(folder) + b"/b\xe9.py")).write_bytes(b"2")
    from_tar = read(tar_of(("a.py", b"a.py"), ("bXc.py", b"2")).replace(b"bXc.py", b"b\xe9c.py"))
    for submission in (Submission.read(folder), from_tar):
        assert "a.py" in submission.files or submission.problem
        assert all(name.isprintable() for name in submission.files)
    content = bytearray(zip_of(("a.py", b"1"), ("bXé.py", b"2")))
    bad = read(bytes(content.replace("bXé".encode(), b"bX\xff\xff")))
    assert bad.problem.startswith("The submission cannot be read: it is damaged")


def test_odd_kinds_in_a_zip_are_passed_over(read: Callable[..., Submission]) -> None:
    entries = []
    for kind in (stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK):
        info = zipfile.ZipInfo(f"{kind}.py")
        info.external_attr = (kind | 0o644) << 16
        entries.append((info, b"/etc/passwd"))
    submission = read(zip_of(("a.py", b"1"), *entries))
    assert list(submission.files) == ["a.py"]
    reasons = [note.rpartition(": ")[2] for note in submission.notes]
    assert reasons == ["a symbolic link", "a pipe", "a device", "a socket"]
    assert read(zip_of(("a.py", b"1"), packed=zipfile.ZIP_LZMA)).files == {}


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (tarfile.SYMTYPE, "a symbolic link"),
        (tarfile.LNKTYPE, "a hard link"),
        (tarfile.FIFOTYPE, "a pipe"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.CONTTYPE, ""),
        (b"Z", "not a plain file"),
    ],
)
def test_odd_kinds_in_a_tar_are_passed_over(
    read: Callable[..., Submission], kind: bytes, reason: str
) -> None:
    content = tar_of(("a.py", b"1"), ("b.py", b""), type=kind, linkname="/etc/passwd")
    submission = read(content, "ada.tar")
    assert submission.files.get("b.py", b"") == b""
    assert submission.notes == ((f"passed over 'b.py': {reason}",) if reason else ())


def test_bounds_refuse_the_whole(tmp_path: Path, read: Callable[..., Submission]) -> None:
    many = [(f"{n}.py", b"") for n in range(21)]
    large = [("a.py", bytes(1 << 19)), ("b.py", bytes(1 << 20))]
    folder = tree(tmp_path / "s", "a.py")
    (folder / "b.npz").write_bytes(bytes(1 << 21))
    cases = [
        (read(zip_of(*large), content_mb=1), "larger than 1 MB"),
        (read(tar_of(*large), content_mb=1), "larger than 1 MB"),
        (read(gzip.compress(tar_of(*large)), "a.tgz", content_mb=1), "larger than 1 MB"),
        (Submission.read(folder, Bounds(content_mb=1)), "larger than 1 MB"),
        (read(zip_of(*many), files=20), "more than 20 files"),
        (read(tar_of(*many), files=20), "more than 20 files"),
        (read(zip_of(*((f"{n}.exe", b"") for n in range(21))), entries=20), "more than 20 entries"),
        (read(damaged(21)), "it is damaged"),
    ]
    for submission, words in cases:
        assert words in submission.problem
        assert submission.files == {}


def damaged(count: int) -> bytes:
    """Return a zip whose files all have wrong checksums: known only when they are unpacked."""
    content = bytearray(zip_of(*((f"{n}.py", b"x") for n in range(count))))
    place = -1
    while (place := content.find(b"PK\x01\x02", place + 1)) >= 0:
        content[place + 16] ^= 0xFF
    return bytes(content)


def test_ten_thousand_entries_and_a_bomb_end_quickly(read: Callable[..., Submission]) -> None:
    many = read(zip_of(*((f"{n}.py", b"") for n in range(10_000))))
    assert "more than 500 files" in many.problem
    bomb = read(zip_of(("a.npz", bytes(100 << 20))))
    assert "larger than 64 MB" in bomb.problem


@pytest.mark.parametrize("said", [0, 5, 1 << 31])
def test_sizes_in_a_zips_headers_are_not_believed(
    read: Callable[..., Submission], said: int
) -> None:
    content = bytearray(zip_of(("a.py", b"x" * 1000)))
    for mark, where in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = content.index(mark) + where
        content[place : place + 4] = said.to_bytes(4, "little")
    submission = read(bytes(content), content_mb=1)
    assert sum(map(len, submission.files.values())) <= 1000


def test_a_tars_header_cannot_ask_for_memory(read: Callable[..., Submission]) -> None:
    name = tarfile.TarInfo("././@LongLink")
    name.type, name.size = tarfile.GNUTYPE_LONGNAME, 1 << 40
    head = name.tobuf(tarfile.GNU_FORMAT)
    submission = read(gzip.compress(head + bytes(4 << 20)), "a.tgz")
    assert "table of contents is too large" in submission.problem
    large = tarfile.TarInfo("a.py")
    large.size = 1 << 40
    submission = read(large.tobuf(tarfile.GNU_FORMAT) + bytes(1024), "a.tar")
    assert "larger than 64 MB" in submission.problem


def pax(kind: bytes, count: int, start: int = 0) -> bytes:
    """Return a header of a tar with so many attributes of the files behind it."""
    records = b"".join(b"12 %06x=1\n" % n for n in range(start, start + count))
    info = tarfile.TarInfo("pax")
    info.type, info.size = kind, len(records)
    return info.tobuf() + records + bytes(-len(records) % 512)


def test_a_tars_attributes_do_not_pile_up(read: Callable[..., Submission]) -> None:
    large = pax(tarfile.XGLTYPE, 10_000) + tar_of(("a.py", b"1"))
    assert "table of contents is too large" in read(large, "a.tar").problem
    many = b"".join(
        pax(tarfile.XGLTYPE, 5000, 5000 * n) + tarfile.TarInfo(f"{n}.exe").tobuf() for n in range(8)
    )
    with measured() as peak:
        assert "no file that can be graded" in read(many, "b.tar").problem
    assert peak[0] < 3 << 20


def test_a_tar_of_folders_alone_ends(
    read: Callable[..., Submission], monkeypatch: pytest.MonkeyPatch
) -> None:
    head = tarfile.TarInfo("d")
    head.type = tarfile.DIRTYPE
    monkeypatch.setattr(archives, "MOST_HEADERS", 100 * 512)
    assert "no file that can be graded" in read(head.tobuf() * 99, "a.tar").problem
    for name, pack in (("a.tar", bytes), ("a.tgz", gzip.compress)):
        assert "table of contents is too large" in read(pack(head.tobuf() * 101), name).problem


@pytest.mark.parametrize(("method", "name"), [("iterdir", "nndl"), ("open", "nndl/layers.py")])
def test_what_the_machine_does_not_let_us_read_is_no_students_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, name: str
) -> None:
    refused = tree(tmp_path / "ada", "a.py", "nndl/layers.py") / name
    usual = getattr(Path, method)

    def refuse(path: Path, *rest: Any) -> Any:
        if path == refused:
            raise PermissionError(13, "Permission denied", str(path))
        return usual(path, *rest)

    monkeypatch.setattr(Path, method, refuse)
    with pytest.raises(PermissionError):
        Submission.read(tmp_path / "ada")


def test_a_damaged_file_costs_itself_alone(read: Callable[..., Submission]) -> None:
    content = bytearray(zip_of(("a.py", b"print(1)\n" * 99), ("b.py", b"2")))
    content[content.index(b"a.py") + 6] ^= 0xFF
    submission = read(bytes(content))
    assert submission.files == {"b.py": b"2"}
    assert submission.notes == ("passed over 'a.py': its content is damaged",)


def packed(kind: str) -> bytes:
    files = [("a.py", b"print(1)\n" * 200), ("b/c.py", b"print(2)\n" * 200)]
    return zip_of(*files) if kind == "zip" else gzip.compress(tar_of(*files))


@pytest.mark.parametrize("kind", ["zip", "tgz"])
def test_corrupt_archives_are_read_or_have_a_problem(
    read: Callable[..., Submission], kind: str
) -> None:
    whole = packed(kind)
    files = read(whole, f"a.{kind}").files
    assert len(files) == 2
    for place in range(0, len(whole), 5):
        content = bytearray(whole)
        content[place] ^= 0xFF
        submission = read(bytes(content), f"a.{kind}")
        assert not (submission.files and submission.problem)
        cut = read(bytes(whole[:place]), f"a.{kind}")
        assert cut.problem or cut.files == files
        assert cut.problem.isprintable()


def test_encrypted_entries_are_passed_over(read: Callable[..., Submission]) -> None:
    content = bytearray(packed("zip"))
    for mark, where in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + where] |= 1
    submission = read(bytes(content))
    assert list(submission.files) == ["b/c.py"]
    assert submission.notes == ("passed over 'a.py': encrypted",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a zip or tar"),
        (b"Rar!\x1a\x07\x01\x00" + bytes(600), "RAR archive; hand in a .zip"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(600), "7z archive; hand in a .zip"),
        (b"%PDF-1.7" + bytes(600), "a PDF; hand in the notebook"),
        (b"\x1f\x8b\x08" + bytes(600), "damaged"),
        (b"PK\x03\x04" + bytes(600), "damaged"),
        (bytes(600), "holds no file that can be graded"),
        (zip_of(), "holds no file that can be graded"),
    ],
)
def test_what_is_no_archive_is_named(
    read: Callable[..., Submission], content: bytes, words: str
) -> None:
    submission = read(content)
    assert submission.files == {}
    assert words in submission.problem


def test_one_archive_in_another_is_opened_and_no_further(
    read: Callable[..., Submission], tmp_path: Path
) -> None:
    inner = zip_of(*GOOD.items())
    assert read(zip_of(("hw.zip", inner))).files == GOOD
    assert "one archive in another" in read(zip_of(("a.zip", zip_of(("b.zip", inner))))).problem
    two = read(zip_of(("a.zip", inner), ("b.zip", inner)))
    assert two.files == {}
    assert two.notes == (
        "passed over 'a.zip', 'b.zip': an archive inside; hand in the files themselves",
    )
    (tmp_path / "Ada_1_assignsubmission_file_").mkdir()
    (tmp_path / "Ada_1_assignsubmission_file_" / "hw.tgz").write_bytes(
        gzip.compress(tar_of(*GOOD.items()))
    )
    assert Submission.read(tmp_path / "Ada_1_assignsubmission_file_").files == GOOD


@pytest.mark.parametrize(("name", "words"), [("a.rar", "RAR archive"), ("a.tar.bz2", "bzip2")])
def test_archives_that_are_not_read_say_so(
    read: Callable[..., Submission], name: str, words: str
) -> None:
    start = b"Rar!\x1a\x07\x01\x00" if name == "a.rar" else b"BZh91AY&SY"
    submission = read(start + bytes(600), name)
    assert (submission.id, words in submission.problem) == ("a", True)


def test_nothing_to_grade_says_what_came_instead(read: Callable[..., Submission]) -> None:
    assert read(b"", "report.pdf").problem == (
        "The submission holds no file that can be graded. "
        "passed over 'report.pdf': files of this kind are not graded"
    )


def test_many_reasons_make_few_words(read: Callable[..., Submission]) -> None:
    (note,) = read(zip_of(*((f"{n}.exe", b"") for n in range(300)))).notes
    assert note.endswith("'4.exe' and 295 more: files of this kind are not graded")


def test_a_part_of_a_download_is_a_submission(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    path.write_bytes(zip_of(("x/submission_7/a.py", b"7"), ("x/submission_77/a.py", b"77")))
    part = Submission.read(Source(path, (("x/submission_7/", ""),), key="submission_7"))
    assert (part.id, part.files) == ("submission_7", {"a.py": b"7"})


def test_ever_new_reasons_make_few_words(read: Callable[..., Submission]) -> None:
    notes = read(zip_of(*((f"x/{n}?.py", b"") for n in range(300)))).notes
    assert len(notes) == 21
    assert notes[-1] == "passed over more files, for 280 other reasons"


def test_unreadable_is_not_empty(read: Callable[..., Submission]) -> None:
    assert not read(b"Rar!\x1a\x07\x01\x00").readable
    assert read(zip_of()).readable
