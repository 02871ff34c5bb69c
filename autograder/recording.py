"""What the reference gave: findings, outlines and where they came from; kept beside the suite.

`expected/SUITE.json` holds names, tolerances, outlines, seeds and provenance, `expected/SUITE.npz`
the arrays. The draws' seeds are secret, like the suite: a release never contains either file.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import os
import platform
import secrets
import subprocess
import tempfile
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.finding import Wanted
from gradlab.errors import AuthorMistake, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = [
    "Drawn",
    "Recording",
    "commit_of",
    "provenance",
    "read_tables",
    "write_atomically",
    "write_tables",
]

DRAWS = 8
FORMAT = 2
GIT_S = 10  # how long git may take to say which commit this is


@dataclass(frozen=True)
class Drawn:
    """What the reference gave for one draw of one check.

    Attributes:
        seed: of the draw.
        findings: in order.
        outlines: of the replies, in order.
    """

    seed: int
    findings: tuple[Wanted, ...]
    outlines: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Recording:
    """The recording of one suite.

    Attributes:
        checks: for each check the draws that it was recorded for.
        key: secret; picks the draw that a submission meets.
        holes: the functions that students write.
        provenance: what made it.
    """

    checks: Mapping[str, tuple[Drawn, ...]]
    key: str
    holes: tuple[str, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)

    def pick(self, check: str, submission: str) -> Drawn:
        """Return the draw that a submission meets: the same for the same bytes, everywhere.

        Raises:
            AuthorMistake: the check is not in the recording.
        """
        if check not in self.checks:
            raise AuthorMistake(f"check {check} is not recorded; run `gradlab expected --write`")
        draws = self.checks[check]
        digest = hmac.new(bytes.fromhex(self.key), f"{submission} {check}".encode(), "sha256")
        return draws[int.from_bytes(digest.digest()[:8], "big") % len(draws)]

    def other(self, check: str, drawn: Drawn) -> Drawn:
        """Return the draw after a given one; the same if there is but one."""
        draws = self.checks[check]
        position = [item.seed for item in draws].index(drawn.seed)
        return draws[(position + 1) % len(draws)]

    def seeds(self, check: str, count: int) -> list[int]:
        """Return the seeds that a check had before, and new secret ones up to `count`."""
        old = [drawn.seed for drawn in self.checks.get(check, ())][:count]
        return old + [secrets.randbits(32) for _ in range(count - len(old))]

    @classmethod
    def read(cls, folder: Path, suite: str) -> Recording:
        """Return the recording of a suite.

        Raises:
            AuthorMistake: there is none, or it is not one.
        """
        path = folder / f"{suite}.json"
        remedy = "run `gradlab expected NAME --write`"
        if not path.exists():
            raise AuthorMistake(f"not recorded yet; {remedy}", Place(str(path)))
        with read_tables(path, "not a recording", remedy) as (table, arrays):
            checks = {name: _read_draws(name, d, arrays) for name, d in table["checks"].items()}
            return cls(checks, table["key"], tuple(table["holes"]), table["provenance"])

    def write(self, folder: Path, suite: str) -> None:
        """Write both files; see `write_tables`."""
        arrays: dict[str, np.ndarray] = {}
        checks = {name: _draw_tables(name, draws, arrays) for name, draws in self.checks.items()}
        table = {"format": FORMAT, "key": self.key, "holes": list(self.holes)}
        table |= {"provenance": dict(self.provenance), "checks": checks}
        folder.mkdir(parents=True, exist_ok=True)
        write_tables(folder / f"{suite}.json", table, arrays)


def _key(check: str, draw: int, finding: str) -> str:
    return f"{check}/{draw}/{finding}"


def _draw_tables(
    check: str, draws: tuple[Drawn, ...], arrays: dict[str, np.ndarray]
) -> list[dict[str, Any]]:
    tables = []
    for number, drawn in enumerate(draws):
        for item in drawn.findings:
            if item.value is not None:
                arrays[_key(check, number, item.name)] = np.asarray(item.value)
        findings = [
            [item.name, item.share, list(item.tolerance or ()), item.withholds]
            for item in drawn.findings
        ]
        table = {"seed": drawn.seed, "findings": findings, "outlines": list(drawn.outlines)}
        tables.append(table)
    return tables


def _read_draws(check: str, tables: list[Any], arrays: Mapping[str, Any]) -> tuple[Drawn, ...]:
    draws = []
    for number, table in enumerate(tables):
        findings = []
        for name, share, tolerance, *withholds in table["findings"]:  # format 1 has none of these
            value = arrays.get(_key(check, number, name))
            findings.append(
                Wanted(name, share, value, tuple(tolerance) or None, withholds == [True])
            )
        draws.append(Drawn(table["seed"], tuple(findings), tuple(table["outlines"])))
    return tuple(draws)


def provenance(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return what made a recording: versions, platform and the hashes of the files it rests on."""
    from gradlab import __version__  # noqa: PLC0415 - gradlab offers suites, which come from here

    blas = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
    table = {
        "gradlab": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": f"{blas.get('name', '?')} {blas.get('version', '?')}",
        "platform": f"{platform.system()} {platform.machine()}",
    }
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return table | {f"sha256 of {name}": hashes[name] for name in sorted(hashes)}


def commit_of(paths: Sequence[Path]) -> dict[str, str]:
    """Return the last git commit that changed any of these files; nothing outside a work tree.

    It moves with the files alone, so that recording again gives the same bytes. ` dirty` behind the
    hash says that one of them has changed since.
    """
    try:
        commit = _git(paths, "log", "-1", "--format=%H")
        dirty = _git(paths, "status", "--porcelain")
    except (OSError, subprocess.SubprocessError):
        return {}
    return {"commit": f"{commit} dirty" if dirty else commit} if commit else {}


def _git(paths: Sequence[Path], *command: str) -> str:
    names = [str(path.resolve()) for path in paths]
    words = ["git", "-C", str(paths[0].resolve().parent), *command, "--", *names]
    done = subprocess.run(words, capture_output=True, check=True, text=True, timeout=GIT_S)
    return done.stdout.strip()


@contextmanager
def read_tables(
    path: Path, wrong: str, remedy: str
) -> Iterator[tuple[Any, Mapping[str, np.ndarray]]]:
    """Give what `write_tables` wrote; within it, what is not as it should be is said in one line.

    Args:
        path: of the JSON.
        wrong: what to say of files that are something else.
        remedy: what to do then.

    Raises:
        AuthorMistake: a file cannot be read, or the block fails on what it holds.
    """
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        binary = path.with_suffix(".npz")
        with binary.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            yield table, arrays
    except (
        *(AttributeError, EOFError, LookupError, OSError, TypeError, ValueError),
        *(zipfile.BadZipFile, zlib.error),
    ) as error:
        raise AuthorMistake(f"{wrong} ({error}); {remedy}", Place(str(path))) from error


def write_tables(path: Path, table: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Write a JSON, and arrays by name in an `.npz` beside it; each file at once."""
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    write_atomically(path.with_suffix(".npz"), file.getvalue())
    write_atomically(path, (json.dumps(table, indent=1, sort_keys=True) + "\n").encode())


def write_atomically(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part.

    Args:
        path: of the file.
        content: all of it, or its parts in order.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines([content] if isinstance(content, bytes) else content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
