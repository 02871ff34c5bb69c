"""`python3 -m autograder.gradescope grade ROOT` or `... prepare ROOT`."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from autograder.gradescope.run import Layout, grade, prepare
from gradlab.errors import GradlabError

STEPS = {"grade": grade, "prepare": prepare}


def main(step: str, root: str) -> int:
    """Run a step; what fails is told on standard output, which only staff see.

    Returns:
        0 if it is done, else 1; the results file is whole in either case.
    """
    try:
        STEPS[step](Layout(Path(root)))
    except GradlabError as error:
        print(f"gradlab: {error}")  # noqa: T201 - the site shows it to staff
        return 1
    except Exception:  # noqa: BLE001 - a full disk, say: the results file says it did not finish
        traceback.print_exc(file=sys.stdout)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
