"""The reference's net on a student's layers: two workers, and the grader between them.

The reference's files lie in a worker of the trusted server, the student's in a worker of their own.
While the first answers a request it may ask for a call of a borrowed function; the grader hands the
call on to the second. Neither sees the other's code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.box import codec
from autograder.box.ref import Ref
from autograder.session import CheckSession, Workers
from autograder.worker import Worker
from gradlab.errors import AuthorMistake, StudentFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from autograder.forkserver import ForkServer
    from autograder.session import Staged
    from gradlab.course import Limits

    Lend = Callable[[Mapping[str, Any]], Any]

__all__ = ["Composite", "Lender"]


class Lender:
    """Answers what a composite asks for, from the student's worker.

    Args:
        session: the student's.
        modules: the role of each module of the reference.

    Attributes:
        calls: how many were handed on.
    """

    def __init__(self, session: CheckSession, modules: Mapping[str, str]) -> None:
        self.calls = 0
        self._session, self._modules = session, modules

    def __call__(self, asked: Mapping[str, Any]) -> Any:
        """Return the value and what became of the arguments, as `box.borrow.lend` does.

        Raises:
            StudentFault: the student's function failed.
        """
        module = self._session.module(self._modules[asked["module"]])
        target = Ref(module, (("attr", asked["name"]),))
        args, kwargs = asked["args"], asked["kwargs"]
        reply = self._session.ask("lend", target=target, args=args, kwargs=kwargs)
        parts = reply if isinstance(reply, list) else []
        if len(parts) != 2 or not _fits(parts[1], [*args, *kwargs.values()]):  # noqa: PLR2004
            raise StudentFault("protocol broken", "", "the reply is not what was asked for")
        self.calls += 1
        return reply


def _fits(left: Any, given: Sequence[Any]) -> bool:
    """Say whether what is left of arguments can be: a dict of a dict, for instance."""
    if not isinstance(left, list) or len(left) != len(given):
        return False
    pairs = zip(left, given, strict=True)
    return all(isinstance(now, dict) == isinstance(before, dict) for now, before in pairs)


class _Borrower(Worker):
    """A worker that may ask for calls of other code while it answers."""

    def __init__(self, server: ForkServer, limits: Limits, lend: Lend) -> None:
        self._lend = lend
        super().__init__(server, limits)

    def _next(self) -> Any:
        sent = super()._next()
        while isinstance(sent, dict) and "ask" in sent:
            self._write(codec.encode({"value": self._lend(sent["ask"])}))
            sent = super()._next()
        return sent


class _Borrowers(Workers):
    """Makes workers of the reference in which some functions are the student's.

    Attributes:
        borrowed: module and name of each, once there is a worker.
    """

    def __init__(
        self,
        reference: tuple[ForkServer, Staged],
        functions: Mapping[str, Sequence[str]],
        lend: Lend,
    ) -> None:
        super().__init__(*reference)
        self.borrowed: set[tuple[str, str]] = set()
        self._functions, self._lend = functions, lend

    def _forked(self, limits: Limits) -> Worker:
        return _Borrower(self._server, limits, self._lend)

    def _made(self, limits: Limits) -> Worker:
        worker = super()._made(limits)
        functions = {module: list(names) for module, names in self._functions.items()}
        reply = worker.ask("borrow", functions=functions)
        if not reply["ok"]:
            worker.close()
            raise AuthorMistake(f"`layers` names what the reference has not: {reply['text']}")
        self.borrowed = {(module, name) for module, name in reply["value"]}
        return worker


class Composite(CheckSession):
    """The reference as a session, with functions of the student's in it.

    Args:
        reference: its fork server and its files.
        limits: what the check may use; the reference is as hungry as what it is given.
        seed: where its own random streams start.
        layers: the functions to borrow, as in `autograder.suite.Check`.
        lender: the student's session.

    Attributes:
        given: the arrays that the check has sent.
        lender: who has handed the calls on.

    Raises:
        AuthorMistake: the assignment has no such module.
    """

    def __init__(
        self,
        reference: tuple[ForkServer, Staged],
        limits: Limits,
        seed: int,
        layers: Sequence[str],
        lender: CheckSession,
    ) -> None:
        roles = reference[1].roles
        functions = _functions(layers, roles)
        self.lender = Lender(lender, {name: role for role, name in roles.items()})
        self.given: list[np.ndarray] = []
        self._borrowers = _Borrowers(reference, functions, self.lender)
        super().__init__(*reference, limits, seed, workers=self._borrowers)

    def later(self, op: str, **request: Any) -> Callable[[], Any]:
        """Send a request; return what gets the reply.

        Raises:
            StudentFault: a layer of the student's failed, or the reference on what it gave.
            AuthorMistake: the check itself calls a borrowed function, which agrees with anything.
        """
        self._working()
        if op in ("call", "keep"):
            self._refuse_borrowed(request["target"])
        self.given += _arrays([request.get(key) for key in ("args", "kwargs", "value")])
        reply = super().later(op, **request)()  # its worker asks us meanwhile: one at a time
        return lambda: reply

    def _refuse_borrowed(self, target: Ref) -> None:
        name = target.steps[-1][1] if len(target.steps) == 1 else None
        if (target.root, name) in self._borrowers.borrowed:
            raise AuthorMistake(f"it calls {name} itself, which `layers` names as well")


def _functions(layers: Sequence[str], roles: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the names of functions by dotted module name; none for all of a module."""
    found: dict[str, list[str]] = {}
    for layer in layers:
        role, _, name = layer.partition(".")
        if role not in roles:
            known = ", ".join(sorted(roles))
            raise AuthorMistake(f"the assignment has no module {role} (there are {known})")
        found.setdefault(roles[role], []).extend([name] if name else [])
    return found


def _arrays(value: Any) -> Iterator[np.ndarray]:
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, (list, tuple, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _arrays(item)
