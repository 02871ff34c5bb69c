"""`run_autograder` in the site's folders: a whole results file at every moment, and exit code 0."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gradlab.cli.rehearsal import metadata_like
from tests.gradescope.conftest import MODULE, RIGHT, Site, below, no_landlock

if TYPE_CHECKING:
    from collections.abc import Callable

SLEEPS = RIGHT + "\nimport time\ntime.sleep(60)\n"
UNFINISHED = "Grading did not finish. This is not your fault"


def statuses(table: Any) -> dict[str, str]:
    return {t["extra_data"]["check"]: t["extra_data"]["status"] for t in table["tests"]}


def wait_for(found: Callable[[], Any], seconds: float = 30) -> Any:
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return value


def test_a_right_submission(site: Site) -> None:
    site.hand_in({MODULE: RIGHT})
    table, said = site.run()
    assert set(statuses(table).values()) == {"earned"}
    assert table["output"] == f"Graded so far: {table['score']:g} of {table['score']:g} points."
    assert "level " in said
    assert "seed " in said
    assert "seed " not in json.dumps(table)
    assert table["extra_data"]["submission"] == "1"


def test_modes_keep_others_out(site: Site) -> None:
    site.hand_in({MODULE: RIGHT})
    site.run()
    for folder in ("source", "submission", "results"):
        assert (site.root / folder).stat().st_mode & 0o077 == 0, folder


def test_nothing_handed_in(site: Site) -> None:
    site.hand_in({})
    table, _ = site.run()
    assert table["score"] == 0
    assert "no file that can be graded" in table["output"]


def test_the_results_file_is_there_before_anything_else(make_site: Callable[..., Site]) -> None:
    site = make_site({"lib/autograder/gradescope/__main__.py": b"1 / 0\n"})
    site.hand_in({MODULE: RIGHT})
    table, said = site.run()
    assert table["output"].startswith(UNFINISHED)
    assert "ZeroDivisionError" in said
    assert "the grader ended early, with code 1" in said


@pytest.mark.parametrize("content", [b"", b"{}", b'{"dict": {"plan": 3}}', b"\xff"])
def test_a_broken_bundle_is_told_to_staff(make_site: Callable[..., Site], content: bytes) -> None:
    site = make_site({"bundle/bundle.json": content})
    site.hand_in({MODULE: RIGHT})
    table, said = site.run()
    assert table["output"].startswith(UNFINISHED)
    assert "Traceback" in said
    assert table["tests"] == []


def test_a_level_that_is_not_reached(make_site: Callable[..., Site], small_files: Any) -> None:
    bundle = json.loads(small_files["bundle/bundle.json"])
    bundle["dict"]["require"] = "full"
    site = make_site(
        {"bundle/bundle.json": json.dumps(bundle).encode(), **no_landlock(small_files)}
    )
    site.hand_in({MODULE: RIGHT})
    table, said = site.run()
    assert table["output"].startswith(UNFINISHED)
    assert "this machine does not reach the level full" in said
    assert table["tests"] == []


def test_what_takes_too_long_is_ended_with_what_is_finished(
    make_site: Callable[..., Site], small_files: Any
) -> None:
    script = small_files["run_autograder"]
    assert b"KILL 590 " in script
    site = make_site({"run_autograder": script.replace(b"KILL 590 ", b"KILL 4 ")})
    site.hand_in({MODULE: SLEEPS})
    table, said = site.run()
    assert table["output"].startswith(UNFINISHED)
    assert "the grader ended early, with code 137" in said


def _end(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def test_a_killed_grader_leaves_no_process(site: Site) -> None:
    site.hand_in({MODULE: SLEEPS})
    running = site.start()
    try:  # of `timeout`, the grader, its fork server and a worker
        processes = wait_for(lambda: len(below(running.pid)) >= 4 and below(running.pid))
        _end(processes[1])
    finally:
        running.communicate(timeout=100)
    wait_for(lambda: not [pid for pid in processes if Path(f"/proc/{pid}").exists()])
    assert site.table()["output"].startswith(UNFINISHED)


def test_late_and_in_a_group(site: Site) -> None:
    longer = {"id": 8, "assignment": {"due_date": "2025-03-01T00:00:00-08:00"}}
    metadata = metadata_like(3) | {"created_at": "2025-02-02T01:59:00-08:00"}
    site.hand_in({MODULE: RIGHT}, metadata | {"users": [{"id": 7, "name": "Ada"}, longer]})
    table, said = site.run()
    assert "Handed in 2 hours after the due date of some of you" in table["output"]
    assert table["extra_data"]["users"] == [{"id": "7", "late_s": 7200}, {"id": "8", "late_s": 0}]
    assert "Ada" not in json.dumps(table) + said


def test_other_points_on_the_site_are_told_to_staff(site: Site) -> None:
    site.hand_in({MODULE: RIGHT}, metadata_like(99))
    table, said = site.run()
    assert "WARNING: the site says 99 points" in said
    assert "99" not in table["output"]


@pytest.mark.parametrize("metadata", [b"", b"[]", b"\xff{", b'{"users": [{"name": "\\ud800"}]}'])
def test_hostile_metadata(site: Site, metadata: bytes) -> None:
    site.hand_in({MODULE: RIGHT}, metadata)
    table, said = site.run()
    assert set(statuses(table).values()) == {"earned"}
    assert "WARNING: " in said


def test_students_code_finds_no_secret(site: Site) -> None:
    """What it is told, and what it can import, leads to none of the site's folders."""
    source = f"""{RIGHT}
import sys
def _look():
    import autograder.gradescope.bundle
try:
    _look()
except ImportError:
    pass
else:
    raise RuntimeError("our own code is there")
import os
assert not [path for path in [*sys.path, *os.environ.values()] if "source" in path], os.environ
"""
    site.hand_in({MODULE: source})
    table, said = site.run()
    assert set(statuses(table).values()) == {"earned"}, said


def test_the_program_needs_no_variables(small_files: dict[str, bytes]) -> None:
    text = small_files["run_autograder"].decode()
    assert "${GRADLAB_ROOT:-/autograder}" in text
    assert "${GRADLAB_PACKAGES:-/opt/gradlab}" in text
