"""`gradlab staff`, as an instructor meets it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gradlab.cli import staffing
from gradlab.cli.sample import entries
from gradlab.course import Course
from gradlab.errors import AuthorMistake
from tests.gradlab.conftest import run

if TYPE_CHECKING:
    from generator.running import Run
    from gradlab.errors import Place

NBCONVERT = "generator.printing.import_module"
SOLUTION = "out = np.maximum(x, 0)"


@pytest.fixture
def no_nbconvert(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make nbconvert a package that is not installed."""

    def fail(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(NBCONVERT, fail)


def in_background(course: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start gradlab in a process of its own; a kernel's threads stay out of this one."""
    command = [sys.executable, "-P", "-m", "gradlab", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, cwd=course, env=environment, text=True, stdout=pipe, stderr=pipe
    )


def in_process(course: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run gradlab in a process of its own."""
    with in_background(course, *arguments) as process:
        out, err = process.communicate()
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


@pytest.mark.usefixtures("no_nbconvert")
def test_solutions_guide_and_readme_without_running(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("staff", "--no-run") == 0
    note, *wrote = capsys.readouterr().out.splitlines()
    assert note.startswith("first_steps: no HTML and no PDF: they need the extra")
    assert wrote == [
        "first_steps: wrote dist/first_steps-staff",
        "first_steps: wrote dist/first_steps-staff.zip",
    ]
    folder = course / "dist/first_steps-staff"
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {
        "MANIFEST.json",
        "README.md",
        "first_steps.ipynb",
        "first_steps_hw/__init__.py",
        "first_steps_hw/first_steps.py",
        "guide.html",
    }
    assert SOLUTION in (folder / "first_steps_hw/first_steps.py").read_text()
    assert "Rectify (2 points)" in (folder / "first_steps.ipynb").read_text()
    assert "were not executed" in (folder / "README.md").read_text()
    assert "largest error, relative to the largest entry" in (folder / "guide.html").read_text()


@pytest.mark.usefixtures("course", "no_nbconvert")
def test_others_on_the_machine_do_not_read_it() -> None:
    run("staff", "--no-run")
    for name, mode in (("first_steps-staff", 0o700), ("first_steps-staff.zip", 0o600)):
        assert stat.S_IMODE((Path("dist") / name).stat().st_mode) == mode


@pytest.mark.usefixtures("no_nbconvert")
def test_it_is_made_anew_and_nothing_else_is_replaced(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("staff", "--no-run")
    old = course / "dist/first_steps-staff/guide.html"
    old.write_text("old")
    assert run("staff", "--no-run") == 0
    assert old.read_text() != "old"
    shutil.rmtree(old.parent)
    old.parent.mkdir()
    capsys.readouterr()
    assert run("staff", "--no-run") == 2
    assert "is not a release; move it away first" in capsys.readouterr().err


@pytest.mark.parametrize("out", ["release", "release/staff"])
def test_it_is_not_written_where_students_look(
    course: Path, out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("staff", "--no-run", "--out", out) == 2
    assert capsys.readouterr().err == (
        f"gradlab: {out} is where releases for students are written; choose another --out\n"
    )
    assert not (course / "release").exists()


@pytest.mark.usefixtures("no_nbconvert")
def test_students_get_none_of_it(course: Path) -> None:
    (course / "assignments/first_steps/staff.md").write_text(
        "# Traps\n\nNobody reads this aloud.\n"
    )
    run("staff", "--no-run")
    assert "Nobody reads this aloud." in (course / "dist/first_steps-staff/guide.html").read_text()
    assert run("assign") == 0
    with zipfile.ZipFile(course / "release/first_steps.zip") as archive:
        names = archive.namelist()
        texts = b"".join(archive.read(name) for name in names)
    assert not [name for name in names if "staff" in name or "guide" in name]
    assert b"Nobody reads this aloud." not in texts
    assert SOLUTION.encode() not in texts


def test_a_course_leaves_it_out_of_git(course: Path) -> None:
    assert "dist/\n" in (course / ".gitignore").read_text()


@pytest.mark.usefixtures("course", "no_nbconvert")
@pytest.mark.parametrize(("options", "quick"), [((), "1"), (("--full",), None)])
def test_masters_are_told_to_be_quick(
    monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], quick: str | None
) -> None:
    runs = []

    def look(content: bytes, place: Place, run: Run) -> bytes:
        assert str(place) == "assignments/first_steps/first_steps.ipynb"
        assert (run.folder / "first_steps_hw/first_steps.py").is_file()
        runs.append(run)
        return content

    monkeypatch.setattr(staffing, "executed", look)
    assert run("staff", "--minutes", "2", *options) == 0
    assert [(each.minutes, each.environment.get("GRADLAB_QUICK")) for each in runs] == [(2, quick)]
    words = "in quick size" if quick else "in full"
    readme = Path("dist/first_steps-staff/README.md").read_text()
    assert f"The notebooks were executed {words}." in readme


@pytest.mark.slow
def test_notebooks_run_and_become_pages(course: Path) -> None:
    pytest.importorskip("nbconvert")
    done = in_process(course, "staff")
    assert done.returncode == 0, done.stderr
    folder = course / "dist/first_steps-staff"
    outputs = [
        output
        for cell in json.loads((folder / "first_steps.ipynb").read_text())["cells"]
        for output in cell.get("outputs", [])
    ]
    assert outputs
    assert not [output for output in outputs if output["output_type"] == "error"]
    assert "np" in (folder / "first_steps.html").read_text()
    assert "maximum" in (folder / "modules.html").read_text()
    assert "were executed in quick size" in (folder / "README.md").read_text()
    pdf = (folder / "first_steps.pdf").is_file()
    assert pdf != ("no PDF (webpdf: " in done.stdout)
    assert done.stderr == ""


BROKEN = {
    "1 / 0": ((), "the master does not run: ZeroDivisionError: division by zero"),
    "import os\nos._exit(0)": ((), "the master does not run: the kernel died"),
    "while True:\n    pass": (
        ("--minutes", "0.15"),
        "0.15 minutes are over; give more (--minutes), or --no-run",
    ),
}


def add_cell(course: Path, source: str) -> None:
    path = course / "assignments/first_steps/first_steps.ipynb"
    book = json.loads(path.read_text())
    cell = {"cell_type": "code", "id": "mine", "metadata": {}, "outputs": [], "source": source}
    book["cells"].append({**cell, "execution_count": None})
    path.write_text(json.dumps(book))


@pytest.mark.slow
def test_ctrl_c_while_a_master_runs(course: Path) -> None:
    pytest.importorskip("nbclient")
    running = course / "running"
    add_cell(course, f"open({str(running)!r}, 'w').close()\nwhile True:\n    pass")
    with in_background(course, "staff") as process:
        deadline = time.monotonic() + 60
        while not running.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said.splitlines()[-1]) == (130, "stopped")
    assert "Traceback" not in said


@pytest.mark.slow
@pytest.mark.parametrize("source", BROKEN)
def test_a_master_that_does_not_run_is_named(course: Path, source: str) -> None:
    pytest.importorskip("nbclient")
    add_cell(course, source)
    arguments, words = BROKEN[source]
    done = in_process(course, "staff", *arguments)
    shown = f"gradlab: assignments/first_steps/first_steps.ipynb:mine: {words}\n"
    assert (done.returncode, done.stderr) == (2, shown)
    assert not (course / "dist").exists()


@pytest.mark.slow
def test_a_kernel_that_does_not_start_is_named(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("nbclient")
    (tmp_path / "kernels/python3").mkdir(parents=True)
    command = [sys.executable, "-c", "raise SystemExit('no module named x')"]
    spec = {"argv": command, "display_name": "Python 3", "language": "python"}
    (tmp_path / "kernels/python3/kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    done = in_process(course, "staff")
    words = "Jupyter's kernel python3 does not start (no module named x); mend it, or --no-run"
    assert (done.returncode, done.stderr) == (2, f"gradlab: {words}\n")


# The parts of the guide that come from files.


def test_survivors_come_from_their_section_alone() -> None:
    text = "# Audit\n\n## relu\n\n| a | b |\n|---|---|\n\n### more\n\n## relu2\n\nother\n"
    assert staffing.section(text, "relu") == "| a | b |\n|---|---|\n\n### more"
    assert staffing.section(text, "relu2") == "other"
    assert staffing.section(text, "nothing") == ""


def test_notes_are_escaped_and_stand_below_the_pages_headings() -> None:
    pytest.importorskip("mistune")
    text = (
        "# One\n\n## Two <script>\n\n- `a < b`\n\n[x](javascript:alert(1))\n\n| a |\n|---|\n| 1 |\n"
    )
    page = str(staffing.markdown(text))
    assert "<h3>One</h3>" in page
    assert "<h4>Two &lt;script&gt;</h4>" in page
    assert "<code>a &lt; b</code>" in page
    assert '<th scope="col">a</th>' in page
    assert "javascript:" not in page
    assert "<h3>Two</h3>" in str(staffing.markdown("## Two\n"))


def test_notes_without_mistune_are_shown_as_they_are_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "mistune", None)
    assert str(staffing.markdown("- `a < b`")) == "<pre>- `a &lt; b`</pre>"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("submission = 3", "not a sample class"),
        ("[[submission]]\nname = 'x'\n", "start must be a text"),
        ("[[submission]]\nname='x'\nstart='release'\n[[submission.edit]]\nfile='f'\n", "find must"),
        ("[[submission", "not valid TOML"),
    ],
)
def test_a_sample_class_that_is_none(course: Path, text: str, words: str) -> None:
    (course / "assignments/first_steps/samples.toml").write_text(text)
    with pytest.raises(AuthorMistake, match=words):
        entries(Course.find(course).assignment("first_steps"))


@pytest.mark.usefixtures("no_nbconvert")
def test_samples_stand_in_the_guide(course: Path) -> None:
    (course / "assignments/first_steps/samples.toml").write_text(
        "[[submission]]\nname = 'right'\nstart = 'reference'\n"
        "[[submission]]\nname = 'no-zero'\nstart = 'reference'\n"
        "[[submission.edit]]\nfile = 'first_steps.py'\nfind = 'x, 0'\nreplace = 'x, <1>'\n"
    )
    page = staffing.guide(Course.find(course).assignment("first_steps"))
    assert "<h3>no-zero</h3>" in page
    assert "<pre>x, &lt;1&gt;</pre>" in page
    assert "<h3>right</h3>" not in page
