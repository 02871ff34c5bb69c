"""Notebooks as pages to read and to print, through nbconvert."""

from __future__ import annotations

import logging
import os
import re
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from gradlab.errors import UserMistake

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MissingToolsError", "as_html", "as_pdf"]

# The ways to a PDF in the order in which they are tried: nbconvert's exporter of each.
WAYS = {"webpdf": "WebPDFExporter", "latex": "PDFExporter"}
LONGEST = 100  # characters of what a way says
HOW = (
    "install nbconvert[webpdf] and run `playwright install chromium`, or install pandoc and "
    "xelatex; or print the HTML from a browser"
)


class MissingToolsError(UserMistake):
    """What makes a PDF is not on this machine."""


def as_html(content: bytes, title: str) -> bytes:
    """Return a notebook as one page of HTML, its pictures in it.

    Raises:
        MissingToolsError: nbconvert is not installed.
    """
    return _exported("HTMLExporter", content, title)


def as_pdf(content: bytes, title: str) -> bytes:
    """Return a notebook as PDF: printed by a browser, or by LaTeX where there is none.

    Raises:
        MissingToolsError: there is neither, or both fail; says why and what to do.
    """
    reasons = []
    for way, exporter in WAYS.items():
        try:
            return _exported(exporter, content, title)
        except MissingToolsError:
            raise
        except Exception as error:  # noqa: BLE001
            # Each tool fails in its own way: RuntimeError, OSError, and what browsers raise.
            reason = re.split(r"[.;]\s|\n", str(error).strip())[0] or type(error).__name__
            reasons.append(f"{way}: {reason[:LONGEST].rstrip(' .')}")
    raise MissingToolsError(f"no PDF ({'; '.join(reasons)}): {HOW}")


def _exported(exporter: str, content: bytes, title: str) -> bytes:
    try:
        nbformat, exporters = import_module("nbformat"), import_module("nbconvert.exporters")
    except ImportError as error:
        message = "no HTML and no PDF: they need the extra, pip install 'gradlab[staff]'"
        raise MissingToolsError(message) from error
    notebook = nbformat.reads(content.decode(), as_version=4)
    with _quiet():
        # A browser's own sandbox does not work for root.
        settings: dict[str, Any] = {"disable_sandbox": True} if _is_root(exporter) else {}
        made = getattr(exporters, exporter)(**settings)
        page, _ = made.from_notebook_node(notebook, {"metadata": {"name": title}})
    return page.encode() if isinstance(page, str) else bytes(page)


def _is_root(exporter: str) -> bool:
    return exporter == WAYS["webpdf"] and hasattr(os, "geteuid") and os.geteuid() == 0


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep nbconvert's remarks, for instance of pictures without a text, off the terminal."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
