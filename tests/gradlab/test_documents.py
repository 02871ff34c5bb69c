"""README and docs: every command and every link in them exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gradlab.cli.commands import commands

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", page.read_text())
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_their_options_exist(page: Path) -> None:
    for name, rest in re.findall(r"^    gradlab (\S+)([^#\n]*)", page.read_text(), re.MULTILINE):
        known = {option for p in commands.commands[name].params for option in p.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= known, f"gradlab {name}{rest}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^    make (\S+)", page.read_text(), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_part_of_the_house_is_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text()
    for folder in ("gradlab", "generator", "autograder", "solutions", "assignments", "tests"):
        assert f"`{folder}/`" in text
