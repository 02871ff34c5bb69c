"""One check run once, against whatever a session stands for."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from autograder.draw import Draw
from autograder.remote import Outlines, Student
from autograder.session import CheckSession
from gradlab.course import Limits
from gradlab.errors import GraderFault, StudentFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograder.expect import Expect
    from autograder.forkserver import ForkServer
    from autograder.remote import Session
    from autograder.session import Staged
    from autograder.suite import Check

__all__ = ["TrustedSession", "attempt"]

# The reference is trusted and may have to prepare a data set the first time.
TRUSTED = Limits(cpu_s=300, cell_s=300, wall_s=600, memory_mb=4096, reply_mb=512, file_mb=1024)


class TrustedSession(CheckSession):
    """The reference's own worker: what fails there is the grader's fault, not a student's."""

    def __init__(self, server: ForkServer, staged: Staged, seed: int) -> None:
        super().__init__(server, staged, TRUSTED, seed)

    def later(self, op: str, **request: Any) -> Callable[[], Any]:
        """Send a request; return what gets the reply.

        Raises:
            GraderFault: the reference failed.
        """

        def wait() -> Any:
            try:
                return sent()
            except StudentFault as fault:
                raise GraderFault(f"the reference {fault.status}: {fault} {fault.staff}") from fault

        sent = super().later(op, **request)
        return wait


def attempt(
    check: Check,
    session: Session,
    expect: Expect,
    outlines: Outlines,
    seed: int,
    reference: tuple[ForkServer, Staged] | None = None,
) -> None:
    """Run a check; what it finds is in `expect`, what it was told in `outlines`.

    Raises:
        StudentFault: the session's code failed.
        AuthorMistake, GraderFault: as their names say.
    """
    student = Student(session, outlines)
    expect.attend(student, outlines)
    given: dict[str, Any] = {"student": student, "expect": expect, "draw": Draw(seed)}
    if "reference" not in check.takes:
        check.run(**given)
        return
    if reference is None:
        raise GraderFault(f"check {check.name} needs the reference, which is not here")
    with closing(TrustedSession(*reference, seed)) as trusted:
        check.run(**given, reference=Student(trusted, Outlines()))
