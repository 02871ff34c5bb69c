"""The same submission earns the same from `gradlab grade` and from the zip, whatever it is."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from autograder.gradescope.bundle import total
from gradlab.cli import sample, steps
from gradlab.cli.gradescope import archive, contents
from gradlab.cli.rehearsal import image, metadata_like, submit
from gradlab.course import Course
from tests.gradescope.conftest import MODULE, RIGHT, Site

if TYPE_CHECKING:
    from gradlab.course import Assignment

ROOT = Path(__file__).parents[2]
WITH_SAMPLES = sorted(path.parent.name for path in ROOT.glob("assignments/*/samples.toml"))
BROKEN: dict[str, dict[str, str | bytes]] = {
    "right": {MODULE: RIGHT},
    "below-a-folder": {f"hw/final/{MODULE}": RIGHT},
    "wrong": {MODULE: RIGHT.replace("0)", "1)")},
    "nan": {MODULE: "import numpy as np\n\ndef rectify(x):\n    return x * np.nan\n"},
    "huge": {MODULE: "import numpy as np\n\ndef rectify(x):\n    return np.zeros((1 << 27,))\n"},
    "odd-words": {MODULE: 'def rectify(x):\n    raise ValueError("\\x1b[31m\\ud800\\0<b>")\n'},
    "prints": {MODULE: RIGHT + "\nprint('x' * 5_000_000)\n"},
    "exits": {MODULE: "import os\n\ndef rectify(x):\n    os._exit(0)\n"},
    "aborts": {MODULE: "import os\n\ndef rectify(x):\n    os.abort()\n"},
    "kills-itself": {MODULE: "import os\n\ndef rectify(x):\n    os.kill(os.getpid(), 9)\n"},
    "no-python": {MODULE: "def rectify(:\n"},
    "not-utf-8": {MODULE: b"# caf\xe9\n" + RIGHT.encode()},
    "twice": {f"a/{MODULE}": RIGHT, f"b/{MODULE}": RIGHT + "\n"},
    "nothing": {"notes.txt": "later\n"},
    "a-damaged-zip": {"hw.zip": b"PK\x03\x04 not a zip"},
    "a-link": {MODULE: RIGHT, "relu_hw/more.py": "x = 1\n"},
}


def marks(table: Any) -> list[tuple[str, str, float | None, str]]:
    return [
        (t["extra_data"]["check"], t["extra_data"]["status"], t.get("score"), t["output"])
        for t in table["tests"]
    ]


def zipped(path: Path, files: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return path


@pytest.fixture(scope="module")
def at_home(small: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    paths = [zipped(folder / f"{name}.zip", files) for name, files in BROKEN.items()]
    steps.grade(small, paths, folder / "out", 2, require="split")
    return folder / "out"


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files(site: Site, at_home: Path, name: str) -> None:
    home = json.loads((at_home / name / "results.json").read_text())
    site.hand_in(BROKEN[name])
    table, _ = site.run()
    assert (marks(table), table["score"]) == (marks(home), home["score"])
    assert table["output"] == home["output"]


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_SAMPLES)
def test_every_sample_submission_in_a_rehearsal(name: str, tmp_path: Path) -> None:
    assignment = Course.find(ROOT).assignment(name)
    folder = sample.write_class(assignment, steps.release(assignment).files, tmp_path / "in")
    for path, ending in zip(sorted(folder.iterdir()), ("zip", "gztar"), strict=False):
        shutil.make_archive(str(folder / f"{path.name}-packed"), ending, path)
    steps.grade(assignment, [folder], tmp_path / "out", 2, require="split")
    with image(archive(contents(assignment, "split"))) as (container, _):
        for path in sorted(folder.iterdir()):
            done = submit(container, path, metadata_like(total(assignment)))
            assert done.problems == (), done.ran.said
            stem = path.name.partition(".")[0]
            home = json.loads((tmp_path / "out" / stem / "results.json").read_text())
            assert (stem, marks(done.table)) == (stem, marks(home))
            assert done.table["score"] == home["score"]
            assert "WARNING" not in done.ran.said
