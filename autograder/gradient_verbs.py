"""Verbs that look at gradients: slope, gradients."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

from autograder.diagnosis import regulariser_terms, upstream_hint
from autograder.finding import Finding, Verdict, Wanted
from autograder.hints import Context
from autograder.measure import TOLERANCES
from autograder.slope import Line, Slope, slope_of
from autograder.trial import Forward, Passes, Trial, as_floats, call_with
from autograder.value_verbs import the_tolerance, typical_words
from autograder.verb import Verb
from gradlab.errors import AuthorMistake, StudentFault

__all__ = ["GradientVerbs"]

# The least cosine between gradients that earn for being consistent and the wanted ones.
ALIKE = 0.5
# What a student reads beside a wrong gradient: is the forward pass right, and does the gradient
# belong to it?
VERDICTS = {
    (True, False): "Your forward pass is right; the mistake is in the backward pass.",
    (True, True): "It fits your own forward pass, and nearly what is wanted.",
    (False, True): "It fits your own forward pass, which is not right: mend that first.",
    (False, False): "Your forward pass is not right, and this does not fit it either.",
}


class GradientVerbs(Verb):
    """Verbs that look at gradients."""

    thorough = False  # whether right gradients, too, are held against their own forward pass

    def gradients(  # noqa: PLR0913 - each is a word of a suite's author
        self,
        function: Any,
        inputs: Mapping[str, np.ndarray],
        *,
        name: str = "",
        backward: Callable[..., Any] | None = None,
        dout: np.ndarray | None = None,
        also: Sequence[Any] = (),
        share: float = 1,
        forward: float = 0,
        consistent: float | Fraction = 0,
        contract: float = 1,
        reg: float = 0,
        typical: Mapping[str, Mapping[str, Any]] | None = None,
        **tolerance: float,
    ) -> None:
        """Expect gradients like the reference's; say whether forward or backward pass is wrong.

        A gradient that differs is held against the student's own forward pass, along random
        directions. The contract is that inputs stay as they are and that a second run gives the
        same; a breach withholds.

        Args:
            function: the forward pass, `(out, cache)` from the inputs in their order; without
                `backward` it returns `(loss, gradients)`, with gradients by name or in order. A
                function of the suite gets the inputs by name, and hands them on as they are.
            inputs: arrays by name, without kinks nearby: see `draw.away` and `draw.distinct`.
            name: tells two uses in one check apart.
            backward: the backward pass, from `(dout, cache)` to the gradients in order.
            dout: the upstream gradient, of out's shape.
            also: further arguments of a student's forward pass, such as stride and padding.
            share: the weight of each gradient.
            forward: the weight of the forward pass's value; by default it earns elsewhere.
            consistent: the part of its share that a gradient earns if it fits a forward pass that
                is itself wrong.
            contract: what a breach of the contract costs, as an earning finding's share.
            reg: where the loss has a term `0.5 * reg * sum(W**2)`, for hints: inputs of one axis
                are biases, which it leaves out.
            typical: as for `close`: what typical mistakes give for gradients, by the inputs' names.
            **tolerance: as for `close`, for value and gradients.

        Raises:
            AuthorMistake: not exactly one known tolerance; when recording, inputs at a kink.
        """
        bound = the_tolerance("gradients", tolerance, TOLERANCES)
        passes = Passes(function, backward, tuple(also))
        trial = Trial(self._student, self._outlines, passes, inputs, dout)
        terms = regulariser_terms(inputs, reg)
        labels = {key: trial.label(name, key) for key in (None, *inputs)}

        def compared(key: str | None, value: Any) -> Verdict:
            wanted = Wanted(labels[key], forward if key is None else share, None, bound)
            return self._compare(wanted, value, Context(added=terms.get(key, ())))

        with trial.section:
            value = trial.value()
            whole = compared(None, value)
            self._found(whole.finding(labels[None], forward))
            found = trial.gradients()
        verdicts = {key: compared(key, found[key]) for key in inputs}
        alike = _alike(verdicts.values())
        for key, verdict in verdicts.items():
            if not self.thorough and verdict.right:
                self._found(verdict.finding(labels[key], share))
                continue
            slope = _own_slope(trial, key, inputs[key], found[key], value)
            part = consistent if alike and not _returns_dout(found[key], trial.dout) else 0
            if not verdict.right:
                words = typical_words(key, found[key], typical or {}, bound)
                words = words or upstream_hint(trial, key, found[key])
                verdict = replace(verdict, hint=words or verdict.hint)  # noqa: PLW2901 - better told
            self._found(self._weighed(labels[key], share, verdict, whole, slope, part))
        if contract:
            complaints = "\n".join(trial.complaints(value, found))
            label, credit = f"{name} contract".strip(), Fraction(not complaints)
            self._found(Finding(label, contract, credit, complaints, withholds=True))

    def slope(
        self,
        function: Any,
        inputs: Mapping[str, np.ndarray],
        gradients: Mapping[str, Any],
        *,
        dout: np.ndarray | float = 1.0,
        share: float = 1,
    ) -> None:
        """Expect gradients to fit the student's own forward pass; can only withhold.

        It proves consistency, not correctness: a constant loss has a gradient of zeros.

        Args:
            function: from the inputs to a number, an array, or a pair that begins with it; a
                student's function gets them in order, a function of the suite by name.
            inputs: arrays by name.
            gradients: the student's, by the inputs' names.
            dout: the upstream gradient where the value is an array.
            share: what an inconsistent gradient costs, as an earning finding's share.

        Raises:
            AuthorMistake: when recording, inputs at a kink.
        """
        section, waiting = self._outlines.section(), self._outlines.waiting

        def call(name: str, x: np.ndarray) -> Any:
            return call_with(function, {**inputs, name: x})

        def lines(middle: np.ndarray, *, copied: bool) -> dict[str, Line]:
            return {
                name: Line(
                    Forward(partial(call, name), section, waiting, copied),
                    *(inputs[name], middle, np.asarray(dout, np.float64), _seed(name)),
                )
                for name, gradient in gradients.items()
                if middle.shape == np.shape(dout)
                and as_floats(gradient).shape == np.shape(inputs[name])
            }

        first = next(iter(gradients))
        forward = Forward(partial(call, first), section, waiting)
        (middle,) = forward([inputs[first]])
        tried = lines(middle, copied=forward.copied)
        try:
            with waiting.together():
                for line in tried.values():
                    line.look_ahead()
        except StudentFault:  # in their turn, so that findings up to the failure count
            tried = lines(middle, copied=False)
        for name, gradient in gradients.items():
            label, slope = f"slope along {name}", Slope(np.nan, 0.0)
            if name in tried:
                slope = tried[name].slope(as_floats(gradient))
            self._refuse_kink(label, slope)
            message = "" if slope.right or slope.kinked else _slope_words(name, slope)
            self._found(Finding(label, share, Fraction(not message), message, withholds=True))

    def _weighed(
        self,
        label: str,
        share: float,
        verdict: Verdict,
        whole: Verdict,
        slope: Slope,
        consistent: float | Fraction,
    ) -> Finding:
        """Return a gradient's finding: what it earns, and which pass is to blame."""
        self._refuse_kink(label, slope)
        if self.thorough and not slope.right:
            raise AuthorMistake(f"{label} of the reference does not fit its own forward pass")
        if verdict.right:
            return verdict.finding(label, share)
        hint = " ".join(filter(None, (VERDICTS[whole.right, slope.right], verdict.hint)))
        credit = Fraction(consistent) if slope.right and not whole.right else Fraction(0)
        staff = f"{verdict.staff}\n{label}: {_slope_words('it', slope)}".strip()
        return Verdict(verdict.message, staff, hint).finding(label, share, credit)

    def _refuse_kink(self, label: str, slope: Slope) -> None:
        if self.thorough and slope.kinked:
            raise AuthorMistake(
                f"{label}: every direction meets a kink near these inputs; draw them with "
                "draw.away or draw.distinct"
            )


def _own_slope(trial: Trial, name: str, x: np.ndarray, gradient: Any, value: Any) -> Slope:
    """Hold a student's gradient against their own forward pass."""
    g, out = as_floats(gradient), as_floats(value)
    if g.shape != np.shape(x) or out.shape != trial.dout.shape:
        return Slope(np.nan, 0.0)
    return slope_of(trial.forward_along(name), x, g, trial.dout, _seed(name))


def _returns_dout(gradient: Any, dout: np.ndarray) -> bool:
    """Say whether a gradient fits a forward pass that returns its input."""
    g = as_floats(gradient)
    return bool(g.ndim) and np.array_equal(g, dout)


def _alike(verdicts: Iterable[Verdict]) -> bool:
    """Say whether all gradients together point about where the wanted ones do, or the other way.

    A made-up loss, such as the sum of all parameters, has a gradient that fits it and points
    anywhere.
    """
    with np.errstate(all="ignore"):
        both, own, wanted = np.sum([verdict.products for verdict in verdicts], axis=0)
        return bool(abs(both) >= ALIKE * np.sqrt(own * wanted) > 0)


def _seed(name: str) -> int:
    return crc32(name.encode())


def _slope_words(name: str, slope: Slope) -> str:
    if slope.kinked:
        return f"{name}: every direction meets a kink"
    return (
        f"{name}: against your own forward pass, along random directions, its slope is off by "
        f"{slope.error:.2g} of its length; allowed is {slope.bound:.2g}"
    )
