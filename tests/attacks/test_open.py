"""docs/security.md names what stays open, and nothing else."""

from __future__ import annotations

from autograder.level import LEVELS
from tests.attacks.attack import attacks, stays_open


def test_every_row_of_the_table_is_an_attack() -> None:
    titles = {attack.title for attack in attacks("reach")}
    assert stays_open()
    assert set(stays_open()) <= titles


def test_every_row_names_the_levels_below_full() -> None:
    for row in stays_open().values():
        assert list(row) == list(LEVELS)[1:]
        assert any(row.values())


def test_what_is_open_at_a_level_is_open_below_it() -> None:
    for row in stays_open().values():
        assert list(row.values()) == sorted(row.values())


def test_every_attack_has_a_name_of_its_own() -> None:
    titles = [attack.title for attack in attacks("reach")]
    assert len(set(titles)) == len(titles) >= 20
