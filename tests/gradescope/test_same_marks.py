"""The same submission earns the same from `gradlab grade` and from the zip, whatever it is."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from autograder.gradescope.bundle import total
from autograder.verify import reference_submission
from gradlab.cli import sample, steps
from gradlab.cli.gradescope import archive, contents
from gradlab.cli.rehearsal import metadata_like, submit
from gradlab.course import Course
from tests.gradescope.conftest import MODULE, RIGHT, Image, Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gradlab.course import Assignment

ROOT = Path(__file__).parents[2]
ALL = Course.find(ROOT).names()
PYTHONS_WORDS = ("import error", "out of memory")  # what is said depends on its version
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
    """Return what a student reads of each check, but for Python's own words on a file."""
    tests = [(test["extra_data"], test.get("score"), test["output"]) for test in table["tests"]]
    return [
        (kept["check"], kept["status"], score, "" if kept["status"] in PYTHONS_WORDS else text)
        for kept, score, text in tests
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


# What befalls any submission. Some earn what the reference earns, most nothing, none of them more.
Files = dict[str, bytes]
FORMS: dict[str, Callable[[Files, str], Files]] = {
    "below-a-folder": lambda files, _: {f"hw 1/final/{name}": files[name] for name in files},
    "no-python": lambda files, module: {**files, module: b"def f(:\n"},
    "not-utf-8": lambda files, module: {**files, module: b"# caf\xe9\n" + files[module]},
    "zeros": lambda files, module: {**files, module: bytes(len(files[module]))},
    "exits": lambda files, module: added(files, module, "import os; os._exit(0)"),
    "kills-itself": lambda files, module: added(
        files, module, "import os; os.kill(os.getpid(), 9)"
    ),
    "prints": lambda files, module: added(files, module, "print('x' * 5_000_000)"),
    "hoards": lambda files, module: added(
        files, module, "x = [bytearray(1 << 26) for _ in range(99)]"
    ),
    "cut-off": lambda files, _: {name: files[name][: len(files[name]) // 2] for name in files},
    "empty-files": lambda files, _: dict.fromkeys(files, b""),
    "nothing": lambda *_: {"notes.txt": b"later\n"},
    "a-damaged-zip": lambda *_: {"hw.zip": b"PK\x03\x04 not a zip"},
}


def added(files: Files, module: str, line: str) -> Files:
    return {**files, module: files[module] + f"\n\n{line}\n".encode()}


def attacks() -> Iterator[tuple[str, bytes]]:
    """Yield every attack on marks, by name: a text that strikes as soon as it is imported."""
    for path in sorted((ROOT / "tests/attacks/samples/marks").glob("*.py")):
        source = path.read_text()
        for name in re.findall(r"^def (\w+)\(x\):", source, re.MULTILINE):
            yield name, f"\n\n{source}\n{name}(np.zeros(4))\n".encode()


@dataclass(frozen=True)
class Class:
    """Submissions of an assignment.

    Attributes:
        samples: a right one, and those of `samples.toml`.
        broken: the reference's, broken in every way.
        attacks: the empty release, each with an attack.
    """

    samples: dict[str, Files]
    broken: dict[str, Files]
    attacks: dict[str, Files]

    @classmethod
    def of(cls, assignment: Assignment) -> Class:
        release = dict(steps.release(assignment).files)
        reference = dict(reference_submission(assignment).files)
        module = min(reference, key=lambda name: not name.endswith(".py"))  # else a notebook
        tools = (ROOT / "tests/attacks/samples/tools.py").read_bytes()
        there = (assignment.folder / "samples.toml").is_file()
        samples = sample.sample_class(assignment, release) if there else {}
        return cls(
            {"right": reference, **samples},
            {name: form(reference, module) for name, form in FORMS.items()},
            {
                name: {**release, module: release[module] + text, "tools.py": tools}
                for name, text in attacks()
            },
        )

    def some(self, number: int) -> dict[str, Files]:
        """Return a right submission, and for every number two others, each of another kind."""
        kinds = [list(kind.items()) for kind in (self.samples, self.broken, self.attacks)]
        others = (kinds[(number + more) % len(kinds)] for more in range(2))
        return dict([kinds[0][0], *(kind[number % len(kind)] for kind in others)])

    @property
    def all(self) -> dict[str, Files]:
        return {**self.samples, **self.broken, **self.attacks}


def write(files: Files, folder: Path) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_every_assignment_in_a_rehearsal(
    name: str, installed: Image, tmp_path: Path, proof: Any
) -> None:
    assignment = Course.find(ROOT).assignment(name)
    if assignment.preload:
        pytest.skip(f"the image has no {', '.join(assignment.preload)}")
    whole = Class.of(assignment)
    chosen = whole.all if proof.runs(0, 1) else whole.some(ALL.index(name))
    for each, files in chosen.items():
        write(files, tmp_path / "in" / each)
    steps.grade(assignment, [tmp_path / "in"], tmp_path / "out", 2, require="split")
    installed.load(archive(contents(assignment, "split")))
    for each in chosen:
        done = submit(installed.container, tmp_path / "in" / each, metadata_like(total(assignment)))
        assert done.problems == (), done.ran.said
        home = json.loads((tmp_path / "out" / each / "results.json").read_text())
        assert (each, marks(done.table)) == (each, marks(home))
        assert (done.table["score"], done.table["output"]) == (home["score"], home["output"])
        assert each not in whole.attacks or done.table["score"] == 0
        assert "WARNING" not in done.ran.said
    proof.text = f"{len(chosen)} submissions of {name} earn the same at home and on the site"


@pytest.mark.slow
def test_packed_submissions(installed: Image, tmp_path: Path) -> None:
    """The site unpacks a zip that a student uploads, and leaves other archives as they are."""
    assignment = Course.find(ROOT).assignment("two_layer_net")
    write(dict(reference_submission(assignment).files), tmp_path / "right")
    installed.load(archive(contents(assignment, "split")))
    for ending in ("zip", "gztar"):
        path = Path(shutil.make_archive(str(tmp_path / ending), ending, tmp_path / "right"))
        done = submit(installed.container, path, metadata_like(total(assignment)))
        assert (done.problems, done.table["score"]) == ((), 26)


def other_editions() -> list[Assignment]:
    """Return every edition of every assignment that is not the default."""
    course = Course.find(ROOT)
    folders = [course.assignment(name) for name in course.names()]
    found = [edition for assignment in folders for edition in assignment.editions()]
    return [edition for edition in found if not edition.edition.is_default]


@pytest.mark.slow
@pytest.mark.parametrize("edition", other_editions(), ids=lambda edition: edition.label)
def test_another_edition(edition: Assignment, installed: Image, tmp_path: Path) -> None:
    write(dict(reference_submission(edition).files), tmp_path / "in" / "right")
    steps.grade(edition, [tmp_path / "in"], tmp_path / "out", 1, require="split")
    installed.load(archive(contents(edition, "split")))
    done = submit(installed.container, tmp_path / "in/right", metadata_like(total(edition)))
    home = json.loads((tmp_path / "out/right/results.json").read_text())
    assert done.problems == (), done.ran.said
    assert marks(done.table) == marks(home)
    assert "WARNING" not in done.ran.said
