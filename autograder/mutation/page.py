"""What an audit found, as text for a terminal, as a table for programs and as a page with diffs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograder.mutation.audit import MOST_SET_APART
from autograder.report import template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from autograder.mutation.audit import Audit, Score, Tried
    from gradlab.course import Assignment

__all__ = ["as_page", "as_table", "as_text"]

NO_QUESTION = "(no question)"
ALL = "all"


def as_text(found: Audit, threshold: float) -> str:
    """Return the score of each question, then every survivor as a diff."""
    scores = [*found.scores, found.total]
    rows = [["question", "mutants", "caught", "survived", "set apart", "score"], *map(_row, scores)]
    rows[-1][0] = ALL
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    head, *body = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    lines = [head, "-" * len(head), *body, *_words(found, threshold)]
    for item in found.survivors:
        lines += ["", f"survived: {item.mutant.name}", *_changed(item.mutant.diff)]
    return "\n".join(lines)


def as_table(assignment: Assignment, found: Audit, threshold: float) -> dict[str, Any]:
    """Return all of it as plain data."""
    return {
        "assignment": assignment.label,
        "passes": found.passes(threshold),
        "threshold": threshold,
        "mutants": len(found.tried),
        "score": round(found.total.share, 4),
        "set_apart": round(found.set_apart, 4),
        "questions": {
            score.name: {
                "caught": score.caught,
                "survived": score.survived,
                "equivalent": score.equivalent,
                "score": round(score.share, 4),
            }
            for score in found.scores
        },
        "survivors": [_entry(item) for item in found.survivors],
        "equivalent": [_entry(item) for item in found.equivalent],
    }


def as_page(assignment: Assignment, found: Audit, threshold: float) -> str:
    """Return one self-contained page, without scripts, all text escaped."""
    from gradlab import __version__  # noqa: PLC0415 - gradlab offers suites, which come from here

    parts = (("Survivors", found.survivors), ("Set apart as equivalent", found.equivalent))
    scores = [dict(zip(_COLUMNS, _row(score), strict=True)) for score in found.scores]
    return template("audit.html.j2").render(
        assignment=assignment,
        scores=[*scores, dict(zip(_COLUMNS, [ALL, *_row(found.total)[1:]], strict=True))],
        words=list(_words(found, threshold)),
        parts=[(title, items) for title, items in parts if items],
        caught=[item for item in found.tried if item.caught_by],
        version=__version__,
    )


_COLUMNS = ("question", "mutants", "caught", "survived", "equivalent", "score")


def _row(score: Score) -> list[str]:
    counts = (score.caught, score.survived, score.equivalent)
    name = score.name or NO_QUESTION
    return [name, str(sum(counts)), *map(str, counts), f"{score.share:.1%}"]


def _words(found: Audit, threshold: float) -> Iterator[str]:
    """Yield in whole sentences what is good enough, and what is not."""
    verdict = "enough" if found.total.share >= threshold else "too few"
    caught = f"{found.total.share:.1%} of the wrong mutants are caught"
    yield f"{caught}; {threshold:.0%} are asked for, so this is {verdict}."
    yield _set_apart(found)
    if broke := sorted({item.broke for item in found.tried if item.broke}):
        yield f"On some mutants a check broke, which is a mistake of the check: {', '.join(broke)}."
    for block in found.unseen:
        yield f"No check needs {block}."
    if found.remembered:
        yield f"{found.remembered} of {len(found.tried)} mutants were known from an earlier run."


def _set_apart(found: Audit) -> str:
    if not found.battery:
        return "There is no battery.py, so no mutant is set apart as equivalent."
    text = f"{found.set_apart:.1%} are set apart, since the reference's battery cannot tell them"
    many = found.set_apart > MOST_SET_APART
    return f"{text}: more than {MOST_SET_APART:.0%}, too many." if many else f"{text}."


def _changed(diff: str) -> list[str]:
    """Return a diff without its two lines of file names."""
    return diff.splitlines()[2:]


def _entry(item: Tried) -> dict[str, Any]:
    mutant = item.mutant
    return {
        "file": mutant.block.path,
        "line": mutant.line,
        "function": mutant.block.function,
        "question": item.question,
        "operator": mutant.operator,
        "description": mutant.description,
        "hint": mutant.hint,
        "diff": mutant.diff,
    }
