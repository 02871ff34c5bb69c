from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from generator.release import Release, write
from gradlab.errors import Problems, UserMistake

if TYPE_CHECKING:
    from tests.generator.tiny import Tiny

GOLDEN = Path(__file__).with_name("golden")
SETTINGS = """\
# ================ #
# YOUR CODE HERE:
#   Store your best settings.
# stub: best_settings = None
# ================ #
best_settings = {"learning_rate": 1e-3, "batch_size": 200}
# ================ #
# END YOUR CODE HERE
# ================ #
print(best_settings)"""
ANSWER = "Why?\n\n<!-- BEGIN SOLUTION -->\nBecause exp overflows.\n<!-- END SOLUTION -->"


def course_with_everything(tiny: Tiny) -> Tiny:
    tiny.artifacts = ["best.npz"]
    tiny.markdown("## Rectify ({points:relu} points)")
    tiny.code("print(relu(41))", metadata={"tags": ["staff-only"]}, outputs=[])
    tiny.code("from check import check\n\ncheck('relu')", metadata={"tags": ["release-only"]})
    tiny.code(SETTINGS, execution_count=3)
    tiny.markdown(ANSWER)
    return tiny


def whole(tiny: Tiny) -> Release:
    return course_with_everything(tiny).build(
        points={"relu": 2}, extra={"check.py": b"import os\n"}
    )


def test_the_whole_tree_is_as_before(tiny: Tiny, update_golden: bool) -> None:  # noqa: FBT001
    folder = GOLDEN / "tiny"
    fresh = {f"{name}.golden": content for name, content in whole(tiny).files.items()}
    if update_golden:
        for name, content in fresh.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
    paths = [path for path in folder.rglob("*") if path.is_file()]
    kept = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    assert fresh == kept, "if this is meant: GRADLAB_UPDATE_GOLDEN=1 pytest tests/generator"


@pytest.mark.parametrize(
    ("marks", "words", "others"),
    [
        (("# YOUR CODE HERE", "# END YOUR CODE HERE"), "Write between the marker", "left out"),
        (("### BEGIN SOLUTION", "### END SOLUTION"), "Write where something is left", "marker"),
        (("# BEGIN SOLUTION", "# END SOLUTION"), "Write where something is left", "marker"),
    ],
)
def test_the_readme_speaks_of_markers_where_they_are_kept(
    tiny: Tiny, marks: tuple[str, str], words: str, others: str
) -> None:
    start, end = marks
    body = f"    {start}\n    return np.maximum(x, 0)\n    {end}\n"
    tiny.texts["solutions/net/layers.py"] = f"import numpy as np\n\n\ndef relu(x):\n{body}"
    readme = tiny.build().files["README.md"].decode()
    assert words in readme
    assert others not in readme


def test_files_are_sorted_and_the_manifest_names_them(tiny: Tiny) -> None:
    release = whole(tiny)
    manifest = json.loads(release.files["MANIFEST.json"])
    assert list(release.files) == sorted(release.files)
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in release.files.items()}
    del hashes["MANIFEST.json"]
    assert manifest["files"] == hashes
    assert manifest["title"] == "Tiny"


def test_modules_keep_their_line_ends(tiny: Tiny) -> None:
    text = tiny.texts["solutions/net/layers.py"].replace("\n", "\r\n")
    tiny.texts["solutions/net/layers.py"] = text
    wanted = text.replace("out = np.maximum(x, 0)", "pass").encode()
    assert tiny.build().files["net/layers.py"] == wanted


def test_a_module_that_is_not_utf8(tiny: Tiny) -> None:
    course = tiny.write()
    (course.solutions / "net" / "layers.py").write_bytes(b"# \xff")
    tiny.texts.pop("solutions/net/layers.py")
    assert tiny.problems()[0].startswith("solutions/net/layers.py: not UTF-8")


def test_mistakes_of_all_masters_come_together(tiny: Tiny) -> None:
    tiny.code("### BEGIN SOLUTION")
    tiny.markdown("{points:x}")
    tiny.texts["solutions/net/layers.py"] = "### END SOLUTION"
    places = [problem.split(": ")[0] for problem in tiny.problems()]
    assert places == [
        "assignments/tiny/tiny.ipynb:c2:1",
        "assignments/tiny/tiny.ipynb:c3:1",
        "solutions/net/layers.py:1",
    ]


def test_two_writes_give_the_same_bytes(tiny: Tiny, tmp_path: Path) -> None:
    release = whole(tiny)
    folder, archive = write(release, tmp_path / "release")
    first = archive.read_bytes()
    (folder / "old.txt").write_text("left over")
    assert write(release, tmp_path / "release") == (folder, archive)
    assert archive.read_bytes() == first
    paths = [path for path in folder.rglob("*") if path.is_file()]
    on_disk = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    assert on_disk == release.files
    assert sorted(path.name for path in folder.parent.iterdir()) == ["tiny", "tiny.zip"]


def test_two_courses_give_the_same_bytes(tiny: Tiny, tmp_path: Path) -> None:
    _, first = write(whole(tiny), tmp_path / "release")
    tiny.root, tiny.cells = tmp_path / "elsewhere" / "deeper", tiny.cells[:1]
    _, second = write(whole(tiny), tmp_path / "elsewhere" / "release")
    assert first.read_bytes() == second.read_bytes()


def test_the_archive_holds_one_folder(tiny: Tiny, tmp_path: Path) -> None:
    release = whole(tiny)
    _, archive = write(release, tmp_path)
    with zipfile.ZipFile(archive) as file:
        contents = {name: file.read(name) for name in file.namelist()}
        kinds = {entry.compress_type for entry in file.infolist()}
    assert contents == {f"tiny/{name}": content for name, content in release.files.items()}
    assert kinds == {zipfile.ZIP_STORED}, "what zlib packs differs from build to build"


def test_a_folder_that_is_no_release_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "thesis.txt").write_text("mine")
    with pytest.raises(UserMistake, match="is not a release; move it away first"):
        write(Release("tiny", {}), tmp_path)
    assert [path.name for path in tmp_path.rglob("*.txt")] == ["thesis.txt"]


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "release").write_text("mine")
    with pytest.raises(UserMistake, match=r"release is a file; move it away first"):
        write(Release("tiny", {}), tmp_path / "release")


def test_a_folder_where_the_archive_should_be(tmp_path: Path) -> None:
    (tmp_path / "tiny.zip").mkdir()
    with pytest.raises(UserMistake, match=r"tiny\.zip is a folder; move it away first"):
        write(Release("tiny", {}), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.zip"]


def test_a_failed_write_leaves_the_old_release(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = tiny.build()
    folder, archive = write(release, tmp_path / "release")
    before = archive.read_bytes()
    rename = Path.rename

    def fail_once(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise OSError("no space left")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_once)
    with pytest.raises(OSError, match="no space left"):
        write(Release("tiny", {**release.files, "README.md": b""}), tmp_path / "release")
    assert (folder / "README.md").read_bytes() == release.files["README.md"]
    assert archive.read_bytes() == before
    assert sorted(path.name for path in folder.parent.iterdir()) == ["tiny", "tiny.zip"]


def test_nothing_is_built_when_the_guard_finds_something(tiny: Tiny) -> None:
    tiny.code("import torch")
    with pytest.raises(Problems):
        tiny.build()
