"""What the site says of a submission: read carefully, believed only where it makes sense."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from autograder.gradescope.metadata import Metadata, duration, read_metadata
from gradlab.cli.rehearsal import metadata_like

if TYPE_CHECKING:
    from pathlib import Path

DUE = "2025-02-01T23:59:00.000000-08:00"


def read(folder: Path, content: Any) -> Metadata:
    path = folder / "submission_metadata.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return read_metadata(path)


def handed_in(moment: str, *users: dict[str, Any], **assignment: Any) -> dict[str, Any]:
    table = metadata_like(22)
    table["assignment"] |= assignment
    return {**table, "created_at": moment, "users": list(users) or table["users"]}


@pytest.mark.parametrize(
    ("moment", "late_s"),
    [
        ("2025-02-01T23:58:59.999999-08:00", 0),
        (DUE, 0),
        ("2025-02-02T00:00:00.5-08:00", 60.5),
        ("2025-02-02T07:59:00Z", 0),
        ("2025-02-02 08:59:00.000+0000", 3600),
        ("2025-02-02T13:29:00.123456789+05:30", 0.123456),
    ],
)
def test_lateness_knows_zones(tmp_path: Path, moment: str, late_s: float) -> None:
    found = read(tmp_path, handed_in(moment))
    assert [user.late_s for user in found.submitters] == [late_s]
    assert bool(found.lateness) == bool(late_s)
    assert found.problems == ()


def test_a_users_own_due_date_counts(tmp_path: Path) -> None:
    longer = {"id": 7, "assignment": {"due_date": "2025-02-03T23:59:00-08:00"}}
    found = read(tmp_path, handed_in("2025-02-02T23:59:00-08:00", longer))
    assert (found.submitters[0].late_s, found.lateness) == (0, "")


def test_a_group_in_which_one_has_an_extension(tmp_path: Path) -> None:
    longer = {"id": 7, "assignment": {"due_date": "2025-02-03T23:59:00-08:00"}}
    found = read(tmp_path, handed_in("2025-02-02T01:00:00-08:00", longer, {"id": 8}))
    assert found.table()["users"] == [{"id": "7", "late_s": 0}, {"id": "8", "late_s": 3660}]
    assert found.lateness.startswith("Handed in 1 hour 1 minute after the due date of some of you")


def test_a_group_that_is_late_together(tmp_path: Path) -> None:
    found = read(tmp_path, handed_in("2025-02-04T00:00:00-08:00", {"id": 7}, {"id": 8}))
    assert found.lateness == (
        "Handed in 2 days 1 minute after the due date; no points are taken off here."
    )


def test_no_due_date_is_no_problem(tmp_path: Path) -> None:
    found = read(tmp_path, handed_in("2025-02-04T00:00:00-08:00", due_date=None))
    assert (found.submitters[0].late_s, found.lateness, found.problems) == (None, "", ())


def test_names_are_not_kept(tmp_path: Path) -> None:
    found = read(tmp_path, handed_in(DUE, {"id": 7, "name": "Ada", "email": "ada@example.org"}))
    assert "Ada" not in repr(found)
    assert "ada@" not in repr(found)


@pytest.mark.parametrize(("points", "read_as"), [("22.0", 22), ("0", 0), (None, None), (7, 7)])
def test_points(tmp_path: Path, points: Any, read_as: float | None) -> None:
    found = read(tmp_path, handed_in(DUE, total_points=points))
    assert (found.total_points, found.problems) == (read_as, ())


@pytest.mark.parametrize("points", ["nan", "inf", "-1", "many", [], {}, "1" * 5000, 10**400])
def test_what_is_no_number_of_points_is_told_to_staff(tmp_path: Path, points: Any) -> None:
    found = read(tmp_path, handed_in(DUE, total_points=points))
    assert found.total_points is None
    assert any("total_points" in problem and len(problem) < 150 for problem in found.problems)


HOSTILE: tuple[Any, ...] = (
    b"",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"created_at": NaN}',
    [],
    7,
    None,
    {},
    {"users": 3, "assignment": [], "id": {}},
    {"users": [None, [], {"id": [1], "assignment": "x"}]},
    handed_in("0001-01-01T00:00:00+14:00", {"id": 1}, due_date="9999-12-31T23:59:59-14:00"),
    handed_in("2025-02-30T00:00:00Z"),
    handed_in("2025-02-01T00:00:00"),
    handed_in("2025-02-01T00:00:00+99:99"),
    handed_in(5.5),  # type: ignore[arg-type]
    handed_in(DUE, *({"id": n} for n in range(5000))),
    {**handed_in(DUE), "id": "../../etc/\ud800\x1b[31m"},
)


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_metadata_stops_nothing(tmp_path: Path, content: Any) -> None:
    found = read(tmp_path, content)
    assert 0 < len(found.submitters) <= 100 or found.problems
    assert json.dumps(found.table()).isascii()
    assert set("/.\x1b").isdisjoint(found.id)


def test_no_metadata_at_all(tmp_path: Path) -> None:
    found = read_metadata(tmp_path / "submission_metadata.json")
    assert found.id == "submission"
    assert "cannot be read" in found.problems[0]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 second"), (61, "1 minute 1 second"), (7200, "2 hours"), (90061, "1 day 1 hour")],
)
def test_durations_have_two_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words
