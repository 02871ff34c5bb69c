"""Recordings: written, read, picked from and compared."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from autograder.finding import Wanted
from autograder.record import drift, refuse_shaky
from autograder.recording import Drawn, Recording, commit_of, write_atomically
from gradlab.errors import AuthorMistake

if TYPE_CHECKING:
    from pathlib import Path

OUTLINE = {"is": "array", "shape": [2], "dtype": "float64"}


def drawn(seed: int = 1, value: float = 1.0, tolerance: float = 1e-7) -> Drawn:
    wanted = Wanted("out", 2, np.array([value, 10.0]), ("max_error", tolerance))
    return Drawn(seed, (wanted, Wanted("accuracy", 1)), (OUTLINE,))


def recording(**checks: tuple[Drawn, ...]) -> Recording:
    table = checks or {"forward": tuple(drawn(seed) for seed in range(8))}
    return Recording(table, "ab" * 32, ("Net.loss",), {"numpy": "2.0"})


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    recording().write(tmp_path, "checks")
    again = Recording.read(tmp_path, "checks")
    assert (again.key, again.holes) == ("ab" * 32, ("Net.loss",))
    assert again.provenance == {"numpy": "2.0"}
    first, second = again.checks["forward"][3].findings
    assert (first.name, first.share, first.tolerance) == ("out", 2, ("max_error", 1e-7))
    assert first.value.tolist() == [1.0, 10.0]
    assert second == Wanted("accuracy", 1)


def test_two_writes_give_the_same_bytes(tmp_path: Path) -> None:
    for folder in (tmp_path / "a", tmp_path / "b"):
        recording().write(folder, "checks")
    for name in ("checks.json", "checks.npz"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_pick_depends_on_submission_check_and_key_alone() -> None:
    table = recording()
    picks = [table.pick("forward", f"submission {n}").seed for n in range(100)]
    assert picks == [table.pick("forward", f"submission {n}").seed for n in range(100)]
    assert set(picks) == set(range(8))
    other = replace(table, key="cd" * 32)
    assert picks != [other.pick("forward", f"submission {n}").seed for n in range(100)]


def test_seeds_stay_and_new_ones_are_added() -> None:
    seeds = recording(forward=(drawn(5), drawn(6))).seeds("forward", 4)
    assert seeds[:2] == [5, 6]
    assert len(set(seeds)) == 4


def test_a_check_that_is_not_recorded_says_what_to_do() -> None:
    with pytest.raises(AuthorMistake, match="gradlab expected"):
        recording().pick("backward", "x")


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"checks": 3, "key": ""}'])
def test_what_is_no_recording_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "checks.json").write_text(text)
    np.savez(tmp_path / "checks.npz")
    with pytest.raises(AuthorMistake, match=r"checks\.json: not a recording"):
        Recording.read(tmp_path, "checks")


@pytest.mark.parametrize("content", [b"", b"PK\3\4 cut off", b"version https://git-lfs", None])
def test_arrays_that_cannot_be_read_are_named(tmp_path: Path, content: bytes | None) -> None:
    recording().write(tmp_path, "checks")
    arrays = tmp_path / "checks.npz"
    if content is None:  # a few bytes are others
        whole = bytearray(arrays.read_bytes())
        whole[60:80] = bytes(20)
        content = bytes(whole)
    arrays.write_bytes(content)
    with pytest.raises(AuthorMistake, match=r"checks\.json: not a recording .* `gradlab expected"):
        Recording.read(tmp_path, "checks")
    arrays.unlink()
    with pytest.raises(AuthorMistake, match=r"not a recording .*checks\.npz"):
        Recording.read(tmp_path, "checks")


def test_a_missing_recording_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(AuthorMistake, match="not recorded yet"):
        Recording.read(tmp_path, "checks")


def test_writing_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_atomically(path, b"old")
    with pytest.raises(TypeError):
        write_atomically(path, "text")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["results.json"]


class TestRefusal:
    """A tolerance has to stay ten times above what another run or machine changes."""

    @pytest.mark.parametrize(("moved", "refused"), [(1e-9, False), (0.9e-8, False), (2e-8, True)])
    def test_a_tolerance_that_comes_near(self, moved: float, *, refused: bool) -> None:
        first, again = (recording(forward=(drawn(value=v),)) for v in (1.0, 1 + 10 * moved))
        if not refused:
            refuse_shaky(first, first, again)
            return
        with pytest.raises(AuthorMistake, match=r"forward out: .* 2e-08; max_error=1e-07 must be"):
            refuse_shaky(first, first, again)

    def test_exact_values_that_stay(self) -> None:
        labels = recording(forward=(drawn(tolerance=0.0),))
        refuse_shaky(labels, labels)

    def test_exact_values_that_move(self) -> None:
        first, again = (recording(forward=(drawn(value=v, tolerance=0.0),)) for v in (1.0, 2.0))
        with pytest.raises(AuthorMistake, match="changes it by"):
            refuse_shaky(first, again)

    def test_replies_that_are_never_the_same(self) -> None:
        other = recording(forward=(replace(drawn(), outlines=()),))
        with pytest.raises(AuthorMistake, match="replies of another structure"):
            refuse_shaky(recording(forward=(drawn(),)), other)


def test_what_withholds_is_written_and_read(tmp_path: Path) -> None:
    wanted = Wanted("x unchanged", 2, withholds=True)
    recording(forward=(replace(drawn(), findings=(wanted,)),)).write(tmp_path, "checks")
    assert Recording.read(tmp_path, "checks").checks["forward"][0].findings == (wanted,)


def test_recordings_without_withholding_are_still_read(tmp_path: Path) -> None:
    recording().write(tmp_path, "checks")
    table = json.loads((tmp_path / "checks.json").read_text())
    for draw in table["checks"]["forward"]:
        draw["findings"] = [finding[:3] for finding in draw["findings"]]
    (tmp_path / "checks.json").write_text(json.dumps(table))
    again = Recording.read(tmp_path, "checks").checks["forward"][0].findings
    assert [item.withholds for item in again] == [False, False]


class TestDrift:
    def test_nothing_moved(self) -> None:
        assert [(d.absolute, d.beyond) for d in drift(recording(), recording())] == [
            (0.0, False),
            (0.0, False),
        ]

    def test_within_and_beyond_the_checks_own_tolerance(self) -> None:
        old = recording(forward=(drawn(),))
        near, far = (recording(forward=(drawn(value=v),)) for v in (1 + 1e-8, 1.5))
        (inside, _), (outside, _) = drift(old, near), drift(old, far)
        assert (inside.beyond, outside.beyond) == (False, True)
        assert outside.absolute == 0.5
        assert outside.relative == 0.05

    @pytest.mark.parametrize(
        ("new", "words"),
        [
            (recording(other=(drawn(),)), "gone"),
            (recording(forward=(drawn(), drawn(2))), "another number of draws"),
            (recording(forward=(drawn(tolerance=1.0),)), "another share or tolerance"),
            (
                recording(forward=(replace(drawn(), outlines=()),)),
                "replies of another structure",
            ),
        ],
    )
    def test_changes_that_are_not_numbers_are_said_in_words(
        self, new: Recording, words: str
    ) -> None:
        found = drift(recording(forward=(drawn(),)), new)
        assert words in [item.words for item in found]
        assert any(item.beyond for item in found)


def test_the_json_is_stable_and_readable(tmp_path: Path) -> None:
    recording().write(tmp_path, "checks")
    table = json.loads((tmp_path / "checks.json").read_text())
    assert table["checks"]["forward"][0]["findings"][0] == ["out", 2, ["max_error", 1e-07], False]


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *who, *words]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return done.stdout.strip()


@pytest.mark.skipif(not shutil.which("git"), reason="git is not here")
def test_the_commit_is_the_last_that_changed_the_sources(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("checks.py", "public.py", "notes.md")]
    for path in paths:
        path.write_text("old")
    assert commit_of(paths) == {}
    git(tmp_path, "init", "-q")
    assert commit_of(paths) == {}
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    first = git(tmp_path, "rev-parse", "HEAD")
    paths[2].write_text("new")
    assert commit_of(paths) == {"commit": f"{first} dirty"}
    git(tmp_path, "commit", "-qam", "second")
    assert commit_of(paths[:2]) == {"commit": first}
    assert commit_of(paths) == {"commit": git(tmp_path, "rev-parse", "HEAD")}


def test_another_commit_is_no_drift() -> None:
    before, now = (replace(recording(), provenance={"commit": c}) for c in ("a", "b dirty"))
    assert not any(item.beyond or item.absolute for item in drift(before, now))
