"""`gradlab data`: fetch CIFAR-10, checked, and never half."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO

from gradlab.errors import UserMistake

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CIFAR10", "FOLDER", "cache_folder", "fetch_cifar10"]

# Size and checksum as the data set's own page states them.
CIFAR10 = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
MD5 = "c58f30108f718f92721af3b95e74349a"
FOLDER = "cifar-10-batches-py"
MEMBERS = frozenset({f"data_batch_{n}" for n in range(1, 6)} | {"test_batch", "batches.meta"})
CHUNK = 1 << 20


def cache_folder() -> Path:
    """Return where data sets are kept: `$GRADLAB_DATA`, else `gradlab` in the user's cache."""
    if named := os.environ.get("GRADLAB_DATA"):
        return Path(named).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "gradlab"


def fetch_cifar10(
    folder: Path, progress: Callable[[str], Any], source: str = CIFAR10, md5: str = MD5
) -> Path:
    """Download CIFAR-10 into `folder/cifar-10-batches-py`; return that path.

    Args:
        folder: made if it is missing.
        progress: told how far it is.
        source: the archive's address.
        md5: the archive's checksum.

    Raises:
        UserMistake: no network, another archive, or no room; nothing is left behind.
    """
    target = folder / FOLDER
    if all((target / name).is_file() for name in MEMBERS):
        return target
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as scratch:
            archive = Path(scratch) / "archive.tar.gz"
            _download(source, archive, md5, progress)
            _unpack(archive, Path(scratch) / FOLDER)
            shutil.rmtree(target, ignore_errors=True)
            (Path(scratch) / FOLDER).replace(target)
    except (OSError, tarfile.TarError) as error:
        reason = getattr(error, "reason", None) or error
        help_ = "if you have the batches already, point CIFAR10_DIR to their folder"
        raise UserMistake(
            f"CIFAR-10 could not be fetched from {source}: {reason}; {help_}"
        ) from error
    return target


def _download(source: str, archive: Path, md5: str, progress: Callable[[str], Any]) -> None:
    import urllib.request  # noqa: PLC0415 - dear to import, and only a download needs it

    digest = hashlib.md5(usedforsecurity=False)
    with urllib.request.urlopen(source, timeout=30) as reply, archive.open("wb") as file:  # noqa: S310
        total = int(reply.headers.get("Content-Length") or 0)
        while block := reply.read(CHUNK):
            digest.update(block)
            file.write(block)
            progress(f"{file.tell() >> 20} of {total >> 20} MB")
    progress("")
    if digest.hexdigest() != md5:
        raise UserMistake(
            f"what came from {source} is not CIFAR-10: its md5 is {digest.hexdigest()}"
        )


def _unpack(archive: Path, target: Path) -> None:
    """Write the batches, and nothing else that an archive may hold."""
    target.mkdir()
    found = set()
    with tarfile.open(archive) as tar:
        for member in tar:
            path = PurePosixPath(member.name)
            if member.isfile() and path.parent.name == FOLDER and path.name in MEMBERS:
                with _content(tar, member) as source, (target / path.name).open("wb") as file:
                    shutil.copyfileobj(source, file)
                found.add(path.name)
    if missing := sorted(MEMBERS - found):
        raise tarfile.TarError(f"the archive lacks {', '.join(missing)}")


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> BinaryIO:
    content = tar.extractfile(member)
    if content is None:
        raise tarfile.TarError(f"{member.name} cannot be read")
    return content  # type: ignore[return-value]
