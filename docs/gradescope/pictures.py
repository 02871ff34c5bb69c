"""The pictures of docs/gradescope.md: every step of ours, as it really looks.

    .venv/bin/python docs/gradescope/pictures.py [ASSIGNMENT]

The zip is made, set up and rehearsed; what is printed and what the results
file says becomes HTML, and Chromium, which must be installed, turns that into PNG files beside this
script. Nothing here looks like the site: its pages are its own.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from PIL import Image, ImageChops

from gradlab.cli import sample, steps
from gradlab.cli.gradescope import archive, contents
from gradlab.cli.rehearsal import image, metadata_like, submit
from gradlab.course import Course

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gradlab.cli.rehearsal import Rehearsed
    from gradlab.course import Assignment

HERE = Path(__file__).resolve().parent
WIDTH, TALL, COLOURS = 860, 2400, 64
MOST_LINES = 26
BOUNDS, SETTINGS = "lib/autograder/box/landlock.py", "bundle/bundle.json"
NO_LANDLOCK = b"\n\ndef restrict(*_: object) -> None:\n    raise OSError(38, 'no Landlock here')\n"
# What each folder of the zip is, for the first picture.
PARTS = {
    "setup.sh": "the site runs it once, as root, and keeps the image",
    "run_autograder": "the site runs it for every submission",
    "requirements.txt": "what setup.sh installs into /opt/gradlab",
    "unfinished.json": "the results file of the first second: grading did not finish",
    "bundle": "hidden checks, expected values, settings: root alone reads them",
    "lib": "the grader itself; no copy is installed",
    "data": "data sets that you give",
}
STYLE = """
body { margin: 12px; font: 15px/1.45 'DejaVu Sans', sans-serif; color: #1d2430; background: #fff; }
pre { margin: 0; padding: 14px 18px; font: 13px/1.5 'DejaVu Sans Mono', monospace; color: #e8edf4;
      background: #1d2430; border-radius: 8px; white-space: pre-wrap; }
pre b { color: #8fd0ff; font-weight: normal; }
table { border-collapse: collapse; width: 100%; font: 13px/1.5 'DejaVu Sans Mono', monospace; }
td { border-bottom: 1px solid #d5dbe5; padding: 5px 10px; vertical-align: top; }
td.size { text-align: right; white-space: nowrap; }
.top { border-left: 5px solid #5b6b82; background: #f1f4f8; padding: 9px 14px; margin-bottom: 8px; }
.check { border: 1px solid #cdd5e0; border-left-width: 5px; padding: 7px 14px; margin: 5px 0; }
.check p { margin: 3px 0 0; font-size: 13px; white-space: pre-wrap; color: #46505f; }
.points { float: right; font-weight: bold; }
.passed { border-left-color: #1f7a45; } .failed { border-left-color: #b3302a; }
.waits { border-left-color: #8a6a00; }
"""


def zip_page(files: Mapping[str, bytes]) -> str:
    """Return the zip's contents: one row for each file or folder at its root."""
    names = sorted({name.split("/")[0] for name in files}, key=list(PARTS).index)
    rows = []
    for name in names:
        inside = [len(text) for path, text in files.items() if path.split("/")[0] == name]
        count = f"{len(inside)} files, " if len(inside) > 1 else ""
        size = f"{count}{sum(inside) / 1000:,.1f} kB"
        rows.append(f"<tr><td>{name}<td class=size>{size}<td>{escape(PARTS[name])}</tr>")
    return f"<table>{''.join(rows)}</table>"


def terminal(*lines: str) -> str:
    """Return lines as a terminal shows them; those that begin with `$` were typed."""
    shown = [f"<b>{escape(x)}</b>" if x.startswith("$") else escape(x) for x in lines]
    return f"<pre>{chr(10).join(shown)}</pre>"


def student_page(table: Mapping[str, Any]) -> str:
    """Return what the results file tells a student."""
    return f"<div class=top>{_text(table['output'])}</div>{''.join(map(_check, table['tests']))}"


def _check(test: Mapping[str, Any]) -> str:
    points = f"{test['score']:g} / {test['max_score']:g}" if "score" in test else "not yet"
    kind = test.get("status", "waits")
    head = f"<span class=points>{points}</span><b>{escape(test['name'])}</b>"
    return f"<div class='check {kind}'>{head}<p>{_text(test['output'])}</p></div>"


def _text(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def staff_page(said: str) -> str:
    """Return the beginning of what staff read."""
    lines = [line for line in said.splitlines() if line.strip()]
    return terminal(*lines[:MOST_LINES], *(["..."] if len(lines) > MOST_LINES else []))


def command(*words: str) -> list[str]:
    """Run a command of gradlab; return it and what it printed."""
    ran = subprocess.run(
        [sys.executable, "-m", "gradlab", *words], capture_output=True, text=True, check=False
    )
    if ran.returncode:
        sys.exit(ran.stdout + ran.stderr)
    return [f"$ gradlab {' '.join(words)}", *ran.stdout.splitlines()]


def pages(assignment: Assignment, scratch: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and the HTML of every picture."""
    name, files = assignment.name, contents(assignment, "container")
    yield "zip", zip_page(files)
    lines = [*command("verify", name), "", *command("assign", name)]
    target = scratch / f"{name}-autograder.zip"
    made = command("gradescope", name, "--out", str(target))
    yield "make", terminal(*lines, "", *(line.replace(f"{scratch}/", "") for line in made))
    folder = sample.write_class(assignment, steps.release(assignment).files, scratch / "class")
    partly = next(path for path in sorted(folder.iterdir()) if "partly" in path.name)
    rehearsed = command("gradescope", name, "--rehearse", str(partly))
    yield "rehearse", terminal(*(line.replace(f"{folder}", "submissions") for line in rehearsed))
    with image(archive(files)) as (container, ran):
        yield "build", terminal("$ setup.sh", *ran.said.splitlines())
        late = metadata_like(30) | {"created_at": "2025-02-02T02:04:00.000000-08:00"}
        done = submit(container, partly, late)
        yield "student", student_page(done.table)
        yield "staff", staff_page(done.ran.said)
        ask_for_more(assignment, container.root / "source")
        yield "level", refused_page(submit(container, partly, late))


def ask_for_more(assignment: Assignment, source: Path) -> None:
    """Ask for the level `full` where the kernel, as far as the grader knows, has no Landlock."""
    for name in (BOUNDS, SETTINGS):
        changed = contents(assignment, "full")[name] + (NO_LANDLOCK if name == BOUNDS else b"")
        (source / name).write_bytes(changed)


def refused_page(done: Rehearsed) -> str:
    """Return what is read where no student code was run: by staff, then by the student."""
    return f"{staff_page(done.ran.said)}<br>{student_page(done.table)}"


def take(page: str, path: Path, scratch: Path) -> None:
    """Write the picture of a page, cut to what is on it."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        sys.exit("the pictures need Chromium")
    (scratch / "page.html").write_text(f"<meta charset=utf-8><style>{STYLE}</style>{page}")
    options = ["--headless", "--no-sandbox", "--hide-scrollbars", "--disable-gpu"]
    options += [f"--window-size={WIDTH},{TALL}", f"--screenshot={scratch / 'page.png'}"]
    subprocess.run(
        [chromium, *options, (scratch / "page.html").as_uri()], check=True, capture_output=True
    )
    whole = Image.open(scratch / "page.png").convert("RGB")
    box = ImageChops.difference(whole, Image.new("RGB", whole.size, "white")).getbbox()
    height = min(TALL, (box[3] if box else TALL) + 12)
    whole.crop((0, 0, WIDTH, height)).quantize(COLOURS).save(path, optimize=True)


def main(name: str = "two_layer_net") -> None:
    """Write all pictures."""
    assignment = Course.find(HERE.parents[1]).assignment(name)
    with tempfile.TemporaryDirectory() as scratch:
        for step, page in pages(assignment, Path(scratch)):
            take(page, HERE / f"{step}.png", Path(scratch))


if __name__ == "__main__":
    main(*sys.argv[1:])
