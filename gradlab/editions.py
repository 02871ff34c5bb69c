"""Editions: one exercise under the conventions of different courses.

An edition is a table `[editions.NAME]` of `assignment.toml`. It says what the students' package is
called, which reference file plays which of its modules, and which conventions hold (shapes, loss,
regularization); checks read these. It never changes code.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gradlab.errors import AuthorMistake, Place, UserMistake
from gradlab.settings import FILE_PATH, files_of, place_of, refuse_unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = ["NO_EDITION", "Edition", "choose", "select"]

TAG = "edition-"  # before the name, in the tags of a notebook's cell
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
MAPPED = ("modules", "supplied")  # a list, or a table: the students' file = the reference's
KEYS = ("title", "package", *MAPPED, "artifacts", "conventions")


@dataclass(frozen=True)
class Edition:
    """One edition of an assignment.

    Attributes:
        name: its own; "" where an assignment has no editions.
        names: those of all editions of the assignment, the default's first.
        solution: the folder of the reference package, if it is called otherwise than the students'.
        origins: files of the students' package, each with the file of the reference package.
        pairs: the conventions, by name.
    """

    name: str = ""
    names: tuple[str, ...] = ()
    solution: str = ""
    origins: tuple[tuple[str, str], ...] = ()
    pairs: tuple[tuple[str, Any], ...] = ()

    @property
    def conventions(self) -> dict[str, Any]:
        """What holds in this edition, by name."""
        return dict(self.pairs)

    @property
    def is_default(self) -> bool:
        """Whether it is the first one, or there are none."""
        return self.name in self.names[:1] or not self.names

    @property
    def tags(self) -> list[str]:
        """The tags of notebook cells that are for one edition, or for several, alone."""
        return [f"{TAG}{name}" for name in self.names]

    @property
    def head(self) -> str:
        """How its table begins."""
        return f"[editions.{self.name}" if self.name else ""

    def origin(self, file: str) -> str:
        """Return the file of the reference package that stands for one of the students'."""
        return dict(self.origins).get(file, file)


NO_EDITION = Edition()


def choose(table: dict[str, Any], wanted: str, path: Path) -> tuple[Edition, dict[str, Any]]:
    """Return an edition, and an assignment's settings under it.

    Args:
        table: the settings, as they stand in `path`.
        wanted: the edition's name; "" for the default, which is the first.
        path: `assignment.toml`.

    Raises:
        UserMistake: there is no edition of that name.
        AuthorMistake: an edition is not what it should be.
    """
    common = {key: value for key, value in table.items() if key != "editions"}
    tables = _checked(table.get("editions", {}), path)
    if wanted and wanted not in tables:
        known = f" (there are: {', '.join(tables)})" if tables else "; leave --edition out"
        raise UserMistake(f"{path.parent.name} has no edition {wanted!r}{known}")
    if not tables:
        return NO_EDITION, common
    name = wanted or next(iter(tables))
    own = dict(tables[name])
    pairs = tuple((key, _frozen(value)) for key, value in own.pop("conventions", {}).items())
    mapped = {key: own[key] for key in MAPPED if isinstance(own.get(key), dict)}
    origins = tuple(pair for pairs_of in mapped.values() for pair in pairs_of.items())
    settings = {**common, **own, **{key: list(files) for key, files in mapped.items()}}
    solution = common.get("package", "")
    return Edition(name, tuple(tables), solution, origins, pairs), settings


def _checked(tables: object, path: Path) -> dict[str, dict[str, Any]]:
    if not isinstance(tables, dict) or not all(isinstance(own, dict) for own in tables.values()):
        raise AuthorMistake("editions must be tables: [editions.NAME]", place_of(path, "editions"))
    asked = {key for own in tables.values() for key in _conventions(own, path)}
    for name, own in tables.items():
        where = place_of(path, f"editions.{name}")
        if not NAME.fullmatch(name):
            message = f"edition {name!r}: a name has small letters, digits and hyphens"
            raise AuthorMistake(message, where)
        refuse_unknown(own, KEYS, path)
        for key in MAPPED:
            if isinstance(own.get(key), dict):
                files_of(list(own[key].values()), key, path, form=FILE_PATH)
        if lacking := sorted(asked - set(_conventions(own, path))):
            message = f"edition {name} lacks the convention {lacking[0]!r}, which others have"
            raise AuthorMistake(message, where)
    return tables


def _conventions(own: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return the conventions of an edition's table: numbers, texts, truth values, lists of them."""
    given = own.get("conventions", {})
    plain = (str, int, float, bool)
    if isinstance(given, dict):
        parts = [v if isinstance(v, list) else [v] for v in given.values()]
        if all(isinstance(item, plain) for part in parts for item in part):
            return given
    message = "conventions must be a table of numbers, texts, true or false, or lists of them"
    raise AuthorMistake(message, place_of(path, "conventions"))


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def select(content: bytes, edition: Edition, where: Place) -> bytes:
    """Return a master notebook without the cells that are for other editions alone.

    Args:
        content: its bytes; what is no notebook of nbformat 4 is returned as it is.
        edition: which one is made.
        where: the file, for messages.

    Raises:
        AuthorMistake: a tag names an edition that is not there.
    """
    try:
        notebook = json.loads(content)
        cells = list(_kept(notebook["cells"], edition, where)) if edition.name else None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return content  # its reader says what is wrong with it
    if cells is None:
        return content
    return json.dumps({**notebook, "cells": cells}, ensure_ascii=False).encode()


def _kept(cells: Iterable[Any], edition: Edition, where: Place) -> Iterator[Any]:
    for number, cell in enumerate(cells, 1):
        tags = [str(tag) for tag in cell["metadata"].get("tags") or ()]
        wanted = [tag for tag in tags if tag.lower().startswith(TAG[:-1])]
        for tag in wanted:
            if tag not in edition.tags:
                place = replace(where, cell=cell.get("id") or f"cell {number}")
                known = ", ".join(edition.tags)
                raise AuthorMistake(f"the tag {tag!r} names no edition (there are: {known})", place)
        if not wanted or f"{TAG}{edition.name}" in wanted:
            yield cell
