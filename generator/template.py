"""The text files that gradlab writes for people, filled in with jinja."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["fill", "read"]


def read(path: str) -> str:
    """Return a template as it is, for instance `release/requirements.txt`."""
    return (files("generator") / "templates" / path).read_text(encoding="utf-8")


def fill(path: str, **values: object) -> str:
    """Return a filled template.

    Raises:
        jinja2.UndefinedError: the template uses a value that was not given.
    """
    return _template(path).render(values)


@cache
def _template(path: str) -> Template:
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415  (heavy)

    environment = Environment(
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  (Markdown, Python and TOML, never HTML)
    )
    return environment.from_string(read(path))
