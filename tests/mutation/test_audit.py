"""`gradlab audit`: what a suite catches, what survives it, and what is set apart."""

from __future__ import annotations

import json
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any

import pytest

from autograder.mutation.audit import Audit, Tried
from autograder.mutation.cache import Cache
from autograder.mutation.mutants import Block, Mutant
from autograder.mutation.page import as_page, as_text
from gradlab.cli import commands, steps

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gradlab.course import Assignment

    Make = Callable[..., Assignment]


def run(*arguments: str, name: str = "toy") -> int:
    with pytest.raises(SystemExit) as caught:
        commands.main(["audit", name, *arguments])
    return int(caught.value.code or 0)


def table(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = run("--json", *arguments)
    return code, json.loads(capsys.readouterr().out)


class TestASuite:
    def test_that_compares_values_catches_what_is_wrong_and_sets_apart_what_is_right(
        self, make: Make, capsys: pytest.CaptureFixture[str]
    ) -> None:
        make()
        _, found = table(capsys)
        assert found["score"] == 1.0
        assert found["survivors"] == []
        assert list(found["questions"]) == ["affine", "mean square"]
        assert found["questions"]["affine"]["caught"] >= 8
        # `total /= x.size; result = total` is right code written differently.
        assert [item["operator"] for item in found["equivalent"]] == ["in place"]

    def test_that_hardly_looks_lets_mutants_survive_and_shows_each_as_a_diff(
        self, make: Make, capsys: pytest.CaptureFixture[str]
    ) -> None:
        make(mean="0 * student.toy.mean_square(draw.normal(3, 4))")
        assert run() == 1
        text = capsys.readouterr().out
        assert "so this is too few" in text
        assert "-    result = total / x.size" in text
        assert "+    result = total\n" in text

    def test_that_never_calls_a_function_is_told_which(
        self, make: Make, capsys: pytest.CaptureFixture[str]
    ) -> None:
        make(mean="1.0")
        assert run() == 1
        text = capsys.readouterr().out
        assert "No check needs hw/toy.py:" in text
        assert "mean_square" in text

    def test_that_breaks_on_wrong_code_is_told_which_check_it_is(
        self, make: Make, capsys: pytest.CaptureFixture[str]
    ) -> None:
        make(mean="[1.0][int(student.toy.mean_square(draw.normal(3, 4)) > 6)]")
        assert run() == 1
        assert "a mistake of the check: mean_square." in capsys.readouterr().out

    def test_that_the_reference_fails_is_the_authors_mistake(
        self, make: Make, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assignment = make()
        path = assignment.source / "toy.py"
        path.write_text(path.read_text().replace("x @ w + b", "x @ w - b"))
        assert run() == 2
        assert "the reference gets missed in affine" in capsys.readouterr().err


class TestTheBattery:
    def test_without_one_nothing_is_set_apart(
        self, make: Make, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assignment = make()
        (assignment.folder / "battery.py").unlink()
        _, found = table(capsys)
        assert found["equivalent"] == []
        assert [item["operator"] for item in found["survivors"]] == ["in place"]

    def test_it_grades_nobody(self, make: Make, capsys: pytest.CaptureFixture[str]) -> None:
        path = make().folder / "battery.py"
        path.write_text(path.read_text().replace("points=0", "points=1"))
        assert run() == 2
        assert "points=0" in capsys.readouterr().err


class TestASecondRun:
    def test_knows_every_verdict_and_says_the_same(
        self, make: Make, capsys: pytest.CaptureFixture[str]
    ) -> None:
        make()
        first = table(capsys)
        assert table(capsys) == first
        run()
        count = first[1]["mutants"]
        assert f"{count} of {count} mutants were known" in capsys.readouterr().out

    @pytest.mark.parametrize("name", ["checks.py", "expected/checks.json", "assignment.toml"])
    def test_knows_nothing_when_the_suite_has_changed(
        self, make: Make, tmp_path: Path, name: str
    ) -> None:
        assignment = make()
        cache = Cache(tmp_path, assignment)
        cache.put(MUTANT, Tried(MUTANT, "q", "check", "missed"))
        cache.write()
        with (assignment.folder / name).open("a") as file:
            file.write("\n")
        assert Cache(tmp_path, assignment).get(MUTANT) is None

    @pytest.mark.parametrize("text", ["", "[]", "{", '{"context": 1, "verdicts": 3}'])
    def test_does_not_mind_a_broken_cache(self, make: Make, tmp_path: Path, text: str) -> None:
        (tmp_path / "toy.json").write_text(text)
        cache = Cache(tmp_path, make())
        assert cache.get(MUTANT) is None
        cache.put(MUTANT, Tried(MUTANT, "q", "check", "missed"))
        cache.write()
        assert Cache(tmp_path, make()).get(MUTANT) == cache.get(MUTANT) is not None


def test_a_new_assignment_has_a_suite_that_catches_everything(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    steps.new(make().course, "relu")
    assert run(name="relu") == 0
    assert "100.0% of the wrong mutants are caught" in capsys.readouterr().out


def test_a_choice_of_mutants_depends_on_the_seed(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    make()
    _, found = table(capsys, "--max", "4", "--seed", "1")
    assert found["mutants"] == 4


def test_a_page_that_cannot_be_written_is_the_users_mistake(
    make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make()
    (tmp_path / "file").touch()
    assert run("--max", "1", "--page", str(tmp_path / "file/audit.html")) == 2
    assert "cannot be written" in capsys.readouterr().err


BLOCK = Block("m.py", range(1, 2), "f")
DIFF = "--- m.py\n+++ m.py\n@@ -1 +1 @@\n-x = '<b>'\n+x = '<i>'\n"
MUTANT = Mutant(BLOCK, 1, "name", "<script>", "x = '<i>'\n", DIFF, "Look & see.")


def audited(caught: int, survived: int, equivalent: int) -> Audit:
    one = Tried(MUTANT, "q")
    kinds = [
        *[replace(one, caught_by="check", status="missed")] * caught,
        *[one] * survived,
        *[replace(one, equivalent=True)] * equivalent,
    ]
    return Audit(tuple(kinds), battery=True)


@pytest.mark.parametrize(
    ("counts", "passes"),
    [
        ((19, 1, 0), True),
        ((18, 1, 0), False),
        ((18, 0, 2), True),
        ((17, 0, 2), False),
        ((19, 1, 2), True),
    ],
)
def test_95_percent_of_the_wrong_ones_are_enough_and_10_percent_set_apart_are_not_too_many(
    counts: tuple[int, int, int], *, passes: bool
) -> None:
    assert audited(*counts).passes(0.95) is passes


def test_the_page_shows_diffs_and_escapes_them(make: Make) -> None:
    page = as_page(make(), audited(1, 1, 1), 0.95)
    assert "<script>" not in page
    assert escape("+x = '<i>'").replace("&#x27;", "&#39;") in page
    for words in ("Survivors", "Set apart as equivalent", "Look &amp; see.", "50.0%"):
        assert words in page


def test_the_table_counts_by_question_and_in_all() -> None:
    text = as_text(audited(3, 1, 1), 0.95)
    rows = [line.split() for line in text.splitlines()[2:4]]
    assert rows == [[name, "5", "3", "1", "1", "75.0%"] for name in ("q", "all")]
