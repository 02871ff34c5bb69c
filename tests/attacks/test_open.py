"""docs/security.md names what stays open, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograder.level import LEVELS

if TYPE_CHECKING:
    from tests.attacks.conftest import Submitted


def test_every_row_of_the_table_is_an_attack(submitted: Submitted) -> None:
    titles = {attack.title for attack in submitted.attacks("reach")}
    assert submitted.stays_open()
    assert set(submitted.stays_open()) <= titles


def test_every_row_names_the_levels_below_full(submitted: Submitted) -> None:
    for row in submitted.stays_open().values():
        assert list(row) == list(LEVELS)[1:]
        assert any(row.values())


def test_what_is_open_at_a_level_is_open_below_it(submitted: Submitted) -> None:
    for row in submitted.stays_open().values():
        assert list(row.values()) == sorted(row.values())


def test_every_attack_has_a_name_of_its_own(submitted: Submitted) -> None:
    titles = [attack.title for attack in submitted.attacks("reach")]
    assert len(set(titles)) == len(titles) >= 20
