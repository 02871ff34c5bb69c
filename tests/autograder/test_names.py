"""Names of submissions: for folders, for pages, and as they came."""

from __future__ import annotations

import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.names import identifier, shown

KEPT = ["ada", "Jörg", "李明", "王芳", "Ирина", "مريم", "हिन्दी", "a_b", "a.b", "x-1", "02-right"]
HOSTILE = [
    *("..", ".", "", "/", "../../etc", "a/b", "a\\b", "-rf", ".hidden", "a\x00b", "a\nb"),
    *("rtl\u202eevil", "zero\u200bwidth", "filler\u3164", "\u0301mark", "esc\x1b[31m", "\ud800"),
    *(
        "=cmd|' /C calc'!A0",
        "<img src=x onerror=alert(1)>",
        "gradebook.csv",
        "report.html",
        "x " * 99,
    ),
    *("é" * 200, "李" * 200, os.fsdecode(b"\xff\xfe")),
]


@pytest.mark.parametrize("name", KEPT)
def test_letters_and_digits_of_any_script_stay(name: str) -> None:
    assert identifier(name) == name
    assert identifier(unicodedata.normalize("NFD", name)) == name


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_lost_leaves_a_hash_of_the_whole(name: str) -> None:
    safe = identifier(name)
    assert safe != name
    assert safe[-9] == "-"
    assert safe == identifier(name)


@given(st.text(max_size=120))
def test_identifiers_are_safe_for_files_and_pages(name: str) -> None:
    safe = identifier(name)
    assert 0 < len(safe.encode()) <= 80
    assert safe.isprintable()
    assert safe[0] not in ".-"
    assert not set(safe) & set("/\\:*?\"'<>|&#% \t")
    assert not any(
        unicodedata.bidirectional(c) in ("LRE", "RLE", "RLO", "LRI", "PDI") for c in safe
    )
    assert identifier(safe) == safe or safe in ("gradebook.csv", "report.html")


def test_names_that_differ_have_identifiers_that_differ() -> None:
    names = [*KEPT, *HOSTILE, "Jürg", "a b", "a  b", "a?b", "A B", "Müller, J", "Müller; J"]
    assert len({identifier(name) for name in names}) == len(names)


def test_a_number_makes_a_name_unique() -> None:
    assert identifier("Bob O'Neil_7", unique=True) == "Bob_O_Neil_7"
    assert identifier("x" * 99 + "_7", unique=True) != identifier("x" * 99 + "_8", unique=True)


def test_a_shown_name_is_one_harmless_line() -> None:
    assert shown("Jörg Groß, Müller") == "Jörg Groß, Müller"
    assert shown("a\nb\u202ec\x1b[2J") == "a\ufffdb\ufffdc\ufffd[2J"
    assert len(shown("x" * 1000)) == 203
