"""What a check asks for, as it declares it: its findings, and the words of its verbs.

The check runs once against the reference, as for a recording, and every call of a verb is listened
to; so nothing is told that the check does not do.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from autograder.measure import MEASURES
from autograder.record import drawn
from autograder.recorder import Recorder
from autograder.slope import GRAINS
from autograder.stage import stage_reference
from autograder.trial import label_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from autograder.finding import Wanted
    from autograder.forkserver import ForkServer
    from autograder.recording import Recording
    from autograder.suite import Suite
    from gradlab.course import Assignment

__all__ = ["TERMS", "Criterion", "Listener", "criteria"]

Arguments = dict[str, Any]


@dataclass(frozen=True)
class Criterion:
    """One thing that a check looks at.

    Attributes:
        name: the finding's; of what earns nothing and has no finding, the verb's.
        share: its weight among the check's findings; None where there is no finding.
        terms: what must hold.
        withholds: whether it only takes away, where it fails.
        typical: sentences of the check's author for mistakes that it knows.
    """

    name: str
    share: float | None
    terms: str
    withholds: bool = False
    typical: tuple[str, ...] = ()


def criteria(
    assignment: Assignment,
    suite: Suite,
    recording: Recording,
    servers: tuple[ForkServer, ForkServer],
    progress: Callable[[str], Any] = lambda _: None,
) -> dict[str, tuple[Criterion, ...]]:
    """Return what each check asks for, in order.

    Args:
        assignment: whose suite it is.
        suite: the checks; those that a person grades have none.
        recording: of the suite; each check runs at its first recorded draw.
        servers: fork the workers of the reference, as it is handed in and as it is trusted.
        progress: is told of every check.

    Raises:
        AuthorMistake: the reference fails a check, or one is not recorded.
    """
    staged, found = stage_reference(assignment), {}
    for check in suite.checks:
        if check.function is None:
            continue
        progress(f"{assignment.name}: what {check.name} asks for")
        seed = recording.pick(check.name, "").seed
        listener = Listener()
        drawn(check, seed, check.bounded(assignment.limits), staged, servers, listener)
        found[check.name] = tuple(listener.heard)
    return found


class Listener(Recorder):
    """Writes down, beside what the reference gives, what a check says of it.

    Attributes:
        heard: in order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Criterion] = []

    def __getattribute__(self, name: str) -> Any:
        """Return a verb that is listened to; anything else as it is."""
        value = super().__getattribute__(name)
        return partial(self._listen, name, value) if name in TERMS else value

    def _listen(self, verb: str, method: Callable[..., Any], *given: Any, **named: Any) -> Any:
        before = len(self.findings)
        reply = method(*given, **named)
        call = inspect.signature(method).bind(*given, **named)
        call.apply_defaults()
        fresh = self.findings[before:]
        self.heard += [_criterion(verb, call.arguments, finding) for finding in fresh]
        if verb == "leaderboard":
            self.heard.append(Criterion(call.arguments["name"], None, TERMS[verb]({}, None)))
        return reply


def _criterion(verb: str, arguments: Arguments, finding: Wanted) -> Criterion:
    words = [_tolerance(finding), TERMS[verb](arguments, finding)]
    typical = arguments.get("typical") or {}
    known = {finding.name, _input(arguments, finding)}
    told = tuple(sentence for sentence, values in typical.items() if known & values.keys())
    terms = "; ".join(word for word in words if word)
    return Criterion(finding.name, finding.share, terms, finding.withholds, told)


def _input(arguments: Arguments, finding: Wanted) -> str:
    """Return the input whose gradient a finding of `gradients` is about; '' for any other one."""
    labels: dict[str, str] = {
        label_of(arguments["name"], key, backward=arguments["backward"] is not None): key
        for key in (arguments["inputs"] if "backward" in arguments else ())
    }
    return labels.get(finding.name, "")


def _tolerance(finding: Wanted) -> str:
    if not finding.tolerance:
        return ""
    name, bound = finding.tolerance
    if not bound:
        return "exactly the reference's"
    return f"{MEASURES[name].words} at most {bound:g}"


def _trajectory(arguments: Arguments, _: Wanted | None) -> str:
    window = arguments["window"]
    return f"means over {window} entries" if window > 1 else "every entry"


def _gradients(arguments: Arguments, finding: Wanted | None) -> str:
    if finding and finding.withholds:
        return "inputs stay as they are, and a second run gives the same"
    part = float(arguments["consistent"])
    if finding and part and _input(arguments, finding):
        return f"one that fits a forward pass that is itself wrong earns {part:g} of its share"
    return ""


def _slope(_: Arguments, __: Wanted | None) -> str:
    bounds = ", ".join(f"{grain.bound:g} in {name}" for name, grain in GRAINS.items())
    return f"fits the student's own forward pass along random directions: off by at most {bounds}"


def _settings(arguments: Arguments, finding: Wanted | None) -> str:
    key = finding.name.removeprefix(f"{arguments['name']}.") if finding else ""
    low, high = arguments["bounds"][key]
    also = ", and true of what was handed in" if key in (arguments["true_of"] or {}) else ""
    return (f"{low:g}" if low == high else f"from {low:g} to {high:g}") + also


def _without(arguments: Arguments, _: Wanted | None) -> str:
    parts = ["no loops"] if arguments["loops"] else []
    for word, names in (("no call of", arguments["calls"]), ("no import of", arguments["imports"])):
        parts += [f"{word} {', '.join(names)}"] if names else []
    return ", ".join(parts)


def _answers(arguments: Arguments, _: Wanted | None) -> str:
    part = float(arguments["follow"])
    return f"one that follows from the student's own earlier values earns {part:g} of its share"


# What a call of a verb says, beside the tolerance, of each finding that comes of it.
TERMS: Mapping[str, Callable[[Arguments, Wanted | None], str]] = {
    "close": lambda _, __: "",
    "trajectory": _trajectory,
    "earns": lambda arguments, _: str(arguments["curve"]),
    "settings": _settings,
    "leaderboard": lambda _, __: "stands on the leaderboard, and earns nothing",
    "gradients": _gradients,
    "slope": _slope,
    "answers": _answers,
    "unchanged": lambda _, __: "stays as it is",
    "faster": lambda arguments, _: f"at least {arguments['ratio']:g} times as fast",
    "without": _without,
}
