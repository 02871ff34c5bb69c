"""`gradlab hints`: what every planted mistake gives, kept so that a failed check can name it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from autograder.known import Collected, Known, Mistake
from autograder.mutation.mutants import mutants
from autograder.pool import Pool
from autograder.session import Workers
from autograder.stage import stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np

    from autograder.forkserver import ForkServer
    from autograder.mutation.audit import Extent, Shop
    from autograder.mutation.bench import Timed
    from autograder.mutation.mutants import Mutant

    # A check's name, its seed, the sentence, and the wrong numbers by finding.
    Noted = tuple[str, int, str, Mapping[str, np.ndarray]]

__all__ = ["note"]


def note(shop: Shop, extent: Extent) -> Known:
    """Return what the mutants of a reference give, at the first draw of each check.

    Args:
        shop: where mutants are tried.
        extent: how many mutants, and how.

    Raises:
        AuthorMistake: the reference fails the suite.
    """
    made = mutants(shop.modules, shop.blocks, most=extent.most, seed=extent.seed)
    shop.prepare(extent.progress)
    collected = Collected()
    with closing(Pool(extent.jobs)) as pool:
        noted = pool.map(lambda mutant: list(_noted(shop, mutant)), made)
        for number, found in enumerate(noted, 1):
            for name, seed, sentence, wrong in found:
                collected.add(name, seed, sentence, wrong)
            extent.progress(f"{number} of {len(made)} mutants noted")
    extent.progress("")
    return collected.known()


def _noted(shop: Shop, mutant: Mutant) -> Iterator[Noted]:
    """Yield what a mutant gives in two processes: memory that nobody wrote to differs in them."""
    once, again = (list(_tried(shop, mutant, server)) for server in shop.servers)
    for (name, seed, sentence, wrong), (*_, other) in zip(once, again, strict=True):
        found = {key: Mistake(sentence, value) for key, value in wrong.items() if key in other}
        same = {key: item.value for key, item in found.items() if item.gives(other[key])}
        yield name, seed, sentence, same


def _tried(shop: Shop, mutant: Mutant, server: ForkServer) -> Iterator[Noted]:
    submission = shop.with_mutant(mutant)
    staged, _ = stage(submission, shop.grader.plan)
    with closing(Workers(server, staged)) as workers:
        examiner = shop.grader.examiner(submission, staged, workers)
        for item in _quick(shop, mutant):
            drawn = item.recording.checks[item.check.name][0]
            limits = item.check.bounded(shop.grader.limits)
            wrong = examiner.wrong_numbers(item.check, drawn, limits)
            yield item.check.name, drawn.seed, mutant.hint, wrong


def _quick(shop: Shop, mutant: Mutant) -> list[Timed]:
    needing = shop.bench.needing[mutant.block]
    checks = shop.bench.order(mutant.block)
    return [item for item in checks if item.check.name in needing and not item.slow]
